// Effect's fibers beside async threads: two that wake each other, fibers that are forked and interrupted, and what one takes
// while it sleeps. Answers with microseconds for one switch, microseconds for one life, or bytes.
import { Deferred, Effect, Fiber } from 'effect';
import { serve } from './serve.mjs';

const BATCH = 100;
const measures = { switches, resumes, yields, lives, bytes };

serve(({ what, times }) => measures[what](times));

/** Each completes the other's Deferred and waits for its own: what a program does so that one fiber wakes another. */
async function switches(times) {
  const side = (mine, theirs, count) => Effect.gen(function* turns() {
    for (let i = 0; i < count; i++) {
      yield* Deferred.await(mine.gate);
      mine.gate = Deferred.makeUnsafe();
      yield* Deferred.succeed(theirs.gate, undefined);
    }
  });
  const [one, other] = [{ gate: Deferred.makeUnsafe() }, { gate: Deferred.makeUnsafe() }];
  return timed(times, pair(side(one, other, times / 2), side(other, one, times / 2), Deferred.succeed(one.gate, undefined)));
}

/** The least that wakes a fiber: each calls back the other, which goes on within that call, without a turn of its own. */
async function resumes(times) {
  const calls = [undefined, undefined];
  const side = (mine, count) => Effect.gen(function* turns() {
    for (let i = 0; i < count; i++) yield* Effect.callback((resume) => {
      calls[mine] = resume;
      call(1 - mine);
    });
    call(1 - mine);
  });
  const call = (whom) => {
    const resume = calls[whom];
    calls[whom] = undefined;
    resume?.(Effect.void);
  };
  return timed(times, pair(side(0, times / 2), side(1, times / 2), Effect.void));
}

/** Two fibers that give way to each other: a turn of the scheduler each. */
async function yields(times) {
  const side = Effect.gen(function* turns() {
    for (let i = 0; i < times / 2; i++) yield* Effect.yieldNow;
  });
  return timed(times, pair(side, side, Effect.void));
}

const pair = (one, other, begin) => Effect.gen(function* both() {
  const fibers = [yield* Effect.forkChild(one), yield* Effect.forkChild(other)];
  yield* Effect.yieldNow;
  yield* begin;
  for (const fiber of fibers) yield* Fiber.join(fiber);
});

/** In batches, so that each fiber has run and sleeps when it is interrupted. */
function lives(times) {
  return timed(times, Effect.gen(function* all() {
    for (let made = 0; made < times; made += BATCH) {
      const fibers = [];
      for (let i = 0; i < BATCH; i++) fibers.push(yield* Effect.forkChild(Effect.never));
      yield* Effect.yieldNow;
      for (const fiber of fibers) yield* Fiber.interrupt(fiber);
    }
  }));
}

async function timed(times, effect) {
  const start = performance.now();
  await Effect.runPromise(effect);
  return ((performance.now() - start) * 1000) / times;
}

async function bytes(times) {
  const before = heapBytes();
  const fibers = [];
  for (let i = 0; i < times; i++) fibers.push(Effect.runFork(sleeper));
  await new Promise((resolve) => setTimeout(resolve, 10));
  const each = (heapBytes() - before) / times;
  for (const fiber of fibers) await Effect.runPromise(Fiber.interrupt(fiber));
  return each;
}

/** Sleeps until somebody wakes it, as a thread does: its loop goes on then. */
const sleeper = Effect.gen(function* loop() {
  for (;;) yield* Effect.callback(() => {});
});

function heapBytes() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
