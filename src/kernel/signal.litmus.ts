/**
 * A signal is sent while its thread is about to sleep, in every order of their accesses: the drawing of sched/signal.ts.
 * The two are OS threads that take turns (interleave.fixture.ts); the schedule of a failure says who made which access.
 */
import { expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { bareMachine } from './bare.fixture.js';
import { copyProcess } from './fork.js';
import { interleave, type ProcedureName } from './interleave.fixture.js';
import { MACHINE, machineWord } from './memlayout.js';
import { KTHREAD_BLOCKING, PF_KTHREAD, TASK, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, taskState } from './sched/task.js';
import { SIGKILL, SIGTERM } from './signal.js';

/** A kernel memory, and in it one plain thread that allows SIGTERM and SIGKILL. */
function bare(): { memory: SharedArrayBuffer; task: number } {
  const memory = bareMachine();
  store(machineWord(MACHINE.next_pid), 3);
  const task = copyProcess({ name: 'sleeper', flags: PF_KTHREAD, kflags: KTHREAD_BLOCKING, isolate: 2, cpu: 0, module: 0, ppid: 2, cpus: [3, 0] });
  store(task + TASK.sig_allowed, bit(SIGTERM) | bit(SIGKILL));
  return { memory, task };
}

const bit = (sig: number): number => 1 << (sig - 1);

interface Game {
  readonly sleeper?: ProcedureName;
  readonly sender?: ProcedureName;
  readonly state: number;
  readonly sig: number;
}

/** In how many of all schedules the thread sleeps on although the signal was to wake it, and the first of them. */
async function lost({ sleeper = 'sleeper', sender = 'sender', state, sig }: Game): Promise<{ lost: number; first: string; all: number }> {
  const { memory, task } = bare();
  const said = { lost: 0, first: '', all: 0 };
  await interleave(memory, task, [TASK.__state, TASK.sig_pending, TASK.sig_shared], 8, [sleeper, state], [sender, sig], () => {
    store(task + TASK.__state, TASK_RUNNING);
    for (const set of [TASK.sig_pending, TASK.sig_shared]) store(task + set, 0);
  }, ({ results: [sleeps, sent], schedule }) => {
    expect([sent, load(task + TASK.sig_pending) | load(task + TASK.sig_shared)]).toEqual([0, bit(sig)]);
    said.all++;
    if (sleeps === 0 || taskState(task) === TASK_RUNNING) return;
    said.lost++;
    said.first ||= schedule;
  });
  return said;
}

test.each([
  ['an allowed signal', { state: TASK_INTERRUPTIBLE, sig: SIGTERM }],
  ['one for its group', { state: TASK_INTERRUPTIBLE, sig: SIGTERM, sender: 'killer' }],
  ['SIGKILL, in killable state', { state: TASK_KILLABLE, sig: SIGKILL }],
] satisfies Array<[string, Game]>)('%s comes at any moment of going to sleep and is not missed', { timeout: 120_000 }, async (_what, game) => {
  expect(await lost(game)).toEqual({ lost: 0, first: '', all: 256 });
});

test.each([
  ['SIGTERM does not end a killable sleep', { state: TASK_KILLABLE, sig: SIGTERM }],
  ['SIGKILL does not end an uninterruptible one', { state: TASK_UNINTERRUPTIBLE, sig: SIGKILL }],
] satisfies Array<[string, Game]>)('%s, whenever it comes', { timeout: 120_000 }, async (_what, game) => {
  expect(await lost(game)).toMatchObject({ lost: 256, all: 256 });
});

test('who looks for signals before saying that it will sleep misses one: the game would show it', { timeout: 120_000 }, async () => {
  const { lost: missed, all } = await lost({ sleeper: 'hastySleeper', state: TASK_INTERRUPTIBLE, sig: SIGTERM });
  expect(missed).toBeGreaterThan(0);
  expect(missed).toBeLessThan(all);
});

test('a signal that is sent while its thread disallows it is not pending afterwards', { timeout: 120_000 }, async () => {
  const { memory, task } = bare();
  await interleave(memory, task, [TASK.sig_allowed, TASK.sig_pending], 8, ['disallower', SIGTERM], ['sender', SIGTERM], () => {
    store(task + TASK.sig_allowed, bit(SIGTERM));
    store(task + TASK.sig_pending, 0);
  }, ({ results, schedule }) => {
    expect({ results, schedule, pending: load(task + TASK.sig_pending) }).toEqual({ results: [0, 0], schedule, pending: 0 });
  });
});
