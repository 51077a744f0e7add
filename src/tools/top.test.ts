/**
 * kthread top: what it makes of two looks, what it prints into a pipe, and how it behaves on a terminal, driven by tmux.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ProcTask } from '../index.js';
import { Terminal, until, type Started } from './terminal.fixture.js';
import { Tmux, hasTmux } from './tmux.fixture.js';
import { chosenTasks, frameOf, summary, tableHeader, tableLine, type Sample } from './top_view.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const terminal = new Terminal();
afterAll(() => terminal.close());

/** One thread computes half of its time and is woken often, one is stuck in D, thirty sleep. */
const SERVICE = `
await k.boot({ control: true, cpus: 2, name: 'shop' });
await k.kthreadRun(async function works() {
  while (!k.kthreadShouldStop()) {
    for (const end = performance.now() + 4; performance.now() < end;) {}
    await k.msleepInterruptible(4);
  }
}, undefined, 'works');
async function deaf() { for (;;) await k.msleep(60_000); }
await k.kthreadRun(deaf, undefined, 'deaf');
for (let i = 0; i < 30; i++) await k.kthreadRun(async () => { await k.scheduleTimeoutInterruptible(k.MAX_SCHEDULE_TIMEOUT); }, undefined, 'sleeper/%d', i);
`;

const task = (of: Partial<ProcTask>): ProcTask => ({
  pid: 5, name: 'work', startTime: 0, runTime: 0, wakeups: 0, letter: 'S', prio: 120, nice: 0, rtprio: 0, cpu: 0, wchan: 'msleep', ...of,
}) as ProcTask;
const sample = (now: number, tasks: readonly ProcTask[], busy: readonly number[] = [0], switches = 0): Sample => ({
  now, tasks,
  stat: { now, switches, tasks: { S: tasks.length }, lastPid: 9, isolates: [], tainted: 'Not tainted', cpus: busy.map((busy, cpu) => ({ cpu, online: true, busy })) },
});

describe('the view', () => {
  test('percent and wake-ups are of the time between two looks, of a new thread of its life', () => {
    const before = sample(1000, [task({ pid: 5, runTime: 100, wakeups: 10 })], [500, 900], 100);
    const after = sample(3000, [task({ pid: 5, runTime: 1100, wakeups: 40 }), task({ pid: 6, startTime: 2500, runTime: 250, wakeups: 2 })], [1500, 800], 600);
    const frame = frameOf(before, after);
    expect(frame.tasks.map(({ pid, cpuPercent, wakeupsPerSecond }) => [pid, cpuPercent, wakeupsPerSecond])).toEqual([[5, 50, 15], [6, 50, 4]]);
    expect(frame.cpus.map(({ percent }) => percent)).toEqual([50, 0]);
    expect(frame.switchesPerSecond).toBe(250);
  });

  test('another thread that got the pid of an earlier one does not inherit its account', () => {
    const frame = frameOf(sample(1000, [task({ startTime: 0, runTime: 900 })]), sample(2000, [task({ startTime: 1500, runTime: 100 })]));
    expect(frame.tasks[0].cpuPercent).toBe(20);
  });

  test('order: by each key, either way round, the smaller pid first among equals', () => {
    const frame = frameOf(sample(0, []), sample(1000, [task({ pid: 7, name: 'b', runTime: 9 }), task({ pid: 3, name: 'c', wakeups: 5 }), task({ pid: 4, name: 'a', letter: 'R' })]));
    const order = (sort: Parameters<typeof chosenTasks>[1]['sort'], reverse = false): number[] => chosenTasks(frame, { sort, reverse, busyOnly: false }).map(({ pid }) => pid);
    expect([order('cpu'), order('wakeups'), order('pid'), order('name'), order('state'), order('time'), order('pid', true)]).toEqual([[7, 3, 4], [3, 4, 7], [3, 4, 7], [4, 7, 3], [4, 3, 7], [7, 3, 4], [7, 4, 3]]);
    expect(chosenTasks(frame, { sort: 'pid', reverse: false, busyOnly: true }).map(({ pid }) => pid)).toEqual([3, 7]);
  });

  test('64 CPUs fit on 24 lines, and a name cannot steer the terminal', () => {
    const frame = frameOf(sample(0, [], Array.from({ length: 64 }, () => 0)), sample(1000, [task({ name: 'a\x1b[2Jb' })], Array.from({ length: 64 }, () => 250)));
    const lines = summary(frame, { name: 'shop', pid: 1, bootWallTime: 0 } as Parameters<typeof summary>[1], 80, 24);
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines.at(-1)!.text).toBe('and 54 CPUs more, 25% on average');
    expect(lines.every(({ text }) => text.length <= 80)).toBe(true);
    expect(tableLine(frame.tasks[0])).toMatch(/ a\?\[2Jb$/);
    expect(tableLine(frame.tasks[0]).indexOf('a?')).toBe(tableHeader().indexOf('COMMAND'));
  });
});

