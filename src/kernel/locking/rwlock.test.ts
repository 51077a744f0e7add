/**
 * Reader-writer locks that are spun for: who may have one together, that writers get their turn, and what is said of one
 * whose holder cannot give it back. That readers and writers keep out of each other's way is locks.test.ts.
 */
import { expect, test } from 'vitest';
import { clearLog, dmesg } from '../../index.js';
import { CPU1, KINDS, PLAIN, pause, until } from '../kinds.fixture.js';
import { kthreadRun } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { preemptCount } from './preempt.js';
import { newPuppet } from './puppet.fixture.js';
import { declareRwlock, readLock, readLockGuard, readTrylock, readUnlock, writeLock, writeLockGuard, writeTrylock, writeUnlock, type RwLock } from './rwlock.js';

const { oopses } = oneMachine();
let made = 0;
const newRwlock = (): RwLock => declareRwlock(import.meta, `rw${made++}`);
const name = (): string => `rwlock.test.js#rw${made - 1}`;
const log = (): string => dmesg().join('\n');

test.each(KINDS)('readers share it, a writer is alone, and each counts as atomic context: $kind', async (kind) => {
  const lock = newRwlock();
  const puppet = await newPuppet(kind, 'other', lock);
  {
    using _ = readLockGuard(lock);
    expect([preemptCount(), await trySharing(), writeTrylock(lock)]).toEqual([1, true, false]);
  }
  {
    using _ = writeLockGuard(lock);
    expect([preemptCount(), readTrylock(lock), writeTrylock(lock)]).toEqual([1, false, false]);
  }
  expect([preemptCount(), writeTrylock(lock)]).toEqual([0, true]);
  writeUnlock(lock);
  await puppet.stop();

  async function trySharing(): Promise<boolean> {
    const got = (await puppet.does('readTrylock', lock)) === 1 && (await puppet.does('writeTrylock', lock)) === 0;
    await puppet.does('readUnlock', lock);
    return got;
  }
});

test.each([['a plain thread', PLAIN], ['an async thread on CPU 1', CPU1]])('%s spins for a writer, and gets it when that is done', async (_, kind) => {
  const lock = newRwlock();
  const puppet = await newPuppet(kind, 'spinner', lock);
  writeLock(lock);
  puppet.begins('readLock', lock);
  await pause(50);
  expect([puppet.isIdle, puppet.task.state]).toEqual([false, 'R']);
  writeUnlock(lock);
  await puppet.result();
  expect(writeTrylock(lock)).toBe(false);
  await puppet.does('readUnlock', lock);
  await puppet.stop();
});

test('a writer that waits comes before readers that come later', async () => {
  const lock = newRwlock();
  const [writer, reader] = [await newPuppet(PLAIN, 'writer', lock), await newPuppet(PLAIN, 'reader', lock)];
  readLock(lock);
  writer.begins('writeLock', lock);
  await until(() => {
    if (!readTrylock(lock)) return true;
    readUnlock(lock);
    return false;
  }, 'the writer waits: no reader gets in any more');
  expect(writer.isIdle).toBe(false);
  reader.begins('readLock', lock);
  await pause(30);
  expect(reader.isIdle).toBe(false);
  readUnlock(lock);
  await writer.result();
  expect(reader.isIdle).toBe(false);
  await writer.does('writeUnlock', lock);
  await reader.result();
  await reader.does('readUnlock', lock);
  await Promise.all([writer.stop(), reader.stop()]);
});

test('waiting for a writer or a reader of the same isolate is a BUG, also for oneself', () => {
  const lock = newRwlock();
  writeLock(lock);
  expect(() => readLock(lock)).toThrow(`rwlock ${name()}: kthread/0/0 would wait for ever for kthread/0/0, which has it and shares its isolate`);
  expect(() => writeLock(lock)).toThrow('would wait for ever');
  writeUnlock(lock);
  readLock(lock);
  expect(() => writeLock(lock)).toThrow('would wait for ever for a reader');
  expect(readTrylock(lock)).toBe(true); // The writer that was refused waits no more.
  readUnlock(lock);
  readUnlock(lock);
  expect([preemptCount(), writeTrylock(lock)]).toEqual([0, true]);
  writeUnlock(lock);
});

test('giving back what one does not have is a BUG', async () => {
  const lock = newRwlock();
  expect(() => readUnlock(lock)).toThrow(`rwlock ${name()} is given back by kthread/0/0, which does not have it`);
  readLock(lock);
  expect(() => writeUnlock(lock)).toThrow('does not have it');
  const task = await kthreadRun(async () => readUnlock(lock), undefined, 'stranger');
  await until(() => !task.exists);
  expect(oopses[0]?.error.message).toContain('stranger/');
  readUnlock(lock);
});

test.each(['readLock', 'writeLock'] as const)('one that ended with %s is found out by who waits for it', async (call) => {
  clearLog();
  const lock = newRwlock();
  const task = await kthreadRun(async () => (call === 'readLock' ? readLock(lock) : writeLock(lock)), undefined, 'careless');
  await until(() => !task.exists);
  writeLock(lock);
  writeUnlock(lock);
  expect(log()).toMatch(new RegExp(`BUG: rwlock rwlock\\.test\\.js#rw${made - 1} of ${call === 'readLock' ? 'a reader' : `gone/${task.pid}`}, which is gone, is taken from it`));
});
