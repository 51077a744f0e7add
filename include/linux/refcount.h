/* Reference counts, which warn and do not wrap. */
#ifndef _LINUX_REFCOUNT_H
#define _LINUX_REFCOUNT_H
#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <generated/records.h>
typedef struct refcount_struct refcount_t;
extern void refcount_add(int n, refcount_t *r);
extern bool refcount_inc_not_zero(refcount_t *r);
extern bool refcount_sub_and_test(int n, refcount_t *r);
extern void refcount_dec(refcount_t *r);
#define REFCOUNT_INIT(n)	{ (n) }
#define refcount_set(r, n)	__atomic_store_n(&(r)->refs, (n), __ATOMIC_SEQ_CST)
#define refcount_read(r)	((unsigned int)__atomic_load_n(&(r)->refs, __ATOMIC_SEQ_CST))
#define refcount_inc(r)		refcount_add(1, r)
#define refcount_dec_and_test(r) refcount_sub_and_test(1, r)
static __always_inline bool refcount_dec_not_one(refcount_t *r)
{
	int seen = refcount_read(r);

	while (seen != 1)
		if (try_cmpxchg(&r->refs, &seen, seen - 1))
			return true;
	return false;
}
static __always_inline bool refcount_dec_if_one(refcount_t *r) { int one = 1; return try_cmpxchg(&r->refs, &one, 0); }
#define refcount_dec_and_lock(r, lock)	({ bool __last = !refcount_dec_not_one(r); if (__last) { spin_lock(lock); __last = refcount_dec_and_test(r); if (!__last) spin_unlock(lock); } __last; })
#define refcount_dec_and_lock_irqsave(r, lock, flags) ({ bool __last = !refcount_dec_not_one(r); if (__last) { spin_lock_irqsave(lock, *(flags)); __last = refcount_dec_and_test(r); if (!__last) spin_unlock_irqrestore(lock, *(flags)); } __last; })
#define refcount_dec_and_mutex_lock(r, lock) ({ bool __last = !refcount_dec_not_one(r); if (__last) { mutex_lock(lock); __last = refcount_dec_and_test(r); if (!__last) mutex_unlock(lock); } __last; })
#endif
