/**
 * What ends a thread whose C code did what a kernel cannot survive, and what is said about it: the sentence of the CPU's
 * exception or of the address checks. The oops itself, with its call trace, is printed by kernel/exit.ts.
 */
import { host } from '../arch/host.js';
import { Bug } from '../lib/bug.js';
import { EFAULT, KernelError } from '../lib/errno.js';
import { buffer } from '../lib/memory.js';
import { sprintf } from '../lib/printf.js';
import { KthreadExit } from '../kernel/exit.js';
import { KASAN_FREE, KASAN_GLOBAL, KASAN_KERNEL, KASAN_NULL, KASAN_PAGE, KASAN_REDZONE, badByte, markAt, objectNear } from '../kernel/mm/kasan.js';
import { TAINT_WARN, addTaint, callTrace, panic, printTrace, whereLine, whoRuns } from '../kernel/panic.js';
import { KERN_ALERT, KERN_ERR, KERN_WARNING, printk } from '../kernel/printk/printk.js';
import { currentThread } from '../kernel/sched/core.js';
import { self } from '../kernel/smp.js';
import { kernelPartAt } from './guard.js';
import { isStackCheck } from './trace.js';

/** Thrown through C code; what was to be said before the oops has been said. Its stack is a finished call trace. */
class Fault extends Error {
  constructor(
    override readonly name: string,
    message: string,
    trace: string,
  ) {
    super(message);
    this.stack = trace;
  }
}

/** Pages at the end of the address space are error numbers, and the first page is NULL. */
const isNull = (at: number): boolean => at >= 0 && at < 4096;
const current = (): number => currentThread()?.addr ?? 0;
const hex = (at: number): string => (at >>> 0).toString(16).padStart(8, '0');

/** An access of `size` bytes at `at` that the address checks forbid, or that is beyond the memory. Never returns. */
export function badAccess(at: number, size: number, write: boolean): never {
  const trace = host.errorTrace(badAccess);
  if (isNull(at) || at < 0 || at + size > buffer.byteLength || markAt(at) === KASAN_NULL) throw pageFault(at, write, trace);
  const kind = kindOf(at, size);
  reportKasan(kind, `${write ? 'Write' : 'Read'} of size ${size}`, at, trace);
  throw new Fault('KASAN', kind, '');
}

function pageFault(at: number, write: boolean, trace: string): Fault {
  if (isNull(at)) printk('%sBUG: kernel NULL pointer dereference, address: %s\n', KERN_ALERT, hex(at));
  else printk('%sBUG: unable to handle page fault for address: %s\n', KERN_ALERT, hex(at));
  printk('%s#PF: supervisor %s access in kernel mode\n', KERN_ALERT, write ? 'write' : 'read');
  return new Fault('Oops', sprintf('%04x', write ? 2 : 0), callTrace(trace, current()));
}

/** What a mark of the shadow says in Linux's words. */
function kindOf(at: number, size: number): string {
  const bad = badByte(at, size);
  const mark = markAt(bad);
  const why = mark < 8 ? markAt(bad - (bad % 8) + 8) : mark;
  const stack: Readonly<Record<number, string>> = { 0xf1: 'stack-out-of-bounds', 0xf2: 'stack-out-of-bounds', 0xf3: 'stack-out-of-bounds', 0xf5: 'stack-use-after-return', 0xf8: 'stack-use-after-scope', 0xca: 'alloca-out-of-bounds', 0xcb: 'alloca-out-of-bounds' };
  const other: Readonly<Record<number, string>> = { [KASAN_FREE]: 'slab-use-after-free', [KASAN_REDZONE]: 'slab-out-of-bounds', [KASAN_GLOBAL]: 'global-out-of-bounds', [KASAN_PAGE]: 'vmalloc-out-of-bounds', [KASAN_KERNEL]: 'wild-memory-access' };
  return other[why] ?? stack[why] ?? 'out-of-bounds';
}

/** Says that code touched what is not its own. C: kasan_report. */
function reportKasan(kind: string, what: string, at: number, trace: string): void {
  const task = current();
  const { comm, pid } = whoRuns(task, self);
  const finished = callTrace(trace, task);
  addTaint(TAINT_WARN);
  printk('%s==================================================================\n', KERN_ERR);
  printk('%sBUG: KASAN: %s in %s\n', KERN_ERR, kind, placeOf(finished));
  printk('%s%s at addr %s by task %s/%d\n', KERN_ERR, what, hex(at), comm, pid);
  printk('%s%s\n', KERN_ERR, whereLine(task));
  printTrace(KERN_ERR, finished, task);
  describeObject(at);
  printk('%s==================================================================\n', KERN_ERR);
}

