/**
 * Why a task waits, as data: the name of the function it sleeps in, as a string in kernel memory that ps can read
 * from any isolate. A name is written once for the whole machine and kept for good; isolates come and go.
 */
import { cas, load } from '../../lib/atomic.js';
import { r32, readString, stringSize, w32, writeString } from '../../lib/memory.js';
import { MACHINE, machineWord } from '../memlayout.js';
import { kmalloc } from '../mm/slab.js';

/** Names one isolate uses; a waiter with yet another name shows as "-". */
const LIMIT = 4096;
const SIZE_MAX = 64;
/** An entry of the machine's list: the next one, then the text. */
const NEXT = 0, TEXT = 4;
const names = new Map<string, number>();

/** The address of `name`, or 0 where there is no room for it. */
export function wchan(name: string): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size >= LIMIT) return 0;
  const at = find(name) || add(name);
  if (at !== 0) names.set(name, at);
  return at;
}

/** Once for each name on each isolate, so a list does. */
function find(name: string): number {
  for (let entry = load(machineWord(MACHINE.wchans)); entry !== 0; entry = r32(entry + NEXT)) {
    if (readString(entry + TEXT, SIZE_MAX) === name) return entry + TEXT;
  }
  return 0;
}

/** Two isolates that add a name at once both do; neither entry is wrong. */
function add(name: string): number {
  const size = Math.min(stringSize(name), SIZE_MAX);
  const entry = kmalloc(TEXT + size);
  if (entry === 0) return 0;
  writeString(entry + TEXT, size, name);
  const head = machineWord(MACHINE.wchans);
  for (;;) {
    const first = load(head);
    w32(entry + NEXT, first);
    if (cas(head, first, entry) === first) return entry + TEXT;
  }
}

/** The name at `at`; "0" when the task does not wait, as /proc/<pid>/wchan has it. */
export const wchanName = (at: number): string => (at === 0 ? '0' : readString(at, SIZE_MAX));

/** Forgets the addresses of a machine that is gone. */
export const forgetWchans = (): void => names.clear();
