/**
 * What a machine and those who look at it from outside say to each other: the shape of every frame, the calls, and the
 * limits. docs/protocol.md tells it in prose. No code of either end is here, and nothing that needs Node.
 *
 * A frame is one JSON object on a line. The machine begins with a hello; then each request gets any number of items and
 * one result or error, all with its id. Answers to different requests may come in any order.
 */
import type { ProcTask } from '../fs/proc.js';
import type { Module, InsmodOptions } from '../kernel/module.js';
import type { ParamInput } from '../kernel/params.js';
import type { LogRecord } from '../kernel/printk/ringbuffer.js';

/** Grows when a client that knows only the old one would misunderstand. New calls and new fields are no such change. */
export const PROTOCOL_VERSION = 1;
/** Longest request, bytes, its newline included. A longer one ends the connection. Answers have no such limit. */
export const REQUEST_MAX = 64 * 1024;
/** Requests of one connection that are being served; more are not read until one of them is done. */
export const REQUESTS_MAX = 32;
/** Frames that are none; the next one ends the connection. */
export const BAD_FRAMES_MAX = 16;
/** Files that one connection may have open at a time: each has a process of its own. */
export const FILES_MAX = 16;
/** Bytes that one write may take, and one read give. They travel as base64. */
export const WRITE_MAX = 32 * 1024, READ_MAX = 128 * 1024;
/** Connections at a time. */
export const CLIENTS_MAX = 512;

/** What the machine says first. */
export interface Hello {
  readonly hello: 'kthread';
  readonly protocol: number;
  /** Of the package. */
  readonly version: string;
  /** Of the process that the machine is in. */
  readonly pid: number;
  /** What boot() or `kthread run` called the machine. */
  readonly name: string;
  readonly access: 'full' | 'read-only';
  readonly node: string;
  readonly cpus: number;
  readonly hz: number;
  /** When it booted, ms since 1970. */
  readonly bootWallTime: number;
  /** Who runs the process. */
  readonly user: string;
  readonly uid: number;
}

export interface Request<N extends CallName = CallName> {
  readonly id: number;
  readonly call: N;
  readonly args?: Calls[N]['args'];
}

/** Ends a request that still goes on; it is answered with ECANCELED unless it was done already. */
export interface Cancel {
  readonly cancel: number;
}

export interface CallError {
  /** Negative. */
  readonly errno: number;
  readonly code: string;
  /** A sentence for people, without the code. */
  readonly message: string;
  /** Where a thread is that did not do as it was told, a line a function. */
  readonly trace?: readonly string[];
}

/** An error without an id is about the connection, which ends with it unless it was one bad frame. */
export type Answer = { readonly id: number; readonly item: unknown } | { readonly id: number; readonly result: unknown } | { readonly id?: number; readonly error: CallError };

/** A task by its pid, or by its name where only one has it. */
export type Who = number | string;
export interface Named {
  readonly pid: number;
  readonly name: string;
}

