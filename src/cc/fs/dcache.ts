/**
 * The tree of names: /dev, /proc, /sys and what modules put there, as records in kernel memory that every isolate sees. A
 * name stands for an inode and for the functions that work on it; which layout those have is its kind. What opening one
 * means is file.ts's.
 */
import { fetchAdd, load, store } from '../../lib/atomic.js';
import { EEXIST, ELOOP, ENOENT, ENOMEM, ENOTDIR, KernelError } from '../../lib/errno.js';
import { listAddTail, listDelInit, listInit, listNext, listRepair } from '../../lib/list.js';
import { r32, readString, stringSize, w32, writeString } from '../../lib/memory.js';
import { hashOf } from '../../lib/struct.js';
import { isolateModule } from '../../kernel/isolate.js';
import { rawSpinLock, rawSpinUnlock } from '../../kernel/locking/raw_spinlock.js';
import { MACHINE, machineWord } from '../../kernel/memlayout.js';
import { kfree, kzalloc } from '../../kernel/mm/slab.js';
import { initQueue } from '../../kernel/sched/wait_queue.js';
import { ownNames } from './own.js';
import { theRecord } from '../once.js';
import { mkdev } from './kdev_t.js';
import { DENTRY, ENTRY, FS, INODE } from './records.js';

/** Bits of a mode. */
export const S_IFMT = 0o170000, S_IFDIR = 0o040000, S_IFCHR = 0o020000, S_IFREG = 0o100000, S_IFLNK = 0o120000;

/** Which functions an entry's operations are; see setFileOps() in file.ts. */
export const KIND_DIR = 0, KIND_CHR = 1, KIND_FOPS = 2;

const LISTS = [FS.files, FS.processes, FS.regions, FS.cdevs, FS.miscs, FS.classes];
const NAME_MAX = 255, PATH_MAX = 4096, LINKS_MAX = 40;

export interface NewEntry {
  /** With the type: S_IFCHR | 0o600. */
  readonly mode: number;
  readonly kind: number;
  /** The address of its operations. */
  readonly ops?: number;
  /** What inode->i_private and PDE_DATA give. */
  readonly data?: number;
  /** The record of the module that stays loaded while it is open. */
  readonly owner?: number;
  readonly rdev?: number;
  readonly target?: string;
  /** Number of the module that is told if it leaves the entry. Default: the one whose code runs here. */
  readonly module?: number;
}

// --- The record of the machine ------------------------------------------------------------------------------------

/** Everything that the machine has of files; made when it is asked for first. */
export const theFs = (): number => theRecord(machineWord(MACHINE.files), FS.sizeof, 'files', initFs);

/** If another isolate does the same at this moment, the names that one of the two made are lost. */
function initFs(made: number): void {
  for (const list of LISTS) listInit(made + list);
  initQueue(made + FS.notify);
  w32(made + FS.next_ino, 1);
  w32(made + FS.root, makeEntry(made, 0, '/', { mode: S_IFDIR | 0o755, kind: KIND_DIR, module: 0 }));
  for (const path of ['dev', 'proc', 'sys', 'sys/kernel', 'sys/kernel/debug', 'sys/module', 'sys/class', 'sys/devices']) {
    const [name, ...above] = path.split('/').toReversed();
    const parent = above.toReversed().reduce((dir, step) => findChild(dir, step), r32(made + FS.root));
    link(parent, makeEntry(made, parent, name, { mode: S_IFDIR | 0o755, kind: KIND_DIR, module: 0 }));
  }
}

