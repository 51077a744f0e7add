/**
 * The host worker: starts the isolates that were reserved, keeps some warm, clears up after those that ended, and prints
 * the console. It looks at the isolate table whenever its bell rings; nobody's code runs here.
 */
import { host, type IsolateProcess } from '../arch/host.js';
import { cas, load, store } from '../lib/atomic.js';
import { r32 } from '../lib/memory.js';
import { isolateDied, isolateEnded, setOopsAnnouncer } from '../kernel/exit.js';
import { BOOT_ISOLATE } from '../kernel/fork.js';
import { khungtaskd } from '../kernel/hung_task.js';
import { runSystemThread } from '../kernel/kthread.js';
import { sendMail, type Mail } from '../kernel/mail.js';
import { MACHINE, isolateSlotAt, machineWord } from '../kernel/memlayout.js';
import type { EndMail } from '../kernel/module.js';
import { IDLE_ISOLATES_MAX } from '../kernel/param.js';
import { Console } from '../kernel/printk/syslog.js';
import { lookForWork } from '../kernel/sched/core.js';
import { ISOLATE, ISOLATE_BUSY, ISOLATE_DEAD, ISOLATE_IDLE, ISOLATE_STARTING, ISOLATE_WARMING, OWN, forEachIsolate, releaseIsolate, reserveIsolate, self } from '../kernel/smp.js';
import { sysctlGet } from '../kernel/sysctl.js';
import { watchdogd } from '../kernel/watchdog.js';
import type { OopsMail } from './isolate.js';
import { attach, initIsolate } from './join.js';

const running = new Map<number, IsolateProcess>();
/** Isolates that somebody wanted ended, and why. */
const ordered = new Map<number, string>();

/** Joins the machine in `memory` as its host worker. */
export function joinAsHost(memory: SharedArrayBuffer, number: number): void {
  attach(memory, number);
  initIsolate(true, 'kthread-host', onMail);
  setOopsAnnouncer((task, { name, message, stack = '' }) => sendMail(BOOT_ISOLATE, { kind: 'oops', task, error: { name, message, stack } } satisfies OopsMail));
  host.keepAlive(true);
  store(self + ISOLATE.state, ISOLATE_BUSY);
  lookForWork(lookAtTable);
  if (r32(machineWord(MACHINE.watched)) !== 0) void startWatchers();
  if (r32(machineWord(MACHINE.console)) !== 0) void runConsole();
}

/** The threads of the machine that look after the others. */
async function startWatchers(): Promise<void> {
  store(machineWord(MACHINE.khungtaskd), (await runSystemThread('khungtaskd', khungtaskd)).addr);
  store(machineWord(MACHINE.watchdogd), (await runSystemThread('watchdogd', watchdogd)).addr);
}

/** Starts what was reserved, and keeps the pool warm once somebody has used it. */
function lookAtTable(): void {
  let idle = 0;
  let owned = load(machineWord(MACHINE.foreign)) !== 0;
  forEachIsolate((at) => {
    const state = load(at + ISOLATE.state);
    const number = r32(at + ISOLATE.number);
    if ((state === ISOLATE_STARTING || state === ISOLATE_WARMING) && !running.has(number)) start(number);
    if (r32(at + ISOLATE.kind) !== OWN) return;
    owned = true;
    if (state === ISOLATE_IDLE || state === ISOLATE_WARMING) idle++;
  });
  const wanted = Math.min(sysctlGet('kernel.warm_isolates'), IDLE_ISOLATES_MAX);
  for (; owned && idle < wanted; idle++) if (!startWarm()) break;
}

/** One isolate more for the pool; false when the table is full. */
function startWarm(): boolean {
  try {
    start(reserveIsolate(OWN, 0, 0, 0, ISOLATE_WARMING));
    return true;
  } catch {
    return false;
  }
}

function start(number: number): void {
  running.set(number, host.startIsolate(number, `kthread/${number}`, (why) => reap(number, why)));
}

/** The OS thread of isolate `number` is gone. */
function reap(number: number, why: string): void {
  running.delete(number);
  const at = isolateSlotAt(number);
  const order = ordered.get(number) ?? (load(at + ISOLATE.state) === ISOLATE_DEAD ? 'its isolate ended' : undefined);
  ordered.delete(number);
  if (order === undefined) isolateDied(at, why || 'its isolate was ended');
  else isolateEnded(at, order);
  releaseIsolate(number);
}

function onMail(mail: Mail): void {
  if (mail.kind === 'end') void end(mail as EndMail);
}

/** Ends isolate `number` by order. */
async function end({ number, why }: EndMail): Promise<void> {
  const at = isolateSlotAt(number);
  const thread = running.get(number);
  if (thread) {
    ordered.set(number, why);
    await thread.terminate();
  } else if (cas(at + ISOLATE.state, ISOLATE_STARTING, ISOLATE_DEAD) === ISOLATE_STARTING) releaseIsolate(number);
}

/** Prints the log as it grows. */
async function runConsole(): Promise<void> {
  const fd = r32(machineWord(MACHINE.console)) === 2 ? 2 : 1;
  const tty = new Console((text) => host.write(fd, text));
  for (;;) {
    tty.flush();
    await tty.reader.more();
  }
}
