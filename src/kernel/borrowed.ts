/**
 * Tasks that are no threads: the one that carries a blocking call made outside of any thread (or while its thread sleeps
 * already), and those in which insmod and rmmod run a module's functions. They have a pid, a state and the caller's
 * name, are seen in ps, and are gone when the call is over.
 */
import { load, store } from '../lib/atomic.js';
import { EAGAIN, KernelError } from '../lib/errno.js';
import { r32, readString, w32, wf64, writeString, zero } from '../lib/memory.js';
import { finishTask } from './exit.js';
import { copyProcess, countLive } from './fork.js';
import { isolateModule } from './isolate.js';
import { TASK_COMM_LEN, TASK_NAME_LEN } from './param.js';
import { allocPid, freePid } from './pid.js';
import { Thread, currentThread, enqueue, installThread, removeThread, startThread } from './sched/core.js';
import { PF_BORROWED, TASK, TASK_DEAD, TASK_RUNNING, setTaskState } from './sched/task.js';
import { ISOLATE, me, self } from './smp.js';
import { uptime } from './time/time.js';

/** Records kept for the next borrower, so that a blocking call outside of a thread costs a pid and little else. */
const SPARES_MAX = 16;
const spares: Thread[] = [];

export const forgetSpares = (): void => void (spares.length = 0);

/** `borrowed`: for one blocking call; else it takes turns like a thread. */
function newTask(name: string, borrowed: boolean): Thread {
  const task = copyProcess({ name, flags: PF_BORROWED, kflags: 0, isolate: me, cpu: load(self + ISOLATE.cpu), module: isolateModule(), ppid: 1, cpus: [-1, -1] });
  if (task < 0) throw new KernelError(task, `no task for a blocking call of ${name}: pids or kernel memory are out`);
  setTaskState(task, TASK_RUNNING);
  const thread = new Thread(task, borrowed);
  installThread(thread);
  return thread;
}

/** A task for one blocking call, with the caller's name. Throws ENOMEM or EAGAIN. */
export function borrowTask(): Thread {
  const caller = currentThread();
  const name = caller ? readString(caller.addr + TASK.comm, TASK_COMM_LEN) : 'init';
  const spare = spares.pop();
  const thread = spare ? reuse(spare, name) : newTask(name, true);
  thread.caller = caller;
  if (caller) w32(thread.addr + TASK.module, r32(caller.addr + TASK.module));
  return thread;
}

/** A spare record under a new pid. */
function reuse(thread: Thread, name: string): Thread {
  const task = thread.addr;
  const pid = allocPid(task);
  if (pid === 0) throw new KernelError(-EAGAIN, `no task for a blocking call of ${name}: pids are out`);
  writeString(task + TASK.comm, TASK_COMM_LEN, name);
  writeString(task + TASK.name, TASK_NAME_LEN, name);
  wf64(task + TASK.start_time, uptime());
  w32(task + TASK.kflags, 0);
  zero(task + TASK.sig_pending, TASK.sig_lock - TASK.sig_pending);
  w32(task + TASK.module, isolateModule());
  w32(task + TASK.tgid, pid);
  store(task + TASK.pid, pid);
  thread.pid = pid;
  setTaskState(task, TASK_RUNNING);
  countLive(1);
  installThread(thread);
  return thread;
}

/** The call is over. */
export function giveBackTask(thread: Thread): void {
  const task = thread.addr;
  removeThread(thread);
  if (spares.length >= SPARES_MAX || load(task + TASK.usage) !== 1) return finishTask(task, 0);
  setTaskState(task, TASK_DEAD);
  freePid(thread.pid);
  store(task + TASK.pid, 0);
  countLive(-1);
  spares.push(thread);
}

/** Runs `fn` in a task of its own, named `name`; settles as `fn` does. */
export function runInTask<T>(name: string, fn: () => Promise<T> | T): Promise<T> {
  const thread = newTask(name, false);
  const result = new Promise<T>((resolve, reject) => {
    startThread(thread, async () => {
      try {
        resolve(await fn());
      } catch (error) {
        reject(error as Error);
      } finally {
        removeThread(thread);
        finishTask(thread.addr, 0);
      }
    });
  });
  enqueue(thread);
  return result;
}
