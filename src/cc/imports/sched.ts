/**
 * kernel/sched/core.c for C modules, and what belongs to a task: schedule, waking, nice values, CPUs.
 */
import { load } from '../../lib/atomic.js';
import { cpumaskFromWords, cpumaskOf, cpumaskWords, type CpuMask } from '../../lib/cpumask.js';
import { r32 } from '../../lib/memory.js';
import { cpuOnline, cpuOnlineMask } from '../../kernel/cpu.js';
import { getCpu, putCpu } from '../../kernel/locking/percpu.js';
import { forEachTask } from '../../kernel/pid.js';
import { schedSetaffinity, setCpusAllowedPtr } from '../../kernel/sched/affinity.js';
import { preemptDisable, preemptEnable } from '../../kernel/locking/preempt.js';
import { condReschedSync, mightSleep, needResched, needThread, scheduleSync, wakeUpState } from '../../kernel/sched/core.js';
import { schedSetFifo, schedSetFifoLow, schedSetNormal, schedSetscheduler, setTaskComm, setUserNice, taskNice } from '../../kernel/sched/syscalls.js';
import { TASK, TASK_NORMAL } from '../../kernel/sched/task.js';
import { findTaskByPid } from '../../kernel/sched/handle.js';
import { ISOLATE, numPossibleCpus, self } from '../../kernel/smp.js';
import { yieldCpuSync } from '../../kernel/time/sleep.js';
import { checked, formatted, taskOf, text, type Imports } from '../abi.js';
import { bugAt, warnAt } from '../fault.js';

const maskAt = (at: number): CpuMask => cpumaskFromWords(r32(checked(at, 8)), r32(at + 4));

/** The task with the next pid that is above `pid`; 0 if there is none. */
function nextTask(pid: number): number {
  let [best, found] = [Infinity, 0];
  forEachTask((task, other) => {
    if (other > pid && other < best) [best, found] = [other, task];
  });
  return found;
}

export const sched: Imports = {
  schedule: () => scheduleSync(),
  yield: () => yieldCpuSync(),
  cond_resched: () => condReschedSync(),
  need_resched: () => needResched(),
  wake_up_process: (task: number) => wakeUpState(taskOf(task).addr, TASK_NORMAL),
  wake_up_state: (task: number, state: number) => wakeUpState(taskOf(task).addr, state),
  set_user_nice: (task: number, nice: number) => setUserNice(taskOf(task), nice),
  task_nice: (task: number) => taskNice(taskOf(task)),
  sched_set_fifo: (task: number) => schedSetFifo(taskOf(task)),
  sched_set_fifo_low: (task: number) => schedSetFifoLow(taskOf(task)),
  sched_set_normal: (task: number, nice: number) => schedSetNormal(taskOf(task), nice),
  sched_setscheduler: (task: number, policy: number, param: number) => schedSetscheduler(taskOf(task), policy, { schedPriority: r32(checked(param, 4)) }),
  kthread_set_task_comm: (task: number, name: number) => setTaskComm(taskOf(task), text(name)),
  set_cpus_allowed_ptr: (task: number, mask: number) => setCpusAllowedPtr(taskOf(task), maskAt(mask)),
  sched_setaffinity: (pid: number, mask: number) => schedSetaffinity(pid || needThread('sched_setaffinity').pid, maskAt(mask)),
  kthread_cpus: (word: number, online: number) => cpumaskWords(online !== 0 ? cpuOnlineMask() : cpumaskOf(...Array.from({ length: numPossibleCpus() }, (_, cpu) => cpu)))[word],
  kthread_cpu_online: (cpu: number) => cpuOnline(cpu >>> 0),
  kthread_get_cpu: () => getCpu(),
  kthread_put_cpu: () => putCpu(),
  io_schedule: () => scheduleSync(),
  kthread_next_task: (task: number) => nextTask(task === 0 ? 0 : taskOf(task).pid),
  kthread_find_task: (pid: number) => findTaskByPid(pid)?.addr ?? 0,
  kthread_cpu: () => load(self + ISOLATE.cpu),
  kthread_nr_cpus: () => numPossibleCpus(),
  kthread_task_cpu: (task: number) => load(taskOf(task).addr + TASK.cpu),
  kthread_preempt_disable: () => preemptDisable(),
  kthread_preempt_enable: () => preemptEnable(),
  kthread_might_sleep: (why: number) => mightSleep(text(why)),
  kthread_bug: (file: number, line: number) => bugAt(text(file), line),
  kthread_warn: (file: number, line: number, format: number, args: number) => warnAt(text(file), line, format === 0 ? '' : formatted(format, args)),
};
