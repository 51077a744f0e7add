/**
 * What the works of the worker tests do, and the ways in which a worker can live, so that one test proves a behaviour for
 * all of them. Other isolates import this file to find the functions.
 */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { BATON_WORDS, holdBefore } from './baton.fixture.js';
import { kthreadShouldStop, threadfn } from './kthread.js';
import { KTW_BLOCKING } from './kthread_work.js';
import {
  declareKthreadWork, kthreadCancelDelayedWorkSyncSync, kthreadCancelWorkSyncSync, kthreadDestroyWorkerSync, kthreadFlushWorkSync, kthreadFlushWorkerSync, kthreadInitDelayedWork, kthreadInitWork, kthreadModDelayedWork,
  kthreadQueueDelayedWork, kthreadQueueWork, kthreadRunWorker, kthreadRunWorkerOnCpu, kthreadRunWorkerSync, kthreadWorkerFnSync, workfn, type KthreadWorker, type WorkBody, type WorkFn,
} from './kthread_worker.js';
import { SPARE_AT } from './memlayout.js';
import { current } from './sched/handle.js';
import { isolateCpu, self } from './smp.js';
import { scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync } from './time/sleep.js';
import { jiffies } from './time/time.js';
import { WQ_BLOCKING, allocWorkqueue, destroyWorkqueueSync, flushWorkSync, flushWorkqueueSync, queueWork, workOnCpuSync } from './workqueue.js';

/** Words of a test: works begun, ended, what the last one saw of itself, a word to let it go, and who ran, in order. */
export const BEGUN = 0, ENDED = 4, PID = 8, CPU = 12, GO = 16, AT = 20, LOG = 24;
export const WORDS = 6 + 1024;

/** The words of the test and a number to tell one work from another. */
export type Job = readonly [at: number, id: number];
/** The same with a worker to queue to, and how often. */
export interface Again {
  readonly at: number;
  readonly worker: KthreadWorker;
  left: number;
}

function begin([at, id]: Job): void {
  store(at + PID, current().pid);
  store(at + CPU, isolateCpu(self));
  store(at + AT, jiffies());
  store(at + LOG + fetchAdd(at + BEGUN, 1) * 4, id);
}

function end([at, id]: Job): number {
  fetchAdd(at + ENDED, 1);
  return id * 2;
}

const note: WorkBody<Job, number> = ({ data }) => {
  begin(data);
  return end(data);
};
const asyncGate: WorkBody<Job, number> = async ({ data }) => {
  begin(data);
  while (load(data[0] + GO) === 0) await scheduleTimeoutUninterruptible(1);
  return end(data);
};
const plainGate: WorkBody<Job, number> = ({ data }) => {
  begin(data);
  while (load(data[0] + GO) === 0) scheduleTimeoutUninterruptibleSync(1);
  return end(data);
};
const again: WorkBody<Again, void> = (work) => {
  const { at, worker, left } = work.data;
  begin([at, left]);
  work.data.left--;
  if (left > 1) kthreadQueueWork(worker, work);
  end([at, left]);
};
const againLater: WorkBody<Again, void> = (work) => {
  const { at, worker, left } = work.data;
  begin([at, left]);
  work.data.left--;
  if (left > 1) kthreadQueueDelayedWork(worker, work, 1);
  end([at, left]);
};
/** Queues itself as fast as it can, for ever. */
const stubborn: WorkBody<Again, void> = async (work) => {
  begin([work.data.at, 0]);
  store(work.data.at + LOG, kthreadQueueWork(work.data.worker, work) ? 1 : 2);
  await scheduleTimeoutUninterruptible(1);
  end([work.data.at, 0]);
};
const stubbornPlain: WorkBody<Again, void> = (work) => {
  begin([work.data.at, 0]);
  store(work.data.at + LOG, kthreadQueueWork(work.data.worker, work) ? 1 : 2);
  scheduleTimeoutUninterruptibleSync(1);
  end([work.data.at, 0]);
};
const failing: WorkBody<string, void> = ({ data }) => {
  throw new RangeError(data);
};
const echo: WorkBody<unknown, unknown> = ({ data }) => data;

