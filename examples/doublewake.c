// doublewake.ts in C: a wake-up starts nothing; it ends a sleep, if there is one, and says whether there was.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *sleeper;
static int begun, looked;

static int do_sleep(void *data)
{
	begun++;
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE); // Said before looking: a wake-up from here on keeps it from sleeping.
		looked++;
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return looked;
}

static int __init doublewake_init(void)
{
	int i;

	sleeper = kthread_run(do_sleep, NULL, "sleeper");
	if (IS_ERR(sleeper))
		return PTR_ERR(sleeper);
	pr_info("again at once: woke %d\n", wake_up_process(sleeper)); // 0, if it does not sleep yet.
	for (i = 0; i < 3; i++) {
		char state;

		msleep(100);
		state = task_state_to_char(sleeper);
		pr_info("in %c: woke %d\n", state, wake_up_process(sleeper)); // 1: it slept, and looks again.
	}
	return 0;
}

static void __exit doublewake_exit(void)
{
	int looks = kthread_stop(sleeper);

	pr_info("begun %d time, looked %d times\n", begun, looks);
}

module_init(doublewake_init);
module_exit(doublewake_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("wakes a thread that was woken");
