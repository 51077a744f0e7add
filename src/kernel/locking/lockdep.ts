/**
 * What looks like a deadlock of locks that one sleeps for: tasks that wait for each other, told when it has happened; and two
 * locks taken in both orders, told before it can, the first time. It keeps nobody from anything. Who holds what is held.ts's.
 *
 * An order is a pair of locks declared by name, the second taken while the first is held. All orders seen stand in one table,
 * with the call trace of the first time; a new one that closes a circle is reported and enters it as well, so it is told once.
 * Each isolate remembers those it has looked up: taking a lock inside of another costs a few words and a look at that.
 * Semaphores are left out, since anybody gives them back, and try forms, since they never wait.
 */
import { host } from '../../arch/host.js';
import { load, store } from '../../lib/atomic.js';
import { r32, readString, w32 } from '../../lib/memory.js';
import { ptr, struct, u32 } from '../../lib/struct.js';
import { BOOT_ISOLATE, keepText } from '../fork.js';
import { sendMail, type Mail } from '../mail.js';
import { MACHINE, machineWord } from '../memlayout.js';
import { kfree, kzalloc } from '../mm/slab.js';
import { callTrace, printTainted, printTrace } from '../panic.js';
import { HELD_MAX, UTS_RELEASE } from '../param.js';
import { findTask } from '../pid.js';
import { KERN_WARNING, printk } from '../printk/printk.js';
import type { Thread } from '../sched/core.js';
import { TASK } from '../sched/task.js';
import { staticName } from '../statics.js';
import { sysctlWord } from '../sysctl.js';
import { MUTEX, PENDING, SEM, SPINNING, addressOf, heldWords, holderId, holderName, kindOf, lockName, ownerOfWord } from './held.js';
import { rawSpinLocked } from './raw_spinlock.js';

/** An order: `after` was taken while `before` was held. */
export const ORDER = struct('lock_order', { before: ptr('l'), after: ptr('l'), trace: ptr('l'), spare: u32('l') });
/** Orders in the table; when it is full, no more are learned. */
export const ORDERS_MAX = 1024;
const TRACE_MAX = 1024;
/** Tasks that wait for each other, at most. */
const CIRCLE_MAX = 16;

const PROVE_LOCKING = sysctlWord('kernel.prove_locking');
const BAR = '='.repeat(54);

/** Orders that this isolate has looked up, and how often locks had been freed by then. */
const known = new Set<number>();
const KNOWN_MAX = 4096;
let knownGen = 0;

// --- Orders -------------------------------------------------------------------------------------------------------

/**
 * `thread` is about to take the lock at `at` by `call`, and will sleep if it must: learns in which order it takes it. Code
 * outside of threads, and a thread that sleeps somewhere else at the same time, do several things side by side: what they
 * hold together says nothing about an order.
 */
export function learnOrder(thread: Thread | null, at: number, call: (...args: never[]) => unknown): void {
  if (thread === null || thread.gate !== null || thread.borrowers !== null) return;
  const words = heldWords(thread);
  for (let word = words; word < words + HELD_MAX * 4; word += 4) {
    const held = r32(word);
    if (held !== 0 && (held & (PENDING | SPINNING)) === 0 && kindOf(held) !== SEM) learn(addressOf(held), at, thread, call);
  }
}

function learn(before: number, after: number, thread: Thread, call: (...args: never[]) => unknown): void {
  const gen = load(machineWord(MACHINE.lock_gen));
  if (gen !== knownGen || known.size >= KNOWN_MAX) known.clear();
  knownGen = gen;
  const key = before * 2 ** 30 + after;
  if (known.has(key) || before === after || load(PROVE_LOCKING) === 0) return;
  known.add(key);
  if (staticName(before) === '' || staticName(after) === '') return;
  const trace = host.errorTrace(call);
  const circle = rawSpinLocked(machineWord(MACHINE.lock_orders_lock), () => enter(before, after, trace));
  if (circle.length > 0) reportOrder(before, after, thread, trace, circle);
}

/** Enters the order if it is new. Returns the orders by which `before` was taken after `after`, with their traces; none if that never was. */
function enter(before: number, after: number, trace: string): Array<{ before: number; trace: string }> {
  const head = machineWord(MACHINE.lock_orders);
  if (r32(head) === 0) w32(head, kzalloc(ORDERS_MAX * ORDER.sizeof));
  const table = r32(head);
  const count = r32(machineWord(MACHINE.lock_orders_count));
  if (table === 0 || count === ORDERS_MAX || orders(table, count).some((at) => r32(at + ORDER.before) === before && r32(at + ORDER.after) === after)) return [];
  const circle = findPath(orders(table, count), after, before);
  const at = table + count * ORDER.sizeof;
  w32(at + ORDER.before, before);
  w32(at + ORDER.after, after);
  w32(at + ORDER.trace, keepText(callTrace(trace), TRACE_MAX));
  w32(machineWord(MACHINE.lock_orders_count), count + 1);
  return circle.map((order) => ({ before: r32(order + ORDER.before), trace: r32(order + ORDER.trace) === 0 ? '' : readString(r32(order + ORDER.trace), TRACE_MAX) }));
}

