// What one pays before anything runs: importing the library, booting a machine, and the room it takes on a disk.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Skipped } from '../lib/skipped.mjs';

const PROGRAM = fileURLToPath(new URL('../workers/first.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);
const run = promisify(execFile);

export const rows = [
  {
    name: 'boot/first-import',
    title: 'import of the library by a process that just began',
    unit: 'ms',
    cost: 'the whole library is loaded; TypeScript modules and the commands bring more when they are used',
    ours: (ctx) => firsts(ctx, 'import', 'kthread'),
    peers: [{ name: 'piscina', must: { ratio: 1 }, run: (ctx) => firsts(ctx, 'import', 'piscina') }],
  },
  {
    name: 'boot/boot',
    title: 'boot() in a process that just began',
    unit: 'ms',
    cost: 'kernel memory is reserved, not touched; the host worker starts with the first plain thread or a second later',
    goals: { must: { ours: 10 } },
    ours: (ctx) => firsts(ctx, 'boot', 'kthread'),
    peers: [{ name: 'new Piscina, 1 thread, until its first answer', run: (ctx) => firsts(ctx, 'boot', 'piscina') }],
  },
  {
    name: 'boot/package-size',
    title: 'the unpacked package',
    unit: 'KiB',
    cost: 'compiled code, its types and source maps, the documents and the examples',
    roundsMax: 1,
    warmUp: false,
    ours: () => packageSize(),
    peers: [{ name: 'piscina', run: () => folderSize(packageFolder('piscina')) }],
  },
  {
    name: 'boot/installed-size',
    title: 'the package with all that npm installs along with it',
    unit: 'KiB',
    cost: 'commander for the commands, tsx (with esbuild, most of it) for TypeScript modules: the core needs neither',
    roundsMax: 1,
    warmUp: false,
    ours: () => packageSize() + dependenciesSize(join(ROOT, 'package.json'), new Set()),
    peers: [{ name: 'piscina', run: () => folderSize(packageFolder('piscina')) + dependenciesSize(join(packageFolder('piscina'), 'package.json'), new Set()) }],
  },
];

/** Milliseconds, each in a process of its own. */
async function firsts(ctx, what, name) {
  const samples = [];
  for (let i = 0; i < ctx.times(30) / 10; i++) {
    const { stdout } = await run(process.execPath, [PROGRAM, what, name]);
    samples.push(Number(stdout));
  }
  return { samples };
}

/** What npm would pack, in KiB. */
function packageSize() {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  try {
    const [{ unpackedSize }] = JSON.parse(execFileSync(npm, ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return unpackedSize / 1024;
  } catch {
    throw new Skipped('no npm');
  }
}

/** Each package once, in KiB; optional ones as far as they are installed here. */
function dependenciesSize(packageJson, seen) {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(packageJson, 'utf8'));
  let size = 0;
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const folder = packageFolder(name);
    if (folder === undefined || seen.has(name)) continue;
    seen.add(name);
    size += folderSize(folder) + dependenciesSize(join(folder, 'package.json'), seen);
  }
  return size;
}

function packageFolder(name) {
  const folders = require.resolve.paths(name).map((folder) => join(folder, name));
  return folders.find((folder) => statSync(join(folder, 'package.json'), { throwIfNoEntry: false }));
}

function folderSize(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes / 1024;
}
