#include "check.h"
#include <linux/delay.h>
#include <linux/kfifo.h>
#include <linux/kthread.h>

struct point { short x; int y; };
static DEFINE_KFIFO(fixed, int, 8);
static DECLARE_KFIFO_PTR(points, struct point);
static STRUCT_KFIFO_REC_1(64) records;
static struct kfifo_rec_ptr_2 longer;
static struct kfifo bytes;
static struct { int before; DECLARE_KFIFO(fifo, u8, 4); int after; } inside;
static DEFINE_KFIFO(line, u32, 16);
static DEFINE_KFIFO(crowd, u32, 32);
static DEFINE_SPINLOCK(lock);

static void elements(void)
{
	int i, n, got[8], more[] = { 20, 21, 22, 23, 24, 25, 26, 27, 28 };
	int *at;

	CHECK(kfifo_initialized(&fixed) && kfifo_is_empty(&fixed) && !kfifo_is_full(&fixed));
	SAME(kfifo_size(&fixed), 8);
	SAME(kfifo_esize(&fixed), 4);
	SAME(kfifo_recsize(&fixed), 0);
	CHECK(!kfifo_get(&fixed, &n) && !kfifo_peek(&fixed, &n));
	for (i = 0; i < 8; i++)
		CHECK(kfifo_put(&fixed, i));
	CHECK(!kfifo_put(&fixed, 8) && kfifo_is_full(&fixed));
	SAME(kfifo_len(&fixed), 8);
	SAME(kfifo_avail(&fixed), 0);
	CHECK(kfifo_peek(&fixed, &n) && n == 0 && kfifo_len(&fixed) == 8);
	for (i = 0; i < 5; i++)
		CHECK(kfifo_get(&fixed, &n) && n == i);
	/* Around the end, and only as many as fit. */
	SAME(kfifo_in(&fixed, more, 9), 5);
	SAME(kfifo_out_peek(&fixed, got, 2), 2);
	CHECK(got[0] == 5 && got[1] == 6);
	SAME(kfifo_out_linear_ptr(&fixed, &at, 8), 3);
	CHECK(at[0] == 5 && at[2] == 7);
	SAME(kfifo_out(&fixed, got, 8), 8);
	CHECK(got[0] == 5 && got[2] == 7 && got[3] == 20 && got[7] == 24);
	SAME(kfifo_out(&fixed, got, 8), 0);
	kfifo_in(&fixed, more, 6);
	kfifo_skip(&fixed);
	kfifo_skip_count(&fixed, 2);
	CHECK(kfifo_get(&fixed, &n) && n == 23);
	SAME(kfifo_peek_len(&fixed), 8);
	kfifo_reset_out(&fixed);
	CHECK(kfifo_is_empty(&fixed) && fixed.kfifo.in == 19);
	/* The counts wrap around with the numbers. */
	fixed.kfifo.in = fixed.kfifo.out = ~0u - 2;
	SAME(kfifo_in(&fixed, more, 7), 7);
	SAME(kfifo_len(&fixed), 7);
	SAME(kfifo_in_spinlocked(&fixed, more, 7, &lock), 1);
	CHECK(!kfifo_is_empty_spinlocked(&fixed, &lock));
	SAME(kfifo_out_spinlocked(&fixed, got, 8, &lock), 8);
	CHECK(got[0] == 20 && got[6] == 26 && got[7] == 20);
	kfifo_reset(&fixed);
	CHECK(fixed.kfifo.in == 0 && kfifo_alloc(&fixed, 4, GFP_KERNEL) == -EINVAL);
}

static void sizes(void)
{
	struct point p = { 1, 2 }, q = { 0, 0 };
	static char buffer[100];
	u8 byte;

	INIT_KFIFO(points);
	CHECK(!kfifo_initialized(&points));
	SAME(kfifo_alloc(&points, 1, GFP_KERNEL), -EINVAL);
	SAME(kfifo_alloc(&points, 0, GFP_KERNEL), -EINVAL);
	SAME(kfifo_alloc(&points, 5, GFP_KERNEL), 0);
	SAME(kfifo_size(&points), 8);
	SAME(kfifo_esize(&points), sizeof(struct point));
	CHECK(kfifo_put(&points, p) && kfifo_get(&points, &q) && q.x == 1 && q.y == 2);
	kfifo_free(&points);
	CHECK(!kfifo_initialized(&points));
	SAME(kfifo_init(&bytes, buffer, sizeof(buffer)), 0); /* down, where somebody else has the memory */
	SAME(kfifo_size(&bytes), 64);
	SAME(kfifo_in(&bytes, "four", 4), 4);
	SAME(buffer[3], 'r');
	SAME(kfifo_init(&bytes, buffer, 1), -EINVAL);
	INIT_KFIFO(inside.fifo);
	for (byte = 0; byte < 10; byte++)
		kfifo_put(&inside.fifo, byte);
	CHECK(kfifo_len(&inside.fifo) == 4 && inside.before == 0 && inside.after == 0);
}

