/**
 * Sleeping for a time: schedule_timeout and its forms, msleep and relatives, and the busy waits. Each in two spellings:
 * awaited in async threads, Sync in plain ones. Those that set no state of their own need a kernel thread around them.
 */
import { host } from '../../arch/host.js';
import { cpuRelax } from '../../lib/atomic.js';
import { EINTR } from '../../lib/errno.js';
import { printTrace, warnOnce, whereLine } from '../panic.js';
import { KERN_ERR, printk } from '../printk/printk.js';
import { block, blockSync, currentThread, freeThread, needPlain, needThread, ready, schedule, scheduleSync, sleepUntil, sleepUntilSync, type Blocking, type WaitOptions } from '../sched/core.js';
import { TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, setTaskState, taskState } from '../sched/task.js';
import { signalPendingState, taskSignalPending } from '../sched/signal.js';
import { deadlineIn, jiffiesUntil, uptime } from './time.js';

/** Says how the calling thread will sleep (TASK_*), before it tests what it waits for. A full barrier. EPERM outside a kernel thread. C: set_current_state. */
export const setCurrentState = (state: number): void => setTaskState(needThread('setCurrentState').addr, state);

/** The calling thread's state word. C: get_current_state. */
export const getCurrentState = (): number => taskState(needThread('getCurrentState').addr);

/**
 * Sleeps in the state that was set, until woken or `timeout` jiffies are over. Returns the jiffies left: 0 when time ran
 * out, MAX_SCHEDULE_TIMEOUT for that timeout; never sleeps in state RUNNING. Returns in RUNNING. A negative timeout is
 * reported and 0. EPERM outside a kernel thread. C: schedule_timeout.
 */
export function scheduleTimeout(timeout: number, opt?: WaitOptions): Promise<number> {
  const thread = needThread('scheduleTimeout');
  if (!validTimeout(timeout)) return Promise.resolve(0);
  const deadline = deadlineIn(timeout);
  return opt?.signal ? block('schedule_timeout', (task) => sleepOnce(task, deadline), opt) : sleepUntil(thread, deadline, 'schedule_timeout');
}

/** For plain threads; as scheduleTimeout. */
export function scheduleTimeoutSync(timeout: number): number {
  const thread = needPlain('scheduleTimeout');
  if (!validTimeout(timeout)) return 0;
  const deadline = deadlineIn(timeout);
  sleepUntilSync(thread, deadline, 'schedule_timeout');
  return jiffiesUntil(deadline);
}

function validTimeout(timeout: number): boolean {
  if (timeout >= 0) return true;
  const thread = currentThread();
  printk('%sschedule_timeout: wrong timeout value %x\n', KERN_ERR, timeout);
  printk('%s%s\n', KERN_ERR, whereLine(thread?.addr ?? 0));
  printTrace(KERN_ERR, host.errorTrace(validTimeout), thread?.addr);
  if (thread) setTaskState(thread.addr, TASK_RUNNING);
  return false;
}

/** One sleep in the state that is set. */
function* sleepOnce(task: number, deadline: number): Blocking<number> {
  if (taskState(task) !== TASK_RUNNING && !signalPendingState(taskState(task), task)) yield deadline;
  setTaskState(task, TASK_RUNNING);
  return jiffiesUntil(deadline);
}

/** Sleeps once in `state`; returns the jiffies left. The state is set inside, so this also works in a borrowed task. */
function* sleepIn(task: number, state: number, timeout: number): Blocking<number> {
  const deadline = deadlineIn(timeout);
  try {
    setTaskState(task, state);
    if (!signalPendingState(state, task)) yield deadline;
  } finally {
    setTaskState(task, TASK_RUNNING);
  }
  return jiffiesUntil(deadline);
}

const sleepState = (state: number) => (timeout: number, opt?: WaitOptions): Promise<number> => {
  if (!validTimeout(timeout)) return Promise.resolve(0);
  const thread = opt?.signal ? null : freeThread();
  if (thread === null) return block('schedule_timeout', (task) => sleepIn(task, state, timeout), opt);
  setTaskState(thread.addr, state);
  return sleepUntil(thread, deadlineIn(timeout), 'schedule_timeout');
};
const sleepStateSync = (call: string, state: number) => (timeout: number): number =>
  !validTimeout(timeout) ? 0 : blockSync('schedule_timeout', call, (task) => sleepIn(task, state, timeout));

