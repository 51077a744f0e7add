/* Single bits of words: changed by all CPUs at once, or (with __ before the name) by one. */
#ifndef _LINUX_BITOPS_H
#define _LINUX_BITOPS_H
#include <linux/bits.h>
#include <linux/compiler.h>

static __always_inline int __bit_or(unsigned long nr, volatile unsigned long *addr)
{
	return (__atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0;
}
static __always_inline int __bit_and(unsigned long nr, volatile unsigned long *addr)
{
	return (__atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0;
}
static __always_inline int __bit_xor(unsigned long nr, volatile unsigned long *addr)
{
	return (__atomic_fetch_xor(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0;
}
#define set_bit(nr, addr)		((void)__bit_or(nr, (volatile unsigned long *)(addr)))
#define clear_bit(nr, addr)		((void)__bit_and(nr, (volatile unsigned long *)(addr)))
#define change_bit(nr, addr)		((void)__bit_xor(nr, (volatile unsigned long *)(addr)))
#define test_and_set_bit(nr, addr)	__bit_or(nr, (volatile unsigned long *)(addr))
#define test_and_clear_bit(nr, addr)	__bit_and(nr, (volatile unsigned long *)(addr))
#define test_and_change_bit(nr, addr)	__bit_xor(nr, (volatile unsigned long *)(addr))
#define test_and_set_bit_lock(nr, addr)	test_and_set_bit(nr, addr)
#define clear_bit_unlock(nr, addr)	clear_bit(nr, addr)
static __always_inline bool __bit_test(unsigned long nr, const volatile unsigned long *addr)
{
	return (__atomic_load_n(&addr[BIT_WORD(nr)], __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0;
}
#define test_bit(nr, addr)		__bit_test(nr, (const volatile unsigned long *)(addr))
static __always_inline void __set_bit(unsigned long nr, unsigned long *addr) { addr[BIT_WORD(nr)] |= BIT_MASK(nr); }
static __always_inline void __clear_bit(unsigned long nr, unsigned long *addr) { addr[BIT_WORD(nr)] &= ~BIT_MASK(nr); }
static __always_inline void __change_bit(unsigned long nr, unsigned long *addr) { addr[BIT_WORD(nr)] ^= BIT_MASK(nr); }
static __always_inline bool __test_and_set_bit(unsigned long nr, unsigned long *addr) { bool was = (addr[BIT_WORD(nr)] & BIT_MASK(nr)) != 0; __set_bit(nr, addr); return was; }
static __always_inline bool __test_and_clear_bit(unsigned long nr, unsigned long *addr) { bool was = (addr[BIT_WORD(nr)] & BIT_MASK(nr)) != 0; __clear_bit(nr, addr); return was; }
#define assign_bit(nr, addr, value)	((value) ? set_bit(nr, addr) : clear_bit(nr, addr))
#define __assign_bit(nr, addr, value)	((value) ? __set_bit(nr, addr) : __clear_bit(nr, addr))

static __always_inline int ffs(int x) { return __builtin_ffs(x); }
static __always_inline int fls(unsigned int x) { return x ? 32 - __builtin_clz(x) : 0; }
static __always_inline int fls64(u64 x) { return x ? 64 - __builtin_clzll(x) : 0; }
#define fls_long(x)		fls(x)
#define __ffs(x)		((unsigned long)__builtin_ctzl(x))
#define __ffs64(x)		((unsigned long)__builtin_ctzll(x))
#define __fls(x)		((unsigned long)(31 - __builtin_clzl(x)))
#define ffz(x)			__ffs(~(x))
#define hweight8(x)		__builtin_popcount((u8)(x))
#define hweight16(x)		__builtin_popcount((u16)(x))
#define hweight32(x)		__builtin_popcount(x)
#define hweight64(x)		__builtin_popcountll(x)
#define hweight_long(x)		__builtin_popcountl(x)
static __always_inline int get_count_order(unsigned int n) { return n == 0 ? -1 : fls(n - 1); }
static __always_inline int get_count_order_long(unsigned long n) { return get_count_order(n); }
static __always_inline u32 rol32(u32 x, unsigned int by) { return (x << (by & 31)) | (x >> (-by & 31)); }
static __always_inline u32 ror32(u32 x, unsigned int by) { return (x >> (by & 31)) | (x << (-by & 31)); }
static __always_inline u64 rol64(u64 x, unsigned int by) { return (x << (by & 63)) | (x >> (-by & 63)); }
static __always_inline u64 ror64(u64 x, unsigned int by) { return (x >> (by & 63)) | (x << (-by & 63)); }

/* The first bit from `from` on that is set, or with `flip` all ones that is clear; `size` if there is none. */
static __maybe_unused unsigned long __bit_find(const unsigned long *addr, unsigned long size, unsigned long from, unsigned long flip)
{
	while (from < size) {
		unsigned long word = (addr[BIT_WORD(from)] ^ flip) >> (from % BITS_PER_LONG);

		if (word) {
			from += __ffs(word);
			return from < size ? from : size;
		}
		from = (from | (BITS_PER_LONG - 1)) + 1;
	}
	return size;
}
static __maybe_unused unsigned long find_last_bit(const unsigned long *addr, unsigned long size)
{
	unsigned long at;

	for (at = size; at-- > 0;)
		if (test_bit(at, addr))
			return at;
	return size;
}
#define find_first_bit(addr, size)	__bit_find(addr, size, 0, 0)
#define find_next_bit(addr, size, from)	__bit_find(addr, size, from, 0)
#define find_first_zero_bit(addr, size)	__bit_find(addr, size, 0, ~0UL)
#define find_next_zero_bit(addr, size, from) __bit_find(addr, size, from, ~0UL)
#define for_each_set_bit(bit, addr, size) \
	for ((bit) = find_first_bit(addr, size); (bit) < (size); (bit) = find_next_bit(addr, size, (bit) + 1))
#define for_each_clear_bit(bit, addr, size) \
	for ((bit) = find_first_zero_bit(addr, size); (bit) < (size); (bit) = find_next_zero_bit(addr, size, (bit) + 1))
#endif
