/**
 * A completion is an event that one may wait for before or after it happens; it counts, so that n completions let n
 * waiters pass. It does not protect anything: for that take a lock.
 *
 * The record is a count and a queue of waiters, first come first served, under one raw lock:
 *
 *     waiter                                  complete()
 *     lock, done == 0, queue me  [comp:wait]  data = ...
 *     state = D, unlock, sleep                lock, done++  [comp:done]
 *     lock, done > 0, done--, unlock          wake the first waiter, unlock
 */
import { ERESTARTSYS } from '../../lib/errno.js';
import { LIST_HEAD, listAddTail, listDelInit, listEmpty, listInit, listNext } from '../../lib/list.js';
import { r32, w32 } from '../../lib/memory.js';
import { struct, u32 } from '../../lib/struct.js';
import { rawSpinLock, rawSpinUnlock } from '../locking/raw_spinlock.js';
import { signalPendingState } from '../signal.js';
import { jiffiesUntil } from '../time/time.js';
import { wakeUpState, type Blocking } from './core.js';
import { TASK, TASK_NORMAL, TASK_RUNNING, setTaskState } from './task.js';

export const COMPLETION = struct('completion', { done: u32('l'), lock: u32('a'), list: u32('l', LIST_HEAD / 4) });

/** As a count: everybody passes. */
const UINT_MAX = -1;

export function initCompletionAt(at: number): void {
  w32(at + COMPLETION.done, 0);
  w32(at + COMPLETION.lock, 0);
  listInit(at + COMPLETION.list);
}

/** One waiter more may pass. Any context. C: complete. */
export function completeAt(at: number): void {
  rawSpinLock(at + COMPLETION.lock);
  const done = r32(at + COMPLETION.done);
  if (done !== UINT_MAX) w32(at + COMPLETION.done, done + 1); // [comp:done] pairs with comp:wait
  wakeFirst(at);
  rawSpinUnlock(at + COMPLETION.lock);
}

/** Everybody may pass, now and later. C: complete_all. */
export function completeAllAt(at: number): void {
  rawSpinLock(at + COMPLETION.lock);
  w32(at + COMPLETION.done, UINT_MAX);
  while (wakeFirst(at)) continue;
  rawSpinUnlock(at + COMPLETION.lock);
}

function wakeFirst(at: number): boolean {
  const list = at + COMPLETION.list;
  if (listEmpty(list)) return false;
  const entry = listNext(list);
  listDelInit(entry);
  wakeUpState(entry - TASK.wait, TASK_NORMAL);
  return true;
}

/** Takes one if there is one. */
export function tryWaitAt(at: number): boolean {
  rawSpinLock(at + COMPLETION.lock);
  const done = r32(at + COMPLETION.done);
  if (done > 0) w32(at + COMPLETION.done, done - 1);
  rawSpinUnlock(at + COMPLETION.lock);
  return done !== 0;
}

/** Waits in `state` until `deadline`. Returns the jiffies left (at least 1), 0 when time ran out, or -ERESTARTSYS. */
export function* waitForCommon(task: number, at: number, state: number, deadline: number): Blocking<number> {
  const entry = task + TASK.wait;
  const lock = at + COMPLETION.lock;
  listInit(entry);
  rawSpinLock(lock);
  let locked = true;
  try {
    while (r32(at + COMPLETION.done) === 0) {
      if (signalPendingState(state, task)) return -ERESTARTSYS;
      if (deadline !== Infinity && jiffiesUntil(deadline) === 0) return 0;
      if (listEmpty(entry)) listAddTail(entry, at + COMPLETION.list); // [comp:wait] pairs with comp:done
      setTaskState(task, state);
      rawSpinUnlock(lock);
      locked = false;
      yield deadline;
      rawSpinLock(lock);
      locked = true;
    }
    const done = r32(at + COMPLETION.done);
    if (done !== UINT_MAX) w32(at + COMPLETION.done, done - 1);
    return Math.max(1, jiffiesUntil(deadline));
  } finally {
    if (!locked) rawSpinLock(lock);
    listDelInit(entry);
    rawSpinUnlock(lock);
    setTaskState(task, TASK_RUNNING);
  }
}
