/**
 * Files of /sys: attributes of objects. Each shows a value in one page of text, and takes one. Directories and the objects
 * themselves are kobject.ts's. A name that was taken away is -ENODEV to who has it open.
 */
import { EACCES, EEXIST, EFAULT, EFBIG, EINVAL, EIO, ENODEV, ENOENT, ENOMEM } from '../../lib/errno.js';
import { fetchAdd, load } from '../../lib/atomic.js';
import { r32, readString, u8, w32 } from '../../lib/memory.js';
import { alignUp } from '../../lib/struct.js';
import { isolateModule } from '../../kernel/isolate.js';
import { KASAN_REDZONE, kasanKfree, kasanKmalloc, poison } from '../../kernel/mm/kasan.js';
import { warn } from '../../kernel/panic.js';
import { KERN_ERR, KERN_WARNING, printk } from '../../kernel/printk/printk.js';
import { currentThread } from '../../kernel/sched/core.js';
import { TASK_NORMAL } from '../../kernel/sched/task.js';
import { wakeQueue } from '../../kernel/sched/wait_queue.js';
import { dumpStack } from '../fault.js';
import { listImages } from '../images.js';
import { callC, callWide } from '../run.js';
import { functionName } from '../trace.js';
import { KIND_DIR, S_IFDIR, S_IFREG, addEntry, entryIn, pathOf, theFs } from './dcache.js';
import { isThere, removeAndWait } from './drain.js';
import { FMODE_READ, FMODE_WRITE, setFileOps, type FileOps } from './file.js';
import { KIND_ATTRIBUTE, KIND_BINARY, KIND_SYSFS, SHOW_ATTRIBUTE } from './kinds.js';
import { ENTRY, FILE, FS, INODE, KOBJECT, SEQ_FILE } from './records.js';
import { pollWait } from './select.js';
import { read64, seqAppend, seqLseek, seqOf, seqRead, setShow, singleOpen, singleRelease, write64 } from './seq_file.js';
import { userBytes } from './uaccess.js';

/** Structs of linux/sysfs.h and linux/kobject.h. */
const ATTR = { name: 0, mode: 4, show: 8, store: 12 } as const;
const BIN = { size: 8, read: 16, write: 20 } as const;
const GROUP = { name: 0, is_visible: 4, is_bin_visible: 8, attrs: 12, bin_attrs: 16 } as const;
const OPS = { show: 0, store: 4 } as const;
const KTYPE_SYSFS_OPS = 4;
const PAGE_SIZE = 4096, NAME_MAX = 255;
/** Ready to be read and written; and POLLERR and POLLPRI, which say that there is news. */
const POLL_READY = 0x145, POLL_NEWS = POLL_READY | 8 | 2;

/** Number of the module whose variable is at `at`; of the one that runs here for an address of the heap. */
export const moduleAt = (at: number): number => listImages().find(({ base, size }) => at >= base && at < base + size)?.id ?? isolateModule();

// --- Making and removing ------------------------------------------------------------------------------------------

/** Two want the same name. C: sysfs_warn_dup. */
export function warnDuplicate(path: string): void {
  printk("%ssysfs: cannot create duplicate filename '%s'\n", KERN_WARNING, path.replace(/^\/sys(?=\/)/, ''));
  dumpStack();
}

/** Where an attribute is to be, and whose it is. */
export interface Place {
  readonly dir: number;
  /** What its functions get first. */
  readonly obj: number;
  /** Its functions are those of the object's type, and not its own. */
  readonly typed: boolean;
}

/** The place of the attributes of the kobject at `kobj`. */
export function placeOf(kobj: number): Place {
  const ktype = r32(kobj + KOBJECT.ktype);
  return { dir: r32(kobj + KOBJECT.sd), obj: kobj, typed: ktype !== 0 && r32(ktype + KTYPE_SYSFS_OPS) !== 0 };
}

/** 0, -EEXIST, -ENOENT where the object has no directory, -EINVAL for an attribute without a name. C: sysfs_create_file. */
export const createFile = (place: Place, attr: number, mode = r32(attr + ATTR.mode)): number => addFile(place, attr, mode, place.typed ? KIND_SYSFS : KIND_ATTRIBUTE);

