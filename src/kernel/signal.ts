/**
 * Signals as a kernel thread knows them: it ignores all of them until it allows one, and then nothing happens to it
 * but that the signal is pending, ends interruptible sleeps and can be asked for. No handler runs, and SIGKILL kills
 * nobody. Whether one keeps a task from sleeping is sched/signal.ts.
 *
 * A signal waits in one of two sets: what the kernel sends to a thread (sendSig) in its own, what is sent to a pid
 * (killPid, kill) in that of its group. A set tells whether a signal came, not how often: nothing is queued, real-time
 * signals neither. The sets change under the task's lock, so that after disallowSignal() none is pending that was sent before.
 */
import { fetchAnd, fetchOr, load, store } from '../lib/atomic.js';
import { EINVAL, ESRCH, KernelError } from '../lib/errno.js';
import { isDead } from './fork.js';
import { rawSpinLocked } from './locking/raw_spinlock.js';
import { findTask } from './pid.js';
import { needThread, tellNews, wakeUpState } from './sched/core.js';
import type { Task } from './sched/handle.js';
import { putTask, tryGetTask } from './sched/ref.js';
import { SIGKILL, signalPendingState as pendingState, taskFatalSignalPending, taskSignalPending } from './sched/signal.js';
import { PF_KTHREAD, TASK, TASK_INTERRUPTIBLE, TASK_WAKEKILL } from './sched/task.js';

/** Signals go from 1 to this. C: _NSIG. */
export const NSIG = 64;
export { SIGKILL };
export const SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGUSR1 = 10, SIGSEGV = 11;
export const SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21;
export const SIGTTOU = 22, SIGURG = 23, SIGXCPU = 24, SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28, SIGIO = 29, SIGPWR = 30;
export const SIGSYS = 31, SIGRTMIN = 32;

/** As sendSigInfo's info: as if a process had sent it. */
export const SEND_SIG_NOINFO = 0;
/** The kernel itself sends it. */
export const SEND_SIG_PRIV = 1;

const lowMask = (...signals: readonly number[]): number => signals.reduce((mask, sig) => mask | (1 << (sig - 1)), 0);
/** They say that something is wrong where the code stands, so they are taken first. */
const SYNCHRONOUS = lowMask(SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS);
/** These would not end a process. */
const HARMLESS = lowMask(SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH);

// --- What a thread wants to hear ----------------------------------------------------------------------------------

/**
 * Lets `sig` reach the calling thread, from user space and from the kernel. Throws KernelError EPERM outside a kernel
 * thread, EINVAL for a number that is no signal. C: allow_signal.
 */
export const allowSignal = (sig: number): void => setAction('allowSignal', sig, TASK.sig_allowed);

/** The same, but only for signals that the kernel itself sends (`priv` of sendSig). C: allow_kernel_signal. */
export const allowKernelSignal = (sig: number): void => setAction('allowKernelSignal', sig, TASK.sig_kernel);

/** Ignores `sig` again and forgets one that is pending. Throws as allowSignal. C: disallow_signal. */
export const disallowSignal = (sig: number): void => setAction('disallowSignal', sig, 0);

/** `heard`: the one of the sets of those allowed in which the signal stands from now on, 0 for none. */
function setAction(call: string, sig: number, heard: number): void {
  const { addr: task } = needThread(call);
  if (sig === 0 || !validSignal(sig)) throw new KernelError(-EINVAL, `${call}: there is no signal ${sig}; they go from 1 to ${NSIG}`);
  locked(task, () => {
    for (const set of [TASK.sig_allowed, TASK.sig_kernel]) if (set !== heard) drop(task, set, sig);
    if (heard !== 0) raise(task, heard, sig);
    else for (const set of PENDING) drop(task, set, sig);
  });
}

/** Ignores all signals and forgets those that are pending. C: ignore_signals. */
export function ignoreSignals(task: Task): void {
  if (task.exists) locked(task.addr, () => clear(task.addr, [TASK.sig_allowed, TASK.sig_kernel, ...PENDING]));
}

// --- Sending ------------------------------------------------------------------------------------------------------

/**
 * Sends `sig` to `task`, as the kernel itself if `priv`, else as if a process had. Returns 0, also where it is ignored,
 * which is where nobody allowed it; -22 (-EINVAL) for a number that is no signal, -3 (-ESRCH) if the task has ended. 0 is
 * no signal and does nothing. A signal that arrives wakes S; SIGKILL wakes killable sleeps too. Never sleeps. C: send_sig.
 */
export const sendSig = (sig: number, task: Task, priv: boolean): 0 | -22 | -3 => send(task.addr, task.pid, sig, TASK.sig_pending, priv);

/** The same with SEND_SIG_NOINFO or SEND_SIG_PRIV; there is no other information that could go along. C: send_sig_info. */
export const sendSigInfo = (sig: number, info: typeof SEND_SIG_NOINFO | typeof SEND_SIG_PRIV, task: Task): 0 | -22 | -3 => sendSig(sig, task, info === SEND_SIG_PRIV);

/** Sends `sig` to the thread group of `pid`, which is that one task; 0 only asks whether it is there. Returns as sendSig. C: kill_pid. */
export function killPid(pid: number, sig: number, priv: boolean): 0 | -22 | -3 {
  const task = findTask(pid);
  return task === 0 ? (-ESRCH as -3) : send(task, pid, sig, TASK.sig_shared, priv);
}

