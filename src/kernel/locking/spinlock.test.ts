/**
 * Spinlocks: that they count as atomic context, that mistakes with them are told with names instead of hanging, and whom a
 * lock of somebody who is gone goes to. That only one has it at a time is locks.test.ts.
 */
import { expect, test } from 'vitest';
import { boot, clearLog, dmesg } from '../../index.js';
import { EBUSY } from '../../lib/errno.js';
import { buffer } from '../../lib/memory.js';
import { HERE, KINDS, PLAIN, pause, until, words } from '../kinds.fixture.js';
import { CALLS, obedient, WORDS } from '../kthread.fixture.js';
import { getTaskStruct, kthreadCreate, kthreadRun, kthreadStop, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { load } from '../../lib/atomic.js';
import { mightSleep } from '../sched/core.js';
import type { Task } from '../sched/handle.js';
import { newWaitQueueHead, waitqueueActive, wakeUp } from '../sched/wait.js';
import { preemptCount } from './preempt.js';
import { conditional, counts, hog, napper, stopper, stranger, twice, yielder } from './spin.fixture.js';
import { declareSpinlock, spinGuard, spinIsLocked, spinLock, spinLockIrqsave, spinTrylock, spinUnlock, spinUnlockIrqrestore, type SpinLock } from './spinlock.js';

const { oopses } = oneMachine();
const view = (n: number): Int32Array => new Int32Array(buffer, words(n), n);
let made = 0;
const newLock = (): SpinLock => declareSpinlock(import.meta, `lock${made++}`);
const log = (): string => dmesg().join('\n');

async function end(task: Task): Promise<number | Error> {
  await until(() => task.state === 'X', `${task.comm} ends`);
  return kthreadStopPut(task).catch((error: Error) => error);
}

test.each(KINDS.filter((kind) => kind !== HERE))('T070 kthread_stop with a spinlock in hand is reported, and stops all the same: $kind', async (kind) => {
  clearLog();
  const at = words(WORDS);
  const victim = await kind.create(obedient, { at, value: 7 }, 'victim');
  wakeUpProcess(victim);
  await until(() => load(at + CALLS) === 1);
  const task = getTaskStruct(await kind.create(stopper, { lock: newLock(), seen: view(1), task: victim }, 'stopper'));
  wakeUpProcess(task);
  expect(await end(task)).toBe(7);
  expect(log()).toMatch(new RegExp([
    'BUG: sleeping function called from invalid context at kthread_stop',
    `in_atomic\\(\\): 1, irqs_disabled\\(\\): 0, non_block: 0, pid: ${task.pid}, name: stopper`,
    'preempt_count: 1, expected: 0', `CPU: \\d+ PID: ${task.pid} Comm: stopper .*`, 'Call Trace:', ' <TASK>', '  kthreadStop(Sync)? .*',
  ].map((line) => `.*\\] ${line}`).join('\\n')));
});

test.each(KINDS)('a place that sleeps with a spinlock in hand is told once, each place: $kind', async (kind) => {
  clearLog();
  const task = getTaskStruct(await kind.create(napper, { lock: newLock(), seen: view(1), times: 5 }, 'napper'));
  wakeUpProcess(task);
  await end(task);
  // A closure and a threadfn of this isolate run the same code: the second is no news.
  expect(log().match(/sleeping function called from invalid context at msleep/g) ?? []).toHaveLength(kind === HERE ? 0 : 2);
});

test.each(KINDS)('who leaves the CPU with a spinlock in hand is told each time: $kind', async (kind) => {
  clearLog();
  const task = getTaskStruct(await kind.create(yielder, { lock: newLock(), seen: view(1), times: 3 }, 'yielder'));
  wakeUpProcess(task);
  await end(task);
  if (kind === PLAIN) expect(log()).not.toContain('scheduling while atomic'); // In RUNNING it keeps its OS thread.
  else expect(log().match(new RegExp(`BUG: scheduling while atomic: yielder/${task.pid}/0x00000001`, 'g'))).toHaveLength(3);
});

test('awaiting anything else for a turn of the event loop with a spinlock in hand is told too', async () => {
  clearLog();
  const lock = newLock();
  const task = await kthreadRun(async () => {
    using _ = spinGuard(lock);
    await pause(20);
  }, undefined, 'fetcher');
  await until(() => !task.exists);
  expect(log()).toMatch(/BUG: scheduling while atomic: fetcher\/\d+\/0x00000001/);
});

test('spinning for a lock that a thread of the same isolate has is a BUG with both names, and the other goes on', async () => {
  const lock = newLock();
  let release = (): void => {};
  const owner = await kthreadRun(async () => {
    spinLock(lock);
    await new Promise<void>((resolve) => { release = resolve; });
    spinUnlock(lock);
    return 3;
  }, undefined, 'owner');
  await until(() => spinIsLocked(lock));
  const rival = getTaskStruct(await kthreadCreate(async () => spinLock(lock), undefined, 'rival'));
  wakeUpProcess(rival);
  await until(() => rival.state === 'X');
  expect(oopses[0]?.error.message).toBe(`spinlock spinlock.test.js#lock${made - 1}: rival/${rival.pid} would wait for ever for owner/${owner.pid}, which has it and shares its isolate`);
  await kthreadStopPut(rival).catch(() => {});
  expect(() => spinLock(lock)).toThrow(/kthread\/0\/0 would wait for ever for owner/);
  const stopped = kthreadStop(owner);
  release();
  expect(await stopped).toBe(3);
  expect(log()).toMatch(/BUG: spinlock spinlock\.test\.js#lock\d+: rival/);
});

test.each(KINDS)('taking it twice is a BUG: $kind', async (kind) => {
  const lock = newLock();
  const task = getTaskStruct(await kind.create(twice, { lock, seen: view(1) }, 'twice'));
  wakeUpProcess(task);
  expect(await end(task)).toMatchObject({ errno: -14 });
  expect(log()).toContain(`BUG: spinlock recursion on twice/${task.pid}, lock: spinlock.test.js#lock${made - 1}`);
  expect(spinIsLocked(lock)).toBe(false);
});

test.each(KINDS)('giving back what one does not have is a BUG, and the owner keeps it: $kind', async (kind) => {
  const lock = newLock();
  using _ = spinGuard(lock);
  const task = getTaskStruct(await kind.create(stranger, { lock, seen: view(1) }, 'stranger'));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  expect(spinIsLocked(lock)).toBe(true);
  expect(log()).toContain(`spinlock spinlock.test.js#lock${made - 1} is given back by stranger/${task.pid}, but kthread/0/0 has it`);
});

test.each(KINDS)('the preempt count is the number of spinlocks in hand: $kind', async (kind) => {
  const seen = view(8);
  const task = getTaskStruct(await kind.create(counts, { lock: newLock(), other: newLock(), seen }, 'counts'));
  wakeUpProcess(task);
  expect(await end(task)).toBe(0);
  expect([...seen]).toEqual([0, 1, 0, 1, 2, 1, 0, 1]);
});

test('code outside of threads has a count of its own, and is told too', async () => {
  clearLog();
  const lock = newLock();
  {
    using _ = spinGuard(lock);
    expect(preemptCount()).toBe(1);
    mightSleep('a_function_of_mine');
    const task = await kthreadRun(async () => preemptCount(), undefined, 'other');
    expect(await kthreadStop(task)).toBeLessThanOrEqual(0);
  }
  expect(preemptCount()).toBe(0);
  expect(log()).toMatch(/sleeping function called from invalid context at kthread_create\n.*in_atomic\(\): 1, .*, pid: 1, name: init/);
  expect(log()).toContain('sleeping function called from invalid context at a_function_of_mine');
  mightSleep('innocent');
  expect(log()).not.toContain('innocent');
});

test('who spins sleeps after a while, and gets it when it is given back', async () => {
  const lock = newLock();
  const seen = view(2);
  const task = await kthreadRun(hog, { lock, seen }, 'hog');
  await until(() => seen[0] === 1);
  expect(spinTrylock(lock)).toBe(false);
  const before = performance.now();
  const rival = getTaskStruct(await PLAIN.create(counts, { lock, other: newLock(), seen: view(8) }, 'rival'));
  wakeUpProcess(rival);
  await pause(60);
  expect(rival.state).toBe('R');
  seen[1] = 1;
  expect(await end(rival)).toBe(0);
  expect(performance.now() - before).toBeGreaterThanOrEqual(59);
  await until(() => !task.exists);
});

test('a lock whose owner ended is taken from it, with a report', async () => {
  clearLog();
  const lock = newLock();
  const task = await kthreadRun(async () => spinLock(lock), undefined, 'careless');
  await until(() => !task.exists);
  expect(spinIsLocked(lock)).toBe(true);
  spinLock(lock);
  spinUnlock(lock);
  expect(log()).toMatch(new RegExp(`note: careless\\[${task.pid}\\] exited with preempt_count 1\\n(.*\\n)*.*BUG: spinlock spinlock\\.test\\.js#lock${made - 1} of gone/${task.pid}, which is gone, is taken from it`));
});

test.each(KINDS)('wait_event_lock_irq gives it back while it sleeps, and has it again afterwards: $kind', async (kind) => {
  clearLog();
  const lock = newLock();
  using q = newWaitQueueHead();
  const seen = view(1);
  const task = getTaskStruct(await kind.create(conditional, { lock, seen, q }, 'conditional'));
  wakeUpProcess(task);
  await until(() => waitqueueActive(q) && task.state === 'D');
  {
    using _ = spinGuard(lock);
    seen[0] = 1;
  }
  wakeUp(q);
  expect(await end(task)).toBe(1);
  expect([spinIsLocked(lock), log().includes('BUG')]).toEqual([false, false]);
});

test('the lock is given back by an exception that leaves the block', () => {
  const lock = newLock();
  expect(() => {
    using _ = spinGuard(lock);
    throw new Error('out');
  }).toThrow('out');
  expect([spinIsLocked(lock), preemptCount()]).toEqual([false, 0]);
});

test('the forms against interrupts are the plain ones; a name is one lock', async () => {
  const lock = newLock();
  const flags = spinLockIrqsave(lock);
  expect([flags, spinIsLocked(declareSpinlock(import.meta, `lock${made - 1}`)), preemptCount()]).toEqual([0, true, 1]);
  spinUnlockIrqrestore(lock, flags);
  expect([spinIsLocked(lock), preemptCount()]).toEqual([false, 0]);
  await expect(boot()).rejects.toMatchObject({ errno: -EBUSY });
});
