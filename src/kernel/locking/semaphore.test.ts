/**
 * Semaphores: counting, who is next, what ends a wait and with which errno, and for whom one is given back that died.
 */
import { expect, test } from 'vitest';
import { readProc } from '../../fs/proc.js';
import { clearLog, dmesg } from '../../index.js';
import { CPU1, HERE, KINDS, PLAIN, pause, until } from '../kinds.fixture.js';
import { getTaskStruct, kthreadCreate, kthreadRun, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { SIGTERM, sendSig } from '../signal.js';
import { HZ, jiffies, timeAfterEq } from '../time/time.js';
import { describeBlocked } from './held.js';
import { newPuppet } from './puppet.fixture.js';
import { declareSemaphore, down, downTimeout, downTrylock, semaInit, semaphoreGuard, up, type Semaphore } from './semaphore.js';

const { oopses } = oneMachine();
let made = 0;
const newSemaphore = (count: number): Semaphore => declareSemaphore(import.meta, `sem${made++}`, count);
const log = (): string => dmesg().join('\n');
const PAIRS = KINDS.flatMap((first) => KINDS.map((second) => [first.kind, second.kind, first, second] as const));

test('as many as there are can be had without waiting, and then none', () => {
  const sem = newSemaphore(2);
  expect([downTrylock(sem), downTrylock(sem), downTrylock(sem)]).toEqual([0, 0, 1]);
  up(sem);
  expect([downTrylock(sem), downTrylock(sem)]).toEqual([0, 1]);
  semaInit(sem, 1);
  expect([downTrylock(sem), downTrylock(sem)]).toEqual([0, 1]);
});

test.each(PAIRS)('%s has it, %s waits in D and gets what is given: neither need be the same', async (_, __, first, second) => {
  const sem = newSemaphore(1);
  const [a, b] = [await newPuppet(first, 'taker', sem), await newPuppet(second, 'waiter', sem)];
  await a.does('down', sem);
  expect(await b.does('downTrylock', sem)).toBe(1);
  await b.waits('down', sem);
  expect([b.task.state, await readProc(`/proc/${b.task.pid}/wchan`)]).toEqual(['D', 'down']);
  expect(describeBlocked(b.task.addr)).toBe(`INFO: task waiter:${b.task.pid} blocked on a semaphore likely last held by task taker:${a.task.pid}`);
  up(sem); // Not the taker: anybody may.
  await b.result();
  expect(await a.does('downTrylock', sem)).toBe(1);
  await a.waits('downInterruptible', sem);
  await b.does('up', sem);
  expect(await a.result()).toBe(0);
  await a.does('up', sem);
  await Promise.all([a.stop(), b.stop()]);
});

test('what is given goes to the first who waits, and nobody who comes later can take it before', async () => {
  const sem = newSemaphore(0);
  const waiters = [];
  for (const [i, kind] of [PLAIN, HERE, CPU1, PLAIN].entries()) {
    const puppet = await newPuppet(kind, `waiter/${i}`, sem);
    await puppet.waits('down', sem);
    waiters.push(puppet);
  }
  for (const [i, puppet] of waiters.entries()) {
    up(sem);
    expect(downTrylock(sem)).toBe(1);
    await puppet.result();
    await pause(2);
    expect(waiters.map((w) => w.isIdle)).toEqual(waiters.map((_, n) => n <= i));
  }
  await Promise.all(waiters.map((w) => w.stop()));
});

test.each(KINDS)('a signal or a stop ends an interruptible wait with -EINTR, and a stop no other: $kind', async (kind) => {
  const sem = newSemaphore(0);
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => newPuppet(kind, name, sem)));
  await a.does('allowSignal', sem, SIGTERM);
  await a.waits('downInterruptible', sem);
  expect([a.task.state, await readProc(`/proc/${a.task.pid}/wchan`)]).toEqual(['S', 'down_interruptible']);
  sendSig(SIGTERM, a.task, false);
  expect(await a.result()).toBe(-4);
  await b.waits('downKillable', sem);
  await c.waits('downInterruptible', sem);
  const stops = [b.beginStop(), c.beginStop()];
  expect(await c.result()).toBe(-4);
  expect(b.isIdle).toBe(false);
  up(sem);
  expect(await b.result()).toBe(0);
  await Promise.all([...stops, a.stop()]);
});

test.each(KINDS)('a wait with a timeout ends with -ETIME, never before its time: $kind', async (kind) => {
  const sem = newSemaphore(0);
  const puppet = await newPuppet(kind, 'patient', sem);
  const start = jiffies();
  expect(await puppet.does('downTimeout', sem, HZ / 20)).toBe(-62);
  expect(timeAfterEq(jiffies(), start + HZ / 20)).toBe(true);
  expect(await puppet.does('downTimeout', sem, 0)).toBe(-62);
  up(sem);
  expect(await puppet.does('downTimeout', sem, 0)).toBe(0);
  await puppet.waits('downTimeout', sem, 30 * HZ);
  up(sem);
  expect(await puppet.result()).toBe(0);
  await puppet.stop();
});

test('an AbortSignal ends a wait; what was given meanwhile is not lost', async () => {
  const sem = newSemaphore(0);
  const gave = new AbortController();
  const waits = downTimeout(sem, 30 * HZ, { signal: gave.signal });
  up(sem);
  gave.abort(new Error('enough'));
  await expect(waits).rejects.toThrow('enough');
  expect(downTrylock(sem)).toBe(0);
});

test('a semaphore that is a lock is given back for one whom an exception ended', async () => {
  clearLog();
  const sem = newSemaphore(1);
  const task = getTaskStruct(await kthreadCreate(async () => {
    await down(sem);
    throw new Error('clumsy');
  }, undefined, 'clumsy'));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  await kthreadStopPut(task).catch(() => {});
  expect(oopses).toHaveLength(1);
  expect(log()).toContain(`WARNING: clumsy/${task.pid} exited with semaphore held: semaphore.test.js#sem${made - 1}`);
  expect([downTrylock(sem), downTrylock(sem)]).toEqual([0, 1]);
});

test('one that others give to counts things: nothing is given back for the dead', async () => {
  clearLog();
  const sem = newSemaphore(0);
  up(sem);
  const task = getTaskStruct(await kthreadCreate(async () => {
    await down(sem);
    throw new Error('clumsy');
  }, undefined, 'clumsy'));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  await kthreadStopPut(task).catch(() => {});
  expect([downTrylock(sem), log().includes('exited with')]).toEqual([1, false]);
});

test('a thread may end in good order with what it took, and leave it to others to give', async () => {
  clearLog();
  const sem = newSemaphore(1);
  const task = await kthreadRun(async () => down(sem), undefined, 'orderly');
  await until(() => !task.exists);
  expect([downTrylock(sem), log().includes('exited with')]).toEqual([1, false]);
  up(sem);
  expect(downTrylock(sem)).toBe(0);
});

test('a guard takes one until the end of the block', async () => {
  const sem = newSemaphore(1);
  {
    using _ = await semaphoreGuard(sem);
    expect(downTrylock(sem)).toBe(1);
  }
  expect(downTrylock(sem)).toBe(0);
});
