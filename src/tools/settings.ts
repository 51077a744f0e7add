/**
 * The commands that show or set figures of the whole machine: sysctl and metrics.
 */
import type { Command } from 'commander';
import { STATUS_HELP, WrongUsage, onMachine, type Surroundings } from './command.js';

export function addSettingCommands(program: Command, around: Surroundings): void {
  addSysctl(program, around);
  addMetrics(program, around);
}

interface SysctlOptions {
  readonly all?: true;
  readonly values?: true;
  readonly names?: true;
  readonly write?: true;
}

function addSysctl(program: Command, around: Surroundings): void {
  const command = program.command('sysctl').description('show or set settings of a machine, as sysctl(8)').argument('[name[=value]...]')
    .option('-a, --all', 'show all')
    .option('-n, --values', 'show only values')
    .option('-N, --names', 'show only names')
    .option('-w, --write', 'is implied where there is a =')
    .addHelpText('after', `
Examples:
  kthread sysctl -a
  kthread sysctl kernel.hung_task_timeout_secs=10
${STATUS_HELP}`);
  onMachine<SysctlOptions>(command, around, async ({ client, args, options, json }) => {
    if (args.length === 0 && !options.all) throw new WrongUsage('which setting? -a shows all');
    const pairs = args.filter((arg) => arg.includes('=')).map((arg) => [arg.slice(0, arg.indexOf('=')).trim(), arg.slice(arg.indexOf('=') + 1).trim()]);
    const names = args.filter((arg) => !arg.includes('=')).map((name) => name.replaceAll('/', '.'));
    const settings = await client.call('sysctl', { ...(!options.all && { names }), ...(pairs.length > 0 && { set: Object.fromEntries(pairs) as Record<string, string> }) });
    if (options.json) return json(settings);
    for (const [name, value] of Object.entries(settings)) around.print(options.names ? `${name}\n` : options.values ? `${value}\n` : `${name} = ${value}\n`);
  });
}

function addMetrics(program: Command, around: Surroundings): void {
  const command = program.command('metrics').description('show figures of a machine as Prometheus reads them').addHelpText('after', `
A service that has an HTTP server already answers /metrics with metricsText() itself.
${STATUS_HELP}`);
  onMachine(command, around, async ({ client, options, json }) => {
    const { text } = await client.call('metrics', {});
    if (options.json) json(samples(text));
    else await around.print(text);
  });
}

function samples(text: string): object[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
    return { name, labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, label, of]) => [label, JSON.parse(`"${of}"`) as string])), value: Number(value) };
  });
}
