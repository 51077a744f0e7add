/**
 * The mutex: one thread at a time has it, sleeps with it if it likes, and gives it back itself. Who waits sleeps.
 *
 * The owner word is the owner's number and two bits. Without them it is taken and given back by one compare-exchange;
 * WAITERS sends both ways through the queue. A mutex given back with waiters is free, and the first of them is woken: who
 * runs and comes by may still take it, since a switch to the sleeper takes many times as long as most holds. But a
 * waiter that was woken and found it taken again sets HANDOFF, and then it is the next to have it, whoever comes by:
 *
 *     waiter (looked before)         owner                                  passer-by
 *     owner |= HANDOFF [mutex:flag]  id -> 0 fails, flagged [mutex:unlock]
 *     sleep                          owner = waiter's id, wake it           not free: queues
 *
 * Tried and dropped: handing over always. It is fair, and a hundred times slower when two CPUs fight for a short hold.
 */
import { cas, cpuRelax, fetchAnd, load, store } from '../../lib/atomic.js';
import { r32 } from '../../lib/memory.js';
import { struct, u32 } from '../../lib/struct.js';
import { isolateSlotAt } from '../memlayout.js';
import { warn } from '../panic.js';
import { findTask } from '../pid.js';
import { holder, type Thread, type WaitOptions } from '../sched/core.js';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../sched/task.js';
import { ISOLATE, me } from '../smp.js';
import { RecordHandle, recordKind } from '../statics.js';
import type { Guard } from './guard.js';
import { MUTEX as KIND, addressOf, drop, heldWords, holderId, holderIsolate, holderName, keep, lockName, registerLockKind, watchFreeing } from './held.js';
import { WAITER, firstWaiter, grant, initQueue, isAlone, leaveQueue, lockQueue, queueEmpty, queueFields, guards, spellings, unlockQueue, wakeAll, wakeWaiter, type SleepingLock } from './waiter.js';

export const MUTEX = struct('mutex', { owner: u32('a'), ...queueFields });

const WAITERS = 1 << 31;
const HANDOFF = 1 << 30;
/** It is being handed over: the owner is the next one's already, who may not know yet. Seen only by who clears up. */
const PASSING = 1 << 29;
const OWNER = ~(WAITERS | HANDOFF | PASSING);
/** Looks at a lock whose owner runs on another CPU before its waiter sleeps. */
const SPINS = 200;

/** C: struct mutex. */
export class Mutex extends RecordHandle {
  readonly kthread = 'mutex';
}
const records = recordKind('mutex', MUTEX.sizeof, Mutex, initQueue);

/** The mutex `name` of the calling file, free when it is new. Throws KernelError ENOMEM, and EINVAL if the name is something else. C: DEFINE_MUTEX. */
export const declareMutex = (meta: ImportMeta, name: string): Mutex => records.declare(meta, name);

/** A mutex of one's own, to be freed by `using` or with the calling module. KernelError ENODEV where no machine is, ENOMEM. C: mutex_init. */
export const newMutex = (): Mutex => records.create();

const ownerOf = (at: number): number => load(at + MUTEX.owner) & OWNER;

const mutex: SleepingLock = {
  name: 'mutex',
  owner: ownerOf,
  take(at, waiter, looks) {
    const first = looks > 0 && firstWaiter(at) === waiter;
    for (;;) {
      const word = load(at + MUTEX.owner);
      if ((word & OWNER) === 0) {
        if (cas(at + MUTEX.owner, word, r32(waiter + WAITER.id) | (isAlone(waiter) ? 0 : WAITERS)) === word) return true;
      } else {
        const flagged = word | WAITERS | (first ? HANDOFF : 0);
        if (flagged === word || cas(at + MUTEX.owner, word, flagged) === word) return false; // [mutex:flag] pairs with mutex:unlock
      }
    }
  },
  untake: release,
  pass(at) {
    if (queueEmpty(at)) fetchAnd(at + MUTEX.owner, OWNER);
    else if (ownerOf(at) === 0) wakeWaiter(firstWaiter(at));
  },
  reap(word, id) {
    const at = addressOf(word);
    lockQueue(at);
    const held = ownerOf(at) === id;
    if (held) release(at);
    else if ((load(at + MUTEX.owner) & PASSING) !== 0) handOver(at);
    unlockQueue(at);
    wakeAll(at);
    return held;
  },
  leave: (at, waiter) => leaveQueue(mutex, at, waiter),
};
registerLockKind(KIND, mutex);
watchFreeing('mutex', (at) => load(at + MUTEX.owner) !== 0);

/** The owner gives it up; its wait_lock is held. */
function release(at: number): void {
  if (queueEmpty(at)) return store(at + MUTEX.owner, 0);
  const first = firstWaiter(at);
  if ((load(at + MUTEX.owner) & HANDOFF) === 0) {
    store(at + MUTEX.owner, WAITERS);
    wakeWaiter(first);
  } else {
    store(at + MUTEX.owner, r32(first + WAITER.id) | PASSING);
    handOver(at);
  }
}

