/**
 * The records of workers and works, and what happens to them under a worker's lock: queueing, taking, flushing and
 * cancelling, now or after a delay. All by address and for whatever a work does; functions, threads and what programs
 * call are kthread_worker.ts's.
 *
 *     who queues                                the worker's thread
 *     lock, work on the list  [kw:queue]        lock, takes the next: none
 *     unlock                                    state = S
 *     wake it unless a work runs                list still empty? -> sleep  [kw:sleep]
 *
 * A work is on one list at a time: its worker's, or while its timer runs that of the delayed ones. One that runs is on
 * none, so that it can be queued again. Who waits for a work puts a barrier behind it, a record of the same shape:
 * when the worker comes to that, all before it is over.
 */
import { cas, fetchOr, load, store } from '../lib/atomic.js';
import { ENOMEM, ESRCH, KernelError } from '../lib/errno.js';
import { listAdd, listAddTail, listDelInit, listEmpty, listInit, listNext, listRepair } from '../lib/list.js';
import { r32, w32 } from '../lib/memory.js';
import { f64Field, ptr, s32, struct, u32 } from '../lib/struct.js';
import { onWorkerLost } from './exit.js';
import { HOST_ISOLATE } from './isolate.js';
import { rawSpinLock, rawSpinUnlock } from './locking/raw_spinlock.js';
import { onMailOf, sendMail, type Mail } from './mail.js';
import { WORKER_CACHE, WORK_CACHE, WORK_CACHE_SIZE, kmemCacheGive, kmemCacheTake } from './mm/slab.js';
import { warn, warnOnce } from './panic.js';
import { addTimer, cancelTimer, isSharedIsolate, wakeUpState, type Blocking } from './sched/core.js';
import { KTHREAD_BLOCKING, PF_WQ_WORKER, TASK, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE, setTaskState } from './sched/task.js';
import { deadlineIn } from './time/time.js';
import type { Timer } from './time/timer.js';
import { VALUE, clearValue, packedFailure, putValue, takeSlot, type Packed } from './value.js';

export const WORKER = struct('kthread_worker', {
  free_link: ptr('l'), //         the allocator's, while the record is free
  gen: u32('a'), //               one more each time it is made and freed: tells a stale handle
  lock: u32('a'),
  flags: u32('a'), //             KTW_*
  task: ptr('a'), //              who runs the works, 0: nobody
  isolate: u32('a'), //           number of the isolate they run on, 0: not known yet
  current_work: ptr('l'),
  work_list: ptr('l', 2, 'struct list_head'),
  delayed_work_list: ptr('l', 2, 'struct list_head'),
});

export const WORK = struct('kthread_work', {
  free_link: ptr('l'),
  gen: u32('a'),
  seq: u32('l'), //       one more each time the timer is set or cleared: tells a timer that comes too late
  node: ptr('l', 2, 'struct list_head'),
  kind: u32('c'), //      WORK_*
  state: u32('a'), //     of a work PENDING, RUNNING and so on; a barrier's is 0 until it is passed. Written under the lock of its worker
  worker: ptr('a'), //    the last one it was queued to
  owner_gen: u32('l'), // and that one's gen
  canceling: s32('l'), // who cancels it now: it is not queued meanwhile
  home: u32('c'), //      number of the isolate that its function lives on, 0: any
  fn: ptr('c'), //        "file#name" of its function, for any isolate; a barrier's waiting task
  data: f64Field('l', VALUE.sizeof / 8),
  result: f64Field('l', VALUE.sizeof / 8),
});
if (Math.max(WORKER.sizeof, WORK.sizeof) > WORK_CACHE_SIZE || WORKER.gen !== WORK.gen) throw new Error('kthread_work: a record outgrew its class, or gen has moved');

/** Its thread freezes with the machine, between two works. C: KTW_FREEZABLE. */
export const KTW_FREEZABLE = 1;
/** Not Linux's: its works are plain functions that may block, on an isolate of their own. */
export const KTW_BLOCKING = 2;
/** Its thread is a workqueue's. */
export const KTW_WQ = 4;
/** Its thread is being made. */
export const KTW_STARTING = 8;
/** The thread ended; nobody comes to what is queued unless another one takes over. */
const KTW_ENDED = 0x10000;

/** It can be queued with a delay. */
export const WORK_DELAYED = 1;
const WORK_BARRIER = 2;
/** It lives as long as the module that declares it. */
export const WORK_DECLARED = 4;

