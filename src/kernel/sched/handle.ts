/**
 * A task as TypeScript code holds it. A handle counts no reference: after the thread has ended and its record was
 * freed it still tells the pid and the name, and that the thread is gone.
 */
import { fetchAnd, fetchOr, load } from '../../lib/atomic.js';
import { r32, readString } from '../../lib/memory.js';
import { countLive, taskName } from '../fork.js';
import { registerHandle, type Handle } from '../handle.js';
import { TASK_COMM_LEN } from '../param.js';
import { findTask } from '../pid.js';
import { currentThread } from './core.js';
import { KTHREAD_UNREF, TASK, TASK_DEAD, stateLetter } from './task.js';

/** A kernel thread, or another task. C: struct task_struct *. */
export class Task implements Handle, AsyncDisposable {
  readonly kthread = 'task';
  readonly addr: number;
  readonly pid: number;
  private lastName: string;

  /** Not for users: kthreadRun and current() make handles. */
  constructor(addr: number, pid: number, name = '') {
    this.addr = addr;
    this.pid = pid;
    this.lastName = name;
  }

  /** Whether the record is still this task's: true from creation until the last reference is gone. */
  get exists(): boolean {
    return load(this.addr + TASK.pid) === this.pid;
  }

  /** At most 15 bytes of its name. C: task->comm. */
  get comm(): string {
    if (this.exists) this.lastName = readString(this.addr + TASK.comm, TASK_COMM_LEN);
    return this.lastName;
  }

  /** The whole name, at most 63 bytes, as ps shows it. */
  get name(): string {
    return this.exists ? taskName(this.addr) : this.lastName;
  }

  /** The letter of ps: R, S, D, I, P; X once it ended. */
  get state(): string {
    return this.exists ? stateLetter(load(this.addr + TASK.__state)) : 'X';
  }

  /** The state word. C: task->__state. */
  get stateWord(): number {
    return this.exists ? load(this.addr + TASK.__state) : TASK_DEAD;
  }

  /** 120 + nice. C: task->static_prio. */
  get staticPrio(): number {
    return this.word(TASK.static_prio);
  }

  /** What the scheduler goes by: 120 + nice, or 99 - the real-time priority. C: task->prio. */
  get prio(): number {
    return this.word(TASK.prio);
  }

  /** 0, or 1 to 99 where the policy is real time. C: task->rt_priority. */
  get rtPriority(): number {
    return this.word(TASK.rt_priority);
  }

  get tgid(): number {
    return this.word(TASK.tgid);
  }

  /** 2 (kthreadd) for a kernel thread. */
  get ppid(): number {
    return this.word(TASK.ppid);
  }

  /** PF_* bits. C: task->flags. */
  get flags(): number {
    return this.word(TASK.flags);
  }

  /** SCHED_NORMAL 0, SCHED_FIFO 1, SCHED_RR 2. */
  get policy(): number {
    return this.word(TASK.policy);
  }

  /** The CPU it runs on or ran on last. */
  get cpu(): number {
    return this.word(TASK.cpu);
  }

  /** Whether its process may not end while it lives; see unref(). */
  hasRef(): boolean {
    return this.exists && (load(this.addr + TASK.kflags) & KTHREAD_UNREF) === 0;
  }

  /** Lets the process end although this thread lives. */
  unref(): this {
    if (this.exists && (fetchOr(this.addr + TASK.kflags, KTHREAD_UNREF) & KTHREAD_UNREF) === 0) countLive(-1);
    return this;
  }

  /** Takes unref() back. */
  ref(): this {
    if (this.exists && (fetchAnd(this.addr + TASK.kflags, ~KTHREAD_UNREF) & KTHREAD_UNREF) !== 0) countLive(1);
    return this;
  }

  /** Stops the thread if it still lives, as `await using` does at the end of its block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await dispose(this);
  }

  private word(offset: number): number {
    return this.exists ? r32(this.addr + offset) : 0;
  }
}

let dispose: (task: Task) => Promise<unknown> = async () => {};

/** How `await using` ends a thread. */
export function onDispose(fn: typeof dispose): void {
  dispose = fn;
}

registerHandle('task', ({ addr, pid, lastName }: { addr: number; pid: number; lastName: string }) => new Task(addr, pid, lastName));

/** The handle of the task at `addr`. */
export const taskAt = (addr: number): Task => new Task(addr, r32(addr + TASK.pid), readString(addr + TASK.comm, TASK_COMM_LEN));

/** The calling task: the thread whose code runs; outside of any, pid 1. C: current. */
export function current(): Task {
  const thread = currentThread();
  return taskAt(thread ? thread.addr : findTask(1));
}

/** The task of `pid`, or undefined. C: find_task_by_vpid. */
export function findTaskByPid(pid: number): Task | undefined {
  const task = findTask(pid);
  return task === 0 ? undefined : taskAt(task);
}
