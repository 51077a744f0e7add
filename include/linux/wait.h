/*
 * Wait queues. The loop of wait_event and its forms is here, since its condition is C; the steps of the loop are functions of
 * the kernel. The condition is looked at before the first sleep and after each wake-up.
 */
#ifndef _LINUX_WAIT_H
#define _LINUX_WAIT_H
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <generated/records.h>
typedef struct wait_queue_head wait_queue_head_t;
typedef struct wait_queue_entry wait_queue_entry_t;
typedef struct wait_queue_entry wait_queue_t;

#define WQ_FLAG_EXCLUSIVE	0x01
#define WQ_FLAG_WOKEN		0x02
#define WQ_FLAG_PRIORITY	0x10
/* The caller has a lock, which is given back before the sleep. */
#define __WQ_UNLOCKS		0x100

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) { .head = LIST_HEAD_INIT((name).head) }
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
extern void init_waitqueue_head(struct wait_queue_head *wq);
extern int waitqueue_active(struct wait_queue_head *wq);
#define wq_has_sleeper(wq)	waitqueue_active(wq)

/* Linux's own wq.lock: waiters with it, and wakers, keep each other out by it; the machine's is another one. */
extern void __wake_up(struct wait_queue_head *wq, unsigned int mode, int nr, void *key);
#define wake_up(wq)			__wake_up(wq, TASK_NORMAL, 1, NULL)
#define wake_up_nr(wq, nr)		__wake_up(wq, TASK_NORMAL, nr, NULL)
#define wake_up_all(wq)			__wake_up(wq, TASK_NORMAL, 0, NULL)
#define wake_up_sync(wq)		__wake_up(wq, TASK_NORMAL, 1, NULL)
#define wake_up_interruptible(wq)	__wake_up(wq, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_nr(wq, nr) __wake_up(wq, TASK_INTERRUPTIBLE, nr, NULL)
#define wake_up_interruptible_all(wq)	__wake_up(wq, TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_interruptible_sync(wq)	__wake_up(wq, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_poll(wq, key)		__wake_up(wq, TASK_NORMAL, 1, (void *)(key))
#define wake_up_interruptible_poll(wq, key) __wake_up(wq, TASK_INTERRUPTIBLE, 1, (void *)(key))

extern void kthread_wait_enter(unsigned int flags);
extern int kthread_wait_prepare(struct wait_queue_head *wq, unsigned int state);
extern long kthread_wait_sleep(long left);
extern void kthread_wait_leave(void);

/* Jiffies left, at least 1; 0 when time ran out; -ERESTARTSYS where a signal ended it. */
#define __wait_until(wq, condition, state, flags, timeout, before, after) ({	\
	long __left = (timeout);						\
	if (!(condition)) {							\
		kthread_wait_enter(flags);					\
		for (;;) {							\
			int __signalled = kthread_wait_prepare(&(wq), (state));	\
			if (condition) {					\
				__left = __left ? __left : 1;			\
				break;						\
			}							\
			if (__left == 0)					\
				break;						\
			if (__signalled) {					\
				__left = -ERESTARTSYS;				\
				break;						\
			}							\
			before;							\
			__left = kthread_wait_sleep(__left);			\
			after;							\
		}								\
		kthread_wait_leave();						\
	} else if (__left == 0)							\
		__left = 1;							\
	__left;									\
})
#define __wait_plain(wq, condition, state, flags) \
	__wait_until(wq, condition, state, flags, MAX_SCHEDULE_TIMEOUT, , )
#define __wait_intr(wq, condition, state, flags, before, after) \
	({ long __ended = __wait_until(wq, condition, state, flags, MAX_SCHEDULE_TIMEOUT, before, after); __ended < 0 ? (int)__ended : 0; })

#define wait_event(wq, condition)		((void)__wait_plain(wq, condition, TASK_UNINTERRUPTIBLE, 0))
#define io_wait_event(wq, condition)		wait_event(wq, condition)
#define wait_event_idle(wq, condition)		((void)__wait_plain(wq, condition, TASK_IDLE, 0))
#define wait_event_exclusive_cmd(wq, condition, before, after) \
	((void)__wait_until(wq, condition, TASK_UNINTERRUPTIBLE, WQ_FLAG_EXCLUSIVE | __WQ_UNLOCKS, MAX_SCHEDULE_TIMEOUT, before, after))
