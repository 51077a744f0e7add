/**
 * The trace ring: what is in it, what it does when it is full, and that nothing is written while nobody traces.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { boot, kthreadRun, kthreadStop, msleepInterruptible, kthreadShouldStop, yieldCpu, type Machine } from '../index.js';
import { load, store } from '../lib/atomic.js';
import { r32, readString } from '../lib/memory.js';
import { MACHINE, machineWord } from './memlayout.js';
import { kzalloc } from './mm/slab.js';
import { TASK_COMM_LEN } from './param.js';
import { ISOLATE, self } from './smp.js';
import { TRACE, TRACE_RECORDS, TRACE_RING, TRACE_RUN, TRACE_STOP, TRACE_WAKE, recordAt } from './trace.js';

let machine: Machine;
let ring: number;
beforeAll(async () => {
  machine = await boot();
  ring = kzalloc(TRACE_RING.sizeof + TRACE_RECORDS * TRACE.sizeof);
});
afterAll(() => machine.shutdown());

const head = (): number => load(ring + TRACE_RING.head);
const records = (): Array<[kind: number, comm: string]> => Array.from({ length: head() }, (_, i) => recordAt(ring, i)).map((at) => [r32(at + TRACE.kind), readString(at + TRACE.comm, TASK_COMM_LEN)]);

async function naps(): Promise<number> {
  while (!kthreadShouldStop()) await msleepInterruptible(1);
  return 0;
}

test('without a ring, events are counted as lost; with nobody tracing they are nothing', async () => {
  const lost = machineWord(MACHINE.trace_lost);
  await kthreadStop(await kthreadRun(naps, undefined, 'before'));
  expect(load(lost)).toBe(0);
  store(machineWord(MACHINE.tracing), 1);
  await kthreadStop(await kthreadRun(naps, undefined, 'lost'));
  expect(load(lost)).toBeGreaterThan(0);
  store(self + ISOLATE.trace, ring);
  await kthreadStop(await kthreadRun(naps, undefined, 'seen'));
  store(machineWord(MACHINE.tracing), 0);
  const seen = records().filter(([, comm]) => comm === 'seen').map(([kind]) => kind);
  for (const kind of [TRACE_RUN, TRACE_STOP, TRACE_WAKE]) expect(seen).toContain(kind);
  const before = head();
  await kthreadStop(await kthreadRun(naps, undefined, 'after'));
  expect(head()).toBe(before);
});

test('a full ring takes nothing more and counts', async () => {
  store(machineWord(MACHINE.tracing), 1);
  const task = await kthreadRun(async () => {
    while (!kthreadShouldStop()) await yieldCpu();
    return 0;
  }, undefined, 'yields');
  while (load(ring + TRACE_RING.lost) === 0) await msleepInterruptible(1);
  expect(head()).toBe(load(ring + TRACE_RING.tail) + TRACE_RECORDS);
  store(ring + TRACE_RING.tail, head());
  const full = head();
  while (head() === full) await msleepInterruptible(1);
  store(machineWord(MACHINE.tracing), 0);
  await kthreadStop(task);
});
