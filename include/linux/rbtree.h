/*
 * Red-black trees, whose nodes are in the records themselves. Who has one says what comes before what, and keeps others out while
 * it changes: no lock is taken here.
 *
 * A red node has no red child, and all ways down from a node meet as many black nodes; so the longest is at most twice as long as
 * the shortest. A new node is red. What then is wrong is put right on the way up, by colours as far as that goes and by three turns
 * of a node about its parent at most.
 */
#ifndef _LINUX_RBTREE_H
#define _LINUX_RBTREE_H
#include <linux/container_of.h>
#include <linux/rbtree_types.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#define RB_RED			0
#define RB_BLACK		1
#define rb_parent(node)		((struct rb_node *)((node)->__rb_parent_color & ~3UL))
#define rb_color(node)		((node)->__rb_parent_color & 1)
#define rb_is_red(node)		(!rb_color(node))
#define rb_is_black(node)	rb_color(node)
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member) ({ __typeof__(ptr) __at = (ptr); __at ? rb_entry(__at, type, member) : NULL; })
#define RB_EMPTY_ROOT(root)	(READ_ONCE((root)->rb_node) == NULL)
/* Marks a node as in no tree. */
#define RB_CLEAR_NODE(node)	((void)((node)->__rb_parent_color = (unsigned long)(node)))
#define RB_EMPTY_NODE(node)	((node)->__rb_parent_color == (unsigned long)(node))

static __always_inline void rb_set_parent(struct rb_node *node, struct rb_node *parent) { node->__rb_parent_color = (unsigned long)parent | rb_color(node); }
static __always_inline void rb_set_parent_color(struct rb_node *node, struct rb_node *parent, int color) { node->__rb_parent_color = (unsigned long)parent | color; }
static __always_inline void __rb_paint(struct rb_node *node, int color) { node->__rb_parent_color = (node->__rb_parent_color & ~1UL) | color; }
static __always_inline bool __rb_black(const struct rb_node *node) { return !node || rb_is_black(node); }

static __maybe_unused struct rb_node *__rb_leftmost(struct rb_node *node) { while (node && node->rb_left) node = node->rb_left; return node; }
static __maybe_unused struct rb_node *__rb_rightmost(struct rb_node *node) { while (node && node->rb_right) node = node->rb_right; return node; }
#define rb_first(root)		__rb_leftmost((root)->rb_node)
#define rb_last(root)		__rb_rightmost((root)->rb_node)
static __maybe_unused struct rb_node *rb_next(const struct rb_node *node)
{
	const struct rb_node *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_right)
		return __rb_leftmost(node->rb_right);
	for (parent = rb_parent(node); parent && node == parent->rb_right; parent = rb_parent(parent))
		node = parent;
	return (struct rb_node *)parent;
}
static __maybe_unused struct rb_node *rb_prev(const struct rb_node *node)
{
	const struct rb_node *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_left)
		return __rb_rightmost(node->rb_left);
	for (parent = rb_parent(node); parent && node == parent->rb_left; parent = rb_parent(parent))
		node = parent;
	return (struct rb_node *)parent;
}

/* What an owner who keeps something about each subtree is told. Where nobody does, the functions are NULL. */
struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop); /* computes anew from `node` up to below `stop` */
	void (*copy)(struct rb_node *old, struct rb_node *fresh);      /* `fresh` takes the place of `old` */
	void (*rotate)(struct rb_node *old, struct rb_node *fresh);    /* the same, and `old` is below it and computed anew */
};

/* Where the tree points at `node`, points it at `fresh`. */
static __always_inline void __rb_relink(struct rb_node *node, struct rb_node *fresh, struct rb_node *parent, struct rb_root *root)
{
	struct rb_node **at = !parent ? &root->rb_node : parent->rb_left == node ? &parent->rb_left : &parent->rb_right;

	WRITE_ONCE(*at, fresh);
}

/* Turns `node` down, to the left or right, and its child on the other side up into its place and colour. `node` becomes `color`. */
static __maybe_unused struct rb_node *__rb_turn(struct rb_node *node, bool left, int color, struct rb_root *root, const struct rb_augment_callbacks *aug)
{
	struct rb_node *parent = rb_parent(node), *up = left ? node->rb_right : node->rb_left, *between;

	if (left) {
		between = up->rb_left;
		WRITE_ONCE(node->rb_right, between);
		WRITE_ONCE(up->rb_left, node);
	} else {
		between = up->rb_right;
		WRITE_ONCE(node->rb_left, between);
		WRITE_ONCE(up->rb_right, node);
	}
	if (between)
		rb_set_parent(between, node);
	rb_set_parent_color(up, parent, rb_color(node));
	__rb_relink(node, up, parent, root);
	rb_set_parent_color(node, up, color);
	if (aug && aug->rotate)
		aug->rotate(node, up);
	return up;
}

