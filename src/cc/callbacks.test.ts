/**
 * What modules in C ask to be called later: timers, tasklets, works, callbacks of RCU, and what is said of those that a
 * module leaves behind.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { oneMachine } from '../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, runModule, sources } from './c_module.fixture.js';

const { machine } = oneMachine();
const { write } = sources();

const LATER = `${HEAD}
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
struct node { int value; struct rcu_head rcu; };
static struct node *shared;
static DECLARE_COMPLETION(done);
static DECLARE_RWSEM(sem);
static DEFINE_SEQLOCK(seq);
static DEFINE_RWLOCK(rw);
static int ticks, tasks, freed;
static void on_task(struct tasklet_struct *t) { tasks++; printk("tasklet: interrupt %d task %d\\n", !!in_interrupt(), in_task()); complete(&done); }
static DECLARE_TASKLET(tasklet, on_task);
static enum hrtimer_restart on_tick(struct hrtimer *timer)
{
	if (++ticks == 3) { complete(&done); return HRTIMER_NORESTART; }
	hrtimer_forward_now(timer, ms_to_ktime(2));
	return HRTIMER_RESTART;
}
static void on_free(struct rcu_head *head) { struct node *node = container_of(head, struct node, rcu); freed = node->value; kfree(node); }
static void release(struct kref *ref) { printk("released\\n"); }
struct job { struct work_struct work; int n; };
static void on_work(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);
	msleep(5);
	printk("work %d sleeps in %.8s\\n", job->n, current->comm);
	kfree(job);
	complete(&done);
}
static int __init later_init(void)
{
	struct hrtimer timer;
	struct node *node = kzalloc(sizeof(*node), GFP_KERNEL), *old;
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	struct kref ref;
	unsigned int start;
	tasklet_disable(&tasklet);
	tasklet_schedule(&tasklet);
	msleep(20);
	printk("disabled: %d\\n", tasks);
	tasklet_enable(&tasklet);
	wait_for_completion(&done);
	hrtimer_setup(&timer, on_tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hrtimer_start(&timer, ms_to_ktime(2), HRTIMER_MODE_REL);
	wait_for_completion(&done);
	printk("hrtimer: %d active %d\\n", ticks, hrtimer_cancel(&timer));
	node->value = 7;
	rcu_assign_pointer(shared, node);
	rcu_read_lock();
	old = rcu_dereference(shared);
	rcu_assign_pointer(shared, NULL);
	call_rcu(&old->rcu, on_free);
	msleep(20);
	printk("reader holds %d, freed %d\\n", old->value, freed);
	rcu_read_unlock();
	rcu_barrier();
	printk("freed %d\\n", freed);
	job->n = 3;
	INIT_WORK(&job->work, on_work);
	schedule_work(&job->work);
	wait_for_completion(&done);
	down_read(&sem);
	printk("rwsem: write %d read %d\\n", down_write_trylock(&sem), down_read_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	start = read_seqbegin(&seq);
	write_seqlock(&seq);
	write_sequnlock(&seq);
	printk("seqlock: retry %d\\n", !!read_seqretry(&seq, start));
	read_lock(&rw);
	printk("rwlock: write %d\\n", write_trylock(&rw));
	read_unlock(&rw);
	kref_init(&ref);
	kref_get(&ref);
	printk("kref: %d%d\\n", kref_put(&ref, release), kref_put(&ref, release));
	return 0;
}
static void __exit later_exit(void) { tasklet_kill(&tasklet); }
module_init(later_init);
module_exit(later_exit);
`;

const LEAVES = `${HEAD}
#include <linux/timer.h>
static void never(struct timer_list *timer) { printk("called\\n"); }
static DEFINE_TIMER(timer, never);
static int __init leaves_init(void) { mod_timer(&timer, jiffies + 60 * HZ); return 0; }
static void __exit leaves_exit(void) {}
module_init(leaves_init);
module_exit(leaves_exit);
`;

describe('what C asks to be called later', () => {
  test('runs in atomic context, or in a worker that may sleep, and no reader of RCU loses what it holds', async () => {
    const file = join(write({ 'later.c': LATER }), 'later.c');
    expect(await runModule(machine(), file)).toEqual([
      'disabled: 0', 'tasklet: interrupt 1 task 0', 'hrtimer: 3 active 0', 'reader holds 7, freed 0', 'freed 7', 'work 3 sleeps in kworker/', 'rwsem: write 0 read 1', 'seqlock: retry 1', 'rwlock: write 0',
      'released', 'kref: 01']);
  }, COMPILE_MS);

  test('a timer that a module leaves armed is taken away with it, and told', async () => {
    const file = join(write({ 'leaves.c': LEAVES }), 'leaves.c');
    const lines = logFromNow();
    await machine().insmod(file);
    await machine().rmmod('leaves');
    expect(lines()).toEqual(['BUG: module leaves was removed, but its timer never [leaves] is still armed; it is taken off']);
  }, COMPILE_MS);
});
