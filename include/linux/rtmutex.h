/* Mutexes of real-time code. A waiter's priority is not lent to the owner: they are <linux/mutex.h>'s with other names. */
#ifndef _LINUX_RTMUTEX_H
#define _LINUX_RTMUTEX_H
#include <linux/mutex.h>
struct rt_mutex {
	struct mutex lock;
};
#define __RT_MUTEX_INITIALIZER(name)	{ .lock = __MUTEX_INITIALIZER((name).lock) }
#define DEFINE_RT_MUTEX(name)		struct rt_mutex name = __RT_MUTEX_INITIALIZER(name)
#define rt_mutex_init(rt)		mutex_init(&(rt)->lock)
#define rt_mutex_destroy(rt)		mutex_destroy(&(rt)->lock)
#define rt_mutex_lock(rt)		mutex_lock(&(rt)->lock)
#define rt_mutex_lock_nested(rt, class)	mutex_lock(&(rt)->lock)
#define rt_mutex_lock_interruptible(rt)	mutex_lock_interruptible(&(rt)->lock)
#define rt_mutex_lock_killable(rt)	mutex_lock_killable(&(rt)->lock)
#define rt_mutex_trylock(rt)		mutex_trylock(&(rt)->lock)
#define rt_mutex_unlock(rt)		mutex_unlock(&(rt)->lock)
#define rt_mutex_base_is_locked(rt)	mutex_is_locked(&(rt)->lock)
#define rt_mutex_is_locked(rt)		mutex_is_locked(&(rt)->lock)
#endif
