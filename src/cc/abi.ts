/**
 * What C passes to a function of the kernel: addresses that have to be good, text, and the arguments of a printf, which lie
 * in memory one after the other. A bad address ends the caller as it would in the kernel; see fault.ts.
 */
import { KernelError } from '../lib/errno.js';
import { buffer, r32, readString, u8 } from '../lib/memory.js';
import { conversionsOf, vsprintf } from '../lib/printf.js';
import { alignUp } from '../lib/struct.js';
import { badByte } from '../kernel/mm/kasan.js';
import { TASK } from '../kernel/sched/task.js';
import { taskAt, type Task } from '../kernel/sched/handle.js';
import { badAccess } from './fault.js';

/** A function of the kernel that C modules call. Addresses and 32-bit numbers arrive signed, 64-bit ones as bigints. */
export type Import = (...args: never[]) => number | bigint | boolean | void;
/** Functions by their C names. */
export type Imports = Readonly<Record<string, Import>>;

/** Longest text that is read at once, bytes. */
const TEXT_MAX = 1 << 16;

/** `at`, if `size` bytes there may be touched; ends the caller otherwise. */
export function checked(at: number, size: number, write = false): number {
  const from = at >>> 0;
  if (badByte(from, size) >= 0) badAccess(from, size, write);
  return from;
}

/** The text at `at`. */
export function text(at: number): string {
  const from = checked(at, 1);
  const found = readString(from, Math.min(TEXT_MAX, buffer.byteLength - from));
  return found;
}

/** The task at `at`, as C has it in a struct task_struct pointer. */
export const taskOf = (at: number): Task => taskAt(checked(at, TASK.sizeof));

/** What a call that throws KernelError is to C: the negative error number. */
export function errnoOf<T extends number>(call: () => T | boolean | void): number {
  try {
    return Number(call() ?? 0);
  } catch (error) {
    if (error instanceof KernelError) return error.errno;
    throw error;
  }
}

/** A text for a format: an error pointer or a small number is none. */
function textOrNull(at: number, most: number): string | null {
  if (at === 0) return null;
  if (at >>> 0 < 4096 || at >>> 0 >= buffer.byteLength) return '(efault)';
  return readString(at, Math.min(most, buffer.byteLength - at));
}

/** The text of a printf: `format` and `args` are addresses, of text and of the arguments as C laid them out. */
export const formatted = (format: number, args: number): string => formatText(text(format), args);

function formatText(format: string, at: number): string {
  let next = at;
  const word = (): number => {
    next += 4;
    return r32(next - 4);
  };
  const long = (): bigint => {
    next = alignUp(next, 8) + 8;
    return (BigInt(r32(next - 4) >>> 0) << 32n) | BigInt(r32(next - 8) >>> 0);
  };
  const values: unknown[] = [];
  let plain = format;
  for (const conversion of conversionsOf(format)) {
    const stars = Array.from({ length: conversion.stars }, word);
    values.push(...stars);
    const { letter, bits, kind, written } = conversion;
    if (letter === 's') values.push(textOrNull(word(), TEXT_MAX));
    else if (letter !== 'p') values.push(bits === 64 ? long() : word());
    else if (written.startsWith('%pV')) {
      const inner = checked(word(), 8);
      plain = plain.replace(written, '%s');
      values.push(formatText(text(r32(inner)), r32(r32(inner + 4))));
    } else if (kind === 'I4') values.push(bytesAt(word(), 4));
    else if (kind.startsWith('M') || kind === 'm') values.push(bytesAt(word(), 6));
    else if (kind.startsWith('h')) values.push(bytesAt(word(), Math.max(1, conversion.starWidth ? stars[0] : conversion.width)));
    else values.push(word() >>> 0);
  }
  return vsprintf(plain, values);
}

const bytesAt = (at: number, size: number): Uint8Array => u8.slice(checked(at, size), (at >>> 0) + size);
