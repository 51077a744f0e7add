/**
 * Devices: the numbers that drivers take, which cdev answers for which of them, and the names in /dev. A name stands for a
 * number only: whose it is, is found out when it is opened. C: fs/char_dev.c, drivers/base/core.c, drivers/char/misc.c.
 */
import { EBUSY, EEXIST, EINVAL, ENODEV, ENOMEM, ENXIO } from '../../lib/errno.js';
import { listAddTail, listDelInit, listInit } from '../../lib/list.js';
import { r32, readString, stringSize, w32, writeString } from '../../lib/memory.js';
import { isolateModule } from '../../kernel/isolate.js';
import { kasanKfree, kasanKmalloc } from '../../kernel/mm/kasan.js';
import { kfree, kzalloc } from '../../kernel/mm/slab.js';
import { KERN_ERR, KERN_WARNING, printk } from '../../kernel/printk/printk.js';
import { KIND_CHR, KIND_DIR, S_IFCHR, S_IFDIR, addEntry, fsLocked, lookup, pathOf, removeEntry } from './dcache.js';
import { removeAndWait } from './drain.js';
import { fileOperations, setFileOps } from './file.js';
import { nodesOf, tryModuleGet } from './file_table.js';
import { MINORMASK, majorOf, minorOf, mkdev } from './kdev_t.js';
import { CDEV, CDEV_MAP, CLASS, DEVICE, ENTRY, FILE, FILE_OPERATIONS, FS, HELD, INODE, KOBJECT, MISCDEVICE, REGION } from './records.js';
import { addKernelFile } from './attributes.js';
import { kobjectInit } from './kobject.js';
import { createGroups, placeOf, type Place } from './sysfs.js';

const MAJOR_MAX = 512;
/** Where numbers are looked for that nobody asked for: downwards from the first of each two. */
const DYNAMIC: ReadonlyArray<readonly [number, number]> = [[254, 234], [511, 384]];
const MISC_MAJOR = 10, MISC_DYNAMIC_MINOR = 255, DYNAMIC_MINORS = 128;

// --- Numbers ------------------------------------------------------------------------------------------------------

/** Takes `count` minors of `major` (0: one that is free) from `minor` on. Returns the major, or -EBUSY, -EINVAL, -ENOMEM. C: __register_chrdev_region. */
export function registerRegion(major: number, minor: number, count: number, name: string): number {
  if (major >= MAJOR_MAX) {
    printk('%sCHRDEV "%s" major requested (%u) is greater than the maximum (%u)\n', KERN_ERR, name, major, MAJOR_MAX - 1);
    return -EINVAL;
  }
  if (minor < 0 || count <= 0 || minor + count - 1 > MINORMASK) {
    printk('%sCHRDEV "%s" minor range requested (%u-%u) is out of range of maximum range (%u-%u) for a single major\n', KERN_ERR, name, minor, minor + count - 1, 0, MINORMASK);
    return -EINVAL;
  }
  const region = kzalloc(REGION.sizeof);
  if (region === 0) return -ENOMEM;
  const result = fsLocked((fs) => {
    const taken = nodesOf(fs, FS.regions);
    const where = major || dynamicMajor(taken);
    if (where === 0 || where === MISC_MAJOR || taken.some((other) => overlaps(other, where, minor, count))) return -EBUSY;
    for (const [field, value] of [[REGION.major, where], [REGION.minor, minor], [REGION.count, count], [REGION.module, isolateModule()]] as const) w32(region + field, value);
    writeString(region + REGION.name, 64, name);
    listAddTail(region, fs + FS.regions);
    return where;
  });
  if (result >= 0) return result;
  kfree(region);
  if (major === 0) printk('%sCHRDEV "%s" dynamic allocation region is full\n', KERN_ERR, name);
  return result;
}

const overlaps = (region: number, major: number, minor: number, count: number): boolean =>
  r32(region + REGION.major) === major && r32(region + REGION.minor) < minor + count && minor < r32(region + REGION.minor) + r32(region + REGION.count);

function dynamicMajor(taken: readonly number[]): number {
  const majors = new Set(taken.map((region) => r32(region + REGION.major)));
  for (const [from, to] of DYNAMIC) for (let major = from; major >= to; major--) if (!majors.has(major)) return major;
  return 0;
}

/** Gives numbers back. C: __unregister_chrdev_region. */
export function unregisterRegion(major: number, minor: number, count: number): void {
  const region = fsLocked((fs) => {
    const found = nodesOf(fs, FS.regions).find((at) => r32(at + REGION.major) === major && r32(at + REGION.minor) === minor && r32(at + REGION.count) === count) ?? 0;
    if (found !== 0) listDelInit(found);
    return found;
  });
  if (region !== 0) kfree(region);
}

