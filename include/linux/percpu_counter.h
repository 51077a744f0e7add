/* Counters that many CPUs add to. One atomic word here, so every sum is exact. */
#ifndef _LINUX_PERCPU_COUNTER_H
#define _LINUX_PERCPU_COUNTER_H
#include <linux/atomic.h>
#include <linux/types.h>
struct percpu_counter {
	atomic64_t count;
};
#define percpu_counter_batch		32
#define percpu_counter_init(at, amount, flags) ({ (void)(flags); atomic64_set(&(at)->count, amount); 0; })
#define percpu_counter_destroy(at)	do { (void)(at); } while (0)
#define percpu_counter_initialized(at)	true
#define percpu_counter_set(at, amount)	atomic64_set(&(at)->count, amount)
#define percpu_counter_add(at, amount)	atomic64_add(amount, &(at)->count)
#define percpu_counter_add_batch(at, amount, batch) percpu_counter_add(at, amount)
#define percpu_counter_add_local(at, amount) percpu_counter_add(at, amount)
#define percpu_counter_sub(at, amount)	atomic64_sub(amount, &(at)->count)
#define percpu_counter_inc(at)		atomic64_inc(&(at)->count)
#define percpu_counter_dec(at)		atomic64_dec(&(at)->count)
#define percpu_counter_read(at)		atomic64_read(&(at)->count)
#define percpu_counter_sum(at)		atomic64_read(&(at)->count)
static __always_inline s64 percpu_counter_read_positive(struct percpu_counter *at) { s64 n = percpu_counter_read(at); return n < 0 ? 0 : n; }
#define percpu_counter_sum_positive(at)	percpu_counter_read_positive(at)
static __always_inline int percpu_counter_compare(struct percpu_counter *at, s64 with) { s64 n = percpu_counter_read(at); return n > with ? 1 : n < with ? -1 : 0; }
#endif
