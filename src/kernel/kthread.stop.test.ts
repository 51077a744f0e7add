/**
 * Stopping kernel threads: what kthreadStop() wakes and what it waits for, what it returns, and what becomes of a stop that
 * comes before the first wake-up, twice, or after the end. Leaving from inside is kthread.exit.test.ts.
 */
import { expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { EFAULT, EINTR, EPERM } from '../lib/errno.js';
import {
  CALLS, COMPLETION_SIZE, GO, PID, SEEN, SLEEP_STATES, WORDS, brief, complete, eventWaiter, filled, filler, lateStarter, listener, listening, longSleeper, msleeper, obedient, parent, parker, slowToGo, thrower, waiter, type Asked,
} from './kthread.fixture.js';
import { CLOSURE, CPU1, HERE, KINDS, PLAIN, pause, until, words, type Behaviour, type Kind } from './kinds.fixture.js';
import {
  getTaskStruct, kthreadPark, kthreadRun, kthreadRunOnCpu, kthreadShouldPark, kthreadShouldStop, kthreadShouldStopOrPark, kthreadStop, kthreadStopPut, kthreadStopSignal, putTaskStruct, wakeUpProcess,
} from './kthread.js';
import { findPid, oneMachine, threads } from './machine.fixture.js';
import { dmesg } from './printk/syslog.js';
import { initCompletionAt } from './sched/completion.js';
import type { Task } from './sched/handle.js';
import { TASK, TASK_DEAD } from './sched/task.js';
import { newWaitQueueHead, wakeUp } from './sched/wait.js';
import { uptime } from './time/time.js';

const { oopses } = oneMachine();

/** Creates, wakes, and waits until the function runs. */
async function running<D extends { at: number }>({ create }: Kind, what: Behaviour<D>, data: D): Promise<Task> {
  const task = await create(what, data);
  wakeUpProcess(task);
  await until(() => load(data.at + CALLS) > 0, 'the thread runs');
  return task;
}

const warnings = (): number => dmesg({ time: 'none' }).filter((line) => line.startsWith('WARNING')).length;

test.each(KINDS)('T044 kthreadStop asks, wakes, waits and returns what the function returned: $kind', async (kind) => {
  const task = await running(kind, obedient, { at: words(WORDS), value: 1234 });
  await until(() => task.state === 'S');
  expect(await kthreadStop(task)).toBe(1234);
  expect(task.state).toBe('X');
});

test.each(KINDS)('T045 every int32 passes through: $kind', async (kind) => {
  for (const value of [0, 13, -5, 0x7fffffff, -0x80000000]) {
    expect(await kthreadStop(await running(kind, obedient, { at: words(WORDS), value }))).toBe(value);
  }
});

test.each(KINDS)('T046 stop before the first wake returns -EINTR and the function never runs: $kind', async ({ create }) => {
  const at = words(WORDS);
  expect(await kthreadStop(await create(obedient, { at, value: 1 }))).toBe(-EINTR);
  await pause(5);
  expect(load(at + CALLS)).toBe(0);
});

test.each(KINDS)('T047 T048 kthreadShouldStop is false before, stays true afterwards, and the stop returns after the function: $kind', async (kind) => {
  const at = words(WORDS);
  const task = await running(kind, slowToGo, { at, ms: 60 });
  const begun = uptime();
  expect(await kthreadStop(task)).toBe(0);
  expect(uptime() - begun).toBeGreaterThanOrEqual(60);
  expect(load(at + SEEN)).toBe(11);
});

test.each(KINDS)('T049 everything the function wrote is visible after the stop: $kind', async ({ create }) => {
  const at = words(1000);
  for (let value = 1; value <= 100; value++) {
    const task = getTaskStruct(await create(filler, { words: at, count: 1000, value }));
    wakeUpProcess(task);
    const result = await kthreadStopPut(task);
    expect(result === -EINTR || filled(at, 1000, value)).toBe(true);
  }
});

test.each(KINDS)('T050 T051 stop ends a long sleep in any state, with jiffies left: $kind', async (kind) => {
  for (const state of Object.values(SLEEP_STATES)) {
    const at = words(WORDS);
    const task = await running(kind, longSleeper, { at, state });
    await until(() => task.stateWord === state);
    const begun = uptime();
    const left = await kthreadStop(task);
    expect(left).toBeGreaterThan(2000);
    expect(left).toBeLessThanOrEqual(10_000);
    expect(uptime() - begun).toBeLessThan(5000);
    expect(load(at + SEEN)).toBe(0);
  }
});

test.each(KINDS)('T052 stop during msleep() waits for the rest of it: $kind', async (kind) => {
  const at = words(WORDS);
  const begun = uptime();
  const task = await running(kind, msleeper, { at, ms: 200, interruptible: false });
  expect(await kthreadStop(task)).toBe(0);
  expect(uptime() - begun).toBeGreaterThanOrEqual(200);
});

test.each(KINDS)('T053 stop during msleepInterruptible() ends it, with milliseconds left: $kind', async (kind) => {
  const at = words(WORDS);
  const task = await running(kind, msleeper, { at, ms: 10_000, interruptible: true });
  await until(() => task.state === 'S');
  const begun = uptime();
  const left = await kthreadStop(task);
  expect(left).toBeGreaterThan(2000);
  expect(uptime() - begun).toBeLessThan(5000);
});

test.each(KINDS)('T056 stop of a thread in waitEvent() waits until the condition is true and somebody wakes the queue: $kind', async (kind) => {
  const [at, q] = [words(WORDS), newWaitQueueHead()];
  const task = await running(kind, eventWaiter, { at, q });
  await until(() => task.state === 'D');
  let stopped = false;
  const stop = kthreadStop(task).then((value) => {
    stopped = true;
    return value;
  });
  await pause(20);
  wakeUp(q); // The condition is false yet.
  await pause(20);
  await until(() => task.state === 'D', 'it sleeps again');
  store(at + GO, 1);
  await pause(20);
  expect([stopped, task.state]).toEqual([false, 'D']);
  wakeUp(q);
  expect(await stop).toBe(34);
});

test.each(KINDS)('T057 stop of a thread that waits for a completion waits until it comes: $kind', async (kind) => {
  const at = words(WORDS);
  const done = words(COMPLETION_SIZE / 4);
  initCompletionAt(done);
  const task = await running(kind, waiter, { at, done });
  await until(() => task.state === 'D');
  let stopped = false;
  const stop = kthreadStop(task).then((value) => {
    stopped = true;
    return value;
  });
  await pause(50);
  expect([stopped, task.state]).toEqual([false, 'D']);
  complete(done);
  expect(await stop).toBe(33);
});

test.each(KINDS)('T059 T060 after the end, a held reference gives the stored result; a second stop gives it again with a warning: $kind', async (kind) => {
  const task = getTaskStruct(await kind.create(brief, { at: words(WORDS), value: 88 }));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  const before = warnings();
  expect(await kthreadStop(task)).toBe(88);
  expect(warnings()).toBe(before);
  expect(await kthreadStop(task)).toBe(88);
  expect(warnings()).toBe(before + 1);
  putTaskStruct(task);
  await until(() => !task.exists);
});

test.each(KINDS)('T061 stop of a thread that is gone, without a reference, warns and gives the remembered result: $kind', async (kind) => {
  const task = await kind.create(brief, { at: words(WORDS), value: 55 }, 'gone');
  wakeUpProcess(task);
  await until(() => !task.exists);
  const before = warnings();
  expect(await kthreadStop(task)).toBe(55);
  expect(warnings()).toBe(before + 1);
  expect(dmesg({ time: 'none' }).join('\n')).toContain(`use-after-free. kthread_stop of gone[${task.pid}], which ended`);
});

test('T063 kthreadStopPut gives back one reference and no more', async () => {
  for (const kind of KINDS) {
    const task = await running(kind, obedient, { at: words(WORDS), value: 6 });
    getTaskStruct(getTaskStruct(task));
    expect(await kthreadStopPut(task)).toBe(6);
    await pause(5); // For the reference of the thread itself, which may still be on its way out.
    expect(task.exists).toBe(true);
    putTaskStruct(task);
    await until(() => !task.exists);
  }
});

test.each(KINDS)('T064 stop of a parked thread unparks it, and it sees that it shall stop: $kind', async (kind) => {
  const at = words(WORDS);
  const task = await running(kind, parker, { at, value: 21 });
  expect(await kthreadPark(task)).toBe(0);
  expect(task.state).toBe('P');
  const rounds = load(at + SEEN);
  await pause(10);
  expect(load(at + SEEN)).toBe(rounds);
  expect(await kthreadStop(task)).toBe(21);
});

test.each(KINDS)('T065 parked before its start and then stopped, the function runs once and finds that it shall stop: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(lateStarter, { at, value: 12 });
  expect(await kthreadPark(task)).toBe(0);
  expect([task.state, load(at + CALLS)]).toEqual(['P', 0]);
  expect(await kthreadStop(task)).toBe(12);
  expect([load(at + CALLS), load(at + SEEN)]).toEqual([1, 1]);
});

