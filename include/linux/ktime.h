/* Time in nanoseconds. */
#ifndef _LINUX_KTIME_H
#define _LINUX_KTIME_H
#include <linux/jiffies.h>
#include <linux/time64.h>
#include <linux/types.h>
typedef s64 ktime_t;
extern ktime_t ktime_get(void);
extern ktime_t ktime_get_real(void);
#define KTIME_MAX		((s64)~((u64)1 << 63))
#define ktime_get_boottime()	ktime_get()
#define ktime_get_raw()		ktime_get()
#define ktime_get_ns()		((u64)ktime_get())
#define ktime_get_real_ns()	((u64)ktime_get_real())
#define ktime_get_boottime_ns()	((u64)ktime_get())
#define ktime_get_raw_ns()	((u64)ktime_get())
#define ktime_get_seconds()	((time64_t)(ktime_get() / NSEC_PER_SEC))
#define ktime_get_real_seconds() ((time64_t)(ktime_get_real() / NSEC_PER_SEC))
#define ktime_get_clocktai()	ktime_get_real()
#define ktime_get_coarse()	ktime_get()
#define ktime_get_coarse_real()	ktime_get_real()
#define ktime_mono_to_real(t)	((t) + (ktime_get_real() - ktime_get()))
#define ktime_to_timespec64(t)	ns_to_timespec64(t)
#define timespec64_to_ktime(ts)	({ struct timespec64 __ts = (ts); timespec64_to_ns(&__ts); })
#define ktime_get_ts64(ts)	((void)(*(ts) = ns_to_timespec64(ktime_get())))
#define ktime_get_raw_ts64(ts)	ktime_get_ts64(ts)
#define ktime_get_boottime_ts64(ts) ktime_get_ts64(ts)
#define ktime_get_coarse_ts64(ts) ktime_get_ts64(ts)
#define ktime_get_real_ts64(ts)	((void)(*(ts) = ns_to_timespec64(ktime_get_real())))
#define ktime_get_coarse_real_ts64(ts) ktime_get_real_ts64(ts)
#define getnstimeofday64(ts)	ktime_get_real_ts64(ts)
static __always_inline ktime_t ktime_set(s64 secs, unsigned long nsecs) { return secs * NSEC_PER_SEC + (s64)nsecs; }
#define ktime_add(a, b)		((a) + (b))
#define ktime_sub(a, b)		((a) - (b))
#define ktime_add_ns(a, ns)	((a) + (s64)(ns))
#define ktime_add_us(a, us)	((a) + (s64)(us) * NSEC_PER_USEC)
#define ktime_add_ms(a, ms)	((a) + (s64)(ms) * NSEC_PER_MSEC)
#define ktime_sub_ns(a, ns)	((a) - (s64)(ns))
#define ktime_to_ns(t)		(t)
#define ktime_to_us(t)		((s64)(t) / NSEC_PER_USEC)
#define ktime_to_ms(t)		((s64)(t) / NSEC_PER_MSEC)
#define ns_to_ktime(ns)		((ktime_t)(ns))
#define us_to_ktime(us)		((ktime_t)(us) * NSEC_PER_USEC)
#define ms_to_ktime(ms)		((ktime_t)(ms) * NSEC_PER_MSEC)
#define ktime_us_delta(a, b)	ktime_to_us((a) - (b))
#define ktime_ms_delta(a, b)	ktime_to_ms((a) - (b))
#define ktime_compare(a, b)	((a) < (b) ? -1 : (a) > (b))
#define ktime_after(a, b)	((a) > (b))
#define ktime_before(a, b)	((a) < (b))
#define local_clock()		((u64)ktime_get())
#define sched_clock()		((u64)ktime_get())
#endif
