// A work for another CPU, and a plain thread that queues one after the other and waits for each.
import { kthreadFlushWorkSync, kthreadInitWork, kthreadQueueWork, threadfn, workfn } from 'kthread';
import { pinThread } from '../lib/pin.mjs';

export const increment = workfn(import.meta, 'increment', ({ data }) => data + 1);

/** Puts the thread that does it on one core, or null for nothing. */
export const pin = workfn(import.meta, 'pin', ({ data }) => pinThread(data ?? undefined));

/** Returns the nanoseconds that one takes. */
export const asker = threadfn(import.meta, 'asker', ({ worker, times, cpu }) => {
  pinThread(cpu);
  const start = process.hrtime.bigint();
  let sum = 0;
  for (let i = 0; i < times; i++) {
    const work = kthreadInitWork(increment, i);
    kthreadQueueWork(worker, work);
    sum += kthreadFlushWorkSync(work);
    work[Symbol.dispose]();
  }
  if (sum !== (times * (times + 1)) / 2) throw new Error('the results are wrong');
  return Math.round(Number(process.hrtime.bigint() - start) / times);
});
