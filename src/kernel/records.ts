/**
 * Every file that declares a record, so that all isolates know all layouts before they compare them.
 */
import './callbacks.js';
import './kthread.js';
import './kthread_work.js';
import './kthread_worker.js';
import './locking/mutex.js';
import './locking/preempt.js';
import './locking/refcount.js';
import './locking/rwlock.js';
import './locking/rwsem.js';
import './locking/semaphore.js';
import './locking/seqlock.js';
import './locking/spinlock.js';
import './module.js';
import './printk/ringbuffer.js';
import './sched/completion.js';
import './sched/wait_queue.js';
import './smp.js';
import './smpboot.js';
import './statics.js';
import './symbols.js';
