/**
 * A recording of the scheduler as a trace that Perfetto shows: what runs on each CPU, the state of each thread, who woke whom,
 * and as slices what it slept in. Pure: from events to bytes.
 *
 * Perfetto knows CPUs that run one thread at a time. Here two plain threads of one CPU may run at once; then the second is
 * shown on a CPU of its own, with number CPU + n, the third on CPU + 2n, where the machine has n.
 */
import type { ProcTask } from '../index.js';
import type { Hello, TraceEvent } from '../server/protocol.js';
import { ProtoWriter } from './protobuf.js';

export interface Recording {
  readonly hello: Pick<Hello, 'name' | 'cpus' | 'version'>;
  /** In any order between isolates; those of one isolate by time. */
  readonly events: readonly TraceEvent[];
  /** Tasks that are known otherwise, for their whole names. */
  readonly tasks: ReadonlyArray<Pick<ProcTask, 'pid' | 'ppid' | 'name'>>;
  /** ms since boot. */
  readonly to: number;
  readonly lost: number;
}

// Field numbers of perfetto.protos.
const PACKET = 1;
const FTRACE_EVENTS = 1, PROCESS_TREE = 2, TIMESTAMP = 8, SEQUENCE_ID = 10, TRACK_EVENT = 11, SEQUENCE_FLAGS = 13, SYSTEM_INFO = 45, TRACK_DESCRIPTOR = 60;
const BUNDLE = { cpu: 1, event: 2, lostEvents: 3 }, EVENT = { timestamp: 1, pid: 2, schedSwitch: 4, schedWaking: 20 };
const SWITCH = { prevComm: 1, prevPid: 2, prevPrio: 3, prevState: 4, nextComm: 5, nextPid: 6, nextPrio: 7 };
const WAKING = { comm: 1, pid: 2, prio: 3, success: 4, targetCpu: 5 };
const TREE = { processes: 1, threads: 2 }, PROCESS = { pid: 1, ppid: 2, cmdline: 3 }, THREAD = { tid: 1, name: 2, tgid: 3 };
const TRACK = { uuid: 1, thread: 4 }, TRACK_THREAD = { pid: 1, tid: 2, name: 5 };
const SLICE = { type: 9, trackUuid: 11, name: 23 }, SLICE_BEGIN = 1, SLICE_END = 2;
const STATE_CLEARED = 1;
const SEQUENCE = 1;
const KTHREADD = 2;

/** Numbers of a state in sched_switch, by the letter of ps. */
const STATES: Readonly<Record<string, number>> = Object.freeze({ R: 0, S: 1, D: 2, T: 4, t: 8, X: 16, Z: 32, P: 64, I: 128 });
/** What runs where no thread does. */
const IDLE: Running = { pid: 0, comm: 'swapper', prio: 120 };
/** A task whose priority is not said. */
const PRIO = 120;

interface Running {
  readonly pid: number;
  readonly comm: string;
  readonly prio: number;
}

type Event =
  | { readonly kind: 'switch'; readonly time: number; readonly cpu: number; readonly prev: Running; readonly state: number; readonly next: Running }
  | { readonly kind: 'waking'; readonly time: number; readonly cpu: number; readonly by: number; readonly task: Running; readonly target: number };

/** A time in which a thread slept in `wchan`. */
interface Sleep {
  readonly pid: number;
  readonly wchan: string;
  readonly from: number;
  readonly to: number;
}

/** The CPUs' view of what isolates did. `sleeps` that went on at the end, end with the trace. */
export function timeline({ hello, events, to }: Pick<Recording, 'hello' | 'events' | 'to'>): { cpuEvents: Event[]; sleeps: Sleep[] } {
  const cpuEvents: Event[] = [];
  const sleeps: Sleep[] = [];
  const asleep = new Map<number, { wchan: string; from: number }>();
  /** What runs on each isolate, and on which of Perfetto's CPUs. */
  const onIsolate = new Map<number, Running & { cpu: number }>();
  const taken = new Set<number>();

  for (const event of events.toSorted((a, b) => a[1] - b[1])) {
    const [, time, isolate, pid, comm] = event;
    if (event[0] === 'stop') {
      // It left the CPU before, to await something foreign, or its begin was lost: all we know is this moment.
      if (onIsolate.get(isolate)?.pid !== pid) enter(isolate, time, { pid, comm, prio: PRIO }, 0);
      leave(isolate, time, STATES[event[5]] ?? STATES.S);
      if (event[5] !== 'R' && event[6] !== '0') asleep.set(pid, { wchan: event[6], from: time });
    } else if (event[0] === 'run') {
      if (onIsolate.get(isolate)?.pid === pid) continue;
      leave(isolate, time, STATES.R); // Its end was lost.
      enter(isolate, time, { pid, comm, prio: event[6] }, event[5]);
    } else {
      const waker = onIsolate.get(isolate);
      cpuEvents.push({ kind: 'waking', time, cpu: waker?.cpu ?? event[5], by: waker?.pid ?? 0, task: { pid, comm, prio: event[6] }, target: event[5] });
    }
  }
  for (const isolate of onIsolate.keys()) leave(isolate, to, STATES.R);
  for (const pid of asleep.keys()) endSleep(pid, to);
  return { cpuEvents, sleeps };

  function enter(isolate: number, time: number, task: Running, wanted: number): void {
    let cpu = wanted;
    while (taken.has(cpu)) cpu += hello.cpus;
    taken.add(cpu);
    onIsolate.set(isolate, { ...task, cpu });
    endSleep(task.pid, time);
    cpuEvents.push({ kind: 'switch', time, cpu, prev: IDLE, state: STATES.R, next: task });
  }

  function leave(isolate: number, time: number, state: number): void {
    const task = onIsolate.get(isolate);
    if (!task) return;
    onIsolate.delete(isolate);
    taken.delete(task.cpu);
    cpuEvents.push({ kind: 'switch', time, cpu: task.cpu, prev: task, state, next: IDLE });
  }

  function endSleep(pid: number, time: number): void {
    const sleep = asleep.get(pid);
    asleep.delete(pid);
    if (sleep) sleeps.push({ pid, ...sleep, to: time });
  }
}

