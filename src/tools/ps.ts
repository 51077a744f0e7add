/**
 * kthread ps: the tasks of a machine, with the options and columns of ps(1), which are drawn here and not there.
 */
import type { Command } from 'commander';
import { parsePsArgs, ps } from '../index.js';
import { STATUS_HELP, onMachine, type Surroundings } from './command.js';

const HELP = `
Options of ps: -e -A -f -l -L -o COLUMNS -p PIDS -C NAMES --ppid PIDS --sort KEYS --forest --no-headers, and without a dash
a x u f l w h o p. Without any: pid, terminal, time and name of each task.

Examples:
  kthread ps axf                                  who is whose child
  kthread ps -eo pid,stat,psr,wchan:20,comm       columns of your choice; an unknown one lists them all
  kthread ps aux --sort -pcpu                     who works most
  kthread ps --json | jq '.tasks[] | select(.letter == "D") | .name'
${STATUS_HELP}`;

export function addPs(program: Command, around: Surroundings): void {
  const command = program.command('ps').description('show the tasks of a machine, as ps(1)').argument('[ps-options...]').allowUnknownOption().addHelpText('after', HELP);
  onMachine(command, around, async ({ client, args, options, json }) => {
    const shown = parsePsArgs(args);
    const { items, result } = await client.collect('ps', {});
    const tasks = items.flat();
    const { bootWallTime, user, uid } = client.hello;
    if (options.json) json({ ...result, bootWallTime, tasks: tasks.filter((task) => shown.select.length === 0 || shown.select.some((wants) => wants(task))) });
    else await around.print(ps(tasks, shown, { now: result.now, bootWallTime, user, uid }));
  });
}
