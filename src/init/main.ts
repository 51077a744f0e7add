/**
 * Booting a machine in this process and halting it: two lists of calls. The isolate that boots becomes the shared
 * isolate of CPU 0; it need not be the main thread.
 */
import { host, type IsolateProcess } from '../arch/host.js';
import { load, store } from '../lib/atomic.js';
import { EBUSY, EINVAL, ENOMEM, KernelError } from '../lib/errno.js';
import { listInit } from '../lib/list.js';
import { attachMemory, buffer, r32, w32, wf64, writeString } from '../lib/memory.js';
import { layoutVersion } from '../lib/struct.js';
import { isolateDied, setOopsListener } from '../kernel/exit.js';
import { forgetSpares } from '../kernel/borrowed.js';
import { BOOT_ISOLATE, copyProcess, onLiveness } from '../kernel/fork.js';
import { HOST_ISOLATE, abandonLoad, forgetFiles, onHostNeeded } from '../kernel/isolate.js';
import { requestStop } from '../kernel/kthread.js';
import { forgetWorks } from '../kernel/kthread_worker.js';
import { sendMail, type Mail } from '../kernel/mail.js';
import { CONTROL_FULL, CONTROL_READ_ONLY, MACHINE, MACHINE_BOOTING, MACHINE_HALTED, MACHINE_HALTING, MACHINE_MAGIC, MACHINE_RUNNING, cpuAt, CPU, heapStart, isolateSlotAt, machineWord } from '../kernel/memlayout.js';
import { initSlab } from '../kernel/mm/slab.js';
import { doExitcalls, doInitcalls, insmod, letGo, listModules, rmmod, type InsmodOptions, type Module, type RmmodOptions } from '../kernel/module.js';
import { HZ_DEFAULT, MEMORY_MAX, MEMORY_MIN, NR_CPUS } from '../kernel/param.js';
import type { ParamInput } from '../kernel/params.js';
import { forEachTask } from '../kernel/pid.js';
import { freezeProcesses, thawProcesses } from '../kernel/power/process.js';
import { KERN_WARNING, prInfo, printk } from '../kernel/printk/printk.js';
import { logClose } from '../kernel/printk/ringbuffer.js';
import { consoleIsDone } from '../kernel/printk/syslog.js';
import { waitForCommon } from '../kernel/sched/completion.js';
import { block, addTimer, endScheduler, lookForWork } from '../kernel/sched/core.js';
import { taskAt, type Task } from '../kernel/sched/handle.js';
import { KTHREAD_MIGRATES, KTHREAD_SYSTEM, KTHREAD_UNREF, PF_FORKNOEXEC, PF_KTHREAD, PF_NOFREEZE, TASK, TASK_DEAD, TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, setTaskState } from '../kernel/sched/task.js';
import { putTask, tryGetTask } from '../kernel/sched/ref.js';
import { initWaitTable } from '../kernel/sched/wait_bit.js';
import { forgetWchans } from '../kernel/sched/wchan.js';
import { taskTrace } from '../kernel/stacktrace.js';
import { forgetSoftirqs } from '../kernel/softirq.js';
import { ISOLATE, ISOLATE_BUSY, ISOLATE_STARTING, SHARED, forEachIsolate, leaveMachine, me, releaseIsolate, reserveIsolate } from '../kernel/smp.js';
import { resolveHandles } from '../kernel/statics.js';
import { publishSymbols } from '../kernel/symbols.js';
import { initSysctls, sysctl } from '../kernel/sysctl.js';
import { msleep, msleepInterruptible } from '../kernel/time/sleep.js';
import { uptime } from '../kernel/time/time.js';
import { forgetSystemQueues } from '../kernel/workqueue.js';
import type { Timer } from '../kernel/time/timer.js';
import type { OopsMail } from './isolate.js';
import { attach, initIsolate } from './join.js';

export interface BootOptions {
  /** Bytes of kernel memory, a multiple of 64 KiB, 16 MiB to 1 GiB. Default 1 GiB, less where that is refused; untouched pages cost nothing. */
  readonly memory?: number;
  /** CPUs, 1 to 64. Default: as many as the process may use. */
  readonly cpus?: number;
  /** Jiffies a second, 24 to 1000. Default 1000. */
  readonly hz?: number;
  /** Where the log is printed as it grows. Default: nowhere; dmesg() reads it. */
  readonly console?: 'stdout' | 'stderr' | false;
  /** Messages below this level go to the console, 0 to 15. Default 7. */
  readonly loglevel?: number;
  /** Starts the watchers (khungtaskd, watchdogd), and the host worker they run on, a second after boot. Default true. */
  readonly watchdog?: boolean;
  /**
   * Opens the control socket, by which the command `kthread` of the same user sees and steers the machine; 'read-only': only
   * sees it. Default false. Whether it could be opened is in the log.
   */
  readonly control?: boolean | 'read-only';
  /** What the machine is called where several are listed, 63 bytes. Default: the program's name. */
  readonly name?: string;
  /** Hears of each thread that an exception ended. Without it, that goes to standard error. */
  readonly onOops?: (task: Task, error: Error) => void;
}

