/**
 * What khungtaskd reports, word for word, of whom, how often, and when it keeps quiet. All kinds of sleepers sleep at the same
 * time on one machine with a limit of one second, and the tests read its log. Whole modules are in documents.test.ts.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { boot, type Machine } from '../index.js';
import { load, store } from '../lib/atomic.js';
import { EINVAL, ENOENT, ESRCH } from '../lib/errno.js';
import { WORDS as FREEZER_WORDS, polite } from './freezer.fixture.js';
import { frozen } from './freezer.js';
import { freezeProcesses, thawProcesses } from './power/process.js';
import { blockedLine, linesOf, reports, reportsOf, type Report } from './reports.fixture.js';
import { GO, LONGEST, READY, WORDS, deaf, forgotten, lockOwner, lockWaiter, longSleep, napper, stopper } from './hung_task.fixture.js';
import { watch } from './hung_task.js';
import { CLOSURE, CPU1, HERE, KINDS, PLAIN, pause, until, words, type Behaviour, type Kind } from './kinds.fixture.js';
import { kthreadCreate, kthreadPark, kthreadRun, kthreadStop, wakeUpProcess, wakeUpTaskState } from './kthread.js';
import { declareMutex } from './locking/mutex.js';
import { LogReader, dmesg } from './printk/syslog.js';
import type { Task } from './sched/handle.js';
import { TASK_FROZEN, TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_PARKED, TASK_UNINTERRUPTIBLE } from './sched/task.js';
import { SYSCTLS, isSysctl, sysctl, type SysctlName } from './sysctl.js';
import { mdelay } from './time/sleep.js';
import { uptime } from './time/time.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 }); // On a busy computer each look takes its time: a call trace of everybody.

const setting = (name: string): SysctlName => `kernel.hung_task_${name}` as SysctlName;
const set = (values: Record<string, number>): void => Object.entries(values).forEach(([name, value]) => sysctl(setting(name), value));
const get = (name: string): unknown => sysctl(setting(name));

interface Started {
  readonly task: Task;
  readonly at: number;
}

/** Creates, wakes, and waits until the function says that it is where it wants to be. */
async function start<D extends object>(kind: Kind, what: Behaviour<D & { at: number }>, data: D, name: string): Promise<Started> {
  const at = words(WORDS);
  const task = await kind.create(what, { ...data, at }, name);
  wakeUpProcess(task);
  await until(() => load(at + READY) > 0, `${name} is there`);
  return { task, at };
}

/** Waits until `task` was reported `times` times since the log was cleared. */
const reported = (task: Task, times: number, ms = 120_000): Promise<void> => until(() => reportsOf(task).length >= times, `${task.comm} is reported`, ms);

