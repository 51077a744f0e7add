/**
 * Who holds which lock. An owner is a number: a task's pid, or for code outside of any thread OUTSIDE and the number of
 * its isolate. Each of them keeps a few words that name the locks it is taking, holds or is giving back: written before
 * the lock's own words change and cleared after, so that whoever clears up behind a dead one finds all of them. What it
 * means to give a lock on is in the lock's own file.
 *
 * A held word, and TASK.blocked_on too, is the lock's address with its kind in the spare bits. The words cost 32 bytes a
 * task and a store or two a lock; a task that holds more locks than HELD_MAX loses the rest with it when it dies.
 */
import { load, store } from '../../lib/atomic.js';
import { r32, readString, w32 } from '../../lib/memory.js';
import { isolateSlotAt } from '../memlayout.js';
import { warn, warnOnce } from '../panic.js';
import { HELD_MAX, TASK_COMM_LEN } from '../param.js';
import { findTask, forEachTask } from '../pid.js';
import { KERN_INFO, KERN_WARNING, printk } from '../printk/printk.js';
import { type Thread } from '../sched/core.js';
import { KTHREAD_OOPSED, TASK } from '../sched/task.js';
import { ISOLATE, forEachIsolate, isolateAlive, me, self } from '../smp.js';
import { onRelease, staticName, type StaticKind } from '../statics.js';
import { forgetOrders } from './lockdep.js';
import { PREEMPT_COUNT } from './preempt.js';

/** Kinds of hold, in the low bits; the numbers are those of Linux's blocker types. */
export const MUTEX = 0;
export const SEM = 1;
export const READER = 2;
export const WRITER = 3;
/** A reader of a lock that is spun for: nobody has to be woken for it. */
export const SPINNING = 1 << 30;
/** Wanted, not held. */
export const PENDING = 1 << 31;

const KIND = 3;
/** As an owner: code of an isolate outside of any thread. Pids are below. */
const OUTSIDE = 1 << 28;
const WORDS = HELD_MAX * 4;

/** What clearing up and reports ask of a kind of lock that tasks sleep for. */
export interface LockKind {
  readonly name: string;
  /** ' <reader>' or ' <writer>' for the owner, where it may be either. */
  role?(at: number): string;
  /** Who has the lock at `at`, or had it last; 0 if nobody is known. */
  owner(at: number): number;
  /** `id` ended with `word` in its held words, by an accident if `died`. Gives on what it held; whether it did. */
  reap(word: number, id: number, died: boolean): boolean;
  /** The task that waits with `waiter` died. */
  leave(at: number, waiter: number): void;
}

const kinds: LockKind[] = [];

export function registerLockKind(kind: number, lock: LockKind): void {
  kinds[kind] = lock;
}

export const addressOf = (word: number): number => word & ~(PENDING | SPINNING | KIND);
export const kindOf = (word: number): number => word & KIND;

// --- The holder's side --------------------------------------------------------------------------------------------

export const holderId = (thread: Thread | null): number => (thread === null ? OUTSIDE | me : thread.pid);
export const heldWords = (thread: Thread | null): number => (thread === null ? self + ISOLATE.held : thread.addr + TASK.held);

/** Writes `word` down. Returns where; 0 if there is no room. */
export function keep(words: number, word: number): number {
  for (let at = words; at < words + WORDS; at += 4) {
    if (r32(at) !== 0) continue;
    w32(at, word);
    return at;
  }
  if (words !== self + ISOLATE.held) warnOnce('a task holds more than %d locks; those above are not given on if it dies', HELD_MAX);
  return 0;
}

/** Where `word` is written down; 0 if it is not. */
export function findHeld(words: number, word: number): number {
  for (let at = words; at < words + WORDS; at += 4) if (r32(at) === word) return at;
  return 0;
}

/** Writes `word` at `held`, where keep() or findHeld() said; nowhere if that was 0. */
export function mark(held: number, word: number): void {
  if (held !== 0) store(held, word);
}

/** Crosses `word` out. */
export const drop = (words: number, word: number): void => mark(findHeld(words, word), 0);

// --- Looking at others --------------------------------------------------------------------------------------------

/** The isolate on which owner `id` lives; 0 if it is gone. A pid comes back after 4 million others: then a lock left behind looks owned. */
export function holderIsolate(id: number): number {
  const task = (id & OUTSIDE) === 0 ? findTask(id) : 0;
  const isolate = (id & OUTSIDE) !== 0 ? id & ~OUTSIDE : task === 0 ? 0 : load(task + TASK.isolate);
  return isolateAlive(isolate) ? isolate : 0;
}

/** Owner `id` as reports name it: comm/pid; for code outside of threads the isolate's name and 0. */
export function holderName(id: number): string {
  if ((id & OUTSIDE) !== 0) return `${readString(isolateSlotAt(id & ~OUTSIDE) + ISOLATE.comm, 16)}/0`;
  const task = findTask(id);
  return `${task === 0 ? 'gone' : readString(task + TASK.comm, TASK_COMM_LEN)}/${id}`;
}

