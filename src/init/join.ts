/**
 * What every isolate does to belong to a machine, the one that booted it included: checks the memory, takes its place,
 * starts its scheduler, and answers its mail.
 */
import { host } from '../arch/host.js';
import { load } from '../lib/atomic.js';
import { attachMemory, r32, w32, writeString } from '../lib/memory.js';
import { setPointerKey } from '../lib/printf.js';
import { layoutVersion } from '../lib/struct.js';
import { borrowTask, giveBackTask } from '../kernel/borrowed.js';
import { adoptTask, kthreadd } from '../kernel/kthread.js';
import { readMail, type Mail } from '../kernel/mail.js';
import { MACHINE, MACHINE_MAGIC, machineWord } from '../kernel/memlayout.js';
import '../kernel/records.js';
import { initSlab } from '../kernel/mm/slab.js';
import { setPrintkCaller } from '../kernel/printk/printk.js';
import { Thread, currentThread, initScheduler, wakeUpState } from '../kernel/sched/core.js';
import { TASK, TASK_NORMAL } from '../kernel/sched/task.js';
import '../kernel/stacktrace.js';
import { ISOLATE, joinMachine, self } from '../kernel/smp.js';
import { onSysctlWrite } from '../kernel/sysctl.js';
import { initTime } from '../kernel/time/time.js';

/** Makes the machine in `memory` this isolate's. Throws when another version of the library laid it out. */
export function attach(memory: SharedArrayBuffer, number: number): void {
  attachMemory(memory);
  if (r32(machineWord(MACHINE.magic)) !== MACHINE_MAGIC) throw new Error('this memory holds no machine');
  const theirs = r32(machineWord(MACHINE.layout));
  if (theirs !== layoutVersion()) {
    throw new Error(`the machine was booted by another version of kthread (its memory layout is ${hex(theirs)}, ours ${hex(layoutVersion())}): one version for the whole process, please`);
  }
  joinMachine(number);
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** The parts of the kernel that keep something of their own on each isolate. `onMail` gets what was sent to this one. */
export function initIsolate(shared: boolean, name: string, onMail: (mail: Mail) => void): void {
  initSlab(TASK.sizeof, false);
  initTime();
  setPointerKey(r32(machineWord(MACHINE.serial)));
  setPrintkCaller(() => currentThread()?.pid ?? 0);
  w32(self + ISOLATE.thread, host.workerId());
  w32(self + ISOLATE.tid, host.threadId());
  writeString(self + ISOLATE.comm, 16, name);
  host.setThreadName(name);
  onSysctlWrite(() => { // The watchers sleep as long as the settings say.
    for (const watcher of [MACHINE.khungtaskd, MACHINE.watchdogd]) if (load(machineWord(watcher)) !== 0) wakeUpState(load(machineWord(watcher)), TASK_NORMAL);
  });
  initScheduler(shared, { adopt: adoptTask, migrant: ownKthreadd(), borrow: borrowTask, giveBack: giveBackTask, mail: () => readMail(onMail) });
}

/** This isolate's way of running kthreadd: the task is everybody's. */
function ownKthreadd(): () => Thread {
  let thread: Thread | undefined;
  return () => {
    if (thread) return thread;
    const task = r32(machineWord(MACHINE.kthreadd));
    thread = new Thread(task);
    thread.op = kthreadd(task);
    thread.gate = () => {};
    return thread;
  };
}
