/**
 * kthread shell: a prompt in which the commands work bare. It reads lines and keeps their history; what a line does is the
 * command's own business, in a file of its own.
 */
import { appendFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import { CommanderError, type Command } from 'commander';
import type { Client } from './client.js';
import { INTERRUPTED, NO_MACHINE, OK, STATUS_HELP, WRONG_USAGE, attempt, onMachine, type Surroundings } from './command.js';
import { isFolder } from './files.js';
import { NoTarget, allMachines, connectTo } from './machines.js';
import { APPEND, Interrupted, READ, WRITE, failed, withFile, type RemoteFile } from './remote_file.js';
import { table } from './table.js';
import { printable } from './top_view.js';
import { candidates, entries, splitLine, splitWords, type Entry, type Kind } from './words.js';

interface ShellOptions {
  readonly history: boolean | string;
}

/** Makes the commands for one line, with where their words go. */
export type MakeProgram = (around: Surroundings) => Command;

/** Lines that are kept; a file with twice as many is cut. */
const HISTORY_MAX = 1000;

const HELP = `
Every command works without "kthread" before it, on one machine: insmod ticker.ts, ps axf, dmesg -w. help lists them, help ps
tells about one. Ctrl-C ends a command that goes on, not the shell; Ctrl-D or exit ends the shell. Tab completes commands, options,
threads, modules, settings and files. Words are quoted as in sh; there are no pipes and variables, but
> PATH, >> PATH and < PATH for files of the machine: echo 3 > /proc/level, cat < /dev/hello.

The lines you type are kept in $XDG_STATE_HOME/kthread/history, ~/.local/state/kthread/history where that is not set, which
only you can read. A line that begins with a blank is not kept.

Where standard input is no terminal the lines are read from it, without a prompt: kthread shell < lines. The status is the
last command's. --json has each command print JSON.
${STATUS_HELP}`;

export function addShell(program: Command, around: Surroundings, make: MakeProgram): void {
  const command = program.command('shell').description('a prompt in which the commands work bare')
    .option('--history <file>', 'keep the lines in this file')
    .option('--no-history', 'keep no lines')
    .addHelpText('after', HELP);
  onMachine<ShellOptions>(command, around, ({ client, options, around }) => {
    const shell = new Shell(client, around, make, options.json === true);
    return process.stdin.isTTY && process.stdout.isTTY ? shell.talk(openHistory(options.history, around)) : shell.read();
  });
}

/** Files of the machine in place of standard input and output. */
interface Ways {
  readonly from?: string;
  readonly to?: string;
  readonly appends?: boolean;
}

class Shell {
  readonly #client: Client;
  readonly #around: Surroundings;
  readonly #make: MakeProgram;
  readonly #json: boolean;
  readonly #table: readonly Entry[];
  /** Of the last command. */
  #status = OK;
  #over = false;

  constructor(client: Client, around: Surroundings, make: MakeProgram, json: boolean) {
    this.#client = client;
    this.#around = around;
    this.#make = make;
    this.#json = json;
    this.#table = entries(make(around));
  }

  /** Lines from a pipe or file. */
  async read(): Promise<number> {
    for await (const line of createInterface({ input: process.stdin })) {
      await this.#run(line);
      if (this.#over) break;
    }
    process.stdin.destroy(); // Who writes it may not be done: nobody waits for that.
    return this.#status;
  }

  /** Lines from a person. */
  async talk(history: History): Promise<number> {
    const { hello } = this.#client;
    const prompt = `${printable(hello.name)}${hello.access === 'full' ? '#' : '$'} `;
    this.#around.print(`The machine ${printable(hello.name)} in process ${hello.pid}, ${hello.cpus} CPUs${hello.access === 'full' ? '' : ', read-only'}. help lists the commands, Ctrl-D ends the shell.\n`);
    for (let rest = ''; !this.#over; ) {
      const typed = await ask(prompt, history.lines, rest, (line) => this.#complete(line));
      if (typed === 'end') break;
      rest = typed.rest;
      for (const line of typed.lines) {
        history.add(line);
        if (!this.#over) await this.#run(line);
      }
    }
    return this.#status;
  }

  async #run(line: string): Promise<void> {
    const parts = splitWords(line);
    if (!parts) return this.#refuse('a quote is open');
    if (parts.at(-1)?.text === '' && !/['"]\s*$/.test(line)) parts.pop();
    const words: string[] = [];
    const ways: { -readonly [K in keyof Ways]: Ways[K] } = {};
    for (let i = 0; i < parts.length; i++) {
      const { text, isOperator } = parts[i];
      if (!isOperator) words.push(text);
      else if (!['<', '>', '>>'].includes(text)) return this.#refuse('there are no pipes here; use kthread from your own shell for that');
      else {
        const path = parts[++i];
        if (!path || path.isOperator || !path.text.startsWith('/')) return this.#refuse(`after ${text} comes a file of the machine, such as /dev/NAME; for files of your own use kthread from your own shell`);
        if (text === '<') ways.from = path.text;
        else Object.assign(ways, { to: path.text, appends: text === '>>' });
      }
    }
    const [name] = words;
    if (name === undefined) return;
    if (name === 'exit' || name === 'quit') this.#over = true;
    else if (name === 'help' && words.length === 1) await this.#around.print(`${table(['COMMAND', 'WHAT IT DOES'], [...this.#table.map(({ name, about }) => [name, about]), ['help [command]', 'print this, or all about one command'], ['exit', 'leave; so does Ctrl-D']])}`);
    else await this.#command(words, ways);
  }

  #refuse(why: string): void {
    this.#around.complain(`shell: ${why}\n`);
    this.#status = WRONG_USAGE;
  }

  async #command(words: readonly string[], ways: Ways): Promise<void> {
    const interrupted = new AbortController();
    const { signal } = interrupted;
    /** What the command itself does about Ctrl-C, and what the files before it and behind it do. */
    const [own, redirected] = [new Set<() => void>(), new Set<() => void>()];
    const addTo = (set: Set<() => void>) => (fn: () => void) => {
      set.add(fn);
      return () => void set.delete(fn);
    };
    let broke = false;
    const interrupt = (): void => {
      broke = true;
      const hears = own.size > 0;
      const again = signal.aborted && redirected.size === 0;
      for (const fn of [...own, ...redirected]) fn();
      if (hears) return;
      if (again) process.exit(INTERRUPTED); // It did not end after the first one.
      interrupted.abort();
    };
    process.on('SIGINT', interrupt);
    try {
      this.#status = OK;
      const args = this.#json && words[0] !== 'help' ? [...words, '--json'] : words;
      await this.#redirect(words[0], ways, addTo(redirected), async (streams) => {
        const program = this.#make({ ...this.#around, ...streams, signal, onInterrupt: addTo(own), connect: (target) => this.#connect(target, signal), ended: (status) => { this.#status = status; } });
        await program.parseAsync([...args], { from: 'user' });
      });
    } catch (error) {
      if (error instanceof Interrupted) this.#status = INTERRUPTED;
      else if (error instanceof CommanderError) this.#status = error.exitCode === 0 ? OK : WRONG_USAGE;
      else if (this.#status !== NO_MACHINE) this.#status = await attempt(words[0], this.#around, () => Promise.resolve(failed(error, this.#around)));
    } finally {
      process.off('SIGINT', interrupt);
      if (broke) process.stdout.write('\n'); // The terminal shows ^C.
    }
    if (this.#status === NO_MACHINE && !(await this.#isThere())) this.#over = true;
  }

  /** Calls `run` with standard input and output as < and > have them: files of the machine, which processes named as the command have open. */
  async #redirect(name: string, { from, to, appends }: Ways, onInterrupt: Surroundings['onInterrupt'], run: (streams: Pick<Surroundings, 'input'> & Partial<Surroundings>) => Promise<void>): Promise<void> {
    const session = { client: this.#client, around: { complain: this.#around.complain, onInterrupt } };
    const withOutput = async (input: () => Readable | undefined): Promise<void> => {
      if (to === undefined) return run({ input });
      await withFile(session, name, to, appends ? APPEND : WRITE, async (file) => {
        let written = Promise.resolve();
        const print = (text: string | Uint8Array): Promise<void> => {
          written = written.then(() => file.write(Buffer.from(text as string)));
          written.catch(() => {}); // Not every command waits; it is said below.
          return written;
        };
        await run({ input, print, colour: false });
        await written;
      });
    };
    if (from === undefined) return withOutput(() => undefined);
    await withFile(session, name, from, READ, (file) => withOutput(() => Readable.from(chunks(file))));
  }

  /** The machine of this shell, unless another one is named. What waits for it ends when the command is interrupted. */
  async #connect(target: string | undefined, signal: AbortSignal): Promise<Client> {
    const client = await connectTo(target ?? String(this.#client.hello.pid));
    signal.addEventListener('abort', () => client.close(), { once: true });
    return client;
  }

  async #isThere(): Promise<boolean> {
    try {
      (await connectTo(String(this.#client.hello.pid))).close();
      return true;
    } catch (error) {
      return !(error instanceof NoTarget);
    }
  }

  // --- Tab ----------------------------------------------------------------------------------------------------------

  async #complete(line: string): Promise<[string[], string]> {
    const words = splitLine(line) ?? [];
    const begun = words.at(-1) ?? '';
    const found = await candidates(this.#table, words, (kind, begun) => this.#list(kind, begun)).catch(() => []); // The next command says what is wrong.
    return [found.length === 1 && !found[0].endsWith('/') && !found[0].endsWith('=') ? [`${found[0]} `] : found, begun];
  }

  async #list(kind: Kind, begun: string): Promise<readonly string[]> {
    const client = this.#client;
    if (kind === 'thread') return [...new Set((await client.collect('ps', {})).items.flat().map(({ name }) => name))];
    if (kind === 'module') return (await client.call('modules', {})).map(({ name }) => name);
    if (kind === 'setting') return Object.keys(await client.call('sysctl', {}));
    if (kind === 'path') return this.#paths(begun);
    if (kind === 'machine') return machineNames();
    return kind === 'file' ? files(begun) : [];
  }

  /** Files of the machine beside the one that is typed. */
  async #paths(begun: string): Promise<readonly string[]> {
    const folder = begun.slice(0, begun.lastIndexOf('/') + 1) || '/';
    const items = await this.#client.call('ls', { path: folder }).catch(() => []);
    return items.map((item) => `${folder}${item.name}${isFolder(item) ? '/' : ''}`);
  }
}

/** What is read from a file of the machine, as it comes. */
async function* chunks(file: RemoteFile): AsyncGenerator<Uint8Array> {
  for (let bytes = await file.read(); bytes.length > 0; bytes = await file.read()) yield bytes;
}

async function machineNames(): Promise<string[]> {
  const { machines } = await allMachines();
  for (const machine of machines) machine.close();
  return machines.map(({ hello }) => hello.name);
}

/** Files and folders that begin so, folders with a slash. */
function files(begun: string): string[] {
  const folder = begun.endsWith('/') ? begun : dirname(begun);
  const before = begun.endsWith('/') ? begun : begun.includes('/') ? `${dirname(begun).replace(/\/$/, '')}/` : '';
  const hidden = !begun.endsWith('/') && basename(begun).startsWith('.');
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => hidden || !name.startsWith('.')).map((entry) => `${before}${entry.name}${entry.isDirectory() ? '/' : ''}`);
  } catch {
    return [];
  }
}

/**
 * Shows the prompt with `rest` typed already, and resolves with the lines that are entered at once, one unless somebody pastes,
 * and with what is typed after them. Each time it is a reader of its own: what runs in between has the terminal for itself.
 */
function ask(prompt: string, history: readonly string[], rest: string, complete: (line: string) => Promise<[string[], string]>): Promise<'end' | { lines: string[]; rest: string }> {
  return new Promise((resolve) => {
    const lines: string[] = [];
    const reader = createInterface({
      input: process.stdin, output: process.stdout, prompt, history: history.toReversed(), historySize: HISTORY_MAX, removeHistoryDuplicates: true,
      completer: callbackify(complete),
    });
    const end = (): void => {
      resolve({ lines, rest: reader.line });
      if (reader.line !== '') process.stdout.write('\r\x1b[K'); // It comes again behind the next prompt.
      reader.close();
    };
    reader.on('line', (line) => {
      lines.push(line);
      if (lines.length === 1) setImmediate(end);
    });
    reader.on('SIGINT', () => {
      process.stdout.write('^C');
      resolve({ lines: [], rest: '' });
      reader.close();
    });
    reader.on('close', () => {
      if (lines.length === 0) process.stdout.write('\n');
      resolve('end');
    });
    reader.prompt();
    if (rest !== '') reader.write(rest);
  });
}

// --- History ------------------------------------------------------------------------------------------------------

interface History {
  /** Oldest first. */
  readonly lines: string[];
  add(line: string): void;
}

function openHistory(wish: boolean | string, around: Surroundings): History {
  const lines: string[] = [];
  const path = wish === false ? undefined : typeof wish === 'string' ? wish : join(stateDirectory(), 'kthread', 'history');
  const keep = (write: (path: string) => void): void => {
    try {
      if (path !== undefined) write(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') around.complain(`shell: no history is kept: ${message}\n`);
    }
  };
  keep((path) => lines.push(...readFileSync(path, 'utf8').split('\n').filter(Boolean)));
  if (lines.length > 2 * HISTORY_MAX) {
    lines.splice(0, lines.length - HISTORY_MAX);
    keep((path) => writeFileSync(path, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 }));
  }
  return {
    lines,
    add(typed) {
      const line = typed.trimEnd();
      if (line.trim() === '' || /^\s/.test(line) || line === lines.at(-1)) return;
      lines.push(line);
      keep((path) => {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        appendFileSync(path, `${line}\n`, { mode: 0o600 });
      });
    },
  };
}

/** As the XDG Base Directory Specification has it: a path that is not absolute does not count. */
function stateDirectory(): string {
  const { XDG_STATE_HOME = '' } = process.env;
  return isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : join(homedir(), '.local', 'state');
}
