/**
 * Reader-writer semaphores: who may have it together, in which order those who wait get it, and the writer that becomes a
 * reader.
 */
import { expect, test } from 'vitest';
import { readProc } from '../../fs/proc.js';
import { clearLog, dmesg } from '../../index.js';
import { CPU1, HERE, KINDS, PLAIN, pause, until } from '../kinds.fixture.js';
import { oneMachine } from '../machine.fixture.js';
import { describeBlocked } from './held.js';
import { newPuppet, type CallName, type Puppet } from './puppet.fixture.js';
import { declareRwsem, downRead, downReadTrylock, downWrite, downWriteTrylock, downgradeWrite, rwsemIsLocked, rwsemReadGuard, rwsemWriteGuard, upRead, upWrite, type RwSemaphore } from './rwsem.js';

oneMachine();
let made = 0;
const newRwsem = (): RwSemaphore => declareRwsem(import.meta, `rwsem${made++}`);
const log = (): string => dmesg().join('\n');
const PAIRS = KINDS.flatMap((first) => KINDS.map((second) => [first.kind, second.kind, first, second] as const));

test.each(PAIRS)('%s reads, %s reads too; neither writes meanwhile, and one that writes is alone', async (_, __, first, second) => {
  const sem = newRwsem();
  const [a, b] = [await newPuppet(first, 'a', sem), await newPuppet(second, 'b', sem)];
  await a.does('downRead', sem);
  await b.does('downRead', sem);
  expect([await a.does('downWriteTrylock', sem), await b.does('downReadTrylock', sem), rwsemIsLocked(sem)]).toEqual([0, 1, true]);
  await b.does('upRead', sem);
  await b.does('upRead', sem);
  await b.waits('downWrite', sem);
  expect([b.task.state, await readProc(`/proc/${b.task.pid}/wchan`)]).toEqual(['D', 'down_write']);
  expect(describeBlocked(b.task.addr)).toMatch(new RegExp(`^INFO: task b:${b.task.pid} <writer> blocked on an rw-semaphore likely owned by task [ab]:\\d+ <reader>$`));
  await a.does('upRead', sem);
  await b.result();
  expect([await a.does('downReadTrylock', sem), await a.does('downWriteTrylock', sem)]).toEqual([0, 0]);
  await a.waits('downRead', sem);
  expect(describeBlocked(a.task.addr)).toBe(`INFO: task a:${a.task.pid} <reader> blocked on an rw-semaphore likely owned by task b:${b.task.pid} <writer>`);
  await b.does('upWrite', sem);
  await a.result();
  await a.does('upRead', sem);
  expect(rwsemIsLocked(sem)).toBe(false);
  await Promise.all([a.stop(), b.stop()]);
});

test('writers do not starve: a reader that comes after a waiting writer waits, readers that wait together go together', async () => {
  const sem = newRwsem();
  await downRead(sem);
  const calls: readonly CallName[] = ['downWrite', 'downRead', 'downRead', 'downWrite', 'downRead'];
  const kinds = [PLAIN, HERE, CPU1, HERE, PLAIN];
  const puppets: Puppet[] = [];
  for (const [i, call] of calls.entries()) {
    puppets.push(await newPuppet(kinds[i], `waiter/${i}`, sem));
    await puppets[i].waits(call, sem);
  }
  expect(downReadTrylock(sem)).toBe(false);
  const idle = async (): Promise<boolean[]> => {
    await pause(5);
    return puppets.map((p) => p.isIdle);
  };
  const reached = async (...done: number[]): Promise<void> => {
    for (const i of done) await puppets[i].result();
    expect(await idle()).toEqual(puppets.map((_, i) => i <= Math.max(...done)));
  };
  upRead(sem);
  await reached(0);
  await puppets[0].does('upWrite', sem);
  await reached(1, 2);
  await puppets[1].does('upRead', sem);
  expect(await idle()).toEqual([true, true, true, false, false]);
  await puppets[2].does('upRead', sem);
  await reached(3);
  await puppets[3].does('upWrite', sem);
  await reached(4);
  await puppets[4].does('upRead', sem);
  await Promise.all(puppets.map((p) => p.stop()));
  expect(rwsemIsLocked(sem)).toBe(false);
});

