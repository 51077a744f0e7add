/**
 * kernel/locking for C modules, and lib/refcount.c. Their words are the ones that TypeScript takes.
 */
import { cas, fetchAdd, load } from '../../lib/atomic.js';
import { MUTEX, Mutex, mutexLockInterruptibleSync, mutexLockKillableSync, mutexLockSync, mutexTrylockAt, mutexUnlockAt } from '../../kernel/locking/mutex.js';
import { spinOwner } from '../../kernel/locking/raw_spinlock.js';
import { spinLockAt, spinTrylockAt, spinUnlockAt } from '../../kernel/locking/spinlock.js';
import { initQueue } from '../../kernel/locking/waiter.js';
import { READER, SPINNING, findHeld, heldWords, holderId } from '../../kernel/locking/held.js';
import { Refcount, refcountAdd, refcountDec, refcountIncNotZero, refcountSubAndTest } from '../../kernel/locking/refcount.js';
import { RWLOCK, RwLock, readLockAt, readTrylock, readUnlockAt, writeLockAt, writeTrylock, writeUnlockAt } from '../../kernel/locking/rwlock.js';
import {
  RWSEM, RwSemaphore, downReadInterruptibleSync, downReadKillableSync, downReadSync, downReadTrylockAt, downWriteKillableSync, downWriteSync, downWriteTrylockAt, downgradeWriteAt, upReadAt, upWriteAt,
} from '../../kernel/locking/rwsem.js';
import { SEMAPHORE, Semaphore, downInterruptibleSync, downKillableSync, downSync, downTimeoutSync, downTrylockAt, semaInitAt, upAt } from '../../kernel/locking/semaphore.js';
import { SEQLOCK, SeqLock, readSeqbeginAt, readSeqretryAt, writeSeqcountBegin, writeSeqcountEnd, writeSeqlockAt, writeSequnlockAt } from '../../kernel/locking/seqlock.js';
import { holder } from '../../kernel/sched/core.js';
import { r32, w32, zero } from '../../lib/memory.js';
import { checked, type Imports } from '../abi.js';

const spin = (at: number): number => checked(at, 4, true);
const mutex = (at: number): number => checked(at, MUTEX.sizeof, true);

const sem = (at: number): number => checked(at, SEMAPHORE.sizeof, true);
const rwsem = (at: number): number => checked(at, RWSEM.sizeof, true);
const rwlock = (at: number): number => checked(at, RWLOCK.sizeof, true);
const seqlock = (at: number): number => checked(at, SEQLOCK.sizeof, true);
const refs = (at: number): Refcount => new Refcount(checked(at, 4, true));

/** One less, and if that was the last one with the mutex held. C: atomic_dec_and_mutex_lock. */
function decAndLock(count: number, at: number): boolean {
  for (let seen = load(count); seen !== 1; seen = load(count)) if (cas(count, seen, seen - 1) === seen) return false;
  mutexLockSync(new Mutex(mutex(at)));
  if (fetchAdd(count, -1) === 1) return true;
  mutexUnlockAt(at);
  return false;
}

/** What an owner word of a mutex has above its owner's number. */
const MUTEX_FLAGS = 0xe0000000;

/** Whether the caller has the lock: 0 a spinlock, 1 a mutex, 2 an rwsem, 3 an rwlock; `how` 1: for writing, or alone; 2: for reading; 3: either. */
function lockHeld(at: number, kind: number, how: number): boolean {
  const me = holderId(holder());
  const reads = (word: number): boolean => (how & 2) !== 0 && findHeld(heldWords(holder()), word) !== 0;
  if (kind === 0) return spinOwner(spin(at)) === me;
  if (kind === 1) return (load(mutex(at) + MUTEX.owner) & ~MUTEX_FLAGS) === me;
  if (kind === 2) return ((how & 1) !== 0 && r32(rwsem(at) + RWSEM.writer) === me) || reads(at | READER);
  if (kind === 3) return ((how & 1) !== 0 && r32(rwlock(at) + RWLOCK.writer) === me) || reads(at | READER | SPINNING);
  return true;
}

