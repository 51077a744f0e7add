/**
 * What to say when something is wrong: WARN with a trace and go on, an oops that ends one thread, a panic that stops the
 * machine. It decides nothing about who ends: exit.ts does.
 */
import { host } from '../arch/host.js';
import { cas, fetchOr, load, store } from '../lib/atomic.js';
import { setBugReporter } from '../lib/bug.js';
import { r32, readString, zero } from '../lib/memory.js';
import { vsprintf } from '../lib/printf.js';
import { hashOf } from '../lib/struct.js';
import { BOOT_ISOLATE } from './fork.js';
import { MACHINE, MACHINE_HALTING, isolateSlotAt, machineWord } from './memlayout.js';
import { TASK_COMM_LEN, WARN_ONCE_MAX } from './param.js';
import { KERN_ALERT, KERN_EMERG, KERN_ERR, KERN_WARNING, printk } from './printk/printk.js';
import { currentThread } from './sched/core.js';
import { TASK } from './sched/task.js';
import { isolateCpu, self } from './smp.js';
import { sysctlGet } from './sysctl.js';

export const TAINT_FORCED_RMMOD = 1 << 3; // R: a module was removed by force
export const TAINT_DIE = 1 << 7; //        D: an oops happened
export const TAINT_WARN = 1 << 9; //       W: a WARN happened
export const TAINT_SOFTLOCKUP = 1 << 14; // L
const TAINT_LETTERS: ReadonlyArray<readonly [bit: number, letter: string]> = [[TAINT_DIE, 'D'], [TAINT_WARN, 'W'], [1 << 12, 'O'], [TAINT_SOFTLOCKUP, 'L']];

/** Marks the machine with TAINT_* bits. C: add_taint. */
export function addTaint(bits: number): void {
  fetchOr(machineWord(MACHINE.tainted), bits);
}

/** "Not tainted" or "Tainted: " with a letter for each bit. C: print_tainted. */
export function printTainted(): string {
  const bits = load(machineWord(MACHINE.tainted));
  const forced = (bits & TAINT_FORCED_RMMOD) !== 0 ? 'R' : '';
  return bits === 0 ? 'Not tainted' : `Tainted: ${forced}${TAINT_LETTERS.map(([bit, letter]) => ((bits & bit) !== 0 ? letter : ' ')).join('')}`;
}

/** Who runs: `task`, or, for 0, the code of the isolate at `at` outside of any thread: the program itself (pid 1), or a CPU's own (pid 0). */
export function whoRuns(task: number, at: number): { cpu: number; pid: number; comm: string } {
  if (task !== 0) return { cpu: r32(task + TASK.cpu), pid: r32(task + TASK.pid), comm: readString(task + TASK.comm, TASK_COMM_LEN) };
  const cpu = at === 0 ? 0 : isolateCpu(at);
  return at === isolateSlotAt(BOOT_ISOLATE) ? { cpu, pid: 1, comm: 'init' } : { cpu, pid: 0, comm: `swapper/${cpu}` };
}

/** One line that says on which CPU and in which task we are. */
export function whereLine(task: number, at = self): string {
  const { cpu, pid, comm } = whoRuns(task, at);
  return `CPU: ${cpu} PID: ${pid} Comm: ${comm} ${printTainted()}`;
}

