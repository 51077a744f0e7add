/**
 * Objects of the kernel that are counted, and have a directory of /sys. The last reference calls the release of the object's
 * type, which frees it; who frees one otherwise leaves a directory behind that shows freed memory.
 */
import { cas, load, store } from '../../lib/atomic.js';
import { EEXIST, EINVAL, ENOENT, ENOMEM } from '../../lib/errno.js';
import { listAddTail, listDelInit, listInit, listNext } from '../../lib/list.js';
import { r32, readString, stringSize, w32, writeString } from '../../lib/memory.js';
import { isolateModule } from '../../kernel/isolate.js';
import { Refcount, refcountAdd, refcountSubAndTest } from '../../kernel/locking/refcount.js';
import { spinLockAt, spinUnlockAt } from '../../kernel/locking/spinlock.js';
import { kasanKfree, kasanKmalloc } from '../../kernel/mm/kasan.js';
import { warn } from '../../kernel/panic.js';
import { KERN_ERR, KERN_WARNING, printk } from '../../kernel/printk/printk.js';
import { currentThread } from '../../kernel/sched/core.js';
import { dumpStack } from '../fault.js';
import { callC } from '../run.js';
import { KIND_DIR, S_IFDIR, addEntry, lookup, pathOf } from './dcache.js';
import { removeAndWait } from './drain.js';
import { ENTRY, KOBJECT, KSET } from './records.js';
import { createFiles, createGroups, moduleAt, placeOf, warnDuplicate } from './sysfs.js';

/** struct kobj_type of linux/kobject.h. */
const KTYPE = { release: 0, sysfs_ops: 4, groups: 8, attrs: 12 } as const;
/** It is one; it has a directory; kobject_create_and_add() made it, and a kset around it. */
const INITIALIZED = 1, IN_SYSFS = 2, DYNAMIC = 4, KSET_DYNAMIC = 8;
const NAME_MAX = 4096;

const pid = (): number => currentThread()?.pid ?? 0;
const alloc = (size: number): number => kasanKmalloc(size, true, isolateModule(), pid());
const free = (at: number): void => void (at !== 0 && kasanKfree(at, pid()));
const has = (kobj: number, bit: number): boolean => (r32(kobj + KOBJECT.flags) & bit) !== 0;
const set = (kobj: number, bits: number): void => w32(kobj + KOBJECT.flags, r32(kobj + KOBJECT.flags) | bits);
const clear = (kobj: number, bits: number): void => w32(kobj + KOBJECT.flags, r32(kobj + KOBJECT.flags) & ~bits);
const refs = (kobj: number): Refcount => new Refcount(kobj + KOBJECT.kref);

export const kobjectName = (kobj: number): string => (r32(kobj + KOBJECT.name) === 0 ? '(null)' : readString(r32(kobj + KOBJECT.name), NAME_MAX));

// --- Its life -----------------------------------------------------------------------------------------------------

/** C: kobject_init. */
export function kobjectInit(kobj: number, ktype: number, bits = 0): void {
  if (has(kobj, INITIALIZED)) {
    printk("%skobject: '%s': tried to init an initialized object, something is seriously wrong.\n", KERN_ERR, kobjectName(kobj));
    dumpStack();
  }
  store(kobj + KOBJECT.kref, 1);
  listInit(kobj + KOBJECT.entry);
  w32(kobj + KOBJECT.ktype, ktype);
  w32(kobj + KOBJECT.flags, INITIALIZED | bits);
  w32(kobj + KOBJECT.module, moduleAt(ktype));
}

/** C: kobject_set_name. */
export function kobjectSetName(kobj: number, name: string): number {
  const kept = keepName(name);
  if (kept === 0) return -ENOMEM;
  free(r32(kobj + KOBJECT.name));
  w32(kobj + KOBJECT.name, kept);
  return 0;
}

function keepName(name: string): number {
  const plain = name.replaceAll('/', '!');
  const at = alloc(stringSize(plain));
  if (at !== 0) writeString(at, stringSize(plain), plain);
  return at;
}

