/**
 * The reader-writer semaphore: many readers at a time, or one writer. Who waits sleeps, in the order of arrival: a
 * reader that comes after a waiting writer waits too, so writers do not starve, and readers that wait together go
 * together. Nobody may have it twice, also not for reading: a writer that came in between would wait for the first.
 */
import { load } from '../../lib/atomic.js';
import { r32, w32 } from '../../lib/memory.js';
import { s32, struct, u32 } from '../../lib/struct.js';
import { warn } from '../panic.js';
import { holder, type Thread, type WaitOptions } from '../sched/core.js';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../sched/task.js';
import { RecordHandle, recordKind } from '../statics.js';
import type { Guard } from './guard.js';
import { PENDING, READER, WRITER, addressOf, findHeld, heldWords, holderId, holderName, holdersOf, keep, kindOf, lockName, mark, registerLockKind, watchFreeing } from './held.js';
import { WAITER, firstWaiter, grantInTurn, initQueue, leaveQueue, lockQueue, queueEmpty, queueFields, guards, spellings, unlockQueue, wakeAll, type SleepingLock } from './waiter.js';

export const RWSEM = struct('rw_semaphore', {
  readers: s32('l'), //  how many have it
  ...queueFields,
  writer: u32('l'), //   who has it for writing, 0: nobody
  owner: u32('l'), //    the writer, or the last of the readers
  unlisted: s32('l'), // holders who had no held word left
});

/** C: struct rw_semaphore. */
export class RwSemaphore extends RecordHandle {
  readonly kthread = 'rwsem';
}
const records = recordKind('rwsem', RWSEM.sizeof, RwSemaphore, initQueue);

/** The rw_semaphore `name` of the calling file, free when it is new. Throws KernelError ENOMEM, and EINVAL if the name is something else. C: DECLARE_RWSEM. */
export const declareRwsem = (meta: ImportMeta, name: string): RwSemaphore => records.declare(meta, name);

/** An rw_semaphore of one's own, to be freed by `using` or with the calling module. KernelError ENODEV where no machine is, ENOMEM. C: init_rwsem. */
export const newRwsem = (): RwSemaphore => records.create();

const add = (at: number, by: number): void => w32(at, r32(at) + by);

function takeAs(at: number, kind: number, id: number): boolean {
  if (r32(at + RWSEM.writer) !== 0 || (kind === WRITER && r32(at + RWSEM.readers) > 0)) return false;
  if (kind === WRITER) w32(at + RWSEM.writer, id);
  else add(at + RWSEM.readers, 1);
  w32(at + RWSEM.owner, id);
  return true;
}

function give(at: number, kind: number): void {
  if (kind === WRITER) w32(at + RWSEM.writer, 0);
  else add(at + RWSEM.readers, -1);
  if (r32(at + RWSEM.readers) === 0) w32(at + RWSEM.owner, 0);
  grantInTurn(rwsem, at);
}

/** Counts anew who has it, from the held words: the counts may be half changed. */
function recount(at: number): void {
  const writers = holdersOf(at | WRITER).length;
  const unlisted = r32(at + RWSEM.unlisted);
  if (writers === 0 && (unlisted === 0 || r32(at + RWSEM.readers) > 0)) w32(at + RWSEM.writer, 0);
  w32(at + RWSEM.readers, holdersOf(at | READER).length + (r32(at + RWSEM.writer) === 0 ? unlisted : 0));
}

const rwsem: SleepingLock = {
  name: 'rw-semaphore',
  role: (at) => (load(at + RWSEM.writer) === 0 ? ' <reader>' : ' <writer>'),
  owner: (at) => load(at + RWSEM.owner),
  take: (at, waiter) => firstWaiter(at) === waiter && takeAs(at, kindOf(r32(waiter + WAITER.lock)), r32(waiter + WAITER.id)),
  listed(at, held) {
    if (held === 0) add(at + RWSEM.unlisted, 1);
  },
  untake: (at, waiter) => give(at, kindOf(r32(waiter + WAITER.lock))),
  pass: (at) => grantInTurn(rwsem, at),
  reap(word) {
    const at = addressOf(word);
    lockQueue(at);
    recount(at);
    grantInTurn(rwsem, at);
    unlockQueue(at);
    wakeAll(at);
    return (word & PENDING) === 0;
  },
  leave: (at, waiter) => leaveQueue(rwsem, at, waiter),
};
registerLockKind(READER, rwsem);
registerLockKind(WRITER, rwsem);
watchFreeing('rwsem', (at) => !queueEmpty(at) || r32(at + RWSEM.writer) !== 0 || r32(at + RWSEM.readers) > 0);

/** If nobody waits and it can be had. */
const tryNow = (kind: number) => (at: number, thread: Thread | null = holder()): boolean => {
  lockQueue(at);
  const had = queueEmpty(at) && takeAs(at, kind, holderId(thread));
  if (had) rwsem.listed!(at, keep(heldWords(thread), at | kind));
  unlockQueue(at);
  return had;
};
export const downReadTrylockAt = tryNow(READER);
export const downWriteTrylockAt = tryNow(WRITER);

const release = (kind: number, call: string) => (at: number): void => {
  const thread = holder();
  const held = findHeld(heldWords(thread), at | kind);
  lockQueue(at);
  const known = kind === WRITER ? r32(at + RWSEM.writer) === holderId(thread) : held !== 0 || r32(at + RWSEM.unlisted) > 0;
  if (known && held === 0) add(at + RWSEM.unlisted, -1);
  if (known) give(at, kind);
  mark(held, 0);
  unlockQueue(at);
  if (!known) warn('rw-semaphore %s: %s of %s, which does not have it', lockName(at), call, holderName(holderId(thread)));
};
export const upReadAt = release(READER, 'up_read');
export const upWriteAt = release(WRITER, 'up_write');

