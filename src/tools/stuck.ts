/**
 * Which threads still run, and where, for somebody who waits for them to end.
 */
import { findTaskByPid, snapshot, taskTrace } from '../index.js';

/** A thread that has not ended. */
export interface StuckThread {
  readonly pid: number;
  readonly name: string;
  /** Else it is the task of a call, such as a module's init. */
  readonly isThread: boolean;
  /** As ps has it. */
  readonly state: string;
  /** The function it sleeps in, '0' if it does not. */
  readonly wchan: string;
  readonly sleptMs: number;
  /** Somebody asked it to stop. */
  readonly shouldStop: boolean;
  /** Its calls, the innermost first; empty where none could be had. */
  readonly trace: readonly string[];
}

const KTHREADD = 2;

/** All kernel threads; where there is none, the other tasks: a module's init that does not return, for instance. */
export async function stuckThreads(): Promise<StuckThread[]> {
  const tasks = snapshot().filter(({ pid, kflags }) => pid > KTHREADD && !kflags.includes('system'));
  const threads = tasks.filter(({ ppid }) => ppid === KTHREADD);
  return Promise.all((threads.length > 0 ? threads : tasks).map(async ({ pid, ppid, name, letter, wchan, sleptMs, kflags }) => {
    const task = findTaskByPid(pid);
    const trace = task ? await taskTrace(task) : '';
    return { pid, name, isThread: ppid === KTHREADD, state: letter, wchan, sleptMs, shouldStop: kflags.includes('should_stop'), trace: trace.split('\n').filter(Boolean) };
  }));
}

export function stuckText(threads: readonly StuckThread[]): string {
  if (threads.length === 0) return 'kthread: no thread runs any more; the machine is about to halt\n';
  const lines = threads.flatMap(({ pid, name, state, wchan, sleptMs, shouldStop, trace }) => [
    `  ${name}[${pid}] state ${state}${state === 'R' ? ', runs' : ` in ${wchan} for ${(sleptMs / 1000).toFixed(1)} s`}${shouldStop ? ', was asked to stop' : ''}`,
    ...trace.map((frame) => `    ${frame}`),
  ]);
  return `kthread: ${threads.length} thread${threads.length > 1 ? 's' : ''} still there; Ctrl-C once more ends the process at once\n${lines.join('\n')}\n`;
}
