/**
 * What C asks to be called later, and where that happens: timers of both kinds, tasklets, and callbacks of RCU. Their
 * records are C's, in kernel memory, so that any isolate arms, moves and cancels them; one plain thread of the machine's
 * own, ksoftirqd/c, calls them, one at a time and in atomic context. A number of the table is all it needs of a module: an
 * instance for its isolate is made when a function of the module is first called there.
 *
 *     who arms                                 ksoftirqd/c
 *     lock, on the list  [softirq:arm]         state = S  [softirq:sleep]
 *     unlock                                   lock, anything due? -> runs it
 *     wake it if that is the first             sleep until the first is due
 *
 * Timers stand in one list, the next to run out first; arming walks it from its end. Good for some hundred timers, and
 * nothing ticks. They run out at a millisecond that is not too early.
 */
import { cas, futexWait, load, store } from '../lib/atomic.js';
import { listAdd, listAddTail, listDelInit, listEmpty, listInit, listNext, listRepair } from '../lib/list.js';
import { r32, rf64, w32, wf64 } from '../lib/memory.js';
import { HRTIMER, SOFTIRQ, TASKLET, TIMER } from '../kernel/callbacks.js';
import { isDead } from '../kernel/fork.js';
import { kthreadSpawn } from '../kernel/kthread.js';
import { rawSpinLock, rawSpinUnlock } from '../kernel/locking/raw_spinlock.js';
import { MACHINE, machineWord } from '../kernel/memlayout.js';
import { KERN_ALERT, printk } from '../kernel/printk/printk.js';
import { gracePeriod, gracePeriodOver } from './rcu.js';
import { condReschedSync, currentThread, needPlain, sleepUntilSync, wakeUpState, type Thread } from '../kernel/sched/core.js';
import { getTask, putTask } from '../kernel/sched/ref.js';
import { KTHREAD_SYSTEM, KTHREAD_UNREF, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, setTaskState } from '../kernel/sched/task.js';
import { HARDIRQ_OFFSET, SOFTIRQ_OFFSET, serveOne } from '../kernel/softirq.js';
import { uptime } from '../kernel/time/time.js';
import { deferred } from './deferred.js';
import { endIfStuck } from './evict.js';
import type { Image } from './images.js';
import { theRecord } from './once.js';
import { cSoftirqd, callC } from './run.js';
import { functionName } from './trace.js';

/** Kinds of timers: calls its function in softirq context; is asked whether it goes on; puts a work on its queue. */
export const KIND_TIMER = 0, KIND_HRTIMER = 1, KIND_DELAYED_WORK = 2;

/** How long somebody who waits for a callback sleeps between two looks, ms. */
const LOOK_MS = 1;

/** The record of this machine. */
export const softirqs = (): number => theRecord(machineWord(MACHINE.callbacks), SOFTIRQ.sizeof, 'timers', initSoftirqs);

function initSoftirqs(made: number): void {
  listInit(made + SOFTIRQ.timers);
  listInit(made + SOFTIRQ.tasklets);
}

/** The word in which the pool of works is, for workqueue.ts. */
export const poolWord = (): number => softirqs() + SOFTIRQ.pool;

function lock(at: number): void {
  if (!rawSpinLock(at + SOFTIRQ.lock)) return;
  listRepair(at + SOFTIRQ.timers);
  listRepair(at + SOFTIRQ.tasklets);
}

const unlock = (at: number): void => rawSpinUnlock(at + SOFTIRQ.lock);

// --- Timers -------------------------------------------------------------------------------------------------------

/** A node that C left zero is on no list either. */
const onList = (node: number): boolean => r32(node) !== 0 && !listEmpty(node);

function unlink(node: number): boolean {
  const was = onList(node);
  if (was) listDelInit(node);
  w32(node, 0);
  w32(node + 4, 0);
  return was;
}

/** Arms the timer at `timer` for `moment`, in ms since boot. Whether it was armed. Any context. */
export function armTimer(timer: number, moment: number, onlyIfArmed = false): boolean {
  const at = softirqs();
  lock(at);
  const was = onList(timer);
  const arms = was || !onlyIfArmed;
  if (arms) {
    unlink(timer);
    wf64(timer + TIMER.moment, moment);
    insert(at, timer, moment);
  }
  const first = arms && listNext(at + SOFTIRQ.timers) === timer;
  unlock(at); // [softirq:arm] pairs with softirq:sleep
  if (first) wakeServer(at);
  return was;
}

function insert(at: number, timer: number, moment: number): void {
  const list = at + SOFTIRQ.timers;
  let after = r32(list + 4);
  while (after !== list && rf64(after + TIMER.moment) > moment) after = r32(after + 4);
  listAdd(timer, after);
}

