/**
 * The storm: rioters on several isolates create, wake, park and stop thousands of threads at once, and each other's. It lasts
 * STORM_SECONDS; afterwards everything must add up and nothing be left. A failure prints its seed; STORM_SEED sets it, which
 * gives the same orders but not the same moments.
 */
import { expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { pause, until, words, CLOSURE, CPU1, PLAIN } from './kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from './kthread.js';
import { oneMachine, threads } from './machine.fixture.js';
import { kfree } from './mm/slab.js';
import { dmesg } from './printk/syslog.js';
import { kernelUsage, usageGrown } from './slab.fixture.js';
import { ISOLATE, ISOLATE_BUSY, OWN, forEachIsolate } from './smp.js';
import { CREATED, OVER, RAN, ROUNDS, STORM_WORDS, VIOLATION, VIOLATIONS, WHAT, rioter, type Riot } from './storm.fixture.js';

const SECONDS = Number(process.env['STORM_SECONDS'] ?? 30);
const SEED = Number(process.env['STORM_SEED'] ?? Date.now() & 0x7fffffff);
/** A rioter that finishes no round for so long is stuck, seconds. */
const PATIENCE = 30;
const { oopses } = oneMachine({ memory: 256 << 20 });

test(`T258 a storm of threads for ${SECONDS} s`, { timeout: (SECONDS + 3 * PATIENCE) * 1000 }, async ({ onTestFailed }) => {
  onTestFailed(() => console.log(`STORM_SEED=${SEED} STORM_SECONDS=${SECONDS} npm test -- storm`));
  await storm(SEED + 1, 1); // Isolates start and meet their files.
  const before = kernelUsage();
  const { rounds, created, ran } = await storm(SEED, SECONDS);
  console.log(`storm: ${rounds.reduce((a, b) => a + b)} rounds (${rounds.join(', ')}), ${created} threads, ${ran} ran; seed ${SEED}`);
  expect(oopses.map(({ error }) => error.message)).toEqual([]);
  await until(() => busyOwnIsolates() === 0, 'plain threads have left their isolates');
  const { 4096: leaves = 0, ...grown } = usageGrown(before, kernelUsage());
  expect(Math.max(0, ...Object.values(grown)), JSON.stringify(grown)).toBeLessThan(20);
  expect(leaves).toBeLessThan(4096);
});

async function storm(seed: number, seconds: number): Promise<{ rounds: number[]; created: number; ran: number }> {
  const at = words(STORM_WORDS);
  const kinds = [CLOSURE, CPU1, PLAIN, CLOSURE, CPU1, PLAIN];
  const calls = kinds.map(() => words(16));
  const rioters = await Promise.all(kinds.map(({ create }, index) => create(rioter, { at, index, seed: seed + index * 7919, calls: calls[index] } satisfies Riot, `rioter/${index}`)));
  for (const task of rioters) wakeUpProcess(getTaskStruct(task));
  const roundsNow = (): number[] => kinds.map((_, index) => load(at + ROUNDS + index * 4));
  const since = kinds.map(() => performance.now());
  let seen = roundsNow();
  const look = (): void => {
    expect({ violations: load(at + VIOLATIONS), what: Object.keys(VIOLATION)[load(at + WHAT) - 1] }).toEqual({ violations: 0 });
    const now = roundsNow();
    now.forEach((n, index) => {
      if (n !== seen[index] || rioters[index].state === 'X') since[index] = performance.now();
      else if (performance.now() - since[index] > PATIENCE * 1000) throw new Error(`rioter ${index} is stuck after ${n} rounds\n${picture()}`);
    });
    seen = now;
  };
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await pause(250)) look();
  store(at + OVER, 1);
  for (; rioters.some((task) => task.state !== 'X'); await pause(50)) look();
  look();
  const rounds = await Promise.all(rioters.map((task) => kthreadStopPut(task)));
  await until(() => threads().length === 0, 'no thread is left');
  const [created, ran] = [load(at + CREATED), load(at + RAN)];
  for (const memory of [at, ...calls]) kfree(memory);
  return { rounds, created, ran };
}

/** What somebody who finds a stuck storm wants to see. */
const picture = (): string => `${threads().map((t) => `${t.pid} ${t.letter} ${t.name} isolate ${t.isolate} ${t.wchan} ${t.kflags.join()} usage ${t.usage}`).join('\n')}\n${dmesg().slice(-20).join('\n')}`;

function busyOwnIsolates(): number {
  let busy = 0;
  forEachIsolate((at) => {
    if (load(at + ISOLATE.kind) === OWN && load(at + ISOLATE.state) === ISOLATE_BUSY) busy++;
  });
  return busy;
}
