/**
 * A file of the machine that a process there has open for a command, and what Ctrl-C means meanwhile: a signal for that
 * process. Where it does not hear signals, that is said, and a second Ctrl-C leaves it behind. What a command does with the
 * file is files.ts's.
 */
import { strerror } from '../index.js';
import type { CallName, Calls } from '../server/protocol.js';
import { WRITE_MAX } from '../server/protocol.js';
import { ControlError, type Client } from './client.js';
import { FAILED, type Surroundings } from './command.js';

const O_WRONLY = 1, O_RDWR = 2, O_TRUNC = 0o1000, O_APPEND = 0o2000;
/** How a file is opened: as cat, >, >> and a program that talks to a driver do. */
export const READ = 0, BOTH = O_RDWR, WRITE = O_WRONLY | O_TRUNC, APPEND = O_WRONLY | O_APPEND;

/** How long a process may take to end of a signal before one is told where it is, ms. */
const PATIENCE_MS = 500;
const EFAULT = -14;

/** Ctrl-C ended it. */
export class Interrupted extends Error {}

/** The machine's words about a file, as a shell would say them. */
export class FileError extends Error {}

/** What a session needs of its command. */
interface Command {
  readonly client: Client;
  readonly around: Pick<Surroundings, 'complain' | 'onInterrupt'>;
}

/**
 * Has `work` done with the file `path`, opened by a process named `name`, and closes it. Throws FileError, and Interrupted
 * after Ctrl-C.
 */
export async function withFile<T>(command: Command, name: string, path: string, flags: number, work: (file: RemoteFile) => Promise<T>): Promise<T> {
  const file = new RemoteFile(command, name, path);
  const giveBack = command.around.onInterrupt(() => file.interrupt());
  try {
    return await Promise.race([file.run(flags, work), file.left]);
  } finally {
    giveBack();
    file.forget();
  }
}

export class RemoteFile {
  readonly path: string;
  /** Rejects when the user would not wait any longer. */
  readonly left: Promise<never>;
  readonly #command: Command;
  readonly #name: string;
  readonly #stop = new AbortController();
  #leave!: (error: Error) => void;
  #pid = 0;
  #fd = 0;
  #asks = 0;
  #patience: NodeJS.Timeout | undefined;

  constructor(command: Command, name: string, path: string) {
    this.#command = command;
    this.#name = name;
    this.path = path;
    this.left = new Promise((_, reject) => { this.#leave = reject; });
    this.left.catch(() => {}); // Not always anybody waits.
  }

  /** Opens it, has `work` done, closes it. */
  async run<T>(flags: number, work: (file: RemoteFile) => Promise<T>): Promise<T> {
    const { fd } = await this.#ask('open', { path: this.path, flags, name: this.#name }, ({ pid }) => { this.#pid = pid; });
    this.#fd = fd;
    try {
      const result = await work(this);
      await this.#ask('close', { fd });
      return result;
    } catch (error) {
      await this.#ask('close', { fd }).catch(() => {}); // What went wrong first is what counts.
      throw error;
    }
  }

  /** What one read gives; nothing at the end. */
  async read(): Promise<Buffer> {
    return Buffer.from((await this.#ask('read', { fd: this.#fd })).data, 'base64');
  }

  /** Writes all of `bytes`, in as many calls as the driver takes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const part = Buffer.from(bytes.subarray(done, done + WRITE_MAX));
      const { count } = await this.#ask('write', { fd: this.#fd, data: part.toString('base64') });
      if (count === 0) throw new FileError(`${this.#name}: ${this.path}: the driver takes none of ${part.length} bytes`);
      done += count;
    }
  }

  /** What the driver answered, and what it put into `data`. */
  ioctl(cmd: number, arg: number | Uint8Array): Promise<Calls['ioctl']['result']> {
    return this.#ask('ioctl', { fd: this.#fd, cmd, ...(typeof arg === 'number' ? { arg } : { data: Buffer.from(arg).toString('base64') }) });
  }

  /** Ctrl-C. */
  interrupt(): void {
    const first = !this.#stop.signal.aborted;
    this.#stop.abort();
    if (!first || this.#asks === 0) return this.#leave(new Interrupted());
    this.#patience = setTimeout(() => void this.#explain(), PATIENCE_MS);
  }

  forget(): void {
    clearTimeout(this.#patience);
  }

  /** Says where the process is that heard no signal. */
  async #explain(): Promise<void> {
    const { client, around } = this.#command;
    try {
      const { name, pid, state, trace } = await client.call('stack', { who: this.#pid });
      const why = state === 'D' ? 'sleeps in D, where it hears no signal' : `is in state ${state} and hears no signal`;
      around.complain(`${this.#name}: ${this.path}: ${name}[${pid}] ${why}; Ctrl-C again leaves it behind\n${trace.map((line) => `    ${line}\n`).join('')}`);
    } catch {
      // It ended just now.
    }
  }

  async #ask<N extends CallName>(call: N, args: Calls[N]['args'], onItem: (item: Calls[N]['item']) => void = () => {}): Promise<Calls[N]['result']> {
    const { signal } = this.#stop;
    if (signal.aborted) throw new Interrupted();
    this.#asks++;
    try {
      const result = await this.#command.client.call(call, args, { onItem, interrupt: signal });
      if (signal.aborted) throw new Interrupted();
      return result;
    } catch (error) {
      if (signal.aborted) throw new Interrupted();
      throw await this.#said(error);
    } finally {
      this.#asks--;
    }
  }

  async #said(error: unknown): Promise<unknown> {
    if (!(error instanceof ControlError) || error.code === 'ECONNRESET') return error;
    const ended = error.errno === EFAULT && !(await this.#lives()) ? ': an oops ended the process; dmesg tells where' : '';
    const more = error.message.endsWith(` ${this.path}`) ? '' : `: ${error.message}`; // Else it says no more than the number does.
    return new FileError(`${this.#name}: ${this.path}: ${strerror(error.errno)}${ended || more}`);
  }

  async #lives(): Promise<boolean> {
    try {
      return (await this.#command.client.collect('ps', { who: [this.#pid] })).items.flat().length > 0;
    } catch {
      return false;
    }
  }
}

/** FAILED after what went wrong with a file is said; anything else is thrown on. */
export function failed(error: unknown, { complain }: Pick<Surroundings, 'complain'>): number {
  if (!(error instanceof FileError)) throw error;
  complain(`${error.message}\n`);
  return FAILED;
}
