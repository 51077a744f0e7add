/**
 * The freezer: who is frozen with the machine and who is not, how a frozen thread looks, what reaches it and what waits, and
 * what happens when somebody does not freeze. For each kind of thread.
 */
import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { readProc } from '../fs/proc.js';
import { boot } from '../index.js';
import { load, store } from '../lib/atomic.js';
import { EFAULT } from '../lib/errno.js';
import { DONE, FROZEN, GO, RESULT, SLEEPERS, TURNS, WORDS, freezer, heedful, ordinary, polite, queue, stubborn, timedWaiter, twofold, waiter, type Waits } from './freezer.fixture.js';
import { freezing, frozen, setFreezable, tryToFreeze } from './freezer.js';
import { HOST_ISOLATE } from './isolate.js';
import { CLOSURE, CPU1, KINDS, PLAIN, pause, until, words, type Behaviour, type Kind } from './kinds.fixture.js';
import { getTaskStruct, kthreadPark, kthreadRun, kthreadStop, kthreadStopPut, kthreadUnpark, wakeUpProcess } from './kthread.js';
import { KTW_FREEZABLE } from './kthread_work.js';
import { kthreadFlushWork, kthreadInitWork, kthreadQueueWork } from './kthread_worker.js';
import { ENDED, GO as OPEN, WORDS as WORKER_WORDS, WORKERS, type Job } from './kthread_worker.fixture.js';
import { oneMachine } from './machine.fixture.js';
import { sendMail } from './mail.js';
import type { EndMail } from './module.js';
import { freezeProcesses, thawProcesses } from './power/process.js';
import { dmesg } from './printk/syslog.js';
import { complete, newCompletion, waitForCompletionState } from './sched/completion.js';
import type { Task } from './sched/handle.js';
import { TASK, TASK_FREEZABLE, TASK_FROZEN, TASK_INTERRUPTIBLE } from './sched/task.js';
import { wakeUp, wakeUpAll } from './sched/wait.js';
import { waitEventFreezable, waitEventFreezableExclusive } from './sched/wait_event.js';
import { SYSCTLS, sysctl } from './sysctl.js';
import { WQ_FREEZABLE, allocWorkqueue, destroyWorkqueue, flushWork, queueWork } from './workqueue.js';

const { machine, oopses } = oneMachine();
afterEach(() => {
  thawProcesses();
  sysctl('power.freeze_timeout', SYSCTLS['power.freeze_timeout'].initial);
});

interface Started {
  readonly task: Task;
  readonly at: number;
}
const NAMES = new Map(KINDS.map((kind, n) => [kind, n]));
const name = (kind: Kind): string => (kind === CPU1 ? 'cpu/%u' : `thread${NAMES.get(kind)}`);

async function start<D>(kind: Kind, what: Behaviour<D>, data: (at: number) => D): Promise<Started> {
  const at = words(WORDS);
  const task = await kind.create(what, data(at), name(kind));
  wakeUpProcess(task);
  return { task, at };
}
async function running(kind: Kind, what: Behaviour<number>): Promise<Started> {
  const started = await start(kind, what, (at) => at);
  await until(() => load(started.at + TURNS) > 0, 'it runs');
  return started;
}
const said = (pattern: RegExp): boolean => dmesg({ time: 'none' }).some((line) => pattern.test(line));

test.each(KINDS)('T199 a thread that did not ask for it is not frozen: $kind', async (kind) => {
  const { task, at } = await running(kind, ordinary);
  expect([await freezeProcesses(), freezing(task), frozen(task)]).toEqual([0, false, false]);
  const turns = load(at + TURNS);
  await until(() => load(at + TURNS) > turns + 2, 'it goes on');
  await kthreadStop(task);
});

