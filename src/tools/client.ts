/**
 * A connection to the control socket of a machine: calls by name, typed by the protocol. It chooses no machine
 * (machines.ts) and prints nothing.
 */
import { createConnection, type Socket } from 'node:net';
import { PROTOCOL_VERSION, type Answer, type CallError, type CallName, type Calls, type Cancel, type Hello, type Request } from '../server/protocol.js';

/** What a machine refused, or that it cannot be reached. */
export class ControlError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly trace: readonly string[];

  constructor({ code, errno, message, trace = [] }: CallError) {
    super(message);
    this.code = code;
    this.errno = errno;
    this.trace = trace;
  }
}

interface Waiting {
  onItem(item: unknown): void;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** How long a machine may take to say hello, ms: its host worker may have to wait for a CPU, but is never blocked. */
const HELLO_MS = 5000;
const ECONNRESET = -104, EPROTONOSUPPORT = -93, ETIMEDOUT = -110;

export class Client implements Disposable {
  readonly hello: Hello;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #rest = '';
  #lost: Error | undefined;

  private constructor(socket: Socket, hello: Hello, rest: string) {
    this.#socket = socket;
    this.hello = hello;
    socket.on('close', () => this.#lose(new ControlError({ errno: ECONNRESET, code: 'ECONNRESET', message: `the machine of process ${hello.pid} (${hello.name}) has ended` })));
    socket.on('data', (text: string) => this.#take(text));
    this.#take(rest);
  }

  /** Connects to the socket at `path`. Rejects with the system's error, or ControlError when what answers is no machine of ours. */
  static connect(path: string): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      let text = '';
      const fail = (error: Error): void => {
        socket.destroy();
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => fail(new ControlError({ errno: ETIMEDOUT, code: 'ETIMEDOUT', message: `${path} does not say hello; its process may be stopped` })), HELLO_MS);
      const onClose = (): void => fail(new ControlError({ errno: ECONNRESET, code: 'ECONNRESET', message: `the machine at ${path} closed the connection` }));
      const onData = (chunk: string): void => {
        text += chunk;
        const end = text.indexOf('\n');
        if (end < 0) return;
        clearTimeout(timer);
        socket.off('data', onData).off('close', onClose).off('error', fail).on('error', () => {}); // The close that follows is what counts.
        try {
          resolve(new Client(socket, checkHello(JSON.parse(text.slice(0, end)) as Hello | Answer, path), text.slice(end + 1)));
        } catch (error) {
          fail(error as Error);
        }
      };
      socket.setEncoding('utf8').on('error', fail).on('close', onClose).on('data', onData);
    });
  }

  /**
   * Makes a call and resolves with its result; `onItem` gets what comes before that. Rejects with ControlError: what the
   * machine says, or ECONNRESET when it ends. `signal` cancels the call, and its reason rejects; `interrupt` cancels it, too, and
   * the machine's answer is waited for.
   */
  call<N extends CallName>(call: N, args: Calls[N]['args'], { onItem = () => {}, signal, interrupt }: { readonly onItem?: (item: Calls[N]['item']) => void; readonly signal?: AbortSignal; readonly interrupt?: AbortSignal } = {}): Promise<Calls[N]['result']> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#waiting.delete(id);
        this.#send({ cancel: id });
        reject(signal!.reason as Error);
      };
      const ask = (): void => this.#send({ cancel: id });
      signal?.addEventListener('abort', cancel, { once: true });
      interrupt?.addEventListener('abort', ask, { once: true });
      const done = <T>(settle: (value: T) => void) => (value: T): void => {
        signal?.removeEventListener('abort', cancel);
        interrupt?.removeEventListener('abort', ask);
        settle(value);
      };
      this.#waiting.set(id, { onItem: onItem as Waiting['onItem'], resolve: done(resolve as Waiting['resolve']), reject: done(reject) });
      this.#send({ id, call, args } satisfies Request<N>);
    });
  }

  /** The items of a call, all in one list, with its result. */
  async collect<N extends CallName>(call: N, args: Calls[N]['args'], options: { readonly signal?: AbortSignal } = {}): Promise<{ items: Array<Calls[N]['item']>; result: Calls[N]['result'] }> {
    const items: Array<Calls[N]['item']> = [];
    const result = await this.call(call, args, { ...options, onItem: (item) => void items.push(item) });
    return { items, result };
  }

  /** Takes no more items until resume(): the machine notices that nobody reads. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(frame: Request | Cancel): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(frame)}\n`);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) if (line !== '') this.#hear(JSON.parse(line) as Answer);
  }

  #hear(answer: Answer): void {
    if (answer.id === undefined) return this.#lose(new ControlError((answer as { error: CallError }).error));
    const waiting = this.#waiting.get(answer.id);
    if (!waiting) return; // Cancelled meanwhile.
    if ('item' in answer) return waiting.onItem(answer.item);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting.reject(new ControlError(answer.error));
    else waiting.resolve(answer.result);
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
  }
}

function checkHello(hello: Hello | Answer, path: string): Hello {
  if ('error' in hello) throw new ControlError(hello.error);
  const wrong = (message: string): ControlError => new ControlError({ errno: EPROTONOSUPPORT, code: 'EPROTONOSUPPORT', message });
  if (!('hello' in hello) || hello.hello !== 'kthread') throw wrong(`what answers at ${path} is no kthread machine`);
  if (hello.protocol !== PROTOCOL_VERSION) {
    throw wrong(`the machine of process ${hello.pid} (${hello.name}) has kthread ${hello.version}, which speaks version ${hello.protocol} of the protocol, and this program version ${PROTOCOL_VERSION}; use the kthread that is installed with it`);
  }
  return hello;
}
