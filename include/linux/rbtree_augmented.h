/*
 * Red-black trees in which each node says something about all that is below it, such as the greatest end of its intervals. The
 * nodes on the way down to a new node are brought up to date by who adds it.
 */
#ifndef _LINUX_RBTREE_AUGMENTED_H
#define _LINUX_RBTREE_AUGMENTED_H
#include <linux/rbtree.h>
static __maybe_unused void rb_insert_augmented(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *augment) { __rb_insert(node, root, augment); }
static __maybe_unused void rb_erase_augmented(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *augment) { __rb_remove(node, root, augment); }
static __maybe_unused void rb_insert_augmented_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost, const struct rb_augment_callbacks *augment)
{
	if (leftmost)
		root->rb_leftmost = node;
	__rb_insert(node, &root->rb_root, augment);
}
static __maybe_unused void rb_erase_augmented_cached(struct rb_node *node, struct rb_root_cached *root, const struct rb_augment_callbacks *augment)
{
	if (root->rb_leftmost == node)
		root->rb_leftmost = rb_next(node);
	__rb_remove(node, &root->rb_root, augment);
}
/* `compute(node, exit)` brings a node up to date from its children; whether it was, already, where `exit` is true. */
#define RB_DECLARE_CALLBACKS(scope, name, type, field, member, compute) \
static void name##_propagate(struct rb_node *node, struct rb_node *stop) \
{ \
	for (; node != stop; node = rb_parent(node)) \
		if (compute(rb_entry(node, type, field), true)) \
			break; \
} \
static void name##_copy(struct rb_node *old, struct rb_node *fresh) { rb_entry(fresh, type, field)->member = rb_entry(old, type, field)->member; } \
static void name##_rotate(struct rb_node *old, struct rb_node *fresh) { name##_copy(old, fresh); compute(rb_entry(old, type, field), false); } \
scope const struct rb_augment_callbacks name = { .propagate = name##_propagate, .copy = name##_copy, .rotate = name##_rotate };
/* The greatest of what `of(node)` gives for each node below, and itself. */
#define RB_DECLARE_CALLBACKS_MAX(scope, name, type, field, valuetype, member, of) \
static bool name##_compute_max(type *at, bool exit) \
{ \
	valuetype most = of(at); \
\
	if (at->field.rb_left && rb_entry(at->field.rb_left, type, field)->member > most) \
		most = rb_entry(at->field.rb_left, type, field)->member; \
	if (at->field.rb_right && rb_entry(at->field.rb_right, type, field)->member > most) \
		most = rb_entry(at->field.rb_right, type, field)->member; \
	if (exit && at->member == most) \
		return true; \
	at->member = most; \
	return false; \
} \
RB_DECLARE_CALLBACKS(scope, name, type, field, member, name##_compute_max)
#endif