test.each(KINDS)('T200 after setFreezable it stands still at tryToFreeze, in D, until the machine is thawed: $kind', async (kind) => {
  const { task, at } = await running(kind, polite);
  expect(await freezeProcesses()).toBe(0);
  const turns = load(at + TURNS);
  expect([freezing(task), frozen(task), task.state, task.stateWord & TASK_FROZEN, load(at + FROZEN)]).toEqual([true, true, 'D', TASK_FROZEN, 0]);
  expect(await readProc(`/proc/${task.pid}/status`)).toContain('State:\tD (disk sleep)');
  expect(await readProc(`/proc/${task.pid}/wchan`)).toBe('__refrigerator');
  expect(wakeUpProcess(task)).toBe(0);
  await pause(10);
  expect([frozen(task), load(at + TURNS)]).toEqual([true, turns]);
  thawProcesses();
  await until(() => load(at + FROZEN) === 1 && task.state === 'S', 'it goes on');
  expect([freezing(task), frozen(task)]).toEqual([false, false]);
  expect(await kthreadStop(task)).toBe(5);
});

test.each(KINDS)('T200 a thread that becomes freezable while the machine is frozen stands still at once: $kind', async (kind) => {
  expect(await freezeProcesses()).toBe(0);
  const { task, at } = await start(kind, polite, (word) => word);
  await until(() => frozen(task));
  expect([load(at + TURNS), await freezeProcesses()]).toEqual([0, 0]);
  thawProcesses();
  await until(() => load(at + TURNS) > 0);
  expect(load(at + FROZEN)).toBe(1);
  await kthreadStop(task);
});

test.each(KINDS)('T201 kthreadFreezableShouldStop says whether it was frozen, and a stop brings it out of the freezer: $kind', async (kind) => {
  const { task, at } = await running(kind, heedful);
  expect(await freezeProcesses()).toBe(0);
  thawProcesses();
  await until(() => load(at + FROZEN) === 1 && task.state === 'S', 'it says that it was frozen');
  await freezeProcesses();
  expect(frozen(task)).toBe(true);
  expect(await kthreadStop(task)).toBe(2);
  expect(load(at + FROZEN)).toBe(1);
  thawProcesses();
  expect(await kthreadStop((await running(kind, heedful)).task)).toBe(1);
});

test('T202 those that never look make freezing fail with -EBUSY after the time, are reported, and all go on', { timeout: 60_000 }, async () => {
  sysctl('power.freeze_timeout', 2000); // Long enough for who obeys, on a busy computer too.
  const good = await running(CLOSURE, polite);
  const bad = await Promise.all(KINDS.map((kind) => running(kind, stubborn)));
  expect(await freezeProcesses()).toBe(-16);
  expect(said(/^Freezing remaining freezable tasks failed after \d+\.\d{3} seconds \(4 tasks refusing to freeze, wq_busy=0\):$/)).toBe(true);
  for (const { task } of bad) expect(said(new RegExp(`^task:${task.comm.padEnd(15)} state:[SR] +stack:0 +pid:${task.pid} `)), task.comm).toBe(true);
  expect(said(new RegExp(`^task:.* pid:${good.task.pid} `))).toBe(false);
  await until(() => good.task.state === 'S' && load(good.at + FROZEN) > 0, 'who had frozen goes on');
  for (const { task, at } of bad) {
    const turns = load(at + TURNS);
    await until(() => wakeUpProcess(task) === 1 && load(at + TURNS) > turns, 'so do the others');
  }
  for (const { task } of [...bad, good]) await kthreadStop(task);
  expect(await freezeProcesses()).toBe(0);
});

test('T202 the time is 20 seconds unless power.freeze_timeout says otherwise', () => {
  expect(sysctl('power.freeze_timeout')).toBe(20000);
});

