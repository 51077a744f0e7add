/* Spinlocks. There are no interrupts here, so the forms that keep them off are the plain ones. */
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
#define spin_lock_bh(lock)		kthread_spin_lock(lock)
#define spin_unlock_bh(lock)		kthread_spin_unlock(lock)
#define spin_trylock_bh(lock)		kthread_spin_trylock(lock)
#define spin_lock_irq(lock)		kthread_spin_lock(lock)
#define spin_unlock_irq(lock)		kthread_spin_unlock(lock)
#define spin_trylock_irq(lock)		kthread_spin_trylock(lock)
#define spin_lock_irqsave(lock, flags)	do { (flags) = 0; kthread_spin_lock(lock); } while (0)
#define spin_unlock_irqrestore(lock, flags) do { (void)(flags); kthread_spin_unlock(lock); } while (0)
#define spin_trylock_irqsave(lock, flags) ({ (flags) = 0; kthread_spin_trylock(lock); })
#define raw_spin_lock			spin_lock
#define raw_spin_unlock			spin_unlock
#define raw_spin_trylock		spin_trylock
#define raw_spin_lock_irq		spin_lock_irq
#define raw_spin_unlock_irq		spin_unlock_irq
#define raw_spin_lock_irqsave		spin_lock_irqsave
#define raw_spin_unlock_irqrestore	spin_unlock_irqrestore
#include <linux/rwlock.h>
#define assert_spin_locked(lock)	BUG_ON(!spin_is_locked(lock))
#define __spin_guards(name, type, way) \
DEFINE_LOCK_GUARD_1(name, type, way##_lock(_T->lock), way##_unlock(_T->lock)) \
DEFINE_LOCK_GUARD_1_COND(name, _try, way##_trylock(_T->lock)) \
DEFINE_LOCK_GUARD_1(name##_irq, type, way##_lock(_T->lock), way##_unlock(_T->lock)) \
DEFINE_LOCK_GUARD_1_COND(name##_irq, _try, way##_trylock(_T->lock)) \
DEFINE_LOCK_GUARD_1(name##_bh, type, way##_lock(_T->lock), way##_unlock(_T->lock)) \
DEFINE_LOCK_GUARD_1_COND(name##_bh, _try, way##_trylock(_T->lock)) \
DEFINE_LOCK_GUARD_1(name##_irqsave, type, way##_lock(_T->lock), way##_unlock(_T->lock), unsigned long flags) \
DEFINE_LOCK_GUARD_1_COND(name##_irqsave, _try, way##_trylock(_T->lock))
__spin_guards(spinlock, spinlock_t, spin)
__spin_guards(raw_spinlock, raw_spinlock_t, spin)
#define __rw_guards(name) \
DEFINE_LOCK_GUARD_1(name, rwlock_t, name(_T->lock), name##_end(_T->lock)) \
DEFINE_LOCK_GUARD_1(name##_irq, rwlock_t, name(_T->lock), name##_end(_T->lock)) \
DEFINE_LOCK_GUARD_1(name##_irqsave, rwlock_t, name(_T->lock), name##_end(_T->lock), unsigned long flags)
#define read_lock_end(lock)		read_unlock(lock)
#define write_lock_end(lock)		write_unlock(lock)
__rw_guards(read_lock)
__rw_guards(write_lock)
#endif
