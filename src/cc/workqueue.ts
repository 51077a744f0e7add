/**
 * Workqueues of C: works are records of C, in kernel memory, and run on plain threads of the machine's own, kworker/uN:M,
 * so they may sleep. All queues share the threads. One that takes a work wakes or starts another if more is to do, so there
 * are as many as works that block, up to WORKERS_MAX, and each that was idle for IDLE_MS goes, but the last.
 *
 * A work may free itself: nothing here touches one after its function began. What runs is in the worker's record, with the
 * number that the work was queued under; flushing and cancelling look there. kernel/workqueue.ts is the one of TypeScript,
 * whose works live on event loops.
 */
import { cas, fetchOr, load, store } from '../lib/atomic.js';
import { ENOMEM, KernelError } from '../lib/errno.js';
import { listAddTail, listDelInit, listEmpty, listInit, listNext, listRepair } from '../lib/list.js';
import { r32, readString, w32, writeString } from '../lib/memory.js';
import { POOL, TIMER, WORK, WORKER, WQ } from '../kernel/callbacks.js';
import { KthreadExit, reportError } from '../kernel/exit.js';
import { isDead } from '../kernel/fork.js';
import { kthreadSpawn } from '../kernel/kthread.js';
import { rawSpinLock, rawSpinUnlock } from '../kernel/locking/raw_spinlock.js';
import { MACHINE, machineWord } from '../kernel/memlayout.js';
import { kfree, kzalloc } from '../kernel/mm/slab.js';
import { KERN_ALERT, KERN_ERR, printk } from '../kernel/printk/printk.js';
import { currentThread, needPlain, sleepUntilSync, wakeUpState } from '../kernel/sched/core.js';
import { getTask, putTask } from '../kernel/sched/ref.js';
import { KTHREAD_SYSTEM, KTHREAD_UNREF, PF_WQ_WORKER, TASK, TASK_IDLE, TASK_NORMAL, TASK_RUNNING, setTaskState } from '../kernel/sched/task.js';
import { WaitQueueHead } from '../kernel/sched/wait.js';
import { waitEventSync } from '../kernel/sched/wait_event.js';
import { initQueue, wakeQueue } from '../kernel/sched/wait_queue.js';
import { numPossibleCpus } from '../kernel/smp.js';
import { momentOfJiffies, jiffies, uptime } from '../kernel/time/time.js';
import { deferred } from './deferred.js';
import { endIfStuck } from './evict.js';
import type { Image } from './images.js';
import { theRecord } from './once.js';
import { cWorker, callC } from './run.js';
import { KIND_DELAYED_WORK, armTimer, disarmTimer, isOf, poolWord, waitWhileRuns } from './softirq.js';
import { functionName } from './trace.js';

/** A delayed work is a work and its timer. */
const DELAY = WORK.sizeof;

/** It is on a list, or its timer runs. */
const PENDING = 1;
const CANCEL = 0x100;

const NAME_BYTES = 24;
const WQ_FREEZABLE = 4;

/** Threads at most; works above that wait. */
const WORKERS_MAX = 32;
const IDLE_MS = 30_000;
/** While freezing holds works back, how often a worker looks whether it is over, ms. */
const FREEZING_MS = 100;
const MAX_ACTIVE = 512, DFL_ACTIVE = 256;

// --- The pool -----------------------------------------------------------------------------------------------------

const thePool = (): number => theRecord(poolWord(), POOL.sizeof, 'workqueues', initPool);

function initPool(made: number): void {
  listInit(made + POOL.works);
  listInit(made + POOL.workers);
  initQueue(made + POOL.waiters);
}

function locked<T>(pool: number, fn: () => T): T {
  if (rawSpinLock(pool + POOL.lock)) {
    listRepair(pool + POOL.works);
    listRepair(pool + POOL.workers);
  }
  try {
    return fn();
  } finally {
    rawSpinUnlock(pool + POOL.lock);
  }
}

