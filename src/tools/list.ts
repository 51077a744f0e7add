/**
 * kthread list: the machines of this user, one a line. It also takes away what killed ones left behind.
 */
import type { Command } from 'commander';
import type { Hello, MachineStat } from '../server/protocol.js';
import type { Client } from './client.js';
import { STATUS_HELP, attempt, type Surroundings } from './command.js';
import { allMachines } from './machines.js';
import { table } from './table.js';

interface Row {
  readonly hello: Hello;
  readonly stat: MachineStat;
}

export function addList(program: Command, around: Surroundings): void {
  const command = program.command('list').description('list the machines that you can see').option('--json', 'print JSON, for programs').helpOption('-h, --help', 'print this').addHelpText('after', STATUS_HELP);
  command.action(async ({ json }: { json?: true }) => {
    around.ended(await attempt('list', around, async () => {
      const { machines, mute } = await allMachines();
      const rows = (await Promise.all(machines.map(look))).filter((row) => row !== undefined);
      for (const { socket, why } of mute) around.complain(`list: ${socket} does not answer: ${why}\n`);
      if (json) around.print(`${JSON.stringify(rows)}\n`);
      else around.print(table(['>PID', 'NAME', '>CPUS', '>TASKS', '>UP', 'ACCESS', 'NODE', 'VERSION'], rows.map(line)));
    }));
  });
}

/** Nothing where it ended just now. */
async function look(client: Client): Promise<Row | undefined> {
  try {
    return { hello: client.hello, stat: await client.call('stat', {}) };
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}

const line = ({ hello, stat }: Row): string[] => [
  String(hello.pid), hello.name, String(hello.cpus), String(Object.values(stat.tasks).reduce((sum, n) => sum + n, 0)), upSince(stat.now), hello.access, hello.node, hello.version,
];

/** `3d 04:05`, `04:05:06` or `5.6 s`. */
function upSince(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${(ms / 1000).toFixed(1)} s`;
  const [days, ...clock] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60, s % 60];
  const text = clock.slice(0, days > 0 ? 2 : 3).map((n) => String(n).padStart(2, '0')).join(':');
  return days > 0 ? `${days}d ${text}` : text;
}
