/**
 * kernel/sched/core.c for C modules, and what belongs to a task: schedule, waking, nice values, CPUs.
 */
import { load } from '../../lib/atomic.js';
import { preemptDisable, preemptEnable } from '../../kernel/locking/preempt.js';
import { condReschedSync, mightSleep, needResched, scheduleSync, wakeUpState } from '../../kernel/sched/core.js';
import { schedSetFifo, schedSetFifoLow, schedSetNormal, setUserNice, taskNice } from '../../kernel/sched/syscalls.js';
import { TASK, TASK_NORMAL } from '../../kernel/sched/task.js';
import { findTaskByPid } from '../../kernel/sched/handle.js';
import { ISOLATE, numPossibleCpus, self } from '../../kernel/smp.js';
import { yieldCpuSync } from '../../kernel/time/sleep.js';
import { formatted, taskOf, text, type Imports } from '../abi.js';
import { bugAt, warnAt } from '../fault.js';

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
