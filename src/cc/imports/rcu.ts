/**
 * kernel/rcu for C modules.
 */
import { needThread } from '../../kernel/sched/core.js';
import { rcuReadLock, rcuReadUnlock, synchronizeRcuSync } from '../rcu.js';
import { scheduleTimeoutUninterruptibleSync } from '../../kernel/time/sleep.js';
import { checked, type Imports } from '../abi.js';
import { deferred } from '../deferred.js';
import { callRcu, rcuCounts } from '../softirq.js';
import { slab } from './slab.js';

deferred.free = slab.kfree as (at: number) => void;

/** Waits for the callbacks that were handed in until now. */
function barrier(): void {
  const [target] = rcuCounts();
  for (;;) {
    const [, done] = rcuCounts();
    if (((done - target) | 0) >= 0) return;
    scheduleTimeoutUninterruptibleSync(1);
  }
}

export const rcu: Imports = {
  rcu_read_lock: () => rcuReadLock(needThread('rcu_read_lock').addr),
  rcu_read_unlock: () => rcuReadUnlock(needThread('rcu_read_unlock').addr),
  synchronize_rcu: () => synchronizeRcuSync(),
  call_rcu: (node: number, func: number) => callRcu(checked(node, 8, true), func),
  rcu_barrier: barrier,
};
