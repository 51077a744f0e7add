/** A thread that schedules tasklets, on whichever isolate it lives. For softirq.test.ts. */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { behaviour } from './kinds.fixture.js';
import { threadfn } from './kthread.js';
import { preemptCount } from './locking/preempt.js';
import { current } from './sched/handle.js';
import { taskletSchedule, taskletSetup } from './softirq.js';
import { scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync } from './time/sleep.js';
import { jiffies } from './time/time.js';
import { modTimer, timerSetup } from './time/timer_list.js';

/** Words: calls, calls before the scheduling thread slept, and what the last one saw. */
export const CALLS = 0, EARLY = 4, COUNT = 8, PID = 12, WORDS = 4;

function run(at: number): void {
  fetchAdd(at + CALLS, 1);
  store(at + COUNT, preemptCount());
  store(at + PID, current().pid);
}

/** Schedules one tasklet three times, then one that schedules itself ten times. */
function schedule(at: number): void {
  const once = taskletSetup(() => run(at));
  for (let i = 0; i < 3; i++) taskletSchedule(once);
  let left = 10;
  taskletSchedule(taskletSetup((self) => {
    run(at);
    if (--left > 0) taskletSchedule(self);
  }));
  store(at + EARLY, load(at + CALLS));
}

export const scheduler = behaviour<number>(import.meta, 'scheduler', async (at) => {
  schedule(at);
  while (load(at + CALLS) < 11) await scheduleTimeoutUninterruptible(1);
  await scheduleTimeoutUninterruptible(5);
}, (at) => {
  schedule(at);
  while (load(at + CALLS) < 11) scheduleTimeoutUninterruptibleSync(1);
  scheduleTimeoutUninterruptibleSync(5);
});

/** Ends with a tasklet scheduled and a timer due. */
export const careless = threadfn(import.meta, 'careless', () => {
  taskletSchedule(taskletSetup(() => {}));
  modTimer(timerSetup(() => {}), jiffies());
});