#define wait_event_cmd(wq, condition, before, after) \
	((void)__wait_until(wq, condition, TASK_UNINTERRUPTIBLE, __WQ_UNLOCKS, MAX_SCHEDULE_TIMEOUT, before, after))
#define wait_event_timeout(wq, condition, timeout) \
	__wait_until(wq, condition, TASK_UNINTERRUPTIBLE, 0, timeout, , )
#define wait_event_idle_timeout(wq, condition, timeout) \
	__wait_until(wq, condition, TASK_IDLE, 0, timeout, , )
#define wait_event_interruptible(wq, condition) \
	__wait_intr(wq, condition, TASK_INTERRUPTIBLE, 0, , )
#define wait_event_interruptible_timeout(wq, condition, timeout) \
	__wait_until(wq, condition, TASK_INTERRUPTIBLE, 0, timeout, , )
#define wait_event_interruptible_exclusive(wq, condition) \
	__wait_intr(wq, condition, TASK_INTERRUPTIBLE, WQ_FLAG_EXCLUSIVE, , )
#define wait_event_killable(wq, condition) \
	__wait_intr(wq, condition, TASK_KILLABLE, 0, , )
#define wait_event_killable_exclusive(wq, condition) \
	__wait_intr(wq, condition, TASK_KILLABLE, WQ_FLAG_EXCLUSIVE, , )
#define wait_event_killable_timeout(wq, condition, timeout) \
	__wait_until(wq, condition, TASK_KILLABLE, 0, timeout, , )
#define wait_event_freezable(wq, condition) \
	__wait_intr(wq, condition, TASK_INTERRUPTIBLE | TASK_FREEZABLE, 0, , )
#define wait_event_freezable_exclusive(wq, condition) \
	__wait_intr(wq, condition, TASK_INTERRUPTIBLE | TASK_FREEZABLE, WQ_FLAG_EXCLUSIVE, , )
#define wait_event_freezable_timeout(wq, condition, timeout) \
	__wait_until(wq, condition, TASK_INTERRUPTIBLE | TASK_FREEZABLE, 0, timeout, , )
#define wait_event_idle_exclusive(wq, condition) ((void)__wait_plain(wq, condition, TASK_IDLE, WQ_FLAG_EXCLUSIVE))
#define wait_event_lock_irq(wq, condition, lock) \
	((void)__wait_until(wq, condition, TASK_UNINTERRUPTIBLE, __WQ_UNLOCKS, MAX_SCHEDULE_TIMEOUT, spin_unlock_irq(&(lock)), spin_lock_irq(&(lock))))
#define wait_event_interruptible_lock_irq(wq, condition, lock) \
	__wait_intr(wq, condition, TASK_INTERRUPTIBLE, __WQ_UNLOCKS, spin_unlock_irq(&(lock)), spin_lock_irq(&(lock)))