static void rows(void)
{
	char got[300], big[300];
	int i, n = 0;

	INIT_KFIFO(records);
	SAME(kfifo_recsize(&records), 1);
	SAME(kfifo_avail(&records), 63);
	SAME(kfifo_in(&records, "one", 3), 3);
	SAME(kfifo_in(&records, "twenty", 6), 6);
	SAME(kfifo_in(&records, "", 0), 0);
	SAME(kfifo_len(&records), 12);
	SAME(kfifo_peek_len(&records), 3);
	memset(got, 0, sizeof(got));
	SAME(kfifo_out_peek(&records, got, sizeof(got)), 3);
	CHECK(!strcmp(got, "one"));
	kfifo_skip(&records);
	memset(got, 0, sizeof(got));
	SAME(kfifo_out(&records, got, 3), 3); /* what does not fit is gone */
	CHECK(!strcmp(got, "twe"));
	SAME(kfifo_out(&records, got, 3), 0); /* the empty one */
	CHECK(kfifo_is_empty(&records));
	memset(big, 'b', sizeof(big));
	while (kfifo_in(&records, big, 9))
		n++;
	SAME(n, 6);
	SAME(kfifo_avail(&records), 3);
	for (i = 0; i < 40; i++) {
		SAME(kfifo_out(&records, got, 20), 9);
		SAME(kfifo_in(&records, big, 9), 9);
	}
	SAME(kfifo_alloc(&longer, 1000, GFP_KERNEL), 0);
	SAME(kfifo_size(&longer), 1024);
	SAME(kfifo_in(&longer, big, 300), 300);
	SAME(kfifo_peek_len(&longer), 300);
	SAME(kfifo_out(&longer, got, 300), 300);
	CHECK(!memcmp(got, big, 300));
	SAME(kfifo_in(&longer, big, 1023), 0);
	kfifo_free(&longer);
}

#define MANY 30000
static struct completion ended;
static atomic_t sum;
static int puts(void *data)
{
	u32 i, run[3];

	for (i = 1; i <= MANY;) {
		int n = 0, put = 0;

		while (n < 3 && i + n <= MANY) {
			run[n] = i + n;
			n++;
		}
		while (put < n) {
			int now = kfifo_in(&line, run + put, n - put);

			if (!now)
				cond_resched();
			put += now;
		}
		i += n;
	}
	complete(&ended);
	return 0;
}
static int gets(void *data)
{
	u32 expected = 1, run[5];

	while (expected <= MANY) {
		int n = kfifo_out(&line, run, 5), i;

		if (!n)
			cond_resched();
		for (i = 0; i < n; i++)
			if (run[i] != expected++) {
				pr_err("wrong: %u for %u\n", run[i], expected - 1);
				expected = MANY + 1;
				failures++;
			}
	}
	complete(&ended);
	return 0;
}
/* Several on either side, with the lock. */
static int jostle(void *data)
{
	int i;

	for (i = 1; i <= 2000; i++) {
		u32 n = i;

		while (!kfifo_in_spinlocked(&crowd, &n, 1, &lock)) {
			if (kfifo_out_spinlocked(&crowd, &n, 1, &lock))
				atomic_add(n, &sum);
			n = i;
		}
		if ((i & 1) && kfifo_out_spinlocked(&crowd, &n, 1, &lock))
			atomic_add(n, &sum);
	}
	complete(&ended);
	return 0;
}
static void threads(void)
{
	u32 n;

	init_completion(&ended);
	kthread_run(puts, NULL, "puts");
	kthread_run(gets, NULL, "gets");
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	CHECK(kfifo_is_empty(&line));
	kthread_run(jostle, NULL, "jostle/1");
	kthread_run(jostle, NULL, "jostle/2");
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	while (kfifo_get(&crowd, &n))
		atomic_add(n, &sum);
	SAME(atomic_read(&sum), 2 * 2001000);
}
static void run(void) { elements(); sizes(); rows(); threads(); }
TEST(run);
