/**
 * kthread_worker: a kernel thread that runs works, functions with data, one after the other in the order in which they
 * were queued. For work of this process that somebody waits for or wants done later; a thread that lives by itself
 * needs no worker. The records and what is done under their lock are in kthread_work.ts.
 *
 * Where a work runs is its worker's affair: on the isolate that made the worker, on another CPU's, or, with
 * KTW_BLOCKING, on one that the worker owns, where plain functions may block. A closure only runs on the isolate that
 * made it. What runs elsewhere is declared by workfn() and gets a clone of its data, as a threadfn does.
 */
import { load } from '../lib/atomic.js';
import { EBUSY, EDEADLK, EFAULT, EINVAL, ESRCH, KernelError } from '../lib/errno.js';
import { r32, readString, w32 } from '../lib/memory.js';
import { vsprintf, type PrintfArgs } from '../lib/printf.js';
import { KthreadExit, reportError } from './exit.js';
import { keepText } from './fork.js';
import { setFreezable, setFreezableSync, tryToFreeze, tryToFreezeSync } from './freezer.js';
import { registerHandle, type Handle } from './handle.js';
import { isLoaded, loadError, loadFile, plainUrl } from './isolate.js';
import { NUMA_NO_NODE, awaitedFn, isAsync, kthreadCreate, kthreadCreateOnCpu, kthreadCreateSync, kthreadSpawn, kthreadStop, kthreadStopSync, threadfn, wakeUpProcess } from './kthread.js';
import {
  BUSY, KTW_BLOCKING, KTW_FREEZABLE, KTW_STARTING, PENDING, RUNNING, TIMER, WORK, WORKER, WORK_DECLARED, WORK_DELAYED, attachTask, cancelAt, cancelWorkAt, detachTask, dropWork, flushAt, flushWorkerAt, forgetDelays, forgetTimer, freeWorker, hasWork,
  initWorkAt, lockWorkerOf, modAt, newWork, newWorker, nextWork, orphanWork, queueAt, unlockWorker, type Taken,
} from './kthread_work.js';
import { warn, warnOnce } from './panic.js';
import { block, blockSync, condResched, condReschedSync, holder, isSharedIsolate, needPlain, needResched, needThread, ready, schedule, scheduleSync, type Blocking, type Thread, type WaitOptions } from './sched/core.js';
import { HaltPoll } from './sched/halt_poll.js';
import { taskAt, type Task } from './sched/handle.js';
import { isFreezing } from './sched/refrigerator.js';
import { KTHREAD_BLOCKING, KTHREAD_SHOULD_STOP, TASK, TASK_INTERRUPTIBLE, TASK_RUNNING, setTaskState } from './sched/task.js';
import { me } from './smp.js';
import { declareHandle, onRelease } from './statics.js';
import { dropPacked, isFailure, numberIn, packed, packedFailure, putValue, readSlot, unpack, type Packed } from './value.js';

// --- Work functions -----------------------------------------------------------------------------------------------

/** What a work does: it gets the work, whose `data` it was made for, and what it returns is the work's result. */
export type WorkBody<D, R> = (work: KthreadDelayedWork<D>) => R | Promise<R>;

/** A work's function that other isolates can find: by the file that declared it and its name. */
export interface WorkFn<D, R> {
  readonly name: string;
  readonly url: string;
  readonly isAsync: boolean;
  readonly body: WorkBody<D, R>;
}

type AnyBody = WorkBody<never, unknown>;
type AnyFn = WorkFn<never, unknown>;
type AnyWork = KthreadWork<unknown>;

/** Declared here, by "file#name". */
const workFns = new Map<string, AnyFn>();
/** Where that text stands in kernel memory. Kept for good: works may name it as long as the machine runs. */
const nameAt = new Map<AnyFn, number>();
/** The function for a text in kernel memory, once it was looked for. */
const fnAt = new Map<number, AnyFn>();
const NAME_MAX = 4096;

/**
 * Declares `fn` at the top of a module so that works which do it can be queued to a worker on any isolate: that one
 * imports the module and finds it by `name`. Throws KernelError EINVAL when the file declared another one of that name.
 */
