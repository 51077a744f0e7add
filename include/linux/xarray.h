/*
 * Arrays without end, most of whose places are empty: an index gives a pointer, or a number made with xa_mk_value(). Each
 * entry has three marks, by which entries are found, too. Changes take the array's spinlock. Looking, finding and walking take no
 * lock: they are readers under RCU, so an entry that was found stays good as long as its owner sees to it.
 *
 * It is a tree of nodes with 64 slots, as high as the greatest index needs. A node knows which of its slots have something
 * with a mark below, and which are full below; so a marked entry or a free index is found without looking at all of them.
 */
#ifndef _LINUX_XARRAY_H
#define _LINUX_XARRAY_H
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define XA_CHUNK_SHIFT		6
#define XA_CHUNK_SIZE		64
#define XA_CHUNK_MASK		63
#define XA_MAX_MARKS		3
typedef unsigned int xa_mark_t;
#define XA_MARK_0		0u
#define XA_MARK_1		1u
#define XA_MARK_2		2u
#define XA_PRESENT		8u
#define XA_MARK_MAX		XA_MARK_2
/* Not for entries: which slots are full below. */
#define __XA_FULL		3u

struct xarray {
	spinlock_t xa_lock;
	gfp_t xa_flags;
	void *xa_head;
};
struct xa_node {
	unsigned char shift;	/* of an index, to that of a slot here; 0: the slots are entries */
	unsigned char offset;	/* the slot of the parent that this is */
	unsigned char count;	/* slots that are not NULL */
	struct xa_node *parent;
	struct rcu_head rcu;
	unsigned long marks[XA_MAX_MARKS + 1][XA_CHUNK_SIZE / BITS_PER_LONG];
	void *slots[XA_CHUNK_SIZE];
};
#define XA_FLAGS_LOCK_IRQ	1u
#define XA_FLAGS_LOCK_BH	2u
#define XA_FLAGS_TRACK_FREE	4u
#define XA_FLAGS_ZERO_BUSY	8u
#define XA_FLAGS_ALLOC_WRAPPED	16u
#define XA_FLAGS_ACCOUNT	0u
#define XA_FLAGS_ALLOC		XA_FLAGS_TRACK_FREE
#define XA_FLAGS_ALLOC1		(XA_FLAGS_TRACK_FREE | XA_FLAGS_ZERO_BUSY)
#define XARRAY_INIT(name, flags) { .xa_flags = (flags) }
#define DEFINE_XARRAY_FLAGS(name, flags) struct xarray name = XARRAY_INIT(name, flags)
#define DEFINE_XARRAY(name)	DEFINE_XARRAY_FLAGS(name, 0)
#define DEFINE_XARRAY_ALLOC(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC)
#define DEFINE_XARRAY_ALLOC1(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC1)
#define xa_init_flags(xa, flags) ((void)(*(xa) = (struct xarray)XARRAY_INIT(*(xa), flags)))
#define xa_init(xa)		xa_init_flags(xa, 0)
struct xa_limit {
	u32 max;
	u32 min;
};
#define XA_LIMIT(least, most)	(struct xa_limit){ .min = (least), .max = (most) }
#define xa_limit_32b		XA_LIMIT(0, UINT_MAX)
#define xa_limit_31b		XA_LIMIT(0, INT_MAX)
#define xa_limit_16b		XA_LIMIT(0, USHRT_MAX)

#define xa_lock(xa)		spin_lock(&(xa)->xa_lock)
#define xa_trylock(xa)		spin_trylock(&(xa)->xa_lock)
#define xa_unlock(xa)		spin_unlock(&(xa)->xa_lock)
#define xa_lock_bh(xa)		spin_lock_bh(&(xa)->xa_lock)
#define xa_unlock_bh(xa)	spin_unlock_bh(&(xa)->xa_lock)
#define xa_lock_irq(xa)		spin_lock_irq(&(xa)->xa_lock)
#define xa_unlock_irq(xa)	spin_unlock_irq(&(xa)->xa_lock)
#define xa_lock_irqsave(xa, flags) spin_lock_irqsave(&(xa)->xa_lock, flags)
#define xa_unlock_irqrestore(xa, flags) spin_unlock_irqrestore(&(xa)->xa_lock, flags)
#define xa_lock_nested(xa, class) xa_lock(xa)

