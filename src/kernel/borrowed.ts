/**
 * Tasks that are no threads: the one that carries a blocking call made outside of any thread (or while its thread sleeps
 * already), and those in which insmod and rmmod run a module's functions. They have a pid, a state and the caller's
 * name, are seen in ps, and are gone when the call is over.
 */
import { load } from '../lib/atomic.js';
import { KernelError } from '../lib/errno.js';
import { r32, readString, w32 } from '../lib/memory.js';
import { finishTask } from './exit.js';
import { copyProcess } from './fork.js';
import { isolateModule } from './isolate.js';
import { TASK_COMM_LEN } from './param.js';
import { Thread, currentThread, enqueue, installThread, removeThread, startThread } from './sched/core.js';
import { PF_BORROWED, TASK, TASK_RUNNING, setTaskState } from './sched/task.js';
import { ISOLATE, me, self } from './smp.js';

function newTask(name: string): Thread {
  const task = copyProcess({ name, flags: PF_BORROWED, kflags: 0, isolate: me, cpu: load(self + ISOLATE.cpu), module: isolateModule(), ppid: 1, cpus: [-1, -1] });
  if (task < 0) throw new KernelError(task, `no task for a blocking call of ${name}: pids or kernel memory are out`);
  setTaskState(task, TASK_RUNNING);
  const thread = new Thread(task, true);
  installThread(thread);
  return thread;
}

/** A task for one blocking call, with the caller's name. Throws ENOMEM or EAGAIN. */
export function borrowTask(): Thread {
  const caller = currentThread();
  const thread = newTask(caller ? readString(caller.addr + TASK.comm, TASK_COMM_LEN) : 'init');
  if (caller) w32(thread.addr + TASK.module, r32(caller.addr + TASK.module));
  return thread;
}

/** The call is over. */
export function giveBackTask(thread: Thread): void {
  removeThread(thread);
  finishTask(thread.addr, 0);
}

/** Runs `fn` in a task of its own, named `name`; settles as `fn` does. */
export function runInTask<T>(name: string, fn: () => Promise<T> | T): Promise<T> {
  const thread = newTask(name);
  const result = new Promise<T>((resolve, reject) => {
    startThread(thread, async () => {
      try {
        resolve(await fn());
      } catch (error) {
        reject(error as Error);
      } finally {
        giveBackTask(thread);
      }
    });
  });
  enqueue(thread);
  return result;
}
