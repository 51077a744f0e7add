/**
 * fs/char_dev.c, drivers/base/core.c, drivers/char/misc.c and lib/usercopy.c for C modules; devices are ../fs/char_dev.ts's.
 */
import { u8 } from '../../lib/memory.js';
import { WAIT_QUEUE_HEAD } from '../../kernel/sched/wait_queue.js';
import { cdevAdd, cdevAlloc, cdevDel, classCreate, classDestroy, classPlace, classRegister, deviceCreate, deviceDestroy, deviceUnregister, miscDeregister, miscRegister, registerChrdev, registerRegion, unregisterChrdev, unregisterRegion } from '../fs/char_dev.js';
import { majorOf, minorOf, mkdev } from '../fs/kdev_t.js';
import { signalFile } from '../fs/file_table.js';
import { CDEV, CLASS, FILE, FILE_OPERATIONS, MISCDEVICE } from '../fs/records.js';
import { pollWait } from '../fs/select.js';
import { createFile, removeFile } from '../fs/sysfs.js';
import { isUser, userBytes, userEnd } from '../fs/uaccess.js';
import { checked, errnoOf, formatted, text, type Imports } from '../abi.js';

const fops = (at: number): number => checked(at, FILE_OPERATIONS.sizeof);
const cdev = (at: number): number => checked(at, CDEV.sizeof, true);
const cls = (at: number): number => checked(at, CLASS.sizeof, true);
const misc = (at: number): number => checked(at, MISCDEVICE.sizeof, true);

/** Copies what may be copied; returns how many bytes were not. */
function copy(to: number, from: number, size: number, user: number, write: boolean): number {
  const count = userBytes(user, size, write);
  if (count > 0) u8.copyWithin(to >>> 0, from >>> 0, (from >>> 0) + count);
  return size - count;
}

export const fs: Imports = {
  __register_chrdev: (major: number, minor: number, count: number, name: number, ops: number) => registerChrdev(major >>> 0, minor, count, text(name), fops(ops)),
  __unregister_chrdev: (major: number, minor: number, count: number) => unregisterChrdev(major, minor, count),
  kthread_register_region: (dev: number, count: number, name: number, dynamic: number) => {
    const major = registerRegion(dynamic ? 0 : majorOf(dev), minorOf(dev), count, text(name));
    return major < 0 ? major : dynamic ? mkdev(major, minorOf(dev)) : 0;
  },
  unregister_chrdev_region: (dev: number, count: number) => unregisterRegion(majorOf(dev), minorOf(dev), count),
  cdev_alloc: () => cdevAlloc(),
  cdev_add: (at: number, dev: number, count: number) => cdevAdd(cdev(at), dev, count),
  cdev_del: (at: number) => cdevDel(cdev(at)),
  kthread_class_create: (name: number, owner: number) => errnoOf(() => classCreate(name, owner)),
  class_register: (at: number) => errnoOf(() => classRegister(cls(at))),
  class_unregister: (at: number) => classDestroy(cls(at)),
  class_destroy: (at: number) => {
    if (at !== 0 && !(at < 0 && at >= -4095)) classDestroy(cls(at));
  },
  device_create: (of: number, parent: number, dev: number, data: number, format: number, args: number) => errnoOf(() => deviceCreate(of === 0 ? 0 : cls(of), parent, dev, data, formatted(format, args))),
  device_create_with_groups: (of: number, parent: number, dev: number, data: number, groups: number, format: number, args: number) => errnoOf(() => deviceCreate(of === 0 ? 0 : cls(of), parent, dev, data, formatted(format, args), groups)),
  class_create_file: (of: number, attr: number) => createFile(classPlace(cls(of)), checked(attr, 16)),
  class_remove_file: (of: number, attr: number) => void removeFile(classPlace(cls(of)), checked(attr, 16)),
  device_destroy: (of: number, dev: number) => deviceDestroy(cls(of), dev),
  device_unregister: (at: number) => deviceUnregister(checked(at, 4)),
  misc_register: (at: number) => errnoOf(() => miscRegister(misc(at))),
  misc_deregister: (at: number) => miscDeregister(misc(at)),

  kthread_poll_wait: (queue: number) => pollWait(checked(queue, WAIT_QUEUE_HEAD.sizeof, true)),
  kthread_file_signal: (file: number, sig: number) => signalFile(checked(file, FILE.sizeof), sig),
  kthread_access_ok: (at: number, size: number) => Number(size === 0 || isUser(at)),
  _copy_to_user: (to: number, from: number, size: number) => copy(to, size === 0 ? from : checked(from, size >>> 0), size >>> 0, to, true),
  _copy_from_user: (to: number, from: number, size: number) => {
    if (size !== 0) checked(to, size >>> 0, true);
    const left = copy(to, from, size >>> 0, from, false);
    if (left > 0) u8.fill(0, (to >>> 0) + (size >>> 0) - left, (to >>> 0) + (size >>> 0));
    return left;
  },
  kthread_clear_user: (to: number, size: number) => {
    const count = userBytes(to, size >>> 0, true);
    u8.fill(0, to >>> 0, (to >>> 0) + count);
    return (size >>> 0) - count;
  },
  kthread_strnlen_user: (at: number, most: number) => {
    const end = Math.min(userEnd(at), (at >>> 0) + (most >>> 0));
    for (let i = at >>> 0; i < end; i++) if (u8[i] === 0) return i - (at >>> 0) + 1;
    return end === (at >>> 0) ? 0 : end - (at >>> 0) + 1;
  },
};
