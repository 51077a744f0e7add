// The pictures of the README, from a real run: starts a machine, asks it with the commands, and draws what they print, and a trace, as
// SVG. Needs dist/ and tmux.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const HELP = `Usage: node scripts/pictures.mjs

Writes docs/pictures/*.svg: threads as a forest, kthread top, the report about a hung task, and a timeline. Build first.

  --help   print this
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, 'dist/tools/kthread.js');
const out = join(root, 'docs/pictures');
const PATIENCE_MS = 60_000;
/** What the timeline shows, ms. */
const WINDOW_MS = 60;

const SHOP = `
import { kthreadRun, kthreadRunOnCpu, kthreadShouldStop, moduleInit, msleep, msleepInterruptible, mutexLock, newMutex, newWaitQueueHead, threadfn, waitEventInterruptible, wakeUp } from 'kthread';

const report = threadfn(import.meta, 'report', () => {
  let sum = 0;
  while (!kthreadShouldStop()) for (let i = 0; i < 1e6; i++) sum += Math.sqrt(i);
  return sum;
});

const work = (ms: number) => { for (const end = performance.now() + ms; performance.now() < end;); };
const news = newWaitQueueHead();
const files = newMutex();
let orders = 0;

async function take(n: number) {
  while (!kthreadShouldStop()) {
    await msleepInterruptible(6 + n * 5);
    work(1 + n);
    orders++;
    wakeUp(news);
  }
}

async function mail() {
  for (let seen = 0; !kthreadShouldStop(); seen = orders) {
    await waitEventInterruptible(news, () => orders > seen || kthreadShouldStop());
    work(2);
  }
}

async function flush() {
  await mutexLock(files);
  await writeAll();
}

async function writeAll() {
  await msleep(3_600_000); // A disk that does not answer.
}

async function importAll() {
  await mutexLock(files);
}

moduleInit(async () => {
  await kthreadRunOnCpu(report, undefined, 1, 'report/%u');
  for (let n = 0; n < 2; n++) await kthreadRun(take, n, 'orders/%d', n);
  await kthreadRun(mail, undefined, 'mail');
  await kthreadRun(flush, undefined, 'flush');
  await kthreadRun(importAll, undefined, 'import');
});
`;

