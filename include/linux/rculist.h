/* Lists that readers walk without a lock; who changes them keeps other writers out. */
#ifndef _LINUX_RCULIST_H
#define _LINUX_RCULIST_H
#include <linux/list.h>
#include <linux/rcupdate.h>
#define list_next_rcu(list)	((list)->next)
static __always_inline void __list_link_rcu(struct list_head *node, struct list_head *before, struct list_head *after)
{
	node->next = after;
	node->prev = before;
	rcu_assign_pointer(before->next, node); /* whole before it can be seen */
	after->prev = node;
}
static __always_inline void list_add_rcu(struct list_head *node, struct list_head *head) { __list_link_rcu(node, head, head->next); }
static __always_inline void list_add_tail_rcu(struct list_head *node, struct list_head *head) { __list_link_rcu(node, head->prev, head); }
/* A reader that is at it still finds its way on. */
static __always_inline void list_del_rcu(struct list_head *node) { __list_del_entry(node); node->prev = LIST_POISON2; }
static __always_inline void list_replace_rcu(struct list_head *old, struct list_head *node)
{
	__list_link_rcu(node, old->prev, old->next);
	old->prev = LIST_POISON2;
}
#define list_entry_rcu(ptr, type, member)	container_of(rcu_dereference(ptr), type, member)
#define list_first_or_null_rcu(head, type, member) ({ struct list_head *__first = rcu_dereference((head)->next); __first == (head) ? NULL : container_of(__first, type, member); })
#define list_for_each_entry_rcu(pos, head, member, condition...) \
	for (pos = list_entry_rcu((head)->next, __typeof__(*pos), member); &pos->member != (head); pos = list_entry_rcu(pos->member.next, __typeof__(*pos), member))
#define list_for_each_entry_lockless(pos, head, member) list_for_each_entry_rcu(pos, head, member)
static __always_inline void hlist_add_head_rcu(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	node->next = first;
	node->pprev = &head->first;
	rcu_assign_pointer(head->first, node);
	if (first)
		first->pprev = &node->next;
}
static __always_inline void hlist_del_rcu(struct hlist_node *node) { __hlist_del(node); node->pprev = LIST_POISON2; }
static __always_inline void hlist_del_init_rcu(struct hlist_node *node) { if (!hlist_unhashed(node)) { __hlist_del(node); node->pprev = NULL; } }
static __always_inline void hlist_replace_rcu(struct hlist_node *old, struct hlist_node *node)
{
	node->next = old->next;
	node->pprev = old->pprev;
	rcu_assign_pointer(*node->pprev, node);
	if (node->next)
		node->next->pprev = &node->next;
	old->pprev = LIST_POISON2;
}
#define list_for_each_entry_continue_rcu(pos, head, member) \
	for (pos = list_entry_rcu(pos->member.next, __typeof__(*pos), member); &pos->member != (head); pos = list_entry_rcu(pos->member.next, __typeof__(*pos), member))
#define list_for_each_entry_from_rcu(pos, head, member) \
	for (; &(pos)->member != (head); pos = list_entry_rcu(pos->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_rcu(pos, head, member, condition...) \
	for (pos = hlist_entry_safe(rcu_dereference((head)->first), __typeof__(*(pos)), member); pos; pos = hlist_entry_safe(rcu_dereference((pos)->member.next), __typeof__(*(pos)), member))
#endif
