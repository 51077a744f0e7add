/**
 * Softirqs: callbacks that run in atomic context, of timers that have run out and of tasklets. They may not sleep, and are
 * nobody's: current is whatever init is, or ksoftirqd. What a timer interrupts is not known here: it comes between two threads'
 * turns, or when a plain thread sleeps.
 *
 * A callback runs at once if its isolate has time. Else, and when a thread schedules a tasklet, it waits for ksoftirqd/N, a
 * thread that takes its turn with the others; it is started when it is needed for the first time. There is one for each
 * shared isolate that needs it, since a callback lives on its isolate. A plain thread's are served when it sleeps, by itself.
 * A timer that waits so stays on its wheel: a million that are due at once cost no more than their calls.
 */
import { r32, w32 } from '../lib/memory.js';
import { reportError } from './exit.js';
import { kthreadSpawn, threadfn } from './kthread.js';
import { MACHINE, machineWord } from './memlayout.js';
import { warn } from './panic.js';
import { KERN_ERR, printk } from './printk/printk.js';
import { addTimer, condResched, firstFunction, functions, holder, isSharedIsolate, needThread, overBudget, preemptWord, runAsNobody, wakeUpState, type Thread } from './sched/core.js';
import { KTHREAD_SYSTEM, KTHREAD_UNREF, TASK_NORMAL } from './sched/task.js';
import { isolateCpu, self } from './smp.js';
import { percpuLife, type SmpHotplugThread } from './smpboot.js';
import { scheduleTimeoutUninterruptible } from './time/sleep.js';
import { uptime } from './time/time.js';
import type { Timer } from './time/timer.js';

/** In the preempt count: a softirq runs, or a hard interrupt. */
export const SOFTIRQ_OFFSET = 0x100;
export const HARDIRQ_OFFSET = 0x10000;
const IRQ_MASK = 0xffff00;
/** Callbacks that may follow in one go before others have a turn. C: MAX_SOFTIRQ_RESTART. */
const RESTARTS_MAX = 10;

/** A callback that waits for its turn. */
export interface Softirq {
  /** What it is, for reports. */
  readonly what: string;
  /** Calls the callback; what it returns should be nothing. */
  serve(): unknown;
}

/** What waits, from `head` on. */
const queue: Softirq[] = [];
let head = 0;
/** Functions of timers are due. */
let due = false;
let serving = false;
let ksoftirqd: Thread | null = null;
let starting = false;

/** Forgets what belonged to a machine that is gone. */
export function forgetSoftirqs(): void {
  queue.length = head = 0;
  due = serving = starting = false;
  ksoftirqd = null;
}

const waits = (): boolean => due || head < queue.length;
/** Somebody comes here anyway. On a plain thread's isolate that may have been its last thread, which ended. */
const known = (): boolean => serving || (isSharedIsolate() && waits());
const noTime = (): boolean => isSharedIsolate() && overBudget();

/** The next that waits. Taking it off the front of an array would cost more the longer that is. */
function nextSoftirq(): Softirq {
  const irq = queue[head++];
  if (head === queue.length) queue.length = head = 0;
  return irq;
}

/** Whether the caller is a thread, or the program, and no callback of a timer or tasklet. C: in_task. */
export const inTask = (): boolean => (r32(preemptWord(holder())) & IRQ_MASK) === 0;

/** The opposite. C: in_interrupt. */
export const inInterrupt = (): boolean => !inTask();

/** Has `irq` served soon: after the callback that runs, or by ksoftirqd. C: raise_softirq. */
export function raiseSoftirq(irq: Softirq, first = false): void {
  const wake = !known();
  if (first) queue.splice(head, 0, irq);
  else queue.push(irq);
  if (wake) wakeServer();
}

/** Has `timer` call its function at `when`, ms since boot. */
export function addFunction(timer: Timer, when: number): void {
  functions.add(timer, when);
  if (firstFunction.next === null || timer.due < firstFunction.due) addTimer(firstFunction, timer.due);
}

/** The first timer has run out: serves it now if nobody waits and there is time. */
firstFunction.expire = () => {
  const now = !known();
  due = true;
  if (now) runAsNobody(serve);
  if (now && waits()) wakeServer();
};

/** Calls something of what is due and waits, and more while there is time. C: __do_softirq. */
function serve(): void {
  let restarts = 0;
  do {
    if (due) runTimers();
    else serveOne(nextSoftirq(), SOFTIRQ_OFFSET);
  } while (++restarts < RESTARTS_MAX && waits() && !noTime());
}

