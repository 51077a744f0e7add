/**
 * kernel/signal.c for C modules.
 */
import { ESRCH } from '../../lib/errno.js';
import { allowKernelSignal, allowSignal, disallowSignal, flushSignals, kernelDequeueSignal, killPid, sendSig } from '../../kernel/signal.js';
import { findTaskByPid } from '../../kernel/sched/handle.js';
import { taskFatalSignalPending, taskSignalPending } from '../../kernel/sched/signal.js';
import { taskOf, type Imports } from '../abi.js';

export const signal: Imports = {
  allow_signal: (sig: number) => allowSignal(sig),
  allow_kernel_signal: (sig: number) => allowKernelSignal(sig),
  disallow_signal: (sig: number) => disallowSignal(sig),
  signal_pending: (task: number) => taskSignalPending(taskOf(task).addr),
  fatal_signal_pending: (task: number) => taskFatalSignalPending(taskOf(task).addr),
  flush_signals: (task: number) => flushSignals(taskOf(task)),
  kernel_dequeue_signal: () => kernelDequeueSignal(),
  send_sig: (sig: number, task: number, priv: number) => sendSig(sig, taskOf(task), priv !== 0),
  kthread_kill_pid: (pid: number, sig: number, priv: number) => (findTaskByPid(pid) ? killPid(pid, sig, priv !== 0) : -ESRCH),
};