/** On the list. */
export const PENDING = 1;
/** Its function was called and is not over. */
export const RUNNING = 2;
/** Its timer runs. */
export const TIMER = 4;
/** Nobody has a handle any more: whoever ends it frees it. */
const ORPHAN = 8;
export const BUSY = PENDING | RUNNING | TIMER;
const PASSED = 1;
const LOST = 2;

// --- Records ------------------------------------------------------------------------------------------------------

/** A record zeroed from `first` on: what stands before it outlives it. */
function alloc(cache: number, first: number, end: number): number {
  const at = kmemCacheTake(cache);
  if (at === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for a work');
  for (let word = at + first; word < at + end; word += 4) w32(word, 0);
  nextGen(at);
  return at;
}

const nextGen = (at: number): void => w32(at + WORK.gen, r32(at + WORK.gen) + 1);

/** C: kthread_init_worker. Throws KernelError ENOMEM. */
export function newWorker(flags: number): number {
  const worker = alloc(WORKER_CACHE, WORKER.flags, WORKER.sizeof);
  w32(worker + WORKER.flags, flags);
  listInit(worker + WORKER.work_list);
  listInit(worker + WORKER.delayed_work_list);
  return worker;
}

/** A record for a work. `fn` 0: its function is known on isolate `home` only. Throws KernelError ENOMEM. */
export function newWork(kind: number, home: number, fn: number): number {
  const work = alloc(WORK_CACHE, WORK.node, WORK.data); // What frees one empties its values.
  initWorkAt(work, kind, home, fn);
  return work;
}

/** C: kthread_init_work. The memory is zero. */
export function initWorkAt(work: number, kind: number, home: number, fn: number): void {
  listInit(work + WORK.node);
  w32(work + WORK.kind, kind);
  w32(work + WORK.home, home);
  w32(work + WORK.fn, fn);
}

/** Nobody will queue `work` any more: takes it off the list and frees it, now or when it has run. */
export function dropWork(work: number): void {
  const worker = (load(work + WORK.state) & BUSY) === 0 ? 0 : lockWorkerOf(work); // Nobody touches one that is idle.
  if (worker !== 0) unqueue(work);
  const running = worker !== 0 && (r32(work + WORK.state) & RUNNING) !== 0;
  const kept = (r32(work + WORK.kind) & WORK_DECLARED) !== 0;
  if (running && !kept) store(work + WORK.state, RUNNING | ORPHAN);
  if (worker !== 0) unlock(worker);
  if (!running && !kept) freeWork(work);
}

/** Lets `work` run out, if it is queued, and frees it then: its handle was collected. */
export function orphanWork(work: number): void {
  const worker = lockWorkerOf(work);
  const state = load(work + WORK.state);
  if ((state & BUSY) !== 0) store(work + WORK.state, state | ORPHAN);
  if (worker !== 0) unlock(worker);
  if ((state & BUSY) === 0) freeWork(work);
}

function freeWork(work: number): void {
  w32(work + WORK.seq, r32(work + WORK.seq) + 1);
  clearValue(work + WORK.data);
  clearValue(work + WORK.result);
  freeWorkRecord(work);
}

function freeWorkRecord(work: number): void {
  nextGen(work);
  kmemCacheGive(WORK_CACHE, work);
}

/** Frees a worker that no thread serves any more. Works left on it are taken off, and reported. C: the end of kthread_destroy_worker. */
export function freeWorker(worker: number): void {
  lock(worker);
  const left = emptyList(worker + WORKER.work_list);
  const delayed = emptyList(worker + WORKER.delayed_work_list);
  nextGen(worker);
  unlock(worker);
  kmemCacheGive(WORKER_CACHE, worker);
  if (left + delayed > 0) warn('kthread_destroy_worker: %d works and %d delayed works are left; cancel them first', left, delayed);
}

function emptyList(list: number): number {
  let count = 0;
  while (!listEmpty(list)) {
    const work = listNext(list) - WORK.node;
    if (r32(work + WORK.kind) === WORK_BARRIER) pass(work, LOST);
    else {
      unqueue(work);
      count++;
    }
  }
  return count;
}

// --- Locks --------------------------------------------------------------------------------------------------------

function lock(worker: number): void {
  if (rawSpinLock(worker + WORKER.lock)) for (const list of [WORKER.work_list, WORKER.delayed_work_list]) listRepair(worker + list);
}
const unlock = (worker: number): void => rawSpinUnlock(worker + WORKER.lock);

/** Takes the lock of the worker that `work` belongs to, and returns that; 0 if it never had one. */
export function lockWorkerOf(work: number): number {
  for (;;) {
    const worker = load(work + WORK.worker);
    if (worker === 0) return 0;
    lock(worker);
    if (load(work + WORK.worker) === worker) return worker;
    unlock(worker);
  }
}

export const unlockWorker = unlock;

/** Makes `work` one of `worker` and takes the lock; false, without it, if another worker has it. */
function lockFor(worker: number, work: number): boolean {
  for (;;) {
    const owner = r32(work + WORK.worker); // Looked at again under the lock.
    if (owner === worker || owner === 0) {
      lock(worker);
      if ((owner === 0 ? cas(work + WORK.worker, 0, worker) : r32(work + WORK.worker)) === owner) break;
      unlock(worker);
    } else if (!leave(owner, work, worker)) return false;
  }
  w32(work + WORK.owner_gen, r32(worker + WORKER.gen));
  return true;
}

/** An idle work may change its worker. Linux warns of that, unless it goes to a workqueue. */
function leave(owner: number, work: number, worker: number): boolean {
  lock(owner);
  const idle = (load(work + WORK.state) & BUSY) === 0 && r32(work + WORK.canceling) === 0;
  const alive = r32(owner + WORKER.gen) === r32(work + WORK.owner_gen) && (r32(worker + WORKER.flags) & KTW_WQ) === 0;
  if (idle) cas(work + WORK.worker, owner, worker);
  unlock(owner);
  if (alive) warnOnce('kthread_queue_work: a work is queued to two workers; it stays with one');
  return idle;
}

// --- Queueing -----------------------------------------------------------------------------------------------------

/** Queues `work` after `delay` jiffies with `data`. Whether it did: false if it is queued already or being cancelled. Any context. C: kthread_queue_work, kthread_queue_delayed_work. */
export function queueAt(worker: number, work: number, data: Packed, delay: number): boolean {
  if (!lockFor(worker, work)) return false;
  const free = (r32(work + WORK.state) & (PENDING | TIMER)) === 0 && r32(work + WORK.canceling) === 0;
  if (free) insert(worker, work, data, delay);
  else unlock(worker);
  return free;
}

/** Queues `work` anew, whether or not it was queued. Returns whether it was, or is being cancelled. C: kthread_mod_delayed_work. */
export function modAt(worker: number, work: number, data: Packed, delay: number): boolean {
  if (!lockFor(worker, work)) return true;
  const was = unqueue(work);
  const canceling = r32(work + WORK.canceling) > 0;
  if (canceling) unlock(worker);
  else insert(worker, work, data, delay);
  return was || canceling;
}

/** The lock is held, and not any more afterwards. */
function insert(worker: number, work: number, data: Packed, delay: number): void {
  const state = r32(work + WORK.state);
  putValue(work + WORK.data, data);
  if (delay > 0) {
    const seq = r32(work + WORK.seq) + 1;
    w32(work + WORK.seq, seq);
    store(work + WORK.state, state | TIMER);
    listAddTail(work + WORK.node, worker + WORKER.delayed_work_list);
    unlock(worker);
    armTimer(work, seq, deadlineIn(delay));
  } else {
    w32(work + WORK.state, state | PENDING);
    listAddTail(work + WORK.node, worker + WORKER.work_list);
    unlockAndWake(worker);
  }
}

/** Something was put on the list. Who runs a work looks at the list afterwards anyway. */
function unlockAndWake(worker: number): void {
  const task = r32(worker + WORKER.current_work) === 0 ? load(worker + WORKER.task) : 0;
  unlock(worker); // [kw:queue] pairs with kw:sleep
  if (task !== 0) wakeUpState(task, TASK_NORMAL);
}

/** Takes `work` off its list. Whether it was on one. The lock is held. */
function unqueue(work: number): boolean {
  const state = load(work + WORK.state);
  if ((state & (PENDING | TIMER)) === 0) return false;
  listDelInit(work + WORK.node);
  if ((state & TIMER) !== 0) w32(work + WORK.seq, r32(work + WORK.seq) + 1);
  store(work + WORK.state, state & ~(PENDING | TIMER));
  return true;
}

// --- Delays -------------------------------------------------------------------------------------------------------

/**
 * A timer of this isolate for a delayed work. Any isolate may cancel or move it, by the work's seq alone: then this one
 * comes to nothing.
 */
class DelayTimer implements Timer {
  due = 0;
  prev: Timer | null = null;
  next: Timer | null = null;
  seq = 0;

  constructor(readonly work: number) {}

  expire(): void {
    timers.delete(this.work);
    const worker = lockWorkerOf(this.work);
    if (worker === 0) return;
    const state = load(this.work + WORK.state);
    if ((state & TIMER) === 0 || r32(this.work + WORK.seq) !== this.seq) return unlock(worker);
    listDelInit(this.work + WORK.node);
    listAddTail(this.work + WORK.node, worker + WORKER.work_list);
    store(this.work + WORK.state, (state & ~TIMER) | PENDING);
    unlockAndWake(worker);
  }
}

/** One for each work, so that arming again and again leaves nothing behind. */
const timers = new Map<number, DelayTimer>();

export const forgetDelays = (): void => timers.clear();

interface DelayMail extends Mail {
  readonly kind: 'delayed_work';
  readonly work: number;
  readonly seq: number;
  readonly when: number;
}

/** A plain thread may compute for long, or end: its delays are the host worker's. */
function armTimer(work: number, seq: number, when: number): void {
  if (isSharedIsolate()) armHere(work, seq, when);
  else sendMail(HOST_ISOLATE, { kind: 'delayed_work', work, seq, when } satisfies DelayMail);
}

function armHere(work: number, seq: number, when: number): void {
  let timer = timers.get(work);
  if (!timer) timers.set(work, (timer = new DelayTimer(work)));
  timer.seq = seq;
  addTimer(timer, when);
}

onMailOf('delayed_work', (mail) => {
  const { work, seq, when } = mail as DelayMail;
  armHere(work, seq, when);
});

/** The timer of a work that was cancelled here need not fire. */
export function forgetTimer(work: number): void {
  const timer = timers.get(work);
  if (!timer) return;
  cancelTimer(timer);
  timers.delete(work);
}

// --- The worker's side --------------------------------------------------------------------------------------------

/** Says that `task`, on isolate `isolate`, runs the works of `worker` from now on. */
export function attachTask(worker: number, task: number, isolate: number): void {
  lock(worker);
  store(worker + WORKER.task, task);
  store(worker + WORKER.isolate, isolate);
  const flags = r32(worker + WORKER.flags) & ~(KTW_ENDED | KTW_STARTING);
  w32(worker + WORKER.flags, flags | ((load(task + TASK.kflags) & KTHREAD_BLOCKING) !== 0 ? KTW_BLOCKING : 0));
  if ((flags & KTW_WQ) !== 0) fetchOr(task + TASK.flags, PF_WQ_WORKER);
  unlock(worker);
}

/** A work whose turn it is, with the data it was queued with, which is the caller's to drop. */
export interface Taken {
  readonly work: number;
  readonly data: Packed;
}

/** Ends the work that runs, with `result` if that is still to be kept, and takes the next one, RUNNING; null if there is none or `stop`. Barriers on the way are passed. */
export function nextWork(worker: number, stop: boolean, result: Packed | void): Taken | null {
  const list = worker + WORKER.work_list;
  lock(worker);
  const last = r32(worker + WORKER.current_work);
  if (last !== 0) endWork(last, result);
  let work = 0;
  while (!stop && work === 0 && !listEmpty(list)) {
    const first = listNext(list) - WORK.node;
    if (r32(first + WORK.kind) === WORK_BARRIER) pass(first, PASSED);
    else {
      listDelInit(first + WORK.node);
      w32(first + WORK.state, (r32(first + WORK.state) & ~PENDING) | RUNNING);
      work = first;
    }
  }
  w32(worker + WORKER.current_work, work);
  const taken = work === 0 ? null : { work, data: takeSlot(work + WORK.data) };
  unlock(worker);
  return taken;
}

function endWork(work: number, result: Packed | void): void {
  if (result) putValue(work + WORK.result, result);
  const state = r32(work + WORK.state) & ~RUNNING;
  store(work + WORK.state, state);
  if ((state & ORPHAN) !== 0 && (state & BUSY) === 0) freeWork(work);
}

/** Whether something is queued, for who is about to sleep. */
export const hasWork = (worker: number): boolean => load(worker + WORKER.work_list) !== worker + WORKER.work_list; // [kw:sleep] pairs with kw:queue

/** The thread leaves the worker. Works that are queued stay; who waits is told. */
export function detachTask(worker: number, task: number, failure?: Packed): void {
  lock(worker);
  if (r32(worker + WORKER.task) === task) {
    store(worker + WORKER.task, 0);
    w32(worker + WORKER.flags, r32(worker + WORKER.flags) | KTW_ENDED);
    const work = r32(worker + WORKER.current_work);
    w32(worker + WORKER.current_work, 0);
    if (work !== 0) endWork(work, failure);
    loseBarriers(worker + WORKER.work_list);
  }
  unlock(worker);
}

function loseBarriers(list: number): void {
  for (let node = listNext(list); node !== list; ) {
    const work = node - WORK.node;
    node = listNext(node);
    if (r32(work + WORK.kind) === WORK_BARRIER) pass(work, LOST);
  }
}

onWorkerLost((task) => {
  const worker = load(task + TASK.worker);
  w32(task + TASK.worker, 0);
  detachTask(worker, task, packedFailure(new Error('its worker ended while it ran')));
});

// --- Waiting ------------------------------------------------------------------------------------------------------

/** A barrier that is on no list yet. Throws KernelError ENOMEM. */
const newBarrier = (task: number): number => newWork(WORK_BARRIER, 0, task);

/** Lets the waiter of `barrier` go on. The lock is held; the record may be gone afterwards. */
function pass(barrier: number, how: number): void {
  const task = r32(barrier + WORK.fn);
  listDelInit(barrier + WORK.node);
  store(barrier + WORK.state, how); // [kw:pass] pairs with kw:wait
  wakeUpState(task, TASK_NORMAL);
}

/** Waits for the instance of `work` that is queued or runs now. One whose timer runs is not queued yet. C: kthread_flush_work. */
export function* flushAt(task: number, work: number): Blocking<void> {
  const worker = lockWorkerOf(work);
  if (worker === 0) return;
  const state = load(work + WORK.state);
  if ((state & (PENDING | RUNNING)) === 0) return unlock(worker);
  yield* waitAtBarrier(task, worker, (state & PENDING) !== 0 ? work + WORK.node : worker + WORKER.work_list);
}

/** Waits for everything that is queued or runs now. C: kthread_flush_worker. */
export function* flushWorkerAt(task: number, worker: number): Blocking<void> {
  lock(worker);
  const starting = (r32(worker + WORKER.flags) & KTW_STARTING) !== 0; // Then a worker without works has yet to come here.
  if (!starting && r32(worker + WORKER.current_work) === 0 && listEmpty(worker + WORKER.work_list)) return unlock(worker);
  yield* waitAtBarrier(task, worker, r32(worker + WORKER.work_list + 4)); // Behind the last one.
}

/** Takes `work` off its list. Whether it was on one. Any context. C: cancel_work, cancel_delayed_work. */
export function cancelWorkAt(work: number): boolean {
  const worker = lockWorkerOf(work);
  if (worker === 0) return false;
  const was = unqueue(work);
  unlock(worker);
  return was;
}

/** Takes `work` off the list and waits for the end of its function. Whether it was queued. C: kthread_cancel_work_sync. */
export function* cancelAt(task: number, work: number): Blocking<boolean> {
  const worker = lockWorkerOf(work);
  if (worker === 0) return false;
  const was = unqueue(work);
  if ((load(work + WORK.state) & RUNNING) === 0) {
    unlock(worker);
    return was;
  }
  w32(work + WORK.canceling, r32(work + WORK.canceling) + 1);
  try {
    yield* waitAtBarrier(task, worker, worker + WORKER.work_list);
  } finally {
    const owner = lockWorkerOf(work);
    w32(work + WORK.canceling, r32(work + WORK.canceling) - 1);
    unlock(owner);
  }
  return was;
}

/** Puts a barrier behind the node `after` and gives the lock back, waits, and throws ESRCH if nobody will come to it. */
function* waitAtBarrier(task: number, worker: number, after: number): Blocking<void> {
  if ((r32(worker + WORKER.flags) & KTW_ENDED) !== 0) {
    unlock(worker);
    throw workerGone();
  }
  let barrier: number;
  try {
    barrier = newBarrier(task);
    listAdd(barrier + WORK.node, after);
  } finally {
    unlock(worker);
  }
  try {
    while (load(barrier + WORK.state) === 0) {
      setTaskState(task, TASK_UNINTERRUPTIBLE);
      if (load(barrier + WORK.state) === 0) yield Infinity; // [kw:wait] pairs with kw:pass
    }
    if (load(barrier + WORK.state) === LOST) throw workerGone();
  } finally {
    setTaskState(task, TASK_RUNNING);
    lock(worker);
    listDelInit(barrier + WORK.node);
    unlock(worker);
    freeWorkRecord(barrier);
  }
}

const workerGone = (): KernelError => new KernelError(-ESRCH, 'the thread of this kthread_worker ended: what is queued does not run');
