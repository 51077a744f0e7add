/**
 * Isolates that die while they wait, or while they wake: at every single access to shared memory that this consists of.
 * Whatever the dead one had done by then, it stands in no queue, and a token that it did not take is for the next one.
 */
import { beforeAll, expect, test, vi } from 'vitest';
import { sysctl } from '../../index.js';
import { EFAULT } from '../../lib/errno.js';
import { load } from '../../lib/atomic.js';
import { CPU1, PLAIN, until, words, type Kind } from '../kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import type { Task } from './handle.js';
import { SEEN_WORDS, STOPPED, WAYS, WAY_NAMES, newPlace, subject, type Place, type Subject, type WayName } from './wait_steps.fixture.js';
import { end, start } from './waiting.fixture.js';

oneMachine();
vi.setConfig({ testTimeout: 120_000 }); // Each step is an isolate to start.
beforeAll(() => void sysctl('kernel.halt_poll_us', 0)); // Watching a word is not a step.

const STEPS_MAX = 100;

interface Victim {
  readonly task: Task;
  /** It is dead, or about to be. */
  dies(): boolean;
}

async function victim(kind: Kind, of: WayName, does: Subject['does'], place: Place, step: number): Promise<Victim> {
  const seen = words(SEEN_WORDS);
  const task = getTaskStruct(await kind.create(subject, { of, does, place, step, how: 'die', seen }, `${does}/${step}`));
  wakeUpProcess(task);
  return { task, dies: () => load(seen + STOPPED) !== 0 };
}

const rests = ({ task, dies }: Victim): Promise<void> => until(() => dies() || task.state === 'X' || task.state === 'S', `${task.comm} comes to rest`);

/** Calls `round` with each step that a victim has, and ends when one lived. */
async function everyStep(round: (step: number) => Promise<Victim>): Promise<number> {
  for (let step = 1; ; step++) {
    const { task, dies } = await round(step);
    await until(() => task.state === 'X', `${task.comm} is gone`);
    const result = await kthreadStopPut(task).catch(({ errno }: { errno: number }) => errno);
    expect(result).toBe(dies() ? -EFAULT : 0);
    if (!dies()) return step - 1;
    expect(step).toBeLessThan(STEPS_MAX);
  }
}

/** Ways in which the kernel queues the waiter, and knows of it; entries made by hand are not known. */
const KNOWN = WAY_NAMES.filter((of) => !['wait_woken', 'prepare_to_wait', 'a wake function of the waiter'].includes(of));
/** Those in which one token wakes one waiter, whose death could keep the token from the next. */
const EXCLUSIVE = KNOWN.filter((of) => !['wait_event', 'wait_event, woken if waitqueue_active', 'wait_var_event'].includes(of));

test.each(EXCLUSIVE)('%s: a waiter dies at every step, chosen or not, and the next one gets the token', (of) => waiterDies(PLAIN, of));
test.each(['wait_event, exclusive', 'completion'] satisfies WayName[])('%s: the same of one that awaits on another CPU', (of) => waiterDies(CPU1, of));

async function waiterDies(kind: Kind, of: WayName): Promise<void> {
  const steps = await everyStep(async (step) => {
    const place = newPlace(of);
    const first = await victim(kind, of, 'wait', place, step);
    await rests(first);
    const heir = await start(PLAIN, subject, { of, does: 'wait', place, step: 0, how: 'die', seen: words(SEEN_WORDS) }, 'heir');
    await until(() => heir.state === 'S', 'the heir waits');
    WAYS[of].wake(place);
    await until(() => WAYS[of].left(place) === 0, 'the token is taken');
    WAYS[of].wake(place); // One for each: either may be first, when a death before makes everybody look again.
    expect(await end(heir)).toBe(0);
    return first;
  });
  expect(steps).toBeGreaterThan(3);
}

test.each(KNOWN)('%s: a waker dies at every step, and what it had put can be taken', async (of) => {
  const steps = await everyStep(async (step) => {
    const place = newPlace(of);
    const waiter = await start(PLAIN, subject, { of, does: 'wait', place, step: 0, how: 'die', seen: words(SEEN_WORDS) }, 'waiter');
    await until(() => waiter.state === 'S', 'somebody waits');
    const waker = await victim(PLAIN, of, 'wake', place, step);
    await until(() => waker.task.state === 'X', 'the waker is gone');
    if (WAYS[of].left(place) > 0) await until(() => WAYS[of].left(place) === 0, 'what it had put is taken');
    else WAYS[of].wake(place);
    expect(await end(waiter)).toBe(0);
    return waker;
  });
  expect(steps).toBeGreaterThan(0);
});
