/* Circular lists whose nodes are in the records themselves. */
#ifndef _LINUX_LIST_H
#define _LINUX_LIST_H
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/types.h>

/* What a node that was taken out points at: no addresses of this machine. */
#define LIST_POISON1		((void *)0x80000100)
#define LIST_POISON2		((void *)0x80000122)
#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static __always_inline void INIT_LIST_HEAD(struct list_head *list) { list->next = list->prev = list; }
static __always_inline void __list_link(struct list_head *node, struct list_head *before, struct list_head *after)
{
	node->next = after;
	node->prev = before;
	after->prev = node;
	before->next = node;
}
static __always_inline void __list_join(struct list_head *before, struct list_head *after) { before->next = after; after->prev = before; }
static __always_inline void list_add(struct list_head *node, struct list_head *head) { __list_link(node, head, head->next); }
static __always_inline void list_add_tail(struct list_head *node, struct list_head *head) { __list_link(node, head->prev, head); }
static __always_inline void __list_del_entry(struct list_head *node) { __list_join(node->prev, node->next); }
static __always_inline void list_del(struct list_head *node)
{
	__list_del_entry(node);
	node->next = LIST_POISON1;
	node->prev = LIST_POISON2;
}
static __always_inline void list_del_init(struct list_head *node) { __list_del_entry(node); INIT_LIST_HEAD(node); }
static __always_inline void list_replace(struct list_head *old, struct list_head *node) { __list_link(node, old->prev, old->next); }
static __always_inline void list_move(struct list_head *node, struct list_head *head) { __list_del_entry(node); list_add(node, head); }
static __always_inline void list_move_tail(struct list_head *node, struct list_head *head) { __list_del_entry(node); list_add_tail(node, head); }
static __always_inline int list_empty(const struct list_head *head) { return READ_ONCE(head->next) == head; }
static __always_inline int list_is_singular(const struct list_head *head) { return !list_empty(head) && head->next == head->prev; }
static __always_inline int list_is_last(const struct list_head *node, const struct list_head *head) { return node->next == head; }
static __always_inline int list_is_first(const struct list_head *node, const struct list_head *head) { return node->prev == head; }
static __always_inline int list_empty_careful(const struct list_head *head) { return smp_load_acquire(&head->next) == head && READ_ONCE(head->prev) == head; }
static __always_inline void list_del_init_careful(struct list_head *node) { __list_del_entry(node); WRITE_ONCE(node->prev, node); smp_store_release(&node->next, node); }
static __always_inline int list_is_head(const struct list_head *node, const struct list_head *head) { return node == head; }
static __always_inline void list_replace_init(struct list_head *old, struct list_head *node) { list_replace(old, node); INIT_LIST_HEAD(old); }
static __always_inline void list_swap(struct list_head *a, struct list_head *b)
{
	struct list_head *before = b->prev;

	__list_del_entry(b);
	list_replace(a, b);
	list_add(a, before == a ? b : before);
}
static __always_inline void list_rotate_left(struct list_head *head) { if (!list_empty(head)) list_move_tail(head->next, head); }
/* The head goes to before `node`, which then is the first. */
static __always_inline void list_rotate_to_front(struct list_head *node, struct list_head *head) { list_move_tail(head, node); }
/* `first` to `last`, which are neighbours or one, to the end. */
static __always_inline void list_bulk_move_tail(struct list_head *head, struct list_head *first, struct list_head *last)
{
	__list_join(first->prev, last->next);
	__list_join(head->prev, first);
	__list_join(last, head);
}
/* The nodes up to `node`, itself too, become `list`. */
static __always_inline void list_cut_position(struct list_head *list, struct list_head *head, struct list_head *node)
{
	struct list_head *rest = node->next;

	INIT_LIST_HEAD(list);
	if (list_empty(head) || node == head)
		return;
	__list_join(list, head->next);
	__list_join(node, list);
	__list_join(head, rest);
}
static __always_inline void list_cut_before(struct list_head *list, struct list_head *head, struct list_head *node) { list_cut_position(list, head, node->prev); }
static __always_inline size_t list_count_nodes(struct list_head *head)
{
	struct list_head *at;
	size_t n = 0;

	for (at = head->next; at != head; at = at->next)
		n++;
	return n;
}
static __always_inline void list_splice(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	__list_join(list->prev, head->next);
	__list_join(head, list->next);
}
static __always_inline void list_splice_tail(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	__list_join(head->prev, list->next);
	__list_join(list->prev, head);
}
static __always_inline void list_splice_init(struct list_head *list, struct list_head *head) { list_splice(list, head); INIT_LIST_HEAD(list); }
static __always_inline void list_splice_tail_init(struct list_head *list, struct list_head *head) { list_splice_tail(list, head); INIT_LIST_HEAD(list); }

