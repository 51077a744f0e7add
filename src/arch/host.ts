/**
 * Everything the kernel asks of the world outside its memory: time, other isolates, the event loop, output. One object
 * answers it (arch/node; later browser and simulation); nothing in kernel/ names a platform. Prose first, since the
 * promises matter more than the signatures.
 */

/** A value that follows a chain of awaits, as AsyncLocalStorage does. */
export interface ContextVar<T extends object> {
  get(): T | undefined;
  run<R>(value: T | undefined, fn: () => R): R;
  /** Stops following, so that awaits cost nothing more; the next run() starts it again. */
  disable(): void;
}

/** The OS thread of one isolate, as the host worker sees it. */
export interface IsolateProcess {
  /** Ends it, whatever it does. Resolves when it is gone. */
  terminate(): Promise<void>;
}

export interface Host {
  /** Milliseconds, monotonic, the same on every isolate of the process, with fractions of a microsecond. */
  clock(): number;
  /** Milliseconds since 1970, for people. */
  wallClock(): number;
  /** A 31-bit number that differs from process to process and boot to boot. */
  entropy(): number;
  /** CPUs that the process may use. */
  cpus(): number;
  /** What people call the program that runs, a word or a few. */
  programName(): string;
  /** Reserves `bytes` of shared memory, zeroed; throws where the platform refuses. */
  reserveMemory(bytes: number): SharedArrayBuffer;
  /** The kernel memory of this isolate as what a module in wasm imports. */
  wasmMemory(): WebAssembly.Memory;

  /** Runs `fn` from the event loop after input and output had their turn. Does not keep the process alive. */
  turn(fn: () => void): void;
  /** One alarm per isolate: calls the function given to onAlarm about `ms` later. May be early or late: look at the clock. */
  alarm(ms: number): void;
  cancelAlarm(): void;
  onAlarm(fn: () => void): void;
  /** Keeps this isolate's event loop alive (true) or lets it end (false). */
  keepAlive(on: boolean): void;

  contextVar<T extends object>(): ContextVar<T>;
  /** Lines of "at ..." for the caller's call stack and the awaits behind it, without `skip` and what it called. */
  errorTrace(skip: (...args: never[]) => unknown): string;

  /** A line of a stack with the position in the file that a person wrote, where a compiler wrote the one that runs. */
  sourceFrame(frame: string): string;
  /** A structured clone as bytes; views of kernel memory stay views of it. Throws for what cannot be cloned. */
  serialize(value: unknown): Uint8Array;
  deserialize(bytes: Uint8Array): unknown;

  /** Starts the host worker, isolate 2 of the machine. `onExit` hears when it is gone. */
  startHostWorker(onExit: (why: string) => void): IsolateProcess;
  /** On the host worker: starts isolate `number`, named `name`. `onExit` hears when it is gone, and why if not by order. */
  startIsolate(number: number, name: string, onExit: (why: string) => void): IsolateProcess;
  /** Ends this isolate: its event loop first does what it has begun. */
  endIsolate(): void;

  /** Imports a module file. Resolves when its top level has run. */
  loadModule(url: string): Promise<void>;
  /** The URL of the file that a person named, and the name a module gets from it. */
  resolveFile(file: string | URL): { url: string; path: string; exists: boolean };

  /** Names this isolate's OS thread (15 bytes), where the platform can; never the process's main thread. */
  setThreadName(name: string): void;
  /** The platform's number of this isolate's thread, by which backtrace knows it. */
  workerId(): number;
  /**
   * On the host worker: the call stack of what runs or blocks on the thread of an isolate, by both its numbers, lines of "at ...";
   * a line without "at" where only the operating system can say something; empty where nothing can be had.
   */
  backtrace(worker: number, tid: number): Promise<string>;
  /** CPU time that an OS thread of this process has used, ms; 0 where unknown. */
  threadCpuTime(tid: number): number;
  /** Whether the OS thread `tid` of this process still runs. Only asked where threadId() knows. */
  threadExists(tid: number): boolean;
  /** Gives an OS thread of this process a nice value, -20 to 19. False where the platform has no such thing or refuses. */
  setNice(tid: number, nice: number): boolean;
  /** OS thread id of this isolate, 0 where unknown. */
  threadId(): number;
  /** Writes to standard output (1) or error (2) at once, blocking; drops what a closed pipe refuses. */
  write(fd: 1 | 2, text: string): void;
}

/** The platform of this isolate. Set once, before anything in kernel/ runs. */
export let host: Host;

export function setHost(platform: Host): void {
  host = platform;
}