/** The bytes of the file. */
export function perfettoTrace(recording: Recording): Uint8Array {
  const { cpuEvents, sleeps } = timeline(recording);
  const out = new ProtoWriter();
  const packet = (fill: () => void): void => out.message(PACKET, fill);
  packet(() => out.message(SYSTEM_INFO, () => out.message(1, () => {
    out.text(1, 'Linux'); // For the numbers of states.
    out.text(2, `kthread ${recording.hello.version}`);
    out.text(3, '6.12.0');
    out.text(4, recording.hello.name);
  })));
  packet(() => out.message(PROCESS_TREE, () => writeTasks(out, recording)));
  for (const cpu of new Set(cpuEvents.map((event) => event.cpu))) {
    packet(() => out.message(FTRACE_EVENTS, () => {
      out.number(BUNDLE.cpu, cpu);
      for (const event of cpuEvents) if (event.cpu === cpu) writeEvent(out, event);
      if (recording.lost > 0) out.number(BUNDLE.lostEvents, 1);
    }));
  }
  writeSleeps(out, sleeps, namesOf(recording), processOf(recording));
  return out.bytes;
}

const ns = (ms: number): number => Math.round(ms * 1e6);

/** Every task that is known, by pid: its whole name where that is known. */
function namesOf({ events, tasks }: Pick<Recording, 'events' | 'tasks'>): Map<number, string> {
  const names = new Map(events.map(([, , , pid, comm]) => [pid, comm]));
  for (const { pid, name } of tasks) names.set(pid, name);
  return names;
}

/** Perfetto shows children of kthreadd as its threads. So is what nothing is known of. */
function processOf({ tasks }: Pick<Recording, 'tasks'>): (pid: number) => number {
  const parents = new Map(tasks.map(({ pid, ppid }) => [pid, ppid]));
  return (pid) => ((parents.get(pid) ?? KTHREADD) === KTHREADD ? KTHREADD : pid);
}

function writeTasks(out: ProtoWriter, recording: Recording): void {
  const process = processOf(recording);
  for (const { pid, ppid, name } of [{ pid: KTHREADD, ppid: 0, name: 'kthreadd' }, ...recording.tasks.filter(({ pid }) => pid !== KTHREADD && process(pid) === pid)]) {
    out.message(TREE.processes, () => {
      out.number(PROCESS.pid, pid);
      out.number(PROCESS.ppid, ppid);
      out.text(PROCESS.cmdline, name);
    });
  }
  for (const [pid, name] of namesOf(recording)) {
    out.message(TREE.threads, () => {
      out.number(THREAD.tid, pid);
      out.text(THREAD.name, name);
      out.number(THREAD.tgid, process(pid));
    });
  }
}

function writeEvent(out: ProtoWriter, event: Event): void {
  out.message(BUNDLE.event, () => {
    out.number(EVENT.timestamp, ns(event.time));
    if (event.kind === 'switch') {
      const { prev, state, next } = event;
      out.number(EVENT.pid, prev.pid);
      out.message(EVENT.schedSwitch, () => {
        out.text(SWITCH.prevComm, prev.comm);
        out.number(SWITCH.prevPid, prev.pid);
        out.number(SWITCH.prevPrio, prev.prio);
        out.number(SWITCH.prevState, state);
        out.text(SWITCH.nextComm, next.comm);
        out.number(SWITCH.nextPid, next.pid);
        out.number(SWITCH.nextPrio, next.prio);
      });
    } else {
      out.number(EVENT.pid, event.by);
      out.message(EVENT.schedWaking, () => {
        out.text(WAKING.comm, event.task.comm);
        out.number(WAKING.pid, event.task.pid);
        out.number(WAKING.prio, event.task.prio);
        out.number(WAKING.success, 1);
        out.number(WAKING.targetCpu, event.target);
      });
    }
  });
}

function writeSleeps(out: ProtoWriter, sleeps: readonly Sleep[], names: ReadonlyMap<number, string>, process: (pid: number) => number): void {
  let first = true;
  const packet = (fill: () => void): void => out.message(PACKET, () => {
    out.number(SEQUENCE_ID, SEQUENCE);
    if (first) out.number(SEQUENCE_FLAGS, STATE_CLEARED);
    first = false;
    fill();
  });
  for (const pid of new Set(sleeps.map(({ pid }) => pid))) {
    packet(() => out.message(TRACK_DESCRIPTOR, () => {
      out.number(TRACK.uuid, pid);
      out.message(TRACK.thread, () => {
        out.number(TRACK_THREAD.pid, process(pid));
        out.number(TRACK_THREAD.tid, pid);
        out.text(TRACK_THREAD.name, names.get(pid) ?? '');
      });
    }));
  }
  for (const { pid, wchan, from, to } of sleeps) {
    for (const [time, type] of [[from, SLICE_BEGIN], [to, SLICE_END]]) {
      packet(() => {
        out.number(TIMESTAMP, ns(time));
        out.message(TRACK_EVENT, () => {
          out.number(SLICE.type, type);
          out.number(SLICE.trackUuid, pid);
          if (type === SLICE_BEGIN) out.text(SLICE.name, wchan);
        });
      });
    }
  }
}
