/**
 * Wait queues by hand: entries of one's own, where they stand in a queue and when they leave it, wake functions here and on
 * other isolates, and what is seen of a queue from outside.
 */
import { expect, test } from 'vitest';
import { load, store } from '../../lib/atomic.js';
import { EINVAL, EPERM } from '../../lib/errno.js';
import { CPU1, KINDS, PLAIN, pause, until, words } from '../kinds.fixture.js';
import { kthreadRun, kthreadShouldStop, kthreadStop, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { dmesg } from '../printk/syslog.js';
import { schedule } from './core.js';
import { current } from './handle.js';
import { TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './task.js';
import { CHECKS, FLAG, ORDER, SEEN, SLEPT, WORDS, byHand, guardedSleeper, litterer, sleeper, waiter, waker, wokenWaiter } from './wait.fixture.js';
import {
  WF_SYNC, __wakeUp, addWaitQueue, addWaitQueueExclusive, addWaitQueuePriority, autoremoveWakeFunction, declareWaitQueueHead, declareWaitqueue, defaultWakeFunction, defineWait, defineWaitFunc, finishWait, initWaitqueueFuncEntry,
  newWaitQueueHead, prepareToWait, prepareToWaitEvent, prepareToWaitExclusive, removeWaitQueue, waitqueueActive, wakeUp, wakeUpAll, wakeUpInterruptible, wakeUpPoll, wakeUpSync, wqHasSingleSleeper, wqHasSleeper, type WaitEntry,
} from './wait.js';
import { WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY } from './wait_queue.js';
import { end, sleeps, start } from './waiting.fixture.js';

oneMachine();

/** Runs `fn` in a closure thread. */
async function inThread<T>(fn: () => T | Promise<T>): Promise<T> {
  let result!: T;
  const task = await kthreadRun(async () => { result = await fn(); }, undefined, 'hand');
  await end(task).catch(() => 0);
  return result;
}

test.each(KINDS)('T128 a queue is active while somebody is queued, and not after finish_wait: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const looks = (): boolean[] => [waitqueueActive(q), wqHasSleeper(q), wqHasSingleSleeper(q)];
  expect(looks()).toEqual([false, false, false]);
  const one = await start(kind, waiter, { q, at, form: 'waitEvent' });
  await sleeps(one, 'D');
  expect(looks()).toEqual([true, true, true]);
  const two = await start(kind, waiter, { q, at, form: 'waitEvent' });
  await sleeps(two, 'D');
  expect(looks()).toEqual([true, true, false]);
  store(at + FLAG, 1);
  wakeUp(q);
  for (const task of [one, two]) await end(task);
  expect(looks()).toEqual([false, false, false]);
});

test('T129 a wake-up unlinks an entry of DEFINE_WAIT; one of DECLARE_WAITQUEUE stays until it is removed', async () => {
  const q = newWaitQueueHead();
  const seen = await inThread(async () => {
    const [own, declared] = [defineWait(), declareWaitqueue()];
    const queued: boolean[] = [];
    for (const wait of [own, declared]) {
      prepareToWait(q, wait, TASK_INTERRUPTIBLE);
      wakeUp(q);
      queued.push(wait.queued);
      finishWait(q, wait);
      queued.push(wait.queued);
    }
    addWaitQueue(q, declared);
    queued.push(declared.queued);
    removeWaitQueue(q, declared);
    return [...queued, declared.queued, waitqueueActive(q)];
  });
  expect(seen).toEqual([false, false, true, false, true, false, false]);
});

test('T130 flags and places: head for add_wait_queue, tail for exclusive, before all for priority', () => {
  const q = newWaitQueueHead();
  const called: string[] = [];
  const entry = (name: string): WaitEntry => initWaitqueueFuncEntry(() => (called.push(name), 0));
  const [a, b, c, d, e, f] = ['a', 'b', 'c', 'd', 'e', 'f'].map(entry);
  addWaitQueue(q, a);
  addWaitQueueExclusive(q, b);
  addWaitQueue(q, c);
  addWaitQueueExclusive(q, d);
  addWaitQueuePriority(q, e);
  addWaitQueue(q, f);
  expect([a, b, e].map(({ flags }) => flags)).toEqual([0, WQ_FLAG_EXCLUSIVE, WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY]);
  wakeUp(q);
  expect(called.join('')).toBe('efcabd');
  for (const wait of [a, b, c, d, e, f]) removeWaitQueue(q, wait);
  expect(waitqueueActive(q)).toBe(false);
});

// What prep_finish prints, step by step; T131 is its third line.
test.each(KINDS)('T131 T132 T129 waiting by hand: queue and state at every point: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const task = await start(kind, byHand, { q, at });
  await until(() => load(at + FLAG) === 1);
  await sleeps(task, 'S');
  wakeUpInterruptible(q);
  await end(task);
  const steps = Array.from({ length: load(at + SEEN) }, (_, i) => load(at + ORDER + i * 4));
  const RUNNING = 10, QUEUED = 1100;
  const last = steps.pop()!;
  expect(steps).toEqual([RUNNING, QUEUED + TASK_INTERRUPTIBLE, QUEUED + TASK_UNINTERRUPTIBLE, RUNNING, RUNNING, RUNNING]);
  expect(last % 100).toBe(RUNNING); // Woken from another CPU it may run before the waker has unlinked it.
});