/** Whether the timer at `timer` is armed; false while its function runs. */
export const timerArmed = (timer: number): boolean => load(timer) !== 0;

/** Disarms it. Whether it was armed. Any context. */
export function disarmTimer(timer: number): boolean {
  const at = softirqs();
  lock(at);
  const was = unlink(timer);
  unlock(at);
  return was;
}

/** Waits until `what` is not being called any more; at once for the callback itself. */
export function waitWhileRuns(what: number): void {
  const at = softirqs();
  if (what === 0 || currentThread()?.addr === load(at + SOFTIRQ.task)) return;
  while (load(at + SOFTIRQ.running) === what) futexWait(at + SOFTIRQ.running, what, LOOK_MS);
}

/** Whether `what` is being called. */
export const isRunning = (what: number): boolean => load(softirqs() + SOFTIRQ.running) === what;

// --- Tasklets -----------------------------------------------------------------------------------------------------

/** Has the tasklet at `tasklet` called soon, unless it will be already. Any context. */
export function scheduleTasklet(tasklet: number, first: boolean): void {
  const at = softirqs();
  lock(at);
  const fresh = (r32(tasklet + TASKLET.state) & 1) === 0;
  if (fresh) w32(tasklet + TASKLET.state, 1);
  if (fresh && load(tasklet + TASKLET.count) <= 0) queueTasklet(at, tasklet, first);
  unlock(at);
  if (fresh) wakeServer(at);
}

function queueTasklet(at: number, tasklet: number, first: boolean): void {
  if (onList(tasklet)) return;
  if (first) listAdd(tasklet, at + SOFTIRQ.tasklets);
  else listAddTail(tasklet, at + SOFTIRQ.tasklets);
}

/** It was enabled again: what was scheduled meanwhile runs. */
export function enabledTasklet(tasklet: number): void {
  const at = softirqs();
  lock(at);
  const due = (r32(tasklet + TASKLET.state) & 1) !== 0 && load(tasklet + TASKLET.count) <= 0;
  if (due) queueTasklet(at, tasklet, false);
  unlock(at);
  if (due) wakeServer(at);
}

/** Whether it is scheduled, or is being called. */
export const taskletBusy = (tasklet: number): boolean => (load(tasklet + TASKLET.state) & 1) !== 0 || isRunning(tasklet);

// --- RCU ----------------------------------------------------------------------------------------------------------

/** Has `func` called with `node` after a grace period; with the top bit it is an offset, and what begins that far before the node is freed. Any context. C: call_rcu. */
export function callRcu(node: number, func: number): void {
  const at = softirqs();
  lock(at);
  w32(node + 4, func);
  w32(node, r32(at + SOFTIRQ.rcu_next));
  w32(at + SOFTIRQ.rcu_next, node);
  w32(at + SOFTIRQ.rcu_queued, r32(at + SOFTIRQ.rcu_queued) + 1);
  unlock(at);
  wakeServer(at);
}

/** Callbacks that were handed in, and those of them that are over. */
export const rcuCounts = (): readonly [queued: number, done: number] => [load(softirqs() + SOFTIRQ.rcu_queued), load(softirqs() + SOFTIRQ.rcu_done)];

/** Calls what a grace period has passed for, and begins the next one. Whether callbacks still wait. */
function runRcu(at: number): boolean {
  if (r32(at + SOFTIRQ.rcu_wait) !== 0 && gracePeriodOver(r32(at + SOFTIRQ.rcu_gp))) {
    for (let node = takeRcu(at); node !== 0; node = takeRcu(at)) {
      callOne(at, node, r32(node + 4));
      lock(at);
      store(at + SOFTIRQ.rcu_done, r32(at + SOFTIRQ.rcu_done) + 1);
      unlock(at);
    }
  }
  lock(at);
  if (r32(at + SOFTIRQ.rcu_wait) === 0 && r32(at + SOFTIRQ.rcu_next) !== 0) {
    w32(at + SOFTIRQ.rcu_wait, reversed(r32(at + SOFTIRQ.rcu_next)));
    w32(at + SOFTIRQ.rcu_next, 0);
    w32(at + SOFTIRQ.rcu_gp, gracePeriod());
  }
  unlock(at);
  return r32(at + SOFTIRQ.rcu_wait) !== 0;
}

/** Takes the first off the list of those whose time has come: one at a time, since a callback may never return. 0: none. */
function takeRcu(at: number): number {
  lock(at);
  const node = r32(at + SOFTIRQ.rcu_wait);
  if (node !== 0) w32(at + SOFTIRQ.rcu_wait, r32(node));
  unlock(at);
  return node;
}

