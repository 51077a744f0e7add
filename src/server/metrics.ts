/**
 * The machine as Prometheus reads it: text exposition format, version 0.0.4. Serving it over HTTP is the program's
 * business, which has its own server; `kthread metrics` prints it.
 */
import { r32 } from '../lib/memory.js';
import { contextSwitches, cpuBusy, snapshot, type ProcTask } from '../fs/proc.js';
import { HEAP_BLOCK, MACHINE, machineWord } from '../kernel/memlayout.js';
import { listModules } from '../kernel/module.js';
import { logFirst, logNext } from '../kernel/printk/ringbuffer.js';
import { STATE_WORDS } from '../kernel/sched/task.js';
import { ISOLATE, ISOLATE_BUSY, SHARED, forEachIsolate } from '../kernel/smp.js';
import { sysctlGet } from '../kernel/sysctl.js';
import { uptime } from '../kernel/time/time.js';

/** Thread names that have series of their own: those with the most CPU time. */
const NAMES_MAX = 500;

type Sample = readonly [labels: Readonly<Record<string, string | number>>, value: number];

/** All series as text. Costs a look at every task. */
export const metricsText = (): string => metricsOf(snapshot());

/** The same of tasks that somebody has looked at. */
export function metricsOf(tasks: readonly ProcTask[]): string {
  const threads = byName(tasks);
  return [
    family('kthread_uptime_seconds', 'gauge', 'Time since the machine booted.', [[{}, uptime() / 1000]]),
    family('kthread_tasks', 'gauge', 'Tasks by state.', Object.keys(STATE_WORDS).map((state) => [{ state }, tasks.filter(({ letter }) => letter === state).length])),
    family('kthread_isolates', 'gauge', 'Isolates at work: shared by async threads, or owned by a plain one.', isolates()),
    family('kthread_cpu_busy_seconds_total', 'counter', 'Time in which a CPU ran threads.', cpuBusy().map((ms, cpu) => [{ cpu }, ms / 1000])),
    family('kthread_context_switches_total', 'counter', 'Turns that threads have had.', [[{}, contextSwitches()]]),
    family('kthread_modules', 'gauge', 'Loaded modules.', [[{}, listModules().length]]),
    family('kthread_log_records_total', 'counter', 'Log records written.', [[{}, logNext()]]),
    family('kthread_log_records_lost_total', 'counter', 'Log records overwritten by newer ones.', [[{}, logFirst()]]),
    family('kthread_hung_tasks_total', 'counter', 'Tasks that were found hung.', [[{}, sysctlGet('kernel.hung_task_detect_count')]]),
    family('kthread_tainted', 'gauge', 'Taint bits: 8 a module was removed by force, 128 an oops happened, 512 a WARN, 16384 a CPU was stuck.', [[{}, r32(machineWord(MACHINE.tainted))]]),
    family('kthread_memory_bytes', 'gauge', 'Kernel memory: all of it, and what of the heap is handed out.', memory()),
    family('kthread_thread_cpu_seconds_total', 'counter', 'CPU time of the threads of a name that are there now.', threads.map(({ name, runTime }) => [{ name }, runTime / 1000])),
    family('kthread_thread_wakeups_total', 'counter', 'Times that threads of a name were woken.', threads.map(({ name, wakeups }) => [{ name }, wakeups])),
    family('kthread_threads', 'gauge', 'Threads of a name.', threads.map(({ name, count }) => [{ name }, count])),
  ].join('');
}

function family(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, of]) => `${label}="${String(of).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`).join(',');
    return `${name}${pairs && `{${pairs}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

interface Sum {
  readonly name: string;
  count: number;
  runTime: number;
  wakeups: number;
}

/** Borrowed tasks, which come and go with each call, are left out. */
function byName(tasks: readonly ProcTask[]): Sum[] {
  const sums = new Map<string, Sum>();
  for (const { name, runTime, wakeups, borrowed } of tasks) {
    if (borrowed) continue;
    const sum = sums.get(name) ?? { name, count: 0, runTime: 0, wakeups: 0 };
    sums.set(name, sum);
    sum.count++;
    sum.runTime += runTime;
    sum.wakeups += wakeups;
  }
  return [...sums.values()].toSorted((a, b) => b.runTime - a.runTime).slice(0, NAMES_MAX);
}

function isolates(): Sample[] {
  const counts = { shared: 0, own: 0 };
  forEachIsolate((at) => {
    if (r32(at + ISOLATE.state) === ISOLATE_BUSY) counts[r32(at + ISOLATE.kind) === SHARED ? 'shared' : 'own']++;
  });
  return Object.entries(counts).map(([kind, n]) => [{ kind }, n]);
}

/** In whole blocks; one that holds small records stays handed out when they are freed. */
function memory(): Sample[] {
  const used = (r32(machineWord(MACHINE.heap_next)) - r32(machineWord(MACHINE.heap_freed))) * HEAP_BLOCK - r32(machineWord(MACHINE.heap_start));
  return [[{ kind: 'size' }, r32(machineWord(MACHINE.memory_size))], [{ kind: 'heap' }, used]];
}
