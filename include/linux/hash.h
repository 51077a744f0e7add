/* Numbers of a few bits for words: those that lie close together get ones that lie apart. */
#ifndef _LINUX_HASH_H
#define _LINUX_HASH_H
#include <linux/types.h>
#define GOLDEN_RATIO_32		0x61C88647u
#define GOLDEN_RATIO_64		0x61C8864680B583EBull
#define GOLDEN_RATIO_PRIME	GOLDEN_RATIO_32
#define __hash_32(n)		((u32)(n) * GOLDEN_RATIO_32)
static __always_inline u32 hash_32(u32 n, unsigned int bits) { return __hash_32(n) >> (32 - bits); }
static __always_inline u32 hash_64(u64 n, unsigned int bits) { return hash_32((u32)n ^ __hash_32(n >> 32), bits); }
#define hash_long(n, bits)	hash_32(n, bits)
static __always_inline u32 hash_ptr(const void *p, unsigned int bits) { return hash_32((unsigned long)p, bits); }
static __always_inline u32 hash32_ptr(const void *p) { return (u32)(unsigned long)p; }
#endif
