/**
 * What a real kernel (Debian 6.1) printed for modules about locks, against what their translations print here.
 */
import { beforeEach, expect, test } from 'vitest';
import {
  clearLog, complete, dmesg, downTrylock, kthreadStop, msleep, mutexIsLocked, mutexLock, mutexTrylock, mutexUnlock, printk, semaInit, sendSig, up, waitForCompletion, type Task,
} from '../../index.js';
import { buffer } from '../../lib/memory.js';
import { CPU1, HERE, KINDS, PLAIN, words, type Behaviour, type Kind } from '../kinds.fixture.js';
import { oneMachine } from '../machine.fixture.js';
import { wakeUpProcess } from '../kthread.js';
import { LOOPS, SIGINT, SIGTERM, adder, back, finished, m, pair, sem, started, taker, waiter } from './conformance.fixture.js';

oneMachine();
beforeEach(() => clearLog());
const printed = (name: string): string[] => dmesg().map((line) => line.replace(/^\[[^\]]*\] /, '')).filter((line) => line.startsWith(`${name}: `));
const view = (n: number): Int32Array => new Int32Array(buffer, words(n), n);

async function run<D>(kind: Kind, what: Behaviour<D>, data: D, name: string): Promise<Task> {
  const task = await kind.create(what, data, name);
  wakeUpProcess(task);
  return task;
}

test.each(KINDS)('mutex_pair: trylock, D and S waiters, -EINTR by signal, hand-over of the data: $kind', async (kind) => {
  const shared = view(1);
  printk('mutex_pair: free: is_locked=%d\n', Number(mutexIsLocked(m)));
  await mutexLock(m);
  shared[0] = 1;
  const t = await run(kind, pair, shared, 'mutex_pair');
  await waitForCompletion(started);
  await msleep(100);
  printk('mutex_pair: waiter state=%c\n', t.state);
  mutexUnlock(m);
  await waitForCompletion(back);
  printk('mutex_pair: free again: trylock=%d\n', Number(mutexTrylock(m)));

  complete(started);
  await waitForCompletion(back);
  await msleep(100);
  printk('mutex_pair: interruptible waiter state=%c\n', t.state);
  sendSig(SIGINT, t, false);
  await msleep(100);
  printk('mutex_pair: waits again state=%c\n', t.state);
  shared[0] = 3;
  mutexUnlock(m);
  await waitForCompletion(back);
  const stop = await kthreadStop(t);
  printk('mutex_pair: stop=%d is_locked=%d\n', stop, Number(mutexIsLocked(m)));
  printk('mutex_pair: done\n');
  expect(printed('mutex_pair')).toEqual([
    'mutex_pair: free: is_locked=0', 'mutex_pair: trylock=0 is_locked=1', 'mutex_pair: waiter state=D', 'mutex_pair: thread has it, shared=1', 'mutex_pair: free again: trylock=1',
    'mutex_pair: interruptible waiter state=S', 'mutex_pair: interruptible, signal: -4', 'mutex_pair: waits again state=S', 'mutex_pair: interruptible: 0 shared=3', 'mutex_pair: killable: 0',
    'mutex_pair: stop=0 is_locked=0', 'mutex_pair: done',
  ]);
});

test.each(KINDS)('sem_down: count, trylock 0/1, -ETIME, -EINTR, order of waiters: $kind', async (kind) => {
  semaInit(sem, 2);
  for (let i = 1; i <= 3; i++) printk('sem_down: trylock %ld: %d\n', i, downTrylock(sem));
  const t = await run(kind, taker, undefined, 'sem_down');
  await waitForCompletion(started);
  await msleep(100);
  printk('sem_down: state=%c\n', t.state);
  sendSig(SIGTERM, t, false);
  await waitForCompletion(back);
  await waitForCompletion(started);
  await msleep(100);
  printk('sem_down: state=%c\n', t.state);
  up(sem);
  await waitForCompletion(back);
  await kthreadStop(t);

  const w: Task[] = [];
  for (let i = 0; i < 3; i++) {
    w.push(await run(kind, waiter, i, `sem_down/${i}`));
    await waitForCompletion(started);
    await msleep(100);
  }
  for (let i = 0; i < 3; i++) {
    up(sem);
    await waitForCompletion(back);
  }
  for (const task of w) await kthreadStop(task);
  up(sem);
  printk('sem_down: after up: trylock=%d\n', downTrylock(sem));
  printk('sem_down: done\n');
  expect(printed('sem_down')).toEqual([
    'sem_down: trylock 1: 0', 'sem_down: trylock 2: 0', 'sem_down: trylock 3: 1', 'sem_down: down_timeout: -62 after the time=1', 'sem_down: state=S', 'sem_down: down_interruptible, signal: -4', 'sem_down: state=D',
    'sem_down: down passed', 'sem_down: waiter 0', 'sem_down: waiter 1', 'sem_down: waiter 2', 'sem_down: after up: trylock=0', 'sem_down: done',
  ]);
});

test('atomics: four threads add to an atomic total and to one under a spinlock', async () => {
  const totals = view(2);
  const threads: Task[] = [];
  for (const [i, kind] of [PLAIN, HERE, CPU1, PLAIN].entries()) threads.push(await run(kind, adder, totals, `atomics/${i}`));
  for (let i = 0; i < threads.length; i++) await waitForCompletion(finished);
  let loops = 0;
  for (const task of threads) loops += await kthreadStop(task);
  expect([totals[0], totals[1], loops]).toEqual([4 * LOOPS, 4 * LOOPS, 4 * LOOPS]);
});
