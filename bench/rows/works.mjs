// Works queued to a thread of another CPU: one at a time, each awaited before the next, and all at once.
import { KTW_BLOCKING, kthreadFlushWork, kthreadFlushWorker, kthreadInitWork, kthreadQueueWork, kthreadRunWorkerOnCpu } from 'kthread';
import { POOLS, startPeer } from '../lib/peer.mjs';
import { twoCores, whilePinned } from '../lib/pin.mjs';
import { runToEnd } from '../lib/run_to_end.mjs';
import { asker, increment, pin } from '../threads/works.mjs';

/** Goals count where there are very many. */
const MANY = 100_000;
const SIZES = [100, 1000, 10_000, MANY];
const TIMES = 5000;
const JUDGED = { must: { ratio: 1 / 3 }, aim: { ratio: 0.1 } };

export const rows = [
  ...[true, false].flatMap((pinned) => [
    oneAtATime('thread', pinned, {
      title: 'a plain thread queues a work to a thread of another CPU and waits for its result',
      cost: 'both threads own an isolate (9 MB), and each burns its core for up to kernel.halt_poll_us (50) before it sleeps',
      goals: JUDGED, flags: KTW_BLOCKING,
      ours: async (worker, times, cpu) => (await runToEnd(asker, { worker, times, cpu })) / 1000,
    }),
    oneAtATime('awaited', pinned, {
      title: 'code outside of any thread queues a work to a plain thread of another CPU and awaits its result',
      cost: 'the worker owns an isolate (9 MB); while that pays, both sides look for up to kernel.halt_poll_us (50) before they sleep, and the event loop stands still as long',
      goals: JUDGED, flags: KTW_BLOCKING,
      ours: (worker, times, cpu) => whilePinned(cpu, () => eachAwaited(worker, times)),
    }),
    oneAtATime('two-event-loops', pinned, {
      title: 'code outside of any thread queues a work to an async thread of another CPU and awaits its result',
      cost: 'the event loop of the other CPU is woken for each work',
      flags: 0,
      ours: (worker, times, cpu) => whilePinned(cpu, () => eachAwaited(worker, times)),
    }),
  ]),
  ...SIZES.map((size) => ({
    name: 'works/at-once',
    title: 'that many works are queued at once to one thread of another CPU, until the last result is there: one of them',
    unit: 'us',
    size,
    slow: size > 10_000,
    warmUp: size < 100_000,
    cost: 'each work is a record of 128 bytes in kernel memory until it is disposed of',
    ours: async (ctx) => atOnce(await workerOn(ctx, 0), size),
    peers: pools(() => ({ times: size, together: true }), ...(size === MANY ? [{ must: { ratio: 0.1 } }, { aim: { ratio: 1 } }] : [])),
  })),
];

/** A row, with each of the two threads on a core of its own, or wherever the system puts them. Goals count pinned. */
function oneAtATime(who, pinned, { title, cost, goals, flags, ours }) {
  const coresOf = (ctx) => ctx.keep('cores', () => (pinned ? twoCores() : []));
  return {
    name: `works/one-at-a-time/${who}/${pinned ? 'pinned' : 'unpinned'}`,
    title: `${title}, again and again, ${pinned ? 'each side on a core of its own' : 'wherever the system puts the two'}`,
    unit: 'us',
    cost,
    ours: async (ctx) => {
      const [cpu, workerCpu] = coresOf(ctx);
      const worker = await workerOn(ctx, flags, workerCpu);
      const used = process.cpuUsage();
      const value = await ours(worker, ctx.times(TIMES), cpu);
      const { user, system } = process.cpuUsage(used);
      return { value, cpu: (user + system) / ctx.times(TIMES) };
    },
    peers: pools((ctx) => ({ times: ctx.times(TIMES) }), pinned ? goals : undefined, undefined, coresOf),
  };
}

/** A worker of CPU 1, whose thread has loaded the file of the work; on the core `cpu`, if that is said. */
function workerOn(ctx, flags, cpu) {
  return ctx.keep('worker', async () => {
    const worker = await kthreadRunWorkerOnCpu(1, flags, 'bench/%u');
    const work = kthreadInitWork(pin, cpu ?? null);
    kthreadQueueWork(worker, work);
    await kthreadFlushWork(work);
    await eachAwaited(worker, 100);
    return worker;
  });
}

async function eachAwaited(worker, times) {
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

/** `goals` beside the pools, `bareGoals` beside a worker without any. */
function pools(request, goals, bareGoals, coresOf = () => []) {
  const names = [...Object.entries(POOLS), ['postMessage', []]];
  return names.map(([name, node]) => ({
    name,
    ...(name === 'postMessage' ? bareGoals : goals),
    run: (ctx) => ctx.keep(name, () => startPeer('works.mjs', [name, ...coresOf(ctx)], node))(request(ctx)),
  }));
}
