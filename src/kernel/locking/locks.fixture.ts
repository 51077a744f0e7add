/**
 * What the tests of all kinds of lock have in common: the locks in a table, by what one does with them, and threads that
 * fight for one, hold one, or die with one. Other isolates import this file; locks and counters come as data.
 */
import { cas, futexWait, load, witnessAccesses } from '../../lib/atomic.js';
import { condResched, condReschedSync } from '../sched/core.js';
import { behaviour } from '../kinds.fixture.js';
import { yieldCpu, yieldCpuSync } from '../time/sleep.js';
import { declareMutex, mutexLock, mutexLockSync, mutexTrylock, mutexUnlock, type Mutex } from './mutex.js';
import { declareRwlock, readLock, readUnlock, writeLock, writeTrylock, writeUnlock, type RwLock } from './rwlock.js';
import { declareRwsem, downRead, downReadSync, downWrite, downWriteSync, downWriteTrylock, upRead, upWrite, type RwSemaphore } from './rwsem.js';
import { declareSemaphore, down, downSync, downTrylock, up, type Semaphore } from './semaphore.js';
import { declareSeqlock, writeSeqlock, writeSequnlock, type SeqLock } from './seqlock.js';
import { declareSpinlock, spinLock, spinTrylock, spinUnlock, type SpinLock } from './spinlock.js';

/** One kind of lock, as far as it keeps others out. */
export interface Exclusive<L = never> {
  /** Its holder may sleep. */
  readonly sleeps: boolean;
  make(name: string): L;
  lock(lock: L): Promise<void> | void;
  lockSync(lock: L): void;
  trylock?(lock: L): boolean;
  unlock(lock: L): void;
}

const kind = <L>(table: Exclusive<L>): Exclusive => table as Exclusive<unknown> as Exclusive;

export const LOCKS = {
  mutex: kind<Mutex>({ sleeps: true, make: (name) => declareMutex(import.meta, name), lock: (m) => mutexLock(m), lockSync: mutexLockSync, trylock: mutexTrylock, unlock: mutexUnlock }),
  semaphore: kind<Semaphore>({ sleeps: true, make: (name) => declareSemaphore(import.meta, name), lock: (s) => down(s), lockSync: downSync, trylock: (s) => downTrylock(s) === 0, unlock: up }),
  'rw-semaphore': kind<RwSemaphore>({ sleeps: true, make: (name) => declareRwsem(import.meta, name), lock: (s) => downWrite(s), lockSync: downWriteSync, trylock: downWriteTrylock, unlock: upWrite }),
  spinlock: kind<SpinLock>({ sleeps: false, make: (name) => declareSpinlock(import.meta, name), lock: spinLock, lockSync: spinLock, trylock: spinTrylock, unlock: spinUnlock }),
  rwlock: kind<RwLock>({ sleeps: false, make: (name) => declareRwlock(import.meta, name), lock: writeLock, lockSync: writeLock, trylock: writeTrylock, unlock: writeUnlock }),
  seqlock: kind<SeqLock>({ sleeps: false, make: (name) => declareSeqlock(import.meta, name), lock: writeSeqlock, lockSync: writeSeqlock, unlock: writeSequnlock }),
};
export type LockName = keyof typeof LOCKS;
export const LOCK_NAMES = Object.keys(LOCKS) as LockName[];

/** Reading: many at a time, and no writer. */
export const READERS = {
  'rw-semaphore': kind<RwSemaphore>({ sleeps: true, make: LOCKS['rw-semaphore'].make, lock: (s) => downRead(s), lockSync: downReadSync, unlock: upRead }),
  rwlock: kind<RwLock>({ sleeps: false, make: LOCKS.rwlock.make, lock: readLock, lockSync: readLock, unlock: readUnlock }),
};
export type ReaderName = keyof typeof READERS;

const table = (of: LockName, reads = false): Exclusive => (reads ? READERS[of as ReaderName] : LOCKS[of]);

