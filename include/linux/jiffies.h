/* The clock that counts ticks. */
#ifndef _LINUX_JIFFIES_H
#define _LINUX_JIFFIES_H
#include <linux/limits.h>
#include <linux/param.h>
#include <linux/types.h>
extern unsigned long kthread_jiffies(void);
extern u64 kthread_jiffies64(void);
extern unsigned long msecs_to_jiffies(unsigned int ms);
extern unsigned long usecs_to_jiffies(unsigned int us);
extern unsigned int jiffies_to_msecs(unsigned long j);
extern unsigned int jiffies_to_usecs(unsigned long j);
extern u32 nsecs_to_jiffies(u64 ns);
#define TICK_NSEC		(1000000000L / HZ)
#define jiffies_to_nsecs(j)	((u64)(j) * (1000000000ULL / HZ))
#define nsecs_to_jiffies64(ns)	((u64)nsecs_to_jiffies(ns))
#define jiffies64_to_msecs(j)	((u64)(j) * 1000 / HZ)
#define jiffies64_to_nsecs(j)	jiffies_to_nsecs(j)
#define msecs_to_jiffies64(ms)	((u64)msecs_to_jiffies(ms))
#define jiffies_64		get_jiffies_64()
#define jiffies_delta_to_msecs(d) ((d) > 0 ? jiffies_to_msecs(d) : 0)
#define jiffies_to_clock_t(j)	((clock_t)((j) * USER_HZ / HZ))
#define clock_t_to_jiffies(t)	((unsigned long)(t) * HZ / USER_HZ)
#define time_in_range_open(a, b, c) (time_after_eq(a, b) && time_before(a, c))
#define jiffies			(kthread_jiffies())
#define get_jiffies_64()	kthread_jiffies64()
#define INITIAL_JIFFIES		((unsigned long)(unsigned int)(-300 * HZ))
#define MAX_JIFFY_OFFSET	((LONG_MAX >> 1) - 1)
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before_eq(a, b)	time_after_eq(b, a)
#define time_in_range(a, b, c)	(time_after_eq(a, b) && time_before_eq(a, c))
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)
#define time_is_before_eq_jiffies(a) time_after_eq(jiffies, a)
#define time_is_after_eq_jiffies(a) time_before_eq(jiffies, a)
#define time_after64(a, b)	((s64)((b) - (a)) < 0)
#define time_before64(a, b)	time_after64(b, a)
#endif
