/**
 * kthread shell: lines from a file, and a conversation on a terminal, driven by tmux.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Terminal, type Ran, type Started } from './terminal.fixture.js';
import { Tmux, hasTmux } from './tmux.fixture.js';
import { candidates, splitLine, splitWords, type Entry } from './words.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const terminal = new Terminal();
const state = join(terminal.folder, 'state');
const env = { ...terminal.env, XDG_STATE_HOME: state };
afterAll(() => terminal.close());

const SERVICE = `
await k.boot({ control: true, cpus: 2, name: 'shop' });
await k.kthreadRun(async function loops() {
  k.allowSignal(k.SIGUSR1);
  while (!k.kthreadShouldStop()) {
    await k.scheduleTimeoutInterruptible(k.MAX_SCHEDULE_TIMEOUT);
    if (k.signalPending()) k.printk('loops: heard %d\\n', k.kernelDequeueSignal());
  }
}, undefined, 'loops');
await k.kthreadRun(async () => { for (;;) await k.msleep(60_000); }, undefined, 'deaf');
`;
const MODULE = `
import { kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, msleepInterruptible } from 'kthread';
let task;
moduleInit(async () => { task = await kthreadRun(async () => { while (!kthreadShouldStop()) await msleepInterruptible(20); }, undefined, 'tick'); });
moduleExit(async () => void (await kthreadStop(task)));
`;

let service: Started;
beforeAll(async () => {
  service = await terminal.program(SERVICE);
  terminal.write('ticker.ts', MODULE);
});

describe('words', () => {
  test('are split as sh does', () => {
    expect(splitLine('ps  -eo "a b" c\\ d \'e"f\' # g')).toEqual(['ps', '-eo', 'a b', 'c d', 'e"f', '']);
    expect(splitLine('a "b\\"c"')).toEqual(['a', 'b"c']);
    expect(splitLine('a \'b')).toBeUndefined();
    expect([splitLine(''), splitLine('a#b')]).toEqual([[''], ['a#b']]);
    expect(splitWords('echo "a > b">>/dev/c <d')?.map(({ text, isOperator }) => (isOperator ? [text] : text))).toEqual(['echo', 'a > b', ['>>'], '/dev/c', ['<'], 'd']);
  });

  test('are completed by what the command takes', async () => {
    const table: Entry[] = [
      { name: 'stack', about: '', takes: 'thread', options: [{ flags: ['--target'], about: '', value: true, choices: [], takes: 'machine' }, { flags: ['-L', '--color'], about: '', value: true, choices: ['auto', 'never'], takes: 'nothing' }] },
      { name: 'stop', about: '', takes: 'thread', options: [] },
    ];
    const list = (kind: string): Promise<string[]> => Promise.resolve([`${kind}-1`]);
    const complete = (line: string): Promise<string[]> => candidates(table, splitLine(line)!, list);
    expect(await complete('st')).toEqual(['stack', 'stop']);
    expect(await complete('stack t')).toEqual(['thread-1']);
    expect(await complete('stack --')).toEqual(['--target', '--color']);
    expect(await complete('stack --target ')).toEqual(['machine-1']);
    expect(await complete('stack -L a')).toEqual(['auto']);
    expect(await complete('help sta')).toEqual(['stack']);
    expect(await complete('stack > pa')).toEqual(['path-1']);
    expect(await complete('none x')).toEqual([]);
  });
});

describe('lines from a file', () => {
  const feed = (text: string, ...args: readonly string[]): Promise<Ran> => new Promise((resolve) => {
    const child = spawn(process.execPath, [terminal.kthreadPath, 'shell', ...args], { cwd: terminal.folder, env });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (more: string) => { out += more; });
    child.stderr.setEncoding('utf8').on('data', (more: string) => { err += more; });
    child.on('close', (status) => resolve({ status, out, err }));
    child.stdin.end(text);
  });

  test('are done one after the other, and the status is the last one\'s', async () => {
    const { out, err, status } = await feed('# a comment\ninsmod ticker.ts\nps -C tick -o comm=\nrmmod "ticker"\n\nps -C tick -o comm=\ncat /proc/1/comm\nexit\nps\n');
    expect({ out, err, status }).toEqual({ out: 'tick\ninit\n', err: '', status: 0 });
    expect(await feed('stop nobody\n')).toMatchObject({ status: 1, err: 'stop: ESRCH (No such process): no task is named nobody; ps lists them\n' });
    expect(existsSync(state)).toBe(false);
  });

  test('what is wrong is said and ends nothing', async () => {
    const { out, err, status } = await feed('pss\nps | grep x\nps "x\nrun ticker.ts\nps -C deaf -o comm=\ndmesg --wrong\n');
    expect(out).toBe('deaf\n');
    expect(err).toMatch(/^shell: unknown command 'pss' \(Did you mean ps\?\)\nshell: there are no pipes here; .*\nshell: a quote is open\nshell: unknown command 'run'.*\nshell: unknown option '--wrong'.*\n$/);
    expect(status).toBe(2);
  });

  test('help lists the commands and tells about one, --json has all of them print JSON', async () => {
    const { out } = await feed('help\nhelp stop\n');
    expect(out).toMatch(/^COMMAND +WHAT IT DOES\nlist +list the machines.*\n(?:.*\n)*exit +leave; so does Ctrl-D\nUsage: stop \[options\] <threads\.\.\.>\n/);
    const [comm, stack] = (await feed('cat /proc/1/comm\nstack deaf\n', '--json')).out.trim().split('\n').map((line) => JSON.parse(line) as object);
    expect(comm).toMatchObject({ path: '/proc/1/comm' });
    expect(stack).toMatchObject({ name: 'deaf', state: 'D' });
  });
});

describe.runIf(hasTmux)('on a terminal', () => {
  const open = (...args: readonly string[]): Tmux => new Tmux(terminal.folder, env, `clear; ${process.execPath} ${terminal.kthreadPath} shell ${args.join(' ')}; echo "status $?"`);
  const enter = (tmux: Tmux, line: string): void => {
    tmux.type(line);
    tmux.keys('Enter');
  };

  test('commands, completion, Ctrl-C that ends a command and not the shell, history of the shell before', async () => {
    const tmux = open('--target', 'shop');
    try {
      await tmux.shows(/^The machine shop in process \d+, 2 CPUs\. .*\nshop#\n/);
      enter(tmux, 'insmod ticker.ts');
      await tmux.shows(/insmod ticker\.ts\nshop#\n/);
      tmux.type('stack de');
      await tmux.shows(/shop# stack de\n/);
      tmux.keys('Tab');
      await tmux.shows(/shop# stack deaf\n/);
      tmux.keys('Enter');
      await tmux.shows(/deaf\[\d+\] D\n {4}msleep\n/);
      enter(tmux, 'dmesg -W');
      await tmux.shows(/shop# dmesg -W\n/);
      for (let heard = false; !heard; heard = tmux.screen.includes('loops: heard 10')) await terminal.kthread('kill', '-USR1', 'loops');
      tmux.keys('C-c');
      await tmux.shows(/loops: heard 10\n(?:.*\n)*\^C\nshop#\n/);
      enter(tmux, 'stop deaf');
      await tmux.shows(/shop# stop deaf\n/);
      for (;;) if ((await terminal.kthread('ps', '-C', 'stop', '-o', 'comm=')).out !== '') break;
      tmux.keys('C-c');
      await tmux.shows(/stop deaf\n\^C\nshop#\n/);
      tmux.type('unfinished');
      tmux.keys('C-c');
      await tmux.shows(/shop# unfinished\^C\nshop#\n/);
      enter(tmux, ' rmmod ticker');
      await tmux.shows(/ rmmod ticker\nshop#\n/);
      tmux.keys('C-d');
      await tmux.shows(/status \d+\n/);
    } finally {
      tmux.close();
    }
    const file = join(state, 'kthread', 'history');
    expect(readFileSync(file, 'utf8')).toBe('insmod ticker.ts\nstack deaf\ndmesg -W\nstop deaf\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = open();
    try {
      await again.shows(/shop#\n/);
      again.keys('Up', 'Up', 'Up');
      await again.shows(/shop# stack deaf\n/);
    } finally {
      again.close();
    }
  });

  test('top has the terminal while it runs, and the prompt comes back', async () => {
    const tmux = open('--no-history');
    try {
      await tmux.shows(/shop#\n/);
      enter(tmux, 'top -d 0.2');
      await tmux.shows(/^top - .*machine shop/);
      tmux.keys('q');
      await tmux.shows(/shop# top -d 0\.2\nshop#\n/);
      enter(tmux, 'cat /proc/1/comm');
      await tmux.shows(/comm\ninit\nshop#\n/);
      enter(tmux, 'exit');
      await tmux.shows(/status 0\n/);
      expect(tmux.modes).toEqual({ cursor: true, alternate: false });
    } finally {
      tmux.close();
    }
  });

  test('lines that are pasted together are all done, and a machine that ended ends the shell', async () => {
    const other = await terminal.program("await k.boot({ control: true, name: 'pub' }); setInterval(() => {}, 1000);", 'other.mjs');
    const history = terminal.write('lines', '');
    writeFileSync(history, Array.from({ length: 2001 }, (_, i) => `ps ${i}\n`).join(''));
    const tmux = open('--target', 'pub', '--history', history);
    try {
      await tmux.shows(/pub#\n/);
      tmux.type('cat /proc/1/comm\ncat /proc/2/comm\nps -C in');
      await tmux.shows(/\ninit\n(?:.*\n)*kthreadd\npub# ps -C in\n/);
      tmux.type('it -o comm=');
      tmux.keys('Enter');
      await tmux.shows(/it -o comm=\ninit\npub#\n/);
      await other.kill('SIGKILL');
      enter(tmux, 'ps');
      await tmux.shows(/ps: no machine .*\nstatus 3\n/);
    } finally {
      tmux.close();
    }
    expect(readFileSync(history, 'utf8').split('\n').slice(0, 2)).toEqual(['ps 1001', 'ps 1002']);
    expect(service.pid).toBeGreaterThan(0);
  });
});
