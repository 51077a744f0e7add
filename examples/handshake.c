// handshake.ts in C: a request with a completion in it goes on a list, its maker is woken, and the completion is waited for.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct request {
	const char *what;
	char result[32];
	struct list_head node;
	struct completion done;
};

static LIST_HEAD(requests);
static DEFINE_SPINLOCK(requests_lock);
static struct task_struct *maker;

static struct request *next_request(void)
{
	struct request *request;

	spin_lock(&requests_lock);
	request = list_first_entry_or_null(&requests, struct request, node);
	if (request)
		list_del(&request->node);
	spin_unlock(&requests_lock);
	return request;
}

static int serve(void *data)
{
	for (;;) {
		struct request *request;

		set_current_state(TASK_INTERRUPTIBLE);
		if (list_empty(&requests) && !kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
		if (list_empty(&requests) && kthread_should_stop())
			return 0;
		while ((request = next_request())) {
			scnprintf(request->result, sizeof(request->result), "%s of %s", request->what, current->comm);
			complete(&request->done); // All that was written before is seen by who waits, and the request may go.
		}
	}
}

static void order(struct request *request, const char *what)
{
	request->what = what;
	init_completion(&request->done);
	spin_lock(&requests_lock);
	list_add_tail(&request->node, &requests);
	spin_unlock(&requests_lock);
	wake_up_process(maker);
}

static int __init handshake_init(void)
{
	static const char * const what[] = { "a table", "a chair", "a lamp" };
	struct request mine[ARRAY_SIZE(what)]; // On the stack: nobody has them any more when the waits are over.
	int i;

	maker = kthread_run(serve, NULL, "maker");
	if (IS_ERR(maker))
		return PTR_ERR(maker);
	for (i = 0; i < ARRAY_SIZE(what); i++)
		order(&mine[i], what[i]);
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		wait_for_completion(&mine[i].done);
		pr_info("got %s\n", mine[i].result);
	}
	return 0;
}

static void __exit handshake_exit(void)
{
	kthread_stop(maker);
}

module_init(handshake_init);
module_exit(handshake_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("orders and waits");
