// ticker.ts in C: says every period what the jiffies counter shows.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/jiffies.h>

static uint period = 1;
module_param(period, uint, 0444);
MODULE_PARM_DESC(period, "seconds between two lines");

static struct task_struct *ticker;

static int tick(void *data)
{
	pr_info("HZ:%d\n", HZ);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout(period * HZ);
		pr_info("kthread:%ld\n", jiffies);
	}
	return 0;
}

static int __init ticker_init(void)
{
	ticker = kthread_run(tick, NULL, "param %s&%d", "test", 123);
	if (IS_ERR(ticker))
		return PTR_ERR(ticker);
	pr_info("pid->%d:prio->%d:comm->%s\n", ticker->pid, ticker->static_prio, ticker->comm);
	return 0;
}

static void __exit ticker_exit(void)
{
	kthread_stop(ticker); // Wakes it at once, so the last line comes early.
}

module_init(ticker_init);
module_exit(ticker_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("shows the jiffies counter");
