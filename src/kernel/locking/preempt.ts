/**
 * The preempt count: how many spinlocks a task holds. There is no preemption here, a thread leaves the CPU only by a
 * call; so all the count does is to catch that call, which would leave others spinning for as long as it sleeps.
 */
import { host } from '../../arch/host.js';
import { r32, w32 } from '../../lib/memory.js';
import { sprintf } from '../../lib/printf.js';
import { callTrace, reportBug, whoRuns } from '../panic.js';
import { holder, preemptWord, setAtomicReporter } from '../sched/core.js';
import { TASK } from '../sched/task.js';
import { self } from '../smp.js';

/** From here to preemptEnable() the caller must not sleep or await; they nest. It keeps nobody else from running: that takes a lock. C: preempt_disable. */
export const preemptDisable = (): void => preemptAdd(1);

/** C: preempt_enable. */
export const preemptEnable = (): void => preemptAdd(-1);

/** Adds to the preempt count. C: preempt_count_add. */
export function preemptAdd(by: number): void {
  const word = preemptWord(holder());
  w32(word, r32(word) + by);
}

/** What of a preempt word is a count. Above it: C keeps interrupts away, which is no count but no time to sleep either. */
export const PREEMPT_COUNT = 0xffffff;

/** Spinlocks that the caller holds, and preemptDisable() calls. C: preempt_count. */
export const preemptCount = (): number => r32(preemptWord(holder())) & PREEMPT_COUNT;

/** Places told, by their traces, so that each is told once. Most of them. */
const told = new Set<string>();
const TOLD_MAX = 256;

/** `task` (0: code outside of any) leaves the CPU with a spinlock in hand, or is in `why`, where it might. */
function report(task: number, why?: string): void {
  const word = r32(task === 0 ? preemptWord(null) : task + TASK.preempt_count), count = word & PREEMPT_COUNT;
  const { pid, comm } = whoRuns(task, self);
  const trace = host.errorTrace(report);
  if (why === undefined) return reportBug(sprintf('scheduling while atomic: %s/%d/0x%08x', comm, pid, count), task, [], trace);
  const place = callTrace(trace).replace(/\n(async |(kthread|kthreadOwn|begin|call) \(kernel\/kthread\.)[^]*/, ''); // How it got there is another matter.
  if (told.has(place) || told.size === TOLD_MAX) return;
  told.add(place);
  reportBug(`sleeping function called from invalid context at ${why}`, task, [
    sprintf('in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %d, name: %s', count === 0 ? 0 : 1, word === count ? 0 : 1, pid, comm),
    sprintf('preempt_count: %x, expected: 0', count),
  ], trace);
}
setAtomicReporter(report);
