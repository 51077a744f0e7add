/**
 * Isolates: where code runs. A table of them in kernel memory, this isolate's own place in it, and the doorbells by
 * which one isolate makes another look at its wake list. It starts nothing (arch/ does) and schedules nothing.
 *
 * The doorbell has four rules:
 *   1. Only the isolate itself sets `asleep`, and it looks at its lists once more after it did.
 *   2. Who has something for it puts that on the list first and then takes `asleep` from 1 to 0.
 *   3. Only who took it rings: one more on `bell`, then a futex wake. So a burst of wake-ups rings once.
 *   4. The isolate clears `asleep` before it reads its lists.
 *
 *     isolate                         ringer
 *     asleep = 1        [smp:sleep]   push on the list  [smp:push]
 *     list empty? -> wait on bell     asleep 1 -> 0 ? ring : nothing
 *
 * Whichever store comes first, either the isolate sees the list or the ringer sees `asleep`.
 */
import { cas, fetchAdd, futexWake, load, store, xchg } from '../lib/atomic.js';
import { EAGAIN, KernelError } from '../lib/errno.js';
import { r32, w32, zero } from '../lib/memory.js';
import { bytes, f64Field, ptr, s32, struct, u32 } from '../lib/struct.js';
import { CPU, ISOLATE_STRIDE, MACHINE, cpuAt, isolateSlotAt, machineWord } from './memlayout.js';
import { HELD_MAX, NR_ISOLATES } from './param.js';

export const ISOLATE = struct('isolate', {
  number: u32('c'), //          never used twice; 0: the slot was never used
  state: u32('a'), //           ISOLATE_*
  kind: u32('c'), //            SHARED: async threads, cooperatively; OWN: one plain thread at a time
  cpu: u32('a'),
  module: u32('a'), //          instance number of the module whose code it holds, 0: none
  bell: u32('a'),
  asleep: u32('a'),
  wake_list: ptr('a'), //       tasks made runnable by others, last one first
  task: ptr('a'), //            OWN: the thread that it was claimed for
  loaded: u32('o'), //          OWN: hash of the file whose functions it already knows
  thread: u32('o'), //          the platform's own number of its thread
  tid: u32('o'), //             OS thread id
  curr: ptr('o'), //            the task that runs, 0 when idle
  threads: s32('o'), //         threads that live here
  preempt_count: s32('o'), //   as a task's, for code outside of any
  held: u32('a', HELD_MAX), //  likewise
  mail: ptr('a'), //            values from other isolates, last one first
  exiting: ptr('o'), //         the task that it is ending: see kernel/exit.ts
  retire: u32('a'), //          RETIRE_*
  nr_switches: u32('o'), //     turns that ended here
  nice: s32('a'), //            OWN: of its OS thread
  trace: ptr('a'), //           its trace ring, 0 until somebody traces
  stack: ptr('a'), //           its stack in kernel memory, for code that needs one; see mm/kasan.ts
  heartbeat: f64Field('o'), //  clock of the last switch, ms
  touched: f64Field('o'), //    and of the last condResched() or word to the watchdog
  answered: f64Field('o'), //   clock of the last turn after a ring, ms
  busy: f64Field('o'), //       ms spent running tasks
  comm: bytes('c', 16),
});
if (ISOLATE.sizeof > ISOLATE_STRIDE) throw new Error('smp: the isolate record outgrew its stride');

export const ISOLATE_FREE = 0;
/** Reserved; the host worker starts it. */
export const ISOLATE_STARTING = 1;
/** OWN: warm, waiting for a thread. */
export const ISOLATE_IDLE = 2;
/** SHARED: at work. OWN: claimed or running a thread. */
export const ISOLATE_BUSY = 3;
/** Nobody's: its OS thread is gone and the host has yet to clear up, or whoever reserved it is still filling it in. */
export const ISOLATE_DEAD = 4;
/** OWN: reserved for the pool, not for a thread; IDLE comes next. */
export const ISOLATE_WARMING = 5;

/** SHARED: it ends with its last thread. */
export const RETIRE_LAST = 1;
/** SHARED: nobody will give it a thread; it ends as soon as it has none. */
export const RETIRE_NOW = 2;