/** C: sysfs_create_bin_file. */
export const createBinFile = (place: Place, attr: number, mode = r32(attr + ATTR.mode)): number => addFile(place, attr, mode, KIND_BINARY);

function addFile({ dir, obj }: Place, attr: number, mode: number, kind: number): number {
  if (dir === 0) return -ENOENT;
  if (r32(attr + ATTR.name) === 0) return -EINVAL;
  const name = attrName(attr);
  const entry = addEntry(dir, name, { mode: S_IFREG | (mode & 0o777), kind, ops: attr, data: obj, module: moduleAt(attr) });
  if (entry === -EEXIST) warnDuplicate(`${pathOf(dir)}/${name}`);
  return Math.min(entry, 0);
}

const attrName = (attr: number): string => readString(r32(attr + ATTR.name), NAME_MAX);

/** Takes a file or directory away. Sleeps. */
export function removeName(dir: number, name: string): boolean {
  const entry = dir === 0 ? 0 : entryIn(dir, name);
  if (entry !== 0) removeAndWait(entry);
  return entry !== 0;
}

export const removeFile = ({ dir }: Place, attr: number): boolean => removeName(dir, attrName(attr));

/** Addresses in the array at `at`, which ends with NULL. */
function pointers(at: number): number[] {
  const found: number[] = [];
  for (let next = at; at !== 0 && r32(next) !== 0; next += 4) found.push(r32(next));
  return found;
}

/** All of the array at `attrs`, or none. C: sysfs_create_files. */
export const createFiles = (place: Place, attrs: number): number => allOrNone(pointers(attrs), (attr) => createFile(place, attr), (attr) => removeFile(place, attr));

export function removeFiles(place: Place, attrs: number): void {
  for (const attr of pointers(attrs)) removeFile(place, attr);
}

function allOrNone(all: readonly number[], make: (one: number) => number, undo: (one: number) => void): number {
  for (const [n, one] of all.entries()) {
    const error = make(one);
    if (error === 0) continue;
    for (const made of all.slice(0, n).toReversed()) undo(made);
    return error;
  }
  return 0;
}

/** The attributes of a group, in a directory of their own if it has a name. C: sysfs_create_group. */
export function createGroup(place: Place, group: number): number {
  const name = r32(group + GROUP.name) === 0 ? '' : readString(r32(group + GROUP.name), NAME_MAX);
  const dir = name === '' ? place.dir : addEntry(place.dir, name, { mode: S_IFDIR | 0o755, kind: KIND_DIR, data: place.obj, module: moduleAt(group) });
  if (dir === -EEXIST) warnDuplicate(`${pathOf(place.dir)}/${name}`);
  if (dir < 0) return dir;
  const inside = { ...place, dir };
  const member = (add: typeof createFile, isVisible: number) => (attr: number, n: number): number => {
    const mode = isVisible === 0 ? r32(attr + ATTR.mode) : callC(isVisible, place.obj, attr, n) & 0xffff;
    return mode === 0 ? 0 : add(inside, attr, mode);
  };
  const files = pointers(r32(group + GROUP.attrs)), bins = pointers(r32(group + GROUP.bin_attrs));
  const [addOne, addBin] = [member(createFile, r32(group + GROUP.is_visible)), member(createBinFile, r32(group + GROUP.is_bin_visible))];
  const undo = (attr: number): unknown => removeFile(inside, attr);
  const error = allOrNone([...files, ...bins], (attr) => (files.includes(attr) ? addOne(attr, files.indexOf(attr)) : addBin(attr, bins.indexOf(attr))), undo);
  if (error !== 0 && name !== '') removeName(place.dir, name);
  return error;
}

export const createGroups = (place: Place, groups: number): number => allOrNone(pointers(groups), (group) => createGroup(place, group), (group) => removeGroup(place, group));