test('T150 the time of waitEventFreezableTimeout goes on while it is frozen: in time, too late, and just so', { timeout: 60_000 }, async () => {
  const begin = (timeout: number) => Promise.all(KINDS.map((kind) => start<Waits>(kind, timedWaiter, (at) => ({ at, timeout }))));
  const [early, late, never] = [await begin(3_600_000), await begin(5000), await begin(5000)];
  const all = [...early, ...late, ...never];
  const states = (): string => all.map(({ task }) => task.state).join('');
  await until(() => all.every(({ at }) => load(at + TURNS) > 1), 'all wait');
  expect(await freezeProcesses()).toBe(0);
  expect(states()).toBe('DDDDDDDDDDDD');
  const looks = all.map(({ at }) => load(at + TURNS));
  for (const { at } of [...early, ...late]) store(at + GO, 1);
  wakeUpAll(queue);
  await pause(5100);
  expect([states(), all.map(({ at }) => load(at + TURNS))], 'none looks while it is frozen').toEqual(['DDDDDDDDDDDD', looks]);
  thawProcesses();
  await until(() => states() === 'XXXXXXXXXXXX', 'all are over');
  const results = (of: readonly Started[]): number[] => of.map(({ at }) => load(at + RESULT));
  expect([results(late), results(never)]).toEqual([[1, 1, 1, 1], [0, 0, 0, 0]]);
  for (const left of results(early)) expect(left > 1 && left <= 3_600_000 - 5100, String(left)).toBe(true);
});

test.each(Object.keys(SLEEPERS))('every freezable sleep freezes where it is and goes on: %s', async (what) => {
  const { letter } = SLEEPERS[what];
  const all = await Promise.all(KINDS.map((kind) => running(kind, SLEEPERS[what].what)));
  await until(() => all.every(({ task }) => task.state === letter), 'all sleep');
  for (let round = 0; round < 3; round++) {
    expect(await freezeProcesses()).toBe(0);
    expect(all.map(({ task }) => frozen(task))).toEqual([true, true, true, true]);
    thawProcesses();
    await until(() => all.every(({ task }) => task.state === letter), 'all sleep on');
  }
  await freezeProcesses();
  for (const { task, at } of all) {
    store(at + GO, 1);
    wakeUpProcess(task);
  }
  await pause(5);
  expect(all.map(({ at }) => load(at + DONE))).toEqual([0, 0, 0, 0]);
  thawProcesses();
  wakeUpAll(queue);
  await until(() => all.every(({ task }) => task.state === 'X'), 'all end');
  expect(all.map(({ at }) => [load(at + DONE), load(at + RESULT)])).toEqual([[1, 0], [1, 0], [1, 0], [1, 0]]);
});

test.each(KINDS)('stop and park of a thread that is frozen in its sleep take effect when it is thawed: $kind', async (kind) => {
  const sleeps = await running(kind, waiter);
  const parks = await running(kind, polite);
  await freezeProcesses();
  const over: string[] = [];
  const stop = kthreadStop(sleeps.task).then(() => over.push('stopped'));
  const park = kthreadPark(parks.task).then((value) => over.push(`parked ${value}`));
  await pause(10);
  expect([over, frozen(sleeps.task), frozen(parks.task)]).toEqual([[], true, true]);
  thawProcesses();
  await Promise.all([stop, park]);
  expect([over.toSorted(), load(sleeps.at + RESULT), parks.task.state]).toEqual([['parked 0', 'stopped'], -512, 'P']);
  // Who is parked does nothing, and freezes when it would.
  expect([await freezeProcesses(), parks.task.state]).toEqual([0, 'P']);
  const turns = load(parks.at + TURNS);
  kthreadUnpark(parks.task);
  await until(() => frozen(parks.task));
  expect(load(parks.at + TURNS)).toBe(turns);
  thawProcesses();
  expect(await kthreadStop(parks.task)).toBe(5);
});

