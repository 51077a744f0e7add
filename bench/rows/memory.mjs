// What an async thread takes while it sleeps: JavaScript heap on its isolate, and its records in kernel memory. The cost must
// not depend on how many there are.
import { setTimeout as delay } from 'node:timers/promises';
import { heapBytes, kernelBytes } from '../lib/bytes.mjs';
import { inWorker } from '../lib/in_worker.mjs';
import { startPeer } from '../lib/peer.mjs';
import { startSleepers, stopSleeper } from '../lib/sleepers.mjs';

export const rows = [1000, 10_000, 100_000, 1_000_000].map((size) => ({
  name: 'memory/async',
  title: 'heap and kernel memory of a sleeping async thread',
  unit: 'bytes',
  size,
  slow: size > 10_000,
  flat: true,
  warmUp: size < 100_000,
  node: ['--expose-gc', '--max-old-space-size=6000'],
  cost: 'this is the cost; records of threads that ended are used again, and never given back to the system',
  ours: sleepers,
  peers: [
    { name: 'Effect: a fiber', must: { ratio: 1.2 }, aim: { ratio: 1 }, run: (ctx) => ctx.keep('effect', () => startPeer('effect.mjs', [], ['--expose-gc', '--max-old-space-size=6000']))({ what: 'bytes', times: size }) },
    { name: 'a promise awaited with AsyncLocalStorage', run: () => inWorker('promises.mjs', size) },
  ],
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