async function main(args) {
  if (args.includes('--help')) return void process.stdout.write(HELP);
  if (args.length > 0 || spawnSync('tmux', ['-V']).status !== 0) {
    process.stderr.write(args.length > 0 ? `pictures: unknown argument ${args[0]}\n\n${HELP}` : 'pictures: it needs tmux\n');
    process.exitCode = 2;
    return;
  }
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'shop-')));
  const env = { ...process.env, XDG_RUNTIME_DIR: folder, TERM: 'xterm', LC_ALL: 'C.UTF-8', PS1: '$ ' };
  delete env.NO_COLOR;
  delete env.TMUX;
  writeFileSync(join(folder, 'shop.ts'), SHOP);
  mkdirSync(out, { recursive: true });
  const machine = spawn(process.execPath, [program, 'run', 'shop.ts', '--cpus', '2', '--json'], { cwd: folder, env, stdio: 'ignore' });
  const kthread = (...words) => execFileSync(process.execPath, [program, ...words], { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  /** The folder of this run is nobody's business. */
  const screen = (name, title, text) => picture(name, terminal(title, text.replaceAll(folder, '/srv/shop').trimEnd().split('\n')));
  try {
    await until(() => kthread('ps', '-C', 'import', '-o', 'comm=') !== '');
    kthread('sysctl', 'kernel.hung_task_timeout_secs=3');
    screen('ps', '$ kthread ps axf', kthread('ps', 'axf'));
    await picture('timeline', await timelineOf(folder));
    screen('top', '$ kthread top', await topScreen(folder, env));
    let log = '';
    await until(() => (log = oneReport(kthread('dmesg', '--color', 'always'), 'import')) !== '');
    screen('hung-task', '$ kthread dmesg', log);
  } finally {
    machine.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function until(test) {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(300)) {
    try {
      if (test()) return;
    } catch {
      // No machine yet.
    }
    if (Date.now() > end) throw new Error('what the picture is to show has not come');
  }
}

/** The report about the hung task `name`, once the next one has begun, so that it is whole. */
function oneReport(log, name) {
  const lines = log.split('\n');
  const begins = lines.flatMap((line, i) => (/task \S+:\d+ blocked for/.test(line) ? [i] : []));
  const nth = begins.findIndex((i) => lines[i].includes(`task ${name}:`));
  return nth < 0 || nth + 1 >= begins.length ? '' : lines.slice(begins[nth], begins[nth + 1]).join('\n');
}

/** What one sees of kthread top on 80x24. */
async function topScreen(folder, env) {
  const tmux = (...words) => execFileSync('tmux', ['-S', join(folder, 'tmux.sock'), ...words], { env, encoding: 'utf8' });
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', '80', '-y', '24', '-c', folder, 'sh');
  try {
    tmux('send-keys', '-l', `${process.execPath} ${program} top -d 1`);
    tmux('send-keys', 'Enter');
    await until(() => tmux('capture-pane', '-p').includes('orders/1'));
    await sleep(2500);
    return tmux('capture-pane', '-e', '-p').replaceAll(/machine shop in process \d+/g, 'machine shop in process 4711');
  } finally {
    tmux('kill-server');
  }
}

function picture(name, svg) {
  writeFileSync(join(out, `${name}.svg`), svg);
  process.stdout.write(`docs/pictures/${name}.svg ${Math.ceil(svg.length / 1024)} KiB\n`);
}

// ---- Terminal screens ---------------------------------------------------------------------------------------------------------

const ESC = '\x1b';
const STYLE = new RegExp(`${ESC}\\[[\\d;]*m`, 'g');
const STYLE_KEPT = new RegExp(`(${STYLE.source})`);
const CELL = { width: 8.4, height: 18 };
const COLOURS = { back: '#1d2026', text: '#d6d9de', faint: '#8b929e', 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', white: '#ffffff' };
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const number = (n) => String(Math.round(n * 100) / 100);

function frame(width, height, title, body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${number(width)}" height="${number(height)}" viewBox="0 0 ${number(width)} ${number(height)}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" rx="6" fill="${COLOURS.back}"/>
${body}</svg>
`;
}

function terminal(title, lines) {
  const all = [title, ...lines];
  const plain = all.map((line) => line.replaceAll(STYLE, ''));
  const width = Math.max(80, ...plain.map((line) => line.length)) * CELL.width + 24;
  const prompt = run({ x: 0, text: title, style: { colour: COLOURS.white, bold: true } }, 0);
  const body = prompt + runs(lines.join('\n')).map(({ row, ...piece }) => run(piece, row + 1)).join('');
  return frame(width, all.length * CELL.height + 24, title.replace('$ ', ''), body);
}

/** Pieces of one style, from what a terminal was sent. A style goes on until it is changed, also on the next line. */
function runs(text) {
  const pieces = [];
  let [style, x, row] = [{}, 0, 0];
  for (const part of text.split(/(\n)/).flatMap((line) => line.split(STYLE_KEPT))) {
    if (part.startsWith(ESC)) style = part.slice(2, -1).split(';').reduce(styled, style);
    else if (part === '\n') [x, row] = [0, row + 1];
    else if (part !== '') {
      pieces.push({ row, x, text: part, style });
      x += part.length;
    }
  }
  return pieces;
}

function styled(style, code) {
  if (code === '' || code === '0') return {};
  if (code === '1') return { ...style, bold: true };
  if (code === '2') return { ...style, colour: COLOURS.faint };
  if (code === '7') return { ...style, reverse: true };
  if (code === '39') return { ...style, colour: undefined };
  return COLOURS[code] ? { ...style, colour: COLOURS[code] } : style;
}

function run({ x, text, style }, row) {
  const [left, top, width] = [12 + x * CELL.width, 12 + row * CELL.height, text.length * CELL.width];
  const colour = style.colour ?? COLOURS.text;
  const back = style.reverse ? `<rect x="${number(left)}" y="${number(top)}" width="${number(width)}" height="${CELL.height}" fill="${colour}"/>\n` : '';
  if (text.trim() === '') return back;
  return `${back}<text xml:space="preserve" x="${number(left)}" y="${number(top + 13.5)}" textLength="${number(width)}" fill="${style.reverse ? COLOURS.back : colour}"${style.bold ? ' font-weight="bold"' : ''}>${escaped(text)}</text>\n`;
}

// ---- The timeline -------------------------------------------------------------------------------------------------------------

const HUES = ['#58a6ff', '#7ee787', '#e3b341', '#ff7b72', '#d2a8ff', '#79c0ff'];
const ROW = 26, LABEL = 110, SCALE = 13;

/** A trace as Perfetto shows it: what runs on each CPU, and below that the state of each thread. */
async function timelineOf(folder) {
  const { Client } = await import('../dist/tools/client.js');
  const { timeline } = await import('../dist/tools/perfetto.js');
  const directory = join(folder, 'kthread');
  const client = await Client.connect(join(directory, readdirSync(directory).find((name) => name.endsWith('.sock'))));
  const events = [];
  const { to } = await client.call('trace', { ms: 3000 }, { onItem: (item) => void events.push(...item.events) });
  const { cpuEvents, sleeps } = timeline({ hello: client.hello, events, to });
  client.close();
  const all = slicesOf(cpuEvents).filter(({ pid }) => pid !== 0);
  const within = (start) => all.filter(({ from, to }) => to > start && from < start + WINDOW_MS);
  // Where most happens, lest a busy computer has the picture show nothing.
  const start = all.map(({ from }) => from).reduce((best, at) => (at + WINDOW_MS < to && within(at).length > within(best).length ? at : best));
  const end = start + WINDOW_MS;
  const slices = within(start);
  const names = new Map(slices.map(({ pid, comm }) => [pid, comm]));
  const threads = [...names.keys()].toSorted((a, b) => a - b).slice(0, 8);
  const cpus = [...new Set(slices.map(({ cpu }) => cpu))].toSorted((a, b) => a - b);
  const colour = (pid) => HUES[threads.indexOf(pid) % HUES.length] ?? COLOURS.faint;
  const x = (time) => LABEL + (Math.min(end, Math.max(start, time)) - start) * SCALE;
  const bar = (row, from, to, fill, text = '', opacity = 1) => {
    if (to <= start || from >= end) return '';
    const [left, width] = [x(from), Math.max(1, x(to) - x(from))];
    const label = text.length * CELL.width + 6 < width ? `<text x="${number(left + 4)}" y="${row * ROW + 57}" font-size="12" fill="${opacity === 1 ? COLOURS.back : COLOURS.text}">${escaped(text)}</text>` : '';
    return `<rect x="${number(left)}" y="${row * ROW + 42}" width="${number(width)}" height="${ROW - 5}" fill="${fill}" fill-opacity="${opacity}"/>${label}\n`;
  };
  const label = (row, text) => `<text x="12" y="${row * ROW + 57}" fill="${COLOURS.text}">${escaped(text)}</text>\n`;
  const rows = [
    ...cpus.map((cpu, row) => label(row, `CPU ${cpu}`) + slices.filter((slice) => slice.cpu === cpu).map((slice) => bar(row, slice.from, slice.to, colour(slice.pid), slice.comm)).join('')),
    ...threads.map((pid, i) => {
      const row = cpus.length + i;
      const asleep = sleeps.filter((sleep) => sleep.pid === pid).map((sleep) => bar(row, sleep.from, sleep.to, COLOURS.faint, sleep.wchan, 0.25)).join('');
      return label(row, names.get(pid)) + asleep + slices.filter((slice) => slice.pid === pid).map((slice) => bar(row, slice.from, slice.to, colour(pid))).join('');
    }),
  ];
  const ticks = Array.from({ length: WINDOW_MS / 10 }, (_, i) => `<text x="${number(x(start + i * 10))}" y="${28}" font-size="12" fill="${COLOURS.faint}">${i * 10} ms</text>\n`).join('');
  return frame(LABEL + WINDOW_MS * SCALE + 12, rows.length * ROW + 54, 'kthread trace, a timeline', ticks + rows.join(''));
}

/** Who ran where from when to when. */
function slicesOf(cpuEvents) {
  const running = new Map();
  const slices = [];
  for (const event of cpuEvents) {
    if (event.kind !== 'switch') continue;
    const before = running.get(event.cpu);
    if (before) slices.push({ ...before, to: event.time });
    running.set(event.cpu, { cpu: event.cpu, pid: event.next.pid, comm: event.next.comm, from: event.time });
  }
  return slices;
}

await main(process.argv.slice(2));