/** A lock as data: the handle survives the clone, its kind goes along. */
export interface Held {
  readonly of: LockName;
  readonly lock: never;
  /** Takes it for reading. */
  readonly reads?: boolean;
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

/** What readers see of a counter: two words that only writers make differ, for a while. Returns how often they did. */
export const watch = behaviour<Held & { counter: Counter; rounds: number }>(import.meta, 'watch', async ({ of, lock, counter, rounds }) => {
  const { lock: take, unlock } = table(of, true);
  let torn = 0;
  while (counter[GO] === 0) await yieldCpu();
  for (let i = 0; i < rounds; i++) {
    await take(lock);
    if (counter[0] !== counter[1]) torn++;
    unlock(lock);
    if (i % 64 === 0) await condResched();
  }
  return torn;
}, ({ of, lock, counter, rounds }) => {
  const { lockSync, unlock } = table(of, true);
  let torn = 0;
  while (counter[GO] === 0) yieldCpuSync();
  for (let i = 0; i < rounds; i++) {
    lockSync(lock);
    if (counter[0] !== counter[1]) torn++;
    unlock(lock);
    if (i % 64 === 0) condReschedSync();
  }
  return torn;
});

/** Takes the lock, says so in `seen`, and ends with it in hand. */
export const keepIt = behaviour<Held & { seen: Int32Array }>(import.meta, 'keepIt', async ({ of, lock, reads, seen }) => {
  await table(of, reads).lock(lock);
  seen[0] = 1;
}, ({ of, lock, reads, seen }) => {
  table(of, reads).lockSync(lock);
  seen[0] = 1;
});

/** Words of a subject: what it has done, and what its test tells it. */
export const ACCESSES = 0, HOLDS = 1, GOES_ON = 2, STOPPED = 3, SEEN_WORDS = 4;

export interface Subject extends Held {
  /** It does it right before this access to shared memory, counted from 1; 0: never. */
  readonly step: number;
  /** What is counted: all of it, or the unlocking only, which then begins when it is told to go on. */
  readonly only?: 'unlock';
  readonly seen: Int32Array;
}

/** Takes the lock and gives it back, and does `what` on the way; before loads too, if `loads`. Returns the accesses that it took. */
function onTheWay({ of, lock, reads, step, only, seen }: Subject, what: () => void, loads: boolean): number {
  let accesses = 0;
  let last = '';
  const count = (op: string, addr: number): void => {
    if (`${op} ${addr}` === last || (op === 'load' && !loads)) return; // Looking again at what it waits for is one step.
    last = `${op} ${addr}`;
    seen[ACCESSES] = ++accesses;
    if (accesses !== step) return;
    witnessAccesses(undefined);
    what();
  };
  if (only !== 'unlock') witnessAccesses(count);
  table(of, reads).lockSync(lock);
  seen[HOLDS] = 1;
  if (only === 'unlock') {
    waitFor(seen, GOES_ON);
    witnessAccesses(count);
  }
  table(of, reads).unlock(lock);
  witnessAccesses(undefined);
  return accesses;
}

function waitFor(seen: Int32Array, word: number): void {
  while (load(seen.byteOffset + word * 4) === 0) futexWait(seen.byteOffset + word * 4, 0, 1);
}

/** Its isolate dies on the way. Before a load is the same as before what comes after it. */
export const dieAt = behaviour<Subject>(import.meta, 'dieAt', async () => {}, (subject) => onTheWay(subject, () => {
  process.exit();
  for (;;) continue; // It ends a moment later.
}, false));

/** It stands still on the way until STOPPED is 2. */
export const stopAt = behaviour<Subject>(import.meta, 'stopAt', async () => {}, (subject) => onTheWay(subject, () => {
  const word = subject.seen.byteOffset + STOPPED * 4;
  cas(word, 0, 1);
  while (load(word) === 1) futexWait(word, 1, 1);
}, true));
