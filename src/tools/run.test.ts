/**
 * The program itself, as people start it: its statuses, its sentences, and what Ctrl-C does.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 90_000 }); // Each is a program to start, which takes seconds on a computer that has others to serve.
const PROGRAM = fileURLToPath(new URL('./kthread.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kthread-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STEADY = `
import { type Task, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, moduleParam, printk, scheduleTimeoutInterruptible } from 'kthread';
const every = moduleParam(import.meta, 'every', 'uint', 20, 'jiffies');
let task: Task;
async function work(): Promise<number> {
  let n = 0;
  for (; !kthreadShouldStop(); n++) await scheduleTimeoutInterruptible(every.value);
  return n;
}
moduleInit(async () => {
  task = await kthreadRun(work, undefined, 'steady/%u', every.value);
  printk('every %u\\n', every.value);
});
moduleExit(async () => {
  printk('%s stopped\\n', task.comm);
  await kthreadStop(task);
});
`;

const DEAF = `
import { type Task, kthreadRun, kthreadStop, moduleExit, moduleInit, msleep, printk } from 'kthread';
let task: Task;
async function neverListens(): Promise<void> {
  for (;;) await msleep(60_000);
}
moduleInit(async () => {
  task = await kthreadRun(neverListens, undefined, 'deaf/%d', 7);
  printk('ready\\n');
});
moduleExit(async () => {
  printk('stopping\\n');
  await kthreadStop(task);
});
`;

/** A module of the program's user: TypeScript, in a folder without package.json. */
function module(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const fails = (result: string): string => `import { KernelError, moduleInit } from 'kthread';\nmoduleInit((): number => { ${result} });\n`;

/** Runs the program to its end. */
function kthread(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  return { status, out: stdout, err: stderr };
}

/** Starts the program; `until` waits for what it prints. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => { printed.out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { printed.err += text; });
  const ended = new Promise<{ status: number | null; signal: string | null }>((resolve) => { child.once('close', (status, signal) => resolve({ status, signal })); });
  const until = (pattern: RegExp, where: 'out' | 'err' = 'out'): Promise<void> => expect.poll(() => printed[where], { timeout: 40_000 }).toMatch(pattern);
  return { child, printed, ended, until };
}

/** Longer than the time in which two signals count as one key press. */
const pause = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 400); });

describe('kthread run', () => {
  test('modules are loaded in order, shown, and removed in reverse order when the time is up', () => {
    module('one.ts', STEADY);
    module('two.ts', STEADY);
    const { status, out, err } = kthread('run', 'one.ts', 'every=30', 'two.ts', '--for', '300ms');
    expect(err).toBe('');
    expect(out.trimEnd().split('\n').map((line) => line.replace(/^\[ *\d+\.\d{6}\] /, ''))).toEqual([
      expect.stringMatching(/^kthread: \d+ CPUs, \d+ MiB of kernel memory, HZ=1000$/), 'every 30', 'every 20', 'steady/20 stopped', 'steady/30 stopped',
    ]);
    expect(status).toBe(0);
  });

  test('one file is loaded twice under two names', () => {
    module('one.ts', STEADY);
    expect(kthread('run', 'one.ts', 'one.ts', '--for', '1s').err).toBe('insmod: cannot load one.ts: EEXIST (File exists): module one is loaded; load another instance with --as NAME\n');
    const { status, out } = kthread('run', 'one.ts', 'one.ts', '--as', 'other', 'every=7', '--for', '50ms');
    expect(out).toMatch(/every 20\n.*every 7\n/);
    expect(status).toBe(0);
  });

  test('the threads are shown once, as ps axf does', () => {
    module('one.ts', STEADY);
    const { out } = kthread('run', 'one.ts', '--for', '3s', '--ps-after', '100ms', '--cpus', '1', '--hz', '250', '--loglevel', '4');
    expect(out).toMatch(/^ {2}PID TTY {6}STAT {3}TIME COMMAND\n {4}1 \? {8}S {6}0:00 init\n {4}2 \? {8}S {6}0:00 \[kthreadd\]\n(.*\n)* +\d+ \? {8}S {6}0:00 {2}\\_ \[steady\/20\]\n$/);
  });

  test('for programs, every line is an object and the last one tells the statuses', () => {
    module('one.ts', STEADY);
    const { status, out } = kthread('run', 'one.ts', '--for', '300ms', '--ps-after', '50ms', '--json');
    const objects = out.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects.map(({ type, event }) => event ?? type)).toEqual(['log', 'log', 'loaded', 'ps', 'log', 'removed', 'end']);
    expect(objects[1]).toMatchObject({ type: 'log', seq: expect.any(Number), level: 4, caller: expect.stringMatching(/^T\d+$/), text: 'every 20' });
    expect(objects[3].tasks).toContainEqual(expect.objectContaining({ name: 'steady/20', letter: 'S', wchan: 'schedule_timeout' }));
    expect(objects[6]).toMatchObject({ status: 0, oopses: 0, modules: [{ name: 'one', file: 'one.ts', status: 'removed' }] });
    expect(status).toBe(0);
  });
});

