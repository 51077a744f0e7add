/**
 * A thread that counts for its CPU, in steps that another could come between, for percpu.test.ts.
 */
import { behaviour } from '../kinds.fixture.js';
import { condResched, condReschedSync } from '../sched/core.js';
import { getCpu, putCpu } from './percpu.js';

interface Counts {
  readonly counts: Int32Array;
  readonly rounds: number;
}

function count({ counts }: Counts): void {
  const cpu = getCpu();
  const seen = counts[cpu];
  for (let i = 0; i < 4; i++) counts[2 + cpu] = i;
  counts[2 + cpu] = 0;
  counts[cpu] = seen + 1;
  putCpu();
}

export const onCpu = behaviour<Counts>(import.meta, 'onCpu', async (counts) => {
  for (let i = 0; i < counts.rounds; i++) {
    count(counts);
    if (i % 64 === 0) await condResched();
  }
}, (counts) => {
  for (let i = 0; i < counts.rounds; i++) {
    count(counts);
    if (i % 64 === 0) condReschedSync();
  }
});
