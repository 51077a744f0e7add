// A small program keeps the promises: the rules about the whole tree that neither the compiler nor the linter can see. One
// promise, one function in the table below. It reads text, not types, and when a promise is broken it says what to write instead.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSource } from './read-source.mjs';

const CORE_LINES_MAX = 11000;
const TEST_NUMBER_MAX = 260;
const MESSAGES_SHOWN_MAX = 40;

/** The layers, lowest first. A file may import from its own layer and from those above it in this table. */
const LAYERS = [
  { name: 'lib', owns: /^src\/lib\//, core: true },
  { name: 'arch/host', owns: /^src\/arch\/[^/]+\.ts$/, core: true },
  { name: 'kernel', owns: /^src\/kernel\//, core: true },
  { name: 'fs', owns: /^src\/fs\//, core: true },
  { name: 'init', owns: /^src\/init\//, core: true },
  { name: 'cc', owns: /^src\/cc\// },
  { name: 'arch/{node,browser,sim}', owns: /^src\/arch\/[^/]+\// },
  { name: 'server', owns: /^src\/server\// },
  { name: 'index.ts', owns: /^src\/index\.ts$/ },
  { name: 'testing', owns: /^src\/testing\// },
];
const layersInOrder = LAYERS.map((layer) => layer.name).join(' -> ');

/** Files that Node starts by URL, on top of those that package.json names. */
const WORKER_ENTRIES = ['src/arch/node/isolate.ts', 'src/arch/node/hostd.ts', 'src/arch/node/hooks.ts', 'src/arch/node/cc/ccd.ts', 'src/server/control.ts'];

/** Words that reach outside, and what to say instead. */
const OUTSIDE = [
  [/(?<![\w$.])Worker\b/g, 'arch/host starts isolates'],
  [/(?<![\w$.])(setTimeout|setInterval|setImmediate)\b/g, 'sleep with scheduleTimeout(), or ask arch/host'],
  [/(?<![\w$.])(Date\s*\.|new Date\b)/g, 'read the clock through arch/host'],
  [/(?<![\w$.])performance\s*\./g, 'read the clock through arch/host'],
  [/(?<![\w$.])Math\s*\.\s*random\b/g, 'ask arch/host for randomness, or a seed cannot replay a bug'],
  [/(?<![\w$.])process\s*\./g, 'ask arch/host'],
  [/(?<![\w$.])console\s*\./g, 'say it with printk()'],
];

const PROMISES = [
  ['imports point downward', importsPointDownward],
  ['one door to the world', oneDoor],
  ['ordering labels come in pairs', labelsComeInPairs],
  ['every file is reached from an entry', everyFileIsReached],
  ['the core stays small', coreStaysSmall],
  ['every file is written our way', filesAreWrittenOurWay],
  ['no path of one machine, no registry host', nothingOfOneMachine],
  ['numbered tests have real numbers', testNumbersAreReal],
];

const HELP = `Usage: node scripts/check.mjs [--json]

Checks the rules about the whole tree and exits 1 when one is broken:

${PROMISES.map(([name]) => `  ${name}`).join('\n')}

  --json   print [{ promise, ok, note, messages }] instead of lines
  --help   print this
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = readSources();
main(process.argv.slice(2));

function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return;
  }
  const unknown = args.find((arg) => arg !== '--json');
  if (unknown) {
    process.stderr.write(`check: unknown argument ${unknown}\n\n${HELP}`);
    process.exitCode = 2;
    return;
  }
  const results = PROMISES.map(([promise, keep]) => {
    const messages = [];
    const note = keep((where, text) => messages.push(`${where}: ${text}`));
    return { promise, ok: messages.length === 0, note: note ?? '', messages };
  });
  process.stdout.write(args.includes('--json') ? `${JSON.stringify(results, null, 2)}\n` : asLines(results));
  if (results.some((result) => !result.ok)) process.exitCode = 1;
}

function asLines(results) {
  const lines = [];
  for (const { promise, ok, note, messages } of results) {
    lines.push(`${ok ? 'ok    ' : 'FAIL  '}${promise}${note ? ` (${note})` : ''}`);
    for (const message of messages.slice(0, MESSAGES_SHOWN_MAX)) lines.push(`        ${message}`);
    if (messages.length > MESSAGES_SHOWN_MAX) lines.push(`        and ${messages.length - MESSAGES_SHOWN_MAX} more; --json shows all`);
  }
  const failed = results.filter((result) => !result.ok).length;
  lines.push(`${results.length - failed} passed, ${failed} failed`);
  return `${lines.join('\n')}\n`;
}

// ---- the promises -------------------------------------------------------------------------------------------------------------

function importsPointDownward(complain) {
  for (const source of sources) {
    if (source.isTest) continue;
    if (!isOnTop(source.path) && rank(source.path) < 0) {
      complain(source.path, `has no place in the order ${layersInOrder}; move it into a layer, or add one to LAYERS in scripts/check.mjs`);
      continue;
    }
    for (const { from, line, kind } of source.imports) {
      // A URL names a file for another isolate to load; that is not a dependency of this code.
      if (kind === 'url') continue;
      const target = from === 'kthread' ? 'src/index.ts' : resolve(source.path, from);
      if (target !== undefined) judgeImport(source, target, line, complain);
    }
  }
  return layersInOrder;
}

function judgeImport(source, target, line, complain) {
  const where = `${source.path}:${line}`;
  if (isTestFile(target)) {
    complain(where, `imports ${target}, which is not in the package; move what is needed out of the test`);
  } else if (isOnTop(source.path)) {
    const own = source.path.split('/', 2).join('/');
    const allowed = target === 'src/index.ts' || /^src\/server\/protocol(\.ts|\/)/.test(target) || target.startsWith(`${own}/`);
    if (!allowed) complain(where, `imports ${target}; ${own} knows only src/index.ts, src/server/protocol.ts and its own files`);
  } else if (isOnTop(target)) {
    complain(where, `imports ${target}; nothing below may know the tools, move the shared part down`);
  } else if (rank(target) > rank(source.path)) {
    const [mine, theirs] = [LAYERS[rank(source.path)].name, LAYERS[rank(target)].name];
    complain(where, `imports ${target}, but ${mine} stands below ${theirs}; pass the value in from above, or move the shared part down`);
  } else if (rank(target) === rank(source.path) && archFolder(target) !== archFolder(source.path)) {
    complain(where, `imports ${target}; one platform must not know another, put the shared part into src/arch/host.ts or src/lib`);
  }
}

function oneDoor(complain) {
  for (const source of sources) {
    if (!/^src\/lib\/atomic(\.\w+)?\.ts$/.test(source.path)) {
      for (const { line } of source.find(/(?<![\w$.])Atomics\b/g)) {
        complain(`${source.path}:${line}`, 'names Atomics; call src/lib/atomic.ts, so that every access can be scheduled and replayed');
      }
    }
    if (source.isTest) continue;
    const mayLeave = /^src\/(arch\/[^/]+|tools|server|web|testing)\//.test(source.path);
    if (!mayLeave) {
      for (const { from, line } of source.imports) {
        if (from.startsWith('node:')) complain(`${source.path}:${line}`, `imports ${from}; ask src/arch/host.ts, and answer in src/arch/node`);
      }
      for (const [word, instead] of OUTSIDE) {
        for (const { text, line } of source.find(word)) complain(`${source.path}:${line}`, `names ${text}; ${instead}`);
      }
    }
    if (!LAYERS[rank(source.path)]?.core) continue;
    for (const { from, line } of source.imports) {
      if (/^(\.|node:|kthread$)/.test(from)) continue;
      complain(`${source.path}:${line}`, `imports the package ${from}; the core has no runtime dependency, use it in src/tools or src/arch/node`);
    }
  }
  return 'Atomics in lib/atomic.ts, node: and clocks behind arch/host.ts';
}

function labelsComeInPairs(complain) {
  // The end of a label is a letter or a word: [wait:A], [smp:push].
  const label = /^[a-z][\w/-]*:[A-Za-z][\w-]*$/;
  const pairing = /\[([^\]\s]+)\]\s+pairs\s+with\s+(\[?[a-z][\w/-]*:[\w-]+\]?(?:(?:,?\s+and\s+|,\s*)\[?[a-z][\w/-]*:[\w-]+\]?)*|\S+)/g;
  const claims = new Map();
  const mentions = [];
  for (const source of sources) {
    for (const { text, line } of source.comments) {
      for (const match of text.matchAll(pairing)) {
        const [, own, list] = match;
        const where = `${source.path}:${line}`;
        const partners = list.split(/,?\s+and\s+|,\s*/).map((name) => name.replaceAll(/[[\]]/g, ''));
        const wrong = [own, ...partners].find((name) => !label.test(name));
        if (wrong !== undefined) complain(where, `${wrong} is no label; write [file:A] pairs with other:B`);
        else claims.set(own, { where, partners: [...(claims.get(own)?.partners ?? []), ...partners] });
      }
      // Only the form with a letter is surely a label wherever it stands; [a:b] may be anything.
      for (const match of text.matchAll(/\[([a-z][\w/-]*:[A-Z][A-Z0-9]*)\]/g)) mentions.push({ name: match[1], where: `${source.path}:${line}` });
    }
  }
  for (const [own, { where, partners }] of claims) {
    for (const partner of partners) {
      if (claims.get(partner)?.partners.includes(own)) continue;
      complain(where, `[${own}] pairs with ${partner}, but nothing says "[${partner}] pairs with ${own}"; write that at the other end`);
    }
  }
  for (const { name, where } of mentions) {
    if (!claims.has(name)) complain(where, `[${name}] has no partner; write "[${name}] pairs with other:X" at the line that needs the order`);
  }
  return `${claims.size} labels`;
}

function everyFileIsReached(complain) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = [...JSON.stringify([manifest.exports, manifest.bin]).matchAll(/dist\/([^"]+?)\.js"/g)].map((match) => `src/${match[1]}.ts`);
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const waiting = [...named, ...WORKER_ENTRIES].filter((path) => byPath.has(path));
  if (!byPath.has('src/index.ts')) return 'no src/index.ts yet, not checked';
  const reached = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const { from } of byPath.get(path).imports) {
      const target = resolve(path, from);
      if (!byPath.has(target) || reached.has(target)) continue;
      reached.add(target);
      waiting.push(target);
    }
  }
  for (const source of sources) {
    if (!source.isTest && !reached.has(source.path)) complain(source.path, 'is imported by nothing that runs; import it where it belongs, or delete it');
  }
  return `${reached.size} files`;
}

function coreStaysSmall(complain) {
  // What makes modules of C is no part of the core, although it has to stand where node: may be imported.
  const core = sources.filter((source) => !source.isTest && /^src\/(lib|arch|kernel|fs|init)\//.test(source.path) && !source.path.startsWith('src/arch/node/cc/'));
  const lines = core.reduce((sum, source) => sum + source.codeLines, 0);
  if (lines > CORE_LINES_MAX) complain('src', `the core has ${lines} lines of code, ${CORE_LINES_MAX} are allowed; leave something smaller than you found it`);
  return `${lines} of ${CORE_LINES_MAX} lines of code in lib, arch, kernel, fs and init`;
}

function filesAreWrittenOurWay(complain) {
  for (const source of sources) {
    const { path } = source;
    const opening = source.opening;
    if (opening === undefined || !/\w+(\W+\w+){3,}[^]*?[.!?:](\s|$)/.test(opening)) {
      complain(`${path}:1`, 'does not open with a sentence; begin with a comment that says what the file is for and what it is not for');
    }
    if (/(^|\/)(utils?|helpers?|misc|common)\b[^/]*(\/|$)/.test(path)) complain(path, 'has a name that says nothing; call the file after the one thing it is about');
    for (const { line } of source.find(/\bexport\s+default\b/g)) complain(`${path}:${line}`, 'exports a default; export it under its name');
    for (const { line } of source.find(/\benum\s+[A-Za-z_$]/g)) complain(`${path}:${line}`, 'has an enum; write a frozen table, or constants with their Linux names');
    if (path === 'src/index.ts') continue;
    for (const { line } of source.find(/\bexport\s*(type\s*)?\*/g)) complain(`${path}:${line}`, 'passes on another file; only src/index.ts does that, import from the file itself');
    if (path.endsWith('/index.ts')) complain(path, 'is a barrel; import from the files themselves, src/index.ts is the only contents page');
    else if (source.onlyReexports) complain(path, 'only passes on other files; import from the files themselves');
  }
  return `${sources.length} files`;
}

function nothingOfOneMachine(complain) {
  const never = [
    [/(?<![\w.@~-])\/(home|root|Users|work|workspace|builds)\/[\w.-]*/g, 'is a path of one machine; write it relative to the project'],
    [/(?<![\w.@~-])\/tmp\/\w+_jobs\b/g, 'is a path of one machine; use os.tmpdir()'],
    [/\bregistry\.[\w-]+\.\w+/g, 'is a registry host; leave the choice of registry to the reader'],
    [/https?:\/\/[^/\s"']*(artifactory|nexus|verdaccio|registry)[^\s"']*/g, 'is a registry host; leave the choice of registry to the reader'],
    [/"resolved":\s*"http[^"]*/g, 'names a registry; run npm install again, .npmrc leaves it out'],
  ];
  const files = trackedFiles();
  for (const path of files) {
    const text = readFileSync(join(root, path), 'utf8');
    if (text.includes('\0')) continue;
    for (const [pattern, why] of never) {
      for (const match of text.matchAll(pattern)) complain(`${path}:${text.slice(0, match.index).split('\n').length}`, `"${match[0]}" ${why}`);
    }
  }
  return `${files.length} files`;
}

function testNumbersAreReal(complain) {
  const covered = new Set();
  for (const source of sources) {
    if (!/\.(test|litmus)\.ts$/.test(source.path)) continue;
    for (const { name, line } of source.testNames) {
      for (const [number] of name.matchAll(/\bT\d+\b/g)) {
        const where = `${source.path}:${line}`;
        if (!/^T\d{3}$/.test(number)) complain(where, `${number} is no test number; write T and three digits (and call a thread A, not T1)`);
        else if (number === 'T000' || Number(number.slice(1)) > TEST_NUMBER_MAX) complain(where, `${number} does not exist; the numbers go from T001 to T${TEST_NUMBER_MAX}`);
        else covered.add(number);
      }
    }
  }
  return `${covered.size} numbers covered`;
}

// ---- the tree -----------------------------------------------------------------------------------------------------------------

function readSources() {
  return filesUnder('src').filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts')).map((path) => ({
    path,
    isTest: isTestFile(path),
    ...readSource(readFileSync(join(root, path), 'utf8')),
  }));
}

function filesUnder(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** What git knows, and where there is no git, for instance in an unpacked archive, all that is not made here. */
function trackedFiles() {
  let paths;
  try {
    const out = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    paths = out.split('\0').filter(Boolean);
  } catch {
    paths = readdirSync(root).filter((name) => !['.git', 'node_modules', 'dist'].includes(name))
      .flatMap((name) => (statSync(join(root, name)).isDirectory() ? filesUnder(name) : [name]));
  }
  return paths.filter((path) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile());
}

function resolve(path, from) {
  if (!from.startsWith('.')) return undefined;
  return posix.join(posix.dirname(path), from).replace(/\.js$/, '.ts');
}

function isTestFile(path) {
  return /\.(test|litmus|fixture)\.ts$/.test(path);
}

function rank(path) {
  return LAYERS.findIndex((layer) => layer.owns.test(path));
}

function isOnTop(path) {
  return /^src\/(tools|web)\//.test(path);
}

function archFolder(path) {
  return /^src\/arch\/([^/]+)\//.exec(path)?.[1];
}
