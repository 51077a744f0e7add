/**
 * khungtaskd: a kernel thread that reports tasks which sleep uninterruptibly for too long. It looks at figures that the
 * tasks leave in kernel memory anyway and disturbs nobody until it has somebody to report. Tasks that hog a CPU are
 * watchdog.ts's.
 *
 * A task counts as hung when it has not been switched since the last look and that was long enough ago; so, with the
 * default interval, it is found between one and two timeouts after it fell asleep.
 */
import { fetchAdd, load } from '../lib/atomic.js';
import { r32, readString, rf64, w32, wf64 } from '../lib/memory.js';
import { describeBlocked, lockOwner } from './locking/held.js';
import type { DeadlockMail } from './locking/lockdep.js';
import { onMailOf } from './mail.js';
import { MACHINE, MACHINE_RUNNING, machineWord } from './memlayout.js';
import { panic, printTainted, printTrace } from './panic.js';
import { TASK_COMM_LEN, UTS_RELEASE } from './param.js';
import { findTask, forEachTask } from './pid.js';
import { KERN_ERR, KERN_INFO, printk } from './printk/printk.js';
import { kthreadShouldStop } from './kthread.js';
import { taskAt, type Task } from './sched/handle.js';
import { TASK, TASK_FROZEN, TASK_NOLOAD, TASK_UNINTERRUPTIBLE, TASK_WAKEKILL, stateLetter } from './sched/task.js';
import { WAIT_QUEUE_ENTRY } from './sched/wait_queue.js';
import { wchanName } from './sched/wchan.js';
import { showOtherCpus, taskTrace } from './stacktrace.js';
import { sysctlGet, sysctlWord } from './sysctl.js';
import { scheduleTimeoutInterruptible, scheduleTimeoutUninterruptible } from './time/sleep.js';
import { MAX_SCHEDULE_TIMEOUT, msecsToJiffies, uptime } from './time/time.js';

/** A look that is later than its period and this, ms, finds nothing out. */
const STOOD_STILL_MS = 1000;

/** The thread function of khungtaskd. */
export const khungtaskd = (): Promise<void> => watch(checkInterval, checkHungTasks);

/**
 * The life of a watcher: a look every `period()` ms (Infinity: none until a setting changes). A look that comes much too late
 * is left out: then the whole process stood still, and nobody in it had a chance.
 */
export async function watch(period: () => number, look: (now: number) => Promise<void>): Promise<void> {
  let last = uptime();
  while (!kthreadShouldStop()) {
    const now = uptime();
    const left = last + period() - now;
    if (left > 0) await scheduleTimeoutInterruptible(left === Infinity ? MAX_SCHEDULE_TIMEOUT : msecsToJiffies(left));
    else {
      last = now;
      if (-left < period() + STOOD_STILL_MS) await look(now);
    }
  }
}

/** Milliseconds between two looks; Infinity while the timeout is 0. */
function checkInterval(): number {
  const timeout = sysctlGet('kernel.hung_task_timeout_secs');
  const interval = sysctlGet('kernel.hung_task_check_interval_secs') || timeout;
  return timeout === 0 ? Infinity : Math.min(interval, timeout) * 1000;
}

/** One look at all tasks, hung_task_check_count at most. C: check_hung_uninterruptible_tasks. */
async function checkHungTasks(now: number): Promise<void> {
  if (load(machineWord(MACHINE.state)) !== MACHINE_RUNNING) return;
  const timeout = sysctlGet('kernel.hung_task_timeout_secs') * 1000;
  const hung: Task[] = [];
  let count = sysctlGet('kernel.hung_task_check_count');
  forEachTask((task) => {
    if (count-- > 0 && isHung(task, now, timeout)) hung.push(taskAt(task));
  });
  if (hung.length === 0) return;
  fetchAdd(sysctlWord('kernel.hung_task_detect_count'), hung.length);
  const limit = sysctlGet('kernel.hung_task_panic');
  const isFatal = limit > 0 && hung.length >= limit;
  // A trace takes its time: who has been woken meanwhile is not hung.
  for (const task of hung) if (task.exists && isHung(task.addr, now, timeout)) await report(task, isFatal);
  if (sysctlGet('kernel.hung_task_all_cpu_backtrace') !== 0) await showOtherCpus(KERN_INFO);
  if (isFatal) panic('hung_task: blocked tasks');
}

