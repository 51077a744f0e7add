/**
 * Data for each CPU, and being alone with it. A CPU is a number here, and two plain threads on one of them may run at
 * the same time; so getCpu() takes a lock, one for each CPU, where Linux only forbids preemption.
 */
import { load } from '../../lib/atomic.js';
import { r32, w32 } from '../../lib/memory.js';
import { cpuAt, CPU } from '../memlayout.js';
import { holder } from '../sched/core.js';
import { ISOLATE, self } from '../smp.js';
import { Guard } from './guard.js';
import { holderId } from './held.js';
import { preemptDisable, preemptEnable } from './preempt.js';
import { spinLockAt, spinUnlockAt } from './spinlock.js';
import { spinOwner } from './raw_spinlock.js';

/** The CPU that the caller runs on. It stays that one until the thread sleeps. C: smp_processor_id. */
export const smpProcessorId = (): number => load(self + ISOLATE.cpu);

/**
 * The CPU that the caller runs on, with everybody else on it who calls this kept waiting until putCpu(). They nest. Not to
 * be slept with. C: get_cpu.
 */
export function getCpu(): number {
  const cpu = smpProcessorId();
  const lock = cpuAt(cpu) + CPU.percpu_lock;
  if (spinOwner(lock) === holderId(holder())) preemptDisable();
  else spinLockAt(lock);
  const depth = cpuAt(cpu) + CPU.percpu_depth;
  w32(depth, r32(depth) + 1);
  return cpu;
}

/** C: put_cpu. */
export function putCpu(): void {
  putCpuAt(smpProcessorId());
}

function putCpuAt(cpu: number): void {
  const depth = cpuAt(cpu) + CPU.percpu_depth;
  w32(depth, r32(depth) - 1);
  if (r32(depth) > 0) preemptEnable();
  else spinUnlockAt(cpuAt(cpu) + CPU.percpu_lock);
}

/** getCpu() until the end of the block: `using _ = cpuGuard()`. */
export const cpuGuard = (): Guard => new Guard(putCpuAt, getCpu());
