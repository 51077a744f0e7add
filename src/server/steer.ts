/**
 * The calls that change the machine. Those that wait for somebody do so in a task of their own, named as the call, which
 * ps shows and which the host worker serves between its other duties. A wait ends with its client; what was asked of a
 * thread stays asked.
 */
import { EBUSY, EINVAL, ENOSYS, ENOENT, ESRCH, ETIMEDOUT, KernelError } from '../lib/errno.js';
import { cpumaskOf, forEachCpu } from '../lib/cpumask.js';
import { runInTask } from '../kernel/borrowed.js';
import { getTaskStruct, kthreadPark, kthreadStop, kthreadUnpark, putTaskStruct, wakeUpProcess } from '../kernel/kthread.js';
import * as module from '../kernel/module.js';
import { forEachTask } from '../kernel/pid.js';
import { logNext } from '../kernel/printk/ringbuffer.js';
import { clearLog } from '../kernel/printk/syslog.js';
import { freezeProcesses, thawProcesses } from '../kernel/power/process.js';
import { cpusAllowed, schedSetaffinity } from '../kernel/sched/affinity.js';
import { taskAt, type Task } from '../kernel/sched/handle.js';
import { MAX_NICE, MIN_NICE, setUserNice, taskNice } from '../kernel/sched/syscalls.js';
import { wchanName } from '../kernel/sched/wchan.js';
import { r32 } from '../lib/memory.js';
import { TASK, TASK_FROZEN, taskState } from '../kernel/sched/task.js';
import { NSIG, kill as sendKill } from '../kernel/signal.js';
import { numPossibleCpus } from '../kernel/smp.js';
import { SYSCTLS, isSysctl, sysctl as setting, sysctlGet } from '../kernel/sysctl.js';
import type { Caller } from './connection.js';
import { Refusal, checkEntries, checkList, checkNumber, checkText, checkTimeout, findAll, findOne, findThread } from './find.js';
import { traceLines } from './look.js';
import type { Calls, Named } from './protocol.js';

type Args<N extends keyof Calls> = Calls[N]['args'];
type Result<N extends keyof Calls> = Calls[N]['result'];

/** Parameters of one insmod, settings of one sysctl. */
const ENTRIES_MAX = 256;
/** Records of stopped threads that are kept. */
const KEPT_MAX = 1024;

const named = ({ pid, name }: Task): Named => ({ pid, name });

// --- Modules and the log ------------------------------------------------------------------------------------------

export async function insmod({ file, params = {}, as, cpu, kasan }: Args<'insmod'>, caller: Caller): Promise<Result<'insmod'>> {
  const values = checkEntries('insmod', 'params', params, ENTRIES_MAX).map(([name, value]) => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw new KernelError(-EINVAL, `insmod: parameter ${name} takes a text, a number or a boolean`);
    return [name, value] as const;
  });
  const how = { ...(as !== undefined && { as: checkText('insmod', 'as', as) }), ...(cpu !== undefined && { cpu: checkNumber('insmod', 'cpu', cpu, 0, numPossibleCpus() - 1) }), ...(kasan !== undefined && { kasan: kasan === true }), say: caller.say };
  return runInTask('insmod', () => module.insmod(checkText('insmod', 'file', file), Object.fromEntries(values), how));
}

export async function rmmod({ name, force }: Args<'rmmod'>): Promise<Result<'rmmod'>> {
  return { broke: await runInTask('rmmod', () => module.rmmod(checkText('rmmod', 'name', name), { force: force === true })) };
}

export function clear({ seq }: Args<'clear'>): Result<'clear'> {
  clearLog(seq === undefined ? undefined : checkNumber('clear', 'seq', seq, 0, logNext()));
  return {};
}

// --- Threads ------------------------------------------------------------------------------------------------------

/** As user space sends it: a thread hears it only if it allowed it. */
export function kill({ who, signal }: Args<'kill'>): Result<'kill'> {
  checkNumber('kill', 'signal', signal, 0, NSIG);
  return findAll('kill', who).filter(({ pid }) => sendKill(pid, signal) !== -ESRCH).map(named);
}

export async function stop({ who, timeout }: Args<'stop'>, caller: Caller): Promise<Result<'stop'>> {
  const task = findThread('stop', who);
  keep(task);
  const value = await waiting('stop', task, checkTimeout('stop', timeout), caller, (signal) => kthreadStop(task, { signal }));
  return { ...named(task), value };
}

/** Threads that were stopped from here; the latest. */
const kept: Task[] = [];

/**
 * Holds on to the record of a thread that will end without its owner's doing: when a module in C stops it too, the address
 * that it has must not have become another task's.
 */
function keep(task: Task): void {
  if (kept.some(({ addr, pid }) => addr === task.addr && pid === task.pid)) return;
  kept.push(getTaskStruct(task));
  if (kept.length > KEPT_MAX) putTaskStruct(kept.shift()!);
}