/** Whether `task` has slept through since `timeout` ms before `now`; takes note of its switches otherwise. */
function isHung(task: number, now: number, timeout: number): boolean {
  const state = load(task + TASK.__state);
  const sleeps = (state & TASK_UNINTERRUPTIBLE) !== 0 && (state & (TASK_WAKEKILL | TASK_NOLOAD | TASK_FROZEN)) === 0;
  const switches = r32(task + TASK.nvcsw) + r32(task + TASK.nivcsw);
  const isNew = rf64(task + TASK.hung_since) < rf64(task + TASK.start_time);
  if (!sleeps || isNew || switches !== r32(task + TASK.hung_switches)) {
    w32(task + TASK.hung_switches, switches);
    wf64(task + TASK.hung_since, now);
    return false;
  }
  return now - rf64(task + TASK.hung_since) >= timeout;
}

/** The report as the kernel prints it, and who holds what the task waits for. With no warnings left only before a panic. */
async function report(task: Task, isFatal: boolean): Promise<void> {
  const warnings = sysctlWord('kernel.hung_task_warnings');
  if (load(warnings) === 0 && !isFatal) return;
  if (load(warnings) > 0) fetchAdd(warnings, -1);
  const seconds = Math.floor((uptime() - rf64(task.addr + TASK.last_switch)) / 1000);
  printk('%sINFO: task %s:%d blocked for more than %d seconds.\n', KERN_ERR, task.comm, task.pid, seconds);
  printk('%s      %s %s #%d\n', KERN_ERR, printTainted(), UTS_RELEASE, 1);
  printk('%s"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.\n', KERN_ERR);
  await showTask(task);
  await showBlocker(task.addr);
  if (load(warnings) === 0) printk('%sFuture hung task reports are suppressed, see sysctl kernel.hung_task_warnings\n', KERN_INFO);
}

/** Whom a hung task waits for: who has the lock, or who shall end or park; and where that one is. C: debug_show_blocker. */
async function showBlocker(task: number): Promise<void> {
  const awaited = awaitedTask(task);
  const line = awaited === 0 ? describeBlocked(task) : `INFO: task ${nameOf(task)} waits in ${wchanName(r32(task + TASK.wchan))} for ${awaited === task ? 'itself' : `task ${nameOf(awaited)}`}.`;
  if (line === '') return;
  printk('%s%s\n', KERN_ERR, line);
  const blocker = awaited || findTask(lockOwner(task));
  if (blocker !== 0 && blocker !== task) await showTask(taskAt(blocker));
}

const nameOf = (task: number): string => `${readString(task + TASK.comm, TASK_COMM_LEN)}:${r32(task + TASK.pid)}`;

/** The task in one of whose own completions `task` stands; 0: none. */
function awaitedTask(task: number): number {
  const queue = load(task + TASK.wait + WAIT_QUEUE_ENTRY.queue);
  let found = 0;
  if (queue !== 0) forEachTask((other) => void (queue > other && queue < other + TASK.sizeof && (found = other)));
  return found;
}

onMailOf('deadlock', (mail) => void showAll((mail as DeadlockMail).pids));

/** The last of them says that it waits before it does. */
async function showAll(pids: readonly number[]): Promise<void> {
  await scheduleTimeoutUninterruptible(msecsToJiffies(10));
  for (const pid of pids) if (findTask(pid) !== 0) await showTask(taskAt(findTask(pid)));
}

/** One task with its call trace. C: sched_show_task. */
export async function showTask(task: Task): Promise<void> {
  showTaskLine(task);
  printTrace(KERN_INFO, await taskTrace(task));
}

/** The line about it alone. */
export function showTaskLine(task: Task): void {
  const at = task.addr;
  printk('%stask:%-15.15s state:%c stack:%-5u pid:%-5d tgid:%-5d ppid:%-6d task_flags:0x%04x flags:0x%08x\n', KERN_INFO, readString(at + TASK.comm, TASK_COMM_LEN), stateLetter(load(at + TASK.__state)), 0, task.pid, task.tgid, task.ppid, task.flags, r32(at + TASK.kflags));
}
