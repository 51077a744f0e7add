/**
 * What /proc says: a picture of every task, and the files that tools read, taken from kernel memory alone (but for call
 * traces). Any isolate can take it at any time, also while all others are stuck; it takes no lock and stops nobody. It does not
 * draw tables (ps.ts) and changes nothing (writing a setting is sysctl.ts).
 *
 * A task may end while it is read. Its record is then free, or already another task's, but it is still a task record, so
 * nothing read from it is wild: it is copied whole, and dropped if it does not bear the same pid before and after.
 */
import { host } from '../arch/host.js';
import { load } from '../lib/atomic.js';
import { ENOENT, ESRCH, KernelError } from '../lib/errno.js';
import { r32, rf64 } from '../lib/memory.js';
import { CPU, MACHINE, cpuAt, isolateSlotAt, machineWord } from '../kernel/memlayout.js';
import { PID_MAX_LIMIT, TASK_COMM_LEN, TASK_NAME_LEN, UTS_RELEASE } from '../kernel/param.js';
import { findTask, forEachTask } from '../kernel/pid.js';
import {
  DEFAULT_PRIO, KTHREAD_BLOCKING, KTHREAD_EXITING, KTHREAD_IS_PER_CPU, KTHREAD_MIGRATES, KTHREAD_NOTIFY, KTHREAD_OOPSED,
  KTHREAD_SHOULD_PARK, KTHREAD_SHOULD_STOP, KTHREAD_STARTED, KTHREAD_LISTENS, KTHREAD_SYSTEM, KTHREAD_UNREF, PF_BORROWED, PF_KTHREAD,
  SCHED_NORMAL, STATE_WORDS, TASK, TASK_DEAD, stateLetter,
} from '../kernel/sched/task.js';
import { taskAt } from '../kernel/sched/handle.js';
import { wchanName } from '../kernel/sched/wchan.js';
import { ISOLATE, forEachIsolate, isolateCpu } from '../kernel/smp.js';
import { taskTrace } from '../kernel/stacktrace.js';
import { sysctl, type SysctlName } from '../kernel/sysctl.js';
import { uptime } from '../kernel/time/time.js';

/** 64 bits, one a signal or a CPU: low word first, both unsigned. */
export type Bits = readonly [low: number, high: number];

/** One task at one moment. Plain data: goes through JSON and structured clone. All times are ms. */
export interface ProcTask {
  readonly pid: number;
  readonly ppid: number;
  readonly tgid: number;
  /** task->comm: at most 15 bytes. */
  readonly comm: string;
  /** The whole name, as ps shows it. */
  readonly name: string;
  /** The state word, TASK_*. */
  readonly state: number;
  /** Its letter: R S D T t X Z P I. R also while it waits for its turn. */
  readonly letter: string;
  /** PF_*. */
  readonly flags: number;
  /** What is set of KTHREAD_*, as words: 'should_stop', 'started', ... */
  readonly kflags: readonly string[];
  readonly nice: number;
  /** 0..139, as the scheduler counts: 100 - 1 - rtprio, or 120 + nice. */
  readonly prio: number;
  readonly staticPrio: number;
  /** SCHED_*. */
  readonly policy: number;
  readonly rtprio: number;
  readonly cpu: number;
  /** Number of the isolate it lives on, 0: none yet. */
  readonly isolate: number;
  /** OS thread id of that isolate, 0 where unknown. */
  readonly tid: number;
  /** Instance number of the module that its code is from, 0: none. */
  readonly module: number;
  /** The function it sleeps in, '0' while it runs. */
  readonly wchan: string;
  /** Times it slept, times it yielded, times it was woken. */
  readonly nvcsw: number;
  readonly nivcsw: number;
  readonly wakeups: number;
  /** Since boot. */
  readonly startTime: number;
  /** On a CPU, the turn that is going on included. */
  readonly runTime: number;
  /** Since boot, when it last left a CPU; when it was made, if it never had one. */
  readonly lastSwitch: number;
  /** How long it has slept, 0 unless it does. */
  readonly sleptMs: number;
  readonly cpusAllowed: Bits;
  readonly sigPending: Bits;
  readonly sigShared: Bits;
  readonly sigAllowed: Bits;
  readonly sigKernel: Bits;
  /** References to the record. */
  readonly usage: number;
  /** An exception ended it. */
  readonly oopsed: boolean;
  /** A blocking call's own task, gone with the call. */
  readonly borrowed: boolean;
}

