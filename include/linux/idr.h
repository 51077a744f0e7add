/*
 * Numbers for pointers, and numbers alone: the least that is free. Both are kept in an array of <linux/xarray.h>, whose lock makes
 * each call whole; idr_find() and walking take none and are readers under RCU.
 */
#ifndef _LINUX_IDR_H
#define _LINUX_IDR_H
#include <linux/xarray.h>
struct idr {
	struct xarray idr_rt;
	unsigned int idr_base;
	unsigned int idr_next;
};
#define IDR_INIT_BASE(name, base) { .idr_rt = XARRAY_INIT((name).idr_rt, XA_FLAGS_ALLOC), .idr_base = (base) }
#define IDR_INIT(name)		IDR_INIT_BASE(name, 0)
#define DEFINE_IDR(name)	struct idr name = IDR_INIT(name)
#define idr_init_base(at, base)	((void)(*(at) = (struct idr)IDR_INIT_BASE(*(at), base)))
#define idr_init(at)		idr_init_base(at, 0)
#define idr_lock(idr)		xa_lock(&(idr)->idr_rt)
#define idr_unlock(idr)		xa_unlock(&(idr)->idr_rt)
#define idr_lock_bh(idr)	idr_lock(idr)
#define idr_unlock_bh(idr)	idr_unlock(idr)
#define idr_lock_irq(idr)	idr_lock(idr)
#define idr_unlock_irq(idr)	idr_unlock(idr)
#define idr_lock_irqsave(idr, flags) xa_lock_irqsave(&(idr)->idr_rt, flags)
#define idr_unlock_irqrestore(idr, flags) xa_unlock_irqrestore(&(idr)->idr_rt, flags)
#define idr_get_cursor(idr)	READ_ONCE((idr)->idr_next)
#define idr_set_cursor(idr, next) WRITE_ONCE((idr)->idr_next, next)
#define idr_is_empty(idr)	xa_empty(&(idr)->idr_rt)
#define idr_preload(flags)	do { __xa_may_sleep(flags); preempt_disable(); } while (0)
#define idr_preload_end()	preempt_enable()
#define idr_destroy(idr)	xa_destroy(&(idr)->idr_rt)

/* The lock may be the caller's: then it is not taken again. */
#define __idr_whole(xa, call)	({ __typeof__(call) __did; bool __mine = !kthread_spin_owned(&(xa)->xa_lock); if (__mine) xa_lock(xa); __did = (call); if (__mine) xa_unlock(xa); __did; })
extern int kthread_spin_owned(spinlock_t *lock);

/* The least free number from *id to `most`, which it puts there. */
static __maybe_unused int idr_alloc_u32(struct idr *idr, void *entry, u32 *id, unsigned long most, gfp_t flags)
{
	unsigned int base = idr->idr_base, from = *id < base ? 0 : *id - base;
	u32 got;
	int ret;

	if (most < base)
		return -ENOSPC;
	__xa_may_sleep(flags);
	ret = __idr_whole(&idr->idr_rt, __xa_alloc(&idr->idr_rt, &got, entry, XA_LIMIT(from, most - base), flags));
	if (ret == 0)
		*id = got + base;
	return ret == -EBUSY ? -ENOSPC : ret;
}
/* From `start` to `end` - 1; where that is not above 0, up to INT_MAX. */
static __maybe_unused int idr_alloc(struct idr *idr, void *entry, int start, int end, gfp_t flags)
{
	u32 id = start;
	int ret;

	if (WARN_ON_ONCE(start < 0))
		return -EINVAL;
	ret = idr_alloc_u32(idr, entry, &id, end > 0 ? end - 1 : INT_MAX, flags);
	return ret ? ret : (int)id;
}
/* From where the last one was, and then from `start`. */
static __maybe_unused int idr_alloc_cyclic(struct idr *idr, void *entry, int start, int end, gfp_t flags)
{
	u32 id = idr->idr_next, most = end > 0 ? end - 1 : INT_MAX;
	int ret;

	if ((int)id < start)
		id = start;
	ret = id > most ? -ENOSPC : idr_alloc_u32(idr, entry, &id, most, flags);
	if (ret == -ENOSPC && id > (u32)start) {
		id = start;
		ret = idr_alloc_u32(idr, entry, &id, most, flags);
	}
	if (ret)
		return ret;
	idr->idr_next = id + 1;
	return id;
}
static __always_inline void *idr_find(const struct idr *idr, unsigned long id) { return xa_load((struct xarray *)&idr->idr_rt, id - idr->idr_base); }
static __maybe_unused void *idr_remove(struct idr *idr, unsigned long id) { return __idr_whole(&idr->idr_rt, __xa_erase(&idr->idr_rt, id - idr->idr_base)); }
/* The one that it was, or ERR_PTR(-ENOENT). */
static __maybe_unused void *__idr_replace(struct idr *idr, void *entry, unsigned long id)
{
	if (!__xa_load(&idr->idr_rt, id - idr->idr_base))
		return ERR_PTR(-ENOENT);
	return __xa_store(&idr->idr_rt, id - idr->idr_base, entry, 0);
}
static __maybe_unused void *idr_replace(struct idr *idr, void *entry, unsigned long id) { return __idr_whole(&idr->idr_rt, __idr_replace(idr, entry, id)); }
static __maybe_unused void *idr_get_next_ul(struct idr *idr, unsigned long *id)
{
	unsigned long at = *id < idr->idr_base ? 0 : *id - idr->idr_base;
	void *entry = xa_find(&idr->idr_rt, &at, ULONG_MAX, XA_PRESENT);

	if (entry)
		*id = at + idr->idr_base;
	return entry;
}
static __maybe_unused void *idr_get_next(struct idr *idr, int *id)
{
	unsigned long at = *id;
	void *entry = idr_get_next_ul(idr, &at);

	if (!entry || at > INT_MAX)
		return NULL;
	*id = at;
	return entry;
}
/* Until `fn` gives something else than 0, which this gives then. */
static __maybe_unused int idr_for_each(const struct idr *idr, int (*fn)(int id, void *entry, void *data), void *data)
{
	struct idr *of = (struct idr *)idr;
	unsigned long id = 0;
	void *entry;

	for (entry = idr_get_next_ul(of, &id); entry; id++, entry = idr_get_next_ul(of, &id)) {
		int ret = fn(id, entry, data);

		if (ret)
			return ret;
	}
	return 0;
}
#define idr_for_each_entry(idr, entry, id)	for (id = 0; ((entry) = idr_get_next(idr, &(id))) != NULL; id++)
#define idr_for_each_entry_continue(idr, entry, id) for ((entry) = idr_get_next((idr), &(id)); entry; ++id, (entry) = idr_get_next((idr), &(id)))
#define idr_for_each_entry_ul(idr, entry, tmp, id) \
	for (tmp = 0, id = 0; ((entry) = tmp <= id ? idr_get_next_ul(idr, &(id)) : NULL) != NULL; tmp = id, ++id)

