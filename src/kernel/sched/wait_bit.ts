/**
 * Waiting for a bit or a word without a wait queue of its own: all such waiters stand in a few hundred queues, chosen by the
 * address, and each is woken for its own word only. For flags in a table, where a queue each would be a waste.
 */
import { EAGAIN, EINTR, EINVAL, KernelError } from '../../lib/errno.js';
import { fetchAdd, fetchAnd, fetchOr, load } from '../../lib/atomic.js';
import { WAIT_TABLE_AT } from '../memlayout.js';
import { WAIT_TABLE_SIZE } from '../param.js';
import { wordAddress, type KernelWord } from '../shared.js';
import type { WaitOptions } from './core.js';
import { form, jiffiesLeft, nothing, wait, waitSync, zeroOr, type Form, type Waiting } from './forms.js';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_NORMAL, TASK_UNINTERRUPTIBLE } from './task.js';
import { ___waitEvent, holds, type Condition } from './wait_event.js';
import { WAIT_QUEUE_HEAD, WQ_FLAG_EXCLUSIVE, initQueue, wakeQueue } from './wait_queue.js';

/** Who boots lays the table. */
export function initWaitTable(): void {
  for (let i = 0; i < WAIT_TABLE_SIZE; i++) initQueue(WAIT_TABLE_AT + i * WAIT_QUEUE_HEAD.sizeof);
}

/** As a bit: the whole word. */
const WORD = -1;

const queueFor = (key: number, bit: number): number => WAIT_TABLE_AT + ((Math.imul((key >> 2) + bit * 0x10001, 0x61c88647) >>> 16) % WAIT_TABLE_SIZE) * WAIT_QUEUE_HEAD.sizeof;

/** The queue of who waits for the word at `key`, for C, whose loop is its own: who waits there without a key is woken with the others. C: __var_waitqueue. */
export const waitQueueOf = (key: number): number => queueFor(key, WORD);

const wake = (key: number, bit: number): void => wakeQueue(queueFor(key, bit), { mode: TASK_NORMAL, nr: 1, key, bit });

const waiting = (how: Form<unknown>, key: number, bit: number, condition: Condition, state = how.state): Waiting => ({
  test: () => holds(how.name, condition),
  start: (task, deadline) => ___waitEvent(task, queueFor(key, bit), how, condition, deadline, { state, word: { key, bit } }),
});

// --- Bits ---------------------------------------------------------------------------------------------------------

function maskOf(call: string, bit: number): number {
  if (!Number.isInteger(bit) || bit < 0 || bit > 31) throw new KernelError(-EINVAL, `${call}: a word has bits 0 to 31, not ${bit}`);
  return 1 << bit;
}

const zeroOrIntr = (left: number): 0 | -4 => (left > 0 ? 0 : (-EINTR as -4));
const zeroAgainOrIntr = (left: number): 0 | -11 | -4 => (left === 0 ? (-EAGAIN as -11) : zeroOrIntr(left));
const BIT = form('waitOnBit', TASK_UNINTERRUPTIBLE, zeroOrIntr);
const BIT_IO = form('waitOnBitIo', TASK_UNINTERRUPTIBLE, zeroOrIntr);
const BIT_TIMEOUT = form('waitOnBitTimeout', TASK_UNINTERRUPTIBLE, zeroAgainOrIntr);
const BIT_LOCK = form('waitOnBitLock', TASK_UNINTERRUPTIBLE, zeroOrIntr, WQ_FLAG_EXCLUSIVE);

function untilClear(how: Form<unknown>, word: KernelWord, bit: number, mode: number): Waiting {
  const key = wordAddress(how.name, word);
  const mask = maskOf(how.name, bit);
  return waiting(how, key, bit, () => (load(key) & mask) === 0, mode);
}

function untilSet(word: KernelWord, bit: number, mode: number): Waiting {
  const key = wordAddress(BIT_LOCK.name, word);
  const mask = maskOf(BIT_LOCK.name, bit);
  return waiting(BIT_LOCK, key, bit, () => (fetchOr(key, mask) & mask) === 0, mode);
}

/** Sleeps in `mode` (TASK_*) until `bit` (0 to 31) of `word` is clear. Returns 0, or -4 (-EINTR) on a signal that `mode` allows. EINVAL for a word that is not in kernel memory. C: wait_on_bit. */
export const waitOnBit = async (word: KernelWord, bit: number, mode: number, opt?: WaitOptions): Promise<0 | -4> => wait(BIT, untilClear(BIT, word, bit, mode), undefined, opt);
/** For plain threads; as waitOnBit. */
export const waitOnBitSync = (word: KernelWord, bit: number, mode: number): 0 | -4 => waitSync(BIT, untilClear(BIT, word, bit, mode));
/** As waitOnBit, for what a device does. C: wait_on_bit_io. */
export const waitOnBitIo = async (word: KernelWord, bit: number, mode: number, opt?: WaitOptions): Promise<0 | -4> => wait(BIT_IO, untilClear(BIT_IO, word, bit, mode), undefined, opt);
/** For plain threads; as waitOnBitIo. */
export const waitOnBitIoSync = (word: KernelWord, bit: number, mode: number): 0 | -4 => waitSync(BIT_IO, untilClear(BIT_IO, word, bit, mode));
/** As waitOnBit, `timeout` jiffies at most; then -11 (-EAGAIN). C: wait_on_bit_timeout. */
export const waitOnBitTimeout = async (word: KernelWord, bit: number, mode: number, timeout: number, opt?: WaitOptions): Promise<0 | -11 | -4> => wait(BIT_TIMEOUT, untilClear(BIT_TIMEOUT, word, bit, mode), timeout, opt);
/** For plain threads; as waitOnBitTimeout. */
export const waitOnBitTimeoutSync = (word: KernelWord, bit: number, mode: number, timeout: number): 0 | -11 | -4 => waitSync(BIT_TIMEOUT, untilClear(BIT_TIMEOUT, word, bit, mode), timeout);
/** Sleeps in `mode` until `bit` of `word` is clear and sets it: who returns with 0 is the one who did. -4 (-EINTR) on a signal. C: wait_on_bit_lock. */
export const waitOnBitLock = async (word: KernelWord, bit: number, mode: number, opt?: WaitOptions): Promise<0 | -4> => wait(BIT_LOCK, untilSet(word, bit, mode), undefined, opt);
/** For plain threads; as waitOnBitLock. */
export const waitOnBitLockSync = (word: KernelWord, bit: number, mode: number): 0 | -4 => waitSync(BIT_LOCK, untilSet(word, bit, mode));

