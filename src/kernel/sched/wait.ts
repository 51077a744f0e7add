/**
 * Wait queues: where threads sleep until somebody says that something has changed. Here are the queues themselves, the
 * wake-ups, and waiting by hand with an entry of one's own; sleeping until a condition holds is wait_event.ts.
 *
 * A wake-up with nobody waiting is lost, and one that arrives says only "look again". What happened must stand in
 * memory before the wake-up, and the waiter must look at it after it has queued itself.
 */
import { fetchAnd, fetchOr, futexWake, load } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { EINVAL, ENOMEM, ERESTARTSYS, KernelError } from '../../lib/errno.js';
import { listEmpty, listInit } from '../../lib/list.js';
import { r32, w32 } from '../../lib/memory.js';
import { registerHandle, type Handle } from '../handle.js';
import { onMailOf, sendMail, type Mail } from '../mail.js';
import { isolateSlotAt } from '../memlayout.js';
import { kfree, kzalloc } from '../mm/slab.js';
import { warn } from '../panic.js';
import { OWN, ISOLATE, isolateAlive, me, self } from '../smp.js';
import { declareHandle, freeRecord, newRecord, onRelease } from '../statics.js';
import { deadlineIn, jiffiesUntil } from '../time/time.js';
import { block, blockSync, currentThread, needThread, type Blocking, type WaitOptions } from './core.js';
import { current, type Task } from './handle.js';
import { signalPendingState } from './signal.js';
import { KTHREAD_SHOULD_PARK, KTHREAD_SHOULD_STOP, TASK, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, pokeSleeper, setTaskState } from './task.js';
import {
  AUTOREMOVE_WAKE, CUSTOM_WAKE, DEFAULT_WAKE, WAIT_QUEUE_ENTRY, WAIT_QUEUE_HEAD, WOKEN_WAKE, WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WQ_FLAG_WOKEN, addEntry, drainQueue, finishEntry, forgetLost, initQueue, lockQueue, onCustomWake,
  prepareLocked, queueActive, queueIsSingular, unlockQueue, wakeAndRemember, wakeAndUnlink, wakeLocked, wakeQueue, wakeTask, type Wake,
} from './wait_queue.js';
import { wchanName } from './wchan.js';

/** Anything that is taken and given back, such as a spinlock. */
export interface Lockable {
  lock(): void;
  unlock(): void;
}

/** A wait queue of whichever kind. */
interface Queue {
  readonly addr: number;
}

/** The lock of the queue at `addr`, as an object. */
export const queueLock = (addr: number): Lockable => ({ lock: () => lockQueue(addr), unlock: () => unlockQueue(addr) });

// --- Queues -------------------------------------------------------------------------------------------------------

/** A wait queue. May be passed as thread data: it is the same queue on every isolate. C: wait_queue_head_t. */
export class WaitQueueHead implements Handle, Disposable {
  readonly kthread = 'wait_queue_head';

  /** Not for users: declareWaitQueueHead and newWaitQueueHead make handles. */
  constructor(readonly addr: number) {}

  /** The queue's own lock, for wakeUpLocked and the waitEvent...Locked forms. Not across an await: others of the isolate would find it taken. C: q->lock. */
  get lock(): Lockable {
    return queueLock(this.addr);
  }

  /** Frees a queue that newWaitQueueHead made; nobody may wait there. One that a module made is freed with the module at the latest. */
  [Symbol.dispose](): void {
    freeRecord(this.addr);
  }
}

registerHandle('wait_queue_head', ({ addr }: Handle) => new WaitQueueHead(addr));
onRelease('wait_queue_head', drainQueue);

/** The wait queue `name` of the calling file: one for all isolates. ENOMEM; EINVAL if the name is something else. C: static DECLARE_WAIT_QUEUE_HEAD(name). */
export function declareWaitQueueHead(meta: ImportMeta, name: string): WaitQueueHead {
  return declareHandle(meta, name, 'wait_queue_head', WAIT_QUEUE_HEAD.sizeof, initQueue, (addr) => new WaitQueueHead(addr));
}

