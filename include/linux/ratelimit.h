/* Messages that would come too often. */
#ifndef _LINUX_RATELIMIT_H
#define _LINUX_RATELIMIT_H
#include <linux/bug.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/ratelimit_types.h>
#include <linux/spinlock.h>
/* Whether it may happen now. The first that may again tells how many might not, for the function `who`. */
static __maybe_unused int ___ratelimit(struct ratelimit_state *rs, const char *who)
{
	int missed = 0, may;

	if (rs->interval <= 0)
		return 1;
	raw_spin_lock(&rs->lock);
	if (rs->begin == 0 || time_after_eq(jiffies, rs->begin + rs->interval)) {
		rs->begin = jiffies | 1;
		rs->printed = 0;
		if (!(rs->flags & RATELIMIT_MSG_ON_RELEASE)) {
			missed = rs->missed;
			rs->missed = 0;
		}
	}
	may = rs->printed < rs->burst;
	if (may)
		rs->printed++;
	else
		rs->missed++;
	raw_spin_unlock(&rs->lock);
	if (missed)
		printk(KERN_WARNING "%s: %d callbacks suppressed\n", who, missed);
	return may;
}
#define __ratelimit(state)		___ratelimit(state, __func__)
#define ratelimit_state_init(rs, every, most) ((void)(*(rs) = (struct ratelimit_state)RATELIMIT_STATE_INIT(*(rs), every, most)))
#define ratelimit_default_init(rs)	ratelimit_state_init(rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST)
#define ratelimit_set_flags(rs, how)	((void)((rs)->flags = (how)))
#define ratelimit_state_exit(rs) do { \
	if (((rs)->flags & RATELIMIT_MSG_ON_RELEASE) && (rs)->missed) \
		printk(KERN_WARNING "%s: %d output lines suppressed due to ratelimiting\n", current->comm, (rs)->missed); \
} while (0)
#define WARN_ON_RATELIMIT(condition, state) ({ bool __so = !!(condition); WARN_ON(__so && __ratelimit(state)); __so; })
#define WARN_RATELIMIT(condition, fmt...) ({ static DEFINE_RATELIMIT_STATE(__rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST); bool __so = !!(condition); if (__so && __ratelimit(&__rs)) WARN(1, fmt); __so; })
#endif
