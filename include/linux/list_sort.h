/* Sorting lists: those that are the same stay in their order, and no memory is needed. */
#ifndef _LINUX_LIST_SORT_H
#define _LINUX_LIST_SORT_H
#include <linux/list.h>
typedef int (*list_cmp_func_t)(void *priv, const struct list_head *a, const struct list_head *b);
/* By `next` alone, up to NULL. */
static __maybe_unused struct list_head *__list_merge(void *priv, list_cmp_func_t cmp, struct list_head *a, struct list_head *b)
{
	struct list_head *merged = NULL, **at = &merged;

	while (a && b) {
		struct list_head **less = cmp(priv, a, b) <= 0 ? &a : &b;

		*at = *less;
		at = &(*less)->next;
		*less = *at;
	}
	*at = a ? a : b;
	return merged;
}
static __maybe_unused void list_sort(void *priv, struct list_head *head, list_cmp_func_t cmp)
{
	struct list_head *runs[32] = { NULL }, *node, *rest, *all = NULL; /* run i has 2^i nodes */
	int i;

	if (list_empty(head))
		return;
	head->prev->next = NULL;
	for (node = head->next; node; node = rest) {
		rest = node->next;
		node->next = NULL;
		for (i = 0; i < 31 && runs[i]; i++) {
			node = __list_merge(priv, cmp, runs[i], node);
			runs[i] = NULL;
		}
		runs[i] = i == 31 && runs[i] ? __list_merge(priv, cmp, runs[i], node) : node;
	}
	for (i = 0; i < 32; i++)
		all = runs[i] ? __list_merge(priv, cmp, runs[i], all) : all;
	INIT_LIST_HEAD(head);
	for (node = all; node; node = rest) {
		rest = node->next;
		list_add_tail(node, head);
	}
}
#endif