test('T132 finish_wait leaves state RUNNING and the queue empty; an entry can be used again', async () => {
  const q = newWaitQueueHead();
  expect(await inThread(async () => {
    const wait = defineWait();
    const first = prepareToWaitExclusive(q, wait, TASK_UNINTERRUPTIBLE);
    wakeUp(q);
    await schedule();
    finishWait(q, wait);
    const second = prepareToWaitExclusive(q, wait, TASK_UNINTERRUPTIBLE);
    const other = defineWait();
    const third = prepareToWaitExclusive(q, other, TASK_RUNNING);
    finishWait(q, wait);
    finishWait(q, other);
    return [first, second, third, prepareToWaitEvent(q, wait, TASK_INTERRUPTIBLE), (finishWait(q, wait), waitqueueActive(q))];
  })).toEqual([true, true, false, 0, false]);
});

test('by hand is for kernel threads', () => {
  expect(() => defineWait()).toThrow(expect.objectContaining({ errno: -EPERM }));
  expect(() => prepareToWait(newWaitQueueHead(), initWaitqueueFuncEntry(() => 0), TASK_INTERRUPTIBLE)).toThrow(expect.objectContaining({ errno: -EPERM }));
});

test.each(KINDS)('T133 wait_woken remembers a wake-up that came before it: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  store(at + CHECKS, 200);
  const task = await start(kind, wokenWaiter, { q, at, rounds: 1, timeout: 60_000 });
  await until(() => waitqueueActive(q));
  const before = load(at + SLEPT);
  wakeUp(q);
  wakeUp(q);
  expect(await end(task)).toBeGreaterThan(50_000);
  expect([before, load(at + SEEN)]).toEqual([0, 1]);
  expect(waitqueueActive(q)).toBe(false);
});

test.each(KINDS)('T133 wait_woken sleeps until woken, until its time is over, and not at all when asked to stop: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const task = await start(kind, wokenWaiter, { q, at, rounds: 3, timeout: 60_000 });
  for (let i = 0; i < 3; i++) {
    await until(() => load(at + SEEN) === i);
    await sleeps(task, 'S');
    wakeUp(q);
  }
  expect(await end(task)).toBeGreaterThan(0);
  const late = words(WORDS);
  expect(await end(await start(kind, wokenWaiter, { q, at: late, rounds: 1, timeout: 20 }))).toBe(0);
  const stopped = await start(kind, wokenWaiter, { q, at: words(WORDS), rounds: 1000, timeout: 60_000 });
  await sleeps(stopped, 'S');
  expect(await kthreadStopPut(stopped)).toBeGreaterThan(0);
});

test('T135 a wake function that returns less than 0 ends the walk; one that returns 1 counts if it is exclusive', () => {
  const q = newWaitQueueHead();
  const called: string[] = [];
  const add = (name: string, result: number, exclusive = false): void => (exclusive ? addWaitQueueExclusive : addWaitQueue)(q, initWaitqueueFuncEntry(() => (called.push(name), result)));
  add('last', 1);
  add('stops', -1);
  add('first', 0);
  wakeUpAll(q);
  expect(called).toEqual(['first', 'stops']);
  const other = newWaitQueueHead();
  called.length = 0;
  for (const [name, result] of [['a', 0], ['b', 1], ['c', 1], ['d', 1]] as const) addWaitQueueExclusive(other, initWaitqueueFuncEntry(() => (called.push(name), result)));
  wakeUp(other);
  expect(called.splice(0)).toEqual(['a', 'b']);
  __wakeUp(other, TASK_NORMAL, 2);
  expect(called).toEqual(['a', 'b', 'c']);
});

test('a wake function gets the mode, the flags and the key; one that throws is reported and holds up nobody', async () => {
  const q = newWaitQueueHead();
  const seen: number[][] = [];
  const wait = initWaitqueueFuncEntry((_, mode, flags, key) => (seen.push([mode, flags, key]), 0));
  addWaitQueue(q, wait);
  wakeUp(q);
  wakeUpSync(q);
  wakeUpPoll(q, 77);
  expect(seen).toEqual([[TASK_NORMAL, 0, 0], [TASK_NORMAL, WF_SYNC, 0], [TASK_NORMAL, 0, 77]]);
  addWaitQueue(q, initWaitqueueFuncEntry(() => { throw new Error('out of order'); }));
  wakeUp(q);
  expect(seen.length).toBe(4);
  expect(dmesg({ time: 'none' }).join('\n')).toContain('WARNING: a wake function threw Error: out of order');
});