export interface ShutdownReport {
  /** Threads that ended when asked. */
  readonly stopped: number;
  /** Threads that did not within the time, and where each of them is. */
  readonly left: ReadonlyArray<{ readonly task: Task; readonly trace: string }>;
}

export interface Machine extends AsyncDisposable {
  readonly cpus: number;
  readonly hz: number;
  /** Loads a module; see insmod(). */
  insmod(file: string | URL, params?: Readonly<Record<string, ParamInput>>, how?: InsmodOptions): Promise<Module>;
  /** Removes a module; see rmmod(). */
  rmmod(name: string, how?: RmmodOptions): Promise<readonly string[]>;
  /** Loaded modules, the latest first. */
  modules(): Module[];
  /** Freezes all threads that let themselves be frozen; see freezeProcesses(). */
  freeze(): Promise<0 | -16>;
  /** Lets them go on; see thawProcesses(). */
  thaw(): void;
  /** Removes all modules, asks all threads to stop, waits `timeout` ms at most (default 5000), and halts. */
  shutdown(opt?: { readonly timeout?: number }): Promise<ShutdownReport>;
}

const SHUTDOWN_MS = 5000;
let machine: Machine | undefined;
let hostWorker: IsolateProcess | undefined;
const ONE_COPY = Symbol.for('kthread.machine');

/**
 * Boots a machine in this process. Throws KernelError EBUSY while one runs, EINVAL for an option out of range, ENOMEM when
 * no memory is to be had. In a file that another isolate imports for its thread functions, it never settles.
 */
export async function boot(opt: BootOptions = {}): Promise<Machine> {
  if (me !== 0 && me !== BOOT_ISOLATE) return abandonLoad();
  const taken = (globalThis as { [ONE_COPY]?: boolean })[ONE_COPY];
  if (machine || taken) throw new KernelError(-EBUSY, machine ? 'a machine runs in this process already; shut it down first' : 'a machine runs here under another copy of the package kthread; install it once');
  const options = checkOptions(opt);
  layMachine(reserve(options.memory), options);
  takePlace();
  initIsolate(true, 'kthread/0', onMail);
  makeFirstTasks();
  resolveHandles();
  publishSymbols();
  listenTo(opt);
  store(machineWord(MACHINE.state), MACHINE_RUNNING);
  prInfo('kthread: %d CPUs, %d MiB of kernel memory, HZ=%d\n', options.cpus, r32(machineWord(MACHINE.memory_size)) / 2 ** 20, options.hz);
  if (opt.console || options.control !== 0) startHost();
  else if (options.watchdog) addTimer(hostTimer(), uptime() + HOST_DELAY_MS);
  machine = makeMachine(options.cpus, options.hz);
  (globalThis as { [ONE_COPY]?: boolean })[ONE_COPY] = true;
  await doInitcalls();
  return machine;
}

/** The machine that runs here, if any. */
export const runningMachine = (): Machine | undefined => machine;

function checkOptions({ memory, cpus = Math.min(host.cpus(), NR_CPUS), hz = HZ_DEFAULT, console = false, loglevel = 7, watchdog = true, control = false, name = host.programName() }: BootOptions) {
  const check = (name: string, value: number, min: number, max: number): void => {
    if (!Number.isInteger(value) || value < min || value > max) throw new KernelError(-EINVAL, `boot: ${name} takes a whole number from ${min} to ${max}, not ${value}`);
  };
  check('cpus', cpus, 1, NR_CPUS);
  check('hz', hz, 24, 1000);
  check('loglevel', loglevel, 0, 15);
  if (memory !== undefined) check('memory', memory, MEMORY_MIN, MEMORY_MAX);
  const access = control === 'read-only' ? CONTROL_READ_ONLY : control ? CONTROL_FULL : 0;
  return { memory: memory === undefined ? undefined : Math.floor(memory / 65536) * 65536, cpus, hz, console, loglevel, watchdog, control: access, name };
}

/** As much memory as was asked for; by default the most that the platform gives. */
function reserve(bytes: number | undefined): SharedArrayBuffer {
  for (let size = bytes ?? MEMORY_MAX; ; size /= 2) {
    try {
      return host.reserveMemory(size);
    } catch (cause) {
      if (bytes !== undefined || size / 2 < MEMORY_MIN) throw new KernelError(-ENOMEM, `boot: the platform refuses ${size / 2 ** 20} MiB of shared memory`, { cause });
    }
  }
}

