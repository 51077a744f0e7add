/**
 * Modules: loading a TypeScript or JavaScript file on an isolate of its own, running its init, and taking all of it away
 * again. The requester keeps a record in kernel memory and sleeps; the module's isolate does the work in tasks named
 * insmod and rmmod, as the kernel's does.
 *
 *     LOADING --init returned 0--> LIVE --rmmod--> GOING --> gone
 *        `------ init failed -------------------------------^
 */
import { host } from '../arch/host.js';
import { cas, fetchAdd, load, store } from '../lib/atomic.js';
import { EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, ENOMEM, KernelError } from '../lib/errno.js';
import { LIST_HEAD, listAddTail, listDelInit, listNext } from '../lib/list.js';
import { r32, readString, w32, writeString } from '../lib/memory.js';
import { bytes, ptr, s32, struct, u32 } from '../lib/struct.js';
import { runInTask } from './borrowed.js';
import { exitValue, onIsolateDeath, oops, withoutStack } from './exit.js';
import { keepText } from './fork.js';
import { HOST_ISOLATE, ringHost, warmForeign } from './isolate.js';
import { requestStop } from './kthread.js';
import { rawSpinLock, rawSpinUnlock } from './locking/raw_spinlock.js';
import { sendMail, type Mail } from './mail.js';
import { MACHINE, machineWord } from './memlayout.js';
import { kfree, kzalloc } from './mm/slab.js';
import { addTaint, printTaskTrace, setModuleTag, TAINT_DIE, TAINT_FORCED_RMMOD } from './panic.js';
import { beginParams, endParams, type ParamInfo, type ParamInput } from './params.js';
import { forEachTask } from './pid.js';
import { KERN_ALERT, KERN_WARNING, printk } from './printk/printk.js';
import { COMPLETION, completeAllAt, completeAt, initCompletionAt, waitForCommon } from './sched/completion.js';
import { block, currentThread } from './sched/core.js';
import { taskAt, type Task } from './sched/handle.js';
import { KTHREAD_SYSTEM, TASK, TASK_DEAD, TASK_UNINTERRUPTIBLE } from './sched/task.js';
import { ISOLATE, SHARED, forEachIsolate, isolateAlive, reserveIsolate } from './smp.js';
import { taskTrace } from './stacktrace.js';
import { dropSymbols } from './symbols.js';
import { freeStatics } from './statics.js';
import { scheduleTimeoutUninterruptible } from './time/sleep.js';
import { msecsToJiffies, uptime } from './time/time.js';

export const MODULE = struct('module', {
  list: ptr('l', LIST_HEAD / 4),
  id: u32('c'), //          instance number, never used twice
  state: u32('a'), //       MODULE_*
  isolate: u32('c'), //     number of its isolate
  refcnt: s32('a'), //      others that use it
  result: s32('o'), //      of init: 0 or a negative errno
  message: ptr('o'), //     what went wrong, as text
  has_exit: u32('o'),
  info: ptr('o'), //        its parameters and what it says of itself, as JSON
  path: ptr('c'),
  loaded: u32('c'), //      1: by the loader of other files than TypeScript
  done: u32('l', COMPLETION.sizeof / 4, 'struct completion'),
  name: bytes('c', 56),
});
/** A module whose code is bytes that each isolate makes an instance of: what a loader keeps of it. */
export const IMAGE = struct('module_image', {
  list: ptr('l', LIST_HEAD / 4),
  module: u32('c'), //   instance number, never used twice
  base: ptr('c'), //     its variables
  size: u32('c'),
  table_base: u32('c'), // numbers of its functions
  table_size: u32('c'),
  code: ptr('c'),
  code_size: u32('c'),
  lines: ptr('c'), //    .debug_line
  lines_size: u32('c'),
  about: ptr('c'), //    About, as JSON
  about_size: u32('c'),
});

const NAME_LEN = 56;
const MODULE_LOADING = 1, MODULE_LIVE = 2;
export const MODULE_GOING = 3;
/** How long threads left behind may take to end by themselves before they are ended, ms. */
const GRACE_MS = 100;
/** How long a forced rmmod waits for the module's exit, ms. */
const FORCE_MS = 5000;
const HANGS = `runs its exit for ${FORCE_MS / 1000} s now, which was not waited for`;
/** How long isolates may take to go, ms. */
const REAP_MS = 10000;