export const failingFn = workfn(import.meta, 'failing', failing);
const declared = {
  note: workfn(import.meta, 'note', note),
  again: workfn(import.meta, 'again', again),
  againLater: workfn(import.meta, 'again later', againLater),
  failing: failingFn,
  echo: workfn(import.meta, 'echo', echo),
};
export const noteFn = declared.note;
export const asyncGateFn = workfn(import.meta, 'async gate', asyncGate);
export const plainGateFn = workfn(import.meta, 'plain gate', plainGate);
const stubbornFn = workfn(import.meta, 'stubborn', stubborn);
const stubbornPlainFn = workfn(import.meta, 'stubborn, plain', stubbornPlain);
export const dies = workfn(import.meta, 'dies', () => process.exit(3));
export const promising = workfn(import.meta, 'promising', ({ data }: { data: number }) => Promise.resolve(data));
/** One work for all isolates. It counts in the word at RUNS. */
export const shared = declareKthreadWork(import.meta, 'shared', () => fetchAdd(RUNS, 1) + 1);
export const RUNS = SPARE_AT + 256;

type Fn<D, R> = WorkFn<D, R> | WorkBody<D, R>;

/** A way in which a worker can live, and the functions that it can run. */
export interface WorkerKind {
  readonly kind: string;
  readonly cpu: number;
  run(name?: string, flags?: number): Promise<KthreadWorker>;
  readonly note: Fn<Job, number>;
  readonly gate: Fn<Job, number>;
  readonly again: Fn<Again, void>;
  readonly againLater: Fn<Again, void>;
  readonly stubborn: Fn<Again, void>;
  readonly failing: Fn<string, void>;
  readonly echo: Fn<unknown, unknown>;
}

const here = (name = 'here', flags = 0): Promise<KthreadWorker> => kthreadRunWorker(flags, '%s', name);
export const CLOSURES: WorkerKind = { kind: 'closures', cpu: 0, run: here, note, gate: asyncGate, again, againLater, stubborn, failing, echo };
export const SHARED_HERE: WorkerKind = { kind: 'workfns here', cpu: 0, run: here, ...declared, gate: asyncGateFn, stubborn: stubbornFn };
export const ON_CPU1: WorkerKind = { kind: 'workfns on CPU 1', cpu: 1, run: (name = 'cpu1/%u', flags = 0) => kthreadRunWorkerOnCpu(1, flags, name), ...declared, gate: asyncGateFn, stubborn: stubbornFn };
export const OWN: WorkerKind = { kind: 'plain workfns on an isolate of their own', cpu: -1, run: (name = 'own', flags = 0) => kthreadRunWorker(KTW_BLOCKING | flags, '%s', name), ...declared, gate: plainGateFn, stubborn: stubbornPlainFn };
export const WORKERS: readonly WorkerKind[] = [CLOSURES, SHARED_HERE, ON_CPU1, OWN];

// --- A plain thread that does everything by itself -----------------------------------------------------------------

/** Goes through the calls for plain threads; returns the number of the first step that failed, 0 if none did. */
export const conductor = threadfn(import.meta, 'conductor', ({ at, blocking }: { at: number; blocking: boolean }): number => {
  const worker = kthreadRunWorkerSync(blocking ? KTW_BLOCKING : 0, 'orchestra');
  const gate = kthreadInitWork<Job, number>(blocking ? plainGateFn : asyncGateFn, [at, 1]);
  const works = [2, 3, 4].map((id) => kthreadInitWork<Job, number>(declared.note, [at, id]));
  const late = kthreadInitDelayedWork<Job, number>(declared.note, [at, 5]);
  const steps: ReadonlyArray<() => boolean> = [
    () => kthreadQueueWork(worker, gate),
    () => works.every((work) => kthreadQueueWork(worker, work)),
    () => !kthreadQueueWork(worker, works[0]),
    () => kthreadCancelWorkSyncSync(works[1]),
    () => !kthreadCancelWorkSyncSync(works[1]),
    () => {
      store(at + GO, 1);
      return kthreadFlushWorkSync(works[2]) === 8;
    },
    () => load(at + ENDED) === 3,
    () => kthreadQueueDelayedWork(worker, late, 60_000),
    () => !kthreadQueueDelayedWork(worker, late, 1),
    () => kthreadCancelDelayedWorkSyncSync(late),
    () => !kthreadModDelayedWork(worker, late, 60_000),
    () => kthreadModDelayedWork(worker, late, 5),
    () => {
      while (load(at + ENDED) < 4) scheduleTimeoutUninterruptibleSync(1);
      return kthreadFlushWorkSync(late) === 10;
    },
    () => {
      kthreadQueueWork(worker, works[1]);
      kthreadFlushWorkerSync(worker);
      return load(at + ENDED) === 5;
    },
  ];
  const failed = steps.findIndex((step) => !step()) + 1;
  kthreadDestroyWorkerSync(worker);
  return failed;
});

