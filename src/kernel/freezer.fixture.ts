/** Threads that freeze, each in its way, and some that do not. For freezer.test.ts; other isolates import this file. */
import { fetchAdd, load, store } from '../lib/atomic.js';
import {
  freezableSchedule, freezableScheduleSync, freezableScheduleTimeout, freezableScheduleTimeoutSync, kthreadFreezableShouldStop, kthreadFreezableShouldStopSync, setFreezable, setFreezableSync, tryToFreeze, tryToFreezeSync,
  type WasFrozen,
} from './freezer.js';
import { behaviour, type Behaviour } from './kinds.fixture.js';
import { kthreadParkme, kthreadParkmeSync, kthreadShouldPark, kthreadShouldStop, threadfn } from './kthread.js';
import { freezeProcesses, freezeProcessesSync, thawProcesses } from './power/process.js';
import { schedule, scheduleSync } from './sched/core.js';
import { TASK_FREEZABLE, TASK_INTERRUPTIBLE } from './sched/task.js';
import { declareWaitQueueHead } from './sched/wait.js';
import { waitEvent, waitEventFreezable, waitEventFreezableSync, waitEventFreezableTimeout, waitEventFreezableTimeoutSync, waitEventFreezekillable, waitEventFreezekillableSync } from './sched/wait_event.js';
import { scheduleTimeout, scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync, scheduleTimeoutSync, setCurrentState } from './time/sleep.js';

/** Words: turns it took, times it was frozen, what the test tells it, its result, and 1 once that is there. */
export const TURNS = 0, FROZEN = 4, GO = 8, RESULT = 12, DONE = 16, WORDS = 5;
export const queue = declareWaitQueueHead(import.meta, 'queue');

function result(at: number, value: number): void {
  store(at + RESULT, value);
  store(at + DONE, 1);
}

/** Never asked to be frozen; takes turns. */
export const ordinary = behaviour<number>(import.meta, 'ordinary', async (at) => {
  while (!kthreadShouldStop()) {
    fetchAdd(at + TURNS, 1);
    await tryToFreeze();
    await scheduleTimeoutInterruptible(1);
  }
}, (at) => {
  while (!kthreadShouldStop()) {
    fetchAdd(at + TURNS, 1);
    tryToFreezeSync();
    scheduleTimeoutInterruptibleSync(1);
  }
});

/** Takes turns, and parks, and counts how often it was frozen. */
export const polite = behaviour<number>(import.meta, 'polite', async (at) => {
  if (await setFreezable()) fetchAdd(at + FROZEN, 1);
  while (!kthreadShouldStop()) {
    fetchAdd(at + TURNS, 1);
    if (await tryToFreeze()) fetchAdd(at + FROZEN, 1);
    if (kthreadShouldPark()) await kthreadParkme();
    await scheduleTimeoutInterruptible(1000);
  }
  return 5;
}, (at) => {
  if (setFreezableSync()) fetchAdd(at + FROZEN, 1);
  while (!kthreadShouldStop()) {
    fetchAdd(at + TURNS, 1);
    if (tryToFreezeSync()) fetchAdd(at + FROZEN, 1);
    if (kthreadShouldPark()) kthreadParkmeSync();
    scheduleTimeoutInterruptibleSync(1000);
  }
  return 5;
});

/** Ends when it is stopped, also while frozen; returns 1, or 2 if it was frozen then. */
export const heedful = behaviour<number>(import.meta, 'heedful', async (at) => {
  const was: WasFrozen = { frozen: true };
  await setFreezable();
  while (!(await kthreadFreezableShouldStop(was))) {
    fetchAdd(at + TURNS, 1);
    if (was.frozen) fetchAdd(at + FROZEN, 1);
    await scheduleTimeoutInterruptible(1000);
  }
  return was.frozen && (await kthreadFreezableShouldStop()) ? 2 : 1;
}, (at) => {
  const was: WasFrozen = { frozen: true };
  setFreezableSync();
  while (!kthreadFreezableShouldStopSync(was)) {
    fetchAdd(at + TURNS, 1);
    if (was.frozen) fetchAdd(at + FROZEN, 1);
    scheduleTimeoutInterruptibleSync(1000);
  }
  return was.frozen && kthreadFreezableShouldStopSync() ? 2 : 1;
});

/** Says that it can be frozen and then never looks. */
export const stubborn = behaviour<number>(import.meta, 'stubborn', async (at) => {
  await setFreezable();
  while (!kthreadShouldStop()) {
    fetchAdd(at + TURNS, 1);
    await scheduleTimeoutInterruptible(1000);
  }
}, (at) => {
  setFreezableSync();
  while (!kthreadShouldStop()) {
    fetchAdd(at + TURNS, 1);
    scheduleTimeoutInterruptibleSync(1000);
  }
});

