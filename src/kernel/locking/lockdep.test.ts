/**
 * Deadlocks: told with all their tasks when they happen, and told as an order of two locks before they can. For locks that one
 * sleeps for; who spins for a lock of his own isolate is spinlock.test.ts's.
 */
import { beforeEach, expect, test } from 'vitest';
import { clearLog, dmesg, sysctl } from '../../index.js';
import { BATON_WORDS, isHeld, release } from '../baton.fixture.js';
import { CLOSURE, CPU1, HERE, PLAIN, pause, runHeld, until, words, type Kind } from '../kinds.fixture.js';
import { getTaskStruct, kthreadCreate, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { forgetOrders } from './lockdep.js';
import { looker } from './lockdep.fixture.js';
import { declareMutex, mutexLock, mutexTrylock, mutexUnlock, newMutex, type Mutex } from './mutex.js';
import { newPuppet, type Puppet } from './puppet.fixture.js';
import { declareRwsem, downRead, newRwsem, upRead } from './rwsem.js';
import { msleep } from '../time/sleep.js';

oneMachine();
beforeEach(() => clearLog());
const log = (): string => dmesg({ time: 'none' }).join('\n');
const name = (kind: Kind, what: string): string => (kind === CPU1 ? `${what} on %u` : what);
const count = (pattern: RegExp): number => log().match(pattern)?.length ?? 0;
let made = 0;
const declared = (): Mutex => declareMutex(import.meta, `lock${made++}`);
/** Runs `fn` in a thread of this isolate. */
async function asThread(fn: () => Promise<void>): Promise<void> {
  const failed: unknown[] = [];
  const task = getTaskStruct(await kthreadCreate(async () => fn().catch((error: unknown) => void failed.push(error)), undefined, 'as a thread'));
  wakeUpProcess(task);
  await until(() => task.state === 'X', 'it is done');
  await kthreadStopPut(task);
  expect(failed).toEqual([]);
}
const INVERSION = /WARNING: possible circular locking dependency detected/g;

const PAIRS = [[CLOSURE, PLAIN], [PLAIN, PLAIN], [CPU1, HERE], [PLAIN, CPU1]].map(([one, two]) => ({ one, two, kinds: `${one.kind}, ${two.kind}` }));

test.each(PAIRS)('two tasks that wait for each other are told, with both call traces: $kinds', async ({ one, two }) => {
  const [m, s] = [newMutex(), newRwsem()];
  const [a, b] = [await newPuppet(one, name(one, 'a'), m, s), await newPuppet(two, name(two, 'b'), m, s)];
  await a.does('mutexLock', m);
  await b.does('downWrite', s);
  await a.waits('downWrite', s);
  expect(log()).not.toContain('deadlock');
  await b.waits('mutexLockInterruptible', m);
  const who = ({ task }: Puppet): string => `${task.comm}/${task.pid}`;
  const lines = (p: Puppet, call: string): RegExp => new RegExp(`task:${p.task.comm.padEnd(15)} state:[DS] .*pid:${p.task.pid} .*\nCall Trace:\n <TASK>\n(.*\n)*?.*${call}`);
  await until(() => lines(a, 'downWrite|puppet').test(log()) && lines(b, 'mutexLockInterruptible|puppet').test(log()), 'both are told');
  expect(log()).toContain([
    'WARNING: deadlock: 2 tasks wait for each other',
    `${who(b)} waits for mutex 0x${m.addr.toString(16)}, which ${who(a)} has`,
    `${who(a)} waits for rw-semaphore 0x${s.addr.toString(16)}, which ${who(b)} has`,
  ].join('\n'));
  await b.stop(); // Its wait ends with -EINTR, and what it has goes to a.
  await a.result();
  await a.does('upWrite', s);
  await a.does('mutexUnlock', m);
  await a.stop();
});

test('a circle of three is told by the one that closes it; who waits in a line, with a time limit or for a semaphore is no circle', async () => {
  const locks = [newMutex(), newMutex(), newMutex()];
  const tasks = await Promise.all([HERE, PLAIN, CPU1].map((kind, i) => newPuppet(kind, name(kind, `t${i}`), ...locks)));
  for (const [i, task] of tasks.entries()) await task.does('mutexLock', locks[i]);
  await tasks[0].waits('mutexLockInterruptible', locks[1]);
  await tasks[1].waits('mutexLockInterruptible', locks[2]);
  await pause(20);
  expect(log()).not.toContain('deadlock');
  await tasks[2].waits('mutexLockInterruptible', locks[0]);
  await until(() => count(/^task:t\d/gm) >= 3, 'all three are told');
  expect(log()).toMatch(/deadlock: 3 tasks wait for each other\nt2 on 1\/\d+ waits for mutex 0x[0-9a-f]+, which t0\/\d+ has\nt0.*which t1\/\d+ has\nt1.*which t2 on 1\/\d+ has$/m);
  for (const task of tasks) await task.stop();
});

/**
 *     A                              B
 *     has M                          has N
 *     wants N: it is B's
 *                                    gives N back, wants M, sleeps
 *     B waits for M: it is mine
 */
test('an owner that gives back and then goes to sleep, while somebody looks, is in no circle', async () => {
  const [m, n] = [newMutex(), newMutex()];
  const baton = words(BATON_WORDS);
  const b = await newPuppet(CPU1, 'b on %u', m, n);
  await b.does('mutexLock', n);
  const a = await runHeld(looker, { has: m, wants: n, owner: b.task, baton }, 'a');
  await until(() => isHeld(baton));
  await b.does('mutexUnlock', n);
  await b.waits('mutexLock', m);
  release(baton);
  await until(() => a.state === 'X');
  await b.result();
  expect(log()).not.toContain('deadlock');
  await b.does('mutexUnlock', m);
  await b.stop();
  await kthreadStopPut(a);
});

test('two declared locks that are taken in both orders are told, once, with both places', async () => {
  const [x, y] = [declared(), declared()];
  const [a, b] = [await newPuppet(PLAIN, 'a', x, y), await newPuppet(CPU1, 'b on %u', x, y)];
  const both = async (task: Puppet, first: Mutex, second: Mutex): Promise<void> => {
    for (const lock of [first, second]) await task.does('mutexLock', lock);
    for (const lock of [second, first]) await task.does('mutexUnlock', lock);
  };
  for (let i = 0; i < 3; i++) await both(a, x, y);
  expect(count(INVERSION)).toBe(0);
  for (let i = 0; i < 3; i++) await both(b, y, x);
  for (let i = 0; i < 2; i++) await both(a, y, x);
  expect(count(INVERSION)).toBe(1);
  expect(log()).toMatch(new RegExp([
    'WARNING: possible circular locking dependency detected', '6\\..* #1 .*', '-+',
    `b on 1/${b.task.pid} is trying to acquire lock:`, ' lockdep.test.js#lock0', 'but task is already holding lock:', ' lockdep.test.js#lock1',
    'which lock already depends on the new lock.', 'Call Trace:', ' <TASK>', '(  .*\\n)+ </TASK>',
    'the existing dependency chain is:', '-> #0 \\(lockdep.test.js#lock0\\): the next was taken while this was held', 'Call Trace:', ' <TASK>', '(  .*\\n)+ </TASK>',
  ].join('\n').replaceAll('\n </TASK>', ' </TASK>')));
  await a.stop();
  await b.stop();
});

test('an order over three locks, of two kinds', async () => {
  const [x, y, s] = [declared(), declared(), declareRwsem(import.meta, `sem${made++}`)];
  await asThread(async () => {
    await mutexLock(x);
    await mutexLock(y);
    mutexUnlock(x);
    await downRead(s);
    mutexUnlock(y);
    expect(count(INVERSION)).toBe(0);
    await mutexLock(x); // x -> y -> s -> x
    mutexUnlock(x);
    upRead(s);
  });
  expect(count(INVERSION)).toBe(1);
  expect(log()).toMatch(/chain is:\n-> #0 \(.*#lock\d+\)(.*\n)*-> #1 \(.*#lock\d+\)/);
});

test('what a thread, or code outside of any, does side by side has no order and no circle', async () => {
  const [x, y] = [declared(), declared()];
  const take = async (first: Mutex, second: Mutex): Promise<void> => {
    await mutexLock(first);
    await msleep(1);
    await mutexLock(second);
    mutexUnlock(second);
    mutexUnlock(first);
  };
  const apart = async (): Promise<void> => {
    await Promise.all([msleep(1), take(x, y)]);
    await Promise.all([msleep(1), take(y, x)]);
    await Promise.all([take(x, y), take(x, y)]);
  };
  await apart();
  await asThread(apart);
  expect(log().match(/circular|deadlock/g)).toBe(null);
});

test('no order: try forms, locks without a name, with kernel.prove_locking 0, and once one of them was freed', async () => {
  const inTurn = async (first: Mutex, second: Mutex, attempt = false): Promise<void> => {
    await mutexLock(first);
    if (attempt) expect(mutexTrylock(second)).toBe(true);
    else await mutexLock(second);
    mutexUnlock(second);
    mutexUnlock(first);
  };
  const [a, b, c, d, e] = [declared(), declared(), declared(), declared(), declared()];
  const unnamed = newMutex();
  await asThread(async () => {
    await inTurn(a, b);
    await inTurn(b, a, true);
    await inTurn(a, unnamed);
    await inTurn(unnamed, a);
    sysctl('kernel.prove_locking', 0);
    await inTurn(c, b);
    sysctl('kernel.prove_locking', 1);
    await inTurn(b, c);
    await inTurn(d, e);
    forgetOrders(d.addr);
    await inTurn(e, d);
    expect(count(INVERSION)).toBe(0);
    await inTurn(d, e);
    expect(count(INVERSION)).toBe(1);
  });
  unnamed[Symbol.dispose]();
});
