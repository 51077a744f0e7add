/** The recipe of document 002: consumers that sleep until a condition holds, and a producer that makes it hold and wakes them all. */
import { fetchAdd, load, store } from '../../lib/atomic.js';
import { behaviour } from '../kinds.fixture.js';
import { kthreadShouldStop } from '../kthread.js';
import { wakeUpAll, type WaitQueueHead } from '../sched/wait.js';
import { waitEventInterruptible, waitEventInterruptibleSync } from '../sched/wait_event.js';
import { scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync } from '../time/sleep.js';

/** Words: what was produced and consumed. */
export const MADE = 0, TAKEN = 4, WORDS = 2;

export interface Market {
  readonly at: number;
  readonly q: WaitQueueHead;
  readonly events: number;
}

/** Takes one after the other until it is stopped; what its last wait returned. */
export const consumer = behaviour<Market>(import.meta, 'consumer', async ({ at, q }) => {
  for (;;) {
    const result = await waitEventInterruptible(q, () => kthreadShouldStop() || load(at + MADE) > load(at + TAKEN));
    if (result !== 0 || kthreadShouldStop()) return result;
    fetchAdd(at + TAKEN, 1);
  }
}, ({ at, q }) => {
  for (;;) {
    const result = waitEventInterruptibleSync(q, () => kthreadShouldStop() || load(at + MADE) > load(at + TAKEN));
    if (result !== 0 || kthreadShouldStop()) return result;
    fetchAdd(at + TAKEN, 1);
  }
});

/** The condition does not ask whether it shall stop. */
export const forgetfulConsumer = behaviour<Market>(import.meta, 'forgetfulConsumer', async ({ at, q }) => waitEventInterruptible(q, () => load(at + MADE) > load(at + TAKEN)),
  ({ at, q }) => waitEventInterruptibleSync(q, () => load(at + MADE) > load(at + TAKEN)));

/** Makes `events`, each after the one before was taken. */
export const producer = behaviour<Market>(import.meta, 'producer', async ({ at, q, events }) => {
  for (let n = 1; n <= events; n++) {
    while (load(at + TAKEN) < n - 1) await scheduleTimeoutInterruptible(1);
    store(at + MADE, n);
    wakeUpAll(q);
    await scheduleTimeoutInterruptible(2);
  }
}, ({ at, q, events }) => {
  for (let n = 1; n <= events; n++) {
    while (load(at + TAKEN) < n - 1) scheduleTimeoutInterruptibleSync(1);
    store(at + MADE, n);
    wakeUpAll(q);
    scheduleTimeoutInterruptibleSync(2);
  }
});