export const SHARED = 1;
export const OWN = 2;

/** This isolate's number and the address of its record; 0 before it joined a machine. */
export let me = 0;
export let self = 0;

/** Takes the reserved isolate `number` as this one. */
export function joinMachine(number: number): void {
  me = number;
  self = isolateSlotAt(number);
}

export function leaveMachine(): void {
  me = 0;
  self = 0;
}

/**
 * Reserves a number and record for a new isolate, which the host worker starts when it next looks. Throws KernelError EAGAIN
 * when NR_ISOLATES of them are there.
 */
export function reserveIsolate(kind: number, cpu: number, module: number, retire = 0, state = ISOLATE_STARTING): number {
  for (let tries = 0; tries < NR_ISOLATES; tries++) {
    const number = fetchAdd(machineWord(MACHINE.next_isolate), 1);
    const at = isolateSlotAt(number);
    // The host must not see it half filled in: it would start it under the number of the isolate before.
    if (cas(at + ISOLATE.state, ISOLATE_FREE, ISOLATE_DEAD) !== ISOLATE_FREE) continue;
    zero(at + ISOLATE.kind, ISOLATE.sizeof - ISOLATE.kind);
    w32(at + ISOLATE.kind, kind);
    w32(at + ISOLATE.cpu, cpu);
    w32(at + ISOLATE.module, module);
    w32(at + ISOLATE.retire, retire);
    w32(at + ISOLATE.number, number);
    store(at + ISOLATE.state, state);
    return number;
  }
  throw new KernelError(-EAGAIN, `cannot start an isolate: all ${NR_ISOLATES} are in use`);
}

/** Gives the record back after the isolate's OS thread is gone and nothing refers to it. */
export function releaseIsolate(number: number): void {
  const at = isolateSlotAt(number);
  fetchAdd(cpuAt(isolateCpu(at)) + CPU.nr_switches, r32(at + ISOLATE.nr_switches));
  store(at + ISOLATE.state, ISOLATE_FREE);
}

/** Whether isolate `number` still runs. False for one that died, also after its slot went to another. */
export function isolateAlive(number: number): boolean {
  const at = isolateSlotAt(number);
  if (load(at + ISOLATE.number) !== number) return false;
  const state = load(at + ISOLATE.state);
  return state !== ISOLATE_FREE && state !== ISOLATE_DEAD;
}

/** Calls `visit` with the address of every isolate record in use. A scan of the slots that were ever used, at most 1,024. */
export function forEachIsolate(visit: (at: number) => void): void {
  const slots = Math.min(load(machineWord(MACHINE.next_isolate)) >>> 0, NR_ISOLATES); // Numbers are given in ascending order.
  for (let slot = 0; slot < slots; slot++) {
    const at = isolateSlotAt(slot);
    if (load(at + ISOLATE.state) !== ISOLATE_FREE) visit(at);
  }
}

/** Rings if the isolate at `at` may be asleep. What it should see is on its list already: rules 2 and 3. */
export function ringIfAsleep(at: number): void {
  if (load(at + ISOLATE.asleep) !== 0 && xchg(at + ISOLATE.asleep, 0) !== 0) ring(at); // [smp:push] pairs with smp:sleep
}

/** Rings whatever it does: for news that stand on no list, such as mail or a new alarm. */
export function ring(at: number): void {
  fetchAdd(at + ISOLATE.bell, 1);
  futexWake(at + ISOLATE.bell, 1);
}

/** Says that this isolate will sleep. The caller looks at its lists after this and before it waits: rule 1. */
export function aboutToSleep(): void {
  store(self + ISOLATE.asleep, 1); // [smp:sleep] pairs with smp:push
}

export function awake(): void {
  store(self + ISOLATE.asleep, 0); // Rule 4.
}

/** How many CPUs the machine has. C: num_possible_cpus. */
export const numPossibleCpus = (): number => r32(machineWord(MACHINE.nr_cpus));
export const isolateCpu = (at: number): number => r32(at + ISOLATE.cpu);
