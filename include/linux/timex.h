/* A counter that only grows: nanoseconds, since there are no cycles to count. */
#ifndef _LINUX_TIMEX_H
#define _LINUX_TIMEX_H
#include <linux/ktime.h>
typedef unsigned long long cycles_t;
#define get_cycles()		((cycles_t)ktime_get())
#define random_get_entropy()	((unsigned long)ktime_get())
#endif
