/**
 * kthread doctor: runs a module with every detector on and its limits short, takes it away again, and tells what was wrong with
 * it and how a real kernel would have gone down. What is wrong by which words of the log stands in doctor/findings.ts.
 */
import { parse } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command } from 'commander';
import { KernelError, LogReader, boot, strerror, sysctl, type Machine } from '../index.js';
import { parseLoads } from './arguments.js';
import { FAILED, OK, WrongUsage, attempt, type Surroundings } from './command.js';
import { parseDuration } from './duration.js';
import { findingsIn, type Finding, type LogLine } from './doctor/findings.js';
import { stuckThreads, type StuckThread } from './stuck.js';

interface Options {
  readonly for?: number;
  readonly hung: number;
  readonly cpus?: string;
  readonly kasan: boolean;
  readonly json?: true;
}

const RUN_MS = 3000;
const HUNG_MS = 1000;
/** How long an rmmod may take until its threads are said not to stop, ms. */
const PATIENCE_MS = 3000;

const HELP = `
FILE is a module in C (.c, .ko, a folder with a kbuild Makefile) or TypeScript. It is loaded, runs for a while, and is
removed. Meanwhile these look at it: address checks (C), the hung task detector after a second instead of 120, the soft lockup
watchdog, the lock order checker, sleeping while atomic, locks and timers and wait queue entries left behind, threads that
outlive the module, and threads that never look whether they shall stop.

Status: 0 when nothing was found, 1 when something was or the module could not be loaded, 2 for wrong usage.

Examples:
  kthread doctor hello.c
  kthread doctor hello.c period=10 --for 10s
  kthread doctor hello.c --json | jq -r .findings[].title
`;

export function addDoctor(program: Command, args: readonly string[], around: Surroundings): void {
  const command = program.command('doctor')
    .description('run a module under all detectors, and tell what is wrong with it')
    .argument('<FILE...>', 'the module, with its param=value after it')
    .option('--for <time>', 'how long it runs before it is removed (default: 3s)', parseDuration)
    .option('--hung <time>', 'how long a thread may sleep in D (default: 1s)', parseDuration, HUNG_MS)
    .option('--cpus <n>', 'CPUs of the machine (default: 2)')
    .option('--no-kasan', 'without address checks')
    .option('--json', 'print one JSON object')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP);
  command.action(async (_: readonly string[], options: Options) => {
    const valued = new Set(command.options.filter((o) => o.required).map((o) => o.long ?? ''));
    around.ended(await attempt('doctor', around, () => doctor(args.slice(args.indexOf('doctor') + 1), valued, options, around)));
  });
}

async function doctor(args: readonly string[], valued: ReadonlySet<string>, options: Options, { print, complain }: Surroundings): Promise<number> {
  const [load, ...more] = parseLoads(args, valued);
  if (load === undefined || more.length > 0) throw new WrongUsage(`one module at a time; ${args.join(' ')} names ${more.length + 1}`);
  const machine = await boot({ cpus: Number(options.cpus ?? 2), name: 'doctor', onOops: () => {} });
  const examined = await examine(machine, load.file, load.params, options, complain);
  await machine.shutdown();
  await print(options.json ? `${JSON.stringify({ file: load.file, ...examined })}\n` : asText(load.file, examined));
  return examined.refused === undefined && examined.findings.length === 0 ? OK : FAILED;
}

interface Examined {
  /** Why it could not be loaded; undefined if it was. */
  readonly refused?: string;
  readonly findings: readonly Finding[];
  /** The most threads that it had at a time, and how long it ran, ms. */
  readonly threads: number;
  readonly ranMs: number;
}

async function examine(machine: Machine, file: string, params: Readonly<Record<string, string>>, { for: ms = RUN_MS, hung, kasan }: Options, say: (text: string) => void): Promise<Examined> {
  sysctl('kernel.hung_task_timeout_secs', Math.max(1, Math.round(hung / 1000)));
  sysctl('kernel.hung_task_warnings', -1);
  sysctl('kernel.watchdog_thresh', 1);
  const reader = new LogReader('next');
  const log: LogLine[] = [];
  const read = (): void => {
    for (let record = reader.next(); record; record = reader.next()) log.push(...record.text.split('\n').map((text) => ({ ts: record.ts, text })));
  };
  const begun = performance.now();
  let name: string;
  try {
    ({ name } = await machine.insmod(file, params, { kasan, say }));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    read();
    return { refused: `${error.code} (${strerror(error.errno)}): ${error.message.replace(`${error.code}: `, '')}`, findings: findingsIn(log), threads: 0, ranMs: 0 };
  }
  await delay(ms);
  const threads = (await stuckThreads()).filter(({ isThread }) => isThread).length;
  read();
  const before = log.length;
  const deaf = await remove(machine, name);
  read();
  const told = deaf.length > 0 ? log.slice(0, before) : log; // What follows is of the force that it took.
  return { findings: [...findingsIn(told), ...deaf.map(deafFinding)], threads, ranMs: performance.now() - begun };
}

/** Removes the module, by force if its exit does not come to an end: the threads that did not stop when they were asked. */
async function remove(machine: Machine, name: string): Promise<StuckThread[]> {
  sysctl('kernel.hung_task_timeout_secs', 0); // From here on it is we who wait.
  const gone = machine.rmmod(name, { force: true }).then(() => true, () => true);
  const deaf = (await Promise.race([gone, delay(PATIENCE_MS, false, { ref: false })])) ? [] : (await stuckThreads()).filter(({ shouldStop }) => shouldStop);
  await gone;
  return deaf;
}

function deafFinding({ pid, name, state, wchan, trace }: StuckThread): Finding {
  return {
    title: `${name}[${pid}] does not end when it is asked to stop`,
    linux: 'rmmod waits for it for ever, in D; only a reboot helps.',
    advice: state === 'R' ? 'Its loop needs kthread_should_stop() as a condition.' : 'Each of its waits must also end for kthread_should_stop(): wait_event_interruptible(wq, ready || kthread_should_stop()).',
    report: [`state ${state}${state === 'R' ? ', runs' : ` in ${wchan}`}`, ...trace.map((frame) => `  ${frame}`)],
    count: 1,
  };
}

function asText(file: string, { refused, findings, threads, ranMs }: Examined): string {
  const lines: string[] = [];
  if (refused !== undefined) lines.push(`${parse(file).base} could not be loaded: ${refused}`, '');
  for (const [i, { title, linux, advice, report, count }] of findings.entries()) {
    lines.push(`${i + 1}. ${title}${count > 1 ? ` (${count} times)` : ''}`, ...report.map((line) => `     | ${line}`), `   On Linux: ${linux}`, `   What to do: ${advice}`, '');
  }
  const ran = refused === undefined ? `ran for ${(ranMs / 1000).toFixed(1)} s with ${threads} thread${threads === 1 ? '' : 's'} and was removed` : 'did not run';
  const n = findings.length;
  lines.push(`${parse(file).base} ${ran}: ${n === 0 ? (refused === undefined ? 'nothing was found' : 'see above') : `${n} thing${n === 1 ? '' : 's'} to mend`}`);
  return `${lines.join('\n')}\n`;
}