/* Before Linux 3.9: memory first, and -EAGAIN where there was too little. */
#define idr_pre_get(idr, flags)		({ __xa_may_sleep(flags); 1; })
static __maybe_unused int idr_get_new_above(struct idr *idr, void *entry, int start, int *id)
{
	int got = idr_alloc(idr, entry, start, 0, GFP_NOWAIT);

	if (got < 0)
		return got == -ENOMEM ? -EAGAIN : got;
	*id = got;
	return 0;
}
#define idr_get_new(idr, entry, id)	idr_get_new_above(idr, entry, 0, id)
#define idr_remove_all(idr)		idr_destroy(idr)

/* Numbers alone. */
struct ida {
	struct xarray xa;
};
#define IDA_BITMAP_BITS		1024
#define IDA_INIT(name)		{ .xa = XARRAY_INIT((name).xa, XA_FLAGS_ALLOC) }
#define DEFINE_IDA(name)	struct ida name = IDA_INIT(name)
#define ida_init(ida)		xa_init_flags(&(ida)->xa, XA_FLAGS_ALLOC)
#define ida_destroy(ida)	xa_destroy(&(ida)->xa)
#define ida_is_empty(ida)	xa_empty(&(ida)->xa)
static __maybe_unused int ida_alloc_range(struct ida *ida, unsigned int least, unsigned int most, gfp_t flags)
{
	u32 id;
	int ret;

	if ((int)least < 0)
		return -ENOSPC;
	ret = xa_alloc(&ida->xa, &id, NULL, XA_LIMIT(least, min(most, (unsigned int)INT_MAX)), flags);
	return ret == -EBUSY ? -ENOSPC : ret ? ret : (int)id;
}
static __maybe_unused bool ida_exists(struct ida *ida, unsigned int id)
{
	bool is;

	rcu_read_lock();
	is = __xa_load(&ida->xa, id) != NULL;
	rcu_read_unlock();
	return is;
}
static __maybe_unused void *__ida_free(struct ida *ida, unsigned int id) { return __xa_set(&ida->xa, id, NULL, 0); }
static __maybe_unused void ida_free(struct ida *ida, unsigned int id)
{
	if ((int)id < 0)
		return;
	if (!__xa_locked(&ida->xa, __ida_free(ida, id)))
		WARN(1, "ida_free called for id=%d which is not allocated.\n", id);
}
#define ida_alloc(ida, flags)		ida_alloc_range(ida, 0, ~0u, flags)
#define ida_alloc_min(ida, least, flags) ida_alloc_range(ida, least, ~0u, flags)
#define ida_alloc_max(ida, most, flags)	ida_alloc_range(ida, 0, most, flags)
/* Before Linux 4.19. */
#define ida_pre_get(ida, flags)		({ __xa_may_sleep(flags); 1; })
#define ida_get_new_above(ida, start, id) ({ int __got = ida_alloc_min(ida, start, GFP_NOWAIT); if (__got >= 0) *(id) = __got; __got < 0 ? __got : 0; })
#define ida_get_new(ida, id)		ida_get_new_above(ida, 0, id)
#define ida_remove(ida, id)		ida_free(ida, id)
/* Before Linux 6.9; `end` is the first that is too much, 0: there is none. */
#define ida_simple_get(ida, start, end, flags) ida_alloc_range(ida, start, (end) - 1, flags)
#define ida_simple_remove(ida, id)	ida_free(ida, id)
#endif
