/**
 * What to say when something is wrong: WARN with a trace and go on, an oops that ends one thread, a panic that stops the
 * machine. It decides nothing about who ends: exit.ts does.
 */
import { host } from '../arch/host.js';
import { fetchOr, load, store } from '../lib/atomic.js';
import { setBugReporter } from '../lib/bug.js';
import { r32, readString } from '../lib/memory.js';
import { vsprintf } from '../lib/printf.js';
import { MACHINE, MACHINE_HALTING, machineWord } from './memlayout.js';
import { TASK_COMM_LEN } from './param.js';
import { KERN_ALERT, KERN_EMERG, KERN_ERR, KERN_WARNING, printk } from './printk/printk.js';
import { currentThread } from './sched/core.js';
import { TASK } from './sched/task.js';
import { sysctlGet } from './sysctl.js';

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
  return bits === 0 ? 'Not tainted' : `Tainted: ${TAINT_LETTERS.map(([bit, letter]) => ((bits & bit) !== 0 ? letter : ' ')).join('')}`;
}

/** One line that says on which CPU and in which task we are. */
export function whereLine(task: number): string {
  return task === 0
    ? `CPU: 0 PID: 1 Comm: init ${printTainted()}`
    : `CPU: ${r32(task + TASK.cpu)} PID: ${r32(task + TASK.pid)} Comm: ${readString(task + TASK.comm, TASK_COMM_LEN)} ${printTainted()}`;
}

const frames = (trace: string): string[] => trace.split('\n').map((line) => line.trim()).filter((line) => line.startsWith('at '));

/** A call trace as the log shows it, from the text of an Error's stack. */
export function printTrace(level: string, trace: string): void {
  printk('%sCall Trace:\n', level);
  printk('%s <TASK>\n', level);
  for (const frame of frames(trace)) printk('%s  %s\n', level, frame.replace(/^at /, ''));
  printk('%s </TASK>\n', level);
}

/** Says where `task` is: its line and, where one could be had, its call trace. */
export function printTaskTrace(task: number, trace: string): void {
  printk('%s%s\n', KERN_ALERT, whereLine(task));
  if (trace) printTrace(KERN_ALERT, trace);
}

const currentAddr = (): number => currentThread()?.addr ?? 0;
const warned = new Set<string>();

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
  printTrace(KERN_WARNING, trace);
  printk('%s---[ end trace ]---\n', KERN_WARNING);
}

/** Says it the first time only, on this isolate. C: WARN_ONCE. */
export function warnOnce(fmt: string, ...args: readonly unknown[]): void {
  if (warned.has(fmt)) return;
  warned.add(fmt);
  warn(fmt, ...args);
}

export const forgetWarnings = (): void => warned.clear();

/** Reports that an exception ended `task`. C: die. */
export function reportOops(task: number, what: string, stack: string): void {
  addTaint(TAINT_DIE);
  printk('%sOops: %s\n', KERN_ALERT, what);
  printk('%s%s\n', KERN_ALERT, whereLine(task));
  if (stack) printTrace(KERN_ALERT, stack);
  printk('%s---[ end trace ]---\n', KERN_ALERT);
  if (sysctlGet('kernel.panic_on_oops') !== 0) panic('Fatal exception');
}

/** "BUG: sleeping function called from invalid context" and its like: a mistake that does not end anybody. The trace of another task than the caller is not to be had. */
export function reportBug(what: string, task = currentAddr(), details: readonly string[] = [], trace = host.errorTrace(reportBug)): void {
  printk('%sBUG: %s\n', KERN_ERR, what);
  for (const line of [...details, whereLine(task)]) printk('%s%s\n', KERN_ERR, line);
  if (task === currentAddr()) printTrace(KERN_ERR, trace);
}

let onPanic: (message: string) => void = () => {};

/** What the isolate that booted does when the machine panics. */
export function setPanicHandler(handler: typeof onPanic): void {
  onPanic = handler;
}

/** Stops the machine: nothing new starts, all threads are asked to end. The process goes on. C: panic. */
export function panic(fmt: string, ...args: readonly unknown[]): void {
  const message = vsprintf(fmt, args);
  printk('%sKernel panic - not syncing: %s\n', KERN_EMERG, message);
  store(machineWord(MACHINE.state), MACHINE_HALTING);
  onPanic(message);
}

setBugReporter((message) => {
  if (r32(machineWord(MACHINE.magic)) !== 0) reportBug(message);
});