test.each([{ ...CLOSURE, rounds: 10_000 }, { ...HERE, rounds: 2000 }, { ...CPU1, rounds: 10_000 }, { ...PLAIN, rounds: 10_000 }])('T066 $rounds stops that race with the natural end all give the value: $kind', { timeout: 60_000 }, async ({ create, rounds }) => {
  const at = words(WORDS);
  let ran = 0;
  for (let round = 0; round < rounds; round++) {
    const task = getTaskStruct(await create(brief, { at, value: round }));
    wakeUpProcess(task);
    if (round % 3 > 0) await until(() => load(at + CALLS) > ran);
    const result = await kthreadStopPut(task);
    if (result !== -EINTR) expect(result).toBe(round);
    ran += result === -EINTR ? 0 : 1;
    expect(load(at + CALLS)).toBe(ran);
  }
  expect(ran).toBeGreaterThan(rounds / 2);
});

test.each(KINDS)('T067 after the stop the pid is gone from ps: $kind', async (kind) => {
  const task = await running(kind, obedient, { at: words(WORDS), value: 0 });
  expect(findPid(task.pid)).toBeDefined();
  await kthreadStop(task);
  await until(() => findPid(task.pid) === undefined, 'the pid is gone', 2000);
});

test.each(KINDS)('T068 after a stop the same function can run again, under a new pid: $kind', async (kind) => {
  const pids = new Set<number>();
  for (let i = 0; i < 3; i++) {
    const at = words(WORDS);
    await kthreadStop(await running(kind, obedient, { at, value: 0 }));
    pids.add(load(at + PID));
  }
  expect(pids.size).toBe(3);
});

