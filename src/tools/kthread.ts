#!/usr/bin/env node
/**
 * The program `kthread`: its commands, its help, and its statuses. 0 is success, 1 a failure of what was asked for, 2 wrong
 * usage, said in one sentence, 3 that there is no such machine. What a command does stands in the file named after it.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addBuild } from './build.js';
import { TERMINAL, type Surroundings } from './command.js';
import { addCompletion } from './completion.js';
import { addConformance } from './conformance.js';
import { addDmesg } from './dmesg.js';
import { addDoctor } from './doctor.js';
import { addFileCommands } from './files.js';
import { addList } from './list.js';
import { addModuleCommands } from './modules.js';
import { addPs } from './ps.js';
import { addRun } from './run.js';
import { addSettingCommands } from './settings.js';
import { addShell } from './shell.js';
import { addThreadCommands } from './threads.js';
import { addTop } from './top.js';
import { addTrace } from './trace.js';

const WRONG_USAGE = 2;

const HELP = `
Examples:
  kthread run ticker.ts                      until Ctrl-C
  kthread run ticker.ts period=2 --for 10s   a parameter follows its file
  kthread ps axf                             from another terminal
  kthread help run                           all about one command
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let status = 0;
  const program = newProgram('kthread')
    .version(version(), '-V, --version', 'print the version')
    .addHelpText('after', HELP);
  const ended = (of: number): void => { status = of; };
  addRun(program, args, ended);
  const around = { ...TERMINAL, ended };
  addBuild(program, around);
  addDoctor(program, args, around);
  addConformance(program, around);
  program.commandsGroup('Looking at a machine that runs, and steering it:');
  addLooking(program, around);
  addShell(program, around, (around) => addLooking(newProgram(''), around));
  addCompletion(program, around);
  if (args[0] !== 'run') process.stdout.on('error', () => process.exit(status)); // EPIPE: nobody reads any more, as with | head.
  try {
    if (args.length === 0) program.error('which command? kthread --help lists them');
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : WRONG_USAGE;
  }
  return status;
}

/** A program without commands. One without a name is for a prompt, where they stand alone. */
function newProgram(name: string): Command {
  return new Command(name || ' ')
    .description('Linux kernel threads as a TypeScript runtime')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void process.stdout.write(text.replace(/^Usage: +/, 'Usage: ')),
      outputError: (text, write) => write(`${name || 'shell'}: ${text.replace(/^error: /, '').trim().replaceAll('\n', ' ').replace('is invalid. It', 'is invalid: it')}\n`),
    });
}

/** The table of commands for a machine that runs. */
function addLooking(program: Command, around: Surroundings): Command {
  for (const add of [addList, addPs, addTop, addDmesg, addThreadCommands, addModuleCommands, addSettingCommands, addFileCommands, addTrace]) add(program, around);
  return program;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
