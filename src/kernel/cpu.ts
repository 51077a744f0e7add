/**
 * Which CPUs the machine has, and which of them are online: all that it booted with, but for those that went offline
 * (smpboot.ts). The sets themselves are lib/cpumask.ts, which CPU runs the caller is locking/percpu.ts.
 */
import { load } from '../lib/atomic.js';
import { cpumaskOf, cpumaskWeight, type CpuMask } from '../lib/cpumask.js';
import { CPU, cpuAt } from './memlayout.js';
import { numPossibleCpus } from './smp.js';

/** Whether the machine has a CPU of that number, online or not. C: cpu_possible. */
export const cpuPossible = (cpu: number): boolean => Number.isInteger(cpu) && cpu >= 0 && cpu < numPossibleCpus();

/** Whether it has, and that CPU is online. C: cpu_online. */
export const cpuOnline = (cpu: number): boolean => cpuPossible(cpu) && load(cpuAt(cpu) + CPU.online) === 1;

/** The CPUs that are online, ascending. C: for_each_online_cpu. */
export function* forEachOnlineCpu(): Generator<number, void, void> {
  for (let cpu = 0; cpu < numPossibleCpus(); cpu++) if (cpuOnline(cpu)) yield cpu;
}

/** The set of the CPUs that are online. C: cpu_online_mask. */
export const cpuOnlineMask = (): CpuMask => cpumaskOf(...forEachOnlineCpu());

/** How many CPUs are online. C: num_online_cpus. */
export const numOnlineCpus = (): number => cpumaskWeight(cpuOnlineMask());
