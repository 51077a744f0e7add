/**
 * Per-CPU threads: one for each CPU, bound to it, with a common life: woken when there is something to do, parked while its CPU
 * is offline, and telling so to callbacks. CPUs go offline in name only: the isolate stays, and threads of other kinds
 * stay where they are.
 */
import { cas, fetchOr, load, store } from '../lib/atomic.js';
import { EBUSY, EINVAL, KernelError } from '../lib/errno.js';
import { LIST_HEAD, listAddTail, listDelInit, listEmpty, listInit, listNext } from '../lib/list.js';
import { ptr, struct, u32 } from '../lib/struct.js';
import { cpuOnline, cpuPossible, numOnlineCpus } from './cpu.js';
import { kthreadCreateOnCpu, kthreadPark, kthreadParkme, kthreadParkmeSync, kthreadShouldPark, kthreadShouldStop, kthreadStop, kthreadUnpark, threadfn, type ThreadFn } from './kthread.js';
import { rawSpinLock, rawSpinUnlock } from './locking/raw_spinlock.js';
import { CPU, MACHINE, cpuAt, machineWord } from './memlayout.js';
import { NR_CPUS } from './param.js';
import { schedule, scheduleSync } from './sched/core.js';
import { Task } from './sched/handle.js';
import { KTHREAD_IS_PER_CPU, TASK, TASK_INTERRUPTIBLE, TASK_RUNNING } from './sched/task.js';
import { numPossibleCpus } from './smp.js';
import { declareHandle } from './statics.js';
import { setCurrentState } from './time/sleep.js';

const SMPBOOT = struct('smp_hotplug_thread', {
  list: ptr('l', LIST_HEAD / 4), //     of those that are registered
  tasks: ptr('a', NR_CPUS), //          by CPU; 0: none
  pids: u32('a', NR_CPUS),
});

type Callback = (cpu: number) => void | Promise<void>;

/** What threads of one kind do. All callbacks but `create` run in the thread. C: struct smp_hotplug_thread. */
export interface SmpHotplugThread {
  /** printf format with one %u, which becomes the CPU: 'name/%u'. */
  readonly threadComm: string;
  /** Whether there is something to do. Called with the state set, so that a wake-up in between is not lost. */
  readonly threadShouldRun: (cpu: number) => boolean;
  /** Does it. */
  readonly threadFn: Callback;
  /** Once, before anything else. */
  readonly setup?: Callback;
  /** Its CPU goes offline. */
  readonly park?: Callback;
  /** Its CPU is back. */
  readonly unpark?: Callback;
  /** The thread ends. */
  readonly cleanup?: (cpu: number, online: boolean) => void | Promise<void>;
  /** The thread was made; on the isolate that registers. */
  readonly create?: (cpu: number) => void;
  /** 'own': callbacks are plain functions that may block, each thread on an isolate of its own. */
  readonly isolate?: 'own';
}

/** Threads of one kind, as every isolate knows them that imports the file which declares them. */
export class PercpuThread {
  constructor(
    readonly addr: number,
    readonly what: SmpHotplugThread,
    readonly fn: ThreadFn<number>,
  ) {}

  /** The thread of `cpu`, to be woken; null while it is not registered. */
  task(cpu: number): Task | null {
    const task = load(this.addr + SMPBOOT.tasks + cpu * 4);
    return task === 0 ? null : new Task(task, load(this.addr + SMPBOOT.pids + cpu * 4));
  }
}

/** Declares per-CPU threads at the top of a module, as threadfn does for one. Throws as that. C: a static struct smp_hotplug_thread. */
export function percpuThread(meta: ImportMeta, what: SmpHotplugThread): PercpuThread {
  const name = `per CPU: ${what.threadComm}`;
  const fn = what.isolate === 'own'
    ? threadfn(meta, name, (cpu: number) => percpuLifeSync(what, cpu))
    : threadfn(meta, name, async (cpu: number) => percpuLife(what, cpu));
  return declareHandle(meta, what.threadComm, 'percpu_thread', SMPBOOT.sizeof, (at) => listInit(at + SMPBOOT.list), (addr) => new PercpuThread(addr, what, fn));
}

// --- The life of such a thread ------------------------------------------------------------------------------------

const SLEEP = Symbol('sleep');
const PARK = Symbol('park');

/** What it does next: sleep, park, or wait for what a callback returned. */
function* life({ threadShouldRun, threadFn, setup, park, unpark, cleanup }: SmpHotplugThread, cpu: number): Generator<unknown, void, void> {
  let isSetUp = false;
  let parked = false;
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (!kthreadShouldStop() && !kthreadShouldPark() && isSetUp && !parked && !threadShouldRun(cpu)) {
      yield SLEEP;
      continue;
    }
    setCurrentState(TASK_RUNNING);
    if (kthreadShouldStop()) {
      if (isSetUp) yield cleanup?.(cpu, cpuOnline(cpu));
      return;
    }
    if (kthreadShouldPark()) {
      if (isSetUp && !parked) yield park?.(cpu);
      parked = isSetUp;
      yield PARK;
    } else if (!isSetUp) {
      isSetUp = true;
      yield setup?.(cpu);
    } else if (parked) {
      parked = false;
      yield unpark?.(cpu);
    } else yield threadFn(cpu);
  }
}