/** What lsmod and modinfo show of a loaded module. */
export interface Module {
  readonly name: string;
  readonly path: string;
  readonly refcount: number;
  readonly state: 'Loading' | 'Live' | 'Unloading';
  readonly params: readonly ParamInfo[];
  /** What a module in C says of itself: its license, description, author, ... */
  readonly info?: Readonly<Record<string, string>>;
}

export interface InsmodOptions {
  /** The name of this instance, so that one file can be loaded more than once. Default: the file's name. */
  readonly as?: string;
  /** The CPU of its isolate. Default: 0. */
  readonly cpu?: number;
  /** A module of C without its address checks: faster, and what it does wrong goes unseen. Default: with them. */
  readonly kasan?: boolean;
  /** Hears what is worth knowing while one waits, such as a compiler's warnings. */
  readonly say?: (text: string) => void;
}

/**
 * A way to load files that are not imported. All of it happens on the isolate that asks, and what it makes is found again by
 * the module's number, from any isolate.
 */
export interface ModuleLoader {
  takes(path: string): boolean;
  /** The name of the module in `path`. Throws KernelError. */
  nameOf(path: string): string;
  /** Brings the module into memory; none of its code runs. Returns what is known of it, and whether it can be removed. Throws KernelError. */
  load(path: string, module: NewModule): Promise<{ readonly params: readonly ParamInfo[]; readonly info: Readonly<Record<string, string>>; readonly hasExit: boolean }>;
  /** Runs its init in a thread named insmod; sleeps. Returns what init did, or throws KernelError EFAULT when an exception ended it. */
  init(id: number): Promise<number>;
  /** Runs its exit in a thread named rmmod; sleeps. */
  exit(id: number): Promise<void>;
  /** Whatever load() made: nothing of the module runs any more. */
  unload(id: number): Promise<void>;
  /** The machine halts: whoever uses modules lets go of them; sleeps until they have. */
  halt(): Promise<void>;
}

/** What a loader is told about the module that it loads. */
export interface NewModule {
  readonly id: number;
  /** Its record; C: struct module. */
  readonly record: number;
  readonly name: string;
  readonly params: Readonly<Record<string, ParamInput>>;
  readonly how: InsmodOptions;
}

let loader: ModuleLoader | undefined;

export const setModuleLoader = (theLoader: ModuleLoader): void => void (loader = theLoader);

/** Has whoever uses modules let go of them. Sleeps. */
export const letGo = async (): Promise<void> => loader?.halt();

type InitFn = () => number | void | Promise<number | void>;
type ExitFn = () => void | Promise<void>;

// --- What a module calls ------------------------------------------------------------------------------------------

interface Declared {
  init?: InitFn;
  exit?: ExitFn;
}

/** What the module being loaded on this isolate has declared; undefined where files are imported for their threads only, or by the program. */
let declaring: Declared | undefined;
/** Modules that the program itself imports: init at boot, in order, exit at shutdown. */
const builtins: Declared[] = [];
/** Says what runs when the module is loaded: 0 or nothing keeps it, -errno refuses it. May sleep. C: module_init. */
export function moduleInit(fn: InitFn): void {
  if (declaring) declaring.init = fn;
  else builtins.push({ init: fn });
}

/** Says what runs when the module is removed. It must stop the module's threads. May sleep. C: module_exit. */
export function moduleExit(fn: ExitFn): void {
  if (declaring) declaring.exit = fn;
  else if (builtins.length > 0 && !builtins.at(-1)!.exit) builtins.at(-1)!.exit = fn;
  else builtins.push({ exit: fn });
}

/** Runs the inits of built-in modules that have not run. One that fails is reported; the others go on. C: do_initcalls. */
export async function doInitcalls(): Promise<void> {
  for (const builtin of builtins) {
    const { init } = builtin;
    delete builtin.init;
    if (init) await runCaught('swapper/0', async () => reportInit('built-in module', exitValue(await init())));
  }
}

/** Runs the exits of built-in modules, last one first. */
export async function doExitcalls(): Promise<void> {
  for (const { exit } of builtins.splice(0).toReversed()) if (exit) await runCaught('rmmod', exit);
}

