/**
 * CPUs that are stuck: who is named and when, that it is said again, and what counts as a sign of life. The figures are scaled:
 * with watchdog_thresh 1 a CPU counts as stuck after two seconds. What a stuck main thread looks like is seen in processes of
 * their own, since nothing can be asked there meanwhile.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { boot, type Machine } from '../index.js';
import { load, store } from '../lib/atomic.js';
import { EINVAL } from '../lib/errno.js';
import { CPU1, PLAIN, pause, until, words, type Kind } from './kinds.fixture.js';
import { getTaskStruct, kthreadCreate, kthreadRun, kthreadStop, putTaskStruct, wakeUpProcess } from './kthread.js';
import { LogReader } from './printk/syslog.js';
import { linesOf, lockups, lockupsOf } from './reports.fixture.js';
import type { Task } from './sched/handle.js';
import { sysctl } from './sysctl.js';
import { GO, READY, ROUNDS, SIGN_NAMES, WORDS, asyncComputer, hog, plainComputer } from './watchdog.fixture.js';

const PATIENCE = 60_000;
/** Words of stuck.fixture.ts. */
const STUCK = ['program', 'thread', 'timer'];

interface Started {
  readonly name: string;
  readonly task: Task;
  readonly at: number;
}

async function startHog(kind: Kind, name: string): Promise<Started> {
  const at = words(WORDS);
  const task = await kind.create(hog, { at }, name);
  wakeUpProcess(task);
  await until(() => load(at + READY) > 0, `${name} hogs`);
  return { name, task, at };
}

const end = async ({ task, at }: Started): Promise<void> => {
  store(at + GO, 1);
  await kthreadStop(task);
};

let machine: Machine;
let hogs: Started[];
const computers: Started[] = [];
let main: Array<Promise<{ what: string; log: string[] }>>;

beforeAll(async () => {
  main = STUCK.map(runStuck);
  machine = await boot({ cpus: 2, memory: 64 << 20 });
  sysctl('kernel.watchdog_thresh', 1);
  for (const sign of SIGN_NAMES) {
    for (const [kind, fn] of [['plain', plainComputer], ['async', asyncComputer]] as const) {
      const at = words(WORDS);
      computers.push({ name: `${kind}, ${sign}`, at, task: await kthreadRun(fn, { at, sign }, '%s', sign) });
    }
  }
  hogs = [await startHog(PLAIN, 'plain hog'), await startHog(CPU1, 'shared hog/%u')];
  for (const { name, task } of hogs) await until(() => lockupsOf(task).length >= 2, `${name} is reported twice`, PATIENCE);
}, 2 * PATIENCE);

afterAll(async () => {
  for (const { task } of computers) await kthreadStop(task);
  for (const hog of hogs) await end(hog);
  expect(await machine.shutdown()).toMatchObject({ left: [] });
});

test('T217 a CPU that is stuck is reported with the thread on it and where that is', () => {
  for (const { name, task } of hogs) {
    const [{ lines, seconds }] = lockupsOf(task);
    const { cpu, comm, pid } = task;
    expect(seconds, name).toBeGreaterThanOrEqual(2);
    expect(lines.slice(0, 5)).toEqual([
      `0 watchdog: BUG: soft lockup - CPU#${cpu} stuck for ${seconds}s! [${comm}:${pid}]`,
      '0 Modules linked in:',
      `0 CPU: ${cpu} PID: ${pid} Comm: ${comm} Tainted:    L`,
      '0 Call Trace:',
      '0  <TASK>',
    ]);
    const trace = lines.slice(5, lines.indexOf('0  </TASK>')).map((line) => line.replace(/\.[jt]s:\d+:\d+\)$/, ')'));
    expect(trace.slice(-3), name).toEqual(['0   hogCpu (kernel/watchdog.fixture)', '0   hog (kernel/watchdog.fixture)', expect.stringMatching(/^0 {3}(async )?kthread(Own)? \(kernel\/kthread\)$/)]);
  }
});

test('T218 it is said again, with a larger figure, and no more once the thread yields', async () => {
  for (const { name, task } of hogs) {
    const [first, second] = lockupsOf(task);
    expect(second.seconds, name).toBeGreaterThan(first.seconds);
    expect(second.ts - first.ts, name).toBeGreaterThan(1000); // Two seconds, but for what the traces took.
  }
  for (const { name, task, at } of hogs) {
    store(at + GO, 1);
    await until(() => task.state === 'S', `${name} sleeps`, PATIENCE);
  }
  await pause(500); // A report that is being written ends.
  const before = lockups().length;
  await pause(2500);
  expect(lockups().length).toBe(before);
});