function reversed(list: number): number {
  let last = 0;
  for (let node = list, next = 0; node !== 0; node = next) {
    next = r32(node);
    w32(node, last);
    last = node;
  }
  return last;
}

function callOne(at: number, node: number, func: number): void {
  if (func < 0) serve(at, node, SOFTIRQ_OFFSET, 'kfree_rcu', 0, () => Number(deferred.free(node - (func & 0x7fffffff))));
  else serve(at, node, SOFTIRQ_OFFSET, 'RCU callback', func, () => callC(func, node));
}

// --- The thread ---------------------------------------------------------------------------------------------------

function wakeServer(at: number): void {
  const task = load(at + SOFTIRQ.task);
  if (task !== 0 && !isDead(task)) return void wakeUpState(task, TASK_NORMAL);
  if (task !== 0 && cas(at + SOFTIRQ.task, task, 0) === task) clearUpBehind(at, task);
  if (cas(at + SOFTIRQ.starting, 0, 1) === 0) kthreadSpawn(cSoftirqd, undefined, -1, 'ksoftirqd/c', KTHREAD_SYSTEM | KTHREAD_UNREF, 0);
}

/** What the thread leaves that was ended in the middle of a callback: that one is over, for who waits for it. */
function clearUpBehind(at: number, task: number): void {
  lock(at);
  let waiting = 0;
  for (const list of [SOFTIRQ.rcu_wait, SOFTIRQ.rcu_next]) for (let node = r32(at + list); node !== 0; node = r32(node)) waiting++;
  store(at + SOFTIRQ.rcu_done, r32(at + SOFTIRQ.rcu_queued) - waiting);
  store(at + SOFTIRQ.running, 0);
  unlock(at);
  store(at + SOFTIRQ.starting, 0); // Whoever next wants something starts another one.
  putTask(task);
}

/** The life of that thread. C: run_ksoftirqd. */
export function serveCallbacks(): never {
  const thread = needPlain('ksoftirqd');
  const at = softirqs();
  getTask(thread.addr); // Its record stays what it is for who finds it dead.
  store(at + SOFTIRQ.task, thread.addr);
  try {
    for (;;) serveOrSleep(thread, at);
  } finally {
    if (cas(at + SOFTIRQ.task, thread.addr, 0) === thread.addr) clearUpBehind(at, thread.addr);
  }
}

function serveOrSleep(thread: Thread, at: number): void {
  const rcu = runRcu(at);
  if (runOne(at)) return void condReschedSync(); // Busy is not stuck.
  setTaskState(thread.addr, TASK_INTERRUPTIBLE); // [softirq:sleep] pairs with softirq:arm
  const deadline = nextMoment(at);
  const busy = deadline <= uptime() || (!rcu && r32(at + SOFTIRQ.rcu_next) !== 0);
  if (!busy) sleepUntilSync(thread, rcu ? Math.min(deadline, uptime() + LOOK_MS) : deadline, 'ksoftirqd');
  setTaskState(thread.addr, TASK_RUNNING);
}

/** When there is something to do; 0 if now. */
function nextMoment(at: number): number {
  lock(at);
  const first = listNext(at + SOFTIRQ.timers);
  const moment = !listEmpty(at + SOFTIRQ.tasklets) ? 0 : first === at + SOFTIRQ.timers ? Infinity : rf64(first + TIMER.moment);
  unlock(at);
  return moment;
}

/** Calls the timer that has run out first, or a tasklet. Whether there was one. */
function runOne(at: number): boolean {
  lock(at);
  const timer = listNext(at + SOFTIRQ.timers);
  const due = timer !== at + SOFTIRQ.timers && rf64(timer + TIMER.moment) <= uptime();
  const tasklet = due ? at + SOFTIRQ.tasklets : listNext(at + SOFTIRQ.tasklets);
  const isTasklet = tasklet !== at + SOFTIRQ.tasklets;
  const kind = due ? r32(timer + TIMER.kind) : 0;
  const func = due ? r32(timer + TIMER.function) : 0;
  if (due) unlink(timer);
  else if (isTasklet) unlink(tasklet);
  const disabled = isTasklet && load(tasklet + TASKLET.count) > 0; // tasklet_enable() brings it back.
  if (isTasklet && !disabled) w32(tasklet + TASKLET.state, 0);
  if (due || (isTasklet && !disabled)) store(at + SOFTIRQ.running, due ? timer : tasklet);
  unlock(at);
  if (isTasklet && !disabled) runTasklet(at, tasklet);
  else if (due && kind === KIND_DELAYED_WORK) deferred.delayOver(timer);
  else if (due && kind === KIND_HRTIMER) runHrtimer(at, timer, func);
  else if (due) serve(at, timer, SOFTIRQ_OFFSET, 'timer', func, () => callC(func, (r32(timer + TIMER.flags) & OLD_TIMER) !== 0 ? r32(timer + TIMER.data) : timer));
  store(at + SOFTIRQ.running, 0);
  return due || isTasklet;
}

