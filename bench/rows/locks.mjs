// What a lock costs: taken and given back with nobody else about, by plain and async threads, and when two threads fight for it.
import { declareShared, getTaskStruct, kthreadRun, kthreadStopPut, mutexLock, mutexUnlock, newMutex, newRwlock, newRwsem, newSemaphore, newSeqlock, newSpinlock } from 'kthread';
import { runNative } from '../lib/native.mjs';
import { runToEnd } from '../lib/run_to_end.mjs';
import { Skipped } from '../lib/skipped.mjs';
import { contended, uncontended } from '../threads/locker.mjs';

const START_MS = 50;
const KNOWS_ITS_OWNER = 'it knows its owner, and a task writes down which locks it has, so that none stays locked when it dies';
const KINDS = [
  ['spinlock', newSpinlock], ['rwlock, reading', newRwlock], ['rwlock, writing', newRwlock], ['seqlock, reading', newSeqlock], ['seqlock, writing', newSeqlock],
  ['mutex', newMutex], ['semaphore', () => newSemaphore(1)], ['rw_semaphore, reading', newRwsem], ['rw_semaphore, writing', newRwsem],
];

export const rows = [
  ...KINDS.map(([kind, make]) => ({
    name: `locks/${kind.replace(', ', '/')}`,
    title: `${kind}: taken and given back by a plain thread, nobody else wants it`,
    unit: 'ns',
    cost: KNOWS_ITS_OWNER,
    ours: (ctx) => runToEnd(uncontended, { kind, lock: ctx.keep('lock', make), times: ctx.times(500_000) }),
    peers: [
      { name: 'Atomics.compareExchange, store', run: (ctx) => bareLock(ctx.times(500_000)) },
      { name: 'pthread_mutex', run: async ({ scratch, times }) => (await runNative(scratch, 'pthread_mutex', times(5_000_000)))[0] },
    ],
  })),
  {
    name: 'locks/mutex/async',
    title: 'mutex: taken with an await and given back by an async thread, nobody else wants it',
    unit: 'ns',
    cost: `an await, also where the mutex is free; ${KNOWS_ITS_OWNER}`,
    ours: (ctx) => asyncMutex(ctx.times(200_000), ctx.keep('lock', newMutex)),
    peers: [{ name: 'navigator.locks.request', run: (ctx) => webLock(ctx.times(5000)) }],
  },
  ...['spinlock', 'mutex'].map((kind) => ({
    name: `locks/${kind}/contended`,
    title: `${kind}: two plain threads add to a number under it as fast as they can; a round of the slower one`,
    unit: 'ns',
    cost: `${KNOWS_ITS_OWNER}; a waiter looks at it 200 times before it sleeps`,
    ours: (ctx) => fight(kind, kind === 'mutex' ? newMutex() : newSpinlock(), ctx),
    peers: [{ name: 'pthread_mutex', run: async ({ scratch, times }) => (await runNative(scratch, 'pthread_mutex', times(5_000_000)))[1] }],
  })),
];

/** The least that a lock in shared memory can be: it does not know its owner, and nobody can wait for it. */
function bareLock(times) {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const start = performance.now();
  for (let i = 0; i < times; i++) {
    if (Atomics.compareExchange(word, 0, 0, 1) !== 0) throw new Error('nobody else wants it');
    Atomics.store(word, 0, 0);
  }
  return ((performance.now() - start) * 1e6) / times;
}

async function asyncMutex(times, m) {
  const task = getTaskStruct(await kthreadRun(async () => {
    const start = performance.now();
    for (let i = 0; i < times; i++) {
      await mutexLock(m);
      mutexUnlock(m);
    }
    return Math.round(((performance.now() - start) * 1e6) / times);
  }, undefined, 'locker'));
  while (task.state !== 'X') await new Promise((resolve) => setImmediate(resolve));
  return kthreadStopPut(task);
}

async function webLock(times) {
  if (!globalThis.navigator?.locks) throw new Skipped('this Node has no navigator.locks');
  const start = performance.now();
  for (let i = 0; i < times; i++) await navigator.locks.request('lock', () => {});
  return ((performance.now() - start) * 1e6) / times;
}

async function fight(kind, lock, ctx) {
  const counter = ctx.keep('counter', () => declareShared(import.meta, 'counter', Int32Array, 1));
  const begin = process.hrtime.bigint() + BigInt(START_MS * 1e6);
  const rounds = await Promise.all([0, 1].map(() => runToEnd(contended, { kind, lock, counter, times: ctx.times(200_000), begin })));
  return Math.max(...rounds);
}
