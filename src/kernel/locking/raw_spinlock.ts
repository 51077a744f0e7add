/**
 * The lock under everything else: guards a few words of kernel memory for some hundred nanoseconds. Its holder must
 * not sleep, await or call foreign code. It knows which isolate holds it, so that one that died holds it no longer;
 * it does not know tasks (spinlock.ts does).
 *
 * The word: 0 free, else the holder's isolate number; the top bit says that somebody may be asleep on it.
 */
import { host } from '../../arch/host.js';
import { cas, cpuRelax, futexWait, futexWake, load, xchg } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { r32 } from '../../lib/memory.js';
import { isolateSlotAt } from '../memlayout.js';
import { ISOLATE, isolateAlive, me } from '../smp.js';

const WAITERS = 1 << 31;
/** Looks before sleeping: the holder needs far less unless it lost its CPU. */
const SPINS = 200;
/** Sleep at most so long before asking whether the holder still lives, ms. */
const PATIENCE_MS = 20;

/** Returns whether its holder died with it, perhaps in the middle of what it guards. */
export const rawSpinLock = (lock: number): boolean => cas(lock, 0, me) !== 0 && contend(lock, me, holderDied) !== 0;

export function rawSpinUnlock(lock: number): void {
  const word = xchg(lock, 0); // [raw:unlock] pairs with raw:wait
  if ((word & WAITERS) !== 0) futexWake(lock, 1);
}

/** Calls `fn` with the lock held, and returns what it returns. */
export function rawSpinLocked<T>(lock: number, fn: () => T): T {
  rawSpinLock(lock);
  try {
    return fn();
  } finally {
    rawSpinUnlock(lock);
  }
}

function holderDied(holder: number, lock: number, waits: number): boolean {
  bugOn(holder === me, 'raw spinlock 0x%x is taken twice by isolate %d', lock, me);
  return !isolateAlive(holder) || (waits > 0 && threadLost(holder));
}

/** Who tells of deaths may be the one who waits here: so ask for the OS thread itself, where that can be known. */
function threadLost(holder: number): boolean {
  const tid = r32(isolateSlotAt(holder) + ISOLATE.tid);
  return tid !== 0 && !host.threadExists(tid);
}

/** The owner in a lock's word; 0: it is free. */
export const spinOwner = (lock: number): number => load(lock) & ~WAITERS;

/**
 * Takes a lock that was not free as `mine`, of whoever's numbers. `gone` is asked now and then, and told after how many waits,
 * whether its holder cannot give it back any more, and throws if waiting would be in vain. Returns the holder that was gone, 0
 * if none was.
 */
export function contend(lock: number, mine: number, gone: (holder: number, lock: number, waits: number) => boolean): number {
  const first = spinOwner(lock);
  if (first !== 0) gone(first, lock, 0);
  for (let i = 0; i < SPINS; i++) {
    if (load(lock) === 0 && cas(lock, 0, mine) === 0) return 0;
    cpuRelax();
  }
  // From here on the lock is always taken with the top bit: others may sleep on it, and we cannot know.
  for (let waits = 0; ; waits++) {
    const word = load(lock);
    const holder = word & ~WAITERS;
    if (holder === 0 || gone(holder, lock, waits)) {
      if (cas(lock, word, mine | WAITERS) === word) return holder;
    } else if ((word & WAITERS) !== 0 || cas(lock, word, word | WAITERS) === word) {
      futexWait(lock, holder | WAITERS, PATIENCE_MS); // [raw:wait] pairs with raw:unlock
    }
  }
}
