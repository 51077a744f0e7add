/** Threads that sleep in every way a wake-up can meet, and threads that ping each other. For wake.test.ts. */
import { fetchAdd, futexWait, load, store } from '../../lib/atomic.js';
import { behaviour } from '../kinds.fixture.js';
import { wakeUpProcess } from '../kthread.js';
import { uptime } from '../time/time.js';
import { setCurrentState } from '../time/sleep.js';
import { schedule, scheduleSync } from './core.js';
import { Task } from './handle.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING } from './task.js';

/** Words: how often schedule() returned, a flag by which the other side says go, and what took how long (ms). */
export const ROUNDS = 0, FLAG = 4, TOOK = 8, READY = 12, WORDS = 4;

/** Sleeps by schedule() in `state` until FLAG is set; counts how often it came back. */
export const sleeper = behaviour<{ at: number; state: number }>(import.meta, 'sleeper', async ({ at, state }) => {
  store(at + READY, 1);
  for (setCurrentState(state); load(at + FLAG) === 0; setCurrentState(state)) {
    await schedule();
    fetchAdd(at + ROUNDS, 1);
  }
  setCurrentState(TASK_RUNNING);
}, ({ at, state }) => {
  store(at + READY, 1);
  for (setCurrentState(state); load(at + FLAG) === 0; setCurrentState(state)) {
    scheduleSync();
    fetchAdd(at + ROUNDS, 1);
  }
  setCurrentState(TASK_RUNNING);
});

/** Says that it will sleep, gives the other side time to wake it before it does, and measures its schedule(). */
export const hesitant = behaviour<{ at: number }>(import.meta, 'hesitant', async ({ at }) => {
  setCurrentState(TASK_INTERRUPTIBLE);
  wait(at);
  const begun = uptime();
  await schedule();
  store(at + TOOK, Math.ceil(uptime() - begun));
}, ({ at }) => {
  setCurrentState(TASK_INTERRUPTIBLE);
  wait(at);
  const begun = uptime();
  scheduleSync();
  store(at + TOOK, Math.ceil(uptime() - begun));
});

/** Stays on the CPU until FLAG is set. */
function wait(at: number): void {
  store(at + READY, 1);
  for (const end = performance.now() + 10_000; load(at + FLAG) === 0 && performance.now() < end; ) continue;
}

/** Calls schedule() `FLAG` times in state RUNNING. */
export const yielder = behaviour<{ at: number; times: number }>(import.meta, 'yielder', async ({ at, times }) => {
  for (let i = 0; i < times; i++) await schedule();
  store(at + ROUNDS, times);
}, ({ at, times }) => {
  for (let i = 0; i < times; i++) scheduleSync();
  store(at + ROUNDS, times);
});

/** Busy on its CPU, without a look at anything, until FLAG is set. */
export const busy = behaviour<{ at: number }>(import.meta, 'busy', async ({ at }) => {
  fetchAdd(at + ROUNDS, 1);
  while (load(at + FLAG) === 0) await new Promise((resolve) => setImmediate(resolve)); // Runs, as far as the machine knows.
}, ({ at }) => {
  fetchAdd(at + ROUNDS, 1);
  while (load(at + FLAG) === 0) futexWait(at + FLAG, 0, 1);
});

/** Two words that go to and fro between two threads, and the task of each of them. */
export interface Rally {
  readonly mine: number;
  readonly yours: number;
  /** Word in which the other one's handle arrives, as address and pid. */
  readonly peer: number;
  readonly rounds: number;
}

/** `rounds` times: flag = 1; wake the other; then sleep until the other has done the same. */
export const player = behaviour<Rally>(import.meta, 'player', async ({ mine, yours, peer, rounds }) => {
  while (load(peer) === 0) await schedule();
  const other = new Task(load(peer), load(peer + 4));
  for (let round = 1; round <= rounds; round++) {
    store(yours, round);
    wakeUpProcess(other);
    for (setCurrentState(TASK_INTERRUPTIBLE); load(mine) < round; setCurrentState(TASK_INTERRUPTIBLE)) await schedule();
    setCurrentState(TASK_RUNNING);
  }
  return rounds;
}, ({ mine, yours, peer, rounds }) => {
  while (load(peer) === 0) futexWait(peer, 0, 10);
  const other = new Task(load(peer), load(peer + 4));
  for (let round = 1; round <= rounds; round++) {
    store(yours, round);
    wakeUpProcess(other);
    for (setCurrentState(TASK_INTERRUPTIBLE); load(mine) < round; setCurrentState(TASK_INTERRUPTIBLE)) scheduleSync();
    setCurrentState(TASK_RUNNING);
  }
  return rounds;
});