/** Queues `works` works that note themselves to `worker`, each once, and waits for all. */
export const queuer = threadfn(import.meta, 'queuer', ({ worker, at, count }: { worker: KthreadWorker; at: number; count: number }) => {
  const works = Array.from({ length: count }, () => kthreadInitWork(counted, at));
  for (const work of works) kthreadQueueWork(worker, work);
  kthreadFlushWorkerSync(worker);
  for (const work of works) work[Symbol.dispose]();
});
const counted = workfn(import.meta, 'counted', ({ data }: { data: number }) => void fetchAdd(data + BEGUN, 1));

/** Moves `shared`, whose timer runs on another isolate, a minute away. */
export const postponer = threadfn(import.meta, 'postponer', async (worker: KthreadWorker) => void kthreadModDelayedWork(worker, shared, 60_000));

/** Goes through the workqueue calls for plain threads; returns the number of the first step that failed, 0 if none did. */
export const queueingThread = threadfn(import.meta, 'queueing', (at: number): number => {
  const wq = allocWorkqueue('plain', WQ_BLOCKING, 1);
  const work = kthreadInitWork<Job, number>(noteFn, [at, 4]);
  store(at + GO, 1);
  const steps: ReadonlyArray<() => boolean> = [
    () => queueWork(wq, work),
    () => flushWorkSync(work) || load(at + ENDED) === 1,
    () => work.result === 8,
    () => !flushWorkSync(work),
    () => workOnCpuSync(1, plainGateFn, [at, 5]) === 10 && load(at + CPU) === 1,
    () => workOnCpuSync(0, asyncGateFn, [at, 6]) === 12 && load(at + CPU) === 0,
    () => queueWork(wq, work),
    () => {
      flushWorkqueueSync(wq);
      return load(at + ENDED) === 4;
    },
  ];
  const failed = steps.findIndex((step) => !step()) + 1;
  destroyWorkqueueSync(wq);
  return failed;
});

/** Who stops before an access to shared memory, and which: see holdBefore. */
export interface Held {
  readonly worker: KthreadWorker;
  readonly at: number;
  /** A baton and, behind it, a word that says that it has begun. */
  readonly baton: number;
  readonly step: number;
}
export const STARTED = BATON_WORDS * 4;

function begunAndHeld({ baton, step }: Held): () => number {
  store(baton + STARTED, 1);
  return holdBefore(baton, step);
}

/** Queues a work that notes itself, and waits for it. Returns the accesses that queueing took. */
export const heldQueuer = threadfn(import.meta, 'held queuer', (how: Held) => {
  const { worker, at } = how;
  using work = kthreadInitWork<Job, number>(noteFn, [at, 1]);
  const accesses = begunAndHeld(how);
  kthreadQueueWork(worker, work);
  const taken = accesses();
  kthreadFlushWorkSync(work);
  return taken;
});

/** Serves `worker`, and is held on the way. */
export const heldServer = threadfn(import.meta, 'held server', (how: Held) => {
  begunAndHeld(how);
  return kthreadWorkerFnSync(how.worker);
});

/** Waits for the work that holds `worker` up. Returns the accesses that this took. */
export const heldFlusher = threadfn(import.meta, 'held flusher', (how: Held) => {
  const accesses = begunAndHeld(how);
  kthreadFlushWorkerSync(how.worker);
  return accesses();
});

/** A plain thread that serves a worker by itself. */
export const server = threadfn(import.meta, 'server', (worker: KthreadWorker) => kthreadWorkerFnSync(worker));
/** Queues `shared` or takes it off the queue, as often as it can until it is stopped. Counts what it queued, less what it took back. */
export const meddler = threadfn(import.meta, 'meddler', ({ worker, at }: { worker: KthreadWorker; at: number }) => {
  for (let i = 0; !kthreadShouldStop(); i++) {
    if (i % 3 < 2) fetchAdd(at, kthreadQueueWork(worker, shared) ? 1 : 0);
    else fetchAdd(at, kthreadCancelWorkSyncSync(shared) ? -1 : 0);
  }
});
