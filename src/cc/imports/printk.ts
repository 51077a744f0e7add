/**
 * kernel/printk and lib/vsprintf.c for C modules. The format and its conversions are lib/printf.ts's; here its arguments are
 * found in memory.
 */
import { ERANGE, EINVAL } from '../../lib/errno.js';
import { load } from '../../lib/atomic.js';
import { r32, u8, w32 } from '../../lib/memory.js';
import { MACHINE, machineWord } from '../../kernel/memlayout.js';
import { addTaint } from '../../kernel/panic.js';
import { printkRatelimit, printkText } from '../../kernel/printk/printk.js';
import { checked, formatted, text, type Imports } from '../abi.js';
import { dumpStack, panicC } from '../fault.js';

const encoder = new TextEncoder();

/** Writes what fits of `made` and a NUL into `size` bytes at `at`. Returns the length that all of it has. */
function store(at: number, size: number, made: string): number {
  const bytes = encoder.encode(made);
  if (size > 0) {
    const kept = Math.min(bytes.length, size - 1);
    const to = checked(at, kept + 1, true);
    u8.set(bytes.subarray(0, kept), to);
    u8[to + kept] = 0;
  }
  return bytes.length;
}

/** As store, but says how much was written. */
export const storeCut = (at: number, size: number, made: string): number => Math.min(store(at, size >>> 0, made), Math.max(0, (size >>> 0) - 1));

/** A number in a text, as kstrto* read it: the whole text but for a newline at its end. */
function kstrto(at: number, base: number, min: bigint, max: bigint): bigint | number {
  const [, sign = '', rest = ''] = /^([-+]?)(.*?)\n?$/s.exec(text(at)) ?? [];
  const hex = /^0x/i.test(rest) && (base === 0 || base === 16);
  const used = base !== 0 ? base : hex ? 16 : /^0\d/.test(rest) ? 8 : 10;
  const digits = hex ? rest.slice(2) : rest;
  if (digits === '' || !digits.split('').every((digit) => parseInt(digit, 36) < used)) return -EINVAL;
  if (sign === '-' && min === 0n) return -EINVAL;
  let value = 0n;
  for (const digit of digits) value = value * BigInt(used) + BigInt(parseInt(digit, 36));
  if (sign === '-') value = -value;
  return value < min || value > max ? -ERANGE : value;
}

function kstrtoInto(bits: 8 | 16 | 32 | 64, signed: boolean) {
  const min = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const max = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
  return (at: number, base: number, result: number): number => {
    const value = kstrto(at, base, min, max);
    if (typeof value === 'number') return value;
    const to = checked(result, bits / 8, true);
    if (bits >= 32) w32(to, Number(BigInt.asIntN(32, value)));
    else for (let i = 0; i < bits / 8; i++) u8[to + i] = Number((value >> BigInt(i * 8)) & 0xffn);
    if (bits === 64) w32(to + 4, Number(BigInt.asIntN(32, value >> 32n)));
    return 0;
  };
}

/** Bytes in one line of a dump. */
const rowOf = (wanted: number): number => (wanted === 32 ? 32 : 16);

