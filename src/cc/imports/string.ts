/**
 * lib/string.c for C modules: what is not a few instructions in the header. Each call checks the bytes that it touches.
 */
import { u8 } from '../../lib/memory.js';
import { badByte } from '../../kernel/mm/kasan.js';
import { checked, type Imports } from '../abi.js';
import { badAccess } from '../fault.js';

/** Bytes of the text at `at`, without its NUL, at most `most`; checked as far as they go. */
function lengthOf(at: number, most = 0xffffffff): number {
  if (most === 0) return 0;
  const from = checked(at, 1);
  const end = u8.indexOf(0, from);
  const length = Math.min(end < 0 ? u8.length - from : end - from, most);
  const bad = badByte(from, Math.min(length + 1, most));
  if (bad >= 0) badAccess(bad, 1, false);
  return length;
}

function compare(a: number, b: number, most: number, fold: (byte: number) => number = (byte) => byte): number {
  for (let i = 0; i < most; i++) {
    const [x, y] = [fold(u8[checked(a + i, 1)]), fold(u8[checked(b + i, 1)])];
    if (x !== y) return x < y ? -1 : 1;
    if (x === 0) return 0;
  }
  return 0;
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte);

/** Copies `size` bytes to `to`. */
function copy(to: number, from: number, size: number): void {
  if (size > 0) u8.copyWithin(checked(to, size, true), from, from + size);
}

function put(to: number, byte: number): void {
  u8[checked(to, 1, true)] = byte;
}

function find(at: number, size: number, wanted: (index: number) => boolean): number {
  for (let i = 0; i < size; i++) if (wanted(at + i)) return at + i;
  return 0;
}

function memcmp(a: number, b: number, size: number): number {
  if (size === 0) return 0;
  checked(a, size);
  checked(b, size);
  for (let i = 0; i < size; i++) if (u8[a + i] !== u8[b + i]) return u8[a + i] - u8[b + i];
  return 0;
}

function strlcpy(to: number, from: number, size: number): number {
  const length = lengthOf(from);
  if (size > 0) {
    const kept = Math.min(length, size - 1);
    copy(to, from, kept);
    put(to + kept, 0);
  }
  return length;
}

const E2BIG = 7;

function strscpy(to: number, from: number, size: number): number {
  if (size === 0) return -E2BIG;
  const length = lengthOf(from, size);
  const kept = Math.min(length, size - 1);
  copy(to, from, kept);
  put(to + kept, 0);
  return length < size ? kept : -E2BIG;
}

export const string: Imports = {
  strlen: (at: number) => lengthOf(at),
  strnlen: (at: number, most: number) => lengthOf(at, most >>> 0),
  strcmp: (a: number, b: number) => compare(a, b, Infinity),
  strncmp: (a: number, b: number, most: number) => compare(a, b, most >>> 0),
  strcasecmp: (a: number, b: number) => compare(a, b, Infinity, lower),
  strncasecmp: (a: number, b: number, most: number) => compare(a, b, most >>> 0, lower),
  memcmp: (a: number, b: number, size: number) => memcmp(a, b, size >>> 0),
  strcpy: (to: number, from: number) => {
    copy(to, from, lengthOf(from) + 1);
    return to;
  },
  stpcpy: (to: number, from: number) => {
    const length = lengthOf(from);
    copy(to, from, length + 1);
    return to + length;
  },
  strncpy: (to: number, from: number, size: number) => {
    const length = lengthOf(from, size >>> 0);
    copy(to, from, length);
    if (size > length) u8.fill(0, checked(to + length, size - length, true), to + size);
    return to;
  },
  strlcpy: (to: number, from: number, size: number) => strlcpy(to, from, size >>> 0),
  strscpy: (to: number, from: number, size: number) => strscpy(to, from, size >>> 0),
  strcat: (to: number, from: number) => {
    copy(to + lengthOf(to), from, lengthOf(from) + 1);
    return to;
  },
  strncat: (to: number, from: number, most: number) => {
    const [end, length] = [to + lengthOf(to), lengthOf(from, most >>> 0)];
    copy(end, from, length);
    put(end + length, 0);
    return to;
  },
  strlcat: (to: number, from: number, size: number) => {
    const used = lengthOf(to, size >>> 0);
    return used + strlcpy(to + used, from, (size >>> 0) - used);
  },
  strchr: (at: number, byte: number) => find(at, lengthOf(at) + 1, (i) => u8[i] === (byte & 0xff)),
  strrchr: (at: number, byte: number) => {
    for (let i = at + lengthOf(at); i >= at; i--) if (u8[i] === (byte & 0xff)) return i;
    return 0;
  },
  memchr: (at: number, byte: number, size: number) => (size === 0 ? 0 : find(checked(at, size >>> 0), size >>> 0, (i) => u8[i] === (byte & 0xff))),
  strstr: (at: number, wanted: number) => {
    const [size, most] = [lengthOf(wanted), lengthOf(at)];
    return find(at, Math.max(0, most - size + 1), (i) => memcmp(i, wanted, size) === 0) || (size === 0 ? at : 0);
  },
};
