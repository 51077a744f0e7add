/**
 * What the threads of the wait queue tests do, in async and plain form. Each gets its queue as data and the address of
 * words that it shares with its test. It asserts nothing by itself.
 */
import { cas, fetchAdd, fetchOr, load, store } from '../../lib/atomic.js';
import { r32 } from '../../lib/memory.js';
import { behaviour } from '../kinds.fixture.js';
import { kthreadShouldStop } from '../kthread.js';
import type { SpinLock } from '../locking/spinlock.js';
import { spinIsLocked, spinLock, spinUnlock } from '../locking/spinlock.js';
import { getCurrentState, msleep, msleepSync, setCurrentState } from '../time/sleep.js';
import { schedule, scheduleSync } from './core.js';
import { current } from './handle.js';
import { TASK, TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './task.js';
import {
  addWaitQueue, autoremoveWakeFunction, defineWait, defineWaitFunc, finishWait, prepareToWait, prepareToWaitExclusive, removeWaitQueue, waitWoken, waitWokenSync, waitqueueActive, wakeUp, wakeUpAll, wakeUpInterruptible, wokenWakeFunction,
  type WaitEntry, type WaitQueueHead,
} from './wait.js';
import * as family from './wait_event.js';

/** Words of a test: looks at the condition, what it looks at, how many passed, how often the last one slept, what a thread noted, and who passed, in order. */
export const CHECKS = 0, FLAG = 4, PASSED = 8, SLEPT = 12, SEEN = 16, ORDER = 20, WORDS = 32;

/** The forms of wait_event without a timeout, and those with one. */
export type Untimed = 'waitEvent' | 'waitEventInterruptible' | 'waitEventInterruptibleExclusive' | 'waitEventKillable' | 'waitEventKillableExclusive' | 'waitEventIdle' | 'waitEventIdleExclusive' | 'ioWaitEvent';
export type Timed =
  | 'waitEventTimeout' | 'waitEventInterruptibleTimeout' | 'waitEventKillableTimeout' | 'waitEventIdleTimeout' | 'waitEventIdleExclusiveTimeout' | 'waitEventHrtimeout' | 'waitEventInterruptibleHrtimeout';
/** The letter that ps shows for a waiter. */
export const UNTIMED: Readonly<Record<Untimed, string>> = {
  waitEvent: 'D', waitEventInterruptible: 'S', waitEventInterruptibleExclusive: 'S', waitEventKillable: 'D', waitEventKillableExclusive: 'D', waitEventIdle: 'I', waitEventIdleExclusive: 'I', ioWaitEvent: 'D',
};
export const TIMED: readonly Timed[] = [
  'waitEventTimeout', 'waitEventInterruptibleTimeout', 'waitEventKillableTimeout', 'waitEventIdleTimeout', 'waitEventIdleExclusiveTimeout', 'waitEventHrtimeout', 'waitEventInterruptibleHrtimeout',
];

export interface Waits {
  readonly q: WaitQueueHead;
  readonly at: number;
}

/** By name, which is data that a test sends. */
const FORMS: Omit<typeof family, 'waitEventState'> = { ...family };

const slept = (): number => r32(current().addr + TASK.nvcsw);

/** Waits until FLAG is set, with CHECKS counted, and returns what that gave, 0 for nothing. */
export const waiter = behaviour<Waits & { form: Untimed; id?: number }>(import.meta, 'waiter', async ({ q, at, form, id = 0 }) => {
  const before = slept();
  const result = await FORMS[form](q, () => look(at));
  return passed(at, id, slept() - before, result ?? 0);
}, ({ q, at, form, id = 0 }) => {
  const before = slept();
  const result = FORMS[`${form}Sync`](q, () => look(at));
  return passed(at, id, slept() - before, result ?? 0);
});

function look(at: number): boolean {
  fetchAdd(at + CHECKS, 1);
  return load(at + FLAG) !== 0;
}

function passed(at: number, id: number, sleeps: number, result: number): number {
  store(at + SLEPT, sleeps);
  store(at + ORDER + fetchAdd(at + PASSED, 1) * 4, id);
  return result;
}

/** As waiter, for `timeout` jiffies or microseconds at most. */
export const timedWaiter = behaviour<Waits & { form: Timed; timeout: number }>(import.meta, 'timedWaiter', async ({ q, at, form, timeout }) => {
  const before = slept();
  const result = await FORMS[form](q, () => look(at), timeout);
  return passed(at, 0, slept() - before, result);
}, ({ q, at, form, timeout }) => {
  const before = slept();
  const result = FORMS[`${form}Sync`](q, () => look(at), timeout);
  return passed(at, 0, slept() - before, result);
});

/** Waits as an exclusive waiter until it gets one of FLAG's tokens. */
export const taker = behaviour<Waits & { id: number }>(import.meta, 'taker', async ({ q, at, id }) => {
  const result = await family.waitEventInterruptibleExclusive(q, () => take(at));
  return result === 0 ? passed(at, id, 0, 0) : result;
}, ({ q, at, id }) => {
  const result = family.waitEventInterruptibleExclusiveSync(q, () => take(at));
  return result === 0 ? passed(at, id, 0, 0) : result;
});

function take(at: number): boolean {
  fetchAdd(at + CHECKS, 1);
  for (;;) {
    const tokens = load(at + FLAG);
    if (tokens === 0) return false;
    if (cas(at + FLAG, tokens, tokens - 1) === tokens) return true;
  }
}

/** Queues itself by hand, once, in the state given; says so in SEEN; notes when it was woken. */
export const sleeper = behaviour<Waits & { id: number; exclusive: boolean; state?: number }>(import.meta, 'sleeper', async ({ q, at, id, exclusive, state = TASK_INTERRUPTIBLE }) => {
  const wait = defineWait();
  (exclusive ? prepareToWaitExclusive : prepareToWait)(q, wait, state);
  fetchAdd(at + SEEN, 1);
  await schedule();
  finishWait(q, wait);
  return passed(at, id, 0, id);
}, ({ q, at, id, exclusive, state = TASK_INTERRUPTIBLE }) => {
  const wait = defineWait();
  (exclusive ? prepareToWaitExclusive : prepareToWait)(q, wait, state);
  fetchAdd(at + SEEN, 1);
  scheduleSync();
  finishWait(q, wait);
  return passed(at, id, 0, id);
});

/** Ways to wake, by name. */
export const WAKES = Object.freeze({ wakeUp, wakeUpAll, wakeUpInterruptible });

/** Adds `flag` to FLAG and wakes, `times` times. */
export const waker = behaviour<Waits & { call: keyof typeof WAKES; flag: number }>(import.meta, 'waker', async ({ q, at, call, flag }) => {
  fetchAdd(at + FLAG, flag);
  WAKES[call](q);
}, ({ q, at, call, flag }) => {
  fetchAdd(at + FLAG, flag);
  WAKES[call](q);
});

/** Waits with the lock held, and notes in SEEN (1 each) that it was free at a sleep, held at each test, and held on return. */
export const lockWaiter = behaviour<Waits & { lock: SpinLock }>(import.meta, 'lockWaiter', async ({ q, at, lock }) => {
  spinLock(lock);
  await family.waitEventLockIrqCmd(q, () => lookLocked(at, lock), lock, () => noteFree(at, lock));
  return lockedEnd(at, lock);
}, ({ q, at, lock }) => {
  spinLock(lock);
  family.waitEventLockIrqCmdSync(q, () => lookLocked(at, lock), lock, () => noteFree(at, lock));
  return lockedEnd(at, lock);
});

const HELD_AT_TEST = 1, FREE_AT_SLEEP = 2, HELD_AT_END = 4, FREE_AT_TEST = 8;
export const LOCKED_WELL = HELD_AT_TEST | FREE_AT_SLEEP | HELD_AT_END;

function lookLocked(at: number, lock: SpinLock): boolean {
  fetchOr(at + SEEN, spinIsLocked(lock) ? HELD_AT_TEST : FREE_AT_TEST);
  return look(at);
}

function noteFree(at: number, lock: SpinLock): void {
  if (!spinIsLocked(lock)) fetchOr(at + SEEN, FREE_AT_SLEEP);
}

function lockedEnd(at: number, lock: SpinLock): number {
  if (spinIsLocked(lock)) fetchOr(at + SEEN, HELD_AT_END);
  spinUnlock(lock);
  return load(at + SEEN);
}

/** Waits interruptibly with the queue's own lock held; its waker uses wakeUpLocked. */
export const lockedWaiter = behaviour<Waits>(import.meta, 'lockedWaiter', async ({ q, at }) => {
  const { lock } = q;
  lock.lock();
  const result = await family.waitEventInterruptibleLocked(q, () => look(at));
  lock.unlock();
  return result;
}, ({ q, at }) => {
  const { lock } = q;
  lock.lock();
  const result = family.waitEventInterruptibleLockedSync(q, () => look(at));
  lock.unlock();
  return result;
});

/** Waits with a command on each side of each sleep: SEEN counts them, by 1 before and by 100 after. */
export const cmdWaiter = behaviour<Waits>(import.meta, 'cmdWaiter', async ({ q, at }) => {
  await family.waitEventCmd(q, () => look(at), () => fetchAdd(at + SEEN, 1), () => fetchAdd(at + SEEN, 100));
}, ({ q, at }) => {
  family.waitEventCmdSync(q, () => look(at), () => fetchAdd(at + SEEN, 1), () => fetchAdd(at + SEEN, 100));
});

/** Throws out of the second look at its condition. */
export const thrower = behaviour<Waits & { exclusive: boolean }>(import.meta, 'thrower', async ({ q, at, exclusive }) => {
  await (exclusive ? family.waitEventInterruptibleExclusive : family.waitEventInterruptible)(q, () => lookOrThrow(at));
}, ({ q, at, exclusive }) => {
  (exclusive ? family.waitEventInterruptibleExclusiveSync : family.waitEventInterruptibleSync)(q, () => lookOrThrow(at));
});

function lookOrThrow(at: number): boolean {
  if (load(at + FLAG) !== 0) throw new RangeError('the condition broke');
  return look(at);
}

/** Takes turns with another one: each waits until FLAG names its side. Runs on until it is asked to stop. */
export const pingpong = behaviour<{ mine: WaitQueueHead; other: WaitQueueHead; at: number; side: 0 | 1; rounds: number }>(import.meta, 'pingpong', async ({ mine, other, at, side, rounds }) => {
  for (let i = 0; i < rounds; i++) {
    await family.waitEvent(mine, () => load(at + FLAG) === side);
    store(at + ORDER, load(at + ORDER) + 1);
    store(at + FLAG, 1 - side);
    wakeUp(other);
  }
  await family.waitEventInterruptible(mine, kthreadShouldStop);
  return rounds;
}, ({ mine, other, at, side, rounds }) => {
  for (let i = 0; i < rounds; i++) {
    family.waitEventSync(mine, () => load(at + FLAG) === side);
    store(at + ORDER, load(at + ORDER) + 1);
    store(at + FLAG, 1 - side);
    wakeUp(other);
  }
  family.waitEventInterruptibleSync(mine, kthreadShouldStop);
  return rounds;
});

/** One of the consumers of a storm: takes tokens as an exclusive waiter and lets the producer know of each. Returns how many. */
export const consumer = behaviour<{ q: WaitQueueHead; back: WaitQueueHead; at: number }>(import.meta, 'consumer', async ({ q, back, at }) => {
  let taken = 0;
  while ((await family.waitEventInterruptibleExclusive(q, () => take(at))) === 0) {
    taken++;
    fetchAdd(at + PASSED, 1);
    wakeUp(back);
  }
  return taken;
}, ({ q, back, at }) => {
  let taken = 0;
  while (family.waitEventInterruptibleExclusiveSync(q, () => take(at)) === 0) {
    taken++;
    fetchAdd(at + PASSED, 1);
    wakeUp(back);
  }
  return taken;
});

/** Sets the flag, wakes, and waits until it was consumed, `rounds` times. A wake-up that is missed leaves it here for ever. */
export const producer = behaviour<{ q: WaitQueueHead; back: WaitQueueHead; at: number; rounds: number }>(import.meta, 'producer', async ({ q, back, at, rounds }) => {
  for (let i = 1; i <= rounds; i++) {
    fetchAdd(at + FLAG, 1);
    wakeUp(q);
    await family.waitEvent(back, () => load(at + PASSED) === i);
  }
}, ({ q, back, at, rounds }) => {
  for (let i = 1; i <= rounds; i++) {
    fetchAdd(at + FLAG, 1);
    wakeUp(q);
    family.waitEventSync(back, () => load(at + PASSED) === i);
  }
});

/** One moment of a thread that waits by hand, as digits: queue active, entry queued, state RUNNING, state word. Leaves it RUNNING. */
function moment(q: WaitQueueHead, wait: WaitEntry): number {
  const state = getCurrentState();
  const seen = Number(waitqueueActive(q)) * 1000 + Number(wait.queued) * 100 + Number(state === TASK_RUNNING) * 10 + state;
  setCurrentState(TASK_RUNNING);
  return seen;
}

/** Queue, entry and state at every step of waiting by hand, written to ORDER and on; SEEN counts them. */
function* stepsByHand(q: WaitQueueHead, at: number): Generator<void, void> {
  const wait = defineWait();
  const note = (): void => store(at + ORDER + fetchAdd(at + SEEN, 1) * 4, moment(q, wait));
  note();
  prepareToWait(q, wait, TASK_INTERRUPTIBLE);
  note();
  prepareToWait(q, wait, TASK_UNINTERRUPTIBLE);
  note();
  finishWait(q, wait);
  note();
  prepareToWait(q, wait, TASK_INTERRUPTIBLE);
  wakeUp(q);
  note();
  yield;
  finishWait(q, wait);
  note();
  prepareToWait(q, wait, TASK_INTERRUPTIBLE);
  store(at + FLAG, 1);
  yield;
  note();
  finishWait(q, wait);
}

export const byHand = behaviour<Waits>(import.meta, 'byHand', async ({ q, at }) => {
  for (const _ of stepsByHand(q, at)) await schedule();
}, ({ q, at }) => {
  for (const _ of stepsByHand(q, at)) scheduleSync();
});

/** Sleeps with a wake function of its own: CHECKS counts its calls, SEEN is the key, FLAG lets it wake. */
function guarded(at: number): WaitEntry {
  return defineWaitFunc((entry, mode, flags, key) => {
    fetchAdd(at + CHECKS, 1);
    store(at + SEEN, key);
    return load(at + FLAG) === 0 ? 0 : autoremoveWakeFunction(entry, mode, flags, key);
  });
}

export const guardedSleeper = behaviour<Waits>(import.meta, 'guardedSleeper', async ({ q, at }) => {
  const wait = guarded(at);
  prepareToWait(q, wait, TASK_INTERRUPTIBLE);
  await schedule();
  finishWait(q, wait);
  return 5;
}, ({ q, at }) => {
  const wait = guarded(at);
  prepareToWait(q, wait, TASK_INTERRUPTIBLE);
  scheduleSync();
  finishWait(q, wait);
  return 5;
});

/** Waits with waitWoken for FLAG to grow to `rounds`, once each; SEEN counts the rounds, SLEPT the sleeps. Returns the jiffies left the last time. */
export const wokenWaiter = behaviour<Waits & { rounds: number; timeout: number }>(import.meta, 'wokenWaiter', async ({ q, at, rounds, timeout }) => {
  const [wait, before] = [defineWaitFunc(wokenWakeFunction), slept()];
  let left = 0;
  addWaitQueue(q, wait);
  while (load(at + SEEN) < rounds && !kthreadShouldStop()) {
    await msleep(load(at + CHECKS)); // So that the wake-up comes before the sleep.
    left = await waitWoken(wait, TASK_INTERRUPTIBLE, timeout);
    store(at + SLEPT, slept() - before);
    fetchAdd(at + SEEN, 1);
  }
  removeWaitQueue(q, wait);
  return left;
}, ({ q, at, rounds, timeout }) => {
  const [wait, before] = [defineWaitFunc(wokenWakeFunction), slept()];
  let left = 0;
  addWaitQueue(q, wait);
  while (load(at + SEEN) < rounds && !kthreadShouldStop()) {
    msleepSync(load(at + CHECKS));
    left = waitWokenSync(wait, TASK_INTERRUPTIBLE, timeout);
    store(at + SLEPT, slept() - before);
    fetchAdd(at + SEEN, 1);
  }
  removeWaitQueue(q, wait);
  return left;
});

/** Ends with an entry in the queue. */
export const litterer = behaviour<Waits>(import.meta, 'litterer', async ({ q }) => {
  prepareToWait(q, defineWait(), TASK_RUNNING);
}, ({ q }) => {
  prepareToWait(q, defineWait(), TASK_RUNNING);
});
