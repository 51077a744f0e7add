/**
 * What modules put into /proc. An entry is one of dcache.ts's and does not hold its module: taking it away waits for whoever is in a
 * function of it and releases the files that are open, so a module may go as soon as its entries are gone. The kernel's own
 * files of /proc are text of fs/proc.ts.
 */
import { EINVAL, EIO, ENOENT, ENOMEM, ENOTTY } from '../../lib/errno.js';
import { r32, w32 } from '../../lib/memory.js';
import { MODULE } from '../../kernel/module.js';
import { warn } from '../../kernel/panic.js';
import { callC, callWide } from '../run.js';
import { KIND_DIR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, addEntry, entryIn, isDir, listDir, lookup, nameOf, pathOf } from './dcache.js';
import { claimRelease, isThere, removeAndWait } from './drain.js';
import { FMODE_LSEEK, setFileOps, type FileOps } from './file.js';
import { KIND_PROC, KIND_PROC_FOPS, KIND_PROC_SEQ, KIND_PROC_SHOW } from './kinds.js';
import { ENTRY, FILE, FILE_OPERATIONS as FOPS, INODE } from './records.js';
import { seqLseek, seqOpen, seqOpenPrivate, seqRead, seqReleasePrivate, singleOpen, singleRelease } from './seq_file.js';

/** struct proc_ops of linux/proc_fs.h. */
const OPS = { open: 4, read: 8, write: 12, lseek: 16, release: 20, poll: 24, ioctl: 28 } as const;
const S_IALLUGO = 0o7777, NAME_MAX = 255;
/** Ready to be read and written: what a file says that knows nothing of poll. */
const DEFAULT_POLLMASK = 0x145;

const root = (): number => lookup('/proc');

/** What a module gives for an entry. */
export interface NewProc {
  readonly kind: number;
  readonly ops: number;
  readonly data: number;
  /** Of a struct seq_operations with data of its own for each reader: its bytes. */
  readonly size?: number;
  /** The module's record. */
  readonly owner: number;
}

/** Makes the file `path` below `parent`, 0: /proc. Returns its entry, 0 after a warning. C: proc_create. */
export function procCreate(path: string, mode: number, parent: number, { kind, ops, data, size = 0, owner }: NewProc): number {
  const allowed = (mode & S_IALLUGO) === 0 ? mode | 0o444 : mode;
  return register(path, parent, { mode: (allowed & S_IFMT) === 0 ? allowed | S_IFREG : allowed, kind, ops, data, rdev: size, module: idOf(owner) });
}

/** C: proc_mkdir_data. */
export const procMkdir = (path: string, mode: number, parent: number, data: number, owner: number): number =>
  register(path, parent, { mode: S_IFDIR | (mode === 0 ? 0o555 : mode), kind: KIND_DIR, data, module: idOf(owner) });

/** C: proc_symlink. */
export const procSymlink = (path: string, parent: number, target: string, owner: number): number =>
  register(path, parent, { mode: S_IFLNK | 0o777, kind: KIND_DIR, target, module: idOf(owner) });

const idOf = (owner: number): number => (owner === 0 ? 0 : r32(owner + MODULE.id));

/** The directory and the last name of `path`; 0 for a directory that is not there, after a warning. */
function resolve(path: string, parent: number): readonly [dir: number, name: string] {
  const cut = path.lastIndexOf('/');
  const from = parent === 0 ? root() : parent;
  const dir = cut < 0 ? from : lookup(path.slice(0, cut).replace(/^\/+/, ''), from);
  if (dir > 0 && isDir(dir)) return [dir, path.slice(cut + 1)];
  warn("name '%s'", path);
  return [0, ''];
}

function register(path: string, parent: number, spec: Parameters<typeof addEntry>[2]): number {
  const [dir, name] = resolve(path, parent);
  if (dir === 0) return 0;
  if (name.length === 0 || name.length > NAME_MAX) {
    warn('name len %u', name.length);
    return 0;
  }
  if (name === '.' || name === '..') {
    warn("create '/proc/%s' by hand", name);
    return 0;
  }
  const entry = addEntry(dir, name, spec);
  if (entry >= 0) return entry;
  warn("proc_dir_entry '%s/%s' already registered", dirName(dir), name);
  return 0;
}

const dirName = (dir: number): string => (dir === root() ? '/proc' : nameOf(dir));

// --- Removing -----------------------------------------------------------------------------------------------------

/** C: remove_proc_entry. */
export function removeProcEntry(path: string, parent: number): void {
  const [dir, name] = resolve(path, parent);
  if (dir === 0) return;
  const entry = entryIn(dir, name);
  if (entry === 0) return warn("name '%s'", name);
  const first = isDir(entry) ? listDir(pathOf(entry))[0] : undefined;
  if (first) warn("remove_proc_entry: removing non-empty directory '%s/%s', leaking at least '%s'", dirName(dir), name, first.name);
  removeAndWait(entry, releaseOpen);
}