describe('with a limit of one second', () => {
  let machine: Machine;
  const sleepers = new Map<Kind, Task>();
  const fresh = new Map<Kind, Task>();
  const ignored = new Map<string, Task>();
  const naps: Started[] = [];
  const locks: Array<{ waiter: Task; owner: Task; by: string }> = [];
  const stoppers: Array<{ stopper: Task; target: Task }> = [];
  const releases: Array<() => Promise<unknown>> = [];
  let log: Report[];

  beforeAll(async () => {
    machine = await boot({ cpus: 2, memory: 64 << 20 });
    set({ timeout_secs: 1, warnings: -1 });
    await Promise.all(KINDS.map(startKind));
    releases.push(await stopFromOutside());
    for (const task of [...sleepers.values(), ...fresh.values(), ...locks.map(({ waiter }) => waiter), ...stoppers.map(({ stopper }) => stopper)]) await reported(task, 1);
    await until(() => reports().some(({ lines }) => lines[0].includes('task init:')), 'the test itself is reported', 120_000);
    const looks = reportsOf(sleepers.get(CLOSURE)!).length;
    await reported(sleepers.get(CLOSURE)!, looks + 1); // One look more at those that it shall not report.
    log = reports();
  });

  afterAll(async () => {
    set({ timeout_secs: 0 });
    for (const [state, task] of ignored) {
      const stop = kthreadStop(task);
      if (state === 'frozen') wakeUpTaskState(task, TASK_FROZEN);
      await stop;
    }
    for (const task of [...sleepers.values(), ...fresh.values(), ...naps.map((nap) => nap.task), ...locks.map(({ owner }) => owner)]) await kthreadStop(task);
    for (const release of releases) await release();
    expect(await machine.shutdown()).toMatchObject({ left: [] });
  });

  afterEach(() => set({ timeout_secs: 1, check_interval_secs: 0, warnings: -1, check_count: SYSCTLS['kernel.hung_task_check_count'].initial }));

  async function startKind(kind: Kind): Promise<void> {
    const n = KINDS.indexOf(kind);
    const name = (what: string): string => (kind === CPU1 ? `${what}&%u` : `${what}&${n}`);
    sleepers.set(kind, (await start(kind, longSleep, { state: TASK_UNINTERRUPTIBLE }, name('a sleeper with a long name'))).task);
    fresh.set(kind, await kind.create(longSleep, { at: words(WORDS), state: TASK_INTERRUPTIBLE }, name('fresh')));
    naps.push(await start(kind, napper, { ms: 100 }, name('naps')));
    const target = await start(kind, deaf, {}, name('deaf'));
    stoppers.push({ stopper: (await start(kind, stopper, { task: target.task }, name('stopper'))).task, target: target.task });
    releases.push(async () => store(target.at + GO, 1));
    const lock = declareMutex(import.meta, `lock ${n}`);
    const owner = await start(kind, lockOwner, { lock }, name('owner'));
    locks.push({ owner: owner.task, waiter: (await start(KINDS[(n + 1) % KINDS.length], lockWaiter, { lock }, `waiter&${n}`)).task, by: kind.kind });
    if (kind !== CLOSURE && kind !== PLAIN) return;
    for (const [state, word] of Object.entries({ interruptible: TASK_INTERRUPTIBLE, killable: TASK_KILLABLE, idle: TASK_IDLE, frozen: TASK_FROZEN | TASK_UNINTERRUPTIBLE, parked: TASK_PARKED })) {
      const { task } = await start(kind, longSleep, { state: word }, name(state));
      ignored.set(`${state}${kind === PLAIN ? ', plain' : ''}`, task);
      if (word === TASK_PARKED) await kthreadPark(task);
    }
  }

  /** The test itself waits for the end of a thread that does not care. */
  async function stopFromOutside(): Promise<() => Promise<unknown>> {
    const { task, at } = await start(CLOSURE, deaf, {}, 'deaf to main');
    const stop = kthreadStop(task);
    return async () => {
      store(at + GO, 1);
      expect(await stop).toBe(7);
    };
  }

  test.each(KINDS)('T204 T024 a sleep in D is reported in the words of the kernel, with 15 bytes of the name: $kind', (kind) => {
    const task = sleepers.get(kind)!;
    const [{ lines, seconds }] = log.filter((report) => report.pid === task.pid);
    const pid = String(task.pid).padEnd(5);
    expect(seconds).toBeGreaterThanOrEqual(1);
    const cpu1 = kind === CPU1 ? 'task_flags:0x4208040' : 'task_flags:0x208040';
    expect(lines.slice(0, 6).map((line) => line.replace(/ flags:0x[0-9a-f]{8}$/, ' flags:0x'))).toEqual([
      `3 INFO: task a sleeper with :${task.pid} blocked for more than ${seconds} seconds.`,
      '3       Not tainted 6.12.0-kthread #1',
      '3 "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
      `6 task:a sleeper with  state:D stack:0     pid:${pid} tgid:${pid} ppid:2      ${cpu1} flags:0x`,
      '6 Call Trace:',
      '6  <TASK>',
    ]);
    expect(lines.slice(6).map((line) => line.replace(/:\d+:\d+\)$/, ')').replace(/\.[jt]s\)/, ')'))).toEqual(kind === PLAIN
      ? ['6   schedule_timeout', '6   scheduleTimeoutSync (kernel/time/sleep)', '6   fallAsleepSync (kernel/hung_task.fixture)', '6   longSleep (kernel/hung_task.fixture)', '6   kthreadOwn (kernel/kthread)', '6  </TASK>']
      : ['6   schedule_timeout', '6   async fallAsleep (kernel/hung_task.fixture)', '6   async longSleep (kernel/hung_task.fixture)', '6  </TASK>']);
  });

  test('T205 who sleeps in S, K or I, is parked or frozen, is never reported', () => {
    expect(ignored.size).toBe(10);
    expect([...ignored].map(([state, task]) => `${state} ${task.state}`).join()).toBe(
      'interruptible S,killable D,idle I,frozen D,parked P,interruptible, plain S,killable, plain D,idle, plain I,frozen, plain D,parked, plain P');
    for (const [state, task] of ignored) expect(reportsOf(task), state).toEqual([]);
  });

  test('T203 who is frozen is never reported, whatever it waited for', async () => {
    const threads = await Promise.all(KINDS.map(async (kind) => {
      const task = await kind.create(polite, words(FREEZER_WORDS), kind === CPU1 ? 'polite&%u' : 'polite');
      wakeUpProcess(task);
      await until(() => task.state === 'S');
      return task;
    }));
    expect([await freezeProcesses(), ...threads.map(frozen)]).toEqual([0, true, true, true, true]);
    const sleeper = sleepers.get(CLOSURE)!;
    for (let look = 0; look < 3; look++) await reported(sleeper, reportsOf(sleeper).length + 1);
    expect(threads.map((task) => [task.state, reportsOf(task)])).toEqual(threads.map(() => ['D', []]));
    thawProcesses();
    for (const task of threads) expect(await kthreadStop(task)).toBe(5);
  });

  test.each(KINDS)('T206 a thread that was created and never woken is reported, where it waits for that: $kind', (kind) => {
    const task = fresh.get(kind)!;
    const [{ lines, seconds }] = log.filter((report) => report.pid === task.pid);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(lines[6]).toBe('6   kthread');
  });

  test('T213 who naps in D but is scheduled in every interval is not reported', () => {
    for (const { task, at } of naps) {
      expect(load(at + LONGEST)).toBeGreaterThanOrEqual(100);
      // On a computer that is busy with other things a nap may really have been too long.
      if (load(at + LONGEST) < 1000) expect(reportsOf(task)).toEqual([]);
    }
  });

  test('T214 who waits for a mutex is reported with the task that has it, and what that one does', () => {
    expect(locks.length).toBe(4);
    for (const { waiter, owner, by } of locks) {
      const [{ lines }] = log.filter((report) => report.pid === waiter.pid);
      const at = lines.indexOf(`3 INFO: task ${waiter.comm}:${waiter.pid} is blocked on a mutex likely owned by task ${owner.comm}:${owner.pid}.`);
      expect(at, by).toBeGreaterThan(6);
      expect(lines[6]).toBe('6   mutex_lock');
      expect(lines[at + 1]).toMatch(new RegExp(`^6 task:${owner.comm.padEnd(15)} state:S .* pid:${owner.pid} `));
      expect(lines.slice(at + 2).join('\n')).toMatch(/^6 Call Trace:\n6 {2}<TASK>\n6 {3}schedule_timeout\n(6 {3}schedule.* \(.*\n)*6 {3}(async )?lockOwner \(/);
    }
  });

  test('T058 who stops a thread that does not care is reported, and not that thread', () => {
    expect(stoppers.length).toBe(4);
    for (const { stopper, target } of stoppers) {
      const [{ lines }] = log.filter((report) => report.pid === stopper.pid);
      expect(lines.slice(6, 9).join('\n')).toMatch(/^6 {3}kthread_stop\n(6 {3}kthreadStopSync .*\n)?6 {3}(async )?stopper \(kernel\/hung_task\.fixture\./);
      const at = lines.indexOf(`3 INFO: task ${stopper.comm}:${stopper.pid} waits in kthread_stop for task ${target.comm}:${target.pid}.`);
      expect(lines[at + 1]).toMatch(new RegExp(`^6 task:${target.comm.padEnd(15)} state:. .* pid:${target.pid} `));
      expect(reportsOf(target)).toEqual([]);
    }
    const outside = log.filter(({ lines }) => lines[0].startsWith('3 INFO: task init:'));
    expect(outside.map(({ lines }) => lines[6])).toContain('6   kthread_stop');
  });

  test('T210 every task found is counted, with warnings left or without', async () => {
    set({ warnings: 0 });
    const before = get('detect_count');
    expect(before).toBeGreaterThanOrEqual(log.length);
    await until(() => get('detect_count') !== before, 'another look', 120_000);
    const silent = reports().length;
    await pause(100);
    expect(reports().length).toBe(silent);
    set({ detect_count: 0 });
    expect(get('detect_count')).toBe(0);
    expect(() => set({ detect_count: 5 })).toThrow(expect.objectContaining({ errno: -EINVAL }));
  });

  test('T208 after as many reports as there are warnings it says that it is over', async () => {
    set({ warnings: 0 });
    await pause(50); // A report that is being written ends.
    const reader = new LogReader('next');
    set({ warnings: 2 });
    await until(() => get('warnings') === 0, 'two reports', 120_000);
    const found = get('detect_count');
    await until(() => get('detect_count') !== found, 'another look', 120_000);
    const lines = linesOf(reader);
    expect(lines.filter((line) => blockedLine.test(line)).length).toBe(2);
    expect(lines.filter((line) => line.includes('suppressed'))).toEqual(['6 Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings']);
    expect(lines.at(-1)).toContain('suppressed');
  });

  test('T207 a limit of 0 silences it, another one wakes it', async () => {
    set({ timeout_secs: 0 });
    await pause(300); // A report that is being written ends.
    const before = get('detect_count');
    await pause(1500);
    expect(get('detect_count')).toBe(before);
    set({ timeout_secs: 1 });
    await until(() => get('detect_count') !== before, 'it looks again', 120_000);
  });

  test('only hung_task_check_count tasks are looked at', async () => {
    set({ check_count: 2 }); // init and kthreadd
    await pause(300);
    const before = get('detect_count');
    await pause(1500);
    expect(get('detect_count')).toBe(before);
  });

  test('T209 with an interval of 1 and a limit of 3 seconds it looks every second', async () => {
    set({ timeout_secs: 3, check_interval_secs: 1 });
    const begun = uptime();
    const { task } = await start(HERE, longSleep, { state: TASK_UNINTERRUPTIBLE }, 'interval');
    await reported(task, 3);
    const [first, , third] = reportsOf(task);
    expect(first.ts - begun).toBeGreaterThanOrEqual(3000);
    expect(first.seconds).toBeGreaterThanOrEqual(3);
    expect(third.ts - first.ts).toBeLessThan(5900); // Every three seconds it would be six.
    await kthreadStop(task);
  });

  test('hung_task_all_cpu_backtrace shows what all CPUs do', async () => {
    const reader = new LogReader('next');
    set({ all_cpu_backtrace: 1 });
    let lines: string[] = [];
    await until(() => (lines = lines.concat(linesOf(reader))).some((line) => line.startsWith('6 NMI backtrace for cpu 1')), 'all CPUs', 120_000);
    set({ all_cpu_backtrace: 0 });
    expect(lines.join('\n')).toMatch(/6 NMI backtrace for cpu 0/);
    expect(lines.join('\n')).toMatch(/6 NMI backtrace for cpu 1 skipped: idling/);
  });
});

describe('on a machine of its own', () => {
  test('T212 T216 settings begin with the kernel\'s defaults and refuse what is out of range or no number', async () => {
    await using machine = await boot({ cpus: 1, memory: 64 << 20 });
    void machine;
    const names = ['timeout_secs', 'check_interval_secs', 'warnings', 'panic', 'all_cpu_backtrace', 'detect_count', 'check_count'];
    expect(names.map(get)).toEqual([120, 0, 10, 0, 0, 0, 4194304]);
    for (const name of names) {
      const before = get(name);
      for (const value of [-2, 1.5, NaN, Infinity, 2 ** 31, '', 'many', '1e1', '0x10', '1 2', '-']) {
        expect(() => sysctl(setting(name), value), `${name} ${value}`).toThrow(expect.objectContaining({ errno: -EINVAL, message: expect.stringContaining(`kernel.hung_task_${name}`) }));
      }
      expect(get(name)).toBe(before);
    }
    expect(() => set({ timeout_secs: -1 })).toThrow(expect.objectContaining({ errno: -EINVAL }));
    expect(() => set({ nosuch: 1 })).toThrow(expect.objectContaining({ errno: -ENOENT, message: expect.stringContaining('kernel.hung_task_nosuch') }));
    expect([isSysctl('kernel.hung_task_panic'), isSysctl('kernel.nosuch'), isSysctl('toString')]).toEqual([true, false, false]);
    expect(sysctl('kernel.hung_task_timeout_secs', ' 7 ')).toBe(7);
    set({ warnings: -1 });
    expect(get('warnings')).toBe(-1);
  });

  test('a look that comes much too late is left out: the whole process stood still', async () => {
    await using machine = await boot({ cpus: 1, memory: 64 << 20, watchdog: false });
    void machine;
    const looks: number[] = [];
    await using watcher = await kthreadRun(async () => watch(() => 100, async (now) => void looks.push(now)), undefined, 'watcher');
    void watcher;
    await until(() => looks.length >= 2);
    mdelay(1500);
    const wentOn = uptime();
    await until(() => looks.some((look) => look > wentOn));
    expect(looks.find((look) => look > wentOn)! - wentOn).toBeGreaterThanOrEqual(95);
  });

  test('T062 who stops itself waits for ever, and the report says so; T211 with hung_task_panic the machine stops', async () => {
    const machine = await boot({ cpus: 2, memory: 64 << 20 });
    set({ timeout_secs: 1, warnings: 8 });
    const selves = await Promise.all([PLAIN, CLOSURE, CPU1].map(async (kind) => (await start(kind, stopper, { task: null }, kind === CPU1 ? 'self/%u' : 'self')).task));
    for (const task of selves) await reported(task, 1);
    for (const task of selves) await until(() => reportsOf(task)[0].lines.includes(`3 INFO: task ${task.comm}:${task.pid} waits in kthread_stop for itself.`));
    for (const task of selves) expect(reportsOf(task)[0].lines.slice(6, 9).join('\n')).toMatch(/^6 {3}kthread_stop\n(6 {3}kthreadStopSync .*\n)?6 {3}(async )?stopper \(/);

    const { task: good } = await start(CLOSURE, longSleep, { state: TASK_INTERRUPTIBLE }, 'good');
    const { task: lost } = await start(CLOSURE, forgotten, { state: TASK_UNINTERRUPTIBLE }, 'lost');
    set({ warnings: 0, panic: 4 });
    await until(() => linesOf(new LogReader()).some((line) => line === '0 Kernel panic - not syncing: hung_task: blocked tasks'), 'panic', 120_000);
    expect(reportsOf(lost).length).toBe(1); // Also without warnings: the last words of a machine.
    await until(() => good.state === 'X' && lost.state === 'X', 'all threads that can are asked to end');
    await expect(kthreadCreate(async () => {}, undefined, 'late')).rejects.toMatchObject({ errno: -ESRCH });
    const { left } = await machine.shutdown({ timeout: 100 });
    expect(left.map(({ task }) => task.pid).toSorted()).toEqual(selves.map((task) => task.pid).toSorted());
    for (const { trace } of left) expect(trace).toMatch(/^(kthread_stop\n)?(kthreadStopSync .*\n)?(async )?stopper \(/);
    expect(dmesg({ time: 'none' }).length).toBeGreaterThan(0);
  });
});
