/**
 * The commands about modules: insmod, rmmod, lsmod and modinfo.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { MisplacedArgument, parseLoads } from './arguments.js';
import { STATUS_HELP, WrongUsage, forEach, onMachine, type Surroundings } from './command.js';
import { table } from './table.js';

export function addModuleCommands(program: Command, around: Surroundings): void {
  addInsmod(program, around);
  addRmmod(program, around);
  addLsmod(program, around);
  addModinfo(program, around);
}

function addInsmod(program: Command, around: Surroundings): void {
  const command = program.command('insmod').description('load a module into a machine').argument('<FILE>', 'a module in TypeScript, JavaScript or C; relative to where you are').argument('[param=value...]')
    .option('--as <name>', 'name of the instance, so that one file can be loaded twice')
    .option('--cpu <n>', 'CPU of its isolate (default: 0)')
    .option('--no-kasan', 'C without address checks: faster, and what it does wrong goes unseen')
    .addHelpText('after', `
It returns when the module's init has. Its threads run in the process of the machine, with that process's rights.

Example:
  kthread insmod ticker.ts period=2
${STATUS_HELP}`);
  onMachine<{ readonly as?: string; readonly cpu?: string; readonly kasan: boolean }>(command, around, async ({ client, args, options, json }) => {
    const loads = parse(args);
    if (loads.length !== 1) throw new WrongUsage(`one FILE at a time, not ${loads.map(({ file }) => file).join(' and ')}; an argument with a = in it is a parameter`);
    const [{ file, params }] = loads;
    const path = file.startsWith('file:') ? file : resolve(file);
    const module = await client.call('insmod', { file: path, params, kasan: options.kasan, ...(options.as !== undefined && { as: options.as }), ...(options.cpu !== undefined && { cpu: Number(options.cpu) }) }, { onItem: (text) => around.complain(text) });
    if (options.json) json(module);
  });
}

function parse(args: readonly string[]): ReturnType<typeof parseLoads> {
  try {
    return parseLoads(args, new Set());
  } catch (error) {
    if (error instanceof MisplacedArgument) throw new WrongUsage(error.message);
    throw error;
  }
}

function addRmmod(program: Command, around: Surroundings): void {
  const command = program.command('rmmod').description('remove modules').argument('<names...>')
    .option('-f, --force', 'also a module that is in use, has no exit, or whose init or exit hangs; says what that broke')
    .addHelpText('after', `
The module's exit stops its threads; it is waited for. Threads that it leaves behind are reported in the log and ended.
--force waits for the exit for five seconds; it ends an init, or the exit that another rmmod waits for, at once. What a thread held when it was ended, a lock, a file, stays as it is.
${STATUS_HELP}`);
  onMachine<{ readonly force?: true }>(command, around, (job) => forEach('rmmod', 'module', job, async (name) => {
    const { broke } = await job.client.call('rmmod', { name, force: job.options.force === true });
    if (job.options.json) job.json({ name, broke });
    else for (const what of broke) around.complain(`rmmod: ${what}\n`);
  }));
}

function addLsmod(program: Command, around: Surroundings): void {
  const command = program.command('lsmod').description('list the loaded modules, the latest first').addHelpText('after', STATUS_HELP);
  onMachine(command, around, async ({ client, options, json }) => {
    const modules = await client.call('modules', {});
    if (options.json) json(modules);
    else around.print(table(['Module', '>Used by', 'State', 'File'], modules.map(({ name, refcount, state, path }) => [name, String(refcount), state, path])));
  });
}

function addModinfo(program: Command, around: Surroundings): void {
  const command = program.command('modinfo').description('show file and parameters of loaded modules').argument('<names...>').addHelpText('after', STATUS_HELP);
  onMachine(command, around, async (job) => {
    const modules = await job.client.call('modules', {});
    return forEach('modinfo', 'module', job, async (name) => {
      const module = modules.find((module) => module.name === name);
      if (!module) throw new WrongUsage(`no module ${name} is loaded; kthread lsmod lists those that are`);
      if (job.options.json) return job.json(module);
      const rows = [['filename', module.path], ['name', module.name], ['state', module.state], ...Object.entries(module.info ?? {}), ...module.params.map(({ name, desc, type }) => ['parm', `${name}:${desc} (${type})`])];
      around.print(rows.map(([field, value]) => `${`${field}:`.padEnd(16)}${value}\n`).join(''));
    });
  });
}
