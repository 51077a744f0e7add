/**
 * The heap: kmalloc and kfree over kernel memory, usable from every isolate at once. Sizes up to 32 KiB come from
 * classes, each with its lock and free list; larger ones are runs of 64 KiB blocks. It does not move, compact or
 * collect anything, and a block once given to a class stays there.
 *
 * Tasks have a class of their own that is never mixed with others: an address that was a task is for ever a task,
 * so that a stale handle reads another task's pid and not garbage. So have works and workers, which tell by a number of
 * their own whether they still are the ones meant.
 */
import { fetchAdd } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { r32, w32, zero } from '../../lib/memory.js';
import { rawSpinLock, rawSpinUnlock } from '../locking/raw_spinlock.js';
import { HEAP_BLOCK, MACHINE, heapStart, machineWord } from '../memlayout.js';

/** Bytes of each class. */
const CLASSES = [32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192, 16384, 32768];
const KMALLOC_MAX_CACHE = 32768;
/** The class of task records; its size is set at boot. */
const TASK_CACHE = 16;
/** The classes of works and of workers, zeroed before the first use and never again. */
export const WORK_CACHE = 17, WORKER_CACHE = 18;
export const WORK_CACHE_SIZE = 128;
const STRIDE = 16; // Words of a class: lock, free list, bump pointer, bump end.
const LOCK = 0, FREE = 4, BUMP = 8, END = 12;
const RUN = 0x10000, REST = 0x20000; // Block map: first block of a run with its length, and the others.

const classOf = new Uint8Array(1024 / 32 + 1).map((_, i) => CLASSES.findIndex((size) => size >= i * 32));
let cacheSize = 0;

const classAt = (index: number): number => machineWord(MACHINE.slab) + index * STRIDE;
const sizeOf = (index: number): number => (index === TASK_CACHE ? cacheSize : index > TASK_CACHE ? WORK_CACHE_SIZE : CLASSES[index]);

/** Every isolate calls this with the size of a task record; who boots also lays the block map. */
export function initSlab(taskSize: number, boot: boolean): void {
  cacheSize = taskSize;
  if (!boot) return;
  const mapBlocks = Math.ceil((memoryBlocks() * 4) / HEAP_BLOCK); // The map lies in the heap's first blocks.
  for (let i = 0; i < mapBlocks; i++) w32(mapAt(firstBlock() + i), REST);
  w32(machineWord(MACHINE.heap_next), firstBlock() + mapBlocks);
}

const memorySize = (): number => r32(machineWord(MACHINE.memory_size)) >>> 0;
const memoryBlocks = (): number => Math.floor(memorySize() / HEAP_BLOCK);
const firstBlock = (): number => heapStart(memorySize()) / HEAP_BLOCK;
const mapAt = (block: number): number => heapStart(memorySize()) + block * 4;

/** `size` bytes, 8-aligned, with whatever was in them. Returns 0 when memory is out: -ENOMEM to the caller's caller. Never sleeps. */
export function kmalloc(size: number): number {
  if (failNow()) return 0;
  if (size > KMALLOC_MAX_CACHE) return allocRun(Math.ceil(size / HEAP_BLOCK));
  return allocFrom(size <= 1024 ? classOf[(size + 31) >> 5] : CLASSES.findIndex((s) => s >= size));
}

/** Like kmalloc, zeroed. */
export function kzalloc(size: number): number {
  const at = kmalloc(size);
  if (at !== 0) zero(at, Math.ceil(size / 4) * 4);
  return at;
}

/** One record of the task cache, zeroed, or 0. */
export function kmemCacheAlloc(): number {
  if (failNow()) return 0;
  const at = allocFrom(TASK_CACHE);
  if (at !== 0) zero(at, cacheSize);
  return at;
}

/** A record of WORK_CACHE or WORKER_CACHE, with whatever its last owner left but for the first word; 0 when memory is out. */
export const kmemCacheTake = (cache: number): number => (failNow() ? 0 : allocFrom(cache));
export const kmemCacheGive = (cache: number, at: number): void => freeTo(cache, at);

