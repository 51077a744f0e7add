/**
 * Open files: what open, read, write, llseek, ioctl, poll and close do, in the task of the process that asks. Which functions
 * that calls depends on the kind of the file: those of a struct file_operations in C are here, other files add theirs. Errors
 * are negative numbers, as C has them.
 */
import { fetchAdd, load } from '../../lib/atomic.js';
import { EBADF, EEXIST, EFAULT, EINVAL, EISDIR, ENOENT, ENOMEM, ENOTDIR, ENOTTY, ESPIPE } from '../../lib/errno.js';
import { listAddTail, listInit } from '../../lib/list.js';
import { i32, r32, w32 } from '../../lib/memory.js';
import { kzalloc } from '../../kernel/mm/slab.js';
import { warn } from '../../kernel/panic.js';
import { callC, callWide } from '../run.js';
import { ENTRY, FILE, FILE_OPERATIONS as FOPS, FS } from './records.js';
import { dropFile, modulePut, tryModuleGet } from './file_table.js';
import { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } from './request.js';
import { KIND_DIR, KIND_FOPS, fsLocked, getEntry, inodeOf, isDir, lookup, pathOf, putEntry } from './dcache.js';

const O_ACCMODE = 3, O_DIRECTORY = 0o200000;
export const FMODE_READ = 1, FMODE_WRITE = 2, FMODE_LSEEK = 4, FMODE_STREAM = 0x200000;
const ENOIOCTLCMD = 515;
/** A file that says nothing about poll is always ready to be read and written. */
const DEFAULT_POLLMASK = 0x145;

/**
 * The functions of one kind of files. `file` and `inode` are addresses of struct file and struct inode, `buf` of memory of
 * the process, `pos` of a loff_t, 0 for a stream. What is missing is answered as Linux does. May sleep.
 */
export interface FileOps {
  /** 0 or a negative number; then nothing is open. */
  open?(inode: number, file: number): number;
  read?(file: number, buf: number, count: number, pos: number): number;
  write?(file: number, buf: number, count: number, pos: number): number;
  llseek?(file: number, offset: number, whence: number): number;
  ioctl?(file: number, cmd: number, arg: number): number;
  /** `table` is a poll_table, 0: who asks will not wait. */
  poll?(file: number, table: number): number;
  flush?(file: number): number;
  release?(inode: number, file: number): void;
}

const kinds = new Map<number, FileOps>();

/** Says how files of `kind` work, on this isolate: at the top of a file that imports.ts reaches. */
export function setFileOps(kind: number, ops: FileOps): void {
  kinds.set(kind, ops);
}

const opsOf = (file: number): FileOps => kinds.get(r32(file + FILE.kind)) ?? {};

// --- Opening and closing ------------------------------------------------------------------------------------------

/** Opens `path`, or the entry `own`, for `process` (a record of process.ts, 0: the kernel). Returns the struct file, or -ENOENT, -ENOTDIR, -EISDIR, -ENOMEM, or what its driver said. May sleep. C: do_filp_open. */
export function vfsOpen(path: string, flags: number, process = 0, own = 0): number {
  const entry = own || lookup(path);
  if (entry < 0) return entry;
  if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
  if (isDir(entry)) return -EISDIR;
  if ((flags & O_DIRECTORY) !== 0) return -ENOTDIR;
  if (!getEntry(entry)) return -ENOENT;
  const owner = r32(entry + ENTRY.owner);
  if (!tryModuleGet(owner)) {
    putEntry(entry);
    return -ENOENT;
  }
  const file = newFile(entry, flags, owner, process);
  if (file === 0) {
    modulePut(owner);
    putEntry(entry);
    return -ENOMEM;
  }
  let result = -EFAULT;
  try {
    result = opsOf(file).open?.(inodeOf(entry), file) ?? 0;
  } finally {
    if (result !== 0) dropFile(file);
  }
  if (result === 0) return file;
  if (result < 0) return result;
  warn('open of %s returned %d; it should return 0 or a negative error number', path, result);
  return -EINVAL;
}

function newFile(entry: number, flags: number, owner: number, process: number): number {
  const file = kzalloc(FILE.sizeof);
  if (file === 0) return 0;
  const access = flags & O_ACCMODE;
  w32(file + FILE.f_path + 4, entry);
  w32(file + FILE.f_inode, inodeOf(entry));
  w32(file + FILE.f_op, r32(entry + ENTRY.kind) === KIND_FOPS ? r32(entry + ENTRY.ops) : 0);
  w32(file + FILE.f_count, 1);
  w32(file + FILE.f_flags, flags & ~(O_CREAT | O_EXCL));
  w32(file + FILE.f_mode, FMODE_LSEEK | (access === O_WRONLY ? 0 : FMODE_READ) | (access === O_RDONLY ? 0 : FMODE_WRITE));
  w32(file + FILE.entry, entry);
  w32(file + FILE.kind, r32(entry + ENTRY.kind));
  w32(file + FILE.owner, owner);
  w32(file + FILE.process, process);
  listInit(file + FILE.link);
  fsLocked((fs) => listAddTail(file + FILE.link, fs + FS.files));
  return file;
}

