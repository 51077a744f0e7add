/**
 * Memory of the process that a driver serves: the only addresses that copy_to_user and its relatives take. It is kernel
 * memory, since there is no other, with the marks of an object behind it: who goes over its end is told.
 */
import { badByte } from '../../kernel/mm/kasan.js';
import { badAccess } from '../fault.js';

/** What the process on this isolate has lent to the kernel: a start and a size each. */
let ranges: ReadonlyArray<readonly [at: number, size: number]> = [];

/** Calls `fn` while `lent` is memory of the process that runs here. */
export function withUserMemory<T>(lent: typeof ranges, fn: () => T): T {
  const before = ranges;
  ranges = lent;
  try {
    return fn();
  } finally {
    ranges = before;
  }
}

/** Whether `at` is an address of the process. C: access_ok. */
export const isUser = (at: number): boolean => ranges.some(([start, size]) => at >>> 0 >= start && at >>> 0 < Math.max(start + size, start + 1));

/** How many of `size` bytes at `at` may be copied: all, or none where the process has nothing. More than it gave ends the caller, as the address checks do. */
export function userBytes(at: number, size: number, write: boolean): number {
  if (size === 0 || !isUser(at)) return 0;
  if (badByte(at >>> 0, size) >= 0) badAccess(at >>> 0, size, write);
  return size;
}

/** Where the memory that begins before `at` ends; `at` itself where the process has none. For text, whose end is not known. */
export const userEnd = (at: number): number => ranges.reduce((end, [start, size]) => (at >>> 0 >= start && at >>> 0 < start + size ? start + size : end), at >>> 0);