function alloc(size: number): number {
  const at = kzalloc(size);
  if (at === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for a file');
  return at;
}

/** Calls `fn` with the tree's lock held: it must not sleep, and not run code of modules. */
export function fsLocked<T>(fn: (fs: number) => T): T {
  const fs = theFs();
  if (rawSpinLock(fs + FS.lock)) {
    for (const list of LISTS) listRepair(fs + list);
    repair(r32(fs + FS.root));
  }
  try {
    return fn(fs);
  } finally {
    rawSpinUnlock(fs + FS.lock);
  }
}

function repair(dir: number): void {
  listRepair(dir + ENTRY.children);
  for (const child of children(dir)) repair(child);
}

// --- Names --------------------------------------------------------------------------------------------------------

export const inodeOf = (entry: number): number => entry + ENTRY.inode;
export const nameOf = (entry: number): string => readString(r32(entry + ENTRY.name), NAME_MAX + 1);
export const isDir = (entry: number): boolean => (r32(inodeOf(entry) + INODE.i_mode) & S_IFMT) === S_IFDIR;

function children(dir: number): number[] {
  const found: number[] = [];
  const head = dir + ENTRY.children;
  for (let node = listNext(head); node !== head && node !== 0; node = listNext(node)) found.push(node - ENTRY.siblings);
  return found;
}

const findChild = (dir: number, name: string): number => children(dir).find((entry) => nameOf(entry) === name) ?? 0;

function makeEntry(fs: number, parent: number, name: string, { mode, kind, ops = 0, data = 0, owner = 0, rdev = 0, target, module = isolateModule() }: NewEntry): number {
  const at = alloc(ENTRY.sizeof);
  const keep = (text: string): number => {
    const size = stringSize(text);
    const to = alloc(size);
    writeString(to, size, text);
    return to;
  };
  const kept = keep(name);
  const words: ReadonlyArray<readonly [number, number]> = [
    [ENTRY.name, kept], [ENTRY.kind, kind], [ENTRY.ops, ops], [ENTRY.data, data], [ENTRY.owner, owner], [ENTRY.module, module], [ENTRY.users, 1],
    [ENTRY.dentry + DENTRY.d_inode, inodeOf(at)], [ENTRY.dentry + DENTRY.d_parent, parent || at], [ENTRY.dentry + DENTRY.d_name, hashOf(name)],
    [ENTRY.dentry + DENTRY.d_name + 4, stringSize(name) - 1], [ENTRY.dentry + DENTRY.d_name + 8, kept],
    [ENTRY.inode + INODE.i_mode, mode], [ENTRY.inode + INODE.i_ino, fetchAdd(fs + FS.next_ino, 1)], [ENTRY.inode + INODE.i_rdev, rdev], [ENTRY.inode + INODE.i_private, data],
    [ENTRY.inode + INODE.i_fop, kind === KIND_FOPS ? ops : 0], [ENTRY.target, target === undefined ? 0 : keep(target)],
  ];
  for (const [offset, value] of words) w32(at + offset, value);
  if (parent !== 0) fetchAdd(parent + ENTRY.users, 1); // Its path is asked for as long as it is open.
  writeString(at + ENTRY.dentry + DENTRY.d_iname, 36, name);
  listInit(at + ENTRY.siblings);
  listInit(at + ENTRY.children);
  return at;
}

/** The entry called `name` of a directory, not what it links to; 0: none. */
export const entryIn = (dir: number, name: string): number => fsLocked(() => findChild(dir, name));

/** All entries that `wanted` picks, without what is below them. */
export function findEntries(wanted: (entry: number) => boolean): number[] {
  const below = (dir: number): number[] => children(dir).flatMap((entry) => (wanted(entry) ? [entry] : below(entry)));
  return fsLocked((fs) => below(r32(fs + FS.root)));
}

const link = (parent: number, entry: number): void => listAddTail(entry + ENTRY.siblings, parent + ENTRY.children);

/** An entry that no directory has. Whoever made it gives it back with putEntry(). Throws ENOMEM. */
export const detachedEntry = (parent: number, name: string, spec: NewEntry): number => makeEntry(theFs(), parent, name, spec);

/** Adds `name` to the directory `parent`. Returns the entry, or -EEXIST, -ENOENT for a parent that is gone. Never sleeps. Throws ENOMEM. */
export function addEntry(parent: number, name: string, spec: NewEntry): number {
  const entry = makeEntry(theFs(), parent, name, spec);
  const result = fsLocked(() => {
    if (load(parent + ENTRY.gone) !== 0) return -ENOENT;
    if (findChild(parent, name) !== 0) return -EEXIST;
    link(parent, entry);
    return entry;
  });
  if (result < 0) freeEntry(entry);
  return result;
}

/**
 * Takes `entry` and everything below it out of the tree, deepest first; who has it open keeps it. `each` hears of every one
 * before it may be freed, without the lock.
 */
export function removeEntry(entry: number, each: (entry: number) => void = () => {}): void {
  for (let below = takeOut(entry); below !== 0; below = takeOut(entry)) {
    if (below === entry) {
      each(entry);
      return putEntry(entry);
    }
    removeEntry(below, each);
    putEntry(below); // Kept, so that nobody else frees it meanwhile.
  }
}

/** Takes `entry` out if nothing is below it, and returns it; else an entry below it, kept. 0: somebody else took it. */
function takeOut(entry: number): number {
  return fsLocked(() => {
    const [below] = children(entry);
    if (below !== undefined) {
      fetchAdd(below + ENTRY.users, 1);
      return below;
    }
    if (load(entry + ENTRY.gone) !== 0) return 0;
    store(entry + ENTRY.gone, 1); // With the lock in hand nothing is added to it any more.
    listDelInit(entry + ENTRY.siblings);
    return entry;
  });
}

/** One open file more. False if the entry is gone. */
export const getEntry = (entry: number): boolean => fsLocked(() => load(entry + ENTRY.gone) === 0 && fetchAdd(entry + ENTRY.users, 1) > 0);

/** One less; the last one frees it. */
export function putEntry(entry: number): void {
  if (fetchAdd(entry + ENTRY.users, -1) === 1) freeEntry(entry);
}

function freeEntry(entry: number): void {
  const parent = r32(entry + ENTRY.dentry + DENTRY.d_parent);
  for (const part of [r32(entry + ENTRY.name), r32(entry + ENTRY.target), entry]) kfree(part);
  if (parent !== entry) putEntry(parent);
}

// --- Paths --------------------------------------------------------------------------------------------------------

/** The entry that `path` names, with symbolic links followed; or -ENOENT, -ENOTDIR, -ELOOP. C: path_lookup. */
export const lookup = (path: string, from = r32(theFs() + FS.root)): number => fsLocked(() => walk(from, path, { links: 0 }));

function walk(from: number, path: string, seen: { links: number }): number {
  let at = path.startsWith('/') ? r32(theFs() + FS.root) : from;
  for (const step of path.split('/')) {
    if (step === '' || step === '.') continue;
    if (!isDir(at)) return -ENOTDIR;
    if (step === '..') {
      at = r32(at + ENTRY.dentry + DENTRY.d_parent);
      continue;
    }
    const child = findChild(at, step);
    if (child === 0) return -ENOENT;
    const target = r32(child + ENTRY.target);
    if (target !== 0 && ++seen.links > LINKS_MAX) return -ELOOP;
    at = target === 0 ? child : walk(at, readString(target, PATH_MAX), seen);
    if (at < 0) return at;
  }
  return at;
}

/**
 * Makes the name `path` for the character device with the numbers `major` and `minor`, for drivers that do not make one
 * themselves. It goes with the machine. Throws KernelError EEXIST, ENOENT. C: mknod(1).
 */
export function mknod(path: string, major: number, minor: number, mode = 0o666): void {
  const cut = path.lastIndexOf('/');
  const dir = lookup(path.slice(0, cut + 1));
  const made = dir < 0 ? dir : addEntry(dir, path.slice(cut + 1), { mode: S_IFCHR | mode, kind: KIND_CHR, rdev: mkdev(major, minor), module: 0 });
  if (made < 0) throw new KernelError(made, `mknod ${path}`);
}

/** The path of `entry`. C: d_path. */
export function pathOf(entry: number): string {
  const parent = r32(entry + ENTRY.dentry + DENTRY.d_parent);
  if (parent === entry) return '/';
  const above = pathOf(parent);
  return `${above === '/' ? '' : above}/${nameOf(entry)}`;
}

/** What ls shows of a name. */
export interface DirItem {
  readonly name: string;
  readonly mode: number;
  readonly rdev: number;
  readonly target?: string;
}

/** What is in the directory at `path`, in the order in which it was made, and then the kernel's own of /proc. Throws KernelError ENOENT, ENOTDIR. */
export function listDir(path: string): DirItem[] {
  const dir = lookup(path);
  const own = ownNames(path);
  if (dir < 0 && !own) throw new KernelError(dir, `cannot list ${path}`);
  if (dir >= 0 && !isDir(dir)) throw new KernelError(-ENOTDIR, `cannot list ${path}: it is no directory`);
  return [...(dir < 0 ? [] : fsLocked(() => children(dir).map(describe))), ...(own ?? []).map((item) => ({ ...item, rdev: 0 }))];
}

function describe(entry: number): DirItem {
  const target = r32(entry + ENTRY.target);
  return {
    name: nameOf(entry), mode: r32(inodeOf(entry) + INODE.i_mode), rdev: r32(inodeOf(entry) + INODE.i_rdev),
    ...(target !== 0 && { target: readString(target, PATH_MAX) }),
  };
}
