/**
 * A kernel memory with nothing running in it, for tests of what lies below the scheduler: machine record, sysctls, heap,
 * time and as many isolates as a test wants to be. It boots nothing; a test of threads boots the real machine.
 */
import { setHost, type Host } from '../arch/host.js';
import { store } from '../lib/atomic.js';
import { attachMemory, w32, wf64 } from '../lib/memory.js';
import { CPUS_AT, CPU, ISOLATES_AT, ISOLATE_STRIDE, MACHINE, MACHINE_MAGIC, MACHINE_RUNNING, machineWord } from './memlayout.js';
import { initSlab } from './mm/slab.js';
import { TASK } from './sched/task.js';
import { ISOLATE, ISOLATE_BUSY, ISOLATE_DEAD, joinMachine } from './smp.js';
import { initSysctls } from './sysctl.js';
import { initTime } from './time/time.js';

const ISOLATES = 8;
const BYTES = 32 << 20;

/** A clock that moves when told, ms. The wall clock shows `EPOCH` at boot. */
export const clock = { now: 0 };
export const EPOCH = Date.UTC(2024, 0, 5, 10, 11, 12);

/** Makes the memory and joins it as isolate 1; isolates 2 to 8 are alive for others to join as. The clock stands at boot. */
export function bareMachine(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(BYTES);
  attachMemory(memory);
  for (const [field, value] of [[MACHINE.magic, MACHINE_MAGIC], [MACHINE.memory_size, BYTES], [MACHINE.nr_cpus, 2], [MACHINE.hz, 1000],
    [MACHINE.next_isolate, ISOLATES + 1], [MACHINE.state, MACHINE_RUNNING]] as const) w32(machineWord(field), value);
  wf64(machineWord(MACHINE.boot_time), 0);
  for (let n = 1; n <= ISOLATES; n++) {
    w32(ISOLATES_AT + n * ISOLATE_STRIDE + ISOLATE.number, n);
    w32(ISOLATES_AT + n * ISOLATE_STRIDE + ISOLATE.state, ISOLATE_BUSY);
  }
  for (let cpu = 0; cpu < 2; cpu++) w32(CPUS_AT + cpu * CPU.sizeof + CPU.online, 1);
  initSysctls();
  initSlab(TASK.sizeof, true);
  clock.now = 0;
  joinBare(memory, 1, () => clock.now);
  return memory;
}

const { timeOrigin } = performance;

/** Joins a memory that bareMachine made, from whichever OS thread. */
export function joinBare(memory: SharedArrayBuffer, number: number, now: () => number = () => timeOrigin + performance.now()): void {
  const host: Partial<Host> = { clock: now, wallClock: () => EPOCH + now() };
  setHost(host as Host);
  attachMemory(memory);
  joinMachine(number);
  initTime();
  initSlab(TASK.sizeof, false);
}

/** What is seen of an isolate whose OS thread ended: it holds its locks, and nobody lives there. */
export function killIsolate(number: number): void {
  store(ISOLATES_AT + number * ISOLATE_STRIDE + ISOLATE.state, ISOLATE_DEAD);
}