test.each([CPU1, PLAIN])('a thread dies while it is frozen: its stopper hears of it, and the others are thawed: $kind', async (kind) => {
  const [victim, other] = [await running(kind, polite), await running(CLOSURE, polite)];
  getTaskStruct(victim.task);
  await freezeProcesses();
  sendMail(HOST_ISOLATE, { kind: 'end', number: load(victim.task.addr + TASK.isolate), why: 'the test ends it' } satisfies EndMail);
  await until(() => victim.task.state === 'X', 'it is gone');
  expect([frozen(other.task), await freezeProcesses()]).toEqual([true, 0]);
  await expect(kthreadStopPut(victim.task)).rejects.toMatchObject({ errno: -EFAULT });
  thawProcesses();
  expect(await kthreadStop(other.task)).toBe(5);
  await until(() => oopses.length > 0);
});

test.each(KINDS)('a freezable thread can freeze the machine: it goes on itself, until somebody thaws: $kind', async (kind) => {
  const other = await running(PLAIN, polite);
  const { task, at } = await start(kind, freezer, (word) => word);
  await until(() => load(at + DONE) === 1);
  expect([load(at + RESULT), frozen(other.task), frozen(task), freezing(task)]).toEqual([0, true, false, false]);
  store(at + GO, 1);
  await until(() => task.state === 'X');
  expect(load(at + RESULT)).toBe(0);
  await until(() => load(other.at + FROZEN) === 1);
  expect(await kthreadStop(other.task)).toBe(5);
});

test('a thread with two sleeps at a time is frozen when both are', async () => {
  const at = words(WORDS);
  const both = await kthreadRun(twofold, { at, deaf: false }, 'both');
  await until(() => load(at + TURNS) > 1);
  expect(await freezeProcesses()).toBe(0);
  const looks = load(at + TURNS);
  store(at + GO, 1);
  wakeUpAll(queue);
  await pause(5);
  expect([load(at + TURNS), frozen(both)]).toEqual([looks, true]);
  thawProcesses();
  await until(() => both.state === 'X');
  sysctl('power.freeze_timeout', 50);
  const more = words(WORDS);
  const half = await kthreadRun(twofold, { at: more, deaf: true }, 'half');
  await until(() => load(more + DONE) === 1);
  expect(await freezeProcesses()).toBe(-16);
  store(more + RESULT, 1);
  wakeUpAll(queue);
  sysctl('power.freeze_timeout', 20000);
  expect([await freezeProcesses(), frozen(half)]).toEqual([0, true]);
  thawProcesses();
  store(more + GO, 1);
  wakeUpAll(queue);
  await until(() => half.state === 'X');
});

test('an abort that comes while it is frozen reaches the wait when it is thawed; an exclusive wake-up goes to who can use it', async () => {
  const at = words(WORDS);
  const abort = new AbortController();
  const order: string[] = [];
  const task = await kthreadRun(async () => {
    await setFreezable();
    await waitEventFreezable(queue, () => false, { signal: abort.signal }).catch((error: Error) => order.push(error.message));
    await waitEventFreezableExclusive(queue, () => load(at + GO) !== 0);
    order.push('first');
  }, undefined, 'abort');
  await until(() => task.state === 'S');
  await freezeProcesses();
  abort.abort(new Error('enough'));
  await pause(5);
  expect([order, frozen(task)]).toEqual([[], true]);
  thawProcesses();
  await until(() => order.length === 1 && task.state === 'S');
  await freezeProcesses();
  const second = await kthreadRun(async () => {
    await waitEventFreezableExclusive(queue, () => load(at + GO) !== 0); // Not freezable itself.
    order.push('second');
  }, undefined, 'second');
  await until(() => second.state === 'S');
  store(at + GO, 1);
  wakeUp(queue);
  await until(() => second.state === 'X');
  expect([order, frozen(task)]).toEqual([['enough', 'second'], true]);
  thawProcesses();
  await until(() => task.state === 'X');
  expect(order).toEqual(['enough', 'second', 'first']);
});

