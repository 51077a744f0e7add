// The times that timers are armed for, the same for ours and the peer.

const HOUR_MS = 3_600_000;
const PRIME = 7919;
/** Within so many milliseconds all of soonOf() are due. */
export const SOON_MS = 500;

/** Milliseconds until timer `i` is due: later than anybody looks, and all different as far as there are so many. */
export const delayOf = (i) => 60_000 + ((i * PRIME) % HOUR_MS);

/** The same for timers that are to run out. */
export const soonOf = (i) => 1 + ((i * PRIME) % (SOON_MS - 10));

/** A moment by which all of soonOf() are due. wait() blocks this isolate until then; `over` is when it was. */
export function untilDue() {
  const until = performance.now() + SOON_MS;
  return {
    over: until,
    wait() {
      const word = new Int32Array(new SharedArrayBuffer(4));
      for (let left = SOON_MS; left > 0; left = until - performance.now()) Atomics.wait(word, 0, 0, left);
      this.over = performance.now();
    },
  };
}
