/**
 * Mistakes that one makes with spinlocks, as threads of both kinds. Words in `seen` tell the test what came of them.
 */
import { behaviour } from '../kinds.fixture.js';
import { kthreadStop, kthreadStopSync, threadfn } from '../kthread.js';
import { schedule, scheduleSync } from '../sched/core.js';
import type { Task } from '../sched/handle.js';
import type { WaitQueueHead } from '../sched/wait.js';
import { waitEventLockIrq, waitEventLockIrqSync } from '../sched/wait_event.js';
import { msleep, msleepSync, setCurrentState } from '../time/sleep.js';
import { TASK_RUNNING } from '../sched/task.js';
import { preemptCount } from './preempt.js';
import { spinGuard, spinIsLocked, spinLock, spinTrylock, spinUnlock, type SpinLock } from './spinlock.js';

export interface Spin {
  readonly lock: SpinLock;
  readonly seen: Int32Array;
  /** Whom it stops, or how often it does what it does. */
  readonly task?: Task;
  readonly times?: number;
}

/** Stops `task` with the lock in hand. */
export const stopper = behaviour<Spin>(import.meta, 'stopper', async ({ lock, task }) => {
  using _ = spinGuard(lock);
  return await kthreadStop(task!);
}, ({ lock, task }) => {
  using _ = spinGuard(lock);
  return kthreadStopSync(task!);
});

/** Yields with the lock in hand, `times` times. */
export const yielder = behaviour<Spin>(import.meta, 'yielder', async ({ lock, times = 1 }) => {
  for (let i = 0; i < times; i++) {
    spinLock(lock);
    setCurrentState(TASK_RUNNING);
    await schedule();
    spinUnlock(lock);
  }
}, ({ lock, times = 1 }) => {
  for (let i = 0; i < times; i++) {
    spinLock(lock);
    setCurrentState(TASK_RUNNING);
    scheduleSync();
    spinUnlock(lock);
  }
});

/** Calls what may sleep from one place, `times` times, and then from another. */
export const napper = behaviour<Spin>(import.meta, 'napper', async ({ lock, times = 1 }) => {
  using _ = spinGuard(lock);
  for (let i = 0; i < times; i++) await msleep(1);
  await msleep(1);
}, ({ lock, times = 1 }) => {
  using _ = spinGuard(lock);
  for (let i = 0; i < times; i++) msleepSync(1);
  msleepSync(1);
});

/** Takes the lock twice. */
export const twice = behaviour<Spin>(import.meta, 'twice', async ({ lock }) => {
  using _ = spinGuard(lock);
  spinLock(lock);
}, ({ lock }) => {
  using _ = spinGuard(lock);
  spinLock(lock);
});

/** Gives back what it does not have. */
export const stranger = behaviour<Spin>(import.meta, 'stranger', async ({ lock }) => {
  spinUnlock(lock);
}, ({ lock }) => {
  spinUnlock(lock);
});

/** Writes down its preempt count: with nothing, one and two locks, and after each is given back; and what trylock says. */
export const counts = behaviour<Spin & { readonly other: SpinLock }>(import.meta, 'counts', async ({ lock, other, seen }) => {
  counting(lock, other, seen);
}, ({ lock, other, seen }) => {
  counting(lock, other, seen);
});

function counting(lock: SpinLock, other: SpinLock, seen: Int32Array): void {
  const notes = [preemptCount()];
  spinLock(lock);
  notes.push(preemptCount());
  notes.push(Number(spinTrylock(lock)), preemptCount());
  {
    using _ = spinGuard(other);
    notes.push(preemptCount());
  }
  notes.push(preemptCount());
  spinUnlock(lock);
  notes.push(preemptCount(), Number(spinTrylock(lock)));
  spinUnlock(lock);
  seen.set(notes);
}

/** Waits for a word with the lock in hand, given back meanwhile. Returns its preempt count afterwards. */
export const conditional = behaviour<Spin & { readonly q: WaitQueueHead }>(import.meta, 'conditional', async ({ lock, seen, q }) => {
  spinLock(lock);
  await waitEventLockIrq(q, () => seen[0] === 1 && spinIsLocked(lock), lock);
  const count = preemptCount();
  spinUnlock(lock);
  return count;
}, ({ lock, seen, q }) => {
  spinLock(lock);
  waitEventLockIrqSync(q, () => seen[0] === 1 && spinIsLocked(lock), lock);
  const count = preemptCount();
  spinUnlock(lock);
  return count;
});

/** Has the lock and the CPU until `seen[1]` is set. */
export const hog = threadfn(import.meta, 'hog', ({ lock, seen }: Spin) => {
  using _ = spinGuard(lock);
  seen[0] = 1;
  while (seen[1] === 0) continue;
});