/** The thread function for `what` on a shared isolate. C: smpboot_thread_fn. */
export async function percpuLife(what: SmpHotplugThread, cpu: number): Promise<void> {
  for (const step of life(what, cpu)) await (step === SLEEP ? schedule() : step === PARK ? kthreadParkme() : step);
}

function percpuLifeSync(what: SmpHotplugThread, cpu: number): void {
  for (const step of life(what, cpu)) {
    if (step === SLEEP) scheduleSync();
    else if (step === PARK) kthreadParkmeSync();
  }
}

// --- Registering --------------------------------------------------------------------------------------------------

/**
 * Makes a thread for each CPU, parked, and lets those of the online CPUs go. Sleeps. Throws as kthreadCreate, and then leaves
 * none behind; KernelError EBUSY if they are registered. C: smpboot_register_percpu_thread.
 */
export async function smpbootRegisterPercpuThread(thread: PercpuThread): Promise<void> {
  const { addr, what, fn } = thread;
  if (!listEmpty(addr + SMPBOOT.list)) throw new KernelError(-EBUSY, `${what.threadComm} is registered already`);
  withList((head) => listAddTail(addr + SMPBOOT.list, head));
  try {
    for (let cpu = 0; cpu < numPossibleCpus(); cpu++) {
      const task = await kthreadCreateOnCpu(fn, cpu, cpu, what.threadComm);
      fetchOr(task.addr + TASK.kflags, KTHREAD_IS_PER_CPU);
      store(addr + SMPBOOT.pids + cpu * 4, task.pid);
      store(addr + SMPBOOT.tasks + cpu * 4, task.addr);
      what.create?.(cpu);
      await kthreadPark(task);
      if (cpuOnline(cpu)) kthreadUnpark(task);
    }
  } catch (error) {
    await smpbootUnregisterPercpuThread(thread);
    throw error;
  }
}

/** Stops the threads of all CPUs. Sleeps. C: smpboot_unregister_percpu_thread. */
export async function smpbootUnregisterPercpuThread(thread: PercpuThread): Promise<void> {
  const { addr } = thread;
  withList(() => listDelInit(addr + SMPBOOT.list));
  for (let cpu = 0; cpu < numPossibleCpus(); cpu++) {
    const task = thread.task(cpu);
    store(addr + SMPBOOT.tasks + cpu * 4, 0);
    if (task?.exists) await kthreadStop(task);
  }
}

function withList<T>(fn: (head: number) => T): T {
  const lock = machineWord(MACHINE.smpboot_lock);
  rawSpinLock(lock);
  try {
    return fn(machineWord(MACHINE.smpboot));
  } finally {
    rawSpinUnlock(lock);
  }
}

// --- CPUs that come and go ----------------------------------------------------------------------------------------

/** Parks the per-CPU threads of `cpu` and counts it as offline. Sleeps. Throws KernelError EINVAL if it is not online, EBUSY for CPU 0 and while another CPU comes or goes. C: cpu_down. */
export const cpuDown = (cpu: number): Promise<void> => hotplug(cpu, true, async (tasks) => {
  if (cpu === 0) throw new KernelError(-EBUSY, 'CPU 0 booted the machine and stays online');
  for (const task of tasks) await kthreadPark(task);
  store(cpuAt(cpu) + CPU.online, 0);
});

/** Counts `cpu` as online again and lets its per-CPU threads go on. Throws KernelError EINVAL if it is online or not there. C: cpu_up. */
export const cpuUp = (cpu: number): Promise<void> => hotplug(cpu, false, async (tasks) => {
  store(cpuAt(cpu) + CPU.online, 1);
  for (const task of tasks) kthreadUnpark(task);
});

async function hotplug(cpu: number, online: boolean, change: (tasks: readonly Task[]) => Promise<void>): Promise<void> {
  if (!cpuPossible(cpu) || cpuOnline(cpu) !== online) throw new KernelError(-EINVAL, `CPU ${cpu} is not ${online ? 'online' : 'offline'}; ${numOnlineCpus()} of ${numPossibleCpus()} are online`);
  const word = machineWord(MACHINE.hotplug);
  if (cas(word, 0, 1) !== 0) throw new KernelError(-EBUSY, 'another CPU comes or goes');
  try {
    await change(registeredTasks(cpu));
  } finally {
    store(word, 0);
  }
}

/** The threads of all registered kinds for `cpu`. */
const registeredTasks = (cpu: number): Task[] => withList((head) => {
  const tasks: Task[] = [];
  for (let node = listNext(head); node !== head; node = listNext(node)) {
    const at = node - SMPBOOT.list;
    const task = load(at + SMPBOOT.tasks + cpu * 4);
    if (task !== 0) tasks.push(new Task(task, load(at + SMPBOOT.pids + cpu * 4)));
  }
  return tasks;
});