/** A lock as reports name it: file#name where it was declared, else its address. */
export const lockName = (at: number): string => staticName(at) || `0x${at.toString(16)}`;

/** The isolates of all live holders that have `word` written down, once for each time. A scan of all tasks. */
export function holdersOf(word: number): number[] {
  const isolates: number[] = [];
  const look = (words: number, isolate: number): void => {
    for (let at = words; at < words + WORDS; at += 4) if (load(at) === word && isolateAlive(isolate)) isolates.push(isolate);
  };
  forEachTask((task) => look(task + TASK.held, load(task + TASK.isolate)));
  forEachIsolate((at) => look(at + ISOLATE.held, r32(at + ISOLATE.number)));
  return isolates;
}

/** How Linux words the last lines of a hung-task report, by kind: what the task is blocked on, and by whom. */
const BLOCKED: ReadonlyArray<readonly [on: string, by: string, end: string]> = [
  ['is blocked on a mutex', 'owned', '.'], ['blocked on a semaphore', 'last held', ''],
  ['<reader> blocked on an rw-semaphore', 'owned', ''], ['<writer> blocked on an rw-semaphore', 'owned', ''],
];

/** What `task` waits for and who has it, as a line of the hung-task report (Linux 6.16 and later); '' if it waits for no lock. C: debug_show_blocker. */
export function describeBlocked(task: number): string {
  const word = load(task + TASK.blocked_on);
  if (word === 0) return '';
  const lock = kinds[kindOf(word)];
  const [on, by, end] = BLOCKED[kindOf(word)];
  const id = lock.owner(addressOf(word));
  const who = `INFO: task ${readString(task + TASK.comm, TASK_COMM_LEN)}:${r32(task + TASK.pid)}`;
  if (id === 0 || holderIsolate(id) === 0) return `${who} is ${on.replace(/^.*?(?=blocked)/, '')}, but the ${kindOf(word) === SEM ? 'last holder' : 'owner'} is not found.`;
  return `${who} ${on} likely ${by} by task ${holderName(id).replace(/\/(\d+)$/, ':$1')}${lock.role?.(addressOf(word)) ?? end}`;
}

/** Who has the lock that `word` names, or had it last: a pid; 0 if no task is known. */
export function ownerOfWord(word: number): number {
  const id = kinds[kindOf(word)].owner(addressOf(word));
  return (id & OUTSIDE) === 0 ? id : 0;
}

/** Who has what `task` waits for, or had it last: a pid; 0 if it waits for no lock, or no task is known. */
export function lockOwner(task: number): number {
  const word = load(task + TASK.blocked_on);
  return word === 0 ? 0 : ownerOfWord(word);
}

// --- Clearing up --------------------------------------------------------------------------------------------------

/** `task` ends: it leaves the queue it stands in, and what it holds goes to the next. Reports both. */
export function releaseHeld(task: number): void {
  const blocked = r32(task + TASK.blocked_on);
  if (blocked !== 0) kinds[kindOf(blocked)].leave(addressOf(blocked), task + TASK.lock_wait);
  const pid = r32(task + TASK.pid);
  releaseWords(task + TASK.held, pid, (load(task + TASK.kflags) & KTHREAD_OOPSED) !== 0);
  const count = r32(task + TASK.preempt_count) & PREEMPT_COUNT;
  if (count !== 0) printk('%snote: %s[%d] exited with preempt_count %d\n', KERN_INFO, readString(task + TASK.comm, TASK_COMM_LEN), pid, count);
}

/** The same for code outside of threads of the isolate at `at`, which is gone. */
export const releaseOutside = (at: number): void => releaseWords(at + ISOLATE.held, OUTSIDE | r32(at + ISOLATE.number), true);

function releaseWords(words: number, id: number, died: boolean): void {
  for (let at = words; at < words + WORDS; at += 4) {
    const word = r32(at);
    if (word === 0) continue;
    w32(at, 0); // First: readers are counted anew from these words.
    if ((word & SPINNING) !== 0 || !kinds[kindOf(word)].reap(word, id, died)) continue;
    printk('%sWARNING: %s exited with %s held: %s; the next who waits gets it\n', KERN_WARNING, holderName(id), kinds[kindOf(word)].name, lockName(addressOf(word)));
  }
}

/** Says of the records of a kind whether somebody has one or waits for it. Who frees it then gets a warning, and nobody gives it on later. */
export function watchFreeing(kind: StaticKind, isBusy: (at: number) => boolean): void {
  onRelease(kind, (at) => {
    forgetOrders(at);
    if (!isBusy(at)) return;
    warn('%s 0x%x is freed, but somebody has it or waits for it', kind, at);
    const forget = (words: number): void => {
      for (let held = words; held < words + WORDS; held += 4) if (addressOf(load(held)) === at) store(held, 0);
    };
    forEachTask((task) => forget(task + TASK.held));
    forEachIsolate((isolate) => forget(isolate + ISOLATE.held));
  });
}
