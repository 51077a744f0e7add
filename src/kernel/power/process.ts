/**
 * Freezing and thawing all threads of the machine that let themselves be frozen, such as before its memory is looked at or
 * copied. The program itself and the calls that it makes outside of threads go on: they are who thaws. What a thread does
 * about it is ../freezer.ts, where it stands meanwhile sched/refrigerator.ts.
 */
import { fetchAnd, fetchOr, load, store } from '../../lib/atomic.js';
import { EBUSY } from '../../lib/errno.js';
import { showTask, showTaskLine } from '../hung_task.js';
import { MACHINE, machineWord } from '../memlayout.js';
import { forEachTask } from '../pid.js';
import { KERN_ERR, KERN_INFO, printk } from '../printk/printk.js';
import { block, blockSync, holder, needPlain, wakeUpState, type Blocking } from '../sched/core.js';
import { taskAt, type Task } from '../sched/handle.js';
import { isFreezing } from '../sched/refrigerator.js';
import { PF_SUSPEND_TASK, PF_WQ_WORKER, TASK, TASK_DEAD, TASK_FROZEN, TASK_NORMAL, TASK_PARKED, TASK_RUNNING, TASK_UNINTERRUPTIBLE, setTaskState, taskState } from '../sched/task.js';
import { sysctlGet } from '../sysctl.js';
import { uptime } from '../time/time.js';

/** Between two looks at who is frozen: first and longest, ms. */
const PAUSE_MIN = 1;
const PAUSE_MAX = 8;
const WHAT = 'remaining freezable tasks';

/**
 * Freezes every thread that called setFreezable, but the caller, and sleeps until all stand still; threads that become freezable
 * afterwards freeze at once. Returns 0, or -16 (-EBUSY) if some do not within power.freeze_timeout ms: they are reported, and
 * all go on. May be called while frozen. C: freeze_processes, freeze_kernel_threads.
 */
export async function freezeProcesses(): Promise<0 | -16> {
  sparing();
  const left = await block('freeze_processes', freeze);
  for (const task of left ?? []) if (task.exists) await showTask(task);
  return outcome(left);
}

/** For plain threads; as freezeProcesses, but that the report has no call traces, which only others could find out. */
export function freezeProcessesSync(): 0 | -16 {
  needPlain('freezeProcesses');
  sparing();
  const left = blockSync('freeze_processes', 'freezeProcesses', freeze);
  for (const task of left ?? []) showTaskLine(task);
  return outcome(left);
}

/** Lets all frozen threads go on. Does nothing if none are. Never sleeps. C: thaw_processes, thaw_kernel_threads. */
export function thawProcesses(): void {
  const word = machineWord(MACHINE.freezing);
  if (load(word) === 0) return;
  printk('%sRestarting tasks: Starting\n', KERN_INFO);
  store(word, 0); // [process:thaw] pairs with refrigerator:enter
  forEachTask((task) => {
    if ((load(task + TASK.flags) & PF_SUSPEND_TASK) !== 0) fetchAnd(task + TASK.flags, ~PF_SUSPEND_TASK);
    wakeUpState(task, TASK_FROZEN);
  });
  printk('%sRestarting tasks: Done\n', KERN_INFO);
}

/** The calling thread goes on, to thaw the others. */
function sparing(): void {
  const thread = holder();
  if (thread) fetchOr(thread.addr + TASK.flags, PF_SUSPEND_TASK);
}

/** Ends with who does not freeze, null if somebody thawed meanwhile. C: try_to_freeze_tasks. */
function* freeze(self: number): Blocking<Task[] | null> {
  const began = uptime();
  const end = began + sysctlGet('power.freeze_timeout');
  const word = machineWord(MACHINE.freezing);
  fetchOr(self + TASK.flags, PF_SUSPEND_TASK);
  store(word, 1);
  printk('%sFreezing %s\n', KERN_INFO, WHAT);
  for (let pause = PAUSE_MIN; ; pause = Math.min(pause * 2, PAUSE_MAX)) {
    const left = askAll();
    const ms = uptime() - began;
    if (load(word) === 0) return null;
    if (left.length === 0) {
      printk('%sFreezing %s completed (elapsed %d.%03d seconds)\n', KERN_INFO, WHAT, Math.floor(ms / 1000), Math.floor(ms % 1000));
      return left;
    }
    if (uptime() >= end) {
      const wqBusy = Number(left.some(({ flags }) => (flags & PF_WQ_WORKER) !== 0));
      printk('%sFreezing %s failed after %d.%03d seconds (%d tasks refusing to freeze, wq_busy=%d):\n', KERN_ERR, WHAT, Math.floor(ms / 1000), Math.floor(ms % 1000), left.length, wqBusy);
      return left;
    }
    setTaskState(self, TASK_UNINTERRUPTIBLE);
    yield uptime() + pause;
    setTaskState(self, TASK_RUNNING);
  }
}

/** Wakes all that shall freeze, so that they see it, and returns who is not there yet. Who is parked executes nothing and freezes when it would. */
function askAll(): Task[] {
  const left: Task[] = [];
  forEachTask((task) => {
    if (!isFreezing(task) || (taskState(task) & (TASK_FROZEN | TASK_PARKED | TASK_DEAD)) !== 0) return;
    left.push(taskAt(task));
    wakeUpState(task, TASK_NORMAL);
  });
  return left;
}

function outcome(left: readonly Task[] | null): 0 | -16 {
  if (left?.length === 0) return 0;
  thawProcesses();
  return -EBUSY as -16;
}