export function downgradeWriteAt(at: number): void {
  const thread = holder();
  const held = findHeld(heldWords(thread), at | WRITER);
  lockQueue(at);
  const mine = r32(at + RWSEM.writer) === holderId(thread);
  if (mine) {
    w32(at + RWSEM.readers, 1);
    w32(at + RWSEM.writer, 0);
    mark(held, at | READER);
    grantInTurn(rwsem, at);
  }
  unlockQueue(at);
  if (!mine) warn('rw-semaphore %s: downgrade_write of %s, which does not have it', lockName(at), holderName(holderId(thread)));
}

// --- For everybody ------------------------------------------------------------------------------------------------

const reader = { lock: rwsem, kind: READER, tryNow: downReadTrylockAt };
const writer = { lock: rwsem, kind: WRITER, tryNow: downWriteTrylockAt };
const [read, readSync] = spellings<RwSemaphore, void>(reader, 'down_read', 'downRead', TASK_UNINTERRUPTIBLE);
const [readIntr, readIntrSync] = spellings<RwSemaphore, 0 | -4>(reader, 'down_read_interruptible', 'downReadInterruptible', TASK_INTERRUPTIBLE);
const [readKill, readKillSync] = spellings<RwSemaphore, 0 | -4>(reader, 'down_read_killable', 'downReadKillable', TASK_KILLABLE);
const [write, writeSync] = spellings<RwSemaphore, void>(writer, 'down_write', 'downWrite', TASK_UNINTERRUPTIBLE);
const [writeKill, writeKillSync] = spellings<RwSemaphore, 0 | -4>(writer, 'down_write_killable', 'downWriteKillable', TASK_KILLABLE);

/** Takes `sem` for reading, with other readers; sleeps in D until it can. C: down_read. */
export const downRead = (sem: RwSemaphore, opt?: WaitOptions): Promise<void> => read(sem, opt);
/** For plain threads; as downRead. */
export const downReadSync = (sem: RwSemaphore): void => readSync(sem);
/** Sleeps in S. Returns 0, or -4 (-EINTR) without it when an allowed signal or a stop came first. C: down_read_interruptible. */
export const downReadInterruptible = (sem: RwSemaphore, opt?: WaitOptions): Promise<0 | -4> => readIntr(sem, opt);
export const downReadInterruptibleSync = (sem: RwSemaphore): 0 | -4 => readIntrSync(sem);
/** Sleeps in D. Returns 0, or -4 (-EINTR) without it when SIGKILL came first. C: down_read_killable. */
export const downReadKillable = (sem: RwSemaphore, opt?: WaitOptions): Promise<0 | -4> => readKill(sem, opt);
export const downReadKillableSync = (sem: RwSemaphore): 0 | -4 => readKillSync(sem);
/** Takes `sem` for writing, alone; sleeps in D until it can. C: down_write. */
export const downWrite = (sem: RwSemaphore, opt?: WaitOptions): Promise<void> => write(sem, opt);
/** For plain threads; as downWrite. */
export const downWriteSync = (sem: RwSemaphore): void => writeSync(sem);
/** Sleeps in D. Returns 0, or -4 (-EINTR) without it when SIGKILL came first. C: down_write_killable. */
export const downWriteKillable = (sem: RwSemaphore, opt?: WaitOptions): Promise<0 | -4> => writeKill(sem, opt);
export const downWriteKillableSync = (sem: RwSemaphore): 0 | -4 => writeKillSync(sem);

/** Takes `sem` for reading if it can be had without waiting; whether it could. Never sleeps. C: down_read_trylock. */
export const downReadTrylock = (sem: RwSemaphore): boolean => downReadTrylockAt(sem.addr);
/** Takes `sem` for writing if it can be had without waiting; whether it could. Never sleeps. C: down_write_trylock. */
export const downWriteTrylock = (sem: RwSemaphore): boolean => downWriteTrylockAt(sem.addr);
/** Gives back what a reader has. Never sleeps. C: up_read. */
export const upRead = (sem: RwSemaphore): void => upReadAt(sem.addr);
/** Gives back what the writer has. Never sleeps. C: up_write. */
export const upWrite = (sem: RwSemaphore): void => upWriteAt(sem.addr);
/** The writer becomes a reader, with nobody in between. Never sleeps. C: downgrade_write. */
export const downgradeWrite = (sem: RwSemaphore): void => downgradeWriteAt(sem.addr);
/** Whether anybody has `sem`; out of date when it returns. C: rwsem_is_locked. */
export const rwsemIsLocked = (sem: RwSemaphore): boolean => load(sem.addr + RWSEM.readers) > 0 || load(sem.addr + RWSEM.writer) !== 0;

const [readGuard, readGuardSync] = guards(read, readSync, upReadAt);
const [writeGuard, writeGuardSync] = guards(write, writeSync, upWriteAt);
/** Takes `sem` for reading until the end of the block: `using _ = await rwsemReadGuard(sem)`. C: guard(rwsem_read)(&sem). */
export const rwsemReadGuard = (sem: RwSemaphore, opt?: WaitOptions): Promise<Guard> => readGuard(sem, opt);
/** For plain threads; as rwsemReadGuard. */
export const rwsemReadGuardSync = (sem: RwSemaphore): Guard => readGuardSync(sem);
/** Takes `sem` for writing until the end of the block: `using _ = await rwsemWriteGuard(sem)`. C: guard(rwsem_write)(&sem). */
export const rwsemWriteGuard = (sem: RwSemaphore, opt?: WaitOptions): Promise<Guard> => writeGuard(sem, opt);
/** For plain threads; as rwsemWriteGuard. */
export const rwsemWriteGuardSync = (sem: RwSemaphore): Guard => writeGuardSync(sem);
