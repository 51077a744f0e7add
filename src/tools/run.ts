/**
 * kthread run: boots a machine in this process, loads the modules of the command line, shows the log, and when the time is
 * up or somebody says so takes the modules away again, the last one first. The machine ends with the process: commands
 * that look at a running machine from outside are elsewhere.
 */
import { userInfo } from 'node:os';
import { parse } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { KernelError, boot, ktimeGet, parsePsArgs, ps, snapshot, strerror, type Machine } from '../index.js';
import { MisplacedArgument, parseLoads, type Load } from './arguments.js';
import { parseDuration } from './duration.js';
import { LogFollower, logLines, logObject, type LogSink } from './log.js';
import { listenForStop, type StopRequests } from './stop.js';
import { stuckThreads, stuckText } from './stuck.js';

interface RunOptions {
  readonly for?: number;
  readonly psAfter?: number;
  readonly loglevel?: number;
  readonly cpus?: number;
  readonly hz?: number;
  readonly name?: string;
  readonly control: boolean;
  readonly readOnly?: true;
  readonly json?: true;
  readonly kasan: boolean;
}

const OK = 0, FAILED = 1;
/** How long modules may take to go before we say what they wait for, ms. */
const PATIENCE_MS = 5000;
/** Longest timer of Node, to keep the process alive. */
const FOREVER_MS = 2 ** 31 - 1;
const EINVAL = -22;

const HELP = `
FILE is a module in TypeScript (.ts, .mts) or JavaScript, or in C: a .c file, a folder with a kbuild Makefile, or a .ko. Its parameters, and --as, follow it. An argument with a = in it is a
parameter; write ./a=b.ts for a file of that name.

Ctrl-C, SIGTERM or the end of --for removes the modules, the last one first, which stops their threads. A second Ctrl-C says
which threads still run and where, a third ends the process at once.

Status: 0; 1 when a module could not be loaded, 2 for wrong usage.

Examples:
  kthread run ticker.ts                                until Ctrl-C
  kthread run ticker.ts period=2 --for 10s             a parameter, and an end
  kthread run hello.c                                  a module in C, compiled as it is
  kthread run poller.ts poller.ts --as second          two instances of one module
  kthread run percpu.ts --cpus 4 --for 3s --ps-after 1s   with a picture of the threads
  kthread run ticker.ts --for 3s --json | jq .text     for programs
`;

/** Adds the command to `program`, which was given `args`; `ended` gets its status. */
export function addRun(program: Command, args: readonly string[], ended: (status: number) => void): void {
  const command = program.command('run')
    .description('boot a machine here, load modules, show their log until Ctrl-C')
    .argument('<FILE...>', 'modules, each with its param=value after it')
    .option('--for <time>', 'remove the modules and end so long after they were loaded: 500ms, 5s, 2m', parseDuration)
    .option('--ps-after <time>', 'show the threads, as ps axf does, so long after the modules were loaded', parseDuration)
    .option('--as <name>', 'name of the instance of the FILE before it, so that one file can be loaded twice')
    .option('--loglevel <n>', 'show messages below this level, 0 to 15 (default: 7)', wholeNumber)
    .option('--cpus <n>', 'CPUs of the machine (default: those of the computer)', wholeNumber)
    .option('--hz <n>', 'jiffies a second (default: 1000)', wholeNumber)
    .option('--name <name>', 'what kthread list and --target call the machine (default: the first FILE)')
    .option('--read-only', 'other terminals may look at the machine, but change nothing')
    .option('--no-control', 'other terminals do not see the machine: no control socket')
    .option('--no-kasan', 'C without address checks: faster, and what it does wrong goes unseen')
    .option('--json', 'print the log, and what happens to the modules, as one JSON object a line')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP);
  command.action(async (_: readonly string[], options: RunOptions) => {
    const valued = new Set(command.options.filter((o) => o.required).map((o) => o.long ?? ''));
    try {
      ended(await run(parseLoads(args.slice(args.indexOf('run') + 1), valued), options));
    } catch (error) {
      // Of these, boot() knows best: an option out of range.
      if (error instanceof MisplacedArgument || (error instanceof KernelError && error.errno === EINVAL)) command.error(error.message.replace(/^EINVAL: boot: /, '--'));
      throw error;
    }
  });
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}

/** Loads `loads` into a machine of their own and returns the program's status. Throws KernelError EINVAL for options that boot refuses. */
async function run(loads: readonly Load[], { for: duration, psAfter, loglevel, cpus, hz, name, control, readOnly, json, kasan }: RunOptions): Promise<number> {
  const given = { ...(loglevel !== undefined && { loglevel }), ...(cpus !== undefined && { cpus }), ...(hz !== undefined && { hz }) };
  let oopses = 0;
  // The log tells of an oops already.
  const machine = await boot({ ...given, name: name ?? loads[0].as ?? parse(loads[0].file).name, control: control && (readOnly ? 'read-only' : true), onOops: () => { oopses++; } });
  const show = inOrder(json ? showJson() : showText());
  const stop = listenForStop(() => void show.stuck());
  process.stdout.on('error', stop.ask); // EPIPE: nobody reads any more, as with | head.
  const loaded: string[] = [];
  const failed = !(await loadAll(machine, loads, kasan, loaded, stop, show));
  if (!failed) await wait(stop, duration, psAfter, () => show.ps());
  await removeAll(machine, loaded.toReversed(), show);
  await machine.shutdown();
  show.closeLog();
  stop.close();
  const status = failed ? FAILED : OK;
  show.end(status, oopses);
  return status;
}

