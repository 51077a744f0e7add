/**
 * What the threads of the tests of simple queues, bits, words and completions do, in async and plain form. It asserts
 * nothing by itself.
 */
import { fetchAdd, fetchOr, load, store } from '../../lib/atomic.js';
import { r32, w32 } from '../../lib/memory.js';
import { behaviour } from '../kinds.fixture.js';
import { kthreadShouldStop } from '../kthread.js';
import { completeAndExit, kthreadCompleteAndExit } from '../exit.js';
import { scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync } from '../time/sleep.js';
import * as completion from './completion.js';
import { complete, completeAll, newCompletion, type Completion } from './completion.js';
import { condResched } from './core.js';
import { current } from './handle.js';
import { swaitEventInterruptibleExclusive, swaitEventInterruptibleExclusiveSync, type SwaitQueueHead } from './swait.js';
import { TASK } from './task.js';
import { atomicDecAndWakeUp, clearAndWakeUpBit, waitOnBit, waitOnBitLock, waitOnBitLockSync, waitOnBitSync, waitVarEvent, waitVarEventInterruptible, waitVarEventInterruptibleSync, waitVarEventSync } from './wait_bit.js';

/** Words of a test: what is waited for, how often that was looked at, who passed, how often the last one slept, and who, in order. */
export const FLAG = 0, CHECKS = 4, PASSED = 8, SLEPT = 12, ORDER = 16, WORDS = 32;

const slept = (): number => r32(current().addr + TASK.nvcsw);

function passed(at: number, id: number, result: number): number {
  store(at + ORDER + fetchAdd(at + PASSED, 1) * 4, id);
  return result;
}

function look(at: number): boolean {
  fetchAdd(at + CHECKS, 1);
  return load(at + FLAG) !== 0;
}

/** Waits in a simple queue until FLAG is set. */
export const swaiter = behaviour<{ q: SwaitQueueHead; at: number; id: number }>(import.meta, 'swaiter', async ({ q, at, id }) => passed(at, id, await swaitEventInterruptibleExclusive(q, () => look(at))),
  ({ q, at, id }) => passed(at, id, swaitEventInterruptibleExclusiveSync(q, () => look(at))));

/** Waits until a bit is clear. */
export const bitWaiter = behaviour<{ at: number; bit: number; mode: number }>(import.meta, 'bitWaiter', async ({ at, bit, mode }) => passed(at, 0, await waitOnBit(at + FLAG, bit, mode)),
  ({ at, bit, mode }) => passed(at, 0, waitOnBitSync(at + FLAG, bit, mode)));

/** Takes a bit as a lock, `rounds` times, and counts strangers who are in there too in ORDER. */
export const bitLocker = behaviour<{ at: number; bit: number; mode: number; rounds: number }>(import.meta, 'bitLocker', async ({ at, bit, mode, rounds }) => {
  for (let i = 0; i < rounds; i++) {
    if (await waitOnBitLock(at + FLAG, bit, mode)) return i;
    inside(at, bit);
  }
  return rounds;
}, ({ at, bit, mode, rounds }) => {
  for (let i = 0; i < rounds; i++) {
    if (waitOnBitLockSync(at + FLAG, bit, mode)) return i;
    inside(at, bit);
  }
  return rounds;
});

function inside(at: number, bit: number): void {
  w32(at + PASSED, r32(at + PASSED) + 1); // Plain: a second one inside would lose a count.
  clearAndWakeUpBit(bit, at + FLAG);
}

/** Waits for a word to become 0. */
export const varWaiter = behaviour<{ at: number; interruptible: boolean }>(import.meta, 'varWaiter', async ({ at, interruptible }) => {
  const isZero = (): boolean => (fetchAdd(at + CHECKS, 1), load(at + FLAG) === 0);
  return passed(at, 0, (await (interruptible ? waitVarEventInterruptible : waitVarEvent)(at + FLAG, isZero)) ?? 0);
}, ({ at, interruptible }) => {
  const isZero = (): boolean => (fetchAdd(at + CHECKS, 1), load(at + FLAG) === 0);
  return passed(at, 0, (interruptible ? waitVarEventInterruptibleSync : waitVarEventSync)(at + FLAG, isZero) ?? 0);
});

/** Takes one from the word; whether it was the last. */
export const decrementer = behaviour<{ at: number }>(import.meta, 'decrementer', async ({ at }) => Number(atomicDecAndWakeUp(at + FLAG)), ({ at }) => Number(atomicDecAndWakeUp(at + FLAG)));

// --- Completions --------------------------------------------------------------------------------------------------

export type Plain = 'waitForCompletion' | 'waitForCompletionIo' | 'waitForCompletionInterruptible' | 'waitForCompletionKillable';
export type Timed = 'waitForCompletionTimeout' | 'waitForCompletionIoTimeout' | 'waitForCompletionInterruptibleTimeout' | 'waitForCompletionKillableTimeout';
/** The letter that ps shows for a waiter. */
export const PLAIN_FORMS: Readonly<Record<Plain, string>> = { waitForCompletion: 'D', waitForCompletionIo: 'D', waitForCompletionInterruptible: 'S', waitForCompletionKillable: 'D' };
export const TIMED_FORMS: readonly Timed[] = ['waitForCompletionTimeout', 'waitForCompletionIoTimeout', 'waitForCompletionInterruptibleTimeout', 'waitForCompletionKillableTimeout'];

/** By name, which is data that a test sends. */
const FORMS: Omit<typeof completion, 'waitForCompletionState'> = { ...completion };

