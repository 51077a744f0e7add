/**
 * On which CPUs a task may run: binding a thread before it starts, and changing its mask later. The CPU of a task is a
 * number and, for an async thread, an isolate:
 *
 *     has not begun       goes to the CPU that it was given when it is first woken
 *     plain, has begun    has another number from its next sleep on: it owns its isolate
 *     async, has begun    stays: its code and data are on one isolate, so a mask without that CPU is refused
 *     closure             stays from the beginning, on the isolate that made it
 *
 * The OS thread behind an isolate is left to the operating system, which runs it where it likes: taskset(1) pins it.
 */
import { fetchAnd, fetchOr, load, store } from '../../lib/atomic.js';
import { cpumaskAnd, cpumaskEmpty, cpumaskFirst, cpumaskFromWords, cpumaskOf, cpumaskTestCpu, cpumaskWeight, cpumaskWords, type CpuMask } from '../../lib/cpumask.js';
import { EINVAL, ESRCH, KernelError } from '../../lib/errno.js';
import { cpuOnline, cpuOnlineMask } from '../cpu.js';
import { rawSpinLocked } from '../locking/raw_spinlock.js';
import { warn } from '../panic.js';
import { findTask } from '../pid.js';
import { currentThread, settleCpu } from './core.js';
import { taskAt, type Task } from './handle.js';
import { KTHREAD_BLOCKING, KTHREAD_CLOSURE, KTHREAD_IS_PER_CPU, KTHREAD_STARTED, PF_NO_SETAFFINITY, TASK, TASK_UNINTERRUPTIBLE, taskState } from './task.js';

/** The CPUs of the machine on which `task` may run; none for one that is gone. C: task->cpus_mask. */
export const cpusAllowed = (task: Task): CpuMask => (task.exists ? allowed(task.addr) : cpumaskOf());

const allowed = (task: number): CpuMask => cpumaskAnd(cpumaskFromWords(load(task + TASK.cpus_allowed), load(task + TASK.cpus_allowed + 4)), cpuOnlineMask());

// --- Before the first wake-up -------------------------------------------------------------------------------------

/**
 * Binds `task`, which was created and not yet woken, to `cpu`: it runs there only, and user space may not change that. Too
 * late, it warns and does nothing. Throws KernelError EINVAL for a CPU that is not there, and for a closure and another
 * CPU than its own: a function that shall run elsewhere is declared with threadfn(). C: kthread_bind.
 */
export function kthreadBind(task: Task, cpu: number): void {
  if (!cpuOnline(cpu)) throw new KernelError(-EINVAL, `kthreadBind: there is no CPU ${cpu}`);
  bind('kthread_bind', task, cpumaskOf(cpu));
}

/** The same with several CPUs to choose from. EINVAL for a mask with none that is there. C: kthread_bind_mask. */
export function kthreadBindMask(task: Task, mask: CpuMask): void {
  if (cpumaskEmpty(cpumaskAnd(mask, cpuOnlineMask()))) throw new KernelError(-EINVAL, 'kthreadBindMask: there is no CPU of this mask');
  bind('kthread_bind_mask', task, mask);
}

function bind(call: string, task: Task, mask: CpuMask): void {
  const done = unlessBegun(task, () => {
    if (!choose(task.addr, mask, true)) return false;
    fetchOr(task.addr + TASK.flags, PF_NO_SETAFFINITY);
    return true;
  });
  if (done === undefined) warn('%s: %s[%d] was woken already; bind it before', call, task.comm, task.pid);
  else if (!done) throw new KernelError(-EINVAL, `${call}: ${task.comm}[${task.pid}] is a closure, which runs where it was made; declare it with threadfn(import.meta, ...)`);
}

/**
 * Has `task`, which was created and not yet woken, run on the CPUs of `mask` if that can be, else on any. Returns 0, or -22
 * (-EINVAL) with a warning when it is too late. C: kthread_affine_preferred.
 */
export function kthreadAffinePreferred(task: Task, mask: CpuMask): 0 | -22 {
  const some = cpumaskAnd(mask, cpuOnlineMask());
  const done = unlessBegun(task, () => choose(task.addr, cpumaskEmpty(some) ? cpuOnlineMask() : some, true));
  if (done !== undefined) return 0;
  warn('kthread_affine_preferred: %s[%d] was woken already', task.comm, task.pid);
  return -EINVAL as -22;
}

