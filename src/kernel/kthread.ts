/**
 * Kernel threads: how they are asked for, made, stopped and parked. Who runs when is sched/core.ts.
 *
 * kthreadd (pid 2) makes them, one request after the other. It is a task that any isolate may run: whoever wakes it
 * serves the whole list. The new thread itself answers the request, on its own isolate, once it exists:
 *
 *     requester                    kthreadd                        the new thread
 *     put request on the list
 *     wake kthreadd, sleep (D)     takes it, makes task and pid,
 *                                  sends it to its isolate         state = D, answers, sleeps
 *     wakes up, has the task
 *     wakeUpProcess(task)                                          runs its function
 */
import { host } from '../arch/host.js';
import { cas, fetchAnd, fetchOr, load, store } from '../lib/atomic.js';
import { EAGAIN, EBUSY, EINTR, EINVAL, ENOMEM, ENOSYS, ESRCH, KernelError } from '../lib/errno.js';
import { listAddTail, listDelInit, listEmpty, listNext, listRepair } from '../lib/list.js';
import { r32, readString, w32, writeString } from '../lib/memory.js';
import { vsprintf, type PrintfArgs } from '../lib/printf.js';
import { bytes, ptr, s32, struct, u32 } from '../lib/struct.js';
import { endForgotten, hasForgotten } from './borrowed.js';
import { doExit, exitCodeOf, exitValue, finishTask, onLostCreation, oopsError } from './exit.js';
import { copyProcess, isDead, readTombstone, taskName } from './fork.js';
import { claimIsolate, findSharedIsolate, giveTask, isLoaded, isolateModule, loadError, loadFile, plainUrl, retireIfDone, unclaim } from './isolate.js';
import { rawSpinLock, rawSpinLocked, rawSpinUnlock } from './locking/raw_spinlock.js';
import { packValue, unpackValue } from './mail.js';
import { MACHINE, MACHINE_RUNNING, isolateSlotAt, machineWord } from './memlayout.js';
import { kfree, kzalloc } from './mm/slab.js';
import { TASK_COMM_LEN, TASK_NAME_LEN } from './param.js';
import { setPanicHandler, warn, warnOnce, warnTask } from './panic.js';
import { forEachTask, freePid } from './pid.js';
import { KERN_ERR, printk } from './printk/printk.js';
import { COMPLETION, completeAt, initCompletionAt, waitForCommon } from './sched/completion.js';
import { Thread, addTimer, block, blockSync, condReschedSync, currentThread, dropTimers, forgetContexts, holder, installThread, localThread, isSharedIsolate, listenForNews, mightSleep, needPlain, needThread, overBudget, pushWake, ready, removeThread, settleCpu, startThread, tellNews, wakeUpState, waitForFirstWake, setPlainThread, type Blocking, type WaitOptions } from './sched/core.js';
import { onDispose, taskAt, type Task } from './sched/handle.js';
import { putTask, tryGetTask } from './sched/ref.js';
import { refrigerator } from './sched/refrigerator.js';
import {
  KTHREAD_BLOCKING, KTHREAD_CLOSURE, KTHREAD_EXITING, KTHREAD_NOTIFY, KTHREAD_OOPSED, KTHREAD_SHOULD_PARK, KTHREAD_SHOULD_STOP, KTHREAD_STARTED,
  KTHREAD_SYSTEM, PF_FORKNOEXEC, PF_KTHREAD, PF_NOFREEZE, PF_NO_SETAFFINITY, TASK, TASK_DEAD, TASK_FROZEN, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_NEW, TASK_NORMAL, TASK_PARKED, TASK_RUNNING,
  TASK_UNINTERRUPTIBLE, setTaskState, taskState, tryToWake,
} from './sched/task.js';
import { taskFatalSignalPending } from './sched/signal.js';
import { beNiceAs } from './sched/syscalls.js';
import { wchan } from './sched/wchan.js';
import { ISOLATE, isolateAlive, me, numPossibleCpus, self } from './smp.js';
import { uptime } from './time/time.js';
import type { Timer } from './time/timer.js';

/** What a thread function may return: an int32, or nothing for 0. */
export type Exit = number | void;
/** A thread function that lives on the isolate that made it and gets its data by reference. Always async. */
export type Closure<D> = (data: D) => Promise<Exit>;

declare const moves: unique symbol;

/** A thread function that other isolates can find: by the file that declared it and its name. */
export interface ThreadFn<D> {
  readonly name: string;
  readonly url: string;
  readonly isAsync: boolean;
  readonly own: boolean;
  readonly [moves]: (data: D) => void;
}

type AnyFn = (data: never) => Exit | Promise<Exit>;

/** As a NUMA node: any. C: NUMA_NO_NODE. */
export const NUMA_NO_NODE = -1;

/** A request to kthreadd. C: struct kthread_create_info. */
const CREATE = struct('kthread_create_info', {
  list: ptr('l', 2, 'struct list_head'),
  result: s32('o'), //       the task, or a negative errno
  isolate: u32('c'), //      where it will live
  cpu: s32('c'), //          the CPU it is bound to, -1: none
  module: u32('c'),
  kflags: u32('c'),
  parcel: ptr('c'), //       file, name and data for another isolate, 0: it lives where it was asked for
  settled: u32('a'), //      1: it is answered, or given up; see submit(). DETACHED: nobody waits for it
  done: u32('l', COMPLETION.sizeof / 4, 'struct completion'),
  name: bytes('c', TASK_NAME_LEN),
});

/** What a request is settled as. */
const ANSWERED = 1, DETACHED = 2, GAVE_UP = 3;

/** How function and data travel to another isolate. */
interface Parcel {
  readonly url: string;
  readonly name: string;
  readonly data: unknown;
}

/** What a thread begins with, on its own isolate. */
interface Start {
  readonly fn: AnyFn;
  readonly data: unknown;
  /** Where another isolate finds the function; a closure is nowhere to be found. */
  readonly from?: { readonly url: string; readonly name: string };
}

