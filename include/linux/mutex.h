/* Mutexes. */
#ifndef _LINUX_MUTEX_H
#define _LINUX_MUTEX_H
#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <generated/records.h>
extern void kthread_mutex_init(struct mutex *lock);
extern void mutex_lock(struct mutex *lock);
extern int mutex_lock_interruptible(struct mutex *lock);
extern int mutex_lock_killable(struct mutex *lock);
extern int mutex_trylock(struct mutex *lock);
extern void mutex_unlock(struct mutex *lock);
extern bool mutex_is_locked(struct mutex *lock);
#define __MUTEX_INITIALIZER(name) { .wait_list = LIST_HEAD_INIT((name).wait_list) }
#define DEFINE_MUTEX(name)	struct mutex name = __MUTEX_INITIALIZER(name)
#define mutex_init(lock)	kthread_mutex_init(lock)
#define mutex_destroy(lock)	do { (void)(lock); } while (0)
#define mutex_lock_nested(lock, class) mutex_lock(lock)
DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))
DEFINE_GUARD_COND(mutex, _try, mutex_trylock(_T))
DEFINE_GUARD_COND(mutex, _intr, mutex_lock_interruptible(_T) == 0)
DEFINE_GUARD_COND(mutex, _kill, mutex_lock_killable(_T) == 0)
#endif
