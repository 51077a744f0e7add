/**
 * Workqueues: works for whoever is free, on threads named kworker that come and go with the need. A front of kthread_worker:
 * its works are the same, a queue is a few workers, and a work goes to one that is idle. Take a kthread_worker for a
 * thread of your own, and an ordered workqueue where works must run one after the other.
 *
 * Linux keeps as many workers running as a CPU can use, and counts those that sleep. Here a thread more is started when all
 * are busy, up to the queue's max_active; above that, works wait behind one of them.
 */
import { load } from '../lib/atomic.js';
import { EINVAL, ESRCH, KernelError } from '../lib/errno.js';
import { listEmpty } from '../lib/list.js';
import { r32 } from '../lib/memory.js';
import { vsprintf, type PrintfArgs } from '../lib/printf.js';
import { cpuPossible } from './cpu.js';
import { KTW_BLOCKING, KTW_FREEZABLE, KTW_WQ, PENDING, RUNNING, TIMER, WORK, WORKER, flushAt } from './kthread_work.js';
import {
  KthreadWorker, cancelWork, kthreadDestroyWorker, kthreadDestroyWorkerSync, kthreadFlushWork, kthreadFlushWorkSync, kthreadFlushWorker, kthreadFlushWorkerSync, kthreadInitWork, kthreadModDelayedWork,
  kthreadQueueDelayedWork, kthreadQueueWork, spawnWorker, type KthreadDelayedWork, type KthreadWork, type WorkFn,
} from './kthread_worker.js';
import { block, blockSync, ready, type Blocking, type WaitOptions } from './sched/core.js';
import { KTHREAD_SYSTEM, KTHREAD_UNREF } from './sched/task.js';
import { isolateCpu, numPossibleCpus, self } from './smp.js';

/** Its works may run on any CPU. C: WQ_UNBOUND. */
export const WQ_UNBOUND = 2;
/** Its threads freeze with the machine. C: WQ_FREEZABLE. */
export const WQ_FREEZABLE = 4;
/** Accepted; there is no memory reclaim. C: WQ_MEM_RECLAIM. */
export const WQ_MEM_RECLAIM = 8;
/** Accepted. C: WQ_HIGHPRI. */
export const WQ_HIGHPRI = 16;
/** Accepted. C: WQ_CPU_INTENSIVE. */
export const WQ_CPU_INTENSIVE = 32;
/** Not Linux's: its works are plain functions that may block, each thread has an isolate of its own. */
export const WQ_BLOCKING = 0x10000;
/** Threads of a queue whose max_active is 0; of one with WQ_BLOCKING, whose threads cost megabytes, there are as many as CPUs. */
const DFL_ACTIVE = 16;

/** What work_busy answers. */
export const WORK_BUSY_PENDING = 1;
export const WORK_BUSY_RUNNING = 2;

/** Any CPU, or the one that queues. */
const ANY = -1;

/** C: struct workqueue_struct. Belongs to the isolate that made it. */
export class Workqueue implements AsyncDisposable {
  /** Its workers by CPU; null once it was destroyed. */
  pools: Map<number, KthreadWorker[]> | null = new Map();

  /** Not for users: allocWorkqueue makes queues. */
  constructor(
    readonly name: string,
    readonly flags: number,
    readonly maxActive: number,
    /** KTHREAD_* of its threads. */
    readonly kflags: number,
  ) {}

  get workers(): KthreadWorker[] {
    return [...(this.pools?.values() ?? [])].flat();
  }

