/**
 * Machines and terminals for the tests of the commands: a folder of their own for sockets, programs that boot a machine, and
 * the command `kthread` as people start it.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./kthread.js', import.meta.url));
const LIBRARY = new URL('../index.js', import.meta.url).href;
/** A computer that is busy takes its time. */
const PATIENCE_MS = 180_000;

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export class Terminal {
  readonly folder = mkdtempSync(join(tmpdir(), 'ktl-'));
  readonly kthreadPath = PROGRAM;
  readonly env: NodeJS.ProcessEnv = { ...process.env, XDG_RUNTIME_DIR: this.folder, NO_COLOR: '1' };
  readonly #children = new Set<ChildProcess>();

  /** Runs the command to its end. */
  kthread(...args: readonly string[]): Promise<Ran> {
    return new Promise((resolve) => {
      execFile(process.execPath, [PROGRAM, ...args], { cwd: this.folder, env: this.env, timeout: PATIENCE_MS, maxBuffer: 2 ** 26 }, (error, out, err) => {
        resolve({ status: error ? (typeof error.code === 'number' ? error.code : null) : 0, out, err });
      });
    });
  }

  /** Starts the command and lets it run. */
  start(...args: readonly string[]): Started {
    return new Started(this.#spawn([PROGRAM, ...args]));
  }

  /** A file in the folder. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Starts a program of `text`, a module in which everything of the library is `k`, and waits for the socket of its machine. */
  async program(text: string, name = 'service.mjs'): Promise<Started> {
    const started = new Started(this.#spawn([this.write(name, `import * as k from ${JSON.stringify(LIBRARY)};\n${text}`)]));
    await this.socket(started.pid);
    return started;
  }

  /** The socket of process `pid`, when it is there. */
  async socket(pid: number): Promise<string> {
    const path = join(this.sockets, `${pid}.sock`);
    await until(`a socket ${path}`, () => existsSync(path));
    return path;
  }

  get sockets(): string {
    return join(this.folder, 'kthread');
  }

  socketNames(): string[] {
    return existsSync(this.sockets) ? readdirSync(this.sockets) : [];
  }

  #spawn(args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, args, { cwd: this.folder, env: this.env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Ends all that was started, whatever it does. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    })));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A process that runs. */
export class Started {
  out = '';
  err = '';
  readonly ended: Promise<number | null>;

  constructor(readonly child: ChildProcess) {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => { this.out += text; });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.err += text; });
    this.ended = new Promise((resolve) => { child.once('close', resolve); });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Waits for `pattern` in what it prints. */
  says(pattern: RegExp): Promise<void> {
    return until(`${String(pattern)} in what process ${this.pid} prints`, () => pattern.test(this.out), () => `${this.out}\n${this.err}`);
  }

  /** Ends it by a signal and waits until it is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }
}

export async function until(what: string, test: () => boolean | Promise<boolean>, instead: () => string = () => ''): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await test());) {
    if (Date.now() > deadline) throw new Error(`no ${what} within ${PATIENCE_MS} ms; ${instead()}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}
