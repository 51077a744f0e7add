/**
 * The reader-writer lock: many readers at a time, or one writer, each for a few hundred nanoseconds. Who waits keeps its
 * CPU, and who has it must not sleep or await, as with a spinlock; where one would, there is rwsem.ts. Readers that come
 * while a writer waits let it go first, so a reader must not take it twice.
 *
 * Its words are few enough to be changed under a raw lock. Each reader is written down with its task (held.ts); so who
 * has waited for long counts anew those that live, and finds a writer that is gone.
 */
import { fetchAdd, futexWait, futexWake, load, cpuRelax } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { r32, w32 } from '../../lib/memory.js';
import { s32, struct, u32 } from '../../lib/struct.js';
import { reportBug } from '../panic.js';
import { holder, preemptWord } from '../sched/core.js';
import { me } from '../smp.js';
import { RecordHandle, recordKind } from '../statics.js';
import { Guard } from './guard.js';
import { READER, SPINNING, WRITER, findHeld, heldWords, holderId, holderIsolate, holderName, holdersOf, keep, lockName, mark, watchFreeing } from './held.js';
import { rawSpinLock, rawSpinUnlock } from './raw_spinlock.js';

export const RWLOCK = struct('rwlock', {
  lock: u32('a'),
  readers: s32('l'),
  writer: u32('l'), //      who has it for writing, 0: nobody
  next_writer: u32('l'), // one that waits: readers let it go first
  unlisted: s32('l'), //    readers that had no held word left
  sleepers: u32('l'), //    1: somebody sleeps on the bell
  bell: u32('a'),
});

/** Looks before sleeping. */
const SPINS = 200;
/** Sleep at most so long before asking who has it, ms. */
const PATIENCE_MS = 20;
const READING = READER | SPINNING;

/** C: rwlock_t. */
export class RwLock extends RecordHandle {
  readonly kthread = 'rwlock';
}
const records = recordKind('rwlock', RWLOCK.sizeof, RwLock);

/** The rwlock `name` of the calling file, free when it is new. Throws KernelError ENOMEM, and EINVAL if the name is something else. C: DEFINE_RWLOCK. */
export const declareRwlock = (meta: ImportMeta, name: string): RwLock => records.declare(meta, name);

/** An rwlock of one's own, to be freed by `using` or with the calling module. KernelError ENODEV where no machine is, ENOMEM. C: rwlock_init. */
export const newRwlock = (): RwLock => records.create();

watchFreeing('rwlock', (at) => r32(at + RWLOCK.writer) !== 0 || r32(at + RWLOCK.readers) > 0);

/** With the raw lock held: takes it for `id` if that may have it now; a writer that may not is let go first from then on, if it `waits`. */
function take(at: number, kind: number, id: number, waits: boolean): boolean {
  const next = r32(at + RWLOCK.next_writer);
  const mayGo = next === 0 || next === id || holderIsolate(next) === 0;
  const free = r32(at + RWLOCK.writer) === 0 && (kind === READER || r32(at + RWLOCK.readers) === 0) && (kind === WRITER || mayGo);
  if (kind === WRITER && mayGo) w32(at + RWLOCK.next_writer, free || !waits ? 0 : id);
  if (!free) return false;
  if (kind === WRITER) w32(at + RWLOCK.writer, id);
  else w32(at + RWLOCK.readers, r32(at + RWLOCK.readers) + 1);
  return true;
}

function acquire(at: number, kind: number, waits: boolean): boolean {
  const thread = holder();
  const id = holderId(thread);
  for (let looks = 0; ; looks++) {
    rawSpinLock(at + RWLOCK.lock);
    const had = take(at, kind, id, waits);
    if (had && kind === READER && keep(heldWords(thread), at | READING) === 0) w32(at + RWLOCK.unlisted, r32(at + RWLOCK.unlisted) + 1);
    if (!had && looks > 0) w32(at + RWLOCK.sleepers, 1);
    const seen = load(at + RWLOCK.bell);
    rawSpinUnlock(at + RWLOCK.lock);
    if (had) break;
    if (!waits) return false;
    if (looks === 0) spin(at, kind);
    else futexWait(at + RWLOCK.bell, seen, PATIENCE_MS);
    if (looks > 0 && load(at + RWLOCK.bell) === seen) lookAtHolders(at, id);
  }
  const count = preemptWord(thread);
  w32(count, r32(count) + 1);
  return true;
}

function spin(at: number, kind: number): void {
  for (let i = 0; i < SPINS && (load(at + RWLOCK.writer) !== 0 || (kind === WRITER && load(at + RWLOCK.readers) > 0)); i++) cpuRelax();
}

