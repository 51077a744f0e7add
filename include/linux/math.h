/* Division and rounding. */
#ifndef _LINUX_MATH_H
#define _LINUX_MATH_H
#include <linux/types.h>
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define DIV_ROUND_CLOSEST(n, d)	(((n) + (d) / 2) / (d))
#define roundup(x, to)		((((x) + ((to) - 1)) / (to)) * (to))
#define rounddown(x, to)	((x) - ((x) % (to)))
#define round_up(x, to)		((((x) - 1) | ((__typeof__(x))((to) - 1))) + 1)
#define round_down(x, to)	((x) & ~((__typeof__(x))((to) - 1)))
#define abs(x)			({ __typeof__(x) __v = (x); __v < 0 ? -__v : __v; })
#define do_div(n, base)		({ u32 __base = (base); u32 __rest = (u32)((u64)(n) % __base); (n) = (u64)(n) / __base; __rest; })
static __always_inline u64 div_u64(u64 n, u32 d) { return n / d; }
static __always_inline s64 div_s64(s64 n, s32 d) { return n / d; }
static __always_inline u64 div64_u64(u64 n, u64 d) { return n / d; }
static __always_inline s64 div64_s64(s64 n, s64 d) { return n / d; }
static __always_inline u64 div_u64_rem(u64 n, u32 d, u32 *rest) { *rest = (u32)(n % d); return n / d; }
#endif
