/* RCU: readers that take no lock, and memory that is freed when they are gone. */
#ifndef _LINUX_RCUPDATE_H
#define _LINUX_RCUPDATE_H
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/preempt.h>
#include <linux/types.h>
typedef void (*rcu_callback_t)(struct callback_head *head);
extern void rcu_read_lock(void);
extern void rcu_read_unlock(void);
extern void synchronize_rcu(void);
extern void call_rcu(struct callback_head *head, rcu_callback_t fn);
extern void rcu_barrier(void);
#define RCU_INITIALIZER(v)		(v)
#define RCU_INIT_POINTER(p, v)		__atomic_store_n(&(p), (v), __ATOMIC_SEQ_CST)
#define rcu_assign_pointer(p, v)	__atomic_store_n(&(p), (v), __ATOMIC_SEQ_CST)
#define rcu_replace_pointer(p, v, c)	__atomic_exchange_n(&(p), (v), __ATOMIC_SEQ_CST)
#define rcu_dereference(p)		__atomic_load_n(&(p), __ATOMIC_SEQ_CST)
#define rcu_dereference_raw(p)		rcu_dereference(p)
#define rcu_dereference_check(p, c)	rcu_dereference(p)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_dereference_bh(p)		rcu_dereference(p)
#define rcu_dereference_sched(p)	rcu_dereference(p)
#define rcu_access_pointer(p)		READ_ONCE(p)
#define rcu_pointer_handoff(p)		(p)
#define rcu_read_lock_held()		(current->rcu_depth > 0)
#define rcu_read_lock_bh()		rcu_read_lock()
#define rcu_read_unlock_bh()		rcu_read_unlock()
#define rcu_read_lock_sched()		rcu_read_lock()
#define rcu_read_unlock_sched()		rcu_read_unlock()
#define synchronize_rcu_expedited()	synchronize_rcu()
#define synchronize_sched()		synchronize_rcu()
#define call_rcu_hurry(head, fn)	call_rcu(head, fn)
/* An offset, marked by the top bit, instead of a function: what begins that far before the head is freed. With one argument it may sleep. */
#define __kfree_rcu2(p, field) do { __typeof__(p) __gone = (p); if (__gone) call_rcu(&__gone->field, (rcu_callback_t)(0x80000000u | __builtin_offsetof(__typeof__(*__gone), field))); } while (0)
#define __kfree_rcu1(p)		do { __typeof__(p) __gone = (p); synchronize_rcu(); kfree(__gone); } while (0)
#define __kfree_rcu_of(a, b, which, ...) which
#define kfree_rcu(p, field...)	__kfree_rcu_of(p, ##field, __kfree_rcu2, __kfree_rcu1)(p, ##field)
#define kfree_rcu_mightsleep(p)	__kfree_rcu1(p)
#define kvfree_rcu(p, field...)	kfree_rcu(p, ##field)
#define init_rcu_head(head)	do { (void)(head); } while (0)
#define destroy_rcu_head(head)	do { (void)(head); } while (0)
#define cond_synchronize_rcu(state) synchronize_rcu()
DEFINE_LOCK_GUARD_0(rcu, rcu_read_lock(), rcu_read_unlock())
#endif
