// Tries the package as its users get it: packs it, looks at what is inside, installs it into an empty project, and runs and
// type-checks a small program there. Needs dist/. Leaves nothing behind.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMMAND_MS_MAX = 180_000;
const MUST_BE_INSIDE = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'ARCHITECTURE.md', 'dist/index.js', 'dist/index.d.ts', 'dist/tools/kthread.js', 'include/linux/kthread.h'];
const MUST_NOT_BE_INSIDE = /\.(test|litmus|fixture)\.|^(src|scripts|bench|node_modules)\/|tsbuildinfo|\.tgz$/;

// The thread is one that only stops when told to, and its result comes back through kthreadStop().
const JS_PROGRAM = `
import { boot, kthreadRun, kthreadShouldStop, kthreadStop, scheduleTimeoutInterruptible } from 'kthread';
const machine = await boot();
const task = await kthreadRun(async (answer) => {
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(5);
  return answer;
}, 42, 'packed/%d', 0);
await new Promise((wake) => setTimeout(wake, 100));
console.log('result', await kthreadStop(task));
await machine.shutdown();
`;

const TS_PROGRAM = `
import { boot, kthreadRun, kthreadStop } from 'kthread';
await using machine = await boot();
const task = await kthreadRun(async (start: number) => start + 1, 41, 'packed/%d', 0);
const result: number = await kthreadStop(task);
export { machine, result };
// @ts-expect-error: a string is no answer to %d
void kthreadRun(async () => 0, undefined, 'packed/%d', 'zero');
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Each example in C, and what was built of it. */
const EXAMPLES_IN_C = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.c')).flatMap((name) => [`examples/${name}`, `examples/${name.replace(/\.c$/, '.ko')}`]);
let passed = 0;
let failed = 0;

if (!existsSync(join(root, 'dist', 'index.js'))) {
  verdict('dist/ is there to be packed', 'dist/index.js is missing; run npm run build first');
} else {
  const folder = mkdtempSync(join(tmpdir(), 'kthread-pack-'));
  try {
    tryPackage(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

function tryPackage(folder) {
  const prebuilt = run(process.execPath, [join(root, 'scripts', 'prebuilt.mjs')], root);
  verdict('the examples in C are built', prebuilt.trouble);
  // Without the scripts: what is in dist/ now is what is looked at.
  const pack = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
  verdict('npm pack makes a tarball', pack.trouble);
  if (pack.trouble) return;
  const [{ filename, files }] = Object.values(JSON.parse(pack.stdout));
  const inside = files.map((file) => file.path);
  lookInside(inside);

  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'a-user-of-kthread', private: true, type: 'module' }));
  const install = run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, filename)], project);
  verdict('it installs into an empty project', install.trouble);
  if (install.trouble) return;

  writeFileSync(join(project, 'program.mjs'), JS_PROGRAM);
  const program = run(process.execPath, ['program.mjs'], project);
  verdict('a JavaScript program runs a thread', program.trouble ?? (program.stdout.includes('result 42') ? undefined : `it printed: ${program.stdout}`));
  const bin = run(join('node_modules', '.bin', 'kthread'), ['--help'], project);
  verdict('the kthread command starts', bin.trouble);
  const hello = join('node_modules', 'kthread', 'examples', 'hello');
  const ko = run(join('node_modules', '.bin', 'kthread'), ['run', `${hello}.ko`, '--for', '500ms'], project, { KTHREAD_CC: 'none' });
  verdict('a prebuilt module in C runs where no compiler is', ko.trouble ?? (/hello number 1 from greeter/.test(ko.stdout) ? undefined : `it printed: ${ko.stdout}`));
  const c = run(join('node_modules', '.bin', 'kthread'), ['run', `${hello}.c`], project, { KTHREAD_CC: 'none' });
  verdict('its source asks for a compiler there, in one sentence', /npm install --save-dev @yowasp\/clang/.test(c.trouble ?? '') ? undefined : `it said: ${c.trouble ?? c.stdout}`);
  const types = typeCheck(project);
  verdict('a TypeScript program type-checks against it', types.trouble);
}

function lookInside(inside) {
  const missing = [...MUST_BE_INSIDE, ...EXAMPLES_IN_C].filter((path) => !inside.includes(path));
  verdict(`all of it is inside (${inside.length} files)`, missing.length > 0 ? `not packed: ${missing.join(', ')}` : undefined);
  const extra = inside.filter((path) => MUST_NOT_BE_INSIDE.test(path));
  verdict('no tests or sources are inside', extra.length > 0 ? `packed as well: ${extra.join(', ')}` : undefined);
  const untyped = inside.filter((path) => /^dist\/.*\.js$/.test(path) && !inside.includes(path.replace(/\.js$/, '.d.ts')));
  verdict('every module has its types', untyped.length > 0 ? `no .d.ts for: ${untyped.join(', ')}` : undefined);
}

/** With the compiler and the Node types of this project, and without skipping the library's own declarations. */
function typeCheck(project) {
  writeFileSync(join(project, 'program.ts'), TS_PROGRAM);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({
    compilerOptions: {
      target: 'es2022', lib: ['esnext'], module: 'nodenext', strict: true, noEmit: true, skipLibCheck: false,
      types: ['node'], typeRoots: [join(root, 'node_modules', '@types')],
    },
    files: ['program.ts'],
  }));
  return run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project], project);
}

function run(command, args, cwd, more = {}) {
  // npm says to its scripts which project it runs for; the npm started here must not believe it.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|command|config_local_prefix)/.test(name)));
  const done = spawnSync(command, args, {
    cwd, env: { ...env, ...more }, encoding: 'utf8', timeout: COMMAND_MS_MAX, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' && command !== process.execPath,
  });
  const trouble = done.error?.message ?? (done.status === 0 ? undefined : `exit ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`.trim());
  return { stdout: done.stdout ?? '', trouble };
}

function verdict(what, trouble) {
  if (trouble === undefined) passed += 1;
  else failed += 1;
  console.log(trouble === undefined ? `ok    ${what}` : `FAIL  ${what}\n        ${trouble.replaceAll('\n', '\n        ')}`);
}
