/**
 * Tasks written into a bare kernel memory by hand: for tests of what only reads. Nobody schedules them; a test writes the
 * words that a scheduler would have written.
 */
import { store } from '../lib/atomic.js';
import { w32, wf64, writeString } from '../lib/memory.js';
import { MACHINE, isolateSlotAt, machineWord } from '../kernel/memlayout.js';
import { kmemCacheAlloc } from '../kernel/mm/slab.js';
import { keepText } from '../kernel/fork.js';
import { TASK_COMM_LEN, TASK_NAME_LEN } from '../kernel/param.js';
import { installPid } from '../kernel/pid.js';
import { DEFAULT_PRIO, PF_FORKNOEXEC, PF_KTHREAD, PF_NOFREEZE, TASK, TASK_INTERRUPTIBLE } from '../kernel/sched/task.js';
import { ISOLATE } from '../kernel/smp.js';

/** Flags of a fresh kthread, as a real kernel shows them: 2129984. */
export const KTHREAD_FLAGS = PF_KTHREAD | PF_NOFREEZE | PF_FORKNOEXEC;

/** Says that isolate `number` works for `cpu`, as OS thread `tid`. Returns its address. */
export function placeIsolate(number: number, cpu: number, tid: number): number {
  const at = isolateSlotAt(number);
  w32(at + ISOLATE.cpu, cpu);
  w32(at + ISOLATE.tid, tid);
  return at;
}

type Words = Partial<Record<Exclude<keyof typeof TASK, 'sizeof' | 'comm' | 'name' | 'start_time' | 'run_time' | 'last_switch'>, number>>;
type Times = Partial<Record<'start_time' | 'run_time' | 'last_switch', number>>;

/** A kthread `name` with `pid` that sleeps on isolate 1, but for the words and times (ms) given. Returns its address. */
export function addTask(pid: number, name: string, words: Words = {}, times: Times = {}): number {
  const at = kmemCacheAlloc();
  const usual: Words = {
    __state: TASK_INTERRUPTIBLE, isolate: 1, usage: 1, flags: KTHREAD_FLAGS, tgid: pid, ppid: pid <= 2 ? 0 : 2, static_prio: DEFAULT_PRIO, cpus_allowed: -1,
  };
  for (const [field, value] of Object.entries({ ...usual, ...words })) w32(at + TASK[field as keyof Words], value);
  for (const [field, value] of Object.entries(times)) wf64(at + TASK[field as keyof Times], value);
  writeString(at + TASK.comm, TASK_COMM_LEN, name);
  if (name.length >= TASK_COMM_LEN) w32(at + TASK.name, keepText(name, TASK_NAME_LEN));
  installPid(at, pid);
  store(at + TASK.pid, pid);
  w32(machineWord(MACHINE.next_pid), pid + 1);
  return at;
}