/** Gives back what kmalloc gave. 0 is allowed, as free(NULL) is. */
export function kfree(at: number): void {
  if (at === 0) return;
  const block = Math.floor(at / HEAP_BLOCK);
  const kind = r32(mapAt(block));
  if ((kind & RUN) !== 0) return freeRun(block, kind & 0xffff);
  bugOn(kind === 0 || (kind & REST) !== 0, 'kfree of 0x%x, which is not the start of an allocation', at);
  freeTo(kind - 1, at);
}

/** Gives a record back to the task cache. */
export const kmemCacheFree = (at: number): void => freeTo(TASK_CACHE, at);

function freeTo(index: number, at: number): void {
  const cls = classAt(index);
  rawSpinLock(cls + LOCK);
  w32(at, r32(cls + FREE));
  w32(cls + FREE, at);
  rawSpinUnlock(cls + LOCK);
}

function allocFrom(index: number): number {
  const cls = classAt(index);
  const size = sizeOf(index);
  rawSpinLock(cls + LOCK);
  let at = r32(cls + FREE);
  if (at !== 0) w32(cls + FREE, r32(at));
  else at = bump(cls, size, index);
  rawSpinUnlock(cls + LOCK);
  return at;
}

/** The next never used object of a class; its lock is held. */
function bump(cls: number, size: number, index: number): number {
  let at = r32(cls + BUMP);
  if (at === 0 || at + size > r32(cls + END)) {
    at = takeBlocks(1, index + 1);
    if (at === 0) return 0;
    if (index > TASK_CACHE) zero(at, HEAP_BLOCK);
    w32(cls + END, 0); // Who dies in between leaves a class that asks for a new block.
    w32(cls + BUMP, at);
    w32(cls + END, at + HEAP_BLOCK);
  }
  w32(cls + BUMP, at + size);
  return at;
}

const allocRun = (blocks: number): number => (blocks > 0xffff ? 0 : takeBlocks(blocks, RUN | blocks));

/** `count` blocks in a row, marked `kind`: freed ones first, then new ones. The search reads one word a block, 16,384 at most. */
function takeBlocks(count: number, kind: number): number {
  const lock = machineWord(MACHINE.heap_lock);
  rawSpinLock(lock);
  let block = r32(machineWord(MACHINE.heap_freed)) >= count ? findFreed(count) : 0;
  if (block !== 0) w32(machineWord(MACHINE.heap_freed), r32(machineWord(MACHINE.heap_freed)) - count);
  else {
    block = r32(machineWord(MACHINE.heap_next));
    if (block + count > memoryBlocks()) block = 0;
    else w32(machineWord(MACHINE.heap_next), block + count);
  }
  if (block !== 0) {
    w32(mapAt(block), kind);
    for (let i = 1; i < count; i++) w32(mapAt(block + i), REST);
  }
  rawSpinUnlock(lock);
  return block * HEAP_BLOCK;
}

function findFreed(count: number): number {
  const end = r32(machineWord(MACHINE.heap_next));
  let run = 0;
  for (let block = firstBlock(); block < end; block++) {
    run = r32(mapAt(block)) === 0 ? run + 1 : 0;
    if (run === count) return block - count + 1;
  }
  return 0;
}

function freeRun(block: number, count: number): void {
  const lock = machineWord(MACHINE.heap_lock);
  rawSpinLock(lock);
  for (let i = 0; i < count; i++) w32(mapAt(block + i), 0);
  w32(machineWord(MACHINE.heap_freed), r32(machineWord(MACHINE.heap_freed)) + count);
  rawSpinUnlock(lock);
}

/** Fault injection, as /proc/self/fail-nth: the n-th allocation from now fails once. */
function failNow(): boolean {
  const word = machineWord(MACHINE.fail_nth);
  return r32(word) > 0 && fetchAdd(word, -1) === 1;
}
