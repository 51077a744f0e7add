// Writes docs/linux-map.md: each name of Linux in scripts/linux-names.txt, what it is called here, and what is different. What it
// is called here comes from the code: from the C names that end the comments of what src/index.ts exports, or from the same name
// in camelCase. It reads text, as scripts/check.mjs does.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const LIST = 'scripts/linux-names.txt';
const MAP = 'docs/linux-map.md';
/** What begins a description that is no name. */
const ENGLISH = new Set(['the', 'its', 'what', 'task', 'q', 'x', 'for', 'where', 'which', 'type', 'and']);
const HELP = `Usage: node scripts/linux-map.mjs [--check] [--json]

Writes ${MAP} from ${LIST} and from the comments of what src/index.ts exports. A name that is
called nothing here needs a line that says so: "name: what to do instead".

  --check    write nothing; exit 1 when the map is out of date
  --json     print [{ part, name, here: [...], text, inC }] and write nothing
  --help     print this
`;
const INTRO = `# The names of Linux, and what they are called here

Linux's names in camelCase, with few exceptions. A call that may sleep has two spellings: \`await msleep(5)\` in async threads,
\`msleepSync(5)\` in plain ones. This page is made by \`node scripts/linux-map.mjs\` from the comments in the code. Where the
numbered behaviours differ is in [deviations.md](deviations.md). The last column says which names a [module in C](c-modules.md) can
use as they are.
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (path) => readFileSync(join(root, path), 'utf8');
const args = process.argv.slice(2);
const unknown = args.find((arg) => !['--check', '--json', '--help', '-h'].includes(arg));
if (args.includes('--help') || args.includes('-h')) process.stdout.write(HELP);
else if (unknown) {
  process.stderr.write(`linux-map: unknown argument ${unknown}\n\n${HELP}`);
  process.exitCode = 2;
} else main();

function main() {
  const exported = readExports();
  const { rows, complaints } = readList(exported);
  const headers = readHeaders();
  const all = [...rows, ...restOf(exported, rows)].map((row) => ({ ...row, inC: headers.has(row.name.replace('struct ', '')) }));
  const text = asPage(all);
  if (args.includes('--json')) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  else if (!args.includes('--check')) writeFileSync(join(root, MAP), text);
  else if (text !== read(MAP)) complaints.push(`${MAP} is out of date: run node scripts/linux-map.mjs and commit it`);
  for (const complaint of complaints) process.stderr.write(`linux-map: ${complaint}\n`);
  if (complaints.length > 0) process.exitCode = 1;
  else if (!args.includes('--json')) process.stdout.write(`${rows.length} names of Linux, ${rows.filter((row) => row.here.length > 0).length} of them are here; ${all.length - rows.length} more in the code\n`);
}

// ---- the code -----------------------------------------------------------------------------------------------------------------

/** What src/index.ts exports: { name, cNames }, in its order; a class's members too, as Class.member. */
function readExports() {
  const found = [];
  for (const [, what, from] of read('src/index.ts').matchAll(/^export (\*|\{[^}]*\}) from '([^']+)';/gm)) {
    const declared = readDeclared(posix.join('src', from).replace(/\.js$/, '.ts'));
    const names = what === '*' ? [...declared.keys()].filter((name) => !name.includes('.')).map((name) => [name, name]) : namesIn(what);
    for (const [own, name] of names) {
      found.push({ name, cNames: declared.get(own) ?? [] });
      for (const [member, cNames] of declared) if (member.startsWith(`${own}.`)) found.push({ name: member, cNames });
    }
  }
  return found;
}

/** [[own, as]] of "{ a, type b, c as d }". */
function namesIn(braces) {
  return braces.slice(1, -1).split(',').map((item) => item.trim().replace(/^type /, '')).filter(Boolean).map((item) => {
    const [own, as = own] = item.split(/\s+as\s+/);
    return [own, as];
  });
}

/** Name -> C names, of what a file exports. */
function readDeclared(path) {
  const text = read(path);
  const declared = new Map();
  const comment = String.raw`(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\s*)?`;
  for (const [, doc, name] of text.matchAll(new RegExp(`${comment}export (?:async |abstract )?(?:function\\*?|const|class|interface|type) ([\\w$]+)`, 'g'))) {
    if (!declared.has(name) || doc) declared.set(name, cNamesOf(doc));
  }
  for (const [, names] of text.matchAll(/^export const (\{[^}]*\}) =/gm)) for (const [own] of namesIn(names)) declared.set(own, []);
  for (const [, names] of text.matchAll(/^export (\{[^}]*\});/gm)) for (const [own, name] of namesIn(names)) declared.set(name, declared.get(own) ?? []);
  for (const [body, name] of text.matchAll(/^export class (\w+)[^]*?^\}/gm)) {
    for (const [, doc, member] of body.matchAll(new RegExp(`${comment}(?:readonly |get |async )*(\\w+)[:(]`, 'g'))) {
      const cNames = cNamesOf(doc);
      if (cNames.length > 0) declared.set(`${name}.${member}`, cNames);
    }
  }
  return declared;
}

/** The names after the last "C: " of a comment: "C: thaw_processes, thaw_kernel_threads." */
function cNamesOf(doc = '') {
  const words = doc.replaceAll(/\s*\n\s*\*\s*/g, ' ');
  const at = words.lastIndexOf(' C: ');
  if (at < 0) return [];
  return words.slice(at + 4).split(/\. |\.?\s*$/)[0].split(', ').map((piece) => {
    const plain = piece.replace(/^(?:a |static |!)+/, '').replace(/^(struct|bool)\s+\*?/, (kind) => (kind.startsWith('struct') ? 'struct ' : ''));
    return /^(?:struct )?[A-Za-z_][\w>-]*/.exec(plain)?.[0].replace(/-+$/, '') ?? '';
  }).filter((name) => name !== '' && !ENGLISH.has(name));
}

// ---- the list -----------------------------------------------------------------------------------------------------------------

function readList(exported) {
  const sysctls = new Set([...read('src/kernel/sysctl.ts').matchAll(/^ {2}'([\w.]+)': entry\(/gm)].map(([, name]) => name));
  const complaints = [];
  const rows = [];
  let part = '';
  for (const [i, line] of read(LIST).split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const title = /^\[(.+)\]$/.exec(line);
    if (title) {
      part = title[1];
      continue;
    }
    const [, name, text = ''] = /^((?:struct )?[\w.]+)(?:: (.+))?$/.exec(line) ?? [];
    if (!name) complaints.push(`${LIST}:${i + 1}: "${line}" is no name, and no "name: text"`);
    else if (rows.some((row) => row.name === name)) complaints.push(`${LIST}:${i + 1}: ${name} is there twice`);
    else {
      const here = name.includes('.') ? [...sysctls].filter((key) => key === name).map((key) => `sysctl('${key}')`) : hereFor(exported, name);
      if (here.length === 0 && text === '') complaints.push(`${LIST}:${i + 1}: nothing that src/index.ts exports is called ${name} in its comment ("C: ${name}."); name it there, or write here what to do instead`);
      rows.push({ part, name, here, text });
    }
  }
  return { rows, complaints };
}

/** By the comments, else by the name itself where the comment says no other. With the spelling for plain threads. */
function hereFor(exported, name) {
  const byComment = exported.filter(({ cNames }) => cNames.includes(name));
  const flat = (text) => text.replaceAll('_', '').toLowerCase();
  const lead = /^_*/.exec(name)[0];
  const byName = exported.filter((other) => other.cNames.length === 0 && flat(other.name) === flat(name) && other.name.startsWith(lead) && (lead !== '' || !other.name.startsWith('_')));
  const names = (byComment.length > 0 ? byComment : byName).map((other) => other.name);
  const isSpelling = (found) => exported.some((other) => other.name === `${found}Sync` && (other.cNames.length === 0 || other.cNames.includes(name)));
  const all = names.flatMap((found) => (isSpelling(found) ? [found, `${found}Sync`] : [found]));
  return [...new Set(all)];
}

/** Names of C in the code that the list does not have. */
function restOf(exported, rows) {
  const known = new Set(rows.map((row) => row.name));
  const names = new Set(exported.flatMap(({ cNames }) => cNames).filter((name) => !known.has(name)));
  return [...names].toSorted((a, b) => (a < b ? -1 : 1)).map((name) => ({ part: 'More names', name, here: hereFor(exported, name), text: '' }));
}

/** All names in the headers for modules in C. */
function readHeaders() {
  const headers = readdirSync(join(root, 'include'), { recursive: true }).filter((path) => path.endsWith('.h')).map((path) => read(join('include', path)));
  return new Set(headers.join('\n').replaceAll(/\/\*[^]*?\*\//g, '').match(/[A-Za-z_]\w*/g));
}

function asPage(rows) {
  const lines = [INTRO];
  let part;
  for (const row of rows) {
    if (row.part !== part) lines.push(`${part === undefined ? '' : '\n'}## ${row.part}\n\n| Linux | here | what is different | C |\n|---|---|---|---|`);
    part = row.part;
    lines.push(`| \`${row.name}\` | ${row.here.map((name) => `\`${name}\``).join(', ') || '-'} | ${row.text} | ${row.inC ? 'yes' : ''} |`);
  }
  return `${lines.join('\n')}\n`;
}
