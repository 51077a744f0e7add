/**
 * Every order of the accesses of two procedures: two OS threads take turns, one access to a watched word at a time, as a
 * schedule says; a test goes through all schedules. It boots nothing. The procedures of the tests stand here too, because
 * the two threads import this file.
 */
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { fetchAdd, futexWait, futexWake, load, store, witnessAccesses } from '../lib/atomic.js';
import { joinBare } from './bare.fixture.js';
import { SPARE_AT } from './memlayout.js';
import { Thread, setPlainThread } from './sched/core.js';
import { taskAt } from './sched/handle.js';
import { signalPendingState } from './sched/signal.js';
import { setTaskState } from './sched/task.js';
import { disallowSignal, killPid, sendSig } from './signal.js';

/** What a procedure gets: a task, and what the test likes to say. */
type Procedure = (task: number, argument: number) => number;

/** Returns whether it would sleep. */
const sleeper: Procedure = (task, state) => {
  setTaskState(task, state);
  return signalPendingState(state, task) ? 0 : 1;
};

const PROCEDURES = {
  sleeper,
  /** Wrong: looks before it says that it will sleep. */
  hastySleeper: ((task, state) => {
    const sleeps = !signalPendingState(state, task);
    if (sleeps) setTaskState(task, state);
    return sleeps ? 1 : 0;
  }) satisfies Procedure,
  sender: ((task, sig) => sendSig(sig, taskAt(task), false)) satisfies Procedure,
  killer: ((task, sig) => killPid(taskAt(task).pid, sig, false)) satisfies Procedure,
  disallower: ((_task, sig) => (disallowSignal(sig), 0)) satisfies Procedure,
};
export type ProcedureName = keyof typeof PROCEDURES;

// Words of the game, outside of everything that a procedure touches. DONE: 1 its procedure is over, 2 it has passed the turn on.
const ROUND = SPARE_AT, HOLDER = SPARE_AT + 4, SCHEDULE = SPARE_AT + 8, AT = SPARE_AT + 12, TASK_WORD = SPARE_AT + 16, OVER = SPARE_AT + 20, DONE = SPARE_AT + 24, RESULT = SPARE_AT + 32;
const STEPS_MAX = 32;

interface Seat {
  readonly memory: SharedArrayBuffer;
  readonly isolate: number;
  /** 0 or 1. */
  readonly seat: number;
  readonly name: ProcedureName;
  readonly argument: number;
  /** Offsets of the words of the task whose accesses count. */
  readonly watched: readonly number[];
}

export interface Outcome {
  readonly results: readonly [number, number];
  /** Who made the accesses in turn, for a person. */
  readonly schedule: string;
}

/** Plays `one` against `other` on `task`; `reset` before and `judge` after each schedule of `steps` accesses. */
export async function interleave(memory: SharedArrayBuffer, task: number, watched: readonly number[], steps: number, one: readonly [ProcedureName, number], other: readonly [ProcedureName, number], reset: () => void, judge: (outcome: Outcome) => void): Promise<void> {
  store(TASK_WORD, task);
  store(OVER, 0);
  store(ROUND, 0);
  const players = [one, other].map(([name, argument], seat) => new Worker(new URL(import.meta.url), { workerData: { memory, isolate: seat + 2, seat, name, argument, watched } satisfies Seat }));
  try {
    for (let bits = 0; bits < 2 ** steps; bits++) {
      reset();
      store(SCHEDULE, bits);
      store(AT, 0);
      for (const seat of [0, 1]) store(DONE + seat * 4, 0);
      store(HOLDER, 1 + (bits & 1));
      fetchAdd(ROUND, 1);
      futexWake(ROUND, 2);
      for (const seat of [0, 1]) for (let done = load(DONE + seat * 4); done !== 2; done = load(DONE + seat * 4)) futexWait(DONE + seat * 4, done, 1000);
      judge({ results: [load(RESULT), load(RESULT + 4)], schedule: Array.from({ length: steps }, (_, i) => ((bits >> i) & 1) + 1).join('') });
    }
  } finally {
    store(OVER, 1);
    fetchAdd(ROUND, 1);
    futexWake(ROUND, 2);
    await Promise.all(players.map((player) => player.terminate()));
  }
}

if (!isMainThread && (workerData as Partial<Seat> | undefined)?.seat !== undefined) play(workerData as Seat);

function play({ memory, isolate, seat, name, argument, watched }: Seat): void {
  joinBare(memory, isolate);
  const task = load(TASK_WORD);
  setPlainThread(new Thread(task));
  const [mine, yours] = [1 + seat, 2 - seat];
  const passTo = (who: number): void => {
    store(HOLDER, who);
    futexWake(HOLDER, 2);
  };
  const waitForTurn = (): void => {
    while (load(HOLDER) !== mine) futexWait(HOLDER, yours, 1000);
  };
  /** Whose access is next; an access that waits for the other is not in the schedule. */
  const turn = (op: string, addr: number): void => {
    if (op !== 'wait' && !watched.includes(addr - task)) return;
    if (addr < SPARE_AT + 64 && addr >= SPARE_AT) return;
    const at = load(AT);
    if (op !== 'wait') store(AT, at + 1);
    const next = op === 'wait' ? yours : at < STEPS_MAX ? 1 + ((load(SCHEDULE) >> at) & 1) : mine;
    if (next === mine || load(DONE + (1 - seat) * 4) !== 0) return;
    passTo(yours);
    waitForTurn();
  };
  for (let round = 1; ; round++) {
    while (load(ROUND) < round) futexWait(ROUND, round - 1, 1000);
    if (load(OVER) !== 0) return;
    waitForTurn();
    witnessAccesses(turn);
    const result = PROCEDURES[name](task, argument);
    witnessAccesses(undefined);
    store(RESULT + seat * 4, result);
    store(DONE + seat * 4, 1);
    passTo(yours);
    store(DONE + seat * 4, 2); // From here on the next round may begin.
    futexWake(DONE + seat * 4, 1);
  }
}