static __maybe_unused void __rb_insert(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *aug)
{
	for (;;) {
		struct rb_node *parent = rb_parent(node), *grand, *uncle;
		bool left;

		if (!parent) {
			__rb_paint(node, RB_BLACK);
			return;
		}
		if (rb_is_black(parent))
			return;
		grand = rb_parent(parent); /* there is one: the root is black */
		left = parent == grand->rb_left;
		uncle = left ? grand->rb_right : grand->rb_left;
		if (!__rb_black(uncle)) {
			__rb_paint(parent, RB_BLACK);
			__rb_paint(uncle, RB_BLACK);
			__rb_paint(grand, RB_RED);
			node = grand; /* red now: its parent may be red, too */
			continue;
		}
		if (node == (left ? parent->rb_right : parent->rb_left))
			__rb_turn(parent, left, RB_RED, root, aug); /* to the outside */
		__rb_turn(grand, !left, RB_RED, root, aug);
		return;
	}
}

/* The way down to `node`, which may be NULL, below `parent`, has one black node less than the others. */
static __maybe_unused void __rb_lighter(struct rb_node *node, struct rb_node *parent, struct rb_root *root, const struct rb_augment_callbacks *aug)
{
	while (parent && __rb_black(node)) {
		bool left = node == parent->rb_left;
		struct rb_node *sibling = left ? parent->rb_right : parent->rb_left, *outer, *inner;

		if (!rb_is_black(sibling)) {
			__rb_turn(parent, left, RB_RED, root, aug); /* the sibling has the parent's place, black */
			sibling = left ? parent->rb_right : parent->rb_left;
		}
		outer = left ? sibling->rb_right : sibling->rb_left;
		inner = left ? sibling->rb_left : sibling->rb_right;
		if (__rb_black(outer) && __rb_black(inner)) {
			__rb_paint(sibling, RB_RED); /* lighter on both sides: it is the parent that is, now */
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (__rb_black(outer)) {
			outer = sibling;
			__rb_turn(sibling, !left, RB_RED, root, aug);
		}
		__rb_turn(parent, left, RB_BLACK, root, aug);
		__rb_paint(outer, RB_BLACK);
		return;
	}
	if (node)
		__rb_paint(node, RB_BLACK);
}

static __maybe_unused void __rb_remove(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *aug)
{
	struct rb_node *parent = rb_parent(node), *child, *next = NULL, *top = parent;
	int color = rb_color(node);

	if (node->rb_left && node->rb_right) {
		/* The next one, which has no left child, takes its place and colour. */
		next = __rb_leftmost(node->rb_right);
		child = next->rb_right;
		color = rb_color(next);
		top = rb_parent(next);
		if (top == node) {
			top = next;
		} else {
			WRITE_ONCE(top->rb_left, child);
			if (child)
				rb_set_parent(child, top);
			WRITE_ONCE(next->rb_right, node->rb_right);
			rb_set_parent(next->rb_right, next);
		}
		WRITE_ONCE(next->rb_left, node->rb_left);
		rb_set_parent(next->rb_left, next);
		next->__rb_parent_color = node->__rb_parent_color;
		__rb_relink(node, next, parent, root);
		if (aug && aug->copy)
			aug->copy(node, next);
	} else {
		child = node->rb_left ? node->rb_left : node->rb_right;
		if (child)
			rb_set_parent(child, parent);
		__rb_relink(node, child, parent, root);
	}
	if (aug && aug->propagate) {
		if (next)
			aug->propagate(top, next);
		aug->propagate(next ? next : parent, NULL); /* what it was given is what `node` had below */
	}
	if (color == RB_BLACK)
		__rb_lighter(child, top, root, aug);
}

static __always_inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = node->rb_right = NULL;
	*link = node;
}
static __always_inline void rb_link_node_rcu(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = node->rb_right = NULL;
	rcu_assign_pointer(*link, node);
}
static __maybe_unused void rb_insert_color(struct rb_node *node, struct rb_root *root) { __rb_insert(node, root, NULL); }
static __maybe_unused void rb_erase(struct rb_node *node, struct rb_root *root) { __rb_remove(node, root, NULL); }
static __maybe_unused void rb_replace_node(struct rb_node *old, struct rb_node *fresh, struct rb_root *root)
{
	*fresh = *old;
	if (old->rb_left)
		rb_set_parent(old->rb_left, fresh);
	if (old->rb_right)
		rb_set_parent(old->rb_right, fresh);
	smp_mb(); /* whole before a reader without a lock can find it */
	__rb_relink(old, fresh, rb_parent(old), root);
}
#define rb_replace_node_rcu(old, fresh, root) rb_replace_node(old, fresh, root)

