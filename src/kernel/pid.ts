/**
 * Pids: one number space, handed out in a circle, and the way from a pid to its task. A table of two levels; a leaf,
 * once made, stays. Looking up or taking a pid takes no lock.
 */
import { cas, load, store } from '../lib/atomic.js';
import { MACHINE, PIDS_AT, PID_LEAF, machineWord } from './memlayout.js';
import { kfree, kzalloc } from './mm/slab.js';
import { PID_MAX_LIMIT, RESERVED_PIDS } from './param.js';
import { sysctlGet } from './sysctl.js';

/** The word that holds the task of `pid`, or 0 while its leaf does not exist (and could not be made, if `make`). */
function slot(pid: number, make: boolean): number {
  const top = PIDS_AT + Math.floor(pid / PID_LEAF) * 4;
  let leaf = load(top);
  if (leaf === 0) {
    if (!make) return 0;
    const fresh = kzalloc(PID_LEAF * 4);
    if (fresh === 0) return 0;
    leaf = cas(top, 0, fresh);
    if (leaf === 0) leaf = fresh;
    else kfree(fresh); // Another CPU was faster.
  }
  return leaf + (pid % PID_LEAF) * 4;
}

/** Gives `task` the next free pid. Returns it, or 0 when all below kernel.pid_max are taken or memory is out. */
export function allocPid(task: number): number {
  const word = machineWord(MACHINE.next_pid);
  const max = sysctlGet('kernel.pid_max');
  for (let tries = 0; tries < max; tries++) {
    const seen = load(word);
    const pid = seen >= max ? Math.min(RESERVED_PIDS, max - 1) : seen;
    if (cas(word, seen, pid + 1) !== seen) continue;
    const at = slot(pid, true);
    if (at === 0) return 0;
    if (cas(at, 0, task) === 0) return pid;
  }
  return 0;
}

/** Gives `task` the pid of one of the first tasks. Boot only. */
export function installPid(task: number, pid: number): void {
  store(slot(pid, true), task);
}

/** Gives the pid of `task` back; nothing if it was given back before. */
export function freePid(pid: number, task: number): void {
  cas(slot(pid, false), task, 0);
}

/** The task of `pid`, or 0. Take a reference before using it longer. */
export function findTask(pid: number): number {
  if (!Number.isInteger(pid) || pid < 0 || pid >= PID_MAX_LIMIT) return 0;
  const at = slot(pid, false);
  return at === 0 ? 0 : load(at);
}

/** Calls `visit` for every task, by ascending pid, a page at a time. New ones may be missed. */
export function forEachTask(visit: (task: number, pid: number) => void): void {
  const top = sysctlGet('kernel.pid_max');
  for (let base = 0; base < top; base += PID_LEAF) {
    const leaf = load(PIDS_AT + (base / PID_LEAF) * 4);
    if (leaf === 0) continue;
    for (let i = 0; i < PID_LEAF; i++) {
      const task = load(leaf + i * 4);
      if (task !== 0) visit(task, base + i);
    }
  }
}
