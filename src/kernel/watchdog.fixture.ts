/** Threads that hog a CPU, and some that only seem to. For watchdog.test.ts; functions have names, since call traces show them. */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { behaviour } from './kinds.fixture.js';
import { kthreadShouldStop, threadfn } from './kthread.js';
import { condResched, condReschedSync } from './sched/core.js';
import { msleep, msleepSync, scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync } from './time/sleep.js';
import { touchSoftlockupWatchdog } from './watchdog.js';

/** Words: the thread is at work, it may go to sleep, and rounds of a well-behaved one. */
export const READY = 0, GO = 4, ROUNDS = 8, WORDS = 3;

export interface Hogging {
  readonly at: number;
}

/** Uses the CPU and tells nobody, until GO is set. */
export function hogCpu(at: number): void {
  store(at + READY, 1);
  while (load(at + GO) === 0) spin(1);
}

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; ) continue;
}

/** Hogs its CPU, then sleeps until it is stopped. */
export const hog = behaviour<Hogging>(import.meta, 'hog', async function hog({ at }) {
  hogCpu(at);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(1000);
}, function hog({ at }) {
  hogCpu(at);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(1000);
});

/** What a thread that computes for long may do every now and then. */
const SIGNS = {
  condResched: { later: condResched, now: condReschedSync },
  touch: { later: async () => touchSoftlockupWatchdog(), now: touchSoftlockupWatchdog },
  sleep: { later: () => msleep(1), now: () => msleepSync(1) },
} as const;

export interface Computing {
  readonly at: number;
  readonly sign: keyof typeof SIGNS;
}
export const SIGN_NAMES = Object.keys(SIGNS) as Array<Computing['sign']>;

async function compute({ at, sign }: Computing): Promise<void> {
  while (!kthreadShouldStop()) {
    spin(20);
    await SIGNS[sign].later();
    fetchAdd(at + ROUNDS, 1);
  }
}

/** An event loop of its own, so that several can be busy at once. */
export const asyncComputer = threadfn(import.meta, 'asyncComputer', compute, { isolate: 'own' });
export const plainComputer = threadfn(import.meta, 'plainComputer', ({ at, sign }: Computing) => {
  while (!kthreadShouldStop()) {
    spin(20);
    SIGNS[sign].now();
    fetchAdd(at + ROUNDS, 1);
  }
});
