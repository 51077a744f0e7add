/** Threads that sleep for too long, or look as if they did. For hung_task.test.ts; functions have names, since call traces show them. */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { behaviour } from './kinds.fixture.js';
import { kthreadParkme, kthreadParkmeSync, kthreadShouldPark, kthreadShouldStop, kthreadStop, kthreadStopSync } from './kthread.js';
import { mutexLock, mutexLockSync, mutexUnlock, type Mutex } from './locking/mutex.js';
import { current, type Task } from './sched/handle.js';
import { schedule, scheduleSync } from './sched/core.js';
import { TASK_INTERRUPTIBLE, TASK_PARKED } from './sched/task.js';
import {
  scheduleTimeout, scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync, scheduleTimeoutSync, scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync, setCurrentState,
} from './time/sleep.js';
import { HZ, uptime } from './time/time.js';

/** Words: the thread is where the test wants it, it may go, and the longest time that a nap took, ms. */
export const READY = 0, GO = 4, LONGEST = 8, WORDS = 3;

async function fallAsleep(state: number): Promise<void> {
  setCurrentState(state);
  await scheduleTimeout(60 * HZ);
}

function fallAsleepSync(state: number): void {
  setCurrentState(state);
  scheduleTimeoutSync(60 * HZ);
}

/** Sleeps a minute in the state given, or until it is stopped. PARKED is asked for, not set. */
export const longSleep = behaviour<{ at: number; state: number }>(import.meta, 'longSleep', async function longSleep({ at, state }) {
  store(at + READY, 1);
  while (!kthreadShouldStop()) {
    if (kthreadShouldPark()) await kthreadParkme();
    else await fallAsleep(state === TASK_PARKED ? TASK_INTERRUPTIBLE : state);
  }
}, function longSleep({ at, state }) {
  store(at + READY, 1);
  while (!kthreadShouldStop()) {
    if (kthreadShouldPark()) kthreadParkmeSync();
    else fallAsleepSync(state === TASK_PARKED ? TASK_INTERRUPTIBLE : state);
  }
});

/** In D nearly all of the time, but never for long: `ms` each. */
export const napper = behaviour<{ at: number; ms: number }>(import.meta, 'napper', async function napper({ at, ms }) {
  store(at + READY, 1);
  for (let last = uptime(); !kthreadShouldStop(); last = noteNap(at, last)) await scheduleTimeoutUninterruptible(ms);
}, function napper({ at, ms }) {
  store(at + READY, 1);
  for (let last = uptime(); !kthreadShouldStop(); last = noteNap(at, last)) scheduleTimeoutUninterruptibleSync(ms);
});

function noteNap(at: number, last: number): number {
  const now = uptime();
  store(at + LONGEST, Math.max(load(at + LONGEST), Math.ceil(now - last)));
  return now;
}

/** Takes the lock and keeps it until it is stopped. */
export const lockOwner = behaviour<{ at: number; lock: Mutex }>(import.meta, 'lockOwner', async function lockOwner({ at, lock }) {
  await mutexLock(lock);
  store(at + READY, 1);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(60 * HZ);
  mutexUnlock(lock);
}, function lockOwner({ at, lock }) {
  mutexLockSync(lock);
  store(at + READY, 1);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(60 * HZ);
  mutexUnlock(lock);
});

/** Wants the lock, and gives it back at once. */
export const lockWaiter = behaviour<{ at: number; lock: Mutex }>(import.meta, 'lockWaiter', async function lockWaiter({ at, lock }) {
  store(at + READY, 1);
  await mutexLock(lock);
  mutexUnlock(lock);
}, function lockWaiter({ at, lock }) {
  store(at + READY, 1);
  mutexLockSync(lock);
  mutexUnlock(lock);
});

/** Does not care for stops: ends when GO is set. */
export const deaf = behaviour<{ at: number }>(import.meta, 'deaf', async function deaf({ at }) {
  fetchAdd(at + READY, 1);
  while (load(at + GO) === 0) await scheduleTimeoutUninterruptible(20); // In S it would spin: a stop is a pending signal.
  return 7;
}, function deaf({ at }) {
  fetchAdd(at + READY, 1);
  while (load(at + GO) === 0) scheduleTimeoutUninterruptibleSync(20);
  return 7;
});

/** Stops `task`, or itself. (Without the await it would not be in its own call trace.) */
export const stopper = behaviour<{ at: number; task: Task | null }>(import.meta, 'stopper', async function stopper({ at, task }) {
  store(at + READY, 1);
  return await kthreadStop(task ?? current());
}, function stopper({ at, task }) {
  store(at + READY, 1);
  return kthreadStopSync(task ?? current());
});

/** Sleeps in `state` until somebody else, not a timer, says so; as document 000's sandbox, but without an end. */
export const forgotten = behaviour<{ at: number; state: number }>(import.meta, 'forgotten', async function forgotten({ at, state }) {
  store(at + READY, 1);
  setCurrentState(state);
  await schedule();
}, function forgotten({ at, state }) {
  store(at + READY, 1);
  setCurrentState(state);
  scheduleSync();
});
