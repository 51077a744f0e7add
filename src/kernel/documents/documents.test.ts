/**
 * The programs of the five documents behind this project, in TypeScript and as modules, end to end: loaded, watched, removed. They
 * all run at once on one machine, as modules do.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { boot, type Machine } from '../../index.js';
import { load } from '../../lib/atomic.js';
import { ERESTARTSYS } from '../../lib/errno.js';
import { snapshot, type ProcTask } from '../../fs/proc.js';
import { KINDS, until, words } from '../kinds.fixture.js';
import { kthreadStop, wakeUpProcess } from '../kthread.js';
import { LogReader, dmesg } from '../printk/syslog.js';
import { newWaitQueueHead } from '../sched/wait.js';
import { sysctl } from '../sysctl.js';
import { HZ, uptime } from '../time/time.js';
import { MADE, TAKEN, WORDS, consumer, forgetfulConsumer, producer } from './consumer.fixture.js';

const RUN = new URL('./kthread_run.fixture.js', import.meta.url);
const SHI = new URL('./shi_thread.fixture.js', import.meta.url);
/** As somebody would write it into a file; the sleep is in line 4. */
const SANDBOX = `import { HZ, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE, type Task, kthreadRun, kthreadStop, moduleExit, moduleInit, scheduleTimeout, setCurrentState } from 'kthread';
async function my_kthread(sleeps: number): Promise<number> {
  setCurrentState(TASK_UNINTERRUPTIBLE);
  for (let i: number = 0; i < sleeps; i++) await scheduleTimeout(MAX_SCHEDULE_TIMEOUT);
  return HZ;
}
let thread: Task;
moduleInit(async () => { thread = await kthreadRun(my_kthread, 1, 'kthread %s&%d', 'hiboma', 123); });
moduleExit(async () => { await kthreadStop(thread); });
`;

let machine: Machine;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'documents-'));
  writeFileSync(join(folder, 'kthread_run.ts'), SANDBOX);
  machine = await boot({ cpus: 2, memory: 64 << 20 });
});
afterAll(async () => {
  expect(await machine.shutdown()).toMatchObject({ left: [] });
  rmSync(folder, { recursive: true });
});

interface Line {
  readonly ts: number;
  readonly text: string;
  /** pid of who said it. */
  readonly caller: number;
}

/** What the log has from the callers of one module. */
function saidBy(...pids: number[]): Line[] {
  const lines: Line[] = [];
  const reader = new LogReader('oldest');
  for (let record = reader.next(); record; record = reader.next()) if (pids.includes(record.caller)) lines.push(record);
  return lines;
}

const findName = (name: string): ProcTask | undefined => snapshot().find((t) => t.name === name);

test.each([
  { hiboma: false, name: 'param test&123', comm: 'param test&123' },
  { hiboma: true, name: 'kthread hiboma&123', comm: 'kthread hiboma&' },
])('T249 T250 a thread "$name" tells the jiffies every second, and rmmod ends it at once', async ({ hiboma, name, comm }) => {
  await machine.insmod(RUN, { hiboma }, { as: comm.slice(0, 5) });
  const { pid } = findName(name)!;
  expect(dmesg({ time: 'none' })).toContain(`pid->${pid}:prio->120:comm->${comm}`);
  await until(() => saidBy(pid).length >= 3, 'two seconds');
  const [first, ...ticks] = saidBy(pid);
  expect(first.text).toBe('HZ:1000');
  expect(ticks.map(({ text }) => text).join()).toMatch(/^(kthread:-?\d+,?)+$/);
  const [a, b] = ticks.map(({ text }) => Number(text.slice('kthread:'.length)));
  expect(b - a).toBeGreaterThanOrEqual(HZ);
  expect(Math.abs(b - a - (ticks[1].ts - ticks[0].ts))).toBeLessThanOrEqual(3); // As exact as the log itself, however late the computer.
  const begun = uptime();
  await machine.rmmod(comm.slice(0, 5));
  const last = saidBy(pid).at(-1)!;
  expect(last.text).toMatch(/^kthread:-?\d+$/); // The stop ended its sleep.
  expect(last.ts - begun).toBeLessThan(900);
  expect(findName(name)).toBeUndefined();
});

