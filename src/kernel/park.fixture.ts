/** What the threads of kthread.park.test.ts do: they park at once, late, twice or by themselves, and they park others. */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { holdAt } from './baton.fixture.js';
import { behaviour } from './kinds.fixture.js';
import { kthreadPark, kthreadParkSync, kthreadParkme, kthreadParkmeSync, kthreadShouldPark, kthreadShouldStop, kthreadUnpark } from './kthread.js';
import { condResched, condReschedSync } from './sched/core.js';
import { current, type Task } from './sched/handle.js';
import { TASK } from './sched/task.js';
import { msleep, msleepSync, scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync } from './time/sleep.js';

/** Words: calls of the function, its rounds, a word by which the test tells it something, and what it saw. */
export const CALLS = 0, ROUNDS = 4, GO = 8, SEEN = 12, WORDS = 4;

/** Counts rounds without a break, parks when it is asked to, and returns how often its function was called. */
export const runner = behaviour<{ at: number }>(import.meta, 'runner', async ({ at }) => {
  fetchAdd(at + CALLS, 1);
  while (!kthreadShouldStop()) {
    if (kthreadShouldPark()) await kthreadParkme();
    fetchAdd(at + ROUNDS, 1);
    await condResched();
  }
  return load(at + CALLS);
}, ({ at }) => {
  fetchAdd(at + CALLS, 1);
  while (!kthreadShouldStop()) {
    if (kthreadShouldPark()) kthreadParkmeSync();
    fetchAdd(at + ROUNDS, 1);
    condReschedSync();
  }
  return load(at + CALLS);
});

/** Does not look whether it shall park until GO; then parks, and goes on until it is asked to stop. */
export const lateParker = behaviour<{ at: number }>(import.meta, 'lateParker', async ({ at }) => {
  fetchAdd(at + CALLS, 1);
  while (load(at + GO) === 0 && !kthreadShouldStop()) await scheduleTimeoutUninterruptible(1);
  store(at + SEEN, kthreadShouldPark() ? 1 : 2);
  await kthreadParkme();
  fetchAdd(at + ROUNDS, 1);
  while (!kthreadShouldStop()) await scheduleTimeoutUninterruptible(1);
}, ({ at }) => {
  fetchAdd(at + CALLS, 1);
  while (load(at + GO) === 0 && !kthreadShouldStop()) scheduleTimeoutUninterruptibleSync(1);
  store(at + SEEN, kthreadShouldPark() ? 1 : 2);
  kthreadParkmeSync();
  fetchAdd(at + ROUNDS, 1);
  while (!kthreadShouldStop()) scheduleTimeoutUninterruptibleSync(1);
});

/** Asks itself to park: the answers, and whether it was still running, are in SEEN. Parks as often as it is asked to until it shall stop. */
export const selfParker = behaviour<{ at: number }>(import.meta, 'selfParker', async ({ at }) => {
  const before = kthreadShouldPark();
  store(at + SEEN, (await kthreadPark(current())) === 0 && !before && kthreadShouldPark() ? 1 : 2);
  fetchAdd(at + CALLS, 1);
  while (!kthreadShouldStop()) {
    await kthreadParkme();
    fetchAdd(at + ROUNDS, 1);
    await scheduleTimeoutUninterruptible(load(at + GO));
  }
}, ({ at }) => {
  const before = kthreadShouldPark();
  store(at + SEEN, kthreadParkSync(current()) === 0 && !before && kthreadShouldPark() ? 1 : 2);
  fetchAdd(at + CALLS, 1);
  while (!kthreadShouldStop()) {
    kthreadParkmeSync();
    fetchAdd(at + ROUNDS, 1);
    scheduleTimeoutUninterruptibleSync(load(at + GO));
  }
});

/** Parks although nobody asked it to. */
export const unasked = behaviour<{ at: number }>(import.meta, 'unasked', async ({ at }) => {
  for (let i = 0; i < 3; i++) {
    await kthreadParkme();
    fetchAdd(at + ROUNDS, 1);
  }
}, ({ at }) => {
  for (let i = 0; i < 3; i++) {
    kthreadParkmeSync();
    fetchAdd(at + ROUNDS, 1);
  }
});

/** Parks, and when it was let go stands still right before it leaves the parked state, until the test says go. */
export const heldParker = behaviour<{ at: number; baton: number }>(import.meta, 'heldParker', async ({ at, baton }) => {
  fetchAdd(at + CALLS, 1);
  while (!kthreadShouldPark()) await scheduleTimeoutUninterruptible(1);
  holdAt(baton, 'store', current().addr + TASK.__state, 2);
  await kthreadParkme();
  fetchAdd(at + ROUNDS, 1);
}, ({ at, baton }) => {
  fetchAdd(at + CALLS, 1);
  while (!kthreadShouldPark()) scheduleTimeoutUninterruptibleSync(1);
  holdAt(baton, 'store', current().addr + TASK.__state, 2);
  kthreadParkmeSync();
  fetchAdd(at + ROUNDS, 1);
});

/** Parks `task` and returns the answer. */
export const parksOther = behaviour<{ task: Task }>(import.meta, 'parksOther', async ({ task }) => kthreadPark(task), ({ task }) => kthreadParkSync(task));

/** Parks `task`, a runner, and lets it go again, `cycles` times. Returns how often it ran while parked, or was not parked. */
export const cycler = behaviour<{ task: Task; at: number; cycles: number }>(import.meta, 'cycler', async ({ task, at, cycles }) => {
  let wrong = 0;
  for (let i = 0; i < cycles; i++) {
    const answer = await kthreadPark(task);
    const rounds = load(at + ROUNDS);
    await msleep(i % 2);
    if (answer !== 0 || task.state !== 'P' || load(at + ROUNDS) !== rounds) wrong++;
    kthreadUnpark(task);
    while (load(at + ROUNDS) === rounds) await scheduleTimeoutUninterruptible(1);
  }
  return wrong;
}, ({ task, at, cycles }) => {
  let wrong = 0;
  for (let i = 0; i < cycles; i++) {
    const answer = kthreadParkSync(task);
    const rounds = load(at + ROUNDS);
    msleepSync(i % 2);
    if (answer !== 0 || task.state !== 'P' || load(at + ROUNDS) !== rounds) wrong++;
    kthreadUnpark(task);
    while (load(at + ROUNDS) === rounds) scheduleTimeoutUninterruptibleSync(1);
  }
  return wrong;
});
