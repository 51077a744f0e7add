/* Numbers that nobody can tell beforehand; not for keys. */
#ifndef _LINUX_RANDOM_H
#define _LINUX_RANDOM_H
#include <linux/types.h>
extern void kthread_random(void *to, size_t size);
#define get_random_bytes(to, size)	kthread_random(to, size)
static __always_inline u32 get_random_u32(void) { u32 n; kthread_random(&n, sizeof(n)); return n; }
static __always_inline u64 get_random_u64(void) { u64 n; kthread_random(&n, sizeof(n)); return n; }
#define get_random_u8()			((u8)get_random_u32())
#define get_random_u16()		((u16)get_random_u32())
#define get_random_int()		get_random_u32()
#define get_random_long()		((unsigned long)get_random_u32())
/* From 0 to `end` - 1. */
static __always_inline u32 get_random_u32_below(u32 end) { return end ? (u32)(((u64)get_random_u32() * end) >> 32) : get_random_u32(); }
#define get_random_u32_inclusive(least, most) ((least) + get_random_u32_below((most) - (least) + 1))
#define prandom_u32()			get_random_u32()
#define prandom_u32_max(end)		get_random_u32_below(end)
#define prandom_bytes(to, size)		kthread_random(to, size)
#include <linux/prandom.h>
#endif