/** The second half, also for an owner that died between the two. */
function handOver(at: number): void {
  const first = firstWaiter(at);
  const id = ownerOf(at);
  if (!queueEmpty(at) && r32(first + WAITER.id) === id) grant(mutex, at, first);
  store(at + MUTEX.owner, id | (queueEmpty(at) ? 0 : WAITERS));
}

export function mutexTrylockAt(at: number, thread = holder()): boolean {
  const id = holderId(thread);
  const words = heldWords(thread);
  keep(words, at | KIND);
  for (;;) {
    const word = load(at + MUTEX.owner);
    if ((word & OWNER) !== 0) break;
    if (cas(at + MUTEX.owner, word, word | id) === word) return true;
  }
  drop(words, at | KIND);
  return false;
}

/** Takes it, or looks for a while if its owner runs on another CPU right now and may be about to give it back. */
function tryNow(at: number, thread: Thread | null): boolean {
  if (mutexTrylockAt(at, thread)) return true;
  if (ownerOf(at) === holderId(thread) && thread !== null) warn('mutex %s: %s locks it twice and waits for itself', lockName(at), holderName(thread.pid));
  for (let i = 0; i < SPINS; i++) {
    const owner = ownerOf(at);
    if (owner === 0 && mutexTrylockAt(at, thread)) return true;
    if (i % 16 === 0 && !runsElsewhere(owner)) return false;
    cpuRelax();
  }
  return false;
}

function runsElsewhere(owner: number): boolean {
  const task = findTask(owner);
  const isolate = holderIsolate(owner);
  return task !== 0 && isolate !== me && r32(isolateSlotAt(isolate) + ISOLATE.curr) === task;
}

export function mutexUnlockAt(at: number): void {
  const thread = holder();
  const id = holderId(thread);
  const owner = ownerOf(at);
  if (owner !== id) return warn('mutex %s: %s gives it back, but %s has it', lockName(at), holderName(id), owner === 0 ? 'nobody' : holderName(owner));
  if (cas(at + MUTEX.owner, id, 0) !== id) { // [mutex:unlock] pairs with mutex:flag
    lockQueue(at);
    release(at);
    unlockQueue(at);
  }
  drop(heldWords(thread), at | KIND);
}

// --- For everybody ------------------------------------------------------------------------------------------------

const acquire = { lock: mutex, kind: KIND, tryNow };
const [lock, lockSync] = spellings<Mutex, void>(acquire, 'mutex_lock', 'mutexLock', TASK_UNINTERRUPTIBLE);
const [lockIntr, lockIntrSync] = spellings<Mutex, 0 | -4>(acquire, 'mutex_lock_interruptible', 'mutexLockInterruptible', TASK_INTERRUPTIBLE);
const [lockKill, lockKillSync] = spellings<Mutex, 0 | -4>(acquire, 'mutex_lock_killable', 'mutexLockKillable', TASK_KILLABLE);

/** Takes `m`; sleeps in D until it can. First come first served, but who runs may pass who sleeps, once. C: mutex_lock. */
export const mutexLock = (m: Mutex, opt?: WaitOptions): Promise<void> => lock(m, opt);
/** For plain threads; as mutexLock. */
export const mutexLockSync = (m: Mutex): void => lockSync(m);
/** Takes `m`; sleeps in S. Returns 0, or -4 (-EINTR) without it when an allowed signal or a stop came first. C: mutex_lock_interruptible. */
export const mutexLockInterruptible = (m: Mutex, opt?: WaitOptions): Promise<0 | -4> => lockIntr(m, opt);
export const mutexLockInterruptibleSync = (m: Mutex): 0 | -4 => lockIntrSync(m);
/** Takes `m`; sleeps in D. Returns 0, or -4 (-EINTR) without it when SIGKILL came first. C: mutex_lock_killable. */
export const mutexLockKillable = (m: Mutex, opt?: WaitOptions): Promise<0 | -4> => lockKill(m, opt);
export const mutexLockKillableSync = (m: Mutex): 0 | -4 => lockKillSync(m);

/** Takes `m` if it is free; whether it was. Never sleeps. C: mutex_trylock. */
export const mutexTrylock = (m: Mutex): boolean => mutexTrylockAt(m.addr);
/** Gives `m` back. Who does not have it gets a warning, and it stays whose it is. Never sleeps. C: mutex_unlock. */
export const mutexUnlock = (m: Mutex): void => mutexUnlockAt(m.addr);
/** Whether somebody has `m`; out of date when it returns. C: mutex_is_locked. */
export const mutexIsLocked = (m: Mutex): boolean => ownerOf(m.addr) !== 0;

const [guard, guardSync] = guards(lock, lockSync, mutexUnlockAt);
/** Takes `m` until the end of the block: `using _ = await mutexGuard(m)`. Sleeps as mutexLock. C: guard(mutex)(&m). */
export const mutexGuard = (m: Mutex, opt?: WaitOptions): Promise<Guard> => guard(m, opt);
/** For plain threads; as mutexGuard. */
export const mutexGuardSync = (m: Mutex): Guard => guardSync(m);