/** Closes `file`: flush, release, and what it kept is let go. May sleep. C: filp_close. */
export function vfsClose(file: number): number {
  let result = 0;
  try {
    result = opsOf(file).flush?.(file) ?? 0;
    fput(file);
  } catch (error) {
    dropFile(file);
    throw error;
  }
  return result;
}

/** One reference less; the last one calls release. May sleep. C: fput. */
export function fput(file: number): void {
  if (fetchAdd(file + FILE.f_count, -1) !== 1) return;
  opsOf(file).release?.(r32(file + FILE.f_inode), file);
  dropFile(file);
}

// --- Using --------------------------------------------------------------------------------------------------------

/** Reads at most `count` bytes to `buf`, at the file's position; `pos` is room for 8 bytes. Returns how many, or an error. May sleep. C: vfs_read. */
export const vfsRead = (file: number, buf: number, count: number, pos: number): number => transfer('read', FMODE_READ, file, buf, count, pos);

/** Writes `count` bytes at `buf`, at the file's position; `pos` is room for 8 bytes. Returns how many, or an error. May sleep. C: vfs_write. */
export const vfsWrite = (file: number, buf: number, count: number, pos: number): number => transfer('write', FMODE_WRITE, file, buf, count, pos);

function transfer(what: 'read' | 'write', needs: number, file: number, buf: number, count: number, pos: number): number {
  if ((r32(file + FILE.f_mode) & needs) === 0) return -EBADF;
  const ops = opsOf(file);
  if (!ops[what]) return -EINVAL;
  const isStream = (r32(file + FILE.f_mode) & FMODE_STREAM) !== 0;
  copyWords(file + FILE.f_pos, pos, 2);
  const result = ops[what](file, buf, count, isStream ? 0 : pos);
  if (result >= 0 && !isStream) copyWords(pos, file + FILE.f_pos, 2); // A driver has the position in hand, not the file's own.
  if (result <= count) return result;
  warn('%s of %s returned %d, more than the %d bytes asked for', what, pathOf(r32(file + FILE.entry)), result, count);
  return count;
}

const copyWords = (from: number, to: number, count: number): void => void i32.copyWithin(to >> 2, from >> 2, (from >> 2) + count);

/** Moves the file's position. Returns where it is then, or an error. May sleep. C: vfs_llseek. */
export function vfsLlseek(file: number, offset: number, whence: number): number {
  const { llseek } = opsOf(file);
  if ((r32(file + FILE.f_mode) & FMODE_LSEEK) === 0 || !llseek) return -ESPIPE;
  return llseek(file, offset, whence);
}

/** C: vfs_ioctl. */
export function vfsIoctl(file: number, cmd: number, arg: number): number {
  const result = opsOf(file).ioctl?.(file, cmd, arg) ?? -ENOTTY;
  return result === -ENOIOCTLCMD ? -ENOTTY : result;
}

/** What the file is ready for: a mask of POLL*. C: vfs_poll. */
export const vfsPoll = (file: number, table: number): number => opsOf(file).poll?.(file, table) ?? DEFAULT_POLLMASK;

// --- struct file_operations ---------------------------------------------------------------------------------------

/** The function at `offset` of what the file's operations are now; 0: none. open() may have replaced them. */
function fop(file: number, offset: number): number {
  const ops = load(file + FILE.f_op);
  return ops === 0 ? 0 : r32(ops + offset);
}

/** Calls `fn` where a driver has it, else answers `missing`. */
const call = (file: number, offset: number, missing: number, ...args: number[]): number => {
  const fn = fop(file, offset);
  return fn === 0 ? missing : callC(fn, ...args);
};

/** Files whose operations are a struct file_operations in C. */
export const fileOperations: Required<FileOps> = {
  open: (inode, file) => call(file, FOPS.open, 0, inode, file),
  read: (file, buf, count, pos) => call(file, FOPS.read, -EINVAL, file, buf, count, pos),
  write: (file, buf, count, pos) => call(file, FOPS.write, -EINVAL, file, buf, count, pos),
  llseek: (file, offset, whence) => {
    const fn = fop(file, FOPS.llseek);
    return fn === 0 ? -ESPIPE : Number(callWide(fn, file, BigInt(offset), whence));
  },
  ioctl: (file, cmd, arg) => {
    const old = fop(file, FOPS.ioctl);
    return old === 0 ? call(file, FOPS.unlocked_ioctl, -ENOTTY, file, cmd, arg) : callC(old, r32(file + FILE.f_inode), file, cmd, arg);
  },
  poll: (file, table) => call(file, FOPS.poll, DEFAULT_POLLMASK, file, table),
  flush: (file) => call(file, FOPS.flush, 0, file, 0),
  release: (inode, file) => void call(file, FOPS.release, 0, inode, file),
};

setFileOps(KIND_DIR, {});
setFileOps(KIND_FOPS, fileOperations);