/**
 * All tasks by ascending pid, without the swapper (pid 0), which /proc does not have either. Each task is consistent in
 * itself; between two of them time goes on. Costs a look at the pid table (4,096 words) and about 90 loads a task.
 */
export function snapshot(): ProcTask[] {
  const tasks: ProcTask[] = [];
  forEachTask((at, pid) => {
    const task = pid === 0 ? undefined : readTask(at, pid);
    if (task) tasks.push(task);
  });
  return tasks;
}

/**
 * The text of a file of /proc: /proc/<pid>/{stat,status,comm,wchan,sched,cmdline,stack}, /proc/{loadavg,uptime,version,stat}
 * and /proc/sys/<name with slashes>. Only `stack` has to ask the task's isolate, and takes two seconds at most. Throws
 * KernelError ENOENT for any other, ESRCH where <pid> is no task (any more).
 */
export async function readProc(path: string): Promise<string> {
  const [, pid, file] = /^\/proc\/(\d+)\/(\w+)$/.exec(path) ?? [];
  if (pid !== undefined && Object.hasOwn(TASK_FILES, file)) return TASK_FILES[file](procTask(Number(pid)));
  if (Object.hasOwn(FILES, path)) return FILES[path]();
  if (path.startsWith('/proc/sys/')) return `${[sysctl(path.slice('/proc/sys/'.length).replaceAll('/', '.') as SysctlName)].flat().join('\t')}\n`;
  throw new KernelError(-ENOENT, `${path}: no such file; a task has ${Object.keys(TASK_FILES).join(', ')}, the machine ${Object.keys(FILES).join(', ')} and /proc/sys/...`);
}

function procTask(pid: number): ProcTask {
  const at = pid > 0 && pid < PID_MAX_LIMIT ? findTask(pid) : 0;
  const task = at === 0 ? undefined : readTask(at, pid);
  if (!task) throw new KernelError(-ESRCH, `no task has pid ${pid}; it may have ended`);
  return task;
}

// --- One record ---------------------------------------------------------------------------------------------------

/** The record being read, copied. A time torn between its two words is wrong by a millionth at most. */
const words = new Int32Array(TASK.sizeof / 4);
const times = new Float64Array(words.buffer);
const chars = new Uint8Array(words.buffer);
const decoder = new TextDecoder();

const word = (offset: number): number => words[offset >> 2];
const time = (offset: number): number => times[offset >> 3];
const bits = (offset: number): Bits => [word(offset) >>> 0, word(offset + 4) >>> 0];
const text = (offset: number, size: number): string => textOf(chars.subarray(offset, offset + size));
const textOf = (letters: Uint8Array): string => decoder.decode(letters).split('\0', 1)[0];
const nameWords = new Int32Array(TASK_NAME_LEN / 4);

/** A name that is too long for the record, copied as that is. */
function longName(at: number): string {
  for (let i = 0; i < nameWords.length; i++) nameWords[i] = load(at + i * 4);
  return textOf(new Uint8Array(nameWords.buffer));
}

const KFLAGS: ReadonlyArray<readonly [bit: number, name: string]> = [
  [KTHREAD_IS_PER_CPU, 'per_cpu'], [KTHREAD_SHOULD_STOP, 'should_stop'], [KTHREAD_SHOULD_PARK, 'should_park'],
  [KTHREAD_NOTIFY, 'notify'], [KTHREAD_STARTED, 'started'], [KTHREAD_BLOCKING, 'blocking'], [KTHREAD_LISTENS, 'stop_signal'],
  [KTHREAD_MIGRATES, 'migrates'], [KTHREAD_UNREF, 'unref'], [KTHREAD_EXITING, 'exiting'], [KTHREAD_OOPSED, 'oopsed'],
  [KTHREAD_SYSTEM, 'system'],
];