/** Gives it a name and a directory, below `parent`, its kset's or /sys. 0, -EINVAL, -EEXIST, -ENOENT, -ENOMEM, or what its attributes gave. C: kobject_add. */
export function kobjectAdd(kobj: number, parent: number, name: string): number {
  if (!has(kobj, INITIALIZED)) {
    printk("%skobject: '%s': is not initialized, yet kobject_add() is being called.\n", KERN_ERR, kobjectName(kobj));
    dumpStack();
    return -EINVAL;
  }
  const error = kobjectSetName(kobj, name);
  if (error !== 0) return error;
  w32(kobj + KOBJECT.parent, parent);
  return addInternal(kobj);
}

function addInternal(kobj: number): number {
  if (kobjectName(kobj) === '') {
    warn('kobject: attempted to be registered with empty name!');
    return -EINVAL;
  }
  const kset = r32(kobj + KOBJECT.kset);
  if (kset !== 0) joinKset(kobj, kset);
  const parent = r32(kobj + KOBJECT.parent) || (kset === 0 ? 0 : kset + KSET.kobj);
  if (parent !== 0) refcountAdd(1, refs(parent));
  w32(kobj + KOBJECT.parent, parent);
  const error = createDir(kobj, parent);
  if (error === 0) {
    set(kobj, IN_SYSFS);
    return 0;
  }
  leaveKset(kobj);
  w32(kobj + KOBJECT.parent, 0);
  if (parent !== 0) kobjectPut(parent);
  if (error === -EEXIST) printk("%skobject: kobject_add_internal failed for %s with -EEXIST, don't try to register things with the same name in the same directory.\n", KERN_ERR, kobjectName(kobj));
  else printk('%skobject: kobject_add_internal failed for %s (error: %d parent: %s)\n', KERN_ERR, kobjectName(kobj), error, parent === 0 ? "'none'" : kobjectName(parent));
  return error;
}

function createDir(kobj: number, parent: number): number {
  const above = parent === 0 ? lookup('/sys') : r32(parent + KOBJECT.sd);
  if (above === 0) return -ENOENT;
  const dir = addEntry(above, kobjectName(kobj), { mode: S_IFDIR | 0o755, kind: KIND_DIR, data: kobj, module: r32(kobj + KOBJECT.module) });
  if (dir < 0) {
    if (dir === -EEXIST) warnDuplicate(`${pathOf(above)}/${kobjectName(kobj)}`);
    return dir;
  }
  w32(kobj + KOBJECT.sd, dir);
  const ktype = r32(kobj + KOBJECT.ktype);
  const error = ktype === 0 ? 0 : createFiles(placeOf(kobj), r32(ktype + KTYPE.attrs)) || createGroups(placeOf(kobj), r32(ktype + KTYPE.groups));
  if (error !== 0) removeDir(kobj);
  return error;
}

function removeDir(kobj: number): void {
  const dir = r32(kobj + KOBJECT.sd);
  w32(kobj + KOBJECT.sd, 0);
  if (dir !== 0) removeAndWait(dir);
}

/** Takes its directory away; the object stays. Sleeps. C: kobject_del. */
export function kobjectDel(kobj: number): void {
  if (!has(kobj, IN_SYSFS)) return;
  const parent = r32(kobj + KOBJECT.parent);
  clear(kobj, IN_SYSFS);
  removeDir(kobj);
  leaveKset(kobj);
  w32(kobj + KOBJECT.parent, 0);
  if (parent !== 0) kobjectPut(parent);
}

/** C: kobject_get. */
export function kobjectGet(kobj: number): number {
  if (!has(kobj, INITIALIZED)) warn("kobject: '%s': is not initialized, yet kobject_get() is being called.", kobjectName(kobj));
  refcountAdd(1, refs(kobj));
  return kobj;
}

/** One reference less; the last one takes the directory away and calls the type's release. May sleep. C: kobject_put. */
export function kobjectPut(kobj: number): void {
  if (!has(kobj, INITIALIZED)) warn("kobject: '%s': is not initialized, yet kobject_put() is being called.", kobjectName(kobj));
  if (!refcountSubAndTest(1, refs(kobj))) return;
  kobjectDel(kobj);
  const [name, ktype] = [r32(kobj + KOBJECT.name), r32(kobj + KOBJECT.ktype)];
  const release = ktype === 0 ? 0 : r32(ktype + KTYPE.release);
  if (has(kobj, KSET_DYNAMIC)) free(kobj - KSET.kobj);
  else if (has(kobj, DYNAMIC)) free(kobj);
  else if (release !== 0) callC(release, kobj);
  free(name);
}

