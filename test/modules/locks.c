#include "check.h"
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/hardirq.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/local_lock.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/percpu.h>
#include <linux/percpu_counter.h>
#include <linux/rtmutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/seqlock.h>
#include <linux/srcu.h>

static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(spin);
static DEFINE_SEQLOCK(seq);
static DECLARE_RWSEM(sem);
static DEFINE_RWLOCK(rw);
static DEFINE_RT_MUTEX(rt);
static struct completion ended;

static int freed;
static void *made(int n) { int *p = kmalloc(sizeof(int), GFP_KERNEL); *p = n; return p; }
DEFINE_FREE(counted, int *, if (_T) { freed += *_T; kfree(_T); })
static int *passes(int n, bool keep)
{
	int *p __free(counted) = made(n);

	if (!keep)
		return NULL;
	return_ptr(p);
}
static int early(int n)
{
	guard(mutex)(&mutex);
	if (n < 0)
		return -EINVAL;
	scoped_guard(spinlock, &spin) {
		if (n > 100)
			return -E2BIG;
		CHECK(spin_is_locked(&spin) && mutex_is_locked(&mutex));
	}
	CHECK(!spin_is_locked(&spin));
	return n;
}
static int tries(void)
{
	scoped_cond_guard(mutex_try, return -EBUSY, &mutex)
		return 0;
	return 1;
}
static int asks(void)
{
	scoped_cond_guard(mutex_intr, return -EINTR, &mutex)
		CHECK(mutex_is_locked(&mutex));
	return 2;
}
static void guards(void)
{
	int *kept, n = 0;

	CHECK(!passes(3, false) && freed == 3);
	kept = passes(4, true);
	CHECK(kept && *kept == 4 && freed == 3);
	kfree(kept);
	{
		char *text __free(kfree) = kstrdup("gone", GFP_KERNEL);
		void *error __free(kfree) = ERR_PTR(-EIO);
		CHECK(text[0] == 'g' && error);
	}
	SAME(early(5), 5);
	SAME(early(-5), -EINVAL);
	SAME(early(500), -E2BIG);
	CHECK(!mutex_is_locked(&mutex) && !spin_is_locked(&spin));
	SAME(tries(), 0);
	mutex_lock(&mutex);
	SAME(tries(), -EBUSY);
	mutex_unlock(&mutex);
	SAME(asks(), 2);
	CHECK(!mutex_is_locked(&mutex));
	scoped_guard(spinlock_irqsave, &spin)
		n++;
	scoped_guard(raw_spinlock, &spin)
		scoped_guard(spinlock_try, &spin)
			n += 100; /* not while it is held */
	scoped_guard(rwsem_read, &sem) {
		scoped_guard(rwsem_read_try, &sem)
			n++;
		scoped_guard(rwsem_write_try, &sem)
			n += 100;
	}
	scoped_guard(rwsem_write, &sem) {
		CHECK(rwsem_is_locked(&sem));
		break; /* gives it back, too */
	}
	CHECK(!rwsem_is_locked(&sem));
	scoped_guard(read_lock, &rw)
		scoped_guard(preempt)
			scoped_guard(rcu)
				CHECK(rcu_read_lock_held() && preempt_count() >= 2);
	scoped_guard(write_lock_irqsave, &rw)
		CHECK(!read_trylock(&rw));
	CHECK(!rcu_read_lock_held() && preempt_count() == 0);
	SAME(n, 2);
	{
		CLASS(mutex, held)(&mutex);
		CHECK(held == &mutex && mutex_is_locked(&mutex));
	}
	CHECK(!mutex_is_locked(&mutex));
}

static int others(void *data)
{
	CHECK(!lockdep_is_held(&mutex) && !lockdep_is_held(&spin) && !lockdep_is_held(&sem) && !lockdep_is_held(&rw));
	lockdep_assert_not_held(&mutex);
	complete(&ended);
	return 0;
}
static void held(void)
{
	init_completion(&ended);
	CHECK(!lockdep_is_held(&mutex) && !lockdep_is_held(&spin) && !lockdep_is_held(&sem) && !lockdep_is_held(&rw));
	mutex_lock(&mutex);
	down_read(&sem);
	lockdep_assert_held(&mutex);
	lockdep_assert_held_read(&sem);
	CHECK(lockdep_is_held_type(&sem, 1) && !lockdep_is_held_type(&sem, 0));
	kthread_run(others, NULL, "others");
	wait_for_completion(&ended);
	up_read(&sem);
	mutex_unlock(&mutex);
	down_write(&sem);
	lockdep_assert_held_write(&sem);
	CHECK(!lockdep_is_held_type(&sem, 1));
	up_write(&sem);
	read_lock(&rw);
	CHECK(lockdep_is_held_type(&rw, 1) && !lockdep_is_held_type(&rw, 0));
	read_unlock(&rw);
	write_lock(&rw);
	lockdep_assert_held(&rw);
	write_unlock(&rw);
	spin_lock(&spin);
	lockdep_assert_held_once(&spin);
	spin_unlock(&spin);
	CHECK(!lockdep_is_held(&mutex) && !lockdep_is_held(&spin) && !lockdep_is_held(&sem) && !lockdep_is_held(&rw));
	rt_mutex_lock(&rt);
	CHECK(rt_mutex_is_locked(&rt) && !rt_mutex_trylock(&rt));
	rt_mutex_unlock(&rt);
	CHECK(rt_mutex_trylock(&rt) && lockdep_is_held(&rt.lock));
	rt_mutex_unlock(&rt);
}

