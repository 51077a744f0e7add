/* Time, also as calendars have it and as it was before Linux 5.6. */
#ifndef _LINUX_TIME_H
#define _LINUX_TIME_H
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/time64.h>
struct tm {
	int tm_sec;
	int tm_min;
	int tm_hour;
	int tm_mday;
	int tm_mon;   /* from 0 */
	long tm_year; /* since 1900 */
	int tm_wday;  /* from Sunday, 0 */
	int tm_yday;  /* from 0 */
};
static __always_inline bool __leap(long year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }
/* The date of a second since 1970, `offset` seconds east of Greenwich. */
static __maybe_unused void time64_to_tm(time64_t seconds, int offset, struct tm *to)
{
	static const char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const long cycle = 146097; /* days of 400 years */
	s64 days = (seconds + offset) / 86400, cycles;
	int rest = (seconds + offset) % 86400, month;
	long year = 1970;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	to->tm_hour = rest / 3600;
	to->tm_min = rest / 60 % 60;
	to->tm_sec = rest % 60;
	to->tm_wday = ((days + 4) % 7 + 7) % 7;
	cycles = days / cycle - (days % cycle < 0);
	days -= cycles * cycle;
	for (year += 400 * cycles; days >= 365 + __leap(year); year++)
		days -= 365 + __leap(year);
	to->tm_year = year - 1900;
	to->tm_yday = days;
	for (month = 0; days >= lengths[month] + (month == 1 && __leap(year)); month++)
		days -= lengths[month] + (month == 1 && __leap(year));
	to->tm_mon = month;
	to->tm_mday = days + 1;
}
/* Before: seconds in a long. */
struct timespec {
	long tv_sec;
	long tv_nsec;
};
struct timeval {
	long tv_sec;
	long tv_usec;
};
#define do_gettimeofday(tv)	({ struct timespec64 __now = ns_to_timespec64(ktime_get_real()); *(tv) = (struct timeval){ __now.tv_sec, __now.tv_nsec / 1000 }; })
#define getnstimeofday(ts)	({ struct timespec64 __now = ns_to_timespec64(ktime_get_real()); *(ts) = (struct timespec){ __now.tv_sec, __now.tv_nsec }; })
#define ktime_get_ts(ts)	({ struct timespec64 __now = ns_to_timespec64(ktime_get()); *(ts) = (struct timespec){ __now.tv_sec, __now.tv_nsec }; })
#define timespec_to_ns(ts)	((s64)(ts)->tv_sec * NSEC_PER_SEC + (ts)->tv_nsec)
#define timeval_to_ns(tv)	((s64)(tv)->tv_sec * NSEC_PER_SEC + (s64)(tv)->tv_usec * 1000)
#define current_kernel_time64()	ns_to_timespec64(ktime_get_real())
#endif
