/**
 * kernel/softirq.c for C modules: tasklets, and what context the caller is in.
 */
import { fetchAdd } from '../../lib/atomic.js';
import { r32, w32 } from '../../lib/memory.js';
import { preemptCount } from '../../kernel/locking/preempt.js';
import { holder, preemptWord } from '../../kernel/sched/core.js';
import { scheduleTimeoutUninterruptibleSync } from '../../kernel/time/sleep.js';
import { checked, type Imports } from '../abi.js';
import { TASKLET } from '../../kernel/callbacks.js';
import { enabledTasklet, scheduleTasklet, taskletBusy, waitWhileRuns } from '../softirq.js';

const of = (at: number): number => checked(at, TASKLET.sizeof, true);

function disable(at: number): void {
  fetchAdd(of(at) + TASKLET.count, 1);
}

export const softirq: Imports = {
  tasklet_schedule: (at: number) => scheduleTasklet(of(at), false),
  tasklet_hi_schedule: (at: number) => scheduleTasklet(of(at), true),
  tasklet_disable_nosync: disable,
  tasklet_disable: (at: number) => {
    disable(at);
    waitWhileRuns(at);
  },
  tasklet_enable: (at: number) => {
    fetchAdd(of(at) + TASKLET.count, -1);
    enabledTasklet(at);
  },
  tasklet_kill: (at: number) => {
    while (taskletBusy(of(at))) scheduleTimeoutUninterruptibleSync(1);
    w32(at + TASKLET.state, r32(at + TASKLET.state) & ~1);
  },
  kthread_preempt_add: (n: number) => {
    const word = preemptWord(holder());
    w32(word, r32(word) + n);
  },
  preempt_count: () => preemptCount(),
};
