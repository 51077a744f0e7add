/**
 * One goes to sleep while another wakes it: whatever the order of their accesses, it gets what it waits for. One of the two
 * is stopped before each of its accesses in turn; meanwhile the other does all of its part, or as much as it can without
 * the first. For all ways of waiting; the drawings are in task.ts, wait_queue.ts and completion.ts.
 */
import { beforeAll, expect, test, vi } from 'vitest';
import { sysctl } from '../../index.js';
import { load, store } from '../../lib/atomic.js';
import { CPU1, PLAIN, until, words, type Kind } from '../kinds.fixture.js';
import { oneMachine } from '../machine.fixture.js';
import { signal, SIGTERM, end, start } from './waiting.fixture.js';
import type { Task } from './handle.js';
import { TASK } from './task.js';
import { SEEN_WORDS, STOPPED, WAYS, WAY_NAMES, newPlace, subject, type Subject, type WayName } from './wait_steps.fixture.js';

oneMachine();
vi.setConfig({ testTimeout: 120_000 }); // Each step is a thread to start.
beforeAll(() => void sysctl('kernel.halt_poll_us', 0)); // Watching a word is not a step.

/** Time for the other one's part, ms, if it cannot do all of it. */
const PART_MS = 3;
/** A subject that did not come to its step in so many rounds has none of that number: the other one may have saved it a few. */
const ROUNDS_WITHOUT = 5;
const STEPS_MAX = 500;

interface Running {
  readonly task: Task;
  /** Whether it stands before its step. */
  stands(): boolean;
  goOn(): void;
}

async function run(kind: Kind, data: Omit<Subject, 'how' | 'seen'>): Promise<Running> {
  const seen = words(SEEN_WORDS);
  const task = await start(kind, subject, { ...data, how: 'stop', seen }, `${data.does}/${data.step}`);
  return { task, stands: () => load(seen + STOPPED) === 1, goOn: () => store(seen + STOPPED, 2) };
}

const aWhile = (done: () => boolean): Promise<void> => until(done, '', PART_MS).catch(() => {});

/** Waits until it stands, sleeps or has ended; only for a while once another one stands, who may have what it wants. */
async function settles({ task, stands }: Running, other?: Running): Promise<void> {
  const settled = (): boolean => stands() || task.state === 'X' || (task.state === 'S' && load(task.addr + TASK.wchan) !== 0);
  await until(() => settled() || other?.stands() === true, `${task.comm} comes to rest`);
  await aWhile(settled);
}

/** It was woken: it comes to its step, or to its end. */
const arrives = ({ task, stands }: Running): Promise<void> => until(() => stands() || task.state === 'X', `${task.comm} goes on`);

/** Calls `round` with each step that a subject has; it says whether its subject came there. */
async function everyStep(round: (step: number) => Promise<boolean>): Promise<number> {
  for (let step = 1, without = 0; ; step++) {
    without = (await round(step)) ? 0 : without + 1;
    if (without === ROUNDS_WITHOUT) return step - ROUNDS_WITHOUT;
    expect(step).toBeLessThan(STEPS_MAX);
  }
}

/** `waiter` comes to its step, then `waker` to its own; then the waiter goes on as far as it can, and the waker to its end. Says who stood. */
async function meet(kind: Kind, of: WayName, waits: number, wakes: number): Promise<{ waiter: boolean; waker: boolean }> {
  const place = newPlace(of);
  const waiter = await run(kind, { of, does: 'wait', place, step: waits });
  await settles(waiter);
  const waker = await run(PLAIN, { of, does: 'wake', place, step: wakes });
  await settles(waker, waiter);
  if (waker.task.state === 'X') await arrives(waiter);
  const stood = { waiter: waiter.stands(), waker: waker.stands() };
  waiter.goOn();
  await settles(waiter, waker);
  waker.goOn();
  expect([await end(waiter.task), await end(waker.task), WAYS[of].left(place)]).toEqual([0, 0, 0]);
  return stood;
}

/** Ways whose accesses are their own; the others are made of these. */
const BASIC = ['wait_event', 'wait_event, woken if waitqueue_active', 'wait_woken', 'a wake function of the waiter', 'completion', 'semaphore'] satisfies WayName[];

test.each(BASIC)('%s: the waker comes between any two accesses of one that waits, and that one goes on between any two of the waker\'s', async (of) => {
  let wakes = 0;
  const waits = await everyStep(async (step) => {
    let stood = false;
    wakes = Math.max(wakes, await everyStep(async (other) => {
      const { waiter, waker } = await meet(PLAIN, of, step, other);
      stood ||= waiter;
      return waker;
    }));
    return stood;
  });
  expect([waits > 10, wakes > 3]).toEqual([true, true]);
});

test.each(WAY_NAMES)('%s: one that awaits on another CPU is woken between any two accesses of its isolate', async (of) => {
  const waits = await everyStep(async (step) => (await meet(CPU1, of, step, 0)).waiter);
  const wakes = await everyStep(async (step) => (await meet(CPU1, of, 0, step)).waker);
  expect([waits > 10, wakes > 3]).toEqual([true, true]);
});

test.each(WAY_NAMES)('%s: a signal that comes between any two accesses of going to sleep ends the wait', async (of) => {
  const steps = await everyStep(async (step) => {
    const place = newPlace(of);
    const waiter = await run(PLAIN, { of, does: 'wait', place, step });
    await settles(waiter);
    signal(waiter.task, SIGTERM);
    await arrives(waiter);
    const stood = waiter.stands();
    waiter.goOn();
    expect(await end(waiter.task)).toBeLessThan(0);
    WAYS[of].wake(place);
    expect(WAYS[of].left(place)).toBe(1); // It waits nowhere any more.
    return stood;
  });
  expect(steps).toBeGreaterThan(10);
});

/** Ways in which one wake-up is for one waiter. */
const EXCLUSIVE = WAY_NAMES.filter((of) => !['wait_event', 'wait_event, woken if waitqueue_active', 'wait_var_event', 'wait_woken'].includes(of));

test.each(EXCLUSIVE)('%s: a signal ends the wait of one that is chosen at the same time: the token is his, or the next one\'s', async (of) => {
  let signalled = 0;
  await everyStep(async (step) => {
    const place = newPlace(of);
    const first = await run(PLAIN, { of, does: 'wait', place, step });
    await settles(first);
    const next = await run(PLAIN, { of, does: 'wait', place, step: 0 });
    await settles(next, first);
    if (step % 2 === 0) signal(first.task, SIGTERM);
    const waker = await run(PLAIN, { of, does: 'wake', place, step: 0 });
    await settles(waker, first);
    if (step % 2 === 1) signal(first.task, SIGTERM);
    await arrives(first);
    const stood = first.stands();
    first.goOn();
    await end(waker.task);
    const got = await end(first.task);
    if (got === 0) WAYS[of].wake(place);
    else signalled++;
    expect([await end(next.task), WAYS[of].left(place)]).toEqual([0, 0]);
    return stood;
  });
  expect(signalled).toBeGreaterThan(0);
});
