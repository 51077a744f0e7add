/* Whole pages. They are memory like any other: there is no page table and no struct page. */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#define PAGE_ALIGN(at)		ALIGN(at, PAGE_SIZE)
#define PAGE_ALIGNED(at)	IS_ALIGNED((unsigned long)(at), PAGE_SIZE)
#define offset_in_page(at)	((unsigned long)(at) & ~PAGE_MASK)
#define virt_addr_valid(at)	((unsigned long)(at) >= PAGE_SIZE && (unsigned long)(at) < (unsigned long)-PAGE_SIZE)
#endif