/* Entries that are no pointers: numbers, pointers with two bits more, errors, and a place that is kept but empty. */
#define xa_mk_value(n)		((void *)(((unsigned long)(n) << 1) | 1))
#define xa_to_value(entry)	((unsigned long)(entry) >> 1)
#define xa_is_value(entry)	(((unsigned long)(entry) & 1) != 0)
#define xa_tag_pointer(p, tag)	((void *)((unsigned long)(p) | (tag)))
#define xa_untag_pointer(entry)	((void *)((unsigned long)(entry) & ~3UL))
#define xa_pointer_tag(entry)	((unsigned int)((unsigned long)(entry) & 3UL))
#define xa_mk_internal(n)	((void *)(((unsigned long)(n) << 2) | 2))
#define xa_to_internal(entry)	((unsigned long)(entry) >> 2)
#define xa_is_internal(entry)	(((unsigned long)(entry) & 3) == 2)
#define XA_ZERO_ENTRY		xa_mk_internal(257)
#define xa_is_zero(entry)	((entry) == XA_ZERO_ENTRY)
#define XA_ERROR(error)		xa_mk_internal(error)
static __always_inline bool xa_is_err(const void *entry) { return xa_is_internal(entry) && (unsigned long)entry >= (unsigned long)XA_ERROR(-4095); }
static __always_inline int xa_err(void *entry) { return xa_is_err(entry) ? (int)((long)entry >> 2) : 0; }
/* A number that is no address, and none of the above. */
#define __xa_is_odd(entry)	(xa_is_internal(entry) && (unsigned long)(entry) < 4096)

#define xa_empty(xa)		(READ_ONCE((xa)->xa_head) == NULL)
#define xa_marked(xa, mark)	({ struct xa_node *__head = rcu_dereference((xa)->xa_head); __head && __xa_any(__head, mark); })
#define xa_track_free(xa)	(((xa)->xa_flags & XA_FLAGS_TRACK_FREE) != 0)
#define __xa_shown(entry)	(xa_is_zero(entry) ? NULL : (entry))

/* All bits of an index that say where it is in the node and below. */
static __always_inline unsigned long __xa_span(const struct xa_node *node) { return node->shift + XA_CHUNK_SHIFT >= BITS_PER_LONG ? ULONG_MAX : (1UL << (node->shift + XA_CHUNK_SHIFT)) - 1; }
static __always_inline unsigned int __xa_offset(const struct xa_node *node, unsigned long index) { return (index >> node->shift) & XA_CHUNK_MASK; }
static __always_inline bool __xa_any(const struct xa_node *node, unsigned int mark) { return (node->marks[mark][0] | node->marks[mark][1]) != 0; }
static __always_inline bool __xa_all(const struct xa_node *node, unsigned int mark) { return (node->marks[mark][0] & node->marks[mark][1]) == ~0UL; }

/* Where the entry of `index` is; NULL where there is no node for it. */
static __maybe_unused struct xa_node *__xa_leaf(struct xarray *xa, unsigned long index)
{
	struct xa_node *node = rcu_dereference(xa->xa_head);

	if (!node || index > __xa_span(node))
		return NULL;
	while (node && node->shift)
		node = rcu_dereference(node->slots[__xa_offset(node, index)]);
	return node;
}
static __maybe_unused void *__xa_load(struct xarray *xa, unsigned long index)
{
	struct xa_node *leaf = __xa_leaf(xa, index);

	return leaf ? rcu_dereference(leaf->slots[index & XA_CHUNK_MASK]) : NULL;
}

/* A mark is set in a node when it is in a slot below; full only when all slots below are. */
static __maybe_unused void __xa_mark(struct xa_node *node, unsigned int offset, unsigned int mark)
{
	for (; node; offset = node->offset, node = node->parent) {
		if (__test_and_set_bit(offset, node->marks[mark]) || (mark == __XA_FULL && !__xa_all(node, mark)))
			return;
	}
}
static __maybe_unused void __xa_unmark(struct xa_node *node, unsigned int offset, unsigned int mark)
{
	for (; node; offset = node->offset, node = node->parent) {
		if (!__test_and_clear_bit(offset, node->marks[mark]) || (mark != __XA_FULL && __xa_any(node, mark)))
			return;
	}
}