static unsigned int in_tasklet, in_timer;
static unsigned int context(void)
{
	return !!in_task() | !!in_interrupt() << 1 | !!in_softirq() << 2 | !!in_serving_softirq() << 3 | !!in_hardirq() << 4 | !!in_atomic() << 5 | !!preemptible() << 6 | !!irqs_disabled() << 7;
}
static void on_tasklet(struct tasklet_struct *tasklet) { in_tasklet = context(); complete(&ended); }
static enum hrtimer_restart on_timer(struct hrtimer *timer) { in_timer = context(); complete(&ended); return HRTIMER_NORESTART; }
static void contexts(void)
{
	DECLARE_TASKLET(tasklet, on_tasklet);
	struct hrtimer timer;
	unsigned long flags;

	SAME(context(), 0x41);
	spin_lock(&spin);
	SAME(context(), 0x21);
	spin_unlock(&spin);
	local_bh_disable();
	SAME(context(), 0x27); /* a task still, but nothing that may sleep */
	local_bh_enable();
	preempt_disable();
	SAME(context(), 0x21);
	preempt_enable();
	spin_lock_bh(&spin);
	SAME(context(), 0x27);
	spin_unlock_bh(&spin);
	local_irq_save(flags);
	SAME(context(), 0x81);
	spin_lock_irqsave(&spin, flags); /* inside, they stay away */
	spin_unlock_irqrestore(&spin, flags);
	SAME(context(), 0x81);
	spin_lock_irq(&spin); /* and here not */
	SAME(context(), 0xa1);
	spin_unlock_irq(&spin);
	SAME(context(), 0x41);
	write_lock_irqsave(&rw, flags);
	CHECK(irqs_disabled());
	write_unlock_irqrestore(&rw, flags);
	scoped_guard(spinlock_irqsave, &spin)
		lockdep_assert_irqs_disabled();
	scoped_guard(irqsave)
		CHECK(irqs_disabled() && preempt_count() == 0);
	read_seqlock_excl_irq(&seq);
	read_sequnlock_excl_irq(&seq);
	SAME(context(), 0x41);
	tasklet_schedule(&tasklet);
	wait_for_completion(&ended);
	SAME(in_tasklet, 0x2e);
	tasklet_kill(&tasklet);
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = on_timer;
	hrtimer_start(&timer, ms_to_ktime(2), HRTIMER_MODE_REL);
	wait_for_completion(&ended);
	SAME(in_timer, 0xb2);
	hrtimer_cancel(&timer);
}

/* One variable for each CPU, and threads that count in it. */
struct local { local_lock_t lock; int n, twice, again; };
static DEFINE_PER_CPU(struct local, locals);
static DEFINE_PER_CPU(int, counts) = { 5 };
static int *allocated;
static int counts_locally(void *data)
{
	int i;

	for (i = 0; i < 500; i++) {
		struct local *at;

		local_lock(&locals.lock);
		at = this_cpu_ptr(&locals);
		at->n++;
		if (i % 100 == 0)
			udelay(50);
		at->twice = at->n * 2;
		local_unlock(&locals.lock);
		this_cpu_inc(locals.again);
		this_cpu_inc(counts);
		this_cpu_add(*allocated, 2);
		get_cpu_var(counts)++;
		put_cpu_var(counts);
	}
	complete(&ended);
	return 0;
}
static void per_cpu_variables(void)
{
	int cpu, i, all = 0, n = 0, more = 0, again = 0;

	allocated = alloc_percpu(int);
	for (i = 0; i < 3; i++)
		kthread_run(counts_locally, NULL, "local/%d", i);
	for (i = 0; i < 3; i++)
		wait_for_completion(&ended);
	for_each_possible_cpu(cpu) {
		all += per_cpu(counts, cpu);
		n += per_cpu(locals, cpu).n;
		again += per_cpu(locals.again, cpu);
		more += *per_cpu_ptr(allocated, cpu);
		CHECK(per_cpu(locals, cpu).twice == per_cpu(locals, cpu).n * 2 && !spin_is_locked(&per_cpu(locals, cpu).lock.lock));
	}
	SAME(n, 1500);
	SAME(again, 1500);
	SAME(all, 3000 + 5 * nr_cpu_ids);
	SAME(more, 3000);
	free_percpu(allocated);
	this_cpu_write(counts, 8);
	CHECK(this_cpu_read(counts) == 8 && this_cpu_xchg(counts, 9) == 8 && this_cpu_inc_return(counts) == 10);
}