/** A wait queue of one's own, to be freed by `using` or with the calling module. ENODEV where no machine is, ENOMEM. C: init_waitqueue_head on allocated memory. */
export const newWaitQueueHead = (): WaitQueueHead => new WaitQueueHead(newRecord('wait_queue_head', WAIT_QUEUE_HEAD.sizeof, initQueue));

/** Makes `q` an empty queue with nobody waiting. C: init_waitqueue_head. */
export const initWaitqueueHead = (q: WaitQueueHead): void => initQueue(q.addr);

/** Whether somebody waits. Takes no lock: ordered after the caller's atomic stores, not after its plain ones. C: waitqueue_active. */
export const waitqueueActive = (q: WaitQueueHead): boolean => queueActive(q.addr);

/** Whether somebody waits, ordered after everything that the caller wrote before. C: wq_has_sleeper. */
export function wqHasSleeper(q: Queue): boolean {
  fetchOr(self + ISOLATE.asleep, 0); // A full barrier: nothing before it is seen after it.
  return queueActive(q.addr);
}

/** Whether exactly one waits. C: wq_has_single_sleeper. */
export const wqHasSingleSleeper = (q: WaitQueueHead): boolean => queueIsSingular(q.addr);

// --- Waking -------------------------------------------------------------------------------------------------------

/** As flag for wake functions: the waker will sleep itself soon. */
export const WF_SYNC = 0x10;

/**
 * Calls the wake function of each waiter from first to last, for sleepers in a state of `mode` (TASK_*), until `nr` exclusive
 * ones were woken (0: no limit) or a function returns less than 0. What was written before is visible to the woken. `key` is
 * for wake functions. Never sleeps; also from listeners and callbacks. C: __wake_up.
 */
export const __wakeUp = (q: WaitQueueHead, mode: number, nr: number, key = 0): void => wakeQueue(q.addr, { mode, nr, key });

const fixed = (mode: number, nr: number, flags = 0): Wake => Object.freeze({ mode, nr, flags, key: 0 });
const NORMAL_ONE = fixed(TASK_NORMAL, 1);
const NORMAL_ALL = fixed(TASK_NORMAL, 0);
const NORMAL_SYNC = fixed(TASK_NORMAL, 1, WF_SYNC);
const INTERRUPTIBLE_ONE = fixed(TASK_INTERRUPTIBLE, 1);
const INTERRUPTIBLE_ALL = fixed(TASK_INTERRUPTIBLE, 0);
const INTERRUPTIBLE_SYNC = fixed(TASK_INTERRUPTIBLE, 1, WF_SYNC);

