/**
 * The commands that look at a running machine and steer it, as people type them, against a machine in another process.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Terminal, until, type Started } from './terminal.fixture.js';

// Each command is a process of its own, which takes its time on a busy computer.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const terminal = new Terminal();
afterAll(() => terminal.close());

/** Threads of all kinds, under their own names. */
const SERVICE = `

await k.boot({ control: true, cpus: 2, name: 'shop' });
async function loops() {
  k.allowSignal(k.SIGUSR1);
  let turns = 0;
  while (!k.kthreadShouldStop()) {
    if (k.kthreadShouldPark()) await k.kthreadParkme();
    turns++;
    await k.scheduleTimeoutInterruptible(k.MAX_SCHEDULE_TIMEOUT);
    if (k.signalPending()) k.printk('%s heard %d\\n', 'loops', k.kernelDequeueSignal());
  }
  return turns;
}
async function deaf() { for (;;) await k.msleep(60_000); }
await k.kthreadRun(loops, undefined, 'loops');
await k.kthreadRun(deaf, undefined, 'deaf/%d', 7);
await k.kthreadRun(async () => {
  await k.setFreezable();
  while (!k.kthreadShouldStop()) {
    await k.tryToFreeze();
    await k.scheduleTimeoutInterruptible(k.MAX_SCHEDULE_TIMEOUT);
  }
}, undefined, 'mild');
await k.kthreadRun(async () => { for (;;) await k.msleepInterruptible(60_000); }, undefined, 'tough');
for (let i = 0; i < 2; i++) await k.kthreadRun(deaf, undefined, 'twin');
await k.kthreadRun(async () => { while (!k.kthreadShouldStop()) await k.msleep(20); throw new Error('boom'); }, undefined, 'fails');
k.printk(k.KERN_ERR + 'disk: gone\\n');
`;

const MODULE = `
import { kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, moduleParam, msleepInterruptible } from 'kthread';
const every = moduleParam(import.meta, 'every', 'uint', 20, 'milliseconds');
let task;
moduleInit(async () => {
  task = await kthreadRun(async () => { while (!kthreadShouldStop()) await msleepInterruptible(every.value); }, undefined, 'ticks/%u', every.value);
});
moduleExit(async () => void (await kthreadStop(task)));
`;

let service: Started;
beforeAll(async () => {
  service = await terminal.program(SERVICE);
});