/** What kill(1) does, from user space: killPid without the kernel's rights. Takes one pid; there are no process groups. C: kill(2). */
export const kill = (pid: number, sig: number): 0 | -22 | -3 => killPid(pid, sig, false);

function send(task: number, pid: number, sig: number, set: number, priv: boolean): 0 | -22 | -3 {
  if (!tryGetTask(task, pid)) return -ESRCH as -3;
  try {
    if (isDead(task)) return -ESRCH as -3;
    if (!validSignal(sig)) return -EINVAL as -22;
    const arrived = sig === 0 ? 0 : locked(task, () => deliver(task, sig, set, priv));
    if (arrived === 0) return 0;
    wakeUpState(task, arrived === SIGKILL ? TASK_INTERRUPTIBLE | TASK_WAKEKILL : TASK_INTERRUPTIBLE);
    tellNews(task);
    return 0;
  } finally {
    putTask(task);
  }
}

/** Makes `sig` pending unless it is ignored. Returns the signal that arrived, 0 for none. */
function deliver(task: number, sig: number, set: number, priv: boolean): number {
  if (has(task, TASK.sig_allowed, sig) || (priv && has(task, TASK.sig_kernel, sig))) {
    raise(task, set, sig);
    return sig;
  }
  if (!endsProcess(task, sig)) return 0;
  raise(task, TASK.sig_pending, SIGKILL);
  return SIGKILL;
}

/** Whether `task` is no kernel thread, but a call or insmod of a process, and not pid 1, and `sig` would end that. */
function endsProcess(task: number, sig: number): boolean {
  return (load(task + TASK.flags) & PF_KTHREAD) === 0 && load(task + TASK.pid) !== 1 && (sig > 32 || (HARMLESS & (1 << (sig - 1))) === 0);
}

const validSignal = (sig: number): boolean => Number.isInteger(sig) && sig >= 0 && sig <= NSIG;

// --- What is pending ----------------------------------------------------------------------------------------------

/** Whether a signal is pending for `task` (default: the calling thread), or it was asked to stop. EPERM outside a kernel thread. C: signal_pending. */
export const signalPending = (task?: Task): boolean => asked('signalPending', task, taskSignalPending);

/** Whether a signal that is pending keeps `task` (default: the calling thread) from sleeping in `state` (TASK_*). EPERM outside a kernel thread. C: signal_pending_state. */
export const signalPendingState = (state: number, task?: Task): boolean => asked('signalPendingState', task, (at) => pendingState(state, at));

/** Whether SIGKILL is pending for `task` itself (default: the calling thread). After kill(), which sends to the group, it is not. C: fatal_signal_pending. */
export const fatalSignalPending = (task?: Task): boolean => asked('fatalSignalPending', task, taskFatalSignalPending);

function asked(call: string, task: Task | undefined, test: (task: number) => boolean): boolean {
  return task ? task.exists && test(task.addr) : test(needThread(call).addr);
}

/** Forgets all signals pending for `task` (default: the calling thread). What kthreadStop() says stays. C: flush_signals. */
export function flushSignals(task?: Task): void {
  const at = task ? (task.exists ? task.addr : 0) : needThread('flushSignals').addr;
  if (at !== 0) locked(at, () => clear(at, PENDING));
}

/**
 * Takes a pending signal of the calling thread: returns its number, 0 if there is none. Its own come before those of its
 * group, SIGSEGV and its like before others, lower numbers before higher. EPERM outside a kernel thread. C: kernel_dequeue_signal.
 */
export function kernelDequeueSignal(): number {
  const { addr: task } = needThread('kernelDequeueSignal');
  return locked(task, () => {
    for (const set of PENDING) {
      const sig = nextSignal(load(task + set), load(task + set + 4));
      if (sig === 0) continue;
      drop(task, set, sig);
      return sig;
    }
    return 0;
  });
}

function nextSignal(low: number, high: number): number {
  const first = (low & SYNCHRONOUS) === 0 ? low : low & SYNCHRONOUS;
  if (first !== 0) return 32 - Math.clz32(first & -first);
  return high === 0 ? 0 : 64 - Math.clz32(high & -high);
}

/** Nothing: whether a signal is pending is worked out when asked, there is no flag to bring up to date. C: recalc_sigpending. */
export function recalcSigpending(): void {}

// --- Sets of signals: two words, signal n is bit n - 1 ------------------------------------------------------------

const PENDING: readonly number[] = [TASK.sig_pending, TASK.sig_shared];
const word = (sig: number): number => (sig > 32 ? 4 : 0);
const bit = (sig: number): number => 1 << ((sig - 1) & 31);

const has = (task: number, set: number, sig: number): boolean => (load(task + set + word(sig)) & bit(sig)) !== 0;
const raise = (task: number, set: number, sig: number): void => void fetchOr(task + set + word(sig), bit(sig)); // [signal:send] pairs with signal:test
const drop = (task: number, set: number, sig: number): void => void fetchAnd(task + set + word(sig), ~bit(sig));

function clear(task: number, sets: readonly number[]): void {
  for (const set of sets) for (const half of [0, 4]) store(task + set + half, 0);
}

const locked = <T>(task: number, fn: () => T): T => rawSpinLocked(task + TASK.lock, fn);
