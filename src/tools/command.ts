/**
 * What all commands that look at a running machine have in common: --target and --json, the connection, and how a failure
 * is said and what status it gives. What each of them does stands in its own file.
 */
import type { Readable } from 'node:stream';
import { type Command } from 'commander';
import { KernelError, strerror } from '../index.js';
import type { Who } from '../server/protocol.js';
import { NoDirectory } from '../server/protocol/directory.js';
import { ControlError, type Client } from './client.js';
import { NoTarget, connectTo } from './machines.js';

export const OK = 0, FAILED = 1, WRONG_USAGE = 2, NO_MACHINE = 3;
/** As a shell says it of a program that Ctrl-C ended. */
export const INTERRUPTED = 130;

/** Where the program's words go and what it knows of its surroundings; a shell puts its own in place of them. */
export interface Surroundings {
  /** A promise where the reader is slow: for when it has caught up. */
  print(text: string | Uint8Array): Promise<void> | void;
  complain(text: string): void;
  /** Whether what is printed is shown in colours unless somebody asks for something else. */
  readonly colour: boolean;
  /** Fires when the user wants the command to end: Ctrl-C in a shell. */
  readonly signal?: AbortSignal;
  /** What stands for standard input; nothing where that is somebody else's. */
  input(): Readable | undefined;
  /** From here on Ctrl-C calls `fn` and does nothing else, until what is returned is called. */
  onInterrupt(fn: () => void): () => void;
  /** The machine, where it is chosen already. */
  connect(target: string | undefined): Promise<Client>;
  /** Hears the status of each command. */
  ended(status: number): void;
}

export const TERMINAL: Omit<Surroundings, 'ended'> = {
  print: (text) => (process.stdout.write(text) ? undefined : new Promise((resolve) => { process.stdout.once('drain', resolve); })),
  complain: (text) => void process.stderr.write(text),
  get colour() { return process.stdout.isTTY && process.stdout.hasColors(); },
  input: () => process.stdin,
  onInterrupt(fn) {
    process.on('SIGINT', fn);
    return () => void process.off('SIGINT', fn);
  },
  connect: connectTo,
};

/** Arguments that cannot be meant; the message says what would be right. */
export class WrongUsage extends Error {}

interface Common {
  readonly target?: string;
  readonly json?: true;
}

/** What a command's action gets. */
export interface Job<O> {
  readonly client: Client;
  readonly options: O & Common;
  /** Arguments, those that are no options. */
  readonly args: readonly string[];
  readonly around: Surroundings;
  /** Prints an object as JSON on a line. */
  json(value: unknown): void;
}

export const STATUS_HELP = `
Status: 0; 1 when the machine refused or could not do it, 2 for wrong usage, 3 when there is no such machine.
`;

/** Gives `command` its common options and has `work` done on the machine it is for. A status may be returned; 0 if not. */
export function onMachine<O extends object>(command: Command, around: Surroundings, work: (job: Job<O>) => Promise<number | void>): void {
  command
    .option('--target <machine>', 'pid or name of the machine; needed where several run (kthread list)')
    .option('--json', 'print JSON, for programs')
    .helpOption('-h, --help', 'print this');
  command.action(async () => {
    const options = command.opts<O & Common>();
    around.ended(await attempt(command.name(), around, async () => {
      const client = await around.connect(options.target);
      try {
        return await work({ client, options, args: command.args, around, json: (value) => around.print(`${JSON.stringify(value)}\n`) });
      } finally {
        client.close();
      }
    }));
  });
}

/** The status of `work`; what it throws is said in one sentence that names the command. */
export async function attempt(name: string, { complain, signal }: Pick<Surroundings, 'complain' | 'signal'>, work: () => Promise<number | void>): Promise<number> {
  try {
    return (await work()) ?? OK;
  } catch (error) {
    if (signal?.aborted) return INTERRUPTED; // Whatever went wrong then, the user wanted it to.
    if (error instanceof NoTarget || error instanceof NoDirectory) {
      complain(`${name}: ${error.message}\n`);
      return NO_MACHINE;
    }
    if (error instanceof WrongUsage || error instanceof KernelError) { // Of these two, the second is what our own parser of ps's options says.
      complain(`${name}: ${said(name, error.message.replace('EINVAL: ', ''))}\n`);
      return WRONG_USAGE;
    }
    if (!(error instanceof ControlError)) throw error;
    complain(`${sentence(name, error)}\n${error.trace.map((line) => `    ${line}\n`).join('')}`);
    return error.code === 'ECONNRESET' ? NO_MACHINE : FAILED;
  }
}

/** `stop: ESRCH (No such process): no task has pid 5; ...` */
const sentence = (name: string, { code, errno, message }: ControlError): string => `${name}: ${code} (${strerror(errno)}): ${said(name, message)}`;

/** Without the name of the command, which stands before it already. */
const said = (name: string, message: string): string => (message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message);

/** A pid if it is a number, else a name. */
export const asWho = (text: string): Who => (/^\d+$/.test(text) ? Number(text) : text);

/** Does `work` for each of `args`, at least one; what fails is said, and the others are done all the same. */
export async function forEach(name: string, what: string, { args, around }: Pick<Job<object>, 'args' | 'around'>, work: (arg: string) => Promise<void>): Promise<number> {
  if (args.length === 0) throw new WrongUsage(`which ${what}? kthread ${name} --help`);
  let status = OK;
  for (const arg of args) status = Math.max(status, await attempt(name, around, () => work(arg)));
  return status;
}