/** Wakes all non-exclusive waiters and one exclusive one. Never sleeps. C: wake_up. */
export const wakeUp = (q: WaitQueueHead): void => wakeQueue(q.addr, NORMAL_ONE);
/** The same with up to `nr` exclusive ones. C: wake_up_nr. */
export const wakeUpNr = (q: WaitQueueHead, nr: number): void => __wakeUp(q, TASK_NORMAL, nr);
/** Wakes all waiters. C: wake_up_all. */
export const wakeUpAll = (q: WaitQueueHead): void => wakeQueue(q.addr, NORMAL_ALL);
/** As wakeUp, but passes over waiters that no signal may disturb (D, K, I). C: wake_up_interruptible. */
export const wakeUpInterruptible = (q: WaitQueueHead): void => wakeQueue(q.addr, INTERRUPTIBLE_ONE);
/** C: wake_up_interruptible_nr. */
export const wakeUpInterruptibleNr = (q: WaitQueueHead, nr: number): void => __wakeUp(q, TASK_INTERRUPTIBLE, nr);
/** C: wake_up_interruptible_all. */
export const wakeUpInterruptibleAll = (q: WaitQueueHead): void => wakeQueue(q.addr, INTERRUPTIBLE_ALL);
/** As wakeUp, telling wake functions (WF_SYNC) that the waker is about to sleep. C: wake_up_sync. */
export const wakeUpSync = (q: WaitQueueHead): void => wakeQueue(q.addr, NORMAL_SYNC);
/** C: wake_up_interruptible_sync. */
export const wakeUpInterruptibleSync = (q: WaitQueueHead): void => wakeQueue(q.addr, INTERRUPTIBLE_SYNC);
/** As wakeUp, for who holds q.lock. C: wake_up_locked. */
export const wakeUpLocked = (q: WaitQueueHead): void => wakeLocked(q.addr, NORMAL_ONE);
/** As wakeUpAll, for who holds q.lock. C: wake_up_all_locked. */
export const wakeUpAllLocked = (q: WaitQueueHead): void => wakeLocked(q.addr, NORMAL_ALL);
/** As wakeUp with a `key` for the wake functions, such as a mask of poll events. C: wake_up_poll. */
export const wakeUpPoll = (q: WaitQueueHead, key: number): void => __wakeUp(q, TASK_NORMAL, 1, key);
/** C: wake_up_interruptible_poll. */
export const wakeUpInterruptiblePoll = (q: WaitQueueHead, key: number): void => __wakeUp(q, TASK_INTERRUPTIBLE, 1, key);
/** As wakeUpPoll, for who holds q.lock. C: wake_up_locked_poll. */
export const wakeUpLockedPoll = (q: WaitQueueHead, key: number): void => wakeLocked(q.addr, { mode: TASK_NORMAL, nr: 1, key });

// --- Waiting by hand ----------------------------------------------------------------------------------------------

/**
 * What a wake-up does with an entry: returns 1 if it woke somebody, 0 if not, less than 0 to end the walk. It runs with the
 * queue's lock held: it must not sleep nor touch that queue. `flags` are WF_*, `key` is what __wakeUp was given.
 */
export type WakeFunction = (entry: WaitEntry, mode: number, flags: number, key: number) => number;

/** Wakes the entry's task. C: default_wake_function. */
export const defaultWakeFunction: WakeFunction = (entry, mode) => wakeTask(entry.addr, mode);
/** Wakes the entry's task and, if it slept, takes the entry off the queue. C: autoremove_wake_function. */
export const autoremoveWakeFunction: WakeFunction = (entry, mode) => wakeAndUnlink(entry.addr, mode);
/** Remembers the wake-up for waitWoken, then wakes the task. C: woken_wake_function. */
export const wokenWakeFunction: WakeFunction = (entry, mode) => wakeAndRemember(entry.addr, mode);

/** The wake functions that any isolate can run. */
const BUILT_IN = new Map<WakeFunction, number>([[defaultWakeFunction, DEFAULT_WAKE], [autoremoveWakeFunction, AUTOREMOVE_WAKE], [wokenWakeFunction, WOKEN_WAKE]]);

/**
 * One's own place in a wait queue; in one queue at a time. It holds kernel memory from when it is queued until
 * finishWait or removeWaitQueue, which only the isolate that made it can call. C: struct wait_queue_entry.
 */
export class WaitEntry {
  /** Its record while it is queued or waits to be finished, else 0. */
  addr = 0;
  private lastFlags = 0;

  /** Not for users: defineWait and the like make entries. */
  constructor(
    /** The task that it wakes, if any. C: entry->private. */
    readonly task: Task | null,
    /** C: entry->func. */
    readonly func: WakeFunction,
  ) {}

  /** WQ_FLAG_* bits. C: entry->flags. */
  get flags(): number {
    return this.addr === 0 ? this.lastFlags : load(this.addr + WAIT_QUEUE_ENTRY.flags);
  }

  set flags(value: number) {
    this.lastFlags = value;
    if (this.addr !== 0) w32(this.addr + WAIT_QUEUE_ENTRY.flags, value);
  }

