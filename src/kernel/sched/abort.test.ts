/**
 * Waits that end otherwise: by an AbortSignal, and those that nobody awaits any more. And several waits of one thread at a
 * time, each of which has a task of its own.
 */
import { expect, test } from 'vitest';
import { load, store } from '../../lib/atomic.js';
import { CPU1, PLAIN, pause, until, words } from '../kinds.fixture.js';
import { kthreadRun, kthreadShouldStop, kthreadStop, kthreadStopSignal } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { snapshot } from '../../fs/proc.js';
import { dmesg } from '../printk/syslog.js';
import { SIGTERM, allowSignal, sendSig } from '../signal.js';
import { fsleep, msleep, msleepInterruptible, scheduleTimeoutInterruptible, ssleep, usleepIdleRange, usleepRange } from '../time/sleep.js';
import { complete, newCompletion, waitForCompletion, waitForCompletionInterruptible } from './completion.js';
import { newSwaitQueueHead, swaitActive, swaitEventExclusive } from './swait.js';
import { FLAG, WORDS, taker } from './wait.fixture.js';
import { declareSpinlock, spinIsLocked, spinLock, spinUnlock } from '../locking/spinlock.js';
import { newWaitQueueHead, waitqueueActive, wakeUp, wakeUpAll, type WaitQueueHead } from './wait.js';
import { waitEvent, waitEventInterruptible, waitEventInterruptibleExclusive, waitEventLockIrq, waitEventTimeout } from './wait_event.js';
import { waitVarEvent } from './wait_bit.js';
import { end, sleeps, start } from './waiting.fixture.js';

const { oopses } = oneMachine();
const queued = (q: WaitQueueHead): Promise<void> => until(() => waitqueueActive(q), 'somebody is queued');
/** Tasks of blocking calls. */
const borrowed = (): number => snapshot().filter(({ ppid, pid }) => ppid === 1 && pid > 2).length;

// --- { signal } ---------------------------------------------------------------------------------------------------

test('an AbortSignal ends any wait with its reason, and nothing stays queued', async () => {
  const [q, sq, c, at] = [newWaitQueueHead(), newSwaitQueueHead(), newCompletion(), words(WORDS)];
  const waits: ReadonlyArray<(opt: { signal: AbortSignal }) => Promise<unknown>> = [
    (opt) => waitEvent(q, () => false, opt), (opt) => waitEventTimeout(q, () => false, 60_000, opt), (opt) => waitEventInterruptibleExclusive(q, () => false, opt),
    (opt) => swaitEventExclusive(sq, () => false, opt), (opt) => waitForCompletion(c, opt), (opt) => waitForCompletionInterruptible(c, opt), (opt) => waitVarEvent(at, () => false, opt),
  ];
  for (const wait of waits) {
    const reason = new Error('enough');
    const controller = new AbortController();
    let caught: unknown;
    const task = await kthreadRun(async () => {
      await wait({ signal: controller.signal }).catch((error: unknown) => { caught = error; });
      return 7;
    }, undefined, 'aborted');
    await until(() => 'SD'.includes(task.state));
    await pause(2);
    controller.abort(reason);
    expect(await kthreadStop(task)).toBe(7);
    expect(caught).toBe(reason);
  }
  expect([waitqueueActive(q), swaitActive(sq), c.done]).toEqual([false, false, 0]);
  complete(c);
  expect(c.done).toBe(1);
});

test('a signal that has fired already: a condition that holds still wins', async () => {
  const q = newWaitQueueHead();
  const fired = AbortSignal.abort(new Error('before'));
  await waitEvent(q, () => true, { signal: fired });
  await expect(waitEvent(q, () => false, { signal: fired })).rejects.toThrow('before');
  expect([waitqueueActive(q), borrowed()]).toEqual([false, 0]);
});

