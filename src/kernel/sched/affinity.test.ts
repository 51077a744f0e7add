/**
 * CPU masks: binding a thread before it starts, changing its mask later, and what cannot be done because code and data of
 * an async thread are on one isolate.
 */
import { expect, test } from 'vitest';
import { load, store } from '../../lib/atomic.js';
import { cpumaskAnd, cpumaskAndnot, cpumaskEmpty, cpumaskFirst, cpumaskLast, cpumaskOf, cpumaskOr, cpumaskSubset, cpumaskTestCpu, cpumaskWeight, cpumaskWords, cpumaskFromWords, forEachCpu, NO_CPU } from '../../lib/cpumask.js';
import { EINTR, EINVAL, ESRCH } from '../../lib/errno.js';
import { readProc } from '../../fs/proc.js';
import { cpuOnlineMask, forEachOnlineCpu } from '../cpu.js';
import { CLOSURE, CPU1, HERE, PLAIN, pause, until, words, type Kind } from '../kinds.fixture.js';
import { CALLS, WORDS as KTHREAD_WORDS, obedient } from '../kthread.fixture.js';
import { NUMA_NO_NODE, kthreadCreate, kthreadCreateOnCpu, kthreadCreateOnNode, kthreadPark, kthreadRun, kthreadRunOnCpu, kthreadStop, kthreadUnpark, wakeUpProcess } from '../kthread.js';
import { findPid, oneMachine } from '../machine.fixture.js';
import { prInfo } from '../printk/printk.js';
import { dmesg } from '../printk/syslog.js';
import { numOnlineCpus } from '../cpu.js';
import {
  cpusAllowed, kthreadAffinePreferred, kthreadBind, kthreadBindMask, kthreadIsPerCpu, kthreadSetPerCpu, schedGetaffinity, schedSetaffinity, setCpusAllowedPtr,
} from './affinity.js';
import { ISOLATE_SEEN, LAST, LOOKS, ORDER, SEEN, WORDS, runner, runnerApart } from './affinity.fixture.js';
import type { Task } from './handle.js';
import { PF_NO_SETAFFINITY } from './task.js';

oneMachine();
const [ZERO, ONE, BOTH] = [cpumaskOf(0), cpumaskOf(1), cpumaskOf(0, 1)];
const warnings = (): number => dmesg({ time: 'none' }).filter((line) => line.startsWith('WARNING')).length;

async function created({ create }: Kind): Promise<{ task: Task; at: number }> {
  const at = words(WORDS);
  return { task: await create(runner, { at }, 'runner'), at };
}

/** It has looked `times` more often. */
async function looks(at: number, times = 3): Promise<void> {
  const before = load(at + LOOKS);
  await until(() => load(at + LOOKS) >= before + times, 'it looks where it is');
}

test('masks are values', () => {
  const mask = cpumaskOf(0, 2, 33, 63);
  expect([...forEachCpu(mask), cpumaskWeight(mask), cpumaskFirst(mask), cpumaskLast(mask)]).toEqual([0, 2, 33, 63, 4, 0, 63]);
  expect([cpumaskFirst(cpumaskOf()), cpumaskLast(cpumaskOf()), cpumaskEmpty(cpumaskOf()), cpumaskEmpty(mask)]).toEqual([NO_CPU, NO_CPU, true, false]);
  expect([cpumaskTestCpu(33, mask), cpumaskTestCpu(34, mask)]).toEqual([true, false]);
  expect(cpumaskFromWords(...cpumaskWords(mask)) === mask && cpumaskOr(ZERO, ONE) === BOTH && cpumaskAnd(BOTH, ONE) === ONE && cpumaskAndnot(BOTH, ONE) === ZERO).toBe(true);
  expect([cpumaskSubset(ONE, BOTH), cpumaskSubset(BOTH, ONE), cpumaskSubset(cpumaskOf(), ONE)]).toEqual([true, false, true]);
});

