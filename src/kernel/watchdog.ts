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
import { r32, rf64, wf64 } from '../lib/memory.js';
import { watch } from './hung_task.js';
import { listModules } from './module.js';
import { TAINT_SOFTLOCKUP, addTaint, panic, printTrace, whereLine, whoRuns } from './panic.js';
import { KERN_EMERG, printk } from './printk/printk.js';
import { ISOLATE, ISOLATE_BUSY, SHARED, forEachIsolate, isolateCpu, ring, self } from './smp.js';
import { isolateTrace, showOtherCpus } from './stacktrace.js';
import { sysctlGet } from './sysctl.js';
import { uptime } from './time/time.js';

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
export const watchdogd = (): Promise<void> => watch(samplePeriod, checkIsolates);

/** Milliseconds between two looks: a fifth of what counts as stuck; Infinity while that is 0. */
function samplePeriod(): number {
  const on = sysctlGet('kernel.watchdog') !== 0 && sysctlGet('kernel.soft_watchdog') !== 0;
  return (on && sysctlGet('kernel.watchdog_thresh') * 400) || Infinity;
}

/** Tells the watchdog that the calling code is well although it does not sleep. C: touch_softlockup_watchdog. */
export function touchSoftlockupWatchdog(): void {
  wf64(self + ISOLATE.touched, uptime());
}

async function checkIsolates(now: number): Promise<void> {
  const limit = sysctlGet('kernel.watchdog_thresh') * 2000;
  const stuck: Array<{ at: number; ms: number }> = [];
  forEachIsolate((at) => {
    if (at === self || load(at + ISOLATE.state) !== ISOLATE_BUSY) return;
    const ms = stuckFor(at, now);
    const watch = watchOf(at);
    if (ms < limit) watch.reported = 0;
    else if (watch.reported === 0 || now - watch.reported >= limit) {
      watch.reported = now;
      stuck.push({ at, ms });
    }
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
function stuckFor(at: number, now: number): number {
  const watch = watchOf(at);
  const touched = rf64(at + ISOLATE.touched);
  if (r32(at + ISOLATE.curr) !== 0) return now - Math.max(rf64(at + ISOLATE.heartbeat), touched);
  if (r32(at + ISOLATE.kind) !== SHARED) return 0; // Its one thread sleeps.
  const before = watch.cpu;
  watch.cpu = host.threadCpuTime(r32(at + ISOLATE.tid));
  if (Math.max(rf64(at + ISOLATE.answered), touched) >= watch.rungAt) watch.rungAt = 0;
  if (watch.rungAt !== 0) return now - watch.rungAt;
  if (before > 0 && watch.cpu > before) {
    watch.rungAt = now;
    ring(at);
  }
  return 0;
}

async function report(at: number, ms: number): Promise<void> {
  const task = r32(at + ISOLATE.curr);
  const { comm, pid } = whoRuns(task, at);
  const trace = await isolateTrace(at);
  printk('%swatchdog: BUG: soft lockup - CPU#%d stuck for %ds! [%s:%d]\n', KERN_EMERG, isolateCpu(at), Math.floor(ms / 1000), comm, pid);
  printk('%sModules linked in:%s\n', KERN_EMERG, listModules().map(({ name }) => ` ${name}`).join(''));
  addTaint(TAINT_SOFTLOCKUP);
  printk('%s%s\n', KERN_EMERG, whereLine(task, at));
  printTrace(KERN_EMERG, trace);
  if (sysctlGet('kernel.softlockup_all_cpu_backtrace') !== 0) await showOtherCpus(KERN_EMERG, at);
  if (sysctlGet('kernel.softlockup_panic') !== 0) panic('softlockup: hung tasks');
}
