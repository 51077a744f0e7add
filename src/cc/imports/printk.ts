/**
 * kernel/printk and lib/vsprintf.c for C modules. The format and its conversions are lib/printf.ts's; here its arguments are
 * found in memory.
 */
import { ERANGE, EINVAL } from '../../lib/errno.js';
import { u8, w32 } from '../../lib/memory.js';
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
const storeCut = (at: number, size: number, made: string): number => Math.min(store(at, size >>> 0, made), Math.max(0, (size >>> 0) - 1));

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

export const printk: Imports = {
  _printk: (format: number, args: number) => printkText(formatted(format, args)),
  vprintk: (format: number, args: number) => printkText(formatted(format, args)),
  kthread_printk_ratelimit: () => printkRatelimit(),
  panic: (format: number, args: number) => panicC(formatted(format, args)),
  dump_stack: () => dumpStack(),
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
  kstrtou8: kstrtoInto(8, false),
  kstrtou16: kstrtoInto(16, false),
};
