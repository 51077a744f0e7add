// The life of a thread that sleeps until it is stopped: asked for, begun, stopped, its value back.
import { TASK_INTERRUPTIBLE, kthreadRun, kthreadStop } from 'kthread';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { runNative } from '../lib/native.mjs';
import { startPeer } from '../lib/peer.mjs';
import { startSleepers, stopSleeper } from '../lib/sleepers.mjs';
import { VALUE, plainSleeper } from '../threads/sleeper.mjs';

const BATCH = 100;
const worker = { name: 'new Worker', run: (ctx) => workerLives(ctx.times(10)) };
const fiber = {
  name: 'Effect: fork, interrupt',
  must: { ratio: 1 },
  aim: { ratio: 0.3 },
  run: (ctx) => ctx.keep('effect', () => startPeer('effect.mjs', [], ['--expose-gc']))({ what: 'lives', times: ctx.times(20_000) }),
};

export const rows = [
  {
    name: 'create-stop/async',
    title: 'create and stop an async thread, asked for from outside of any thread',
    unit: 'us',
    cost: 'each of the two calls sleeps in a borrowed task of its own',
    ours: (ctx) => lives(ctx.times(5000)),
    peers: [fiber, worker],
  },
  {
    name: 'create-stop/async-from-thread',
    title: 'the same, asked for by an async thread',
    unit: 'us',
    cost: 'the caller sleeps as itself',
    ours: (ctx) => new Promise((resolve, reject) => {
      void kthreadRun(async () => void (await lives(ctx.times(5000)).then(resolve, reject)), undefined, 'parent');
    }),
    peers: [fiber, worker],
  },
  {
    name: 'create-stop/plain',
    title: 'create and stop a plain thread on a warm isolate, one after the other',
    unit: 'us',
    cost: 'a warm isolate of about 9 MB waits in a futex for it: kernel.warm_isolates (2) of them are kept ready',
    ours: (ctx) => plainLives(ctx.times(200)),
    peers: [
      worker,
      { name: 'pthread_create, join', run: async ({ scratch, times }) => (await runNative(scratch, 'pthread_start', times(2000)))[1] / 1000 },
    ],
  },
];

/** In batches, so that each thread has run and sleeps when it is stopped. */
async function lives(threads) {
  const start = performance.now();
  for (let made = 0; made < threads; made += BATCH) {
    for (const task of await startSleepers(BATCH)) await stopSleeper(task);
  }
  return perThread(start, threads);
}

/** Few isolates are warm, so one after the other; each is asleep before it is stopped. */
async function plainLives(threads) {
  const start = performance.now();
  for (let i = 0; i < threads; i++) {
    const task = await kthreadRun(plainSleeper, undefined, 'sleeper/%d', i);
    while (task.stateWord !== TASK_INTERRUPTIBLE) continue;
    if ((await kthreadStop(task)) !== VALUE) throw new Error('the thread was stopped before it ran');
  }
  return perThread(start, threads);
}

async function workerLives(workers) {
  const start = performance.now();
  for (let i = 0; i < workers; i++) {
    const worker = new Worker(new URL('../workers/idle.mjs', import.meta.url));
    await once(worker, 'message');
    await worker.terminate();
  }
  return perThread(start, workers);
}

const perThread = (start, threads) => ((performance.now() - start) * 1000) / threads;
