/** Threads that take their isolate with them, in several ways, and threads that tell where they run. For isolate.test.ts. */
import { futexWait, load, store } from '../lib/atomic.js';
import { kthreadShouldStop, threadfn } from './kthread.js';
import { me } from './smp.js';
import { scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync } from './time/sleep.js';

/** Words: number of the isolate it runs on, whether it may go on. */
export const ISOLATE_NR = 0, GO = 4, WORDS = 2;

/** Says where it runs and stays until it is asked to stop. */
export const here = threadfn(import.meta, 'here', (at: number) => {
  store(at + ISOLATE_NR, me);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(1000);
  return 1;
});
const hereAsync = async (at: number): Promise<number> => {
  store(at + ISOLATE_NR, me);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(1000);
  return 1;
};
export const shared = threadfn(import.meta, 'shared', hereAsync);
export const own = threadfn(import.meta, 'own', hereAsync, { isolate: 'own' });

/** Ends its OS thread. */
export const quitter = threadfn(import.meta, 'quitter', (code: number) => process.exit(code));
/** An exception that nobody can attribute to a thread ends the isolate. */
export const bomb = threadfn(import.meta, 'bomb', async (at: number) => {
  store(at + ISOLATE_NR, me);
  setTimeout(() => {
    throw new Error('a bomb in a timer');
  }, 5);
  for (;;) await scheduleTimeoutInterruptible(1000);
});
/** Blocks without a look at anything until GO. */
export const stone = threadfn(import.meta, 'stone', (at: number) => {
  store(at + ISOLATE_NR, me);
  while (load(at + GO) === 0) futexWait(at + GO, 0, 5);
  return 2;
});
