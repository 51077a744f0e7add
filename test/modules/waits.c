#include "check.h"
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/notifier.h>
#include <linux/srcu.h>
#include <linux/swait.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);
static struct completion ended;
static int news, taken, dropped, held;
static int results[8];
static atomic_t woken;

#define soon(fn, data) kthread_run(fn, (void *)(data), "soon/" #fn)
extern int kthread_spin_owned(spinlock_t *lock);
static int locked_waiter(void *data)
{
	long which = (long)data;

	allow_signal(SIGUSR1);
	spin_lock(&queue.lock);
	results[which] = which < 2 ? wait_event_interruptible_locked(queue, spin_is_locked(&queue.lock) && news > 0)
				   : wait_event_interruptible_exclusive_locked_irq(queue, spin_is_locked(&queue.lock) && news > 0);
	if (spin_is_locked(&queue.lock) && kthread_spin_owned(&queue.lock))
		held++;
	if (!results[which]) {
		news--;
		taken++;
	}
	spin_unlock(&queue.lock);
	complete(&ended);
	return 0;
}
static int waits_for_sleepers(int n)
{
	struct list_head *at;
	int seen = 0, i;

	for (i = 0; i < 5000; i++) {
		seen = 0;
		spin_lock(&queue.lock);
		list_for_each(at, &queue.head)
			seen++;
		spin_unlock(&queue.lock);
		if (seen == n)
			break;
		msleep(1);
	}
	return seen;
}
static void locked(void)
{
	struct task_struct *one;
	int i;

	init_completion(&ended);
	for (i = 0; i < 4; i++)
		soon(locked_waiter, i);
	SAME(waits_for_sleepers(4), 4);
	for (i = 0; i < 4; i++) {
		spin_lock(&queue.lock);
		news++;
		if (i % 2)
			wake_up_locked(&queue);
		else
			wake_up_all_locked(&queue);
		spin_unlock(&queue.lock);
		wait_for_completion(&ended);
	}
	CHECK(taken == 4 && held == 4 && news == 0 && !waitqueue_active(&queue));
	one = soon(locked_waiter, 5);
	SAME(waits_for_sleepers(1), 1);
	send_sig(SIGUSR1, one, 0);
	wait_for_completion(&ended);
	CHECK(results[5] == -ERESTARTSYS && held == 5 && !spin_is_locked(&queue.lock));
	init_waitqueue_head(&queue);
}

/* With a lock, or commands, around the sleep. */
static volatile int past;
static int with_lock(void *data)
{
	int before = 0, after = 0;
	long left;

	spin_lock_irq(&lock);
	wait_event_lock_irq(queue, news == 1, lock);
	CHECK(kthread_spin_owned(&lock));
	past = 1;
	wait_event_lock_irq_cmd(queue, news == 2, lock, dropped++);
	past = 2;
	SAME(wait_event_interruptible_lock_irq(queue, news == 3, lock), 0);
	past = 3;
	left = wait_event_lock_irq_timeout(queue, news == 4, lock, 600 * HZ);
	CHECK(left > 0 && left <= 600 * HZ);
	past = 4;
	SAME(wait_event_lock_irq_timeout(queue, news == 44, lock, 2), 0);
	SAME(wait_event_interruptible_lock_irq_timeout(queue, news == 44, lock, 2), 0);
	CHECK(kthread_spin_owned(&lock));
	spin_unlock_irq(&lock);
	mutex_lock(&mutex);
	past = 5;
	wait_event_cmd(queue, news == 5, (before++, mutex_unlock(&mutex)), (after++, mutex_lock(&mutex)));
	past = 6;
	wait_event_exclusive_cmd(queue, news == 6, (before++, mutex_unlock(&mutex)), (after++, mutex_lock(&mutex)));
	CHECK(lockdep_is_held(&mutex) && before == after && before >= 2);
	mutex_unlock(&mutex);
	complete(&ended);
	return 0;
}
/* Each news comes when the one before was heard and it sleeps again. */
static void around(void)
{
	int i;

	news = 0;
	soon(with_lock, 0);
	for (i = 1; i <= 6; i++) {
		while (past < (i < 5 ? i - 1 : i))
			msleep(1);
		SAME(waits_for_sleepers(1), 1);
		mutex_lock(&mutex);
		spin_lock(&lock);
		news = i;
		spin_unlock(&lock);
		mutex_unlock(&mutex);
		wake_up(&queue);
	}
	wait_for_completion(&ended);
	CHECK(dropped >= 1);
}

