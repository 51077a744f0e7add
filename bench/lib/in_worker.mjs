// Runs a peer in a worker of its own, where nothing of kthread is: following threads through awaits, which kthread turns on
// while async threads live and a while longer, would slow the peer down.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** The first message of bench/workers/`file`, which gets `workerData`. */
export async function inWorker(file, workerData, transferList = []) {
  const worker = new Worker(new URL(`../workers/${file}`, import.meta.url), { workerData, transferList });
  const [message] = await once(worker, 'message');
  await worker.terminate();
  return message;
}
