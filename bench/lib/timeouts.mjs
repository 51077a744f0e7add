// What is measured of timers, the same for ours and the peer: they are made and armed, cancelled, run out.

const HOUR_MS = 3_600_000;
const PRIME = 7919;
/** Within so many milliseconds all of those are due that are to run out. */
export const SOON_MS = 100;
/** A round of few timers is repeated, so that it is not the first call of everything that is measured. */
const TIMERS_A_ROUND = 5000;

/** Milliseconds until timer `i` is due: later than anybody looks, and all different as far as there are so many. */
const delayOf = (i) => 60_000 + ((i * PRIME) % HOUR_MS);

/** The same for timers that are to run out. */
const soonOf = (i) => 1 + ((i * PRIME) % (SOON_MS - 10));

/**
 * The measures by their names, each a function of how many timers that resolves with nanoseconds for one of them, several samples.
 * `armed(times, delay, fn)` arms so many timers, each to call `fn` after `delay(i)` milliseconds; `cancel` cancels one.
 */
export function timerMeasures(armed, cancel) {
  const arm = (times) => {
    const start = performance.now();
    const timers = armed(times, delayOf, () => {});
    const took = performance.now() - start;
    for (const timer of timers) cancel(timer);
    return took;
  };
  const cancelAll = (times) => {
    const timers = armed(times, delayOf, () => {});
    const start = performance.now();
    for (const timer of timers) cancel(timer);
    return performance.now() - start;
  };
  const expire = (times) => new Promise((resolve) => {
    let left = times;
    let over = 0;
    armed(times, soonOf, () => {
      if (--left === 0) resolve(performance.now() - over);
    });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SOON_MS); // The event loop stands still until all of them are due.
    over = performance.now();
  });
  return Object.fromEntries(Object.entries({ arm, cancel: cancelAll, expire }).map(([name, once]) => [name, (times) => repeated(once, times)]));
}

async function repeated(once, times) {
  const samples = [];
  for (let done = 0; done < TIMERS_A_ROUND; done += times) samples.push(((await once(times)) * 1e6) / times);
  return { samples };
}