/** A new queue; 0 when memory is out. C: alloc_workqueue. */
export function allocWq(name: string, flags: number, maxActive: number): number {
  const wq = kzalloc(WQ.sizeof);
  if (wq === 0) return 0;
  w32(wq + WQ.flags, flags);
  w32(wq + WQ.max_active, maxActive <= 0 ? DFL_ACTIVE : Math.min(maxActive, MAX_ACTIVE));
  writeString(wq + WQ.name, NAME_BYTES, name);
  return wq;
}

/** The queue for everybody with these flags: kind 0 to 3. C: system_wq and its like. */
export function systemWq(kind: number): number {
  const pool = thePool();
  const word = pool + POOL.system + kind * 4;
  if (load(word) === 0) {
    const wq = allocWq(['events', 'events_highpri', 'events_unbound', 'events_freezable'][kind], [0, 16, 2, WQ_FREEZABLE][kind], 0);
    if (cas(word, 0, wq) !== 0) kfree(wq);
  }
  return load(word);
}

/** Runs what is queued, and frees it. Sleeps. C: destroy_workqueue. */
export function destroyWq(wq: number): void {
  flushWq(wq, true);
  kfree(wq);
}

// --- Queueing -----------------------------------------------------------------------------------------------------

/** Queues `work`. Whether it did: false if it is pending, or being cancelled. Any context. C: queue_work. */
export function queueWork(wq: number, work: number): boolean {
  const pool = thePool();
  const done = locked(pool, () => {
    if (load(work + WORK.state) !== 0) return false;
    store(work + WORK.state, PENDING);
    insert(pool, wq, work);
    return true;
  });
  if (done) kick(pool);
  return done;
}

/** The lock is held, and PENDING is set. */
function insert(pool: number, wq: number, work: number): void {
  const seq = r32(pool + POOL.seq) + 1;
  w32(pool + POOL.seq, seq);
  w32(work + WORK.seq, seq);
  w32(work + WORK.wq, wq);
  listAddTail(work + WORK.entry, pool + POOL.works);
}

/** As queueWork, in `delay` jiffies. C: queue_delayed_work. */
export function queueDelayed(wq: number, work: number, delay: number): boolean {
  if (delay === 0) return queueWork(wq, work);
  const done = locked(thePool(), () => load(work + WORK.state) === 0 && store(work + WORK.state, PENDING) === undefined);
  if (done) arm(wq, work, delay);
  return done;
}

/** Whether or not it is pending, to run in `delay` jiffies. Returns whether it was. C: mod_delayed_work. */
export function modDelayed(wq: number, work: number, delay: number): boolean {
  const was = grab(work);
  if (delay === 0) queueWork(wq, work);
  else queueDelayed(wq, work, delay);
  return was;
}

function arm(wq: number, work: number, delay: number): void {
  w32(work + WORK.wq, wq);
  w32(work + DELAY + TIMER.kind, KIND_DELAYED_WORK);
  armTimer(work + DELAY, momentOfJiffies((jiffies() + delay) >>> 0));
}

deferred.delayOver = (timer) => {
  const work = timer - DELAY;
  const pool = thePool();
  locked(pool, () => {
    if ((load(work + WORK.state) & PENDING) !== 0 && isOff(work)) insert(pool, r32(work + WORK.wq), work);
  });
  kick(pool);
};
deferred.functionOf = (timer) => r32(timer - DELAY + WORK.func);

/** INIT_WORK makes the node point at itself, a static work has zeros there. */
const isOff = (work: number): boolean => r32(work + WORK.entry) === 0 || listEmpty(work + WORK.entry);

/** Takes a work off its list or its timer. Whether it was pending. Only a delayed one has a timer, armed while it is pending and on no list. */
function grab(work: number, isDelayed = true): boolean {
  if (isDelayed && (load(work + WORK.state) & PENDING) !== 0) {
    disarmTimer(work + DELAY);
    waitWhileRuns(work + DELAY);
  }
  return locked(thePool(), () => {
    const was = (load(work + WORK.state) & PENDING) !== 0;
    if (was && !isOff(work)) listDelInit(work + WORK.entry);
    store(work + WORK.state, load(work + WORK.state) & ~PENDING);
    return was;
  });
}