/** A name in a directory. */
export interface FileItem {
  readonly name: string;
  /** With the type, as of stat(2). */
  readonly mode: number;
  /** Of a device: major << 20 | minor. */
  readonly rdev: number;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** What the machine is made of right now. Times are ms. */
export interface MachineStat {
  /** Since boot. */
  readonly now: number;
  /** Tasks by the letter of their state. */
  readonly tasks: Readonly<Record<string, number>>;
  readonly cpus: ReadonlyArray<{ readonly cpu: number; readonly online: boolean; /** Thread work since boot. */ readonly busy: number }>;
  readonly switches: number;
  readonly lastPid: number;
  readonly isolates: ReadonlyArray<{ readonly number: number; readonly kind: 'shared' | 'own'; readonly cpu: number; readonly tid: number; readonly threads: number; readonly busy: number; readonly comm: string }>;
  readonly tainted: string;
}

/**
 * What the scheduler did: a task began to run on an isolate, left the CPU, or was woken by what the isolate ran. `time` is
 * ms since boot. `state` is the letter of ps, `wchan` what it sleeps in ('0': nothing).
 */
export type TraceEvent =
  | readonly [kind: 'run' | 'wake', time: number, isolate: number, pid: number, comm: string, cpu: number, prio: number]
  | readonly [kind: 'stop', time: number, isolate: number, pid: number, comm: string, state: string, wchan: string];

type None = Readonly<Record<string, never>>;
type Waits = { readonly timeout?: number };

/**
 * Every call: its arguments, what each item is, and its result. Times are ms, of the log since boot. An empty `args` may be left out.
 * Those in CHANGES are refused with EPERM where the machine is read-only.
 */
export interface Calls {
  stat: { args: None; item: never; result: MachineStat };
  /** Items: tasks by ascending pid, some at a time. */
  ps: { args: { readonly who?: readonly Who[] }; item: readonly ProcTask[]; result: { readonly now: number } };
  /** Items: records, some at a time, and how many were overwritten before them. With `follow` there is no result. */
  dmesg: {
    args: { readonly follow?: boolean; readonly from?: 'oldest' | 'cleared' | 'next' | number; readonly since?: number; readonly levels?: readonly number[] };
    item: { readonly lost: number; readonly records: readonly LogRecord[] };
    result: { readonly next: number };
  };
  /** The next dmesg begins at this record, by default the next one. */
  clear: { args: { readonly seq?: number }; item: never; result: None };
  /** A file of the kernel's own /proc, all at once; no process opens it. */
  cat: { args: { readonly path: string }; item: never; result: { readonly text: string } };
  /** What is in the directory `path`, by name, or the file itself. */
  ls: { args: { readonly path: string }; item: never; result: readonly FileItem[] };
  /** Makes the name `path` for a character device. */
  mknod: { args: { readonly path: string; readonly major: number; readonly minor: number }; item: never; result: None };
  /**
   * A process named `name` opens a file of the machine, `flags` as for open(2), and does with it what is asked further on. It ends with
   * the connection, if not before. Item: the process, as soon as it is there. To cancel this, or any other call about the file, sends the
   * process SIGINT; the call is answered when the process heard it.
   */
  open: { args: { readonly path: string; readonly flags?: number; readonly name?: string }; item: Named; result: { readonly fd: number } & Named };
  /** `size` bytes at most, as base64; none at the end of the file. */
  read: { args: { readonly fd: number; readonly size?: number }; item: never; result: { readonly data: string } };
  /** Either `text` or `data`, base64. The driver may take fewer bytes than there are. */
  write: { args: { readonly fd: number; readonly text?: string; readonly data?: string }; item: never; result: { readonly count: number } };
  /** `arg` is a number, or with `data` (base64) the address of those bytes; what the driver put there is in the result. */
  ioctl: { args: { readonly fd: number; readonly cmd: number; readonly arg?: number; readonly data?: string }; item: never; result: { readonly value: number; readonly data?: string } };
  /** Its release has run when this is answered, and the process has ended. */
  close: { args: { readonly fd: number }; item: never; result: None };
  stack: { args: { readonly who: Who }; item: never; result: Named & { readonly state: string; readonly trace: readonly string[] } };
  modules: { args: None; item: never; result: readonly Module[] };
  /** Items: lines that are worth reading while one waits, such as a compiler's warnings. */
  insmod: { args: { readonly file: string; readonly params?: Readonly<Record<string, ParamInput>> } & Omit<InsmodOptions, 'say'>; item: string; result: Module };
  /** `broke`: what `force` did that it should not have to, a sentence each. */
  rmmod: { args: { readonly name: string; readonly force?: boolean }; item: never; result: { readonly broke: readonly string[] } };
  /** A name stands for all tasks that bear it. */
  kill: { args: { readonly who: Who; readonly signal: number }; item: never; result: readonly Named[] };
  /** `timeout`: ms to wait for it, Infinity if left out. */
  stop: { args: { readonly who: Who } & Waits; item: never; result: Named & { readonly value: number } };
  park: { args: { readonly who: Who } & Waits; item: never; result: Named };
  unpark: { args: { readonly who: Who }; item: never; result: Named };
  wake: { args: { readonly who: Who }; item: never; result: Named & { readonly woken: boolean } };
  /** All threads that let themselves be frozen. */
  freeze: { args: None; item: never; result: { readonly frozen: readonly Named[] } };
  thaw: { args: None; item: never; result: None };
  renice: { args: { readonly who: Who; readonly nice: number }; item: never; result: Named & { readonly before: number; readonly nice: number } };
  /** With `cpus`, sets them. */
  affinity: { args: { readonly who: Who; readonly cpus?: readonly number[] }; item: never; result: Named & { readonly before: readonly number[]; readonly cpus: readonly number[] } };
  /** Reads settings, all if none is named, or writes those that are given a value. */
  sysctl: { args: { readonly names?: readonly string[]; readonly set?: Readonly<Record<string, string>> }; item: never; result: Readonly<Record<string, string>> };
  /**
   * Records for so many ms. Items: events of one isolate by time, and how many were lost meanwhile. What runs when it begins
   * is said to begin then. EBUSY while another client does it.
   */
  trace: { args: { readonly ms: number }; item: { readonly events: readonly TraceEvent[]; readonly lost: number }; result: { readonly from: number; readonly to: number; readonly lost: number } };
  metrics: { args: None; item: never; result: { readonly text: string } };
}

export type CallName = keyof Calls;

/** Calls that change the machine. `sysctl` and `affinity` do when they are given something to set, `open` when it is for writing. */
export const CHANGES: ReadonlySet<CallName> = new Set<CallName>(['clear', 'insmod', 'rmmod', 'kill', 'stop', 'park', 'unpark', 'freeze', 'thaw', 'wake', 'renice', 'write', 'ioctl', 'mknod']);