/** Runs `fn` in a task named `name`. What it throws is an oops of that task, but for a KernelError: that is a refusal, which is told. */
function runCaught(name: string, fn: () => void | Promise<void>): Promise<void> {
  return runInTask(name, async () => {
    try {
      await fn();
    } catch (error) {
      if (error instanceof KernelError) printk('%s%s: %s\n', KERN_WARNING, name, error.message);
      else oops(currentThread()!.addr, error instanceof Error ? error : new Error(`thrown: ${String(error)}`));
    }
  });
}

function reportInit(name: string, result: number): void {
  if (result > 0) printk('%s%s: \'init\' suspiciously returned %d, it should follow 0/-E convention\n', KERN_WARNING, name, result);
  if (result < 0) printk('%s%s: init failed: %pe\n', KERN_WARNING, name, result);
}

// --- The table ----------------------------------------------------------------------------------------------------

function forEachModule(visit: (at: number) => void): void {
  const lock = machineWord(MACHINE.modules_lock);
  const head = machineWord(MACHINE.modules);
  rawSpinLock(lock);
  for (let at = listNext(head); at !== head; at = listNext(at)) visit(at);
  rawSpinUnlock(lock);
}

function find(is: (at: number) => boolean): number {
  let found = 0;
  forEachModule((at) => void (is(at) && (found = at)));
  return found;
}

const findModule = (name: string): number => find((at) => readString(at + MODULE.name, NAME_LEN) === name);

/** All loaded modules, the latest first. C: lsmod. */
export function listModules(): Module[] {
  const modules: Module[] = [];
  forEachModule((at) => modules.unshift(describe(at)));
  return modules;
}

setModuleTag((id) => {
  const at = id === 0 ? 0 : recordOf(id);
  return at === 0 ? '' : ` [${readString(at + MODULE.name, NAME_LEN)}]`;
});

const describe = (at: number): Module => ({
  name: readString(at + MODULE.name, NAME_LEN),
  path: readString(r32(at + MODULE.path), 4096),
  refcount: r32(at + MODULE.refcnt),
  state: (['Loading', 'Loading', 'Live', 'Unloading'] as const)[load(at + MODULE.state)],
  ...(r32(at + MODULE.info) === 0 ? { params: [] } : (JSON.parse(readString(r32(at + MODULE.info), 65536)) as Pick<Module, 'params' | 'info'>)),
});

// --- insmod -------------------------------------------------------------------------------------------------------

interface InsmodMail extends Mail {
  readonly kind: 'insmod';
  readonly module: number;
  readonly url: string;
  readonly params: Readonly<Record<string, ParamInput>>;
}

interface RmmodMail extends Mail {
  readonly kind: 'rmmod';
  readonly module: number;
}

/** Tells the host worker to end an isolate. */
export interface EndMail extends Mail {
  readonly kind: 'end';
  readonly number: number;
  /** What its threads end of. */
  readonly why: string;
}
export type ModuleMail = InsmodMail | RmmodMail;

/** The name that a module gets from its file: without folder and ending, - as _. */
export const moduleName = (path: string): string => path.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '').replaceAll('-', '_');

/**
 * Loads the module in `file` on an isolate of its own and runs its init. Returns once it is live. Throws KernelError ENOENT
 * (no such file), EEXIST (the name is loaded), EINVAL (a parameter), EAGAIN or ENOMEM, or what init returned or threw; then
 * nothing of it is left. Sleeps. C: insmod, init_module(2).
 */
export async function insmod(file: string | URL, params: Readonly<Record<string, ParamInput>> = {}, how: InsmodOptions = {}): Promise<Module> {
  const { url, path, exists } = host.resolveFile(file);
  if (!exists) throw new KernelError(-ENOENT, `insmod: cannot load ${String(file)}: looked for ${path}`);
  const foreign = loader?.takes(path) ? loader : undefined;
  const at = newModule(how.as ?? foreign?.nameOf(path) ?? moduleName(path), path, String(file));
  if (foreign) return loadForeign(foreign, at, String(file), path, params, how);
  const isolate = reserve(at, how.cpu ?? 0);
  sendMail(isolate, { kind: 'insmod', module: at, url, params } satisfies InsmodMail);
  ringHost();
  await block('insmod', (task) => waitForCommon(task, at + MODULE.done, TASK_UNINTERRUPTIBLE, Infinity));
  const result = r32(at + MODULE.result);
  if (result < 0) {
    const why = readString(r32(at + MODULE.message), 4096);
    await unload(at);
    throw new KernelError(result, `insmod: cannot load ${String(file)}${why ? `: ${why}` : ''}`);
  }
  store(at + MODULE.state, MODULE_LIVE);
  return describe(at);
}

