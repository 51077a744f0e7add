/**
 * Making a task's record, and what a stale handle finds where one was: a record is only ever reused for another task, so
 * that its pid tells whether it is still the one meant. Who keeps a record is counted in sched/ref.ts.
 */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { EAGAIN, ENOMEM } from '../lib/errno.js';
import { listInit } from '../lib/list.js';
import { r32, readString, w32, wf64, writeString } from '../lib/memory.js';
import { MACHINE, TOMBSTONES_AT, isolateSlotAt, machineWord } from './memlayout.js';
import { kfree, kmalloc, kmemCacheAlloc, kmemCacheFree } from './mm/slab.js';
import { NR_TOMBSTONES, TASK_COMM_LEN, TASK_NAME_LEN } from './param.js';
import { allocPid, findTask } from './pid.js';
import { initCompletionAt } from './sched/completion.js';
import { DEFAULT_PRIO, KTHREAD_UNREF, TASK, TASK_DEAD, TASK_NEW } from './sched/task.js';
import { WAIT_QUEUE_ENTRY } from './sched/wait_queue.js';
import { numPossibleCpus, ring } from './smp.js';
import { uptime } from './time/time.js';

export interface NewTask {
  readonly name: string;
  readonly flags: number;
  readonly kflags: number;
  readonly isolate: number;
  readonly cpu: number;
  readonly module: number;
  readonly ppid: number;
  /** Bits of the CPUs it may run on, low word first. */
  readonly cpus: readonly [number, number];
}

/** The isolate that booted, which keeps the process alive while tasks live. */
export const BOOT_ISOLATE = 1;

/** How many of the machine's CPUs are among those of `cpus`. */
function nrAllowed([low, high]: NewTask['cpus']): number {
  let count = 0;
  for (let cpu = 0; cpu < numPossibleCpus(); cpu++) count += ((cpu < 32 ? low : high) >>> (cpu & 31)) & 1;
  return count;
}

/** A new task in state NEW with one reference, its own; or -ENOMEM, or -EAGAIN when all pids are taken. C: copy_process. */
export function copyProcess(spec: NewTask): number {
  const task = kmemCacheAlloc();
  if (task === 0) return -ENOMEM;
  store(task + TASK.__state, TASK_NEW);
  w32(task + TASK.isolate, spec.isolate);
  w32(task + TASK.usage, 1);
  w32(task + TASK.kflags, spec.kflags);
  w32(task + TASK.flags, spec.flags);
  w32(task + TASK.cpu, spec.cpu);
  w32(task + TASK.wake_cpu, spec.cpu);
  w32(task + TASK.module, spec.module);
  w32(task + TASK.ppid, spec.ppid);
  w32(task + TASK.static_prio, DEFAULT_PRIO);
  w32(task + TASK.prio, DEFAULT_PRIO);
  w32(task + TASK.cpus_allowed, spec.cpus[0]);
  w32(task + TASK.cpus_allowed + 4, spec.cpus[1]);
  w32(task + TASK.nr_cpus_allowed, nrAllowed(spec.cpus));
  w32(task + TASK.real_parent, findTask(spec.ppid));
  initCompletionAt(task + TASK.exited);
  initCompletionAt(task + TASK.parked);
  listInit(task + TASK.wait);
  listInit(task + TASK.lock_wait);
  w32(task + TASK.wait + WAIT_QUEUE_ENTRY.private, task);
  const now = uptime();
  wf64(task + TASK.start_time, now);
  wf64(task + TASK.last_switch, now);
  writeString(task + TASK.comm, TASK_COMM_LEN, spec.name);
  if (taskName(task) !== spec.name) w32(task + TASK.name, keepName(spec.name));
  const pid = allocPid(task);
  if (pid === 0) {
    kfree(r32(task + TASK.name));
    kmemCacheFree(task);
    return -EAGAIN;
  }
  w32(task + TASK.tgid, pid);
  store(task + TASK.pid, pid);
  if ((spec.kflags & KTHREAD_UNREF) === 0) countLive(1);
  return task;
}

/** Few names are longer than comm; where memory is out, that is all there is. Always of the full size: who copies one need not know where it ends. */
function keepName(name: string): number {
  const at = kmalloc(TASK_NAME_LEN);
  if (at !== 0) writeString(at, TASK_NAME_LEN, name);
  return at;
}

/** The whole name of `task`. */
export function taskName(task: number): string {
  const at = r32(task + TASK.name);
  return at === 0 ? readString(task + TASK.comm, TASK_COMM_LEN) : readString(at, TASK_NAME_LEN);
}

/** One task more or less that keeps the process alive; the isolate that booted must hear of the first and the last. */
export function countLive(by: 1 | -1): void {
  const before = fetchAdd(machineWord(MACHINE.live_tasks), by);
  if (before === 0 || before + by === 0) livenessChanged();
}

let livenessChanged = (): void => ring(isolateSlotAt(BOOT_ISOLATE));

/** On the isolate that booted: what to do at once, instead of ringing. */
export function onLiveness(fn: () => void): void {
  livenessChanged = fn;
}

/** Remembers what `pid` ended with, for who asks after the record is gone. */
export function writeTombstone(pid: number, value: number): void {
  const at = TOMBSTONES_AT + (pid % NR_TOMBSTONES) * 8;
  store(at, 0);
  store(at + 4, value);
  store(at, pid);
}

/** What `pid` ended with; undefined if it lives or NR_TOMBSTONES others ended since. */
export function readTombstone(pid: number): number | undefined {
  const at = TOMBSTONES_AT + (pid % NR_TOMBSTONES) * 8;
  if (load(at) !== pid) return undefined;
  const value = load(at + 4);
  return load(at) === pid ? value : undefined;
}

/** Writes `text` to a place of its own in kernel memory; 0 where there is none. */
export function keepText(text: string, max: number): number {
  const size = Math.min(text.length * 3 + 1, max);
  const at = kmalloc(size);
  if (at !== 0) writeString(at, size, text);
  return at;
}

export const isDead = (task: number): boolean => load(task + TASK.__state) === TASK_DEAD;
