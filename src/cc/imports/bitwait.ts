/**
 * kernel/sched/wait_bit.c for C modules. The loop of wait_var_event is in linux/wait_bit.h, since its condition is C.
 */
import { clearAndWakeUpBit, testAndClearWakeUpBit, waitOnBitLockSync, waitOnBitSync, waitOnBitTimeoutSync, wakeUpBit, wakeUpVar, waitQueueOf, atomicDecAndWakeUp } from '../../kernel/sched/wait_bit.js';
import { checked, type Imports } from '../abi.js';

/** The word that bit `bit` of the words at `at` is in; the calls want that and a bit of it. */
const word = (at: number, bit: number): number => checked(at + (bit >>> 5) * 4, 4, true);

export const bitwait: Imports = {
  wait_on_bit: (at: number, bit: number, mode: number) => waitOnBitSync(word(at, bit), bit & 31, mode),
  wait_on_bit_timeout: (at: number, bit: number, mode: number, timeout: number) => waitOnBitTimeoutSync(word(at, bit), bit & 31, mode, timeout >>> 0),
  wait_on_bit_lock: (at: number, bit: number, mode: number) => waitOnBitLockSync(word(at, bit), bit & 31, mode),
  wake_up_bit: (at: number, bit: number) => wakeUpBit(word(at, bit), bit & 31),
  clear_and_wake_up_bit: (bit: number, at: number) => clearAndWakeUpBit(bit & 31, word(at, bit)),
  test_and_clear_wake_up_bit: (bit: number, at: number) => testAndClearWakeUpBit(bit & 31, word(at, bit)),
  __var_waitqueue: (at: number) => waitQueueOf(checked(at, 4) & ~3),
  wake_up_var: (at: number) => wakeUpVar(checked(at, 1) & ~3),
  atomic_dec_and_wake_up: (at: number) => atomicDecAndWakeUp(checked(at, 4, true)),
};
