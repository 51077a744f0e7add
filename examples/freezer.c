// freezer.ts in C: two tellers move money without a lock, and an auditor counts it while they are frozen. Linux lets its modules be
// frozen, but not freeze: there this file is built in.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/freezer.h>

#define ACCOUNTS 8

static atomic_t money[ACCOUNTS];
static struct task_struct *tellers[2], *auditor;

static int tell(void *data)
{
	const long step = (long)data;
	int transfers = 0;

	set_freezable(); // From now on it comes by below, or nobody could freeze the machine.
	for (; !kthread_freezable_should_stop(NULL); transfers++) {
		atomic_dec(&money[transfers * step % ACCOUNTS]);
		msleep(1); // Whoever counts now counts one too few.
		atomic_inc(&money[(transfers * step + 3) % ACCOUNTS]);
	}
	return transfers;
}

static int audit(void *data)
{
	int audits = 0;

	while (!kthread_should_stop()) {
		int i, sum = 0;

		msleep_interruptible(400);
		if (freeze_processes())
			continue; // Somebody did not come by; the log says who.
		for (i = 0; i < ACCOUNTS; i++)
			sum += atomic_read(&money[i]);
		pr_info("audit: %d\n", sum);
		thaw_processes();
		audits++;
	}
	return audits;
}

static void freezer_exit(void)
{
	int i;

	if (auditor)
		pr_info("auditor: %d\n", kthread_stop(auditor));
	for (i = ARRAY_SIZE(tellers) - 1; i >= 0; i--) {
		if (tellers[i])
			pr_info("teller/%d: %d\n", i, kthread_stop(tellers[i]));
	}
}

static int __init freezer_init(void)
{
	struct task_struct *task;
	long i;

	for (i = 0; i < ACCOUNTS; i++)
		atomic_set(&money[i], 100);
	for (i = 0; i < ARRAY_SIZE(tellers); i++) {
		task = kthread_run(tell, (void *)(5 + 2 * i), "teller/%ld", i);
		if (IS_ERR(task))
			goto leave;
		tellers[i] = task;
	}
	task = kthread_run(audit, NULL, "auditor");
	if (IS_ERR(task))
		goto leave;
	auditor = task;
	return 0;
leave:
	freezer_exit();
	return PTR_ERR(task);
}

module_init(freezer_init);
module_exit(freezer_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("counts money that stands still");
