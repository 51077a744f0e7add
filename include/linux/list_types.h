/* The nodes of lists. */
#ifndef _LINUX_LIST_TYPES_H
#define _LINUX_LIST_TYPES_H
struct list_head {
	struct list_head *next, *prev;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};
#endif
