/**
 * The spinlock: guards data for a few hundred nanoseconds against all other threads, whichever their kind. Who waits
 * for it keeps its CPU; so its holder must not sleep, await or call what does. For longer work take a mutex.
 *
 * The word is the owner's number (held.ts). That makes two mistakes tell themselves. Who wants a lock that a thread of
 * its own isolate has would wait for ever, since that thread needs this one's CPU to give it back: a BUG, not a hang.
 * And a lock whose owner is gone is taken from it, with a report.
 *
 * There are no interrupts here, and timers run between threads; so the _irq, _irqsave and _bh forms are the plain ones.
 */
import { cas } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { r32, w32 } from '../../lib/memory.js';
import { struct, u32 } from '../../lib/struct.js';
import { reportBug } from '../panic.js';
import { holder, preemptWord } from '../sched/core.js';
import { me } from '../smp.js';
import { RecordHandle, recordKind } from '../statics.js';
import { Guard } from './guard.js';
import { holderId, holderIsolate, holderName, lockName, watchFreeing } from './held.js';
import { contend, rawSpinUnlock, spinOwner } from './raw_spinlock.js';

export const SPINLOCK = struct('spinlock', { owner: u32('a') });

/** C: spinlock_t. */
export class SpinLock extends RecordHandle {
  readonly kthread = 'spinlock';

  /** As a lock that waitEventLockIrq and its like give back while they sleep. */
  lock(): void {
    spinLockAt(this.addr);
  }

  unlock(): void {
    spinUnlockAt(this.addr);
  }
}
const records = recordKind('spinlock', SPINLOCK.sizeof, SpinLock);

/** The spinlock `name` of the calling file, free when it is new. Throws KernelError ENOMEM, and EINVAL if the name is something else. C: DEFINE_SPINLOCK. */
export const declareSpinlock = (meta: ImportMeta, name: string): SpinLock => records.declare(meta, name);

/** A spinlock of one's own, to be freed by `using` or with the calling module. KernelError ENODEV where no machine is, ENOMEM. C: spin_lock_init. */
export const newSpinlock = (): SpinLock => records.create();
watchFreeing('spinlock', (at) => spinOwner(at) !== 0);

/** Takes `lock`, however long it takes. Throws a BUG where that would be for ever. Never sleeps. C: spin_lock. */
export const spinLock = (lock: SpinLock): void => spinLockAt(lock.addr);

/** Gives `lock` back. Throws a BUG if the caller does not have it. C: spin_unlock. */
export const spinUnlock = (lock: SpinLock): void => spinUnlockAt(lock.addr);

/** Takes `lock` if it is free; whether it was. C: spin_trylock. */
export const spinTrylock = (lock: SpinLock): boolean => spinTrylockAt(lock.addr);

/** Whether somebody has it; out of date when it returns. C: spin_is_locked. */
export const spinIsLocked = (lock: SpinLock): boolean => spinOwner(lock.addr) !== 0;

/** As spinLock. The flags that it returns say nothing. C: spin_lock_irqsave. */
export function spinLockIrqsave(lock: SpinLock): 0 {
  spinLockAt(lock.addr);
  return 0;
}

/** As spinUnlock. C: spin_unlock_irqrestore. */
export const spinUnlockIrqrestore = (lock: SpinLock, _flags = 0): void => spinUnlockAt(lock.addr);
/** C: spin_lock_irq, spin_lock_bh and their ends: no interrupts, hence the same. */
export { spinLock as spinLockIrq, spinLock as spinLockBh, spinUnlock as spinUnlockIrq, spinUnlock as spinUnlockBh };

/** Takes `lock` until the end of the block: `using _ = spinGuard(lock)`. C: guard(spinlock)(&lock). */
export function spinGuard(lock: SpinLock): Guard {
  spinLockAt(lock.addr);
  return new Guard(spinUnlockAt, lock.addr);
}

export function spinLockAt(at: number): void {
  const thread = holder();
  const id = holderId(thread);
  if (cas(at, 0, id) !== 0) {
    const dead = contend(at, id, (owner) => ownerGone(at, owner, id));
    if (dead !== 0) reportBug(`spinlock ${lockName(at)} of ${holderName(dead)}, which is gone, is taken from it`);
  }
  const count = preemptWord(thread);
  w32(count, r32(count) + 1);
}

export function spinTrylockAt(at: number): boolean {
  const thread = holder();
  if (cas(at, 0, holderId(thread)) !== 0) return false;
  const count = preemptWord(thread);
  w32(count, r32(count) + 1);
  return true;
}

export function spinUnlockAt(at: number): void {
  const thread = holder();
  const id = holderId(thread);
  const owner = spinOwner(at);
  if (owner !== id) bugOn(true, 'spinlock %s is given back by %s, but %s has it', lockName(at), holderName(id), owner === 0 ? 'nobody' : holderName(owner));
  rawSpinUnlock(at);
  const count = preemptWord(thread);
  w32(count, r32(count) - 1);
}

function ownerGone(at: number, owner: number, id: number): boolean {
  const isolate = holderIsolate(owner);
  if (owner === id) bugOn(true, 'spinlock recursion on %s, lock: %s', holderName(id), lockName(at));
  if (isolate === me) bugOn(true, 'spinlock %s: %s would wait for ever for %s, which has it and shares its isolate', lockName(at), holderName(id), holderName(owner));
  return isolate === 0;
}
