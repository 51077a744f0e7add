/**
 * Leaving a thread from inside: kthreadExit() from deep in its calls, ends that nobody waits for, values that are none, and
 * sleeps left behind. Ending it from outside is kthread.stop.test.ts.
 */
import { expect, test } from 'vitest';
import { load } from '../lib/atomic.js';
import { EFAULT, EPERM } from '../lib/errno.js';
import { listEmpty } from '../lib/list.js';
import { r32 } from '../lib/memory.js';
import { kthreadExit } from './exit.js';
import { CALLS, GO, SEEN, WORDS, brief, leaver, odd, promising } from './kthread.fixture.js';
import { CLOSURE, KINDS, until, words } from './kinds.fixture.js';
import { getTaskStruct, kthreadCreate, kthreadStopPut, threadfn, wakeUpProcess, type ThreadFn } from './kthread.js';
import { findPid, oneMachine, threads } from './machine.fixture.js';
import { dmesg } from './printk/syslog.js';
import { COMPLETION, initCompletionAt, completeAt, waitForCommon } from './sched/completion.js';
import { block } from './sched/core.js';
import type { Task } from './sched/handle.js';
import { TASK_UNINTERRUPTIBLE } from './sched/task.js';
import { kernelUsage, usageGrown } from './slab.fixture.js';

const { oopses } = oneMachine();

async function ended(task: Task): Promise<Task> {
  getTaskStruct(task);
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  return task;
}

test.each(KINDS)('T072 kthreadExit(7) deep in a call chain ends the thread; what follows does not run, finally does: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await ended(await create(leaver, { at, value: 7 }));
  expect(await kthreadStopPut(task)).toBe(7);
  expect([load(at + CALLS), load(at + GO), load(at + SEEN)]).toEqual([1, 1, 0]);
  expect(oopses).toEqual([]);
});

test('T072 outside of a thread kthreadExit is refused', () => {
  expect(() => kthreadExit(1)).toThrow(expect.objectContaining({ errno: -EPERM }));
});

test.each(KINDS)('T076 a thread that returns by itself is reaped; nothing of it stays: $kind', async ({ create }) => {
  const at = words(WORDS);
  const before = kernelUsage();
  for (let i = 0; i < 50; i++) {
    const task = await create(brief, { at, value: 1 });
    wakeUpProcess(task);
    await until(() => !task.exists);
    expect([findPid(task.pid), task.state]).toEqual([undefined, 'X']);
  }
  expect(threads()).toEqual([]);
  expect(usageGrown(before, kernelUsage())['task'] ?? 0).toBeLessThan(3);
});

test('a thread returns an int32 or nothing; anything else is an oops that names it', async () => {
  for (const [value, name] of [['seven', '"seven"'], [1.5, '1.5'], [2 ** 31, '2147483648'], [NaN, 'NaN'], [null, 'null'], [true, 'true']] as const) {
    const task = await ended(await kthreadCreate(odd, value, 'odd'));
    await expect(kthreadStopPut(task)).rejects.toMatchObject({ errno: -EFAULT, cause: { message: expect.stringContaining(`an int32 or nothing, not ${name}`) } });
  }
  const task = await ended(await kthreadCreate(odd, undefined, 'nothing'));
  expect(await kthreadStopPut(task)).toBe(0);
});

test('a plain function that returns a promise is an oops that says what to do', async () => {
  const task = await ended(await kthreadCreate(promising, 1, 'promising'));
  await expect(kthreadStopPut(task)).rejects.toMatchObject({ errno: -EFAULT, cause: { message: expect.stringContaining('declare it async') } });
});

test('a function that its file does not declare elsewhere is an oops that says so', async () => {
  const meta = { url: new URL('kthread.fixture.js', import.meta.url).href } as ImportMeta;
  const ghost: ThreadFn<undefined> = threadfn(meta, 'ghost', () => 0);
  const task = await ended(await kthreadCreate(ghost, undefined, 'ghost'));
  await expect(kthreadStopPut(task)).rejects.toMatchObject({ errno: -EFAULT, cause: { message: expect.stringContaining('declares no thread function "ghost"') } });
  const gone: ThreadFn<undefined> = threadfn({ url: new URL('no.such.file.js', import.meta.url).href } as ImportMeta, 'gone', () => 0);
  const other = await ended(await kthreadCreate(gone, undefined, 'gone'));
  await expect(kthreadStopPut(other)).rejects.toMatchObject({ errno: -EFAULT, cause: { message: expect.stringContaining('failed to load') } });
});

test('what is thrown need not be an Error', async () => {
  const task = await ended(await kthreadCreate(async () => { throw 'just text' as unknown as Error; }, undefined, 'thrower'));
  await expect(kthreadStopPut(task)).rejects.toMatchObject({ errno: -EFAULT, cause: { message: 'thrown: just text' } });
  expect(oopses.map(({ error }) => error.message)).toContain('thrown: just text'); // News of an earlier test's may still come.
});

test('a thread returns while a sleep that it did not await still waits: nobody finds its record in a queue afterwards', async () => {
  const done = words(4);
  initCompletionAt(done);
  const task = await ended(await kthreadCreate(async () => {
    const forgotten = async (): Promise<void> => {
      await block('wait_for_completion', (self) => waitForCommon(self, done, TASK_UNINTERRUPTIBLE, Infinity));
    };
    void forgotten();
    return 3;
  }, undefined, 'forgetful'));
  expect(await kthreadStopPut(task)).toBe(3);
  expect(listEmpty(done + COMPLETION.list)).toBe(true);
  expect(dmesg({ time: 'none' }).join('\n')).toMatch(new RegExp(`WARNING: forgetful\\[${task.pid}\\] ended while it sleeps in wait_for_completion[^]*Call Trace:\\n <TASK>\\n {2}(async )?forgotten `));
  completeAt(done);
  expect(r32(done + COMPLETION.done)).toBe(1);
});

test('a timer left behind by a thread is nobody\'s: it has no current thread', async () => {
  let left: unknown = 'not run';
  const task = await ended(await CLOSURE.create({ ...brief, closure: async () => {
    setTimeout(() => {
      try {
        kthreadExit(1);
      } catch (error) {
        left = error;
      }
    }, 20);
    return 1;
  } }, { at: 0, value: 0 }));
  await kthreadStopPut(task);
  await until(() => left !== 'not run');
  expect(left).toMatchObject({ errno: -EPERM });
});