#define list_entry(ptr, type, member)		container_of(ptr, type, member)
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) (list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member)		list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member)		list_entry((pos)->member.prev, __typeof__(*(pos)), member)
#define list_for_each(pos, head)		for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_prev(pos, head)		for (pos = (head)->prev; pos != (head); pos = pos->prev)
#define list_for_each_safe(pos, n, head)	for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)
#define list_for_each_entry(pos, head, member) \
	for (pos = list_first_entry(head, __typeof__(*pos), member); &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member) \
	for (pos = list_last_entry(head, __typeof__(*pos), member); &pos->member != (head); pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member) \
	for (pos = list_first_entry(head, __typeof__(*pos), member), n = list_next_entry(pos, member); &pos->member != (head); pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_reverse(pos, n, head, member) \
	for (pos = list_last_entry(head, __typeof__(*pos), member), n = list_prev_entry(pos, member); &pos->member != (head); pos = n, n = list_prev_entry(n, member))
#define list_for_each_entry_continue(pos, head, member) \
	for (pos = list_next_entry(pos, member); &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_continue(pos, head)	for (pos = pos->next; pos != (head); pos = pos->next)
#define list_for_each_prev_safe(pos, n, head)	for (pos = (head)->prev, n = pos->prev; pos != (head); pos = n, n = pos->prev)
#define list_last_entry_or_null(head, type, member) (list_empty(head) ? NULL : list_last_entry(head, type, member))
#define list_next_entry_circular(pos, head, member) (list_is_last(&(pos)->member, head) ? list_first_entry(head, __typeof__(*(pos)), member) : list_next_entry(pos, member))
#define list_prev_entry_circular(pos, head, member) (list_is_first(&(pos)->member, head) ? list_last_entry(head, __typeof__(*(pos)), member) : list_prev_entry(pos, member))
#define list_entry_is_head(pos, head, member)	(&(pos)->member == (head))
#define list_prepare_entry(pos, head, member)	((pos) ? (pos) : list_entry(head, __typeof__(*(pos)), member))
#define list_safe_reset_next(pos, n, member)	(n = list_next_entry(pos, member))
#define list_for_each_entry_continue_reverse(pos, head, member) \
	for (pos = list_prev_entry(pos, member); &pos->member != (head); pos = list_prev_entry(pos, member))
#define list_for_each_entry_from_reverse(pos, head, member) \
	for (; &pos->member != (head); pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe_continue(pos, n, head, member) \
	for (pos = list_next_entry(pos, member), n = list_next_entry(pos, member); &pos->member != (head); pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_from(pos, n, head, member) \
	for (n = list_next_entry(pos, member); &pos->member != (head); pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_from(pos, head, member) \
	for (; &pos->member != (head); pos = list_next_entry(pos, member))

#define HLIST_HEAD_INIT		{ .first = NULL }
#define HLIST_HEAD(name)	struct hlist_head name = HLIST_HEAD_INIT
#define INIT_HLIST_HEAD(head)	((head)->first = NULL)
static __always_inline void INIT_HLIST_NODE(struct hlist_node *node) { node->next = NULL; node->pprev = NULL; }
static __always_inline int hlist_unhashed(const struct hlist_node *node) { return !node->pprev; }
static __always_inline int hlist_empty(const struct hlist_head *head) { return !READ_ONCE(head->first); }
static __always_inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	node->next = first;
	if (first)
		first->pprev = &node->next;
	head->first = node;
	node->pprev = &head->first;
}
static __always_inline void __hlist_del(struct hlist_node *node)
{
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
}
static __always_inline void hlist_del(struct hlist_node *node) { __hlist_del(node); node->next = LIST_POISON1; node->pprev = LIST_POISON2; }
static __always_inline void hlist_del_init(struct hlist_node *node) { if (!hlist_unhashed(node)) { __hlist_del(node); INIT_HLIST_NODE(node); } }
static __always_inline void hlist_add_before(struct hlist_node *node, struct hlist_node *next)
{
	node->pprev = next->pprev;
	node->next = next;
	next->pprev = &node->next;
	*node->pprev = node;
}
static __always_inline void hlist_add_behind(struct hlist_node *node, struct hlist_node *before)
{
	node->next = before->next;
	before->next = node;
	node->pprev = &before->next;
	if (node->next)
		node->next->pprev = &node->next;
}
static __always_inline void hlist_move_list(struct hlist_head *from, struct hlist_head *to)
{
	to->first = from->first;
	if (to->first)
		to->first->pprev = &to->first;
	from->first = NULL;
}
static __always_inline bool hlist_is_singular_node(struct hlist_node *node, struct hlist_head *head) { return !node->next && node->pprev == &head->first; }
#define hlist_for_each_entry_continue(pos, member) \
	for (pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member); pos; pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_from(pos, member) \
	for (; pos; pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_entry(ptr, type, member)	container_of(ptr, type, member)
#define hlist_entry_safe(ptr, type, member) ({ struct hlist_node *__at = (ptr); __at ? hlist_entry(__at, type, member) : NULL; })
#define hlist_for_each(pos, head)	for (pos = (head)->first; pos; pos = pos->next)
#define hlist_for_each_safe(pos, n, head) for (pos = (head)->first; pos && ({ n = pos->next; 1; }); pos = n)
/* With a node of its own, as before Linux 3.9, or without. */
#define __hlist_walk4(pos, node, head, member) \
	for (node = (head)->first; node && ({ pos = hlist_entry(node, __typeof__(*(pos)), member); 1; }); node = node->next)
#define __hlist_walk_of(a, b, c, d, which, ...) which
#define hlist_for_each_entry(pos, head...) __hlist_walk_of(pos, ##head, __hlist_walk4, __hlist_walk3)(pos, ##head)
#define __hlist_walk3(pos, head, member) \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); pos; pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define __hlist_safe5(pos, node, n, head, member) \
	for (node = (head)->first; node && ({ n = node->next; pos = hlist_entry(node, __typeof__(*(pos)), member); 1; }); node = n)
#define __hlist_safe_of(a, b, c, d, e, which, ...) which
#define hlist_for_each_entry_safe(pos, n, head...) __hlist_safe_of(pos, n, ##head, __hlist_safe5, __hlist_safe4)(pos, n, ##head)
#define __hlist_safe4(pos, n, head, member) \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*pos), member); pos && ({ n = pos->member.next; 1; }); pos = hlist_entry_safe(n, __typeof__(*pos), member))
#endif