/** Marks `task`, which is bound, as the thread of `cpu` alone; below 0 takes the mark away. C: kthread_set_per_cpu. */
export function kthreadSetPerCpu(task: Task, cpu: number): void {
  if (!task.exists) return;
  if ((task.flags & PF_NO_SETAFFINITY) === 0) warn('kthread_set_per_cpu: %s[%d] is not bound', task.comm, task.pid);
  if (cpu < 0) fetchAnd(task.addr + TASK.kflags, ~KTHREAD_IS_PER_CPU);
  else fetchOr(task.addr + TASK.kflags, KTHREAD_IS_PER_CPU);
}

/** Whether it bears that mark. C: kthread_is_per_cpu. */
export const kthreadIsPerCpu = (task: Task): boolean => task.exists && (load(task.addr + TASK.kflags) & KTHREAD_IS_PER_CPU) !== 0;

/** What `fn` returns, called with the task locked; undefined, and it is not called, once the task was woken. */
function unlessBegun<T>(task: Task, fn: () => T): T | undefined {
  if (!task.exists) return undefined;
  return rawSpinLocked(task.addr + TASK.lock, () => (begun(task.addr) || taskState(task.addr) !== TASK_UNINTERRUPTIBLE ? undefined : fn()));
}

const begun = (task: number): boolean => (load(task + TASK.kflags) & KTHREAD_STARTED) !== 0;

// --- At any time --------------------------------------------------------------------------------------------------

/**
 * Lets `task` run on the CPUs of `mask` only. Returns 0, or -22 (-EINVAL) where none of them is there, and for an async
 * thread that has begun and whose CPU is not in it. A plain thread takes its new CPU when it next sleeps, or at once if it
 * is the caller. C: set_cpus_allowed_ptr.
 */
export function setCpusAllowedPtr(task: Task, mask: CpuMask): 0 | -22 {
  if (!task.exists) return -EINVAL as -22;
  const { addr } = task;
  const done = rawSpinLocked(addr + TASK.lock, () => choose(addr, mask, !begun(addr) || (load(addr + TASK.kflags) & KTHREAD_BLOCKING) !== 0));
  const thread = currentThread();
  if (done && thread?.addr === addr) settleCpu(thread);
  return done ? 0 : (-EINVAL as -22);
}

/** As setCpusAllowedPtr, by user space, for `pid`: -22 (-EINVAL) also for a thread that is bound, -3 (-ESRCH) for no task. C: sched_setaffinity(2). */
export function schedSetaffinity(pid: number, mask: CpuMask): 0 | -22 | -3 {
  const at = findTask(pid);
  if (at === 0) return -ESRCH as -3;
  const task = taskAt(at);
  return (task.flags & PF_NO_SETAFFINITY) !== 0 ? (-EINVAL as -22) : setCpusAllowedPtr(task, mask);
}

/** The CPUs on which `pid` may run. Throws KernelError ESRCH for no task. C: sched_getaffinity(2). */
export function schedGetaffinity(pid: number): CpuMask {
  const at = findTask(pid);
  if (at === 0) throw new KernelError(-ESRCH, `schedGetaffinity: no task has pid ${pid}`);
  return allowed(at);
}

/**
 * Sets the mask of `task`, which is locked, and the CPU of it to which the task goes: its own if that is among them. False,
 * and nothing is changed, if there is none or it can go to none.
 */
function choose(task: number, mask: CpuMask, mayGo: boolean): boolean {
  const some = cpumaskAnd(mask, cpuOnlineMask());
  const now = load(task + TASK.cpu);
  const stays = cpumaskTestCpu(now, some);
  if (cpumaskEmpty(some) || (!stays && (!mayGo || (load(task + TASK.kflags) & KTHREAD_CLOSURE) !== 0))) return false;
  cpumaskWords(some).forEach((word, i) => store(task + TASK.cpus_allowed + i * 4, word));
  store(task + TASK.nr_cpus_allowed, cpumaskWeight(some));
  store(task + TASK.wake_cpu, stays ? now : cpumaskFirst(some));
  return true;
}
