// What runs later: a timer, which may not sleep, hands on to a work, which may.
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static struct timer_list timer;
static int rounds;

static void do_work(struct work_struct *work)
{
	msleep(20);
	pr_info("round %d: in a task %d, by %.7s\n", ++rounds, in_task(), current->comm);
	mod_timer(&timer, jiffies + HZ / 10);
}
static DECLARE_WORK(work, do_work);

static void on_time(struct timer_list *unused)
{
	pr_info("time is up: in a task %d\n", in_task());
	schedule_work(&work);
}

static int __init later_init(void)
{
	timer_setup(&timer, on_time, 0);
	mod_timer(&timer, jiffies + HZ / 10);
	return 0;
}

static void __exit later_exit(void)
{
	timer_shutdown_sync(&timer); // First: or the work would arm it again.
	cancel_work_sync(&work);
	pr_info("%d rounds\n", rounds);
}

module_init(later_init);
module_exit(later_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a timer and a work");