/** C: sysfs_remove_group. */
export function removeGroup(place: Place, group: number): void {
  if (r32(group + GROUP.name) !== 0) {
    const name = readString(r32(group + GROUP.name), NAME_MAX);
    if (!removeName(place.dir, name)) warn("sysfs group '%s' not found for kobject '%s'", name, pathOf(place.dir).replace(/^.*\//, ''));
    return;
  }
  for (const attr of [...pointers(r32(group + GROUP.attrs)), ...pointers(r32(group + GROUP.bin_attrs))]) removeFile(place, attr);
}

export function removeGroups(place: Place, groups: number): void {
  for (const group of pointers(groups)) removeGroup(place, group);
}

// --- Reading and writing ------------------------------------------------------------------------------------------

/** Calls `fn` with a page of memory, zeroed and aligned as modules rely on, with guards around it. */
export function withPage<T>(fn: (page: number) => T): T | number {
  const pid = currentThread()?.pid ?? 0;
  const room = 2 * PAGE_SIZE;
  const at = kasanKmalloc(room, true, isolateModule(), pid);
  if (at === 0) return -ENOMEM;
  const page = alignUp(at, PAGE_SIZE);
  poison(at, page - at, KASAN_REDZONE);
  poison(page + PAGE_SIZE, at + room - page - PAGE_SIZE, KASAN_REDZONE);
  try {
    return fn(page);
  } finally {
    kasanKfree(at, pid);
  }
}

/** Who may open a file of /sys is what its mode says, whoever asks. */
export function mayOpen(inode: number, file: number): number {
  const [mode, wanted] = [r32(inode + INODE.i_mode), r32(file + FILE.f_mode)];
  if (!isThere(file)) return -ENODEV;
  if ((wanted & FMODE_WRITE) !== 0 && (mode & 0o222) === 0) return -EACCES;
  return (wanted & FMODE_READ) !== 0 && (mode & 0o444) === 0 ? -EACCES : 0;
}

const entryOf = (file: number): number => r32(file + FILE.entry);

/** The function of an attribute that shows, or stores. 0: it has none. */
function functionOf(file: number, which: 'show' | 'store'): number {
  const [attr, obj] = [r32(entryOf(file) + ENTRY.ops), r32(entryOf(file) + ENTRY.data)];
  if (r32(entryOf(file) + ENTRY.kind) === KIND_ATTRIBUTE) return r32(attr + ATTR[which]);
  return r32(r32(r32(obj + KOBJECT.ktype) + KTYPE_SYSFS_OPS) + OPS[which]);
}

/** Never 0, which is what somebody has seen who has not read yet. */
const eventOf = (file: number): number => load(entryOf(file) + ENTRY.event) + 1;

/** Says that an attribute changed: who has read it and polls for POLLPRI or POLLERR is woken. Any context. C: sysfs_notify. */
export function notify({ dir }: Place, group: string, name: string): void {
  const within = group === '' || dir === 0 ? dir : entryIn(dir, group);
  const entry = within === 0 ? 0 : entryIn(within, name);
  if (entry === 0) return;
  fetchAdd(entry + ENTRY.event, 1);
  wakeQueue(theFs() + FS.notify, { mode: TASK_NORMAL, nr: 0, key: 0 });
}

/** C: kernfs_generic_poll. */
function pollAttribute(file: number, table: number): number {
  if (!isThere(file)) return POLL_NEWS;
  if (table !== 0 && r32(table) !== 0) pollWait(theFs() + FS.notify);
  return r32(seqOf(file) + SEQ_FILE.poll_event) === eventOf(file) ? POLL_READY : POLL_NEWS;
}

/** Has an attribute shown into the record `m` of its open file. */
setShow(SHOW_ATTRIBUTE, (m) => withPage((page) => {
  const file = r32(m + SEQ_FILE.private);
  w32(m + SEQ_FILE.poll_event, eventOf(file)); // Before it is shown: what changes meanwhile is news.
  const fn = functionOf(file, 'show');
  if (fn === 0) return -EIO;
  const count = callC(fn, r32(entryOf(file) + ENTRY.data), r32(entryOf(file) + ENTRY.ops), page);
  if (count < 0) return count;
  if (count >= PAGE_SIZE) printk('%sfill_read_buffer: %s returned bad count\n', KERN_ERR, functionName(fn).replace(' ', '+0x0 '));
  seqAppend(m, u8.slice(page, page + Math.min(count, PAGE_SIZE - 1)));
  return 0;
}));

/** Hands what a user wrote, a page at most, to `take` as text that ends with a NUL. What it returns is how far the file moves. */
export function takeText(buf: number, count: number, pos: number, take: (text: number, size: number) => number): number {
  const size = Math.min(count, PAGE_SIZE);
  if (size === 0) return 0;
  if (userBytes(buf, size, false) !== size) return -EFAULT;
  const pid = currentThread()?.pid ?? 0;
  const text = kasanKmalloc(size + 1, true, isolateModule(), pid);
  if (text === 0) return -ENOMEM;
  u8.copyWithin(text, buf, buf + size);
  try {
    const taken = take(text, size);
    if (taken > 0) write64(pos, read64(pos) + taken);
    return taken;
  } finally {
    kasanKfree(text, pid);
  }
}

const attributeOps: FileOps = {
  open: (inode, file) => mayOpen(inode, file) || singleOpen(file, SHOW_ATTRIBUTE, file),
  read: (file, buf, count, pos) => (isThere(file) ? seqRead(file, buf, count, pos) : -ENODEV),
  write: (file, buf, count, pos) => (isThere(file) ? takeText(buf, count, pos, (text, size) => {
    const fn = functionOf(file, 'store');
    return fn === 0 ? -EIO : callC(fn, r32(entryOf(file) + ENTRY.data), r32(entryOf(file) + ENTRY.ops), text, size);
  }) : -ENODEV),
  llseek: (file, offset, whence) => Number(seqLseek(file, BigInt(offset), whence)),
  poll: pollAttribute,
  release: (_inode, file) => void singleRelease(file),
};
setFileOps(KIND_SYSFS, attributeOps);
setFileOps(KIND_ATTRIBUTE, attributeOps);

/** Calls a function of a struct bin_attribute for at most a page of its file; `size` is what the attribute says of its length, 0: nothing. */
function transferBinary(file: number, fn: number, page: number, pos: number, count: number): number {
  if (fn === 0) return -EIO;
  return Number(callWide(fn, file, r32(entryOf(file) + ENTRY.data), r32(entryOf(file) + ENTRY.ops), page, BigInt(pos), count)) | 0;
}

setFileOps(KIND_BINARY, {
  open: mayOpen,
  read(file, buf, count, pos) {
    if (!isThere(file)) return -ENODEV;
    const attr = r32(entryOf(file) + ENTRY.ops);
    const [size, at] = [r32(attr + BIN.size) >>> 0, read64(pos)];
    const most = Math.min(count, PAGE_SIZE, size === 0 ? Infinity : Math.max(0, size - at));
    return most === 0 ? 0 : withPage((page) => {
      const read = transferBinary(file, r32(attr + BIN.read), page, at, most);
      if (read <= 0) return read;
      if (userBytes(buf, read, true) !== read) return -EFAULT;
      u8.copyWithin(buf, page, page + read);
      write64(pos, at + read);
      return read;
    });
  },
  write(file, buf, count, pos) {
    if (!isThere(file)) return -ENODEV;
    const attr = r32(entryOf(file) + ENTRY.ops);
    const [size, at] = [r32(attr + BIN.size) >>> 0, read64(pos)];
    if (size !== 0 && size <= at) return -EFBIG;
    return takeText(buf, size === 0 ? count : Math.min(count, size - at), pos, (text, length) => transferBinary(file, r32(attr + BIN.write), text, at, length));
  },
  llseek: (file, offset, whence) => seekIn(file, offset, whence, r32(r32(entryOf(file) + ENTRY.ops) + BIN.size) >>> 0),
});

/** Moves in a file of `size` bytes. C: generic_file_llseek. */
function seekIn(file: number, offset: number, whence: number, size: number): number {
  const to = offset + [0, read64(file + FILE.f_pos), size][whence];
  if (!(to >= 0)) return -EINVAL;
  write64(file + FILE.f_pos, to);
  return to;
}
