/*
 * The names that arrays of <linux/xarray.h> had before Linux 4.20. Who changes one keeps others out; looking is under RCU.
 */
#ifndef _LINUX_RADIX_TREE_H
#define _LINUX_RADIX_TREE_H
#include <linux/xarray.h>
#define radix_tree_root		xarray
#define RADIX_TREE_MAX_TAGS	XA_MAX_MARKS
#define RADIX_TREE_INIT(name, flags) XARRAY_INIT(name, flags)
#define RADIX_TREE(name, flags)	struct radix_tree_root name = RADIX_TREE_INIT(name, flags)
#define INIT_RADIX_TREE(root, flags) xa_init_flags(root, flags)
#define radix_tree_empty(root)	xa_empty(root)
#define radix_tree_preload(flags) ({ __xa_may_sleep(flags); preempt_disable(); 0; })
#define radix_tree_maybe_preload(flags) radix_tree_preload(flags)
#define radix_tree_preload_end() preempt_enable()
static __maybe_unused int radix_tree_insert(struct radix_tree_root *root, unsigned long index, void *item)
{
	if (__xa_load(root, index))
		return -EEXIST;
	return xa_err(__xa_set(root, index, item, root->xa_flags));
}
#define radix_tree_lookup(root, index)	xa_load((struct xarray *)(root), index)
static __maybe_unused void **radix_tree_lookup_slot(const struct radix_tree_root *root, unsigned long index)
{
	struct xa_node *leaf = __xa_leaf((struct xarray *)root, index);

	return leaf && leaf->slots[index & XA_CHUNK_MASK] ? &leaf->slots[index & XA_CHUNK_MASK] : NULL;
}
#define radix_tree_deref_slot(slot)	rcu_dereference(*(slot))
#define radix_tree_deref_slot_protected(slot, lock) (*(slot))
#define radix_tree_deref_retry(item)	0
#define radix_tree_exception(item)	(((unsigned long)(item) & 3) != 0)
#define radix_tree_replace_slot(root, slot, item) rcu_assign_pointer(*(slot), item)
#define radix_tree_delete(root, index)	__xa_erase(root, index)
static __maybe_unused void *radix_tree_delete_item(struct radix_tree_root *root, unsigned long index, void *item)
{
	return !item || __xa_load(root, index) == item ? __xa_erase(root, index) : NULL;
}
#define radix_tree_gang_lookup(root, results, first, most) xa_extract((struct xarray *)(root), results, first, ULONG_MAX, most, XA_PRESENT)
#define radix_tree_gang_lookup_tag(root, results, first, most, tag) xa_extract((struct xarray *)(root), results, first, ULONG_MAX, most, tag)
#define radix_tree_tag_set(root, index, tag)	({ __xa_set_mark(root, index, tag); __xa_load(root, index); })
#define radix_tree_tag_clear(root, index, tag)	({ __xa_clear_mark(root, index, tag); __xa_load(root, index); })
#define radix_tree_tag_get(root, index, tag)	xa_get_mark((struct xarray *)(root), index, tag)
#define radix_tree_tagged(root, tag)		xa_marked(root, tag)
struct radix_tree_iter {
	unsigned long index;
};
static __maybe_unused void **__radix_tree_next(struct radix_tree_root *root, struct radix_tree_iter *iter, unsigned long from, xa_mark_t filter)
{
	iter->index = from;
	return __xa_next(root, &iter->index, ULONG_MAX, filter) ? radix_tree_lookup_slot(root, iter->index) : NULL;
}
#define __radix_tree_walk(slot, root, iter, start, filter) \
	for (slot = __radix_tree_next(root, iter, start, filter); slot; slot = (iter)->index == ULONG_MAX ? NULL : __radix_tree_next(root, iter, (iter)->index + 1, filter))
#define radix_tree_for_each_slot(slot, root, iter, start) __radix_tree_walk(slot, root, iter, start, XA_PRESENT)
#define radix_tree_for_each_tagged(slot, root, iter, start, tag) __radix_tree_walk(slot, root, iter, start, tag)
#define radix_tree_iter_delete(root, iter, slot) ((void)__xa_erase(root, (iter)->index))
#endif
