// The least that waits: async functions suspended at a promise, each in a context of its own. Says how many bytes one takes.
import { AsyncLocalStorage } from 'node:async_hooks';
import { parentPort, workerData } from 'node:worker_threads';

const storage = new AsyncLocalStorage();
const wakers = [];
const sleepers = [];

async function sleeper() {
  await new Promise((wake) => wakers.push(wake));
}

const before = heapBytes();
for (let i = 0; i < workerData; i++) sleepers.push(storage.run({ thread: i }, sleeper));
parentPort.postMessage((heapBytes() - before) / workerData);

function heapBytes() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
