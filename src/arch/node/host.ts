/**
 * Node.js as the machine's platform: answers arch/host.ts with worker threads, AsyncLocalStorage and the file system.
 * It holds no kernel state and makes no decisions.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import { basename, extname, resolve } from 'node:path';
import { performance } from 'node:perf_hooks'; // Not the global: each use of that calls a getter.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, threadId as workerThread, Worker } from 'node:worker_threads';
import type { ContextVar, Host, IsolateProcess } from '../host.js';
import { deserialize, serialize } from './clone.js';
import { sourceFrame } from './source_map.js';

/** What a worker of ours is told at its start. */
interface IsolateData {
  readonly kthread: { readonly memory: WebAssembly.Memory; readonly number: number };
}

/** Timers at most this far ahead, ms: Node's own limit. */
const ALARM_MAX = 2 ** 31 - 1;
const HEARTBEAT = 2 ** 30;

let onAlarmFn: () => void = () => {};
let alarmTimer: NodeJS.Timeout | undefined;
let alive: NodeJS.Timeout | undefined;
let commFile: number | undefined;
/** The kernel memory as the engine made it: its buffer alone is not what wasm can be given. */
let wasmMemory: WebAssembly.Memory;

function contextVar<T extends object>(): ContextVar<T> {
  const storage = new AsyncLocalStorage<T | undefined>();
  return { get: () => storage.getStore(), run: (value, fn) => storage.run(value, fn), disable: () => storage.disable() };
}

function errorTrace(skip: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 32;
  Error.captureStackTrace(holder, skip);
  Error.stackTraceLimit = stackTraceLimit;
  return (holder.stack ?? '').split('\n').slice(1).map((line) => line.trim()).filter((line) => !line.includes('(node:')).join('\n');
}

/** A worker's first act: takes the memory it was given, and returns the number it was given. */
export function joinWorker(data: unknown): { memory: SharedArrayBuffer; number: number } {
  const { memory, number } = (data as IsolateData).kthread;
  wasmMemory = memory;
  return { memory: memory.buffer, number };
}

function startWorker(file: string, number: number, name: string, onExit: (why: string) => void): IsolateProcess {
  const workerData: IsolateData = { kthread: { memory: wasmMemory, number } };
  const worker = new Worker(new URL(file, import.meta.url), { name, workerData });
  worker.unref();
  let why = '';
  worker.on('error', (error: NodeJS.ErrnoException) => {
    why = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'its isolate ran out of memory' : `its isolate died: ${error.stack ?? String(error)}`;
  });
  worker.on('exit', (code) => onExit(why || (code === 0 ? '' : `its isolate exited with code ${code}`)));
  return { terminate: async () => void (await worker.terminate()) };
}

/** The OS name of this thread, by the file in which Linux keeps it. */
function setThreadName(name: string): void {
  if (isMainThread || process.platform !== 'linux') return;
  try {
    commFile ??= openSync('/proc/thread-self/comm', 'w');
    writeSync(commFile, name.slice(0, 15) || '?');
  } catch {
    // A sandbox without /proc: the thread goes without a name.
  }
}

function threadId(): number {
  try {
    return process.platform === 'linux' ? Number(readlinkSync('/proc/thread-self').split('/').pop()) : 0;
  } catch {
    return 0;
  }
}

const threadExists = (tid: number): boolean => existsSync(`/proc/self/task/${tid}`);

function setNice(tid: number, nice: number): boolean {
  if (process.platform !== 'linux' || tid === 0) return false; // Elsewhere it would be the process's.
  try {
    setPriority(tid, nice);
    return true;
  } catch {
    return false; // Below 0, and back from above, needs rights.
  }
}

/** Of the script; node itself where there is none, as with --eval. */
function programName(): string {
  const script = process.argv[1] ?? process.argv0;
  return basename(script, extname(script)) || 'node';
}

function threadCpuTime(tid: number): number {
  try {
    return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'latin1').split(' ', 1)[0]) / 1e6;
  } catch {
    return 0;
  }
}

function write(fd: 1 | 2, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return; // EPIPE: nobody reads any more.
      breathe();
    }
  }
}

/** The pipe is full: its reader needs a moment. */
function breathe(): void {
  const until = performance.now() + 1;
  while (performance.now() < until) continue;
}

function resolveFile(file: string | URL): { url: string; path: string; exists: boolean } {
  const path = file instanceof URL || file.startsWith('file:') ? fileURLToPath(file) : resolve(file);
  return { url: pathToFileURL(path).href, path, exists: existsSync(path) };
}

export const nodeHost: Host = {
  clock: () => performance.now(),
  wallClock: () => Date.now(),
  entropy: () => Number(process.hrtime.bigint() & 0x7fffffffn) ^ process.pid,
  cpus: () => availableParallelism(),
  programName,
  reserveMemory: (bytes) => (wasmMemory = new WebAssembly.Memory({ initial: bytes / 65536, maximum: bytes / 65536, shared: true })).buffer,
  wasmMemory: () => wasmMemory,
  turn: (fn) => void setImmediate(fn),
  alarm(ms) {
    clearTimeout(alarmTimer);
    alarmTimer = setTimeout(onAlarmFn, Math.min(Math.ceil(ms), ALARM_MAX)).unref();
  },
  cancelAlarm: () => clearTimeout(alarmTimer),
  onAlarm: (fn) => void (onAlarmFn = fn),
  keepAlive(on) {
    if (on) alive = (alive ?? setInterval(() => {}, HEARTBEAT)).ref();
    else alive?.unref();
  },
  contextVar,
  errorTrace,
  sourceFrame,
  serialize,
  deserialize,
  startHostWorker: (onExit) => startWorker('./hostd.js', 2, 'kthread-host', onExit),
  startIsolate: (number, name, onExit) => startWorker('./isolate.js', number, name, onExit),
  endIsolate: () => setImmediate(() => process.exit(0)),
  loadModule: async (url) => (await import('./load.js')).loadModule(url),
  resolveFile,
  setThreadName,
  workerId: () => workerThread,
  backtrace: async (thread, tid) => (await import('./nmi.js')).backtrace(thread, tid),
  threadId,
  threadCpuTime,
  threadExists,
  setNice,
  write,
};
