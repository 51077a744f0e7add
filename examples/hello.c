// A kernel module in C: a thread that greets every now and then until it is told to stop.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static uint period = 1000;
module_param(period, uint, 0444);
MODULE_PARM_DESC(period, "milliseconds between two greetings");

static struct task_struct *greeter;

static int greet(void *data)
{
	int n = 0;

	while (!kthread_should_stop()) {
		pr_info("hello number %d from %s, pid %d\n", ++n, current->comm, current->pid);
		msleep_interruptible(period);
	}
	return n;
}

static int __init hello_init(void)
{
	greeter = kthread_run(greet, NULL, "greeter/%u", period);
	return PTR_ERR_OR_ZERO(greeter);
}

static void __exit hello_exit(void)
{
	pr_info("it greeted %d times\n", kthread_stop(greeter));
}

module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("greets");
