/* How often something may be said. */
#ifndef _LINUX_RATELIMIT_H
#define _LINUX_RATELIMIT_H
#include <linux/jiffies.h>
#include <linux/param.h>
#include <linux/spinlock.h>
#define DEFAULT_RATELIMIT_INTERVAL	(5 * HZ)
#define DEFAULT_RATELIMIT_BURST		10
struct ratelimit_state {
	raw_spinlock_t lock;
	int interval; /* jiffies */
	int burst;    /* how often in that time */
	int printed;
	int missed;
	unsigned long begin;
	unsigned int flags;
};
#define RATELIMIT_STATE_INIT(name, interval_init, burst_init) { .interval = (interval_init), .burst = (burst_init) }
#define DEFINE_RATELIMIT_STATE(name, interval_init, burst_init) struct ratelimit_state name = RATELIMIT_STATE_INIT(name, interval_init, burst_init)
static __maybe_unused void ratelimit_state_init(struct ratelimit_state *state, int interval, int burst) { *state = (struct ratelimit_state){ .interval = interval, .burst = burst }; }
/* Whether it may be said now. */
static __maybe_unused int __ratelimit(struct ratelimit_state *state)
{
	int may;

	if (!state->interval)
		return 1;
	spin_lock(&state->lock);
	if (!state->begin || time_after(jiffies, state->begin + state->interval)) {
		if (state->missed)
			printk(KERN_WARNING "%s: %d callbacks suppressed\n", __func__, state->missed);
		state->begin = jiffies | 1;
		state->printed = state->missed = 0;
	}
	may = state->printed < state->burst;
	if (may)
		state->printed++;
	else
		state->missed++;
	spin_unlock(&state->lock);
	return may;
}
#endif
