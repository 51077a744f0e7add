/* Long rows of bits. The bits above `bits` in the last word are kept clear. */
#ifndef _LINUX_BITMAP_H
#define _LINUX_BITMAP_H
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/string.h>
#define __bitmap_bytes(bits)		(BITS_TO_LONGS(bits) * sizeof(long))
#define bitmap_zero(map, bits)		((void)memset(map, 0, __bitmap_bytes(bits)))
#define bitmap_copy(to, from, bits)	((void)memcpy(to, from, __bitmap_bytes(bits)))
#define bitmap_equal(a, b, bits)	(memcmp(a, b, __bitmap_bytes(bits)) == 0)
#define bitmap_empty(map, bits)		(find_first_bit(map, bits) >= (bits))
#define bitmap_full(map, bits)		(find_first_zero_bit(map, bits) >= (bits))
#define bitmap_alloc(bits, flags)	((unsigned long *)kmalloc(__bitmap_bytes(bits), flags))
#define bitmap_zalloc(bits, flags)	((unsigned long *)kzalloc(__bitmap_bytes(bits), flags))
#define bitmap_free(map)		kfree(map)
static __maybe_unused void bitmap_set(unsigned long *map, unsigned int from, unsigned int n) { while (n--) __set_bit(from++, map); }
static __maybe_unused void bitmap_clear(unsigned long *map, unsigned int from, unsigned int n) { while (n--) __clear_bit(from++, map); }
static __maybe_unused void bitmap_fill(unsigned long *map, unsigned int bits) { bitmap_zero(map, bits); bitmap_set(map, 0, bits); }
static __maybe_unused unsigned int bitmap_weight(const unsigned long *map, unsigned int bits)
{
	unsigned int i, n = 0;

	for (i = 0; i < bits; i++)
		n += test_bit(i, map);
	return n;
}
#define __bitmap_op(name, op) \
static __maybe_unused bool bitmap_##name(unsigned long *to, const unsigned long *a, const unsigned long *b, unsigned int bits) \
{ \
	unsigned int i; \
	unsigned long any = 0; \
\
	for (i = 0; i < BITS_TO_LONGS(bits); i++) \
		any |= (to[i] = a[i] op b[i]); \
	return any != 0; \
}
__bitmap_op(and, &)
__bitmap_op(or, |)
__bitmap_op(xor, ^)
__bitmap_op(andnot, & ~)
/* The first of `n` clear bits in a row, from `from` on, aligned to `mask` + 1; beyond `size` if there is none. */
static __maybe_unused unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size, unsigned long from, unsigned int n, unsigned long mask)
{
	unsigned long at, end, used;

	for (;;) {
		at = (find_next_zero_bit(map, size, from) + mask) & ~mask;
		end = at + n;
		if (end > size)
			return end;
		used = find_next_bit(map, end, at);
		if (used >= end)
			return at;
		from = used + 1;
	}
}
#endif
