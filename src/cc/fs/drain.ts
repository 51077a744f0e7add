/**
 * Taking a name away that somebody has open: whoever is in a function of the module comes out first, and from then on the
 * file answers an error and calls nothing. So for /proc, /sys and debugfs; a character device stays open and keeps its module.
 *
 *     who uses the file                       who takes it away
 *     inside = 1                              gone = 1    [fs:gone]
 *     gone? -> error   [fs:enter]             inside? -> sleeps and looks again
 *     calls the module
 */
import { cas, load } from '../../lib/atomic.js';
import { EINVAL, EIO } from '../../lib/errno.js';
import { r32, w32 } from '../../lib/memory.js';
import { KERN_ALERT, printk } from '../../kernel/printk/printk.js';
import { mightSleep } from '../../kernel/sched/core.js';
import { TASK } from '../../kernel/sched/task.js';
import { isolateAlive } from '../../kernel/smp.js';
import { msleepSync } from '../../kernel/time/sleep.js';
import { badAccess } from '../fault.js';
import type { Image } from '../images.js';
import { isOf } from '../softirq.js';
import { findEntries, fsLocked, pathOf, removeEntry } from './dcache.js';
import { fput, setFileOps, type FileOps } from './file.js';
import { openFiles, taskOfFile } from './file_table.js';
import { KIND_GONE } from './kinds.js';
import { ENTRY, FILE, PROCESS } from './records.js';

/** How long who waits sleeps between two looks, ms. */
const LOOK_MS = 1;

/** Takes `entry` and all below it out of the tree, and waits for those who are inside. Sleeps. With `release`, files that are open are released by it now, and not when they are closed. */
export function removeAndWait(entry: number, release?: (file: number) => void): void {
  mightSleep('remove_entry');
  removeEntry(entry, (gone) => { // [fs:gone] pairs with fs:enter
    while (filesOf(gone).some(isInside)) msleepSync(LOOK_MS);
    for (const file of release ? filesOf(gone).filter(getFile) : []) {
      release!(file);
      fput(file);
    }
  });
}

/** The same for a module that is gone already: nothing of it is called, and nobody is waited for. */
export const removeAtOnce = (entry: number): void => removeEntry(entry, (gone) => {
  for (const file of filesOf(gone)) w32(file + FILE.kind, KIND_GONE);
});

/** Takes away what a module leaves that is unloaded, and says so: its functions are no more. */
export function forgetNames(image: Image): void {
  const { id, about } = image;
  for (const entry of findEntries((known) => r32(known + ENTRY.module) === id || r32(known + ENTRY.owner) === about.record || isOf(image, r32(known + ENTRY.ops), 0))) {
    printk('%sBUG: module %s was removed, but its %s is still there; it is taken off\n', KERN_ALERT, about.name, pathOf(entry));
    removeAtOnce(entry);
  }
}

const filesOf = (entry: number): number[] => fsLocked((fs) => openFiles(fs).filter((file) => r32(file + FILE.entry) === entry));

/** Whether the process that has `file` open is in a function of its module, and lives. */
function isInside(file: number): boolean {
  const task = taskOfFile(file);
  return task !== 0 && load(r32(file + FILE.process) + PROCESS.inside) !== 0 && isolateAlive(r32(task + TASK.isolate));
}

/** One reference more, unless it is being closed. */
function getFile(file: number): boolean {
  const count = load(file + FILE.f_count);
  return count > 0 && (cas(file + FILE.f_count, count, count + 1) === count || getFile(file));
}

/** The entry at `at`, as C has it in a pointer. Ends a caller that has kept one which is gone. */
export function entryAt(at: number): number {
  const entry = at >>> 0;
  if (findEntries((known) => known === entry).length === 0) badAccess(entry, 4, false);
  return entry;
}

/** Whether the name of `file` is there still: what calls the module asks this first, when it counts as inside. [fs:enter] pairs with fs:gone */
export const isThere = (file: number): boolean => load(r32(file + FILE.entry) + ENTRY.gone) === 0;

/** Whether the caller is the one to release `file`, which is of `kind`: who closes it, or who takes its name away. */
export const claimRelease = (file: number, kind: number): boolean => cas(file + FILE.kind, kind, KIND_GONE) === kind;

setFileOps(KIND_GONE, { read: () => -EIO, write: () => -EIO, ioctl: () => -EIO, llseek: () => -EINVAL } satisfies FileOps);
