// The least that stopping a sleeping plain thread costs, without any library: an event loop wakes a worker that blocks in
// Atomics.wait(), and the worker wakes the event loop. Of many, the one in the middle and the one that only a hundredth is slower than.
//
//     node bench/limits/two_wakes.mjs
import { once } from 'node:events';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const TIMES = 1400;
const ASKED = 0, ANSWERED = 16, SLEEPS = 32;

if (isMainThread) {
  const words = new Int32Array(new SharedArrayBuffer(192));
  const worker = new Worker(new URL(import.meta.url), { workerData: words });
  await once(worker, 'online');
  const samples = [];
  for (let nth = 1; nth <= TIMES; nth++) {
    while (Atomics.load(words, SLEEPS) < nth) await new Promise(setImmediate);
    const start = performance.now();
    Atomics.store(words, ASKED, nth);
    Atomics.notify(words, ASKED);
    const wait = Atomics.waitAsync(words, ANSWERED, nth - 1);
    if (wait.async) await wait.value;
    samples.push((performance.now() - start) * 1000);
  }
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor(TIMES * share)].toFixed(1);
  console.log(`two wake-ups, of a thread and of an event loop: median ${at(0.5)} us, p99 ${at(0.99)} us`);
  await worker.terminate();
} else {
  const words = workerData;
  for (let nth = 1; nth <= TIMES; nth++) {
    Atomics.store(words, SLEEPS, nth);
    while (Atomics.load(words, ASKED) < nth) Atomics.wait(words, ASKED, nth - 1);
    Atomics.store(words, ANSWERED, nth);
    Atomics.notify(words, ANSWERED);
  }
}