/** Whether all went well. What was loaded is in `loaded`, also if not. */
async function loadAll(machine: Machine, loads: readonly Load[], kasan: boolean, loaded: string[], stop: StopRequests, show: Show): Promise<boolean> {
  for (const { file, params, as } of loads) {
    if (stop.asked) return true;
    try {
      const { name } = await machine.insmod(file, params, { kasan, say: complain, ...(as !== undefined && { as }) });
      loaded.push(name);
      show.loaded(file, name);
    } catch (error) {
      show.failed('insmod', `cannot load ${file}`, asKernelError(error));
      return false;
    }
  }
  return true;
}

/** Until a signal, or `duration` ms. */
async function wait(stop: StopRequests, duration = FOREVER_MS, psAfter: number | undefined, showPs: () => void): Promise<void> {
  let timeUp: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => { timeUp = setTimeout(resolve, duration); });
  const picture = psAfter === undefined ? undefined : setTimeout(showPs, psAfter);
  await Promise.race([over, stop.first]);
  clearTimeout(timeUp);
  clearTimeout(picture);
}

async function removeAll(machine: Machine, names: readonly string[], show: Show): Promise<void> {
  const patience = setTimeout(() => void show.stuck(), PATIENCE_MS);
  for (const name of names) {
    try {
      await machine.rmmod(name);
      show.removed(name);
    } catch (error) {
      show.failed('rmmod', `cannot remove ${name}`, asKernelError(error));
    }
  }
  clearTimeout(patience);
}

function asKernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  throw error;
}

// --- What is shown ------------------------------------------------------------------------------------------------

interface Show {
  loaded(file: string, name: string): void;
  removed(name: string): void;
  failed(call: 'insmod' | 'rmmod', what: string, error: KernelError): void;
  ps(): void;
  /** Which threads still run, and where. */
  stuck(): Promise<void>;
  end(status: number, oopses: number): void;
}

/** `show`, with the log: each thing is said after all that was logged before it happened. */
function inOrder(show: Show & LogSink): Show & { closeLog(): void } {
  const log = new LogFollower(show);
  const after = <A extends readonly unknown[], R>(say: (...args: A) => R) => (...args: A): R => {
    log.drain();
    return say(...args);
  };
  return {
    loaded: after(show.loaded), removed: after(show.removed), failed: after(show.failed), ps: after(show.ps), stuck: after(show.stuck), end: after(show.end),
    closeLog: () => log.close(),
  };
}

const now = (): number => Number(ktimeGet()) / 1e6;
const print = (text: string): void => void process.stdout.write(text);
const complain = (text: string): void => void process.stderr.write(text);

function showText(): Show & LogSink {
  const colour = process.stdout.isTTY && process.stdout.hasColors();
  return {
    record: (record) => print(logLines(record, colour)),
    lost: (n) => print(`** ${n} printk messages dropped **\n`),
    loaded: () => {},
    removed: () => {},
    failed: (call, what, error) => complain(`${call}: ${what}: ${error.code} (${strerror(error.errno)})${reason(error, call, what)}\n`),
    ps: () => print(ps(snapshot(), parsePsArgs(['axf']), { now: now(), bootWallTime: Date.now() - now(), user: userInfo().username })),
    stuck: async () => complain(stuckText(await stuckThreads())),
    end: () => {},
  };
}

/** What the error says beyond its code and what is said already. */
function reason({ code, message }: KernelError, call: string, what: string): string {
  const text = [`${code}: `, `${call}: `, what, ': '].reduce((rest, said) => (rest.startsWith(said) ? rest.slice(said.length) : rest), message);
  return text && `: ${text}`;
}

function showJson(): Show & LogSink {
  const put = (object: object): void => print(`${JSON.stringify(object)}\n`);
  const modules = new Map<string, { file: string; status: 'loaded' | 'removed' | 'failed' }>();
  return {
    record: (record) => put(logObject(record)),
    lost: (n) => put({ type: 'lost', ms: now(), records: n }),
    loaded(file, name) {
      modules.set(name, { file, status: 'loaded' });
      put({ type: 'module', event: 'loaded', ms: now(), name, file });
    },
    removed(name) {
      modules.get(name)!.status = 'removed';
      put({ type: 'module', event: 'removed', ms: now(), name });
    },
    failed: (call, what, { errno, code, message }) => put({ type: 'module', event: 'failed', ms: now(), call, what, errno, code, message }),
    ps: () => put({ type: 'ps', ms: now(), tasks: snapshot() }),
    stuck: async () => put({ type: 'stuck', ms: now(), threads: await stuckThreads() }),
    end: (status, oopses) => put({ type: 'end', ms: now(), status, oopses, modules: [...modules].map(([name, { file, status }]) => ({ name, file, status })) }),
  };
}