/** A request's function and data where it will live, by the request's address. */
const starts = new Map<number, Start>();
const threadFns = new Map<string, AnyFn>();

// --- Thread functions ---------------------------------------------------------------------------------------------

export interface ThreadFnOptions {
  /** 'own': an async function gets an isolate of its own too: its own event loop, memory limit and crash wall. */
  readonly isolate?: 'own';
}

/**
 * Declares `fn` at the top of a module so that it can run on any isolate: another one imports the module and finds it by
 * `name`. A plain function owns an isolate and may block; an async one shares. Its data travels by structured clone.
 * Throws KernelError EINVAL when the file declared another function of that name before.
 */
export function threadfn<D = undefined>(meta: ImportMeta, name: string, fn: (data: D) => Exit | Promise<Exit>, opt: ThreadFnOptions = {}): ThreadFn<D> {
  const url = plainUrl(meta.url);
  const key = `${url}#${name}`;
  const known = threadFns.get(key);
  if (known && known !== fn) throw new KernelError(-EINVAL, `threadfn: ${url} declares "${name}" twice`);
  threadFns.set(key, fn as AnyFn);
  return Object.freeze({ name, url, isAsync: isAsync(fn), own: opt.isolate === 'own' || !isAsync(fn) }) as ThreadFn<D>;
}

/** Functions of the kernel's own that run plain code but go through the event loop in between, such as to load a file. */
const awaited = new Set<AnyFn>();

/** Declares that the promise which the plain function of `thread` returns is waited for. */
export function awaitedFn<D>(thread: ThreadFn<D>): ThreadFn<D> {
  awaited.add(threadFns.get(`${thread.url}#${thread.name}`)!);
  return thread;
}

