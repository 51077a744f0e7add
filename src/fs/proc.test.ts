/**
 * What /proc says about records that a test wrote, also about those that go away while they are read. How the records get
 * their values is tested where they are written.
 */
import { beforeEach, expect, test } from 'vitest';
import { store, witnessAccesses } from '../lib/atomic.js';
import { ENOENT, ESRCH } from '../lib/errno.js';
import { buffer, w32, wf64, writeString } from '../lib/memory.js';
import { EPOCH, bareMachine, clock } from '../kernel/bare.fixture.js';
import { MACHINE, machineWord } from '../kernel/memlayout.js';
import { TASK_COMM_LEN } from '../kernel/param.js';
import { freePid } from '../kernel/pid.js';
import {
  KTHREAD_BLOCKING, KTHREAD_OOPSED, KTHREAD_SHOULD_STOP, KTHREAD_STARTED, PF_BORROWED, PF_NO_SETAFFINITY, SCHED_FIFO, SCHED_RR, TASK,
  TASK_DEAD, TASK_FREEZABLE, TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_NEW, TASK_PARKED, TASK_RUNNING, TASK_UNINTERRUPTIBLE,
} from '../kernel/sched/task.js';
import { forgetWchans, wchan } from '../kernel/sched/wchan.js';
import { ISOLATE, self } from '../kernel/smp.js';
import { sysctl } from '../kernel/sysctl.js';
import { KTHREAD_FLAGS, addTask, placeIsolate } from './proc.fixture.js';
import { ps, parsePsArgs } from '../server/ps.js';
import { readProc, snapshot } from './proc.js';

const FILES = ['stat', 'status', 'comm', 'wchan', 'sched', 'cmdline'];
/** The line of a real kernel for a thread that sleeps, but for the time it used. */
const MIGRATION = '18 (migration/0) S 2 0 0 0 -1 69238848 0 0 0 0 0 1 0 0 -100 0 1 0 24 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 17 0 99 1 0 0 0 0 0 0 0 0 0 0 0\n';

beforeEach(() => {
  forgetWchans();
  bareMachine();
  placeIsolate(1, 0, 4711);
});

test('every word of the record is in the picture, and the picture goes through JSON', () => {
  clock.now = 9000;
  addTask(2, 'kthreadd');
  addTask(7, 'a_rather_long_name/7', {
    __state: TASK_UNINTERRUPTIBLE, kflags: KTHREAD_STARTED | KTHREAD_SHOULD_STOP | KTHREAD_OOPSED, cpu: 1, module: 3, wchan: wchan('schedule_timeout'),
    static_prio: 125, nvcsw: 4, nivcsw: 5, usage: 2, sig_pending: 0x100, sig_allowed: 0x200, sig_kernel: -1, cpus_allowed: 2,
  }, { start_time: 1000, run_time: 12.5, last_switch: 8000 });
  const [first, second, ...more] = JSON.parse(JSON.stringify(snapshot())) as unknown[];
  expect([first, more]).toMatchObject([{ pid: 2, ppid: 0, name: 'kthreadd', letter: 'S' }, []]);
  expect(second).toEqual({
    pid: 7, ppid: 2, tgid: 7, comm: 'a_rather_long_n', name: 'a_rather_long_name/7', state: 2, letter: 'D', flags: KTHREAD_FLAGS,
    kflags: ['should_stop', 'started', 'oopsed'], nice: 5, prio: 125, staticPrio: 125, policy: 0, rtprio: 0, cpu: 1, isolate: 1, tid: 4711, module: 3,
    wchan: 'schedule_timeout', nvcsw: 4, nivcsw: 5, wakeups: 3, startTime: 1000, runTime: 12.5, lastSwitch: 8000, sleptMs: 1000,
    cpusAllowed: [2, 0], sigPending: [0x100, 0], sigShared: [0, 0], sigAllowed: [0x200, 0], sigKernel: [0xffffffff, 0], usage: 2, oopsed: true, borrowed: false,
  });
});

test('the swapper, a dead task and one not yet published are not in the picture', async () => {
  addTask(0, 'swapper/0');
  addTask(1, 'init');
  addTask(3, 'dying', { __state: TASK_DEAD });
  store(addTask(4, 'coming') + TASK.pid, 0);
  expect(snapshot().map((t) => t.name)).toEqual(['init']);
  for (const pid of [0, 3, 4]) await expect(readProc(`/proc/${pid}/stat`)).rejects.toMatchObject({ errno: -ESRCH });
});

test('a record that becomes another task while it is read is dropped, wherever the reader stands', () => {
  for (let step = 0; step <= TASK.sizeof; step += 4) {
    bareMachine();
    const at = addTask(5, 'first');
    addTask(6, 'bystander');
    let reads = 0;
    witnessAccesses((op, addr) => {
      if (op !== 'load' || addr < at || addr >= at + TASK.sizeof || reads++ !== step / 4) return;
      w32(at + TASK.pid, 9);
      writeString(at + TASK.comm, TASK_COMM_LEN, 'second');
    });
    const names = snapshot().map((t) => t.name);
    witnessAccesses(undefined);
    expect(names).toEqual(['bystander']);
  }
});

