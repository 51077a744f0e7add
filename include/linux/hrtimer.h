/* Timers in nanoseconds. They run out at the first millisecond that is not too early. */
#ifndef _LINUX_HRTIMER_H
#define _LINUX_HRTIMER_H
#include <linux/ktime.h>
#include <linux/timer.h>
#include <linux/container_of.h>
#include <generated/records.h>
enum hrtimer_mode {
	HRTIMER_MODE_ABS, HRTIMER_MODE_REL, HRTIMER_MODE_PINNED, HRTIMER_MODE_SOFT = 4, HRTIMER_MODE_HARD = 8,
	HRTIMER_MODE_ABS_PINNED = 2, HRTIMER_MODE_REL_PINNED = 3, HRTIMER_MODE_ABS_SOFT = 4, HRTIMER_MODE_REL_SOFT = 5, HRTIMER_MODE_ABS_HARD = 8, HRTIMER_MODE_REL_HARD = 9,
};
/* All clocks are one; older modules ask it by way of the timer. */
struct hrtimer_clock_base {
	ktime_t (*get_time)(void);
};
static __maybe_unused struct hrtimer_clock_base __hrtimer_base = { ktime_get };
#define hrtimer_setup(timer, fn, clock, mode) ((void)(clock), (void)(mode), *(timer) = (struct hrtimer){ .function = (hrtimer_func_t)(fn), .base = &__hrtimer_base })
#define hrtimer_init(timer, clock, mode) hrtimer_setup(timer, NULL, clock, mode)
extern void kthread_hrtimer_start(struct hrtimer *timer, ktime_t time, unsigned int mode);
extern int hrtimer_cancel(struct hrtimer *timer);
extern int hrtimer_try_to_cancel(struct hrtimer *timer);
extern bool hrtimer_active(const struct hrtimer *timer);
#define hrtimer_start(timer, time, mode)	kthread_hrtimer_start(timer, time, mode)
#define hrtimer_start_range_ns(timer, time, slack, mode) ((void)(slack), kthread_hrtimer_start(timer, time, mode))
#define hrtimer_restart(timer)			kthread_hrtimer_start(timer, (timer)->expires, HRTIMER_MODE_ABS)
#define hrtimer_get_expires(timer)		((timer)->expires)
#define hrtimer_set_expires(timer, time)	((void)((timer)->expires = (time)))
#define hrtimer_add_expires_ns(timer, ns)	((void)((timer)->expires += (ns)))
#define hrtimer_get_remaining(timer)		((timer)->expires - ktime_get())
#define hrtimer_cb_get_time(timer)		ktime_get()
#define hrtimer_is_queued(timer)		((timer)->entry.next != NULL)
#define hrtimer_resolution			1000000
/* Moves the time of a timer that is not armed beyond `now`, in steps; returns how many. */
static __maybe_unused u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval)
{
	u64 steps;

	if (now < timer->expires || hrtimer_is_queued(timer))
		return 0;
	steps = (u64)(now - timer->expires) / (u64)interval + 1;
	timer->expires += (s64)steps * interval;
	return steps;
}
#define hrtimer_forward_now(timer, interval)	hrtimer_forward(timer, ktime_get(), interval)
extern int kthread_schedule_hrtimeout(s64 ns);
/* Sleeps as the state of the task says, until a time from now or (with ABS) of ktime_get(). */
#define schedule_hrtimeout(time, mode) ({ \
	ktime_t *__time = (time); \
	s64 __ns = !__time ? -1 : (mode) & HRTIMER_MODE_REL ? *__time : *__time - ktime_get(); \
	kthread_schedule_hrtimeout(!__time ? -1 : __ns < 0 ? 0 : __ns); \
})
#define schedule_hrtimeout_range(time, slack, mode) ((void)(slack), schedule_hrtimeout(time, mode))
#endif