/** Does on this isolate what for TypeScript the module's own does. */
async function loadForeign(foreign: ModuleLoader, at: number, file: string, path: string, params: Readonly<Record<string, ParamInput>>, how: InsmodOptions): Promise<Module> {
  const id = r32(at + MODULE.id);
  const name = readString(at + MODULE.name, NAME_LEN);
  warmForeign(); // While a compiler is at work.
  try {
    const { params: declared, info, hasExit } = await foreign.load(path, { id, record: at, name, params, how });
    w32(at + MODULE.loaded, 1);
    w32(at + MODULE.info, keepText(JSON.stringify({ params: declared, info }), 65536));
    w32(at + MODULE.has_exit, hasExit ? 1 : 0);
    const result = await foreign.init(id);
    if (result > 0) reportInit(name, result);
    if (result < 0) throw new KernelError(result, '');
  } catch (error) {
    await unload(at);
    if (!(error instanceof KernelError)) throw error;
    const why = error.message.slice(`${error.code}: `.length);
    throw new KernelError(error.errno, `insmod: cannot load ${file}${why ? `: ${why}` : ''}`);
  }
  store(at + MODULE.state, MODULE_LIVE);
  return describe(at);
}

/** The record of the module with the number `id`, 0: none. */
export const recordOf = (id: number): number => find((at) => r32(at + MODULE.id) === id);

/** One module more or less uses the one whose record is at `record`. */
export function countUser(record: number, by: 1 | -1): void {
  if (record !== 0) fetchAdd(record + MODULE.refcnt, by);
}

function newModule(name: string, path: string, file: string): number {
  const at = kzalloc(MODULE.sizeof);
  if (at === 0) throw new KernelError(-ENOMEM, `insmod: cannot load ${name}: kernel memory is out`);
  writeString(at + MODULE.name, NAME_LEN, name);
  w32(at + MODULE.path, keepText(path, 4096));
  w32(at + MODULE.id, fetchAdd(machineWord(MACHINE.next_module), 1));
  w32(at + MODULE.state, MODULE_LOADING);
  initCompletionAt(at + MODULE.done);
  const lock = machineWord(MACHINE.modules_lock);
  const head = machineWord(MACHINE.modules);
  rawSpinLock(lock);
  let taken = false;
  for (let other = listNext(head); other !== head; other = listNext(other)) taken ||= readString(other + MODULE.name, NAME_LEN) === name;
  if (!taken) listAddTail(at, head);
  rawSpinUnlock(lock);
  if (!taken) return at;
  kfree(r32(at + MODULE.path));
  kfree(at);
  throw new KernelError(-EEXIST, `insmod: cannot load ${file}: module ${name} is loaded; load another instance with --as NAME`);
}

function reserve(at: number, cpu: number): number {
  try {
    if (!Number.isInteger(cpu) || cpu < 0 || cpu >= r32(machineWord(MACHINE.nr_cpus))) throw new KernelError(-EINVAL, `insmod: there is no CPU ${cpu}`);
    const number = reserveIsolate(SHARED, cpu, r32(at + MODULE.id));
    w32(at + MODULE.isolate, number);
    return number;
  } catch (error) {
    forget(at);
    throw error;
  }
}

/** On the module's isolate: does what the requester asks. */
export async function handleModuleMail(mail: ModuleMail): Promise<void> {
  if (mail.kind === 'insmod') await loadHere(mail);
  if (mail.kind === 'rmmod') await exitHere(mail.module);
}

let exitFn: ExitFn | undefined;

async function loadHere({ module: at, url, params }: InsmodMail): Promise<void> {
  const declared: Declared = {};
  await runInTask('insmod', async () => {
    try {
      beginParams(params);
      declaring = declared;
      await host.loadModule(url);
      const { unknown, declared: info } = endParams();
      const name = readString(at + MODULE.name, NAME_LEN);
      for (const param of unknown) printk('%s%s: unknown parameter \'%s\' ignored\n', KERN_WARNING, name, param);
      w32(at + MODULE.info, keepText(JSON.stringify({ params: info }), 65536));
      const result = exitValue(await declared.init?.());
      if (result > 0) reportInit(name, result);
      w32(at + MODULE.result, Math.min(result, 0));
    } catch (error) {
      initThrew(at, error);
    }
  });
  exitFn = declared.exit;
  w32(at + MODULE.has_exit, exitFn || !declared.init ? 1 : 0);
  completeAt(at + MODULE.done);
}

