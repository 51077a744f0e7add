/**
 * When a module goes or the machine halts: what a module leaves of files and devices is taken off and told, who still has one
 * open is cut off from code that is no more; and at the end every process closes what it has.
 */
import { load, store } from '../../lib/atomic.js';
import { r32, readString, w32 } from '../../lib/memory.js';
import { isDead } from '../../kernel/fork.js';
import { KERN_ALERT, printk } from '../../kernel/printk/printk.js';
import { taskAt } from '../../kernel/sched/handle.js';
import { SIGTERM, sendSig } from '../../kernel/signal.js';
import { scheduleTimeoutUninterruptible } from '../../kernel/time/sleep.js';
import { uptime } from '../../kernel/time/time.js';
import { endTask } from '../evict.js';
import { isOf } from '../softirq.js';
import type { Image } from '../images.js';
import { classDestroy, deviceUnregister, devicesOf, dropMap, miscDeregister, unregisterRegion } from './char_dev.js';
import { fsLocked, pathOf } from './dcache.js';
import { forgetNames } from './drain.js';
import { nodesOf, openFiles, reapLost, taskOfFile } from './file_table.js';
import { majorOf, minorOf } from './kdev_t.js';
import { KIND_GONE, KIND_PROC } from './kinds.js';
import { CDEV_MAP, CLASS, DEVICE, ENTRY, FILE, FS, HELD, MISCDEVICE, PROCESS, REGION } from './records.js';

/** How long processes may take to close what they have when the machine halts, ms. */
const CLOSE_MS = 1000;

/** Takes away what a module leaves that is unloaded, and says so. Sleeps. */
export async function forgetFiles(image: Image): Promise<void> {
  await cutOff(image);
  for (const what of forgetDevices(image)) printk('%sBUG: module %s was removed, but its %s is still registered; it is taken off\n', KERN_ALERT, image.about.name, what);
  forgetNames(image);
}

function* heldOf(head: number, { id }: Image): Generator<number> {
  for (const held of fsLocked((fs) => nodesOf(fs, head))) if (r32(held + HELD.module) === id) yield r32(held + HELD.at);
}

const textAt = (at: number): string => readString(r32(at), 256);
const numbers = (major: number, minor: number, count: number): string => `${major}:${minor}${count > 1 ? `-${minor + count - 1}` : ''}`;

function forgetDevices(image: Image): string[] {
  const left: string[] = [];
  const { id } = image;
  for (const misc of heldOf(FS.miscs, image)) {
    left.push(`misc device ${textAt(misc + MISCDEVICE.name)}`);
    miscDeregister(misc);
  }
  for (const held of fsLocked((fs) => nodesOf(fs, FS.classes))) {
    for (const device of devicesOf(r32(held + HELD.at))) {
      if (r32(r32(device + DEVICE.entry) + ENTRY.module) !== id) continue;
      left.push(`device ${textAt(device + DEVICE.name)}`);
      deviceUnregister(device);
    }
  }
  for (const cls of heldOf(FS.classes, image)) {
    left.push(`class ${textAt(cls + CLASS.name)}`);
    classDestroy(cls);
  }
  for (const map of fsLocked((fs) => nodesOf(fs, FS.cdevs))) {
    if (r32(map + CDEV_MAP.module) !== id && !isOf(image, r32(map + CDEV_MAP.cdev), 0)) continue;
    const dev = r32(map + CDEV_MAP.dev);
    const hasRegion = fsLocked((fs) => nodesOf(fs, FS.regions)).some((region) => r32(region + REGION.module) === id && r32(region + REGION.major) === majorOf(dev));
    if (!hasRegion) left.push(`cdev ${numbers(majorOf(dev), minorOf(dev), r32(map + CDEV_MAP.count))}`);
    dropMap(map);
  }
  for (const region of fsLocked((fs) => nodesOf(fs, FS.regions))) {
    if (r32(region + REGION.module) !== id) continue;
    const [major, minor, count] = [REGION.major, REGION.minor, REGION.count].map((field) => r32(region + field));
    left.push(`device ${readString(region + REGION.name, 64)} (${numbers(major, minor, count)})`);
    unregisterRegion(major, minor, count);
  }
  return left;
}

/** Whether nothing of a module is called for an open file any more: its name was taken away, and that is looked at first. */
const isHarmless = (file: number, entry: number): boolean => r32(file + FILE.kind) === KIND_GONE || (r32(file + FILE.kind) >= KIND_PROC && load(entry + ENTRY.gone) !== 0);

/** Files whose operations are no more do nothing from here on; a process that is inside of them is ended. */
async function cutOff(image: Image): Promise<void> {
  const { record, name } = image.about;
  const files = fsLocked((fs) => openFiles(fs).filter((file) => {
    const entry = r32(file + FILE.entry);
    if (isHarmless(file, entry)) return false;
    return r32(file + FILE.owner) === record || isOf(image, r32(file + FILE.f_op), 0) || (entry !== 0 && (r32(entry + ENTRY.module) === image.id || isOf(image, r32(entry + ENTRY.ops), 0)));
  }));
  for (const file of files) {
    const task = taskOfFile(file);
    const path = pathOf(r32(file + FILE.entry));
    store(file + FILE.kind, KIND_GONE);
    w32(file + FILE.f_op, 0);
    w32(file + FILE.owner, 0); // Its record goes.
    if (task === 0 || isDead(task)) continue;
    const { comm, pid } = taskAt(task);
    printk('%sBUG: module %s was removed, but %s[%d] has its %s open\n', KERN_ALERT, name, comm, pid, path);
    if (load(r32(file + FILE.process) + PROCESS.inside) === 0) continue;
    await endTask(task, `the driver that it was in was removed with module ${name}`);
  }
  reapLost();
}

/** The machine halts: every process closes what it has, so that drivers can go. Sleeps until they have, or CLOSE_MS. */
export async function closeAll(): Promise<void> {
  const processes = (): number[] => fsLocked((fs) => nodesOf(fs, FS.processes)).map((process) => load(process + PROCESS.task)).filter((task) => task !== 0 && !isDead(task));
  for (const task of processes()) sendSig(SIGTERM, taskAt(task), false);
  for (const until = uptime() + CLOSE_MS; uptime() < until && processes().length > 0; ) await scheduleTimeoutUninterruptible(1);
}
