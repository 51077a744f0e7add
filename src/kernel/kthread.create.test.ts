/**
 * Creating kernel threads: what exists between create and wake, who serves the requests and in which order, what data
 * arrives, and that a creation which fails leaves nothing. Stopping is kthread.stop.test.ts, names are kthread.names.test.ts.
 */
import { setMaxListeners } from 'node:events';
import { expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { EINVAL, ENOMEM, ESRCH } from '../lib/errno.js';
import { snapshot } from '../fs/proc.js';
import { parsePsArgs, ps } from '../server/ps.js';
import { CALLS, CPU, PID, SEEN, WORDS, brief, creator, introspect, judge, obedient, odd, parent } from './kthread.fixture.js';
import { CLOSURE, CPU1, HERE, KINDS, PLAIN, until, words } from './kinds.fixture.js';
import {
  NUMA_NO_NODE, getTaskStruct, kthreadCreateOnCpu, kthreadCreateOnNode, kthreadData, kthreadFunc, kthreadRun, kthreadRunOnCpu, kthreadStop, kthreadStopPut,
  putTaskStruct, wakeUpProcess,
} from './kthread.js';
import { findPid, oneMachine, threads } from './machine.fixture.js';
import { MACHINE, machineWord } from './memlayout.js';
import { Task, current } from './sched/handle.js';
import { kernelUsage, usageGrown } from './slab.fixture.js';
import { scheduleTimeoutInterruptible } from './time/sleep.js';
import { uptime } from './time/time.js';

oneMachine();

test.each(KINDS)('T001 a created thread exists, in D, and has not run its function: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(obedient, { at, value: 0 }, 'fresh');
  expect(task.state).toBe('D');
  expect(findPid(task.pid)).toMatchObject({ letter: 'D', ppid: 2 });
  expect(ps(snapshot(), parsePsArgs(['-eo', 'pid,stat,comm']), { now: uptime(), bootWallTime: 0, user: 'root' }).split('\n').find((line) => line.includes('fresh'))).toMatch(new RegExp(`^ *${task.pid} D +fresh`));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect([load(at + CALLS), task.state]).toEqual([0, 'D']);
  await kthreadStop(task);
});

test.each(KINDS)('T002 it has a pid above 2 and kthreadd for its parent before it is woken: $kind', async ({ create }) => {
  const task = await create(obedient, { at: words(WORDS), value: 0 });
  expect(task.pid).toBeGreaterThan(2);
  expect([task.ppid, findPid(task.pid)?.ppid]).toEqual([2, 2]);
  await kthreadStop(task);
});

test.each(KINDS)('T003 the first wake-up returns 1 and the function runs once: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(obedient, { at, value: 41 });
  expect(wakeUpProcess(task)).toBe(1);
  await until(() => load(at + CALLS) === 1);
  expect(await kthreadStop(task)).toBe(41);
  expect(load(at + CALLS)).toBe(1);
});

test('T003 a closure receives the very object, a threadfn an equal one', async () => {
  const data = { at: words(WORDS), like: '{"deep":[1,{"x":"y"}]}', data: { deep: [1, { x: 'y' }] } };
  let same = false;
  const task = await kthreadRun(async (got: typeof data) => { same = got === data; }, data, 'closure');
  await until(() => !task.exists);
  expect(same).toBe(true);
  for (const { create } of [HERE, CPU1, PLAIN]) {
    store(data.at + SEEN, 0);
    const other = await create(judge, data);
    wakeUpProcess(other);
    await until(() => load(data.at + SEEN) !== 0);
    expect(load(data.at + SEEN)).toBe(1);
    await until(() => !other.exists);
  }
});

test('T003 data changed by the caller after kthreadCreate() returned does not reach a threadfn', async () => {
  for (const { create } of [HERE, CPU1, PLAIN]) {
    const at = words(WORDS);
    const data = { at, like: '[1]', data: [1] };
    const task = await create(judge, data);
    data.data.push(2);
    wakeUpProcess(task);
    await until(() => load(at + SEEN) !== 0);
    expect(load(at + SEEN)).toBe(1);
    await until(() => !task.exists);
  }
});