/* Waiting by hand, with an entry of one's own. What a wake-up does with it is a number: see kernel/sched/wait_queue.ts. */
#define __WAKE_DEFAULT		((wait_queue_func_t)0)
#define __WAKE_AUTOREMOVE	((wait_queue_func_t)1)
#define __WAITQUEUE_INITIALIZER(name, task, what) { .entry = LIST_HEAD_INIT((name).entry), .private = (task), .func = (what) }
#define DECLARE_WAITQUEUE(name, task)	struct wait_queue_entry name = __WAITQUEUE_INITIALIZER(name, task, __WAKE_DEFAULT)
#define DEFINE_WAIT(name)		struct wait_queue_entry name = __WAITQUEUE_INITIALIZER(name, current, __WAKE_AUTOREMOVE)
extern int default_wake_function(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key);
extern int autoremove_wake_function(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key);
extern int woken_wake_function(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key);
extern long wait_woken(struct wait_queue_entry *wait, unsigned int mode, long timeout);
#define DEFINE_WAIT_FUNC(name, what)	struct wait_queue_entry name = __WAITQUEUE_INITIALIZER(name, current, what)
#define init_waitqueue_func_entry(wait, what) do { *(wait) = (struct wait_queue_entry)__WAITQUEUE_INITIALIZER(*(wait), NULL, what); } while (0)
#define init_wait_entry(wait, flag)	do { init_wait(wait); (wait)->flags = (flag); } while (0)
#define init_wait(wait)			do { *(wait) = (struct wait_queue_entry)__WAITQUEUE_INITIALIZER(*(wait), current, __WAKE_AUTOREMOVE); } while (0)
#define init_waitqueue_entry(wait, task) do { *(wait) = (struct wait_queue_entry)__WAITQUEUE_INITIALIZER(*(wait), task, __WAKE_DEFAULT); } while (0)
extern void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wait);
extern void add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *wait);
extern void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wait);
extern void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait, int state);
extern bool prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *wait, int state);
extern long prepare_to_wait_event(struct wait_queue_head *wq, struct wait_queue_entry *wait, int state);
extern void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait);
extern void add_wait_queue_priority(struct wait_queue_head *wq, struct wait_queue_entry *wait);
/* For who has wq.lock. */
#define __wake_up_locked(wq, mode, nr)	__wake_up(wq, mode, nr, NULL)
#define __wake_up_locked_key(wq, mode, key) __wake_up(wq, mode, 1, key)
#define wake_up_locked(wq)		__wake_up(wq, TASK_NORMAL, 1, NULL)
#define wake_up_all_locked(wq)		__wake_up(wq, TASK_NORMAL, 0, NULL)
#define wake_up_locked_poll(wq, key)	__wake_up(wq, TASK_NORMAL, 1, (void *)(unsigned long)(key))
extern void kthread_add_wait_queue_tail(struct wait_queue_head *wq, struct wait_queue_entry *wait);
#define __add_wait_queue(wq, wait)	add_wait_queue(wq, wait)
#define __add_wait_queue_exclusive(wq, wait) add_wait_queue_exclusive(wq, wait)
#define __add_wait_queue_entry_tail(wq, wait) kthread_add_wait_queue_tail(wq, wait)
#define __add_wait_queue_entry_tail_exclusive(wq, wait) add_wait_queue_exclusive(wq, wait)
#define __remove_wait_queue(wq, wait)	remove_wait_queue(wq, wait)
#define __wake_up_sync(wq, mode)	__wake_up(wq, mode, 1, NULL)
#define __wake_up_sync_key(wq, mode, key) __wake_up(wq, mode, 1, key)
#define __wake_up_on_current_cpu(wq, mode, key) __wake_up(wq, mode, 1, key)
#define wake_up_sync_poll(wq, key)	__wake_up(wq, TASK_NORMAL, 1, (void *)(unsigned long)(key))
#define wake_up_interruptible_sync_poll(wq, key) __wake_up(wq, TASK_INTERRUPTIBLE, 1, (void *)(unsigned long)(key))
#define wake_up_interruptible_sync_poll_locked(wq, key) wake_up_interruptible_sync_poll(wq, key)
#define wake_up_poll_on_current_cpu(wq, key) wake_up_poll(wq, key)
/* The queue is about to go: who polls it leaves it. */
#define wake_up_pollfree(wq)		__wake_up(wq, TASK_NORMAL, 0, (void *)0x4010)
#define init_wait_func(wait, fn)	do { init_wait(wait); (wait)->func = (fn); } while (0)
/* The steps of waiting by hand with wq.lock held: 0 after a sleep, or -ERESTARTSYS. */
static __maybe_unused int do_wait_intr(struct wait_queue_head *wq, struct wait_queue_entry *wait)
{
	if (list_empty(&wait->entry))
		__add_wait_queue_entry_tail(wq, wait);
	set_current_state(TASK_INTERRUPTIBLE);
	if (signal_pending(current))
		return -ERESTARTSYS;
	spin_unlock(&wq->lock);
	schedule();
	spin_lock(&wq->lock);
	return 0;
}
#define do_wait_intr_irq(wq, wait)	do_wait_intr(wq, wait)
#define __wait_locked(wq, condition, state, flags) \
	__wait_intr(wq, condition, state, (flags) | __WQ_UNLOCKS, spin_unlock(&(wq).lock), spin_lock(&(wq).lock))
