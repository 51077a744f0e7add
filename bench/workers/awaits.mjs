// Two async functions that take turns by awaiting, each in a context of its own. Says how many microseconds two awaits take.
import { AsyncLocalStorage } from 'node:async_hooks';
import { parentPort, workerData } from 'node:worker_threads';

const storage = new AsyncLocalStorage();
await measure(workerData / 10);
parentPort.postMessage(await measure(workerData));

async function measure(pairs) {
  const loop = async () => {
    for (let i = 0; i < pairs / 2; i++) {
      await undefined;
      await undefined;
    }
  };
  const start = performance.now();
  await Promise.all([storage.run({ thread: 1 }, loop), storage.run({ thread: 2 }, loop)]);
  return ((performance.now() - start) * 1000) / pairs;
}
