/**
 * kernel/freezer.c and kernel/power/process.c for C modules. The freezable waits are linux/wait.h's: their state says so.
 */
import { freezableScheduleSync, freezableScheduleTimeoutSync, freezing, frozen, kthreadFreezableShouldStopSync, setFreezableSync, tryToFreezeSync, type WasFrozen } from '../../kernel/freezer.js';
import { freezeProcessesSync, thawProcesses } from '../../kernel/power/process.js';
import { u8 } from '../../lib/memory.js';
import { checked, taskOf, type Imports } from '../abi.js';

export const freezer: Imports = {
  set_freezable: () => setFreezableSync(),
  try_to_freeze: () => tryToFreezeSync(),
  freezing: (task: number) => freezing(taskOf(task)),
  frozen: (task: number) => frozen(taskOf(task)),
  kthread_freezable_should_stop: (at: number) => {
    const was: WasFrozen = { frozen: false };
    const stop = kthreadFreezableShouldStopSync(was);
    if (at !== 0) u8[checked(at, 1, true)] = Number(was.frozen);
    return stop;
  },
  freezable_schedule: () => freezableScheduleSync(),
  freezable_schedule_timeout: (timeout: number) => freezableScheduleTimeoutSync(timeout),
  freeze_processes: () => freezeProcessesSync(),
  freeze_kernel_threads: () => freezeProcessesSync(),
  thaw_processes: () => thawProcesses(),
  thaw_kernel_threads: () => thawProcesses(),
};