static __maybe_unused struct xa_node *__xa_new_node(struct xa_node *parent, unsigned int offset, unsigned int shift, gfp_t flags)
{
	struct xa_node *node = kzalloc(sizeof(*node), flags & ~__GFP_DIRECT_RECLAIM); /* the lock is held */

	if (node) {
		node->shift = shift;
		node->offset = offset;
		node->parent = parent;
	}
	return node;
}
/* Takes out nodes that have nothing in them, from `node` up. */
static __maybe_unused void __xa_prune(struct xarray *xa, struct xa_node *node)
{
	while (node && node->count == 0) {
		struct xa_node *parent = node->parent;

		if (parent) {
			rcu_assign_pointer(parent->slots[node->offset], NULL);
			parent->count--;
		} else {
			rcu_assign_pointer(xa->xa_head, NULL);
		}
		kfree_rcu(node, rcu); /* a reader may be in it */
		node = parent;
	}
}
/* The node for the entry of `index`, made where it is not there; NULL when memory is out. */
static __maybe_unused struct xa_node *__xa_make_leaf(struct xarray *xa, unsigned long index, gfp_t flags)
{
	struct xa_node *node = xa->xa_head, *up;
	unsigned int mark;

	if (!node) {
		unsigned int shift = 0;

		while (shift + XA_CHUNK_SHIFT < BITS_PER_LONG && index >> (shift + XA_CHUNK_SHIFT))
			shift += XA_CHUNK_SHIFT;
		node = __xa_new_node(NULL, 0, shift, flags);
		if (!node)
			return NULL;
		rcu_assign_pointer(xa->xa_head, node);
	}
	while (index > __xa_span(node)) {
		up = __xa_new_node(NULL, 0, node->shift + XA_CHUNK_SHIFT, flags);
		if (!up)
			return NULL;
		up->slots[0] = node;
		up->count = 1;
		for (mark = 0; mark <= __XA_FULL; mark++)
			if (mark == __XA_FULL ? __xa_all(node, mark) : __xa_any(node, mark))
				up->marks[mark][0] = 1;
		node->parent = up;
		rcu_assign_pointer(xa->xa_head, up);
		node = up;
	}
	while (node->shift) {
		unsigned int offset = __xa_offset(node, index);
		struct xa_node *below = node->slots[offset];

		if (!below) {
			below = __xa_new_node(node, offset, node->shift - XA_CHUNK_SHIFT, flags);
			if (!below) {
				__xa_prune(xa, node);
				return NULL;
			}
			rcu_assign_pointer(node->slots[offset], below);
			node->count++;
		}
		node = below;
	}
	return node;
}
/* Puts an entry, or NULL, into a slot of a leaf, which may be gone afterwards. */
static __maybe_unused void __xa_put(struct xarray *xa, struct xa_node *leaf, unsigned int offset, void *entry)
{
	void *old = leaf->slots[offset];
	unsigned int mark;

	rcu_assign_pointer(leaf->slots[offset], entry);
	if (!old && entry) {
		leaf->count++;
		__xa_mark(leaf, offset, __XA_FULL);
	} else if (old && !entry) {
		leaf->count--;
		for (mark = 0; mark <= __XA_FULL; mark++)
			__xa_unmark(leaf, offset, mark);
		__xa_prune(xa, leaf);
	}
}
/* Stores `entry` as it is; the old one, or an error. With the lock held. */
static __maybe_unused void *__xa_set(struct xarray *xa, unsigned long index, void *entry, gfp_t flags)
{
	struct xa_node *leaf = entry ? __xa_make_leaf(xa, index, flags) : __xa_leaf(xa, index);
	void *old;

	if (!leaf)
		return entry ? XA_ERROR(-ENOMEM) : NULL;
	old = leaf->slots[index & XA_CHUNK_MASK];
	__xa_put(xa, leaf, index & XA_CHUNK_MASK, entry);
	return old;
}