// --- cdevs --------------------------------------------------------------------------------------------------------

/** A new cdev; 0 when memory is out. C: cdev_alloc. */
export function cdevAlloc(): number {
  const cdev = kasanKmalloc(CDEV.sizeof, true, isolateModule(), 0);
  if (cdev === 0) return 0;
  listInit(cdev + CDEV.list);
  w32(cdev + CDEV.allocated, 1);
  return cdev;
}

/** From here on the cdev answers for `count` numbers from `dev` on. C: cdev_add. */
export function cdevAdd(cdev: number, dev: number, count: number): number {
  const map = kzalloc(CDEV_MAP.sizeof);
  if (map === 0) return -ENOMEM;
  w32(cdev + CDEV.dev, dev);
  w32(cdev + CDEV.count, count);
  for (const [field, value] of [[CDEV_MAP.dev, dev], [CDEV_MAP.count, count], [CDEV_MAP.cdev, cdev], [CDEV_MAP.module, isolateModule()]] as const) w32(map + field, value);
  fsLocked((fs) => listAddTail(map, fs + FS.cdevs));
  return 0;
}

/** It answers no more; files that are open stay so. C: cdev_del. */
export function cdevDel(cdev: number): void {
  const maps = fsLocked((fs) => nodesOf(fs, FS.cdevs).filter((map) => r32(map + CDEV_MAP.cdev) === cdev));
  for (const map of maps) dropMap(map);
  if (r32(cdev + CDEV.allocated) !== 0) kasanKfree(cdev, 0);
}

export function dropMap(map: number): void {
  fsLocked(() => listDelInit(map));
  kfree(map);
}

/** The cdev that answers for `dev`: of several the one with the fewest numbers. 0: none. The lock is held. */
function cdevOf(fs: number, dev: number): number {
  const maps = nodesOf(fs, FS.cdevs).filter((map) => dev >= r32(map + CDEV_MAP.dev) && dev < r32(map + CDEV_MAP.dev) + r32(map + CDEV_MAP.count));
  const [best = 0] = maps.toSorted((one, other) => r32(one + CDEV_MAP.count) - r32(other + CDEV_MAP.count));
  return best === 0 ? 0 : r32(best + CDEV_MAP.cdev);
}

/** Numbers and a cdev of the kernel's own for them. Returns the major if it was to be found, else 0, or an error. C: __register_chrdev. */
export function registerChrdev(major: number, minor: number, count: number, name: string, fops: number): number {
  const where = registerRegion(major, minor, count, name);
  if (where < 0) return where;
  const cdev = cdevAlloc();
  if (cdev === 0) {
    unregisterRegion(where, minor, count);
    return -ENOMEM;
  }
  w32(cdev + CDEV.ops, fops);
  w32(cdev + CDEV.owner, r32(fops + FILE_OPERATIONS.owner));
  const failed = cdevAdd(cdev, mkdev(where, minor), count);
  if (failed !== 0) {
    kasanKfree(cdev, 0);
    unregisterRegion(where, minor, count);
  }
  return failed || (major === 0 ? where : 0);
}

/** C: __unregister_chrdev. */
export function unregisterChrdev(major: number, minor: number, count: number): void {
  const map = fsLocked((fs) => nodesOf(fs, FS.cdevs).find((at) => r32(at + CDEV_MAP.dev) === mkdev(major, minor) && r32(at + CDEV_MAP.count) === count) ?? 0);
  if (map !== 0) cdevDel(r32(map + CDEV_MAP.cdev));
  unregisterRegion(major, minor, count);
}

/** A driver is looked for when its device is opened. C: chrdev_open. */
function chrdevOpen(inode: number, file: number): number {
  const dev = r32(inode + INODE.i_rdev);
  if (majorOf(dev) === MISC_MAJOR) return miscOpen(inode, file, minorOf(dev));
  const cdev = fsLocked((fs) => { // Its module cannot take it away meanwhile.
    const found = cdevOf(fs, dev);
    return found !== 0 && take(file, r32(found + CDEV.owner), r32(found + CDEV.ops)) ? found : 0;
  });
  if (cdev === 0) return -ENXIO;
  w32(inode + INODE.i_cdev, cdev);
  return fileOperations.open(inode, file);
}

/** The file has these operations now, and keeps their module. */
function take(file: number, owner: number, fops: number): boolean {
  const keeps = owner || (fops === 0 ? 0 : r32(fops + FILE_OPERATIONS.owner));
  if (fops === 0 || !tryModuleGet(keeps)) return false;
  w32(file + FILE.owner, keeps);
  w32(file + FILE.f_op, fops);
  return true;
}

