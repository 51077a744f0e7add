/**
 * The shadow of kernel memory: one byte tells for eight whether code may touch them. Code whose compiler puts a check
 * before each access (C modules) looks there; TypeScript does not. Here is what marks memory and what asks about a mark,
 * the allocator that such code uses, and the stacks it runs on. What an access that is not allowed leads to is not decided
 * here.
 *
 * A shadow byte of 0 allows all eight bytes, 1 to 7 the first so many, anything above 0x7f none and says why. What nobody
 * marked is allowed; so the records of the kernel that module code reads need no marks.
 */
import { cas, load, xchg } from '../../lib/atomic.js';
import { buffer, r32, u8, w32 } from '../../lib/memory.js';
import { alignUp, ptr, s32, struct, u32 } from '../../lib/struct.js';
import { rawSpinLock, rawSpinUnlock } from '../locking/raw_spinlock.js';
import { HEAP_BLOCK, MACHINE, MACHINE_AT, SHADOW_AT, machineWord } from '../memlayout.js';
import { ISOLATE } from '../smp.js';
import { kfree, kmalloc, kmemCacheFree, kzalloc } from './slab.js';

/** Why bytes may not be touched. Linux's numbers, mm/kasan/kasan.h. */
export const KASAN_FREE = 0xfb, KASAN_REDZONE = 0xfc, KASAN_GLOBAL = 0xf9, KASAN_PAGE = 0xfe, KASAN_NULL = 0xff, KASAN_KERNEL = 0xfa;

const SCALE = 8;
const shadowOf = (at: number): number => SHADOW_AT + (at >>> 3);

/** Marks `size` bytes at `at` (8-aligned) as not to be touched, and why. */
export const poison = (at: number, size: number, why: number): void => void u8.fill(why, shadowOf(at), shadowOf(at + size + SCALE - 1));

/** Allows `size` bytes at `at` (8-aligned); the rest of the last eight stays forbidden. */
export function unpoison(at: number, size: number): void {
  u8.fill(0, shadowOf(at), shadowOf(at + size));
  if (size % SCALE !== 0) u8[shadowOf(at + size)] = size % SCALE;
}

/** The first byte of `size` at `at` that must not be touched, -1: none. Beyond the memory nothing may be. */
export function badByte(at: number, size: number): number {
  if (at < 0 || at + size > buffer.byteLength) return at;
  for (let here = at; here < at + size; here = alignUp(here + 1, SCALE)) {
    const mark = u8[shadowOf(here)];
    if (mark === 0) continue;
    if (mark >= SCALE) return here;
    const end = Math.min(at + size, here - (here % SCALE) + SCALE);
    const bad = here - (here % SCALE) + mark;
    if (end > bad) return Math.max(here, bad);
  }
  return -1;
}

/** What is marked at `at`: KASAN_*, or 1 to 7 where only the first so many of its eight bytes are allowed. */
export const markAt = (at: number): number => u8[shadowOf(at)];

/** Before the first code that checks: nobody but the kernel touches what lies below the shadow (cc/guard.ts marks the rest), and what is freed from now on waits. */
export function initShadow(): void {
  poison(0, MACHINE_AT, KASAN_NULL);
  poison(MACHINE_AT, SHADOW_AT - MACHINE_AT, KASAN_KERNEL);
  freedRing();
}

// --- The allocator ------------------------------------------------------------------------------------------------

/** Stands before each object that module code has. */
const OBJECT = struct('kasan_object', {
  magic: u32('o'), // OBJECT_LIVE, OBJECT_FREED
  size: u32('o'), //  bytes that were asked for
  module: u32('o'), // instance number of the module that did
  pid: u32('o'), //   of the thread that allocated it, later of the one that freed it
});
const OBJECT_LIVE = 0x6f626a31, OBJECT_FREED = 0x6f626a30;
/** Room behind an object that must not be touched, bytes. */
const REDZONE = 8;

/** Objects that were freed and not yet given back: so long is use after free found. */
const FREED_MAX = 256;
/** And so many task records: a stale pointer finds the task that it meant, not another. */
const TASKS_MAX = 64;
const FREED = struct('kasan_freed', { lock: u32('a'), next: u32('l'), bytes: s32('l'), objects: ptr('l', FREED_MAX), next_task: u32('l'), tasks: ptr('l', TASKS_MAX) });
const FREED_BYTES_MAX = 4 << 20;

/** An object of module code, as a report tells of it. */
export interface KasanObject {
  readonly at: number;
  readonly size: number;
  readonly freed: boolean;
  readonly pid: number;
}

/** `size` bytes, 8-aligned, for code of `module`, run by the thread `pid`; 0 when memory is out. `zeroed`, or with whatever was in them. Never sleeps. C: kmalloc. */
export function kasanKmalloc(size: number, zeroed: boolean, module: number, pid: number): number {
  const whole = OBJECT.sizeof + alignUp(size, SCALE) + REDZONE;
  const start = zeroed ? kzalloc(whole) : kmalloc(whole);
  if (start === 0) return 0;
  w32(start + OBJECT.magic, OBJECT_LIVE);
  w32(start + OBJECT.size, size);
  w32(start + OBJECT.module, module);
  w32(start + OBJECT.pid, pid);
  const at = start + OBJECT.sizeof;
  poison(start, OBJECT.sizeof, KASAN_REDZONE);
  unpoison(at, size);
  poison(at + alignUp(size, SCALE), REDZONE, KASAN_REDZONE);
  return at;
}