// --- Waiting ------------------------------------------------------------------------------------------------------

/** Sleeps until `over`, asked with the lock held after each work that ended. */
function until(over: (pool: number) => boolean): void {
  const pool = thePool();
  waitEventSync(new WaitQueueHead(pool + POOL.waiters), () => locked(pool, () => over(pool)));
}

function someWorker(pool: number, is: (worker: number) => boolean): boolean {
  for (let at = listNext(pool + POOL.workers), after = 0; at !== pool + POOL.workers; at = after) {
    after = listNext(at);
    if (isDead(r32(at + WORKER.task))) bury(pool, at);
    else if (r32(at + WORKER.current_work) !== 0 && is(at)) return true;
  }
  return false;
}

/** Takes away what a worker left that was ended wherever it was: its work is over, and another may be started. */
function bury(pool: number, worker: number): void {
  const wq = r32(worker + WORKER.wq);
  if (r32(worker + WORKER.current_work) !== 0) w32(wq + WQ.nr_active, r32(wq + WQ.nr_active) - 1);
  else w32(pool + POOL.starting, 0); // It may have been chosen to take one.
  listDelInit(worker + WORKER.link);
  w32(pool + POOL.nr_workers, r32(pool + POOL.nr_workers) - 1);
  putTask(r32(worker + WORKER.task));
  kfree(worker);
}

const runs = (pool: number, work: number): number => {
  let seq = 0;
  someWorker(pool, (worker) => r32(worker + WORKER.current_work) === work && (seq = r32(worker + WORKER.seq)) !== 0);
  return seq;
};

/** Waits for the end of what `work` is queued or running for. Whether it waited. Sleeps. C: flush_work. */
export function flushWork(work: number): boolean {
  const pool = thePool();
  const target = locked(pool, () => ((load(work + WORK.state) & PENDING) !== 0 && !isOff(work) ? r32(work + WORK.seq) : runs(pool, work)));
  if (target === 0) return false;
  until(() => !isQueued(pool, target) && !someWorker(pool, (worker) => r32(worker + WORKER.seq) === target));
  return true;
}

/** Whether the work with that number waits: it may have freed itself since, so it is looked for. */
function isQueued(pool: number, seq: number): boolean {
  for (let at = listNext(pool + POOL.works); at !== pool + POOL.works; at = listNext(at)) if (r32(at + WORK.seq) === seq) return true;
  return false;
}

/** Has a work whose timer runs queued now, and waits for it. C: flush_delayed_work. */
export function flushDelayed(work: number): boolean {
  if (disarmTimer(work + DELAY)) {
    const pool = thePool();
    locked(pool, () => insert(pool, r32(work + WORK.wq), work));
    kick(pool);
  } else waitWhileRuns(work + DELAY);
  return flushWork(work);
}

/** Takes a work off its queue; waits for its end if it runs and `sync`: then it does not queue itself again. Whether it was pending. C: cancel_work, cancel_work_sync and of delayed ones. */
export function cancelWork(work: number, isDelayed: boolean, sync: boolean): boolean {
  const pool = thePool();
  if (sync) locked(pool, () => store(work + WORK.state, load(work + WORK.state) + CANCEL));
  const was = grab(work, isDelayed);
  if (!sync) return was;
  const self = currentThread()?.addr ?? 0;
  until(() => !someWorker(pool, (worker) => r32(worker + WORKER.current_work) === work && r32(worker + WORKER.task) !== self));
  locked(pool, () => store(work + WORK.state, load(work + WORK.state) - CANCEL));
  return was;
}

/** Waits for what is queued now; with `all`, until nothing is. Sleeps. C: flush_workqueue, drain_workqueue. */
export function flushWq(wq: number, all: boolean): void {
  const last = r32(thePool() + POOL.seq);
  const counts = (seq: number): boolean => all || ((seq - last) | 0) <= 0;
  until((pool) => {
    for (let at = listNext(pool + POOL.works); at !== pool + POOL.works; at = listNext(at)) if (r32(at + WORK.wq) === wq && counts(r32(at + WORK.seq))) return false;
    return !someWorker(pool, (worker) => r32(worker + WORKER.wq) === wq && counts(r32(worker + WORKER.seq)));
  });
}