test.each(KINDS)('a writer becomes a reader, and lets the readers in that wait, but no writer: $kind', async (kind) => {
  const sem = newRwsem();
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => newPuppet(kind, name, sem)));
  await a.does('downWrite', sem);
  await b.waits('downRead', sem);
  await c.waits('downWrite', sem);
  await a.does('downgradeWrite', sem);
  await b.result();
  expect([c.isIdle, downWriteTrylock(sem), await a.does('downWriteTrylock', sem)]).toEqual([false, false, 0]);
  await b.does('upRead', sem);
  expect(c.isIdle).toBe(false);
  await a.does('upRead', sem);
  await c.result();
  await c.does('upWrite', sem);
  await Promise.all([a.stop(), b.stop(), c.stop()]);
});

test.each(KINDS)('a stop ends an interruptible wait of a reader, who leaves no hole behind: $kind', async (kind) => {
  const sem = newRwsem();
  const [a, b] = await Promise.all(['a', 'b'].map((name) => newPuppet(kind, name, sem)));
  await downWrite(sem);
  await a.waits('downReadInterruptible', sem);
  await b.waits('downReadKillable', sem);
  const stop = a.beginStop();
  expect(await a.result()).toBe(-4);
  await stop;
  upWrite(sem);
  expect(await b.result()).toBe(0);
  await b.does('upRead', sem);
  await b.stop();
});

test('a writer that gives up lets the readers behind it go', async () => {
  const sem = newRwsem();
  await downRead(sem);
  const gave = new AbortController();
  const writer = downWrite(sem, { signal: gave.signal });
  const reader = downRead(sem);
  await pause(2);
  expect(downReadTrylock(sem)).toBe(false);
  gave.abort(new Error('enough'));
  await expect(writer).rejects.toThrow('enough');
  await reader;
  expect(downReadTrylock(sem)).toBe(true);
  for (let i = 0; i < 3; i++) upRead(sem);
  expect(rwsemIsLocked(sem)).toBe(false);
});

test('more readers than there are held words, outside of threads: all are counted', async () => {
  const sem = newRwsem();
  for (let i = 0; i < 20; i++) await downRead(sem);
  for (let i = 0; i < 20; i++) {
    expect(downWriteTrylock(sem)).toBe(false);
    upRead(sem);
  }
  expect(downWriteTrylock(sem)).toBe(true);
  upWrite(sem);
});

test.each(KINDS)('who does not have it cannot give it back: $kind', async (kind) => {
  clearLog();
  const sem = newRwsem();
  const stranger = await newPuppet(kind, 'stranger', sem);
  await downWrite(sem);
  for (const call of ['upWrite', 'upRead', 'downgradeWrite'] as const) await stranger.does(call, sem);
  for (const call of ['up_write', 'up_read', 'downgrade_write']) expect(log()).toContain(`rw-semaphore rwsem.test.js#rwsem${made - 1}: ${call} of stranger/${stranger.task.pid}, which does not have it`);
  downgradeWrite(sem);
  await stranger.does('upRead', sem);
  expect(downWriteTrylock(sem)).toBe(false);
  upRead(sem);
  expect(rwsemIsLocked(sem)).toBe(false);
  await stranger.stop();
});

test('guards for reading and writing', async () => {
  const sem = newRwsem();
  {
    using _ = await rwsemReadGuard(sem);
    expect([downReadTrylock(sem), downWriteTrylock(sem)]).toEqual([true, false]);
    upRead(sem);
  }
  {
    using _ = await rwsemWriteGuard(sem);
    expect(downReadTrylock(sem)).toBe(false);
  }
  await until(() => !rwsemIsLocked(sem));
});