/* The index after all that is below the node; 0 where there is none. */
#define __xa_after(node, index)	(((index) | __xa_span(node)) + 1)
/* The first entry from *index to `max` that has the mark, or with XA_PRESENT any. */
static __maybe_unused void *__xa_next(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	unsigned long at = *index;
	struct xa_node *head = rcu_dereference(xa->xa_head), *node = head;

	while (node && at <= max && at <= __xa_span(head)) {
		unsigned int from = __xa_offset(node, at), offset = from;
		void *slot = NULL;

		if (filter != XA_PRESENT)
			offset = find_next_bit(node->marks[filter], XA_CHUNK_SIZE, offset);
		for (; offset < XA_CHUNK_SIZE; offset++) {
			slot = rcu_dereference(node->slots[offset]);
			if (slot && (node->shift || !xa_is_zero(slot)) && (filter == XA_PRESENT || test_bit(offset, node->marks[filter])))
				break;
		}
		if (offset < XA_CHUNK_SIZE && offset > from)
			at = (at & ~__xa_span(node)) | ((unsigned long)offset << node->shift);
		if (offset == XA_CHUNK_SIZE) {
			at = __xa_after(node, at);
			if (at == 0)
				return NULL;
			node = head = rcu_dereference(xa->xa_head); /* down anew: the way up may be changing */
			continue;
		}
		if (at > max)
			return NULL;
		if (node->shift == 0) {
			*index = at;
			return slot;
		}
		node = slot;
	}
	return NULL;
}
/* The first index from *index to `max` that has nothing, with the lock held. */
static __maybe_unused bool __xa_next_free(struct xarray *xa, unsigned long *index, unsigned long max)
{
	unsigned long at = *index;
	struct xa_node *node = xa->xa_head;

	while (node && at <= max && at <= __xa_span((struct xa_node *)xa->xa_head)) {
		unsigned int from = __xa_offset(node, at), offset = find_next_zero_bit(node->marks[__XA_FULL], XA_CHUNK_SIZE, from);

		if (offset == XA_CHUNK_SIZE) {
			at = __xa_after(node, at);
			if (at == 0)
				return false;
			node = xa->xa_head;
			continue;
		}
		if (offset > from)
			at = (at & ~__xa_span(node)) | ((unsigned long)offset << node->shift);
		if (node->shift == 0)
			break;
		node = node->slots[offset];
	}
	*index = at;
	return at <= max;
}

#define __xa_locked(xa, call) ({ \
	__typeof__(call) __ret; \
	xa_lock(xa); \
	__ret = (call); \
	xa_unlock(xa); \
	__ret; \
})
#define __xa_may_sleep(flags)	might_sleep_if(((flags) & __GFP_DIRECT_RECLAIM) != 0)