/** A KernelError is a refusal with its errno; anything else is a fault of the module's code. */
function initThrew(at: number, error: unknown): void {
  const refused = error instanceof KernelError;
  const text = refused ? error.message.slice(`${error.code}: `.length) : error instanceof Error ? error.stack || error.message : String(error);
  w32(at + MODULE.result, refused ? error.errno : -EFAULT);
  w32(at + MODULE.message, keepText(text, 4096));
}

// --- rmmod --------------------------------------------------------------------------------------------------------

export interface RmmodOptions {
  /**
   * Also a module in use, without an exit, or whose exit does not return within five seconds; and ends an init, or an exit that
   * somebody else waits for, which hangs. Taints the machine. C: O_TRUNC.
   */
  readonly force?: boolean;
}

/**
 * Runs the exit of module `name`, which must stop its threads, and takes the module away. Threads left behind are reported
 * with their trace and ended. Returns what force has broken, a sentence each. Throws KernelError ENOENT (not loaded), EBUSY
 * (being loaded or removed; without force also in use, or without an exit). Sleeps. C: rmmod, delete_module(2).
 */
export async function rmmod(name: string, { force = false }: RmmodOptions = {}): Promise<readonly string[]> {
  const at = findModule(name);
  if (at === 0) throw new KernelError(-ENOENT, `rmmod: module ${name} is not currently loaded`);
  if (cas(at + MODULE.state, MODULE_LIVE, MODULE_GOING) !== MODULE_LIVE) { // [module:going] pairs with file:get
    if (force && isolatesOf(r32(at + MODULE.id)).length > 0) return breakOff(at);
    throw new KernelError(-EBUSY, `rmmod: module ${name} is being loaded or removed; --force ends an init or exit that hangs`);
  }
  const obstacles = [...(r32(at + MODULE.has_exit) === 0 ? ['has no exit function and cannot be removed'] : []), ...(load(at + MODULE.refcnt) > 0 ? ['is in use'] : [])];
  if (obstacles.length > 0 && !force) {
    store(at + MODULE.state, MODULE_LIVE);
    throw new KernelError(-EBUSY, `rmmod: module ${name} ${obstacles[0]}`);
  }
  initCompletionAt(at + MODULE.done);
  if (r32(at + MODULE.loaded) !== 0) {
    const exited = loader!.exit(r32(at + MODULE.id)).then(() => true);
    if (!(await (force ? within(FORCE_MS, exited) : exited))) obstacles.push(HANGS);
    await reportLeft(at);
  } else if (isolateAlive(r32(at + MODULE.isolate))) {
    sendMail(r32(at + MODULE.isolate), { kind: 'rmmod', module: at } satisfies RmmodMail);
    const left = await block('rmmod', (task) => waitForCommon(task, at + MODULE.done, TASK_UNINTERRUPTIBLE, force ? uptime() + FORCE_MS : Infinity));
    if (left === 0) obstacles.push(HANGS);
  }
  const broke = force ? reportForced(at, obstacles) : [];
  await unload(at);
  return broke;
}

/** Ends an init or exit for which somebody else waits, who then does the rest. */
async function breakOff(at: number): Promise<string[]> {
  const id = r32(at + MODULE.id);
  const broke = reportForced(at, [`was being ${load(at + MODULE.state) === MODULE_LOADING ? 'loaded' : 'removed'}, which was ended`]);
  await endIsolates(at);
  if (r32(at + MODULE.isolate) !== 0) initThrew(at, withoutStack('rmmod --force ended its init'));
  completeAllAt(at + MODULE.done);
  for (let waited = 0; waited < REAP_MS && recordOf(id) !== 0; waited++) await scheduleTimeoutUninterruptible(msecsToJiffies(1));
  return broke;
}

