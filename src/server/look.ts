/**
 * The calls that look at the machine: they change nothing and, but for call traces, ask nobody. What takes long goes to
 * its client in parts, with the host worker's other duties in between.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { load } from '../lib/atomic.js';
import { EINVAL, KernelError } from '../lib/errno.js';
import { r32, readString, rf64 } from '../lib/memory.js';
import { contextSwitches, cpuBusy, lastPid, readProc, readTask, type ProcTask } from '../fs/proc.js';
import { cpuOnline } from '../kernel/cpu.js';
import { listModules } from '../kernel/module.js';
import { printTainted } from '../kernel/panic.js';
import { findTask, forEachTask } from '../kernel/pid.js';
import { logNext, type LogRecord } from '../kernel/printk/ringbuffer.js';
import { LogReader } from '../kernel/printk/syslog.js';
import { stateLetter, TASK } from '../kernel/sched/task.js';
import { ISOLATE, ISOLATE_BUSY, SHARED, forEachIsolate, isolateCpu, numPossibleCpus } from '../kernel/smp.js';
import { taskTrace } from '../kernel/stacktrace.js';
import { uptime } from '../kernel/time/time.js';
import type { Caller } from './connection.js';
import { checkList, checkNumber, checkText, findAll, findOne } from './find.js';
import { metricsOf } from './metrics.js';
import type { Calls, MachineStat } from './protocol.js';

type Args<N extends keyof Calls> = Calls[N]['args'];
type Result<N extends keyof Calls> = Calls[N]['result'];
type Items<N extends keyof Calls> = AsyncGenerator<Calls[N]['item'], Result<N>, void>;

/** Tasks, or log records, of one item. */
const BATCH = 256;
/** Names that one call may ask for: each is a look at all tasks. */
const WHO_MAX = 64;

export function stat(): MachineStat {
  const tasks: Record<string, number> = {};
  forEachTask((at, pid) => {
    const letter = stateLetter(load(at + TASK.__state));
    if (pid !== 0) tasks[letter] = (tasks[letter] ?? 0) + 1;
  });
  const busy = cpuBusy();
  const isolates: Array<MachineStat['isolates'][number]> = [];
  forEachIsolate((at) => {
    if (load(at + ISOLATE.state) !== ISOLATE_BUSY) return;
    isolates.push({
      number: r32(at + ISOLATE.number), kind: r32(at + ISOLATE.kind) === SHARED ? 'shared' : 'own', cpu: isolateCpu(at), tid: r32(at + ISOLATE.tid),
      threads: r32(at + ISOLATE.threads), busy: rf64(at + ISOLATE.busy), comm: readString(at + ISOLATE.comm, 16),
    });
  });
  return {
    now: uptime(), tasks, switches: contextSwitches(), lastPid: lastPid(), tainted: printTainted(), isolates,
    cpus: Array.from({ length: numPossibleCpus() }, (_, cpu) => ({ cpu, online: cpuOnline(cpu), busy: busy[cpu] })),
  };
}

/** Each task is as it was at one moment; between two of them time goes on. */
export async function* ps({ who }: Args<'ps'>): Items<'ps'> {
  const pids: number[] = [];
  if (who === undefined) forEachTask((_, pid) => void (pid !== 0 && pids.push(pid)));
  else pids.push(...new Set(checkList('ps', 'who', who, WHO_MAX, (one) => findAll('ps', one)).flat().map(({ pid }) => pid)));
  for (let i = 0; i < pids.length; i += BATCH) {
    const tasks: ProcTask[] = [];
    for (const pid of pids.slice(i, i + BATCH)) {
      const at = findTask(pid);
      const task = at === 0 ? undefined : readTask(at, pid);
      if (task) tasks.push(task);
    }
    yield tasks;
    await turn();
  }
  return { now: uptime() };
}

/** A client that reads more slowly than others write misses records, and is told how many. */
export async function* dmesg({ follow = false, from = 'cleared', since = 0, levels }: Args<'dmesg'>, { asksNoMore }: Caller): Items<'dmesg'> {
  const wanted = levels === undefined ? undefined : checkList('dmesg', 'levels', levels, 8, (level) => checkNumber('dmesg', 'level', level, 0, 7));
  if (typeof since !== 'number') throw new KernelError(-EINVAL, 'dmesg: since takes milliseconds');
  const reader = new LogReader(typeof from === 'number' ? checkNumber('dmesg', 'from', from, 0, logNext()) : from === 'oldest' || from === 'next' ? from : 'cleared');
  const hungUp = new Promise<void>((resolve) => asksNoMore.addEventListener('abort', () => resolve(), { once: true }));
  try {
    for (;;) {
      const { lost } = reader;
      const records: LogRecord[] = [];
      let read = 0;
      for (let record = reader.next(); record; record = ++read < BATCH ? reader.next() : undefined) {
        if (record.ts >= since && (wanted === undefined || wanted.includes(record.level))) records.push(record);
      }
      if (records.length > 0 || reader.lost > lost) yield { lost: reader.lost - lost, records };
      if (read === BATCH) continue;
      if (!follow || asksNoMore.aborted) return { next: reader.seq };
      await Promise.race([reader.more(), hungUp]);
    }
  } finally {
    reader.close();
  }
}

/** As metricsText, with a turn for others after some tasks. */
export async function metrics(): Promise<Result<'metrics'>> {
  const tasks: ProcTask[] = [];
  for await (const some of ps({})) tasks.push(...some);
  return { text: metricsOf(tasks) };
}

export async function cat({ path }: Args<'cat'>): Promise<Result<'cat'>> {
  return { text: await readProc(checkText('cat', 'path', path)) };
}

/** Of any thread in any state, within two seconds. No lines where there is nothing to see, such as a program that waits in its event loop. */
export async function stack({ who }: Args<'stack'>): Promise<Result<'stack'>> {
  const task = findOne('stack', who);
  const { pid, name, state } = task;
  return { pid, name, state, trace: await traceLines(task) };
}

export const traceLines = async (task: Parameters<typeof taskTrace>[0]): Promise<string[]> => (await taskTrace(task)).split('\n').filter(Boolean);

export const modules = (): Result<'modules'> => listModules();