/** WORK_BUSY_PENDING and WORK_BUSY_RUNNING. C: work_busy. */
export function workBusy(work: number): number {
  const pool = thePool();
  return locked(pool, () => (load(work + WORK.state) & PENDING) | (runs(pool, work) !== 0 ? 2 : 0));
}

/** The work whose function calls this; 0 outside of one. C: current_work. */
export function currentWork(): number {
  const pool = thePool();
  const self = currentThread()?.addr ?? 0;
  let work = 0;
  locked(pool, () => someWorker(pool, (worker) => r32(worker + WORKER.task) === self && (work = r32(worker + WORKER.current_work)) !== 0));
  return work;
}

// --- Workers ------------------------------------------------------------------------------------------------------

/** Something can be done: wakes an idle worker, or starts one, unless one is on its way. */
function kick(pool: number): void {
  let task = 0;
  const start = locked(pool, () => {
    someWorker(pool, () => false); // Buries the dead.
    if (next(pool) === 0 || r32(pool + POOL.starting) > 0) return -1;
    for (let at = listNext(pool + POOL.workers); at !== pool + POOL.workers; at = listNext(at)) {
      if (r32(at + WORKER.idle) === 0) continue;
      w32(at + WORKER.idle, 0);
      w32(pool + POOL.starting, 1);
      task = r32(at + WORKER.task);
      return -1;
    }
    if (r32(pool + POOL.nr_workers) >= WORKERS_MAX) return -1;
    w32(pool + POOL.nr_workers, r32(pool + POOL.nr_workers) + 1);
    w32(pool + POOL.starting, 1);
    w32(pool + POOL.named, r32(pool + POOL.named) + 1);
    return r32(pool + POOL.named) - 1;
  });
  if (task !== 0) wakeUpState(task, TASK_NORMAL);
  if (start >= 0) kthreadSpawn(cWorker, undefined, -1, `kworker/u${numPossibleCpus()}:${start}`, KTHREAD_SYSTEM | KTHREAD_UNREF, 0);
}

/** The first work that may run now: its queue runs fewer than it may, and nobody runs it already. 0: none. */
function next(pool: number): number {
  for (let at = listNext(pool + POOL.works); at !== pool + POOL.works; at = listNext(at)) {
    const wq = r32(at + WORK.wq);
    const held = (r32(wq + WQ.flags) & WQ_FREEZABLE) !== 0 && isFreezing();
    if (!held && r32(wq + WQ.nr_active) < r32(wq + WQ.max_active) && runs(pool, at) === 0) return at;
  }
  return 0;
}

const isFreezing = (): boolean => load(machineWord(MACHINE.freezing)) !== 0;

