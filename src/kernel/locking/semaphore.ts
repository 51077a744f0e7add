/**
 * The semaphore: a number of things to be had, taken with down and given back with up, by anybody; who finds none sleeps.
 * To keep others out take a mutex, which knows whose it is. What is given back goes to the first who waits.
 *
 * It remembers who took one last, for reports. A semaphore that only its takers gave back to is used as a lock, and for
 * one of them who dies (by an exception, or with its isolate) it is given back; a thread that ends in good order may leave
 * that to others. Once a stranger has given to it, it counts things, and nobody owes it any.
 */
import { load } from '../../lib/atomic.js';
import { r32, w32, zero } from '../../lib/memory.js';
import { s32, struct, u32 } from '../../lib/struct.js';
import { holder, type WaitOptions } from '../sched/core.js';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../sched/task.js';
import { RecordHandle, recordKind } from '../statics.js';
import type { Guard } from './guard.js';
import { PENDING, SEM, addressOf, findHeld, heldWords, holderId, holdersOf, keep, mark, registerLockKind, watchFreeing } from './held.js';
import { WAITER, grantInTurn, initQueue, leaveQueue, lockQueue, queueEmpty, queueFields, guards, spellings, unlockQueue, wakeAll, type SleepingLock } from './waiter.js';

export const SEMAPHORE = struct('semaphore', {
  count: s32('l'), //       to be had
  ...queueFields,
  initial: s32('c'),
  unlisted: s32('l'), //    takers who had no held word left
  strangers: u32('l'), //   1: somebody gave to it who had taken nothing
  last_holder: u32('l'),
});

/** C: struct semaphore. */
export class Semaphore extends RecordHandle {
  readonly kthread = 'semaphore';
}
const records = recordKind('semaphore', SEMAPHORE.sizeof, Semaphore, (at) => semaInitAt(at, 1));

/** The semaphore `name` of the calling file, with `count` to be had when it is new. Throws KernelError ENOMEM, and EINVAL if the name is something else. C: DEFINE_SEMAPHORE. */
export const declareSemaphore = (meta: ImportMeta, name: string, count = 1): Semaphore => records.declare(meta, name, (at) => semaInitAt(at, count));

/** A semaphore of one's own, to be freed by `using` or with the calling module. KernelError ENODEV where no machine is, ENOMEM. C: sema_init. */
export const newSemaphore = (count = 1): Semaphore => records.create((at) => semaInitAt(at, count));

export function semaInitAt(at: number, count: number): void {
  zero(at, SEMAPHORE.sizeof);
  initQueue(at);
  w32(at + SEMAPHORE.count, count);
  w32(at + SEMAPHORE.initial, count);
}

const add = (at: number, by: number): void => w32(at, r32(at) + by);
const isLock = (at: number): boolean => r32(at + SEMAPHORE.strangers) === 0;

function takeAs(at: number, id: number): boolean {
  if (r32(at + SEMAPHORE.count) <= 0) return false;
  add(at + SEMAPHORE.count, -1);
  w32(at + SEMAPHORE.last_holder, id);
  return true;
}

function give(at: number): void {
  add(at + SEMAPHORE.count, 1);
  grantInTurn(semaphore, at);
}

const semaphore: SleepingLock = {
  name: 'semaphore',
  owner: (at) => load(at + SEMAPHORE.last_holder),
  take: (at, waiter) => takeAs(at, r32(waiter + WAITER.id)),
  listed(at, held) {
    if (!isLock(at)) mark(held, 0);
    else if (held === 0) add(at + SEMAPHORE.unlisted, 1);
  },
  untake: give,
  pass: (at) => grantInTurn(semaphore, at),
  reap(word, _, died) {
    const at = addressOf(word);
    lockQueue(at);
    const held = isLock(at) && (word & PENDING) === 0;
    if (held && !died) add(at + SEMAPHORE.unlisted, 1); // It may end so; somebody else will give.
    if (isLock(at)) w32(at + SEMAPHORE.count, r32(at + SEMAPHORE.initial) - holdersOf(at | SEM).length - r32(at + SEMAPHORE.unlisted));
    grantInTurn(semaphore, at);
    unlockQueue(at);
    wakeAll(at);
    return held && died;
  },
  leave: (at, waiter) => leaveQueue(semaphore, at, waiter),
};
registerLockKind(SEM, semaphore);
watchFreeing('semaphore', (at) => !queueEmpty(at) || (isLock(at) && r32(at + SEMAPHORE.count) !== r32(at + SEMAPHORE.initial)));