// What wait_func prints. For waiters elsewhere the function runs there, a moment later.
test.each(KINDS)('a wake function of its own decides whether its task wakes, on the isolate where it was made: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const task = await start(kind, guardedSleeper, { q, at });
  await sleeps(task, 'S');
  wakeUp(q);
  wakeUpInterruptible(q);
  __wakeUp(q, TASK_NORMAL, 1, 77);
  await until(() => load(at + CHECKS) === 3);
  await pause(5);
  expect([load(at + SEEN), task.state, waitqueueActive(q)]).toEqual([77, 'S', true]);
  store(at + FLAG, 1);
  wakeUp(q);
  expect(await end(task)).toBe(5);
  expect([load(at + CHECKS), load(at + SEEN), waitqueueActive(q)]).toEqual([4, 0, false]);
  wakeUp(q);
  await pause(5);
  expect(load(at + CHECKS)).toBe(4);
});

test.each(KINDS)('no wake-up of a function elsewhere is lost, however they come: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const task = await start(kind, guardedSleeper, { q, at });
  await sleeps(task, 'S');
  for (let i = 0; i < 3000; i++) {
    wakeUp(q);
    if (i % 100 === 0) await until(() => load(at + CHECKS) === i + 1);
    else if (i % 7 === 0) await pause(0);
  }
  await until(() => load(at + CHECKS) === 3000);
  store(at + FLAG, 1);
  wakeUp(q);
  await end(task);
});

test('a wake function that somebody elsewhere has called runs as no thread, whichever was the last to sleep here', async () => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const seen: number[] = [];
  const entry = initWaitqueueFuncEntry(() => (seen.push(current().pid), 0));
  addWaitQueue(q, entry);
  const idler = await kthreadRun(async () => {
    const wait = defineWait();
    for (; !kthreadShouldStop(); finishWait(q, wait)) {
      prepareToWait(q, wait, TASK_INTERRUPTIBLE);
      if (!kthreadShouldStop()) await schedule();
    }
  }, undefined, 'idler');
  for (const kind of [PLAIN, CPU1, PLAIN, PLAIN]) {
    await until(() => idler.state === 'S');
    const calls = seen.length;
    await end(await start(kind, waker, { q, at, call: 'wakeUp', flag: 1 })); // Its bell wakes the idler too, which goes to sleep again.
    await until(() => seen.length > calls);
  }
  expect(new Set(seen)).toEqual(new Set([1]));
  removeWaitQueue(q, entry);
  await kthreadStop(idler);
});

test('an entry for another task wakes that one, and nobody once it is gone', async () => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const [own, other] = [newWaitQueueHead(), await kthreadRun(async () => { await schedule(); }, undefined, 'other')];
  const task = await start(KINDS[3], sleeper, { q: own, at, id: 9, exclusive: false });
  await sleeps(task, 'S');
  const wait = declareWaitqueue(task);
  addWaitQueue(q, wait);
  wakeUp(q);
  expect(await end(task)).toBe(9);
  wakeUp(q);
  removeWaitQueue(q, wait);
  wakeUpProcess(other);
});

test('an entry cannot stand in two queues', async () => {
  const [q, other] = [newWaitQueueHead(), newWaitQueueHead()];
  const wait = initWaitqueueFuncEntry(() => 0);
  addWaitQueue(q, wait);
  expect(() => addWaitQueue(other, wait)).toThrow(/is put into another/);
  removeWaitQueue(q, wait);
  addWaitQueue(other, wait);
  removeWaitQueue(other, wait);
});

test.each(KINDS)('a thread that ends with an entry in a queue has it taken out, with a warning: $kind', async (kind) => {
  const q = newWaitQueueHead();
  const task = await start(kind, litterer, { q, at: 0 });
  await end(task);
  expect(waitqueueActive(q)).toBe(false);
  wakeUpAll(q);
  expect(dmesg({ time: 'none' }).join('\n')).toMatch(new RegExp(`WARNING: ${task.comm}\\[${task.pid}\\] ended with 1 of its entries in wait queues`));
});

test('the built-in wake functions can be called by others', async () => {
  const q = newWaitQueueHead();
  const results: number[] = [];
  const task = await kthreadRun(async () => {
    for (const wake of [autoremoveWakeFunction, defaultWakeFunction]) {
      const wait = defineWaitFunc((entry, mode, flags, key) => {
        results.push(wake(entry, mode, flags, key), Number(entry.queued));
        return 0;
      });
      prepareToWait(q, wait, TASK_INTERRUPTIBLE);
      await schedule();
      finishWait(q, wait);
    }
  }, undefined, 'calls');
  for (let i = 0; i < 2; i++) {
    await sleeps(task, 'S');
    wakeUp(q);
    await until(() => results.length === (i + 1) * 2);
  }
  expect(results).toEqual([1, 0, 1, 1]);
});

test('a named queue is the same one each time, and a name is one thing', () => {
  const q = declareWaitQueueHead(import.meta, 'named');
  expect(declareWaitQueueHead(import.meta, 'named')).toBe(q);
  expect(() => { using _ = q; }).toThrow(expect.objectContaining({ errno: -EINVAL }));
});
