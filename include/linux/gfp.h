/* How an allocation may go about it. */
#ifndef _LINUX_GFP_H
#define _LINUX_GFP_H
#define __GFP_DMA		0x01u
#define __GFP_HIGHMEM		0x02u
#define __GFP_IO		0x40u
#define __GFP_FS		0x80u
#define __GFP_ZERO		0x100u
#define __GFP_DIRECT_RECLAIM	0x400u
#define __GFP_KSWAPD_RECLAIM	0x800u
#define __GFP_HIGH		0x20u
#define __GFP_NOWARN		0x2000u
#define __GFP_NORETRY		0x10000u
#define __GFP_COMP		0x40000u
#define __GFP_ACCOUNT		0u
#define __GFP_NOFAIL		0x8000u
#define __GFP_RECLAIM		(__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL		(__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT	GFP_KERNEL
#define GFP_ATOMIC		(__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT		__GFP_KSWAPD_RECLAIM
#define GFP_NOIO		__GFP_RECLAIM
#define GFP_NOFS		(__GFP_RECLAIM | __GFP_IO)
#define GFP_USER		GFP_KERNEL
#define GFP_DMA			__GFP_DMA
#include <linux/limits.h>
#include <linux/types.h>
extern void *kthread_get_pages(unsigned int order, gfp_t flags);
extern void kthread_free_pages(const void *at, unsigned int order);
#define MAX_ORDER			11
/* The smallest power of two of pages that has room for so many bytes. */
static __always_inline int get_order(unsigned long size) { return size <= PAGE_SIZE ? 0 : 32 - __builtin_clz((size - 1) >> PAGE_SHIFT); }
#define __get_free_pages(flags, order)	((unsigned long)kthread_get_pages(order, flags))
#define __get_free_page(flags)		__get_free_pages(flags, 0)
#define get_zeroed_page(flags)		__get_free_pages((flags) | __GFP_ZERO, 0)
#define free_pages(at, order)		kthread_free_pages((const void *)(at), order)
#define free_page(at)			free_pages(at, 0)
#define alloc_pages_exact(size, flags)	kthread_get_pages(get_order(size), flags)
#define free_pages_exact(at, size)	kthread_free_pages(at, get_order(size))
#endif