static seqcount_t count;
static volatile int left, right;
static bool over;
static int writes(void *data)
{
	int i;

	for (i = 0; i < 3000; i++) {
		write_seqlock(&seq);
		left++;
		right--;
		write_sequnlock(&seq);
	}
	over = true;
	complete(&ended);
	return 0;
}
static void sequences(void)
{
	unsigned int start;
	int a, b, rounds = 0, way = 0, good = 0;

	kthread_run(writes, NULL, "writes");
	do {
		do {
			start = read_seqbegin(&seq);
			a = left;
			b = right;
		} while (read_seqretry(&seq, start));
		good += a == -b;
		rounds++;
		way = 0;
		do {
			read_seqbegin_or_lock(&seq, &way);
			a = left;
			b = right;
		} while (need_seqretry(&seq, way) && (way = 1));
		done_seqretry(&seq, way);
		good += a == -b;
		rounds++;
	} while (!READ_ONCE(over));
	wait_for_completion(&ended);
	CHECK(good == rounds && left == 3000);
	seqcount_init(&count);
	start = read_seqcount_begin(&count);
	CHECK(!read_seqcount_retry(&count, start));
	write_seqcount_begin(&count);
	write_seqcount_end(&count);
	CHECK(read_seqcount_retry(&count, start));
	read_seqlock_excl(&seq);
	read_sequnlock_excl(&seq);
}

struct counted { struct kref ref; int n; };
static DEFINE_MUTEX(last);
static int released;
static void release_last(struct kref *ref) { released += lockdep_is_held(&last) ? 100 : 0; mutex_unlock(&last); }
DEFINE_STATIC_PERCPU_RWSEM(gate);
static void rarely_written(void)
{
	struct percpu_counter n;

	percpu_down_read(&gate);
	CHECK(percpu_is_read_locked(&gate) && !percpu_is_write_locked(&gate) && percpu_down_read_trylock(&gate));
	percpu_up_read(&gate);
	percpu_up_read(&gate);
	percpu_down_write(&gate);
	CHECK(percpu_is_write_locked(&gate) && !percpu_down_read_trylock(&gate));
	percpu_rwsem_assert_held(&gate);
	percpu_up_write(&gate);
	percpu_counter_init(&n, 5, GFP_KERNEL);
	percpu_counter_add(&n, 10);
	percpu_counter_sub(&n, 20);
	CHECK(percpu_counter_sum(&n) == -5 && percpu_counter_read_positive(&n) == 0 && percpu_counter_compare(&n, 0) < 0);
}
static void release(struct kref *ref) { struct counted *at = container_of(ref, struct counted, ref); released += at->n; kfree(at); }
static int puts(void *data) { msleep(1); kref_put(&((struct counted *)data)->ref, release); complete(&ended); return 0; }
static void references(void)
{
	struct counted *at = kzalloc(sizeof(*at), GFP_KERNEL);
	refcount_t n = REFCOUNT_INIT(1);
	int i;

	kref_init(&at->ref);
	at->n = 7;
	for (i = 0; i < 3; i++) {
		kref_get(&at->ref);
		kthread_run(puts, at, "puts/%d", i);
	}
	SAME(kref_get_unless_zero(&at->ref), 1);
	SAME(kref_put(&at->ref, release), 0);
	kref_put(&at->ref, release);
	for (i = 0; i < 3; i++)
		wait_for_completion(&ended);
	SAME(released, 7);
	{
		struct kref two = KREF_INIT(2);

		SAME(kref_put_mutex(&two, release_last, &last), 0);
		CHECK(!mutex_is_locked(&last));
		SAME(kref_put_mutex(&two, release_last, &last), 1);
		CHECK(released == 107 && !mutex_is_locked(&last));
	}
	CHECK(!refcount_dec_not_one(&n) && refcount_dec_and_lock(&n, &spin) && spin_is_locked(&spin) && refcount_read(&n) == 0);
	spin_unlock(&spin);
	CHECK(!refcount_inc_not_zero(&n));
}
static void run(void) { guards(); held(); contexts(); per_cpu_variables(); sequences(); references(); rarely_written(); }
TEST(run);