/** The task at `at` if it bears `pid` throughout and has not ended, else undefined. */
export function readTask(at: number, pid: number): ProcTask | undefined {
  // Ordered loads, so that the last one is really the last: plain ones could be read after it.
  for (let i = 0; i < words.length; i++) words[i] = load(at + i * 4);
  const name = word(TASK.name) === 0 ? text(TASK.comm, TASK_COMM_LEN) : longName(word(TASK.name));
  if (word(TASK.pid) !== pid || load(at + TASK.pid) !== pid) return undefined;
  const state = word(TASK.__state);
  if ((state & TASK_DEAD) !== 0) return undefined;
  const letter = stateLetter(state);
  const [policy, rtprio, staticPrio] = [word(TASK.policy), word(TASK.rt_priority), word(TASK.static_prio)];
  const [isolate, lastSwitch] = [word(TASK.isolate) >>> 0, time(TASK.last_switch)];
  const slot = isolateSlotAt(isolate);
  const known = load(slot + ISOLATE.number) >>> 0 === isolate;
  // The turn that is going on is not on the task's account yet.
  const turn = known && load(slot + ISOLATE.curr) === at ? Math.max(0, uptime() - Math.max(rf64(slot + ISOLATE.heartbeat), lastSwitch)) : 0;
  return {
    pid, ppid: word(TASK.ppid), tgid: word(TASK.tgid),
    comm: text(TASK.comm, TASK_COMM_LEN), name,
    state, letter, flags: word(TASK.flags) >>> 0,
    kflags: KFLAGS.filter(([bit]) => (word(TASK.kflags) & bit) !== 0).map(([, name]) => name),
    nice: staticPrio - DEFAULT_PRIO, prio: policy === SCHED_NORMAL ? staticPrio : 99 - rtprio, staticPrio, policy, rtprio,
    cpu: word(TASK.cpu), isolate, tid: known ? load(slot + ISOLATE.tid) : 0, module: word(TASK.module),
    wchan: letter === 'R' ? '0' : wchanName(word(TASK.wchan)),
    nvcsw: word(TASK.nvcsw) >>> 0, nivcsw: word(TASK.nivcsw) >>> 0, wakeups: Math.max(0, (word(TASK.nvcsw) >>> 0) - (letter === 'R' ? 0 : 1)), // Each sleep but the one that goes on has ended with one.
    startTime: time(TASK.start_time), runTime: time(TASK.run_time) + turn, lastSwitch,
    sleptMs: letter === 'R' ? 0 : Math.max(0, uptime() - lastSwitch),
    cpusAllowed: bits(TASK.cpus_allowed),
    sigPending: bits(TASK.sig_pending), sigShared: bits(TASK.sig_shared), sigAllowed: bits(TASK.sig_allowed), sigKernel: bits(TASK.sig_kernel),
    usage: word(TASK.usage), oopsed: (word(TASK.kflags) & KTHREAD_OOPSED) !== 0, borrowed: (word(TASK.flags) & PF_BORROWED) !== 0,
  };
}

// --- Files of a task ----------------------------------------------------------------------------------------------

const isKthread = (t: ProcTask): boolean => (t.flags & PF_KTHREAD) !== 0;

export const TASK_FILES: Readonly<Record<string, (t: ProcTask) => string | Promise<string>>> = Object.freeze({
  stat: taskStat,
  status: taskStatus,
  comm: (t) => `${t.name}\n`,
  wchan: (t) => t.wchan,
  sched: taskSched,
  cmdline: (t) => (isKthread(t) ? '' : `${t.name}\0`),
  stack: async ({ pid }) => (await taskTrace(taskAt(findTask(pid)))).replaceAll(/^(?=.)/gm, '[<0>] ').replace(/\n*$/, '\n'),
});