export function downTrylockAt(at: number, thread = holder()): boolean {
  lockQueue(at);
  const had = takeAs(at, holderId(thread));
  if (had) semaphore.listed!(at, isLock(at) ? keep(heldWords(thread), at | SEM) : 0);
  unlockQueue(at);
  return had;
}

export function upAt(at: number): void {
  const thread = holder();
  const words = heldWords(thread);
  lockQueue(at);
  const held = findHeld(words, at | SEM) || keep(words, at | SEM | PENDING);
  if (held === 0 || load(held) !== (at | SEM)) {
    if (r32(at + SEMAPHORE.unlisted) > 0) add(at + SEMAPHORE.unlisted, -1);
    else w32(at + SEMAPHORE.strangers, 1);
  }
  if (r32(at + SEMAPHORE.last_holder) === holderId(thread)) w32(at + SEMAPHORE.last_holder, 0);
  give(at);
  mark(held, 0);
  unlockQueue(at);
}

// --- For everybody ------------------------------------------------------------------------------------------------

const acquire = { lock: semaphore, kind: SEM, tryNow: downTrylockAt };
const [take, takeSync] = spellings<Semaphore, void>(acquire, 'down', 'down', TASK_UNINTERRUPTIBLE);
const [takeIntr, takeIntrSync] = spellings<Semaphore, 0 | -4>(acquire, 'down_interruptible', 'downInterruptible', TASK_INTERRUPTIBLE);
const [takeKill, takeKillSync] = spellings<Semaphore, 0 | -4>(acquire, 'down_killable', 'downKillable', TASK_KILLABLE);
const [takeTimeout, takeTimeoutSync] = spellings<Semaphore, 0 | -62>(acquire, 'down_timeout', 'downTimeout', TASK_UNINTERRUPTIBLE);

/** Makes `sem` new, with `count` to be had; nobody must be waiting. C: sema_init. */
export const semaInit = (sem: Semaphore, count: number): void => semaInitAt(sem.addr, count);

/** Takes one; sleeps in D until there is one. First come first served. C: down. */
export const down = (sem: Semaphore, opt?: WaitOptions): Promise<void> => take(sem, opt);
/** For plain threads; as down. */
export const downSync = (sem: Semaphore): void => takeSync(sem);
/** Takes one; sleeps in S. Returns 0, or -4 (-EINTR) without it when an allowed signal or a stop came first. C: down_interruptible. */
export const downInterruptible = (sem: Semaphore, opt?: WaitOptions): Promise<0 | -4> => takeIntr(sem, opt);
export const downInterruptibleSync = (sem: Semaphore): 0 | -4 => takeIntrSync(sem);
/** Takes one; sleeps in D. Returns 0, or -4 (-EINTR) without it when SIGKILL came first. C: down_killable. */
export const downKillable = (sem: Semaphore, opt?: WaitOptions): Promise<0 | -4> => takeKill(sem, opt);
export const downKillableSync = (sem: Semaphore): 0 | -4 => takeKillSync(sem);
/** Takes one; sleeps in D for `timeout` jiffies at most. Returns 0, or -62 (-ETIME) without it when they are over. C: down_timeout. */
export const downTimeout = (sem: Semaphore, timeout: number, opt?: WaitOptions): Promise<0 | -62> => takeTimeout(sem, opt, timeout);
export const downTimeoutSync = (sem: Semaphore, timeout: number): 0 | -62 => takeTimeoutSync(sem, timeout);

/** Takes one if there is one: 0 if there was, 1 if not. The other way round than mutexTrylock. Never sleeps. C: down_trylock. */
export const downTrylock = (sem: Semaphore): 0 | 1 => (downTrylockAt(sem.addr) ? 0 : 1);
/** Gives one, whoever took it; the first who waits has it. Never sleeps. C: up. */
export const up = (sem: Semaphore): void => upAt(sem.addr);

const [guard, guardSync] = guards(take, takeSync, upAt);
/** Takes one until the end of the block: `using _ = await semaphoreGuard(sem)`. Sleeps as down. */
export const semaphoreGuard = (sem: Semaphore, opt?: WaitOptions): Promise<Guard> => guard(sem, opt);
/** For plain threads; as semaphoreGuard. */
export const semaphoreGuardSync = (sem: Semaphore): Guard => guardSync(sem);