export const isAsync = (fn: unknown): boolean => typeof fn === 'function' && (fn as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'AsyncFunction';
const isThreadFn = <D>(fn: ThreadFn<D> | Closure<D>): fn is ThreadFn<D> => typeof fn === 'object';

// --- Creating -----------------------------------------------------------------------------------------------------

/**
 * Makes a kernel thread that waits, in D, for its first wakeUpProcess(). `fmt` and `args` name it, as printf does; `fn`
 * gets `data`. Sleeps until the thread exists. Throws KernelError ENOMEM when kernel memory is out, EAGAIN when pids or
 * isolates are, EINVAL for a function that is neither async nor a threadfn, or data that cannot be cloned. C: kthread_create.
 */
export function kthreadCreate<D, const F extends string>(fn: ThreadFn<D> | Closure<D>, data: D, fmt: F, ...args: PrintfArgs<F>): Promise<Task> {
  return create(fn, data, -1, false, fmt, args);
}

/** The same for a NUMA node: there is one, 0, so only it and NUMA_NO_NODE are taken; EINVAL otherwise. C: kthread_create_on_node. */
export function kthreadCreateOnNode<D, const F extends string>(fn: ThreadFn<D> | Closure<D>, data: D, node: number, fmt: F, ...args: PrintfArgs<F>): Promise<Task> {
  if (node !== NUMA_NO_NODE && node !== 0) return Promise.reject(new KernelError(-EINVAL, `kthreadCreateOnNode: there is no node ${node}`));
  return create(fn, data, -1, false, fmt, args);
}

/** Makes a kernel thread bound to `cpu`, not started. `fmt` has one %u, which becomes the CPU. EINVAL for a CPU that is not there. C: kthread_create_on_cpu. */
export function kthreadCreateOnCpu<D>(fn: ThreadFn<D>, data: D, cpu: number, fmt: string): Promise<Task> {
  return createOn(fn, data, cpu, false, fmt);
}

function createOn<D>(fn: ThreadFn<D>, data: D, cpu: number, run: boolean, fmt: string): Promise<Task> {
  if (Number.isInteger(cpu) && cpu >= 0 && cpu < numPossibleCpus()) return create(fn, data, cpu, run, fmt, [cpu]);
  return Promise.reject(new KernelError(-EINVAL, `kthreadCreateOnCpu: there is no CPU ${cpu}; this machine has ${numPossibleCpus()}`));
}

/** kthreadCreate and the first wakeUpProcess(). C: kthread_run. */
export function kthreadRun<D, const F extends string>(fn: ThreadFn<D> | Closure<D>, data: D, fmt: F, ...args: PrintfArgs<F>): Promise<Task> {
  return create(fn, data, -1, true, fmt, args);
}

/** kthreadCreateOnCpu and the first wakeUpProcess(). C: kthread_run_on_cpu. */
export function kthreadRunOnCpu<D>(fn: ThreadFn<D>, data: D, cpu: number, fmt: string): Promise<Task> {
  return createOn(fn, data, cpu, true, fmt);
}

/** Starts a thread of the machine itself on this shared isolate, such as khungtaskd. */
export async function runSystemThread(name: string, fn: () => Promise<void>): Promise<Task> {
  const task = await create(async () => fn(), undefined, -1, false, '%s', [name]);
  fetchOr(task.addr + TASK.kflags, KTHREAD_SYSTEM);
  task.unref();
  wakeUpProcess(task);
  return task;
}

/**
 * Starts a thread of the machine's own without waiting for it, from any context: kthreadd makes and wakes it, or says in the
 * log why it cannot. `kflags` are KTHREAD_*. Throws as kthreadCreate what is known at once.
 */
export function kthreadSpawn<D>(fn: ThreadFn<D>, data: D, cpu: number, name: string, kflags: number, module?: number): void {
  const request = makeRequest(fn, data, cpu, name, module);
  w32(request + CREATE.kflags, r32(request + CREATE.kflags) | kflags);
  w32(request + CREATE.settled, DETACHED);
  submit(request);
  if (!isSharedIsolate()) condReschedSync(); // kthreadd may have been woken here, and a plain thread need not sleep soon.
}

/** For plain threads; as kthreadCreate. Takes a threadfn only, since a closure would need this isolate's event loop. */
export function kthreadCreateSync<D, const F extends string>(fn: ThreadFn<D>, data: D, fmt: F, ...args: PrintfArgs<F>): Task {
  return createOnSync(fn, data, -1, vsprintf(fmt, args));
}

/** A thread that is not started, of another module than the caller. As kthreadCreate; for who loads code and runs it. */
export function createFor<D>(module: number, fn: ThreadFn<D>, data: D, name: string): Promise<Task> {
  const request = makeRequest(fn, data, -1, name, module);
  submit(request);
  return awaitAnswer(request, name, false);
}

/** For plain threads; as kthreadCreateSync, and bound to `cpu` if that is not -1. */
export function createOnSync<D>(fn: ThreadFn<D>, data: D, cpu: number, name: string): Task {
  needPlain('kthreadCreate');
  const request = makeRequest(fn, data, cpu, name);
  submit(request);
  return blockSync('kthread_create', 'kthreadCreate', (task) => waitForAnswer(task, request, name, false));
}

/** For plain threads; as kthreadRun. */
export function kthreadRunSync<D, const F extends string>(fn: ThreadFn<D>, data: D, fmt: F, ...args: PrintfArgs<F>): Task {
  const task = kthreadCreateSync(fn, data, fmt, ...args);
  wakeUpProcess(task);
  return task;
}

function create<D>(fn: ThreadFn<D> | Closure<D>, data: D, cpu: number, run: boolean, fmt: string, args: readonly unknown[]): Promise<Task> {
  try {
    const name = vsprintf(fmt, args);
    const request = makeRequest(fn, data, cpu, name);
    if (mayServe(request)) {
      enlist(request);
      serveAsKthreadd();
      const take = (): Task => takeAnswer(request, name, run);
      // Where the event loop is due it goes first, and only then the new thread.
      if (r32(request + CREATE.done + COMPLETION.done) !== 0) return overBudget() ? ready(0).then(take) : Promise.resolve(take());
    } else submit(request);
    return awaitAnswer(request, name, run);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

function awaitAnswer(request: number, name: string, run: boolean): Promise<Task> {
  try {
    return block('kthread_create', (task) => waitForAnswer(task, request, name, run));
  } catch (error) { // There is no task to wait in.
    abandon(request);
    throw error;
  }
}

/** Nobody waits for the answer: the thread ends without its function. A request that was answered stays, since who did may still be at it. */
function abandon(request: number): void {
  if (giveUp(request)) return;
  const result = r32(request + CREATE.result);
  if (result > 0 && isTaken(result, request)) requestStop(result);
}

/** Whether the caller does kthreadd's work instead of waking it: then a thread that is to live here exists at once, and nobody sleeps. */
function mayServe(request: number): boolean {
  if (r32(request + CREATE.isolate) !== me || !isSharedIsolate()) return false;
  mightSleep('kthread_create');
  const caller = holder();
  return caller === null || !taskFatalSignalPending(caller.addr);
}

/** Chooses the isolate, brings function and data there, and fills in the request. */
function makeRequest<D>(fn: ThreadFn<D> | Closure<D>, data: D, cpu: number, name: string, module = isolateModule()): number {
  if (me === 0 || load(machineWord(MACHINE.state)) !== MACHINE_RUNNING) throw new KernelError(-ESRCH, `cannot create thread "${name}": no machine runs here; await boot() first`);
  const request = kzalloc(CREATE.sizeof);
  if (request === 0) throw new KernelError(-ENOMEM, `cannot create thread "${name}": kernel memory is out`);
  try {
    const where = isThreadFn(fn) ? placeThreadFn(fn, data, cpu, request, module) : placeClosure(fn, data, request, name);
    w32(request + CREATE.isolate, where);
    w32(request + CREATE.kflags, !isThreadFn(fn) ? KTHREAD_CLOSURE : fn.isAsync ? 0 : KTHREAD_BLOCKING);
  } catch (error) {
    kfree(request);
    throw error;
  }
  w32(request + CREATE.cpu, cpu);
  w32(request + CREATE.module, module);
  initCompletionAt(request + CREATE.done);
  writeString(request + CREATE.name, TASK_NAME_LEN, name);
  return request;
}

function placeClosure<D>(fn: Closure<D>, data: D, request: number, name: string): number {
  if (!isSharedIsolate()) throw new KernelError(-EINVAL, `cannot create thread "${name}": a closure needs an event loop, which a plain thread's isolate has not; declare it with threadfn(import.meta, ...)`);
  if (!isAsync(fn)) throw new KernelError(-EINVAL, `cannot create thread "${name}": a closure must be an async function; declare one that blocks with threadfn(import.meta, ...)`);
  starts.set(request, { fn: fn as AnyFn, data });
  return me;
}

/** An async function shares this isolate or the CPU's; any other gets one of its own. Data is cloned in every case, so that a function cannot tell. */
function placeThreadFn<D>(fn: ThreadFn<D>, data: D, cpu: number, request: number, module: number): number {
  const parcel = packData(fn, data);
  try {
    const where = fn.own ? claimIsolate(fn.url, cpu, fn.isAsync, module) : sharedIsolate(cpu);
    if (where === me) starts.set(request, { fn: threadFns.get(`${fn.url}#${fn.name}`)!, data: (unpackValue(parcel) as Parcel).data, from: fn });
    else w32(request + CREATE.parcel, parcel);
    return where;
  } catch (error) {
    kfree(parcel);
    throw error;
  }
}

function packData<D>({ url, name }: ThreadFn<D>, data: D): number {
  try {
    return packValue({ url, name, data } satisfies Parcel);
  } catch (cause) {
    if (cause instanceof KernelError) throw cause;
    throw new KernelError(-EINVAL, `cannot create a thread of ${name}: its data cannot be cloned (${(cause as Error).message})`, { cause });
  }
}

function sharedIsolate(cpu: number): number {
  if (isSharedIsolate() && (cpu < 0 || cpu === r32(self + ISOLATE.cpu))) return me;
  return findSharedIsolate(Math.max(cpu, 0));
}

/** Puts the request on the list and wakes kthreadd. */
function submit(request: number): void {
  enlist(request);
  wakeUpState(r32(machineWord(MACHINE.kthreadd)), TASK_NORMAL);
}

function enlist(request: number): void {
  lockRequests();
  listAddTail(request + CREATE.list, machineWord(MACHINE.create_list));
  rawSpinUnlock(machineWord(MACHINE.create_lock));
}

/** Takes the list's lock, and if somebody died with it in the middle of making a task, finishes that or undoes it. */
function lockRequests(): void {
  if (!rawSpinLock(machineWord(MACHINE.create_lock))) return;
  listRepair(machineWord(MACHINE.create_list));
  forEachTask((task, pid) => {
    if (taskState(task) !== TASK_NEW || r32(task + TASK.ppid) !== 2 || load(task + TASK.create) !== 0) return;
    const request = r32(task + TASK.asks);
    if (request === 0) return freePid(pid, task);
    handOver(request, task);
    dispatchNew(task);
  });
}

/** The request goes from the list to its task: from here on the task can begin, and what becomes of the request is its affair. */
function handOver(request: number, task: number): void {
  listDelInit(request + CREATE.list);
  store(task + TASK.create, request);
}

/**
 * Sleeps, killably, until the new thread has answered. A signal may come at any moment before the answer, so the two settle
 * it by one exchange. Who comes second frees the request:
 *
 *     requester                                      new thread, or who failed to make it
 *     SIGKILL ends the wait, queued nowhere now      is D, has taken what it needs of the request
 *     settled 0 -> 1?                                settled 0 -> 1?
 *       won: -EINTR, never looks at it again           won: result, complete
 *       lost: the answer comes at once, in D           lost: nobody waits: frees it, and the thread
 *     takes the result, frees it                             ends with -EINTR without its function
 */
function* waitForAnswer(task: number, request: number, name: string, run: boolean): Blocking<Task> {
  w32(task + TASK.asks, request);
  if ((yield* waitForCommon(task, request + CREATE.done, TASK_KILLABLE, Infinity)) < 0) {
    const gaveUp = giveUp(request);
    if (gaveUp) w32(task + TASK.asks, 0);
    if (!isSharedIsolate()) condReschedSync(); // It may have woken kthreadd here, and never sleep again.
    if (gaveUp) throw new KernelError(-EINTR, `cannot create thread "${name}": SIGKILL is pending for who asked`);
    yield* waitForCommon(task, request + CREATE.done, TASK_UNINTERRUPTIBLE, Infinity);
  }
  w32(task + TASK.asks, 0);
  return takeAnswer(request, name, run);
}

function takeAnswer(request: number, name: string, run: boolean): Task {
  let result = r32(request + CREATE.result);
  if (result <= 0 || isTaken(result, request)) kfree(request);
  else result = -EAGAIN; // Its isolate died, and somebody is just finding out.
  if (result <= 0) throw new KernelError(result, `cannot create thread "${name}": ${result === -ENOMEM ? 'kernel memory is out' : 'no pid or isolate is free'}`);
  const thread = taskAt(result); // Before it runs: on another CPU it may be gone the next moment.
  if (run) wakeUpState(result, TASK_NORMAL);
  return thread;
}

/** Whether the request is given up before it was answered. */
const giveUp = (request: number): boolean => cas(request + CREATE.settled, 0, GAVE_UP) === 0; // [kthread:settle] pairs with kthread:settle

/** From here on `task` has no request: who takes it away, and nobody else, decides about both. */
const isTaken = (task: number, request: number): boolean => cas(task + TASK.create, request, 0) === request;

// --- kthreadd -----------------------------------------------------------------------------------------------------

/** Serves requests for ever. Each isolate has its own, all for the one task: they share nothing but the list. */
export function* kthreadd(task: number): Blocking<never> {
  for (;;) {
    while (serveNext()) continue;
    setTaskState(task, TASK_INTERRUPTIBLE);
    if (!listEmpty(machineWord(MACHINE.create_list))) setTaskState(task, TASK_RUNNING);
    else yield Infinity;
  }
}

/** What kthreadd does when it is woken, in the caller's place: whoever wins its state word is it. If somebody else did, they serve the list. */
function serveAsKthreadd(): void {
  const kthreadd = r32(machineWord(MACHINE.kthreadd));
  while (!listEmpty(machineWord(MACHINE.create_list)) && tryToWake(kthreadd, TASK_NORMAL)) {
    store(kthreadd + TASK.isolate, me);
    while (serveNext()) continue;
    w32(kthreadd + TASK.nvcsw, r32(kthreadd + TASK.nvcsw) + 1);
    setTaskState(kthreadd, TASK_INTERRUPTIBLE);
  }
}

/** Takes the oldest request. The pid is taken under the list's lock, so pids ascend in the order of requests. */
function serveNext(): boolean {
  const lock = machineWord(MACHINE.create_lock);
  const list = machineWord(MACHINE.create_list);
  if (listEmpty(list)) return false;
  lockRequests();
  if (listEmpty(list)) {
    rawSpinUnlock(lock);
    return false;
  }
  const request = listNext(list) - CREATE.list;
  const task = createKthread(request);
  if (task > 0) handOver(request, task); // Not before: who dies in between leaves the request to the next.
  else listDelInit(request + CREATE.list);
  rawSpinUnlock(lock);
  if (task > 0) dispatchNew(task);
  else answer(request, task);
  return true;
}

function createKthread(request: number): number {
  const cpu = r32(request + CREATE.cpu);
  const isolate = r32(request + CREATE.isolate);
  const task = copyProcess({
    name: readString(request + CREATE.name, TASK_NAME_LEN),
    flags: PF_KTHREAD | PF_NOFREEZE | PF_FORKNOEXEC | (cpu >= 0 ? PF_NO_SETAFFINITY : 0),
    kflags: r32(request + CREATE.kflags),
    isolate,
    cpu: cpu >= 0 ? cpu : r32(isolateSlotAt(isolate) + ISOLATE.cpu),
    module: r32(request + CREATE.module),
    ppid: 2,
    cpus: cpu >= 0 ? oneCpu(cpu) : allCpus(),
  });
  if (task > 0) w32(task + TASK.asks, request); // Last: it says that the task is made. Until it begins it can ask for nothing itself.
  return task;
}

const oneCpu = (cpu: number): readonly [number, number] => (cpu < 32 ? [1 << cpu, 0] : [0, 1 << (cpu - 32)]);

function allCpus(): readonly [number, number] {
  const n = numPossibleCpus();
  return [n >= 32 ? -1 : (1 << n) - 1, n <= 32 ? 0 : n === 64 ? -1 : (1 << (n - 32)) - 1];
}

/** Brings the new task to its isolate. */
function dispatchNew(task: number): void {
  const number = load(task + TASK.isolate);
  if (!isolateAlive(number)) { // Had it died after the task was there, it would have been found.
    if (loseCreation(task)) finishTask(task, -EAGAIN);
  }
  else if (number === me) adoptTask(task);
  else if ((load(task + TASK.kflags) & KTHREAD_BLOCKING) === 0) pushWake(task);
  else giveTask(number, task);
}

/** The isolate of `task` is dead: answers and gives up requests in its place. False if somebody else is ending the task. */
function loseCreation(task: number): boolean {
  if (r32(task + TASK.asks) !== 0 && taskState(task) !== TASK_NEW) abandon(r32(task + TASK.asks));
  const request = load(task + TASK.create);
  if (request === 0 || !isTaken(task, request)) return taskState(task) !== TASK_NEW || r32(task + TASK.ppid) !== 2;
  if (load(request + CREATE.settled) === ANSWERED) w32(request + CREATE.result, -EAGAIN);
  answer(request, -EAGAIN);
  return true;
}

onLostCreation(loseCreation, () => {
  lockRequests(); // For what it does if the dead one had it.
  rawSpinUnlock(machineWord(MACHINE.create_lock));
  forEachTask(giveAgain);
});

/** A new task that was not brought to the isolate that it owns. Shared isolates look for theirs themselves: sched/core.ts. */
function giveAgain(task: number): void {
  if (taskState(task) !== TASK_NEW || r32(task + TASK.create) === 0) return;
  const number = load(task + TASK.isolate);
  const isPlain = (load(task + TASK.kflags) & KTHREAD_BLOCKING) !== 0;
  if (isPlain && isolateAlive(number) && load(isolateSlotAt(number) + ISOLATE.task) === 0) giveTask(number, task);
}

/** False if the requester gave up: then there is no request any more. */
function answer(request: number, result: number): boolean {
  if (result < 0) dropPlace(request);
  if (load(request + CREATE.settled) === DETACHED) return answerNobody(request, result);
  if (load(request + CREATE.settled) === 0) w32(request + CREATE.result, result);
  const awaited = cas(request + CREATE.settled, 0, ANSWERED) !== GAVE_UP; // [kthread:settle] pairs with kthread:settle
  if (awaited) completeAt(request + CREATE.done); // Once more, if it was answered by somebody who died before he could say so.
  else {
    if (result > 0) w32(result + TASK.create, 0);
    kfree(request);
  }
  return awaited;
}

function answerNobody(request: number, result: number): true {
  if (result > 0) {
    w32(result + TASK.create, 0);
    wakeUpState(result, TASK_NORMAL);
  } else printk('%scannot create thread "%s": %pe\n', KERN_ERR, readString(request + CREATE.name, TASK_NAME_LEN), result);
  kfree(request);
  return true;
}

/** The thread could not be made: its isolate and data, as far as nobody took them over, are given back. */
function dropPlace(request: number): void {
  starts.delete(request);
  kfree(r32(request + CREATE.parcel));
  unclaim(r32(request + CREATE.isolate));
}

// --- The new thread's side ----------------------------------------------------------------------------------------

/** A task that this shared isolate meets for the first time: finds its function, loading the file if need be, and answers the request. */
export function adoptTask(task: number): void {
  if (taskState(task) !== TASK_NEW || r32(task + TASK.create) === 0) return; // 0: a late waker of the record's last task pushed it, and kthreadd will.
  const start = findStart(task);
  if (start === undefined) {
    void loadFile(fileOf(task)).then(() => adoptTask(task));
    return;
  }
  const thread = newThread(task, start);
  liveAsync++;
  startThread(thread, () => kthread(thread, start));
  announce(thread);
}

function newThread(task: number, { fn, data }: Start): Thread {
  const thread = new Thread(task);
  installThread(thread);
  thread.fn = fn;
  thread.data = data;
  return thread;
}

/** State D, and the request answered with this task: from here on it waits for its first wake-up. Nobody's: it is stopped at once. */
function announce(thread: Thread): void {
  w32(thread.addr + TASK.wchan, wchan('kthread'));
  w32(thread.addr + TASK.asks, 0);
  setTaskState(thread.addr, TASK_UNINTERRUPTIBLE);
  if (!answer(r32(thread.addr + TASK.create), thread.addr)) requestStop(thread.addr);
  else if ((flagsOf(thread.addr) & KTHREAD_SHOULD_STOP) !== 0) wakeUpState(thread.addr, TASK_NORMAL); // Asked by somebody who found its pid while it was NEW, which no wake-up ends.
}

/** The function and data of `task`: left here, or sent along. Undefined while the file has to be loaded first. */
function findStart(task: number): Start | undefined {
  const request = r32(task + TASK.create);
  const start = starts.get(request);
  if (start) {
    starts.delete(request);
    return start;
  }
  const { url, name, data } = parcelOf(task);
  const fn = threadFns.get(`${url}#${name}`);
  if (!fn && !isLoaded(url)) return undefined;
  parcels.delete(task);
  return { fn: fn ?? (() => missing(url, name)), data, from: { url, name } };
}

/** What was sent along for tasks that are not begun yet. */
const parcels = new Map<number, Parcel>();

function parcelOf(task: number): Parcel {
  let parcel = parcels.get(task);
  if (!parcel) {
    const request = r32(task + TASK.create);
    parcel = unpackValue(r32(request + CREATE.parcel)) as Parcel;
    w32(request + CREATE.parcel, 0); // Freed: dropPlace() must not do it again if this isolate dies now.
    parcels.set(task, parcel);
  }
  return parcel;
}

/** The file that declares the function of a task that has not begun. */
export const fileOf = (task: number): string => parcelOf(task).url;

function missing(url: string, name: string): never {
  const cause = loadError(url);
  const why = cause === undefined ? 'call threadfn() at its top level, unconditionally' : `it failed to load: ${String(cause)}`;
  throw new KernelError(-EINVAL, `${url} declares no thread function "${name}" when another isolate imports it; ${why}`, { cause });
}

let liveAsync = 0;

/** What every thread does when it runs for the first time, but for the call of its function. */
function beforeFirst(thread: Thread): boolean {
  const word = thread.addr + TASK.kflags;
  if ((load(word) & KTHREAD_SHOULD_STOP) !== 0) return false;
  rawSpinLocked(thread.addr + TASK.lock, () => fetchOr(word, KTHREAD_STARTED)); // From here on it cannot be bound.
  return true;
}

/**
 * The whole life of an async thread, from its first wake-up on. C: kthread. Callbacks, and not an async function, which would
 * keep a generator and two more promises for each thread as long as it lives: a third of what it takes while it sleeps.
 */
function kthread(thread: Thread, start: Start): void {
  try {
    if (!beforeFirst(thread)) endAsync(thread, -EINTR);
    else if (moved(thread, start)) asyncEnded();
    else void begin(thread, start).then(returned, threw);
  } catch (error) {
    threw(error);
  }
}

function begin({ addr }: Thread, { fn, data }: Start): Promise<Exit> {
  const call = (): Promise<Exit> => (fn as Closure<unknown>)(data);
  return shouldPark(addr) ? kthreadParkme().then(call) : call();
}

/** The function of the calling thread came to its end. The same for all threads: what they are called in knows whose it was. */
function returned(value: unknown): void {
  const thread = currentThread()!;
  let code: number;
  try {
    code = exitValue(value);
  } catch (error) {
    code = exitCodeOf(thread, error);
  }
  endAsync(thread, code);
}

function threw(error: unknown): void {
  const thread = currentThread()!;
  endAsync(thread, exitCodeOf(thread, error));
}

function endAsync(thread: Thread, code: number): void {
  const end = (): void => {
    doExit(thread, code);
    asyncEnded();
  };
  if (hasForgotten(thread)) void endForgotten(thread).then(end);
  else end();
}

function asyncEnded(): void {
  if (--liveAsync > 0) return;
  addTimer(contextTimer, uptime() + CONTEXT_MS);
  retireIfDone();
}

/**
 * Whether the thread, which is about to begin, went to the CPU that it was given after it was created: the isolate there
 * gets the name of its function and a clone of its data, in a request that nobody waits for. Until it arrives it is NEW,
 * so that wake-ups pass it by. One with an isolate of its own stays there and has another number.
 */
function moved(thread: Thread, { data, from }: Start): boolean {
  const { addr: task } = thread;
  const cpu = load(task + TASK.wake_cpu);
  if (cpu === load(self + ISOLATE.cpu)) return false;
  if (load(self + ISOLATE.retire) !== 0) {
    settleCpu(thread);
    return false;
  }
  const where = findSharedIsolate(cpu);
  const parcel = packValue({ url: from!.url, name: from!.name, data } satisfies Parcel);
  const request = kzalloc(CREATE.sizeof);
  if (request === 0) {
    kfree(parcel);
    throw new KernelError(-ENOMEM, `thread ${thread.pid} cannot go to CPU ${cpu}: kernel memory is out`);
  }
  w32(request + CREATE.parcel, parcel);
  w32(request + CREATE.isolate, where);
  w32(request + CREATE.settled, DETACHED); // As soon as it is there it is woken: it was before.
  writeString(request + CREATE.name, TASK_NAME_LEN, taskName(task));
  setTaskState(task, TASK_NEW);
  w32(task + TASK.create, request);
  removeThread(thread);
  w32(task + TASK.local, 0);
  store(task + TASK.cpu, cpu);
  store(task + TASK.isolate, where);
  pushWake(task);
  return true;
}

/** Following awaits costs every promise of the isolate something, turning it on and off too: it ends a while after the last thread. */
const CONTEXT_MS = 1000;
const contextTimer: Timer = {
  due: 0, prev: null, next: null,
  expire() {
    if (liveAsync === 0) forgetContexts();
  },
};

/** The whole life of a plain thread, on the isolate that it owns. Returns when it has ended. C: kthread. */
export async function kthreadOwn(task: number): Promise<void> {
  const start = findStart(task)!;
  const { fn, data } = start;
  const thread = newThread(task, start);
  setPlainThread(thread);
  beNiceAs(task);
  host.setThreadName(readString(task + TASK.comm, TASK_COMM_LEN));
  announce(thread);
  waitForFirstWake(thread);
  let code = -EINTR;
  try {
    if (beforeFirst(thread)) {
      if (shouldPark(task)) kthreadParkmeSync();
      const value = fn(data as never);
      code = exitValue(awaited.has(fn) ? await value : value);
    }
  } catch (error) {
    code = exitCodeOf(thread, error);
  }
  const timers = dropTimers();
  if (timers > 0) warnTask(task, '', '%s[%d] ended with %d timers armed, which end with it: no other isolate has their functions', taskAt(task).comm, thread.pid, timers);
  setPlainThread(null);
  doExit(thread, code);
}

// --- What a thread asks about itself ------------------------------------------------------------------------------

const flagsOf = (task: number): number => load(task + TASK.kflags);
const shouldPark = (task: number): boolean => (flagsOf(task) & KTHREAD_SHOULD_PARK) !== 0;

/** Whether somebody asked the calling thread to stop. Stays true. Throws EPERM outside a kernel thread. C: kthread_should_stop. */
export const kthreadShouldStop = (): boolean => (flagsOf(needThread('kthreadShouldStop').addr) & KTHREAD_SHOULD_STOP) !== 0;

/** Whether somebody asked the calling thread to park. Throws EPERM outside a kernel thread. C: kthread_should_park. */
export const kthreadShouldPark = (): boolean => shouldPark(needThread('kthreadShouldPark').addr);

/** Either of them; false outside a kernel thread. C: kthread_should_stop_or_park. */
export function kthreadShouldStopOrPark(): boolean {
  const thread = currentThread();
  return thread !== null && (flagsOf(thread.addr) & (KTHREAD_SHOULD_STOP | KTHREAD_SHOULD_PARK)) !== 0;
}

const signals = new WeakMap<Thread, AbortController>();

/**
 * A signal that fires when the calling thread is asked to stop, also while it runs: for fetch, streams and timers. The
 * same one for each call. Throws EPERM outside a kernel thread.
 */
export function kthreadStopSignal(): AbortSignal {
  const thread = needThread('kthreadStopSignal');
  let controller = signals.get(thread);
  if (!controller) {
    const made = new AbortController();
    const look = (): void => {
      if ((flagsOf(thread.addr) & KTHREAD_SHOULD_STOP) !== 0 && !made.signal.aborted) made.abort(new KernelError(-EINTR, `thread ${thread.pid} was asked to stop`));
    };
    signals.set(thread, (controller = made));
    listenForNews(thread, look);
  }
  return controller.signal;
}

/** The function that `task` runs, or null if it is no kernel thread or lives on another isolate. C: kthread_func. */
export const kthreadFunc = (task: Task): AnyFn | null => (ownThread(task)?.fn ?? null) as AnyFn | null;

/** The data `task` was created with, as its function got it; null as kthreadFunc. C: kthread_data, kthread_probe_data. */
export const kthreadData = (task: Task): unknown => (kthreadFunc(task) ? ownThread(task)!.data : null);

function ownThread(task: Task): Thread | undefined {
  const thread = localThread(task.addr);
  return task.exists && thread?.addr === task.addr ? thread : undefined;
}

// --- Waking, stopping, parking ------------------------------------------------------------------------------------

/** Wakes `task` if it sleeps (S, D, K or I). Returns 1 if this call woke it, 0 if it runs, is parked or gone. Never sleeps. C: wake_up_process. */
export const wakeUpProcess = (task: Task): 0 | 1 => wakeUpTaskState(task, TASK_NORMAL);

/** The same for the states of `mask` (TASK_*). C: wake_up_state. */
export function wakeUpTaskState(task: Task, mask: number): 0 | 1 {
  return task.exists ? wakeUpState(task.addr, mask) : 0;
}

/** Takes a reference: the record stays, with its exit value, until putTaskStruct. Throws ESRCH if the task is gone already. C: get_task_struct. */
export function getTaskStruct(task: Task): Task {
  if (!tryGetTask(task.addr, task.pid)) throw new KernelError(-ESRCH, `getTaskStruct: task ${task.comm}[${task.pid}] is gone`);
  return task;
}

/** Gives a reference back. C: put_task_struct. */
export function putTaskStruct(task: Task): void {
  if (task.exists) putTask(task.addr);
}

/**
 * Asks `task` to stop, wakes it and sleeps, uninterruptibly, until it has ended. Returns what its function returned, the
 * code it gave kthreadExit, or -4 (-EINTR) if it was never woken. Everything it wrote is visible then. Throws KernelError
 * EFAULT, with the exception as cause, if one ended it. A thread that never looks makes this wait for ever; with `signal`, that and SIGKILL
 * (EINTR) end the wait, but take nothing back: the thread was asked. C: kthread_stop.
 */
export function kthreadStop(task: Task, opt: WaitOptions = {}): Promise<number> {
  if (opt.signal?.aborted) return Promise.reject(opt.signal.reason as Error);
  if (!beginStop(task)) return Promise.resolve(goneResult(task));
  return block('kthread_stop', (waiter) => waitOn(waiter, task, TASK.exited, opt.signal !== undefined, endStop), opt);
}

/** Sleeps until the completion at that offset of `task`, to which the caller has a reference: one that gives up gives it back. Then returns what `end` does. */
function* waitOn<R>(waiter: number, task: Task, offset: number, killable: boolean, end: (task: Task) => R): Blocking<R> {
  try {
    const left = yield* waitForCommon(waiter, task.addr + offset, killable ? TASK_KILLABLE : TASK_UNINTERRUPTIBLE, Infinity);
    if (left < 0) throw new KernelError(-EINTR, `SIGKILL ended the wait for ${task.comm}[${task.pid}]`);
  } catch (reason) {
    putTask(task.addr);
    throw reason;
  }
  return end(task);
}

/** For plain threads; as kthreadStop. C: kthread_stop. */
export function kthreadStopSync(task: Task): number {
  needPlain('kthreadStop');
  if (!beginStop(task)) return goneResult(task);
  return blockSync('kthread_stop', 'kthreadStop', (waiter) => waitOn(waiter, task, TASK.exited, false, endStop));
}

/** kthreadStop, then gives the caller's own reference back. C: kthread_stop_put. */
export async function kthreadStopPut(task: Task): Promise<number> {
  try {
    return await kthreadStop(task);
  } finally {
    putTaskStruct(task);
  }
}

/** Raises the request, with a reference taken. False if the record is gone. */
function beginStop(task: Task): boolean {
  if (!tryGetTask(task.addr, task.pid)) return false;
  if (isDead(task.addr) && (fetchOr(task.addr + TASK.kflags, KTHREAD_SHOULD_STOP) & KTHREAD_SHOULD_STOP) !== 0) {
    warn('kthread_stop: %s[%d] was stopped before', task.comm, task.pid);
  }
  requestStop(task.addr);
  return true;
}

/** Sets the stop request and makes `task` look at it, whatever it does now. Does not wait. */
export function requestStop(task: number): void {
  const before = fetchOr(task + TASK.kflags, KTHREAD_SHOULD_STOP | KTHREAD_NOTIFY);
  if ((before & KTHREAD_SHOULD_PARK) !== 0) unpark(task);
  wakeUpState(task, TASK_NORMAL | TASK_FROZEN);
  tellNews(task);
}

function endStop(task: Task): number {
  const oopsed = (flagsOf(task.addr) & KTHREAD_OOPSED) !== 0;
  const result = r32(task.addr + TASK.exit_code);
  const error = oopsed ? oopsError(task.addr) : undefined;
  putTask(task.addr);
  if (error) throw error;
  return result;
}

/** Linux leaves a stop of a thread that is gone undefined; here it warns and gives the value that is remembered. */
function goneResult(task: Task): number {
  warn('refcount_t: addition on 0; use-after-free. kthread_stop of %s[%d], which ended; hold a reference (getTaskStruct) to stop a thread that may end by itself', task.comm, task.pid);
  return readTombstone(task.pid) ?? -ESRCH;
}

/**
 * Asks `task` to park and sleeps, uninterruptibly, until it has: it executes nothing then until kthreadUnpark. Returns 0,
 * -16 (-EBUSY) if it was asked before, -38 (-ENOSYS) if it is ending. `signal` ends the wait as kthreadStop's. C: kthread_park.
 */
export async function kthreadPark(task: Task, opt: WaitOptions = {}): Promise<0 | -16 | -38> {
  opt.signal?.throwIfAborted();
  const begun = beginPark(task);
  if (begun !== 1) return begun;
  await block('kthread_park', (waiter) => waitForParked(waiter, task, opt.signal !== undefined), opt);
  return endPark(task);
}

/** For plain threads; as kthreadPark. */
export function kthreadParkSync(task: Task): 0 | -16 | -38 {
  needPlain('kthreadPark');
  const begun = beginPark(task);
  if (begun !== 1) return begun;
  blockSync('kthread_park', 'kthreadPark', (waiter) => waitForParked(waiter, task));
  return endPark(task);
}

/** 1: asked, now wait. */
function beginPark(task: Task): 1 | 0 | -16 | -38 {
  if (!tryGetTask(task.addr, task.pid) || (flagsOf(task.addr) & KTHREAD_EXITING) !== 0) {
    warn('kthread_park: %s[%d] is ending', task.comm, task.pid);
    if (task.exists) putTask(task.addr);
    return -ENOSYS as -38;
  }
  const before = fetchOr(task.addr + TASK.kflags, KTHREAD_SHOULD_PARK);
  const isSelf = currentThread()?.addr === task.addr;
  if ((before & KTHREAD_SHOULD_PARK) === 0 && !isSelf) {
    wakeUpState(task.addr, TASK_NORMAL);
    return 1;
  }
  putTask(task.addr);
  if ((before & KTHREAD_SHOULD_PARK) === 0) return 0;
  warnOnce('kthread_park: a thread is asked to park that was asked before');
  return -EBUSY as -16;
}

/** A thread that parked itself has announced it to nobody: so who finds it not parked, although it still shall be, waits for the next time. */
function* waitForParked(waiter: number, task: Task, killable = false): Blocking<void> {
  while (yield* waitOn(waiter, task, TASK.parked, killable, ({ addr }) => shouldPark(addr) && (taskState(addr) & (TASK_PARKED | TASK_DEAD)) === 0)) continue;
}

function endPark(task: Task): 0 | -38 {
  const ended = (flagsOf(task.addr) & KTHREAD_EXITING) !== 0;
  putTask(task.addr);
  return ended ? (-ENOSYS as -38) : 0;
}

/** Lets a parked thread go on. Does not wait for it; does nothing if nobody asked it to park. C: kthread_unpark. */
export function kthreadUnpark(task: Task): void {
  if (task.exists) unpark(task.addr);
}

function unpark(task: number): void {
  if ((fetchAnd(task + TASK.kflags, ~KTHREAD_SHOULD_PARK) & KTHREAD_SHOULD_PARK) !== 0) wakeUpState(task, TASK_PARKED);
}

/** Parks the calling thread while somebody asks for it; returns at once otherwise. Throws EPERM outside a kernel thread. C: kthread_parkme. */
export async function kthreadParkme(): Promise<void> {
  needThread('kthreadParkme');
  await block('kthread_parkme', parkme);
}

/** For plain threads; as kthreadParkme. */
export const kthreadParkmeSync = (): void => blockSync('kthread_parkme', 'kthreadParkme', parkme);

function* parkme(task: number): Blocking<void> {
  for (;;) {
    setTaskState(task, TASK_PARKED);
    if (!shouldPark(task)) break;
    completeAt(task + TASK.parked);
    yield Infinity;
  }
  setTaskState(task, TASK_RUNNING);
  yield* refrigerator(task, false); // It counted as frozen while it was parked.
}

setPanicHandler(() => forEachTask((task) => {
  if (r32(task + TASK.ppid) === 2) requestStop(task);
}));

onDispose(async (task) => {
  if (task.exists && !isDead(task.addr)) await kthreadStop(task);
});
