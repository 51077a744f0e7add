/**
 * Who of the runnable threads of this isolate is next. First come, first served, as long as all of them have the default
 * priority, which costs next to nothing. Once one has not, all that are runnable go into a heap until nobody is left in
 * it: real-time threads first, by priority and then by arrival; of the others whoever had the least time on the CPU, where
 * each step of nice makes its own time count a quarter more, or less below 0.
 *
 * Nobody is interrupted: a thread has the CPU until it sleeps, yields or awaits. A new nice value or policy counts from the
 * thread's next arrival here.
 */
import { r32, rf64 } from '../../lib/memory.js';
import type { Thread } from './core.js';
import { DEFAULT_PRIO, MAX_RT_PRIO, TASK } from './task.js';

/** A thread's place among threads of several priorities. */
interface Share {
  /** Its time on the CPU in ms, weighed by its nice value. */
  vruntime: number;
  /** TASK.run_time when it came last. */
  ran: number;
  /** The heap's life in which these two were counted. */
  life: number;
  /** Smallest first: below 0 for real time. */
  key: number;
  /** Among equal keys: who came first. */
  order: number;
}

/** Threads that stand here. */
export let nrRunning = 0;
const fifo: Thread[] = [];
let head = 0;
const heap: Thread[] = [];
const shares = new WeakMap<Thread, Share>();
let life = 0;
let arrivals = 0;
/** Weighed time below which nobody falls: who slept or is new gets no more than its turn. */
let least = 0;

export function initRunQueue(): void {
  nrRunning = head = life = arrivals = least = 0;
  fifo.length = heap.length = 0;
}

/** The thread must not stand here already. */
export function rqPush(thread: Thread): void {
  nrRunning++;
  if (heap.length === 0 && r32(thread.addr + TASK.prio) === DEFAULT_PRIO) fifo.push(thread);
  else pushUnequal(thread);
}

/** Takes the next one out; undefined if nobody stands here. */
export function rqShift(): Thread | undefined {
  if (head === fifo.length) {
    fifo.length = head = 0;
    return heap.length === 0 ? undefined : shiftUnequal();
  }
  nrRunning--;
  const thread = fifo[head++];
  if (head > 1024 && head * 2 > fifo.length) {
    fifo.splice(0, head);
    head = 0;
  }
  return thread;
}

function pushUnequal(thread: Thread): void {
  if (heap.length === 0) {
    life++;
    for (const other of fifo.slice(head)) insert(other);
    fifo.length = head = 0;
  }
  insert(thread);
}

function insert(thread: Thread): void {
  let share = shares.get(thread);
  if (!share) shares.set(thread, (share = { vruntime: 0, ran: 0, life: 0, key: 0, order: 0 }));
  const prio = r32(thread.addr + TASK.prio);
  share.order = ++arrivals;
  share.key = prio < MAX_RT_PRIO ? prio - MAX_RT_PRIO : weigh(share, rf64(thread.addr + TASK.run_time), prio - DEFAULT_PRIO);
  heap.push(thread);
  up(heap.length - 1);
}

/** What it ran since it came last is added to its account. */
function weigh(share: Share, ran: number, nice: number): number {
  const since = share.life === life ? ran - share.ran : 0;
  share.life = life;
  share.ran = ran;
  share.vruntime = Math.max(share.vruntime + since * 1.25 ** nice, least);
  return share.vruntime;
}

function shiftUnequal(): Thread {
  nrRunning--;
  const first = heap[0];
  const last = heap.pop()!;
  if (heap.length > 0) {
    heap[0] = last;
    down(0);
  }
  least = Math.max(least, shares.get(first)!.key);
  return first;
}

function up(at: number): void {
  for (let parent = (at - 1) >> 1; at > 0 && before(at, parent); at = parent, parent = (at - 1) >> 1) swap(at, parent);
}

function down(at: number): void {
  for (;;) {
    let next = at;
    for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && before(child, next)) next = child;
    if (next === at) return;
    swap(at, next);
    at = next;
  }
}

function before(a: number, b: number): boolean {
  const [x, y] = [shares.get(heap[a])!, shares.get(heap[b])!];
  return x.key < y.key || (x.key === y.key && x.order < y.order);
}

function swap(a: number, b: number): void {
  [heap[a], heap[b]] = [heap[b], heap[a]];
}
