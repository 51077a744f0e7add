// Works queued to a thread of another CPU: one at a time, each awaited before the next, and all at once.
import { KTW_BLOCKING, kthreadFlushWork, kthreadFlushWorker, kthreadInitWork, kthreadQueueWork, kthreadRunWorkerOnCpu } from 'kthread';
import { POOLS, startPeer } from '../lib/peer.mjs';
import { runToEnd } from '../lib/run_to_end.mjs';
import { asker, increment } from '../threads/works.mjs';

const SIZES = [100, 1000, 10_000, 100_000];

export const rows = [
  {
    name: 'works/one-at-a-time/thread',
    title: 'a plain thread queues a work to a thread of another CPU and waits for its result, again and again',
    unit: 'us',
    cost: 'both threads own an isolate (9 MB), and each burns its core for up to kernel.halt_poll_us (50) before it sleeps',
    ours: async (ctx) => (await runToEnd(asker, { worker: await workerOn(ctx, KTW_BLOCKING), times: ctx.times(20_000) })) / 1000,
    peers: pools((ctx) => ({ times: ctx.times(5000) }), { ratio: 1 / 3 }, { ratio: 0.1 }),
  },
  {
    name: 'works/one-at-a-time/awaited',
    title: 'code outside of any thread queues a work to a plain thread of another CPU and awaits its result, again and again',
    unit: 'us',
    cost: 'the worker owns an isolate (9 MB); while that pays, both sides look for up to kernel.halt_poll_us (50) before they sleep, and the event loop stands still as long',
    ours: async (ctx) => oneAtATime(await workerOn(ctx, KTW_BLOCKING), ctx.times(5000)),
    peers: pools((ctx) => ({ times: ctx.times(5000) }), { ratio: 1 / 3 }, { ratio: 0.1 }),
  },
  {
    name: 'works/one-at-a-time/two-event-loops',
    title: 'code outside of any thread queues a work to an async thread of another CPU and awaits its result, again and again',
    unit: 'us',
    cost: 'the event loop of the other CPU is woken for each work',
    ours: async (ctx) => oneAtATime(await workerOn(ctx, 0), ctx.times(5000)),
    peers: pools((ctx) => ({ times: ctx.times(5000) })),
  },
  ...SIZES.map((size) => ({
    name: 'works/at-once',
    title: 'that many works are queued at once to one thread of another CPU, until the last result is there: one of them',
    unit: 'us',
    size,
    slow: size > 10_000,
    warmUp: size < 100_000,
    cost: 'each work is a record of 128 bytes in kernel memory until it is disposed of',
    ours: async (ctx) => atOnce(await workerOn(ctx, 0), size),
    peers: pools(() => ({ times: size, together: true }), { ratio: 0.1 }, undefined, { ratio: 1 }),
  })),
];

/** A worker of CPU 1, whose thread has loaded the file of the work. */
function workerOn(ctx, flags) {
  return ctx.keep('worker', async () => {
    const worker = await kthreadRunWorkerOnCpu(1, flags, 'bench/%u');
    await oneAtATime(worker, 100);
    return worker;
  });
}

async function oneAtATime(worker, times) {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < times; i++) {
    const work = kthreadInitWork(increment, i);
    kthreadQueueWork(worker, work);
    sum += await kthreadFlushWork(work);
    work[Symbol.dispose]();
  }
  return perWork(start, times, sum);
}

async function atOnce(worker, times) {
  const start = performance.now();
  const works = Array.from({ length: times }, (_, i) => kthreadInitWork(increment, i));
  for (const work of works) kthreadQueueWork(worker, work);
  await kthreadFlushWorker(worker);
  let sum = 0;
  for (const work of works) {
    sum += work.result;
    work[Symbol.dispose]();
  }
  return perWork(start, times, sum);
}

function perWork(start, times, sum) {
  if (sum !== (times * (times + 1)) / 2) throw new Error('the results are wrong');
  return ((performance.now() - start) * 1000) / times;
}

function pools(request, must, aim, bareAim) {
  const names = [...Object.entries(POOLS), ['postMessage', []]];
  return names.map(([name, node]) => ({
    name,
    must: name === 'postMessage' ? undefined : must,
    aim: name === 'postMessage' ? bareAim : aim,
    run: (ctx) => ctx.keep(name, () => startPeer('works.mjs', [name], node))(request(ctx)),
  }));
}
