/**
 * Nice values, policies and names: what can be set, what ps and /proc show of it, and what it does to threads that share
 * a CPU. The order by itself is rq.test.ts.
 */
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { load } from '../../lib/atomic.js';
import { EINVAL, ESRCH } from '../../lib/errno.js';
import { readProc, snapshot } from '../../fs/proc.js';
import { parsePsArgs, ps } from '../../server/ps.js';
import { CLOSURE, HERE, KINDS, PLAIN, pause, until, words, type Kind } from '../kinds.fixture.js';
import { kthreadCreate, kthreadRun, kthreadStop, wakeUpProcess } from '../kthread.js';
import { findPid, oneMachine } from '../machine.fixture.js';
import { dmesg } from '../printk/syslog.js';
import { prInfo } from '../printk/printk.js';
import { uptime } from '../time/time.js';
import { LOOKS, WORDS, runner, worker } from './affinity.fixture.js';
import { findTaskByPid, type Task } from './handle.js';
import { schedSetFifo, schedSetFifoLow, schedSetNormal, schedSetscheduler, schedSetschedulerNocheck, setTaskComm, setUserNice, taskNice } from './syscalls.js';
import { SCHED_FIFO, SCHED_NORMAL, SCHED_RR } from './task.js';

oneMachine();

async function running(kind: Kind, name?: string): Promise<{ task: Task; at: number }> {
  const at = words(WORDS);
  const task = await kind.create(runner, { at }, name);
  wakeUpProcess(task);
  await until(() => load(at + LOOKS) > 0);
  return { task, at };
}

/** Columns of ps for one task. */
const shown = (task: Task, columns: string): string[] =>
  ps(snapshot(), parsePsArgs(['-p', String(task.pid), '--no-headers', '-o', columns]), { now: uptime(), bootWallTime: 0, user: 'root' }).trim().split(/\s+/);

test.each(KINDS)('T014 a new thread has SCHED_NORMAL and nice 0, whatever its creator and kthreadd have: $kind', async (kind) => {
  const kthreadd = findTaskByPid(2)!;
  setUserNice(kthreadd, 7);
  const { task } = await running(kind);
  expect([task.policy, task.rtPriority, taskNice(task), task.staticPrio, task.prio]).toEqual([SCHED_NORMAL, 0, 0, 120, 120]);
  await kthreadStop(task);
  setUserNice(kthreadd, 0);
});

test('T014 also when a real-time thread makes it', async () => {
  const parent = await kthreadCreate(async () => {
    const child = await kthreadCreate(runner.closure, { at: words(WORDS) }, 'child');
    const right = child.policy === SCHED_NORMAL && child.staticPrio === 120 && child.prio === 120;
    await kthreadStop(child);
    return right ? 1 : 0;
  }, undefined, 'parent');
  schedSetFifo(parent);
  wakeUpProcess(parent);
  await until(() => parent.state === 'X');
  expect(await kthreadStop(parent)).toBe(1);
});

test('T034 set_task_comm changes comm, 15 bytes of it; /proc goes on showing the name it was given', async () => {
  const { task } = await running(PLAIN, 'as it was created');
  expect([task.comm, task.name]).toEqual(['as it was creat', 'as it was created']);
  for (const [name, comm] of [['short', 'short'], ['exactly15 bytes', 'exactly15 bytes'], ['sixteen bytes..!', 'sixteen bytes..'], ['', '']]) {
    setTaskComm(task, name);
    expect([task.comm, task.name, await readProc(`/proc/${task.pid}/comm`), findPid(task.pid)?.comm]).toEqual([comm, 'as it was created', 'as it was created\n', comm]);
  }
  await kthreadStop(task);
  setTaskComm(task, 'nobody');
});

test.each(KINDS)('T096 set_user_nice: nice value, static_prio and the mark in STAT; out of range it is ignored: $kind', async (kind) => {
  const { task } = await running(kind);
  for (const [nice, stat, pri] of [[5, 'SN', 14], [-5, 'S<', 24], [19, 'SN', 0], [-20, 'S<', 39]] as const) {
    setUserNice(task, nice);
    expect([taskNice(task), task.staticPrio, task.prio]).toEqual([nice, 120 + nice, 120 + nice]);
    await until(() => shown(task, 'stat')[0] === stat, `STAT is ${stat}`); // Now and then it runs.
    expect(shown(task, 'ni,pri,cls')).toEqual([String(nice), String(pri), 'TS']);
  }
  for (const nice of [-21, 20, 0.5, NaN]) setUserNice(task, nice);
  expect(taskNice(task)).toBe(-20);
  await kthreadStop(task);
  setUserNice(task, 1);
  expect(taskNice(task)).toBe(0);
});

test.each(KINDS)('T097 sched_set_fifo, _low and _normal: class, priority and back: $kind', async (kind) => {
  const { task } = await running(kind);
  schedSetFifo(task);
  expect([task.policy, task.rtPriority, task.prio, ...shown(task, 'cls,rtprio,pri,ni')]).toEqual([SCHED_FIFO, 50, 49, 'FF', '50', '90', '-']);
  schedSetFifoLow(task);
  expect([task.rtPriority, task.prio, ...shown(task, 'cls,rtprio')]).toEqual([1, 98, 'FF', '1']);
  setUserNice(task, 3); // For later.
  expect([task.prio, task.staticPrio]).toEqual([98, 123]);
  schedSetNormal(task, -2);
  expect([task.policy, task.rtPriority, task.prio, taskNice(task), ...shown(task, 'cls,rtprio')]).toEqual([SCHED_NORMAL, 0, 118, -2, 'TS', '-']);
  await kthreadStop(task);
});

