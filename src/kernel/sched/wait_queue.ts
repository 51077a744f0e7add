/**
 * The records of wait queues and what happens to them under their lock: queueing an entry, walking the queue to wake,
 * leaving it. All by address; what threads call stands on this (wait.ts, wait_event.ts, swait.ts, completion.ts).
 *
 *     waiter                                            waker
 *     lock, entry on the queue, state = S  [wait:queue]  flag = 1
 *     unlock                                            lock, walk: S -> RUNNING  [wait:walk]
 *     flag? -> leave                                    unlock
 *     sleep if still S
 *
 * The lock orders the two: if the waker had it first, the waiter sees the flag; otherwise the waker sees the entry, and
 * the state word decides whether the waiter still goes to sleep (task.ts). A waiter takes the lock again before it goes,
 * so it cannot end while a waker still has its entry in hand.
 *
 * A walk holds the lock from end to end, about 0.2 us for each waiter: 100,000 of them on one queue keep others away
 * for 20 ms. Linux once let go after every 64 entries, behind a bookmark, and has dropped that again.
 */
import { fetchOr, load } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { listAdd, listAddTail, listDelInit, listEmpty, listInit, listIsSingular, listNext, listPoison, listRepair, listValid } from '../../lib/list.js';
import { r32, w32 } from '../../lib/memory.js';
import { ptr, s32, struct, u32 } from '../../lib/struct.js';
import { rawSpinLock, rawSpinUnlock } from '../locking/raw_spinlock.js';
import { kfree } from '../mm/slab.js';
import { signalPendingState } from './signal.js';
import { isolateAlive } from '../smp.js';
import { wakeUpState } from './core.js';
import { TASK, TASK_NORMAL, WAIT_ENTRY_WORDS, setTaskState } from './task.js';

export const WAIT_QUEUE_HEAD = struct('wait_queue_head', { lock: u32('a'), head: ptr('l', 2, 'struct list_head'), own: u32('a', 2, 'struct spinlock') }); // own: a spinlock for modules in C

export const WAIT_QUEUE_ENTRY = struct('wait_queue_entry', {
  entry: ptr('l', 2, 'struct list_head'), // first, so that a node's address is its entry's
  flags: u32('a'), //   WQ_FLAG_*
  func: u32('c', 1, 'wait_queue_func_t'), // *_WAKE: what a wake-up does with it; above them, the number of a C function
  private: ptr('c'), // the task, 0: none
  pid: u32('c'), //     of the task, where the entry may outlive it; else 0
  queue: ptr('l'), //   the queue it waits on, linked or already woken; 0 outside of a wait
  key: ptr('l'), //     BIT_WAKE: the address of the word that it waits for
  bit: s32('l'), //     and the bit of it, or -1: the word
  woken: u32('o'), //   times it was woken and found its condition false
  owner: u32('c'), //   number of the isolate that made it; 0 for a task's own
  id: u32('c'), //      CUSTOM_WAKE: tells it from another at the same address
});
if (WAIT_QUEUE_ENTRY.sizeof !== WAIT_ENTRY_WORDS * 4) throw new Error('wait_queue: a task has room for another size of entry');

export const WQ_FLAG_EXCLUSIVE = 1;
export const WQ_FLAG_WOKEN = 2;
export const WQ_FLAG_PRIORITY = 0x10;

/** Wakes the task. */
export const DEFAULT_WAKE = 0;
/** Wakes the task and, if it did, unlinks the entry. */
export const AUTOREMOVE_WAKE = 1;
/** Remembers the wake-up in WQ_FLAG_WOKEN, then wakes the task. */
export const WOKEN_WAKE = 2;
/** As AUTOREMOVE_WAKE, if the wake-up is for the entry's word and bit and the bit is clear. */
export const BIT_WAKE = 3;
/** A function of the isolate that made the entry. */
export const CUSTOM_WAKE = 4;

/** What a wake-up carries. */
export interface Wake {
  /** TASK_*: the sleepers that it is for. */
  readonly mode: number;
  /** Exclusive waiters to wake at most; 0: all. */
  readonly nr: number;
  /** WF_* hints for wake functions. */
  readonly flags?: number;
  /** For wake functions: an address or a poll mask. */
  readonly key?: number;
  /** A bit of the word at `key`, or -1 for the word; for BIT_WAKE. */
  readonly bit?: number;
}

/** One exclusive waiter, as a wake-up that somebody else got and could not use. */
export const WAKE_ONE: Wake = Object.freeze({ mode: TASK_NORMAL, nr: 1 });

