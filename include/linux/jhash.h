/* Bob Jenkins' lookup3: a hash of 32 bits for words and for bytes. */
#ifndef _LINUX_JHASH_H
#define _LINUX_JHASH_H
#include <linux/bitops.h>
#include <linux/types.h>
#define JHASH_INITVAL		0xdeadbeef
#define jhash_size(bits)	((u32)1 << (bits))
#define jhash_mask(bits)	(jhash_size(bits) - 1)
#define __jhash_mix(a, b, c) do { \
	a -= c; a ^= rol32(c, 4);  c += b; \
	b -= a; b ^= rol32(a, 6);  a += c; \
	c -= b; c ^= rol32(b, 8);  b += a; \
	a -= c; a ^= rol32(c, 16); c += b; \
	b -= a; b ^= rol32(a, 19); a += c; \
	c -= b; c ^= rol32(b, 4);  b += a; \
} while (0)
#define __jhash_final(a, b, c) do { \
	c ^= b; c -= rol32(b, 14); \
	a ^= c; a -= rol32(c, 11); \
	b ^= a; b -= rol32(a, 25); \
	c ^= b; c -= rol32(b, 16); \
	a ^= c; a -= rol32(c, 4);  \
	b ^= a; b -= rol32(a, 14); \
	c ^= b; c -= rol32(b, 24); \
} while (0)
static __maybe_unused u32 jhash(const void *key, u32 length, u32 initval)
{
	const u8 *k = key;
	u32 a, b, c;
	u32 part[3] = { 0 };
	u32 i;

	a = b = c = JHASH_INITVAL + length + initval;
	for (; length > 12; length -= 12, k += 12) {
		a += k[0] | k[1] << 8 | k[2] << 16 | (u32)k[3] << 24;
		b += k[4] | k[5] << 8 | k[6] << 16 | (u32)k[7] << 24;
		c += k[8] | k[9] << 8 | k[10] << 16 | (u32)k[11] << 24;
		__jhash_mix(a, b, c);
	}
	if (length == 0)
		return c;
	for (i = 0; i < length; i++)
		part[i / 4] |= (u32)k[i] << (i % 4 * 8);
	a += part[0];
	b += part[1];
	c += part[2];
	__jhash_final(a, b, c);
	return c;
}
static __maybe_unused u32 jhash2(const u32 *k, u32 length, u32 initval)
{
	u32 a, b, c;

	a = b = c = JHASH_INITVAL + (length << 2) + initval;
	for (; length > 3; length -= 3, k += 3) {
		a += k[0];
		b += k[1];
		c += k[2];
		__jhash_mix(a, b, c);
	}
	if (length == 0)
		return c;
	a += k[0];
	b += length > 1 ? k[1] : 0;
	c += length > 2 ? k[2] : 0;
	__jhash_final(a, b, c);
	return c;
}
static __always_inline u32 __jhash_nwords(u32 a, u32 b, u32 c, u32 initval) { a += initval; b += initval; c += initval; __jhash_final(a, b, c); return c; }
static __always_inline u32 jhash_3words(u32 a, u32 b, u32 c, u32 initval) { return __jhash_nwords(a, b, c, initval + JHASH_INITVAL + (3 << 2)); }
static __always_inline u32 jhash_2words(u32 a, u32 b, u32 initval) { return __jhash_nwords(a, b, 0, initval + JHASH_INITVAL + (2 << 2)); }
static __always_inline u32 jhash_1word(u32 a, u32 initval) { return __jhash_nwords(a, 0, 0, initval + JHASH_INITVAL + (1 << 2)); }
#endif
