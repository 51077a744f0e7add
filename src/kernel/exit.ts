/**
 * The end of a task: its value is kept, whoever waits for it is woken, its pid and record are given back. Also the end
 * of a whole isolate, whose tasks end with it.
 */
import { fetchAdd, fetchOr, futexWake, load, store } from '../lib/atomic.js';
import { EFAULT, KernelError } from '../lib/errno.js';
import { r32, readString, w32 } from '../lib/memory.js';
import { countLive, keepText, writeTombstone } from './fork.js';
import { releaseHeld, releaseOutside } from './locking/held.js';
import { dropMail } from './mail.js';
import { MACHINE, machineWord } from './memlayout.js';
import { releaseStack } from './mm/kasan.js';
import { reportOops, warn } from './panic.js';
import { TASK_COMM_LEN } from './param.js';
import { forEachTask, freePid } from './pid.js';
import { completeAllAt, completeAt, type Completion } from './sched/completion.js';
import { emptyWakeList, needThread, removeThread, wakeUpState, type Thread } from './sched/core.js';
import { taskAt, type Task } from './sched/handle.js';
import { putTask } from './sched/ref.js';
import { EXIT_TRACE, KTHREAD_BLOCKING, KTHREAD_EXITING, KTHREAD_MIGRATES, KTHREAD_OOPSED, KTHREAD_SHOULD_PARK, KTHREAD_SHOULD_STOP, KTHREAD_UNREF, PF_EXITING, TASK, TASK_DEAD, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_PARKED, TASK_RUNNING, setTaskState } from './sched/task.js';
import { dropEntries } from './sched/wait.js';
import { abandonWait, isWaiting } from './sched/wait_queue.js';
import { ISOLATE, ISOLATE_DEAD, forEachIsolate, ring, self } from './smp.js';

/** Thrown by kthreadExit through the thread's own code; its `finally` blocks run. Not an Error: nothing went wrong. */
export class KthreadExit {
  constructor(readonly code: number) {}
}

/** Most text kept of an exception, bytes. */
const OOPS_TEXT_MAX = 4096;
/** Errors of threads that ended here, for a stopper on the same isolate; the oldest go first. */
const ERRORS_MAX = 64;
const errors = new Map<number, Error>();

/** Who hears of an oops on the isolate that booted; set by boot({ onOops }). */
let oopsListener: ((task: Task, error: Error) => void) | undefined;

export function setOopsListener(listener: typeof oopsListener): void {
  oopsListener = listener;
}

/**
 * Ends `task` with `code`: from here on it is in nobody's way. Everything that its function wrote is visible to who sees
 * `exited`. Ordered by the completion's lock. C: do_exit.
 */
export function finishTask(task: number, code: number): void {
  w32(self + ISOLATE.exiting, task);
  releaseHeld(task);
  if (load(task + TASK.worker) !== 0) loseWorker(task);
  w32(task + TASK.exit_code, code);
  writeTombstone(r32(task + TASK.pid), code);
  fetchOr(task + TASK.kflags, KTHREAD_EXITING);
  sayGoodbye(task);
}

/** The exit code stands. Whoever finds out that the isolate died in here does it once more, so each step may be done twice but for the last. */
function sayGoodbye(task: number): void {
  fetchOr(task + TASK.flags, PF_EXITING);
  setTaskState(task, TASK_DEAD);
  store(task + TASK.exit_state, EXIT_TRACE);
  abandonWait(task);
  freePid(r32(task + TASK.pid), task);
  completeAllAt(task + TASK.parked);
  completeAllAt(task + TASK.exited);
  const done = r32(task + TASK.exit_done);
  if (done !== 0) completeAt(done); // Whoever waits for it may take away the thread's code and this completion.
  w32(task + TASK.exit_done, 0);
  if ((fetchOr(task + TASK.kflags, KTHREAD_UNREF) & KTHREAD_UNREF) === 0) countLive(-1);
  w32(self + ISOLATE.exiting, 0);
  putTask(task);
}