test('reading stores nothing: no thread can notice it', async () => {
  clock.now = 500;
  addTask(1, 'init', { flags: 0 });
  addTask(2, 'kthreadd', { wchan: wchan('kthreadd') });
  const before = Buffer.from(buffer.slice(0));
  const ops = new Set<string>();
  witnessAccesses((op) => ops.add(op));
  snapshot();
  for (const file of FILES) await readProc(`/proc/2/${file}`);
  for (const file of ['loadavg', 'uptime', 'version', 'stat', 'sys/kernel/pid_max']) await readProc(`/proc/${file}`);
  witnessAccesses(undefined);
  expect([...ops]).toEqual(['load']);
  expect(before.equals(Buffer.from(buffer.slice(0)))).toBe(true);
});

test('T244 the letter of each state, R also for one that waits for its turn', () => {
  const states: ReadonlyArray<readonly [state: number, letter: string]> = [
    [TASK_RUNNING, 'R'], [TASK_INTERRUPTIBLE, 'S'], [TASK_UNINTERRUPTIBLE, 'D'], [TASK_KILLABLE, 'D'], [TASK_IDLE, 'I'],
    [TASK_PARKED, 'P'], [TASK_NEW, 'R'], [TASK_INTERRUPTIBLE | TASK_FREEZABLE, 'S'],
  ];
  states.forEach(([state], i) => addTask(10 + i, `t${i}`, { __state: state }));
  expect(snapshot().map((t) => t.letter)).toEqual(states.map(([, letter]) => letter));
});

