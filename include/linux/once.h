/* What is done the first time only. */
#ifndef _LINUX_ONCE_H
#define _LINUX_ONCE_H
#include <linux/atomic.h>
#include <linux/random.h>
/* Whether it was done now. */
#define DO_ONCE(fn, args...)		({ static int __done; bool __now = !READ_ONCE(__done) && !xchg(&__done, 1); if (__now) fn(args); __now; })
#define DO_ONCE_SLEEPABLE(fn, args...)	DO_ONCE(fn, ##args)
#define DO_ONCE_LITE(fn, args...)	DO_ONCE(fn, ##args)
#define DO_ONCE_LITE_IF(condition, fn, args...) ({ bool __so = !!(condition); if (__so) DO_ONCE(fn, ##args); __so; })
#define __ONCE_LITE_IF(condition)	({ static int __done; (condition) && !READ_ONCE(__done) && !xchg(&__done, 1); })
#define get_random_once(to, size)	DO_ONCE(get_random_bytes, to, size)
#define get_random_sleepable_once(to, size) get_random_once(to, size)
#endif
