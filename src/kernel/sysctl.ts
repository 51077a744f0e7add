/**
 * The settings of a running machine, by the dotted names of sysctl(8): one table with default, range and meaning,
 * one word in kernel memory for each value, the same on every isolate. What is fixed at boot is in param.ts.
 */
import { load, store } from '../lib/atomic.js';
import { EINVAL, ENOENT, KernelError } from '../lib/errno.js';
import { SYSCTLS_AT } from './memlayout.js';
import { BUDGET_MS, HALT_POLL_US, PID_MAX_LIMIT, RESERVED_PIDS, WARM_ISOLATES } from './param.js';

/** One number, or a few that belong together. */
type Value = number | readonly number[];

export interface SysctlEntry<V extends Value = Value> {
  readonly about: string;
  readonly initial: V;
  readonly min: number;
  readonly max: number;
}

const entry = <const V extends Value>(initial: V, min: number, max: number, about: string): SysctlEntry<V> => ({ about, min, max, initial });

/** LONG_MAX / HZ on a 32-bit machine with HZ=1000. */
const LONG_MAX_SECS = 2147483;

export const SYSCTLS = Object.freeze({
  'kernel.pid_max': entry(PID_MAX_LIMIT, RESERVED_PIDS + 1, PID_MAX_LIMIT, 'pids stay below this and then start again at 300'),
  'kernel.hung_task_timeout_secs': entry(120, 0, LONG_MAX_SECS, 'seconds in D after which a task is reported; 0: never'),
  'kernel.hung_task_check_interval_secs': entry(0, 0, LONG_MAX_SECS, 'seconds between two looks; 0: as the timeout'),
  'kernel.hung_task_check_count': entry(PID_MAX_LIMIT, 0, 0x7fffffff, 'tasks looked at in one go'),
  'kernel.hung_task_warnings': entry(10, -1, 0x7fffffff, 'reports left; -1: no end'),
  'kernel.hung_task_panic': entry(0, 0, 0x7fffffff, 'tasks found hung in one look that stop the machine; 0: never'),
  'kernel.hung_task_all_cpu_backtrace': entry(0, 0, 1, 'a report shows what all CPUs do'),
  'kernel.hung_task_detect_count': entry(0, 0, 0, 'tasks found hung since boot; writing 0 starts again'),
  'kernel.watchdog': entry(1, 0, 1, 'looks for CPUs that are stuck'),
  'kernel.soft_watchdog': entry(1, 0, 1, 'the same; both must be 1'),
  'kernel.nmi_watchdog': entry(0, 0, 0, 'hard lockups, which are not looked for: nothing here can block interrupts'),
  'kernel.watchdog_thresh': entry(10, 0, 60, 'a CPU stuck for twice as many seconds is reported; 0: never'),
  'kernel.softlockup_panic': entry(0, 0, 1, 'a stuck CPU stops the machine'),
  'kernel.softlockup_all_cpu_backtrace': entry(0, 0, 1, 'a report shows what all CPUs do'),
  'kernel.printk': entry([7, 4, 1, 7], 0, 15, 'log levels: console, default for messages, lowest for the console, console at boot'),
  'kernel.printk_ratelimit': entry(5, 0, 3600, 'seconds in which printk_ratelimit lets a burst through'),
  'kernel.printk_ratelimit_burst': entry(10, 0, 100000, 'messages of such a burst'),
  'kernel.panic_on_oops': entry(0, 0, 1, 'an exception out of a thread stops the machine'),
  'kernel.sched_budget_us': entry(BUDGET_MS * 1000, 100, 1000000, 'microseconds of thread work after which a shared isolate turns to its event loop'),
  'kernel.halt_poll_us': entry(HALT_POLL_US, 0, 10000, 'longest poll before a blocking isolate sleeps, microseconds; 0: none'),
  'kernel.prove_locking': entry(1, 0, 1, 'two declared locks that are taken in both orders are reported, once'),
  'power.freeze_timeout': entry(20000, 0, 0x7fffffff, 'milliseconds in which all freezable threads must freeze, or none is'),
  'kernel.warm_isolates': entry(WARM_ISOLATES, 0, 64, 'isolates kept ready for plain threads'),
} satisfies Record<string, SysctlEntry>);

export type SysctlName = keyof typeof SYSCTLS;
/** What a setting is: a number, or for some of them several. */
export type SysctlValue<N extends SysctlName> = (typeof SYSCTLS)[N]['initial'] extends number ? number : readonly number[];

const numbersOf = (value: Value): readonly number[] => (typeof value === 'number' ? [value] : value);
const places = new Map<string, number>();
let at = SYSCTLS_AT;
for (const [name, { initial }] of Object.entries(SYSCTLS)) {
  places.set(name, at);
  at += numbersOf(initial).length * 4;
}

/** Boot: every value to its default. */
export function initSysctls(): void {
  for (const [name, { initial }] of Object.entries(SYSCTLS)) numbersOf(initial).forEach((value, i) => store(places.get(name)! + i * 4, value));
}

let onWrite: () => void = () => {};

/** Calls `fn` when a setting was written on this isolate. */
export function onSysctlWrite(fn: typeof onWrite): void {
  onWrite = fn;
}

/** The address of the value of `name`, for who reads it often. */
export const sysctlWord = (name: SysctlName): number => places.get(name)!;

/** The value of `name` (its `index`-th number), for the kernel's own use: no checks. */
export const sysctlGet = (name: SysctlName, index = 0): number => load(places.get(name)! + index * 4);

/** Whether there is a setting `name`, for names that come from outside. */
export const isSysctl = (name: string): name is SysctlName => places.has(name);

/**
 * Reads the setting `name`, or writes it when values are given, numbers or text as one writes it to /proc/sys; returns what
 * it is then. Throws KernelError ENOENT for an unknown name, EINVAL for a value that is no whole number in range.
 */
export function sysctl<N extends SysctlName>(name: N, ...values: ReadonlyArray<number | string>): SysctlValue<N> {
  if (!isSysctl(name)) throw new KernelError(-ENOENT, `sysctl: there is no setting "${String(name)}"`);
  const place = places.get(name)!;
  const { initial, min, max }: SysctlEntry = SYSCTLS[name];
  const count = numbersOf(initial).length;
  const given = values.flatMap((v): Array<number | string> => (typeof v === 'string' ? v.trim().split(/\s+/) : [v]));
  if (given.length > count) throw new KernelError(-EINVAL, `sysctl: ${name} takes ${count} number(s), not ${given.length}`);
  const numbers = given.map((v) => {
    const n = typeof v === 'number' ? v : /^-?\d+$/.test(v) ? Number(v) : NaN;
    if (!Number.isInteger(n) || n < min || n > max) throw new KernelError(-EINVAL, `sysctl: ${name} takes whole numbers from ${min} to ${max}, not "${v}"`);
    return n;
  });
  numbers.forEach((n, i) => store(place + i * 4, n));
  if (numbers.length > 0) onWrite();
  const now = numbersOf(initial).map((_, i) => load(place + i * 4));
  return (typeof initial === 'number' ? now[0] : now) as SysctlValue<N>;
}
