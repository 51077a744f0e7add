/**
 * Choosing the isolate for a thread, loading the files that declare thread functions, and the life of an isolate that
 * plain threads own in turn. The records and doorbells are in smp.ts; starting OS threads is the host worker's.
 */
import { host } from '../arch/host.js';
import { cas, futexWait, load, store } from '../lib/atomic.js';
import { r32, w32 } from '../lib/memory.js';
import { hashOf } from '../lib/struct.js';
import { rawSpinLock, rawSpinUnlock } from './locking/raw_spinlock.js';
import { MACHINE, isolateSlotAt, machineWord } from './memlayout.js';
import { IDLE_ISOLATES_MAX } from './param.js';
import { ISOLATE, ISOLATE_BUSY, ISOLATE_DEAD, ISOLATE_IDLE, ISOLATE_STARTING, ISOLATE_WARMING, OWN, RETIRE_LAST, RETIRE_NOW, SHARED, forEachIsolate, isolateAlive, reserveIsolate, ring, self } from './smp.js';
import { beNiceNoMore } from './sched/syscalls.js';
import { sysctlGet } from './sysctl.js';

/** The isolate of the host worker: it starts and ends all others. */
export const HOST_ISOLATE = 2;

/** The module whose code this isolate holds: 0 for the program itself. */
export const isolateModule = (): number => r32(self + ISOLATE.module);

// --- Files --------------------------------------------------------------------------------------------------------

/** Files imported here for their thread functions: undefined, or what went wrong. */
const loadedFiles = new Map<string, unknown>();
let abandon = gate();

function gate(): { opened: Promise<void>; open: () => void } {
  let open!: () => void;
  return { opened: new Promise<void>((resolve) => { open = resolve; }), open };
}