/** Looks at the clock, which costs as much as a short function, after eight of them. C: run_timer_softirq. */
function runTimers(): void {
  let called = 0;
  functions.run(uptime(), () => (++called & 7) === 0 && noTime());
  const next = functions.nextEvent();
  due = next <= uptime();
  if (!due && next < Infinity) addTimer(firstFunction, next);
}

/** Calls one callback, in atomic context; what it throws is reported, and so is a count that it left behind. */
export function serveOne(irq: Softirq, offset: number): void {
  const thread = holder();
  const word = preemptWord(thread);
  const count = r32(word);
  const outer = serving;
  serving = true;
  w32(word, count + offset);
  try {
    const value = irq.serve();
    if (typeof value === 'object' && value !== null && 'then' in value) warn('%s returned a promise: it runs in atomic context and must not sleep', irq.what);
  } catch (error) {
    reportError(thread?.addr ?? r32(machineWord(MACHINE.init_task)), error instanceof Error ? error : new Error(`thrown: ${String(error)}`));
  }
  const left = r32(word);
  if (left !== count + offset) printk('%shuh, entered softirq %s with preempt_count %08x, exited with %08x?\n', KERN_ERR, irq.what, count + offset, left);
  w32(word, count);
  serving = outer;
}

// --- ksoftirqd ----------------------------------------------------------------------------------------------------

const what: SmpHotplugThread = {
  threadComm: 'ksoftirqd/%u',
  threadShouldRun: waits,
  async threadFn() {
    serve(); // A turn for each would cost ten times as much.
    await condResched();
  },
  setup() {
    ksoftirqd = needThread('ksoftirqd');
  },
};
const ksoftirqdFn = threadfn(import.meta, 'run_ksoftirqd', async (cpu: number) => percpuLife(what, cpu));

function wakeServer(): void {
  if (!isSharedIsolate()) return addTimer(firstFunction, uptime()); // Served when the thread next looks at its timers.
  if (ksoftirqd) return void wakeUpState(ksoftirqd.addr, TASK_NORMAL);
  if (starting) return;
  starting = true;
  const cpu = isolateCpu(self);
  kthreadSpawn(ksoftirqdFn, cpu, cpu, `ksoftirqd/${cpu}`, KTHREAD_SYSTEM | KTHREAD_UNREF);
}

// --- Tasklets -----------------------------------------------------------------------------------------------------

/** A callback that runs soon after it was scheduled, once however often, and never twice at a time. C: struct tasklet_struct. */
export class Tasklet implements Softirq {
  raised = false;
  /** Times it was disabled and not enabled again. */
  disabled = 0;

  /** Not for users: taskletSetup makes tasklets. */
  constructor(readonly callback: (tasklet: Tasklet) => void) {}

  get what(): string {
    return `tasklet ${this.callback.name || '(anonymous)'}`;
  }

  serve(): unknown {
    if (this.disabled > 0) return; // taskletEnable() raises it again.
    this.raised = false;
    return this.callback(this);
  }
}

/** A tasklet that calls `callback` in atomic context, on this isolate. C: tasklet_setup. */
export const taskletSetup = (callback: (tasklet: Tasklet) => void): Tasklet => new Tasklet(callback);

/** Has `tasklet` run soon, if it is not scheduled yet; one that runs may schedule itself. Any context. C: tasklet_schedule. */
export const taskletSchedule = (tasklet: Tasklet): void => scheduleTasklet(tasklet, false);

/** The same, before all others. C: tasklet_hi_schedule. */
export const taskletHiSchedule = (tasklet: Tasklet): void => scheduleTasklet(tasklet, true);

function scheduleTasklet(tasklet: Tasklet, first: boolean): void {
  if (tasklet.raised) return;
  tasklet.raised = true;
  raiseSoftirq(tasklet, first);
}

/** It does not run until taskletEnable(); they nest. C: tasklet_disable. */
export function taskletDisable(tasklet: Tasklet): void {
  tasklet.disabled++;
}

/** Takes one taskletDisable() back; what was scheduled meanwhile runs. C: tasklet_enable. */
export function taskletEnable(tasklet: Tasklet): void {
  if (--tasklet.disabled === 0 && tasklet.raised && !queue.includes(tasklet, head)) raiseSoftirq(tasklet);
}

/** Waits until `tasklet` is not scheduled any more. Sleeps. C: tasklet_kill. */
export async function taskletKill(tasklet: Tasklet): Promise<void> {
  while (tasklet.raised) await scheduleTimeoutUninterruptible(1);
}
