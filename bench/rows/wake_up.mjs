// What a wake-up costs the waker, by how many sleep on the queue: all of them at once, or one of those that want to be woken one
// by one. What the woken do then is async-switch.
import { kthreadRun, kthreadShouldStop, newWaitQueueHead, waitEventInterruptible, waitEventInterruptibleExclusive, wakeUp, wakeUpAll } from 'kthread';
import { setTimeout as delay } from 'node:timers/promises';

const SIZES = [100, 1000, 10_000, 100_000];
const WAKE_UPS = 50_000;
const LOOK_MS = 1;

export const rows = SIZES.flatMap((size) => [
  {
    name: 'wake-up/all',
    title: 'wakeUpAll() over that many sleeping async threads: the call, for one of them',
    unit: 'ns',
    size,
    slow: size > 10_000,
    flat: true,
    cost: 'nothing is paid but the walk; the woken run in their turn',
    goals: { aim: { ours: 150 } },
    ours: (ctx) => ctx.keep('threads', () => startSleepers(size, waitEventInterruptible)).then((sleepers) => wakeAll(sleepers, ctx.times(WAKE_UPS))),
  },
  {
    name: 'wake-up/exclusive',
    title: 'wakeUp() where that many async threads sleep exclusively: the call, which wakes one',
    unit: 'ns',
    size,
    slow: size > 10_000,
    flat: true,
    cost: 'nothing is paid but the walk to the first of them',
    ours: (ctx) => ctx.keep('threads', () => startSleepers(size, waitEventInterruptibleExclusive)).then((sleepers) => wakeOne(sleepers, ctx.times(WAKE_UPS / 4))),
  },
]);

/** Threads that sleep on one queue until the round is another one or there is something to take, and then count and sleep again. */
async function startSleepers(size, wait) {
  const all = { q: newWaitQueueHead(), round: 0, asleep: 0, left: 0, size };
  const sleeper = async () => {
    let seen = 0;
    while (!kthreadShouldStop()) {
      all.asleep++;
      await wait(all.q, () => all.round !== seen || all.left > 0);
      if (all.left > 0) all.left--;
      seen = all.round;
    }
    return 0;
  };
  for (let i = 0; i < size; i++) await kthreadRun(sleeper, undefined, 'sleeper/%d', i);
  await allAsleep(all);
  return all;
}

async function wakeAll(all, wakeUps) {
  const calls = Math.max(1, Math.round(wakeUps / all.size));
  let took = 0;
  for (let i = 0; i < calls; i++) {
    all.round++;
    all.asleep = 0;
    const start = performance.now();
    wakeUpAll(all.q);
    took += performance.now() - start;
    await allAsleep(all);
  }
  return (took * 1e6) / calls / all.size;
}

/** As many calls in a row as a tenth of the sleepers, so that each finds somebody. */
async function wakeOne(all, wakeUps) {
  const together = Math.max(1, Math.round(all.size / 10));
  const rounds = Math.max(1, Math.round(wakeUps / together));
  let took = 0;
  for (let i = 0; i < rounds; i++) {
    all.left = together;
    all.asleep = all.size - together;
    const start = performance.now();
    for (let j = 0; j < together; j++) wakeUp(all.q);
    took += performance.now() - start;
    await allAsleep(all);
  }
  return (took * 1e6) / rounds / together;
}

async function allAsleep(all) {
  while (all.asleep < all.size) await (all.size > 1000 ? delay(LOOK_MS) : new Promise((resolve) => setImmediate(resolve)));
}
