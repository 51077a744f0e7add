// What comes of an endless task that is asked to stop: whether its `finally` ran, whether what it returned arrived, how long that
// took, and whether it really ended.
import { kthreadRun, kthreadShouldStop, kthreadStop, msleepInterruptible } from 'kthread';
import { setTimeout as delay } from 'node:timers/promises';
import { POOLS, startPeer } from '../lib/peer.mjs';

const VALUE = 7;
const START_MS = 60;
const AFTER_MS = 300;

export const rows = [
  {
    name: 'stop-correctness',
    title: 'an endless task with finally is asked to stop: until the caller has an answer',
    unit: 'ms',
    cost: 'the task looks whether it should stop; one that never does is reported, not killed',
    goals: { must: { ours: 10 } },
    ours: stopped,
    peers: Object.entries(POOLS).map(([name, node]) => ({
      name,
      run: (ctx) => ctx.keep(name, () => startPeer('stops.mjs', [], node))({ pool: name }),
    })),
    roundsMax: 3,
  },
];

async function stopped() {
  let beat = 0;
  let finallyRan = false;
  const task = await kthreadRun(async () => {
    try {
      for (; !kthreadShouldStop(); beat++) await msleepInterruptible(5);
      return VALUE;
    } finally {
      finallyRan = true;
    }
  }, undefined, 'endless');
  await delay(START_MS);
  const start = performance.now();
  const value = await kthreadStop(task);
  const ms = performance.now() - start;
  const last = beat;
  await delay(AFTER_MS);
  if (!finallyRan || value !== VALUE) throw new Error('stop-correctness: finally did not run, or the value is lost');
  return { value: ms, details: { asked: 'kthreadStop()', ms, value, error: null, finallyRan, stillRuns: beat !== last } };
}