test('T251 the sandbox of document 000: its report, with the line of the TypeScript file and the module', async () => {
  sysctl('kernel.hung_task_timeout_secs', 1);
  await machine.insmod(join(folder, 'kthread_run.ts'));
  const { pid } = findName('kthread hiboma&123')!;
  const first = new RegExp(`^INFO: task kthread hiboma&:${pid} blocked for more than [1-9]\\d* seconds\\.$`);
  let lines: string[] = [];
  await until(() => (lines = dmesg({ time: 'none' })).some((line, i) => first.test(line) && lines.indexOf(' </TASK>', i) > 0), 'the report');
  const at = lines.findIndex((line) => first.test(line));
  expect(lines.slice(at + 1, lines.indexOf(' </TASK>', at) + 1)).toEqual([
    expect.stringMatching(/^ {6}(Not tainted|Tainted: .*) 6\.12\.0-kthread #1$/),
    '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
    expect.stringMatching(new RegExp(`^task:kthread hiboma& state:D stack:0     pid:${String(pid).padEnd(5)} tgid:${String(pid).padEnd(5)} ppid:2      task_flags:0x208040 flags:0x[0-9a-f]{8}$`)),
    'Call Trace:',
    ' <TASK>',
    '  schedule_timeout',
    `  async my_kthread (${join(folder, 'kthread_run.ts')}:4:44) [kthread_run]`,
    ' </TASK>',
  ]);
  sysctl('kernel.hung_task_timeout_secs', 0);
  await machine.rmmod('kthread_run');
});

test('T252 document 004 counts the seconds and says at its end how many there were', async () => {
  await machine.insmod(SHI, {}, { as: 'T252' });
  const { pid } = findName('shi_thread1')!;
  await until(() => saidBy(pid).length >= 2, 'two seconds'); // And a third line that is open: it has no newline.
  const said = saidBy(pid);
  expect(said.map(({ text }) => text)).toEqual(said.map((_, i) => `thread_function: ${i + 1} times`));
  for (let i = 1; i < said.length; i++) expect(said[i].ts - said[i - 1].ts).toBeGreaterThanOrEqual(1000);
  await machine.rmmod('T252');
  const [times, lines] = [saidBy(pid).length, dmesg({ time: 'none' })];
  expect(lines.slice(-2)).toEqual(['Hello, exit!', `thread function has run ${times}s`]);
  expect(lines.indexOf('Hello, world!')).toBeLessThan(lines.indexOf('create ktrhead ok!'));
});

test('T253 left alone it ends by itself after 31 prints; its module can still be removed and tells the 31', async () => {
  await machine.insmod(SHI, { second: 10 }, { as: 'T253' });
  const { pid } = findName('shi_thread1')!;
  await until(() => saidBy(pid).length >= 30 && !findName('shi_thread1'), 'it is gone'); // The last line has no newline and stays open.
  await machine.rmmod('T253');
  expect(saidBy(pid).map(({ text }) => text)).toEqual(Array.from({ length: 31 }, (_, i) => `thread_function: ${i + 1} times`));
  const lines = dmesg({ time: 'none' });
  expect(lines.at(-1)).toBe('thread function has run 31s');
  // In the document this crashed. It holds no reference, and is told so.
  expect(lines.slice(lines.lastIndexOf('Hello, exit!')).join('\n')).toContain(`WARNING: refcount_t: addition on 0; use-after-free. kthread_stop of shi_thread1[${pid}]`);
});

test.each(KINDS)('T255 document 002: a consumer sleeps between events and does not poll: $kind', async (kind) => {
  const EVENTS = 100;
  const at = words(WORDS);
  const q = newWaitQueueHead();
  const eater = await kind.create(consumer, { at, q, events: EVENTS }, 'consumer');
  wakeUpProcess(eater);
  await until(() => eater.state === 'S');
  const switches = (): number => snapshot().find((t) => t.pid === eater.pid)!.nvcsw;
  const before = switches();
  wakeUpProcess(await kind.create(producer, { at, q, events: EVENTS }, 'producer'));
  await until(() => load(at + TAKEN) === EVENTS && eater.state === 'S', 'all are taken');
  const slept = switches() - before;
  expect(slept).toBeGreaterThan(EVENTS / 2); // Two events may come at once on a busy computer.
  expect(slept).toBeLessThanOrEqual(EVENTS + 5);
  expect(await kthreadStop(eater)).toBe(0);
});

test.each(KINDS)('T256 stopping a waiter whose condition does not ask for it returns, with -ERESTARTSYS from its wait: $kind', async (kind) => {
  const at = words(WORDS);
  const eater = await kind.create(forgetfulConsumer, { at, q: newWaitQueueHead(), events: 0 }, 'forgetful');
  wakeUpProcess(eater);
  await until(() => eater.state === 'S');
  expect(await kthreadStop(eater)).toBe(-ERESTARTSYS);
  expect(load(at + MADE)).toBe(0);
});
