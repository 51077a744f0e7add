/* An object's reference count, and what frees the object. */
#ifndef _LINUX_KREF_H
#define _LINUX_KREF_H
#include <linux/refcount.h>
#include <generated/records.h>
#define KREF_INIT(n)		{ .refcount = REFCOUNT_INIT(n) }
static __always_inline void kref_init(struct kref *ref) { refcount_set(&ref->refcount, 1); }
static __always_inline unsigned int kref_read(const struct kref *ref) { return refcount_read(&ref->refcount); }
static __always_inline void kref_get(struct kref *ref) { refcount_inc(&ref->refcount); }
static __always_inline int kref_get_unless_zero(struct kref *ref) { return refcount_inc_not_zero(&ref->refcount); }
static __always_inline int kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	if (!refcount_dec_and_test(&ref->refcount))
		return 0;
	release(ref);
	return 1;
}
/* With the lock held in `release`, where it was the last reference; else without. The lock is release's to give back. */
#define kref_put_mutex(ref, release, mutex) ({ struct kref *__of = (ref); bool __last = refcount_dec_and_mutex_lock(&__of->refcount, mutex); if (__last) (release)(__of); (int)__last; })
#define kref_put_lock(ref, release, lock) ({ struct kref *__of = (ref); bool __last = refcount_dec_and_lock(&__of->refcount, lock); if (__last) (release)(__of); (int)__last; })
#endif
