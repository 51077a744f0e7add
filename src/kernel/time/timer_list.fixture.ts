/**
 * Threads that arm timers, on whichever isolate they live: a timer's function is a closure of its isolate, so what it saw is
 * told through words of shared memory. For timer_list.test.ts.
 */
import { fetchAdd, load, store } from '../../lib/atomic.js';
import { behaviour } from '../kinds.fixture.js';
import { preemptCount } from '../locking/preempt.js';
import { complete, newCompletion, waitForCompletion, waitForCompletionSync } from '../sched/completion.js';
import { current } from '../sched/handle.js';
import { inTask } from '../softirq.js';
import { hrtimerForwardNow, hrtimerSetup, hrtimerStart, HRTIMER_NORESTART, HRTIMER_RESTART } from './hrtimer.js';
import { scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync } from './sleep.js';
import { jiffies } from './time.js';
import { modTimer, timerDelete, timerPending, timerSetup } from './timer_list.js';

/** Words: calls of timers' functions, what the last one saw, and the jiffies at which it was armed and called. */
export const CALLS = 0, IN_TASK = 4, COUNT = 8, PID = 12, ARMED = 16, CALLED = 20, OVER = 24;
export const WORDS = 7;

function note(at: number): void {
  store(at + IN_TASK, inTask() ? 1 : 2);
  store(at + COUNT, preemptCount());
  store(at + PID, current().pid);
  store(at + CALLED, jiffies());
  fetchAdd(at + CALLS, 1);
}

/** Arms a timer for `delay` jiffies and sleeps until it has come. Its own pid and preempt count afterwards are in OVER. */
export const armer = behaviour<{ at: number; delay: number }>(import.meta, 'armer', async ({ at, delay }) => {
  store(at + ARMED, jiffies());
  const timer = timerSetup(() => note(at));
  modTimer(timer, jiffies() + delay);
  while (load(at + CALLS) === 0) await scheduleTimeoutUninterruptible(1);
  store(at + OVER, current().pid * 2 + preemptCount());
}, ({ at, delay }) => {
  store(at + ARMED, jiffies());
  const timer = timerSetup(() => note(at));
  modTimer(timer, jiffies() + delay);
  while (load(at + CALLS) === 0) scheduleTimeoutUninterruptibleSync(1);
  store(at + OVER, current().pid * 2 + preemptCount());
});

/** Waits for a completion that a timer's function completes. */
export const completer = behaviour<number>(import.meta, 'completer', async (at) => {
  using done = newCompletion();
  modTimer(timerSetup(() => {
    note(at);
    complete(done);
  }), jiffies() + 5);
  await waitForCompletion(done);
  store(at + OVER, load(at + CALLS));
}, (at) => {
  using done = newCompletion();
  modTimer(timerSetup(() => {
    note(at);
    complete(done);
  }), jiffies() + 5);
  waitForCompletionSync(done);
  store(at + OVER, load(at + CALLS));
});

/** A timer that arms itself again, six times, is then deleted, and one that is deleted before its time. */
export const repeater = behaviour<number>(import.meta, 'repeater', async (at) => {
  const timer = timerSetup((self) => {
    note(at);
    modTimer(self, jiffies() + 1);
  });
  const never = timerSetup(() => note(at));
  modTimer(timer, jiffies() + 1);
  modTimer(never, jiffies() + 2);
  store(at + OVER, timerDelete(never) * 2 + timerDelete(never));
  while (load(at + CALLS) < 6) await scheduleTimeoutUninterruptible(1);
  const was = timerDelete(timer);
  const calls = load(at + CALLS);
  await scheduleTimeoutUninterruptible(20);
  return was === 1 && !timerPending(timer) && load(at + CALLS) === calls ? load(at + OVER) : -1;
}, (at) => {
  const timer = timerSetup((self) => {
    note(at);
    modTimer(self, jiffies() + 1);
  });
  const never = timerSetup(() => note(at));
  modTimer(timer, jiffies() + 1);
  modTimer(never, jiffies() + 2);
  store(at + OVER, timerDelete(never) * 2 + timerDelete(never));
  while (load(at + CALLS) < 6) scheduleTimeoutUninterruptibleSync(1);
  const was = timerDelete(timer);
  const calls = load(at + CALLS);
  scheduleTimeoutUninterruptibleSync(20);
  return was === 1 && !timerPending(timer) && load(at + CALLS) === calls ? load(at + OVER) : -1;
});

/** A high-resolution timer that restarts itself each 2 ms, five times. Counts what hrtimerForward answered in OVER. */
export const ticker = behaviour<number>(import.meta, 'ticker', async (at) => {
  startTicking(at);
  while (load(at + CALLS) < 5) await scheduleTimeoutUninterruptible(1);
  await scheduleTimeoutUninterruptible(10);
}, (at) => {
  startTicking(at);
  while (load(at + CALLS) < 5) scheduleTimeoutUninterruptibleSync(1);
  scheduleTimeoutUninterruptibleSync(10);
});

function startTicking(at: number): void {
  const timer = hrtimerSetup((self) => {
    note(at);
    fetchAdd(at + OVER, hrtimerForwardNow(self, 2_000_000n));
    return load(at + CALLS) < 5 ? HRTIMER_RESTART : HRTIMER_NORESTART;
  });
  hrtimerStart(timer, 2_000_000n);
}

/** Ends with a timer armed. */
export const leaver = behaviour<number>(import.meta, 'leaver', async (at) => {
  modTimer(timerSetup(() => note(at)), jiffies() + 20);
}, (at) => {
  modTimer(timerSetup(() => note(at)), jiffies() + 20);
});
