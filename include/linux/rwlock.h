/* Spinning locks for many readers or one writer. */
#ifndef _LINUX_RWLOCK_H
#define _LINUX_RWLOCK_H
#include <linux/preempt.h>
#include <generated/records.h>
typedef struct rwlock rwlock_t;
extern void read_lock(rwlock_t *lock);
extern int read_trylock(rwlock_t *lock);
extern void read_unlock(rwlock_t *lock);
extern void write_lock(rwlock_t *lock);
extern int write_trylock(rwlock_t *lock);
extern void write_unlock(rwlock_t *lock);
#define __RW_LOCK_UNLOCKED(name)	{ 0 }
#define RW_LOCK_UNLOCKED		((rwlock_t){ 0 })
#define DEFINE_RWLOCK(name)		rwlock_t name = __RW_LOCK_UNLOCKED(name)
#define rwlock_init(lock)		(*(lock) = RW_LOCK_UNLOCKED)
static __always_inline void read_lock_irq(rwlock_t *lock) { local_irq_disable(); read_lock(lock); }
static __always_inline void read_unlock_irq(rwlock_t *lock) { read_unlock(lock); local_irq_enable(); }
static __always_inline void read_lock_bh(rwlock_t *lock) { local_bh_disable(); read_lock(lock); }
static __always_inline void read_unlock_bh(rwlock_t *lock) { read_unlock(lock); local_bh_enable(); }
#define read_lock_irqsave(lock, flags)	do { local_irq_save(flags); read_lock(lock); } while (0)
static __always_inline void read_unlock_irqrestore(rwlock_t *lock, unsigned long flags) { read_unlock(lock); local_irq_restore(flags); }
static __always_inline void write_lock_irq(rwlock_t *lock) { local_irq_disable(); write_lock(lock); }
static __always_inline void write_unlock_irq(rwlock_t *lock) { write_unlock(lock); local_irq_enable(); }
static __always_inline void write_lock_bh(rwlock_t *lock) { local_bh_disable(); write_lock(lock); }
static __always_inline void write_unlock_bh(rwlock_t *lock) { write_unlock(lock); local_bh_enable(); }
#define write_lock_irqsave(lock, flags)	do { local_irq_save(flags); write_lock(lock); } while (0)
static __always_inline void write_unlock_irqrestore(rwlock_t *lock, unsigned long flags) { write_unlock(lock); local_irq_restore(flags); }
#endif