/** The innermost line of a trace that is C. */
const placeOf = (trace: string): string => trace.split('\n').find((line) => line.includes(' [')) ?? trace.split('\n', 1)[0];

function describeObject(at: number): void {
  if (markAt(at) === KASAN_KERNEL) return void printk('%sThe buggy address belongs to %s\n', KERN_ERR, kernelPartAt(at) ?? 'the kernel');
  const object = objectNear(at);
  if (!object) return;
  const { at: from, size, freed, pid } = object;
  const where = at < from ? `${from - at} bytes to the left of` : at >= from + size ? `${at - from - size} bytes to the right of` : `${at - from} bytes inside of`;
  printk('%s%s by task %d\n', KERN_ERR, freed ? 'Freed' : 'Allocated', pid);
  printk('%sThe buggy address is located %s %s%d-byte region [%s, %s)\n', KERN_ERR, where, freed ? 'freed ' : '', size, hex(from), hex(from + size));
}

/** A free of what is no live object. Never returns. C: kasan_report_invalid_free. */
export function badFree(at: number): never {
  const object = objectNear(at);
  const kind = object?.freed && object.at === at ? 'double-free' : 'invalid-free';
  reportKasan(kind, 'Free', at, host.errorTrace(badFree));
  throw new Fault('KASAN', kind, '');
}

/** BUG() and BUG_ON(). Never returns. */
export function bugAt(file: string, line: number): never {
  const trace = host.errorTrace(bugAt);
  printk('%s------------[ cut here ]------------\n', KERN_ALERT);
  printk('%skernel BUG at %s:%d!\n', KERN_ALERT, file, line);
  throw new Fault('invalid opcode', '0000', callTrace(trace, current()));
}

/** WARN() and its like, with the text that was given or none; the caller goes on. C: __warn. */
export function warnAt(file: string, line: number, said: string): void {
  const task = current();
  const { cpu, pid } = whoRuns(task, self);
  const trace = callTrace(host.errorTrace(warnAt), task);
  addTaint(TAINT_WARN);
  printk('%s------------[ cut here ]------------\n', KERN_WARNING);
  if (said !== '') printk('%s%s\n', KERN_WARNING, said.trimEnd());
  printk('%sWARNING: CPU: %d PID: %d at %s:%d %s\n', KERN_WARNING, cpu, pid, file, line, placeOf(trace).replace(/\] .*$/, ']'));
  printk('%s%s\n', KERN_WARNING, whereLine(task));
  printTrace(KERN_WARNING, trace, task);
  printk('%s---[ end trace ]---\n', KERN_WARNING);
}

/** Where the caller is, for who asks. C: dump_stack. */
export function dumpStack(): void {
  const task = current();
  printk('%s\n', whereLine(task));
  printTrace('', host.errorTrace(dumpStack), task);
}

/** Stops the machine, and the caller at once. Never returns. C: panic. */
export function panicC(said: string): never {
  panic('%s', said);
  throw new KthreadExit(-EFAULT);
}

/** What `error`, which came out of C code, ends the thread with: itself if the kernel threw it, else the exception that a CPU would have raised. */
export function asFault(error: unknown): unknown {
  if (error instanceof Fault || error instanceof KthreadExit || error instanceof KernelError || error instanceof Bug || !(error instanceof Error)) return error;
  const stack = error.stack ?? '';
  const trace = callTrace(stack, current());
  const { message } = error;
  if (error instanceof RangeError && /call stack/i.test(message)) return stackOverflow(trace);
  if (!(error instanceof WebAssembly.RuntimeError)) return error;
  if (/unreachable/.test(message)) {
    const [, top = ''] = /^\s*at (.+)$/m.exec(stack) ?? [];
    return isStackCheck(top) ? stackOverflow(trace.split('\n').slice(1).join('\n')) : new Fault('invalid opcode', '0000', trace);
  }
  if (/divide|remainder|division|integer overflow/.test(message)) return new Fault('divide error', '0000', trace);
  if (/out of bounds/.test(message) && !/table/.test(message)) {
    printk('%sBUG: unable to handle page fault for an address beyond %s\n', KERN_ALERT, hex(buffer.byteLength - 1));
    return new Fault('Oops', '0000', trace);
  }
  if (/function|table/.test(message)) {
    printk('%sBUG: kernel called through a pointer that is no function of that type (%s)\n', KERN_ALERT, message);
    return new Fault('Oops', '0010', trace);
  }
  return new Fault('general protection fault', message, trace);
}

function stackOverflow(trace: string): Fault {
  printk('%sBUG: TASK stack guard page was hit\n', KERN_ALERT);
  return new Fault('stack guard page', '0000', trace);
}
