/* Seconds and their parts. */
#ifndef _LINUX_TIME64_H
#define _LINUX_TIME64_H
#include <linux/types.h>
#define MSEC_PER_SEC	1000L
#define USEC_PER_MSEC	1000L
#define NSEC_PER_USEC	1000L
#define NSEC_PER_MSEC	1000000L
#define USEC_PER_SEC	1000000L
#define NSEC_PER_SEC	1000000000L
#define CLOCK_REALTIME	0
#define CLOCK_MONOTONIC	1
#define CLOCK_BOOTTIME	7
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_TAI	11
#define TIME64_MAX	((s64)~((u64)1 << 63))
struct timespec64 {
	time64_t tv_sec;
	long tv_nsec;
};
static __always_inline s64 timespec64_to_ns(const struct timespec64 *ts) { return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec; }
static __always_inline struct timespec64 ns_to_timespec64(s64 ns)
{
	s64 seconds = ns / NSEC_PER_SEC, rest = ns % NSEC_PER_SEC;

	return (struct timespec64){ seconds - (rest < 0), rest + (rest < 0 ? NSEC_PER_SEC : 0) };
}
static __always_inline void set_normalized_timespec64(struct timespec64 *ts, time64_t sec, s64 nsec) { *ts = ns_to_timespec64(nsec); ts->tv_sec += sec; }
static __always_inline struct timespec64 timespec64_add(struct timespec64 a, struct timespec64 b) { struct timespec64 sum; set_normalized_timespec64(&sum, a.tv_sec + b.tv_sec, (s64)a.tv_nsec + b.tv_nsec); return sum; }
static __always_inline struct timespec64 timespec64_sub(struct timespec64 a, struct timespec64 b) { struct timespec64 rest; set_normalized_timespec64(&rest, a.tv_sec - b.tv_sec, (s64)a.tv_nsec - b.tv_nsec); return rest; }
static __always_inline void timespec64_add_ns(struct timespec64 *ts, u64 ns) { set_normalized_timespec64(ts, ts->tv_sec, ts->tv_nsec + (s64)ns); }
static __always_inline int timespec64_equal(const struct timespec64 *a, const struct timespec64 *b) { return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec; }
static __always_inline int timespec64_compare(const struct timespec64 *a, const struct timespec64 *b) { s64 by = timespec64_to_ns(a) - timespec64_to_ns(b); return by < 0 ? -1 : by > 0; }
static __always_inline bool timespec64_valid(const struct timespec64 *ts) { return ts->tv_sec >= 0 && (unsigned long)ts->tv_nsec < NSEC_PER_SEC; }
#endif
