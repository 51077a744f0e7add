/** Counts what is allocated in kernel memory, so that a test can see that nothing was left behind. Reads only; the machine should be quiet. */
import { r32 } from '../lib/memory.js';
import { HEAP_BLOCK, MACHINE, heapStart, machineWord } from './memlayout.js';
import { TASK } from './sched/task.js';

const CLASSES = [32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192, 16384, 32768];
const FREE = 4, BUMP = 8, END = 12, STRIDE = 16;
const TASK_CACHE = 16;
const RUN = 0x10000;

/** Objects in use by their size in bytes; 'task' are task records, 'run' blocks of 64 KiB. */
export type Usage = Readonly<Record<string, number>>;

export function kernelUsage(): Usage {
  const usage: Record<string, number> = { run: 0 };
  const blocks = new Map<number, number>();
  const map = heapStart(r32(machineWord(MACHINE.memory_size)) >>> 0);
  for (let block = map / HEAP_BLOCK; block < r32(machineWord(MACHINE.heap_next)); block++) {
    const kind = r32(map + block * 4);
    if ((kind & RUN) !== 0) usage['run'] += kind & 0xffff;
    else if (kind > 0 && kind <= TASK_CACHE + 1) blocks.set(kind - 1, (blocks.get(kind - 1) ?? 0) + 1);
  }
  for (const [index, count] of blocks) {
    const size = index === TASK_CACHE ? TASK.sizeof : CLASSES[index];
    usage[index === TASK_CACHE ? 'task' : size] = count * Math.floor(HEAP_BLOCK / size) - unused(index, size);
  }
  return usage;
}

/** Objects of a class that are free again or were never used. */
function unused(index: number, size: number): number {
  const at = machineWord(MACHINE.slab) + index * STRIDE;
  let free = r32(at + BUMP) === 0 ? 0 : Math.floor((r32(at + END) - r32(at + BUMP)) / size);
  for (let object = r32(at + FREE); object !== 0; object = r32(object)) free++;
  return free;
}

/** What is more in use in `after` than in `before`. */
export function usageGrown(before: Usage, after: Usage): Record<string, number> {
  const grown = Object.keys(after).map((size) => [size, after[size] - (before[size] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, more]) => more > 0));
}
