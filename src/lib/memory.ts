/**
 * The kernel memory as this isolate sees it: typed views of one shared buffer that never grows, and strings in it.
 * Plain (unordered) reads and writes only; whatever two CPUs touch at once goes through atomic.ts.
 */

export let buffer: SharedArrayBuffer;
/** 32-bit words, indexed by address >> 2. */
export let i32: Int32Array;
/** 64-bit floats (times in ms), indexed by address >> 3. */
export let f64: Float64Array;
/** Bytes, indexed by address. */
export let u8: Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes `memory` the kernel memory of this isolate. Addresses are byte offsets into it. */
export function attachMemory(memory: SharedArrayBuffer): void {
  buffer = memory;
  i32 = new Int32Array(memory);
  f64 = new Float64Array(memory);
  u8 = new Uint8Array(memory);
}

/** The signed word at `addr` (4-byte aligned), unordered: for the holder of its lock, its owner, or after it was published. */
export const r32 = (addr: number): number => i32[addr >> 2];

export function w32(addr: number, value: number): void {
  i32[addr >> 2] = value;
}

/** The 64-bit float at `addr` (8-byte aligned). */
export const rf64 = (addr: number): number => f64[addr >> 3];

export function wf64(addr: number, value: number): void {
  f64[addr >> 3] = value;
}

export function zero(addr: number, bytes: number): void {
  if (bytes <= 512 && ((addr | bytes) & 3) === 0) i32.fill(0, addr >> 2, (addr + bytes) >> 2);
  else u8.fill(0, addr, addr + bytes);
}

/**
 * Writes `text` as UTF-8 with a closing NUL into `size` bytes at `addr`, cut at a character boundary.
 * Returns the number of bytes without the NUL.
 */
export function writeString(addr: number, size: number, text: string): number {
  const room = size - 1;
  const plain = Math.min(text.length, room);
  for (let i = 0; i < plain; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return writeEncoded(addr, room, text);
    u8[addr + i] = code;
  }
  u8[addr + plain] = 0;
  return plain;
}

function writeEncoded(addr: number, room: number, text: string): number {
  const bytes = encoder.encode(text);
  let end = Math.min(bytes.length, room);
  if (end < bytes.length) while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
  u8.set(bytes.subarray(0, end), addr);
  u8[addr + end] = 0;
  return end;
}

/** Arguments of one call. */
const CHARS_MAX = 1024;

/** The text at `addr` up to its NUL or `size` bytes. */
export function readString(addr: number, size: number): string {
  let text = '';
  const codes: number[] = []; // Not one by one: that takes longer, and leaves a string of strings.
  for (let i = 0; i < size; i++) {
    const code = u8[addr + i];
    if (code === 0) break;
    if (code > 0x7f) return decodeBytes(addr, size);
    if (codes.push(code) === CHARS_MAX) text += String.fromCharCode(...codes.splice(0));
  }
  return text + String.fromCharCode(...codes);
}

function decodeBytes(addr: number, size: number): string {
  let end = addr;
  while (end < addr + size && u8[end] !== 0) end++;
  return decoder.decode(u8.slice(addr, end)); // A copy: decoders refuse shared memory.
}

/** Bytes that `text` takes in kernel memory, its NUL included. */
export function stringSize(text: string): number {
  return encoder.encode(text).length + 1;
}
