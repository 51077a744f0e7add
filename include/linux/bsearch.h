/* Finding in an array that is sorted. */
#ifndef _LINUX_BSEARCH_H
#define _LINUX_BSEARCH_H
#include <linux/types.h>
static __maybe_unused void *bsearch(const void *key, const void *base, size_t n, size_t size, int (*cmp)(const void *key, const void *element))
{
	const char *at = base;

	while (n > 0) {
		const char *middle = at + n / 2 * size;
		int order = cmp(key, middle);

		if (order == 0)
			return (void *)middle;
		if (order > 0) {
			at = middle + size;
			n--;
		}
		n /= 2;
	}
	return NULL;
}
#endif
