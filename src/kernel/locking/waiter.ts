/**
 * Waiting for a lock that one sleeps for: its queue, first come first served, the waiters in it, and the one loop in
 * which all of them wait. What free means, and who may pass whom, is in the lock's own file (mutex, semaphore, rwsem).
 *
 * All of a lock's words are changed under its wait_lock, but for the owner of a mutex. A waiter stands in the queue
 * before it looks, and says that it sleeps before it lets the wait_lock go; so whoever gives the lock up finds it there
 * and finds it asleep or looking:
 *
 *     waiter                                    who gives up
 *     wait_lock, queue me
 *     not free; state = D      [lock:sleep]     wait_lock, free or the next one's  [lock:pass]
 *     wait_lock given back, sleep               state D -> RUNNING
 */
import { load, store } from '../../lib/atomic.js';
import { EINTR, ETIME } from '../../lib/errno.js';
import { LIST_HEAD, listAddTail, listDelInit, listEmpty, listInit, listNext, listRepair } from '../../lib/list.js';
import { r32, w32 } from '../../lib/memory.js';
import { ptr, struct, u32 } from '../../lib/struct.js';
import { forEachTask } from '../pid.js';
import { block, blockSync, holder, needPlain, preemptWord, ready, wakeUpState, type Blocking, type Thread, type WaitOptions } from '../sched/core.js';
import { TASK, TASK_NORMAL, TASK_RUNNING, setTaskState } from '../sched/task.js';
import { signalPendingState } from '../sched/signal.js';
import { MAX_SCHEDULE_TIMEOUT, deadlineIn, uptime } from '../time/time.js';
import { PENDING, SEM, addressOf, heldWords, holderId, holderIsolate, keep, mark, type LockKind } from './held.js';
import { Guard } from './guard.js';
import { findDeadlock, learnOrder } from './lockdep.js';
import { rawSpinLock, rawSpinUnlock } from './raw_spinlock.js';

/** The fields of a lock's queue, for the records of the kinds of lock: they follow one word of the lock's own. */
export const queueFields = { wait_lock: u32('a'), wait_list: ptr('l', LIST_HEAD / 4, 'struct list_head') };
export const QUEUE = struct('lock_queue', { word: u32('a'), ...queueFields });

/** An entry of the queue, in the task that sleeps: TASK.lock_wait. */
export const WAITER = struct('lock_waiter', {
  list: ptr('l', LIST_HEAD / 4),
  id: u32('c'), //      who will own the lock: the caller, also where a borrowed task sleeps for it
  lock: u32('c'), //    address and kind, as in a held word
  held: ptr('c'), //    its held word, 0: none
  granted: u32('a'), // 1: it has the lock; it is in no queue any more
});

/** A kind of lock that one sleeps for. Each function is called with the wait_lock held. */
export interface SleepingLock extends LockKind {
  /** Takes the lock for `waiter` if it may have it. `looks`: how often it looked before. */
  take(at: number, waiter: number, looks: number): boolean;
  /** `waiter` has taken it; `held`, its held word, says so. 0: there was no room. */
  listed?(at: number, held: number): void;
  /** Takes back what `waiter` was given, who does not want it any more. */
  untake(at: number, waiter: number): void;
  /** Wakes whoever may go now, or grants it the lock. */
  pass(at: number): void;
}

export function initQueue(at: number): void {
  listInit(at + QUEUE.wait_list);
}

export function lockQueue(at: number): void {
  if (rawSpinLock(at + QUEUE.wait_lock)) listRepair(at + QUEUE.wait_list);
}

export const unlockQueue = (at: number): void => rawSpinUnlock(at + QUEUE.wait_lock);
export const queueEmpty = (at: number): boolean => listEmpty(at + QUEUE.wait_list);
export const firstWaiter = (at: number): number => listNext(at + QUEUE.wait_list);

/** Whether `waiter` is the only one. It stands in the queue. */
export const isAlone = (waiter: number): boolean => r32(waiter + WAITER.list) === r32(waiter + WAITER.list + 4);

/** Wakes the task of `waiter`. */
export const wakeWaiter = (waiter: number): 0 | 1 => wakeUpState(waiter - TASK.lock_wait, TASK_NORMAL); // [lock:pass] pairs with lock:sleep

/** `waiter` has the lock from now on. */
export function grant(lock: SleepingLock, at: number, waiter: number): void {
  own(lock, at, waiter);
  listDelInit(waiter);
  wakeWaiter(waiter);
}

/** From wanted to held: the held word first, which is what counts when somebody dies on the way. */
function own(lock: SleepingLock, at: number, waiter: number): void {
  const held = r32(waiter + WAITER.held);
  mark(held, r32(waiter + WAITER.lock));
  lock.listed?.(at, held);
  store(waiter + WAITER.granted, 1);
}

function isGranted(waiter: number): boolean {
  const held = r32(waiter + WAITER.held);
  return load(waiter + WAITER.granted) !== 0 || (held !== 0 && load(held) === r32(waiter + WAITER.lock));
}

/** Grants the lock to those who wait, one after the other, as long as they may have it. */
export function grantInTurn(lock: SleepingLock, at: number): void {
  while (!queueEmpty(at)) {
    const first = firstWaiter(at);
    if (!isGranted(first) && !lock.take(at, first, 0)) return;
    grant(lock, at, first);
  }
}

