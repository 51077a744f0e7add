/**
 * The scheduler's events as they happen: who gets a CPU, who leaves it and why, who is woken. Each isolate writes into a ring
 * of its own, and only while somebody traces; otherwise each of these costs a look at one word. Who reads the rings, and
 * gives them to the isolates, is elsewhere (server/trace.ts).
 *
 * A ring has one writer and one reader. A full one takes nothing more, so that what is lost is the latest: it is counted.
 */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { i32, r32, w32, wf64 } from '../lib/memory.js';
import { bytes, f64Field, ptr, struct, u32 } from '../lib/struct.js';
import { MACHINE, machineWord } from './memlayout.js';
import { TASK_COMM_LEN } from './param.js';
import { TASK, TASK_DEAD } from './sched/task.js';
import { ISOLATE, self } from './smp.js';
import { uptime } from './time/time.js';

/** Records of a ring; a power of two. */
export const TRACE_RECORDS = 4096;

export const TRACE_RING = struct('trace_ring', {
  head: u32('a'), // the writer's: records written so far
  tail: u32('a'), // the reader's: records read so far
  lost: u32('a'), // the writer's
  spare: u32('o'),
});

export const TRACE = struct('trace', {
  time: f64Field('o'), // ms since boot
  kind: u32('o'), //      TRACE_*
  pid: u32('o'),
  value: u32('o'), //     RUN, WAKE: its priority; STOP: its state
  place: ptr('o'), //     RUN, WAKE: its CPU; STOP: its wchan
  comm: bytes('o', TASK_COMM_LEN),
});

/** A task begins to run on the isolate. */
export const TRACE_RUN = 1;
/** It leaves the CPU. */
export const TRACE_STOP = 2;
/** The isolate makes it runnable. */
export const TRACE_WAKE = 3;

const TRACING = machineWord(MACHINE.tracing);

/** `task` runs from now on. C: trace_sched_switch, next. */
export function traceRun(task: number): void {
  if (r32(TRACING) !== 0) write(TRACE_RUN, task, r32(task + TASK.prio), load(self + ISOLATE.cpu));
}

/** `task` ran until now, and is in its state. C: trace_sched_switch, prev. */
export function traceStop(task: number): void {
  if (r32(TRACING) !== 0) write(TRACE_STOP, task, load(task + TASK.__state), r32(task + TASK.wchan));
}

/** `task` ran until now and is gone: a call's own, when the call is over. */
export function traceGone(task: number): void {
  if (r32(TRACING) !== 0) write(TRACE_STOP, task, TASK_DEAD, 0);
}

/** `task` was made runnable by what this isolate runs. C: trace_sched_waking. */
export function traceWake(task: number): void {
  if (r32(TRACING) !== 0) write(TRACE_WAKE, task, r32(task + TASK.prio), load(task + TASK.cpu));
}

function write(kind: number, task: number, value: number, place: number): void {
  const ring = load(self + ISOLATE.trace);
  if (ring === 0) return void fetchAdd(machineWord(MACHINE.trace_lost), 1);
  const head = r32(ring + TRACE_RING.head);
  if (((head - load(ring + TRACE_RING.tail)) >>> 0) >= TRACE_RECORDS) return store(ring + TRACE_RING.lost, r32(ring + TRACE_RING.lost) + 1); // [trace:room] pairs with trace:read
  const at = recordAt(ring, head);
  wf64(at + TRACE.time, uptime());
  w32(at + TRACE.kind, kind);
  w32(at + TRACE.pid, r32(task + TASK.pid));
  w32(at + TRACE.value, value);
  w32(at + TRACE.place, place);
  i32.copyWithin((at + TRACE.comm) >> 2, (task + TASK.comm) >> 2, (task + TASK.comm + TASK_COMM_LEN) >> 2);
  store(ring + TRACE_RING.head, (head + 1) | 0); // [trace:written] pairs with trace:seen
}

/** Where the ring at `ring` has its record number `n`. */
export const recordAt = (ring: number, n: number): number => ring + TRACE_RING.sizeof + (n & (TRACE_RECORDS - 1)) * TRACE.sizeof;
