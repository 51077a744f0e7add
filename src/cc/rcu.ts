/**
 * RCU: readers that take no lock and keep nobody out. Who changes something that they may be reading puts the new in its
 * place, waits until all readers are gone that may have seen the old, and frees that. It does not keep writers apart.
 *
 * A reader writes down in its task in which grace period it began. Who waits begins a new one and looks at all tasks until
 * none is left that began before it; a task that ends is none any more, so nobody is waited for in vain.
 *
 *     reader                                  who waits
 *     rcu_reader = rcu_gp  [rcu:read]         pointer = new
 *     reads the pointer                       rcu_gp + 1  [rcu:wait]
 *     rcu_reader = 0                          any rcu_reader that is less? look again in a tick
 */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { r32, w32 } from '../lib/memory.js';
import { MACHINE, machineWord } from '../kernel/memlayout.js';
import { forEachTask } from '../kernel/pid.js';
import { mightSleep } from '../kernel/sched/core.js';
import { TASK } from '../kernel/sched/task.js';
import { scheduleTimeoutUninterruptibleSync } from '../kernel/time/sleep.js';

/** What `task` reads from here to rcuReadUnlock() is not freed. They nest; it never waits. C: rcu_read_lock. */
export function rcuReadLock(task: number): void {
  const depth = r32(task + TASK.rcu_depth);
  w32(task + TASK.rcu_depth, depth + 1);
  if (depth === 0) store(task + TASK.rcu_reader, (load(machineWord(MACHINE.rcu_gp)) << 1) | 1); // [rcu:read] pairs with rcu:wait
}

/** C: rcu_read_unlock. */
export function rcuReadUnlock(task: number): void {
  const depth = r32(task + TASK.rcu_depth) - 1;
  w32(task + TASK.rcu_depth, depth);
  if (depth === 0) store(task + TASK.rcu_reader, 0);
}

/** Begins a grace period; returns its number. */
export const gracePeriod = (): number => fetchAdd(machineWord(MACHINE.rcu_gp), 1) + 1; // [rcu:wait] pairs with rcu:read

/** Whether all readers are gone that began before grace period `gp`. A look at all tasks. */
export function gracePeriodOver(gp: number): boolean {
  let over = true;
  forEachTask((task) => {
    const reader = load(task + TASK.rcu_reader);
    if (reader !== 0 && (((reader >> 1) - gp) | 0) << 1 < 0) over = false;
  });
  return over;
}

/** For plain threads: waits until all readers are gone that are there now. Sleeps in D. C: synchronize_rcu. */
export function synchronizeRcuSync(): void {
  mightSleep('synchronize_rcu');
  for (const gp = gracePeriod(); !gracePeriodOver(gp); ) scheduleTimeoutUninterruptibleSync(1);
}
