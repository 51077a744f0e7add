// The least that waking an event loop from another thread costs, without any library: two workers wake each other by
// Atomics.waitAsync() and Atomics.notify(), which is what a doorbell is. A round trip is two of them.
//
//     node bench/limits/event_loops.mjs
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

const TRIPS = 5000;

if (isMainThread) {
  const words = new Int32Array(new SharedArrayBuffer(128));
  const workers = [0, 16].map((mine) => new Worker(new URL(import.meta.url), { workerData: { words, mine } }));
  const [[us]] = await Promise.all(workers.map((worker) => once(worker, 'message')));
  console.log(`two event loops wake each other: ${us.toFixed(1)} us for a round trip`);
  for (const worker of workers) await worker.terminate();
} else {
  const { words, mine } = workerData;
  const other = 16 - mine;
  const alive = setInterval(() => {}, 1000); // Waiting keeps no worker alive.
  let start = 0;
  for (let trip = 1; trip <= TRIPS; trip++) {
    if (trip === TRIPS / 5) start = performance.now();
    if (mine === 0) ring(other, trip);
    while (Atomics.load(words, mine) < trip) await rung(mine, trip - 1);
    if (mine !== 0) ring(other, trip);
  }
  parentPort.postMessage(((performance.now() - start) * 1000) / (TRIPS * 0.8));
  clearInterval(alive);

  function ring(word, trip) {
    Atomics.store(words, word, trip);
    Atomics.notify(words, word, 1);
  }

  async function rung(word, seen) {
    const wait = Atomics.waitAsync(words, word, seen);
    if (wait.async) await wait.value;
  }
}