export const locking: Imports = {
  kthread_lock_held: (at: number, kind: number, how: number) => lockHeld(at, kind, how),
  kthread_spin_lock: (at: number) => spinLockAt(spin(at)),
  kthread_spin_unlock: (at: number) => spinUnlockAt(spin(at)),
  kthread_spin_trylock: (at: number) => spinTrylockAt(spin(at)),
  kthread_spin_is_locked: (at: number) => spinOwner(spin(at)) !== 0,
  kthread_mutex_init: (at: number) => {
    w32(mutex(at) + MUTEX.owner, 0);
    initQueue(at);
  },
  kthread_spin_owned: (at: number) => spinOwner(spin(at)) === holderId(holder()),
  mutex_lock: (at: number) => mutexLockSync(new Mutex(mutex(at))),
  mutex_lock_interruptible: (at: number) => mutexLockInterruptibleSync(new Mutex(mutex(at))),
  mutex_lock_killable: (at: number) => mutexLockKillableSync(new Mutex(mutex(at))),
  mutex_trylock: (at: number) => mutexTrylockAt(mutex(at)),
  mutex_unlock: (at: number) => mutexUnlockAt(mutex(at)),
  mutex_is_locked: (at: number) => load(mutex(at) + MUTEX.owner) !== 0,
  kthread_atomic_dec_and_mutex_lock: (count: number, at: number) => decAndLock(checked(count, 4, true), at),

  sema_init: (at: number, count: number) => semaInitAt(sem(at), count),
  down: (at: number) => downSync(new Semaphore(sem(at))),
  down_interruptible: (at: number) => downInterruptibleSync(new Semaphore(sem(at))),
  down_killable: (at: number) => downKillableSync(new Semaphore(sem(at))),
  down_timeout: (at: number, timeout: number) => downTimeoutSync(new Semaphore(sem(at)), timeout),
  down_trylock: (at: number) => !downTrylockAt(sem(at)),
  up: (at: number) => upAt(sem(at)),

  init_rwsem: (at: number) => {
    zero(rwsem(at), RWSEM.sizeof);
    initQueue(at);
  },
  down_read: (at: number) => downReadSync(new RwSemaphore(rwsem(at))),
  down_read_interruptible: (at: number) => downReadInterruptibleSync(new RwSemaphore(rwsem(at))),
  down_read_killable: (at: number) => downReadKillableSync(new RwSemaphore(rwsem(at))),
  down_read_trylock: (at: number) => downReadTrylockAt(rwsem(at)),
  down_write: (at: number) => downWriteSync(new RwSemaphore(rwsem(at))),
  down_write_killable: (at: number) => downWriteKillableSync(new RwSemaphore(rwsem(at))),
  down_write_trylock: (at: number) => downWriteTrylockAt(rwsem(at)),
  up_read: (at: number) => upReadAt(rwsem(at)),
  up_write: (at: number) => upWriteAt(rwsem(at)),
  downgrade_write: (at: number) => downgradeWriteAt(rwsem(at)),
  rwsem_is_locked: (at: number) => r32(rwsem(at) + RWSEM.writer) !== 0 || r32(at + RWSEM.readers) > 0,

  read_lock: (at: number) => readLockAt(rwlock(at)),
  read_unlock: (at: number) => readUnlockAt(rwlock(at)),
  read_trylock: (at: number) => readTrylock(new RwLock(rwlock(at))),
  write_lock: (at: number) => writeLockAt(rwlock(at)),
  write_unlock: (at: number) => writeUnlockAt(rwlock(at)),
  write_trylock: (at: number) => writeTrylock(new RwLock(rwlock(at))),

  read_seqbegin: (at: number) => readSeqbeginAt(seqlock(at)),
  read_seqretry: (at: number, start: number) => readSeqretryAt(seqlock(at), start),
  write_seqlock: (at: number) => writeSeqlockAt(seqlock(at)),
  write_sequnlock: (at: number) => writeSequnlockAt(seqlock(at)),
  write_seqcount_begin: (at: number) => writeSeqcountBegin(new SeqLock(seqlock(at))),
  write_seqcount_end: (at: number) => writeSeqcountEnd(new SeqLock(seqlock(at))),
  read_seqlock_excl: (at: number) => spinLockAt(seqlock(at) + SEQLOCK.lock),
  read_sequnlock_excl: (at: number) => spinUnlockAt(seqlock(at) + SEQLOCK.lock),

  refcount_add: (n: number, at: number) => refcountAdd(n, refs(at)),
  refcount_inc_not_zero: (at: number) => refcountIncNotZero(refs(at)),
  refcount_sub_and_test: (n: number, at: number) => refcountSubAndTest(n, refs(at)),
  refcount_dec: (at: number) => refcountDec(refs(at)),
};
