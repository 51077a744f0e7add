/**
 * Sequence locks: readers never see a half-written value, and what becomes of them when a writer does not finish. The
 * orders of accesses are seqlock.litmus.ts.
 */
import { expect, test } from 'vitest';
import { clearLog, dmesg } from '../../index.js';
import { buffer } from '../../lib/memory.js';
import { CPU1, HERE, PLAIN, until, words } from '../kinds.fixture.js';
import { getTaskStruct, kthreadRun, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { preemptCount } from './preempt.js';
import { seqReader, seqWriter } from './seqlock.fixture.js';
import { declareSeqlock, readSeqbegin, readSeqretry, seqlockRead, writeSeqcountBegin, writeSeqcountEnd, writeSeqlock, writeSeqlockGuard, writeSequnlock, type SeqLock } from './seqlock.js';

oneMachine();
let made = 0;
const newSeqlock = (): SeqLock => declareSeqlock(import.meta, `seq${made++}`);
const view = (n: number): Int32Array => new Int32Array(buffer, words(n), n);
const log = (): string => dmesg().join('\n');

test('a reader does it over when somebody wrote meanwhile, and only then', () => {
  const lock = newSeqlock();
  const start = readSeqbegin(lock);
  expect(readSeqretry(lock, start)).toBe(false);
  {
    using _ = writeSeqlockGuard(lock);
    expect(preemptCount()).toBe(1);
  }
  expect([readSeqretry(lock, start), readSeqretry(lock, readSeqbegin(lock)), preemptCount()]).toEqual([true, false, 0]);
  writeSeqcountBegin(lock);
  expect(preemptCount()).toBe(1);
  writeSeqcountEnd(lock);
  expect(preemptCount()).toBe(0);
  let tries = 0;
  const value = seqlockRead(lock, () => {
    if (tries++ < 2) {
      writeSeqlock(lock);
      writeSequnlock(lock);
    }
    return tries;
  });
  expect(value).toBe(3);
});

test('a reader whom writers never leave alone keeps them out in the end', () => {
  const lock = newSeqlock();
  let tries = 0;
  expect(seqlockRead(lock, () => {
    tries++;
    if (preemptCount() > 0) return 'alone';
    writeSeqlock(lock);
    writeSequnlock(lock);
    return 'torn';
  })).toBe('alone');
  expect(tries).toBe(65);
});

test('100,000 writes of two threads, read by two others of both kinds: no value is torn', async () => {
  const lock = newSeqlock();
  const data = view(5);
  const orders = { lock, data, rounds: 50_000 };
  const tasks = [];
  for (const [kind, what] of [[PLAIN, seqWriter], [CPU1, seqWriter], [PLAIN, seqReader], [HERE, seqReader]] as const) tasks.push(getTaskStruct(await kind.create(what, orders, 'seq')));
  for (const task of tasks) wakeUpProcess(task);
  const results = [];
  for (const task of tasks) {
    await until(() => task.state === 'X');
    results.push(await kthreadStopPut(task));
  }
  expect(results).toEqual([0, 0, 0, 0]);
  expect([data[0], data[1]]).toEqual([100_000, -100_000]);
});

test('reading while a thread of the same isolate writes is a BUG, not a hang', async () => {
  const lock = newSeqlock();
  let end = (): void => {};
  const writer = await kthreadRun(async () => {
    writeSeqlock(lock);
    await new Promise<void>((resolve) => { end = resolve; });
    writeSequnlock(lock);
  }, undefined, 'writer');
  await until(() => preemptedWriter());
  expect(() => readSeqbegin(lock)).toThrow(`seqlock seqlock.test.js#seq${made - 1}: kthread/0/0 would wait for ever for writer/${writer.pid}, which writes and shares its isolate`);
  end();
  await until(() => !writer.exists);
  expect(readSeqbegin(lock) % 2).toBe(0);

  function preemptedWriter(): boolean {
    try {
      readSeqbegin(lock);
      return false;
    } catch {
      return true;
    }
  }
});

test.each(['a reader', 'the next writer'])('a writer that ended in the midst of it is found out by %s', async (by) => {
  clearLog();
  const lock = newSeqlock();
  const writer = await kthreadRun(async () => writeSeqlock(lock), undefined, 'careless');
  await until(() => !writer.exists);
  if (by === 'a reader') readSeqbegin(lock);
  else {
    writeSeqlock(lock);
    writeSequnlock(lock);
  }
  expect(readSeqbegin(lock) % 2).toBe(0);
  writeSeqlock(lock);
  writeSequnlock(lock);
  const start = readSeqbegin(lock);
  expect(readSeqretry(lock, start)).toBe(false);
  expect(log()).toMatch(by === 'a reader' ? /BUG: seqlock .*: gone\/\d+ is gone in the midst of writing; what it guards may be half written/ : /BUG: spinlock .* of gone\/\d+, which is gone, is taken from it/);
});
