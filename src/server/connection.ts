/**
 * One client of the control socket: its frames in, its answers out. It reads no further while its client does not read or
 * has too much asked already, so that what it keeps in memory is bounded whatever the client does. It knows no call.
 */
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { EAGAIN, EINVAL, EMSGSIZE, EPERM, EPROTO, ECANCELED, ENOSYS, KernelError } from '../lib/errno.js';
import { CALLS, changes } from './calls.js';
import { Refusal } from './find.js';
import { BAD_FRAMES_MAX, CLIENTS_MAX, REQUESTS_MAX, REQUEST_MAX, type Answer, type CallError, type CallName, type Hello } from './protocol.js';

const NEWLINE = 10;
/** How long a client whose connection ends has to read why, ms. */
const LAST_WORDS_MS = 1000;
/** How often a client that asks nothing more is tried whether it still reads, ms. */
const PROBE_MS = 500;

/** What a call is told about its client. */
export interface Caller {
  /** Fires when the request was cancelled or the client is gone: nobody waits for the answer. */
  readonly signal: AbortSignal;
  /** Fires also when the client will ask nothing more, as a pipe that ended: what would go on for ever ends. */
  readonly asksNoMore: AbortSignal;
  /** Sends an item without waiting: for few and small ones. */
  say(item: unknown): void;
  /** What calls of this client have opened and not closed, by its number; disposed of when the client is gone. */
  readonly kept: Map<number, Disposable>;
}

interface Going {
  readonly cancelled: AbortController;
  readonly asksNoMore: AbortController;
}

/** Says hello to a client and serves it until it leaves. */
export function serve(socket: Socket, hello: Hello, readOnly: boolean): Client {
  const connection = new Connection(socket, readOnly);
  connection.begin(hello);
  return connection;
}

/** A client that is served. */
export interface Client {
  /** The machine halts: what would go on for ever ends, and so does the connection, when the client has read what it asked for. */
  farewell(): void;
}

/** Tells one client too many that it is. */
export function refuse(socket: Socket): void {
  socket.on('error', () => {});
  socket.end(`${JSON.stringify({ error: toCallError(new KernelError(-EAGAIN, `${CLIENTS_MAX} clients are connected already; try again when one of them has left`)) } satisfies Answer)}\n`, () => socket.destroy());
}

class Connection implements Client {
  readonly #socket: Socket;
  readonly #readOnly: boolean;
  readonly #going = new Map<number, Going>();
  readonly #kept = new Map<number, Disposable>();
  /** What has been read and not served yet, and how far it was searched for a newline. */
  #input: Buffer = Buffer.alloc(0);
  #searched = 0;
  #bad = 0;
  #ended = false;
  #probe: NodeJS.Timeout | undefined;
  #draining: Promise<void> | undefined;

  constructor(socket: Socket, readOnly: boolean) {
    this.#socket = socket;
    this.#readOnly = readOnly;
  }