setFileOps(KIND_CHR, { ...fileOperations, open: chrdevOpen });

// --- Names --------------------------------------------------------------------------------------------------------

/** A class of devices; 0 when memory is out. C: class_create. */
export function classCreate(name: number, owner: number): number {
  const at = kasanKmalloc(CLASS.sizeof, true, isolateModule(), 0);
  if (at === 0) return -ENOMEM;
  w32(at + CLASS.name, name);
  w32(at + CLASS.owner, owner);
  w32(at + CLASS.allocated, 1);
  const failed = classRegister(at);
  if (failed < 0) kasanKfree(at, 0);
  return failed || at;
}

/** C: class_register. */
export function classRegister(at: number): number {
  const entry = addEntry(lookup('/sys/class'), readString(r32(at + CLASS.name), 256), { mode: S_IFDIR | 0o755, kind: KIND_DIR });
  if (entry < 0) return entry;
  w32(at + CLASS.entry, entry);
  listInit(at + CLASS.devices);
  const failed = hold(FS.classes, at) || createGroups(classPlace(at), r32(at + CLASS.class_groups));
  if (failed !== 0) forgetClass(at);
  return failed;
}

/** Where the attributes of a class are, and what they are told. */
export const classPlace = (at: number): Place => ({ dir: r32(at + CLASS.entry), obj: at, typed: false });

function forgetClass(at: number): void {
  release(FS.classes, at);
  removeAndWait(r32(at + CLASS.entry));
  w32(at + CLASS.entry, 0);
}

/** C: class_destroy, class_unregister. Sleeps. */
export function classDestroy(at: number): void {
  forgetClass(at);
  if (r32(at + CLASS.allocated) !== 0) kasanKfree(at, 0);
}

/** Writes down that C's record at `at` is in the kernel's hands. */
function hold(head: number, at: number): number {
  const held = kzalloc(HELD.sizeof);
  if (held === 0) return -ENOMEM;
  w32(held + HELD.at, at);
  w32(held + HELD.module, isolateModule());
  fsLocked((fs) => listAddTail(held, fs + head));
  return 0;
}

/** Whether it was. */
function release(head: number, at: number): boolean {
  const found = fsLocked((fs) => nodesOf(fs, head).find((held) => r32(held + HELD.at) === at) ?? 0);
  if (found === 0) return false;
  fsLocked(() => listDelInit(found));
  kfree(found);
  return true;
}

/**
 * A device of a class (0: a misc device), with a directory and the attributes of its class and of `groups` in /sys, and a name in /dev if it has a
 * number. Returns it or a negative number. C: device_create_with_groups.
 */
export function deviceCreate(cls: number, parent: number, dev: number, data: number, name: string, groups = 0, mode = 0): number {
  const at = kasanKmalloc(DEVICE.sizeof, true, isolateModule(), 0);
  const text = kzalloc(stringSize(name));
  if (at === 0 || text === 0) return -ENOMEM;
  writeString(text, stringSize(name), name);
  for (const [field, value] of [[DEVICE.class, cls], [DEVICE.parent, parent], [DEVICE.devt, dev], [DEVICE.driver_data, data], [DEVICE.name, text], [DEVICE.groups, groups], [DEVICE.allocated, 1]] as const) w32(at + field, value);
  kobjectInit(at + DEVICE.kobj, 0);
  w32(at + DEVICE.kobj + KOBJECT.name, text);
  listInit(at + DEVICE.link);
  const failed = deviceAdd(at, cls === 0 ? miscDir() : r32(cls + CLASS.entry), name, mode || 0o600);
  if (failed !== 0) deviceUnregister(at);
  else if (cls !== 0) fsLocked(() => listAddTail(at + DEVICE.link, cls + CLASS.devices));
  return failed || at;
}

/** Its directory, its attributes, its name in /dev. */
function deviceAdd(at: number, dir: number, name: string, mode: number): number {
  const [cls, dev] = [r32(at + DEVICE.class), r32(at + DEVICE.devt)];
  const plain = name.replaceAll('/', '!');
  const entry = addEntry(dir, plain, { mode: S_IFDIR | 0o755, kind: KIND_DIR, data: at });
  if (entry === -EEXIST) printk('%ssysfs: cannot create duplicate filename \'%s/%s\'\n', KERN_WARNING, pathOf(dir).replace(/^\/sys/, ''), plain);
  if (entry < 0) return entry;
  w32(at + DEVICE.entry, entry);
  w32(at + DEVICE.kobj + KOBJECT.sd, entry);
  const place = placeOf(at + DEVICE.kobj);
  if (dev !== 0) addKernelFile(entry, 'dev', at, r32(entry + ENTRY.module));
  const failed = (cls === 0 ? 0 : createGroups(place, r32(cls + CLASS.dev_groups))) || createGroups(place, r32(at + DEVICE.groups));
  const node = failed !== 0 || dev === 0 ? failed : deviceNode(name, dev, mode);
  if (node > 0) w32(at + DEVICE.node, node);
  return Math.min(node, 0);
}