/** Runs the function of a CUSTOM_WAKE entry; wait.ts has them. */
let wakeCustom: (node: number, wake: Wake) => number = () => 0;
/** Runs one that is C; cc has them. */
let wakeByNumber: (func: number, node: number, wake: Wake) => number = () => 0;

export function onCustomWake(fn: typeof wakeCustom): void {
  wakeCustom = fn;
}

export function onWakeByNumber(fn: typeof wakeByNumber): void {
  wakeByNumber = fn;
}

const list = (queue: number): number => queue + WAIT_QUEUE_HEAD.head;

export function initQueue(queue: number): void {
  w32(queue + WAIT_QUEUE_HEAD.lock, 0);
  listInit(list(queue));
}

export function lockQueue(queue: number): void {
  if (rawSpinLock(queue + WAIT_QUEUE_HEAD.lock)) listRepair(list(queue));
  if (listValid(list(queue))) return;
  unlockQueue(queue);
  bugOn(true, '0x%x is no wait queue: it was never initialised, or is freed', queue);
}

export const unlockQueue = (queue: number): void => rawSpinUnlock(queue + WAIT_QUEUE_HEAD.lock);

/** Whether anybody is queued, without the lock: ordered after the caller's atomic stores, stale at once. */
export const queueActive = (queue: number): boolean => load(list(queue)) !== list(queue); // [wait:active] pairs with wait:queue

/** Whether one entry is queued, without the lock. */
export const queueIsSingular = (queue: number): boolean => listIsSingular(list(queue));

// --- Waiting ------------------------------------------------------------------------------------------------------

/** A word in kernel memory and a bit of it, or -1 for the word as a whole. */
export interface WaitKey {
  readonly key: number;
  readonly bit: number;
}

/** The task's own entry, made ready for a wait; with `word`, only wake-ups for that are for it. */
export function ownEntry(task: number, flags: number, word?: WaitKey): number {
  const entry = task + TASK.wait;
  w32(entry + WAIT_QUEUE_ENTRY.flags, flags);
  w32(entry + WAIT_QUEUE_ENTRY.func, word ? BIT_WAKE : AUTOREMOVE_WAKE);
  if (word) w32(entry + WAIT_QUEUE_ENTRY.key, word.key);
  if (word) w32(entry + WAIT_QUEUE_ENTRY.bit, word.bit);
  return entry;
}

/** Links `entry`, with the lock held: an exclusive one last, any other first but behind those with priority. */
export function addEntry(queue: number, entry: number): void {
  const flags = r32(entry + WAIT_QUEUE_ENTRY.flags);
  let after = list(queue);
  w32(entry + WAIT_QUEUE_ENTRY.queue, queue);
  if ((flags & (WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY)) === WQ_FLAG_EXCLUSIVE) return listAddTail(entry, after);
  if ((flags & WQ_FLAG_PRIORITY) === 0) for (let node = listNext(after); hasPriority(queue, node); node = listNext(node)) after = node;
  listAdd(entry, after);
}

const hasPriority = (queue: number, node: number): boolean => node !== list(queue) && (r32(node + WAIT_QUEUE_ENTRY.flags) & WQ_FLAG_PRIORITY) !== 0;

/**
 * Links `entry` unless it is, and says that `task` will sleep in `state`; its caller tests what it waits for after this.
 * With a signal pending that the state allows, unlinks it instead and returns true: the test decides all the same.
 */
export function prepareEntry(queue: number, entry: number, task: number, state: number): boolean {
  lockQueue(queue);
  const signalled = prepareLocked(queue, entry, task, state);
  unlockQueue(queue);
  return signalled;
}

/** prepareEntry with the lock held. */
export function prepareLocked(queue: number, entry: number, task: number, state: number): boolean {
  setTaskState(task, state); // Before it looks for signals: one that comes later finds it asleep.
  const signalled = signalPendingState(state, task);
  if (signalled) listDelInit(entry);
  else if (listEmpty(entry)) addEntry(queue, entry); // [wait:queue] pairs with wait:walk and wait:active
  return signalled;
}

/** Unlinks `entry` after its wait. Returns whether somebody else had, which is how an exclusive waiter is chosen. */
export function finishEntry(entry: number): boolean {
  const queue = r32(entry + WAIT_QUEUE_ENTRY.queue);
  if (queue === 0) return false;
  lockQueue(queue);
  const chosen = finishLocked(entry);
  unlockQueue(queue);
  return chosen;
}

/** finishEntry with the lock held. */
export function finishLocked(entry: number): boolean {
  const chosen = listEmpty(entry);
  listDelInit(entry);
  w32(entry + WAIT_QUEUE_ENTRY.queue, 0);
  return chosen;
}

