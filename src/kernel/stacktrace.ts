/**
 * The call trace of any task in any state: a thread that sleeps on a shared isolate is asked where it is awaited, one
 * that runs or blocks an OS thread is looked at from outside. Who needs one, and when, is not decided here.
 */
import { host } from '../arch/host.js';
import { load } from '../lib/atomic.js';
import { r32 } from '../lib/memory.js';
import { HOST_ISOLATE } from './isolate.js';
import { onMailOf, sendMail, type Mail } from './mail.js';
import { isolateSlotAt } from './memlayout.js';
import { callTrace, printTrace, whereLine } from './panic.js';
import { printk } from './printk/printk.js';
import { currentThread, localThread, probeThread } from './sched/core.js';
import type { Task } from './sched/handle.js';
import { KTHREAD_BLOCKING, TASK } from './sched/task.js';
import { describeWait } from './sched/wait.js';
import { ISOLATE, ISOLATE_BUSY, OWN, forEachIsolate, isolateAlive, isolateCpu, me, numPossibleCpus, self } from './smp.js';
import { scheduleTimeoutUninterruptible } from './time/sleep.js';
import { msecsToJiffies } from './time/time.js';

/** How long an isolate may take to answer before it counts as stuck, ms. */
const PATIENCE_MS = 200;

/** Asks for the trace of a task, at its isolate (trace) or at the host worker (nmi). */
interface Question extends Mail {
  readonly kind: 'trace' | 'nmi';
  readonly task: Task;
  readonly id: number;
  readonly from: number;
}

interface Answer extends Mail {
  readonly kind: 'traced';
  readonly id: number;
  readonly trace: string;
}

const waiting = new Map<number, (trace: string) => void>();
let nextId = 0;

/** The finished call trace of `task`, a line a function, what it sleeps in first. Sleeps up to two seconds. C: stack_trace_save_tsk. */
export async function taskTrace(task: Task): Promise<string> {
  const sleeps = task.state !== 'R' && r32(task.addr + TASK.wchan) !== 0 ? describeWait(task) : '';
  const stack = callTrace(await stackOf(task), task.addr);
  return [sleeps, stack].filter(Boolean).join('\n');
}

/** Lines of "at ...", innermost first; empty where none can be had. */
async function stackOf(task: Task): Promise<string> {
  if (!task.exists || (r32(task.addr + TASK.kflags) & KTHREAD_BLOCKING) !== 0) return askHost(task);
  if (currentThread()?.addr === task.addr) return host.errorTrace(taskTrace);
  return (await askIsolate(task)) || askHost(task);
}

async function askIsolate(task: Task): Promise<string> {
  const number = load(task.addr + TASK.isolate);
  return number === me ? probeHere(task) : ask(number, 'trace', task);
}

function askHost(task: Task): Promise<string> {
  if (!task.exists || !isolateAlive(HOST_ISOLATE)) return Promise.resolve('');
  return me === HOST_ISOLATE ? lookFromOutside(task) : ask(HOST_ISOLATE, 'nmi', task);
}

async function ask(number: number, kind: Question['kind'], task: Task): Promise<string> {
  const id = ++nextId;
  const answered = new AbortController();
  const answer = new Promise<string>((resolve) => waiting.set(id, resolve));
  sendMail(number, { kind, task, id, from: me } satisfies Question);
  const patience = scheduleTimeoutUninterruptible(msecsToJiffies(kind === 'nmi' ? PATIENCE_MS * 10 : PATIENCE_MS), { signal: answered.signal }).catch(() => 0);
  const trace = await Promise.race([answer, patience.then(() => '')]);
  waiting.delete(id);
  answered.abort();
  await patience;
  return trace;
}

onMailOf('traced', (mail) => waiting.get((mail as Answer).id)?.((mail as Answer).trace));
for (const kind of ['trace', 'nmi']) onMailOf(kind, (mail) => void reply(mail as Question));

async function reply({ kind, task, id, from }: Question): Promise<void> {
  const trace = kind === 'trace' ? await probeHere(task) : await lookFromOutside(task);
  sendMail(from, { kind: 'traced', id, trace } satisfies Answer);
}

function probeHere(task: Task): Promise<string> {
  const thread = localThread(task.addr);
  return thread?.addr === task.addr ? probeThread(thread) : Promise.resolve('');
}

/** On the host worker: the stack of the OS thread that `task` has to itself, or is running on right now. */
function lookFromOutside(task: Task): Promise<string> {
  const at = isolateSlotAt(load(task.addr + TASK.isolate));
  const alone = (r32(task.addr + TASK.kflags) & KTHREAD_BLOCKING) !== 0;
  const runs = r32(at + ISOLATE.curr);
  // What runs where the machine booted, and is no thread, is the program itself.
  return task.exists && (alone || runs === task.addr || (runs === 0 && task.pid === 1)) ? host.backtrace(r32(at + ISOLATE.thread), r32(at + ISOLATE.tid)) : Promise.resolve('');
}

/** The finished call trace of whatever runs on the isolate at `at`; empty if nothing does. On the host worker. */
export const isolateTrace = async (at: number): Promise<string> => callTrace(await host.backtrace(r32(at + ISOLATE.thread), r32(at + ISOLATE.tid)), r32(at + ISOLATE.curr));

/** Prints what runs on every CPU, `but` for the isolate there and this one. On the host worker. C: trigger_allbutcpu_cpu_backtrace. */
export async function showOtherCpus(level: string, but = 0): Promise<void> {
  const busy = Array.from({ length: numPossibleCpus() }, (): number[] => []);
  forEachIsolate((at) => {
    const sleeps = r32(at + ISOLATE.kind) === OWN && r32(at + ISOLATE.curr) === 0;
    if (at !== self && !sleeps && load(at + ISOLATE.state) === ISOLATE_BUSY) busy[isolateCpu(at)].push(at);
  });
  for (const [cpu, isolates] of busy.entries()) {
    let idle = true;
    for (const at of isolates) {
      const trace = at === but ? '' : await isolateTrace(at);
      idle &&= at !== but && trace === '';
      if (trace === '') continue;
      printk('%sNMI backtrace for cpu %d\n', level, cpu);
      printk('%s%s\n', level, whereLine(r32(at + ISOLATE.curr), at));
      printTrace(level, trace);
    }
    if (idle) printk('%sNMI backtrace for cpu %d skipped: idling\n', level, cpu);
  }
}
