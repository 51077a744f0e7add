/**
 * Running C on an isolate: an instance of each module that is loaded, one table of functions, one stack, and the way into a
 * function by its number. Instances are made when the first function of a module is called here, also for modules that were
 * loaded after the isolate began.
 */
import { host } from '../arch/host.js';
import { ENOENT, ENOMEM, KernelError } from '../lib/errno.js';
import { r32 } from '../lib/memory.js';
import { MACHINE, machineWord } from '../kernel/memlayout.js';
import { stackOf, unpoison } from '../kernel/mm/kasan.js';
import { isLoaded, loadFile } from '../kernel/isolate.js';
import { awaitedFn, threadfn } from '../kernel/kthread.js';
import { lendFile } from '../kernel/statics.js';
import { exportedFunction, type NumberFunction } from '../kernel/symbols.js';
import { currentThread } from '../kernel/sched/core.js';
import { self } from '../kernel/smp.js';
import { asFault } from './fault.js';
import { runProcess } from './fs/task.js';
import { imports } from './imports.js';
import { setAll } from './param_ops.js';
import type { ParamSet } from './params.js';
import { serveCallbacks } from './softirq.js';
import { setImportNames } from './trace.js';
import { codeOf, listImages, type Image } from './images.js';
import { serveWorks } from './workqueue.js';

/** What this isolate has of the C that runs on it. */
interface Runner {
  /** The machine it belongs to. */
  readonly serial: number;
  readonly table: WebAssembly.Table;
  readonly pointer: WebAssembly.Global;
  readonly limit: WebAssembly.Global;
  readonly current: WebAssembly.Global;
  readonly low: number;
  readonly top: number;
  readonly instances: Map<number, WebAssembly.Instance>;
}

setImportNames(() => imports);
let runner: Runner | undefined;

function theRunner(): Runner {
  const serial = r32(machineWord(MACHINE.serial));
  if (runner?.serial === serial) return runner;
  const { low, top } = stackOf(self);
  if (top === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for a stack');
  const word = (value: number): WebAssembly.Global => new WebAssembly.Global({ value: 'i32', mutable: true }, value);
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
  return (runner = { serial, table, pointer: word(top), limit: word(low), current: word(0), low, top, instances: new Map() });
}

/** The instance of `image` on this isolate. */
function instanceOf(image: Image): WebAssembly.Instance {
  const { table, pointer, limit, current, instances } = theRunner();
  const old = instances.get(image.id);
  if (old) return old;
  const end = image.tableBase + image.tableSize;
  if (table.length < end) table.grow(end - table.length);
  const env: Record<string, unknown> = { memory: host.wasmMemory(), __indirect_function_table: table, __stack_pointer: pointer, __stack_limit: limit, __current_task: current };
  for (const name of image.about.imports) env[name] = imports[name] ?? lentFunction(name, image) ?? exportOf(name, image);
  const made = new WebAssembly.Instance(new WebAssembly.Module(codeOf(image)), { env });
  instances.set(image.id, made);
  return made;
}

/** A function of a module in TypeScript. Its file was imported before the thread began; if not, that is said when it is called. */
function lentFunction(name: string, { about }: Image): NumberFunction | undefined {
  const lent = about.lent[name];
  if (!lent) return undefined;
  return (...args) => {
    const fn = exportedFunction(lent.url, name);
    if (!fn) throw new KernelError(-ENOENT, `${lent.url} exports no function "${name}" on this isolate; call exportSymbol() at its top level`);
    return fn(...args);
  };
}

/** Calls `run` when the files in TypeScript that C modules call are imported here: at once if they are. */
function withLenders(run: () => number): number {
  const files = listImages().flatMap(({ about }) => Object.values(about.lent)).filter(({ url }) => !isLoaded(url));
  if (files.length === 0) return run();
  for (const { url, module } of files) lendFile(url, module);
  // The caller is a function whose promise is waited for.
  return Promise.all(files.map(({ url }) => loadFile(url))).then(run) as unknown as number;
}

/** A function that another module exports. */
function exportOf(name: string, { about }: Image): unknown {
  const from = listImages().find(({ id, about: other }) => about.uses.includes(id) && name in other.exports);
  if (from === undefined) throw new KernelError(-ENOENT, `module ${about.name} wants ${name}, which no module exports any more`);
  return functionAt(from.about.exports[name]);
}

/** The function with the number `number`; undefined if no module that is loaded has it. */
function functionAt(number: number): ((...args: Array<number | bigint>) => unknown) | undefined {
  const image = listImages().find(({ tableBase, tableSize }) => number >= tableBase && number < tableBase + tableSize);
  if (!image) return undefined;
  instanceOf(image);
  return (theRunner().table.get(number) as ((...args: Array<number | bigint>) => unknown) | null) ?? undefined;
}

/**
 * Calls the C function with the number `number` and returns what it does, 0 for nothing. It may take fewer arguments than it
 * is given, as on hardware. Throws what ends the thread.
 */
export const callC = (number: number, ...args: number[]): number => Number(callWide(number, ...args)) | 0;

/** The same for a function with numbers of 64 bits, which are bigints. */
export function callWide(number: number, ...args: Array<number | bigint>): number | bigint {
  const target = functionAt(number >>> 0);
  const { pointer, current, low } = theRunner();
  const [before, task] = [pointer.value, current.value];
  current.value = currentThread()?.addr ?? r32(machineWord(MACHINE.init_task));
  try {
    if (!target) throw new WebAssembly.RuntimeError(`no function has the number ${number}`);
    return (target(...args) ?? 0) as number | bigint;
  } catch (error) {
    unpoison(low, before - low); // Frames that are left at once do not take the marks of their variables away.
    throw asFault(error);
  } finally {
    pointer.value = before;
    current.value = task;
  }
}

/** Runs what a module wants done once before anything else of it: the marks around its variables. */
export function constructModule(id: number): void {
  const image = listImages().find((loaded) => loaded.id === id)!;
  const construct = instanceOf(image).exports.__wasm_call_ctors as (() => void) | undefined;
  construct?.();
}

/** A thread whose function is C: its number, and the word that it gets. */
export interface Start {
  readonly fn: number;
  readonly data: number;
}

export const cThread = awaitedFn(threadfn(import.meta, 'C', ({ fn, data }: Start): number => withLenders(() => callC(fn, data))));

/** A module's init, and what is set before it. */
interface Init {
  readonly id: number;
  readonly fn: number;
  readonly name: string;
  readonly sets: readonly ParamSet[];
}

/** A module's init, as what insmod does: first what goes before it. */
export const cInit = awaitedFn(threadfn(import.meta, 'init', ({ id, fn, name, sets }: Init): number => withLenders(() => {
  constructModule(id);
  return setAll(sets, name) || (fn === 0 ? 0 : callC(fn));
})));

/** A module's exit. */
export const cExit = awaitedFn(threadfn(import.meta, 'exit', (fn: number): number => withLenders(() => callC(fn) && 0)));

// Threads of the machine's own that call C. They are declared here, so that this file is the first of its circle that an isolate loads.

/** Calls timers, tasklets and callbacks of RCU. */
export const cSoftirqd = threadfn(import.meta, 'run_ksoftirqd', (): never => serveCallbacks());

/** Runs works. */
export const cWorker = threadfn(import.meta, 'worker_thread', (): number => serveWorks());

/** A process that uses a file: `process` is its record. */
export const cProcess = awaitedFn(threadfn(import.meta, 'process', (process: number): number => withLenders(() => runProcess(process))));