test('T093 a fresh thread may run on all CPUs', async () => {
  const { task } = await created(HERE);
  expect([cpusAllowed(task), schedGetaffinity(task.pid), cpuOnlineMask()]).toEqual([BOTH, BOTH, BOTH]);
  expect(await kthreadStop(task)).toBe(-EINTR);
  expect([cpumaskEmpty(cpusAllowed(task)), schedSetaffinity(4_000_000, ONE)]).toEqual([true, -ESRCH]);
  expect(() => schedGetaffinity(4_000_000)).toThrow(expect.objectContaining({ errno: -ESRCH }));
});

test.each([HERE, CPU1, PLAIN])('T090 T015 bound before its first wake-up, a thread runs on that CPU and no other: $kind', async (kind) => {
  for (const cpu of [1, 0]) {
    const { task, at } = await created(kind);
    expect(task.state).toBe('D');
    kthreadBind(task, cpu);
    expect([cpumaskWeight(cpusAllowed(task)), cpumaskTestCpu(cpu, cpusAllowed(task)), task.flags & PF_NO_SETAFFINITY, task.state]).toEqual([1, true, PF_NO_SETAFFINITY, 'D']);
    expect([task.flags, await readProc(`/proc/${task.pid}/status`)]).toEqual([0x4208040, expect.stringContaining(`Cpus_allowed_list:\t${cpu}\n`)]);
    expect(wakeUpProcess(task)).toBe(1);
    await looks(at, 10);
    expect([load(at + SEEN), task.cpu, findPid(task.pid)?.cpu]).toEqual([1 << cpu, cpu, cpu]);
    expect(await kthreadStop(task)).toBe(cpu);
  }
});

test('T090 a closure is bound to the CPU of who made it; for another it is refused, with what to do', async () => {
  const { task, at } = await created(CLOSURE);
  expect(() => kthreadBind(task, 1)).toThrow(expect.objectContaining({ errno: -EINVAL, message: expect.stringContaining('threadfn(import.meta') }));
  expect([cpusAllowed(task), task.flags & PF_NO_SETAFFINITY]).toEqual([BOTH, 0]);
  kthreadBind(task, 0);
  wakeUpProcess(task);
  await looks(at);
  expect([load(at + SEEN), await kthreadStop(task)]).toEqual([1, 0]);
});

test('T090 binding takes the place of an earlier one, and an async function with an isolate of its own has another number', async () => {
  const { task, at } = await created(HERE);
  for (const cpu of [1, 0, 1]) kthreadBind(task, cpu);
  wakeUpProcess(task);
  await looks(at);
  expect(await kthreadStop(task)).toBe(1);
  const own = words(WORDS);
  const apart = await kthreadCreate(runnerApart, { at: own }, 'apart');
  const to = 1 - apart.cpu;
  kthreadBind(apart, to);
  wakeUpProcess(apart);
  await looks(own);
  expect([load(own + SEEN), await kthreadStop(apart)]).toEqual([1 << to, to]);
});

test.each([HERE, PLAIN])('a bound thread is stopped before it was woken, and parked before its function ran: $kind', async (kind) => {
  const first = await created(kind);
  kthreadBind(first.task, 1);
  expect([await kthreadStop(first.task), load(first.at + LOOKS)]).toEqual([-EINTR, 0]);
  const { task, at } = await created(kind);
  kthreadBind(task, 1);
  expect([await kthreadPark(task), task.state, load(at + LOOKS)]).toEqual([0, 'P', 0]);
  kthreadUnpark(task);
  await looks(at);
  expect(await kthreadStop(task)).toBe(1);
});

test('a hundred threads that go to another CPU when they begin, stopped whenever', async () => {
  const made = await Promise.all(Array.from({ length: 100 }, () => created(HERE)));
  for (const { task } of made) kthreadBind(task, 1);
  for (const { task } of made) wakeUpProcess(task);
  const results = await Promise.all(made.map(async ({ task }, i) => {
    await pause(i % 4);
    return kthreadStop(task);
  }));
  expect(results.every((result, i) => result === -EINTR || (result === (load(made[i].at + LOOKS) === 0 ? 0 : 1)))).toBe(true);
});

