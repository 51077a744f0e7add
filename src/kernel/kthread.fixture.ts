/**
 * What the threads of the kthread tests do. Each behaviour gets the address of words that it shares with its test; other
 * isolates import this file to find the functions, so nothing here runs by being imported.
 */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { r32, w32 } from '../lib/memory.js';
import { kthreadExit } from './exit.js';
import {
  kthreadParkme, kthreadParkmeSync, kthreadRun, kthreadRunSync, kthreadShouldPark, kthreadShouldStop, kthreadShouldStopOrPark, kthreadStop, kthreadStopSignal, kthreadStopSync,
  threadfn,
} from './kthread.js';
import { behaviour } from './kinds.fixture.js';
import { COMPLETION, completeAt, waitForCommon } from './sched/completion.js';
import { block, blockSync } from './sched/core.js';
import { current } from './sched/handle.js';
import type { WaitQueueHead } from './sched/wait.js';
import { waitEvent, waitEventSync } from './sched/wait_event.js';
import { TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './sched/task.js';
import { isolateCpu, self } from './smp.js';
import {
  getCurrentState, msleep, msleepInterruptible, msleepInterruptibleSync, msleepSync, scheduleTimeout, scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync, scheduleTimeoutSync,
  setCurrentState,
} from './time/sleep.js';
import { HZ } from './time/time.js';

/** Words of a test: how often the function was called, what it saw of itself, and a word by which the test tells it something. */
export const CALLS = 0, PID = 4, CPU = 8, SEEN = 12, GO = 16, WORDS = 5;

function note(at: number): void {
  store(at + PID, current().pid);
  store(at + CPU, isolateCpu(self));
  fetchAdd(at + CALLS, 1);
}

export interface Asked {
  readonly at: number;
  /** What it returns. */
  readonly value: number;
}

/** Runs until it is asked to stop, then returns `value`. */
export const obedient = behaviour<Asked>(import.meta, 'obedient', async ({ at, value }) => {
  note(at);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(1000);
  return value;
}, ({ at, value }) => {
  note(at);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(1000);
  return value;
});

/** Returns `value` at once, asked or not. */
export const brief = behaviour<Asked>(import.meta, 'brief', async ({ at, value }) => {
  note(at);
  return value;
}, ({ at, value }) => {
  note(at);
  return value;
});

/** Says whether its data is what the test sent; `like` names the kind of value. */
export const judge = behaviour<{ at: number; like: string; data: unknown }>(import.meta, 'judge', async ({ at, like, data }) => {
  store(at + SEEN, verdict(like, data));
}, ({ at, like, data }) => {
  store(at + SEEN, verdict(like, data));
});

function verdict(like: string, data: unknown): number {
  const found = data === null ? 'null' : data === undefined ? 'undefined' : data instanceof Map ? `Map ${String([...data])}` : JSON.stringify(data);
  return found === like ? 1 : 2;
}

/** Creates `count` threads that add one to a word and end by themselves, waits for all of them, and returns how many it made. */
export const creator = behaviour<{ at: number; count: number; pids: number }>(import.meta, 'creator', async ({ at, count, pids }) => {
  for (let i = 0; i < count; i++) store(pids + i * 4, (await kthreadRun(brief.shared, { at, value: 0 }, 'brief/%d', i)).pid);
  return count;
}, ({ at, count, pids }) => {
  for (let i = 0; i < count; i++) store(pids + i * 4, kthreadRunSync(brief.shared, { at, value: 0 }, 'brief/%d', i).pid);
  return count;
});

/** Starts a child, waits until it runs, stops it, and returns what the child returned. The child's parent is in SEEN. */
export const parent = behaviour<Asked>(import.meta, 'parent', async ({ at, value }) => {
  const child = await kthreadRun(obedient.shared, { at, value }, 'child');
  while (load(at + CALLS) === 0) await scheduleTimeoutInterruptible(1);
  store(at + SEEN, child.ppid);
  return kthreadStop(child);
}, ({ at, value }) => {
  const child = kthreadRunSync(obedient.plain, { at, value }, 'child');
  while (load(at + CALLS) === 0) scheduleTimeoutInterruptibleSync(1);
  store(at + SEEN, child.ppid);
  return kthreadStopSync(child);
});

/** What the thread sees of itself: 1 if it is who its creator says, see the test. */
export const introspect = behaviour<{ at: number; comm: string }>(import.meta, 'introspect', async ({ at, comm }) => {
  const { pid, tgid, ppid } = current();
  note(at);
  store(at + SEEN, pid === tgid && ppid === 2 && current().comm === comm ? 1 : 2);
}, ({ at, comm }) => {
  const { pid, tgid, ppid } = current();
  note(at);
  store(at + SEEN, pid === tgid && ppid === 2 && current().comm === comm ? 1 : 2);
});

/** Leaves by kthreadExit three calls deep; its `finally` counts in GO, what follows would count in SEEN. */
export const leaver = behaviour<Asked>(import.meta, 'leaver', async ({ at, value }) => {
  note(at);
  try {
    await deep(value);
  } finally {
    fetchAdd(at + GO, 1);
  }
  fetchAdd(at + SEEN, 1);
}, ({ at, value }) => {
  note(at);
  try {
    deepSync(3, value);
  } finally {
    fetchAdd(at + GO, 1);
  }
  fetchAdd(at + SEEN, 1);
});

async function deep(value: number, calls = 3): Promise<void> {
  if (calls > 0) await deep(value, calls - 1);
  kthreadExit(value);
}

function deepSync(calls: number, value: number): void {
  if (calls > 0) deepSync(calls - 1, value);
  kthreadExit(value);
}

/** Throws out of the thread's function. */
export const thrower = behaviour<string>(import.meta, 'thrower', async (message) => {
  throw new RangeError(message);
}, (message) => {
  throw new RangeError(message);
});

/** A plain function that returns a promise, against the rules. */
export const promising = threadfn(import.meta, 'promising', (value: number) => Promise.resolve(value));
/** Returns something that is no int32. */
export const odd = threadfn(import.meta, 'odd', (value: unknown) => value as number);

/** States in which a thread may sleep for ten seconds. */
export const SLEEP_STATES = Object.freeze({ S: TASK_INTERRUPTIBLE, D: TASK_UNINTERRUPTIBLE, K: TASK_KILLABLE, I: TASK_IDLE });

/** Sleeps ten seconds in the state given; how many jiffies were left comes back, and the state it found itself in is in SEEN. */
export const longSleeper = behaviour<{ at: number; state: number }>(import.meta, 'longSleeper', async ({ at, state }) => {
  note(at);
  setCurrentState(state);
  const left = await scheduleTimeout(10 * HZ);
  store(at + SEEN, getCurrentState());
  return left;
}, ({ at, state }) => {
  note(at);
  setCurrentState(state);
  const left = scheduleTimeoutSync(10 * HZ);
  store(at + SEEN, getCurrentState());
  return left;
});

/** msleep(), or msleep_interruptible() which tells the ms left. */
export const msleeper = behaviour<{ at: number; ms: number; interruptible: boolean }>(import.meta, 'msleeper', async ({ at, ms, interruptible }) => {
  note(at);
  return interruptible ? msleepInterruptible(ms) : (await msleep(ms), 0);
}, ({ at, ms, interruptible }) => {
  note(at);
  return interruptible ? msleepInterruptibleSync(ms) : (msleepSync(ms), 0);
});

/** Waits for the completion at `at`, uninterruptibly. */
export const waiter = behaviour<{ at: number; done: number }>(import.meta, 'waiter', async ({ at, done }) => {
  note(at);
  await block('wait_for_completion', (task) => waitForCommon(task, done, TASK_UNINTERRUPTIBLE, Infinity));
  return 33;
}, ({ at, done }) => {
  note(at);
  blockSync('wait_for_completion', 'waitForCompletion', (task) => waitForCommon(task, done, TASK_UNINTERRUPTIBLE, Infinity));
  return 33;
});
/** Waits, uninterruptibly, until GO is set. */
export const eventWaiter = behaviour<{ at: number; q: WaitQueueHead }>(import.meta, 'eventWaiter', async ({ at, q }) => {
  note(at);
  await waitEvent(q, () => load(at + GO) !== 0);
  return kthreadShouldStop() ? 34 : 0;
}, ({ at, q }) => {
  note(at);
  waitEventSync(q, () => load(at + GO) !== 0);
  return kthreadShouldStop() ? 34 : 0;
});
export const COMPLETION_SIZE = COMPLETION.sizeof;
export const complete = completeAt;

/** Notes what kthreadShouldStop() says before and after it was asked, twice, and goes on for a while before it returns. */
export const slowToGo = behaviour<{ at: number; ms: number }>(import.meta, 'slowToGo', async ({ at, ms }) => {
  store(at + SEEN, kthreadShouldStop() || kthreadShouldStopOrPark() ? 100 : 1);
  note(at);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(1000);
  await msleep(ms);
  if (kthreadShouldStop() && kthreadShouldStopOrPark()) fetchAdd(at + SEEN, 10);
}, ({ at, ms }) => {
  store(at + SEEN, kthreadShouldStop() || kthreadShouldStopOrPark() ? 100 : 1);
  note(at);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(1000);
  msleepSync(ms);
  if (kthreadShouldStop() && kthreadShouldStopOrPark()) fetchAdd(at + SEEN, 10);
});

/** Fills `count` words with plain writes before it returns. */
export const filler = behaviour<{ words: number; count: number; value: number }>(import.meta, 'filler', async ({ words, count, value }) => {
  for (let i = 0; i < count; i++) w32(words + i * 4, value);
}, ({ words, count, value }) => {
  for (let i = 0; i < count; i++) w32(words + i * 4, value);
});
export const filled = (words: number, count: number, value: number): boolean => Array.from({ length: count }, (_, i) => r32(words + i * 4)).every((word) => word === value);

/** Parks when it is asked to, runs until it is asked to stop; SEEN counts its rounds. */
export const parker = behaviour<Asked>(import.meta, 'parker', async ({ at, value }) => {
  note(at);
  while (!kthreadShouldStop()) {
    if (kthreadShouldPark()) await kthreadParkme();
    fetchAdd(at + SEEN, 1);
    await scheduleTimeoutInterruptible(1);
  }
  return value;
}, ({ at, value }) => {
  note(at);
  while (!kthreadShouldStop()) {
    if (kthreadShouldPark()) kthreadParkmeSync();
    fetchAdd(at + SEEN, 1);
    scheduleTimeoutInterruptibleSync(1);
  }
  return value;
});

/** Notes whether it was asked to stop before it did anything. */
export const lateStarter = behaviour<Asked>(import.meta, 'lateStarter', async ({ at, value }) => {
  note(at);
  store(at + SEEN, kthreadShouldStop() ? 1 : 2);
  return value;
}, ({ at, value }) => {
  note(at);
  store(at + SEEN, kthreadShouldStop() ? 1 : 2);
  return value;
});

/** Awaits only its AbortSignal: no sleep of ours that a stop could end. */
export const listener = async ({ at, value }: Asked): Promise<number> => {
  const signal = kthreadStopSignal();
  note(at);
  if (signal !== kthreadStopSignal()) store(at + SEEN, 100);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  store(at + SEEN, kthreadShouldStop() && getCurrentState() === TASK_RUNNING ? 1 : 2);
  return value;
};
export const listening = threadfn(import.meta, 'listener', listener);