test('T004 kthreadRun starts the function without any further call', async () => {
  for (const fn of [brief.closure, brief.shared, brief.plain]) {
    const at = words(WORDS);
    const task = await kthreadRun(fn, { at, value: 0 }, 'run');
    expect(task.pid).toBeGreaterThan(2);
    await until(() => load(at + CALLS) === 1);
    expect(load(at + PID)).toBe(task.pid);
    await until(() => !task.exists);
  }
});

test('T005 kthreadRun passes the error of the creation through and wakes nothing', async () => {
  const plain = ((data: unknown) => data) as unknown as (data: undefined) => Promise<void>;
  await expect(kthreadRun(plain, undefined, 'plain')).rejects.toMatchObject({ errno: -EINVAL, code: 'EINVAL', message: expect.stringContaining('"plain": a closure must be an async function') });
  await expect(kthreadRun(odd, () => 1, 'uncloneable')).rejects.toMatchObject({ errno: -EINVAL, message: expect.stringContaining('cannot be cloned') });
  await expect(kthreadRun(odd, new SharedArrayBuffer(8), 'foreign memory')).rejects.toMatchObject({ errno: -EINVAL });
});

test.each(KINDS)('T006 whichever allocation fails, the creation says ENOMEM and leaves nothing behind: $kind', async ({ create }) => {
  const at = words(WORDS);
  const warm = await create(obedient, { at, value: 0 }, 'w');
  await kthreadStop(warm);
  const before = kernelUsage();
  let failed = 0;
  for (let n = 1; ; n++) {
    store(machineWord(MACHINE.fail_nth), n);
    const task = await create(obedient, { at, value: 0 }, 'w').catch((error: unknown) => error);
    const untouched = load(machineWord(MACHINE.fail_nth)) > 0;
    store(machineWord(MACHINE.fail_nth), 0);
    if (task instanceof Error) {
      expect(task).toMatchObject({ errno: -ENOMEM, code: 'ENOMEM' });
      failed++;
    } else await kthreadStop(task as Awaited<ReturnType<typeof create>>);
    expect(threads()).toEqual([]);
    if (untouched) break;
  }
  expect(failed).toBeGreaterThanOrEqual(2);
  await until(() => Object.keys(usageGrown(before, kernelUsage())).length === 0, `nothing is left behind, but ${JSON.stringify(usageGrown(before, kernelUsage()))}`, 2000);
  expect(load(at + CALLS)).toBe(0);
});

test('T006 there is no memory even for a task to wait in', async () => {
  for (const kind of KINDS) {
    const { create } = kind;
    const sleeps = kind === CPU1 || kind === PLAIN; // A thread that is to live here exists at once.
    const data = { at: words(WORDS), value: 0 };
    const errors: unknown[] = [];
    const before = kernelUsage();
    for (let n = 1; n <= 6; n++) {
      const enough = new AbortController();
      setMaxListeners(0, enough.signal);
      const sleepers = Array.from({ length: 20 }, () => scheduleTimeoutInterruptible(10_000, enough)); // The tasks kept for borrowers are in use.
      store(machineWord(MACHINE.fail_nth), n);
      const task = await create(obedient, data).catch((error: unknown) => error);
      store(machineWord(MACHINE.fail_nth), 0);
      if (task instanceof Task) await kthreadStop(task);
      else errors.push(task);
      enough.abort();
      await Promise.allSettled(sleepers);
    }
    expect(errors).toContainEqual(expect.objectContaining({ errno: -ENOMEM, message: expect.stringContaining(sleeps ? 'no task for a blocking call' : 'kernel memory is out') }));
    await until(() => Object.entries(usageGrown(before, kernelUsage())).every(([size, more]) => size === 'task' && more <= 20), 'nothing is left behind', 2000);
  }
});