/** The directory of misc devices, which is there with the first of them. */
function miscDir(): number {
  const made = addEntry(lookup('/sys/class'), 'misc', { mode: S_IFDIR | 0o755, kind: KIND_DIR, module: 0 });
  return made > 0 ? made : lookup('/sys/class/misc');
}

/** The name in /dev; with directories where it has any. */
function deviceNode(name: string, dev: number, mode: number): number {
  const steps = name.replaceAll('!', '/').split('/');
  let dir = lookup('/dev');
  for (const step of steps.slice(0, -1)) {
    const made = addEntry(dir, step, { mode: S_IFDIR | 0o755, kind: KIND_DIR, module: 0 });
    dir = made === -EEXIST ? lookup(step, dir) : made;
    if (dir < 0) return dir;
  }
  return addEntry(dir, steps.at(-1)!, { mode: S_IFCHR | mode, kind: KIND_CHR, rdev: dev });
}

/** The devices of a class. */
export const devicesOf = (cls: number): number[] => fsLocked(() => nodesOf(cls, CLASS.devices).map((node) => node - DEVICE.link));

/** The device of `cls` with that number goes. C: device_destroy. */
export function deviceDestroy(cls: number, dev: number): void {
  const at = devicesOf(cls).find((device) => r32(device + DEVICE.devt) === dev);
  if (at !== undefined) deviceUnregister(at);
}

/** C: device_unregister. Sleeps until nobody reads one of its attributes. */
export function deviceUnregister(at: number): void {
  fsLocked(() => listDelInit(at + DEVICE.link));
  if (r32(at + DEVICE.node) > 0) removeEntry(r32(at + DEVICE.node));
  if (r32(at + DEVICE.entry) > 0) removeAndWait(r32(at + DEVICE.entry));
  kfree(r32(at + DEVICE.name));
  if (r32(at + DEVICE.allocated) !== 0) kasanKfree(at, 0);
}

// --- Devices of no kind -------------------------------------------------------------------------------------------

/** Finds a minor for the miscdevice at `at` if it wants one, and makes its name. C: misc_register. */
export function miscRegister(at: number): number {
  const name = readString(r32(at + MISCDEVICE.name), 256);
  const wanted = r32(at + MISCDEVICE.minor);
  const minor = fsLocked((fs) => {
    const taken = new Set(nodesOf(fs, FS.miscs).map((held) => r32(r32(held + HELD.at) + MISCDEVICE.minor)));
    if (wanted !== MISC_DYNAMIC_MINOR) return taken.has(wanted) ? -EBUSY : wanted;
    for (let free = DYNAMIC_MINORS - 1; free >= 0; free--) if (!taken.has(free)) return free;
    return -EBUSY;
  });
  if (minor < 0) return minor;
  w32(at + MISCDEVICE.minor, minor);
  const failed = hold(FS.miscs, at);
  if (failed < 0) return failed;
  const device = deviceCreate(0, r32(at + MISCDEVICE.parent), mkdev(MISC_MAJOR, minor), at, r32(at + MISCDEVICE.nodename) === 0 ? name : readString(r32(at + MISCDEVICE.nodename), 256), r32(at + MISCDEVICE.groups), r32(at + MISCDEVICE.mode) & 0o777);
  if (device < 0) {
    release(FS.miscs, at);
    w32(at + MISCDEVICE.minor, wanted);
    return device;
  }
  w32(at + MISCDEVICE.this_device, device);
  return 0;
}

/** C: misc_deregister. */
export function miscDeregister(at: number): void {
  if (!release(FS.miscs, at)) return;
  deviceUnregister(r32(at + MISCDEVICE.this_device));
  if (r32(at + MISCDEVICE.minor) < DYNAMIC_MINORS) w32(at + MISCDEVICE.minor, MISC_DYNAMIC_MINOR);
}

function miscOpen(inode: number, file: number, minor: number): number {
  const at = fsLocked((fs) => {
    const found = nodesOf(fs, FS.miscs).map((held) => r32(held + HELD.at)).find((misc) => r32(misc + MISCDEVICE.minor) === minor) ?? 0;
    return found !== 0 && take(file, 0, r32(found + MISCDEVICE.fops)) ? found : 0;
  });
  if (at === 0) return -ENODEV;
  w32(file + FILE.private_data, at);
  return fileOperations.open(inode, file);
}