/** Where this library's own files lie, also as a source map has it; and those of them that are the same in every trace. */
const OURS = [new URL('..', import.meta.url).href, new URL('../../src/', import.meta.url).pathname];
const MACHINERY = /\((lib\/|kernel\/sched\/core\.)|^(call|begin) \(kernel\/kthread\./;

/**
 * A finished call trace out of an Error's stack: the innermost function first, down to where the thread began. Positions are
 * those in the files that people wrote; of this library's functions only those with a name are shown. What is finished stays.
 */
export function callTrace(stack: string, task = 0): string {
  if (!/^\s*at /m.test(stack)) return stack;
  const tag = task === 0 ? '' : moduleTag(r32(task + TASK.module));
  const lines: string[] = [];
  for (const [, frame] of stack.matchAll(/^\s*at (.+)$/gm)) {
    const foreign = readFrame(frame);
    if (foreign !== undefined) {
      if (foreign !== '') lines.push(foreign);
      continue;
    }
    const folder = OURS.find((folder) => frame.includes(folder));
    if (folder === undefined) {
      lines.push(frame.includes('(') && !frame.includes(':') ? frame : host.sourceFrame(frame) + tag);
      continue;
    }
    const line = frame.replace(folder, '');
    if (MACHINERY.test(line)) {
      if (lines.at(-1)?.startsWith('Atomics.')) lines.pop();
    } else if (line.endsWith(')')) lines.push(line);
    if (/^(async )?kthread(Own)? /.test(line)) break;
  }
  return lines.join('\n');
}

let readFrame: (frame: string) => string | undefined = () => undefined;

/** How a frame of a module that is no TypeScript reads; undefined for any other frame, '' for one that is not shown. */
export function setFrameReader(fn: typeof readFrame): void {
  readFrame = fn;
}

let moduleTag: (module: number) => string = () => '';

/** Says how code of module instance `module` is marked: " [name]". */
export function setModuleTag(fn: typeof moduleTag): void {
  moduleTag = fn;
}

/** A call trace as the log shows it, finished or out of an Error's stack. */
export function printTrace(level: string, trace: string, task = 0): void {
  printk('%sCall Trace:\n', level);
  printk('%s <TASK>\n', level);
  for (const line of callTrace(trace, task).split('\n')) if (line) printk('%s  %s\n', level, line);
  printk('%s </TASK>\n', level);
}

/** Says where `task` is: its line and, where one could be had, its call trace. */
export function printTaskTrace(task: number, trace: string): void {
  printk('%s%s\n', KERN_ALERT, whereLine(task));
  if (trace) printTrace(KERN_ALERT, trace, task);
}

const currentAddr = (): number => currentThread()?.addr ?? 0;

/** Says that something is wrong, with a call trace, and goes on. C: WARN. */
export function warn(fmt: string, ...args: readonly unknown[]): void {
  warnTask(currentAddr(), host.errorTrace(warn), fmt, ...args);
}

/** The same about another task and its call trace, lines of "at ...". */
export function warnTask(task: number, trace: string, fmt: string, ...args: readonly unknown[]): void {
  addTaint(TAINT_WARN);
  printk('%s------------[ cut here ]------------\n', KERN_WARNING);
  printk('%sWARNING: %s\n', KERN_WARNING, vsprintf(fmt, args));
  printk('%s%s\n', KERN_WARNING, whereLine(task));
  printTrace(KERN_WARNING, trace, task);
  printk('%s---[ end trace ]---\n', KERN_WARNING);
}

/** Says it the first time only, whichever isolate that is on. C: WARN_ONCE. */
export function warnOnce(fmt: string, ...args: readonly unknown[]): void {
  const hash = hashOf(fmt);
  for (let i = 0; i < WARN_ONCE_MAX; i++) {
    const seen = cas(machineWord(MACHINE.warned) + i * 4, 0, hash);
    if (seen === 0) return warn(fmt, ...args);
    if (seen === hash) return;
  }
}

/** From here on each of them is a first time again. C: /sys/kernel/debug/clear_warn_once. */
export const clearWarnOnce = (): void => zero(machineWord(MACHINE.warned), WARN_ONCE_MAX * 4);

/** Reports that an exception ended `task`. C: die. */
export function reportOops(task: number, what: string, stack: string): void {
  addTaint(TAINT_DIE);
  printk('%sOops: %s\n', KERN_ALERT, what);
  printk('%s%s\n', KERN_ALERT, whereLine(task));
  if (stack) printTrace(KERN_ALERT, stack, task);
  printk('%s---[ end trace ]---\n', KERN_ALERT);
  if (sysctlGet('kernel.panic_on_oops') !== 0) panic('Fatal exception');
}

/** "BUG: sleeping function called from invalid context" and its like: a mistake that does not end anybody. The trace of another task than the caller is not to be had. */
export function reportBug(what: string, task = currentAddr(), details: readonly string[] = [], trace = host.errorTrace(reportBug)): void {
  printk('%sBUG: %s\n', KERN_ERR, what);
  for (const line of [...details, whereLine(task)]) printk('%s%s\n', KERN_ERR, line);
  if (task === currentAddr()) printTrace(KERN_ERR, trace, task);
}

let onPanic: () => void = () => {};

/** What asks all threads to end when the machine panics. */
export function setPanicHandler(handler: typeof onPanic): void {
  onPanic = handler;
}

/** Stops the machine: nothing new starts, all threads are asked to end. Says so on standard error. The process goes on. C: panic. */
export function panic(fmt: string, ...args: readonly unknown[]): void {
  const message = `Kernel panic - not syncing: ${vsprintf(fmt, args)}`;
  store(machineWord(MACHINE.state), MACHINE_HALTING);
  printk('%s%s\n', KERN_EMERG, message);
  host.write(2, `kthread: ${message}\n`);
  onPanic();
}

setBugReporter((message) => {
  if (r32(machineWord(MACHINE.magic)) !== 0) reportBug(message);
});