test.each([CLOSURE, HERE, PLAIN])('T091 bound after the first wake-up: a warning, and nothing changes: $kind', async (kind) => {
  const { task, at } = await created(kind);
  wakeUpProcess(task);
  await looks(at);
  const [before, told] = [task.cpu, warnings()];
  for (const cpu of [0, 1]) kthreadBind(task, cpu);
  kthreadBindMask(task, ONE);
  expect(warnings() - told).toBe(3);
  await looks(at);
  expect([task.cpu, cpusAllowed(task), task.flags & PF_NO_SETAFFINITY]).toEqual([before, BOTH, 0]);
  await kthreadStop(task);
  kthreadBind(task, 0); // Nor does it harm afterwards.
});

test('T092 user space cannot move a bound thread, others it can', async () => {
  const { task: bound } = await created(PLAIN);
  const { task: free, at } = await created(PLAIN);
  kthreadBind(bound, 1);
  expect([schedSetaffinity(bound.pid, ZERO), schedSetaffinity(bound.pid, ONE), schedGetaffinity(bound.pid)]).toEqual([-EINVAL, -EINVAL, ONE]);
  expect([schedSetaffinity(free.pid, ONE), schedGetaffinity(free.pid), schedSetaffinity(free.pid, cpumaskOf(9))]).toEqual([0, ONE, -EINVAL]);
  wakeUpProcess(free);
  await looks(at);
  expect([await kthreadStop(free), await kthreadStop(bound)]).toEqual([1, -EINTR]);
});

test.each([HERE, PLAIN])('T093 kthread_bind_mask allows exactly the mask: $kind', async (kind) => {
  const { task, at } = await created(kind);
  kthreadBindMask(task, cpumaskOf(1, 40)); // 40 is not there.
  expect([cpusAllowed(task), task.flags & PF_NO_SETAFFINITY]).toEqual([ONE, PF_NO_SETAFFINITY]);
  wakeUpProcess(task);
  await looks(at);
  expect([load(at + SEEN), await kthreadStop(task)]).toEqual([2, 1]);
  const other = await created(kind);
  for (const mask of [cpumaskOf(), cpumaskOf(40)]) expect(() => kthreadBindMask(other.task, mask)).toThrow(expect.objectContaining({ errno: -EINVAL }));
  for (const cpu of [-1, 2, 0.5]) expect(() => kthreadBind(other.task, cpu)).toThrow(expect.objectContaining({ errno: -EINVAL }));
  await kthreadStop(other.task);
});

test('T094 a preference before the first wake-up is 0, afterwards -EINVAL with a warning', async () => {
  for (const kind of [HERE, PLAIN]) {
    const { task, at } = await created(kind);
    expect(kthreadAffinePreferred(task, ONE)).toBe(0);
    expect([cpusAllowed(task), task.flags & PF_NO_SETAFFINITY]).toEqual([ONE, 0]);
    wakeUpProcess(task);
    await looks(at);
    const told = warnings();
    expect([kthreadAffinePreferred(task, ZERO), warnings() - told, load(at + LAST)]).toEqual([-EINVAL, 1, 1]);
    await kthreadStop(task);
  }
  const { task: nowhere } = await created(HERE);
  expect([kthreadAffinePreferred(nowhere, cpumaskOf(50)), cpusAllowed(nowhere)]).toEqual([0, BOTH]); // None of them: any.
  const { task: closure } = await created(CLOSURE);
  expect([kthreadAffinePreferred(closure, ONE), cpusAllowed(closure)]).toEqual([0, BOTH]); // It would like to, but cannot.
  for (const task of [nowhere, closure]) await kthreadStop(task);
});