/** Ends the thread on its own isolate. */
export function doExit(thread: Thread, code: number): void {
  const task = thread.addr;
  const left = dropEntries(task);
  if (left > 0) warn('%s[%d] ended with %d of its entries in wait queues: finishWait() or removeWaitQueue() was not called', readString(task + TASK.comm, TASK_COMM_LEN), thread.pid, left);
  removeThread(thread, () => finishTask(task, code));
}

/** The value a thread's function returned, or an oops if it is none: an int32 or nothing. */
export function exitValue(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && (value | 0) === value) return value;
  if (typeof value === 'object' && value !== null && 'then' in value) throw new TypeError('a plain thread function returned a promise: declare it async');
  throw new TypeError(`a thread returns an int32 or nothing, not ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
}

/** What `error`, thrown out of a thread's function, ends the thread with. Anything but kthreadExit is an oops. */
export function exitCodeOf(thread: Thread, error: unknown): number {
  if (error instanceof KthreadExit) return error.code;
  oops(thread.addr, error instanceof Error ? error : new Error(`thrown: ${String(error)}`));
  return -EFAULT;
}

/** Records and reports that `error` ends `task`. The machine goes on. */
export function oops(task: number, error: Error): void {
  const text = `${error.name}: ${error.message}`;
  w32(task + TASK.oops, keepText(`${text}\n${error.stack ?? ''}`, OOPS_TEXT_MAX));
  fetchOr(task + TASK.kflags, KTHREAD_OOPSED);
  errors.set(r32(task + TASK.pid), error);
  if (errors.size > ERRORS_MAX) errors.delete(errors.keys().next().value!);
  reportError(task, error);
}

/** Reports that `error` came out of what `task` runs, in the log and to who listens, whether or not it ends the task. */
export function reportError(task: number, error: Error): void {
  reportOops(task, `${error.name}: ${error.message}`, error.stack ?? '');
  announceOops(taskAt(task), error);
}

let loseWorker: (task: number) => void = () => {};

/** What becomes of the works of a task that ends without having left its kthread_worker. */
export function onWorkerLost(lose: typeof loseWorker): void {
  loseWorker = lose;
}

let announceOops = (task: Task, error: Error): void => oopsListener?.(task, error);

/** On isolates other than the one that booted: how the news of an oops gets there. */
export function setOopsAnnouncer(announce: typeof announceOops): void {
  announceOops = announce;
}

/** The exception that ended `task`, as whoever stops it gets it; the original where it was thrown on this isolate. */
export function oopsError(task: number): KernelError {
  const pid = r32(task + TASK.pid);
  const thread = `${readString(task + TASK.comm, TASK_COMM_LEN)}[${pid}]`;
  return new KernelError(-EFAULT, `thread ${thread} was ended by an exception`, { thread, cause: errors.get(pid) ?? errorFromText(task) });
}

function errorFromText(task: number): Error {
  const at = r32(task + TASK.oops);
  const text = at === 0 ? 'unknown' : readString(at, OOPS_TEXT_MAX);
  const [head = '', ...stack] = text.split('\n');
  const error = new Error(head);
  error.stack = stack.join('\n');
  return error;
}

/**
 * Ends the calling thread with `code` from anywhere in it: unwinds its code, so what follows does not run but its
 * `finally` blocks do. Throws EPERM outside a kernel thread. C: kthread_exit.
 */
export function kthreadExit(code = 0): never {
  needThread('kthreadExit');
  throw new KthreadExit(code | 0);
}

/**
 * As kthreadExit, and completes `done`, if one is given, when the thread is gone but for its exit value: after its `finally`
 * blocks, and after whoever stops it can go on. So who waits for `done` may remove the module whose code it ran. C:
 * kthread_complete_and_exit, complete_and_exit before Linux 5.17.
 */
export function kthreadCompleteAndExit(done: Completion | null, code = 0): never {
  w32(needThread('kthreadCompleteAndExit').addr + TASK.exit_done, done?.addr ?? 0);
  throw new KthreadExit(code | 0);
}
export { kthreadCompleteAndExit as completeAndExit };

/** An isolate died by its own fault. As isolateEnded; who asked to hear of it does. */
export function isolateDied(at: number, why: string): void {
  const number = r32(at + ISOLATE.number);
  isolateEnded(at, why);
  for (const hear of deathListeners) hear(number);
}

/** An isolate is gone: its threads end of `why`, and everybody looks once more who may have waited for something that it had begun. */
export function isolateEnded(at: number, why: string): void {
  const number = r32(at + ISOLATE.number);
  const idle = load(at + ISOLATE.state) === ISOLATE_DEAD && r32(at + ISOLATE.threads) === 0; // It went by itself, when it had nothing left to do.
  store(at + ISOLATE.state, ISOLATE_DEAD); // [exit:last] pairs with core:last
  emptyWakeList(at);
  dropMail(at);
  releaseStack(at);
  releaseOutside(at);
  const exiting = r32(at + ISOLATE.exiting);
  if (exiting !== 0 && (load(exiting + TASK.kflags) & KTHREAD_EXITING) !== 0) sayGoodbye(exiting);
  if (idle) return;
  forEachTask((task, pid) => {
    if (load(task + TASK.isolate) !== number || (load(task + TASK.kflags) & KTHREAD_MIGRATES) !== 0 || load(task + TASK.__state) === TASK_DEAD) return;
    store(task + TASK.pid, pid); // It may have been in the middle of being made.
    endOrphan(task, why);
  });
  resyncAll();
}

function endOrphan(task: number, why: string): void {
  if (!loseCreation(task)) return;
  if (r32(task + TASK.ppid) === 2) oops(task, withoutStack(why)); // No news of tasks that carried only a call.
  finishTask(task, -EFAULT);
}

/** An error from elsewhere: our own stack says nothing about it. */
export const withoutStack = (message: string): Error => Object.assign(new Error(message), { stack: '' });

const deathListeners: Array<(number: number) => void> = [];

/** Calls `fn` with the number of each isolate that died, on the isolate that found out. */
export function onIsolateDeath(fn: (number: number) => void): void {
  deathListeners.push(fn);
}

let loseCreation: (task: number) => boolean = () => true;
let lookForNew: () => void = () => {};

/** What becomes of the requests to kthreadd that a dead isolate's task had to answer or waited for; false if somebody else ends the task. And of tasks that were on their way to their isolates. */
export function onLostCreation(lose: typeof loseCreation, look: typeof lookForNew): void {
  loseCreation = lose;
  lookForNew = look;
}

/**
 * A waker may have died between winning a state word and telling anyone, or between its news and the wake-up; a waiter, when
 * it was chosen and had not taken what it waited for. So everybody looks once more.
 */
function resyncAll(): void {
  fetchAdd(machineWord(MACHINE.resync), 1);
  const kthreadd = r32(machineWord(MACHINE.kthreadd));
  setTaskState(kthreadd, TASK_INTERRUPTIBLE); // Whoever had just become it may be the dead one. Two of them at a time do no harm.
  wakeUpState(kthreadd, TASK_INTERRUPTIBLE);
  lookForNew();
  forEachIsolate((at) => ring(at));
  forEachTask((task) => {
    const kflags = load(task + TASK.kflags);
    // Its waker may have come so far as to make true what it waits for, or to take it off the queue; and no further.
    if (isWaiting(task) || (kflags & KTHREAD_SHOULD_STOP) !== 0) wakeUpState(task, TASK_NORMAL);
    if ((kflags & KTHREAD_SHOULD_PARK) === 0) wakeUpState(task, TASK_PARKED);
    if ((kflags & KTHREAD_BLOCKING) !== 0 && load(task + TASK.__state) === TASK_RUNNING) futexWake(task + TASK.__state, 1);
  });
}

