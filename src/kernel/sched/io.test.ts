/**
 * ioSchedule: a thread that waits for the outside is seen to wait, and gets what it waited for.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KernelError, type Task, complete, getTaskStruct, ioSchedule, kthreadCreate, kthreadRun, kthreadShouldStop, kthreadStop, kthreadStopPut, kthreadStopSignal, newCompletion, scheduleTimeoutInterruptible, taskTrace, waitForCompletion, wakeUpProcess } from '../../index.js';
import { pause, until } from '../kinds.fixture.js';
import { findPid, oneMachine } from '../machine.fixture.js';

oneMachine();

const waiting = (task: Task): Promise<void> => until(() => findPid(task.pid)?.wchan === 'io_schedule');

/** A promise and what settles it. */
function gate<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => { [resolve, reject] = [yes, no]; });
  return { promise, resolve, reject };
}

test('the thread is seen to sleep for the outside, and goes on with the value', async () => {
  const { promise, resolve } = gate<string>();
  let got = '';
  const task = await kthreadRun(async function reader() { got = await ioSchedule(promise); }, undefined, 'reader');
  await waiting(task);
  expect(findPid(task.pid)).toMatchObject({ letter: 'D', wchan: 'io_schedule' });
  expect(await taskTrace(task)).toMatch(/^io_schedule\n(async )?reader \(.*io\.test\./);
  resolve('here it is');
  expect(await kthreadStop(task)).toBe(0);
  expect(got).toBe('here it is');
});

test('what rejects throws, with the very error', async () => {
  const error = new Error('connection reset');
  const heard: unknown[] = [];
  const task = getTaskStruct(await kthreadCreate(async () => {
    await ioSchedule(Promise.reject(error)).catch((e: unknown) => heard.push(e));
    return 7;
  }, undefined, 'reader'));
  wakeUpProcess(task);
  await until(() => heard.length === 1);
  expect(await kthreadStopPut(task)).toBe(7);
  expect(heard).toEqual([error]);
});

test('a wake-up does not end it, a stop does not, the stop signal does', async () => {
  const task = await kthreadRun(async () => {
    const signal = kthreadStopSignal();
    await ioSchedule(delay(60_000, undefined, { signal })).catch((error: unknown) => expect(error).toMatchObject({ name: 'AbortError' }));
    return kthreadShouldStop() ? 1 : 0;
  }, undefined, 'poller');
  await waiting(task);
  expect(wakeUpProcess(task)).toBe(1);
  await pause(5);
  await waiting(task);
  const deaf = gate<void>();
  const other = await kthreadRun(async () => ioSchedule(deaf.promise), undefined, 'deaf');
  await waiting(other);
  const stopped = kthreadStop(other);
  expect(await Promise.race([stopped, pause(50)])).toBe(undefined);
  expect(other.state).toBe('D');
  deaf.resolve();
  expect(await stopped).toBe(0);
  expect(await kthreadStop(task)).toBe(1);
});

test('its time on the CPU does not count while it waits', async () => {
  const task = await kthreadRun(async () => {
    await ioSchedule(delay(2500));
    while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(1);
  }, undefined, 'waits');
  await waiting(task);
  await pause(2000);
  const { runTime } = findPid(task.pid)!;
  await kthreadStop(task);
  expect(runTime).toBeLessThan(1000); // What it ran before, on a computer that may have others to serve.
});

test('several at once each sleep in a task of their own', async () => {
  const gates = [gate<number>(), gate<number>(), gate<number>()];
  let sum = 0;
  const task = await kthreadRun(async () => {
    for (const n of await Promise.all(gates.map(({ promise }) => ioSchedule(promise)))) sum += n;
  }, undefined, 'three');
  await waiting(task);
  gates.forEach(({ resolve }, i) => resolve(i + 1));
  await until(() => sum > 0);
  expect(sum).toBe(6);
});

test('outside of a thread it only awaits', async () => {
  expect(await ioSchedule(Promise.resolve(5))).toBe(5);
  await expect(ioSchedule(Promise.reject(new KernelError(-5, 'no')))).rejects.toMatchObject({ code: 'EIO' });
});

test('HTTP is served beside threads that wake each other without end, and each goes on', async () => {
  const [ping, pong] = [newCompletion(), newCompletion()];
  const rounds = [0, 0];
  const players = await Promise.all(([[ping, pong], [pong, ping]] as const).map(([mine, other], n) => kthreadRun(async () => {
    for (; !kthreadShouldStop(); rounds[n]++) {
      complete(other);
      await waitForCompletion(mine);
    }
    complete(other);
  }, undefined, 'player/%d', n)));
  const server = createServer((_, answer) => void answer.end('here')).listen(0, '127.0.0.1');
  await until(() => server.listening);
  for (let i = 0; i < 20; i++) {
    const before = [...rounds];
    expect(await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).text()).toBe('here');
    expect(rounds[0] > before[0] && rounds[1] > before[1]).toBe(true);
  }
  server.closeAllConnections();
  server.close();
  const stops = players.map((player) => kthreadStop(player));
  complete(ping);
  complete(pong);
  expect(await Promise.all(stops)).toEqual([0, 0]);
});
