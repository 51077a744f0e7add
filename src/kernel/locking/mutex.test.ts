/**
 * Mutexes: who waits and how, who is next, what interrupts a wait, and what is said of one that is used wrongly. That only
 * one has it at a time is locks.test.ts; orders of accesses are mutex.litmus.ts.
 */
import { expect, test } from 'vitest';
import { readProc, snapshot } from '../../fs/proc.js';
import { clearLog, dmesg, type Task } from '../../index.js';
import { CLOSURE, CPU1, HERE, KINDS, PLAIN, pause, until } from '../kinds.fixture.js';
import { getTaskStruct, kthreadRun, kthreadStop, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { SIGINT, SIGKILL, sendSig } from '../signal.js';
import { current, findTaskByPid } from '../sched/handle.js';
import { describeBlocked, lockOwner } from './held.js';
import { declareMutex, mutexGuard, mutexIsLocked, mutexLock, mutexLockInterruptible, mutexLockSync, mutexTrylock, mutexUnlock, type Mutex } from './mutex.js';
import { newPuppet } from './puppet.fixture.js';

oneMachine();
let made = 0;
const newMutex = (): Mutex => declareMutex(import.meta, `m${made++}`);
const log = (): string => dmesg().join('\n');
const PAIRS = KINDS.flatMap((first) => KINDS.map((second) => [first.kind, second.kind, first, second] as const));

test.each(PAIRS)('%s has it, %s waits in D and gets it, and is told of in /proc', async (_, __, first, second) => {
  const m = newMutex();
  const a = await newPuppet(first, 'owner', m);
  const b = await newPuppet(second, 'waiter', m);
  expect([mutexIsLocked(m), await b.does('mutexTrylock', m), mutexIsLocked(m)]).toEqual([false, 1, true]);
  await b.does('mutexUnlock', m);
  await a.does('mutexLock', m);
  expect(await b.does('mutexTrylock', m)).toBe(0);
  await b.waits('mutexLock', m);
  expect([b.task.state, await readProc(`/proc/${b.task.pid}/wchan`), lockOwner(b.task.addr)]).toEqual(['D', 'mutex_lock', a.task.pid]);
  expect(describeBlocked(b.task.addr)).toBe(`INFO: task waiter:${b.task.pid} is blocked on a mutex likely owned by task owner:${a.task.pid}.`);
  expect(describeBlocked(a.task.addr)).toBe('');
  await a.does('mutexUnlock', m);
  await b.result();
  expect([await a.does('mutexTrylock', m), describeBlocked(b.task.addr)]).toEqual([0, '']);
  await b.does('mutexUnlock', m);
  expect(mutexIsLocked(m)).toBe(false);
  await Promise.all([a.stop(), b.stop()]);
});

test('those who wait get it in the order in which they came', async () => {
  const m = newMutex();
  const order: number[] = [];
  await mutexLock(m);
  const waiters = [];
  for (const [i, kind] of [PLAIN, HERE, CPU1, PLAIN].entries()) {
    const puppet = await newPuppet(kind, `waiter/${i}`, m);
    await puppet.waits('mutexLock', m);
    waiters.push(puppet);
  }
  mutexUnlock(m);
  for (const [i, puppet] of waiters.entries()) {
    await puppet.result();
    order.push(i);
    await pause(2);
    expect(waiters.map((w) => w.isIdle)).toEqual(waiters.map((_, n) => n <= i));
    await puppet.does('mutexUnlock', m);
  }
  expect(order).toEqual([0, 1, 2, 3]);
  await Promise.all(waiters.map((w) => w.stop()));
});

// Only a waiter of this isolate can be woken and certainly not run yet; on another CPU it may be faster than our next line.
test.each([CLOSURE, HERE])('who runs may take it before one that was woken for it, but not twice: $kind', async (kind) => {
  const m = newMutex();
  const waiter = await newPuppet(kind, 'waiter', m);
  await mutexLock(m);
  await waiter.waits('mutexLock', m);
  mutexUnlock(m);
  expect(mutexTrylock(m)).toBe(true); // Before the waiter could run: no await came between.
  await until(() => waiter.task.state === 'D' && switches(waiter.task) > 1, 'the waiter has looked and sleeps again');
  await pause(5);
  mutexUnlock(m);
  expect(mutexTrylock(m)).toBe(false);
  await waiter.result();
  expect([mutexTrylock(m), mutexIsLocked(m)]).toEqual([false, true]);
  await waiter.does('mutexUnlock', m);
  await waiter.stop();
});

const switches = (task: Task): number => snapshot().find((t) => t.pid === task.pid)?.nvcsw ?? 0;

test.each(KINDS)('a signal ends an interruptible wait with -EINTR, and the waiter behind it is not forgotten: $kind', async (kind) => {
  const m = newMutex();
  const [a, b] = [await newPuppet(kind, 'a', m), await newPuppet(kind, 'b', m)];
  await mutexLock(m);
  await a.does('allowSignal', m, SIGINT);
  await a.waits('mutexLockInterruptible', m);
  await b.waits('mutexLockInterruptible', m);
  expect([a.task.state, await readProc(`/proc/${a.task.pid}/wchan`)]).toEqual(['S', 'mutex_lock_interruptible']);
  const slept = switches(a.task);
  wakeUpProcess(a.task);
  await until(() => a.task.state === 'S' && switches(a.task) > slept, 'it has looked and sleeps again');
  expect(a.isIdle).toBe(false);
  sendSig(SIGINT, a.task, false);
  expect(await a.result()).toBe(-4);
  expect(await a.does('mutexLockInterruptible', m)).toBe(-4); // Still pending.
  mutexUnlock(m);
  expect(await b.result()).toBe(0);
  await b.does('mutexUnlock', m);
  expect(await a.does('mutexLockInterruptible', m)).toBe(0); // Free: the signal does not matter.
  await a.does('mutexUnlock', m);
  await Promise.all([a.stop(), b.stop()]);
});

test.each(KINDS)('a stop ends an interruptible wait, and not a killable one or one in D: $kind', async (kind) => {
  const m = newMutex();
  const calls = ['mutexLockInterruptible', 'mutexLockKillable', 'mutexLock'] as const;
  const puppets = await Promise.all(calls.map((call) => newPuppet(kind, call.slice(5), m)));
  await mutexLock(m);
  for (const [i, puppet] of puppets.entries()) await puppet.waits(calls[i], m);
  const stops = puppets.map((puppet) => puppet.beginStop());
  expect(await puppets[0].result()).toBe(-4);
  await pause(5);
  expect(puppets.map((p) => p.isIdle)).toEqual([true, false, false]);
  mutexUnlock(m);
  expect(await puppets[1].result()).toBe(0); // It ends with the mutex: the next one gets it all the same.
  await puppets[2].result();
  await Promise.all(stops);
  expect(log()).toMatch(new RegExp(`WARNING: LockKillable/\\d+ exited with mutex held: mutex.test.js#m${made - 1}`));
});

test.each(KINDS)('SIGKILL ends a killable wait, another signal does not: $kind', async (kind) => {
  const m = newMutex();
  const puppet = await newPuppet(kind, 'killable', m);
  await mutexLock(m);
  for (const sig of [SIGINT, SIGKILL]) await puppet.does('allowSignal', m, sig);
  await puppet.waits('mutexLockKillable', m);
  expect(puppet.task.state).toBe('D');
  sendSig(SIGINT, puppet.task, false);
  await pause(3);
  expect(puppet.isIdle).toBe(false);
  sendSig(SIGKILL, puppet.task, false);
  expect(await puppet.result()).toBe(-4);
  mutexUnlock(m);
  await puppet.stop();
});

test('an AbortSignal ends a wait with its reason; aborted before, the call takes nothing', async () => {
  const m = newMutex();
  await mutexLock(m);
  const reason = new Error('enough');
  const gave = new AbortController();
  const waits = mutexLock(m, { signal: gave.signal });
  await until(() => waiting().length === 1);
  gave.abort(reason);
  await expect(waits).rejects.toBe(reason);
  expect(waiting()).toEqual([]);
  mutexUnlock(m);
  await expect(mutexLock(m, { signal: gave.signal })).rejects.toBe(reason);
  expect(mutexIsLocked(m)).toBe(false);
});

test.each(['woken for', 'handed'])('aborted in the moment in which it was %s the mutex, a waiter lets the next one have it', async (how) => {
  const m = newMutex();
  await mutexLock(m);
  const gave = new AbortController();
  const first = mutexLock(m, { signal: gave.signal });
  const second = mutexLock(m);
  await until(() => waiting().length === 2);
  const [task] = waiting();
  if (how === 'handed') wakeUpProcess(findTaskByPid(task.pid)!); // It looks a second time: now it is to be handed the mutex.
  await pause(5);
  mutexUnlock(m);
  gave.abort(new Error('no more'));
  await expect(first).rejects.toThrow('no more');
  await second;
  expect(mutexIsLocked(m)).toBe(true);
  mutexUnlock(m);
  expect(mutexIsLocked(m)).toBe(false);
});

const waiting = () => snapshot().filter((t) => t.wchan.startsWith('mutex_lock'));

test.each(KINDS)('given back by a stranger it stays whose it is, with a warning: $kind', async (kind) => {
  clearLog();
  const m = newMutex();
  const [owner, stranger] = [await newPuppet(kind, 'owner', m), await newPuppet(kind, 'stranger', m)];
  await owner.does('mutexLock', m);
  await stranger.does('mutexUnlock', m);
  expect(mutexIsLocked(m)).toBe(true);
  expect(log()).toContain(`WARNING: mutex mutex.test.js#m${made - 1}: stranger/${stranger.task.pid} gives it back, but owner/${owner.task.pid} has it`);
  await owner.does('mutexUnlock', m);
  expect(mutexIsLocked(m)).toBe(false);
  await owner.does('mutexUnlock', m);
  expect(log()).toContain(`owner/${owner.task.pid} gives it back, but nobody has it`);
  await Promise.all([owner.stop(), stranger.stop()]);
});

test.each(KINDS)('who locks it twice is told so, and waits for itself: $kind', async (kind) => {
  clearLog();
  const m = newMutex();
  const puppet = await newPuppet(kind, 'twice', m);
  await puppet.does('mutexLock', m);
  await puppet.waits('mutexLockInterruptible', m);
  expect(log()).toContain(`mutex mutex.test.js#m${made - 1}: twice/${puppet.task.pid} locks it twice and waits for itself`);
  const stopped = puppet.beginStop();
  expect(await puppet.result()).toBe(-4);
  await stopped;
  expect(mutexIsLocked(m)).toBe(false);
});

test('Promise.all of two: both are the thread\'s, though a borrowed task waited for one', async () => {
  const [m, n] = [newMutex(), newMutex()];
  await mutexLock(m);
  await mutexLock(n);
  const task = getTaskStruct(await kthreadRun(async () => {
    await Promise.all([mutexLock(m), mutexLock(n)]);
    const mine = [mutexIsLocked(m), mutexIsLocked(n)];
    mutexUnlock(m);
    mutexUnlock(n);
    return mine.filter(Boolean).length;
  }, undefined, 'both'));
  await until(() => waiting().length === 2);
  mutexUnlock(n);
  await pause(2);
  mutexUnlock(m);
  await until(() => task.state === 'X');
  expect(await kthreadStop(task)).toBe(2);
  expect([mutexIsLocked(m), mutexIsLocked(n), log().includes('gives it back')]).toEqual([false, false, false]);
});

test('code outside of threads takes it too: two handlers of one isolate keep each other out', async () => {
  const m = newMutex();
  const steps: string[] = [];
  const handler = async (name: string): Promise<void> => {
    using _ = await mutexGuard(m);
    steps.push(`${name} in`);
    await pause(5);
    steps.push(`${name} out`);
  };
  await Promise.all([handler('a'), handler('b'), handler('c')]);
  expect(steps).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  expect(current().pid).toBe(1);
});

test('a guard gives it back on every way out of the block', async () => {
  const m = newMutex();
  await expect((async () => {
    using _ = await mutexGuard(m);
    expect(mutexIsLocked(m)).toBe(true);
    throw new Error('out');
  })()).rejects.toThrow('out');
  expect(mutexIsLocked(m)).toBe(false);
});

test('the Sync spelling is refused on a shared isolate, even when the mutex is free', () => {
  const m = newMutex();
  expect(() => mutexLockSync(m)).toThrow(expect.objectContaining({ code: 'EDEADLK', message: expect.stringContaining('await mutexLock()') }));
  expect(mutexIsLocked(m)).toBe(false);
});

test('a wait that nobody awaits any more is ended with its thread, and the next one gets the mutex', async () => {
  const m = newMutex();
  await mutexLock(m);
  const task = await kthreadRun(async () => void mutexLockInterruptible(m), undefined, 'forgetful');
  await until(() => !task.exists);
  expect(waiting()).toEqual([]);
  mutexUnlock(m);
  await mutexLock(m);
  mutexUnlock(m);
});
