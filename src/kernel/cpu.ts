/**
 * Which CPUs the machine has. All that it booted with are online until it halts, so possible, present and online are one.
 * The sets themselves are lib/cpumask.ts, which CPU runs the caller is locking/percpu.ts.
 */
import { cpumaskOf, type CpuMask } from '../lib/cpumask.js';
import { numOnlineCpus } from './smp.js';

/** The CPUs of the machine, ascending. C: for_each_online_cpu. */
export function* forEachOnlineCpu(): Generator<number, void, void> {
  for (let cpu = 0; cpu < numOnlineCpus(); cpu++) yield cpu;
}

/** The set of the CPUs of the machine. C: cpu_online_mask. */
export const cpuOnlineMask = (): CpuMask => cpumaskOf(...forEachOnlineCpu());

/** Whether the machine has a CPU of that number. C: cpu_online. */
export const cpuOnline = (cpu: number): boolean => Number.isInteger(cpu) && cpu >= 0 && cpu < numOnlineCpus();