/** Milliseconds as clock ticks of user space. C: USER_HZ, 100. */
const ticks = (ms: number): number => Math.floor(ms / 10);
const or = (a: Bits, b: Bits): Bits => [(a[0] | b[0]) >>> 0, (a[1] | b[1]) >>> 0];
const not = (a: Bits): Bits => [~a[0] >>> 0, ~a[1] >>> 0];
/** Signals it ever asked for; it ignores all others. */
const caught = (t: ProcTask): Bits => or(t.sigAllowed, t.sigKernel);
/** proc(5) shows 31 signals in decimal there. */
const low31 = (a: Bits): number => a[0] & 0x7fffffff;

/** The 52 fields of proc(5); what a task without memory and terminal cannot have is the constant that Linux prints. */
function taskStat(t: ProcTask): string {
  const fields = [
    t.pid, `(${t.name})`, t.letter, t.ppid, 0, 0, 0, -1, t.flags, // ... pgrp, session, tty, tpgid
    0, 0, 0, 0, 0, ticks(t.runTime), 0, 0, // faults, utime, stime, of children
    t.prio - 100, t.nice, 1, 0, ticks(t.startTime), 0, 0, '18446744073709551615', 0, 0, 0, 0, 0, // threads, itrealvalue ... kstkeip
    low31(t.sigPending), 0, low31(not(caught(t))), low31(caught(t)), t.wchan === '0' ? 0 : 1, 0, 0,
    t.pid === 2 ? 0 : 17, t.cpu, t.rtprio, t.policy, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ];
  return `${fields.join(' ')}\n`;
}

const hex = (n: number, digits = 8): string => n.toString(16).padStart(digits, '0');
const hex64 = ([low, high]: Bits): string => hex(high) + hex(low);

