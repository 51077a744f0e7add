/** Per-CPU threads of both kinds, which count what is called for them. For smpboot.test.ts; other isolates import it. */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { SPARE_AT } from './memlayout.js';
import { current } from './sched/handle.js';
import { isolateCpu, self } from './smp.js';
import { percpuThread, type SmpHotplugThread } from './smpboot.js';
import { scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync } from './time/sleep.js';

/** Words for each CPU: calls of each callback, work to be done, looks whether there is any, and mistakes that were seen. */
export const SETUP = 0, PARK = 4, UNPARK = 8, CLEANUP = 12, RUNS = 16, WORK = 20, LOOKS = 24, WRONG = 28, ONLINE = 32, STRIDE = 64;
const AT = { async: SPARE_AT + 1024, own: SPARE_AT + 2048 };

export type Kind = keyof typeof AT;
export const word = (kind: Kind, cpu: number, field: number): number => AT[kind] + cpu * STRIDE + field;

function what(kind: Kind): SmpHotplugThread {
  const seen = (field: number) => (cpu: number): void => {
    const right = isolateCpu(self) === cpu && current().cpu === cpu && (field === SETUP || load(word(kind, cpu, SETUP)) === 1);
    if (!right) fetchAdd(word(kind, cpu, WRONG), 1);
    fetchAdd(word(kind, cpu, field), 1);
  };
  return {
    threadComm: `${kind}_demo/%u`,
    threadShouldRun(cpu) {
      fetchAdd(word(kind, cpu, LOOKS), 1);
      return load(word(kind, cpu, WORK)) > 0;
    },
    threadFn: kind === 'own' ? (cpu) => {
      fetchAdd(word(kind, cpu, WORK), -1);
      scheduleTimeoutUninterruptibleSync(1);
      seen(RUNS)(cpu);
    } : async (cpu) => {
      fetchAdd(word(kind, cpu, WORK), -1);
      await scheduleTimeoutUninterruptible(1);
      seen(RUNS)(cpu);
    },
    setup: seen(SETUP),
    park: seen(PARK),
    unpark: seen(UNPARK),
    cleanup(cpu, online) {
      store(word(kind, cpu, ONLINE), online ? 1 : 2);
      seen(CLEANUP)(cpu);
    },
    ...(kind === 'own' ? { isolate: 'own' } : {}),
  };
}

export const DEMOS = { async: percpuThread(import.meta, what('async')), own: percpuThread(import.meta, what('own')) };