test('T114 T221 who sleeps, calls cond_resched or touches the watchdog is never reported, however busy', () => {
  expect(computers.length).toBe(6);
  for (const { name, task, at } of computers) {
    expect(load(at + ROUNDS), name).toBeGreaterThan(20);
    expect(lockupsOf(task), name).toEqual([]);
  }
});

test('T220 with watchdog_thresh 0 or without its watchdog nobody is reported; a figure above 60 is refused', async () => {
  for (const value of [61, -1, 1.5, 'ten']) expect(() => sysctl('kernel.watchdog_thresh', value)).toThrow(expect.objectContaining({ errno: -EINVAL }));
  const stuck = await startHog(PLAIN, 'unseen');
  const unseen = async (ms: number): Promise<void> => {
    await pause(ms);
    expect(lockupsOf(stuck.task)).toEqual([]);
  };
  sysctl('kernel.watchdog_thresh', 0);
  await unseen(2800);
  sysctl('kernel.soft_watchdog', 0);
  sysctl('kernel.watchdog_thresh', 1);
  await unseen(600);
  sysctl('kernel.watchdog', 0);
  sysctl('kernel.soft_watchdog', 1);
  await unseen(600);
  sysctl('kernel.softlockup_all_cpu_backtrace', 1);
  sysctl('kernel.watchdog', 1);
  // All at once, as soon as it may; and since it was asked for, with what the others do.
  await until(() => lockupsOf(stuck.task).some(({ lines }) => lines.filter((line) => line.includes('NMI backtrace')).length >= 2), 'it is reported', PATIENCE);
  sysctl('kernel.softlockup_all_cpu_backtrace', 0);
  const [{ lines, seconds }] = lockupsOf(stuck.task);
  expect(seconds).toBeGreaterThanOrEqual(3);
  expect(lines.join('\n')).toMatch(/\n0 NMI backtrace for cpu (\d)\n0 CPU: \1 PID: \d+ Comm: (condResched|touch|sleep) Tainted: {4}L\n0 Call Trace:\n0 {2}<TASK>\n/);
  await end(stuck);
});

test.each(STUCK)('T217 the main thread is reported while it is stuck: in the %s', async (which) => {
  const { log } = (await Promise.all(main)).find(({ what }) => what === which)!;
  const at = log.findIndex((line) => line.includes('soft lockup'));
  expect(log[at]).toMatch(which === 'thread' ? /^<0>watchdog: BUG: soft lockup - CPU#0 stuck for [2-9]s! \[hog\/0:\d+\]$/ : /^<0>watchdog: BUG: soft lockup - CPU#0 stuck for [2-9]s! \[init:1\]$/);
  expect(log.slice(at + 2, at + 5).join('\n')).toMatch(/^<0>CPU: 0 PID: \d+ Comm: (init|hog\/0) Tainted: {4}L\n<0>Call Trace:\n<0> <TASK>$/);
  expect(log.slice(at + 5).join('\n')).toMatch(which === 'thread' ? /<0> {2}hogsMain \(.*stuck\.fixture\./ : /^(<0> .*\n)*?<0> {2}hogTheProgram \(.*stuck\.fixture\.[jt]s:\d+:\d+\)\n/);
});

test('T219 with softlockup_panic the machine stops', async () => {
  for (const { task } of computers.splice(0)) await kthreadStop(task);
  for (const hog of hogs.splice(0)) await end(hog);
  expect(await machine.shutdown()).toMatchObject({ left: [] });
  machine = await boot({ cpus: 2, memory: 64 << 20 });
  sysctl('kernel.watchdog_thresh', 1);
  sysctl('kernel.softlockup_panic', 1);
  const stuck = await startHog(PLAIN, 'the last');
  getTaskStruct(stuck.task);
  const reader = new LogReader();
  let lines: string[] = [];
  await until(() => (lines = lines.concat(linesOf(reader))).includes('0 Kernel panic - not syncing: softlockup: hung tasks'), 'panic', PATIENCE);
  expect(lines.join('\n')).toMatch(/Comm: the last Tainted: {4}L\n/);
  await expect(kthreadCreate(async () => {}, undefined, 'late')).rejects.toThrow('no machine runs here');
  store(stuck.at + GO, 1);
  await until(() => stuck.task.state === 'X', 'it was asked to stop');
  putTaskStruct(stuck.task);
});

/** Runs stuck.fixture.js with one word; its log. */
async function runStuck(what: string): Promise<{ what: string; log: string[] }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./stuck.fixture.js', import.meta.url)), what], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  return { what, log: text.split('\n') };
}