/** What `work` does; undefined when that takes longer than `ms`. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  const patience = scheduleTimeoutUninterruptible(msecsToJiffies(ms), { signal: done.signal }).then(() => undefined, () => undefined);
  try {
    return await Promise.race([work, patience]);
  } finally {
    done.abort();
    await patience;
    work.catch(() => {}); // It ends, somehow, with the isolate.
  }
}

/** Says what goes with the module that should not. C: try_force_unload. */
function reportForced(at: number, obstacles: readonly string[]): string[] {
  const name = readString(at + MODULE.name, NAME_LEN);
  const threads = threadsOf(r32(at + MODULE.id)).filter(({ addr }) => (load(addr + TASK.kflags) & KTHREAD_SYSTEM) === 0);
  const broke = [...obstacles.map((what) => `module ${name} ${what}`), ...threads.map((task) => `thread ${task.name}[${task.pid}] was ended wherever it was, state ${task.state}; what it held or had begun stays as it is`)];
  if (broke.length === 0) return broke;
  addTaint(TAINT_FORCED_RMMOD);
  for (const what of broke) printk('%srmmod --force: %s\n', KERN_ALERT, what);
  return broke;
}

async function exitHere(at: number): Promise<void> {
  await runCaught('rmmod', async () => exitFn?.());
  await reportLeft(at);
  completeAt(at + MODULE.done);
}

/** Threads of the module that still live, but for the tasks that carry its own init and exit. */
function threadsOf(id: number): Task[] {
  const left: Task[] = [];
  forEachTask((task) => {
    if (r32(task + TASK.module) === id && r32(task + TASK.ppid) === 2 && load(task + TASK.__state) !== TASK_DEAD) left.push(taskAt(task));
  });
  return left;
}

async function reportLeft(at: number): Promise<void> {
  const name = readString(at + MODULE.name, NAME_LEN);
  for (const task of threadsOf(r32(at + MODULE.id))) {
    if ((load(task.addr + TASK.kflags) & KTHREAD_SYSTEM) !== 0) continue; // The machine started it for the module, such as a kworker.
    const trace = await taskTrace(task);
    addTaint(TAINT_DIE);
    printk('%sBUG: module %s was removed, but its thread %s:%d still runs; its exit must %s() it\n', KERN_ALERT, name, task.comm, task.pid, r32(at + MODULE.loaded) === 0 ? 'kthreadStop' : 'kthread_stop');
    printTaskTrace(task.addr, trace);
  }
}

/** The module's isolate died: who waits for its init or exit waits no longer. */
onIsolateDeath((number) => {
  forEachModule((at) => {
    if (r32(at + MODULE.isolate) !== number) return;
    printk('%smodule %s lost its isolate\n', KERN_WARNING, readString(at + MODULE.name, NAME_LEN));
    if (load(at + MODULE.state) === MODULE_LOADING) initThrew(at, withoutStack('its isolate died'));
    completeAllAt(at + MODULE.done);
  });
});

/** Ends what is left of the module: threads, isolates, records. */
async function unload(at: number): Promise<void> {
  const id = r32(at + MODULE.id);
  const left = threadsOf(id);
  for (const task of left) requestStop(task.addr);
  if (left.length > 0) await scheduleTimeoutUninterruptible(msecsToJiffies(GRACE_MS));
  if (await endIsolates(at)) {
    if (r32(at + MODULE.loaded) !== 0) await loader?.unload(id);
    for (const record of dropSymbols(id)) countUser(record, -1);
    freeStatics(id);
  }
  forget(at);
}

/** False if one of them is stuck: then its memory must stay. */
async function endIsolates(at: number): Promise<boolean> {
  const id = r32(at + MODULE.id);
  const why = `its module ${readString(at + MODULE.name, NAME_LEN)} was removed`;
  for (const number of isolatesOf(id)) sendMail(HOST_ISOLATE, { kind: 'end', number, why } satisfies EndMail);
  for (let waited = 0; waited < REAP_MS && isolatesOf(id).length > 0; waited++) await scheduleTimeoutUninterruptible(msecsToJiffies(1));
  if (isolatesOf(id).length === 0) return true;
  printk('%srmmod: an isolate of the module does not end; it is in a call that blocks its OS thread\n', KERN_WARNING);
  return false;
}

/** The numbers of its isolates. */
function isolatesOf(id: number): number[] {
  const numbers: number[] = [];
  forEachIsolate((at) => void (load(at + ISOLATE.module) === id && numbers.push(r32(at + ISOLATE.number))));
  return numbers;
}

function forget(at: number): void {
  const lock = machineWord(MACHINE.modules_lock);
  rawSpinLock(lock);
  listDelInit(at);
  rawSpinUnlock(lock);
  for (const part of [r32(at + MODULE.message), r32(at + MODULE.info), r32(at + MODULE.path), at]) kfree(part);
}
