/**
 * What the calls of the control socket are given, checked: it comes from outside, whatever the types say. And the task
 * that a client means by a pid or a name.
 */
import { EINVAL, EPERM, ESRCH, KernelError } from '../lib/errno.js';
import { load } from '../lib/atomic.js';
import { findTask, forEachTask } from '../kernel/pid.js';
import { taskAt, type Task } from '../kernel/sched/handle.js';
import { KTHREAD_SYSTEM, PF_KTHREAD, TASK, TASK_DEAD } from '../kernel/sched/task.js';

/** A refusal that says where the thread is which did not do as it was told. */
export class Refusal extends KernelError {
  constructor(errno: number, message: string, readonly trace: readonly string[]) {
    super(errno, message);
  }
}

/** Names said in an error. */
const SHOWN_MAX = 10;
const KTHREADD = 2;

const wrong = (what: string): KernelError => new KernelError(-EINVAL, what);

/** A whole number from `min` to `max`. Throws EINVAL. */
export function checkNumber(call: string, name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) throw wrong(`${call}: ${name} takes a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`);
  return value;
}

/** A text that is not empty. Throws EINVAL. */
export function checkText(call: string, name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw wrong(`${call}: ${name} takes a text, not ${JSON.stringify(value)}`);
  return value;
}

/** A list of at most `most`, each of which `check` lets through. Throws EINVAL. */
export function checkList<T>(call: string, name: string, value: unknown, most: number, check: (value: unknown) => T): T[] {
  if (!Array.isArray(value) || value.length > most) throw wrong(`${call}: ${name} takes a list of at most ${most}`);
  return value.map(check);
}

/** An object with at most `most` entries. Throws EINVAL. */
export function checkEntries(call: string, name: string, value: unknown, most: number): Array<[string, unknown]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length > most) throw wrong(`${call}: ${name} takes an object of at most ${most} entries`);
  return Object.entries(value);
}

/** Milliseconds that a client is ready to wait; Infinity unless it says how long. Throws EINVAL. */
export const checkTimeout = (call: string, value: unknown): number => (value === undefined ? Infinity : checkNumber(call, 'timeout', value, 0, 2 ** 31 - 1));

/** All tasks that `who` means: one by its pid, or those of a name. Throws ESRCH when there is none, EINVAL for what is neither. */
export function findAll(call: string, who: unknown): Task[] {
  if (typeof who === 'number') return [findPid(call, who)];
  const name = checkText(call, 'who, which is a pid or a name,', who);
  const found: Task[] = [];
  forEachTask((at, pid) => {
    if (pid === 0 || (load(at + TASK.__state) & TASK_DEAD) !== 0) return;
    const task = taskAt(at);
    if (task.name === name || task.comm === name) found.push(task);
  });
  if (found.length === 0) throw new KernelError(-ESRCH, `${call}: no task is named ${name}; ps lists them`);
  return found;
}

/** The one task that `who` means. Throws as findAll, and EINVAL where several have the name. */
export function findOne(call: string, who: unknown): Task {
  const [task, ...others] = findAll(call, who);
  if (others.length > 0) {
    const pids = [task, ...others].slice(0, SHOWN_MAX).map(({ pid }) => pid).join(', ');
    throw wrong(`${call}: ${others.length + 1} tasks are named ${String(who)}, with pids ${pids}${others.length >= SHOWN_MAX ? ', ...' : ''}; say which by its pid`);
  }
  return task;
}

/** The one kernel thread that `who` means, if it is none of the machine's own. Throws as findOne, EINVAL for another task, EPERM. */
export function findThread(call: string, who: unknown): Task {
  const task = findOne(call, who);
  if ((task.flags & PF_KTHREAD) === 0) throw wrong(`${call}: ${task.name}[${task.pid}] is no kernel thread`);
  if (task.pid === KTHREADD || (load(task.addr + TASK.kflags) & KTHREAD_SYSTEM) !== 0) throw new KernelError(-EPERM, `${call}: ${task.name}[${task.pid}] belongs to the machine itself`);
  return task;
}

function findPid(call: string, pid: number): Task {
  const at = findTask(checkNumber(call, 'who', pid, 0, 2 ** 31 - 1));
  if (pid === 0 || at === 0) throw new KernelError(-ESRCH, `${call}: no task has pid ${pid}; it may have ended, ps lists those that are there`);
  return taskAt(at);
}
