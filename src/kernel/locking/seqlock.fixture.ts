/**
 * Writers and readers of a pair of numbers that is right only if both were written together, for seqlock.test.ts.
 */
import { behaviour } from '../kinds.fixture.js';
import { condResched, condReschedSync } from '../sched/core.js';
import { seqlockRead, writeSeqlock, writeSequnlock, type SeqLock } from './seqlock.js';

interface Pair {
  readonly lock: SeqLock;
  /** n and -n. */
  readonly data: Int32Array;
  readonly rounds: number;
}

function write({ lock, data }: Pair): void {
  writeSeqlock(lock);
  const n = data[0] + 1;
  data[0] = n;
  data[1] = -n;
  writeSequnlock(lock);
}

const isTorn = ({ lock, data }: Pair): boolean => seqlockRead(lock, () => data[0] + data[1]) !== 0;

export const seqWriter = behaviour<Pair>(import.meta, 'seqWriter', async (pair) => {
  for (let i = 0; i < pair.rounds; i++) {
    write(pair);
    if (i % 64 === 0) await condResched();
  }
}, (pair) => {
  for (let i = 0; i < pair.rounds; i++) {
    write(pair);
    if (i % 64 === 0) condReschedSync();
  }
});

/** Returns how often it saw halves of two writes. */
export const seqReader = behaviour<Pair>(import.meta, 'seqReader', async (pair) => {
  let torn = 0;
  for (let i = 0; i < pair.rounds; i++) {
    if (isTorn(pair)) torn++;
    if (i % 64 === 0) await condResched();
  }
  return torn;
}, (pair) => {
  let torn = 0;
  for (let i = 0; i < pair.rounds; i++) {
    if (isTorn(pair)) torn++;
    if (i % 64 === 0) condReschedSync();
  }
  return torn;
});