/** An object of its own with a directory; 0 when that cannot be. C: kobject_create_and_add. */
export function kobjectCreate(name: string, parent: number, module: number): number {
  const kobj = alloc(KOBJECT.sizeof);
  if (kobj === 0) return 0;
  kobjectInit(kobj, 0, DYNAMIC);
  w32(kobj + KOBJECT.module, module);
  const error = kobjectAdd(kobj, parent, name);
  if (error === 0) return kobj;
  printk('%skobject: kobject_create_and_add: kobject_add error: %d\n', KERN_WARNING, error);
  kobjectPut(kobj);
  return 0;
}

/** The object of the directory `path`, which is always there. It is made when it is asked for first. */
export function sysKobject(path: string): number {
  const [, above, name] = /^(.*)\/([^/]+)$/.exec(path)!;
  const old = lookup(path);
  const dir = old > 0 ? old : addEntry(lookup(above), name, { mode: S_IFDIR | 0o755, kind: KIND_DIR, module: 0 });
  if (dir < 0) return sysKobject(path); // Another isolate was faster.
  const known = load(dir + ENTRY.data);
  if (known !== 0) return known;
  const kobj = alloc(KOBJECT.sizeof);
  if (kobj === 0) return 0;
  kobjectInit(kobj, 0);
  kobjectSetName(kobj, name);
  w32(kobj + KOBJECT.sd, dir);
  const other = cas(dir + ENTRY.data, 0, kobj);
  if (other === 0) return kobj;
  free(kobj);
  return other;
}

// --- Sets ---------------------------------------------------------------------------------------------------------

function lockedSet<T>(kset: number, fn: () => T): T {
  spinLockAt(kset + KSET.list_lock);
  try {
    return fn();
  } finally {
    spinUnlockAt(kset + KSET.list_lock);
  }
}

function joinKset(kobj: number, kset: number): void {
  refcountAdd(1, refs(kset + KSET.kobj));
  lockedSet(kset, () => listAddTail(kobj + KOBJECT.entry, kset + KSET.list));
}

function leaveKset(kobj: number): void {
  const kset = r32(kobj + KOBJECT.kset);
  if (kset === 0) return;
  lockedSet(kset, () => listDelInit(kobj + KOBJECT.entry));
  kobjectPut(kset + KSET.kobj);
}

/** C: kset_init. */
export function ksetInit(kset: number): void {
  kobjectInit(kset + KSET.kobj, r32(kset + KSET.kobj + KOBJECT.ktype));
  listInit(kset + KSET.list);
  w32(kset + KSET.list_lock, 0);
}

/** Its name is set already. C: kset_register. */
export function ksetRegister(kset: number): number {
  ksetInit(kset);
  return addInternal(kset + KSET.kobj);
}

/** C: kset_unregister. */
export function ksetUnregister(kset: number): void {
  kobjectDel(kset + KSET.kobj);
  kobjectPut(kset + KSET.kobj);
}

/** A set of its own with a directory; 0 when that cannot be. C: kset_create_and_add. */
export function ksetCreate(name: string, parent: number, module: number): number {
  const kset = alloc(KSET.sizeof);
  if (kset === 0) return 0;
  const kobj = kset + KSET.kobj;
  kobjectInit(kobj, 0, KSET_DYNAMIC);
  listInit(kset + KSET.list);
  w32(kobj + KOBJECT.module, module);
  if (kobjectAdd(kobj, parent, name) === 0) return kset;
  kobjectPut(kobj);
  return 0;
}

/** The object of the set with that name, with a reference; 0: none. C: kset_find_obj. */
export const ksetFind = (kset: number, name: string): number => lockedSet(kset, () => {
  const head = kset + KSET.list;
  for (let node = listNext(head); node !== head; node = listNext(node)) if (kobjectName(node - KOBJECT.entry) === name) return kobjectGet(node - KOBJECT.entry);
  return 0;
});
