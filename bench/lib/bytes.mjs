// How much memory is in use: the heap of this isolate after a garbage collection, and the part of kernel memory that was ever
// handed out. The second looks into the library's inside, since no call tells it.
import { HEAP_BLOCK, MACHINE, machineWord } from '../../dist/kernel/memlayout.js';
import { r32 } from '../../dist/lib/memory.js';

const CLASSES = 32;
const CLASS_BYTES = 16;
const BUMP = 8;
const END = 12;

/** Bytes of live objects on this isolate's heap. Needs --expose-gc. */
export function heapBytes() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Bytes of kernel memory that were handed out at least once: all blocks, less what their classes have left. */
export function kernelBytes() {
  let bytes = r32(machineWord(MACHINE.heap_next)) * HEAP_BLOCK;
  for (let i = 0; i < CLASSES; i++) {
    const at = machineWord(MACHINE.slab) + i * CLASS_BYTES;
    bytes -= r32(at + END) - r32(at + BUMP);
  }
  return bytes;
}
