/** Per-CPU threads of both kinds: what is called for them and where, and CPUs that go offline and come back. */
import { beforeEach, expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { EBUSY, EINVAL, ENOMEM } from '../lib/errno.js';
import { cpuOnline, numOnlineCpus } from './cpu.js';
import { pause, until } from './kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from './kthread.js';
import { oneMachine, threads } from './machine.fixture.js';
import { MACHINE, machineWord } from './memlayout.js';
import { numPossibleCpus } from './smp.js';
import { cpuDown, cpuUp, smpbootRegisterPercpuThread, smpbootUnregisterPercpuThread } from './smpboot.js';
import { CLEANUP, DEMOS, LOOKS, ONLINE, PARK, RUNS, SETUP, STRIDE, UNPARK, WORK, WRONG, word, type Kind } from './smpboot.fixture.js';

oneMachine();
const KINDS: readonly Kind[] = ['async', 'own'];
const CPUS = [0, 1];
const counts = (kind: Kind, field: number): number[] => CPUS.map((cpu) => load(word(kind, cpu, field)));
const asleep = (kind: Kind): Promise<void> => until(() => CPUS.every((cpu) => 'SP'.includes(DEMOS[kind].task(cpu)!.state)));
function give(kind: Kind, cpu: number, work: number): void {
  store(word(kind, cpu, WORK), work);
  wakeUpProcess(DEMOS[kind].task(cpu)!);
}

beforeEach(() => {
  for (const kind of KINDS) for (let at = word(kind, 0, 0); at < word(kind, 2, 0); at += 4) store(at, 0);
  expect(STRIDE).toBeGreaterThan(ONLINE);
});

test.each(KINDS)('T196 registering makes one thread for each CPU, bound to it, set up there before anything else: %s', async (kind) => {
  await smpbootRegisterPercpuThread(DEMOS[kind]);
  await until(() => counts(kind, SETUP).every((n) => n === 1));
  expect(threads().map(({ name, cpu, cpusAllowed }) => [name, cpu, cpusAllowed[0]])).toEqual([[`${kind}_demo/0`, 0, 1], [`${kind}_demo/1`, 1, 2]]);
  await asleep(kind);
  expect([counts(kind, SETUP), counts(kind, PARK), counts(kind, RUNS), counts(kind, WRONG)]).toEqual([[1, 1], [0, 0], [0, 0], [0, 0]]);
  await expect(smpbootRegisterPercpuThread(DEMOS[kind])).rejects.toMatchObject({ errno: -EBUSY });
  await smpbootUnregisterPercpuThread(DEMOS[kind]);
  expect([threads(), DEMOS[kind].task(0)]).toEqual([[], null]);
});

test.each(KINDS)('T197 it runs while there is something to do, and a wake-up without that is one look: %s', async (kind) => {
  await smpbootRegisterPercpuThread(DEMOS[kind]);
  await asleep(kind);
  await until(() => counts(kind, SETUP).every((n) => n === 1));
  await asleep(kind);
  give(kind, 1, 3);
  await until(() => load(word(kind, 1, RUNS)) === 3);
  await asleep(kind);
  expect([counts(kind, RUNS), counts(kind, WORK)]).toEqual([[0, 3], [0, 0]]);
  const looks = load(word(kind, 0, LOOKS));
  give(kind, 0, 0);
  await until(() => load(word(kind, 0, LOOKS)) === looks + 1);
  await asleep(kind);
  await pause(5);
  expect([load(word(kind, 0, LOOKS)), counts(kind, RUNS), counts(kind, WRONG)]).toEqual([looks + 1, [0, 3], [0, 0]]);
  await smpbootUnregisterPercpuThread(DEMOS[kind]);
});

test.each(KINDS)('T198 its thread is parked while a CPU is offline, goes on afterwards, and cleans up when it is unregistered: %s', async (kind) => {
  await smpbootRegisterPercpuThread(DEMOS[kind]);
  await until(() => counts(kind, SETUP).every((n) => n === 1));
  await cpuDown(1);
  expect([DEMOS[kind].task(1)?.state, counts(kind, PARK), counts(kind, UNPARK), cpuOnline(1), numOnlineCpus(), numPossibleCpus()]).toEqual(['P', [0, 1], [0, 0], false, 1, 2]);
  give(kind, 1, 2);
  await pause(10);
  expect(load(word(kind, 1, RUNS))).toBe(0);
  await cpuUp(1);
  await until(() => load(word(kind, 1, RUNS)) === 2);
  expect([counts(kind, PARK), counts(kind, UNPARK), counts(kind, SETUP), numOnlineCpus()]).toEqual([[0, 1], [0, 1], [1, 1], 2]);
  await cpuDown(1);
  await smpbootUnregisterPercpuThread(DEMOS[kind]);
  expect([threads(), counts(kind, CLEANUP), counts(kind, ONLINE), counts(kind, WRONG)]).toEqual([[], [1, 1], [1, 2], [0, 0]]);
  await cpuUp(1);
});

test('threads registered while a CPU is offline wait for it, parked, and are not set up', async () => {
  await cpuDown(1);
  await smpbootRegisterPercpuThread(DEMOS.async);
  await until(() => load(word('async', 0, SETUP)) === 1);
  expect([DEMOS.async.task(1)?.state, counts('async', SETUP)]).toEqual(['P', [1, 0]]);
  await cpuUp(1);
  await until(() => load(word('async', 1, SETUP)) === 1);
  expect(counts('async', UNPARK)).toEqual([0, 0]);
  await smpbootUnregisterPercpuThread(DEMOS.async);
  expect(counts('async', CLEANUP)).toEqual([1, 1]);
});

test('one that was never set up is not cleaned up', async () => {
  await cpuDown(1);
  await smpbootRegisterPercpuThread(DEMOS.async);
  await smpbootUnregisterPercpuThread(DEMOS.async);
  expect(load(word('async', 1, CLEANUP))).toBe(0);
  await cpuUp(1);
});

test('a CPU that cannot go or come is refused', async () => {
  for (const [change, errno] of [[() => cpuDown(0), -EBUSY], [() => cpuDown(2), -EINVAL], [() => cpuDown(0.5), -EINVAL], [() => cpuUp(1), -EINVAL], [() => cpuUp(-1), -EINVAL]] as const) {
    await expect(change()).rejects.toMatchObject({ errno });
  }
  const [first, second] = await Promise.allSettled([cpuDown(1), cpuDown(1)]);
  expect([first.status, second.status]).toContain('fulfilled');
  if (!cpuOnline(1)) await cpuUp(1);
});

test('registering that fails half way leaves no thread', async () => {
  const task = (cpu: number) => DEMOS.async.task(cpu);
  let failed = 0;
  for (let nth = 1; failed === 0 || nth < 40; nth++) {
    store(machineWord(MACHINE.fail_nth), nth);
    const result = await smpbootRegisterPercpuThread(DEMOS.async).then(() => 0, (error: { errno: number }) => error.errno);
    store(machineWord(MACHINE.fail_nth), 0);
    if (result === 0) await smpbootUnregisterPercpuThread(DEMOS.async);
    else {
      failed++;
      expect([result, task(0), task(1)]).toEqual([-ENOMEM, null, null]);
    }
    expect(threads()).toEqual([]);
  }
  expect(failed).toBeGreaterThan(0);
});

test('its thread can be stopped by hand, and unregistering does not stumble over that', async () => {
  await smpbootRegisterPercpuThread(DEMOS.async);
  await until(() => counts('async', SETUP).every((n) => n === 1));
  expect(await kthreadStopPut(getTaskStruct(DEMOS.async.task(1)!))).toBe(0);
  await smpbootUnregisterPercpuThread(DEMOS.async);
  expect(counts('async', CLEANUP)).toEqual([1, 1]);
});