test('sched_setscheduler refuses what makes no sense', async () => {
  const { task } = await running(HERE);
  const set = (policy: number, schedPriority: number): number => schedSetscheduler(task, policy, { schedPriority });
  expect([set(SCHED_RR, 99), set(SCHED_FIFO, 1), set(SCHED_NORMAL, 0), schedSetschedulerNocheck(task, SCHED_RR, { schedPriority: 7 }), task.prio, ...shown(task, 'cls')]).toEqual([0, 0, 0, 0, 92, 'RR']);
  for (const [policy, priority] of [[SCHED_FIFO, 0], [SCHED_FIFO, 100], [SCHED_RR, 1.5], [SCHED_NORMAL, 1], [7, 0], [-1, 0]]) expect(set(policy, priority)).toBe(-EINVAL);
  expect(task.prio).toBe(92);
  await kthreadStop(task);
  expect(set(SCHED_FIFO, 1)).toBe(-ESRCH);
});

test('conformance attrs_nice', async () => {
  const { task } = await running(CLOSURE, 'attrs');
  const show = (when: string): void => prInfo('attrs_nice: %s: nice=%d static_prio=%d normal_prio=%d prio=%d\n', when, taskNice(task), task.staticPrio, task.prio, task.prio);
  show('default');
  for (const nice of [5, -20, 19]) {
    setUserNice(task, nice);
    show(`nice ${nice}`);
  }
  for (const nice of [20, -21]) {
    setUserNice(task, nice);
    show(`nice ${nice} is ignored`);
  }
  setUserNice(task, 0);
  show('nice 0');
  prInfo('attrs_nice: stop=%d\n', await kthreadStop(task));
  expect(dmesg({ time: 'none' }).filter((line) => line.startsWith('attrs_nice:'))).toEqual([
    'attrs_nice: default: nice=0 static_prio=120 normal_prio=120 prio=120',
    'attrs_nice: nice 5: nice=5 static_prio=125 normal_prio=125 prio=125',
    'attrs_nice: nice -20: nice=-20 static_prio=100 normal_prio=100 prio=100',
    'attrs_nice: nice 19: nice=19 static_prio=139 normal_prio=139 prio=139',
    'attrs_nice: nice 20 is ignored: nice=19 static_prio=139 normal_prio=139 prio=139',
    'attrs_nice: nice -21 is ignored: nice=19 static_prio=139 normal_prio=139 prio=139',
    'attrs_nice: nice 0: nice=0 static_prio=120 normal_prio=120 prio=120',
    'attrs_nice: stop=0',
  ]);
});

// --- What it does -------------------------------------------------------------------------------------------------

test('of two threads that are always runnable on one CPU, the nicer one gets far less of it', async () => {
  const [a, b] = [words(WORDS), words(WORDS)];
  const zero = await kthreadCreate(worker, { at: a, ms: 1 }, 'zero');
  const ten = await kthreadCreate(worker, { at: b, ms: 1 }, 'ten');
  setUserNice(ten, 10);
  for (const task of [zero, ten]) wakeUpProcess(task);
  await until(() => load(a + LOOKS) >= 300);
  const [most, few] = [findPid(zero.pid)!.runTime, findPid(ten.pid)!.runTime];
  expect(load(b + LOOKS)).toBeGreaterThan(0);
  expect(most / few).toBeGreaterThan(3); // 9.3 by the weights.
  for (const task of [zero, ten]) await kthreadStop(task);
});

test('a real-time thread goes before whoever waits for the CPU', async () => {
  const order: string[] = [];
  const note = (name: string) => async (): Promise<void> => void order.push(name);
  const tasks: Task[] = [];
  for (const name of ['first', 'second', 'nice', 'low', 'fifo', 'fifo too']) tasks.push(await kthreadCreate(note(name), undefined, '%s', name));
  setUserNice(tasks[2], -20);
  schedSetFifoLow(tasks[3]);
  for (const task of tasks.slice(4)) schedSetFifo(task);
  await kthreadRun(async () => {
    for (const task of tasks) wakeUpProcess(task); // None of them runs before this one is through.
  }, undefined, 'waker');
  await until(() => order.length === 6);
  expect(order).toEqual(['fifo', 'fifo too', 'low', 'first', 'second', 'nice']);
});

test.runIf(process.platform === 'linux')('the OS thread of a plain thread has its nice value, and the next one starts afresh', async () => {
  const own = getPriority();
  const { task } = await running(PLAIN);
  const { tid } = findPid(task.pid)!;
  const osNice = (): number => Number(readFileSync(`/proc/self/task/${tid}/stat`, 'latin1').split(') ')[1].split(' ')[16]);
  setUserNice(task, 6);
  expect([osNice(), getPriority()]).toEqual([6, own]); // And not that of the process.
  await kthreadStop(task);
  const next = await kthreadCreate(runner.plain, { at: words(WORDS) }, 'next');
  setUserNice(next, 3);
  wakeUpProcess(next);
  await until(() => next.state === 'S');
  const tidOfNext = findPid(next.pid)!.tid;
  expect(getPriority(tidOfNext)).toBe(3);
  await kthreadStop(next);
  const fresh = await running(PLAIN);
  expect(getPriority(findPid(fresh.task.pid)!.tid)).toBe(0);
  await kthreadStop(fresh.task);
  await pause(1);
});