/* Children before their parents: the order in which all of a tree can be freed. */
static __maybe_unused struct rb_node *__rb_deepest(struct rb_node *node)
{
	while (node->rb_left || node->rb_right)
		node = node->rb_left ? node->rb_left : node->rb_right;
	return node;
}
static __maybe_unused struct rb_node *rb_first_postorder(const struct rb_root *root) { return root->rb_node ? __rb_deepest(root->rb_node) : NULL; }
static __maybe_unused struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent;

	if (!node)
		return NULL;
	parent = rb_parent(node);
	return parent && node == parent->rb_left && parent->rb_right ? __rb_deepest(parent->rb_right) : parent;
}
#define rbtree_postorder_for_each_entry_safe(pos, n, root, member) \
	for (pos = rb_entry_safe(rb_first_postorder(root), __typeof__(*pos), member); \
	     pos && ({ n = rb_entry_safe(rb_next_postorder(&pos->member), __typeof__(*pos), member); 1; }); pos = n)

#define rb_first_cached(root)	((root)->rb_leftmost)
static __maybe_unused void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}
/* The new first node, where the first one was removed; else NULL. */
static __maybe_unused struct rb_node *rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	struct rb_node *first = NULL;

	if (root->rb_leftmost == node)
		first = root->rb_leftmost = rb_next(node);
	rb_erase(node, &root->rb_root);
	return first;
}
static __maybe_unused void rb_replace_node_cached(struct rb_node *old, struct rb_node *fresh, struct rb_root_cached *root)
{
	if (root->rb_leftmost == old)
		root->rb_leftmost = fresh;
	rb_replace_node(old, fresh, &root->rb_root);
}

/* Going down with a function that compares; it is usually inlined. */
static __always_inline void rb_add(struct rb_node *node, struct rb_root *root, bool (*less)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
}
/* The node, where it is the first now; else NULL. */
static __always_inline struct rb_node *rb_add_cached(struct rb_node *node, struct rb_root_cached *root, bool (*less)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (less(node, parent)) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(node, parent, link);
	rb_insert_color_cached(node, root, first);
	return first ? node : NULL;
}
/* The node that is there already and the same, or NULL where it was added. */
static __always_inline struct rb_node *rb_find_add(struct rb_node *node, struct rb_root *root, int (*cmp)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		int order;

		parent = *link;
		order = cmp(node, parent);
		if (order == 0)
			return parent;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node_rcu(node, parent, link);
	rb_insert_color(node, root);
	return NULL;
}
#define rb_find_add_rcu(node, root, cmp) rb_find_add(node, root, cmp)
static __always_inline struct rb_node *rb_find_add_cached(struct rb_node *node, struct rb_root_cached *root, int (*cmp)(const struct rb_node *a, const struct rb_node *b))
{
	struct rb_node *found = rb_find_add(node, &root->rb_root, (int (*)(struct rb_node *, const struct rb_node *))cmp);

	if (!found && (!root->rb_leftmost || cmp(node, root->rb_leftmost) < 0))
		root->rb_leftmost = node;
	return found;
}
static __always_inline struct rb_node *rb_find(const void *key, const struct rb_root *root, int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = rcu_dereference(root->rb_node);

	while (node) {
		int order = cmp(key, node);

		if (order == 0)
			break;
		node = order < 0 ? rcu_dereference(node->rb_left) : rcu_dereference(node->rb_right);
	}
	return node;
}
#define rb_find_rcu(key, root, cmp) rb_find(key, root, cmp)
/* The leftmost of those that are the same. */
static __always_inline struct rb_node *rb_find_first(const void *key, const struct rb_root *root, int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = root->rb_node, *found = NULL;

	while (node) {
		int order = cmp(key, node);

		if (order == 0)
			found = node;
		node = order <= 0 ? node->rb_left : node->rb_right;
	}
	return found;
}
static __always_inline struct rb_node *rb_next_match(const void *key, struct rb_node *node, int (*cmp)(const void *key, const struct rb_node *node))
{
	node = rb_next(node);
	return node && cmp(key, node) == 0 ? node : NULL;
}
#define rb_for_each(node, key, root, cmp) \
	for ((node) = rb_find_first((key), (root), (cmp)); (node); (node) = rb_next_match((key), (node), (cmp)))
#endif
