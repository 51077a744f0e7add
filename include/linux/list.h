/* Circular lists whose nodes are in the records themselves. */
#ifndef _LINUX_LIST_H
#define _LINUX_LIST_H
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
#define hlist_entry(ptr, type, member)	container_of(ptr, type, member)
#define hlist_entry_safe(ptr, type, member) ({ struct hlist_node *__at = (ptr); __at ? hlist_entry(__at, type, member) : NULL; })
#define hlist_for_each(pos, head)	for (pos = (head)->first; pos; pos = pos->next)
#define hlist_for_each_safe(pos, n, head) for (pos = (head)->first; pos && ({ n = pos->next; 1; }); pos = n)
#define hlist_for_each_entry(pos, head, member) \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); pos; pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_safe(pos, n, head, member) \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*pos), member); pos && ({ n = pos->member.next; 1; }); pos = hlist_entry_safe(n, __typeof__(*pos), member))
#endif
