/* Spinlocks. There are no interrupts here: the forms that keep them off note only that they are. */
#ifndef _LINUX_SPINLOCK_H
#define _LINUX_SPINLOCK_H
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/spinlock_types.h>
extern void kthread_spin_lock(spinlock_t *lock);
extern void kthread_spin_unlock(spinlock_t *lock);
extern int kthread_spin_trylock(spinlock_t *lock);
extern int kthread_spin_is_locked(spinlock_t *lock);
#define spin_lock_init(lock)		((lock)->owner = 0)
#define raw_spin_lock_init(lock)	spin_lock_init(lock)
#define spin_lock(lock)			kthread_spin_lock(lock)
#define spin_unlock(lock)		kthread_spin_unlock(lock)
#define spin_trylock(lock)		kthread_spin_trylock(lock)
#define spin_is_locked(lock)		kthread_spin_is_locked(lock)
#define spin_lock_nested(lock, class)	kthread_spin_lock(lock)
static __always_inline void spin_lock_bh(spinlock_t *lock) { local_bh_disable(); kthread_spin_lock(lock); }
static __always_inline void spin_unlock_bh(spinlock_t *lock) { kthread_spin_unlock(lock); local_bh_enable(); }
#define spin_trylock_bh(lock)		({ int __got; local_bh_disable(); __got = kthread_spin_trylock(lock); if (!__got) local_bh_enable(); __got; })
static __always_inline void spin_lock_irq(spinlock_t *lock) { local_irq_disable(); kthread_spin_lock(lock); }
static __always_inline void spin_unlock_irq(spinlock_t *lock) { kthread_spin_unlock(lock); local_irq_enable(); }
#define spin_trylock_irq(lock)		({ int __got; local_irq_disable(); __got = kthread_spin_trylock(lock); if (!__got) local_irq_enable(); __got; })
#define spin_lock_irqsave(lock, flags)	do { local_irq_save(flags); kthread_spin_lock(lock); } while (0)
static __always_inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags) { kthread_spin_unlock(lock); local_irq_restore(flags); }
#define spin_trylock_irqsave(lock, flags) ({ int __got; local_irq_save(flags); __got = kthread_spin_trylock(lock); if (!__got) local_irq_restore(flags); __got; })
#define raw_spin_lock			spin_lock
#define raw_spin_unlock			spin_unlock
#define raw_spin_trylock		spin_trylock
#define raw_spin_lock_irq		spin_lock_irq
#define raw_spin_unlock_irq		spin_unlock_irq
#define raw_spin_lock_bh		spin_lock_bh
#define raw_spin_unlock_bh		spin_unlock_bh
#define raw_spin_trylock_bh		spin_trylock_bh
#define raw_spin_trylock_irq		spin_trylock_irq
#define raw_spin_trylock_irqsave	spin_trylock_irqsave
#define raw_spin_is_locked		spin_is_locked
#define raw_spin_lock_irqsave		spin_lock_irqsave
#define raw_spin_unlock_irqrestore	spin_unlock_irqrestore
#include <linux/rwlock.h>
#define assert_spin_locked(lock)	BUG_ON(!spin_is_locked(lock))
#define __spin_guards(name, type, way) \
DEFINE_LOCK_GUARD_1(name, type, way##_lock(_T->lock), way##_unlock(_T->lock)) \
DEFINE_LOCK_GUARD_1_COND(name, _try, way##_trylock(_T->lock)) \
DEFINE_LOCK_GUARD_1(name##_irq, type, way##_lock_irq(_T->lock), way##_unlock_irq(_T->lock)) \
DEFINE_LOCK_GUARD_1_COND(name##_irq, _try, way##_trylock_irq(_T->lock)) \
DEFINE_LOCK_GUARD_1(name##_bh, type, way##_lock_bh(_T->lock), way##_unlock_bh(_T->lock)) \
DEFINE_LOCK_GUARD_1_COND(name##_bh, _try, way##_trylock_bh(_T->lock)) \
DEFINE_LOCK_GUARD_1(name##_irqsave, type, way##_lock_irqsave(_T->lock, _T->flags), way##_unlock_irqrestore(_T->lock, _T->flags), unsigned long flags) \
DEFINE_LOCK_GUARD_1_COND(name##_irqsave, _try, way##_trylock_irqsave(_T->lock, _T->flags))
__spin_guards(spinlock, spinlock_t, spin)
__spin_guards(raw_spinlock, raw_spinlock_t, spin)
#define __rw_guards(way) \
DEFINE_LOCK_GUARD_1(way##_lock, rwlock_t, way##_lock(_T->lock), way##_unlock(_T->lock)) \
DEFINE_LOCK_GUARD_1(way##_lock_irq, rwlock_t, way##_lock_irq(_T->lock), way##_unlock_irq(_T->lock)) \
DEFINE_LOCK_GUARD_1(way##_lock_irqsave, rwlock_t, way##_lock_irqsave(_T->lock, _T->flags), way##_unlock_irqrestore(_T->lock, _T->flags), unsigned long flags)
__rw_guards(read)
__rw_guards(write)
#endif
