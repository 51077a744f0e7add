// Timers with different times: made and armed, cancelled, run out, by how many there are.
import { HZ, jiffies, modTimer, timerDelete, timerSetup } from 'kthread';
import { startPeer } from '../lib/peer.mjs';
import { SOON_MS, delayOf, soonOf, untilDue } from '../lib/timeouts.mjs';

const SIZES = [1000, 10_000, 100_000, 1_000_000];
const what = {
  arm: { title: 'a timer is made and armed, each for another time: one of that many', ours: arm, goals: { aim: { ours: 100 } } },
  cancel: { title: 'a timer is cancelled, in the order in which they were made: one of that many', ours: cancel },
  expire: { title: `that many timers were armed for different times within ${SOON_MS} ms and are all due: one of them runs its function`, ours: expire },
};

export const rows = Object.entries(what).flatMap(([name, { title, ours, goals }]) => SIZES.map((size) => ({
  name: `timers/${name}`,
  title,
  unit: 'ns',
  size,
  slow: size > 100_000,
  cost: 'a timer is one small object on the heap of the isolate that armed it; the wheel has a resolution of 1 ms',
  goals,
  ours: () => ours(size),
  peers: [{ name: 'setTimeout', must: { ratio: 1 }, run: (ctx) => ctx.keep('setTimeout', () => startPeer('timeouts.mjs'))({ name, times: size }) }],
})));

function armed(times, delay, fn) {
  const now = jiffies();
  const timers = [];
  for (let i = 0; i < times; i++) {
    const timer = timerSetup(fn);
    modTimer(timer, now + (delay(i) * HZ) / 1000);
    timers.push(timer);
  }
  return timers;
}

async function arm(times) {
  const start = performance.now();
  const timers = armed(times, delayOf, () => {});
  const took = performance.now() - start;
  for (const timer of timers) timerDelete(timer);
  return (took * 1e6) / times;
}

async function cancel(times) {
  const timers = armed(times, delayOf, () => {});
  const start = performance.now();
  for (const timer of timers) timerDelete(timer);
  return ((performance.now() - start) * 1e6) / times;
}

function expire(times) {
  return new Promise((resolve) => {
    let left = times;
    const due = untilDue();
    armed(times, soonOf, () => {
      if (--left === 0) resolve(((performance.now() - due.over) * 1e6) / times);
    });
    due.wait();
  });
}