/** The life of a worker's thread. C: worker_thread. */
export function serveWorks(): number {
  const { addr: task } = needPlain('worker_thread');
  const pool = thePool();
  const me = kzalloc(WORKER.sizeof);
  if (me === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for a worker');
  fetchOr(task + TASK.flags, PF_WQ_WORKER);
  w32(me + WORKER.task, task);
  getTask(task); // Its record stays what it is for who finds it dead.
  locked(pool, () => listAddTail(me + WORKER.link, pool + POOL.workers));
  try {
    while (serveOne(pool, me));
  } finally {
    locked(pool, () => {
      listDelInit(me + WORKER.link);
      w32(pool + POOL.nr_workers, r32(pool + POOL.nr_workers) - 1);
    });
    putTask(task);
    kfree(me);
  }
  return 0;
}

/** Runs one work, or sleeps until there is one. False when nobody needed it for long. */
function serveOne(pool: number, me: number): boolean {
  const work = locked(pool, () => {
    w32(pool + POOL.starting, 0);
    const found = next(pool);
    if (found !== 0) take(me, found);
    else w32(me + WORKER.idle, 1);
    return found;
  });
  if (work === 0) return idle(pool, me);
  kick(pool); // It may sleep for long; more may be to do.
  const wq = r32(me + WORKER.wq);
  try {
    callWork(r32(me + WORKER.task), work, r32(me + WORKER.func));
  } finally {
    locked(pool, () => {
      w32(wq + WQ.nr_active, r32(wq + WQ.nr_active) - 1);
      w32(me + WORKER.current_work, 0);
    });
    wakeQueue(pool + POOL.waiters, { mode: TASK_NORMAL, nr: 0, key: 0 });
  }
  return true;
}

function take(me: number, work: number): void {
  const wq = r32(work + WORK.wq);
  listDelInit(work + WORK.entry);
  store(work + WORK.state, load(work + WORK.state) & ~PENDING);
  w32(wq + WQ.nr_active, r32(wq + WQ.nr_active) + 1);
  w32(me + WORKER.current_work, work);
  w32(me + WORKER.func, r32(work + WORK.func));
  w32(me + WORKER.seq, r32(work + WORK.seq));
  w32(me + WORKER.wq, wq);
}

function idle(pool: number, me: number): boolean {
  const thread = needPlain('worker_thread');
  const end = uptime() + IDLE_MS;
  while (uptime() < end) {
    setTaskState(thread.addr, TASK_IDLE);
    if (r32(me + WORKER.idle) === 0) break; // kick() chose it.
    sleepUntilSync(thread, isFreezing() ? uptime() + FREEZING_MS : end, 'worker_thread');
    if (isFreezing() || locked(pool, () => next(pool)) !== 0) break;
  }
  setTaskState(thread.addr, TASK_RUNNING);
  return locked(pool, () => {
    const chosen = r32(me + WORKER.idle) === 0;
    w32(me + WORKER.idle, 0);
    return chosen || next(pool) !== 0 || r32(pool + POOL.nr_workers) === 1 || uptime() < end;
  });
}

/** Calls the function of a work. What it does wrong is reported, and the worker goes on. */
function callWork(task: number, work: number, func: number): void {
  const count = r32(task + TASK.preempt_count);
  try {
    callC(func, work);
  } catch (error) {
    if (error instanceof KthreadExit) throw error;
    reportError(task, error instanceof Error ? error : new Error(String(error)));
  }
  const left = r32(task + TASK.preempt_count);
  if (left === count) return;
  printk('%sBUG: workqueue leaked lock or atomic: %s/0x%08x/%d\n', KERN_ERR, readString(task + TASK.comm, 16), left, r32(task + TASK.pid));
  printk('%s     last function: %s\n', KERN_ERR, functionName(func));
  w32(task + TASK.preempt_count, count);
}

// --- Modules that go ----------------------------------------------------------------------------------------------

/** Takes away the works that an unloaded module leaves on a queue, and says so; one that does not return is ended with its worker. False if that does not end. Sleeps. */
export async function forgetWorks(image: Image): Promise<boolean> {
  if (load(machineWord(MACHINE.callbacks)) === 0 || load(poolWord()) === 0) return true;
  const pool = thePool();
  for (const name of locked(pool, () => takeOff(pool, image))) printk('%sBUG: module %s was removed, but its work %s is still queued; it is taken off\n', KERN_ALERT, image.about.name, name);
  const gone = await endIfStuck(image, () => locked(pool, () => {
    let task = 0, func = 0;
    someWorker(pool, (worker) => isOf(image, 0, (func = r32(worker + WORKER.func))) && (task = r32(worker + WORKER.task)) !== 0);
    return task === 0 ? undefined : { task, what: `work ${functionName(func)}` };
  }));
  if (!gone) return false;
  kick(pool);
  wakeQueue(pool + POOL.waiters, { mode: TASK_NORMAL, nr: 0, key: 0 });
  return true;
}

function takeOff(pool: number, image: Image): string[] {
  const names: string[] = [];
  for (let at = listNext(pool + POOL.works), after = 0; at !== pool + POOL.works; at = after) {
    after = listNext(at);
    if (!isOf(image, at, r32(at + WORK.func))) continue;
    listDelInit(at);
    names.push(functionName(r32(at + WORK.func)));
  }
  return names;
}
