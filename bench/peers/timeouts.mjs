// setTimeout() beside timers. Answers with nanoseconds for one of so many.
import { delayOf, soonOf, untilDue } from '../lib/timeouts.mjs';
import { serve } from './serve.mjs';

const measures = { arm, cancel, expire };

serve(({ name, times }) => measures[name](times));

function armed(times, delay, fn) {
  const timeouts = [];
  for (let i = 0; i < times; i++) timeouts.push(setTimeout(fn, delay(i)));
  return timeouts;
}

function arm(times) {
  const start = performance.now();
  const timeouts = armed(times, delayOf, () => {});
  const took = performance.now() - start;
  for (const timeout of timeouts) clearTimeout(timeout);
  return (took * 1e6) / times;
}

function cancel(times) {
  const timeouts = armed(times, delayOf, () => {});
  const start = performance.now();
  for (const timeout of timeouts) clearTimeout(timeout);
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
