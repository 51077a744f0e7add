/**
 * Sleeping on a promise that is not the machine's: a fetch, a file, a timer of Node. A thread that simply awaits one looks as
 * if it ran, to ps, to the account of its CPU time and to who asks where it is. It ends no such promise; give that a
 * kthreadStopSignal().
 */
import { block, currentThread, wakeUpState, type Blocking } from './core.js';
import { TASK_RUNNING, TASK_UNINTERRUPTIBLE, setTaskState } from './task.js';

/**
 * Sleeps, in D as one does for a disk, until `promise` settles, and settles as it does. Neither a stop nor a signal ends it.
 * Outside of a kernel thread it only awaits. C: io_schedule.
 */
export function ioSchedule<T>(promise: PromiseLike<T>): Promise<T> {
  if (currentThread() === null) return Promise.resolve(promise);
  return block('io_schedule', (task) => untilSettled(task, promise));
}

function* untilSettled<T>(task: number, promise: PromiseLike<T>): Blocking<T> {
  let settle: (() => T) | undefined;
  const settled = (how: () => T): void => {
    settle = how;
    wakeUpState(task, TASK_UNINTERRUPTIBLE);
  };
  promise.then((value) => settled(() => value), (error: unknown) => settled(() => { throw error; }));
  while (!settle) {
    setTaskState(task, TASK_UNINTERRUPTIBLE);
    yield Infinity;
  }
  setTaskState(task, TASK_RUNNING);
  return settle();
}
