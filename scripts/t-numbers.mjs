// Which of the numbered behaviours T001 to T260 are proven by a test, which this runtime answers differently on purpose
// (docs/deviations.md), and which are still missing. A test proves a number that its name begins with or contains.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSource } from './read-source.mjs';

const LAST = 260;
/** The parts into which the numbers are sorted, each with its first one. */
const PARTS = [
  [1, 'creation'], [21, 'names, pids, kthreadd'], [35, 'waking'], [44, 'stop'], [72, 'exit'], [79, 'park'], [90, 'binding, scheduling'], [99, 'sleeps'],
  [118, 'wait queues'], [141, 'wait_event timeouts and signals'], [151, 'completions'], [168, 'signals'], [179, 'kthread_worker'], [200, 'smpboot, freezer'],
  [204, 'hung tasks'], [217, 'soft lockups'], [222, 'printk, dmesg'], [231, 'modules'], [240, 'ERR_PTR'], [242, 'ps, proc'], [249, 'documents'], [257, 'stress'],
];
const HELP = `Usage: node scripts/t-numbers.mjs [--json] [--strict]

Prints which of T001 to T${LAST} are covered by a test, which deviate (docs/deviations.md), and which are missing.

  --json     print { covered: { T001: [file:line, ...] }, deviating: { T055: text }, missing: [T...] }
  --strict   exit 1 when a number is missing
  --help     print this
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const unknown = args.find((arg) => !['--json', '--strict', '--help', '-h'].includes(arg));
if (args.includes('--help') || args.includes('-h')) process.stdout.write(HELP);
else if (unknown) {
  process.stderr.write(`t-numbers: unknown argument ${unknown}\n\n${HELP}`);
  process.exitCode = 2;
} else main();

function main() {
  const covered = readCovered();
  const deviating = readDeviating();
  const missing = allNumbers().filter((number) => !covered.has(number) && !deviating.has(number));
  if (args.includes('--json')) process.stdout.write(`${JSON.stringify({ covered: Object.fromEntries(covered), deviating: Object.fromEntries(deviating), missing }, null, 2)}\n`);
  else process.stdout.write(report(covered, deviating, missing));
  if (args.includes('--strict') && missing.length > 0) process.exitCode = 1;
}

/** Number -> where it is tested, sorted. */
function readCovered() {
  const found = new Map();
  for (const path of readdirSync(join(root, 'src'), { recursive: true }).toSorted()) {
    if (!/\.(test|litmus)\.ts$/.test(path)) continue;
    for (const { name, line } of readSource(readFileSync(join(root, 'src', path), 'utf8')).testNames) {
      for (const [number] of name.matchAll(/\bT\d{3}\b/g)) found.set(number, [...(found.get(number) ?? []), `src/${path}:${line}`]);
    }
  }
  return new Map([...found].toSorted());
}

/** Number -> what this runtime does instead, from the rows of the table. */
function readDeviating() {
  const rows = readFileSync(join(root, 'docs/deviations.md'), 'utf8').split('\n').map((line) => /^\| (T\d{3}) \| (.*?) \|/.exec(line)).filter(Boolean);
  return new Map(rows.map(([, number, text]) => [number, text]));
}

function allNumbers() {
  return Array.from({ length: LAST }, (_, i) => `T${String(i + 1).padStart(3, '0')}`);
}

function report(covered, deviating, missing) {
  const partly = [...deviating.keys()].filter((number) => covered.has(number));
  const wholly = [...deviating.keys()].filter((number) => !covered.has(number));
  const lines = [
    `covered by a test: ${covered.size} of ${LAST}`,
    `deviating, and so without a test: ${wholly.length}${wholly.length > 0 ? ` (${wholly.join(' ')})` : ''}`,
    `deviating in part, the rest tested: ${partly.length}${partly.length > 0 ? ` (${partly.join(' ')})` : ''}`,
    `missing: ${missing.length}`,
  ];
  for (const [i, [first, part]] of PARTS.entries()) {
    const end = PARTS[i + 1]?.[0] ?? LAST + 1;
    const here = missing.map((number) => Number(number.slice(1))).filter((n) => n >= first && n < end);
    if (here.length > 0) lines.push(`  ${part}: ${here.map((n) => `T${String(n).padStart(3, '0')}`).join(' ')}`);
  }
  return `${lines.join('\n')}\n`;
}
