/**
 * What the tests of all kinds of lock have in common: the locks in a table, by what one does with them, and threads that
 * fight for one, hold one, or die with one. Other isolates import this file; locks and counters come as data.
 */
import { witnessAccesses } from '../../lib/atomic.js';
import { condResched, condReschedSync } from '../sched/core.js';
import { behaviour } from '../kinds.fixture.js';
import { yieldCpu, yieldCpuSync } from '../time/sleep.js';
import { declareMutex, mutexIsLocked, mutexLock, mutexLockSync, mutexTrylock, mutexUnlock, type Mutex } from './mutex.js';
import { declareSpinlock, spinIsLocked, spinLock, spinTrylock, spinUnlock, type SpinLock } from './spinlock.js';

/** One kind of lock, as far as it keeps others out. */
export interface Exclusive<L = never> {
  /** Its holder may sleep. */
  readonly sleeps: boolean;
  make(name: string): L;
  lock(lock: L): Promise<void> | void;
  lockSync(lock: L): void;
  trylock(lock: L): boolean;
  unlock(lock: L): void;
  isLocked(lock: L): boolean;
}

const kind = <L>(table: Exclusive<L>): Exclusive => table as Exclusive<unknown> as Exclusive;

export const LOCKS = {
  mutex: kind<Mutex>({ sleeps: true, make: (name) => declareMutex(import.meta, name), lock: (m) => mutexLock(m), lockSync: mutexLockSync, trylock: mutexTrylock, unlock: mutexUnlock, isLocked: mutexIsLocked }),
  spinlock: kind<SpinLock>({ sleeps: false, make: (name) => declareSpinlock(import.meta, name), lock: spinLock, lockSync: spinLock, trylock: spinTrylock, unlock: spinUnlock, isLocked: spinIsLocked }),
};
export type LockName = keyof typeof LOCKS;
export const LOCK_NAMES = Object.keys(LOCKS) as LockName[];

/** A lock as data: the handle survives the clone, its kind goes along. */
export interface Held {
  readonly of: LockName;
  readonly lock: never;
}

/** Two words that are wrong as soon as two threads are in there at once, and a third that says go. */
export type Counter = Int32Array;
export const GO = 2;

/** Adds one, in steps that another CPU can come between. Returns 1 if one did, else 0. */
function bump(counter: Counter): number {
  const seen = counter[0];
  const mine = ++counter[1];
  let strangers = 0;
  for (let i = 0; i < 4; i++) if (counter[1] !== mine) strangers = 1;
  counter[0] = seen + 1;
  return strangers;
}

/** Adds `rounds` to the counter under the lock, one by one. Returns how often somebody else was in there too. */
export const fight = behaviour<Held & { counter: Counter; rounds: number }>(import.meta, 'fight', async ({ of, lock, counter, rounds }) => {
  const { lock: take, unlock } = LOCKS[of];
  let strangers = 0;
  while (counter[GO] === 0) await yieldCpu();
  for (let i = 0; i < rounds; i++) {
    await take(lock);
    strangers += bump(counter);
    unlock(lock);
    if (i % 64 === 0) await condResched();
  }
  return strangers;
}, ({ of, lock, counter, rounds }) => {
  const { lockSync, unlock } = LOCKS[of];
  let strangers = 0;
  while (counter[GO] === 0) yieldCpuSync();
  for (let i = 0; i < rounds; i++) {
    lockSync(lock);
    strangers += bump(counter);
    unlock(lock);
    if (i % 64 === 0) condReschedSync();
  }
  return strangers;
});

/** Takes the lock, says so in `seen`, and ends with it in hand. */
export const keepIt = behaviour<Held & { seen: Int32Array }>(import.meta, 'keepIt', async ({ of, lock, seen }) => {
  await LOCKS[of].lock(lock);
  seen[0] = 1;
}, ({ of, lock, seen }) => {
  LOCKS[of].lockSync(lock);
  seen[0] = 1;
});

/** Takes the lock and gives it back; its isolate dies right before the `step`-th access to shared memory of that. */
export const dieAt = behaviour<Held & { step: number; seen: Int32Array }>(import.meta, 'dieAt', async () => {}, ({ of, lock, step, seen }) => {
  let accesses = 0;
  witnessAccesses(() => {
    seen[0] = ++accesses;
    if (accesses !== step) return;
    process.exit();
    for (;;) continue; // It ends a moment later.
  });
  LOCKS[of].lockSync(lock);
  seen[1]++;
  LOCKS[of].unlock(lock);
  witnessAccesses(undefined);
  return accesses;
});
