/**
 * Shared variables of a module: typed arrays that lie in kernel memory, so that every isolate that runs the file sees the
 * same elements. What two CPUs touch at once goes through Atomics, or stands under a lock.
 */
import { EINVAL, KernelError } from '../lib/errno.js';
import { buffer } from '../lib/memory.js';
import { declareStatic } from './statics.js';

/** Element types of a shared array. */
export type Words =
  | Int32ArrayConstructor | Uint32ArrayConstructor | Float64ArrayConstructor | Float32ArrayConstructor | BigInt64ArrayConstructor | BigUint64ArrayConstructor
  | Int16ArrayConstructor | Uint16ArrayConstructor | Int8ArrayConstructor | Uint8ArrayConstructor;

/**
 * The shared array `name` of the calling file: `length` elements, zero at first, the same on every isolate; gone with the
 * module. Throws KernelError ENODEV before boot() was called, ENOMEM, EINVAL for a length that is no whole number above 0, or
 * a name that was declared otherwise. C: static type name[length].
 */
export function declareShared<T extends Words>(meta: ImportMeta, name: string, type: T, length: number): InstanceType<T> {
  if (!Number.isInteger(length) || length < 1) throw new KernelError(-EINVAL, `declareShared: ${name} cannot have ${length} elements`);
  const at = declareStatic(meta, name, 'shared', length * type.BYTES_PER_ELEMENT);
  return new (type as Int32ArrayConstructor)(buffer, at, length) as unknown as InstanceType<T>;
}

/** A word of kernel memory: an element of a shared array of 32-bit elements, as [array, index], or an address. */
export type KernelWord = number | readonly [array: Int32Array | Uint32Array, index: number];

/** The address of `word`. Throws KernelError EINVAL, naming `call`, for one that other isolates would not see. */
export function wordAddress(call: string, word: KernelWord): number {
  const at = typeof word === 'number' ? word : word[0].byteOffset + word[1] * 4;
  const inside = typeof word === 'number' || (word[0].buffer === buffer && word[1] >= 0 && word[1] < word[0].length);
  if (!inside || at <= 0 || at % 4 !== 0 || at >= buffer.byteLength) throw new KernelError(-EINVAL, `${call}: that is no word of kernel memory; take [array, index] of a declareShared() array of Int32Array or Uint32Array`);
  return at;
}
