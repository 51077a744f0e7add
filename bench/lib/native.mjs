// The machine's own limits: C programs of bench/native, compiled when they are first wanted. Where there is no compiler, or it
// is not Linux, what needs them is skipped with a word; nothing else is.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Skipped } from './skipped.mjs';

const SOURCES = fileURLToPath(new URL('../native/', import.meta.url));

const run = promisify(execFile);

/** Runs the program `name` with `args`; resolves with the numbers that it prints. `scratch` is where the compiled one is kept. */
export async function runNative(scratch, name, ...args) {
  const program = join(scratch, name);
  if (!existsSync(program)) compile(name, program);
  const { stdout } = await run(program, args.map(String));
  return stdout.trim().split(/\s+/).map(Number);
}

function compile(name, program) {
  if (process.platform !== 'linux') throw new Skipped('only for Linux');
  const done = spawnSync(process.env.CC ?? 'cc', ['-O2', '-pthread', '-o', program, join(SOURCES, `${name}.c`)], { encoding: 'utf8' });
  if (done.error) throw new Skipped('no C compiler');
  if (done.status !== 0) throw new Error(`cannot compile ${name}.c: ${done.stderr.trim()}`);
}