export async function park({ who, timeout }: Args<'park'>, caller: Caller): Promise<Result<'park'>> {
  const task = findThread('park', who);
  const result = await waiting('park', task, checkTimeout('park', timeout), caller, (signal) => kthreadPark(task, { signal }));
  if (result === -EBUSY) throw new KernelError(-EBUSY, `park: ${nameOf(task)} was asked to park before; unpark takes that back`);
  if (result === -ENOSYS) throw new KernelError(-ESRCH, `park: ${nameOf(task)} has ended, or is about to`);
  return named(task);
}

export function unpark({ who }: Args<'unpark'>): Result<'unpark'> {
  const task = findThread('unpark', who);
  kthreadUnpark(task);
  return named(task);
}

export async function freeze(): Promise<Result<'freeze'>> {
  if (await runInTask('freeze', freezeProcesses) !== 0) {
    throw new KernelError(-EBUSY, `freeze: not all threads that may be frozen were within ${sysctlGet('power.freeze_timeout') / 1000} s, so all go on; dmesg says which, and where they are`);
  }
  const stand: Named[] = [];
  forEachTask((at) => void ((taskState(at) & TASK_FROZEN) !== 0 && stand.push(named(taskAt(at)))));
  return { frozen: stand };
}

export function thaw(): Result<'thaw'> {
  thawProcesses();
  return {};
}

export function wake({ who }: Args<'wake'>): Result<'wake'> {
  const task = findThread('wake', who);
  return { ...named(task), woken: wakeUpProcess(task) === 1 };
}

export function renice({ who, nice }: Args<'renice'>): Result<'renice'> {
  const task = findOne('renice', who);
  const before = taskNice(task);
  setUserNice(task, checkNumber('renice', 'nice', nice, MIN_NICE, MAX_NICE));
  return { ...named(task), before, nice: taskNice(task) };
}

export function affinity({ who, cpus }: Args<'affinity'>): Result<'affinity'> {
  const task = findOne('affinity', who);
  const before = [...forEachCpu(cpusAllowed(task))];
  if (cpus === undefined) return { ...named(task), before, cpus: before };
  const wanted = checkList('affinity', 'cpus', cpus, 64, (cpu) => checkNumber('affinity', 'cpu', cpu, 0, 63));
  const result = schedSetaffinity(task.pid, cpumaskOf(...wanted));
  if (result === -ESRCH) throw new KernelError(-ESRCH, `affinity: ${nameOf(task)} has ended`);
  if (result !== 0) {
    throw new KernelError(-EINVAL, `affinity: ${nameOf(task)} cannot run on CPUs ${wanted.join(',')} only: the machine has ${numPossibleCpus()}, a thread that was bound stays where it is, and an async one that has begun stays on CPU ${task.cpu}`);
  }
  return { ...named(task), before, cpus: [...forEachCpu(cpusAllowed(task))] };
}

const nameOf = (task: Task): string => `${task.name}[${task.pid}]`;

/** Does `ask` in a task of its own, until the time is up, which is ETIMEDOUT and says where the thread is, or the client gone. */
async function waiting<T>(call: 'stop' | 'park', task: Task, timeout: number, { signal }: Caller, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const giveUp = (): void => over.abort(signal.reason);
  const timer = timeout === Infinity ? undefined : setTimeout(() => over.abort(timeIsUp), timeout);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await runInTask(call, () => ask(over.signal));
  } catch (error) {
    if (error !== timeIsUp) throw error;
    const where = `state ${task.state}${task.state === 'R' ? '' : ` in ${wchanName(r32(task.addr + TASK.wchan))}`}`;
    throw new Refusal(-ETIMEDOUT, `${call}: ${nameOf(task)} was asked to ${call} and has not within ${timeout / 1000} s: ${where}`, await traceLines(task));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

const timeIsUp = new Error('the time is up');

// --- Settings -----------------------------------------------------------------------------------------------------

export function sysctl({ names, set = {} }: Args<'sysctl'>): Result<'sysctl'> {
  const written = checkEntries('sysctl', 'set', set, ENTRIES_MAX).map(([name, value]) => [name, show(name, checkText('sysctl', name, value))]);
  const wanted = names === undefined ? (written.length > 0 ? [] : Object.keys(SYSCTLS)) : checkList('sysctl', 'names', names, ENTRIES_MAX, (name) => checkText('sysctl', 'name', name));
  return Object.fromEntries([...written, ...wanted.map((name) => [name, show(name)])]) as Result<'sysctl'>;
}

/** The value as /proc/sys shows it, after it was set if one is given. */
function show(name: string, ...value: readonly string[]): string {
  if (!isSysctl(name)) throw new KernelError(-ENOENT, `sysctl: there is no setting "${name}"; sysctl -a lists them`);
  return [setting(name, ...value)].flat().join('\t');
}