export interface Waits {
  readonly at: number;
  readonly timeout: number;
}
/** Waits until GO, freezable, `timeout` jiffies at most, and tells what it got. */
export const timedWaiter = behaviour<Waits>(import.meta, 'timedWaiter', async ({ at, timeout }) => {
  await setFreezable();
  result(at, await waitEventFreezableTimeout(queue, () => fetchAdd(at + TURNS, 1) >= 0 && load(at + GO) !== 0, timeout));
}, ({ at, timeout }) => {
  setFreezableSync();
  result(at, waitEventFreezableTimeoutSync(queue, () => fetchAdd(at + TURNS, 1) >= 0 && load(at + GO) !== 0, timeout));
});

/** The same without a timeout. */
const sleeper = (name: string, async: (at: number) => Promise<number>, sync: (at: number) => number): Behaviour<number> => behaviour<number>(import.meta, name, async (at) => {
  await setFreezable();
  fetchAdd(at + TURNS, 1);
  result(at, await async(at));
}, (at) => {
  setFreezableSync();
  fetchAdd(at + TURNS, 1);
  result(at, sync(at));
});
const gone = (at: number) => (): boolean => load(at + GO) !== 0;
const S = TASK_INTERRUPTIBLE;
export const waiter = sleeper('waiter', (at) => waitEventFreezable(queue, gone(at)), (at) => waitEventFreezableSync(queue, gone(at)));

/** The ways of a sleep that freezes and is over afterwards: each ends with the same result where it was not woken otherwise. */
export const SLEEPERS: Readonly<Record<string, { readonly what: Behaviour<number>; readonly letter: string }>> = {
  freezableSchedule: { letter: 'S', what: sleeper('freezableSchedule', async (at) => {
    while (load(at + GO) === 0) {
      setCurrentState(S);
      if (load(at + GO) === 0) await freezableSchedule();
    }
    return 0;
  }, (at) => {
    while (load(at + GO) === 0) {
      setCurrentState(S);
      if (load(at + GO) === 0) freezableScheduleSync();
    }
    return 0;
  }) },
  freezableScheduleTimeout: { letter: 'S', what: sleeper('freezableScheduleTimeout', async (at) => {
    for (let left = 3_600_000; load(at + GO) === 0; ) {
      setCurrentState(S);
      if (load(at + GO) === 0) left = await freezableScheduleTimeout(left);
      if (left <= 0) return 1;
    }
    return 0;
  }, (at) => {
    for (let left = 3_600_000; load(at + GO) === 0; ) {
      setCurrentState(S);
      if (load(at + GO) === 0) left = freezableScheduleTimeoutSync(left);
      if (left <= 0) return 1;
    }
    return 0;
  }) },
  'schedule in a state with TASK_FREEZABLE': { letter: 'S', what: sleeper('schedule', async (at) => {
    while (load(at + GO) === 0) {
      setCurrentState(S | TASK_FREEZABLE);
      if (load(at + GO) === 0) await schedule();
    }
    return 0;
  }, (at) => {
    while (load(at + GO) === 0) {
      setCurrentState(S | TASK_FREEZABLE);
      if (load(at + GO) === 0) scheduleSync();
    }
    return 0;
  }) },
  'scheduleTimeout in a state with TASK_FREEZABLE': { letter: 'S', what: sleeper('scheduleTimeout', async (at) => {
    while (load(at + GO) === 0) {
      setCurrentState(S | TASK_FREEZABLE);
      if (load(at + GO) === 0 && (await scheduleTimeout(3_600_000)) <= 0) return 1;
    }
    return 0;
  }, (at) => {
    while (load(at + GO) === 0) {
      setCurrentState(S | TASK_FREEZABLE);
      if (load(at + GO) === 0 && scheduleTimeoutSync(3_600_000) <= 0) return 1;
    }
    return 0;
  }) },
  waitEventFreezekillable: { letter: 'D', what: sleeper('freezekillable', (at) => waitEventFreezekillable(queue, gone(at)), (at) => waitEventFreezekillableSync(queue, gone(at))) },
  waitEventFreezable: { letter: 'S', what: waiter },
};

/** Freezable itself, freezes the machine until GO, and tells how that went. */
export const freezer = behaviour<number>(import.meta, 'freezer', async (at) => {
  await setFreezable();
  store(at + RESULT, await freezeProcesses());
  store(at + DONE, 1);
  while (load(at + GO) === 0) await scheduleTimeoutInterruptible(1);
  if (await tryToFreeze()) store(at + RESULT, 1);
  thawProcesses();
}, (at) => {
  setFreezableSync();
  store(at + RESULT, freezeProcessesSync());
  store(at + DONE, 1);
  while (load(at + GO) === 0) scheduleTimeoutInterruptibleSync(1);
  if (tryToFreezeSync()) store(at + RESULT, 1);
  thawProcesses();
});

/** Has two sleeps at a time, until GO; the second may be of a kind that cannot be frozen, until RESULT. */
export const twofold = threadfn(import.meta, 'twofold', async ({ at, deaf }: { at: number; deaf: boolean }) => {
  await setFreezable();
  store(at + DONE, 1);
  const first = waitEventFreezable(queue, gone(at));
  await Promise.all([first, deaf ? waitEvent(queue, () => load(at + RESULT) !== 0) : waitEventFreezable(queue, () => fetchAdd(at + TURNS, 1) >= 0 && load(at + GO) !== 0)]);
});