/** Sets the state (S) and sleeps as scheduleTimeout does; an allowed signal or a stop ends it. C: schedule_timeout_interruptible. */
export const scheduleTimeoutInterruptible = sleepState(TASK_INTERRUPTIBLE);
/** In D: ends early only by a wake-up. C: schedule_timeout_uninterruptible. */
export const scheduleTimeoutUninterruptible = sleepState(TASK_UNINTERRUPTIBLE);
/** In D; SIGKILL, if allowed, ends it. C: schedule_timeout_killable. */
export const scheduleTimeoutKillable = sleepState(TASK_KILLABLE);
/** In I: neither counted as load nor reported as hung. C: schedule_timeout_idle. */
export const scheduleTimeoutIdle = sleepState(TASK_IDLE);
export const scheduleTimeoutInterruptibleSync = sleepStateSync('scheduleTimeoutInterruptible', TASK_INTERRUPTIBLE);
export const scheduleTimeoutUninterruptibleSync = sleepStateSync('scheduleTimeoutUninterruptible', TASK_UNINTERRUPTIBLE);
export const scheduleTimeoutKillableSync = sleepStateSync('scheduleTimeoutKillable', TASK_KILLABLE);
export const scheduleTimeoutIdleSync = sleepStateSync('scheduleTimeoutIdle', TASK_IDLE);

/** Sleeps in `state` until `deadline` (ms since boot) and sleeps again after every early wake-up, unless `stop` says otherwise. */
function* sleepOut(task: number, state: number, deadline: number, stop?: (task: number) => boolean): Blocking<number> {
  try {
    while (uptime() < deadline && !stop?.(task)) {
      setTaskState(task, state);
      if (stop?.(task)) break;
      yield deadline;
    }
  } finally {
    setTaskState(task, TASK_RUNNING);
  }
  return Math.max(0, Math.ceil(deadline - uptime()));
}

/** Sleeps `ms` milliseconds in D; wake-ups do not shorten it. C: msleep. */
export async function msleep(ms: number, opt?: WaitOptions): Promise<void> {
  if (ms <= 0 && !opt?.signal) return ready(undefined);
  await block('msleep', (task) => sleepOut(task, TASK_UNINTERRUPTIBLE, uptime() + ms), opt);
}

/** For plain threads; as msleep. */
export const msleepSync = (ms: number): void => void blockSync('msleep', 'msleep', (task) => sleepOut(task, TASK_UNINTERRUPTIBLE, uptime() + ms));

/** Sleeps `ms` milliseconds in S; a pending signal or a stop ends it, a wake-up does not. Returns the milliseconds left. C: msleep_interruptible. */
export const msleepInterruptible = (ms: number, opt?: WaitOptions): Promise<number> =>
  block('msleep_interruptible', (task) => sleepOut(task, TASK_INTERRUPTIBLE, uptime() + ms, taskSignalPending), opt);

/** For plain threads; as msleepInterruptible. */
export const msleepInterruptibleSync = (ms: number): number =>
  blockSync('msleep_interruptible', 'msleepInterruptible', (task) => sleepOut(task, TASK_INTERRUPTIBLE, uptime() + ms, taskSignalPending));

/** Sleeps `seconds` in D. C: ssleep. */
export const ssleep = (seconds: number, opt?: WaitOptions): Promise<void> => msleep(seconds * 1000, opt);
export const ssleepSync = (seconds: number): void => msleepSync(seconds * 1000);

function checkRange(min: number, max: number): void {
  if (max < min) warnOnce('usleep_range: the upper bound is below the lower one');
}

/** Sleeps at least `min` microseconds, in D. On a shared isolate the clock of its event loop, 1 ms, is the finest there is. C: usleep_range. */
export const usleepRange = (min: number, max: number, opt?: WaitOptions): Promise<void> => usleepRangeState(min, max, TASK_UNINTERRUPTIBLE, opt);

