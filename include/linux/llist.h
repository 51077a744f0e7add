/*
 * Lists with one link, to which any number of CPUs add without a lock. All is taken off at once, also without a lock; the first
 * alone by one at a time, since a node that came back meanwhile would not be told from one that stayed.
 */
#ifndef _LINUX_LLIST_H
#define _LINUX_LLIST_H
#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/types.h>
struct llist_node {
	struct llist_node *next;
};
struct llist_head {
	struct llist_node *first;
};
#define LLIST_HEAD_INIT(name)	{ NULL }
#define LLIST_HEAD(name)	struct llist_head name = LLIST_HEAD_INIT(name)
#define init_llist_head(list)	((void)((list)->first = NULL))
#define init_llist_node(node)	((void)((node)->next = (node)))
#define llist_on_list(node)	((node)->next != (node))
#define llist_entry(ptr, type, member) container_of(ptr, type, member)
#define llist_empty(list)	(READ_ONCE((list)->first) == NULL)
#define llist_next(node)	((node)->next)
/* Whether the list was empty. */
static __maybe_unused bool llist_add_batch(struct llist_node *first, struct llist_node *last, struct llist_head *list)
{
	struct llist_node *seen = READ_ONCE(list->first);

	do {
		last->next = seen;
	} while (!try_cmpxchg(&list->first, &seen, first));
	return !seen;
}
#define llist_add(node, list)	({ struct llist_node *__one = (node); llist_add_batch(__one, __one, list); })
#define llist_del_all(list)	xchg(&(list)->first, NULL)
static __always_inline bool __llist_add_batch(struct llist_node *first, struct llist_node *last, struct llist_head *list) { last->next = list->first; list->first = first; return !last->next; }
#define __llist_add(node, list)	({ struct llist_node *__one = (node); __llist_add_batch(__one, __one, list); })
#define __llist_del_all(list)	({ struct llist_node *__all = (list)->first; (list)->first = NULL; __all; })
static __maybe_unused struct llist_node *llist_del_first(struct llist_head *list)
{
	struct llist_node *first = smp_load_acquire(&list->first);

	while (first && !try_cmpxchg(&list->first, &first, READ_ONCE(first->next)));
	return first;
}
static __maybe_unused bool llist_del_first_this(struct llist_head *list, struct llist_node *this)
{
	struct llist_node *first = this;

	return try_cmpxchg(&list->first, &first, READ_ONCE(this->next));
}
static __maybe_unused struct llist_node *llist_reverse_order(struct llist_node *node)
{
	struct llist_node *turned = NULL, *next;

	for (; node; node = next) {
		next = node->next;
		node->next = turned;
		turned = node;
	}
	return turned;
}
#define llist_for_each(pos, node)	for ((pos) = (node); pos; (pos) = (pos)->next)
#define llist_for_each_safe(pos, n, node) for ((pos) = (node); (pos) && ((n) = (pos)->next, true); (pos) = (n))
#define __llist_entry_safe(node, type, member) ({ struct llist_node *__at = (node); __at ? container_of(__at, type, member) : NULL; })
#define llist_for_each_entry(pos, node, member) \
	for ((pos) = __llist_entry_safe(node, __typeof__(*(pos)), member); pos; (pos) = __llist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define llist_for_each_entry_safe(pos, n, node, member) \
	for ((pos) = __llist_entry_safe(node, __typeof__(*(pos)), member); \
	     (pos) && ((n) = __llist_entry_safe((pos)->member.next, __typeof__(*(n)), member), true); (pos) = (n))
#endif
