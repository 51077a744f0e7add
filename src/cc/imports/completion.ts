/**
 * kernel/sched/completion.c for C modules.
 */
import {
  COMPLETION, Completion, completeAllAt, completeAt, initCompletionAt, tryWaitAt, waitForCompletionInterruptibleSync, waitForCompletionInterruptibleTimeoutSync, waitForCompletionKillableSync, waitForCompletionKillableTimeoutSync,
  waitForCompletionIoSync, waitForCompletionIoTimeoutSync, waitForCompletionStateSync, waitForCompletionSync, waitForCompletionTimeoutSync,
} from '../../kernel/sched/completion.js';
import { r32, w32 } from '../../lib/memory.js';
import { checked, type Imports } from '../abi.js';

const of = (at: number): number => checked(at, COMPLETION.sizeof, true);
const handle = (at: number): Completion => new Completion(of(at));

export const completion: Imports = {
  init_completion: (x: number) => initCompletionAt(of(x)),
  reinit_completion: (x: number) => w32(of(x) + COMPLETION.done, 0),
  complete: (x: number) => completeAt(of(x)),
  complete_all: (x: number) => completeAllAt(of(x)),
  completion_done: (x: number) => r32(of(x) + COMPLETION.done) !== 0,
  try_wait_for_completion: (x: number) => tryWaitAt(of(x)),
  wait_for_completion: (x: number) => waitForCompletionSync(handle(x)),
  wait_for_completion_timeout: (x: number, timeout: number) => waitForCompletionTimeoutSync(handle(x), timeout >>> 0),
  wait_for_completion_interruptible: (x: number) => waitForCompletionInterruptibleSync(handle(x)),
  wait_for_completion_interruptible_timeout: (x: number, timeout: number) => waitForCompletionInterruptibleTimeoutSync(handle(x), timeout >>> 0),
  wait_for_completion_io: (x: number) => waitForCompletionIoSync(handle(x)),
  wait_for_completion_io_timeout: (x: number, timeout: number) => waitForCompletionIoTimeoutSync(handle(x), timeout >>> 0),
  wait_for_completion_state: (x: number, state: number) => waitForCompletionStateSync(handle(x), state),
  wait_for_completion_killable: (x: number) => waitForCompletionKillableSync(handle(x)),
  wait_for_completion_killable_timeout: (x: number, timeout: number) => waitForCompletionKillableTimeoutSync(handle(x), timeout >>> 0),
};
