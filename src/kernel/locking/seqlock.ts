/**
 * The sequence lock: for data that is read often, written seldom, and small enough to be read again. Readers take
 * nothing and stop nobody; they ask afterwards whether a writer was there meanwhile, and then do it over. Writers keep
 * each other out with a spinlock.
 *
 *     writer                              reader
 *     sequence odd    [seq:begin]         sequence even? remember it  [seq:read]
 *     write                               read
 *     sequence even   [seq:end]           the same still?             [seq:retry]
 *
 * The last look is an atomic addition of nothing. A load would do on x86; elsewhere the plain reads before it might
 * come after it.
 *
 * What one reads must stay harmless while it is half written: copy numbers out, and follow them after the last look.
 */
import { cas, cpuRelax, fetchAdd, futexWait, load, store } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { struct, u32 } from '../../lib/struct.js';
import { reportBug } from '../panic.js';
import { holder } from '../sched/core.js';
import { me } from '../smp.js';
import { RecordHandle, recordKind } from '../statics.js';
import { Guard } from './guard.js';
import { holderId, holderIsolate, holderName, lockName } from './held.js';
import { preemptDisable, preemptEnable } from './preempt.js';
import { spinLockAt, spinUnlockAt } from './spinlock.js';

export const SEQLOCK = struct('seqlock', {
  sequence: u32('a'), // odd while somebody writes
  writer: u32('a'), //   who, at least while it is odd
  lock: u32('a'), //     a spinlock
});

/** Looks at a writer's work before sleeping for a moment, and how long that is, ms. Writers wake nobody. */
const SPINS = 1000;
const NAP_MS = 1;
/** Times a reader does it over before it keeps writers out. */
const RETRIES_MAX = 64;

/** C: seqlock_t; seqcount_t for who has a lock of its own for the writers. */
export class SeqLock extends RecordHandle {
  readonly kthread = 'seqlock';
}
const records = recordKind('seqlock', SEQLOCK.sizeof, SeqLock);

/** The seqlock `name` of the calling file, free when it is new. Throws KernelError ENOMEM, and EINVAL if the name is something else. C: DEFINE_SEQLOCK. */
export const declareSeqlock = (meta: ImportMeta, name: string): SeqLock => records.declare(meta, name);

/** A seqlock of one's own, to be freed by `using` or with the calling module. KernelError ENODEV where no machine is, ENOMEM. C: seqlock_init. */
export const newSeqlock = (): SeqLock => records.create();

export function readSeqbeginAt(at: number): number {
  for (let looks = 1; ; looks++) {
    const sequence = load(at + SEQLOCK.sequence); // [seq:read] pairs with seq:end
    if ((sequence & 1) === 0) return sequence;
    if (looks % SPINS !== 0) cpuRelax();
    else if (!repair(at, sequence)) futexWait(at + SEQLOCK.sequence, sequence, NAP_MS);
  }
}

export const readSeqretryAt = (at: number, start: number): boolean => fetchAdd(at + SEQLOCK.sequence, 0) !== start; // [seq:retry] pairs with seq:begin

/** Somebody writes for long. One that is gone does not end it: then one of the readers does. Whether that is so. */
function repair(at: number, sequence: number): boolean {
  const writer = load(at + SEQLOCK.writer);
  const isolate = holderIsolate(writer);
  if (isolate === me) bugOn(true, 'seqlock %s: %s would wait for ever for %s, which writes and shares its isolate', lockName(at), holderName(holderId(holder())), holderName(writer));
  if (isolate !== 0 || writer === 0) return false;
  if (cas(at + SEQLOCK.writer, writer, 0) !== writer || cas(at + SEQLOCK.sequence, sequence, sequence + 1) !== sequence) return true;
  reportBug(`seqlock ${lockName(at)}: ${holderName(writer)} is gone in the midst of writing; what it guards may be half written`);
  return true;
}

function beginWriting(at: number): void {
  store(at + SEQLOCK.writer, holderId(holder()));
  const sequence = load(at + SEQLOCK.sequence);
  if ((sequence & 1) !== 0) cas(at + SEQLOCK.sequence, sequence, sequence + 1); // Of a writer that is gone; a reader may do the same.
  fetchAdd(at + SEQLOCK.sequence, 1); // [seq:begin] pairs with seq:retry
}

function endWriting(at: number): void {
  fetchAdd(at + SEQLOCK.sequence, 1); // [seq:end] pairs with seq:read
  store(at + SEQLOCK.writer, 0);
}

export function writeSeqlockAt(at: number): void {
  spinLockAt(at + SEQLOCK.lock);
  beginWriting(at);
}

export function writeSequnlockAt(at: number): void {
  endWriting(at);
  spinUnlockAt(at + SEQLOCK.lock);
}

/** Begins reading; returns what readSeqretry wants to know. Waits while somebody writes. Never sleeps. C: read_seqbegin, read_seqcount_begin. */
export const readSeqbegin = (lock: SeqLock): number => readSeqbeginAt(lock.addr);
/** Ends reading that began with `start`: true if somebody wrote meanwhile, and what was read is worth nothing. C: read_seqretry, read_seqcount_retry. */
export const readSeqretry = (lock: SeqLock, start: number): boolean => readSeqretryAt(lock.addr, start);
/** Keeps other writers out and tells readers. Not to be slept with. C: write_seqlock. */
export const writeSeqlock = (lock: SeqLock): void => writeSeqlockAt(lock.addr);
/** C: write_sequnlock. */
export const writeSequnlock = (lock: SeqLock): void => writeSequnlockAt(lock.addr);

/** Tells readers only: for who keeps other writers out by a lock of its own. Not to be slept with. C: write_seqcount_begin. */
export function writeSeqcountBegin(lock: SeqLock): void {
  preemptDisable();
  beginWriting(lock.addr);
}

/** C: write_seqcount_end. */
export function writeSeqcountEnd(lock: SeqLock): void {
  endWriting(lock.addr);
  preemptEnable();
}

/** What `read` returns when nobody wrote meanwhile; calls it again until then. After 64 times it keeps the writers out. C: scoped_seqlock_read. */
export function seqlockRead<T>(lock: SeqLock, read: () => T): T {
  for (let tries = 0; tries < RETRIES_MAX; tries++) {
    const start = readSeqbeginAt(lock.addr);
    const value = read();
    if (!readSeqretryAt(lock.addr, start)) return value;
  }
  spinLockAt(lock.addr + SEQLOCK.lock);
  try {
    return read();
  } finally {
    spinUnlockAt(lock.addr + SEQLOCK.lock);
  }
}

/** Writes until the end of the block: `using _ = writeSeqlockGuard(lock)`. C: guard(write_seqlock)(&lock). */
export function writeSeqlockGuard(lock: SeqLock): Guard {
  writeSeqlockAt(lock.addr);
  return new Guard(writeSequnlockAt, lock.addr);
}
