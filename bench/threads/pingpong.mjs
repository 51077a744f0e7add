// Two plain threads that wake each other in turn. Each says that it will sleep before it wakes the other, so the answer cannot
// come too early; and nobody else wakes them meanwhile, so exactly one of the two runs.
import { TASK_INTERRUPTIBLE, TASK_RUNNING, current, declareShared, kthreadRunSync, kthreadShouldStop, kthreadStopSync, scheduleSync, setCurrentState, threadfn, wakeUpProcess } from 'kthread';
import { pinThread } from '../lib/pin.mjs';

/** Returns how often it was woken. */
const ponger = threadfn(import.meta, 'ponger', ({ pinger, cpu }) => {
  pinThread(cpu);
  let woken = 0;
  setCurrentState(TASK_INTERRUPTIBLE);
  for (;;) {
    scheduleSync();
    setCurrentState(TASK_INTERRUPTIBLE);
    if (kthreadShouldStop()) break;
    woken++;
    wakeUpProcess(pinger);
  }
  setCurrentState(TASK_RUNNING);
  return woken;
});

/** The nanoseconds of CPU time that a round trip of the last pair took, of all cores together. */
export const cpuNs = () => declareShared(import.meta, 'cpuNs', Int32Array, 1);

/** Returns the nanoseconds that a round trip takes. */
export const pinger = threadfn(import.meta, 'pinger', ({ rounds, cores }) => {
  pinThread(cores[0]);
  const other = kthreadRunSync(ponger, { pinger: current(), cpu: cores[1] }, 'ponger');
  while (other.stateWord !== TASK_INTERRUPTIBLE) continue;
  const warm = Math.ceil(rounds / 10);
  const trip = () => {
    setCurrentState(TASK_INTERRUPTIBLE);
    wakeUpProcess(other);
    scheduleSync();
  };
  for (let i = 0; i < warm; i++) trip();
  const used = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let i = 0; i < rounds; i++) trip();
  const took = Number(process.hrtime.bigint() - start);
  const { user, system } = process.cpuUsage(used);
  cpuNs()[0] = ((user + system) * 1000) / rounds;
  const woken = kthreadStopSync(other);
  if (woken !== warm + rounds) throw new Error(`the other was woken ${woken} times, not ${warm + rounds}`);
  return Math.round(took / rounds);
});