static int in_many_ways(void *data)
{
	ktime_t soon_over = ms_to_ktime(3);

	SAME(wait_event_killable_exclusive(queue, news == 10), 0);
	wait_event_idle_exclusive(queue, news == 10);
	SAME(wait_event_hrtimeout(queue, news == 99, soon_over), -ETIME);
	SAME(wait_event_interruptible_hrtimeout(queue, news == 10, soon_over), 0);
	SAME(wait_event_timeout(queue, news == 99, 2), 0);
	SAME(wait_event_timeout(queue, news == 10, 0), 1);
	SAME(wait_event_idle_timeout(queue, news == 99, 1), 0);
	SAME(wait_event_killable_timeout(queue, news == 99, 1), 0);
	SAME(wait_event_idle_exclusive_timeout(queue, news == 99, 1), 0);
	SAME(wait_event_interruptible_timeout(queue, news == 99, 1), 0);
	SAME(wait_event_state(queue, news == 10, TASK_KILLABLE), 0);
	SAME(wait_event_freezable_timeout(queue, news == 99, 1), 0);
	atomic_inc(&woken);
	complete(&ended);
	return 0;
}
/* By hand, with wq.lock held. */
static int by_hand(void *data)
{
	DEFINE_WAIT(wait);
	int ret = 0;

	spin_lock(&queue.lock);
	wait.flags |= WQ_FLAG_EXCLUSIVE;
	while (news != 11 && !ret)
		ret = do_wait_intr(&queue, &wait);
	spin_unlock(&queue.lock);
	finish_wait(&queue, &wait);
	SAME(ret, 0);
	complete(&ended);
	return 0;
}
static void other_ways(void)
{
	soon(in_many_ways, 0);
	SAME(waits_for_sleepers(1), 1);
	news = 10;
	wake_up_nr(&queue, 1);
	wait_for_completion(&ended);
	soon(by_hand, 0);
	SAME(waits_for_sleepers(1), 1);
	spin_lock(&queue.lock);
	news = 11;
	wake_up_locked(&queue);
	spin_unlock(&queue.lock);
	wait_for_completion(&ended);
}