test('T008 requests are served in the order in which they came', async () => {
  const at = words(WORDS);
  const all = await Promise.all(Array.from({ length: 40 }, (_, i) => KINDS[i % 3].create(obedient, { at, value: i }, `nth/${i}`)));
  const pids = all.map((task) => task.pid);
  expect(pids).toEqual(pids.toSorted((a, b) => a - b));
  expect(new Set(pids).size).toBe(40);
  await Promise.all(all.map((task) => kthreadStop(task)));
});

test.each(KINDS)('T009 a thread starts a thread, whose parent is kthreadd all the same: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = getTaskStruct(await create(parent, { at, value: 77 }));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  expect(load(at + SEEN)).toBe(2);
  expect(await kthreadStopPut(task)).toBe(77);
});

test('T010 the pid is there as soon as kthreadCreate() returns', async () => {
  for (const { create } of KINDS) {
    const task = await create(obedient, { at: words(WORDS), value: 0 });
    expect(findPid(task.pid)).toBeDefined();
    await kthreadStop(task);
  }
});

test('T011 data may be undefined or null', async () => {
  for (const { create } of KINDS) {
    for (const data of [undefined, null]) {
      const at = words(WORDS);
      const task = await create(judge, { at, like: String(data), data });
      wakeUpProcess(task);
      await until(() => load(at + SEEN) !== 0);
      expect(load(at + SEEN)).toBe(1);
      await until(() => !task.exists);
    }
  }
  let seen: unknown = 'nothing';
  const bare = await kthreadRun(async (data: undefined) => { seen = data; }, undefined, 'bare');
  await until(() => !bare.exists);
  expect(seen).toBe(undefined);
});

test('T012 kthreadFunc and kthreadData tell what a thread of this isolate runs, and null for a task that is none', async () => {
  const data = { at: words(WORDS), value: 0 };
  const task = await CLOSURE.create(obedient, data);
  expect(kthreadFunc(task)).toBe(obedient.closure);
  expect(kthreadData(task)).toBe(data);
  expect([kthreadFunc(current()), kthreadData(current())]).toEqual([null, null]);
  await kthreadStop(task);
  expect([kthreadFunc(task), kthreadData(task)]).toEqual([null, null]);
});

test.each(KINDS)('T013 current() is the thread itself, alone in its thread group: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(introspect, { at, comm: 'me' }, 'me');
  wakeUpProcess(task);
  await until(() => load(at + SEEN) !== 0);
  expect([load(at + SEEN), load(at + PID)]).toEqual([1, task.pid]);
  await until(() => !task.exists);
});

test('T015 the flags of a fresh thread are 0x208040, of a bound one 0x4208040', async () => {
  const data = { at: words(WORDS), value: 0 };
  for (const { create } of [CLOSURE, HERE, PLAIN]) {
    const task = await create(obedient, data);
    expect(task.flags).toBe(0x208040);
    await kthreadStop(task);
  }
  const bound = await CPU1.create(obedient, data);
  expect(bound.flags).toBe(0x4208040);
  await kthreadStop(bound);
});

test('T016 eight threads create a thousand at once: a thousand pids, each function ran once', { timeout: 60_000 }, async () => {
  const at = words(WORDS);
  const pids = words(1000);
  const makers = await Promise.all(Array.from({ length: 8 }, (_, i) => KINDS[i % 4].create(creator, { at, count: 125, pids: pids + i * 500 }, `maker/${i}`)));
  for (const maker of makers) wakeUpProcess(getTaskStruct(maker));
  await until(() => makers.every((maker) => maker.state === 'X') && load(at + CALLS) === 1000, 'all 1000 ran', 50_000);
  expect(await Promise.all(makers.map((maker) => kthreadStopPut(maker)))).toEqual(Array.from({ length: 8 }, () => 125));
  expect(new Set(Array.from({ length: 1000 }, (_, i) => load(pids + i * 4))).size).toBe(1000);
  await until(() => threads().length === 0);
  expect(load(at + CALLS)).toBe(1000);
});

