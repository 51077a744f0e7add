/* Spinning locks for many readers or one writer. */
#ifndef _LINUX_RWLOCK_H
#define _LINUX_RWLOCK_H
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
#define read_lock_irq(lock)		read_lock(lock)
#define read_unlock_irq(lock)		read_unlock(lock)
#define read_lock_bh(lock)		read_lock(lock)
#define read_unlock_bh(lock)		read_unlock(lock)
#define read_lock_irqsave(lock, flags)	do { (flags) = 0; read_lock(lock); } while (0)
#define read_unlock_irqrestore(lock, flags) do { (void)(flags); read_unlock(lock); } while (0)
#define write_lock_irq(lock)		write_lock(lock)
#define write_unlock_irq(lock)		write_unlock(lock)
#define write_lock_bh(lock)		write_lock(lock)
#define write_unlock_bh(lock)		write_unlock(lock)
#define write_lock_irqsave(lock, flags)	do { (flags) = 0; write_lock(lock); } while (0)
#define write_unlock_irqrestore(lock, flags) do { (void)(flags); write_unlock(lock); } while (0)
#endif