/** The machine record and everything that must be there before anybody joins. */
function layMachine(memory: SharedArrayBuffer, { cpus, hz, console, loglevel, watchdog, control, name }: ReturnType<typeof checkOptions>): void {
  attachMemory(memory);
  w32(machineWord(MACHINE.magic), MACHINE_MAGIC);
  w32(machineWord(MACHINE.layout), layoutVersion());
  w32(machineWord(MACHINE.memory_size), memory.byteLength);
  w32(machineWord(MACHINE.heap_start), heapStart(memory.byteLength));
  w32(machineWord(MACHINE.nr_cpus), cpus);
  w32(machineWord(MACHINE.hz), hz);
  w32(machineWord(MACHINE.serial), host.entropy());
  w32(machineWord(MACHINE.state), MACHINE_BOOTING);
  w32(machineWord(MACHINE.next_isolate), BOOT_ISOLATE);
  w32(machineWord(MACHINE.next_module), 1);
  w32(machineWord(MACHINE.watched), Number(watchdog));
  w32(machineWord(MACHINE.console), console === 'stdout' ? 1 : console === 'stderr' ? 2 : 0);
  w32(machineWord(MACHINE.control), control);
  writeString(machineWord(MACHINE.name), 64, name);
  wf64(machineWord(MACHINE.boot_time), host.clock());
  for (const list of [MACHINE.create_list, MACHINE.statics, MACHINE.modules, MACHINE.smpboot, MACHINE.images, MACHINE.symbols]) listInit(machineWord(list));
  for (let cpu = 0; cpu < cpus; cpu++) w32(cpuAt(cpu) + CPU.online, 1);
  initSysctls();
  sysctl('kernel.printk', loglevel);
  initSlab(TASK.sizeof, true);
  initWaitTable();
}

/** Isolate 1 is this one, isolate 2 the host worker's, whether or not it is ever started. */
function takePlace(): void {
  reserveIsolate(SHARED, 0, 0);
  reserveIsolate(SHARED, 0, 0);
  attach(buffer, BOOT_ISOLATE);
  store(isolateSlotAt(BOOT_ISOLATE) + ISOLATE.state, ISOLATE_BUSY);
}

/** pid 1, the program itself, and pid 2, kthreadd, which any isolate may run. pid 0, the idle task, has no record. */
function makeFirstTasks(): void {
  w32(machineWord(MACHINE.next_pid), 1);
  const common = { isolate: BOOT_ISOLATE, cpu: 0, module: 0, ppid: 0, cpus: [-1, -1] as const };
  const init = copyProcess({ ...common, name: 'init', flags: PF_NOFREEZE, kflags: KTHREAD_UNREF });
  const kthreadd = copyProcess({ ...common, name: 'kthreadd', flags: PF_KTHREAD | PF_NOFREEZE | PF_FORKNOEXEC, kflags: KTHREAD_UNREF | KTHREAD_MIGRATES });
  for (const task of [init, kthreadd]) setTaskState(task, TASK_INTERRUPTIBLE);
  w32(machineWord(MACHINE.init_task), init);
  w32(machineWord(MACHINE.kthreadd), kthreadd);
}

function listenTo({ onOops }: BootOptions): void {
  announce = onOops ?? ((task, error) => host.write(2, `kthread: ${task.comm}[${task.pid}] met an exception: ${error.stack || String(error)}\n`));
  setOopsListener(announce);
  onLiveness(updateLiveness);
  lookForWork(updateLiveness); // Other isolates ring when they make the first or end the last.
  onHostNeeded(startHost);
}

/** The process stays alive while a thread does. */
function updateLiveness(): void {
  host.keepAlive(load(machineWord(MACHINE.live_tasks)) > 0);
}

/** A program that is over within a second needs nobody to look after it. */
const HOST_DELAY_MS = 1000;
/** A new one for each machine: one that was still armed when its machine halted hangs in a wheel that is gone. */
const hostTimer = (): Timer => ({ due: 0, prev: null, next: null, expire: startHost });

function startHost(): void {
  if (hostWorker || load(machineWord(MACHINE.state)) === MACHINE_HALTED) return; // The timer of an earlier moment.
  const worker = host.startHostWorker((why) => {
    if (hostWorker === worker) hostDied(why);
  });
  hostWorker = worker;
}

