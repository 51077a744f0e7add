/*
 * What bench/rows/c_modules.mjs measures in C: one thing each time it is loaded, which its init does and prints as
 * "c_bench: NANOSECONDS".
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

static char *what = "sieve";
static uint times = 1000;
module_param(what, charp, 0444);
module_param(times, uint, 0444);

static DECLARE_COMPLETION(done);
static DECLARE_WAIT_QUEUE_HEAD(pings);
static DECLARE_WAIT_QUEUE_HEAD(pongs);
static int ball;
static u64 figure;

static int ping(void *data)
{
	u64 begun = 0;
	uint warm = times / 10, i;

	for (i = 0; i < times + warm; i++) {
		if (i == warm)
			begun = ktime_get_ns();
		WRITE_ONCE(ball, 1);
		wake_up(&pongs);
		wait_event(pings, READ_ONCE(ball) == 0);
	}
	figure = (ktime_get_ns() - begun) / times;
	WRITE_ONCE(ball, 2);
	wake_up(&pongs);
	complete(&done);
	return 0;
}

static int pong(void *data)
{
	for (;;) {
		wait_event(pongs, READ_ONCE(ball) != 0);
		if (READ_ONCE(ball) == 2)
			return 0;
		WRITE_ONCE(ball, 0);
		wake_up(&pings);
	}
}

static u64 asked;

static int starter(void *data)
{
	figure = ktime_get_ns() - asked;
	complete(&done);
	return 0;
}

/* One after the other; the first few do not count, unless there is only one. */
static void starts(void)
{
	uint warm = times / 10, i;
	u64 all = 0;

	for (i = 0; i < times + warm; i++) {
		asked = ktime_get_ns();
		kthread_run(starter, NULL, "starter");
		wait_for_completion(&done);
		if (i >= warm)
			all += figure;
		msleep(5); /* the isolate is idle again */
	}
	figure = all / times;
	complete(&done);
}

#define LIMIT 1000000
#define WARM_UP 10

static noinline unsigned int sieve(char *composite)
{
	unsigned int i, j, primes = 0;

	memset(composite, 0, LIMIT);
	for (i = 2; i < LIMIT; i++) {
		if (composite[i])
			continue;
		primes++;
		for (j = 2 * i; j < LIMIT; j += i)
			composite[j] = 1;
	}
	return primes;
}

static int sieves(void *data)
{
	char *composite = kmalloc(LIMIT, GFP_KERNEL);
	unsigned int primes = 0;
	u64 begun;
	uint i;

	for (i = 0; i < WARM_UP; i++) /* The engine compiles what runs for long a second time, better. */
		primes = sieve(composite);
	begun = ktime_get_ns();
	for (i = 0; i < times; i++)
		primes = sieve(composite);
	figure = (ktime_get_ns() - begun) / times;
	kfree(composite);
	complete(&done);
	return primes;
}

static int __init c_bench_init(void)
{
	if (!strcmp(what, "nothing"))
		return 0;
	if (!strcmp(what, "pingpong")) {
		kthread_run(pong, NULL, "pong");
		kthread_run(ping, NULL, "ping");
	} else if (!strcmp(what, "start"))
		starts();
	else
		kthread_run(sieves, NULL, "sieve");
	wait_for_completion(&done);
	pr_info("c_bench: %llu\n", figure);
	return 0;
}

static void __exit c_bench_exit(void)
{
}

module_init(c_bench_init);
module_exit(c_bench_exit);
MODULE_LICENSE("GPL");
