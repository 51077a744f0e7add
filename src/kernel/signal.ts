/**
 * Signals as a kernel thread knows them: it ignores all of them until it allows one, and then nothing happens to it
 * but that the signal is pending, ends interruptible sleeps and can be asked for.
 */
import { load } from '../lib/atomic.js';
import { KTHREAD_NOTIFY, TASK, TASK_INTERRUPTIBLE, TASK_WAKEKILL } from './sched/task.js';

export const SIGKILL = 9;
const SIGKILL_BIT = 1 << (SIGKILL - 1);

/** Whether a signal is pending for `task`, or kthread_stop told it to hurry. */
export function taskSignalPending(task: number): boolean {
  if ((load(task + TASK.kflags) & KTHREAD_NOTIFY) !== 0) return true;
  const { sig_pending, sig_shared } = TASK;
  return (load(task + sig_pending) | load(task + sig_pending + 4) | load(task + sig_shared) | load(task + sig_shared + 4)) !== 0;
}

/** Whether SIGKILL is pending for `task` itself; kill(2) from user space reaches a kthread's group only. */
export const taskFatalSignalPending = (task: number): boolean => (load(task + TASK.sig_pending) & SIGKILL_BIT) !== 0;

/** Whether a signal keeps `task` from sleeping in `state`. C: signal_pending_state. */
export function signalPendingState(state: number, task: number): boolean {
  if ((state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) === 0 || !taskSignalPending(task)) return false;
  return (state & TASK_INTERRUPTIBLE) !== 0 || taskFatalSignalPending(task);
}
