// The least that something which sleeps takes on the heap, without any library: an async function that awaits a promise which
// somebody can resolve. Once plain, and once with an AsyncLocalStorage in use.
//
//     node --expose-gc bench/limits/sleepers.mjs
import { AsyncLocalStorage } from 'node:async_hooks';

const SLEEPERS = 100_000;
if (!globalThis.gc) throw new Error('sleepers.mjs measures the heap: run it with node --expose-gc');

const storage = new AsyncLocalStorage();
const plain = bytes((fn) => fn());
const followed = bytes((fn, i) => storage.run({ thread: i }, fn));
console.log(`a sleeping async function: ${plain} bytes; with an AsyncLocalStorage: ${followed} bytes`);

function bytes(run) {
  const kept = [];
  const before = heapBytes();
  for (let i = 0; i < SLEEPERS; i++) {
    kept.push(run(async () => {
      for (;;) await new Promise((resolve) => kept.push(resolve));
    }, i));
  }
  return Math.round((heapBytes() - before) / SLEEPERS);
}

function heapBytes() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
