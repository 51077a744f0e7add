/* Waiting for a bit or for what a variable says, without a wait queue of its own. */
#ifndef _LINUX_WAIT_BIT_H
#define _LINUX_WAIT_BIT_H
#include <linux/wait.h>
extern int wait_on_bit(unsigned long *word, int bit, unsigned int mode);
extern int wait_on_bit_timeout(unsigned long *word, int bit, unsigned int mode, unsigned long timeout);
extern int wait_on_bit_lock(unsigned long *word, int bit, unsigned int mode);
extern void wake_up_bit(unsigned long *word, int bit);
extern void clear_and_wake_up_bit(int bit, unsigned long *word);
extern bool test_and_clear_wake_up_bit(int bit, unsigned long *word);
extern struct wait_queue_head *__var_waitqueue(void *p);
extern void wake_up_var(void *p);
extern bool atomic_dec_and_wake_up(atomic_t *v);
#define wait_on_bit_io(word, bit, mode)	wait_on_bit(word, bit, mode)
#define wait_var_event(var, condition)	wait_event(*__var_waitqueue(var), condition)
#define wait_var_event_timeout(var, condition, timeout) wait_event_timeout(*__var_waitqueue(var), condition, timeout)
#define wait_var_event_killable(var, condition) wait_event_killable(*__var_waitqueue(var), condition)
#define wait_var_event_interruptible(var, condition) wait_event_interruptible(*__var_waitqueue(var), condition)
#define wait_var_event_io(var, condition) wait_var_event(var, condition)
/* With a lock that is given back while the caller sleeps. */
#define wait_var_event_spinlock(var, condition, lock) wait_event_cmd(*__var_waitqueue(var), condition, spin_unlock(lock), spin_lock(lock))
#define wait_var_event_mutex(var, condition, mutex) wait_event_cmd(*__var_waitqueue(var), condition, mutex_unlock(mutex), mutex_lock(mutex))
/* For who changed the variable with that lock, or atomically. */
#define wake_up_var_locked(var, lock)	wake_up_var(var)
#define wake_up_var_protected(var, condition) do { (void)(condition); wake_up_var(var); } while (0)
#define store_release_wake_up(var, value) do { smp_store_release(var, value); wake_up_var(var); } while (0)
#endif
