/**
 * A thread that takes references and gives them up, for refcount.test.ts.
 */
import { behaviour } from '../kinds.fixture.js';
import { condResched, condReschedSync } from '../sched/core.js';
import { refcountDecAndTest, refcountIncNotZero, type Refcount } from './refcount.js';

/** What must not happen: none to be had, and being the last. */
export const DECS = 0, ENDS = 1;

interface Count {
  readonly r: Refcount;
  readonly seen: Int32Array;
  readonly rounds: number;
}

function round({ r, seen }: Count): void {
  if (!refcountIncNotZero(r)) seen[DECS]++;
  if (refcountDecAndTest(r)) seen[ENDS]++;
}

export const counter = behaviour<Count>(import.meta, 'counter', async (count) => {
  for (let i = 0; i < count.rounds; i++) {
    round(count);
    if (i % 64 === 0) await condResched();
  }
}, (count) => {
  for (let i = 0; i < count.rounds; i++) {
    round(count);
    if (i % 64 === 0) condReschedSync();
  }
});