static __maybe_unused void *xa_load(struct xarray *xa, unsigned long index)
{
	void *entry;

	rcu_read_lock();
	entry = __xa_load(xa, index);
	rcu_read_unlock();
	return __xa_shown(entry);
}
static __maybe_unused void *__xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t flags)
{
	void *old;

	if (WARN_ON_ONCE(__xa_is_odd(entry)))
		return XA_ERROR(-EINVAL);
	old = __xa_set(xa, index, !entry && xa_track_free(xa) ? XA_ZERO_ENTRY : entry, flags);
	return __xa_shown(old);
}
static __maybe_unused void *__xa_erase(struct xarray *xa, unsigned long index) { void *old = __xa_set(xa, index, NULL, 0); return __xa_shown(old); }
static __maybe_unused void *__xa_cmpxchg_raw(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t flags)
{
	void *seen = __xa_load(xa, index), *ret;

	if (WARN_ON_ONCE(__xa_is_odd(entry) && !xa_is_zero(entry)))
		return XA_ERROR(-EINVAL);
	if (seen != old)
		return seen;
	ret = __xa_set(xa, index, !entry && xa_track_free(xa) && !xa_is_zero(old) ? XA_ZERO_ENTRY : entry, flags);
	return xa_is_err(ret) ? ret : seen;
}
static __maybe_unused void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t flags) { void *seen = __xa_cmpxchg_raw(xa, index, old, entry, flags); return __xa_shown(seen); }
static __maybe_unused int __xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t flags)
{
	void *seen = __xa_cmpxchg_raw(xa, index, NULL, entry ? entry : XA_ZERO_ENTRY, flags);

	return xa_is_err(seen) ? xa_err(seen) : seen ? -EBUSY : 0;
}
static __maybe_unused int __xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t flags)
{
	unsigned long index = limit.min;
	void *old;

	if (WARN_ON_ONCE(__xa_is_odd(entry) || !xa_track_free(xa)))
		return -EINVAL;
	if (index == 0 && (xa->xa_flags & XA_FLAGS_ZERO_BUSY))
		index = 1;
	if (!__xa_next_free(xa, &index, limit.max))
		return -EBUSY;
	old = __xa_set(xa, index, entry ? entry : XA_ZERO_ENTRY, flags);
	if (xa_is_err(old))
		return xa_err(old);
	*id = index;
	return 0;
}
/* From *next on, and then from the beginning: 1 where it went there. */
static __maybe_unused int __xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next, gfp_t flags)
{
	u32 least = limit.min;
	int ret;

	limit.min = max(least, *next);
	ret = limit.min > limit.max ? -EBUSY : __xa_alloc(xa, id, entry, limit, flags);
	if ((xa->xa_flags & XA_FLAGS_ALLOC_WRAPPED) && ret == 0) {
		xa->xa_flags &= ~XA_FLAGS_ALLOC_WRAPPED;
		ret = 1;
	}
	if (ret == -EBUSY && limit.min > least) {
		limit.min = least;
		ret = __xa_alloc(xa, id, entry, limit, flags);
		if (ret == 0)
			ret = 1;
	}
	if (ret < 0)
		return ret;
	*next = *id + 1;
	if (*next == 0)
		xa->xa_flags |= XA_FLAGS_ALLOC_WRAPPED;
	return ret;
}
static __maybe_unused void __xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *leaf = __xa_leaf(xa, index);

	if (leaf && leaf->slots[index & XA_CHUNK_MASK])
		__xa_mark(leaf, index & XA_CHUNK_MASK, mark);
}
static __maybe_unused void __xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *leaf = __xa_leaf(xa, index);

	if (leaf)
		__xa_unmark(leaf, index & XA_CHUNK_MASK, mark);
}
static __maybe_unused bool xa_get_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *leaf;
	bool set;

	rcu_read_lock();
	leaf = __xa_leaf(xa, index);
	set = leaf && test_bit(index & XA_CHUNK_MASK, leaf->marks[mark]);
	rcu_read_unlock();
	return set;
}
static __maybe_unused void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	void *entry;

	rcu_read_lock();
	entry = __xa_next(xa, index, max, filter);
	rcu_read_unlock();
	return entry;
}
static __maybe_unused void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	unsigned long after = *index + 1;
	void *entry = after == 0 ? NULL : xa_find(xa, &after, max, filter);

	if (entry)
		*index = after;
	return entry;
}
/* Up to `n` entries into an array; how many. */
static __maybe_unused unsigned int xa_extract(struct xarray *xa, void **to, unsigned long start, unsigned long max, unsigned int n, xa_mark_t filter)
{
	unsigned int got = 0;
	void *entry;

	for (entry = n ? xa_find(xa, &start, max, filter) : NULL; entry; entry = got < n ? xa_find_after(xa, &start, max, filter) : NULL)
		to[got++] = entry;
	return got;
}
static __maybe_unused void __xa_free_nodes(struct xa_node *node)
{
	unsigned int offset;

	for (offset = 0; node->shift && offset < XA_CHUNK_SIZE; offset++)
		if (node->slots[offset])
			__xa_free_nodes(node->slots[offset]);
	kfree_rcu(node, rcu);
}
/* Takes all entries out; what they point at is their owner's. */
static __maybe_unused void xa_destroy(struct xarray *xa)
{
	struct xa_node *head;

	xa_lock(xa);
	head = xa->xa_head;
	rcu_assign_pointer(xa->xa_head, NULL);
	xa_unlock(xa);
	if (head)
		__xa_free_nodes(head);
}