/** For plain threads; as usleepRange, exact to some 60 microseconds. */
export const usleepRangeSync = (min: number, max: number): void => usleepRangeStateSync(min, max, TASK_UNINTERRUPTIBLE);

/** The same in I. C: usleep_idle_range. */
export const usleepIdleRange = (min: number, max: number, opt?: WaitOptions): Promise<void> => usleepRangeState(min, max, TASK_IDLE, opt);
/** For plain threads; as usleepIdleRange. */
export const usleepIdleRangeSync = (min: number, max: number): void => usleepRangeStateSync(min, max, TASK_IDLE);

/** The same in `state` (TASK_*). Neither a signal nor a wake-up ends it. C: usleep_range_state. */
export async function usleepRangeState(min: number, max: number, state: number, opt?: WaitOptions): Promise<void> {
  checkRange(min, max);
  await block('usleep_range_state', (task) => sleepOut(task, state, uptime() + min / 1000), opt);
}

/** For plain threads; as usleepRangeState. */
export function usleepRangeStateSync(min: number, max: number, state: number): void {
  checkRange(min, max);
  blockSync('usleep_range_state', 'usleepRange', (task) => sleepOut(task, state, uptime() + min / 1000));
}

/** Sleeps `us` microseconds by what suits the length: a busy wait up to 10, usleepRange up to 20,000, msleep above. C: fsleep. */
export async function fsleep(us: number, opt?: WaitOptions): Promise<void> {
  if (us <= 10) udelay(us);
  else if (us <= 20000) await usleepRange(us, us * 2, opt);
  else await msleep(Math.ceil(us / 1000), opt);
}

/** For plain threads; as fsleep. */
export function fsleepSync(us: number): void {
  if (us <= 10) udelay(us);
  else if (us <= 20000) usleepRangeSync(us, us * 2);
  else msleepSync(Math.ceil(us / 1000));
}

/**
 * Sleeps in the state that was set until `us` microseconds are over (null: no limit). Returns 0 when they are, -4 (-EINTR)
 * when woken before. C: schedule_hrtimeout with a relative time.
 */
export async function scheduleHrtimeout(us: number | null): Promise<0 | -4> {
  const thread = needThread('scheduleHrtimeout');
  if (us === 0) return endHrtimeout(thread.addr, 0);
  const deadline = us === null ? Infinity : uptime() + us / 1000;
  await sleepUntil(thread, deadline, 'schedule_hrtimeout_range');
  return endHrtimeout(thread.addr, uptime() >= deadline ? 0 : (-EINTR as -4));
}

/** For plain threads; as scheduleHrtimeout. */
export function scheduleHrtimeoutSync(us: number | null): 0 | -4 {
  const thread = needPlain('scheduleHrtimeout');
  if (us === 0) return endHrtimeout(thread.addr, 0);
  const deadline = us === null ? Infinity : uptime() + us / 1000;
  sleepUntilSync(thread, deadline, 'schedule_hrtimeout_range');
  return endHrtimeout(thread.addr, uptime() >= deadline ? 0 : (-EINTR as -4));
}

function endHrtimeout(task: number, result: 0 | -4): 0 | -4 {
  setTaskState(task, TASK_RUNNING);
  return result;
}

/** Waits `us` microseconds without leaving the CPU. Nobody else on this isolate runs meanwhile. C: udelay. */
export function udelay(us: number): void {
  const end = host.clock() + us / 1000;
  while (host.clock() < end) cpuRelax();
}

/** Waits `ms` milliseconds without leaving the CPU. C: mdelay. */
export const mdelay = (ms: number): void => udelay(ms * 1000);
/** Waits `ns` nanoseconds without leaving the CPU. C: ndelay. */
export const ndelay = (ns: number): void => udelay(ns / 1000);

/** Lets others run: to the end of the queue, still runnable. C: yield. */
export async function yieldCpu(): Promise<void> {
  setCurrentState(TASK_RUNNING);
  await schedule();
}

/** For plain threads; as yieldCpu. */
export function yieldCpuSync(): void {
  setTaskState(needPlain('yieldCpu').addr, TASK_RUNNING);
  scheduleSync();
}
