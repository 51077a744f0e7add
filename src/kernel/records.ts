/**
 * Every file that declares a record, so that all isolates know all layouts before they compare them.
 */
import './kthread.js';
import './locking/mutex.js';
import './locking/preempt.js';
import './locking/spinlock.js';
import './module.js';
import './printk/ringbuffer.js';
import './sched/completion.js';
import './smp.js';
import './statics.js';