/** One line of bytes as hex, in numbers of `wanted` bytes where they come out even, and as text behind it. */
function hexLine(at: number, row: number, wanted: number, size: number, ascii: boolean): string {
  const bytes = u8.slice(at, at + Math.min(size, row));
  if (bytes.length === 0) return '';
  const group = [2, 4, 8].includes(wanted) && bytes.length % wanted === 0 ? wanted : 1;
  const numbers = Array.from({ length: bytes.length / group }, (_, i) => [...bytes.subarray(i * group, (i + 1) * group)].toReversed().map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  const hex = numbers.join(' ');
  return ascii ? hex.padEnd(row * 2 + row / group + 1) + [...bytes].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('') : hex;
}

/** DUMP_PREFIX_ADDRESS, DUMP_PREFIX_OFFSET. */
const WITH_ADDRESS = 1, WITH_OFFSET = 2;

/** C: print_hex_dump. */
function hexDump(level: number, prefix: number, type: number, wanted: number, group: number, at: number, size: number, ascii: number): void {
  const row = rowOf(wanted);
  const from = checked(at, size >>> 0);
  for (let offset = 0; offset < size >>> 0; offset += row) {
    const where = type === WITH_ADDRESS ? `${(from + offset).toString(16).padStart(8, '0')}: ` : type === WITH_OFFSET ? `${offset.toString(16).padStart(8, '0')}: ` : '';
    printkText(`${text(level)}${text(prefix)}${where}${hexLine(from + offset, row, group, Math.min(row, (size >>> 0) - offset), ascii !== 0)}\n`);
  }
}

/** C: kstrtobool. */
function kstrtobool(at: number, result: number): number {
  const word = text(at).toLowerCase();
  const value = /^(y|t|1|on)/.test(word) ? 1 : /^(n|f|0|of)/.test(word) ? 0 : -1;
  if (value < 0) return -EINVAL;
  u8[checked(result, 1, true)] = value;
  return 0;
}

/** What a conversion of sscanf takes from the front of a text: the characters, and what they say; null if they do not fit. */
function scanOne(rest: string, letter: string, width: number, set: string): readonly [used: number, value: bigint | string] | null {
  if (letter === 'c') return rest.length >= Math.min(width, 1) && rest !== '' ? [Math.min(width, rest.length), rest.slice(0, width)] : null;
  if (letter === '[') {
    const chars = new RegExp(`^[${set.replaceAll('\\', '\\\\')}]{1,${width}}`).exec(rest);
    return chars && [chars[0].length, chars[0]];
  }
  const skipped = rest.length - rest.trimStart().length;
  const word = rest.slice(skipped, skipped + width);
  if (letter === 's') {
    const [found = ''] = /^\S+/.exec(word) ?? [];
    return found === '' ? null : [skipped + found.length, found];
  }
  if (/^[xXi]$/.test(letter) && word.length === width && /^[-+]?0x$/i.test(word)) return [skipped + width, 0n]; // The width ends it behind the prefix.
  const number = { d: /^[-+]?\d+/, u: /^\d+/, x: /^(?:0[xX])?[\da-fA-F]+/, X: /^(?:0[xX])?[\da-fA-F]+/, o: /^[0-7]+/, i: /^[-+]?(?:0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)/ }[letter]?.exec(word)?.[0];
  if (number === undefined) return null;
  const plain = number.replace(/^[-+]/, '');
  const base = /^0[xX]/.test(plain) ? '' : letter === 'x' || letter === 'X' ? '0x' : letter === 'o' || (letter === 'i' && /^0\d/.test(plain)) ? '0o' : '';
  const value = BigInt(base === '0o' ? `0o${plain.replace(/^0+(?=\d)/, '')}` : `${base}${base === '' && !/^0[xX]/.test(plain) ? plain.replace(/^0+(?=\d)/, '') : plain}`);
  return [skipped + number.length, number.startsWith('-') ? -value : value];
}

const BYTES: Readonly<Record<string, number>> = { hh: 1, h: 2, l: 4, ll: 8, L: 8, z: 4, '': 4 };

/** Reads values out of the text at `at`; returns how many were stored. C: sscanf. */
function scan(at: number, format: string, args: number): number {
  const all = text(at);
  let [from, next, stored] = [0, args, 0];
  for (const [part, skip, digits, size, letter, set = ''] of format.matchAll(/%(\*?)(\d*)(hh|h|ll|l|L|z|)([cdiuxXosn%]|\[(\^?\]?[^\]]*)\])|\s+|[^%\s]/g)) {
    if (letter === undefined || letter === '%') {
      if (/^\s/.test(part)) from += all.slice(from).length - all.slice(from).trimStart().length;
      else if (all[from] !== (letter ?? part)) return stored;
      else from++;
      continue;
    }
    const found = letter === 'n' ? ([0, BigInt(from)] as const) : scanOne(all.slice(from), letter[0], digits === '' ? (letter === 'c' ? 1 : Infinity) : Number(digits), set);
    if (found === null) return stored;
    from += found[0];
    if (skip !== '') continue;
    const to = r32(next);
    next += 4;
    if (typeof found[1] === 'string') {
      const bytes = encoder.encode(found[1]);
      const nul = letter === 'c' ? 0 : 1;
      u8.set(bytes, checked(to, bytes.length + nul, true));
      if (nul === 1) u8[to + bytes.length] = 0;
    } else for (let i = 0; i < BYTES[size]; i++) u8[checked(to, BYTES[size], true) + i] = Number((found[1] >> BigInt(i * 8)) & 0xffn);
    if (letter !== 'n') stored++;
  }
  return stored;
}

export const printk: Imports = {
  hex_dump_to_buffer: (from: number, size: number, row: number, group: number, to: number, room: number, ascii: number) => store(to, room >>> 0, hexLine(checked(from, Math.min(size >>> 0, rowOf(row))), rowOf(row), group, size >>> 0, ascii !== 0)),
  print_hex_dump: hexDump,
  kstrtobool,
  sscanf: (at: number, format: number, args: number) => scan(at, text(format), args),
  vsscanf: (at: number, format: number, args: number) => scan(at, text(format), args),
  _printk: (format: number, args: number) => printkText(formatted(format, args)),
  vprintk: (format: number, args: number) => printkText(formatted(format, args)),
  kthread_printk_ratelimit: () => printkRatelimit(),
  panic: (format: number, args: number) => panicC(formatted(format, args)),
  dump_stack: () => dumpStack(),
  add_taint: (flag: number) => addTaint(1 << flag),
  test_taint: (flag: number) => (load(machineWord(MACHINE.tainted)) >>> flag) & 1,
  get_taint: () => load(machineWord(MACHINE.tainted)),
  sprintf: (to: number, format: number, args: number) => store(to, 0x7fffffff, formatted(format, args)),
  vsprintf: (to: number, format: number, args: number) => store(to, 0x7fffffff, formatted(format, args)),
  snprintf: (to: number, size: number, format: number, args: number) => store(to, size >>> 0, formatted(format, args)),
  vsnprintf: (to: number, size: number, format: number, args: number) => store(to, size >>> 0, formatted(format, args)),
  scnprintf: (to: number, size: number, format: number, args: number) => storeCut(to, size, formatted(format, args)),
  vscnprintf: (to: number, size: number, format: number, args: number) => storeCut(to, size, formatted(format, args)),
  kstrtoint: kstrtoInto(32, true),
  kstrtouint: kstrtoInto(32, false),
  kstrtol: kstrtoInto(32, true),
  kstrtoul: kstrtoInto(32, false),
  kstrtoll: kstrtoInto(64, true),
  kstrtoull: kstrtoInto(64, false),
  kstrtos16: kstrtoInto(16, true),
  kstrtos8: kstrtoInto(8, true),
  kstrtou8: kstrtoInto(8, false),
  kstrtou16: kstrtoInto(16, false),
};