  /** destroyWorkqueue, as `await using` does at the end of its block. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.pools) await destroyWorkqueue(this);
  }
}

/**
 * A queue whose works run on up to `maxActive` threads (0: 16) at a time, started as they are needed. `fmt` and `args` name it;
 * `flags` are WQ_*. Never sleeps. C: alloc_workqueue.
 */
export function allocWorkqueue<const F extends string>(fmt: F, flags: number, maxActive: number, ...args: PrintfArgs<F>): Workqueue {
  return new Workqueue(vsprintf(fmt, args), flags, maxActive || ((flags & WQ_BLOCKING) !== 0 ? numPossibleCpus() : DFL_ACTIVE), 0);
}

/** A queue whose works run one after the other, in the order in which they were queued. Otherwise as allocWorkqueue. C: alloc_ordered_workqueue. */
export function allocOrderedWorkqueue<const F extends string>(fmt: F, flags: number, ...args: PrintfArgs<F>): Workqueue {
  return new Workqueue(vsprintf(fmt, args), flags | WQ_UNBOUND, 1, 0);
}

const systemQueues = new Map<number, Workqueue>();

/** The queue for everybody, on the isolate that calls. Its threads do not keep the process alive: await what must be done. C: system_wq. */
export const systemWq = (): Workqueue => systemQueue(0);

function systemQueue(flags: number): Workqueue {
  let wq = systemQueues.get(flags);
  if (!wq) systemQueues.set(flags, (wq = new Workqueue('events', flags, (flags & WQ_BLOCKING) !== 0 ? 1 : DFL_ACTIVE, KTHREAD_SYSTEM | KTHREAD_UNREF)));
  return wq;
}

/** Forgets the queues of a machine that is gone. */
export const forgetSystemQueues = (): void => systemQueues.clear();

// --- Choosing a worker --------------------------------------------------------------------------------------------

/** Threads named so far on this isolate. */
let named = 0;

/** A worker for a work that none has: an idle one, a new one, or the next in turn. */
function pick(wq: Workqueue, cpu: number): KthreadWorker {
  if (!wq.pools) throw new KernelError(-ESRCH, `workqueue ${wq.name} was destroyed`);
  const key = wq.maxActive === 1 && wq.kflags === 0 ? ANY : cpu; // One thread in all keeps the order.
  let pool = wq.pools.get(key);
  if (!pool) wq.pools.set(key, (pool = []));
  const idle = pool.findIndex(isIdle);
  if (idle < 0 && pool.length < wq.maxActive) pool.push(spawn(wq, key));
  else if (idle !== pool.length - 1) pool.push(...pool.splice(Math.max(idle, 0), 1));
  return pool.at(-1)!;
}

const isIdle = ({ addr }: KthreadWorker): boolean => load(addr + WORKER.current_work) === 0 && listEmpty(addr + WORKER.work_list);

function spawn(wq: Workqueue, cpu: number): KthreadWorker {
  const where = (wq.flags & WQ_UNBOUND) !== 0 && cpu === ANY ? `u${numPossibleCpus()}` : `${cpu === ANY ? isolateCpu(self) : cpu}`;
  const flags = KTW_WQ | ((wq.flags & WQ_BLOCKING) !== 0 ? KTW_BLOCKING : 0) | ((wq.flags & WQ_FREEZABLE) !== 0 ? KTW_FREEZABLE : 0);
  return spawnWorker(flags, cpu, `kworker/${where}:${named++}-${wq.name}`, wq.kflags);
}

// --- Queueing -----------------------------------------------------------------------------------------------------

/** Queues `work` with the data it has now. False if it is queued already. Never sleeps; any context. Throws as kthreadQueueWork, ESRCH for a queue that was destroyed. C: queue_work. */
export const queueWork = <D>(wq: Workqueue, work: KthreadWork<D>): boolean => queue(wq, ANY, work, 0, false);

/** queueWork, to run on `cpu`. Throws EINVAL for a CPU that is not there. C: queue_work_on. */
export const queueWorkOn = <D>(cpu: number, wq: Workqueue, work: KthreadWork<D>): boolean => queue(wq, checkCpu(cpu), work, 0, false);

/** queueWork in `delay` jiffies; 0 is now. C: queue_delayed_work. */
export const queueDelayedWork = <D>(wq: Workqueue, work: KthreadDelayedWork<D>, delay: number): boolean => queue(wq, ANY, work, delay, false);

/** Queues `work` in `delay` jiffies whether or not it was queued; returns whether it was. C: mod_delayed_work. */
export const modDelayedWork = <D>(wq: Workqueue, work: KthreadDelayedWork<D>, delay: number): boolean => queue(wq, ANY, work, delay, true);

/** queueWork on systemWq(). C: schedule_work. */
export const scheduleWork = <D>(work: KthreadWork<D>): boolean => queueWork(systemWq(), work);

/** queueDelayedWork on systemWq(). C: schedule_delayed_work. */
export const scheduleDelayedWork = <D>(work: KthreadDelayedWork<D>, delay: number): boolean => queueDelayedWork(systemWq(), work, delay);

function checkCpu(cpu: number): number {
  if (cpuPossible(cpu)) return cpu;
  throw new KernelError(-EINVAL, `there is no CPU ${cpu}; this machine has ${numPossibleCpus()}`);
}

function queue<D>(wq: Workqueue, cpu: number, work: KthreadWork<D>, delay: number, mod: boolean): boolean {
  if (!mod && work.pending) return false;
  const was = mod && cancelWork(work);
  const worker = (work.state & RUNNING) !== 0 ? workerOf(work) : pick(wq, cpu); // It never runs twice at a time.
  const queued = delay > 0 ? kthreadQueueDelayedWork(worker, work, delay) : kthreadQueueWork(worker, work);
  return mod ? was : queued;
}

/** The worker that has `work` or had it last. */
function workerOf<D>({ addr }: KthreadWork<D>): KthreadWorker {
  const worker = load(addr + WORK.worker);
  return new KthreadWorker(worker, r32(worker + WORKER.gen));
}

/** Whether `work` is queued or its timer runs. C: work_pending, delayed_work_pending. */
export const workPending = <D>(work: KthreadWork<D>): boolean => work.pending;

/** WORK_BUSY_PENDING, WORK_BUSY_RUNNING, both or 0. C: work_busy. */
export function workBusy<D>({ state }: KthreadWork<D>): number {
  return ((state & (PENDING | TIMER)) !== 0 ? WORK_BUSY_PENDING : 0) | ((state & RUNNING) !== 0 ? WORK_BUSY_RUNNING : 0);
}

// --- Waiting ------------------------------------------------------------------------------------------------------

/** Waits until `work` is over, if it is queued or runs. Returns whether it waited; work.result is what it returned. Throws as kthreadFlushWork. Sleeps. C: flush_work. */
export function flushWork<D>(work: KthreadWork<D>, opt?: WaitOptions): Promise<boolean> {
  return (work.state & (PENDING | RUNNING)) === 0 ? ready(false) : block('flush_work', (task) => flush(task, work), opt);
}

/** For plain threads; as flushWork. */
export const flushWorkSync = <D>(work: KthreadWork<D>): boolean => (work.state & (PENDING | RUNNING)) !== 0 && blockSync('flush_work', 'flushWork', (task) => flush(task, work));

function* flush<D>(task: number, { addr }: KthreadWork<D>): Blocking<true> {
  yield* flushAt(task, addr);
  return true;
}

/** Queues a work whose timer runs now, and waits as flushWork. C: flush_delayed_work. */
export function flushDelayedWork<D>(work: KthreadDelayedWork<D>, opt?: WaitOptions): Promise<boolean> {
  if ((work.state & TIMER) !== 0) kthreadModDelayedWork(workerOf(work), work, 0);
  return flushWork(work, opt);
}

/** Waits for everything that is queued now. Sleeps. C: flush_workqueue. */
export async function flushWorkqueue(wq: Workqueue, opt?: WaitOptions): Promise<void> {
  for (const worker of wq.workers) await kthreadFlushWorker(worker, opt);
}

/** For plain threads; as flushWorkqueue. */
export function flushWorkqueueSync(wq: Workqueue): void {
  for (const worker of wq.workers) kthreadFlushWorkerSync(worker);
}

/** Runs what is queued, ends the threads and the queue. Delayed works must be cancelled before. Sleeps. C: destroy_workqueue. */
export async function destroyWorkqueue(wq: Workqueue): Promise<void> {
  await flushWorkqueue(wq);
  const { workers } = wq;
  wq.pools = null;
  for (const worker of workers) await kthreadDestroyWorker(worker);
}

/** For plain threads; as destroyWorkqueue. */
export function destroyWorkqueueSync(wq: Workqueue): void {
  flushWorkqueueSync(wq);
  const { workers } = wq;
  wq.pools = null;
  for (const worker of workers) kthreadDestroyWorkerSync(worker);
}

/**
 * Calls `fn` with `data` in a thread of `cpu`, and returns what it returned: an async function on the CPU's isolate, a plain one
 * on an isolate that a thread of the CPU owns. Throws KernelError EFAULT, with the exception as cause, if one ended it, EINVAL for
 * a CPU that is not there. Sleeps. C: work_on_cpu.
 */
export async function workOnCpu<D, R>(cpu: number, fn: WorkFn<D, R>, data: D, opt?: WaitOptions): Promise<R> {
  using work = kthreadInitWork(fn, data);
  queueWorkOn(cpu, systemQueue(fn.isAsync ? 0 : WQ_BLOCKING), work);
  return (await kthreadFlushWork(work, opt)) as R;
}

/** For plain threads; as workOnCpu. */
export function workOnCpuSync<D, R>(cpu: number, fn: WorkFn<D, R>, data: D): R {
  using work = kthreadInitWork(fn, data);
  queueWorkOn(cpu, systemQueue(fn.isAsync ? 0 : WQ_BLOCKING), work);
  return kthreadFlushWorkSync(work) as R;
}
