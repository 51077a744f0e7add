/**
 * Files as a program uses them: openFile() starts a process that opens one, and what the handle is asked for that process
 * does. So a driver's code runs in a task of its own, which may block and be interrupted, and whoever asked has an event
 * loop that goes on. What the process does is task.ts's.
 */
import { fetchAnd, load } from '../../lib/atomic.js';
import { EBADF, EFAULT, EIO, ENOMEM, KernelError } from '../../lib/errno.js';
import { listAddTail, listInit } from '../../lib/list.js';
import { r32, rf64, u8, w32, wf64 } from '../../lib/memory.js';
import { isDead } from '../../kernel/fork.js';
import { createFor, getTaskStruct, putTaskStruct, wakeUpProcess, type ThreadFn } from '../../kernel/kthread.js';
import { MACHINE, machineWord } from '../../kernel/memlayout.js';
import { kzalloc } from '../../kernel/mm/slab.js';
import { COMPLETION, initCompletionAt, waitForCommon } from '../../kernel/sched/completion.js';
import { block, wakeUpState, type Blocking, type WaitOptions } from '../../kernel/sched/core.js';
import type { Task } from '../../kernel/sched/handle.js';
import { PF_KTHREAD, TASK, TASK_IDLE, TASK_NORMAL } from '../../kernel/sched/task.js';
import { SIGHUP, SIGINT, sendSig } from '../../kernel/signal.js';
import { me } from '../../kernel/smp.js';
import { uptime } from '../../kernel/time/time.js';
import { fsLocked, putEntry } from './dcache.js';
import { ownEntry } from './own.js';
import { reapLost } from './file_table.js';
import { FS, PROCESS, REQUEST } from './records.js';
import { OP_CLOSE, OP_IOCTL, OP_LLSEEK, OP_OPEN, OP_POLL, OP_READ, OP_WRITE, allocUser, freeRequest, lockProcess, putProcess, unlockProcess } from './request.js';

/** How often who waits for an answer looks whether the process still lives, ms. */
const LOOK_MS = 250;

export interface OpenOptions {
  /** O_RDONLY, O_WRONLY, O_RDWR, with O_NONBLOCK, O_APPEND, O_TRUNC. Default: O_RDONLY. */
  readonly flags?: number;
  /** What the process is called in ps: the command that it stands for. Default: 'cat'. */
  readonly name?: string;
  /** Hears of the file before it is open, which may take as long as its driver likes: signal() ends the waiting. */
  readonly started?: (file: KernelFile) => void;
}

/**
 * Opens a file of the machine: a device, what a module in C has below /proc or /sys, or the kernel's own of /proc. A process of its own, named as the
 * options say, opens it and keeps it open; it ends with close(), or with the program. Throws KernelError with what the driver
 * said, ENOENT, ENXIO (no driver has that device), EISDIR, EFAULT (an oops ended the process), EAGAIN or ENOMEM. Sleeps. C: open(2).
 */
export async function openFile(path: string, { flags = 0, name = 'cat', started }: OpenOptions = {}): Promise<KernelFile> {
  const { cProcess } = await import('../run.js');
  const own = await ownEntry(path);
  reapLost();
  const process = newProcess();
  const file = new KernelFile(path, process, await startProcess(process, name, cProcess));
  wakeUpProcess(file.task);
  try {
    const opening = file.ask((pid) => requestWith(OP_OPEN, pid, flags, new TextEncoder().encode(`${path}\0`), own), 'open');
    started?.(file); // It has been asked: a signal from here on is one that ended the open.
    await opening;
  } catch (error) {
    file.forget();
    throw error;
  } finally {
    if (own !== 0) putEntry(own);
  }
  return file;
}