test('T095 set_cpus_allowed_ptr: no CPU that is there is -EINVAL, another CPU is where a plain thread goes when it next sleeps', async () => {
  const { task, at } = await created(PLAIN);
  wakeUpProcess(task);
  await looks(at);
  for (const mask of [cpumaskOf(), cpumaskOf(2), cpumaskOf(63)]) expect(setCpusAllowedPtr(task, mask)).toBe(-EINVAL);
  for (const cpu of [1, 0, 1, 0]) {
    expect(setCpusAllowedPtr(task, cpumaskOf(cpu))).toBe(0);
    await until(() => load(at + LAST) === cpu, 'it is there');
    await looks(at);
    expect([load(at + LAST), task.cpu]).toEqual([cpu, cpu]);
  }
  store(at + SEEN, 0);
  expect(setCpusAllowedPtr(task, BOTH)).toBe(0); // It may stay.
  await looks(at);
  expect([load(at + SEEN), await kthreadStop(task)]).toEqual([1, 0]);
});

test('T095 a plain thread that moves itself is there at once', async () => {
  const { task, at } = await created(PLAIN);
  wakeUpProcess(task);
  for (const cpu of [1, 0]) {
    store(at + SEEN, 0);
    store(at + ORDER, cpu + 1);
    await until(() => load(at + ORDER) === 1000, 'it obeyed');
    await until(() => load(at + LAST) === cpu);
  }
  expect(await kthreadStop(task)).toBe(0);
});

test('T095 an async thread that has begun stays: -EINVAL for a mask without its CPU', async () => {
  for (const kind of [CLOSURE, HERE, CPU1]) {
    const { task, at } = await created(kind);
    wakeUpProcess(task);
    await looks(at);
    const isolate = load(at + ISOLATE_SEEN);
    const [here, there] = kind === CPU1 ? [ONE, ZERO] : [ZERO, ONE];
    expect([setCpusAllowedPtr(task, there), setCpusAllowedPtr(task, here), cpusAllowed(task)]).toEqual([-EINVAL, 0, here]);
    await looks(at);
    expect([load(at + ISOLATE_SEEN), cpumaskWeight(cpusAllowed(task))]).toEqual([isolate, 1]);
    await kthreadStop(task);
  }
});

test('T098 a thread for each CPU, each on its own', async () => {
  const made = await Promise.all([...forEachOnlineCpu()].map(async (cpu) => {
    const at = words(WORDS);
    const task = await kthreadCreate(runner.shared, { at }, 'cpu_thread/%d', cpu);
    kthreadBind(task, cpu);
    wakeUpProcess(task);
    return { task, at };
  }));
  expect([made.length, made.map(({ task }) => task.comm)]).toEqual([numOnlineCpus(), ['cpu_thread/0', 'cpu_thread/1']]);
  for (const { at } of made) await looks(at);
  expect(await Promise.all(made.map(({ task }) => kthreadStop(task)))).toEqual([0, 1]);
});

test('a thread is marked as the one of its CPU, with a warning if it is not bound', async () => {
  const bound = await kthreadRunOnCpu(runner.shared, { at: words(WORDS) }, 1, 'percpu/%u');
  const free = await kthreadRun(runner.closure, { at: words(WORDS) }, 'free');
  const told = warnings();
  kthreadSetPerCpu(bound, 1);
  expect([kthreadIsPerCpu(bound), kthreadIsPerCpu(free), warnings() - told]).toEqual([true, false, 0]);
  kthreadSetPerCpu(bound, -1);
  kthreadSetPerCpu(free, 0);
  expect([kthreadIsPerCpu(bound), warnings() - told]).toEqual([false, 1]);
  for (const task of [bound, free]) await kthreadStop(task);
});

/** What the log has of a conformance case. */
const said = (name: string): string[] => dmesg({ time: 'none' }).filter((line) => line.startsWith(`${name}: `));