describe('a module that cannot be loaded', () => {
  test('T232 an init that returns -1 is EPERM, and what was loaded before it is removed', () => {
    module('one.ts', STEADY);
    module('refuses.ts', fails('return -1'));
    const { status, out, err } = kthread('run', 'one.ts', 'refuses.ts');
    expect(err).toBe('insmod: cannot load refuses.ts: EPERM (Operation not permitted)\n');
    expect(out).toMatch(/steady\/20 stopped\n$/);
    expect(status).toBe(1);
  });

  test.each([
    ['an init that throws a KernelError', fails("throw new KernelError(-19, 'the disk is gone')"), /^insmod: cannot load bad\.ts: ENODEV \(No such device\): the disk is gone\n$/],
    ['an init that throws anything else', fails("throw new TypeError('boom')"), /^insmod: cannot load bad\.ts: EFAULT \(Bad address\): TypeError: boom\n +at .*bad\.ts:2:\d+\)\n/],
    ['TypeScript that is none', 'const a: number = 1;\nconst b = ;\n', /^insmod: cannot load bad\.ts: ENOEXEC \(Exec format error\): .*\n.*bad\.ts:2:10: ERROR: Unexpected ";"\n$/],
    ['a name that this library has not', "import { kthreadFly } from 'kthread';\nkthreadFly();\n", /^insmod: cannot load bad\.ts: ENOEXEC [^]*bad\.ts:1[^]*does not provide an export named 'kthreadFly'\n$/],
    ['an import that is not found', "import './gone.js';\n", /^insmod: cannot load bad\.ts: ENOENT \(No such file or directory\): Cannot find module .*gone\.js' imported from .*bad\.ts\n$/],
    ['an init that ends its isolate', fails('process.exit(3)'), /^insmod: cannot load bad\.ts: EFAULT \(Bad address\): its isolate died\n$/],
  ])('%s', (_, text, sentence) => {
    module('bad.ts', text);
    const { status, err } = kthread('run', 'bad.ts', '--for', '10s');
    expect(err).toMatch(sentence);
    expect(status).toBe(1);
  });

  test('a file that is not there', () => {
    const { status, err } = kthread('run', 'nowhere.ts');
    expect(err).toMatch(/^insmod: cannot load nowhere\.ts: ENOENT \(No such file or directory\): looked for .*nowhere\.ts\n$/);
    expect(status).toBe(1);
  });

  test('a parameter of the wrong type keeps it out, an unknown one does not', () => {
    module('one.ts', STEADY);
    const wrong = kthread('run', 'one.ts', 'every=often');
    expect(wrong.err).toBe('insmod: cannot load one.ts: EINVAL (Invalid argument): parameter every takes a number from 0 to 4294967295, not "often"\n');
    expect(wrong.status).toBe(1);
    const unknown = kthread('run', 'one.ts', 'evry=5', '--for', '50ms');
    expect(unknown.out).toMatch(/\] one: unknown parameter 'evry' ignored\n.*every 20\n/);
    expect(unknown.status).toBe(0);
  });

  test('an exit that throws is an oops, and the module is removed all the same', () => {
    module('bad.ts', "import { moduleExit, moduleInit } from 'kthread';\nmoduleInit(() => 0);\nmoduleExit(() => { throw new Error('boom'); });\n");
    const { status, out } = kthread('run', 'bad.ts', '--for', '50ms', '--json');
    const objects = out.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects.map(({ text }) => text)).toContain('Oops: Error: boom');
    expect(objects.at(-1)).toMatchObject({ status: 0, oopses: 1, modules: [{ status: 'removed' }] });
    expect(status).toBe(0);
  });
});

