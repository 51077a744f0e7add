// Timers with different times: made and armed, cancelled, run out, by how many there are.
import { HZ, jiffies, modTimer, timerDelete, timerSetup } from 'kthread';
import { startPeer } from '../lib/peer.mjs';
import { SOON_MS, timerMeasures } from '../lib/timeouts.mjs';

const SIZES = [1000, 10_000, 100_000, 1_000_000];
const measures = timerMeasures(armed, timerDelete);
const what = {
  arm: { title: 'a timer is made and armed, each for another time: one of that many', goals: { aim: { ours: 100 } } },
  cancel: { title: 'a timer is cancelled, in the order in which they were made: one of that many' },
  expire: { title: `that many timers were armed for different times within ${SOON_MS} ms and are all due: one of them runs its function` },
};

export const rows = Object.entries(what).flatMap(([name, { title, goals }]) => SIZES.map((size) => ({
  name: `timers/${name}`,
  title,
  unit: 'ns',
  size,
  slow: size > 100_000,
  flat: true,
  cost: 'a timer is one small object on the heap of the isolate that armed it; the wheel has a resolution of 1 ms',
  goals,
  ours: () => measures[name](size),
  peers: [{ name: 'setTimeout', must: { ratio: 1 }, run: (ctx) => ctx.keep('setTimeout', () => startPeer('timeouts.mjs'))({ name, times: size }) }],
})));

function armed(times, delay, fn) {
  const now = jiffies();
  return Array.from({ length: times }, (_, i) => {
    const timer = timerSetup(fn);
    modTimer(timer, now + (delay(i) * HZ) / 1000);
    return timer;
  });
}