test.each([HERE, PLAIN])('conformance bind_cpu: $kind', async (kind) => {
  const log = said('bind_cpu').length;
  for (const [which, cpu] of [['first', cpumaskFirst(cpuOnlineMask())], ['last', cpumaskLast(cpuOnlineMask())]] as const) {
    const { task, at } = await created(kind);
    const before = cpumaskWeight(cpusAllowed(task));
    kthreadBind(task, cpu);
    prInfo('bind_cpu: %s: before: all cpus=%d\n', which, Number(before >= numOnlineCpus()));
    prInfo('bind_cpu: %s: bound: cpus=%d has it=%d PF_NO_SETAFFINITY=%d state=%c\n', which, cpumaskWeight(cpusAllowed(task)), Number(cpumaskTestCpu(cpu, cpusAllowed(task))), Number((task.flags & PF_NO_SETAFFINITY) !== 0), task.state);
    wakeUpProcess(task);
    await looks(at);
    prInfo('bind_cpu: %s: ran there=%d task_cpu=%d\n', which, Number(load(at + LAST) === cpu), Number(task.cpu === cpu));
    prInfo('bind_cpu: %s: stop is the cpu=%d\n', which, Number((await kthreadStop(task)) === cpu));
  }
  prInfo('bind_cpu: done\n');
  expect(said('bind_cpu').slice(log)).toEqual([
    ...['first', 'last'].flatMap((which) => [
      `bind_cpu: ${which}: before: all cpus=1`,
      `bind_cpu: ${which}: bound: cpus=1 has it=1 PF_NO_SETAFFINITY=1 state=D`,
      `bind_cpu: ${which}: ran there=1 task_cpu=1`,
      `bind_cpu: ${which}: stop is the cpu=1`,
    ]),
    'bind_cpu: done',
  ]);
});

test.each(['shared', 'plain'] as const)('T018 T019 conformance create_on, with functions that are %s', async (of) => {
  const log = said('create_on').length;
  const fn = obedient[of];
  const drive = async (task: Task, at: number, how: string): Promise<void> => {
    prInfo('create_on: %s: comm=%s state=%c fixed=%d\n', how, task.comm, task.state, Number((task.flags & PF_NO_SETAFFINITY) !== 0));
    wakeUpProcess(task);
    await until(() => load(at + CALLS) > 0);
    prInfo('create_on: %s: calls=%d\n', how, load(at + CALLS));
    prInfo('create_on: %s: stop=%d\n', how, await kthreadStop(task));
  };
  const at = Array.from({ length: 5 }, () => words(KTHREAD_WORDS));
  await drive(await kthreadCreateOnNode(fn, { at: at[0], value: 11 }, NUMA_NO_NODE, 'con/%s', 'any'), at[0], 'any node');
  await drive(await kthreadCreateOnNode(fn, { at: at[1], value: 22 }, 0, 'con/%d', 0), at[1], 'node 0');
  await drive(await kthreadCreateOnCpu(fn, { at: at[2], value: 33 }, 0, 'con_cpu/%u'), at[2], 'cpu 0');
  prInfo('create_on: unwoken stop=%d\n', await kthreadStop(await kthreadCreateOnCpu(fn, { at: at[3], value: 44 }, 0, 'con_cpu:%u')));
  prInfo('create_on: unwoken calls=%d\n', load(at[3] + CALLS));
  const task = await kthreadRunOnCpu(fn, { at: at[4], value: 55 }, 0, 'con_run/%u');
  await until(() => load(at[4] + CALLS) > 0);
  prInfo('create_on: run on cpu 0: comm=%s calls=%d fixed=%d\n', task.comm, load(at[4] + CALLS), Number((task.flags & PF_NO_SETAFFINITY) !== 0));
  expect(cpusAllowed(task)).toBe(ZERO);
  prInfo('create_on: run on cpu 0: stop=%d\n', await kthreadStop(task));
  prInfo('create_on: done\n');
  expect(said('create_on').slice(log)).toEqual([
    'create_on: any node: comm=con/any state=D fixed=0', 'create_on: any node: calls=1', 'create_on: any node: stop=11',
    'create_on: node 0: comm=con/0 state=D fixed=0', 'create_on: node 0: calls=1', 'create_on: node 0: stop=22',
    'create_on: cpu 0: comm=con_cpu/0 state=D fixed=1', 'create_on: cpu 0: calls=1', 'create_on: cpu 0: stop=33',
    'create_on: unwoken stop=-4', 'create_on: unwoken calls=0',
    'create_on: run on cpu 0: comm=con_run/0 calls=1 fixed=1', 'create_on: run on cpu 0: stop=55',
    'create_on: done',
  ]);
});