test('T023 a name longer than 15 bytes is whole in comm, stat, status and ps, and cut in task->comm and sched', async () => {
  addTask(30, 'kthread hiboma&123');
  expect(await readProc('/proc/30/comm')).toBe('kthread hiboma&123\n');
  expect(await readProc('/proc/30/stat')).toMatch(/^30 \(kthread hiboma&123\) S 2 /);
  expect(await readProc('/proc/30/status')).toMatch(/^Name:\tkthread hiboma&123\n/);
  expect(await readProc('/proc/30/sched')).toMatch(/^kthread hiboma& \(30, #threads: 1\)\n-{67}\nse\.exec_start {32}:/);
  expect(ps(snapshot(), parsePsArgs(['-eo', 'comm=']), { now: 0, bootWallTime: 0, user: 'root' })).toBe('kthread hiboma&123\n');
});

test('T246 stat is the line of a real kernel, with its constants of a task without memory and terminal', async () => {
  clock.now = 10_000;
  const how = { flags: KTHREAD_FLAGS | PF_NO_SETAFFINITY, policy: SCHED_FIFO, rt_priority: 99, wchan: wchan('smpboot_thread_fn') };
  addTask(18, 'migration/0', how, { start_time: 240, run_time: 10, last_switch: 300 });
  expect(await readProc('/proc/18/stat')).toBe(MIGRATION);
  addTask(2, 'kthreadd');
  const fields = (await readProc('/proc/2/stat')).trim().split(' ');
  expect([fields.length, fields[8], fields[17], fields[18], fields[34], fields[37]]).toEqual([52, '2129984', '20', '0', '0', '0']);
});

test('T246 status says that it is a kthread, its state as a word, and what it ignores', async () => {
  addTask(20, 'worker', { __state: TASK_IDLE, cpus_allowed: 3, nvcsw: 66, nivcsw: 1, sig_allowed: 1 << 9, sig_pending: 1 << 9 });
  expect((await readProc('/proc/20/status')).split('\n')).toEqual([
    'Name:\tworker', 'State:\tI (idle)', 'Tgid:\t20', 'Ngid:\t0', 'Pid:\t20', 'PPid:\t2', 'TracerPid:\t0', 'Uid:\t0\t0\t0\t0', 'Gid:\t0\t0\t0\t0',
    'Kthread:\t1', 'Threads:\t1', 'SigPnd:\t0000000000000200', 'ShdPnd:\t0000000000000000', 'SigBlk:\t0000000000000000',
    'SigIgn:\tfffffffffffffdff', 'SigCgt:\t0000000000000200', 'Cpus_allowed:\t3', 'Cpus_allowed_list:\t0-1',
    'voluntary_ctxt_switches:\t66', 'nonvoluntary_ctxt_switches:\t1', '',
  ]);
});

test('CPU masks have as many digits as the machine has CPUs', async () => {
  w32(machineWord(MACHINE.nr_cpus), 40);
  addTask(20, 'few', { cpus_allowed: 0x8000000d });
  w32(addTask(21, 'many', { cpus_allowed: -1 }) + TASK.cpus_allowed + 4, 0x7f);
  const masks = async (pid: number): Promise<string[]> => (await readProc(`/proc/${pid}/status`)).split('\n').filter((l) => l.startsWith('Cpus')).map((l) => l.split('\t')[1]);
  expect([await masks(20), await masks(21)]).toEqual([['00,8000000d', '0,2-3,31'], ['7f,ffffffff', '0-38']]);
});

test('T247 each sleep is one more voluntary switch in status and sched', async () => {
  const at = addTask(20, 'sleeper', { nvcsw: 1, nivcsw: 2 });
  const shown = async (): Promise<string[]> => [...`${await readProc('/proc/20/status')}${await readProc('/proc/20/sched')}`.matchAll(/^(voluntary|nr_vol|nr_switch).*?(\d+)$/gm)].map((m) => m[2]);
  expect(await shown()).toEqual(['1', '3', '1']);
  w32(at + TASK.nvcsw, 2);
  expect(await shown()).toEqual(['2', '4', '2']);
});

test('T245 the turn that is going on counts as CPU time, a sleep does not', () => {
  addTask(20, 'sleeper', {}, { run_time: 5 });
  const busy = addTask(21, 'busy', { __state: TASK_RUNNING, kflags: KTHREAD_BLOCKING, isolate: 2 }, { run_time: 5, last_switch: 100 });
  const isolate = placeIsolate(2, 1, 4712);
  w32(isolate + ISOLATE.curr, busy);
  wf64(isolate + ISOLATE.heartbeat, 1000);
  const times = (): number[][] => snapshot().map((t) => [t.runTime, t.sleptMs, t.tid]);
  clock.now = 3000;
  expect(times()).toEqual([[5, 3000, 4711], [2005, 0, 4712]]);
  clock.now = 4000;
  expect(times()).toEqual([[5, 4000, 4711], [3005, 0, 4712]]);
});

test('wchan names the function, "0" while it runs; cmdline is empty for a kthread only', async () => {
  addTask(1, 'init', { flags: 0 });
  addTask(20, 'asleep', { wchan: wchan('kthread_worker_fn') });
  addTask(21, 'awake', { wchan: wchan('kthread_worker_fn'), __state: TASK_RUNNING });
  addTask(22, 'GET /', { flags: PF_BORROWED, ppid: 1 });
  expect(await Promise.all([20, 21].map((pid) => readProc(`/proc/${pid}/wchan`)))).toEqual(['kthread_worker_fn', '0']);
  expect(await Promise.all([1, 20, 22].map((pid) => readProc(`/proc/${pid}/cmdline`)))).toEqual(['init\0', '', 'GET /\0']);
  expect(await readProc('/proc/22/status')).toContain('Kthread:\t0\n');
  expect(snapshot().find((t) => t.pid === 22)).toMatchObject({ borrowed: true, ppid: 1 });
});

test('T248 the load counts those that run or wait uninterruptibly, not the idle ones', async () => {
  [TASK_RUNNING, TASK_UNINTERRUPTIBLE, TASK_KILLABLE, TASK_IDLE, TASK_INTERRUPTIBLE, TASK_PARKED].forEach((state, i) => addTask(20 + i, `t${i}`, { __state: state }));
  expect(await readProc('/proc/loadavg')).toBe('3.00 3.00 3.00 1/6 25\n');
  expect(await readProc('/proc/stat')).toMatch(/procs_running 1\nprocs_blocked 2\n$/);
});

test('uptime and stat: thread work is system time of its CPU, the rest is idle', async () => {
  addTask(20, 'sleeper');
  clock.now = 20_000;
  wf64(self + ISOLATE.busy, 5000);
  expect(await readProc('/proc/uptime')).toBe('20.00 35.00\n');
  expect(await readProc('/proc/stat')).toBe(
    `cpu  0 0 500 3500 0 0 0 0 0 0\ncpu0 0 0 500 1500 0 0 0 0 0 0\ncpu1 0 0 0 2000 0 0 0 0 0 0\nctxt 0\nbtime ${EPOCH / 1000}\nprocesses 20\nprocs_running 0\nprocs_blocked 0\n`,
  );
  expect(await readProc('/proc/version')).toMatch(/^Linux version \d+\.\d+\.\d+-kthread .*#\d+ SMP\n$/);
});

test('settings are files of /proc/sys', async () => {
  sysctl('kernel.pid_max', 32768);
  expect(await readProc('/proc/sys/kernel/pid_max')).toBe('32768\n');
  expect(await readProc('/proc/sys/kernel/printk')).toBe('7\t4\t1\t7\n');
});

test('an unknown file is ENOENT, a pid that is gone ESRCH', async () => {
  const gone = addTask(20, 'gone', { policy: SCHED_RR });
  for (const path of ['/proc/20/maps', '/proc/20', '/proc/cpuinfo', '/proc/constructor', '/proc/20/constructor', '/proc/sys/kernel/nosuch', 'stat']) {
    await expect(readProc(path), path).rejects.toMatchObject({ errno: -ENOENT });
  }
  freePid(20, gone);
  for (const pid of [20, 99999, 4194304, 1e15]) await expect(readProc(`/proc/${pid}/stat`), `${pid}`).rejects.toMatchObject({ errno: -ESRCH });
});
