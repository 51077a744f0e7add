/**
 * watchdogd: a kernel thread of the host worker that reports CPUs which are stuck: code that has run for too long
 * without sleeping, condResched() or a turn of its event loop, with its stack while it is still there. Tasks that
 * sleep for too long are hung_task.ts's.
 *
 * Signs of life are words that the scheduler writes anyway. Only an isolate that burns CPU without giving any is rung,
 * and one that runs no kernel thread is stuck if it does not answer: so idle ones are never woken.
 */
import { host } from '../arch/host.js';
import { load } from '../lib/atomic.js';
import { r32, readString, rf64, wf64 } from '../lib/memory.js';
import { listModules } from './module.js';
import { TAINT_SOFTLOCKUP, addTaint, panic, printTrace, whereLine } from './panic.js';
import { TASK_COMM_LEN } from './param.js';
import { KERN_EMERG, printk } from './printk/printk.js';
import { kthreadShouldStop } from './kthread.js';
import { TASK } from './sched/task.js';
import { ISOLATE, ISOLATE_BUSY, SHARED, forEachIsolate, isolateCpu, ring, self } from './smp.js';
import { isolateTrace } from './stacktrace.js';
import { sysctlGet } from './sysctl.js';
import { scheduleTimeoutInterruptible } from './time/sleep.js';
import { msecsToJiffies, uptime } from './time/time.js';

/** What watchdogd remembers of an isolate between two looks. */
interface Watch {
  /** CPU time of its OS thread, ms. */
  cpu: number;
  /** When it was rung and has not answered since; 0: it was not. */
  rungAt: number;
  /** When it was reported last. */
  reported: number;
}

const watches = new Map<number, Watch>();

/** The thread function of watchdogd. */
export async function watchdogd(): Promise<void> {
  while (!kthreadShouldStop()) {
    const thresh = sysctlGet('kernel.watchdog_thresh');
    await scheduleTimeoutInterruptible(msecsToJiffies(thresh === 0 ? 60000 : thresh * 400));
    if (thresh > 0 && sysctlGet('kernel.watchdog') !== 0 && sysctlGet('kernel.soft_watchdog') !== 0) await checkIsolates(thresh * 2000);
  }
}

/** Tells the watchdog that the calling thread is well although it does not sleep. C: touch_softlockup_watchdog. */
export function touchSoftlockupWatchdog(): void {
  wf64(self + ISOLATE.heartbeat, uptime());
}

async function checkIsolates(limit: number): Promise<void> {
  const stuck: Array<{ at: number; ms: number }> = [];
  forEachIsolate((at) => {
    if (at === self || load(at + ISOLATE.state) !== ISOLATE_BUSY) return;
    const ms = stuckFor(at);
    const watch = watchOf(at);
    if (ms < limit) watch.reported = 0;
    else if (watch.reported === 0 || uptime() - watch.reported >= limit) stuck.push({ at, ms });
  });
  for (const { at, ms } of stuck) await report(at, ms);
}

function watchOf(at: number): Watch {
  const number = r32(at + ISOLATE.number);
  let watch = watches.get(number);
  if (!watch) watches.set(number, (watch = { cpu: 0, rungAt: 0, reported: 0 }));
  return watch;
}

/** Milliseconds since the isolate gave a sign of life; 0 if it sleeps or just did. */
function stuckFor(at: number): number {
  const watch = watchOf(at);
  const now = uptime();
  if (r32(at + ISOLATE.curr) !== 0) return now - rf64(at + ISOLATE.heartbeat);
  if (r32(at + ISOLATE.kind) !== SHARED) return 0; // Its one thread sleeps.
  const before = watch.cpu;
  watch.cpu = host.threadCpuTime(r32(at + ISOLATE.tid));
  if (watch.rungAt !== 0 && rf64(at + ISOLATE.answered) >= watch.rungAt) watch.rungAt = 0;
  if (watch.rungAt !== 0) return now - watch.rungAt;
  if (before > 0 && watch.cpu > before) {
    watch.rungAt = now;
    ring(at);
  }
  return 0;
}

async function report(at: number, ms: number): Promise<void> {
  watchOf(at).reported = uptime();
  const trace = await isolateTrace(r32(at + ISOLATE.number));
  const task = r32(at + ISOLATE.curr);
  const who = task === 0 ? 'init:1' : `${readString(task + TASK.comm, TASK_COMM_LEN)}:${r32(task + TASK.pid)}`;
  printk('%swatchdog: BUG: soft lockup - CPU#%d stuck for %ds! [%s]\n', KERN_EMERG, isolateCpu(at), Math.floor(ms / 1000), who);
  printk('%sModules linked in: %s\n', KERN_EMERG, listModules().map(({ name }) => name).join(' '));
  addTaint(TAINT_SOFTLOCKUP);
  printk('%s%s\n', KERN_EMERG, whereLine(task));
  printTrace(KERN_EMERG, trace);
  if (sysctlGet('kernel.softlockup_all_cpu_backtrace') !== 0) await showOthers(at);
  if (sysctlGet('kernel.softlockup_panic') !== 0) panic('softlockup: hung tasks');
}

/** What every other isolate does. C: trigger_allbutcpu_cpu_backtrace. */
async function showOthers(but: number): Promise<void> {
  const others: number[] = [];
  forEachIsolate((at) => {
    if (at !== but && at !== self && load(at + ISOLATE.state) === ISOLATE_BUSY) others.push(at);
  });
  for (const at of others) {
    printk('%sNMI backtrace for cpu %d\n', KERN_EMERG, isolateCpu(at));
    printTrace(KERN_EMERG, await isolateTrace(r32(at + ISOLATE.number)));
  }
}