test('T017 for NUMA_NO_NODE and node 0 kthreadCreateOnNode does what kthreadCreate does; there is no other node', async () => {
  for (const node of [NUMA_NO_NODE, 0]) {
    const at = words(WORDS);
    const task = await kthreadCreateOnNode(obedient.shared, { at, value: 3 }, node, 'node/%d', node);
    expect([task.state, task.comm]).toEqual(['D', `node/${node}`]);
    wakeUpProcess(task);
    await until(() => load(at + CALLS) === 1);
    expect(await kthreadStop(task)).toBe(3);
  }
  await expect(kthreadCreateOnNode(obedient.shared, { at: 0, value: 0 }, 1, 'nowhere')).rejects.toMatchObject({ errno: -EINVAL });
});

test('T018 kthreadCreateOnCpu names the thread by its CPU, binds it and does not start it', async () => {
  for (const fn of [obedient.shared, obedient.plain]) {
    const at = words(WORDS);
    const task = await kthreadCreateOnCpu(fn, { at, value: 0 }, 1, 'w/%u');
    expect([task.comm, task.state, task.cpu]).toEqual(['w/1', 'D', 1]);
    expect(findPid(task.pid)).toMatchObject({ cpusAllowed: [2, 0] });
    expect(load(at + CALLS)).toBe(0);
    await kthreadStop(task);
  }
  for (const cpu of [2, -1, 0.5, NaN]) await expect(kthreadCreateOnCpu(obedient.shared, { at: 0, value: 0 }, cpu, 'w/%u')).rejects.toMatchObject({ errno: -EINVAL });
});

test('T019 kthreadRunOnCpu also starts it, and there it runs', async () => {
  for (const fn of [obedient.shared, obedient.plain]) {
    for (const cpu of [0, 1]) {
      const at = words(WORDS);
      const task = await kthreadRunOnCpu(fn, { at, value: 9 }, cpu, 'w/%u');
      await until(() => load(at + CALLS) === 1);
      expect([load(at + CPU), task.cpu]).toEqual([cpu, cpu]);
      expect(await kthreadStop(task)).toBe(9);
    }
  }
});

test.each([{ ...CLOSURE, rounds: 10_000 }, { ...CPU1, rounds: 3000 }, { ...PLAIN, rounds: 3000 }])('T020 creating and stopping $rounds threads one after the other leaks nothing: $kind', { timeout: 60_000 }, async ({ create, rounds }) => {
  const data = { at: words(WORDS), value: 5 };
  const round = async (): Promise<void> => {
    const task = await create(obedient, data, 'a name longer than comm');
    wakeUpProcess(task);
    expect([5, -4]).toContain(await kthreadStop(task));
  };
  for (let i = 0; i < 500; i++) await round();
  const before = kernelUsage();
  const heap = process.memoryUsage().heapUsed;
  for (let i = 0; i < rounds; i++) await round();
  const { 4096: leaves = 0, ...grown } = usageGrown(before, kernelUsage());
  expect(Math.max(0, ...Object.values(grown)), JSON.stringify(grown)).toBeLessThan(20); // What an isolate met for the first time: names for wchan.
  expect(leaves).toBeLessThanOrEqual((rounds * 3) / 1024 + 1); // Of the pid table: three pids a round, and a leaf, once made, stays.
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(30e6);
});

test('references taken and given back leave the count where it was', async () => {
  const task = await CLOSURE.create(obedient, { at: words(WORDS), value: 0 });
  for (let i = 0; i < 3; i++) getTaskStruct(task);
  expect(findPid(task.pid)?.usage).toBe(4);
  for (let i = 0; i < 3; i++) putTaskStruct(task);
  expect(findPid(task.pid)?.usage).toBe(1);
  await kthreadStop(task);
  expect(() => getTaskStruct(task)).toThrow(expect.objectContaining({ errno: -ESRCH }));
});