export function workfn<D = undefined, R = unknown>(meta: ImportMeta, name: string, fn: WorkBody<D, R>): WorkFn<D, R> {
  const url = plainUrl(meta.url);
  const key = `${url}#${name}`;
  const known = workFns.get(key);
  if (known && known.body !== (fn as AnyBody)) throw new KernelError(-EINVAL, `workfn: ${url} declares "${name}" twice`);
  const declared = Object.freeze({ name, url, isAsync: isAsync(fn), body: fn });
  workFns.set(key, declared as AnyFn);
  return declared;
}

function keepName(fn: AnyFn): number {
  let at = nameAt.get(fn);
  if (at === undefined) nameAt.set(fn, (at = keepText(`${fn.url}#${fn.name}`, NAME_MAX)));
  return at;
}

/** The function that the text at `at` names; the URL of the file to be loaded first; or throws EINVAL. */
function findFn(at: number): AnyFn | string {
  const found = fnAt.get(at);
  if (found) return found;
  const key = readString(at, NAME_MAX);
  const fn = workFns.get(key);
  const hash = key.lastIndexOf('#');
  const url = key.slice(0, hash);
  if (fn) fnAt.set(at, fn);
  else if (!isLoaded(url)) return url;
  else {
    const cause = loadError(url);
    throw new KernelError(-EINVAL, `${url} declares no work function "${key.slice(hash + 1)}" when another isolate imports it; ${cause === undefined ? 'call workfn() at its top level, unconditionally' : `it failed to load: ${String(cause)}`}`, { cause });
  }
  return fn;
}

// --- Works --------------------------------------------------------------------------------------------------------

/** Works with a closure that are queued or run, by address: they live as long. */
const closures = new Map<number, AnyWork>();
/** `gen` and address in one number: 30 bits are the most that an address has. */
const GEN_UNIT = 2 ** 30;
/** Frees the records of works that were collected, by what guarded them. */
let collected = newRegistry();

function newRegistry(): FinalizationRegistry<number[]> {
  const registry = new FinalizationRegistry<number[]>((tokens) => {
    for (const token of registry === collected ? tokens : []) if (load((token % GEN_UNIT) + WORK.gen) === Math.floor(token / GEN_UNIT)) orphanWork(token % GEN_UNIT);
  });
  return registry;
}

/** Being watched costs as much as being made. So what is made in a row, without a wait in between, is watched together: by this object, which its works hold. */
let guard: object | undefined;
let guarded: number[] = [];
const GUARDED_MAX = 16;

function guardOf(token: number): object {
  if (guard === undefined) void Promise.resolve().then(() => (guard = undefined));
  if (guard === undefined || guarded.length === GUARDED_MAX) collected.register((guard = {}), (guarded = []));
  guarded.push(token);
  return guard;
}

/** Forgets the works of a machine that is gone. */
export function forgetWorks(): void {
  collected = newRegistry();
  closures.clear();
  nameAt.clear();
  fnAt.clear();
  forgetDelays();
}

/**
 * Something to do: a function and its data. The isolate that made it queues it; the function may queue it again. Its record
 * is freed with the object, at the end of a `using` block or when it is collected, and with it up to 15 that were made right before or after. C: struct kthread_work.
 */
export class KthreadWork<D = undefined, R = unknown> implements Disposable {
  /** A closure's result; any other is in kernel memory. */
  kept: { readonly value?: unknown; readonly error?: Error } | undefined;

  /** Not for users: kthreadInitWork makes works. */
  constructor(
    readonly fn: AnyFn | AnyBody,
    /** What its function works on. What stands here when it is queued counts. */
    public data: D,
    readonly addr: number,
    private gen: number,
    protected readonly guard?: object,
  ) {}

  /** Whether it is queued, or its timer runs. */
  get pending(): boolean {
    return (this.state & (PENDING | TIMER)) !== 0;
  }

  /** Its state bits. Not for users. Throws KernelError ESRCH when it was freed. */
  get state(): number {
    if (r32(this.addr + WORK.gen) !== this.gen) throw new KernelError(-ESRCH, 'this work was freed: its block ended, or it was disposed of');
    return load(this.addr + WORK.state);
  }

  /** What its function returned last; undefined before that. Throws KernelError EFAULT, with the exception as cause, if one ended it. */
  get result(): R | undefined {
    void this.state;
    return resultOf(this) as R | undefined;
  }

