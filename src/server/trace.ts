/**
 * The call that records what the scheduler does: gives each isolate a ring (kernel/trace.ts), empties the rings again and
 * again, and passes on what was in them. One client at a time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { cas, load, store } from '../lib/atomic.js';
import { EBUSY, KernelError } from '../lib/errno.js';
import { r32, readString, rf64 } from '../lib/memory.js';
import { MACHINE, isolateSlotAt, machineWord } from '../kernel/memlayout.js';
import { kzalloc } from '../kernel/mm/slab.js';
import { TASK_COMM_LEN } from '../kernel/param.js';
import { TASK, stateLetter } from '../kernel/sched/task.js';
import { wchanName } from '../kernel/sched/wchan.js';
import { ISOLATE, ISOLATE_DEAD, ISOLATE_FREE, forEachIsolate } from '../kernel/smp.js';
import { uptime } from '../kernel/time/time.js';
import { TRACE, TRACE_RECORDS, TRACE_RING, TRACE_RUN, TRACE_STOP, TRACE_WAKE, recordAt } from '../kernel/trace.js';
import type { Caller } from './connection.js';
import { checkNumber } from './find.js';
import type { Calls, TraceEvent } from './protocol.js';

/** A ring is emptied each so many ms: it has room for ten times as much as the busiest isolates write meanwhile. */
const PERIOD_MS = 10;
const LONGEST_MS = 3_600_000;

/** Every ring there is, and the isolate that has it. They are kept for isolates that come later. */
const rings = new Map<number, number>();

export async function* trace({ ms }: Calls['trace']['args'], { asksNoMore }: Caller): AsyncGenerator<Calls['trace']['item'], Calls['trace']['result'], void> {
  const duration = checkNumber('trace', 'ms', ms, 1, LONGEST_MS);
  const tracing = machineWord(MACHINE.tracing);
  if (cas(tracing, 0, 1) !== 0) throw new KernelError(-EBUSY, 'trace: another client records a trace of this machine already; try again when it is done');
  try {
    const from = uptime();
    giveRings();
    for (const ring of rings.keys()) store(ring + TRACE_RING.tail, load(ring + TRACE_RING.head));
    const before = lostSoFar();
    let lost = 0;
    yield { events: running(from), lost };
    for (let over = false; !over; ) {
      const left = from + duration - uptime();
      if (left > 0) await sleep(Math.min(PERIOD_MS, left));
      over = uptime() >= from + duration || asksNoMore.aborted;
      if (over) store(tracing, 0);
      giveRings();
      for (const [ring, isolate] of rings) {
        const events = take(ring, isolate, from);
        const now = (lostSoFar() - before) >>> 0;
        if (events.length > 0 || now > lost) yield { events, lost: now - lost };
        lost = now;
      }
    }
    return { from, to: uptime(), lost };
  } finally {
    store(tracing, 0);
  }
}

/** A ring for each isolate that has none. One that runs out of memory has none: what it does is counted as lost. */
function giveRings(): void {
  forEachIsolate((at) => {
    // A dead one's record may be somebody's who fills it in right now.
    if (load(at + ISOLATE.state) === ISOLATE_DEAD || load(at + ISOLATE.trace) !== 0) return;
    const ring = spareRing() || kzalloc(TRACE_RING.sizeof + TRACE_RECORDS * TRACE.sizeof);
    if (ring === 0) return;
    rings.set(ring, r32(at + ISOLATE.number));
    store(at + ISOLATE.trace, ring);
  });
}

/** One whose isolate is gone, and of which everything was read. */
function spareRing(): number {
  for (const [ring, isolate] of rings) {
    const at = isolateSlotAt(isolate);
    const gone = load(at + ISOLATE.number) !== isolate || load(at + ISOLATE.state) === ISOLATE_FREE;
    if (gone && load(ring + TRACE_RING.head) === load(ring + TRACE_RING.tail)) return ring;
  }
  return 0;
}

function lostSoFar(): number {
  let lost = load(machineWord(MACHINE.trace_lost));
  for (const ring of rings.keys()) lost += load(ring + TRACE_RING.lost);
  return lost;
}

/** What runs already when the trace begins, as if it began to run then. */
function running(now: number): TraceEvent[] {
  const events: TraceEvent[] = [];
  forEachIsolate((at) => {
    const task = load(at + ISOLATE.curr);
    if (task !== 0) events.push(['run', now, r32(at + ISOLATE.number), r32(task + TASK.pid), readString(task + TASK.comm, TASK_COMM_LEN), load(at + ISOLATE.cpu), r32(task + TASK.prio)]);
  });
  return events;
}

/** Everything that is in the ring. A writer that was late with an event from before the trace began may still put it there. */
function take(ring: number, isolate: number, from: number): TraceEvent[] {
  const events: TraceEvent[] = [];
  const head = load(ring + TRACE_RING.head); // [trace:seen] pairs with trace:written
  let tail = load(ring + TRACE_RING.tail);
  for (; tail !== head; tail = (tail + 1) | 0) {
    const event = eventAt(recordAt(ring, tail), isolate);
    if (event && event[1] >= from) events.push(event);
  }
  store(ring + TRACE_RING.tail, tail); // [trace:read] pairs with trace:room
  return events;
}

function eventAt(at: number, isolate: number): TraceEvent | undefined {
  const [kind, time, pid, value, place, comm] = [r32(at + TRACE.kind), rf64(at + TRACE.time), r32(at + TRACE.pid), r32(at + TRACE.value), r32(at + TRACE.place), readString(at + TRACE.comm, TASK_COMM_LEN)];
  if (kind === TRACE_STOP) return ['stop', time, isolate, pid, comm, stateLetter(value), wchanName(place)];
  if (kind === TRACE_RUN) return ['run', time, isolate, pid, comm, place, value];
  return kind === TRACE_WAKE ? ['wake', time, isolate, pid, comm, place, value] : undefined;
}
