/**
 * kthread build: the module of C in a file or folder as a .ko, which insmod and run load where no compiler is.
 */
import { statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command } from 'commander';
import { KernelError, buildModule } from '../index.js';
import { FAILED, OK, WrongUsage, attempt, type Surroundings } from './command.js';

interface Options {
  readonly output?: string;
  readonly hz: string;
  readonly kasan: boolean;
  readonly json?: true;
}

const HELP = `
FILE is a .c file, or a folder with a kbuild Makefile or with the .c files of one module. The .ko is for machines of this
version of kthread, on any computer; loading it takes no compiler.

Status: 0; 1 when it does not build, 2 for wrong usage.

Examples:
  kthread build hello.c                    makes hello.ko beside it
  kthread build driver/ -o driver.ko
  kthread run hello.ko period=500
`;

export function addBuild(program: Command, around: Surroundings): void {
  program.command('build')
    .description('build a module in C, to load it where no compiler is')
    .argument('<FILE>', 'a .c file, or a folder')
    .option('-o, --output <file>', 'the .ko to write (default: NAME.ko beside the source)')
    .option('--hz <n>', 'jiffies a second of the machines that it is for', '1000')
    .option('--no-kasan', 'without address checks: faster, and what it does wrong goes unseen')
    .option('--json', 'print what was built as JSON')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP)
    .action(async (file: string, options: Options) => {
      around.ended(await attempt('build', around, () => build(file, options, around)));
    });
}

async function build(file: string, { output, hz, kasan, json }: Options, { print, complain }: Surroundings): Promise<number> {
  if (!/^\d+$/.test(hz) || Number(hz) < 24 || Number(hz) > 1000) throw new WrongUsage(`--hz takes a whole number from 24 to 1000, not ${hz}`);
  if (file.endsWith('.ko')) throw new WrongUsage(`${file} is built already; name its source`);
  try {
    const { name, ko } = await buildModule(file, { kasan, hz: Number(hz), say: complain });
    const target = output ?? join(statSync(file).isDirectory() ? file : dirname(file), `${name}.ko`);
    writeFileSync(target, ko);
    await print(json ? `${JSON.stringify({ name, file: target, bytes: ko.length, hz: Number(hz), kasan })}\n` : `${target}\n`);
    return OK;
  } catch (error) {
    const said = error instanceof KernelError ? error.message.slice(`${error.code}: `.length) : (error as NodeJS.ErrnoException).code === undefined ? undefined : (error as Error).message;
    if (said === undefined) throw error;
    complain(`build: cannot build ${file}: ${said}\n`);
    return FAILED;
  }
}