  begin(hello: Hello): void {
    const socket = this.#socket;
    socket.on('error', () => {}); // ECONNRESET, EPIPE: the close that follows says all we need.
    socket.on('close', () => {
      clearInterval(this.#probe);
      for (const going of this.#going.values()) cancel(going, 'the client is gone');
      for (const kept of this.#kept.values()) kept[Symbol.dispose]();
      this.#kept.clear();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
      this.#serveInput();
    });
    socket.on('drain', () => this.#serveInput());
    socket.on('end', () => {
      // It may still read, or be gone, in which case writing fails.
      this.#probe = setInterval(() => socket.writable && socket.write('\n'), PROBE_MS).unref();
      this.farewell();
    });
    this.#put(hello);
  }

  farewell(): void {
    this.#ended = true;
    for (const { asksNoMore } of this.#going.values()) asksNoMore.abort();
    this.#serveInput();
  }

  // --- In ---------------------------------------------------------------------------------------------------------

  /** Serves what was read, as long as the client reads its answers and has not asked too much at a time; then reads on. */
  #serveInput(): void {
    const socket = this.#socket;
    while (socket.writable && !this.#isFull()) {
      const end = this.#input.indexOf(NEWLINE, this.#searched);
      this.#searched = end < 0 ? this.#input.length : 0;
      if ((end < 0 ? this.#input.length : end) >= REQUEST_MAX) return this.#hangUp(new KernelError(-EMSGSIZE, `a request has at most ${REQUEST_MAX} bytes, its newline included`));
      if (end < 0) break;
      const frame = this.#input.toString('utf8', 0, end);
      this.#input = this.#input.subarray(end + 1);
      this.#frame(frame);
    }
    if (this.#isFull()) socket.pause();
    else if (!this.#ended) socket.resume();
    else if (this.#going.size === 0) socket.end();
  }

  #isFull(): boolean {
    return this.#socket.writableNeedDrain || this.#going.size >= REQUESTS_MAX;
  }

  #frame(text: string): void {
    if (text.trim() === '') return;
    let frame: unknown;
    try {
      frame = JSON.parse(text);
    } catch {
      return this.#badFrame('this is no JSON');
    }
    const { id, call, args = {}, cancel: unwanted } = (frame ?? {}) as { id?: unknown; call?: unknown; args?: unknown; cancel?: unknown };
    if (typeof unwanted === 'number') return this.#going.has(unwanted) ? cancel(this.#going.get(unwanted)!, 'the request was cancelled') : undefined;
    if (typeof id !== 'number' || typeof call !== 'string') return this.#badFrame('a request is {"id": NUMBER, "call": NAME, "args": {...}}');
    if (typeof args !== 'object' || args === null || Array.isArray(args)) return this.#put({ id, error: toCallError(new KernelError(-EINVAL, `${call}: args is an object`)) });
    if (this.#going.has(id)) return this.#put({ id, error: toCallError(new KernelError(-EINVAL, `request ${id} still goes on; take another id`)) });
    void this.#serve(id, call, args);
  }

  #badFrame(why: string): void {
    const error = new KernelError(-EPROTO, `bad frame: ${why}`);
    if (++this.#bad > BAD_FRAMES_MAX) this.#hangUp(error);
    else this.#put({ error: toCallError(error) });
  }

  /** Says why and ends the connection. What the client still sends is read away, or it would get a reset in place of the reason. */
  #hangUp(error: KernelError): void {
    const socket = this.#socket;
    this.#input = Buffer.alloc(0);
    this.#ended = true;
    socket.removeAllListeners('data').removeAllListeners('drain').resume();
    socket.end(`${JSON.stringify({ error: toCallError(error) } satisfies Answer)}\n`);
    setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref(); // It may never leave.
  }

  // --- Out --------------------------------------------------------------------------------------------------------

  async #serve(id: number, call: string, args: object): Promise<void> {
    const going = { cancelled: new AbortController(), asksNoMore: new AbortController() };
    this.#going.set(id, going);
    if (this.#ended) going.asksNoMore.abort();
    try {
      await this.#send({ id, result: await this.#run(id, call, args, going) });
    } catch (error) {
      await this.#send({ id, error: toCallError(error) });
    } finally {
      this.#going.delete(id);
      this.#serveInput();
    }
  }

  async #run(id: number, call: string, args: object, { cancelled, asksNoMore }: Going): Promise<unknown> {
    if (!Object.hasOwn(CALLS, call)) throw new KernelError(-ENOSYS, `there is no call "${call}"; there are ${Object.keys(CALLS).join(', ')}`);
    const name = call as CallName;
    if (this.#readOnly && changes(name, args)) throw new KernelError(-EPERM, `${call}: this machine was booted with control: 'read-only' and can only be looked at`);
    const caller: Caller = { signal: cancelled.signal, asksNoMore: asksNoMore.signal, say: (item) => this.#put({ id, item }), kept: this.#kept };
    const answers = CALLS[name](args, caller);
    if (!isStream(answers)) return answers;
    try {
      for (;;) {
        const { done, value } = await answers.next();
        caller.signal.throwIfAborted();
        if (done) return value;
        await this.#send({ id, item: value });
      }
    } finally {
      await answers.return(); // Where it was cancelled: what it holds, it gives back.
    }
  }

  /** Resolves when the client has read most of what it was sent before. Others have had their turn in between. */
  async #send(answer: Answer): Promise<void> {
    this.#put(answer);
    await turn();
    while (this.#socket.writableNeedDrain && !this.#socket.destroyed) await this.#drained();
  }

  /** One promise for all who wait: each with a listener of its own would be too many. */
  #drained(): Promise<void> {
    this.#draining ??= new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        this.#draining = undefined;
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
    return this.#draining;
  }

  #put(frame: Answer | Hello): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(frame)}\n`);
  }
}

const isStream = (answers: object): answers is AsyncGenerator<unknown, unknown, void> & { return(): Promise<unknown> } => Symbol.asyncIterator in answers;

function cancel({ cancelled, asksNoMore }: Going, why: string): void {
  cancelled.abort(new KernelError(-ECANCELED, why));
  asksNoMore.abort();
}

function toCallError(error: unknown): CallError {
  const { errno, code, message, cause } = error instanceof KernelError ? error : new KernelError(-EINVAL, error instanceof Error ? (error.stack ?? error.message) : String(error));
  const why = cause instanceof Error && !message.includes(cause.message) ? `: ${cause.name}: ${cause.message}` : '';
  return { errno, code, message: message.replace(`${code}: `, '') + why, ...(error instanceof Refusal && { trace: error.trace }) };
}
