// Two async threads on one isolate wake each other in turn: what a switch between threads costs beside the least that any
// asynchronous code pays, two awaits.
import { TASK_INTERRUPTIBLE, kthreadCreate, kthreadShouldStop, kthreadStop, schedule, setCurrentState, wakeUpProcess } from 'kthread';
import { inWorker } from '../lib/in_worker.mjs';
import { startPeer } from '../lib/peer.mjs';
import { sleepUntilStopped } from '../lib/sleepers.mjs';

export const rows = [
  {
    name: 'async-switch',
    title: 'two async threads on one isolate wake each other: one switch',
    unit: 'us',
    cost: 'with the first async thread awaits get dearer on Node 20 and 22 (AsyncLocalStorage), also those of other code; kthread turns that off a second after the last',
    ours: (ctx) => switches(ctx.times(200_000)),
    peers: [
      { name: 'two awaits with AsyncLocalStorage', must: { ratio: 4 }, aim: { ratio: 2.5 }, run: (ctx) => inWorker('awaits.mjs', ctx.times(200_000)) },
      { name: 'Effect: two fibers and a Deferred each', must: { ratio: 1 / 3 }, run: (ctx) => effect(ctx, 'switches', 100_000) },
      { name: 'Effect: yieldNow', run: (ctx) => effect(ctx, 'yields', 50_000) },
      { name: 'Effect: a callback into the other, no turn', run: (ctx) => effect(ctx, 'resumes', 200_000) },
    ],
  },
];

const effect = (ctx, what, times) => ctx.keep('effect', () => startPeer('effect.mjs', [], ['--expose-gc']))({ what, times: ctx.times(times) });

/** Each says that it will sleep before it wakes the other, so no wake-up is lost. Ends when the first has done its part. */
async function switches(times) {
  let took;
  const figure = new Promise((resolve) => (took = resolve));
  const first = await kthreadCreate(async () => {
    while (other.state !== 'S') await schedule(); // The other runs and sleeps first.
    const start = performance.now();
    for (let i = 0; i < times / 2; i++) {
      setCurrentState(TASK_INTERRUPTIBLE);
      wakeUpProcess(other);
      await schedule();
    }
    took(((performance.now() - start) * 1000) / times);
    return sleepUntilStopped();
  }, undefined, 'first');
  const other = await kthreadCreate(async () => {
    setCurrentState(TASK_INTERRUPTIBLE);
    await schedule();
    while (!kthreadShouldStop()) {
      setCurrentState(TASK_INTERRUPTIBLE);
      wakeUpProcess(first);
      await schedule();
    }
    return 0;
  }, undefined, 'other');
  wakeUpProcess(other);
  wakeUpProcess(first);
  const value = await figure;
  await kthreadStop(other);
  await kthreadStop(first);
  return value;
}
