/**
 * The commands that steer or look at single threads: kill, stop, park, unpark, freeze, thaw, wake, renice, taskset and stack. A thread is
 * named by its pid, or by its name where only one has it.
 */
import type { Command } from 'commander';
import * as kernel from '../index.js';
import { STATUS_HELP, WrongUsage, asWho, forEach, onMachine, type Surroundings } from './command.js';
import { parseDuration } from './duration.js';

const THREADS = 'PID or NAME of a thread; a name where only one has it';

export function addThreadCommands(program: Command, around: Surroundings): void {
  addKill(program, around);
  addWaiting(program, around, 'stop', 'ask threads to stop, wait, and print what their functions returned');
  addWaiting(program, around, 'park', 'ask threads to park, and wait until they do nothing any more');
  addUnpark(program, around);
  addFreezer(program, around);
  addWake(program, around);
  addRenice(program, around);
  addTaskset(program, around);
  addStack(program, around);
}

// --- Signals ------------------------------------------------------------------------------------------------------

/** SIGKILL is 9: all names that the kernel's signals have here. */
const SIGNALS: ReadonlyMap<string, number> = new Map(Object.entries(kernel).filter((entry): entry is [string, number] => /^SIG[A-Z]+\d*$/.test(entry[0]) && typeof entry[1] === 'number').toSorted((a, b) => a[1] - b[1]));

const KILL_HELP = `
  -SIGNAL, -s SIGNAL     a number or a name: -9, -KILL, -SIGUSR1 (default: TERM)
  -l                     list the signals

The signal is sent as a program in user space sends it: a thread hears it only if it called allowSignal(), and SIGKILL kills
no kernel thread. A name stands for all tasks that bear it. To end a thread, stop it.

Examples:
  kthread kill -USR1 poller
  kthread kill -0 12                     whether pid 12 is there
${STATUS_HELP}`;

function addKill(program: Command, around: Surroundings): void {
  const command = program.command('kill').description('send a signal to threads, as kill(1)').usage('[-SIGNAL] [--target machine] PID|NAME...').argument('[arguments...]').allowUnknownOption().addHelpText('after', KILL_HELP);
  onMachine(command, around, async ({ client, args, options, json }) => {
    const { signal, whom, list } = parseKill(args);
    if (list) return void around.print(options.json ? `${JSON.stringify(Object.fromEntries(SIGNALS))}\n` : [...SIGNALS].map(([name, n]) => `${String(n).padStart(2)}) ${name}\n`).join(''));
    return forEach('kill', 'thread', { args: whom, around }, async (who) => {
      const sent = await client.call('kill', { who: asWho(who), signal });
      if (options.json) json(sent);
    });
  });
}

function parseKill(args: readonly string[]): { signal: number; whom: string[]; list: boolean } {
  let signal = kernel.SIGTERM;
  const whom: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '-l') return { signal, whom, list: true };
    if (arg === '-s') signal = parseSignal(rest.shift() ?? '');
    else if (arg.startsWith('-') && whom.length === 0 && arg !== '--') signal = parseSignal(arg.slice(1));
    else if (arg !== '--') whom.push(arg);
  }
  return { signal, whom, list: false };
}

function parseSignal(text: string): number {
  const signal = /^\d+$/.test(text) ? Number(text) : SIGNALS.get(`SIG${text.toUpperCase().replace(/^SIG/, '')}`);
  if (signal === undefined || signal > kernel.NSIG) throw new WrongUsage(`there is no signal ${text}; kthread kill -l lists them`);
  return signal;
}

// --- Stop and park ------------------------------------------------------------------------------------------------

