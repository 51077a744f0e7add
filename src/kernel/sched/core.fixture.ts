/** Threads for core.litmus.ts: who sleeps on CPU 1, who keeps that isolate from looking at its wake list, and wakers that can be held. */
import { fetchAdd, futexWait, load, store } from '../../lib/atomic.js';
import { holdAt } from '../baton.fixture.js';
import { kthreadShouldStop, kthreadStopSignal, kthreadStopSync, threadfn, wakeUpProcess } from '../kthread.js';
import { scheduleTimeoutInterruptible, setCurrentState } from '../time/sleep.js';
import { schedule } from './core.js';
import { TASK, TASK_INTERRUPTIBLE } from './task.js';
import type { Task } from './handle.js';

/** Words: how often it ran, whether it stands where it shall, whether it may go on. */
export const RUNS = 0, READY = 4, GO = 8, WORDS = 3;

/** Sleeps in S, by schedule() alone, until it shall stop; counts its rounds. */
export const sleeper = threadfn(import.meta, 'sleeper', async (at: number) => {
  for (setCurrentState(TASK_INTERRUPTIBLE); !kthreadShouldStop(); setCurrentState(TASK_INTERRUPTIBLE)) {
    await schedule();
    fetchAdd(at + RUNS, 1);
  }
  setCurrentState(0);
});

/** Says that it will sleep, stays on the CPU until it may go, and only then sleeps; afterwards it goes on as a sleeper. */
export const slowSleeper = threadfn(import.meta, 'slowSleeper', async (at: number) => {
  setCurrentState(TASK_INTERRUPTIBLE);
  stay(at);
  for (; !kthreadShouldStop(); setCurrentState(TASK_INTERRUPTIBLE)) {
    await schedule();
    fetchAdd(at + RUNS, 1);
  }
  setCurrentState(0);
});

/** Listens for a stop by its signal, and sleeps. */
export const listener = threadfn(import.meta, 'listener', async (at: number) => {
  const signal = kthreadStopSignal();
  store(at + READY, 1);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(100_000);
  if (signal.aborted) fetchAdd(at + RUNS, 1);
});

/** Keeps its isolate from doing anything else until it may go. */
export const hog = threadfn(import.meta, 'hog', async (at: number) => stay(at));

function stay(at: number): void {
  store(at + READY, 1);
  for (const end = performance.now() + 20_000; load(at + GO) === 0 && performance.now() < end; ) futexWait(at + GO, 0, 5);
}

export interface Held {
  readonly task: Task;
  readonly baton: number;
  /** Which of its attempts to put the task on its isolate's wake list. */
  readonly nth: number;
}

/** Wakes a task, but is held when it has won the state word and not yet put the task on the list. */
export const heldWaker = threadfn(import.meta, 'heldWaker', ({ task, baton, nth }: Held) => {
  holdAt(baton, 'cas', task.addr + TASK.on_wake_list, nth);
  return wakeUpProcess(task);
});

/** Stops a task, and is held at its `nth` attempt to put the task on the list. */
export const heldStopper = threadfn(import.meta, 'heldStopper', ({ task, baton, nth }: Held) => {
  holdAt(baton, 'cas', task.addr + TASK.on_wake_list, nth);
  return kthreadStopSync(task);
});
