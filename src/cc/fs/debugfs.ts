/**
 * /sys/kernel/debug of modules in C: files with functions of their own, which keep their module loaded while they are open,
 * and variables as files. What was taken away answers EIO.
 */
import { EACCES, EEXIST, EINVAL, EIO, ENOENT, ENOMEM } from '../../lib/errno.js';
import { r32, readString, stringSize, u8, w32, writeString } from '../../lib/memory.js';
import { isolateModule } from '../../kernel/isolate.js';
import { kasanKfree, kasanKmalloc } from '../../kernel/mm/kasan.js';
import { MODULE } from '../../kernel/module.js';
import { KERN_ERR, printk } from '../../kernel/printk/printk.js';
import { currentThread } from '../../kernel/sched/core.js';
import { KIND_DIR, S_IFDIR, S_IFLNK, S_IFREG, addEntry, entryIn, lookup, nameOf } from './dcache.js';
import { isThere, removeAndWait } from './drain.js';
import { fileOperations, setFileOps, type FileOps } from './file.js';
import { KIND_DEBUG, KIND_VALUE, SHOW_VALUE } from './kinds.js';
import { ENTRY, FILE, FILE_OPERATIONS as FOPS, INODE, SEQ_FILE } from './records.js';
import { seqAppend, seqLseek, seqRead, setShow, singleOpen, singleRelease } from './seq_file.js';
import { takeText } from './sysfs.js';

const root = (): number => lookup('/sys/kernel/debug');
const idOf = (owner: number): number => (owner === 0 ? 0 : r32(owner + MODULE.id));
/** What C has in a pointer that is no entry: an error number. */
const isError = (at: number): boolean => at < 0 && at >= -4095;

/** Makes an entry below `parent`, 0: the top. An error for a parent stays one. */
function create(name: string, parent: number, spec: Parameters<typeof addEntry>[2], what: 'File' | 'Directory'): number {
  if (isError(parent)) return parent;
  const dir = parent === 0 ? root() : parent;
  const entry = addEntry(dir, name, spec);
  if (entry !== -EEXIST) return entry;
  const above = dir === root() ? '/' : nameOf(dir);
  if (what === 'File') printk("%sdebugfs: File '%s' in directory '%s' already present!\n", KERN_ERR, name, above);
  else printk("%sdebugfs: Directory '%s' with parent '%s' already present!\n", KERN_ERR, name, above);
  return entry;
}

/** C: debugfs_create_dir. */
export const debugfsDir = (name: string, parent: number, owner: number): number =>
  create(name, parent, { mode: S_IFDIR | 0o755, kind: KIND_DIR, module: idOf(owner) }, 'Directory');

/** C: debugfs_create_symlink. */
export const debugfsLink = (name: string, parent: number, target: string, owner: number): number =>
  create(name, parent, { mode: S_IFLNK | 0o777, kind: KIND_DIR, target, module: idOf(owner) }, 'File');

/** C: debugfs_create_file. The module that its functions name stays loaded while it is open. */
export const debugfsFile = (name: string, mode: number, parent: number, data: number, fops: number, owner: number): number =>
  create(name, parent, { mode: S_IFREG | (mode & 0o7777), kind: KIND_DEBUG, ops: fops, data, owner: fops === 0 ? 0 : r32(fops + FOPS.owner), module: idOf(owner) }, 'File');

/** A variable at `at` as a file: `letter` says of which type, and how it is shown. C: debugfs_create_u32 and its like. */
export const debugfsValue = (name: string, mode: number, parent: number, at: number, letter: string, owner: number): number =>
  create(name, parent, { mode: S_IFREG | (mode & 0o777), kind: KIND_VALUE, ops: letter.charCodeAt(0), data: at, module: idOf(owner) }, 'File');

/** With all that is below it. An error or NULL is nothing to remove. Sleeps. C: debugfs_remove. */
export function debugfsRemove(entry: number): void {
  if (entry !== 0 && !isError(entry)) removeAndWait(entry);
}

/** The entry of that name; 0: none. C: debugfs_lookup. */
export const debugfsLookup = (name: string, parent: number): number => entryIn(parent === 0 ? root() : parent, name);

// --- Files --------------------------------------------------------------------------------------------------------

const guarded = <A extends readonly number[]>(call: (file: number, ...rest: A) => number, gone = -EIO) => (file: number, ...rest: A): number => (isThere(file) ? call(file, ...rest) : gone);

