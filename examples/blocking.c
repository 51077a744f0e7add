// blocking.ts in C: one thread computes without a break, and the one beside it keeps its rhythm.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/ktime.h>

static struct task_struct *searcher, *beater;

static bool is_prime(u32 n)
{
	u32 d;

	for (d = 3; d * d <= n; d += 2) {
		if (n % d == 0)
			return false;
	}
	return true;
}

static int primes(void *data)
{
	int found = 0;
	u32 n;

	for (n = 1000000001; !kthread_should_stop(); n += 2) {
		if (is_prime(n) && ++found % 1000 == 0)
			msleep(1);
		cond_resched(); // A kernel that does not preempt goes on here.
	}
	return found;
}

static int beat(void *data)
{
	const long period = (long)data;
	ktime_t next = ktime_add_ms(ktime_get(), period);
	int most = 0;

	for (; !kthread_should_stop(); next = ktime_add_ms(next, period)) {
		int late;
		s64 left = ktime_ms_delta(next, ktime_get());

		if (left > 0)
			msleep_interruptible(left);
		late = max_t(s64, 0, ktime_ms_delta(ktime_get(), next));
		if (!kthread_should_stop())
			pr_info("beat: %d ms late\n", late);
		most = max(most, late);
	}
	return most;
}

static int __init blocking_init(void)
{
	searcher = kthread_run(primes, NULL, "primes");
	if (IS_ERR(searcher))
		return PTR_ERR(searcher);
	beater = kthread_run(beat, (void *)500L, "beat");
	if (IS_ERR(beater)) {
		kthread_stop(searcher);
		return PTR_ERR(beater);
	}
	return 0;
}

static void __exit blocking_exit(void)
{
	pr_info("primes: %d\n", kthread_stop(searcher));
	pr_info("beat: %d\n", kthread_stop(beater));
}

module_init(blocking_init);
module_exit(blocking_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("computes beside a thread with a rhythm");