/** All isolates but this one died with it. Their threads end; the next request starts another host worker. */
function hostDied(why: string): void {
  host.write(2, `kthread: the host worker died: ${why || 'somebody ended it'}\n`);
  hostWorker = undefined;
  forEachIsolate((at) => {
    const number = r32(at + ISOLATE.number);
    if (number === BOOT_ISOLATE) return;
    isolateDied(at, 'its isolate died with the host worker');
    if (number === HOST_ISOLATE) store(at + ISOLATE.state, ISOLATE_STARTING);
    else releaseIsolate(number);
  });
}

function onMail(mail: Mail): void {
  if (mail.kind === 'oops') hearOops(mail as OopsMail);
}

function hearOops({ task, error }: OopsMail): void {
  announce(task, Object.assign(new Error(error.message), { name: error.name, stack: error.stack }));
}
let announce: (task: Task, error: Error) => void = () => {};

function makeMachine(cpus: number, hz: number): Machine {
  return Object.freeze({
    cpus, hz, insmod, rmmod, modules: listModules, freeze: freezeProcesses, thaw: thawProcesses, shutdown,
    async [Symbol.asyncDispose]() {
      await shutdown();
    },
  });
}

/** Halts the machine; see Machine.shutdown. A second call while it halts gets the same report. */
function shutdown({ timeout = SHUTDOWN_MS }: { readonly timeout?: number } = {}): Promise<ShutdownReport> {
  return (halting ??= halt(timeout).finally(() => { halting = undefined; }));
}

let halting: Promise<ShutdownReport> | undefined;

async function halt(timeout: number): Promise<ShutdownReport> {
  if (!machine) return { stopped: 0, left: [] };
  const deadline = uptime() + timeout;
  thawProcesses();
  await within(deadline, letGo().then(removeModules));
  await within(deadline, doExitcalls());
  store(machineWord(MACHINE.state), MACHINE_HALTING);
  const report = await stopThreads(deadline);
  await flushConsole();
  await closeControl();
  machine = undefined;
  store(machineWord(MACHINE.state), MACHINE_HALTED);
  await leave();
  return report;
}

async function removeModules(): Promise<void> {
  for (const { name } of listModules()) {
    await rmmod(name).catch((error: unknown) => printk('%s%s\n', KERN_WARNING, error instanceof Error ? error.message : String(error)));
  }
}

/** Waits for `work`, but not beyond `deadline`. */
async function within(deadline: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  const timer = msleepInterruptible(deadline - uptime(), { signal: done.signal }).catch(() => 0);
  await Promise.race([work, timer]);
  done.abort();
  await timer;
}

async function stopThreads(deadline: number): Promise<ShutdownReport> {
  const asked = liveThreads();
  for (const task of asked) requestStop(task.addr);
  for (const task of asked) await waitForEnd(task, deadline);
  const left: Array<{ task: Task; trace: string }> = [];
  for (const task of liveThreads()) left.push({ task, trace: await taskTrace(task) });
  for (const { task } of left) printk('%sshutdown: %s[%d] did not stop\n', KERN_WARNING, task.comm, task.pid);
  return { stopped: asked.length - left.length, left };
}

async function waitForEnd(task: Task, deadline: number): Promise<void> {
  if (!tryGetTask(task.addr, task.pid)) return;
  await block('shutdown', (waiter) => waitForCommon(waiter, task.addr + TASK.exited, TASK_UNINTERRUPTIBLE, deadline));
  putTask(task.addr);
}

function liveThreads(): Task[] {
  const tasks: Task[] = [];
  forEachTask((task, pid) => {
    if (pid > 2 && r32(task + TASK.ppid) === 2 && load(task + TASK.__state) !== TASK_DEAD && (load(task + TASK.kflags) & KTHREAD_SYSTEM) === 0) tasks.push(taskAt(task));
  });
  return tasks;
}

async function flushConsole(): Promise<void> {
  logClose();
  const patience = uptime() + 1000;
  while (r32(machineWord(MACHINE.console)) !== 0 && !consoleIsDone() && uptime() < patience) await msleep(1);
}

/** Those who follow the log from outside get its end. */
async function closeControl(): Promise<void> {
  const open = machineWord(MACHINE.control_open);
  if (load(open) !== 0) sendMail(HOST_ISOLATE, { kind: 'halt' });
  const patience = uptime() + 1000;
  while (load(open) !== 0 && uptime() < patience) await msleep(1);
}

/** Nothing of the machine keeps the process alive after this. */
async function leave(): Promise<void> {
  const worker = hostWorker;
  hostWorker = undefined;
  await worker?.terminate();
  endScheduler();
  leaveMachine();
  forgetFiles();
  forgetWchans();
  forgetSpares();
  forgetWorks();
  forgetSystemQueues();
  forgetSoftirqs();
  host.keepAlive(false);
  (globalThis as { [ONE_COPY]?: boolean })[ONE_COPY] = false;
}
