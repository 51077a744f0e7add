/*
 * RCU whose readers may sleep. Each srcu_struct has readers of its own; who waits for those of one is not held up by others.
 *
 * Readers are counted on one of two sides. Who waits lets the other side run empty, has new readers go there, and lets the
 * first side run empty: readers that keep coming do not keep it waiting. One that chose its side before and is counted after
 * its look is on the side that is waited for next, and has seen what was changed before this look:
 *
 *     reader                              who waits
 *     side = idx                          pointer = new
 *     readers[side] + 1  [srcu:A]         readers[other] == 0?  [srcu:B]
 *     reads the pointer                   idx = other; readers[side] == 0?
 *
 * [srcu:A] pairs with [srcu:B]: counted too late to be seen, it sees the new pointer.
 */
#ifndef _LINUX_SRCU_H
#define _LINUX_SRCU_H
#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
struct srcu_struct {
	atomic_t readers[2];
	unsigned int idx;
	struct mutex lock;			/* one waits at a time */
	struct callback_head *callbacks;	/* the last one first */
	struct work_struct work;
};
static void __srcu_work(struct work_struct *work);
#define __SRCU_STRUCT_INIT(name)	{ .lock = __MUTEX_INITIALIZER((name).lock), .work = __WORK_INITIALIZER((name).work, __srcu_work) }
#define DEFINE_SRCU(name)		struct srcu_struct name = __SRCU_STRUCT_INIT(name)
#define DEFINE_STATIC_SRCU(name)	static DEFINE_SRCU(name)
static __maybe_unused int init_srcu_struct(struct srcu_struct *ssp)
{
	*ssp = (struct srcu_struct){ };
	mutex_init(&ssp->lock);
	INIT_WORK(&ssp->work, __srcu_work);
	return 0;
}
static __maybe_unused void cleanup_srcu_struct(struct srcu_struct *ssp)
{
	WARN_ON(atomic_read(&ssp->readers[0]) || atomic_read(&ssp->readers[1]));
	flush_work(&ssp->work);
}
/* The side, which srcu_read_unlock() wants. They nest. */
static __maybe_unused int srcu_read_lock(struct srcu_struct *ssp)
{
	int side = READ_ONCE(ssp->idx);

	atomic_inc(&ssp->readers[side]); /* [srcu:A] */
	return side;
}
/* The record may be gone as soon as the count is down: it is woken by its address. */
static __maybe_unused void srcu_read_unlock(struct srcu_struct *ssp, int side) { atomic_dec_and_wake_up(&ssp->readers[side]); }
static __maybe_unused void synchronize_srcu(struct srcu_struct *ssp)
{
	unsigned int side;

	mutex_lock(&ssp->lock);
	side = ssp->idx;
	wait_var_event(&ssp->readers[!side], atomic_read(&ssp->readers[!side]) == 0); /* [srcu:B] */
	__atomic_store_n(&ssp->idx, !side, __ATOMIC_SEQ_CST);
	wait_var_event(&ssp->readers[side], atomic_read(&ssp->readers[side]) == 0);
	mutex_unlock(&ssp->lock);
}
static __maybe_unused void __srcu_work(struct work_struct *work)
{
	struct srcu_struct *ssp = container_of(work, struct srcu_struct, work);
	struct callback_head *head = xchg(&ssp->callbacks, NULL), *turned = NULL, *next;

	for (; head; head = next) {
		next = head->next;
		head->next = turned;
		turned = head;
	}
	synchronize_srcu(ssp);
	for (head = turned; head; head = next) {
		next = head->next;
		local_bh_disable();
		head->func(head);
		local_bh_enable();
	}
}
/* Has `fn` called when the readers that are there now are gone: in atomic context, on a thread of the machine. */
static __maybe_unused void call_srcu(struct srcu_struct *ssp, struct callback_head *head, rcu_callback_t fn)
{
	head->func = fn;
	head->next = READ_ONCE(ssp->callbacks);
	while (!try_cmpxchg(&ssp->callbacks, &head->next, head));
	queue_work(system_wq, &ssp->work);
}
/* Waits until all that were handed in are called. */
static __maybe_unused void srcu_barrier(struct srcu_struct *ssp) { flush_work(&ssp->work); }
#define synchronize_srcu_expedited(ssp)	synchronize_srcu(ssp)
#define srcu_read_lock_held(ssp)	(atomic_read(&(ssp)->readers[0]) + atomic_read(&(ssp)->readers[1]) > 0)
#define srcu_dereference(p, ssp)	rcu_dereference(p)
#define srcu_dereference_check(p, ssp, c) rcu_dereference(p)
#define srcu_read_lock_notrace(ssp)	srcu_read_lock(ssp)
#define srcu_read_unlock_notrace(ssp, side) srcu_read_unlock(ssp, side)
#define srcu_read_lock_nmisafe(ssp)	srcu_read_lock(ssp)
#define srcu_read_unlock_nmisafe(ssp, side) srcu_read_unlock(ssp, side)
/* As srcu_read_lock(), for another thread to end. */
#define srcu_down_read(ssp)		srcu_read_lock(ssp)
#define srcu_up_read(ssp, side)		srcu_read_unlock(ssp, side)
#define smp_mb__after_srcu_read_unlock() smp_mb()
DEFINE_LOCK_GUARD_1(srcu, struct srcu_struct, _T->side = srcu_read_lock(_T->lock), srcu_read_unlock(_T->lock, _T->side), int side)
#endif
