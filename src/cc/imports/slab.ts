/**
 * mm/slab_common.c for C modules: kmalloc and its relatives, with a guard behind each object and a while before freed
 * memory is used again, so that the address checks find what goes over or comes too late.
 */
import { host } from '../../arch/host.js';
import { buffer, r32, u8, w32 } from '../../lib/memory.js';
import { alignUp } from '../../lib/struct.js';
import { isolateModule } from '../../kernel/isolate.js';
import { KASAN_REDZONE, kasanKfree, kasanKmalloc, objectAt, poison } from '../../kernel/mm/kasan.js';
import { warn } from '../../kernel/panic.js';
import { currentThread, mightSleep } from '../../kernel/sched/core.js';
import { checked, formatted, text, type Imports } from '../abi.js';
import { badFree } from '../fault.js';

const GFP_ZERO = 0x100, GFP_DIRECT_RECLAIM = 0x400;
/** A pointer to no bytes, as kmalloc(0) gives it; a kfree of it does nothing. */
const ZERO_SIZE_PTR = 16;
/** Bytes of one allocation at most: 4 MiB, as kmalloc's. */
const KMALLOC_MAX = 4 << 20;

const pid = (): number => currentThread()?.pid ?? 0;

function kmalloc(size: number, flags: number, most = KMALLOC_MAX): number {
  if ((flags & GFP_DIRECT_RECLAIM) !== 0) mightSleep('kmalloc');
  if (size === 0) return ZERO_SIZE_PTR;
  return size >>> 0 > most ? 0 : kasanKmalloc(size, (flags & GFP_ZERO) !== 0, isolateModule(), pid());
}

function kfree(at: number): void {
  if (at === 0 || at === ZERO_SIZE_PTR) return;
  if (!kasanKfree(at >>> 0, pid())) badFree(at >>> 0);
}

const sizeOf = (at: number): number => (at === 0 || at === ZERO_SIZE_PTR ? 0 : (objectAt(checked(at, 1))?.size ?? 0));

function krealloc(at: number, size: number, flags: number): number {
  if (size === 0) {
    kfree(at);
    return ZERO_SIZE_PTR;
  }
  const fresh = kmalloc(size, flags);
  if (fresh === 0 || at === 0 || at === ZERO_SIZE_PTR) return fresh;
  u8.copyWithin(fresh, at, at + Math.min(sizeOf(at), size));
  kfree(at);
  return fresh;
}

const PAGE_SIZE = 4096;
/** Orders of pages that are given out: up to 4 MiB, as Linux does. */
const MAX_PAGE_ORDER = 10;

/** 2^order pages, at a multiple of one: an object with room before them, where its own address is kept. C: __get_free_pages. */
function getPages(order: number, flags: number): number {
  const size = PAGE_SIZE << order;
  const object = order >>> 0 > MAX_PAGE_ORDER ? 0 : kmalloc(size + PAGE_SIZE, flags, size + PAGE_SIZE);
  if (object === 0) return 0;
  const at = alignUp(object + 8, PAGE_SIZE);
  w32(at - 4, object);
  poison(object, at - object, KASAN_REDZONE);
  poison(at + size, object + PAGE_SIZE - at, KASAN_REDZONE);
  return at;
}

/** C: free_pages. */
function freePages(at: number): void {
  if (at === 0) return;
  const from = at >>> 0;
  const object = from % PAGE_SIZE === 0 && from < buffer.byteLength ? r32(from - 4) >>> 0 : 0;
  if (object + 8 > from || object + PAGE_SIZE + 8 < from) badFree(from);
  if (!kasanKfree(object, pid())) badFree(objectAt(object) ? object : from);
}

/** `bytes` and a NUL in an object of their own; 0 when memory is out. */
function keep(bytes: Uint8Array, flags: number): number {
  const at = kmalloc(bytes.length + 1, flags);
  if (at === 0) return 0;
  u8.set(bytes, at);
  u8[at + bytes.length] = 0;
  return at;
}

const encoder = new TextEncoder();

function bytesOf(at: number, most: number): Uint8Array {
  const from = checked(at, 1);
  const end = u8.indexOf(0, from);
  return u8.slice(from, Math.min(from + most, end < 0 ? u8.length : end));
}

let seed = 0;

/** 24 bits that nobody can tell beforehand; not for keys. */
function random(): number {
  seed ^= host.entropy() | 1;
  for (const by of [13, -17, 5]) seed ^= by > 0 ? seed << by : seed >>> -by;
  return (Math.imul(seed, 0x9e3779b1) >>> 8) & 0xffffff;
}

export const slab: Imports = {
  kthread_get_pages: getPages,
  kthread_free_pages: freePages,
  __kmalloc: (size: number, flags: number) => kmalloc(size, flags),
  kfree,
  krealloc,
  ksize: sizeOf,
  kvmalloc: (size: number, flags: number) => kmalloc(size, flags, 256 << 20),
  vmalloc: (size: number) => kmalloc(size, GFP_DIRECT_RECLAIM, 256 << 20),
  vzalloc: (size: number) => kmalloc(size, GFP_DIRECT_RECLAIM | GFP_ZERO, 256 << 20),
  kstrdup: (at: number, flags: number) => (at === 0 ? 0 : keep(bytesOf(at, Infinity), flags)),
  kstrndup: (at: number, most: number, flags: number) => (at === 0 ? 0 : keep(bytesOf(at, most >>> 0), flags)),
  kmemdup: (at: number, size: number, flags: number) => {
    const copy = kmalloc(size, flags);
    if (copy !== 0 && size !== 0) u8.copyWithin(copy, checked(at, size), at + size);
    return copy;
  },
  kasprintf: (flags: number, format: number, args: number) => keep(encoder.encode(formatted(format, args)), flags),
  kvasprintf: (flags: number, format: number, args: number) => keep(encoder.encode(formatted(format, args)), flags),
  kthread_cache_busy: (name: number, live: number) => warn('kmem_cache_destroy %s: Slab cache still has %d objects', text(name), live),
  kthread_random: (at: number, size: number) => {
    const to = size === 0 ? at : checked(at, size >>> 0, true);
    for (let i = 0, word = 0; i < size >>> 0; i++, word >>= 8) {
      if (i % 3 === 0) word = random();
      u8[to + i] = word;
    }
  },
  kstrdup_const: (at: number, flags: number) => keep(encoder.encode(text(at)), flags),
};
