// The other side of the rally: a thread in C that waits in the queue that rally.ts has declared, and ends the game.
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/wait.h>

// Of rally.ts, by exportSymbol().
extern wait_queue_head_t court;
extern struct completion over;
extern int ball;

static int rounds = 3;
module_param(rounds, int, 0444);

static struct task_struct *player;

static int play(void *data)
{
	int i;

	for (i = 1; i <= rounds && !kthread_should_stop(); i++) {
		WRITE_ONCE(ball, 1);
		wake_up(&court);
		if (wait_event_interruptible(court, READ_ONCE(ball) == 2))
			break;
		pr_info("C plays stroke %d\n", i);
	}
	complete(&over);
	return 0;
}

static int __init rally_init(void)
{
	player = kthread_create(play, NULL, "player/c");
	if (IS_ERR(player))
		return PTR_ERR(player);
	get_task_struct(player); // It may end before it is stopped.
	wake_up_process(player);
	return 0;
}

static void __exit rally_exit(void)
{
	kthread_stop(player);
	put_task_struct(player);
}

module_init(rally_init);
module_exit(rally_exit);
MODULE_LICENSE("GPL");
