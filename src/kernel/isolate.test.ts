/**
 * Where threads live: which isolate a thread gets, how long isolates stay, what happens when there are no more, and what is
 * left of the machine when one of them dies. Modules' isolates are module.test.ts.
 */
import { expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { EAGAIN, EFAULT } from '../lib/errno.js';
import { unreachable } from './exits.fixture.js';
import { ISOLATE_NR, GO, WORDS, bomb, here, own, quitter, shared, stone } from './isolate.fixture.js';
import { until, words } from './kinds.fixture.js';
import { getTaskStruct, kthreadCreate, kthreadRun, kthreadRunOnCpu, kthreadStop, kthreadStopPut, wakeUpProcess } from './kthread.js';
import { oneMachine } from './machine.fixture.js';
import { isolateSlotAt } from './memlayout.js';
import { IDLE_ISOLATES_MAX } from './param.js';
import { dmesg } from './printk/syslog.js';
import type { Task } from './sched/handle.js';
import { kernelUsage, usageGrown } from './slab.fixture.js';
import { ISOLATE, ISOLATE_BUSY, ISOLATE_DEAD, ISOLATE_IDLE, ISOLATE_STARTING, ISOLATE_WARMING, OWN, RETIRE_LAST, forEachIsolate, isolateAlive, releaseIsolate, reserveIsolate } from './smp.js';
import { sysctl } from './sysctl.js';

const { oopses } = oneMachine();

async function running(start: (at: number) => Promise<Task>): Promise<{ task: Task; at: number; isolate: number }> {
  const at = words(WORDS);
  const task = await start(at);
  await until(() => load(at + ISOLATE_NR) !== 0);
  return { task, at, isolate: load(at + ISOLATE_NR) };
}
const plain = () => running((at) => kthreadRun(here, at, 'plain'));
const count = (state: number): number => {
  let n = 0;
  forEachIsolate((at) => { if (load(at + ISOLATE.kind) === OWN && load(at + ISOLATE.state) === state) n++; });
  return n;
};

/** Threads of all kinds can be made, run and stopped. */
async function machineWorks(): Promise<void> {
  for (const start of [plain, () => running((at) => kthreadRunOnCpu(shared, at, 1, 'cpu/%u')), () => running((at) => kthreadRun(shared, at, 'here'))]) {
    const { task } = await start();
    expect(await kthreadStop(task)).toBe(1);
  }
}

test('a plain thread has an isolate to itself; the next one gets it, since it knows the file', async () => {
  const one = await plain();
  const two = await plain();
  expect(one.isolate).not.toBe(two.isolate);
  await kthreadStop(one.task);
  await until(() => load(isolateSlotAt(one.isolate) + ISOLATE.state) === ISOLATE_IDLE);
  const three = await plain();
  expect(three.isolate).toBe(one.isolate);
  for (const { task } of [two, three]) await kthreadStop(task);
});

test('async threads of one CPU share its isolate; one with { isolate: "own" } does not, and its isolate ends with it', async () => {
  const on = (cpu: number) => running((at) => kthreadRunOnCpu(shared, at, cpu, 'cpu/%u'));
  const all = [await on(1), await on(1), await on(0)];
  expect(all.map(({ isolate }) => isolate)).toEqual([all[0].isolate, all[0].isolate, 1]);
  const alone = await running((at) => kthreadRun(own, at, 'alone'));
  expect([1, 2, all[0].isolate]).not.toContain(alone.isolate);
  expect(load(isolateSlotAt(alone.isolate) + ISOLATE.retire)).toBe(RETIRE_LAST);
  expect(await kthreadStop(alone.task)).toBe(1);
  await until(() => !isolateAlive(alone.isolate), 'its isolate ends');
  for (const { task } of all) await kthreadStop(task);
  expect(isolateAlive(all[0].isolate)).toBe(true);
  expect(oopses).toEqual([]);
});

test('isolates are kept warm, and of those that were busy a few are kept', { timeout: 60_000 }, async () => {
  const many = await Promise.all(Array.from({ length: IDLE_ISOLATES_MAX + 4 }, () => plain()));
  expect(new Set(many.map(({ isolate }) => isolate)).size).toBe(many.length);
  await Promise.all(many.map(({ task }) => kthreadStop(task)));
  await until(() => count(ISOLATE_BUSY) === 0 && count(ISOLATE_IDLE) <= IDLE_ISOLATES_MAX);
  expect(count(ISOLATE_IDLE)).toBeGreaterThanOrEqual(Number(sysctl('kernel.warm_isolates')));
});

test('two plain threads run at the same time, also while one is blocked for good', async () => {
  const one = await running((at) => kthreadRun(stone, at, 'stone'));
  const two = await plain();
  expect(await kthreadStop(two.task)).toBe(1);
  expect(one.task.state).toBe('R');
  store(one.at + GO, 1);
  expect(await kthreadStop(one.task)).toBe(2);
});

test('with no isolate left a plain thread cannot be created: EAGAIN, and nothing is left behind; async ones can', async () => {
  await machineWorks();
  sysctl('kernel.warm_isolates', 0);
  await until(() => [ISOLATE_BUSY, ISOLATE_WARMING, ISOLATE_STARTING, ISOLATE_DEAD].every((state) => count(state) === 0));
  const taken: number[] = [];
  const idle: number[] = [];
  forEachIsolate((at) => { if (load(at + ISOLATE.state) === ISOLATE_IDLE) idle.push(at); });
  try {
    for (const at of idle) store(at + ISOLATE.state, ISOLATE_BUSY);
    expect(() => { for (;;) taken.push(reserveIsolate(OWN, 0, 0, 0, ISOLATE_DEAD)); }).toThrow(expect.objectContaining({ errno: -EAGAIN }));
    const before = kernelUsage();
    for (const fn of [here, own]) await expect(kthreadCreate(fn, words(WORDS), 'one too many')).rejects.toMatchObject({ errno: -EAGAIN, message: expect.stringContaining('in use') });
    expect(usageGrown(before, kernelUsage())['task'] ?? 0).toBe(0);
    const { task } = await running((at) => kthreadRun(shared, at, 'async'));
    expect(await kthreadStop(task)).toBe(1);
  } finally {
    for (const number of taken) releaseIsolate(number);
    for (const at of idle) store(at + ISOLATE.state, ISOLATE_IDLE);
    sysctl('kernel.warm_isolates', 2);
  }
  await machineWorks();
});

test('T260 the isolate of a plain thread dies: an oops, EFAULT for its stopper, and the machine goes on', async () => {
  const bystander = await plain();
  const task = getTaskStruct(await kthreadCreate(quitter, 7, 'quitter'));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  await expect(kthreadStopPut(task)).rejects.toMatchObject({ errno: -EFAULT, cause: { message: expect.stringContaining('exited with code 7') } });
  await until(() => oopses.length === 1);
  expect(oopses[0]).toMatchObject({ task: { pid: task.pid }, error: { message: expect.stringContaining('exited with code 7') } });
  expect(dmesg({ time: 'none' }).join('\n')).toMatch(/Oops: .*exited with code 7/);
  expect(await kthreadStop(bystander.task)).toBe(1);
  await machineWorks();
});

test('T260 the shared isolate of a CPU dies: all its threads end, and the next one gets a new isolate', async () => {
  const neighbours = await Promise.all(Array.from({ length: 3 }, () => running((at) => kthreadRunOnCpu(shared, at, 1, 'neighbour/%u'))));
  const stops = neighbours.map(({ task }) => getTaskStruct(task));
  const { task, isolate } = await running((at) => kthreadRunOnCpu(bomb, at, 1, 'bomb/%u'));
  expect(isolate).toBe(neighbours[0].isolate);
  await until(() => !isolateAlive(isolate) && [task, ...stops].every((thread) => thread.state === 'X'));
  for (const thread of stops) await expect(kthreadStopPut(thread)).rejects.toMatchObject({ errno: -EFAULT, cause: { message: expect.stringContaining('a bomb in a timer') } });
  await until(() => oopses.length === 4);
  const again = await running((at) => kthreadRunOnCpu(shared, at, 1, 'again/%u'));
  expect(again.isolate).not.toBe(isolate);
  expect(await kthreadStop(again.task)).toBe(1);
});

test('T260 an isolate dies while it loads the file of a new thread: the creation fails with EAGAIN', async () => {
  await expect(kthreadRun(unreachable, undefined, 'unreachable')).rejects.toMatchObject({ errno: -EAGAIN });
  await machineWorks();
});

test('T260 somebody waits for a thread whose isolate dies', async () => {
  const { task } = await running((at) => kthreadRunOnCpu(bomb, at, 1, 'bomb/%u'));
  await expect(kthreadStop(task)).rejects.toMatchObject({ errno: -EFAULT });
});
