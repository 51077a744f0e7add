/**
 * What a module gets that includes <linux/module.h> and <linux/kernel.h> alone, as Linux's bring it along.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { oneMachine } from '../kernel/machine.fixture.js';
import { COMPILE_MS, runModule, sources } from './c_module.fixture.js';

const { machine } = oneMachine();
const { write } = sources();

const BARE = `
#include <linux/module.h>
#include <linux/kernel.h>
static LIST_HEAD(list);
static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(lock);
static DECLARE_RWSEM(sem);
static DEFINE_SEQLOCK(seq);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_COMPLETION(done);
static DEFINE_PER_CPU(int, mine);
static DEFINE_IDR(idr);
static DEFINE_STATIC_KEY_FALSE(key);
static struct rb_root root = RB_ROOT;
static atomic_t count = ATOMIC_INIT(3);
static struct kref ref;
static int perm __read_mostly = S_IRUGO | S_IWUSR;
static void on_work(struct work_struct *work) { complete(&done); }
static DECLARE_WORK(work, on_work);
static void on_timer(struct timer_list *timer) { wake_up(&queue); }
static DEFINE_TIMER(timer, on_timer);
static int on_news(struct notifier_block *nb, unsigned long news, void *data) { return NOTIFY_OK; }
static struct notifier_block nb = { .notifier_call = on_news };
static int __init bare_init(void)
{
	char *name = kasprintf(GFP_KERNEL, "%s", current->comm);
	int cpu;
	kref_init(&ref);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	spin_lock(&lock);
	spin_unlock(&lock);
	down_read(&sem);
	up_read(&sem);
	schedule_work(&work);
	wait_for_completion(&done);
	mod_timer(&timer, jiffies + msecs_to_jiffies(2));
	wait_event_timeout(queue, !timer_pending(&timer), HZ);
	for_each_possible_cpu(cpu)
		per_cpu(mine, cpu) = cpu;
	rcu_read_lock();
	rcu_read_unlock();
	pr_info("%s %o %d %d\\n", name, perm, atomic_read(&count), (int)div_u64(10, 3));
	pr_info("%d %d %d %d\\n", list_empty(&list), RB_EMPTY_ROOT(&root), idr_alloc(&idr, name, 1, 0, GFP_KERNEL), nb.notifier_call(&nb, 0, NULL));
	pr_info("%d %d\\n", static_branch_unlikely(&key), request_module("crc-%d", 32));
	idr_destroy(&idr);
	kfree(name);
	return ktime_get() > 0 && read_seqbegin(&seq) == 0 ? 0 : -EINVAL;
}
static void __exit bare_exit(void) { timer_delete_sync(&timer); }
module_init(bare_init);
module_exit(bare_exit);
MODULE_LICENSE("GPL");
`;

test('module.h and kernel.h bring along what kernel code takes for granted', async () => {
  expect(await runModule(machine(), join(write({ 'bare.c': BARE }), 'bare.c'))).toEqual(['insmod 644 3 3', '1 1 1 1', '0 -2']);
}, COMPILE_MS);