/* Bits, variables, simple queues. */
static unsigned long flags[2];
static atomic_t variable = ATOMIC_INIT(1);
static DECLARE_SWAIT_QUEUE_HEAD(simple);
static bool simply;
static int spun, stage;
static int waits_for_bits(void *data)
{
	SAME(wait_on_bit(flags, 33, TASK_UNINTERRUPTIBLE), 0);
	CHECK(!test_bit(33, flags));
	SAME(wait_on_bit_lock(flags, 3, TASK_UNINTERRUPTIBLE), 0);
	CHECK(test_bit(3, flags));
	SAME(wait_on_bit_timeout(flags, 3, TASK_UNINTERRUPTIBLE, 2), -EAGAIN);
	wait_var_event(&variable, atomic_read(&variable) == 0);
	swait_event_exclusive(simple, simply);
	SAME(swait_event_timeout_exclusive(simple, !simply, 2), 0);
	SAME(swait_event_idle_timeout_exclusive(simple, simply, 2), 2);
	spin_lock(&lock);
	wait_var_event_spinlock(&spun, spun == 1, &lock);
	CHECK(kthread_spin_owned(&lock));
	stage = 1;
	spin_unlock(&lock);
	mutex_lock(&mutex);
	wait_var_event_mutex(&spun, spun == 2, &mutex);
	CHECK(lockdep_is_held(&mutex));
	stage = 2;
	mutex_unlock(&mutex);
	{
		DECLARE_SWAITQUEUE(mine);

		for (;;) {
			SAME(prepare_to_swait_event(&simple, &mine, TASK_INTERRUPTIBLE), 0);
			if (READ_ONCE(spun) == 3)
				break;
			schedule();
		}
		finish_swait(&simple, &mine);
	}
	complete(&ended);
	return 0;
}
static void bits(void)
{
	set_bit(33, flags);
	set_bit(3, flags);
	soon(waits_for_bits, 0);
	msleep(5);
	clear_and_wake_up_bit(33, flags);
	msleep(5);
	clear_bit_unlock(3, flags);
	smp_mb__after_atomic();
	wake_up_bit(flags, 3);
	msleep(5);
	CHECK(atomic_dec_and_wake_up(&variable));
	msleep(5);
	simply = true;
	swake_up_one(&simple);
	msleep(20);
	spin_lock(&lock);
	spun = 1;
	wake_up_var_locked(&spun, &lock);
	spin_unlock(&lock);
	msleep(20);
	while (READ_ONCE(stage) < 1)
		msleep(1);
	mutex_lock(&mutex);
	store_release_wake_up(&spun, 2);
	mutex_unlock(&mutex);
	while (READ_ONCE(stage) < 2)
		msleep(1);
	WRITE_ONCE(spun, 3);
	swake_up_all(&simple);
	wait_for_completion(&ended);
	CHECK(test_and_clear_wake_up_bit(3, flags) && !test_and_clear_wake_up_bit(3, flags) && !swait_active(&simple));
}

/* Readers that sleep. */
DEFINE_STATIC_SRCU(srcu);
static struct srcu_struct own;
struct thing { int n; struct rcu_head rcu; };
static struct thing *shared;
static bool over;
static atomic_t called;
static int reads(void *data)
{
	while (!READ_ONCE(over)) {
		int side = srcu_read_lock(&srcu);
		struct thing *at = srcu_dereference(shared, &srcu);
		int n = at->n;

		if (n % 8 == 0)
			msleep(1);
		if (at->n != n || n < 0)
			check_failed(__FILE__, __LINE__, "as it was");
		srcu_read_unlock(&srcu, side);
		cond_resched();
	}
	complete(&ended);
	return 0;
}
static void gone(struct rcu_head *head)
{
	struct thing *at = container_of(head, struct thing, rcu);

	CHECK(in_atomic());
	at->n = -1;
	kfree(at);
	atomic_inc(&called);
}
static int long_reader(void *data)
{
	scoped_guard(srcu, &own) {
		complete(&ended);
		while (!kthread_should_stop())
			msleep(1);
		results[0]++;
	}
	return 0;
}
static int synchronizes(void *data)
{
	synchronize_srcu(&own);
	results[1] = results[0];
	complete(&ended);
	return 0;
}
static void sleepable(void)
{
	struct task_struct *reader;
	int i;

	shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	for (i = 0; i < 2; i++)
		soon(reads, 0);
	for (i = 1; i <= 60; i++) {
		struct thing *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL), *old = shared;

		fresh->n = i;
		rcu_assign_pointer(shared, fresh);
		if (i % 2) {
			call_srcu(&srcu, &old->rcu, gone);
		} else {
			synchronize_srcu(&srcu);
			old->n = -1;
			kfree(old);
		}
	}
	srcu_barrier(&srcu);
	SAME(atomic_read(&called), 30);
	over = true;
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	kfree(shared);
	CHECK(!srcu_read_lock_held(&srcu));
	/* One that stays keeps waiting who came after it, and nobody of another srcu_struct. */
	SAME(init_srcu_struct(&own), 0);
	results[0] = results[1] = 0;
	reader = soon(long_reader, 0);
	get_task_struct(reader);
	wait_for_completion(&ended);
	soon(synchronizes, 0);
	synchronize_srcu(&srcu);
	CHECK(!wait_for_completion_timeout(&ended, 20) && srcu_read_lock_held(&own));
	kthread_stop(reader);
	put_task_struct(reader);
	wait_for_completion(&ended);
	SAME(results[1], 1);
	cleanup_srcu_struct(&own);
}