setFileOps(KIND_DEBUG, {
  ...fileOperations,
  open(inode, file) {
    if (!isThere(file)) return -ENOENT;
    w32(file + FILE.f_op, r32(r32(file + FILE.entry) + ENTRY.ops));
    return fileOperations.open(inode, file);
  },
  read: guarded(fileOperations.read), write: guarded(fileOperations.write), llseek: guarded(fileOperations.llseek), ioctl: guarded(fileOperations.ioctl),
  poll: guarded(fileOperations.poll, 0x18), // POLLERR and POLLHUP
});

// --- Variables ----------------------------------------------------------------------------------------------------

/** Bytes of an integer by its letter, as C's header gives it; capital letters are shown in hexadecimal, all digits. */
const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, u: 4, q: 8, B: 1, H: 2, U: 4, Q: 8, a: 4 };
const PAGE_SIZE = 4096;

function readInteger(at: number, size: number, signed: boolean): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(u8[at + i]);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

/** What is shown of the variable at `at`. */
function shown(letter: string, at: number): Uint8Array {
  if (letter === 'o') return u8.slice(r32(at), r32(at) + (r32(at + 4) >>> 0));
  return new TextEncoder().encode(`${textOf(letter, at)}\n`);
}

function textOf(letter: string, at: number): string {
  if (letter === 't') return u8[at] !== 0 ? 'Y' : 'N';
  if (letter === 's') return r32(at) === 0 ? '' : readString(r32(at), PAGE_SIZE);
  if (letter === 'v') return Array.from({ length: r32(at + 4) }, (_, i) => String(r32(r32(at) + i * 4) >>> 0)).join(' ');
  const size = SIZES[letter];
  const value = readInteger(at, size, letter === 'a');
  return letter === letter.toUpperCase() ? `0x${value.toString(16).padStart(size * 2, '0')}` : String(value);
}

const letterOf = (file: number): string => String.fromCharCode(r32(r32(file + FILE.entry) + ENTRY.ops));
const variableOf = (file: number): number => r32(r32(file + FILE.entry) + ENTRY.data);

setShow(SHOW_VALUE, (m) => {
  const file = r32(m + SEQ_FILE.private);
  seqAppend(m, shown(letterOf(file), variableOf(file)));
  return 0;
});

/** Sets the variable to what `text` says. 0 or an error. */
function setVariable(letter: string, at: number, text: string): number {
  if (letter === 't') {
    const word = text.trim().toLowerCase();
    if (!/^(y|t|1|on|n|f|0|of)/.test(word)) return -EINVAL;
    u8[at] = /^(y|t|1|on)/.test(word) ? 1 : 0;
    return 0;
  }
  if (letter === 's') return setText(at, text);
  const [, sign = '', digits = ''] = /^\s*([-+]?)(0x[0-9a-f]+|\d+)\s*$/i.exec(text) ?? [];
  if (digits === '') return -EINVAL;
  const value = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits) * (sign === '-' ? -1n : 1n);
  for (let i = 0, size = SIZES[letter]; i < size; i++) u8[at + i] = Number(BigInt.asUintN(8, value >> BigInt(i * 8)));
  return 0;
}

/** A copy of its own; the text of before was allocated, as C says, and is freed. */
function setText(at: number, text: string): number {
  const pid = currentThread()?.pid ?? 0;
  const plain = text.replace(/\n$/, '');
  const copy = kasanKmalloc(stringSize(plain), true, isolateModule(), pid);
  if (copy === 0) return -ENOMEM;
  writeString(copy, stringSize(plain), plain);
  const before = r32(at);
  w32(at, copy);
  if (before !== 0) kasanKfree(before, pid);
  return 0;
}

const isReadOnly = (file: number): boolean => 'ov'.includes(letterOf(file)) || (r32(r32(file + FILE.f_inode) + INODE.i_mode) & 0o222) === 0;

const valueOps: FileOps = {
  open: (_inode, file) => (isThere(file) ? singleOpen(file, SHOW_VALUE, file) : -ENOENT),
  read: guarded(seqRead),
  write: guarded((file: number, buf: number, count: number, pos: number) => {
    if (isReadOnly(file)) return letterOf(file) === 'o' ? -EINVAL : -EACCES;
    return takeText(buf, count, pos, (text, size) => setVariable(letterOf(file), variableOf(file), readString(text, size + 1)) || size);
  }),
  llseek: (file, offset, whence) => Number(seqLseek(file, BigInt(offset), whence)),
  release: (_inode, file) => void singleRelease(file),
};
setFileOps(KIND_VALUE, valueOps);