/** Waits for `c` once. */
export const compWaiter = behaviour<{ c: Completion; at: number; form: Plain; id?: number }>(import.meta, 'compWaiter', async ({ c, at, form, id = 0 }) => {
  const before = slept();
  const result = await FORMS[form](c);
  store(at + SLEPT, slept() - before);
  return passed(at, id, result ?? 0);
}, ({ c, at, form, id = 0 }) => {
  const before = slept();
  const result = FORMS[`${form}Sync`](c);
  store(at + SLEPT, slept() - before);
  return passed(at, id, result ?? 0);
});

/** Waits for `c` for `timeout` jiffies at most. */
export const timedCompWaiter = behaviour<{ c: Completion; at: number; form: Timed; timeout: number }>(import.meta, 'timedCompWaiter', async ({ c, at, form, timeout }) => {
  const before = slept();
  const result = await FORMS[form](c, timeout);
  store(at + SLEPT, slept() - before);
  return passed(at, 0, result);
}, ({ c, at, form, timeout }) => {
  const before = slept();
  const result = FORMS[`${form}Sync`](c, timeout);
  store(at + SLEPT, slept() - before);
  return passed(at, 0, result);
});

/** Completes `c`, once or for all. */
export const completer = behaviour<{ c: Completion; all: boolean }>(import.meta, 'completer', async ({ c, all }) => (all ? completeAll : complete)(c), ({ c, all }) => (all ? completeAll : complete)(c));

/** One side of a storm: fills words, completes the other side's, and waits for its own. Returns how often it read something stale. */
export const trader = behaviour<{ mine: Completion; other: Completion; at: number; rounds: number; first: boolean }>(import.meta, 'trader', async ({ mine, other, at, rounds, first }) => {
  let stale = 0;
  for (let i = 1; i <= rounds; i++) {
    if (!first || i > 1) await FORMS.waitForCompletion(mine);
    stale += trade(at, first ? 2 * i - 1 : 2 * i);
    complete(other);
  }
  return stale;
}, ({ mine, other, at, rounds, first }) => {
  let stale = 0;
  for (let i = 1; i <= rounds; i++) {
    if (!first || i > 1) FORMS.waitForCompletionSync(mine);
    stale += trade(at, first ? 2 * i - 1 : 2 * i);
    complete(other);
  }
  return stale;
});

const GOODS = 4;

/** All words must be what the other side wrote last; then they are ours. Plain reads and writes: the completion orders them. */
function trade(at: number, turn: number): number {
  let stale = 0;
  for (let i = 0; i < GOODS; i++) {
    if (r32(at + ORDER + i * 4) !== turn - 1) stale = 1;
    w32(at + ORDER + i * 4, turn);
  }
  return stale;
}

/** Sends a completion of its own to the other side, waits for it, and takes it away at once, `rounds` times. */
export const disposer = behaviour<{ at: number; rounds: number; go: Completion; back: Completion }>(import.meta, 'disposer', async ({ at, rounds, go }) => {
  for (let i = 0; i < rounds; i++) {
    using own = newCompletion();
    store(at + FLAG, own.addr);
    complete(go);
    await FORMS.waitForCompletion(own);
  }
}, ({ at, rounds, go }) => {
  for (let i = 0; i < rounds; i++) {
    using own = newCompletion();
    store(at + FLAG, own.addr);
    complete(go);
    FORMS.waitForCompletionSync(own);
  }
});

/** Completes what the disposer sends. */
export const stranger = behaviour<{ at: number; rounds: number; go: Completion }>(import.meta, 'stranger', async ({ at, rounds, go }) => {
  for (let i = 0; i < rounds; i++) {
    await FORMS.waitForCompletion(go);
    complete(new completion.Completion(load(at + FLAG)));
  }
}, ({ at, rounds, go }) => {
  for (let i = 0; i < rounds; i++) {
    FORMS.waitForCompletionSync(go);
    complete(new completion.Completion(load(at + FLAG)));
  }
});

/** Leaves by kthreadCompleteAndExit in the middle of its work, or by its old name; FLAG shows that its finally ran, CHECKS that more did. */
export const leaver = behaviour<{ done: Completion | null; at: number; value: number; old: boolean }>(import.meta, 'leaver', async ({ done, at, value, old }) => {
  try {
    (old ? completeAndExit : kthreadCompleteAndExit)(done, value);
    fetchAdd(at + CHECKS, 1);
  } finally {
    fetchOr(at + FLAG, 1);
  }
}, ({ done, at, value, old }) => {
  try {
    (old ? completeAndExit : kthreadCompleteAndExit)(done, value);
    fetchAdd(at + CHECKS, 1);
  } finally {
    fetchOr(at + FLAG, 1);
  }
});

/** Completes `done` so often, without waiting for anybody. */
export const source = behaviour<{ done: Completion; rounds: number }>(import.meta, 'source', async ({ done, rounds }) => {
  for (let i = 0; i < rounds; i++) {
    complete(done);
    if (i % 64 === 0) await condResched();
  }
  return rounds;
}, ({ done, rounds }) => {
  for (let i = 0; i < rounds; i++) complete(done);
  return rounds;
});

/** Waits so often, and says how often it did. */
export const sink = behaviour<{ done: Completion; rounds: number }>(import.meta, 'sink', async ({ done, rounds }) => {
  let passed = 0;
  for (; passed < rounds; passed++) await FORMS.waitForCompletion(done);
  return passed;
}, ({ done, rounds }) => {
  let passed = 0;
  for (; passed < rounds; passed++) FORMS.waitForCompletionSync(done);
  return passed;
});

/** Runs until it is asked to stop. */
export const idler = behaviour<undefined>(import.meta, 'idler', async () => {
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(1000);
}, () => {
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(1000);
});
