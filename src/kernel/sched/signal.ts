/**
 * Whether a signal is pending for a task and keeps it from sleeping: what everybody asks who is about to sleep. Who may
 * send one, and what becomes of it, is ../signal.ts.
 *
 *     sleeper                                       sender
 *     state = INTERRUPTIBLE      [task:sleep]       sets the signal's bit         [signal:send]
 *     a bit set? -> no sleep     [signal:test]      state INTERRUPTIBLE -> RUNNING  [task:wake]
 *     leave the CPU
 *
 * Whichever comes second sees the other: the sleeper the bit, or the sender the state.
 */
import { load } from '../../lib/atomic.js';
import { r32 } from '../../lib/memory.js';
import { KTHREAD_NOTIFY, TASK, TASK_INTERRUPTIBLE, TASK_WAKEKILL } from './task.js';

export const SIGKILL = 9;
const SIGKILL_BIT = 1 << (SIGKILL - 1);

/** Whether a signal is pending for `task`, or kthread_stop told it to hurry. */
export function taskSignalPending(task: number): boolean {
  if ((load(task + TASK.kflags) & KTHREAD_NOTIFY) !== 0) return true; // Ordered behind the state that was set, and what follows behind it.
  const { sig_pending, sig_shared } = TASK;
  return (r32(task + sig_pending) | r32(task + sig_pending + 4) | r32(task + sig_shared) | r32(task + sig_shared + 4)) !== 0; // [signal:test] pairs with signal:send
}

/** Whether SIGKILL is pending for `task` itself; kill(2) from user space reaches a kthread's group only. */
export const taskFatalSignalPending = (task: number): boolean => (load(task + TASK.sig_pending) & SIGKILL_BIT) !== 0;

/** Whether a signal keeps `task` from sleeping in `state`. C: signal_pending_state. */
export function signalPendingState(state: number, task: number): boolean {
  if ((state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) === 0 || !taskSignalPending(task)) return false;
  return (state & TASK_INTERRUPTIBLE) !== 0 || taskFatalSignalPending(task);
}