const orders = (table: number, count: number): number[] => Array.from({ length: count }, (_, i) => table + i * ORDER.sizeof);

/** The orders that lead from lock `from` to lock `to`, fewest first found. */
function findPath(all: readonly number[], from: number, to: number): number[] {
  const paths: number[][] = all.filter((at) => r32(at + ORDER.before) === from).map((at) => [at]);
  const seen = new Set([from]);
  for (const path of paths) {
    const here = r32(path.at(-1)! + ORDER.after);
    if (here === to) return path;
    if (seen.has(here)) continue;
    seen.add(here);
    for (const at of all) if (r32(at + ORDER.before) === here) paths.push([...path, at]);
  }
  return [];
}

function reportOrder(before: number, after: number, thread: Thread, trace: string, circle: ReadonlyArray<{ before: number; trace: string }>): void {
  const lines = [
    BAR, 'WARNING: possible circular locking dependency detected', `${UTS_RELEASE} #1 ${printTainted()}`, '-'.repeat(54),
    `${holderName(holderId(thread))} is trying to acquire lock:`, ` ${lockName(after)}`, 'but task is already holding lock:', ` ${lockName(before)}`,
    'which lock already depends on the new lock.',
  ];
  for (const line of lines) printk('%s%s\n', KERN_WARNING, line);
  printTrace(KERN_WARNING, trace, thread.addr);
  printk('%sthe existing dependency chain is:\n', KERN_WARNING);
  for (const [i, order] of circle.entries()) {
    printk('%s-> #%d (%s): the next was taken while this was held\n', KERN_WARNING, i, lockName(order.before));
    printTrace(KERN_WARNING, order.trace);
  }
}

/** The lock at `at` is freed; another one may stand there soon. */
export function forgetOrders(at: number): void {
  rawSpinLocked(machineWord(MACHINE.lock_orders_lock), () => {
    const table = r32(machineWord(MACHINE.lock_orders));
    let count = r32(machineWord(MACHINE.lock_orders_count));
    for (let i = count - 1; i >= 0; i--) {
      const order = table + i * ORDER.sizeof;
      if (r32(order + ORDER.before) !== at && r32(order + ORDER.after) !== at) continue;
      kfree(r32(order + ORDER.trace));
      const last = table + --count * ORDER.sizeof;
      for (const field of [ORDER.before, ORDER.after, ORDER.trace]) w32(order + field, r32(last + field));
    }
    w32(machineWord(MACHINE.lock_orders_count), count);
  });
  store(machineWord(MACHINE.lock_gen), load(machineWord(MACHINE.lock_gen)) + 1);
}

// --- Circles ------------------------------------------------------------------------------------------------------

/** Has the call traces of tasks printed that wait for each other. */
export interface DeadlockMail extends Mail {
  readonly kind: 'deadlock';
  readonly pids: readonly number[];
}

/**
 * `thread` is about to sleep, for good, for the lock that `word` names. Follows who waits for whom, and reports a circle: the
 * one that closes it finds all others waiting, since each writes down what it waits for before it looks. It looks twice: a lock
 * may change hands between two looks, and its former owner go to sleep; who is in a circle stays there.
 */
export function findDeadlock(thread: Thread | null, word: number): void {
  if (thread === null || thread.borrowers !== null) return; // What else it does may give the lock back.
  const id = thread.pid;
  const circle = circleOf(id, word);
  if (circle.length < 2 || circleOf(id, word).join() !== circle.join()) return;
  const pids = circle.map(([pid]) => pid);
  const lines = circle.map(([pid, wanted, owner]) => `${holderName(pid)} waits for ${kindOf(wanted) === MUTEX ? 'mutex' : 'rw-semaphore'} ${lockName(addressOf(wanted))}, which ${holderName(owner)} has`);
  for (const line of [BAR, `WARNING: deadlock: ${pids.length} tasks wait for each other`, ...lines]) printk('%s%s\n', KERN_WARNING, line);
  sendMail(BOOT_ISOLATE, { kind: 'deadlock', pids } satisfies DeadlockMail);
}

/** Who waits, for what, and who has that: from `id` on until somebody waits for `id`; empty if nobody does. */
function circleOf(id: number, word: number): Array<readonly [pid: number, wanted: number, owner: number]> {
  const circle: Array<readonly [number, number, number]> = [];
  for (let [pid, wanted] = [id, word]; circle.length < CIRCLE_MAX && wanted !== 0 && kindOf(wanted) !== SEM; ) {
    const owner = ownerOfWord(wanted);
    const task = findTask(owner);
    if (task === 0 || !holds(task, addressOf(wanted))) break;
    circle.push([pid, wanted, owner]);
    if (owner === id) return circle;
    [pid, wanted] = [owner, load(task + TASK.blocked_on)]; // [lockdep:look] pairs with waiter:want
  }
  return []; // Or a circle of others, which was told.
}

/** Whether `task` has the lock at `at`, and not only wants it. */
function holds(task: number, at: number): boolean {
  for (let word = task + TASK.held; word < task + TASK.held + HELD_MAX * 4; word += 4) {
    const held = load(word);
    if (held !== 0 && (held & PENDING) === 0 && addressOf(held) === at) return true;
  }
  return false;
}
