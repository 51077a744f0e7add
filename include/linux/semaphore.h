/* Semaphores: a number of things to be had. */
#ifndef _LINUX_SEMAPHORE_H
#define _LINUX_SEMAPHORE_H
#include <linux/list.h>
#include <linux/spinlock.h>
#include <generated/records.h>
extern void sema_init(struct semaphore *sem, int count);
extern void down(struct semaphore *sem);
extern int down_interruptible(struct semaphore *sem);
extern int down_killable(struct semaphore *sem);
extern int down_trylock(struct semaphore *sem);
extern int down_timeout(struct semaphore *sem, long timeout);
extern void up(struct semaphore *sem);
#define __SEMAPHORE_INITIALIZER(name, n) { .count = (n), .wait_list = LIST_HEAD_INIT((name).wait_list), .initial = (n) }
/* With its number, or without as before Linux 6.4. */
#define __DEFINE_SEMAPHORE1(name)	struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
#define __DEFINE_SEMAPHORE2(name, n)	struct semaphore name = __SEMAPHORE_INITIALIZER(name, n)
#define __DEFINE_SEMAPHORE_OF(a, b, which, ...) which
#define DEFINE_SEMAPHORE(name, n...)	__DEFINE_SEMAPHORE_OF(name, ##n, __DEFINE_SEMAPHORE2, __DEFINE_SEMAPHORE1)(name, ##n)
/* Before Linux 2.6.37. */
#define DECLARE_MUTEX(name)		__DEFINE_SEMAPHORE1(name)
#define DECLARE_MUTEX_LOCKED(name)	__DEFINE_SEMAPHORE2(name, 0)
#define init_MUTEX(sem)			sema_init(sem, 1)
#define init_MUTEX_LOCKED(sem)		sema_init(sem, 0)
#endif