  /** Whether it stands in a queue. C: !list_empty(&entry->entry). */
  get queued(): boolean {
    return this.addr !== 0 && !listEmpty(this.addr);
  }
}

/** An entry for the calling thread that a successful wake-up takes off its queue. EPERM outside a kernel thread. C: DEFINE_WAIT. */
export const defineWait = (): WaitEntry => defineWaitFunc(autoremoveWakeFunction);

/** An entry for the calling thread with a wake function of its own, run on this isolate. EPERM outside a kernel thread. C: DEFINE_WAIT_FUNC. */
export function defineWaitFunc(func: WakeFunction): WaitEntry {
  needThread('defineWait');
  return new WaitEntry(current(), func);
}

/** An entry for `task` that stays queued until it is removed. C: DECLARE_WAITQUEUE, init_waitqueue_entry. */
export const declareWaitqueue = (task: Task = current()): WaitEntry => new WaitEntry(task, defaultWakeFunction);

/** An entry for no task: each wake-up calls `func`, on this isolate. C: init_waitqueue_func_entry. */
export const initWaitqueueFuncEntry = (func: WakeFunction): WaitEntry => new WaitEntry(null, func);

/** Entries with memory, by the task that queued them (0: none): those it leaves behind are taken back when it ends. */
const entriesOf = new Map<number, Set<WaitEntry>>();
/** Entries whose wake function only this isolate can run, by address. */
const custom = new Map<number, { readonly entry: WaitEntry; readonly id: number; readonly by: number }>();
let nextId = 1;