describe('a machine', () => {
  let service: Started;
  beforeAll(async () => {
    service = await terminal.program(SERVICE);
  });

  test('into a pipe it prints one picture, with -n as many as are asked for', async () => {
    const { out, status } = await terminal.kthread('top');
    expect(out).toMatch(/^top - \d\d:\d\d:\d\d up .*, machine shop in process \d+\nThreads: \d+ total, \d+ running, \d+ sleeping, \d+ in D\b.*\nSwitches: .*\n%Cpu0 \[.*\] +[\d.]+ %Cpu1 \[.*\] +[\d.]+\n\n +PID  PR .*COMMAND\n/);
    expect(out).toMatch(/\n +\d+ +20 +0 [RS] +0 +[\d.]+ +[\d.]+ +\d+:\d\d\.\d\d \S+ +works\n/);
    expect(status).toBe(0);
    const three = (await terminal.kthread('top', '-b', '-n', '3', '-d', '0.1', '-i')).out;
    expect(three.match(/^top - /gm)).toHaveLength(3);
    expect(three).not.toContain('sleeper/');
  });

  test('as JSON: the busiest first, with what it used and how often it woke', async () => {
    const frame = JSON.parse((await terminal.kthread('top', '--json', '-d', '500ms')).out) as { cpus: object[]; tasks: Array<{ name: string; cpuPercent: number; wakeupsPerSecond: number }> };
    expect(frame.cpus).toHaveLength(2);
    expect(frame.tasks[0].name).toBe('works');
    expect(frame.tasks[0].cpuPercent).toBeGreaterThan(5);
    expect(frame.tasks[0].wakeupsPerSecond).toBeGreaterThan(5);
    expect(frame.tasks.find(({ name }) => name === 'deaf')).toMatchObject({ cpuPercent: 0, wakeupsPerSecond: 0, letter: 'D' });
  });

  test('wrong options are said in a sentence', async () => {
    expect(await terminal.kthread('top', '-n', '0')).toMatchObject({ status: 2, err: expect.stringMatching(/^kthread: .*It takes a whole number from 1\.|it takes a whole number from 1\./i) as string });
    expect(await terminal.kthread('top', '-o', 'size')).toMatchObject({ status: 2, err: expect.stringMatching(/Allowed choices are cpu, wakeups, time, pid, state, name/) as string });
  });

  describe.runIf(hasTmux)('on a terminal', () => {
    const open = (...args: readonly string[]): Tmux => new Tmux(terminal.folder, terminal.env, `${process.execPath} ${terminal.kthreadPath} top ${args.join(' ')}; echo "status $?"`);

    test('it fills 80x24, sorts, chooses, shows a call trace, and leaves the terminal as it was', async () => {
      const tmux = open('-d', '0.2');
      try {
        await tmux.shows(/ works\n/);
        expect(tmux.modes).toEqual({ cursor: false, alternate: true });
        expect(tmux.screen).toMatch(/\n1-\d+ of \d+, by cpu {2}Enter: call trace {2}h: help {2}q: quit\n$/);
        tmux.keys('N');
        await tmux.shows(/COMMAND\n +1 .* init\n +2 .* kthreadd\n/);
        tmux.keys('R');
        await tmux.shows(/by pid, reversed/);
        tmux.keys('S');
        await tmux.shows(/by state /);
        tmux.keys('End');
        await tmux.shows(/\n\d+-(\d+) of \1, by state/);
        tmux.keys('i');
        await tmux.shows(/by state, busy ones only/);
        tmux.keys('i', 'h');
        await tmux.shows(/^Keys\nP W T +sort by %CPU/);
        tmux.keys('q', 'C', 'Home');
        await tmux.shows(/COMMAND\n.* deaf\n/);
        tmux.keys('Enter');
        await tmux.shows(/^deaf\[\d+\] D, asleep for [\d.]+ s\n {4}msleep\n(?:.*\n)* {4}async deaf \(.*service\.mjs:\d+:\d+\)\n/);
        tmux.keys('Escape');
        await tmux.shows(/COMMAND\n/);
        tmux.resize(60, 10);
        await tmux.shows(/^top - .*\n(?:.*\n)*.*by name.*\n$/);
        tmux.resize(80, 24);
        tmux.keys('q');
        await tmux.shows(/status 0\n/);
        expect(tmux.modes).toEqual({ cursor: true, alternate: false });
        tmux.type('echo it "echoes"');
        await tmux.shows(/echo it "echoes"/);
      } finally {
        tmux.close();
      }
    });

    test.each([['C-c', /status 0\n/], ['SIGTERM', /status 143\n/], ['SIGHUP', /status 129\n/]])('%s gives the terminal back', async (how, status) => {
      const tmux = open('-d', '60');
      try {
        await tmux.shows(/ works\n/);
        if (how === 'C-c') tmux.keys(how);
        else process.kill(await tmux.foregroundPid(), how);
        await tmux.shows(status);
        expect(tmux.modes).toEqual({ cursor: true, alternate: false });
      } finally {
        tmux.close();
      }
    });

    test('Ctrl-Z gives the terminal back for a while', async () => {
      const tmux = open('-d', '60');
      try {
        await tmux.shows(/ works\n/);
        const pid = await tmux.foregroundPid();
        tmux.keys('C-z');
        await until('the terminal back', () => !tmux.modes.alternate);
        expect(tmux.modes).toEqual({ cursor: true, alternate: false });
        process.kill(pid, 'SIGCONT');
        tmux.type('fg');
        tmux.keys('Enter');
        await tmux.shows(/ works\n/);
        expect(tmux.modes).toEqual({ cursor: false, alternate: true });
      } finally {
        tmux.close();
      }
    });

    test('a machine that ends meanwhile is told of, on a terminal that is as it was', async () => {
      const other = await terminal.program("await k.boot({ control: true, name: 'pub' }); setInterval(() => {}, 1000);", 'other.mjs');
      const tmux = open('--target', 'pub', '-d', '0.1');
      try {
        await tmux.shows(/machine pub in process/);
        await other.kill('SIGKILL');
        await tmux.shows(/top: ECONNRESET .* the machine of process \d+ \(pub\) has ended\s+status 3\n/);
        expect(tmux.modes).toEqual({ cursor: true, alternate: false });
      } finally {
        tmux.close();
      }
    });
  });

  test('it works while the main thread is stuck', async () => {
    const stuck = await terminal.program("await k.boot({ control: true, name: 'stuck' });\nfor (;;) {}", 'stuck.mjs');
    expect((await terminal.kthread('top', '-p', '1', '--target', 'stuck')).out).toMatch(/COMMAND\n +1 .* init\n$/);
    await stuck.kill('SIGKILL');
    expect((await terminal.kthread('top', '-p', '1,2', '-o', 'pid', '--target', String(service.pid))).out).toMatch(/COMMAND\n +1 .* init\n +2 .* kthreadd\n$/);
  });
});
