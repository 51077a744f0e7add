/* Sorting an array in place: a heap, so that no order of the input is slow. */
#ifndef _LINUX_SORT_H
#define _LINUX_SORT_H
#include <linux/types.h>
typedef int (*cmp_func_t)(const void *a, const void *b);
typedef void (*swap_func_t)(void *a, void *b, int size);
static __maybe_unused void __sort_swap(char *a, char *b, size_t size, swap_func_t swap_func)
{
	if (swap_func) {
		swap_func(a, b, size);
		return;
	}
	while (size--) {
		char kept = *a;

		*a++ = *b;
		*b++ = kept;
	}
}
static __maybe_unused void sort(void *base, size_t n, size_t size, cmp_func_t cmp, swap_func_t swap_func)
{
	char *at = base;
	size_t from = n / 2, end = n, parent, child;

	while (end > 1) {
		if (from > 0)
			from--; /* still making the heap */
		else
			__sort_swap(at, at + --end * size, size, swap_func);
		for (parent = from; (child = parent * 2 + 1) < end; parent = child) {
			if (child + 1 < end && cmp(at + child * size, at + (child + 1) * size) < 0)
				child++;
			if (cmp(at + parent * size, at + child * size) >= 0)
				break;
			__sort_swap(at + parent * size, at + child * size, size, swap_func);
		}
	}
}
#endif