/** A file's URL without query and hash, by which isolates agree on it. */
export const plainUrl = (url: string): string => url.replace(/[?#].*$/, '');

export const isLoaded = (url: string): boolean => loadedFiles.has(url);
export const loadError = (url: string): unknown => loadedFiles.get(url);

/** Imports `url` for the functions it declares, once. A file that fails counts as loaded; loadError says why. */
export async function loadFile(url: string): Promise<void> {
  if (loadedFiles.has(url)) return;
  try {
    await Promise.race([host.loadModule(url), abandon.opened]);
    loadedFiles.set(url, undefined);
  } catch (error) {
    loadedFiles.set(url, error);
  }
}

/** A file being loaded here called boot(): what follows belongs to the program, so the load is not waited for. */
export function abandonLoad(): Promise<never> {
  abandon.open();
  abandon = gate();
  return new Promise<never>(() => {});
}

export const forgetFiles = (): void => loadedFiles.clear();

// --- Choosing -----------------------------------------------------------------------------------------------------

/** Told that the host worker is needed; on the isolate that booted this starts it. */
let needHost: () => void = () => {};

export const onHostNeeded = (fn: typeof needHost): void => void (needHost = fn);

/** Makes the host worker look at the isolate table. */
export function ringHost(): void {
  needHost();
  ring(isolateSlotAt(HOST_ISOLATE));
}

/**
 * An isolate that the new thread will own: a warm one by one compare-exchange, best one that knows the file already, else a
 * new one. An async function gets a new one, which ends with it. It holds code of `module`. Throws EAGAIN when the table is
 * full. Never sleeps.
 */
export function claimIsolate(url: string, cpu: number, isAsync: boolean, module: number): number {
  const where = cpu >= 0 ? cpu : leastBusyCpu();
  if (!isAsync) {
    const at = claimIdle(hashOf(url), module);
    if (at !== 0) {
      store(at + ISOLATE.cpu, where);
      store(at + ISOLATE.module, module);
      return r32(at + ISOLATE.number);
    }
  }
  const number = isAsync ? reserveIsolate(SHARED, where, module, RETIRE_LAST) : reserveIsolate(OWN, where, module);
  ringHost();
  return number;
}

/** Claims an idle isolate that may run code of `module`; one that has loaded `file` if there is one. 0: none. */
function claimIdle(file: number, module: number): number {
  let known = 0;
  let other = 0;
  let fresh = 0;
  let idle = 0;
  forEachIsolate((at) => {
    if (load(at + ISOLATE.state) !== ISOLATE_IDLE) return;
    idle++;
    const loaded = r32(at + ISOLATE.loaded);
    if (loaded === 0) fresh = at;
    else if (load(at + ISOLATE.module) !== module) return;
    else if (loaded === file) known = at;
    else other = at;
  });
  if (idle <= sysctlGet('kernel.warm_isolates')) ringHost();
  for (const at of [known, fresh, other]) if (at !== 0 && cas(at + ISOLATE.state, ISOLATE_IDLE, ISOLATE_BUSY) === ISOLATE_IDLE) return at;
  return 0;
}

/** The CPU with the fewest own isolates at work. A scan; threads are not started often enough to need better. */
function leastBusyCpu(): number {
  const busy = Array.from({ length: r32(machineWord(MACHINE.nr_cpus)) }, () => 0);
  forEachIsolate((at) => {
    if (r32(at + ISOLATE.kind) === OWN && load(at + ISOLATE.state) === ISOLATE_BUSY) busy[load(at + ISOLATE.cpu)]++;
  });
  return busy.indexOf(Math.min(...busy));
}

/** Gives a claimed isolate back that got no thread: to the pool, or, if it was to serve one thread only, away. */
export function unclaim(number: number): void {
  const at = isolateSlotAt(number);
  if (r32(at + ISOLATE.kind) === OWN) {
    if (cas(at + ISOLATE.state, ISOLATE_STARTING, ISOLATE_WARMING) !== ISOLATE_STARTING) cas(at + ISOLATE.state, ISOLATE_BUSY, ISOLATE_IDLE);
  } else if (cas(at + ISOLATE.retire, RETIRE_LAST, RETIRE_NOW) === RETIRE_LAST) ring(at);
}

/** The shared isolate of `cpu` for this isolate's module; started if there is none yet. Throws EAGAIN when the table is full. */
export function findSharedIsolate(cpu: number): number {
  const module = isolateModule();
  const lock = machineWord(MACHINE.modules_lock);
  let found = 0;
  rawSpinLock(lock);
  try {
    forEachIsolate((at) => {
      const fits = r32(at + ISOLATE.kind) === SHARED && load(at + ISOLATE.cpu) === cpu && load(at + ISOLATE.module) === module && load(at + ISOLATE.retire) === 0;
      const number = r32(at + ISOLATE.number);
      if (fits && number !== HOST_ISOLATE && isolateAlive(number)) found = number;
    });
    if (found === 0) found = reserveIsolate(SHARED, cpu, module);
  } finally {
    rawSpinUnlock(lock);
  }
  ringHost();
  return found;
}

/** Hands a new task to the own isolate that was claimed for it. */
export function giveTask(number: number, task: number): void {
  const at = isolateSlotAt(number);
  store(at + ISOLATE.task, task);
  ring(at);
}

// --- The life of an own isolate -----------------------------------------------------------------------------------

let warmUp = async (): Promise<unknown> => undefined;

/** What an isolate does before it waits for its first thread, on a machine with modules of other languages. */
export const onWarming = (fn: typeof warmUp): void => void (warmUp = fn);

/** From now on isolates that get warm do that, and the first ones start at once. */
export function warmForeign(): void {
  store(machineWord(MACHINE.foreign), 1);
  ringHost();
}

export interface OwnLife {
  /** The file that declares the task's function. */
  fileOf(task: number): string;
  run(task: number): Promise<void>;
}

/** Runs the threads that this isolate is claimed for, one after the other, until others suffice. */
export async function ownIsolate({ fileOf, run }: OwnLife): Promise<void> {
  if (cas(self + ISOLATE.state, ISOLATE_STARTING, ISOLATE_BUSY) !== ISOLATE_STARTING) {
    if (load(machineWord(MACHINE.foreign)) !== 0) await warmUp();
    if (cas(self + ISOLATE.state, ISOLATE_WARMING, ISOLATE_IDLE) === ISOLATE_WARMING && isTooMany()) return; // Others became idle while it got warm.
  }
  for (;;) {
    const task = nextTask();
    await loadFile(fileOf(task));
    w32(self + ISOLATE.loaded, hashOf(fileOf(task))); // Not what was read to get warm: that suits every module.
    await run(task);
    host.setThreadName('kthread/idle');
    store(self + ISOLATE.task, 0);
    if (!beNiceNoMore()) return void store(self + ISOLATE.state, ISOLATE_DEAD);
    store(self + ISOLATE.state, ISOLATE_IDLE);
    if (isTooMany()) return;
  }
}

/** Whether others suffice: then this isolate, which just became idle, is dead. Counted afterwards: of several that become idle at once, each sees the others. */
const isTooMany = (): boolean => idleIsolates() > IDLE_ISOLATES_MAX && cas(self + ISOLATE.state, ISOLATE_IDLE, ISOLATE_DEAD) === ISOLATE_IDLE;

/** Blocks until there is a task. */
function nextTask(): number {
  for (;;) {
    const seen = load(self + ISOLATE.bell);
    const task = load(self + ISOLATE.task);
    if (task !== 0) return task;
    futexWait(self + ISOLATE.bell, seen, Infinity);
  }
}

function idleIsolates(): number {
  let idle = 0;
  forEachIsolate((at) => {
    if (load(at + ISOLATE.state) === ISOLATE_IDLE) idle++;
  });
  return idle;
}

/** A shared isolate that was made for one thread ends with it, or without it if it never comes. */
export function retireIfDone(atLeast = RETIRE_LAST): void {
  if (load(self + ISOLATE.retire) < atLeast || r32(self + ISOLATE.threads) > 0) return;
  store(self + ISOLATE.state, ISOLATE_DEAD);
  host.endIsolate();
}