function addWaiting(program: Command, around: Surroundings, call: 'stop' | 'park', description: string): void {
  const command = program.command(call).description(description).argument('<threads...>', THREADS)
    .option('--timeout <time>', 'wait so long at most, then say where the thread is: 500ms, 5s, 2m (default: wait for ever)', parseDuration)
    .addHelpText('after', `
${call === 'stop' ? 'Stopping is cooperative: a thread that never asks kthreadShouldStop() goes on.' : 'Parking is cooperative: a thread that never calls kthreadParkme() goes on.'} Ctrl-C, and the end of --timeout, end the wait; the
thread stays asked${call === 'park' ? ', until kthread unpark takes that back' : '. When its owner stops it too, that is a WARN in the log, and gives the same value'}.
${STATUS_HELP}`);
  onMachine<{ readonly timeout?: number }>(command, around, (job) => forEach(call, 'thread', job, async (who) => {
    const { client, options: { timeout }, options, json } = job;
    const waits = { ...(around.signal && { signal: around.signal }) };
    const done = await client.call(call, { who: asWho(who), ...(timeout !== undefined && { timeout }) }, waits);
    if (options.json) json(done);
    else if ('value' in done) around.print(`${done.name}[${done.pid}]: ${String(done.value)}\n`);
  }));
}

function addUnpark(program: Command, around: Surroundings): void {
  const command = program.command('unpark').description('let parked threads go on').argument('<threads...>', THREADS).addHelpText('after', STATUS_HELP);
  onMachine(command, around, (job) => forEach('unpark', 'thread', job, async (who) => {
    const done = await job.client.call('unpark', { who: asWho(who) });
    if (job.options.json) job.json(done);
  }));
}

function addFreezer(program: Command, around: Surroundings): void {
  const freeze = program.command('freeze').description('have all threads that let themselves be frozen stand still, and list them').addHelpText('after', `
A thread is frozen if it called setFreezable(). Where one does not come to stand within sysctl power.freeze_timeout
milliseconds all go on, and kthread dmesg says which, and where it is.
${STATUS_HELP}`);
  onMachine(freeze, around, async ({ client, options, json }) => {
    const { frozen } = await client.call('freeze', {}, around.signal && { signal: around.signal });
    if (options.json) json(frozen);
    else around.print(frozen.map(({ pid, name }) => `${name}[${pid}]\n`).join(''));
  });
  const thaw = program.command('thaw').description('let frozen threads go on').addHelpText('after', STATUS_HELP);
  onMachine(thaw, around, async ({ client, options, json }) => {
    const done = await client.call('thaw', {});
    if (options.json) json(done);
  });
}

function addWake(program: Command, around: Surroundings): void {
  const command = program.command('wake').description('wake threads, as wake_up_process: each looks again at what it waits for').argument('<threads...>', THREADS).addHelpText('after', `
A thread that is well programmed sleeps on if what it waits for has not come. One that runs, or is parked, is not woken, and that
is said.
${STATUS_HELP}`);
  onMachine(command, around, (job) => forEach('wake', 'thread', job, async (who) => {
    const done = await job.client.call('wake', { who: asWho(who) });
    if (job.options.json) job.json(done);
    else if (!done.woken) around.print(`${done.name}[${done.pid}]: not woken, it does not sleep\n`);
  }));
}

// --- Priority and CPUs --------------------------------------------------------------------------------------------

function addRenice(program: Command, around: Surroundings): void {
  const command = program.command('renice').description('set the nice value of threads, as renice(1)').usage('[-n] NICE [-p] [--target machine] PID|NAME...').argument('[arguments...]').allowUnknownOption().addHelpText('after', `
NICE goes from -20, most urgent, to 19.

Examples:
  kthread renice 10 primes
  kthread renice -n -5 -p 12
${STATUS_HELP}`);
  onMachine(command, around, async ({ client, args, options, json }) => {
    const [nice, ...whom] = args.filter((arg, i) => arg !== '-p' && arg !== '--pid' && arg !== '--priority' && !(arg === '-n' && i === 0));
    if (!/^[-+]?\d+$/.test(nice ?? '')) throw new WrongUsage(`the nice value stands first, a whole number from -20 to 19, not ${nice === undefined ? 'nothing' : `"${nice}"`}`);
    return forEach('renice', 'thread', { args: whom, around }, async (who) => {
      const done = await client.call('renice', { who: asWho(who), nice: Number(nice) });
      if (options.json) json(done);
      else around.print(`${done.pid} (process ID) old priority ${done.before}, new priority ${done.nice}\n`);
    });
  });
}