  /** Takes it off the queue and frees it; if it runs, as soon as that is over. */
  [Symbol.dispose](): void {
    if (r32(this.addr + WORK.gen) !== this.gen) return;
    forgetTimer(this.addr);
    closures.delete(this.addr);
    dropWork(this.addr);
    this.gen = 0;
  }
}

/** A work that can also be queued with a delay. C: struct kthread_delayed_work. */
export class KthreadDelayedWork<D = undefined, R = unknown> extends KthreadWork<D, R> {}

/**
 * A work that calls `fn`, a closure or what workfn() declared, with `data`. Not queued yet. Throws KernelError ENOMEM,
 * and EINVAL for a closure on a plain thread, which has no worker on its isolate. C: kthread_init_work.
 */
export function kthreadInitWork<R>(fn: WorkFn<undefined, R> | WorkBody<undefined, R>): KthreadWork<undefined, R>;
export function kthreadInitWork<D, R>(fn: WorkFn<D, R> | WorkBody<D, R>, data: D): KthreadWork<D, R>;
export function kthreadInitWork(fn: AnyFn | AnyBody, data?: unknown): unknown {
  return makeWork(KthreadWork, 0, fn, data);
}

/** The same for a work that can be queued with a delay. C: kthread_init_delayed_work. */
export function kthreadInitDelayedWork<R>(fn: WorkFn<undefined, R> | WorkBody<undefined, R>): KthreadDelayedWork<undefined, R>;
export function kthreadInitDelayedWork<D, R>(fn: WorkFn<D, R> | WorkBody<D, R>, data: D): KthreadDelayedWork<D, R>;
export function kthreadInitDelayedWork(fn: AnyFn | AnyBody, data?: unknown): unknown {
  return makeWork(KthreadDelayedWork, WORK_DELAYED, fn, data);
}

function makeWork(make: typeof KthreadWork, kind: number, fn: AnyFn | AnyBody, data: unknown): AnyWork {
  const isClosure = typeof fn === 'function';
  if (isClosure && !isSharedIsolate()) throw new KernelError(-EINVAL, 'kthreadInitWork: a closure runs on the isolate that made it, and this one has no worker; declare the function with workfn(import.meta, ...)');
  const addr = newWork(kind, isClosure ? me : 0, isClosure ? 0 : keepName(fn));
  const gen = r32(addr + WORK.gen);
  return new make<unknown>(fn, data, addr, gen, guardOf(gen * GEN_UNIT + addr));
}

/**
 * The delayed work `name` of the calling file, the same one on every isolate, so that any of them can queue, flush and
 * cancel it. `fn` is declared as by workfn. Throws as workfn and declareHandle. C: DEFINE_KTHREAD_DELAYED_WORK.
 */
export function declareKthreadWork<R = unknown>(meta: ImportMeta, name: string, fn: WorkBody<undefined, R>): KthreadDelayedWork<undefined, R> {
  const declared = workfn(meta, name, fn);
  const init = (at: number): void => initWorkAt(at, WORK_DELAYED | WORK_DECLARED, 0, keepName(declared));
  return declareHandle(meta, name, 'kthread_work', WORK.sizeof, init, (addr) => new KthreadDelayedWork<undefined, R>(declared, undefined, addr, 0));
}
onRelease('kthread_work', dropWork);

function resultOf(work: AnyWork): unknown {
  const slot = work.addr + WORK.result;
  const number = numberIn(slot); // One word, and the work is over: it needs no lock.
  if (number !== undefined) return number;
  const worker = work.kept ? 0 : lockWorkerOf(work.addr);
  const failed = worker === 0 ? work.kept?.error !== undefined : isFailure(slot);
  const value = worker === 0 ? (work.kept?.error ?? work.kept?.value) : unpack(readSlot(slot));
  if (worker !== 0) unlockWorker(worker);
  if (failed) throw new KernelError(-EFAULT, `work ${work.fn.name || '(anonymous)'} was ended by an exception`, { cause: value });
  return value;
}

// --- Workers ------------------------------------------------------------------------------------------------------

/** A thread that runs works, and their queue. Can be passed as data; any isolate may queue to it. C: struct kthread_worker. */
export class KthreadWorker implements Handle, AsyncDisposable {
  readonly kthread = 'kthread_worker';
  constructor(
    readonly addr: number,
    readonly gen: number,
  ) {}

  /** The thread; null before there is one and after it ended. C: worker->task. */
  get task(): Task | null {
    const task = load(liveWorker(this) + WORKER.task);
    return task === 0 ? null : taskAt(task);
  }