/** In a timer's flags: its function takes `data`, as before Linux 4.15. */
const OLD_TIMER = 1 << 30;

function runTasklet(at: number, tasklet: number): void {
  const [func, old] = [r32(tasklet + TASKLET.callback), r32(tasklet + TASKLET.old)];
  serve(at, tasklet, SOFTIRQ_OFFSET, 'tasklet', func || old, () => (func !== 0 ? callC(func, tasklet) : callC(old, r32(tasklet + TASKLET.data))));
}

function runHrtimer(at: number, timer: number, func: number): void {
  let again = 0;
  serve(at, timer, HARDIRQ_OFFSET, 'hrtimer', func, () => (again = callC(func, timer)));
  if (again !== 0 && !timerArmed(timer)) armTimer(timer, hrtimerMoment(timer));
}

/** When the hrtimer at `timer` runs out, in ms since boot: its ns, never early. */
export const hrtimerMoment = (timer: number): number => ((r32(timer + HRTIMER.expires + 4) * 2 ** 32) + (r32(timer + HRTIMER.expires) >>> 0)) / 1e6;

/** Calls a function of C in atomic context; what it does wrong is reported, and the thread goes on. */
function serve(at: number, what: number, offset: number, kind: string, func: number, call: () => number): void {
  w32(at + SOFTIRQ.func, func);
  store(at + SOFTIRQ.running, what);
  serveOne({ what: `${kind} ${functionName(func) ?? ''}`, serve: () => void call() }, offset);
}

// --- Modules that go ----------------------------------------------------------------------------------------------

/**
 * Takes away what a module leaves that is unloaded, and says so: it would be called when its code is no more. A callback that
 * does not return is ended with its thread, and another one goes on with the others'. False if that thread does not end: then
 * the module's memory must stay. Sleeps.
 */
export async function forgetCallbacks(image: Image): Promise<boolean> {
  if (load(machineWord(MACHINE.callbacks)) === 0) return true;
  const at = softirqs();
  lock(at);
  const left = [...takeOff(at, image), ...takeOffRcu(at, image)];
  unlock(at);
  for (const what of left) printk('%sBUG: module %s was removed, but its %s is still armed; it is taken off\n', KERN_ALERT, image.about.name, what);
  const gone = await endIfStuck(image, () => {
    const busy = load(at + SOFTIRQ.running) !== 0 && !isDead(load(at + SOFTIRQ.task)) && isOf(image, 0, r32(at + SOFTIRQ.func));
    return busy ? { task: load(at + SOFTIRQ.task), what: `callback ${functionName(r32(at + SOFTIRQ.func))}` } : undefined;
  });
  if (!gone) return false;
  wakeServer(at);
  return true;
}

function takeOff(at: number, image: Image): string[] {
  const left: string[] = [];
  for (const [list, offset, kind] of [[SOFTIRQ.timers, TIMER.function, 'timer'], [SOFTIRQ.tasklets, TASKLET.callback, 'tasklet']] as const) {
    for (let node = listNext(at + list), next = 0; node !== at + list; node = next) {
      next = listNext(node);
      const isDelay = list === SOFTIRQ.timers && r32(node + TIMER.kind) === KIND_DELAYED_WORK;
      const func = isDelay ? deferred.functionOf(node) : r32(node + offset);
      if (!isOf(image, node, func)) continue;
      unlink(node);
      left.push(`${kind} ${functionName(func)}`);
    }
  }
  return left;
}

function takeOffRcu(at: number, image: Image): string[] {
  const left: string[] = [];
  for (const list of [SOFTIRQ.rcu_wait, SOFTIRQ.rcu_next]) {
    for (let link = at + list, node = r32(link); node !== 0; node = r32(link)) {
      const func = r32(node + 4);
      if (!isOf(image, node, func)) {
        link = node;
        continue;
      }
      w32(link, r32(node));
      store(at + SOFTIRQ.rcu_done, r32(at + SOFTIRQ.rcu_done) + 1);
      left.push(`RCU callback ${functionName(func)}`);
    }
  }
  return left;
}

/** Whether a record at `at` with the function `func` is that module's. */
export const isOf = ({ base, size, tableBase, tableSize }: Image, at: number, func: number): boolean =>
  (at >= base && at < base + size) || (func >= tableBase && func < tableBase + tableSize);
