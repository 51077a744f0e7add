// poller.ts in C: asks for news every half second. There is no HTTP in here, so a work answers, and the third answer takes a minute.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

static DECLARE_WAIT_QUEUE_HEAD(answered);
static int asked, news;
static struct task_struct *poller;

static void do_answer(struct work_struct *work)
{
	WRITE_ONCE(news, asked);
	wake_up(&answered);
}
static DECLARE_DELAYED_WORK(answer, do_answer);

static int poll(void *data)
{
	int polls = 0;

	while (!kthread_should_stop()) {
		asked++;
		schedule_delayed_work(&answer, asked < 3 ? 0 : 60 * HZ);
		wait_event_interruptible(answered, READ_ONCE(news) == asked || kthread_should_stop());
		if (READ_ONCE(news) == asked)
			pr_info("poll/%d: news %d\n", ++polls, asked);
		schedule_timeout_interruptible(kthread_should_stop() ? 0 : HZ / 2);
	}
	return polls;
}

static int __init poller_init(void)
{
	poller = kthread_run(poll, NULL, "poll/%s", "news");
	return PTR_ERR_OR_ZERO(poller);
}

static void __exit poller_exit(void)
{
	ktime_t since = ktime_get();
	int polls = kthread_stop(poller);

	pr_info("poller: stopped after %d polls, within %lld ms\n", polls, ktime_ms_delta(ktime_get(), since));
	cancel_delayed_work_sync(&answer); // After the thread, which would ask again.
}

module_init(poller_init);
module_exit(poller_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("asks for news");
