// npm run bench: measures every row of bench/rows in one run, ours and its peers in turn, and shows what came out. What is
// measured stands in the rows, how in lib/measure.mjs.
import { Command } from 'commander';
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hotFunctions } from './lib/hot.mjs';
import { growth, json, writeMarkdown, writePictures } from './lib/report.mjs';
import { header, resultLine } from './lib/table.mjs';

const ROWS = new URL('rows/', import.meta.url);
const MEASURE = fileURLToPath(new URL('lib/measure.mjs', import.meta.url));
const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
const PICTURES = 'bench';
/** A row that takes longer has failed; the next one begins. */
const ROW_SECONDS_MAX = 120;
const SLOW_ROW_SECONDS_MAX = 300;

const command = new Command('npm run bench --')
  .argument('[name...]', 'rows to measure: all whose name contains one of these; without any, all')
  .option('--list', 'say what there is to measure, and end')
  .option('--rounds <n>', 'rounds of each row, of which the median counts', Number, 7)
  .option('--quick', 'three rounds of a tenth of the work, without the slowest rows: shows that they still run, the figures mean little')
  .option('--json <file>', 'write the results as JSON')
  .option('--svg [folder]', 'draw a picture of each row, into docs/bench unless told otherwise')
  .option('--markdown', 'put the results into docs/performance.md, which shows the pictures of docs/bench')
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
  const began = performance.now();
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
  const curves = growth(results, wanted.map(({ row }) => row));
  for (const { says } of curves) console.log(says);
  results.push(...curves);
  const report = { machine: here, date: new Date().toISOString(), results };
  const rows = wanted.map(({ row }) => row);
  if (options.json) writeFileSync(options.json, json(report));
  if (options.svg) writePictures(options.svg === true ? join(DOCS, PICTURES) : options.svg, rows, results);
  if (options.markdown) writeMarkdown(join(DOCS, 'performance.md'), PICTURES, rows, report);
  for (const failure of failed) console.log(`failed: ${failure}`);
  console.log(`bench: ${results.length} figures of ${wanted.length} rows, ${results.filter(({ skipped }) => skipped).length} skipped, ${failed.length} rows failed, ${Math.round((performance.now() - began) / 1000)} s`);
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
  const seconds = row.slow ? SLOW_ROW_SECONDS_MAX : ROW_SECONDS_MAX;
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

function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function machine() {
  const [{ model }] = cpus();
  const [load] = loadavg();
  return { cpu: model, cpus: cpus().length, memoryMiB: Math.round(totalmem() / 2 ** 20), os: `${type()} ${release().split('-')[0]} ${arch()}`, node: process.version, load };
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