/** Whether `task` waits with its own entry: it may be woken without a reason, and looks again. */
export const isWaiting = (task: number): boolean => r32(task + TASK.wait + WAIT_QUEUE_ENTRY.queue) !== 0;

/** The wait of a task that is gone: takes it off its queue. What it was chosen for and cannot do goes to the next. */
export function abandonWait(task: number): void {
  const entry = task + TASK.wait;
  const queue = r32(entry + WAIT_QUEUE_ENTRY.queue);
  if (queue === 0) return;
  const exclusive = (r32(entry + WAIT_QUEUE_ENTRY.flags) & WQ_FLAG_EXCLUSIVE) !== 0;
  if (finishEntry(entry) && exclusive) wakeQueue(queue, WAKE_ONE);
}

/** Before a queue is freed: sends away who still waits there. Each of them finds a queue that is none, which is a BUG of theirs. */
export function drainQueue(queue: number): void {
  lockQueue(queue);
  for (let node = listNext(list(queue)); node !== list(queue); node = listNext(list(queue))) {
    finishLocked(node);
    wakeTask(node, TASK_NORMAL);
  }
  listPoison(list(queue));
  unlockQueue(queue);
}

// --- Waking -------------------------------------------------------------------------------------------------------

/** Calls the wake function of one entry after the other. C: __wake_up. */
export function wakeQueue(queue: number, wake: Wake): void {
  lockQueue(queue);
  try {
    wakeLocked(queue, wake);
  } finally {
    unlockQueue(queue);
  }
}

/** wakeQueue with the lock held: goes on until `nr` exclusive waiters were really woken, or a function says stop. C: __wake_up_common. */
export function wakeLocked(queue: number, wake: Wake): void {
  let left = wake.nr;
  for (let node = listNext(list(queue)), next = 0; node !== list(queue); node = next) { // [wait:walk] pairs with wait:queue
    next = listNext(node);
    const flags = r32(node + WAIT_QUEUE_ENTRY.flags);
    const woken = wakeEntry(node, wake);
    if (woken < 0 || (woken > 0 && (flags & WQ_FLAG_EXCLUSIVE) !== 0 && --left === 0)) return;
  }
}

/** Wakes the first and unlinks it, whether or not it slept; false if there is none. The lock is held. C: swake_up_locked. */
export function wakeFirstLocked(queue: number): boolean {
  const node = listNext(list(queue));
  if (node === list(queue)) return false;
  listDelInit(node);
  wakeTask(node, TASK_NORMAL);
  return true;
}

function wakeEntry(node: number, wake: Wake): number {
  const func = r32(node + WAIT_QUEUE_ENTRY.func);
  if (func === AUTOREMOVE_WAKE) return wakeAndUnlink(node, wake.mode);
  if (func === BIT_WAKE) return isFor(node, wake) ? wakeAndUnlink(node, wake.mode) : 0;
  if (func === WOKEN_WAKE) return wakeAndRemember(node, wake.mode);
  if (func > CUSTOM_WAKE) return wakeByNumber(func, node, wake);
  return func === CUSTOM_WAKE ? wakeCustom(node, wake) : wakeTask(node, wake.mode);
}

/** Returns 1 if it woke the task, else 0; `unlink`: an entry that is off its queue before the task can run. C: default_wake_function. */
export function wakeTask(node: number, mode: number, unlink = 0): number {
  const task = r32(node + WAIT_QUEUE_ENTRY.private);
  const pid = r32(node + WAIT_QUEUE_ENTRY.pid);
  if (task === 0 || (pid !== 0 && load(task + TASK.pid) !== pid)) return forgetLost(node);
  return wakeUpState(task, mode, unlink);
}

/** C: autoremove_wake_function. */
export const wakeAndUnlink = (node: number, mode: number): number => wakeTask(node, mode, node);

/** C: woken_wake_function. */
export function wakeAndRemember(node: number, mode: number): number {
  fetchOr(node + WAIT_QUEUE_ENTRY.flags, WQ_FLAG_WOKEN); // [wait:remember] pairs with wait:woken, wait:wokenc and wait:wokenp
  return wakeTask(node, mode);
}

function isFor(node: number, { key, bit }: Wake): boolean {
  if (key !== r32(node + WAIT_QUEUE_ENTRY.key) || bit !== r32(node + WAIT_QUEUE_ENTRY.bit)) return false;
  return bit < 0 || (load(key) & (1 << bit)) === 0;
}

/** An entry whose task is gone: freed if the isolate that would have done so is gone too. */
export function forgetLost(node: number): 0 {
  const owner = r32(node + WAIT_QUEUE_ENTRY.owner);
  if (owner !== 0 && !isolateAlive(owner)) {
    listDelInit(node);
    kfree(node);
  }
  return 0;
}
