// From asking for a plain thread to the first line of its function, on a warm isolate that knows the file already.
import { TASK_INTERRUPTIBLE, kthreadRun, kthreadStop } from 'kthread';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { runNative } from '../lib/native.mjs';
import { plainStarter } from '../threads/starter.mjs';

export const rows = [
  {
    name: 'start/plain',
    title: 'start of a plain thread, its file already known to a warm isolate, up to its first line',
    unit: 'us',
    cost: 'a warm isolate of about 9 MB waits in a futex for it: kernel.warm_isolates (2) of them are kept ready',
    ours: (ctx) => oursStarts(ctx.times(200)),
    peers: [
      { name: 'new Worker', must: { ratio: 0.02 }, run: (ctx) => workerStarts(ctx.times(10)) },
      { name: 'pthread_create', aim: { ratio: 2 }, run: async ({ scratch, times }) => (await runNative(scratch, 'pthread_start', times(2000)))[0] / 1000 },
    ],
  },
];

async function oursStarts(times) {
  const samples = [];
  for (let i = 0; i < times; i++) {
    const task = await kthreadRun(plainStarter, process.hrtime.bigint(), 'starter');
    while (task.stateWord !== TASK_INTERRUPTIBLE) continue;
    samples.push((await kthreadStop(task)) / 1000);
  }
  return { samples };
}

async function workerStarts(times) {
  const samples = [];
  for (let i = 0; i < times; i++) {
    const asked = process.hrtime.bigint();
    const worker = new Worker(new URL('../workers/idle.mjs', import.meta.url));
    const [began] = await once(worker, 'message');
    samples.push(Number(began - asked) / 1000);
    await worker.terminate();
  }
  return { samples };
}
