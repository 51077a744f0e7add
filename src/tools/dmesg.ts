/**
 * kthread dmesg: the log of a machine, with the options of dmesg(1). The records are filtered there and drawn here.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ControlError } from './client.js';
import { STATUS_HELP, onMachine, type Surroundings } from './command.js';
import { logLines, logObject } from './log.js';

interface DmesgOptions {
  readonly follow?: true;
  readonly followNew?: true;
  readonly ctime?: true;
  readonly notime?: true;
  readonly decode?: true;
  readonly raw?: true;
  readonly level?: readonly number[];
  readonly readClear?: true;
  readonly clear?: true;
  readonly consoleLevel?: number;
  readonly since?: (bootWallTime: number) => number;
  readonly color: 'auto' | 'always' | 'never';
}

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];

const HELP = `
LEVELS is a list of ${LEVELS.join(', ')}; err+ stands for err and what is
worse, +err for err and what is less. WHEN is how long ago (5m, 30s), or a time or date (14:30, 2026-01-31T14:30:00).

With --follow it goes on until Ctrl-C or the end of the machine. Who reads more slowly than the machine logs is told how
many messages went by.

Examples:
  kthread dmesg -T --level err+        what went wrong, with the time of day
  kthread dmesg -w                     from the beginning, and as it comes
  kthread dmesg --json | jq -r .text
${STATUS_HELP}`;

export function addDmesg(program: Command, around: Surroundings): void {
  const command = program.command('dmesg').description('show the log of a machine, as dmesg(1)')
    .option('-w, --follow', 'go on with what comes')
    .option('-W, --follow-new', 'only what comes from now on')
    .option('-T, --ctime', 'the time of day in place of seconds since boot')
    .option('-t, --notime', 'no time')
    .option('-x, --decode', 'facility and level in words')
    .option('-r, --raw', 'facility and level as <6>')
    .option('-l, --level <levels>', 'only these', parseLevels)
    .option('--since <when>', 'only from then on', parseSince)
    .option('-c, --read-clear', 'show, and begin after it next time')
    .option('-C, --clear', 'begin with what comes now next time; shows nothing')
    .option('-n, --console-level <level>', 'set which messages the console shows: below this number, or this name and worse', parseConsoleLevel)
    .addOption(new Option('-L, --color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'))
    .addHelpText('after', HELP);
  onMachine<DmesgOptions>(command, around, async ({ client, options }) => {
    const { readClear, clear, consoleLevel, since, level, color } = options;
    if (consoleLevel !== undefined) return void (await client.call('sysctl', { set: { 'kernel.printk': String(consoleLevel) } }));
    if (clear) return void (await client.call('clear', {}));
    const { bootWallTime } = client.hello;
    const colour = color === 'always' || (color === 'auto' && around.colour);
    const how = { time: options.notime ? 'none' as const : options.ctime ? 'ctime' as const : 'stamp' as const, bootWallTime, decode: options.decode === true, raw: options.raw === true };
    const follow = options.follow === true || options.followNew === true;
    const args = { follow, from: options.followNew ? 'next' as const : 'cleared' as const, ...(level && { levels: level }), ...(since && { since: since(bootWallTime) }) };
    const call = client.call('dmesg', args, {
      onItem({ lost, records }) {
        if (lost > 0) say(options.json ? `${JSON.stringify({ type: 'lost', records: lost })}\n` : `** ${lost} printk messages dropped **\n`);
        say(records.map((record) => (options.json ? `${JSON.stringify(logObject(record))}\n` : logLines(record, colour, how))).join(''));
      },
      ...(around.signal && { signal: around.signal }),
    });
    const { next } = await call.catch((error: unknown) => {
      if (follow && (error === around.signal?.reason || (error instanceof ControlError && error.code === 'ECONNRESET'))) return { next: undefined }; // That is how following ends.
      throw error;
    });
    if (readClear && next !== undefined) await client.call('clear', { seq: next });
    return undefined;

    function say(text: string): void {
      const full = text === '' ? undefined : around.print(text);
      if (!full) return;
      client.pause();
      void full.then(() => client.resume());
    }
  });
}

function parseLevels(text: string): number[] {
  return [...new Set(text.split(',').flatMap((part) => {
    const level = LEVELS.indexOf(part.replaceAll('+', ''));
    if (level < 0) throw new InvalidArgumentError(`It takes a list of ${LEVELS.join(', ')}.`);
    if (part.startsWith('+')) return LEVELS.map((_, i) => i).slice(level);
    return part.endsWith('+') ? LEVELS.map((_, i) => i).slice(0, level + 1) : [level];
  }))];
}

function parseConsoleLevel(text: string): number {
  const level = /^\d+$/.test(text) ? Number(text) : LEVELS.indexOf(text) + 1;
  if (level < 1 || level > 8) throw new InvalidArgumentError(`It takes a number from 1 to 8, or one of ${LEVELS.join(', ')}.`);
  return level;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** From what people write to ms since a machine's boot. */
function parseSince(text: string): (bootWallTime: number) => number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) *(ms|s|m|h|d)(?: ago)?$/.exec(text) ?? [];
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text) ?? [];
  const wall = unit ? Date.now() - Number(number) * UNITS[unit] : hours !== undefined ? new Date().setHours(Number(hours), Number(minutes), Number(seconds), 0) : Date.parse(text);
  if (Number.isNaN(wall)) throw new InvalidArgumentError('It takes how long ago, such as 5m or 30s, a time such as 14:30, or a date such as 2026-01-31T14:30:00.');
  return (bootWallTime) => wall - bootWallTime;
}
