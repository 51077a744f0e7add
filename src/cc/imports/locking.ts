/**
 * kernel/locking for C modules: spinlocks and mutexes. Their words are the ones that TypeScript takes.
 */
import { load } from '../../lib/atomic.js';
import { MUTEX, Mutex, mutexLockInterruptibleSync, mutexLockKillableSync, mutexLockSync, mutexTrylockAt, mutexUnlockAt } from '../../kernel/locking/mutex.js';
import { spinOwner } from '../../kernel/locking/raw_spinlock.js';
import { spinLockAt, spinTrylockAt, spinUnlockAt } from '../../kernel/locking/spinlock.js';
import { initQueue } from '../../kernel/locking/waiter.js';
import { w32 } from '../../lib/memory.js';
import { checked, type Imports } from '../abi.js';

const spin = (at: number): number => checked(at, 4, true);
const mutex = (at: number): number => checked(at, MUTEX.sizeof, true);

export const locking: Imports = {
  kthread_spin_lock: (at: number) => spinLockAt(spin(at)),
  kthread_spin_unlock: (at: number) => spinUnlockAt(spin(at)),
  kthread_spin_trylock: (at: number) => spinTrylockAt(spin(at)),
  kthread_spin_is_locked: (at: number) => spinOwner(spin(at)) !== 0,
  kthread_mutex_init: (at: number) => {
    w32(mutex(at) + MUTEX.owner, 0);
    initQueue(at);
  },
  mutex_lock: (at: number) => mutexLockSync(new Mutex(mutex(at))),
  mutex_lock_interruptible: (at: number) => mutexLockInterruptibleSync(new Mutex(mutex(at))),
  mutex_lock_killable: (at: number) => mutexLockKillableSync(new Mutex(mutex(at))),
  mutex_trylock: (at: number) => mutexTrylockAt(mutex(at)),
  mutex_unlock: (at: number) => mutexUnlockAt(mutex(at)),
  mutex_is_locked: (at: number) => load(mutex(at) + MUTEX.owner) !== 0,
};
