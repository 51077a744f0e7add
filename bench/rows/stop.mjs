// How long it takes from asking a sleeping thread to stop until its value is there.
import { TASK_INTERRUPTIBLE, kthreadRun, kthreadStop } from 'kthread';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { startPeer } from '../lib/peer.mjs';
import { startSleepers, stopSleeper } from '../lib/sleepers.mjs';
import { plainSleeper } from '../threads/sleeper.mjs';

const BATCH = 100;
const terminate = { name: 'worker.terminate', must: { ratio: 0.1 }, aim: { ours: 50 }, run: (ctx) => samplesOf(ctx.times(10), startWorker, (worker) => worker.terminate()) };
const aborted = (until, says) => ({
  name: `piscina, AbortController: until ${says}`,
  run: (ctx) => ctx.keep('piscina', () => startPeer('stops.mjs'))({ until, times: ctx.times(10) }),
});

export const rows = [
  {
    name: 'stop/async',
    title: 'kthreadStop of a sleeping async thread on the same isolate, until its value is there',
    unit: 'us',
    percentiles: [50, 99],
    cost: 'the stopper sleeps in a task of its own, borrowed unless it is a thread',
    ours: (ctx) => asyncStops(ctx.times(2000)),
    peers: [terminate, aborted('answer', 'the caller hears of it'), aborted('exit', 'the task ended')],
  },
  {
    name: 'stop/plain',
    title: 'kthreadStop of a sleeping plain thread, from another isolate, until its value is there',
    unit: 'us',
    percentiles: [50, 99],
    cost: 'two wake-ups across OS threads: the thread and, through its doorbell, the event loop of the stopper',
    ours: (ctx) => samplesOf(ctx.times(200), startPlain, kthreadStop),
    peers: [terminate, aborted('answer', 'the caller hears of it'), aborted('exit', 'the task ended')],
  },
];

async function asyncStops(times) {
  const samples = [];
  while (samples.length < times) {
    for (const task of await startSleepers(BATCH)) samples.push(await timed(() => stopSleeper(task)));
  }
  return { samples };
}

async function samplesOf(times, start, stop) {
  const samples = [];
  for (let i = 0; i < times; i++) {
    const thing = await start();
    samples.push(await timed(() => stop(thing)));
  }
  return { samples };
}

async function timed(stop) {
  const start = performance.now();
  await stop();
  return (performance.now() - start) * 1000;
}

async function startPlain() {
  const task = await kthreadRun(plainSleeper, undefined, 'sleeper');
  while (task.stateWord !== TASK_INTERRUPTIBLE) continue;
  return task;
}

async function startWorker() {
  const worker = new Worker(new URL('../workers/idle.mjs', import.meta.url));
  await once(worker, 'message');
  return worker;
}
