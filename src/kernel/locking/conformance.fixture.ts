/**
 * Modules that were run on a real kernel, translated line by line: their threads, as async and as plain functions. What a
 * real kernel printed is in conformance.test.ts.
 */
import {
  HZ, SIGINT, SIGTERM, allowSignal, complete, condResched, condReschedSync, declareCompletion, declareMutex, declareSemaphore, declareSpinlock, down, downInterruptible, downInterruptibleSync, downSync, downTimeout, downTimeoutSync, flushSignals, jiffies,
  kthreadShouldStop, mutexIsLocked, mutexLock, mutexLockInterruptible, mutexLockInterruptibleSync, mutexLockKillable, mutexLockKillableSync, mutexLockSync, mutexTrylock, mutexUnlock, printk, scheduleTimeoutInterruptible,
  scheduleTimeoutInterruptibleSync, spinLock, spinUnlock, timeAfterEq, waitForCompletion, waitForCompletionSync,
} from '../../index.js';
import { fetchAdd } from '../../lib/atomic.js';
import { behaviour } from '../kinds.fixture.js';

export { SIGINT, SIGTERM };

// mutex_pair

export const m = declareMutex(import.meta, 'm');
export const started = declareCompletion(import.meta, 'started');
export const back = declareCompletion(import.meta, 'back');

/** Its data is the word that the two share. */
export const pair = behaviour<Int32Array>(import.meta, 'pair', async (shared) => {
  printk('mutex_pair: trylock=%d is_locked=%d\n', Number(mutexTrylock(m)), Number(mutexIsLocked(m)));
  complete(started);
  await mutexLock(m);
  printk('mutex_pair: thread has it, shared=%d\n', shared[0]);
  shared[0] = 2;
  mutexUnlock(m);
  complete(back);

  await waitForCompletion(started);
  allowSignal(SIGINT);
  complete(back);
  let ret: number = await mutexLockInterruptible(m);
  printk('mutex_pair: interruptible, signal: %d\n', ret);
  flushSignals();
  ret = await mutexLockInterruptible(m);
  printk('mutex_pair: interruptible: %d shared=%d\n', ret, shared[0]);
  mutexUnlock(m);
  ret = await mutexLockKillable(m);
  printk('mutex_pair: killable: %d\n', ret);
  mutexUnlock(m);
  complete(back);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
}, (shared) => {
  printk('mutex_pair: trylock=%d is_locked=%d\n', Number(mutexTrylock(m)), Number(mutexIsLocked(m)));
  complete(started);
  mutexLockSync(m);
  printk('mutex_pair: thread has it, shared=%d\n', shared[0]);
  shared[0] = 2;
  mutexUnlock(m);
  complete(back);

  waitForCompletionSync(started);
  allowSignal(SIGINT);
  complete(back);
  let ret: number = mutexLockInterruptibleSync(m);
  printk('mutex_pair: interruptible, signal: %d\n', ret);
  flushSignals();
  ret = mutexLockInterruptibleSync(m);
  printk('mutex_pair: interruptible: %d shared=%d\n', ret, shared[0]);
  mutexUnlock(m);
  ret = mutexLockKillableSync(m);
  printk('mutex_pair: killable: %d\n', ret);
  mutexUnlock(m);
  complete(back);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(HZ);
});

// sem_down

export const sem = declareSemaphore(import.meta, 'sem');

export const taker = behaviour<undefined>(import.meta, 'taker', async () => {
  const start = jiffies();
  let ret: number = await downTimeout(sem, HZ / 10);
  printk('sem_down: down_timeout: %d after the time=%d\n', ret, Number(timeAfterEq(jiffies(), start + HZ / 10)));
  allowSignal(SIGTERM);
  complete(started);
  ret = await downInterruptible(sem);
  printk('sem_down: down_interruptible, signal: %d\n', ret);
  flushSignals();
  complete(back);
  complete(started);
  await down(sem);
  printk('sem_down: down passed\n');
  complete(back);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
}, () => {
  const start = jiffies();
  let ret: number = downTimeoutSync(sem, HZ / 10);
  printk('sem_down: down_timeout: %d after the time=%d\n', ret, Number(timeAfterEq(jiffies(), start + HZ / 10)));
  allowSignal(SIGTERM);
  complete(started);
  ret = downInterruptibleSync(sem);
  printk('sem_down: down_interruptible, signal: %d\n', ret);
  flushSignals();
  complete(back);
  complete(started);
  downSync(sem);
  printk('sem_down: down passed\n');
  complete(back);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(HZ);
});

export const waiter = behaviour<number>(import.meta, 'waiter', async (n) => {
  complete(started);
  await down(sem);
  printk('sem_down: waiter %ld\n', n);
  complete(back);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
}, (n) => {
  complete(started);
  downSync(sem);
  printk('sem_down: waiter %ld\n', n);
  complete(back);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(HZ);
});

// atomics: as far as it is about locks. Atomic integers are Atomics on shared words.

export const LOOPS = 1000;
export const lock = declareSpinlock(import.meta, 'lock');
export const finished = declareCompletion(import.meta, 'finished');

/** To the atomic total and to the one under the lock. */
function addOne(totals: Int32Array): void {
  fetchAdd(totals.byteOffset, 1);
  spinLock(lock);
  totals[1]++;
  spinUnlock(lock);
}

export const adder = behaviour<Int32Array>(import.meta, 'adder', async (totals) => {
  let i = 0;
  for (; i < LOOPS; i++) {
    addOne(totals);
    if (i % 100 === 0) await condResched();
  }
  complete(finished);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
  return i;
}, (totals) => {
  let i = 0;
  for (; i < LOOPS; i++) {
    addOne(totals);
    if (i % 100 === 0) condReschedSync();
  }
  complete(finished);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(HZ);
  return i;
});