/** What is at `at`: a live object, one that was freed, or none of ours. */
export function objectAt(at: number): KasanObject | undefined {
  const start = at - OBJECT.sizeof;
  if (at % SCALE !== 0 || start < r32(machineWord(MACHINE.heap_start)) || at >= buffer.byteLength) return undefined;
  const magic = r32(start + OBJECT.magic);
  if ((magic !== OBJECT_LIVE && magic !== OBJECT_FREED) || markAt(start) !== KASAN_REDZONE) return undefined;
  return { at, size: r32(start + OBJECT.size), freed: magic === OBJECT_FREED, pid: r32(start + OBJECT.pid) };
}

/** The object at or before `at`, no farther than the largest that anybody asks for in one piece of the heap. */
export function objectNear(at: number): KasanObject | undefined {
  for (let here = at - (at % SCALE), end = Math.max(0, here - HEAP_BLOCK); here > end; here -= SCALE) {
    const object = objectAt(here);
    if (object) return object;
  }
  return undefined;
}

/** Frees the live object at `at`; false if there is none, which is a double or an invalid free. Never sleeps. C: kfree. */
export function kasanKfree(at: number, pid: number): boolean {
  const object = objectAt(at);
  if (!object || object.freed) return false;
  const start = at - OBJECT.sizeof;
  w32(start + OBJECT.magic, OBJECT_FREED);
  w32(start + OBJECT.pid, pid);
  poison(at, object.size, KASAN_FREE);
  keepFreed(start, object.size);
  return true;
}

/** Puts a freed object in line, and really frees those for which the line has no room. */
function keepFreed(start: number, size: number): void {
  const ring = freedRing();
  if (ring === 0) return reallyFree(start);
  const out: number[] = [];
  rawSpinLock(ring + FREED.lock);
  let next = r32(ring + FREED.next);
  const swap = (object: number): void => {
    const slot = ring + FREED.objects + (next++ % FREED_MAX) * 4;
    const old = r32(slot);
    w32(slot, object);
    if (old === 0) return;
    out.push(old);
    w32(ring + FREED.bytes, r32(ring + FREED.bytes) - r32(old + OBJECT.size));
  };
  swap(start);
  w32(ring + FREED.bytes, r32(ring + FREED.bytes) + size);
  for (let i = 1; i < FREED_MAX && r32(ring + FREED.bytes) > FREED_BYTES_MAX; i++) swap(0);
  w32(ring + FREED.next, next % FREED_MAX);
  rawSpinUnlock(ring + FREED.lock);
  for (const object of out) reallyFree(object);
}

/** Frees a task record of `size` bytes; while there is code that checks, later, so that it does not become another task at once. */
export function freeTask(task: number, size: number): void {
  const ring = load(machineWord(MACHINE.freed));
  if (ring === 0) return kmemCacheFree(task);
  poison(task, size, KASAN_FREE);
  rawSpinLock(ring + FREED.lock);
  const next = r32(ring + FREED.next_task);
  const slot = ring + FREED.tasks + next * 4;
  const old = r32(slot);
  w32(slot, task);
  w32(ring + FREED.next_task, (next + 1) % TASKS_MAX);
  rawSpinUnlock(ring + FREED.lock);
  if (old === 0) return;
  unpoison(old, size);
  kmemCacheFree(old);
}

function freedRing(): number {
  const word = machineWord(MACHINE.freed);
  if (load(word) !== 0) return load(word);
  const fresh = kzalloc(FREED.sizeof);
  if (fresh === 0) return 0;
  if (cas(word, 0, fresh) !== 0) kfree(fresh); // Another CPU was faster.
  return load(word);
}

/** Back to the heap, unmarked: who has the memory next may be the kernel itself. */
function reallyFree(start: number): void {
  const whole = OBJECT.sizeof + alignUp(r32(start + OBJECT.size), SCALE) + REDZONE;
  w32(start + OBJECT.magic, 0);
  unpoison(start, alignUp(whole, SCALE));
  kfree(start);
}

// --- Stacks -------------------------------------------------------------------------------------------------------

/** Bytes of a stack, the guard at its low end included. */
const STACK_SIZE = HEAP_BLOCK;
const STACK_GUARD = 4096;

/** The stack of the isolate at `isolate`, made when it is asked for first: its lowest usable address and its top. 0 for both when memory is out. */
export function stackOf(isolate: number): { low: number; top: number } {
  let at = load(isolate + ISOLATE.stack);
  if (at === 0) {
    at = kmalloc(STACK_SIZE);
    if (at === 0) return { low: 0, top: 0 };
    poison(at, STACK_GUARD, KASAN_PAGE);
    unpoison(at + STACK_GUARD, STACK_SIZE - STACK_GUARD);
    w32(isolate + ISOLATE.stack, at);
  }
  return { low: at + STACK_GUARD, top: at + STACK_SIZE };
}

/** The stack goes with its isolate. */
export function releaseStack(isolate: number): void {
  const at = xchg(isolate + ISOLATE.stack, 0);
  if (at === 0) return;
  unpoison(at, STACK_SIZE);
  kfree(at);
}
