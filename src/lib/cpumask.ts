/**
 * Sets of CPUs, as values: 64 bits, CPU n is bit n. A mask never changes, may be compared with === and travels as thread
 * data. Which CPUs there are is kernel/cpu.ts.
 */

declare const brand: unique symbol;

/** A set of CPUs. C: struct cpumask. */
export type CpuMask = bigint & { readonly [brand]: true };

/** As the first or last CPU of an empty mask. C: nr_cpu_ids, where it is the number of possible CPUs. */
export const NO_CPU = 64;

const mask = (bits: bigint): CpuMask => BigInt.asUintN(64, bits) as CpuMask;

/** The set of these CPUs, each 0 to 63. C: cpumask_of, for any number of CPUs. */
export const cpumaskOf = (...cpus: readonly number[]): CpuMask => mask(cpus.reduce((bits, cpu) => bits | (1n << BigInt(cpu)), 0n));

/** The set in two words of 32 bits. */
export const cpumaskFromWords = (low: number, high: number): CpuMask => mask(BigInt(low >>> 0) | (BigInt(high >>> 0) << 32n));

/** The two words of a set, as signed numbers. */
export const cpumaskWords = (a: CpuMask): readonly [low: number, high: number] => [Number(BigInt.asIntN(32, a)), Number(BigInt.asIntN(32, a >> 32n))];

/** C: cpumask_test_cpu. */
export const cpumaskTestCpu = (cpu: number, a: CpuMask): boolean => ((a >> BigInt(cpu)) & 1n) === 1n;
/** C: cpumask_and, which returns the result here. */
export const cpumaskAnd = (a: CpuMask, b: CpuMask): CpuMask => mask(a & b);
/** C: cpumask_or. */
export const cpumaskOr = (a: CpuMask, b: CpuMask): CpuMask => mask(a | b);
/** Those of `a` that are not in `b`. C: cpumask_andnot. */
export const cpumaskAndnot = (a: CpuMask, b: CpuMask): CpuMask => mask(a & ~b);
/** Whether all of `a` are in `b`. C: cpumask_subset. */
export const cpumaskSubset = (a: CpuMask, b: CpuMask): boolean => (a & ~b) === 0n;
/** C: cpumask_empty. */
export const cpumaskEmpty = (a: CpuMask): boolean => a === 0n;

/** The CPUs of `a`, ascending. C: for_each_cpu. */
export function* forEachCpu(a: CpuMask): Generator<number, void, void> {
  for (let cpu = 0; cpu < NO_CPU; cpu++) if (cpumaskTestCpu(cpu, a)) yield cpu;
}

/** How many CPUs there are in `a`. C: cpumask_weight. */
export const cpumaskWeight = (a: CpuMask): number => [...forEachCpu(a)].length;
/** NO_CPU for an empty one. C: cpumask_first. */
export const cpumaskFirst = (a: CpuMask): number => [...forEachCpu(a)][0] ?? NO_CPU;
/** NO_CPU for an empty one. C: cpumask_last. */
export const cpumaskLast = (a: CpuMask): number => [...forEachCpu(a)].at(-1) ?? NO_CPU;