/** Gives `entry` its record, unless it has one. */
function materialize(entry: WaitEntry, q: Queue): number {
  const { addr } = entry;
  if (addr !== 0) {
    bugOn(!listEmpty(addr) && r32(addr + WAIT_QUEUE_ENTRY.queue) !== q.addr, 'an entry of wait queue 0x%x is put into another, 0x%x', r32(addr + WAIT_QUEUE_ENTRY.queue), q.addr);
    return addr;
  }
  const at = kzalloc(WAIT_QUEUE_ENTRY.sizeof);
  if (at === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for an entry of a wait queue');
  const func = BUILT_IN.get(entry.func) ?? CUSTOM_WAKE;
  const by = currentThread()?.addr ?? 0;
  listInit(at);
  w32(at + WAIT_QUEUE_ENTRY.flags, entry.flags);
  w32(at + WAIT_QUEUE_ENTRY.func, func);
  w32(at + WAIT_QUEUE_ENTRY.private, entry.task?.addr ?? 0);
  w32(at + WAIT_QUEUE_ENTRY.pid, entry.task?.pid ?? 0);
  w32(at + WAIT_QUEUE_ENTRY.owner, me);
  w32(at + WAIT_QUEUE_ENTRY.id, nextId);
  entry.addr = at;
  custom.set(at, { entry, id: nextId++, by });
  let mine = entriesOf.get(by);
  if (!mine) entriesOf.set(by, (mine = new Set()));
  mine.add(entry);
  return at;
}

/** Takes `entry` off its queue, wherever it is, and gives its record back. */
function dematerialize(entry: WaitEntry): void {
  const at = entry.addr;
  if (at === 0) return;
  finishEntry(at);
  entry.flags = load(at + WAIT_QUEUE_ENTRY.flags);
  entry.addr = 0;
  const { by } = custom.get(at)!;
  custom.delete(at);
  const mine = entriesOf.get(by)!;
  mine.delete(entry);
  if (mine.size === 0) entriesOf.delete(by);
  kfree(at);
}

/** Takes back the entries that the thread `task` left in queues; returns how many. */
export function dropEntries(task: number): number {
  const left = [...(entriesOf.get(task) ?? [])];
  for (const entry of left) dematerialize(entry);
  return left.length;
}

/** Puts `entry` first in the queue, not exclusive. ENOMEM. C: add_wait_queue. */
export const addWaitQueue = (q: WaitQueueHead, entry: WaitEntry): void => add(q, entry, 0);
/** Puts `entry` last, exclusive: a wake-up ends with the first such one that it woke. ENOMEM. C: add_wait_queue_exclusive. */
export const addWaitQueueExclusive = (q: WaitQueueHead, entry: WaitEntry): void => add(q, entry, WQ_FLAG_EXCLUSIVE);
/** Puts `entry` before all others, exclusive. ENOMEM. C: add_wait_queue_priority. */
export const addWaitQueuePriority = (q: WaitQueueHead, entry: WaitEntry): void => add(q, entry, WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY);

function add(q: WaitQueueHead, entry: WaitEntry, flags: number): void {
  const at = materialize(entry, q);
  lockQueue(q.addr);
  setFlags(at, flags);
  if (listEmpty(at)) addEntry(q.addr, at);
  unlockQueue(q.addr);
}

/** Whether it is exclusive or goes first; what it remembers stays. */
function setFlags(at: number, flags: number): void {
  w32(at + WAIT_QUEUE_ENTRY.flags, (load(at + WAIT_QUEUE_ENTRY.flags) & WQ_FLAG_WOKEN) | flags);
}

/** Takes `entry` off the queue. C: remove_wait_queue. */
export const removeWaitQueue = (_q: WaitQueueHead, entry: WaitEntry): void => dematerialize(entry);

/**
 * Queues `entry` if it is not, first and not exclusive, and says that the calling thread will sleep in `state` (TASK_*).
 * Then test, schedule(), and finishWait. EPERM outside a kernel thread, ENOMEM. C: prepare_to_wait.
 */
export function prepareToWait(q: Queue, entry: WaitEntry, state: number): void {
  prepare(q, entry, state, 0);
}

/** The same as an exclusive waiter, last. Returns whether nobody waited before. C: prepare_to_wait_exclusive. */
export const prepareToWaitExclusive = (q: Queue, entry: WaitEntry, state: number): boolean => prepare(q, entry, state, WQ_FLAG_EXCLUSIVE);

function prepare(q: Queue, entry: WaitEntry, state: number, flags: number): boolean {
  const { addr } = needThread('prepareToWait');
  const at = materialize(entry, q);
  lockQueue(q.addr);
  const empty = !queueActive(q.addr);
  setFlags(at, flags);
  if (listEmpty(at)) addEntry(q.addr, at);
  setTaskState(addr, state);
  unlockQueue(q.addr);
  return empty;
}

/**
 * As prepareToWait, exclusive if entry.flags say so, but a pending signal that `state` allows takes the entry off the queue
 * and returns -512 (-ERESTARTSYS), else 0. C: prepare_to_wait_event.
 */
export function prepareToWaitEvent(q: Queue, entry: WaitEntry, state: number): 0 | -512 {
  const { addr } = needThread('prepareToWaitEvent');
  const at = materialize(entry, q);
  lockQueue(q.addr);
  const signalled = prepareLocked(q.addr, at, addr, state);
  if (signalled) setTaskState(addr, TASK_RUNNING);
  unlockQueue(q.addr);
  return signalled ? (-ERESTARTSYS as -512) : 0;
}

/** The wait is over: the calling thread's state is RUNNING, `entry` is in no queue. C: finish_wait. */
export function finishWait(_q: Queue, entry: WaitEntry): void {
  setTaskState(needThread('finishWait').addr, TASK_RUNNING);
  dematerialize(entry);
}

/**
 * Sleeps in `mode` (TASK_*), `timeout` jiffies at most, unless `entry` (made with defineWaitFunc(wokenWakeFunction)) was woken
 * since the last call, a signal that `mode` allows is pending, or the thread is asked to stop or park. Returns the jiffies left.
 * C: wait_woken.
 */
export function waitWoken(entry: WaitEntry, mode: number, timeout: number, opt?: WaitOptions): Promise<number> {
  const deadline = deadlineIn(timeout);
  return block('wait_woken', (task) => untilWoken(task, entry, mode, deadline), opt);
}

/** For plain threads; as waitWoken. */
export function waitWokenSync(entry: WaitEntry, mode: number, timeout: number): number {
  const deadline = deadlineIn(timeout);
  return blockSync('wait_woken', 'waitWoken', (task) => untilWoken(task, entry, mode, deadline));
}

function* untilWoken(task: number, { addr: at, task: owner }: WaitEntry, mode: number, deadline: number): Blocking<number> {
  if (at === 0 || owner?.addr !== task) throw new KernelError(-EINVAL, 'waitWoken: the entry is in no queue, or it is not the calling thread\'s, or that sleeps already');
  const flags = at + WAIT_QUEUE_ENTRY.flags;
  try {
    setTaskState(task, mode);
    const called = (load(task + TASK.kflags) & (KTHREAD_SHOULD_STOP | KTHREAD_SHOULD_PARK)) !== 0;
    if ((load(flags) & WQ_FLAG_WOKEN) === 0 && !called && !signalPendingState(mode, task) && jiffiesUntil(deadline) > 0) yield deadline; // [wait:woken] pairs with wait:remember
    return jiffiesUntil(deadline);
  } finally {
    setTaskState(task, TASK_RUNNING);
    fetchAnd(flags, ~WQ_FLAG_WOKEN); // Before the caller looks: a wake-up after this is for the next call.
  }
}

// --- Wake functions of other isolates -----------------------------------------------------------------------------

interface WakeMail extends Mail {
  readonly kind: 'wake';
  readonly node: number;
  readonly id: number;
  readonly wake: Wake;
}

/**
 * A wake function runs where it was made. A waker there calls it in its walk; a waker elsewhere sends word and goes on as if
 * it had returned 0, since it cannot wait for the answer: so it neither ends that walk nor uses up its exclusive wake-up.
 */
onCustomWake((node, wake) => {
  const owner = r32(node + WAIT_QUEUE_ENTRY.owner);
  if (owner === me) return callCustom(node, wake);
  if (!isolateAlive(owner)) return forgetLost(node);
  sendMail(owner, { kind: 'wake', node, id: r32(node + WAIT_QUEUE_ENTRY.id), wake } satisfies WakeMail);
  const at = isolateSlotAt(owner);
  if (r32(at + ISOLATE.kind) === OWN) pokePlain(load(at + ISOLATE.task));
  return 0;
});

function callCustom(node: number, { mode, flags = 0, key = 0 }: Wake): number {
  const { entry } = custom.get(node)!;
  try {
    return entry.func(entry, mode, flags, key);
  } catch (error) {
    warn('a wake function threw %s; the wake-up goes on with the next waiter', String(error));
    return 0;
  }
}

function pokePlain(task: number): void {
  if (task !== 0 && pokeSleeper(task)) futexWake(task + TASK.__state, 1);
}

onMailOf('wake', (mail) => {
  const { node, id, wake } = mail as WakeMail;
  if (custom.get(node)?.id !== id) return; // It was removed meanwhile.
  const queue = r32(node + WAIT_QUEUE_ENTRY.queue);
  if (queue === 0) return;
  lockQueue(queue);
  try {
    if (!listEmpty(node)) callCustom(node, wake);
  } finally {
    unlockQueue(queue);
  }
});

// --- For reports --------------------------------------------------------------------------------------------------

/** What a task waits for, in words: "wait_event, woken 12 times, condition false each time". Of any isolate's task, without disturbing it. */
export function describeWait(task: Task): string {
  if (!task.exists) return wchanName(0);
  const why = wchanName(r32(task.addr + TASK.wchan));
  const woken = r32(task.addr + TASK.wait + WAIT_QUEUE_ENTRY.woken);
  return woken === 0 ? why : `${why}, woken ${woken} ${woken === 1 ? 'time' : 'times'}, condition false ${woken === 1 ? 'then' : 'each time'}`;
}
