/**
 * Where a thread stands while the machine is frozen, for every sleep that may become one. Who may be frozen and what a
 * thread calls is ../freezer.ts; freezing the whole machine is ../power/process.ts.
 *
 * A thread goes in by itself. Who freezes the machine only says so and wakes it:
 *
 *     thread                                       who thaws
 *     state = FROZEN           [refrigerator:enter] freezing = 0           [process:thaw]
 *     freezing? stop? -> out                       state FROZEN -> RUNNING
 *     leave the CPU
 *
 * So it is never frozen between the test of a condition and what follows it, its timers go on, and a wake-up that comes
 * meanwhile passes it by: it looks for itself afterwards.
 */
import { load } from '../../lib/atomic.js';
import { MACHINE, machineWord } from '../memlayout.js';
import { jiffiesUntil } from '../time/time.js';
import type { Blocking } from './core.js';
import { signalPendingState } from './signal.js';
import { KTHREAD_SHOULD_STOP, PF_NOFREEZE, PF_SUSPEND_TASK, TASK, TASK_FROZEN, TASK_RUNNING, setTaskState, taskState } from './task.js';

/** Whether `task` shall freeze. C: freezing. */
export const isFreezing = (task: number): boolean => load(machineWord(MACHINE.freezing)) !== 0 && (load(task + TASK.flags) & (PF_NOFREEZE | PF_SUSPEND_TASK)) === 0;

/**
 * Stands still as long as `task` shall freeze, or, if it `heeds` a stop, until that. Returns whether it did. An abort reaches
 * the wait it is for when the machine is thawed. C: __refrigerator.
 */
export function* refrigerator(task: number, heeds: boolean): Blocking<boolean> {
  if (!isFreezing(task)) return false; // Or it would look frozen for a moment.
  let wasFrozen = false;
  let aborted: { readonly reason: unknown } | undefined;
  for (;;) {
    setTaskState(task, TASK_FROZEN); // [refrigerator:enter] pairs with process:thaw
    if (!isFreezing(task) || (heeds && (load(task + TASK.kflags) & KTHREAD_SHOULD_STOP) !== 0)) break;
    wasFrozen = true;
    try {
      yield Infinity;
    } catch (reason) {
      aborted = { reason };
    }
  }
  setTaskState(task, TASK_RUNNING);
  if (aborted) throw aborted.reason;
  return wasFrozen;
}

/** Sleeps once in the state that is set, then freezes if asked. Returns the jiffies left until `deadline`. */
export function* freezableSleep(task: number, deadline: number): Blocking<number> {
  const state = taskState(task);
  try {
    if (state !== TASK_RUNNING && !signalPendingState(state, task)) yield deadline;
  } finally {
    setTaskState(task, TASK_RUNNING);
  }
  yield* refrigerator(task, false);
  return jiffiesUntil(deadline);
}
