// What an async thread takes while it sleeps: JavaScript heap on its isolate, and its records in kernel memory. The cost must
// not depend on how many there are.
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { heapBytes, kernelBytes } from '../lib/bytes.mjs';
import { startSleepers, stopSleeper } from '../lib/sleepers.mjs';

export const rows = [1000, 10_000, 100_000].map((size) => ({
  name: 'memory/async',
  title: 'heap and kernel memory of a sleeping async thread',
  unit: 'bytes',
  size,
  node: ['--expose-gc'],
  cost: 'this is the cost; records of threads that ended are used again, and never given back to the system',
  ours: sleepers,
  peers: [{ name: 'a promise awaited with AsyncLocalStorage', run: promises }],
}));

async function sleepers(ctx) {
  const heap = heapBytes();
  const kernel = kernelBytes();
  const tasks = await startSleepers(ctx.size);
  await delay(1); // All of them sleep then.
  // The first time all records are new; later they are those of the round before.
  const records = ctx.keep('records', () => kernelBytes() - kernel);
  const bytes = heapBytes() - heap + records;
  for (const task of tasks) await stopSleeper(task);
  return bytes / ctx.size;
}

/** The least that waits: an async function suspended at a promise, in a context of its own. */
async function promises({ size }) {
  const heap = heapBytes();
  const storage = new AsyncLocalStorage();
  const wakers = [];
  const waiters = [];
  const sleeper = async () => {
    await new Promise((wake) => wakers.push(wake));
  };
  for (let i = 0; i < size; i++) waiters.push(storage.run({ thread: i }, sleeper));
  const bytes = heapBytes() - heap;
  for (const wake of wakers) wake();
  await Promise.all(waiters);
  storage.disable();
  return bytes / size;
}
