// prodcons.ts in C: who finds the shelf empty sleeps, until the baker has put a loaf there and has said so.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait.h>

struct loaf {
	int number;
	struct list_head node;
};

static LIST_HEAD(shelf);
static DEFINE_MUTEX(shelf_lock);
static DECLARE_WAIT_QUEUE_HEAD(hungry);
static struct task_struct *baker, *customers[2];

static int bake(void *data)
{
	int loaves = 0;

	while (!kthread_should_stop()) {
		struct loaf *loaf = kmalloc(sizeof(*loaf), GFP_KERNEL);

		if (!loaf)
			break;
		loaf->number = ++loaves;
		mutex_lock(&shelf_lock);
		list_add_tail(&loaf->node, &shelf);
		mutex_unlock(&shelf_lock);
		wake_up_all(&hungry); // First the news, then the wake-up: who wakes looks at the shelf.
		msleep_interruptible(200);
	}
	return loaves;
}

static bool buy_one(void)
{
	struct loaf *loaf;

	mutex_lock(&shelf_lock);
	loaf = list_first_entry_or_null(&shelf, struct loaf, node);
	if (loaf) {
		list_del(&loaf->node);
		pr_info("%s buys loaf %d\n", current->comm, loaf->number);
	}
	mutex_unlock(&shelf_lock);
	kfree(loaf);
	return loaf != NULL; // False: both were woken, and the other one was faster.
}

static int buy(void *data)
{
	int bought = 0;

	for (;;) {
		// A stop wakes, but is no signal: the condition has to ask for it.
		wait_event_interruptible(hungry, !list_empty(&shelf) || kthread_should_stop());
		if (buy_one())
			bought++;
		else if (kthread_should_stop())
			return bought;
	}
}

static int __init prodcons_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(customers); i++) {
		customers[i] = kthread_run(buy, NULL, "customer/%d", i + 1);
		if (IS_ERR(customers[i]))
			goto leave;
	}
	baker = kthread_run(bake, NULL, "baker");
	if (!IS_ERR(baker))
		return 0;
leave:
	while (i-- > 0)
		kthread_stop(customers[i]);
	return -ENOMEM;
}

static void __exit prodcons_exit(void)
{
	int i;

	pr_info("baker: %d\n", kthread_stop(baker)); // First, so that nothing is left.
	for (i = 0; i < ARRAY_SIZE(customers); i++)
		pr_info("customer/%d: %d\n", i + 1, kthread_stop(customers[i]));
}

module_init(prodcons_init);
module_exit(prodcons_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a baker and two customers");
