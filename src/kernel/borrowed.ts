/**
 * Tasks that are no threads: the one that carries a blocking call made outside of any thread (or while its thread sleeps
 * already), and those in which insmod and rmmod run a module's functions. They have a pid, a state and the caller's
 * name, are seen in ps, and are gone when the call is over.
 */
import { fetchOr, load, store } from '../lib/atomic.js';
import { EAGAIN, KernelError } from '../lib/errno.js';
import { r32, readString, w32, wf64, writeString, zero } from '../lib/memory.js';
import { finishTask } from './exit.js';
import { copyProcess, countLive } from './fork.js';
import { isolateModule } from './isolate.js';
import { warnTask } from './panic.js';
import { TASK_COMM_LEN } from './param.js';
import { allocPid, freePid } from './pid.js';
import { Thread, dropSleep, enqueue, holder, installThread, listenForNews, probeThread, removeThread, startThread, wakeUpState } from './sched/core.js';
import { KTHREAD_NOTIFY, KTHREAD_SHOULD_STOP, PF_BORROWED, PF_NOFREEZE, PF_SUSPEND_TASK, TASK, TASK_DEAD, TASK_FROZEN, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_WAKEKILL, setTaskState } from './sched/task.js';
import { wchanName } from './sched/wchan.js';
import { taskFatalSignalPending, taskSignalPending } from './sched/signal.js';
import { ISOLATE, me, self } from './smp.js';
import { uptime } from './time/time.js';

/** Records kept for the next borrower, so that a blocking call outside of a thread costs a pid and little else. */
const SPARES_MAX = 16;
const spares: Thread[] = [];
const SIGNAL_BYTES = TASK.sig_kernel + 8 - TASK.sig_pending;

export const forgetSpares = (): void => void (spares.length = 0);

function newTask(name: string): Thread {
  const task = copyProcess({ name, flags: PF_BORROWED | PF_NOFREEZE, kflags: 0, isolate: me, cpu: load(self + ISOLATE.cpu), module: isolateModule(), ppid: 1, cpus: [-1, -1] });
  if (task < 0) throw new KernelError(task, `no task for a blocking call of ${name}: pids or kernel memory are out`);
  setTaskState(task, TASK_RUNNING);
  const thread = new Thread(task);
  installThread(thread);
  return thread;
}

/** A task for one blocking call, with the caller's name. Throws ENOMEM or EAGAIN. */
export function borrowTask(): Thread {
  const caller = holder();
  const name = caller ? readString(caller.addr + TASK.comm, TASK_COMM_LEN) : 'init';
  const spare = spares.pop();
  const thread = spare ? reuse(spare, name) : newTask(name);
  thread.caller = caller;
  if (caller) lend(caller, thread);
  return thread;
}

/** What concerns the caller concerns its call: its module, whether it freezes, a stop, a signal. */
function lend(caller: Thread, thread: Thread): void {
  w32(thread.addr + TASK.module, r32(caller.addr + TASK.module));
  w32(thread.addr + TASK.flags, PF_BORROWED | (load(caller.addr + TASK.flags) & (PF_NOFREEZE | PF_SUSPEND_TASK)));
  share(caller.addr, thread.addr);
  if (caller.borrowers !== null) return void caller.borrowers.add(thread);
  caller.borrowers = new Set([thread]);
  listenForNews(caller, () => {
    for (const other of caller.borrowers!) share(caller.addr, other.addr);
  });
}

const PENDING = [TASK.sig_pending, TASK.sig_pending + 4, TASK.sig_shared, TASK.sig_shared + 4];

function share(from: number, to: number): void {
  for (const word of PENDING) store(to + word, load(from + word));
  const stop = load(from + TASK.kflags) & (KTHREAD_SHOULD_STOP | KTHREAD_NOTIFY);
  if ((fetchOr(to + TASK.kflags, stop) & stop) !== stop) wakeUpState(to, TASK_NORMAL | TASK_FROZEN);
  else if (taskSignalPending(to)) wakeUpState(to, TASK_INTERRUPTIBLE | (taskFatalSignalPending(to) ? TASK_WAKEKILL : 0));
}

/** A spare record under a new pid. */
function reuse(thread: Thread, name: string): Thread {
  const task = thread.addr;
  const pid = allocPid(task);
  if (pid === 0) throw new KernelError(-EAGAIN, `no task for a blocking call of ${name}: pids are out`);
  writeString(task + TASK.comm, TASK_COMM_LEN, name);
  wf64(task + TASK.start_time, uptime());
  w32(task + TASK.kflags, 0);
  w32(task + TASK.flags, PF_BORROWED | PF_NOFREEZE);
  zero(task + TASK.sig_pending, SIGNAL_BYTES);
  w32(task + TASK.module, isolateModule());
  w32(task + TASK.tgid, pid);
  store(task + TASK.pid, pid);
  setTaskState(task, TASK_RUNNING);
  countLive(1);
  installThread(thread);
  return thread;
}

/** The call is over. */
export function giveBackTask(thread: Thread): void {
  const task = thread.addr;
  thread.caller?.borrowers?.delete(thread);
  removeThread(thread);
  if (spares.length >= SPARES_MAX || load(task + TASK.usage) !== 1) return finishTask(task, 0);
  setTaskState(task, TASK_DEAD);
  freePid(thread.pid, task);
  store(task + TASK.pid, 0);
  countLive(-1);
  spares.push(thread);
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
        if (hasForgotten(thread)) await endForgotten(thread);
        removeThread(thread);
        finishTask(thread.addr, 0);
      }
    });
  });
  enqueue(thread);
  return result;
}

/** Whether `thread` may have sleeps that it does not await. */
export const hasForgotten = (thread: Thread): boolean => thread.gate !== null || thread.borrowers !== null;

/**
 * The function of `thread` is over, but sleeps that it did not await are not: lost races, or missing awaits. They are ended
 * and reported; what follows them never runs. A queue must not keep the record of a task that is no more.
 */
export async function endForgotten(thread: Thread): Promise<void> {
  if (thread.gate !== null) await endSleep(thread, thread);
  for (const borrower of thread.borrowers ?? []) await endSleep(borrower, thread);
}

async function endSleep(sleeper: Thread, thread: Thread): Promise<void> {
  const where = wchanName(r32(sleeper.addr + TASK.wchan));
  const trace = await probeThread(sleeper);
  if (sleeper.gate === null || (sleeper !== thread && !thread.borrowers!.has(sleeper))) return; // It woke meanwhile.
  dropSleep(sleeper);
  warnTask(thread.addr, trace, '%s[%d] ended while it sleeps in %s: await that call, or give it a signal that ends it', readString(thread.addr + TASK.comm, TASK_COMM_LEN), thread.pid, where);
}