describe('looking', () => {
  test('list shows the machine', async () => {
    const { out, status } = await terminal.kthread('list');
    expect(out).toMatch(new RegExp(`^ *PID  NAME .*\\n *${service.pid}  shop +2 +\\d+ .* full +v\\d+`));
    expect(status).toBe(0);
    const [machine] = JSON.parse((await terminal.kthread('list', '--json')).out) as Array<{ hello: object; stat: object }>;
    expect(machine).toMatchObject({ hello: { pid: service.pid, name: 'shop', cpus: 2, access: 'full', protocol: 1 }, stat: { tasks: { D: expect.any(Number) } } });
  });

  test('ps draws the columns and the forest of ps(1)', async () => {
    expect((await terminal.kthread('ps', 'axf')).out).toMatch(/^ {2}PID TTY {6}STAT {3}TIME COMMAND\n {4}1 \? {8}S {6}0:00 init\n {4}2 \? {8}S {6}0:00 \[kthreadd\]\n(.*\n)* +\d+ \? {8}S {6}0:00 {2}\\_ \[loops\]\n/);
    expect((await terminal.kthread('ps', '-C', 'deaf/7', '-o', 'stat,wchan:10,comm')).out).toBe('STAT WCHAN      COMMAND\nD    msleep     deaf/7\n');
    expect((await terminal.kthread('ps', '-eo', 'color')).err).toMatch(/^ps: unknown column "color"; known: pid ppid .*\n$/);
    const { tasks } = JSON.parse((await terminal.kthread('ps', '-C', 'loops', '--json')).out) as { tasks: object[] };
    expect(tasks).toEqual([expect.objectContaining({ name: 'loops', letter: 'S', wchan: 'schedule_timeout' })]);
  });

  test('dmesg filters, stamps, paints and clears', async () => {
    expect((await terminal.kthread('dmesg', '-l', 'err', '-t')).out).toBe('disk: gone\n');
    expect((await terminal.kthread('dmesg', '-l', 'err+', '-x')).out).toMatch(/^kern {2}:err {3}: \[ +\d+\.\d{6}\] disk: gone\n$/);
    expect((await terminal.kthread('dmesg', '-T', '-l', 'err')).out).toMatch(/^\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\] disk: gone\n$/);
    const painted = (await terminal.kthread('dmesg', '-l', 'err', '--color', 'always')).out.replaceAll('\x1b', '^');
    expect(painted).toMatch(/^\^\[32m\[ +\d+\.\d{6}\] \^\[0m\^\[33mdisk: \^\[0m\^\[31mgone\^\[0m\n$/);
    expect((await terminal.kthread('dmesg', '--since', '1h', '-l', 'err', '-t')).out).toBe('disk: gone\n');
    expect((await terminal.kthread('dmesg', '--since', '2099-01-01')).out).toBe('');
    expect(JSON.parse((await terminal.kthread('dmesg', '-l', 'err', '--json')).out)).toMatchObject({ type: 'log', level: 3, text: 'disk: gone' });
    expect((await terminal.kthread('dmesg', '-c')).out).toMatch(/disk: gone\n/);
    expect((await terminal.kthread('dmesg', '-l', 'err')).out).toBe('');
    await terminal.kthread('dmesg', '-n', 'err');
    expect((await terminal.kthread('sysctl', '-n', 'kernel.printk')).out).toBe('4\t4\t1\t7\n');
    expect(await terminal.kthread('dmesg', '-l', 'loud')).toMatchObject({ status: 2, err: expect.stringMatching(/loud.*emerg, alert, crit/) as string });
  });

  test('dmesg -w goes on with what comes', async () => {
    const follower = terminal.start('dmesg', '-W', '-t');
    await terminal.kthread('sysctl', 'kernel.printk=7');
    for (;;) {
      await terminal.kthread('kill', '-USR1', 'loops');
      if (follower.out !== '') break;
    }
    await follower.says(/^loops heard 10\n/);
    await follower.kill('SIGTERM');
  });

  test('stack tells where a thread is, of what kind it may be', async () => {
    expect((await terminal.kthread('stack', 'deaf/7')).out).toMatch(/^deaf\/7\[\d+\] D\n {4}msleep\n(?: {4}.*\n)* {4}async deaf \(.*service\.mjs:\d+:\d+\)\n/);
    expect(JSON.parse((await terminal.kthread('stack', 'deaf/7', '--json')).out)).toMatchObject({ name: 'deaf/7', state: 'D', trace: expect.arrayContaining(['msleep']) as unknown });
    expect(await terminal.kthread('stack', 'nobody')).toMatchObject({ status: 1, err: 'stack: ESRCH (No such process): no task is named nobody; ps lists them\n' });
  });

  test('cat, metrics and sysctl', async () => {
    expect((await terminal.kthread('cat', '/proc/1/comm', '/proc/sys/kernel/pid_max')).out).toBe('init\n4194304\n');
    expect(await terminal.kthread('cat', '/proc/nothing')).toMatchObject({ status: 1, err: 'cat: /proc/nothing: No such file or directory\n' });
    const { out } = await terminal.kthread('metrics');
    expect(out).toMatch(/^# HELP kthread_uptime_seconds .*\n# TYPE kthread_uptime_seconds gauge\nkthread_uptime_seconds \d/);
    expect(out).toContain('\nkthread_threads{name="twin"} 2\n');
    const metrics = JSON.parse((await terminal.kthread('metrics', '--json')).out) as unknown[];
    expect(metrics).toContainEqual({ name: 'kthread_threads', labels: { name: 'twin' }, value: 2 });
    expect((await terminal.kthread('sysctl', 'kernel.hung_task_timeout_secs=30')).out).toBe('kernel.hung_task_timeout_secs = 30\n');
    expect((await terminal.kthread('sysctl', '-a')).out).toMatch(/^kernel\.hung_task_timeout_secs = 30\n/m);
    expect(await terminal.kthread('sysctl', 'kernel.pid_max=5')).toMatchObject({ status: 1, err: 'sysctl: EINVAL (Invalid argument): kernel.pid_max takes whole numbers from 301 to 4194304, not "5"\n' });
    expect((await terminal.kthread('sysctl', 'kernel.none')).err).toBe('sysctl: ENOENT (No such file or directory): there is no setting "kernel.none"; sysctl -a lists them\n');
  });
});

describe('steering', () => {
  test('modules are loaded with parameters, listed, and removed', async () => {
    terminal.write('ticks.ts', MODULE);
    expect(await terminal.kthread('insmod', 'ticks.ts', 'every=30')).toEqual({ status: 0, out: '', err: '' });
    expect((await terminal.kthread('lsmod')).out).toMatch(/^Module +Used by +State +File\nticks +0 +Live +\/.*\/ticks\.ts\n$/);
    expect((await terminal.kthread('modinfo', 'ticks')).out).toMatch(/^filename: +\/.*\/ticks\.ts\nname: +ticks\nstate: +Live\nparm: +every:milliseconds \(uint\)\n$/);
    expect((await terminal.kthread('ps', '-C', 'ticks/30', '-o', 'comm=')).out).toBe('ticks/30\n');
    expect((await terminal.kthread('insmod', 'ticks.ts')).err).toMatch(/^insmod: EEXIST \(File exists\): cannot load .*ticks\.ts: module ticks is loaded; load another instance with --as NAME\n$/);
    expect(JSON.parse((await terminal.kthread('insmod', 'ticks.ts', '--as', 'other', '--json')).out)).toMatchObject({ name: 'other', state: 'Live' });
    expect(await terminal.kthread('rmmod', 'other', 'ticks', 'gone')).toEqual({ status: 1, out: '', err: 'rmmod: ENOENT (No such file or directory): module gone is not currently loaded\n' });
    expect(JSON.parse((await terminal.kthread('lsmod', '--json')).out)).toEqual([]);
    expect((await terminal.kthread('insmod', 'nowhere.ts')).err).toMatch(/^insmod: ENOENT .*looked for \/.*\/nowhere\.ts\n$/);
  });

  test('a module whose exit hangs is removed by force, and what that broke is said', async () => {
    terminal.write('bad.ts', `
      import { kthreadRun, moduleExit, moduleInit, msleep } from 'kthread';
      moduleInit(async () => void (await kthreadRun(async () => { for (;;) await msleep(60_000); }, undefined, 'left')));
      moduleExit(() => msleep(1e9));
    `);
    terminal.write('stays.ts', "import { moduleInit } from 'kthread';\nmoduleInit(() => 0);\n");
    await terminal.kthread('insmod', 'bad.ts');
    await terminal.kthread('insmod', 'stays.ts');
    expect((await terminal.kthread('rmmod', 'stays')).err).toBe('rmmod: EBUSY (Device or resource busy): module stays has no exit function and cannot be removed\n');
    expect(await terminal.kthread('rmmod', '-f', 'stays')).toEqual({ status: 0, out: '', err: 'rmmod: module stays has no exit function and cannot be removed\n' });
    const { err } = await terminal.kthread('rmmod', '--force', 'bad');
    expect(err).toMatch(/^rmmod: module bad runs its exit for 5 s now, which was not waited for\nrmmod: thread left\[\d+\] was ended wherever it was, state D; what it held or had begun stays as it is\n$/);
    expect(JSON.parse((await terminal.kthread('lsmod', '--json')).out)).toEqual([]);
    expect((await terminal.kthread('ps', '-C', 'left,rmmod', '-o', 'comm=')).out).toBe('');
    expect((await terminal.kthread('dmesg', '-t', '-l', 'alert')).out).toMatch(/rmmod --force: thread left/);
  });

  test('a module in C, and the lines in which its thread sleeps', async () => {
    const hello = fileURLToPath(new URL('../../examples/hello.c', import.meta.url));
    expect(await terminal.kthread('insmod', hello, 'period=60000')).toMatchObject({ status: 0, out: '' });
    expect((await terminal.kthread('modinfo', 'hello')).out).toMatch(/\nparm: +period:milliseconds between two greetings \(uint\)\n$/);
    expect((await terminal.kthread('stack', 'greeter/60000')).out).toMatch(/^greeter\/60000\[\d+\] S\n {4}msleep_interruptible\n(?: {4}.*\n)* {4}greet\S* \[hello\] .*hello\.c:18\n/);
    expect((await terminal.kthread('stop', 'greeter/60000')).out).toMatch(/^greeter\/60000\[\d+\]: 1\n$/);
    expect((await terminal.kthread('rmmod', 'hello')).status).toBe(0);
  });

  test('park, unpark and stop', async () => {
    expect((await terminal.kthread('park', 'loops')).status).toBe(0);
    expect((await terminal.kthread('ps', '-C', 'loops', '-o', 'stat=')).out).toBe('P\n');
    expect((await terminal.kthread('unpark', 'loops')).status).toBe(0);
    expect((await terminal.kthread('stop', 'loops')).out).toMatch(/^loops\[\d+\]: \d+\n$/);
    expect((await terminal.kthread('stop', 'loops')).status).toBe(1);
    const failed = await terminal.kthread('stop', 'fails');
    expect(failed.err).toMatch(/^stop: EFAULT \(Bad address\): .*boom\n$/);
    expect(failed.status).toBe(1);
  });

  test('a thread that does not stop is shown with its trace when the time is up', async () => {
    const { err, status } = await terminal.kthread('stop', 'deaf/7', '--timeout', '200ms');
    expect(err).toMatch(/^stop: ETIMEDOUT \(Connection timed out\): deaf\/7\[\d+\] was asked to stop and has not within 0\.2 s: state D in msleep\n {4}msleep\n(?: {4}.*\n)* {4}async deaf /);
    expect(status).toBe(1);
  });

  test('who waits for a thread is not reported as hung, and may be killed', async () => {
    await terminal.kthread('sysctl', 'kernel.hung_task_timeout_secs=1', 'kernel.hung_task_warnings=-1');
    const waiting = [terminal.start('stop', 'deaf/7'), terminal.start('park', 'tough')];
    await until('both waits', async () => (await terminal.kthread('ps', '-C', 'stop,park', '-o', 'stat,wchan:12,comm', '--sort', 'comm')).out === 'STAT WCHAN        COMMAND\nD    kthread_park park\nD    kthread_stop stop\n');
    await new Promise((resolve) => { setTimeout(resolve, 3000); }); // Longer than two timeouts.
    const log = (await terminal.kthread('dmesg', '-t')).out;
    expect(log).toMatch(/INFO: task deaf\/7:\d+ blocked/);
    expect(log).not.toMatch(/INFO: task (stop|park):/);
    for (const name of ['stop', 'park']) expect((await terminal.kthread('kill', '-9', name)).status).toBe(0);
    await Promise.all(waiting.map(({ ended }) => ended));
    expect(waiting.map(({ err }) => err).join('')).toMatch(/^stop: EINTR \(Interrupted system call\): SIGKILL ended the wait for deaf\/7\[\d+\]\npark: EINTR \(Interrupted system call\): SIGKILL ended the wait for tough\[\d+\]\n$/);
    await terminal.kthread('sysctl', 'kernel.hung_task_timeout_secs=120');
  });

  test('threads that are not to be stopped, and names that two bear', async () => {
    expect((await terminal.kthread('stop', 'kthreadd')).err).toBe('stop: EPERM (Operation not permitted): kthreadd[2] belongs to the machine itself\n');
    expect((await terminal.kthread('stop', '1')).err).toBe('stop: EINVAL (Invalid argument): init[1] is no kernel thread\n');
    expect((await terminal.kthread('stop', 'twin')).err).toMatch(/^stop: EINVAL \(Invalid argument\): 2 tasks are named twin, with pids \d+, \d+; say which by its pid\n$/);
    expect((await terminal.kthread('stop', '99999')).err).toMatch(/^stop: ESRCH \(No such process\): no task has pid 99999; /);
  });

  test('freeze and thaw', async () => {
    expect((await terminal.kthread('freeze')).out).toMatch(/^mild\[\d+\]\n$/);
    expect((await terminal.kthread('ps', '-C', 'mild', '-o', 'stat,wchan:20')).out).toBe('STAT WCHAN\nD    __refrigerator\n');
    expect(await terminal.kthread('thaw')).toEqual({ status: 0, out: '', err: '' });
    expect((await terminal.kthread('ps', '-C', 'mild', '-o', 'stat=')).out).toBe('S\n');
    await terminal.kthread('sysctl', 'power.freeze_timeout=0');
    expect(await terminal.kthread('freeze')).toEqual({ status: 1, out: '', err: 'freeze: EBUSY (Device or resource busy): not all threads that may be frozen were within 0 s, so all go on; dmesg says which, and where they are\n' });
  });

  test('renice and taskset', async () => {
    expect((await terminal.kthread('renice', '5', 'deaf/7')).out).toMatch(/^\d+ \(process ID\) old priority 0, new priority 5\n$/);
    expect((await terminal.kthread('renice', '-n', '-5', '-p', 'deaf/7')).out).toMatch(/old priority 5, new priority -5\n$/);
    expect((await terminal.kthread('renice', '30', 'deaf/7')).err).toMatch(/^renice: EINVAL .*nice takes a whole number from -20 to 19, not 30\n$/);
    expect(await terminal.kthread('renice', 'deaf/7')).toMatchObject({ status: 2, err: 'renice: the nice value stands first, a whole number from -20 to 19, not "deaf/7"\n' });
    expect((await terminal.kthread('taskset', 'deaf/7')).out).toMatch(/^pid \d+'s current affinity mask: 3\n$/);
    expect((await terminal.kthread('taskset', '-cp', '0', 'deaf/7')).out).toMatch(/^pid \d+'s current affinity list: 0-1\npid \d+'s new affinity list: 0\n$/);
    expect((await terminal.kthread('taskset', '2', 'deaf/7')).err).toMatch(/^taskset: EINVAL .*deaf\/7\[\d+\] cannot run on CPUs 1 only: /);
  });

  test('kill sends as user space does, and wake says whom it did not wake', async () => {
    expect(await terminal.kthread('kill', '-9', 'twin')).toEqual({ status: 0, out: '', err: '' });
    expect((await terminal.kthread('kill', '-s', 'TERM', '--json', 'twin')).out).toMatch(/^\[\{"pid":\d+,"name":"twin"\},\{"pid":\d+,"name":"twin"\}\]\n$/);
    expect(await terminal.kthread('kill', '-FLY', 'twin')).toMatchObject({ status: 2, err: 'kill: there is no signal FLY; kthread kill -l lists them\n' });
    expect(await terminal.kthread('kill', '-0', '99999')).toMatchObject({ status: 1 });
    expect((await terminal.kthread('kill', '-l')).out).toMatch(/^ 1\) SIGHUP\n/);
    expect(JSON.parse((await terminal.kthread('wake', 'deaf/7', '--json')).out)).toMatchObject({ name: 'deaf/7', woken: true });
  });
});

describe('choosing the machine', () => {
  test('by pid, by name, and what is said when it is none', async () => {
    expect((await terminal.kthread('cat', '/proc/1/comm', '--target', String(service.pid))).out).toBe('init\n');
    expect((await terminal.kthread('cat', '/proc/1/comm', '--target', 'shop')).out).toBe('init\n');
    expect(await terminal.kthread('ps', '--target', 'pub')).toEqual({ status: 3, out: '', err: `ps: no machine is called pub; there is ${service.pid} (shop)\n` });
  });

  test('with two machines it must be said which, and a read-only one refuses to be changed', async () => {
    terminal.write('ticks.ts', MODULE);
    const second = terminal.start('run', 'ticks.ts', '--read-only');
    await terminal.socket(second.pid);
    const { status, err } = await terminal.kthread('ps');
    expect(err).toBe(`ps: 2 machines run: ${[`${service.pid} (shop)`, `${second.pid} (ticks)`].toSorted((a, b) => parseInt(a, 10) - parseInt(b, 10)).join(', ')}; say which with --target PID\n`);
    expect(status).toBe(3);
    expect((await terminal.kthread('ps', '--target', 'ticks', '-C', 'init', '-o', 'comm=')).out).toBe('init\n');
    for (const command of [['rmmod', 'ticks'], ['kill', '1'], ['sysctl', 'kernel.printk=3'], ['taskset', '1', '1'], ['dmesg', '-C']]) {
      const refused = await terminal.kthread(...command, '--target', 'ticks');
      expect(refused.err).toMatch(/EPERM \(Operation not permitted\): .*this machine was booted with control: 'read-only' and can only be looked at\n$/);
      expect(refused.status).toBe(1);
    }
    await second.kill('SIGTERM');
  });
});

test('every command has help that says how it ends', async () => {
  for (const name of ['list', 'ps', 'top', 'dmesg', 'kill', 'stop', 'park', 'unpark', 'freeze', 'thaw', 'wake', 'renice', 'taskset', 'stack', 'insmod', 'rmmod', 'lsmod', 'modinfo', 'sysctl', 'cat', 'write', 'echo', 'ls', 'ioctl', 'mknod', 'metrics', 'trace', 'shell']) {
    const { out, status } = await terminal.kthread(name, '--help');
    expect(out).toMatch(new RegExp(`^Usage: kthread ${name} `));
    expect(out).toMatch(/--json/);
    expect(out).toMatch(/Status: 0; 1 when/);
    expect(status).toBe(0);
  }
});
