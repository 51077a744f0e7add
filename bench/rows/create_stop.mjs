// The life of a thread that sleeps until it is stopped: asked for, begun, stopped, its value back.
import { TASK_INTERRUPTIBLE, kthreadRun, kthreadShouldStop, kthreadStop, schedule, setCurrentState } from 'kthread';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { runNative } from '../lib/native.mjs';
import { VALUE, plainSleeper } from '../threads/sleeper.mjs';

const BATCH = 100;
const WORKER = new URL('../workers/idle.mjs', import.meta.url);

async function asyncSleeper() {
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (kthreadShouldStop()) break;
    await schedule();
  }
  setCurrentState(0);
  return VALUE;
}

export const rows = [
  {
    name: 'create-stop/async',
    title: 'create and stop an async thread, asked for from outside of any thread',
    unit: 'us',
    cost: 'one microtask turn or two of the isolate; a record of kernel memory while it lives',
    ours: (ctx) => lives(ctx.times(5000)),
    peers: [{ name: 'new Worker', must: { ratio: 0.02 }, run: (ctx) => workerLives(ctx.times(10)) }],
  },
  {
    name: 'create-stop/async-from-thread',
    title: 'the same, asked for by an async thread',
    unit: 'us',
    cost: 'as above, without a borrowed task for each of the two calls',
    ours: (ctx) => new Promise((resolve, reject) => {
      void kthreadRun(async () => void (await lives(ctx.times(5000)).then(resolve, reject)), undefined, 'parent');
    }),
    peers: [{ name: 'new Worker', must: { ratio: 0.02 }, run: (ctx) => workerLives(ctx.times(10)) }],
  },
  {
    name: 'create-stop/plain',
    title: 'create and stop a plain thread on a warm isolate, one after the other',
    unit: 'us',
    cost: 'an isolate of about 9 MB stays warm for the next one: kernel.warm_isolates (2) of them are kept ready',
    ours: (ctx) => plainLives(ctx.times(200)),
    peers: [
      { name: 'new Worker', must: { ratio: 0.1 }, run: (ctx) => workerLives(ctx.times(10)) },
      { name: 'pthread', run: ({ scratch, times }) => runNative(scratch, 'pthread_start', times(2000))[1] / 1000 },
    ],
  },
];

/** In batches, so that each thread has run and sleeps when it is stopped. */
async function lives(threads) {
  let sum = 0;
  const start = performance.now();
  for (let made = 0; made < threads; made += BATCH) {
    const tasks = [];
    for (let i = 0; i < BATCH; i++) tasks.push(await kthreadRun(asyncSleeper, undefined, 'sleeper/%d', i));
    for (const task of tasks) sum += await kthreadStop(task);
  }
  const took = performance.now() - start;
  if (sum !== VALUE * threads) throw new Error('a thread was stopped before it ran');
  return (took * 1000) / threads;
}

/** Two plain threads at most share the warm isolates, so one after the other; each is asleep before it is stopped. */
async function plainLives(threads) {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < threads; i++) {
    const task = await kthreadRun(plainSleeper, undefined, 'sleeper/%d', i);
    while (task.stateWord !== TASK_INTERRUPTIBLE) continue;
    sum += await kthreadStop(task);
  }
  const took = performance.now() - start;
  if (sum !== VALUE * threads) throw new Error('a thread was stopped before it ran');
  return (took * 1000) / threads;
}

async function workerLives(workers) {
  const start = performance.now();
  for (let i = 0; i < workers; i++) {
    const worker = new Worker(WORKER);
    await once(worker, 'message');
    await worker.terminate();
  }
  return ((performance.now() - start) * 1000) / workers;
}