test.each(KINDS)('T069 a thread stops another: $kind', async ({ create }) => {
  const task = getTaskStruct(await create(parent, { at: words(WORDS), value: -9 }));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  expect(await kthreadStopPut(task)).toBe(-9);
});

test('T071 outside of a thread kthreadShouldStopOrPark is false and kthreadShouldStop is refused', async () => {
  expect(kthreadShouldStopOrPark()).toBe(false);
  expect(() => kthreadShouldStop()).toThrow(expect.objectContaining({ errno: -EPERM, code: 'EPERM' }));
  expect(() => kthreadShouldPark()).toThrow(expect.objectContaining({ errno: -EPERM }));
  expect(() => kthreadStopSignal()).toThrow(expect.objectContaining({ errno: -EPERM }));
});

test('many stop one thread at once: all get its value', async () => {
  for (const kind of KINDS) {
    const task = await running(kind, slowToGo, { at: words(WORDS), ms: 20 });
    expect(await Promise.all(Array.from({ length: 5 }, () => kthreadStop(task)))).toEqual([0, 0, 0, 0, 0]);
    await until(() => !task.exists);
  }
});

test('the stop signal fires although the thread sleeps nowhere, from wherever the stop comes', async () => {
  for (const start of [(data: Asked) => kthreadRun(listener, data, 'here'), (data: Asked) => kthreadRunOnCpu(listening, data, 1, 'there/%u')]) {
    const data = { at: words(WORDS), value: 4 };
    const task = await start(data);
    await until(() => load(data.at + CALLS) > 0);
    expect(await kthreadStop(task)).toBe(4);
    expect(load(data.at + SEEN)).toBe(1);
  }
});

test('an exception ends the thread, is heard of, and comes out of the stop as the cause of EFAULT', async () => {
  for (const kind of KINDS) {
    const task = getTaskStruct(await kind.create(thrower, `no luck, ${kind.kind}`, 'thrower'));
    wakeUpProcess(task);
    await until(() => task.state === 'X');
    await expect(kthreadStopPut(task)).rejects.toMatchObject({
      errno: -EFAULT, code: 'EFAULT', message: expect.stringContaining(`${task.comm}[${task.pid}]`), cause: { message: expect.stringContaining(`no luck, ${kind.kind}`) },
    });
    await until(() => oopses.length > 0);
    expect(oopses.splice(0)).toMatchObject([{ task: { pid: task.pid }, error: { message: `no luck, ${kind.kind}` } }]);
    expect(dmesg({ time: 'none' }).join('\n')).toMatch(new RegExp(`Oops: RangeError: no luck, ${kind.kind}[^]*Comm: ${task.comm}`));
  }
});

test('await using stops the thread at the end of the block', async () => {
  for (const kind of KINDS) {
    let task: Task;
    {
      await using mine = await running(kind, obedient, { at: words(WORDS), value: 0 });
      task = mine;
      expect(threads().map((t) => t.pid)).toEqual([mine.pid]);
    }
    await until(() => !task.exists);
  }
});

test.each(KINDS)('a wait that is given up leaves the thread asked, and no reference behind: $kind', async (kind) => {
  const task = await running(kind, slowToGo, { at: words(WORDS), ms: 200 });
  getTaskStruct(task);
  const why = new Error('no time');
  const control = new AbortController();
  const waits = [kthreadStop(task, { signal: control.signal }), kthreadPark(task, { signal: control.signal })].map((wait) => wait.catch((error: unknown) => error));
  control.abort(why);
  expect(await Promise.all(waits)).toEqual([why, why]);
  await expect(kthreadStop(task, { signal: AbortSignal.abort(why) })).rejects.toBe(why);
  await until(() => task.stateWord === TASK_DEAD, 'it stops, since it was asked');
  await until(() => load(task.addr + TASK.usage) === 1, 'only our own reference is left');
  putTaskStruct(task);
});
