/**
 * Marks memory that is the kernel's alone, so that code which is checked finds a wild pointer into it before it writes there:
 * tables, the marks themselves, the code of modules. TypeScript does not look at marks, so this costs it nothing. What lies
 * below the shadow is marked by kernel/mm/kasan.ts.
 *
 * Not marked is what C reads and writes itself: tasks, whose fields modules know by name, and the records that lists and locks
 * consist of. Nor is what comes and goes with each call, such as mail, where marking would cost the caller.
 */
import { load } from '../lib/atomic.js';
import { r32 } from '../lib/memory.js';
import { alignUp } from '../lib/struct.js';
import { POOL, SOFTIRQ } from '../kernel/callbacks.js';
import { ORDER, ORDERS_MAX } from '../kernel/locking/lockdep.js';
import {
  CPUS_AT, HEAP_BLOCK, ISOLATES_AT, LOG_DESC_AT, MACHINE, MACHINE_AT, PIDS_AT, PID_LEAF, SHADOW_AT, SYSCTLS_AT, TOMBSTONES_AT, WAIT_TABLE_AT, heapStart, machineWord,
} from '../kernel/memlayout.js';
import { KASAN_KERNEL, markAt, poison } from '../kernel/mm/kasan.js';
import { PID_MAX_LIMIT } from '../kernel/param.js';
import { IMAGE } from '../kernel/module.js';
import { imageParts, listImages } from './images.js';

/** The marks of so much unused memory at a time are guarded in advance, bytes. */
const AHEAD = 16 << 20;

/** A piece of memory, and what a report calls it. */
interface Part {
  readonly what: string;
  readonly at: number;
  readonly size: number;
}

/** What lies below the shadow, by where it begins; each part goes up to the next. */
const FIXED: ReadonlyArray<readonly [at: number, what: string]> = [
  [MACHINE_AT, 'the record of the machine'], [CPUS_AT, 'the table of CPUs'], [ISOLATES_AT, 'the table of isolates'], [PIDS_AT, 'the table of pids'], [TOMBSTONES_AT, 'the table of exit values'],
  [SYSCTLS_AT, 'the settings'], [LOG_DESC_AT, 'the log'], [WAIT_TABLE_AT, 'the wait queues of bits and variables'], [SHADOW_AT, ''],
];

const MARKS = 'the marks of the address checks';

/** What there is above it now. */
function parts(): Part[] {
  const word = (field: number): number => load(machineWord(field));
  const end = r32(machineWord(MACHINE.memory_size)) >>> 0;
  const used = Math.min(end, alignUp(r32(machineWord(MACHINE.heap_next)) * HEAP_BLOCK, AHEAD));
  const heap = heapStart(end);
  const callbacks = word(MACHINE.callbacks);
  const leaves = Array.from({ length: Math.ceil(PID_MAX_LIMIT / PID_LEAF) }, (_, i) => load(PIDS_AT + i * 4)).filter((at) => at !== 0);
  const all: Part[] = [
    { what: MARKS, at: SHADOW_AT, size: SHADOW_AT / 8 },
    { what: MARKS, at: SHADOW_AT + heap / 8, size: (used - heap) / 8 }, // Of the heap: those in between are marks of marks.
    { what: 'the map of the heap', at: heap, size: (end / HEAP_BLOCK) * 4 },
    ...leaves.map((at) => ({ what: 'the table of pids', at, size: PID_LEAF * 4 })),
    { what: 'the orders of locks', at: word(MACHINE.lock_orders), size: ORDERS_MAX * ORDER.sizeof },
    { what: 'the timers and tasklets', at: callbacks, size: SOFTIRQ.sizeof },
    { what: 'the pool of works', at: callbacks === 0 ? 0 : load(callbacks + SOFTIRQ.pool), size: POOL.sizeof },
    ...listImages().flatMap(({ at, about }) => [
      { what: `the record of module ${about.name}`, at, size: IMAGE.sizeof },
      ...imageParts(at).map(([from, size]) => ({ what: `the code of module ${about.name}`, at: from, size })),
    ]),
  ];
  return all.filter(({ at, size }) => at !== 0 && size > 0);
}

/** Marks everything that is there now; what is made later is marked when the next module is loaded. */
export function guardKernel(): void {
  for (const { at, size } of parts()) if (markAt(at + size - 1) !== KASAN_KERNEL) poison(at, size, KASAN_KERNEL);
}

/** What of the kernel's own `at` is in, as a report says it; undefined: nothing. */
export function kernelPartAt(at: number): string | undefined {
  if (at >= MACHINE_AT && at < SHADOW_AT) return FIXED.findLast(([from]) => from <= at)![1];
  return parts().find((part) => at >= part.at && at < part.at + part.size)?.what;
}
