/**
 * An isolate dies in the middle of something: of making a thread, waking, parking or stopping one, of its own end. At each
 * single access to shared memory in turn, the machine goes on and nobody waits for ever. Locks are locks.death.test.ts.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { boot, dmesg, sysctl, KernelError, type Machine } from '../index.js';
import { store } from '../lib/atomic.js';
import { EAGAIN, EFAULT } from '../lib/errno.js';
import { GO, hopeful, mortal } from './isolate_death.fixture.js';
import { CLOSURE, CPU1, KINDS, PLAIN, until, words, type Kind } from './kinds.fixture.js';
import { WORDS, obedient } from './kthread.fixture.js';
import { kthreadStop, kthreadStopPut, wakeUpProcess } from './kthread.js';
import { threads } from './machine.fixture.js';
import { completeAll, newCompletion } from './sched/completion.js';
import { findTaskByPid } from './sched/handle.js';
import { newWaitQueueHead, wakeUpAll } from './sched/wait.js';
import { start } from './sched/waiting.fixture.js';

vi.setConfig({ testTimeout: 300_000 }); // Each step is an isolate to start.

let machine: Machine;
beforeAll(async () => {
  machine = await boot({ cpus: 2, memory: 128 << 20, onOops: () => {} });
  sysctl('kernel.halt_poll_us', 0); // Watching a word is not a step.
});
afterAll(async () => {
  expect(await machine.shutdown()).toMatchObject({ left: [] });
});

/** Every so many steps, from a different one each time; DEATH_STRIDE=1 for all of them, which takes a minute. */
const STRIDE = Number(process.env['DEATH_STRIDE'] ?? 5);
/** Steps behind the last line of a mortal's function: its end. */
const ENDING = 40;
const picture = (): string => `${threads().map((t) => `${t.pid} ${t.letter} ${t.name} isolate ${t.isolate} ${t.wchan} ${t.kflags.join()} usage ${t.usage}`).join('\n')}\n${dmesg().slice(-8).join('\n')}`;

/** A mortal beside those who hope for it, at whose step `nth` it dies; returns its accesses, or -EFAULT. */
async function life(kind: Kind, nth: number): Promise<number> {
  const [at, child, done, q] = [words(1), words(WORDS), newCompletion(), newWaitQueueHead()];
  for (const who of [CLOSURE, PLAIN]) await start(who, hopeful, { at, done, q }, 'hopeful');
  const task = await start(kind, mortal, { nth, child, at, done, q }, kind === CPU1 ? 'mortal/%u' : 'mortal');
  await until(() => task.state === 'X', `the mortal of step ${nth} is gone`).catch(stuck);
  const end = await kthreadStopPut(task).catch((error: KernelError) => error.errno);
  store(at + GO, 1);
  completeAll(done);
  wakeUpAll(q);
  await until(() => threads().every(({ name }) => name !== 'hopeful'), 'those who hoped are through').catch(stuck);
  await until(noChildren, 'its children are gone').catch(stuck);
  await works().catch(stuck);
  return end;
}

/** Stops every thread once, also those that come yet. */
const asked = new Set<number>();
function noChildren(): boolean {
  const left = threads();
  for (const { pid } of left) {
    const task = asked.has(pid) ? undefined : findTaskByPid(pid);
    asked.add(pid);
    if (task) void kthreadStop(task).catch(() => 0);
  }
  return left.length === 0;
}

const stuck = (error: Error): never => {
  throw new Error(`${error.message}\n${picture()}`);
};

/** Threads of all kinds can be made, run and stopped. */
async function works(): Promise<void> {
  let made = 0;
  for (const kind of KINDS) void serves(kind).then(() => made++);
  await until(() => made === KINDS.length, 'the machine works');
}

/** A mortal is seen dead before its isolate is, which may take along who came just now. */
async function serves(kind: Kind): Promise<unknown> {
  try {
    const task = await kind.create(obedient, { at: words(WORDS), value: 5 });
    wakeUpProcess(task);
    return await kthreadStop(task);
  } catch (error) {
    if (error instanceof KernelError && [-EAGAIN, -EFAULT].includes(error.errno)) return serves(kind);
    throw error;
  }
}

test.each([PLAIN, CPU1])('at every step of creating, waking, parking, completing, stopping and ending: $kind', async (kind) => {
  await life(kind, 0); // The files are known from here on.
  const steps = await life(kind, 0);
  expect(steps).toBeGreaterThan(100);
  for (let nth = 1 + (Date.now() % STRIDE); nth <= steps + ENDING; nth += STRIDE) {
    const end = await life(kind, nth).catch((error: Error) => {
      throw new Error(`step ${nth} of ${steps}: ${error.message}`);
    });
    if (end !== -EFAULT) expect(end).toBe(0);
  }
});
