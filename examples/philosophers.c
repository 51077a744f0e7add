// philosophers.ts in C: five threads share five forks, each a mutex, and take the one with the lower number first.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/mutex.h>

#define SEATS 5

static struct mutex forks[SEATS];
static struct task_struct *table[SEATS];

static int dine(void *data)
{
	const long seat = (long)data, beside = (seat + 1) % SEATS;
	struct mutex *lower = &forks[min(seat, beside)], *upper = &forks[max(seat, beside)];
	int meals = 0;

	for (; !kthread_should_stop(); meals++) {
		mutex_lock(lower);
		mutex_lock_nested(upper, SINGLE_DEPTH_NESTING); // All forks are of one kind: lockdep would take them for one lock.
		msleep(5);
		mutex_unlock(upper);
		mutex_unlock(lower);
	}
	return meals;
}

static void philosophers_exit(void)
{
	int seat;

	for (seat = 0; seat < SEATS && table[seat]; seat++)
		pr_info("seat/%d ate %d times\n", seat, kthread_stop(table[seat]));
}

static int __init philosophers_init(void)
{
	long seat;

	for (seat = 0; seat < SEATS; seat++)
		mutex_init(&forks[seat]);
	for (seat = 0; seat < SEATS; seat++) {
		struct task_struct *task = kthread_run(dine, (void *)seat, "seat/%ld", seat);

		if (IS_ERR(task)) {
			philosophers_exit();
			return PTR_ERR(task);
		}
		table[seat] = task;
	}
	return 0;
}

module_init(philosophers_init);
module_exit(philosophers_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("eat with two forks each");
