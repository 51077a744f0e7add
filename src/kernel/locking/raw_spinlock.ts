/**
 * The lock under everything else: guards a few words of kernel memory for some hundred nanoseconds. Its holder must
 * not sleep, await or call foreign code. It knows which isolate holds it, so that one that died holds it no longer;
 * it does not know tasks (spinlock.ts does).
 *
 * The word: 0 free, else the holder's isolate number; the top bit says that somebody may be asleep on it.
 */
import { cas, cpuRelax, futexWait, futexWake, load, xchg } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { isolateAlive, me } from '../smp.js';

const WAITERS = 1 << 31;
/** Looks before sleeping: the holder needs far less unless it lost its CPU. */
const SPINS = 200;
/** Sleep at most so long before asking whether the holder still lives, ms. */
const PATIENCE_MS = 20;

export function rawSpinLock(lock: number): void {
  if (cas(lock, 0, me) !== 0) rawSpinLockSlow(lock);
}

export function rawSpinUnlock(lock: number): void {
  const word = xchg(lock, 0); // [raw:unlock] pairs with raw:wait
  if ((word & WAITERS) !== 0) futexWake(lock, 1);
}

/** Takes the lock if it is free. */
export const rawSpinTrylock = (lock: number): boolean => cas(lock, 0, me) === 0;

function rawSpinLockSlow(lock: number): void {
  bugOn((load(lock) & ~WAITERS) === me, 'raw spinlock 0x%x is taken twice by isolate %d', lock, me);
  for (let i = 0; i < SPINS; i++) {
    if (load(lock) === 0 && cas(lock, 0, me) === 0) return;
    cpuRelax();
  }
  // From here on the lock is always taken with the top bit: others may sleep on it, and we cannot know.
  for (;;) {
    const word = load(lock);
    const holder = word & ~WAITERS;
    if (holder === 0 || !isolateAlive(holder)) {
      if (cas(lock, word, me | WAITERS) === word) return;
    } else if ((word & WAITERS) !== 0 || cas(lock, word, word | WAITERS) === word) {
      futexWait(lock, holder | WAITERS, PATIENCE_MS); // [raw:wait] pairs with raw:unlock
    }
  }
}