describe('wrong usage is one sentence and status 2', () => {
  test.each([
    [[], 'kthread: which command? kthread --help lists them'],
    [['fly'], "kthread: unknown command 'fly'"],
    [['run'], "kthread: missing required argument 'FILE'"],
    [['run', 'every=5'], 'kthread: parameter every=5 stands before any FILE, but it follows the FILE it is for'],
    [['run', '--as', 'b', 'a.ts'], 'kthread: --as b stands before any FILE, but it follows the FILE it is for'],
    [['run', 'a.ts', '--for', '5'], "kthread: option '--for <time>' argument '5' is invalid: it takes a time such as 500ms, 5s or 2m, at most 24 days."],
    [['run', 'a.ts', '--cpus', 'many'], "kthread: option '--cpus <n>' argument 'many' is invalid: it takes a whole number."],
    [['run', 'a.ts', '--cpus', '99'], 'kthread: --cpus takes a whole number from 1 to 64, not 99'],
    [['run', 'a.ts', '--hz', '9999'], 'kthread: --hz takes a whole number from 24 to 1000, not 9999'],
    [['run', 'a.ts', '--fro', '5s'], "kthread: unknown option '--fro' (Did you mean --for?)"],
  ])('%j', (args, sentence) => {
    const { status, out, err } = kthread(...args);
    expect(err).toBe(`${sentence}\n`);
    expect(out).toBe('');
    expect(status).toBe(2);
  });

  test('help and version are asked for, so they are not wrong', () => {
    expect(kthread('--version')).toMatchObject({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(kthread('--help')).toMatchObject({ status: 0, out: expect.stringContaining('run [options] <FILE...>') });
    expect(kthread('run', '--help')).toMatchObject({ status: 0, out: expect.stringContaining('Examples:') });
  });
});

describe('Ctrl-C', () => {
  test('one that comes twice, as under npm, is one', async () => {
    module('one.ts', STEADY);
    const { child, printed, ended, until } = start('run', 'one.ts');
    await until(/every 20/);
    await pause();
    child.kill('SIGINT');
    await new Promise((resolve) => { setTimeout(resolve, 1); });
    child.kill('SIGINT');
    expect(await ended).toEqual({ status: 0, signal: null });
    expect(printed.err).toBe('');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s removes the modules and ends with status 0', async (signal) => {
    module('one.ts', STEADY);
    const { child, printed, ended, until } = start('run', 'one.ts');
    await until(/every 20/);
    await pause(); // The line is from init; a moment later the module is loaded.
    child.kill(signal);
    expect(await ended).toEqual({ status: 0, signal: null });
    expect(printed.out).toMatch(/steady\/20 stopped\n$/);
    expect(printed.err).toBe('');
  });

  test('a second one says which thread still runs and where, a third ends the process', async () => {
    module('deaf.ts', DEAF);
    const { child, printed, ended, until } = start('run', 'deaf.ts');
    await until(/ready/);
    child.kill('SIGINT');
    await until(/stopping/);
    await pause();
    child.kill('SIGINT');
    await until(/once more/, 'err');
    expect(printed.err).toMatch(/^kthread: 1 thread still there; Ctrl-C once more ends the process at once\n {2}deaf\/7\[\d+\] state D in msleep for \d+\.\d s, was asked to stop\n[^]*async neverListens \(.*deaf\.ts:5:\d+\) \[deaf\]\n/);
    await pause();
    child.kill('SIGINT');
    expect(await ended).toEqual({ status: null, signal: 'SIGINT' });
  });

  test('whoever reads the output goes away', async () => {
    module('chatty.ts', STEADY.replace('n++) await', 'n++, printk("%d\\n", n)) await'));
    const { child, ended, until } = start('run', 'chatty.ts', 'every=5');
    await until(/every 5/);
    child.stdout.destroy();
    expect(await ended).toEqual({ status: 0, signal: null });
  });
});
