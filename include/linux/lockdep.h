/*
 * Whether the caller holds a lock. Locks know their holders here, so the assertions are always on; the orders in which locks are
 * taken are not looked at, and their classes are nothing.
 */
#ifndef _LINUX_LOCKDEP_H
#define _LINUX_LOCKDEP_H
#include <linux/bug.h>
#include <linux/types.h>
#include <generated/records.h>
struct lock_class_key { };
struct lockdep_map { };
/* 1: for writing or alone, 2: for reading, 3: either. */
extern int kthread_lock_held(const void *lock, int kind, int how);
/* What is no lock of ours counts as held. */
#define __lockdep_kind(at)	_Generic((at), \
	struct spinlock *: 0, const struct spinlock *: 0, struct mutex *: 1, const struct mutex *: 1, struct rw_semaphore *: 2, const struct rw_semaphore *: 2, \
	struct rwlock *: 3, const struct rwlock *: 3, struct seqlock *: 0, default: -1)
#define lockdep_is_held(lock)	kthread_lock_held((const void *)(lock), __lockdep_kind(lock), 3)
#define lockdep_is_held_type(lock, type) kthread_lock_held((const void *)(lock), __lockdep_kind(lock), (type) == 0 ? 1 : (type) == 1 ? 2 : 3)
#define LOCK_STATE_NOT_HELD	0
#define LOCK_STATE_HELD		1
#define LOCK_STATE_UNKNOWN	-1
#define lockdep_assert(condition)		((void)WARN_ON(!(condition)))
#define lockdep_assert_once(condition)		((void)WARN_ON_ONCE(!(condition)))
#define lockdep_assert_held(lock)		lockdep_assert(lockdep_is_held(lock))
#define lockdep_assert_held_once(lock)		lockdep_assert_once(lockdep_is_held(lock))
#define lockdep_assert_held_write(lock)		lockdep_assert(lockdep_is_held_type(lock, 0))
#define lockdep_assert_held_read(lock)		lockdep_assert(lockdep_is_held_type(lock, 1))
#define lockdep_assert_not_held(lock)		lockdep_assert(__lockdep_kind(lock) < 0 || !lockdep_is_held(lock))
#define lockdep_assert_none_held_once()		do { } while (0)
#define lockdep_assert_in_softirq()		lockdep_assert(in_softirq())
#define lockdep_assert_preemption_disabled()	lockdep_assert(preempt_count() != 0)
#define lockdep_assert_preemption_enabled()	lockdep_assert(preempt_count() == 0)
#define lockdep_assert_irqs_enabled()		lockdep_assert(!irqs_disabled())
#define lockdep_assert_irqs_disabled()		lockdep_assert(irqs_disabled())
#define lockdep_set_class(lock, key)		do { (void)(lock); (void)(key); } while (0)
#define lockdep_set_class_and_name(lock, key, name) lockdep_set_class(lock, key)
#define lockdep_set_subclass(lock, sub)		do { (void)(lock); } while (0)
#define lockdep_set_novalidate_class(lock)	do { (void)(lock); } while (0)
#define lockdep_register_key(key)		do { (void)(key); } while (0)
#define lockdep_unregister_key(key)		do { (void)(key); } while (0)
#define lockdep_init_map(map, name, key, sub)	do { (void)(map); (void)(key); } while (0)
#define lockdep_off()				do { } while (0)
#define lockdep_on()				do { } while (0)
#define might_lock(lock)			do { (void)(lock); } while (0)
#define might_lock_read(lock)			do { (void)(lock); } while (0)
#endif