function addTaskset(program: Command, around: Surroundings): void {
  const command = program.command('taskset').description('show or set on which CPUs of the machine a thread may run, as taskset(1)').usage('[-p] [-c] [--target machine] [MASK|LIST] PID|NAME').argument('[arguments...]').allowUnknownOption().addHelpText('after', `
  -c     a list of CPUs, 0,2-3, in place of a mask of hexadecimal digits
  -p     is implied: it is always a thread that runs already

A CPU is one of the machine's. On which core of the computer its OS thread runs is up to the operating system.

Examples:
  kthread taskset primes                 where it may run
  kthread taskset -cp 1 primes           on CPU 1 only
${STATUS_HELP}`);
  onMachine(command, around, async ({ client, args, options, json }) => {
    const flags = args.filter((arg) => arg.startsWith('-')).join('');
    if (/[^-cp]/.test(flags.replace('--cpu-list', '-c').replace('--pid', '-p'))) throw new WrongUsage(`unknown option in ${flags}; there are -c and -p`);
    const asList = flags.includes('c');
    const words = args.filter((arg) => !arg.startsWith('-'));
    if (words.length < 1 || words.length > 2) throw new WrongUsage('it takes a thread, and before that perhaps a mask or list of CPUs');
    const cpus = words.length === 1 ? undefined : asList ? parseCpuList(words[0]) : parseMask(words[0]);
    const done = await client.call('affinity', { who: asWho(words.at(-1)!), ...(cpus && { cpus }) });
    if (options.json) return json(done);
    const show = (cpus: readonly number[]): string => (asList ? `list: ${cpuList(cpus)}` : `mask: ${cpus.reduce((mask, cpu) => mask | (1n << BigInt(cpu)), 0n).toString(16)}`);
    around.print(`pid ${done.pid}'s current affinity ${show(done.before)}\n`);
    if (cpus) around.print(`pid ${done.pid}'s new affinity ${show(done.cpus)}\n`);
  });
}

function parseMask(text: string): number[] {
  if (!/^(0x)?[0-9a-f]{1,16}$/i.test(text)) throw new WrongUsage(`"${text}" is no mask of hexadecimal digits; with -c it takes a list such as 0,2-3`);
  const mask = BigInt(`0x${text.replace(/^0x/i, '')}`);
  return Array.from({ length: 64 }, (_, cpu) => cpu).filter((cpu) => ((mask >> BigInt(cpu)) & 1n) === 1n);
}

function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, first = '', last = first] = /^(\d{1,2})(?:-(\d{1,2}))?$/.exec(part) ?? [];
    if (first === '' || Number(last) < Number(first)) throw new WrongUsage(`"${text}" is no list of CPUs such as 0,2-3`);
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i);
  });
}

/** "0-3,7" */
function cpuList(cpus: readonly number[]): string {
  const runs: number[][] = [];
  for (const cpu of cpus) {
    if (runs.at(-1)?.at(-1) === cpu - 1) runs.at(-1)!.push(cpu);
    else runs.push([cpu]);
  }
  return runs.map((run) => (run.length > 1 ? `${run[0]}-${run.at(-1)}` : `${run[0]}`)).join(',');
}

// --- Call traces --------------------------------------------------------------------------------------------------

function addStack(program: Command, around: Surroundings): void {
  const command = program.command('stack').description('show the call trace of threads in any state, the innermost function first').argument('<threads...>', `${THREADS}; 1 is the program itself`).addHelpText('after', `
It works while the thread hogs its CPU or blocks, and while main is stuck. Of native code that has not returned only the call
of the operating system is shown that it is in, and nothing of a program that waits in its event loop.

Examples:
  kthread stack 1                        what the program's main thread does right now
  kthread stack poller
${STATUS_HELP}`);
  onMachine(command, around, (job) => forEach('stack', 'thread', job, async (who) => {
    const { pid, name, state, trace } = await job.client.call('stack', { who: asWho(who) });
    if (job.options.json) job.json({ pid, name, state, trace });
    else around.print(`${name}[${pid}] ${state}\n${trace.map((line) => `    ${line}\n`).join('') || '    (nothing to see)\n'}`);
  }));
}
