/**
 * lib/kobject.c and fs/sysfs for C modules.
 */
import { r32 } from '../../lib/memory.js';
import { MODULE } from '../../kernel/module.js';
import { warn } from '../../kernel/panic.js';
import { entryAt } from '../fs/drain.js';
import { KIND_DIR, S_IFLNK, addEntry, pathOf } from '../fs/dcache.js';
import {
  kobjectAdd, kobjectCreate, kobjectDel, kobjectGet, kobjectInit, kobjectPut, kobjectSetName, ksetCreate, ksetFind, ksetInit, ksetRegister, ksetUnregister, sysKobject,
} from '../fs/kobject.js';
import { KOBJECT, KSET } from '../fs/records.js';
import { createBinFile, createFile, createFiles, createGroup, createGroups, moduleAt, notify, placeOf, removeFile, removeFiles, removeGroup, removeGroups, removeName, warnDuplicate } from '../fs/sysfs.js';
import { checked, formatted, text, type Imports } from '../abi.js';
import { storeCut } from './printk.js';

const kobj = (at: number): number => checked(at, KOBJECT.sizeof, true);
const orNone = (at: number): number => (at === 0 ? 0 : kobj(at));
const attr = (at: number): number => checked(at, 8);
const idOf = (owner: number): number => (owner === 0 ? 0 : r32(owner + MODULE.id));

function initAndAdd(at: number, ktype: number, parent: number, name: string): number {
  kobjectInit(kobj(at), checked(ktype, 16));
  return kobjectAdd(at, orNone(parent), name);
}

/** The way from a directory to a path. */
function relative(from: string, to: string): string {
  const [a, b] = [from.split('/'), to.split('/')];
  const same = a.findIndex((step, n) => step !== b[n]);
  const shared = same < 0 ? a.length : same;
  return [...a.slice(shared).map(() => '..'), ...b.slice(shared)].join('/');
}

function createLink(at: number, target: number, name: string): number {
  const { dir } = placeOf(kobj(at));
  const to = pathOf(entryAt(placeOf(kobj(target)).dir));
  const entry = addEntry(dir, name, { mode: S_IFLNK | 0o777, kind: KIND_DIR, target: relative(pathOf(dir), to), module: moduleAt(at) });
  if (entry < 0) warnDuplicate(`${pathOf(dir)}/${name}`);
  return Math.min(entry, 0);
}

/** Writes text into a page from sysfs; says so and writes nothing where `buf` is none. */
function emit(buf: number, at: number, made: string, call: string): number {
  if (buf !== 0 && buf % PAGE_SIZE === 0 && at >= 0 && at < PAGE_SIZE) return storeCut(buf + at, PAGE_SIZE - at, made);
  warn('invalid %s: buf:%08x', call, buf >>> 0);
  return 0;
}
const PAGE_SIZE = 4096;

export const kobject: Imports = {
  kobject_init: (at: number, ktype: number) => kobjectInit(kobj(at), checked(ktype, 16)),
  kobject_add: (at: number, parent: number, format: number, args: number) => kobjectAdd(kobj(at), orNone(parent), formatted(format, args)),
  kobject_init_and_add: (at: number, ktype: number, parent: number, format: number, args: number) => initAndAdd(at, ktype, parent, formatted(format, args)),
  kthread_kobject_create: (name: number, parent: number, owner: number) => kobjectCreate(text(name), orNone(parent), idOf(owner)),
  kobject_del: (at: number) => void (at !== 0 && kobjectDel(kobj(at))),
  kobject_get: (at: number) => (at === 0 ? 0 : kobjectGet(kobj(at))),
  kobject_put: (at: number) => void (at !== 0 && kobjectPut(kobj(at))),
  kobject_set_name: (at: number, format: number, args: number) => kobjectSetName(kobj(at), formatted(format, args)),
  kthread_sys_kobject: (path: number) => sysKobject(text(path)),
  kset_init: (at: number) => ksetInit(checked(at, KSET.sizeof, true)),
  kset_register: (at: number) => ksetRegister(checked(at, KSET.sizeof, true)),
  kset_unregister: (at: number) => void (at !== 0 && ksetUnregister(checked(at, KSET.sizeof, true))),
  kthread_kset_create: (name: number, parent: number, owner: number) => ksetCreate(text(name), orNone(parent), idOf(owner)),
  kset_find_obj: (at: number, name: number) => ksetFind(checked(at, KSET.sizeof), text(name)),

  sysfs_create_file: (at: number, attribute: number) => createFile(placeOf(kobj(at)), attr(attribute)),
  sysfs_create_files: (at: number, attributes: number) => createFiles(placeOf(kobj(at)), attributes),
  sysfs_remove_file: (at: number, attribute: number) => void removeFile(placeOf(kobj(at)), attr(attribute)),
  sysfs_remove_files: (at: number, attributes: number) => removeFiles(placeOf(kobj(at)), attributes),
  sysfs_create_bin_file: (at: number, attribute: number) => createBinFile(placeOf(kobj(at)), attr(attribute)),
  sysfs_remove_bin_file: (at: number, attribute: number) => void removeFile(placeOf(kobj(at)), attr(attribute)),
  sysfs_create_group: (at: number, group: number) => createGroup(placeOf(kobj(at)), checked(group, 20)),
  sysfs_create_groups: (at: number, groups: number) => createGroups(placeOf(kobj(at)), groups),
  sysfs_remove_group: (at: number, group: number) => removeGroup(placeOf(kobj(at)), checked(group, 20)),
  sysfs_remove_groups: (at: number, groups: number) => removeGroups(placeOf(kobj(at)), groups),
  sysfs_create_link: (at: number, target: number, name: number) => createLink(at, target, text(name)),
  sysfs_remove_link: (at: number, name: number) => void removeName(placeOf(kobj(at)).dir, text(name)),
  sysfs_notify: (at: number, group: number, name: number) => notify(placeOf(kobj(at)), group === 0 ? '' : text(group), name === 0 ? '' : text(name)),
  sysfs_emit: (buf: number, format: number, args: number) => emit(buf, 0, formatted(format, args), 'sysfs_emit'),
  sysfs_emit_at: (buf: number, at: number, format: number, args: number) => emit(buf, at, formatted(format, args), 'sysfs_emit_at'),
};
