/**
 * kernel/softirq.c for C modules: tasklets, and what context the caller is in.
 */
import { fetchAdd } from '../../lib/atomic.js';
import { r32, w32 } from '../../lib/memory.js';
import { preemptAdd, preemptCount } from '../../kernel/locking/preempt.js';
import { holder, preemptWord } from '../../kernel/sched/core.js';
import { scheduleTimeoutUninterruptibleSync } from '../../kernel/time/sleep.js';
import { checked, type Imports } from '../abi.js';
import { TASKLET } from '../../kernel/callbacks.js';
import { enabledTasklet, scheduleTasklet, taskletBusy, waitWhileRuns } from '../softirq.js';

const of = (at: number): number => checked(at, TASKLET.sizeof, true);

/** In the preempt count: the caller keeps interrupts away, and one runs. */
const IRQS_OFF = 0x1000000, IRQ_MASK = 0xff0000;

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
  kthread_preempt_add: (n: number) => preemptAdd(n),
  preempt_count: () => preemptCount(),
  kthread_irqs_disabled: () => (r32(preemptWord(holder())) & (IRQS_OFF | IRQ_MASK)) !== 0,
  kthread_irq_save: () => {
    const word = preemptWord(holder());
    const was = r32(word);
    w32(word, was | IRQS_OFF);
    return (was & IRQS_OFF) !== 0;
  },
  kthread_irq_restore: (flags: number) => {
    const word = preemptWord(holder());
    w32(word, flags !== 0 ? r32(word) | IRQS_OFF : r32(word) & ~IRQS_OFF);
  },
};