#define wait_event_interruptible_locked(wq, condition)		__wait_locked(wq, condition, TASK_INTERRUPTIBLE, 0)
#define wait_event_interruptible_locked_irq(wq, condition)	__wait_locked(wq, condition, TASK_INTERRUPTIBLE, 0)
#define wait_event_interruptible_exclusive_locked(wq, condition) __wait_locked(wq, condition, TASK_INTERRUPTIBLE, WQ_FLAG_EXCLUSIVE)
#define wait_event_interruptible_exclusive_locked_irq(wq, condition) __wait_locked(wq, condition, TASK_INTERRUPTIBLE, WQ_FLAG_EXCLUSIVE)
#define wq_has_single_sleeper(wq)	list_is_singular(&(wq)->head)

/* Time as ktime_t: 0, -ETIME, or -ERESTARTSYS. */
#define __wait_hr(wq, condition, time, state) ({ \
	ktime_t __for = (time); \
	long __got = __wait_until(wq, condition, state, 0, __for == KTIME_MAX ? MAX_SCHEDULE_TIMEOUT : (long)((__for * HZ + NSEC_PER_SEC - 1) / NSEC_PER_SEC), , ); \
	__got > 0 ? 0 : __got == 0 ? -ETIME : (int)__got; \
})
#define wait_event_hrtimeout(wq, condition, time)		__wait_hr(wq, condition, time, TASK_UNINTERRUPTIBLE)
#define wait_event_interruptible_hrtimeout(wq, condition, time) __wait_hr(wq, condition, time, TASK_INTERRUPTIBLE)
#define wait_event_lock_irq_cmd(wq, condition, lock, cmd) \
	((void)__wait_until(wq, condition, TASK_UNINTERRUPTIBLE, __WQ_UNLOCKS, MAX_SCHEDULE_TIMEOUT, spin_unlock_irq(&(lock)); cmd, spin_lock_irq(&(lock))))
#define wait_event_interruptible_lock_irq_cmd(wq, condition, lock, cmd) \
	__wait_intr(wq, condition, TASK_INTERRUPTIBLE, __WQ_UNLOCKS, spin_unlock_irq(&(lock)); cmd, spin_lock_irq(&(lock)))
#define wait_event_interruptible_lock_irq_timeout(wq, condition, lock, timeout) \
	__wait_until(wq, condition, TASK_INTERRUPTIBLE, __WQ_UNLOCKS, timeout, spin_unlock_irq(&(lock)), spin_lock_irq(&(lock)))
#define wait_event_lock_irq_timeout(wq, condition, lock, timeout) \
	__wait_until(wq, condition, TASK_UNINTERRUPTIBLE, __WQ_UNLOCKS, timeout, spin_unlock_irq(&(lock)), spin_lock_irq(&(lock)))
#define wait_event_state(wq, condition, state)		__wait_intr(wq, condition, state, 0, , )
#define wait_event_freezekillable(wq, condition)	__wait_intr(wq, condition, TASK_KILLABLE | TASK_FREEZABLE, 0, , )
#define wait_event_idle_exclusive_timeout(wq, condition, timeout) __wait_until(wq, condition, TASK_IDLE, WQ_FLAG_EXCLUSIVE, timeout, , )

/* Sleeping without looking at a condition, as before Linux 3.15: a wake-up that comes too early is lost, which is why it is gone. */
static __maybe_unused long __sleep_on(struct wait_queue_head *wq, int state, long timeout)
{
	struct wait_queue_entry wait = __WAITQUEUE_INITIALIZER(wait, current, __WAKE_DEFAULT);

	add_wait_queue(wq, &wait);
	set_current_state(state);
	timeout = schedule_timeout(timeout);
	remove_wait_queue(wq, &wait);
	return timeout;
}
#define sleep_on(wq)			((void)__sleep_on(wq, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT))
#define sleep_on_timeout(wq, timeout)	__sleep_on(wq, TASK_UNINTERRUPTIBLE, timeout)
#define interruptible_sleep_on(wq)	((void)__sleep_on(wq, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT))
#define interruptible_sleep_on_timeout(wq, timeout) __sleep_on(wq, TASK_INTERRUPTIBLE, timeout)
#endif