  /** kthreadDestroyWorker, as `await using` does at the end of its block. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (load(this.addr + WORKER.gen) === this.gen) await kthreadDestroyWorker(this);
  }
}
registerHandle('kthread_worker', ({ addr, gen }: KthreadWorker) => new KthreadWorker(addr, gen));

function liveWorker({ addr, gen }: KthreadWorker): number {
  if (r32(addr + WORKER.gen) === gen) return addr;
  throw new KernelError(-ESRCH, 'this kthread_worker was destroyed');
}

/** A worker without a thread: run one with kthreadRun(kthreadWorkerFn, worker, ...). Throws KernelError ENOMEM. C: kthread_init_worker. */
export function kthreadInitWorker(flags = 0): KthreadWorker {
  const addr = newWorker(flags);
  return new KthreadWorker(addr, r32(addr + WORKER.gen));
}

const sharedWorker = threadfn(import.meta, 'kthread_worker_fn', kthreadWorkerFn);
const blockingWorker = awaitedFn(threadfn(import.meta, 'kthread_worker_fn (blocking)', (worker: KthreadWorker) => serveBlocking(worker) as unknown as number));
const threadFor = (flags: number) => ((flags & KTW_BLOCKING) !== 0 ? blockingWorker : sharedWorker);

/**
 * Makes a worker and its thread, which `fmt` and `args` name. The thread waits for its first wake-up, which queueing a work
 * is. It lives on the calling isolate, or with KTW_BLOCKING on one of its own. Sleeps. Throws as kthreadCreate. C: kthread_create_worker.
 */
export function kthreadCreateWorker<const F extends string>(flags: number, fmt: F, ...args: PrintfArgs<F>): Promise<KthreadWorker> {
  return create(flags, -1, false, vsprintf(fmt, args));
}

/** The same for a NUMA node: there is one, 0. C: kthread_create_worker_on_node. */
export function kthreadCreateWorkerOnNode<const F extends string>(flags: number, node: number, fmt: F, ...args: PrintfArgs<F>): Promise<KthreadWorker> {
  if (node !== NUMA_NO_NODE && node !== 0) return Promise.reject(new KernelError(-EINVAL, `kthreadCreateWorkerOnNode: there is no node ${node}`));
  return create(flags, -1, false, vsprintf(fmt, args));
}

/** The same, bound to `cpu`: on that CPU's isolate, or with KTW_BLOCKING on one of its own. `fmt` has one %u, which becomes the CPU. C: kthread_create_worker_on_cpu. */
export function kthreadCreateWorkerOnCpu(cpu: number, flags: number, fmt: string): Promise<KthreadWorker> {
  return create(flags, cpu, false, fmt);
}

/** kthreadCreateWorker and the first wake-up. C: kthread_run_worker. */
export function kthreadRunWorker<const F extends string>(flags: number, fmt: F, ...args: PrintfArgs<F>): Promise<KthreadWorker> {
  return create(flags, -1, true, vsprintf(fmt, args));
}

/** kthreadCreateWorkerOnCpu and the first wake-up. C: kthread_run_worker_on_cpu. */
export function kthreadRunWorkerOnCpu(cpu: number, flags: number, fmt: string): Promise<KthreadWorker> {
  return create(flags, cpu, true, fmt);
}

async function create(flags: number, cpu: number, run: boolean, name: string): Promise<KthreadWorker> {
  const worker = kthreadInitWorker(flags);
  try {
    return begin(worker, cpu < 0 ? await kthreadCreate(threadFor(flags), worker, '%s', name) : await kthreadCreateOnCpu(threadFor(flags), worker, cpu, name), run);
  } catch (error) {
    freeWorker(worker.addr);
    throw error;
  }
}

function begin(worker: KthreadWorker, task: Task, run: boolean): KthreadWorker {
  attachTask(worker.addr, task.addr, load(task.addr + TASK.isolate));
  if (run) wakeUpProcess(task);
  return worker;
}

/** A worker whose thread `name` is started without waiting for it, with `kflags` (KTHREAD_*) for the thread. Any context. For workqueues. */
export function spawnWorker(flags: number, cpu: number, name: string, kflags: number): KthreadWorker {
  const worker = kthreadInitWorker(flags | KTW_STARTING);
  orFree(worker, () => kthreadSpawn(threadFor(flags), worker, cpu, name, kflags));
  return worker;
}

/** What `make` returns, or without `worker` the exception that it throws. */
function orFree<T>(worker: KthreadWorker, make: () => T): T {
  try {
    return make();
  } catch (error) {
    freeWorker(worker.addr);
    throw error;
  }
}

/** For plain threads; as kthreadCreateWorker, but that the thread lives on CPU 0's isolate if not on one of its own. */
export function kthreadCreateWorkerSync<const F extends string>(flags: number, fmt: F, ...args: PrintfArgs<F>): KthreadWorker {
  needPlain('kthreadCreateWorker');
  const worker = kthreadInitWorker(flags);
  return orFree(worker, () => begin(worker, kthreadCreateSync(threadFor(flags), worker, '%s', vsprintf(fmt, args)), false));
}

/** For plain threads; as kthreadRunWorker. */
export function kthreadRunWorkerSync<const F extends string>(flags: number, fmt: F, ...args: PrintfArgs<F>): KthreadWorker {
  const worker = kthreadCreateWorkerSync(flags, fmt, ...args);
  wakeUpProcess(worker.task!);
  return worker;
}

/**
 * Runs what is queued, stops the thread and frees the worker. Delayed works must be cancelled before: those whose timer runs
 * are dropped with a warning. Sleeps. C: kthread_destroy_worker.
 */
export async function kthreadDestroyWorker(worker: KthreadWorker): Promise<void> {
  if (beginDestroy(worker)) await kthreadFlushWorker(worker).catch(threadIsGone);
  const { task } = worker;
  if (task) await kthreadStop(task);
  freeIt(worker);
}

/** For plain threads; as kthreadDestroyWorker. */
export function kthreadDestroyWorkerSync(worker: KthreadWorker): void {
  needPlain('kthreadDestroyWorker');
  const serves = beginDestroy(worker);
  try {
    if (serves) kthreadFlushWorkerSync(worker);
  } catch (error) {
    threadIsGone(error);
  }
  const { task } = worker;
  if (task) kthreadStopSync(task);
  freeIt(worker);
}

/** Whether there is a thread, or will be, to run what is queued; one that was never woken is. */
function beginDestroy(worker: KthreadWorker): boolean {
  const { task } = worker;
  if (task) wakeUpProcess(task);
  return task !== null || (r32(worker.addr + WORKER.flags) & KTW_STARTING) !== 0;
}

/** It is being destroyed anyway. */
function threadIsGone(error: unknown): void {
  if (!(error instanceof KernelError) || error.errno !== -ESRCH) throw error;
}

function freeIt(worker: KthreadWorker): void {
  freeWorker(worker.addr);
  for (const [work] of closures) forgetClosure(work);
}

// --- Queueing -----------------------------------------------------------------------------------------------------

/**
 * Queues `work` with the data it has now. Returns whether it did: false if it is queued already or being cancelled; one that
 * runs can be queued again. Never sleeps. Throws KernelError EINVAL for a work that the worker cannot run, or data that cannot
 * be cloned. C: kthread_queue_work.
 */
export const kthreadQueueWork = <D>(worker: KthreadWorker, work: KthreadWork<D>): boolean => queue(worker, work, 0);

/** Queues `work` in `delay` jiffies; 0 is now. Otherwise as kthreadQueueWork. C: kthread_queue_delayed_work. */
export const kthreadQueueDelayedWork = <D>(worker: KthreadWorker, work: KthreadDelayedWork<D>, delay: number): boolean => queue(worker, work, delay);

/** Queues `work` in `delay` jiffies, whether or not it was queued. Returns whether it was, or is being cancelled. Otherwise as kthreadQueueWork. C: kthread_mod_delayed_work. */
export const kthreadModDelayedWork = <D>(worker: KthreadWorker, work: KthreadDelayedWork<D>, delay: number): boolean => queue(worker, work, delay, true);

function queue(worker: KthreadWorker, work: AnyWork, delay: number, mod = false): boolean {
  const at = liveWorker(worker);
  const { state } = work;
  if ((state & (PENDING | TIMER)) !== 0 && !mod) return false;
  const { addr } = work;
  if (delay > 0 && (r32(addr + WORK.kind) & WORK_DELAYED) === 0) throw new KernelError(-EINVAL, 'a work is queued with a delay that kthreadInitDelayedWork did not make');
  checkPlace(at, work);
  const isClosure = r32(addr + WORK.home) !== 0;
  const data = packed(isClosure ? undefined : work.data);
  const done = mod ? modAt(at, addr, data, delay) : queueAt(at, addr, data, delay);
  if (isClosure && (mod || done)) closures.set(addr, work);
  if (!done && !mod) dropPacked(data);
  return done;
}

/** Whether `work` can run where the worker is, as far as that is known. */
function checkPlace(worker: number, { fn, addr }: AnyWork): void {
  const home = r32(addr + WORK.home);
  const isolate = r32(worker + WORKER.isolate);
  if (home !== 0 && isolate !== 0 && isolate !== home) throw new KernelError(-EINVAL, 'a work with a closure is queued to a worker of another isolate; declare its function with workfn(import.meta, ...)');
  if (typeof fn === 'object' && fn.isAsync && (r32(worker + WORKER.flags) & KTW_BLOCKING) !== 0) throw new KernelError(-EINVAL, `work ${fn.name} is async, but its worker runs plain functions (KTW_BLOCKING)`);
}

// --- Waiting ------------------------------------------------------------------------------------------------------

/**
 * Waits until `work`, if it is queued or runs, is over; returns at once otherwise. A delayed work whose timer runs is not
 * queued yet. Returns its result, see KthreadWork.result. Throws KernelError ESRCH if its worker's thread is gone, EDEADLK
 * from a work of the same worker. Sleeps uninterruptibly. C: kthread_flush_work.
 */
export function kthreadFlushWork<D, R>(work: KthreadWork<D, R>, opt?: WaitOptions): Promise<R | undefined> {
  try {
    if (!mustWait(work, 'kthread_flush_work') || endsSoon(work)) return ready(resultOf(work) as R | undefined);
    return block('kthread_flush_work', (task) => flush(task, work), opt);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/** For plain threads; as kthreadFlushWork. */
export function kthreadFlushWorkSync<D, R>(work: KthreadWork<D, R>): R | undefined {
  needPlain('kthreadFlushWork');
  if (!mustWait(work, 'kthread_flush_work')) return resultOf(work) as R | undefined;
  return blockSync('kthread_flush_work', 'kthreadFlushWork', (task) => flush(task, work));
}

function* flush<D, R>(task: number, work: KthreadWork<D, R>): Blocking<R | undefined> {
  yield* flushAt(task, work.addr);
  return work.result;
}

function mustWait(work: AnyWork, why: string): boolean {
  const { state } = work;
  if ((state & (PENDING | RUNNING)) !== 0) {
    notFromWithin(load(work.addr + WORK.worker), why);
    return true;
  }
  if ((state & TIMER) !== 0) warnOnce('kthread_flush_work: the timer of a delayed work still runs; it is not waited for');
  return false;
}

const flushPoll = new HaltPoll();

/** Whether `work`, which another isolate runs, is over within the time that this one would need to sleep and be woken. */
function endsSoon({ addr }: AnyWork): boolean {
  const isolate = load(load(addr + WORK.worker) + WORKER.isolate);
  return isolate !== me && isolate !== 0 && isSharedIsolate() && flushPoll.until(addr + WORK.state, PENDING | RUNNING, 0);
}

/** A worker does one thing at a time: a work that waits for another one of it would wait for ever. */
function notFromWithin(worker: number, why: string): void {
  const thread = holder();
  if (thread !== null && thread.addr === load(worker + WORKER.task)) throw new KernelError(-EDEADLK, `${why} from a work of the same worker would wait for ever`);
}

/** Waits until everything that is queued now is over; works whose timer runs are not queued yet. Throws as kthreadFlushWork. C: kthread_flush_worker. */
export async function kthreadFlushWorker(worker: KthreadWorker, opt?: WaitOptions): Promise<void> {
  const at = liveWorker(worker);
  notFromWithin(at, 'kthread_flush_worker');
  await block('kthread_flush_worker', (task) => flushWorkerAt(task, at), opt);
}

/** For plain threads; as kthreadFlushWorker. */
export function kthreadFlushWorkerSync(worker: KthreadWorker): void {
  const at = liveWorker(worker);
  notFromWithin(at, 'kthread_flush_worker');
  blockSync('kthread_flush_worker', 'kthreadFlushWorker', (task) => flushWorkerAt(task, at));
}

/**
 * Takes `work` off its queue and waits for the end of its function if that runs: afterwards it does neither, however it
 * queues itself. Returns whether it was queued. Throws and sleeps as kthreadFlushWork. C: kthread_cancel_work_sync.
 */
export async function kthreadCancelWorkSync<D>(work: KthreadWork<D>): Promise<boolean> {
  return block('kthread_cancel_work_sync', (task) => cancel(task, work));
}

/** For plain threads; as kthreadCancelWorkSync, whose name is C's and says something else. */
export const kthreadCancelWorkSyncSync = <D>(work: KthreadWork<D>): boolean => blockSync('kthread_cancel_work_sync', 'kthreadCancelWorkSync', (task) => cancel(task, work));

/** As kthreadCancelWorkSync; a timer that runs counts as queued. C: kthread_cancel_delayed_work_sync. */
export const kthreadCancelDelayedWorkSync = <D>(work: KthreadDelayedWork<D>): Promise<boolean> => kthreadCancelWorkSync(work);
export const kthreadCancelDelayedWorkSyncSync = <D>(work: KthreadDelayedWork<D>): boolean => kthreadCancelWorkSyncSync(work);

/** Takes `work` off its queue, and does not wait if it runs. Whether it was queued, or its timer ran. Never sleeps. C: cancel_work, cancel_delayed_work. */
export function cancelWork<D>(work: KthreadWork<D>): boolean {
  if ((work.state & (PENDING | TIMER)) === 0) return false;
  forgetTimer(work.addr);
  const was = cancelWorkAt(work.addr);
  forgetClosure(work.addr);
  return was;
}

function* cancel(task: number, work: AnyWork): Blocking<boolean> {
  if ((work.state & RUNNING) !== 0) notFromWithin(load(work.addr + WORK.worker), 'kthread_cancel_work_sync');
  forgetTimer(work.addr);
  const was = yield* cancelAt(task, work.addr);
  closures.delete(work.addr);
  return was;
}

// --- The thread ---------------------------------------------------------------------------------------------------

/** The function of a worker's thread: runs what is queued until it is asked to stop, and leaves then what is left. Returns 0. Linux leaves it open what a second thread on a worker does; here it warns and returns -16 (-EBUSY). Throws EPERM outside a kernel thread. C: kthread_worker_fn. */
export async function kthreadWorkerFn(worker: KthreadWorker): Promise<0 | -16> {
  const works = serve(needThread('kthreadWorkerFn'), worker, true);
  for (;;) {
    const { done, value } = works.next();
    if (done) return value;
    await (value ?? schedule());
  }
}

/** For plain threads; as kthreadWorkerFn. The file of the thread's function must import the files that declare the works. */
export function kthreadWorkerFnSync(worker: KthreadWorker): 0 | -16 {
  const works = serve(needPlain('kthreadWorkerFn'), worker, false);
  for (;;) {
    const { done, value } = works.next();
    if (done) return value;
    scheduleSync();
  }
}

/** The function of the threads with an isolate of their own that are made here: those go through the event loop to load a file. */
async function serveBlocking(worker: KthreadWorker): Promise<0 | -16> {
  const works = serve(needPlain('kthreadWorkerFn'), worker, true);
  for (;;) {
    const { done, value } = works.next();
    if (done) return value;
    if (value === null) scheduleSync();
    else await value;
  }
}

/** The life of a worker's thread. Yields null where it would sleep, and what it has to wait for if it `awaits`. */
function* serve(thread: Thread, worker: KthreadWorker, awaits: boolean): Generator<PromiseLike<unknown> | null, 0 | -16, void> {
  const at = liveWorker(worker);
  const task = thread.addr;
  const plain = (load(task + TASK.kflags) & KTHREAD_BLOCKING) !== 0;
  const stopped = (): boolean => (load(task + TASK.kflags) & KTHREAD_SHOULD_STOP) !== 0;
  if (!enter(at, task)) return -EBUSY as -16;
  const freezable = (r32(at + WORKER.flags) & KTW_FREEZABLE) !== 0;
  if (freezable && plain) setFreezableSync();
  else if (freezable) yield setFreezable();
  for (let last = 0, result: Packed | void = undefined; ; ) {
    const taken = nextWork(at, (r32(task + TASK.kflags) & KTHREAD_SHOULD_STOP) !== 0, result);
    if (last !== 0) forgetClosure(last);
    last = taken?.work ?? 0;
    if (taken) {
      const ran = start(taken, task, plain, awaits);
      result = isPromise(ran) ? void (yield ran) : ran;
      if (plain) condReschedSync();
      else if (needResched()) yield condResched();
    } else if (stopped()) break;
    else {
      setTaskState(task, TASK_INTERRUPTIBLE);
      if (hasWork(at) || stopped() || isFreezing(task)) setTaskState(task, TASK_RUNNING);
      else yield null;
    }
    if (!isFreezing(task)) continue;
    if (plain) tryToFreezeSync();
    else yield tryToFreeze();
  }
  detachTask(at, task);
  w32(task + TASK.worker, 0);
  return 0;
}

/** Nothing keeps the object of a closure's work alive that is over. */
function forgetClosure(work: number): void {
  if (closures.size > 0 && (load(work + WORK.state) & BUSY) === 0) closures.delete(work);
}

function enter(worker: number, task: number): boolean {
  const other = load(worker + WORKER.task);
  if (other !== 0 && other !== task) {
    warn('kthread_worker_fn: this worker has a thread already, %s[%d]', taskAt(other).comm, taskAt(other).pid);
    return false;
  }
  attachTask(worker, task, me);
  w32(task + TASK.worker, worker);
  return true;
}

/** Calls the function of a work. Returns the result to be kept with its end, if any, or what must be waited for until it is over. */
function start({ work, data }: Taken, task: number, plain: boolean, awaits: boolean): Promise<void> | Packed | void {
  let job: AnyWork | undefined;
  try {
    const found = r32(work + WORK.home) !== 0 ? closures.get(work) : jobFor(work, data);
    if (typeof found === 'string') {
      if (awaits) return loadFile(found).then<Packed | void>(() => start({ work, data }, task, plain, awaits)).then((ran) => keepResult(work, ran));
      throw new KernelError(-EINVAL, `${found} is not loaded here; the file with the function of this plain thread must import it`);
    }
    if (!found) throw new KernelError(-EINVAL, 'a work with a closure came to a worker of another isolate; declare its function with workfn(import.meta, ...)');
    job = found;
    const value = bodyOf(found.fn)(found as KthreadDelayedWork<never>);
    if (!isPromise(value)) return finish(found, value);
    if (plain) throw new TypeError('a work on a worker that owns its isolate returned a promise: its function must be a plain one');
    return value.then((result) => finish(found, result)).catch((error: unknown) => fail(job, task, error)).then((ran) => keepResult(work, ran));
  } catch (error) {
    if (!job) dropPacked(data);
    return fail(job, task, error);
  }
}

/** The work as its function gets it, with a clone of the data; or the URL of the file to load first. */
function jobFor(work: number, data: Packed): AnyWork | string {
  const fn = findFn(r32(work + WORK.fn));
  if (typeof fn === 'string') return fn;
  const make = (r32(work + WORK.kind) & WORK_DELAYED) !== 0 ? KthreadDelayedWork : KthreadWork;
  const value = unpack(data);
  dropPacked(data);
  return new make<unknown>(fn, value, work, r32(work + WORK.gen));
}

const bodyOf = (fn: AnyFn | AnyBody): AnyBody => (typeof fn === 'function' ? fn : fn.body);
const isPromise = (value: unknown): value is Promise<unknown> => typeof value === 'object' && value !== null && 'then' in value;

/** The function of `job` returned. */
const finish = (job: AnyWork, value: unknown): Packed | void => (typeof job.fn === 'function' ? void (job.kept = { value }) : packed(value));

/** It threw: that is reported, and who waits for the work is told; the thread goes on. But kthreadExit() ends the thread. */
function fail(job: AnyWork | undefined, task: number, thrown: unknown): Packed | void {
  if (thrown instanceof KthreadExit) throw thrown;
  const error = thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`);
  reportError(task, error);
  return typeof job?.fn === 'function' ? void (job.kept = { error }) : packedFailure(error);
}

function keepResult(work: number, result: Packed | void): void {
  if (!result) return;
  const worker = lockWorkerOf(work);
  putValue(work + WORK.result, result);
  unlockWorker(worker);
}
