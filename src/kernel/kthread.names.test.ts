/**
 * Names and pids: what printf makes of a thread's name, where it is cut and where not, and in which order pids are given
 * out. Conversions in general are lib/printf.test.ts.
 */
import { afterEach, expect, test } from 'vitest';
import { readProc, snapshot } from '../fs/proc.js';
import { parsePsArgs, ps } from '../server/ps.js';
import { EAGAIN, EINVAL } from '../lib/errno.js';
import { r32, readString } from '../lib/memory.js';
import { WORDS, obedient } from './kthread.fixture.js';
import { CLOSURE, KINDS, until, words } from './kinds.fixture.js';
import { kthreadCreate, kthreadStop } from './kthread.js';
import { findPid, oneMachine } from './machine.fixture.js';
import { MACHINE, machineWord } from './memlayout.js';
import { RESERVED_PIDS, TASK_COMM_LEN } from './param.js';
import { current, findTaskByPid, type Task } from './sched/handle.js';
import { TASK } from './sched/task.js';
import { sysctl } from './sysctl.js';
import { uptime } from './time/time.js';

oneMachine();
const made: Task[] = [];
afterEach(async () => {
  for (const task of made.splice(0)) await kthreadStop(task);
});

const data = () => ({ at: words(WORDS), value: 0 });
const keep = async (task: Promise<Task>): Promise<Task> => {
  made.push(await task);
  return task;
};
/** task->comm as it lies in memory. */
const commOf = (task: Task): string => readString(task.addr + TASK.comm, TASK_COMM_LEN);
const listed = (options: string): string[] => ps(snapshot(), parsePsArgs([options]), { now: uptime(), bootWallTime: 0, user: 'root' }).split('\n');

test('T021 "param %s&%d" names a thread "param test&123"', async () => {
  const task = await keep(kthreadCreate(obedient.shared, data(), 'param %s&%d', 'test', 123));
  expect([task.comm, task.name]).toEqual(['param test&123', 'param test&123']);
});

test('T022 T023 comm keeps 15 bytes, ps and /proc the whole name', async () => {
  const task = await keep(kthreadCreate(obedient.shared, data(), 'kthread %s&%d', 'hiboma', 123));
  expect([commOf(task), task.comm, task.name]).toEqual(['kthread hiboma&', 'kthread hiboma&', 'kthread hiboma&123']);
  expect(findPid(task.pid)).toMatchObject({ comm: 'kthread hiboma&', name: 'kthread hiboma&123' });
  expect(await readProc(`/proc/${task.pid}/comm`)).toBe('kthread hiboma&123\n');
  expect(await readProc(`/proc/${task.pid}/stat`)).toContain(`${task.pid} (kthread hiboma&123) D`);
});

test('T024 what the kernel prints from comm shows 15 bytes', async () => {
  const task = await keep(kthreadCreate(obedient.shared, data(), 'kthread %s&%d', 'hiboma', 123));
  expect(await readProc(`/proc/${task.pid}/sched`)).toContain(`kthread hiboma& (${task.pid}`);
});

test('T025 a name of 15 bytes is whole, one of 16 loses its last', async () => {
  for (const { create } of KINDS) {
    for (const name of ['fifteen, exact!', 'fifteen, exact!!']) expect(commOf(await keep(create(obedient, data(), name)))).toBe('fifteen, exact!');
  }
});

test('a name is cut between characters, and at 63 bytes', async () => {
  const task = await keep(CLOSURE.create(obedient, data(), 'äöüäöüäö'));
  expect([commOf(task), task.name]).toEqual(['äöüäöüä', 'äöüäöüäö']);
  const long = await keep(CLOSURE.create(obedient, data(), 'x'.repeat(200)));
  expect(long.name).toBe('x'.repeat(63));
});

test('T026 two threads may have one name; their pids differ', async () => {
  const [one, two] = [await keep(CLOSURE.create(obedient, data(), 'twin')), await keep(CLOSURE.create(obedient, data(), 'twin'))];
  expect([one.comm, two.comm]).toEqual(['twin', 'twin']);
  expect(one.pid).not.toBe(two.pid);
});

test('T027 ps -e shows the bare name, ps -ef the one in brackets', async () => {
  await keep(kthreadCreate(obedient.shared, data(), 'shi_thread%d', 1));
  expect(listed('-e').some((line) => line.endsWith(' shi_thread1'))).toBe(true);
  expect(listed('-ef').some((line) => line.endsWith(' [shi_thread1]'))).toBe(true);
});

test('T028 %% is a percent sign, and a missing argument is refused', async () => {
  expect((await keep(kthreadCreate(obedient.shared, data(), '100%%'))).comm).toBe('100%');
  // @ts-expect-error: the compiler sees that the argument is missing.
  await expect(kthreadCreate(obedient.shared, data(), 'nr %d')).rejects.toMatchObject({ errno: -EINVAL });
});

test('T029 pid 1 is init, pid 2 is kthreadd with parent 0, and threads come after them', async () => {
  expect(findTaskByPid(1)).toMatchObject({ comm: 'init', ppid: 0 });
  expect(findTaskByPid(2)).toMatchObject({ comm: 'kthreadd', ppid: 0 });
  expect(current().pid).toBe(1);
  expect((await keep(CLOSURE.create(obedient, data()))).pid).toBeGreaterThanOrEqual(3);
});

test('T030 pids ascend, and one that is free again is not used at once', async () => {
  let last = 0;
  for (let i = 0; i < 50; i++) {
    const task = await CLOSURE.create(obedient, data());
    expect(task.pid).toBeGreaterThan(last);
    last = task.pid;
    await kthreadStop(task);
  }
});

test('T031 beyond kernel.pid_max pids start again at 300, without those in use; when all are taken it is EAGAIN', async () => {
  const room = 40;
  sysctl('kernel.pid_max', RESERVED_PIDS + room);
  try {
    const pids = new Set<number>();
    const begun = r32(machineWord(MACHINE.next_pid));
    const tasks: Task[] = [];
    let error: unknown;
    while (error === undefined) {
      await CLOSURE.create(obedient, data()).then((task) => tasks.push(task), (refused: unknown) => { error = refused; });
      expect(tasks.length).toBeLessThanOrEqual(RESERVED_PIDS + room);
    }
    expect(error).toMatchObject({ errno: -EAGAIN });
    for (const { pid } of tasks) {
      expect(pids.has(pid)).toBe(false);
      pids.add(pid);
      expect(pid < RESERVED_PIDS ? pid >= begun : pid < RESERVED_PIDS + room).toBe(true);
    }
    expect(tasks.at(-1)!.pid).toBeGreaterThanOrEqual(RESERVED_PIDS);
    sysctl('kernel.pid_max', 4194304); // For the tasks that the stops wait in.
    for (const task of tasks) await kthreadStop(task);
  } finally {
    sysctl('kernel.pid_max', 4194304);
  }
});

test('T032 kthreadd sleeps in S while nobody wants a thread, and each request wakes it', async () => {
  const kthreadd = findTaskByPid(2)!;
  for (const { create } of KINDS) {
    await until(() => kthreadd.state === 'S');
    const wakeups = r32(kthreadd.addr + TASK.nvcsw);
    await keep(create(obedient, data()));
    await until(() => kthreadd.state === 'S');
    expect(r32(kthreadd.addr + TASK.nvcsw)).toBeGreaterThan(wakeups);
  }
});