#define xa_store(xa, index, entry, flags)	({ __xa_may_sleep(flags); __xa_locked(xa, __xa_store(xa, index, entry, flags)); })
#define xa_store_bh(xa, index, entry, flags)	xa_store(xa, index, entry, flags)
#define xa_store_irq(xa, index, entry, flags)	xa_store(xa, index, entry, flags)
#define xa_erase(xa, index)			__xa_locked(xa, __xa_erase(xa, index))
#define xa_erase_bh(xa, index)			xa_erase(xa, index)
#define xa_erase_irq(xa, index)			xa_erase(xa, index)
#define xa_cmpxchg(xa, index, old, entry, flags) ({ __xa_may_sleep(flags); __xa_locked(xa, __xa_cmpxchg(xa, index, old, entry, flags)); })
#define xa_cmpxchg_bh(xa, index, old, entry, flags) xa_cmpxchg(xa, index, old, entry, flags)
#define xa_cmpxchg_irq(xa, index, old, entry, flags) xa_cmpxchg(xa, index, old, entry, flags)
#define xa_insert(xa, index, entry, flags)	({ __xa_may_sleep(flags); __xa_locked(xa, __xa_insert(xa, index, entry, flags)); })
#define xa_insert_bh(xa, index, entry, flags)	xa_insert(xa, index, entry, flags)
#define xa_insert_irq(xa, index, entry, flags)	xa_insert(xa, index, entry, flags)
#define xa_alloc(xa, id, entry, limit, flags)	({ __xa_may_sleep(flags); __xa_locked(xa, __xa_alloc(xa, id, entry, limit, flags)); })
#define xa_alloc_bh(xa, id, entry, limit, flags) xa_alloc(xa, id, entry, limit, flags)
#define xa_alloc_irq(xa, id, entry, limit, flags) xa_alloc(xa, id, entry, limit, flags)
#define xa_alloc_cyclic(xa, id, entry, limit, next, flags) ({ __xa_may_sleep(flags); __xa_locked(xa, __xa_alloc_cyclic(xa, id, entry, limit, next, flags)); })
#define xa_alloc_cyclic_bh(xa, id, entry, limit, next, flags) xa_alloc_cyclic(xa, id, entry, limit, next, flags)
#define xa_alloc_cyclic_irq(xa, id, entry, limit, next, flags) xa_alloc_cyclic(xa, id, entry, limit, next, flags)
#define xa_set_mark(xa, index, mark)		((void)__xa_locked(xa, (__xa_set_mark(xa, index, mark), 0)))
#define xa_clear_mark(xa, index, mark)		((void)__xa_locked(xa, (__xa_clear_mark(xa, index, mark), 0)))
/* Keeps the place of an entry, so that storing it will not need memory; gives it up where nothing was stored. */
#define xa_reserve(xa, index, flags)		({ void *__seen; __xa_may_sleep(flags); __seen = __xa_locked(xa, __xa_cmpxchg_raw(xa, index, NULL, XA_ZERO_ENTRY, flags)); xa_err(__seen); })
#define xa_reserve_bh(xa, index, flags)		xa_reserve(xa, index, flags)
#define xa_reserve_irq(xa, index, flags)	xa_reserve(xa, index, flags)
#define xa_release(xa, index)			((void)__xa_locked(xa, __xa_cmpxchg_raw(xa, index, XA_ZERO_ENTRY, NULL, 0)))

#define xa_for_each_range(xa, index, entry, start, last) for (index = (start), entry = xa_find(xa, &(index), last, XA_PRESENT); entry; entry = xa_find_after(xa, &(index), last, XA_PRESENT))
#define xa_for_each_start(xa, index, entry, start) xa_for_each_range(xa, index, entry, start, ULONG_MAX)
#define xa_for_each(xa, index, entry)		xa_for_each_start(xa, index, entry, 0)
#define xa_for_each_marked(xa, index, entry, filter) for (index = 0, entry = xa_find(xa, &(index), ULONG_MAX, filter); entry; entry = xa_find_after(xa, &(index), ULONG_MAX, filter))
#endif