/** Wakes who waits for `bit` of `word`, if it is clear: all that wait for it, one of those that want to set it. Never sleeps. C: wake_up_bit. */
export function wakeUpBit(word: KernelWord, bit: number): void {
  maskOf('wakeUpBit', bit);
  wake(wordAddress('wakeUpBit', word), bit);
}

/** Clears `bit` of `word`, then wakeUpBit. C: clear_and_wake_up_bit. */
export const clearAndWakeUpBit = (bit: number, word: KernelWord): void => void testAndClearWakeUpBit(bit, word, true);

/** Clears `bit` of `word` and, if it was set, wakes who waits for it. Returns whether it was. C: test_and_clear_wake_up_bit. */
export function testAndClearWakeUpBit(bit: number, word: KernelWord, always = false): boolean {
  const mask = maskOf('testAndClearWakeUpBit', bit);
  const at = wordAddress('testAndClearWakeUpBit', word);
  const was = (fetchAnd(at, ~mask) & mask) !== 0;
  if (was || always) wake(at, bit);
  return was;
}

// --- Words --------------------------------------------------------------------------------------------------------

const VAR = form('waitVarEvent', TASK_UNINTERRUPTIBLE, nothing);
const VAR_TIMEOUT = form('waitVarEventTimeout', TASK_UNINTERRUPTIBLE, jiffiesLeft);
const VAR_KILLABLE = form('waitVarEventKillable', TASK_KILLABLE, zeroOr);
const VAR_INTERRUPTIBLE = form('waitVarEventInterruptible', TASK_INTERRUPTIBLE, zeroOr);

const onWord = (how: Form<unknown>, word: KernelWord, condition: Condition): Waiting => waiting(how, wordAddress(how.name, word), WORD, condition);
const plain = <R>(how: Form<R>) => async (word: KernelWord, condition: Condition, opt?: WaitOptions): Promise<R> => wait(how, onWord(how, word, condition), undefined, opt);
const plainSync = <R>(how: Form<R>) => (word: KernelWord, condition: Condition): R => waitSync(how, onWord(how, word, condition));

/** Sleeps in D until `condition()` holds; looks after each wakeUpVar of `word`, which is an address and need not be what it looks at. EINVAL for a word that is not in kernel memory. C: wait_var_event. */
export const waitVarEvent = plain(VAR);
/** For plain threads; as waitVarEvent. */
export const waitVarEventSync = plainSync(VAR);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1, or 0 if time ran out. C: wait_var_event_timeout. */
export const waitVarEventTimeout = async (word: KernelWord, condition: Condition, timeout: number, opt?: WaitOptions): Promise<number> => wait(VAR_TIMEOUT, onWord(VAR_TIMEOUT, word, condition), timeout, opt);
/** For plain threads; as waitVarEventTimeout. */
export const waitVarEventTimeoutSync = (word: KernelWord, condition: Condition, timeout: number): number => waitSync(VAR_TIMEOUT, onWord(VAR_TIMEOUT, word, condition), timeout);
/** As waitVarEvent; returns 0, or -512 (-ERESTARTSYS) on SIGKILL, if allowed. C: wait_var_event_killable. */
export const waitVarEventKillable = plain(VAR_KILLABLE);
/** For plain threads; as waitVarEventKillable. */
export const waitVarEventKillableSync = plainSync(VAR_KILLABLE);
/** As waitVarEvent in S; returns 0, or -512 (-ERESTARTSYS) on a signal or a stop. C: wait_var_event_interruptible. */
export const waitVarEventInterruptible = plain(VAR_INTERRUPTIBLE);
/** For plain threads; as waitVarEventInterruptible. */
export const waitVarEventInterruptibleSync = plainSync(VAR_INTERRUPTIBLE);

/** Makes who waits for `word` look again. Never sleeps. C: wake_up_var. */
export const wakeUpVar = (word: KernelWord): void => wake(wordAddress('wakeUpVar', word), WORD);

/** Takes one from `word`; if that makes it 0, wakes who waits for it and returns true. C: atomic_dec_and_wake_up. */
export function atomicDecAndWakeUp(word: KernelWord): boolean {
  const at = wordAddress('atomicDecAndWakeUp', word);
  if (fetchAdd(at, -1) !== 1) return false;
  wake(at, WORD);
  return true;
}