/** C: remove_proc_subtree. */
export function removeProcSubtree(path: string, parent: number): number {
  const [dir, name] = resolve(path, parent);
  const entry = dir === 0 ? 0 : entryIn(dir, name);
  if (entry === 0) return -ENOENT;
  removeAndWait(entry, releaseOpen);
  return 0;
}

/** C: proc_remove. */
export function procRemove(entry: number): void {
  if (entry !== 0) removeAndWait(entry, releaseOpen);
}

// --- Files --------------------------------------------------------------------------------------------------------

/** Where the functions of a file are: in a struct proc_ops, or a struct file_operations as before Linux 5.6. */
type Offsets = Readonly<Record<'open' | 'read' | 'write' | 'lseek' | 'release' | 'poll' | 'ioctl', number>>;

const opsOf = (file: number): number => r32(r32(file + FILE.entry) + ENTRY.ops);

/** The functions of such a file. What is missing, and a name that is gone, is answered as Linux does. */
function procOps(kind: number, at: Offsets): FileOps {
  const fn = (file: number, which: keyof Offsets): number => (isThere(file) && opsOf(file) !== 0 ? r32(opsOf(file) + at[which]) : 0);
  const call = (file: number, which: keyof Offsets, missing: number, ...args: number[]): number => {
    const number = fn(file, which);
    return number === 0 ? missing : callC(number, ...args);
  };
  return {
    open(inode, file) {
      if (!isThere(file)) return -ENOENT;
      if (fn(file, 'lseek') === 0) noSeek(file);
      return call(file, 'open', 0, inode, file);
    },
    read: (file, buf, count, pos) => call(file, 'read', -EIO, file, buf, count, pos),
    write: (file, buf, count, pos) => call(file, 'write', -EIO, file, buf, count, pos),
    llseek(file, offset, whence) {
      const number = fn(file, 'lseek');
      return number === 0 ? -EINVAL : Number(callWide(number, file, BigInt(offset), whence));
    },
    poll: (file, table) => call(file, 'poll', DEFAULT_POLLMASK, file, table),
    ioctl: (file, cmd, arg) => call(file, 'ioctl', -ENOTTY, file, cmd, arg),
    release(inode, file) {
      const number = opsOf(file) === 0 ? 0 : r32(opsOf(file) + at.release);
      if (claimRelease(file, kind) && number !== 0) callC(number, inode, file);
    },
  };
}

const noSeek = (file: number): void => w32(file + FILE.f_mode, r32(file + FILE.f_mode) & ~FMODE_LSEEK);

/** Files that the kernel reads, with a function of the module's that shows them. */
function seqOps(kind: number, open: (file: number, ops: number, data: number) => number, release: (file: number) => void): FileOps {
  return {
    open: (_inode, file) => (isThere(file) ? open(file, opsOf(file), r32(r32(file + FILE.entry) + ENTRY.data)) : -ENOENT),
    read: (file, buf, count, pos) => (isThere(file) ? seqRead(file, buf, count, pos) : -EIO),
    write: () => -EIO,
    llseek: (file, offset, whence) => (isThere(file) ? Number(seqLseek(file, BigInt(offset), whence)) : -EINVAL),
    release: (_inode, file) => void (claimRelease(file, kind) && release(file)),
  };
}

function openSeq(file: number, op: number): number {
  const size = r32(r32(file + FILE.f_inode) + INODE.i_rdev);
  return size === 0 ? seqOpen(file, op) : seqOpenPrivate(file, op, size) === 0 ? -ENOMEM : 0;
}

/** What each kind does when an open file of it is released, for who takes the name away. */
const releases = new Map<number, FileOps['release']>();

function releaseOpen(file: number): void {
  releases.get(r32(file + FILE.kind))?.(r32(file + FILE.f_inode), file);
}

const kinds: ReadonlyArray<readonly [kind: number, ops: FileOps]> = [
  [KIND_PROC, procOps(KIND_PROC, OPS)],
  [KIND_PROC_FOPS, procOps(KIND_PROC_FOPS, { open: FOPS.open, read: FOPS.read, write: FOPS.write, lseek: FOPS.llseek, release: FOPS.release, poll: FOPS.poll, ioctl: FOPS.unlocked_ioctl })],
  [KIND_PROC_SHOW, seqOps(KIND_PROC_SHOW, singleOpen, singleRelease)],
  [KIND_PROC_SEQ, seqOps(KIND_PROC_SEQ, openSeq, seqReleasePrivate)],
];
for (const [kind, ops] of kinds) {
  setFileOps(kind, ops);
  releases.set(kind, ops.release);
}
