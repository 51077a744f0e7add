// How long an HTTP request takes while threads that never really sleep share the isolate that answers it.
import { TASK_INTERRUPTIBLE, TASK_RUNNING, condResched, current, kthreadRun, kthreadShouldStop, kthreadStop, schedule, setCurrentState, wakeUpProcess } from 'kthread';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Worker } from 'node:worker_threads';

const ROUND_MS = 1000;
const PIECE_MS = 0.1;
const COST = 'after kernel.sched_budget_us (2000) of thread work the isolate goes through its event loop once';

export const rows = [
  {
    name: 'http-delay/cond-resched',
    title: 'an HTTP request beside a thread that computes and calls condResched() every 0.1 ms',
    unit: 'ms',
    percentiles: [50, 99, 100],
    cost: COST,
    ours: (ctx) => requestsBeside(ctx, () => startThreads(computer)),
    peers: peers(),
  },
  {
    name: 'http-delay/waking',
    title: 'an HTTP request beside two threads that only wake each other',
    unit: 'ms',
    percentiles: [50, 99, 100],
    cost: COST,
    ours: (ctx) => requestsBeside(ctx, () => startThreads(waker, waker)),
    peers: peers(),
  },
];

function peers() {
  return [
    { name: 'nothing beside it', must: { ours: 20 }, aim: { ours: 5 }, run: (ctx) => requestsBeside(ctx, async () => async () => {}) },
    { name: 'a loop with setImmediate every 0.1 ms', run: (ctx) => requestsBeside(ctx, startLoop) },
  ];
}

/** Milliseconds that requests took. `start` resolves with what ends the work beside them. */
async function requestsBeside(ctx, start) {
  const client = await ctx.keep('client', startClient);
  const stop = await start();
  const samples = await client(ctx.times(ROUND_MS));
  await stop();
  return { samples };
}

/** A server on this isolate and somebody on another who asks it one thing after the other for a while. */
async function startClient() {
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const worker = new Worker(new URL('../workers/http_client.mjs', import.meta.url), { workerData: { port: server.address().port } });
  return async (ms) => {
    worker.postMessage(ms);
    const [took] = await once(worker, 'message');
    return took;
  };
}

async function startThreads(...fns) {
  const pair = [];
  for (const fn of fns) pair.push(await kthreadRun(fn, pair, 'busy/%d', pair.length));
  return async () => {
    for (const task of pair) await kthreadStop(task);
  };
}

async function computer() {
  while (!kthreadShouldStop()) {
    compute();
    await condResched();
  }
  return 0;
}

/** Says that it will sleep, wakes the other, sleeps. */
async function waker(pair) {
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (kthreadShouldStop()) break;
    for (const other of pair) if (other.pid !== current().pid) wakeUpProcess(other);
    await schedule();
  }
  setCurrentState(TASK_RUNNING);
  return 0;
}

/** What one writes without threads. */
async function startLoop() {
  let stopped = false;
  const loop = () => {
    if (stopped) return;
    compute();
    setImmediate(loop);
  };
  loop();
  return async () => {
    stopped = true;
  };
}

function compute() {
  const end = performance.now() + PIECE_MS;
  while (performance.now() < end) continue;
}
