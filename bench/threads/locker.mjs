// Plain threads that take a lock and give it back, and the least that JavaScript can do instead. They return nanoseconds.
import {
  downReadSync, downSync, downWriteSync, mutexLockSync, mutexUnlock, readLock, readUnlock, seqlockRead, spinLock, spinUnlock, threadfn, up, upRead, upWrite, writeLock, writeSeqlock, writeSequnlock, writeUnlock,
} from 'kthread';

/** How each kind is taken and given back by a plain thread. */
export const LOCKS = {
  spinlock: [spinLock, spinUnlock],
  'rwlock, reading': [readLock, readUnlock],
  'rwlock, writing': [writeLock, writeUnlock],
  'seqlock, writing': [writeSeqlock, writeSequnlock],
  mutex: [mutexLockSync, mutexUnlock],
  semaphore: [downSync, up],
  'rw_semaphore, reading': [downReadSync, upRead],
  'rw_semaphore, writing': [downWriteSync, upWrite],
};

function alone(kind, lock, times) {
  if (kind === 'seqlock, reading') {
    for (let i = 0; i < times; i++) seqlockRead(lock, () => i);
    return;
  }
  const [take, give] = LOCKS[kind];
  for (let i = 0; i < times; i++) {
    take(lock);
    give(lock);
  }
}

/** Nobody else wants it. */
export const uncontended = threadfn(import.meta, 'uncontended', ({ kind, lock, times }) => {
  alone(kind, lock, 1000);
  const start = performance.now();
  alone(kind, lock, times);
  return Math.round(((performance.now() - start) * 1e6) / times);
});

/** Others want it at the same time; each adds to a word that all share. */
export const contended = threadfn(import.meta, 'contended', ({ kind, lock, times, counter, begin }) => {
  const [take, give] = LOCKS[kind];
  while (process.hrtime.bigint() < begin) continue;
  const start = performance.now();
  for (let i = 0; i < times; i++) {
    take(lock);
    counter[0]++;
    give(lock);
  }
  return Math.round(((performance.now() - start) * 1e6) / times);
});
