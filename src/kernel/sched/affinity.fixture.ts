/** Threads that tell on which CPU they run, and that share it with others. For affinity.test.ts and syscalls.test.ts. */
import { fetchAdd, load, store } from '../../lib/atomic.js';
import { cpumaskOf } from '../../lib/cpumask.js';
import { behaviour } from '../kinds.fixture.js';
import { kthreadShouldStop, threadfn } from '../kthread.js';
import { smpProcessorId } from '../locking/percpu.js';
import { me } from '../smp.js';
import { scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync } from '../time/sleep.js';
import { setCpusAllowedPtr } from './affinity.js';
import { schedule } from './core.js';
import { current } from './handle.js';

/** Words: how often it looked, one bit for each CPU that it saw, the last one, its isolate, and an order (see `runner`). */
export const LOOKS = 0, SEEN = 4, LAST = 8, ISOLATE_SEEN = 12, ORDER = 16, WORDS = 5;

function look(at: number): void {
  const cpu = smpProcessorId();
  store(at + SEEN, load(at + SEEN) | (1 << cpu));
  store(at + LAST, cpu === current().cpu ? cpu : 100);
  store(at + ISOLATE_SEEN, me);
  fetchAdd(at + LOOKS, 1);
}

/** Looks where it runs, once a jiffy, until it shall stop; returns the CPU. With an order, n + 1, it sets its own mask to CPU n. */
export const runner = behaviour<{ at: number }>(import.meta, 'runner', async ({ at }) => {
  while (!kthreadShouldStop()) {
    obey(at);
    look(at);
    await scheduleTimeoutInterruptible(1);
  }
  return load(at + LAST);
}, ({ at }) => {
  while (!kthreadShouldStop()) {
    obey(at);
    look(at);
    scheduleTimeoutInterruptibleSync(1);
  }
  return load(at + LAST);
});

export const runnerApart = threadfn(import.meta, 'runnerApart', runner.closure, { isolate: 'own' });

/** The answer goes where the order was, negative or 1000. */
function obey(at: number): void {
  const order = load(at + ORDER);
  if (order > 0 && order < 100) store(at + ORDER, setCpusAllowedPtr(current(), cpumaskOf(order - 1)) || 1000);
}

/** Works a moment, again and again, and lets others run in between; counts in LOOKS. */
export const worker = async ({ at, ms }: { at: number; ms: number }): Promise<void> => {
  while (!kthreadShouldStop()) {
    for (const end = performance.now() + ms; performance.now() < end; ) continue;
    fetchAdd(at + LOOKS, 1);
    await schedule();
  }
};
