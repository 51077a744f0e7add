/**
 * What an open file keeps: its name, and the module whose code it calls. And what becomes of that when the process that had
 * it open was ended from outside. No code of modules runs here.
 */
import { load } from '../../lib/atomic.js';
import { listDelInit, listNext } from '../../lib/list.js';
import { r32, w32 } from '../../lib/memory.js';
import { isDead } from '../../kernel/fork.js';
import { kfree } from '../../kernel/mm/slab.js';
import { MODULE, MODULE_GOING, countUser } from '../../kernel/module.js';
import { taskAt } from '../../kernel/sched/handle.js';
import { SIGHUP, sendSig } from '../../kernel/signal.js';
import { isolateAlive } from '../../kernel/smp.js';
import { fsLocked, putEntry } from './dcache.js';
import { FILE, FS, PROCESS } from './records.js';
import { putProcess } from './request.js';

/** Keeps the module with the record `record` loaded, 0: the kernel itself. False if it goes. C: try_module_get. */
export function tryModuleGet(record: number): boolean {
  if (record === 0) return true;
  countUser(record, 1);
  if (load(record + MODULE.state) !== MODULE_GOING) return true; // [file:get] pairs with module:going
  countUser(record, -1);
  return false;
}

export const modulePut = (record: number): void => countUser(record, -1);

/** Lets go what `file` kept, without a word to its driver. Once only. */
export function dropFile(file: number): void {
  const mine = fsLocked(() => {
    const first = r32(file + FILE.entry) !== 0;
    const entry = r32(file + FILE.entry);
    w32(file + FILE.entry, 0);
    listDelInit(file + FILE.link);
    return first ? entry : 0;
  });
  if (mine === 0) return;
  modulePut(r32(file + FILE.owner));
  putEntry(mine);
  kfree(file);
}

/** The nodes of one of the machine's lists. The lock is held. */
export function nodesOf(fs: number, head: number): number[] {
  const found: number[] = [];
  for (let node = listNext(fs + head); node !== fs + head; node = listNext(node)) found.push(node);
  return found;
}

/** The files that are open. The lock is held. */
export const openFiles = (fs: number): number[] => nodesOf(fs, FS.files).map((node) => node - FILE.link);

/** The task that has `file` open; 0: none any more, or the kernel. */
export function taskOfFile(file: number): number {
  const process = r32(file + FILE.process);
  return process === 0 ? 0 : load(process + PROCESS.task);
}

/** Sends the process that has `file` open a signal. */
export function signalFile(file: number, sig: number): void {
  const task = taskOfFile(file);
  if (task !== 0 && !isDead(task)) sendSig(sig, taskAt(task), true);
}

/** Lets go what processes kept that were ended where they stood, and hangs up on those whose user is gone while they sleep in a driver. */
export function reapLost(): void {
  const left = fsLocked((fs) => nodesOf(fs, FS.processes).filter((process) => !isolateAlive(r32(process + PROCESS.user))).map((process) => load(process + PROCESS.task)));
  for (const task of left) if (task !== 0 && !isDead(task)) sendSig(SIGHUP, taskAt(task), false);
  const lost = fsLocked((fs) => nodesOf(fs, FS.processes).filter((process) => {
    const task = load(process + PROCESS.task); // Of one that ends by itself this is 0 before.
    const gone = task !== 0 && isDead(task);
    if (gone) w32(process + PROCESS.task, 0);
    return gone;
  }));
  for (const process of lost) {
    const file = r32(process + PROCESS.file);
    if (file !== 0) dropFile(file);
    putProcess(process);
  }
}