test('it ends every sleep too, whatever its length', async () => {
  const sleeps: ReadonlyArray<(opt: { signal: AbortSignal }) => Promise<unknown>> = [
    (opt) => msleep(60_000, opt), (opt) => ssleep(60, opt), (opt) => msleepInterruptible(60_000, opt), (opt) => fsleep(60_000_000, opt), (opt) => usleepRange(60_000_000, 60_000_000, opt),
    (opt) => usleepIdleRange(60_000_000, 60_000_000, opt), (opt) => scheduleTimeoutInterruptible(60_000, opt),
  ];
  const controller = new AbortController();
  let ended = 0;
  const task = await kthreadRun(async () => {
    const results = await Promise.allSettled(sleeps.map((sleep) => sleep({ signal: controller.signal })));
    ended = results.filter((result) => result.status === 'rejected' && result.reason === 'enough').length;
  }, undefined, 'sleeper');
  await until(() => borrowed() === sleeps.length - 1);
  controller.abort('enough');
  await until(() => !task.exists);
  expect(ended).toBe(sleeps.length);
  await expect(msleep(0, { signal: controller.signal })).rejects.toBe('enough');
  expect(borrowed()).toBe(0);
});

test('a signal that fires when the wait is over disturbs nothing', async () => {
  const q = newWaitQueueHead();
  const controller = new AbortController();
  let flag = false;
  const task = await kthreadRun(async () => {
    await waitEvent(q, () => flag, { signal: controller.signal });
    return (await waitEventTimeout(q, () => false, 20)) === 0 ? 1 : 2;
  }, undefined, 'late');
  await queued(q);
  flag = true;
  wakeUp(q);
  controller.abort();
  expect(await kthreadStop(task)).toBe(1);
});

test('T134 an exclusive waiter that is chosen and aborted at once passes on what it cannot use', async () => {
  for (const kind of [CPU1, PLAIN]) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    const controller = new AbortController();
    let looks = 0;
    const first = await kthreadRun(async () => {
      await waitEventInterruptibleExclusive(q, () => (looks++, false), { signal: controller.signal }).catch(() => {});
      return looks;
    }, undefined, 'first');
    await sleeps(first, 'S');
    const second = await start(kind, taker, { q, at, id: 1 });
    await sleeps(second, 'S');
    store(at + FLAG, 1);
    wakeUp(q); // The first is chosen and has not looked yet.
    controller.abort();
    expect(await end(second)).toBe(0);
    expect(await kthreadStop(first)).toBe(3);
  }
});

test('what has happened wins over a signal that comes before the waiter looks', async () => {
  const [q, c] = [newWaitQueueHead(), newCompletion()];
  const controller = new AbortController();
  let flag = false;
  const { signal: both } = controller;
  const task = await kthreadRun(async () => {
    const results = await Promise.all([waitEventInterruptibleExclusive(q, () => flag, { signal: both }), waitForCompletionInterruptible(c, { signal: both })]);
    return results.every((result) => result === 0) ? 1 : 2;
  }, undefined, 'both');
  await until(() => borrowed() === 1);
  flag = true;
  complete(c);
  wakeUp(q);
  controller.abort();
  expect(await end(task)).toBe(1);
});

test('a lock that a wait dropped is held again when the signal is thrown', async () => {
  const q = newWaitQueueHead();
  const lock = declareSpinlock(import.meta, 'dropped');
  const controller = new AbortController();
  const task = await kthreadRun(async () => {
    spinLock(lock);
    try {
      await waitEventLockIrq(q, () => false, lock, { signal: controller.signal });
      return 3;
    } catch {
      return spinIsLocked(lock) ? 1 : 2;
    } finally {
      spinUnlock(lock);
    }
  }, undefined, 'locked');
  await sleeps(task, 'D');
  expect(spinIsLocked(lock)).toBe(false);
  controller.abort();
  expect(await kthreadStop(task)).toBe(1);
});

test('kthreadStopSignal() as the signal of a wait: a stop ends even an uninterruptible one', async () => {
  const q = newWaitQueueHead();
  const task = await kthreadRun(async () => {
    const signal = kthreadStopSignal();
    await waitEvent(q, () => false, { signal }).catch(() => {});
    return signal.aborted ? 1 : 2;
  }, undefined, 'stopped');
  await sleeps(task, 'D');
  expect(await kthreadStop(task)).toBe(1);
});

