/* How often something may happen: `burst` times in `interval` jiffies. */
#ifndef _LINUX_RATELIMIT_TYPES_H
#define _LINUX_RATELIMIT_TYPES_H
#include <linux/param.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>
#define DEFAULT_RATELIMIT_INTERVAL	(5 * HZ)
#define DEFAULT_RATELIMIT_BURST		10
/* Only the caller asks how many were left out. */
#define RATELIMIT_MSG_ON_RELEASE	1
struct ratelimit_state {
	raw_spinlock_t lock;
	int interval;
	int burst;
	int printed;
	int missed;
	unsigned int flags;
	unsigned long begin;
};
#define RATELIMIT_STATE_INIT_FLAGS(name, every, most, how) { .interval = (every), .burst = (most), .flags = (how) }
#define RATELIMIT_STATE_INIT(name, every, most) RATELIMIT_STATE_INIT_FLAGS(name, every, most, 0)
#define RATELIMIT_STATE_INIT_DISABLED	RATELIMIT_STATE_INIT(, 0, DEFAULT_RATELIMIT_BURST)
#define DEFINE_RATELIMIT_STATE(name, every, most) struct ratelimit_state name = RATELIMIT_STATE_INIT(name, every, most)
#endif
