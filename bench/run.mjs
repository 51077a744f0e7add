// npm run bench: measures every row of bench/rows in one run, ours and its peers in turn, and shows what came out. What is
// measured stands in the rows, how in lib/measure.mjs.
import { Command } from 'commander';
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hotFunctions } from './lib/hot.mjs';
import { header, markdownTable, resultLine } from './lib/table.mjs';

const ROWS = new URL('rows/', import.meta.url);
const MEASURE = fileURLToPath(new URL('lib/measure.mjs', import.meta.url));
const PERFORMANCE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const ROW_SECONDS_MAX = 600;
const QUICK_ROW_SECONDS_MAX = 120;

const command = new Command('npm run bench --')
  .argument('[name...]', 'rows to measure: all whose name contains one of these; without any, all')
  .option('--list', 'say what there is to measure, and end')
  .option('--rounds <n>', 'rounds of each row, of which the median counts', Number, 7)
  .option('--quick', 'three rounds of a tenth of the work, without the slowest rows: shows that they still run, the figures mean little')
  .option('--json <file>', 'write the results as JSON')
  .option('--markdown', 'put the results into docs/performance.md')
  .option('--alone', 'measure ours only, without the peers')
  .option('--profile', 'with a CPU profile: say after each row in which functions the time went')
  .parse();
const options = command.opts();

const known = await readRows();
const wanted = known.filter(({ row }) => (command.args.length === 0 ? !(options.quick && row.slow) : command.args.some((name) => row.name.includes(name))));
if (wanted.length === 0) command.error(`bench: no row has "${command.args.join('" or "')}" in its name; --list says which there are`, { exitCode: 2 });
if (options.list) for (const { row } of wanted) console.log(`${row.name.padEnd(34)}  ${row.title}${row.size ? `, n=${row.size}` : ''}`);
else await main();

async function main() {
  const scratch = mkdtempSync(join(tmpdir(), 'kthread-bench-'));
  const results = [];
  const failed = [];
  const here = machine();
  const busy = here.load > here.cpus / 2;
  if (busy) console.log(`bench: others use this computer too (load ${here.load.toFixed(1)}): ratios may hold, times will not`);
  console.log(header());
  try {
    for (const entry of wanted) {
      const found = await measure(entry, scratch).catch((error) => void failed.push(`${entry.row.name}: ${error.message}`));
      for (const result of found ?? []) console.log(resultLine(result));
      results.push(...(found ?? []));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  for (const said of growth(results)) console.log(said);
  const report = { machine: here, date: new Date().toISOString(), quick: Boolean(options.quick), rows: results };
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.markdown) writeMarkdown(report);
  for (const failure of failed) console.log(`failed: ${failure}`);
  console.log(`bench: ${results.length} figures of ${wanted.length} rows, ${results.filter(({ skipped }) => skipped).length} skipped, ${failed.length} rows failed`);
  if (failed.length > 0) process.exitCode = 1;
}

async function readRows() {
  const files = readdirSync(ROWS).filter((file) => file.endsWith('.mjs')).toSorted();
  const found = [];
  for (const file of files) {
    const url = new URL(file, ROWS).href;
    const { rows } = await import(url);
    found.push(...rows.map((row, index) => ({ row, url, index })));
  }
  return found;
}

/** Runs one row in a process of its own; resolves with its results. */
function measure({ row, url, index }, scratch) {
  const profiles = join(scratch, `profiles-${row.name.replaceAll('/', '-')}-${row.size ?? ''}`);
  const profile = options.profile ? ['--cpu-prof', '--cpu-prof-interval', '100', '--cpu-prof-dir', profiles] : [];
  const settings = { rounds: options.quick ? 3 : options.rounds, quick: Boolean(options.quick), alone: Boolean(options.alone), scratch };
  const child = fork(MEASURE, [url, String(index), JSON.stringify(settings)], { execArgv: [...(row.node ?? []), ...profile] });
  const { promise, resolve, reject } = withResolvers();
  let found;
  const seconds = options.quick ? QUICK_ROW_SECONDS_MAX : ROW_SECONDS_MAX;
  const limit = setTimeout(() => {
    child.kill('SIGKILL');
    reject(new Error(`did not end within ${seconds} s`));
  }, seconds * 1000);
  child.on('message', ({ progress, results }) => {
    if (results) found = results;
    else showProgress(`${row.name}: ${progress}`);
  });
  child.once('exit', (code) => {
    clearTimeout(limit);
    showProgress('');
    if (!found) return reject(new Error(`ended with status ${code}`));
    resolve(found);
    if (options.profile) console.log(hotFunctions(profiles).join('\n'));
  });
  return promise;
}

/** A line for each row that was measured at several sizes: the cost of one must not depend on how many there are. */
function growth(results) {
  const sized = results.filter(({ n, ours }) => n !== null && ours !== null);
  return [...new Set(sized.map(({ row }) => row))].map((row) => {
    const group = sized.filter((result) => result.row === row);
    const figures = group.map(({ ours }) => ours);
    return `growth: ${row} differs by ${(Math.max(...figures) / Math.min(...figures)).toFixed(2)}x from n=${group[0].n} to n=${group.at(-1).n}`;
  });
}

function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function machine() {
  const [{ model }] = cpus();
  const [load] = loadavg();
  return { cpu: model, cpus: cpus().length, memoryMiB: Math.round(totalmem() / 2 ** 20), os: `${type()} ${release().split('-')[0]} ${arch()}`, node: process.version, load };
}

/** Between the marks of docs/performance.md; what stands around them was written by people. */
function writeMarkdown({ machine: { cpu, cpus: count, memoryMiB, os, node, load }, date, rows }) {
  const begin = '<!-- bench begins -->';
  const end = '<!-- bench ends -->';
  const text = readFileSync(PERFORMANCE, 'utf8');
  const before = text.slice(0, text.indexOf(begin) + begin.length);
  const after = text.slice(text.indexOf(end));
  const where = `Measured on ${date.slice(0, 10)}: ${count} x ${cpu}, ${memoryMiB} MiB, ${os}, Node ${node}; load before the run ${load.toFixed(1)}.`;
  const meanings = [...new Map(wanted.map(({ row }) => [row.name, row])).values()].map(({ name, title, cost }) => `- **${name}**: ${title}. What it costs: ${cost}.`);
  writeFileSync(PERFORMANCE, [before, where, '', markdownTable(rows), '', ...growth(rows).map((line) => `${line}\n`), ...meanings, after].join('\n'));
}

function withResolvers() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
