/**
 * Who refers to a task: the count that keeps its record, and with it the exit value, from being given to another task. A
 * handle counts nothing; a thread that runs, a place on a wake list and getTaskStruct() do.
 */
import { cas, fetchAdd, load, store } from '../../lib/atomic.js';
import { r32 } from '../../lib/memory.js';
import { freeTask } from '../mm/kasan.js';
import { kfree } from '../mm/slab.js';
import { TASK } from './task.js';

/** Takes a reference; false if the record is free. It may be another task's than the caller means: see tryGetTask. */
export function getTask(task: number): boolean {
  const usage = task + TASK.usage;
  for (;;) {
    const count = load(usage);
    if (count <= 0) return false;
    if (cas(usage, count, count + 1) === count) return true;
  }
}

/** Takes a reference if the record still is task `pid`. */
export function tryGetTask(task: number, pid: number): boolean {
  if (!getTask(task)) return false;
  if (load(task + TASK.pid) === pid) return true;
  putTask(task);
  return false;
}

/** Gives a reference back; the last one frees the record. */
export function putTask(task: number): void {
  if (fetchAdd(task + TASK.usage, -1) !== 1) return;
  store(task + TASK.pid, 0);
  kfree(r32(task + TASK.oops));
  kfree(r32(task + TASK.name));
  freeTask(task, TASK.sizeof);
}
