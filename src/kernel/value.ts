/**
 * A value that one isolate leaves in kernel memory for another, in a slot of 16 bytes. Numbers, booleans and short plain
 * texts need no serializer, which would cost a hundred times as much; everything else travels by structured clone. Slots
 * do not protect themselves: the record that holds one has a lock.
 */
import { EINVAL, ENOMEM, KernelError } from '../lib/errno.js';
import { r32, readString, rf64, w32, wf64, writeString } from '../lib/memory.js';
import { f64Field, ptr, struct, u32 } from '../lib/struct.js';
import { packValue, readValue } from './mail.js';
import { kfree, kmalloc } from './mm/slab.js';

export const VALUE = struct('value', { kind: u32('l'), at: ptr('l'), number: f64Field('l') });

const NONE = 0, NULL = 1, FALSE = 2, TRUE = 3, NUMBER = 4, TEXT = 5, CLONE = 6, FAILURE = 7;
/** Longest text that is copied as it is; above, the serializer is as fast. */
const TEXT_MAX = 128;

/** A value ready to be put into a slot; `at` is memory that goes with it. */
export interface Packed {
  readonly kind: number;
  readonly at: number;
  readonly number: number;
}

const nothing: Packed = Object.freeze({ kind: NONE, at: 0, number: 0 });

/** `value` ready for a slot. Throws KernelError EINVAL when it cannot be cloned, ENOMEM when memory is out. */
export function packed(value: unknown): Packed {
  if (typeof value === 'number') return { kind: NUMBER, at: 0, number: value };
  if (value === undefined) return nothing;
  if (value === null || typeof value === 'boolean') return { kind: value === null ? NULL : value ? TRUE : FALSE, at: 0, number: 0 };
  if (typeof value === 'string' && value.length <= TEXT_MAX && isPlain(value)) return { kind: TEXT, at: keepPlain(value), number: 0 };
  return { kind: CLONE, at: cloned(value), number: 0 };
}

function cloned(value: unknown): number {
  try {
    return packValue(value);
  } catch (cause) {
    throw cause instanceof KernelError ? cause : new KernelError(-EINVAL, (cause as Error).message, { cause });
  }
}

/** An exception ready for a slot. */
export const packedFailure = ({ name, message, stack = '' }: Error): Packed => ({ kind: FAILURE, at: packValue({ name, message, stack }), number: 0 });

/** No character beyond ASCII, and no NUL, which ends a text in kernel memory. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0x7f) return false;
  }
  return true;
}

function keepPlain(text: string): number {
  const at = kmalloc(text.length + 1);
  if (at === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for a text');
  writeString(at, text.length + 1, text);
  return at;
}

/** Frees what goes with it: nobody will put it anywhere. */
export const dropPacked = ({ at }: Packed): void => kfree(at);

/** Puts a value into `slot`, and frees what was there. */
export function putValue(slot: number, { kind, at, number }: Packed): void {
  clearValue(slot);
  w32(slot + VALUE.kind, kind);
  w32(slot + VALUE.at, at);
  wf64(slot + VALUE.number, number);
}

/** Empties `slot`. */
export function clearValue(slot: number): void {
  if (r32(slot + VALUE.at) !== 0) kfree(r32(slot + VALUE.at));
  w32(slot + VALUE.kind, NONE);
  w32(slot + VALUE.at, 0);
}

/** What is in `slot`; it stays there. */
export const readSlot = (slot: number): Packed => ({ kind: r32(slot + VALUE.kind), at: r32(slot + VALUE.at), number: rf64(slot + VALUE.number) });

/** What is in `slot`, which is empty afterwards: the caller has to drop it. */
export function takeSlot(slot: number): Packed {
  if (r32(slot + VALUE.kind) === NONE) return nothing;
  const value = readSlot(slot);
  w32(slot + VALUE.kind, NONE);
  w32(slot + VALUE.at, 0);
  return value;
}

/** The value that was packed. An exception comes as an Error, see isFailure. */
export function unpack({ kind, at, number }: Packed): unknown {
  switch (kind) {
    case NUMBER: return number;
    case NULL: return null;
    case FALSE: return false;
    case TRUE: return true;
    case TEXT: return readString(at, TEXT_MAX + 1);
    case CLONE: return readValue(at);
    case FAILURE: return errorOf(readValue(at) as Error);
    default: return undefined;
  }
}

/** The number in `slot`, if it is one: without a detour. */
export const numberIn = (slot: number): number | undefined => (r32(slot + VALUE.kind) === NUMBER ? rf64(slot + VALUE.number) : undefined);

export const isFailure = (slot: number): boolean => r32(slot + VALUE.kind) === FAILURE;

const errorOf = ({ name, message, stack }: Error): Error => Object.assign(new Error(message), { name, stack });