test('a wait for a completion in a state with TASK_FREEZABLE is frozen and has lost nothing', async () => {
  const done = newCompletion();
  const task = await kthreadRun(async () => {
    await setFreezable();
    return waitForCompletionState(done, TASK_INTERRUPTIBLE | TASK_FREEZABLE);
  }, undefined, 'completion');
  getTaskStruct(task);
  await until(() => task.state === 'S');
  expect([await freezeProcesses(), frozen(task)]).toEqual([0, true]);
  complete(done);
  await pause(2);
  expect([frozen(task), done.done]).toEqual([true, 1]);
  thawProcesses();
  await until(() => task.state === 'X');
  expect([await kthreadStopPut(task), done.done]).toEqual([0, 0]);
});

test.each(WORKERS)('T194 a worker with KTW_FREEZABLE freezes between two works only: $kind', async (kind) => {
  await using worker = await kind.run(undefined, KTW_FREEZABLE);
  const at = words(WORKER_WORDS);
  await until(() => worker.task?.state === 'S');
  expect([await freezeProcesses(), frozen(worker.task!)]).toEqual([0, true]);
  const work = kthreadInitWork<Job, number>(kind.gate, [at, 1]);
  const next = kthreadInitWork<Job, number>(kind.note, [at, 2]);
  expect([kthreadQueueWork(worker, work), kthreadQueueWork(worker, next)]).toEqual([true, true]);
  await pause(5);
  expect([load(at), frozen(worker.task!)]).toEqual([0, true]);
  thawProcesses();
  await until(() => load(at) === 1, 'the first runs');
  const freezes = freezeProcesses();
  await pause(20);
  expect([frozen(worker.task!), load(at + ENDED)]).toEqual([false, 0]);
  store(at + OPEN, 1);
  expect([await freezes, frozen(worker.task!), load(at + ENDED)]).toEqual([0, true, 1]);
  thawProcesses();
  expect(await kthreadFlushWork(next)).toBe(4);
});

test('T194 the works of a workqueue with WQ_FREEZABLE wait until the machine is thawed, those of another one do not', async () => {
  const [cold, warm] = [allocWorkqueue('cold', WQ_FREEZABLE, 0), allocWorkqueue('warm', 0, 0)];
  using one = kthreadInitWork(async () => 'cold');
  using two = kthreadInitWork(async () => 'warm');
  await freezeProcesses();
  expect([queueWork(cold, one), queueWork(warm, two)]).toEqual([true, true]);
  await flushWork(two);
  expect([two.result, one.pending]).toEqual(['warm', true]);
  thawProcesses();
  await flushWork(one);
  expect(one.result).toBe('cold');
  await destroyWorkqueue(cold);
  await destroyWorkqueue(warm);
});

test('code outside of threads is not frozen and thaws: the machine handle, and a shutdown of a frozen machine', { timeout: 30_000 }, async () => {
  await expect(tryToFreeze()).rejects.toThrow('tryToFreeze() was called outside a kernel thread');
  await expect(setFreezable()).rejects.toThrow('setFreezable() was called outside a kernel thread');
  const { task } = await running(PLAIN, polite);
  expect([await machine().freeze(), frozen(task)]).toEqual([0, true]);
  machine().thaw();
  await until(() => task.state === 'S');
  await kthreadStop(task);
  const lines = dmesg({ time: 'none' }).filter((line) => /^(Freez|Restart)/.test(line)).slice(-4);
  expect(lines.map((line) => line.replace(/\d+\.\d{3}/, 'N'))).toEqual([
    'Freezing remaining freezable tasks', 'Freezing remaining freezable tasks completed (elapsed N seconds)', 'Restarting tasks: Starting', 'Restarting tasks: Done']);
  const program = new URL('./freezer_program.fixture.js', import.meta.url);
  expect(execFileSync(process.execPath, [program.pathname], { encoding: 'utf8', timeout: 25_000 })).toBe('frozen, 1 stopped, 0 left\n');
  await expect(boot()).rejects.toThrow('a machine runs in this process already');
});
