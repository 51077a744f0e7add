/**
 * fs/seq_file.c for C modules: opening and reading are fs/seq_file.ts's, here is what show() writes with.
 */
import { ENOMEM } from '../../lib/errno.js';
import { r32, u8 } from '../../lib/memory.js';
import { SEQ_FILE } from '../fs/records.js';
import { seqAppend, seqLseek, seqOpen, seqOpenPrivate, seqRead, seqRelease, seqReleasePrivate, singleOpen, singleRelease } from '../fs/seq_file.js';
import { checked, formatted, text, type Imports } from '../abi.js';

const encoder = new TextEncoder();
const seq = (m: number): number => checked(m, SEQ_FILE.sizeof, true);
const append = (m: number, what: string): number => (seqAppend(seq(m), encoder.encode(what)) ? 0 : -1);
const before = (at: number): string => (at === 0 ? '' : text(at));

/** Characters of `which` as backslash and three octal digits. */
function escaped(plain: string, which: string): string {
  return Array.from(plain, (char) => (which.includes(char) ? `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}` : char)).join('');
}

function pad(m: number, last: number): void {
  const missing = r32(seq(m) + SEQ_FILE.pad_until) - r32(m + SEQ_FILE.count);
  append(m, ' '.repeat(Math.max(0, missing)) + (last === 0 ? '' : String.fromCharCode(last & 0xff)));
}

export const seqFile: Imports = {
  seq_open: seqOpen,
  seq_open_private: (file: number, op: number, size: number) => (seqOpenPrivate(file, op, size) === 0 ? -ENOMEM : 0),
  __seq_open_private: seqOpenPrivate,
  seq_read: (file: number, to: number, size: number, ppos: number) => seqRead(file, to, size >>> 0, ppos),
  seq_lseek: seqLseek,
  seq_release: (_inode: number, file: number) => seqRelease(file),
  seq_release_private: (_inode: number, file: number) => seqReleasePrivate(file),
  single_open: (file: number, show: number, data: number) => singleOpen(file, show, data),
  single_open_size: (file: number, show: number, data: number, size: number) => singleOpen(file, show, data, size),
  single_release: (_inode: number, file: number) => singleRelease(file),

  seq_printf: (m: number, format: number, args: number) => void append(m, formatted(format, args)),
  seq_vprintf: (m: number, format: number, args: number) => void append(m, formatted(format, args)),
  seq_puts: (m: number, what: number) => void append(m, text(what)),
  seq_putc: (m: number, char: number) => void seqAppend(seq(m), Uint8Array.of(char)),
  seq_write: (m: number, at: number, size: number) => (seqAppend(seq(m), size === 0 ? new Uint8Array(0) : u8.slice(checked(at, size >>> 0), (at >>> 0) + (size >>> 0))) ? 0 : -1),
  seq_put_decimal_ull: (m: number, prefix: number, n: bigint) => void append(m, `${before(prefix)}${BigInt.asUintN(64, n)}`),
  seq_put_decimal_ull_width: (m: number, prefix: number, n: bigint, width: number) => void append(m, before(prefix) + String(BigInt.asUintN(64, n)).padStart(width)),
  seq_put_decimal_ll: (m: number, prefix: number, n: bigint) => void append(m, `${before(prefix)}${n}`),
  seq_put_hex_ll: (m: number, prefix: number, n: bigint, width: number) => void append(m, before(prefix) + BigInt.asUintN(64, n).toString(16).padStart(width, '0')),
  seq_escape: (m: number, plain: number, which: number) => void append(m, escaped(text(plain), text(which))),
  seq_pad: pad,
};
