/**
 * Why a task waits, as data: the name of the function it sleeps in, as a string in kernel memory that ps can read
 * from any isolate. Each isolate writes a name once and keeps it for good.
 */
import { readString, stringSize, writeString } from '../../lib/memory.js';
import { kmalloc } from '../mm/slab.js';

/** Names kept by one isolate; a waiter with yet another name shows as "-". */
const LIMIT = 4096;
const SIZE_MAX = 64;
const names = new Map<string, number>();

/** The address of `name`, or 0 where there is no room for it. */
export function wchan(name: string): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size >= LIMIT) return 0;
  const size = Math.min(stringSize(name), SIZE_MAX);
  const at = kmalloc(size);
  if (at !== 0) {
    writeString(at, size, name);
    names.set(name, at);
  }
  return at;
}

/** The name at `at`; "0" when the task does not wait, as /proc/<pid>/wchan has it. */
export const wchanName = (at: number): string => (at === 0 ? '0' : readString(at, SIZE_MAX));

/** Forgets the addresses of a machine that is gone. */
export const forgetWchans = (): void => names.clear();
