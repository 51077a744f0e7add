// counter.ts in C: counts seconds up to a limit; how far it came is what its function returns, and kthread_stop_put() hands that on.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/delay.h>

static uint limit = 30;
module_param(limit, uint, 0444);
MODULE_PARM_DESC(limit, "the thread ends by itself after so many seconds");

static struct task_struct *counter;

static int count(void *data)
{
	uint seconds = 0;

	while (seconds < limit && !kthread_should_stop()) {
		pr_info("%s: %u\n", current->comm, ++seconds);
		msleep_interruptible(1000);
	}
	return seconds;
}

static int __init counter_init(void)
{
	counter = kthread_create(count, NULL, "counter/%d", 1);
	if (IS_ERR(counter))
		return PTR_ERR(counter);
	get_task_struct(counter); // Ours until we put it, also if the thread ends before.
	wake_up_process(counter);
	return 0;
}

static void __exit counter_exit(void)
{
	pr_info("counter: it came to %d\n", kthread_stop_put(counter));
}

module_init(counter_init);
module_exit(counter_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("counts seconds");
