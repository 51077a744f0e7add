// Type-checks the programs in the documents, as a user of the package would: every ```ts block of docs/*.md and README.md that
// imports from 'kthread'. Other blocks are parts of programs and are not looked at. Needs dist/.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HELP = `Usage: node scripts/docs.mjs [--json] [file...]

Type-checks the programs in docs/*.md and README.md, or in the files named. Exits 1 when one does not compile.

  --json   print [{ document, line, message }] instead of lines
  --help   print this
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Inside the package, so that the package's own name is found; not in git. */
const scratch = join(root, 'dist', '.docs');

main(process.argv.slice(2));

function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return;
  }
  if (!existsSync(join(root, 'dist', 'index.d.ts'))) {
    process.stderr.write('docs: dist/index.d.ts is missing; run npm run build first\n');
    process.exitCode = 1;
    return;
  }
  const named = args.filter((arg) => arg !== '--json');
  const documents = named.length > 0 ? named : ['README.md', ...readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)];
  const programs = documents.flatMap(programsOf);
  const messages = check(programs);
  if (args.includes('--json')) process.stdout.write(`${JSON.stringify(messages, null, 2)}\n`);
  else {
    for (const { document, line, message } of messages) console.log(`${document}:${line}: ${message}`);
    console.log(`${programs.length} programs in ${documents.length} documents, ${messages.length} wrong places`);
  }
  if (messages.length > 0) process.exitCode = 1;
}

/** The programs of a document, each with the line on which it begins. */
function programsOf(document) {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].filter(([, code]) => /from 'kthread'/.test(code))
    .map((match) => ({ document, line: text.slice(0, match.index).split('\n').length, code: match[1] }));
}

function check(programs) {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  programs.forEach(({ code }, i) => writeFileSync(join(scratch, `${i}.ts`), code));
  const compilerOptions = { noEmit: true, declaration: false, sourceMap: false, rootDir: root, outDir: join(scratch, 'out'), noUnusedLocals: false, noUnusedParameters: false };
  writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }));
  try {
    execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', scratch, '--pretty', 'false'], { cwd: scratch, encoding: 'utf8', stdio: 'pipe' });
    return [];
  } catch (error) {
    return error.stdout.split('\n').flatMap((text) => {
      const [, i, line, message] = /^(\d+)\.ts\((\d+),\d+\): (.*)$/.exec(text) ?? [];
      if (message !== undefined) return [{ document: programs[i].document, line: programs[i].line + Number(line), message }];
      return text.trim() === '' || text.startsWith(' ') ? [] : [{ document: 'tsc', line: 0, message: text }];
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
