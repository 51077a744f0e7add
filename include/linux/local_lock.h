/*
 * Locks of which each CPU has one, for its per-CPU variables. Two threads of a CPU may run at the same time here, so they are
 * spinlocks; whoever has one must not sleep or move to another CPU.
 */
#ifndef _LINUX_LOCAL_LOCK_H
#define _LINUX_LOCAL_LOCK_H
#include <linux/percpu.h>
#include <linux/spinlock.h>
typedef struct {
	spinlock_t lock;
} local_lock_t;
#define INIT_LOCAL_LOCK(name)		{ .lock = __SPIN_LOCK_UNLOCKED((name).lock) }
#define local_lock_init(at)		spin_lock_init(&(at)->lock)
#define local_lock(at)			spin_lock(&this_cpu_ptr(at)->lock)
#define local_unlock(at)		spin_unlock(&this_cpu_ptr(at)->lock)
#define local_lock_irq(at)		do { local_irq_disable(); local_lock(at); } while (0)
#define local_unlock_irq(at)		do { local_unlock(at); local_irq_enable(); } while (0)
#define local_lock_irqsave(at, flags)	do { local_irq_save(flags); local_lock(at); } while (0)
#define local_unlock_irqrestore(at, flags) do { local_unlock(at); local_irq_restore(flags); } while (0)
#define local_lock_nested_bh(at)	local_lock(at)
#define local_unlock_nested_bh(at)	local_unlock(at)
#endif