/* Chains. */
static char heard[32];
static int length;
static int hears(struct notifier_block *nb, unsigned long action, void *data)
{
	heard[length++] = 'a' + nb->priority;
	heard[length] = 0;
	if (action == 7 && nb->priority == 2)
		return notifier_from_errno(-EBUSY);
	return nb->priority == 1 && action == 3 ? NOTIFY_STOP : action == 4 ? NOTIFY_DONE : NOTIFY_OK;
}
static int sleeps_and_hears(struct notifier_block *nb, unsigned long action, void *data) { msleep(1); return hears(nb, action, data); }
static struct notifier_block blocks[4] = { { hears, .priority = 1 }, { hears, .priority = 3 }, { hears, .priority = 2 }, { hears, .priority = 2 } };
static RAW_NOTIFIER_HEAD(raw);
static ATOMIC_NOTIFIER_HEAD(atomic);
static BLOCKING_NOTIFIER_HEAD(blocking);
SRCU_NOTIFIER_HEAD_STATIC(sleeping);
static struct notifier_block *leaver;
static int leaves(struct notifier_block *nb, unsigned long action, void *data)
{
	raw_notifier_chain_unregister(&raw, nb);
	return hears(nb, action, data);
}
#define chain(kind, head) do { \
	int i; \
\
	for (i = 0; i < 4; i++) \
		SAME(kind##_notifier_chain_register(&head, &blocks[i]), 0); \
	SAME(kind##_notifier_chain_register(&head, &blocks[1]), -EEXIST); \
	length = 0; \
	SAME(kind##_notifier_call_chain(&head, 1, NULL), NOTIFY_OK); \
	CHECK(!strcmp(heard, "dccb")); \
	SAME(kind##_notifier_chain_unregister(&head, &blocks[3]), 0); \
	SAME(kind##_notifier_chain_unregister(&head, &blocks[3]), -ENOENT); \
	length = 0; \
	SAME(kind##_notifier_call_chain(&head, 3, NULL), NOTIFY_STOP); \
	CHECK(!strcmp(heard, "dcb")); \
	length = 0; \
	SAME(notifier_to_errno(kind##_notifier_call_chain(&head, 7, NULL)), -EBUSY); \
	CHECK(!strcmp(heard, "dc")); \
	SAME(kind##_notifier_call_chain(&head, 4, NULL), NOTIFY_DONE); \
	for (i = 0; i < 3; i++) \
		SAME(kind##_notifier_chain_unregister(&head, &blocks[i]), 0); \
	SAME(kind##_notifier_call_chain(&head, 1, NULL), NOTIFY_DONE); \
} while (0)
static void chains(void)
{
	struct notifier_block once = { leaves, .priority = 9 };

	chain(raw, raw);
	chain(atomic, atomic);
	chain(blocking, blocking);
	blocks[0].notifier_call = sleeps_and_hears;
	chain(srcu, sleeping);
	chain(blocking, blocking);
	raw_notifier_chain_register(&raw, &once); /* goes while it is called */
	raw_notifier_chain_register(&raw, &blocks[1]);
	length = 0;
	raw_notifier_call_chain(&raw, 1, NULL);
	raw_notifier_call_chain(&raw, 1, NULL);
	CHECK(!strcmp(heard, "jdd") && !leaver);
	srcu_cleanup_notifier_head(&sleeping);
}
/* Never called: each has to compile, as a statement or an expression as it is on Linux. */
static __maybe_unused long all_forms(wait_queue_head_t *wq, int c, spinlock_t *l, ktime_t t, long j)
{
	struct wait_queue_entry entry;
	DEFINE_WAIT_FUNC(woken, woken_wake_function);
	long sum = 0;

	wait_event(*wq, c); io_wait_event(*wq, c); wait_event_idle(*wq, c); wait_event_idle_exclusive(*wq, c);
	wait_event_cmd(*wq, c, j++, j--); wait_event_exclusive_cmd(*wq, c, j++, j--);
	wait_event_lock_irq(*wq, c, *l); wait_event_lock_irq_cmd(*wq, c, *l, j++);
	sum += wait_event_timeout(*wq, c, j) + wait_event_idle_timeout(*wq, c, j) + wait_event_idle_exclusive_timeout(*wq, c, j);
	sum += wait_event_interruptible(*wq, c) + wait_event_interruptible_timeout(*wq, c, j) + wait_event_interruptible_exclusive(*wq, c);
	sum += wait_event_killable(*wq, c) + wait_event_killable_timeout(*wq, c, j) + wait_event_killable_exclusive(*wq, c) + wait_event_state(*wq, c, TASK_KILLABLE);
	sum += wait_event_freezable(*wq, c) + wait_event_freezable_timeout(*wq, c, j) + wait_event_freezable_exclusive(*wq, c);
	sum += wait_event_hrtimeout(*wq, c, t) + wait_event_interruptible_hrtimeout(*wq, c, t);
	sum += wait_event_interruptible_locked(*wq, c) + wait_event_interruptible_locked_irq(*wq, c);
	sum += wait_event_interruptible_exclusive_locked(*wq, c) + wait_event_interruptible_exclusive_locked_irq(*wq, c);
	sum += wait_event_interruptible_lock_irq(*wq, c, *l) + wait_event_interruptible_lock_irq_cmd(*wq, c, *l, j++);
	sum += wait_event_interruptible_lock_irq_timeout(*wq, c, *l, j) + wait_event_lock_irq_timeout(*wq, c, *l, j);
	wake_up(wq); wake_up_nr(wq, 2); wake_up_all(wq); wake_up_sync(wq); wake_up_locked(wq); wake_up_all_locked(wq);
	wake_up_interruptible(wq); wake_up_interruptible_nr(wq, 2); wake_up_interruptible_all(wq); wake_up_interruptible_sync(wq);
	wake_up_poll(wq, 1); wake_up_locked_poll(wq, 1); wake_up_interruptible_poll(wq, 1); wake_up_sync_poll(wq, 1); wake_up_interruptible_sync_poll(wq, 1); wake_up_pollfree(wq);
	__wake_up(wq, TASK_NORMAL, 1, NULL); __wake_up_sync(wq, TASK_NORMAL); __wake_up_sync_key(wq, TASK_NORMAL, NULL); __wake_up_locked(wq, TASK_NORMAL, 1); __wake_up_locked_key(wq, TASK_NORMAL, NULL);
	init_wait(&entry); init_wait_entry(&entry, WQ_FLAG_EXCLUSIVE); init_wait_func(&entry, autoremove_wake_function); init_waitqueue_entry(&entry, current); init_waitqueue_func_entry(&entry, default_wake_function);
	add_wait_queue(wq, &entry); add_wait_queue_exclusive(wq, &entry); add_wait_queue_priority(wq, &entry); remove_wait_queue(wq, &entry);
	__add_wait_queue(wq, &entry); __add_wait_queue_exclusive(wq, &entry); __add_wait_queue_entry_tail(wq, &entry); __add_wait_queue_entry_tail_exclusive(wq, &entry); __remove_wait_queue(wq, &entry);
	prepare_to_wait(wq, &entry, TASK_INTERRUPTIBLE); sum += prepare_to_wait_exclusive(wq, &entry, TASK_INTERRUPTIBLE) + prepare_to_wait_event(wq, &entry, TASK_INTERRUPTIBLE);
	sum += wait_woken(&woken, TASK_INTERRUPTIBLE, j) + do_wait_intr(wq, &entry) + do_wait_intr_irq(wq, &entry);
	finish_wait(wq, &entry);
	return sum + waitqueue_active(wq) + wq_has_sleeper(wq) + wq_has_single_sleeper(wq);
}
static void run(void) { locked(); around(); other_ways(); bits(); sleepable(); chains(); }
TEST(run);