// --- Several at a time --------------------------------------------------------------------------------------------

test('Promise.all of two waits: each is seen in ps, and both end', async () => {
  const [one, two] = [newCompletion(), newCompletion()];
  const task = await kthreadRun(async () => (await Promise.all([waitForCompletion(one), waitForCompletion(two)])).length, undefined, 'both');
  await sleeps(task, 'D');
  const waiting = snapshot().filter(({ comm }) => comm === 'both');
  expect(waiting.map(({ wchan, ppid }) => [wchan, ppid])).toEqual([['wait_for_completion', 2], ['wait_for_completion', 1]]);
  complete(two);
  await until(() => borrowed() === 0);
  expect(task.state).toBe('D');
  complete(one);
  expect(await kthreadStop(task)).toBe(2);
});

test('a stop and a signal reach all waits of a thread, and its conditions see the stop', async () => {
  const q = newWaitQueueHead();
  const three = (): Promise<number[]> => Promise.all([waitEventInterruptible(q, () => false), waitEventInterruptible(q, () => false), waitEventInterruptible(q, () => false)]);
  let seen = false;
  const signalled = await kthreadRun(async () => {
    allowSignal(SIGTERM);
    return (await three()).every((result) => result === -512) ? 1 : 2;
  }, undefined, 'signalled');
  await sleeps(signalled, 'S');
  await until(() => borrowed() === 2);
  sendSig(SIGTERM, signalled, true);
  expect(await end(signalled)).toBe(1);
  const stopped = await kthreadRun(async () => {
    await Promise.all([scheduleTimeoutInterruptible(60_000), waitEvent(q, () => (seen = kthreadShouldStop()))]);
    return 3;
  }, undefined, 'stopped');
  await until(() => borrowed() === 1);
  expect(await kthreadStop(stopped)).toBe(3);
  expect(seen).toBe(true);
});

// --- Left behind --------------------------------------------------------------------------------------------------

test('the loser of a race is reported with its trace when the thread ends, and is queued nowhere then', async () => {
  const q = newWaitQueueHead();
  let cleaned = false;
  const task = await kthreadRun(async () => {
    const loser = async (): Promise<void> => {
      await waitEvent(q, () => false);
      cleaned = true;
    };
    await Promise.race([loser(), msleep(1)]);
    await msleep(1); // In a task of its own, since the thread's sleeps in the loser.
    return 4;
  }, undefined, 'racer');
  const { pid } = task;
  expect(await end(task)).toBe(4);
  expect([waitqueueActive(q), borrowed(), cleaned]).toEqual([false, 0, false]);
  wakeUpAll(q);
  expect(dmesg({ time: 'none' }).join('\n')).toMatch(new RegExp(`WARNING: racer\\[${pid}\\] ended while it sleeps in wait_event: await that call[^]*Call Trace:\\n <TASK>\\n {2}(async )?loser `));
  expect(oopses).toEqual([]);
});

test('a missing await in a second wait is found too', async () => {
  const [q, c] = [newWaitQueueHead(), newCompletion()];
  const task = await kthreadRun(async () => {
    void waitEvent(q, () => false);
    void waitForCompletion(c);
    await msleep(1);
  }, undefined, 'forgetful');
  const { pid } = task;
  await end(task);
  const log = dmesg({ time: 'none' }).filter((line) => line.startsWith(`WARNING: forgetful[${pid}]`));
  expect(log.map((line) => /sleeps in (\w+)/.exec(line)![1])).toEqual(['wait_event', 'wait_for_completion']);
  expect([waitqueueActive(q), borrowed()]).toEqual([false, 0]);
  complete(c);
  expect(c.done).toBe(1);
});

test('after a lost race a signal of the loser is nobody\'s', async () => {
  const q = newWaitQueueHead();
  const controller = new AbortController();
  const task = await kthreadRun(async () => {
    void waitEvent(q, () => false, { signal: controller.signal });
  }, undefined, 'gone');
  await end(task);
  controller.abort();
  await pause(2);
  expect(load(task.addr)).toBeTypeOf('number');
});