function taskStatus(t: ProcTask): string {
  const rows: ReadonlyArray<readonly [string, string | number]> = [
    ['Name', t.name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')], ['State', `${t.letter} (${STATE_WORDS[t.letter]})`],
    ['Tgid', t.tgid], ['Ngid', 0], ['Pid', t.pid], ['PPid', t.ppid], ['TracerPid', 0], ['Uid', '0\t0\t0\t0'], ['Gid', '0\t0\t0\t0'],
    ['Kthread', isKthread(t) ? 1 : 0], ['Threads', 1],
    ['SigPnd', hex64(t.sigPending)], ['ShdPnd', hex64(t.sigShared)], ['SigBlk', hex64([0, 0])],
    ['SigIgn', hex64(not(caught(t)))], ['SigCgt', hex64(caught(t))],
    ['Cpus_allowed', cpuMask(t.cpusAllowed)], ['Cpus_allowed_list', cpuList(t.cpusAllowed)],
    ['voluntary_ctxt_switches', t.nvcsw], ['nonvoluntary_ctxt_switches', t.nivcsw],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join('');
}

const nrCpus = (): number => r32(machineWord(MACHINE.nr_cpus));
const hasCpu = ([low, high]: Bits, cpu: number): boolean => (((cpu < 32 ? low : high) >>> (cpu % 32)) & 1) !== 0;

/** As many hex digits as the machine has CPUs for. C: "%*pb". */
function cpuMask([low, high]: Bits): string {
  const digits = (cpus: number): number => Math.ceil(cpus / 4);
  const n = nrCpus();
  return n > 32 ? `${hex(high, digits(n - 32))},${hex(low)}` : hex(low, digits(n));
}

/** "0-3,7". C: "%*pbl". */
function cpuList(mask: Bits): string {
  const runs: string[] = [];
  for (let first = 0; first < nrCpus(); first++) {
    if (!hasCpu(mask, first)) continue;
    let last = first;
    while (last + 1 < nrCpus() && hasCpu(mask, last + 1)) last++;
    runs.push(first === last ? `${first}` : `${first}-${last}`);
    first = last;
  }
  return runs.join(',');
}

/** The header has comm, 15 bytes, and not the whole name. */
function taskSched(t: ProcTask): string {
  const rows: ReadonlyArray<readonly [string, string | number]> = [
    ['se.exec_start', t.lastSwitch.toFixed(6)], ['se.sum_exec_runtime', t.runTime.toFixed(6)], ['nr_switches', t.nvcsw + t.nivcsw],
    ['nr_voluntary_switches', t.nvcsw], ['nr_involuntary_switches', t.nivcsw], ['nr_wakeups', t.wakeups],
    ['policy', t.policy], ['prio', t.prio],
  ];
  return `${t.comm} (${t.pid}, #threads: 1)\n${'-'.repeat(67)}\n${rows.map(([name, value]) => `${name.padEnd(45)}:${String(value).padStart(21)}\n`).join('')}`;
}

// --- Files of the machine -----------------------------------------------------------------------------------------

export const FILES: Readonly<Record<string, () => string>> = Object.freeze({
  '/proc/loadavg': loadavg,
  '/proc/uptime': () => `${seconds(uptime())} ${seconds(cpuBusy().reduce((idle, busy) => idle + Math.max(0, uptime() - busy), 0))}\n`,
  '/proc/version': () => `Linux version ${UTS_RELEASE} (kthread) (TypeScript) #${r32(machineWord(MACHINE.serial)) >>> 0} SMP\n`,
  '/proc/stat': machineStat,
});

const seconds = (ms: number): string => (Math.floor(ms / 10) / 100).toFixed(2);
const count = (tasks: readonly ProcTask[], letters: string): number => tasks.filter((t) => letters.includes(t.letter)).length;
export const lastPid = (): number => r32(machineWord(MACHINE.next_pid)) - 1;

/**
 * Nobody samples the load, so all three averages are the load of this moment: tasks that run or would (R) and those that
 * wait uninterruptibly (D), not idle ones (I).
 */
function loadavg(): string {
  const tasks = snapshot();
  const load = count(tasks, 'RD').toFixed(2);
  return `${load} ${load} ${load} ${count(tasks, 'R')}/${tasks.length} ${lastPid()}\n`;
}

/** ms of thread work for each CPU, by the isolates that are there now: what ended ones did is not kept. */
export function cpuBusy(): number[] {
  const busy = Array.from({ length: nrCpus() }, () => 0);
  forEachIsolate((at) => {
    busy[isolateCpu(at)] += rf64(at + ISOLATE.busy) + (load(at + ISOLATE.curr) === 0 ? 0 : Math.max(0, uptime() - rf64(at + ISOLATE.heartbeat)));
  });
  return busy;
}

/** Time of threads counts as system, the rest as idle; several plain threads on one CPU may do more than its time. */
function machineStat(): string {
  const tasks = snapshot();
  const busy = cpuBusy();
  const times = busy.map((ms) => [ticks(ms), ticks(Math.max(0, uptime() - ms))] as const);
  const total = times.reduce(([system, idle], [s, i]) => [system + s, idle + i] as const, [0, 0] as const);
  const row = (name: string, [system, idle]: readonly [number, number]): string => `${name} 0 0 ${system} ${idle} 0 0 0 0 0 0\n`;
  return [
    row('cpu ', total), ...times.map((cpu, i) => row(`cpu${i}`, cpu)),
    `ctxt ${contextSwitches()}\nbtime ${Math.floor((host.wallClock() - uptime()) / 1000)}\nprocesses ${lastPid()}\n`,
    `procs_running ${count(tasks, 'R')}\nprocs_blocked ${count(tasks, 'D')}\n`,
  ].join('');
}

/** Turns that threads have had since boot, on all CPUs. */
export function contextSwitches(): number {
  let switches = 0;
  for (let cpu = 0; cpu < nrCpus(); cpu++) switches += load(cpuAt(cpu) + CPU.nr_switches) >>> 0;
  forEachIsolate((at) => void (switches += load(at + ISOLATE.nr_switches) >>> 0));
  return switches;
}
