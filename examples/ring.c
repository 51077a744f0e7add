// ring.ts in C: two consumers take numbers out of one ring. Taking is part of the condition, so nothing is taken twice.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/wait.h>

#define SLOTS 8

static atomic_t head = ATOMIC_INIT(0), tail = ATOMIC_INIT(0); // Both only grow; what lies between them is in the ring.
static int ring[SLOTS];
static DECLARE_WAIT_QUEUE_HEAD(filled);
static DECLARE_WAIT_QUEUE_HEAD(room);
static struct task_struct *filler, *consumers[2];

static int take(void)
{
	int at = atomic_read(&head);

	while (at != atomic_read_acquire(&tail)) {
		int item = READ_ONCE(ring[at % SLOTS]);

		if (atomic_try_cmpxchg(&head, &at, at + 1))
			return item; // Else the other one has it: once more, from where the head is now.
	}
	return 0;
}

static int consume(void *data)
{
	int sum = 0;

	for (;;) {
		int item = 0;

		wait_event_interruptible_exclusive(filled, (item = take()) > 0 || kthread_should_stop());
		if (item == 0)
			return sum;
		sum += item;
		wake_up(&room);
	}
}

static int fill(void *data)
{
	int n, sum = 0;

	for (n = 1;; n++) {
		wait_event_interruptible(room, n - atomic_read(&head) <= SLOTS || kthread_should_stop());
		if (kthread_should_stop())
			return sum;
		WRITE_ONCE(ring[(n - 1) % SLOTS], n);
		atomic_set_release(&tail, n); // From here on it can be taken.
		sum += n;
		wake_up(&filled); // One exclusive waiter: one number, one consumer.
		msleep(1);
	}
}

static void stop_consumers(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(consumers) && consumers[i]; i++)
		pr_info("consumer/%d: sum %d\n", i, kthread_stop(consumers[i]));
}

static int __init ring_init(void)
{
	struct task_struct *task;
	int i = 0, cpu;

	for_each_online_cpu(cpu) {
		if (i == ARRAY_SIZE(consumers))
			break;
		task = kthread_run_on_cpu(consume, NULL, cpu, "consumer/%u");
		if (IS_ERR(task))
			goto leave;
		consumers[i++] = task;
	}
	task = kthread_run(fill, NULL, "filler");
	if (IS_ERR(task))
		goto leave;
	filler = task;
	return 0;
leave:
	stop_consumers();
	return PTR_ERR(task);
}

static void __exit ring_exit(void)
{
	pr_info("filler: sum %d\n", kthread_stop(filler)); // First: the others empty the ring.
	stop_consumers();
}

module_init(ring_init);
module_exit(ring_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a ring with one end filled and two that empty it");