/** Nobody gave it back for a while: is there anybody who will? */
function lookAtHolders(at: number, id: number): void {
  rawSpinLock(at + RWLOCK.lock);
  const writer = r32(at + RWLOCK.writer);
  const isolates = writer === 0 ? holdersOf(at | READING) : [holderIsolate(writer)];
  const readers = writer === 0 ? isolates.length + r32(at + RWLOCK.unlisted) : 0;
  const gone = writer === 0 ? readers !== r32(at + RWLOCK.readers) : isolates[0] === 0;
  const inVain = isolates.includes(me);
  if (gone) w32(at + RWLOCK.writer, 0);
  if (gone) w32(at + RWLOCK.readers, readers);
  if (inVain && r32(at + RWLOCK.next_writer) === id) w32(at + RWLOCK.next_writer, 0);
  rawSpinUnlock(at + RWLOCK.lock);
  if (inVain) bugOn(true, 'rwlock %s: %s would wait for ever for %s, which has it and shares its isolate', lockName(at), holderName(id), writer === 0 ? 'a reader' : holderName(writer));
  if (gone) reportBug(`rwlock ${lockName(at)} of ${writer === 0 ? 'a reader' : holderName(writer)}, which is gone, is taken from it`);
}

function release(at: number, kind: number): void {
  const thread = holder();
  const id = holderId(thread);
  const held = kind === READER ? findHeld(heldWords(thread), at | READING) : 0;
  rawSpinLock(at + RWLOCK.lock);
  const known = kind === WRITER ? r32(at + RWLOCK.writer) === id : held !== 0 || r32(at + RWLOCK.unlisted) > 0;
  const wake = known && r32(at + RWLOCK.sleepers) !== 0;
  if (known && kind === WRITER) w32(at + RWLOCK.writer, 0);
  if (known && kind === READER) {
    w32(at + RWLOCK.readers, r32(at + RWLOCK.readers) - 1);
    if (held === 0) w32(at + RWLOCK.unlisted, r32(at + RWLOCK.unlisted) - 1);
    mark(held, 0);
  }
  if (wake) {
    w32(at + RWLOCK.sleepers, 0);
    fetchAdd(at + RWLOCK.bell, 1);
  }
  rawSpinUnlock(at + RWLOCK.lock);
  if (!known) bugOn(true, 'rwlock %s is given back by %s, which does not have it', lockName(at), holderName(id));
  const count = preemptWord(thread);
  w32(count, r32(count) - 1);
  if (wake) futexWake(at + RWLOCK.bell, 0x7fffffff);
}

export const readLockAt = (at: number): void => void acquire(at, READER, true);
export const writeLockAt = (at: number): void => void acquire(at, WRITER, true);
export const readUnlockAt = (at: number): void => release(at, READER);
export const writeUnlockAt = (at: number): void => release(at, WRITER);

/** Takes `lock` for reading, with other readers. Throws a BUG where that would take for ever. Never sleeps. C: read_lock. */
export const readLock = (lock: RwLock): void => readLockAt(lock.addr);
/** Takes `lock` for writing, alone. Throws a BUG where that would take for ever. Never sleeps. C: write_lock. */
export const writeLock = (lock: RwLock): void => writeLockAt(lock.addr);
/** Takes `lock` for reading if it can be had at once; whether it could. C: read_trylock. */
export const readTrylock = (lock: RwLock): boolean => acquire(lock.addr, READER, false);
/** Takes `lock` for writing if it can be had at once; whether it could. C: write_trylock. */
export const writeTrylock = (lock: RwLock): boolean => acquire(lock.addr, WRITER, false);
/** Gives back what a reader has. Throws a BUG if the caller has nothing. C: read_unlock. */
export const readUnlock = (lock: RwLock): void => readUnlockAt(lock.addr);
/** Gives back what the writer has. Throws a BUG if that is not the caller. C: write_unlock. */
export const writeUnlock = (lock: RwLock): void => writeUnlockAt(lock.addr);

/** Takes `lock` for reading until the end of the block: `using _ = readLockGuard(lock)`. C: guard(read_lock)(&lock). */
export function readLockGuard(lock: RwLock): Guard {
  readLockAt(lock.addr);
  return new Guard(readUnlockAt, lock.addr);
}

/** Takes `lock` for writing until the end of the block: `using _ = writeLockGuard(lock)`. C: guard(write_lock)(&lock). */
export function writeLockGuard(lock: RwLock): Guard {
  writeLockAt(lock.addr);
  return new Guard(writeUnlockAt, lock.addr);
}