function newProcess(): number {
  const process = kzalloc(PROCESS.sizeof);
  if (process === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for a process');
  listInit(process + PROCESS.requests);
  w32(process + PROCESS.refs, 2);
  w32(process + PROCESS.user, me);
  fsLocked((fs) => listAddTail(process + PROCESS.link, fs + FS.processes));
  return process;
}

async function startProcess(process: number, name: string, fn: ThreadFn<number>): Promise<Task> {
  try {
    const task = await createFor(0, fn, process, name);
    getTaskStruct(task);
    fetchAnd(task.addr + TASK.flags, ~PF_KTHREAD);
    w32(task.addr + TASK.mm, machineWord(0)); // It is a process; what of, nobody may ask.
    w32(task.addr + TASK.ppid, 1);
    w32(task.addr + TASK.real_parent, r32(machineWord(MACHINE.init_task)));
    w32(process + PROCESS.task, task.addr);
    return task.unref();
  } catch (error) {
    putProcess(process);
    putProcess(process);
    throw error;
  }
}

function newRequest(op: number, pid: number, { a = 0, offset = 0, size = 0, buffer = false }: { readonly a?: number; readonly offset?: number; readonly size?: number; readonly buffer?: boolean }): number {
  const request = kzalloc(REQUEST.sizeof);
  const buf = buffer ? allocUser(size, pid) : 0;
  if (request === 0 || (buffer && buf === 0)) throw new KernelError(-ENOMEM, `kernel memory is out: no room for ${size} bytes of a process`);
  w32(request + REQUEST.op, op);
  w32(request + REQUEST.a, a);
  w32(request + REQUEST.buf, buf);
  w32(request + REQUEST.size, size);
  wf64(request + REQUEST.offset, offset);
  initCompletionAt(request + REQUEST.done);
  return request;
}

function requestWith(op: number, pid: number, a: number, bytes: Uint8Array, offset = 0): number {
  const request = newRequest(op, pid, { a, offset, size: bytes.length, buffer: true });
  u8.set(bytes, bufOf(request));
  return request;
}

/** What is left of a handle that nobody has any more. */
interface Left {
  readonly serial: number;
  readonly process: number;
  readonly task: Task;
}

const serialNow = (): number => (me === 0 ? 0 : r32(machineWord(MACHINE.serial)));

/** Files that were forgotten are closed: their processes hang up. */
const forgotten = new FinalizationRegistry<Left>(({ serial, process, task }) => {
  if (serial !== serialNow()) return;
  sendSig(SIGHUP, task, false);
  putTaskStruct(task);
  putProcess(process);
});

/**
 * An open file, in the hands of a process. One thing is done after the other, in the order in which it was asked for. What
 * sleeps takes a `signal` that interrupts it, as signal(SIGINT) does: then the process ends, and the wait with EINTR.
 */
export class KernelFile {
  private state: 'open' | 'closed' = 'open';
  private kept = true;
  private readonly serial = serialNow();

  /** Not for users: openFile makes them. */
  constructor(
    readonly path: string,
    private readonly process: number,
    /** The process. */
    readonly task: Task,
  ) {
    forgotten.register(this, { serial: this.serial, process, task }, this);
  }

  /** Reads `size` bytes at most, from where the file stands; none at its end. Sleeps as long as the driver does. Throws KernelError with what the driver said, EINTR when a signal ended it, EFAULT when an oops ended the process. C: read(2). */
  read(size: number, opt?: WaitOptions): Promise<Uint8Array> {
    return this.ask((pid) => newRequest(OP_READ, pid, { size, buffer: true }), 'read', (count, request) => u8.slice(bufOf(request), bufOf(request) + count), opt);
  }

  /** Writes `data`, or less; returns how many bytes were taken. Sleeps and throws as read. C: write(2). */
  write(data: Uint8Array | string, opt?: WaitOptions): Promise<number> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    return this.ask((pid) => requestWith(OP_WRITE, pid, 0, bytes), 'write', undefined, opt);
  }

  /** Has the driver do `cmd`. `arg` is a number, or bytes whose address it gets; what it writes there stands in `arg` afterwards. Returns what it said, not negative. Sleeps and throws as read; ENOTTY: the driver does not know it. C: ioctl(2). */
  ioctl(cmd: number, arg: number | Uint8Array = 0, opt?: WaitOptions): Promise<number> {
    if (typeof arg === 'number') return this.ask((pid) => newRequest(OP_IOCTL, pid, { a: cmd, size: arg, buffer: false }), 'ioctl', undefined, opt);
    return this.ask((pid) => requestWith(OP_IOCTL, pid, cmd, arg), 'ioctl', (result, request) => {
      arg.set(u8.subarray(bufOf(request), bufOf(request) + arg.length));
      return result;
    }, opt);
  }

  /** Moves to `offset` from the start (whence 0), from where it stands (1) or from the end (2). Returns where it stands then. Throws ESPIPE where that is not possible. C: lseek(2). */
  llseek(offset: number, whence = 0): Promise<number> {
    return this.ask((pid) => newRequest(OP_LLSEEK, pid, { a: whence, offset }), 'lseek', (_, request) => rf64(request + REQUEST.offset));
  }

  /** What of `events` (POLLIN 1, POLLOUT 4, ...) the file is ready for, 0 when `timeout` ms have passed; less than 0 waits for ever. Sleeps; throws EINTR. C: poll(2). */
  poll(events: number, timeout = -1, opt?: WaitOptions): Promise<number> {
    return this.ask((pid) => newRequest(OP_POLL, pid, { a: events, offset: timeout }), 'poll', undefined, opt);
  }

  /** Sends the process a signal, as Ctrl-C sends SIGINT: what it sleeps in interruptibly ends, and so does the process, which closes the file. False: it has ended already. */
  signal(sig: number): boolean {
    if (!this.task.exists || isDead(this.task.addr)) return false;
    if (load(this.process + PROCESS.sig) === 0) w32(this.process + PROCESS.sig, sig);
    return sendSig(sig, this.task, false) === 0;
  }

  /** Closes the file and ends the process; its driver's release has returned then. A second call does nothing. Throws what the driver's flush said; it is closed all the same. Sleeps. C: close(2). */
  async close(): Promise<void> {
    if (this.state === 'closed') return;
    if (!this.task.exists || isDead(this.task.addr) || this.serial !== serialNow()) return this.forget(); // It has closed it.
    const closing = this.ask((pid) => newRequest(OP_CLOSE, pid, {}), 'close');
    this.state = 'closed';
    try {
      await closing;
    } catch (error) {
      if (!(error instanceof KernelError) || error.thread === undefined) throw error; // Else the process has ended meanwhile, and closed it.
    } finally {
      this.forget();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Not for users. Asks the process, and sleeps until it answers. */
  async ask<T = number>(make: (pid: number) => number, what: string, take: (result: number, request: number) => T = (result) => result as T, { signal }: WaitOptions = {}): Promise<T> {
    signal?.throwIfAborted();
    if (this.state === 'closed') throw new KernelError(-EBADF, `${what} ${this.path}: it is closed`);
    if (this.serial !== serialNow()) throw new KernelError(-EIO, `${what} ${this.path}: its machine has halted`);
    const request = make(this.task.pid);
    const thread = `${this.task.comm}[${this.task.pid}]`;
    const interrupt = (): void => void this.signal(SIGINT);
    signal?.addEventListener('abort', interrupt);
    try {
      if (!this.enlist(request)) throw new KernelError(-EIO, `${what} ${this.path}: its process has ended`, { thread });
      const answered = await block('wait4', (waiter) => waitForAnswer(waiter, request, this.task.addr));
      if (!answered) reapLost();
      const result = answered ? r32(request + REQUEST.result) : -EFAULT;
      if (result < 0) throw new KernelError(result, `${what} ${this.path}${answered ? '' : ': its process was ended'}`, { thread: answered ? undefined : thread });
      return take(result, request);
    } finally {
      signal?.removeEventListener('abort', interrupt);
      freeRequest(request);
    }
  }

  private enlist(request: number): boolean {
    lockProcess(this.process);
    const task = r32(this.process + PROCESS.task);
    if (task !== 0) listAddTail(request, this.process + PROCESS.requests); // [files:ask] pairs with files:sleep
    unlockProcess(this.process);
    if (task !== 0) wakeUpState(task, TASK_NORMAL);
    return task !== 0;
  }

  /** Not for users. The process is on its way out. */
  forget(): void {
    if (!this.kept) return;
    this.kept = false;
    this.state = 'closed';
    forgotten.unregister(this);
    if (this.serial !== serialNow()) return;
    putTaskStruct(this.task);
    putProcess(this.process);
  }
}

const bufOf = (request: number): number => r32(request + REQUEST.buf);

/** Whether there was an answer: not from a process that was ended from outside. */
function* waitForAnswer(waiter: number, request: number, task: number): Blocking<boolean> {
  for (;;) {
    const left = yield* waitForCommon(waiter, request + REQUEST.done, TASK_IDLE, uptime() + LOOK_MS);
    if (left > 0) return true;
    if (isDead(task)) return r32(request + REQUEST.done + COMPLETION.done) !== 0;
  }
}
