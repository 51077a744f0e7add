/* Reading and writing a variable exactly once, and hints. */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define barrier()		__asm__ __volatile__("" ::: "memory")
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
#define ACCESS_ONCE(x)		(*(volatile __typeof__(x) *)&(x))
#define unreachable()		__builtin_unreachable()
#define __same_type(a, b)	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define data_race(x)		(x)
/* What the compiler knows of a variable it forgets. */
#define OPTIMIZER_HIDE_VAR(x)	__asm__ ("" : "=r" (x) : "0" (x))
#endif
