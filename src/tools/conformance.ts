/**
 * kthread conformance: plays modules whose output on a real kernel is known, and compares. What a case is stands in
 * conformance/case.ts, how it is played in conformance/play.ts; here is what is printed.
 */
import { structuredPatch } from 'diff';
import { type Command } from 'commander';
import { boot } from '../index.js';
import { FAILED, OK, WrongUsage, attempt, type Surroundings } from './command.js';
import { BadCase, readCases, type Case } from './conformance/case.js';
import { play, type Outcome } from './conformance/play.js';

interface Options {
  readonly list?: true;
  readonly json?: true;
  readonly cpus?: string;
  readonly verbose?: true;
}

const HELP = `
A case is NAME.c (or .ko, .ts), the lines that a real kernel printed for it in NAME.expected, and, if it needs more than
insmod, waiting for "NAME: done", and rmmod, its steps in NAME.json. Lines that start with "NAME: " belong to a case.

Each case gives "ok NAME", or "FAIL NAME" and what differs: - is missing here, + is too much. A case whose file says that and
why this machine deviates is "ok" with that reason behind it.

Status: 0 when all cases passed, 1 when one failed, 2 for wrong usage.

Examples:
  kthread conformance test/conformance/public
  kthread conformance test/conformance/public park_basic sig_user
  kthread conformance . --list
`;

export function addConformance(program: Command, around: Surroundings): void {
  program.command('conformance')
    .description('run modules in C here and compare what they print with what a real kernel printed')
    .argument('<dir>', 'directory with the cases')
    .argument('[name...]', 'cases to run (default: all)')
    .option('--list', 'name the cases, and run none')
    .option('--cpus <n>', 'CPUs of the machine (default: 2)')
    .option('--verbose', 'print what each case prints')
    .option('--json', 'print one JSON object a case, and one for the sum')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP)
    .action(async (dir: string, names: readonly string[], options: Options) => {
      around.ended(await attempt('conformance', around, () => conformance(dir, names, options, around)));
    });
}

async function conformance(dir: string, names: readonly string[], options: Options, { print }: Surroundings): Promise<number> {
  const cases = readOrSay(dir, names);
  if (options.list) {
    for (const { name, deviates } of cases) await print(options.json ? `${JSON.stringify({ name, ...(deviates && { deviates: deviates.why }) })}\n` : `${name}\n`);
    return OK;
  }
  const cpus = wholeNumber(options.cpus ?? '2');
  let machine = await boot({ cpus, name: 'conformance', onOops: () => {} });
  let failed = 0;
  for (const one of cases) {
    const outcome = await play(machine, one);
    if (!passed(one, outcome)) failed++;
    await print(options.json ? `${JSON.stringify(asObject(one, outcome))}\n` : asText(one, outcome, options.verbose === true));
    if (outcome.clean) continue;
    await machine.shutdown(); // Its module is still there: the next case gets a machine without it.
    machine = await boot({ cpus, name: 'conformance', onOops: () => {} });
  }
  await machine.shutdown();
  await print(options.json ? `${JSON.stringify({ passed: cases.length - failed, failed })}\n` : `${cases.length - failed} passed, ${failed} failed\n`);
  return failed > 0 ? FAILED : OK;
}

function readOrSay(dir: string, names: readonly string[]): Case[] {
  try {
    return readCases(dir, names);
  } catch (error) {
    if (error instanceof BadCase) throw new WrongUsage(error.message);
    throw error;
  }
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new WrongUsage(`--cpus takes a whole number, not ${text}`);
  return Number(text);
}

const isAlike = ({ expected }: Case, { lines }: Outcome): boolean => lines.length === expected.length && lines.every((line, i) => line === expected[i]);
const passed = (one: Case, outcome: Outcome): boolean => isAlike(one, outcome) && outcome.wrong.length === 0;

function asText(one: Case, outcome: Outcome, verbose: boolean): string {
  const lines = [`${passed(one, outcome) ? 'ok  ' : 'FAIL'} ${one.name}${one.deviates ? ` (deviates: ${one.deviates.why})` : ''}`];
  lines.push(...outcome.wrong.map((what) => `     ${what.replaceAll('\n', '\n     ')}`));
  if (!isAlike(one, outcome)) lines.push(...differences(one, outcome).map((line) => `     ${line}`));
  else if (verbose) lines.push(...outcome.lines.map((line) => `       ${line}`));
  return `${lines.join('\n')}\n`;
}

/** What is missing and what is too much, with the lines around it. */
function differences({ expected }: Case, { lines }: Outcome): string[] {
  const text = (of: readonly string[]): string => of.map((line) => `${line}\n`).join('');
  const { hunks } = structuredPatch('expected', 'printed', text(expected), text(lines), '', '', { context: 3 });
  return hunks.flatMap((hunk, i) => [...(i > 0 ? ['...'] : []), ...hunk.lines.map((line) => `${line[0]} ${line.slice(1)}`)]);
}

const asObject = (one: Case, outcome: Outcome): object =>
  ({ name: one.name, passed: passed(one, outcome), wrong: outcome.wrong, expected: one.expected, lines: outcome.lines, ...(one.deviates && { deviates: one.deviates.why }) });
