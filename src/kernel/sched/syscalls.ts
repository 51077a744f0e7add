/**
 * What is set on a task from outside: nice value, policy and name. What they do is elsewhere: on an isolate that is shared
 * they order who is next (rq.ts); the OS thread of a plain one gets the nice value itself, where the operating system
 * allows that, and no real-time policy, for which there is no way. On which CPUs a task runs is affinity.ts.
 */
import { host } from '../../arch/host.js';
import { load, store } from '../../lib/atomic.js';
import { EINVAL, ESRCH } from '../../lib/errno.js';
import { readString, writeString } from '../../lib/memory.js';
import { rawSpinLocked } from '../locking/raw_spinlock.js';
import { isolateSlotAt } from '../memlayout.js';
import { TASK_COMM_LEN } from '../param.js';
import { ISOLATE, OWN, me, self } from '../smp.js';
import type { Task } from './handle.js';
import { DEFAULT_PRIO, KTHREAD_BLOCKING, MAX_RT_PRIO, SCHED_FIFO, SCHED_NORMAL, SCHED_RR, TASK } from './task.js';

export const MIN_NICE = -20;
export const MAX_NICE = 19;
/** Priority of schedSetFifo. */
const FIFO = MAX_RT_PRIO / 2;

/** Sets the nice value of `task`, -20 (most urgent) to 19; any other is ignored. It counts while the policy is SCHED_NORMAL. C: set_user_nice. */
export function setUserNice(task: Task, nice: number): void {
  if (!task.exists || !isNice(nice)) return;
  change(task.addr, () => store(task.addr + TASK.static_prio, DEFAULT_PRIO + nice));
}

const isNice = (nice: number): boolean => Number.isInteger(nice) && nice >= MIN_NICE && nice <= MAX_NICE;

/** The nice value of `task`; 0 for one that is gone. C: task_nice. */
export const taskNice = (task: Task): number => (task.exists ? niceOf(task.addr) : 0);
const niceOf = (task: number): number => load(task + TASK.static_prio) - DEFAULT_PRIO;

/** Real time, priority 50: before all threads of this CPU that are not, and nobody is before it but a higher priority. C: sched_set_fifo. */
export const schedSetFifo = (task: Task): void => void schedSetscheduler(task, SCHED_FIFO, { schedPriority: FIFO });

/** Real time, priority 1. C: sched_set_fifo_low. */
export const schedSetFifoLow = (task: Task): void => void schedSetscheduler(task, SCHED_FIFO, { schedPriority: 1 });

/** No real time, and the nice value given. C: sched_set_normal. */
export function schedSetNormal(task: Task, nice: number): void {
  schedSetscheduler(task, SCHED_NORMAL, { schedPriority: 0 });
  setUserNice(task, nice);
}

/**
 * Sets the policy: SCHED_NORMAL with priority 0, SCHED_FIFO or SCHED_RR with 1 to 99; the last two are the same here, since
 * nobody is interrupted. Returns 0, -22 (-EINVAL) for anything else, -3 (-ESRCH) for a task that is gone. C: sched_setscheduler.
 */
export function schedSetscheduler(task: Task, policy: number, { schedPriority }: { readonly schedPriority: number }): 0 | -22 | -3 {
  if (!task.exists) return -ESRCH as -3;
  const realTime = policy === SCHED_FIFO || policy === SCHED_RR;
  const [least, most] = realTime ? [1, MAX_RT_PRIO - 1] : [0, 0];
  if ((!realTime && policy !== SCHED_NORMAL) || !Number.isInteger(schedPriority) || schedPriority < least || schedPriority > most) return -EINVAL as -22;
  change(task.addr, () => {
    store(task.addr + TASK.policy, policy);
    store(task.addr + TASK.rt_priority, schedPriority);
  });
  return 0;
}

/** The same: nobody's rights are checked here. C: sched_setscheduler_nocheck. */
export const schedSetschedulerNocheck: typeof schedSetscheduler = (task, policy, param) => schedSetscheduler(task, policy, param);

/** Changes attributes of `task` and works out the priority that counts. */
function change(task: number, set: () => void): void {
  rawSpinLocked(task + TASK.lock, () => {
    set();
    const realTime = load(task + TASK.policy) !== SCHED_NORMAL;
    store(task + TASK.prio, realTime ? MAX_RT_PRIO - 1 - load(task + TASK.rt_priority) : load(task + TASK.static_prio));
  });
  const isolate = isolateSlotAt(load(task + TASK.isolate));
  if ((load(task + TASK.kflags) & KTHREAD_BLOCKING) !== 0 && load(isolate + ISOLATE.task) === task) applyNice(isolate, niceOf(task));
}

// --- OS threads ---------------------------------------------------------------------------------------------------

/** Before a plain thread runs on this isolate: whoever ran here before may have been nicer. */
export const beNiceAs = (task: number): boolean => applyNice(self, niceOf(task));

/** After it: false if the operating system does not let this isolate be as urgent as a fresh one again, so that nobody should run here any more. */
export const beNiceNoMore = (): boolean => applyNice(self, 0);

/** Gives the OS thread of the isolate at `at` a nice value, unless it has it. False if the operating system refuses. */
function applyNice(at: number, nice: number): boolean {
  if (load(at + ISOLATE.nice) === nice) return true;
  if (load(at + ISOLATE.kind) !== OWN || !host.setNice(load(at + ISOLATE.tid), nice)) return false;
  store(at + ISOLATE.nice, nice);
  return true;
}

// --- Names --------------------------------------------------------------------------------------------------------

/** Changes comm: at most 15 bytes of `name`. The whole name that /proc and ps show stays what it was. C: set_task_comm. */
export function setTaskComm(task: Task, name: string): void {
  if (!task.exists) return;
  const { addr } = task;
  rawSpinLocked(addr + TASK.lock, () => writeString(addr + TASK.comm, TASK_COMM_LEN, name));
  if ((load(addr + TASK.kflags) & KTHREAD_BLOCKING) !== 0 && load(addr + TASK.isolate) === me) host.setThreadName(readString(addr + TASK.comm, TASK_COMM_LEN));
}