/** Waits in `state`, at most until `deadline` (ms since boot), for the lock that `word` names. Returns 0, -EINTR or -ETIME. */
export function* waitForLock(task: number, lock: SleepingLock, word: number, thread: Thread | null, state: number, deadline: number): Blocking<number> {
  const at = addressOf(word);
  const waiter = task + TASK.lock_wait;
  const id = holderId(thread);
  const held = keep(heldWords(thread), word | PENDING);
  listInit(waiter);
  w32(waiter + WAITER.id, id);
  w32(waiter + WAITER.lock, word);
  w32(waiter + WAITER.held, held);
  store(waiter + WAITER.granted, 0);
  store(task + TASK.blocked_on, word); // [waiter:want] pairs with lockdep:look
  if (deadline === Infinity) findDeadlock(thread, word);
  let taken = false;
  let locked = true;
  lockQueue(at);
  listAddTail(waiter, at + QUEUE.wait_list);
  try {
    for (let looks = 0; ; looks++) {
      if (!isGranted(waiter) && lock.take(at, waiter, looks)) own(lock, at, waiter);
      if (isGranted(waiter)) {
        taken = holderIsolate(id) !== 0; // Else the thread ended that called from here, and nobody would give it back.
        return taken ? 0 : -EINTR;
      }
      setTaskState(task, state); // [lock:sleep] pairs with lock:pass
      if (signalPendingState(state, task)) return -EINTR;
      if (deadline !== Infinity && uptime() >= deadline) return -ETIME;
      unlockQueue(at);
      locked = false;
      yield deadline;
      lockQueue(at);
      locked = true;
    }
  } finally {
    if (!locked) lockQueue(at);
    listDelInit(waiter);
    if (!taken) giveUp(lock, at, waiter);
    unlockQueue(at);
    w32(task + TASK.blocked_on, 0);
    setTaskState(task, TASK_RUNNING);
  }
}

/** Interrupted, out of time or aborted: it may have been granted the lock or been woken for it all the same, and then it is the next one's turn. */
function giveUp(lock: SleepingLock, at: number, waiter: number): void {
  if (isGranted(waiter)) lock.untake(at, waiter);
  mark(r32(waiter + WAITER.held), 0);
  lock.pass(at);
}

/** For the kinds: `waiter`'s task died. */
export function leaveQueue(lock: SleepingLock, at: number, waiter: number): void {
  lockQueue(at);
  listDelInit(waiter);
  lock.pass(at);
  unlockQueue(at);
}

/** For the kinds: somebody died who may have been about to wake one that waits for the lock at `at`. A scan of all tasks; each looks again. */
export function wakeAll(at: number): void {
  forEachTask((task) => {
    if (load(task + TASK.blocked_on) !== 0 && addressOf(load(task + TASK.blocked_on)) === at) wakeUpState(task, TASK_NORMAL);
  });
}

// --- The calls ----------------------------------------------------------------------------------------------------

/** A kind of lock, the kind of hold, and the way in when nobody stands there. */
export interface Acquire {
  readonly lock: SleepingLock;
  readonly kind: number;
  /** Takes the lock at `at` if it can be had at once, and writes it down. */
  tryNow(this: void, at: number, thread: Thread | null): boolean;
}

/** The two spellings of a call: `why` is its C name, `call` its name here. They take a lock and jiffies, MAX_SCHEDULE_TIMEOUT if left out. */
export function spellings<H extends { readonly addr: number }, R>({ lock, kind, tryNow }: Acquire, why: string, call: string, state: number) {
  const now = (thread: Thread | null, at: number): boolean => r32(preemptWord(thread)) === 0 && tryNow(at, thread);
  const wait = (thread: Thread | null, at: number, timeout = MAX_SCHEDULE_TIMEOUT) => (task: number): Blocking<number> =>
    waitForLock(task, lock, at | kind, thread, state, deadlineIn(timeout));
  const isOrdered = kind !== SEM;
  const awaited = ({ addr }: H, opt?: WaitOptions, timeout?: number): Promise<R> => {
    const thread = holder();
    if (isOrdered) learnOrder(thread, addr, awaited);
    const had = opt?.signal?.aborted !== true && now(thread, addr);
    return (had ? ready(0) : block(why, wait(thread, addr, timeout), opt)) as Promise<R>;
  };
  const blocking = ({ addr }: H, timeout?: number): R => {
    const thread = needPlain(call);
    if (isOrdered) learnOrder(thread, addr, blocking);
    return (now(thread, addr) ? 0 : blockSync(why, call, wait(thread, addr, timeout))) as R;
  };
  return [awaited, blocking] as const;
}

/** The two spellings of taking a lock until the end of a block. */
export function guards<H extends { readonly addr: number }>(lock: (lock: H, opt?: WaitOptions) => Promise<void>, lockSync: (lock: H) => void, unlock: (at: number) => void) {
  const awaited = async (held: H, opt?: WaitOptions): Promise<Guard> => {
    await lock(held, opt);
    return new Guard(unlock, held.addr);
  };
  const blocking = (held: H): Guard => {
    lockSync(held);
    return new Guard(unlock, held.addr);
  };
  return [awaited, blocking] as const;
}
