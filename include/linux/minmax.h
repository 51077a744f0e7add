/* The lesser and the greater. */
#ifndef _LINUX_MINMAX_H
#define _LINUX_MINMAX_H
#define min(x, y)		({ __typeof__(x) __x = (x); __typeof__(y) __y = (y); __x < __y ? __x : __y; })
#define max(x, y)		({ __typeof__(x) __x = (x); __typeof__(y) __y = (y); __x > __y ? __x : __y; })
#define min_t(type, x, y)	({ type __x = (x); type __y = (y); __x < __y ? __x : __y; })
#define max_t(type, x, y)	({ type __x = (x); type __y = (y); __x > __y ? __x : __y; })
#define min3(x, y, z)		min((__typeof__(x))min(x, y), z)
#define max3(x, y, z)		max((__typeof__(x))max(x, y), z)
#define clamp(x, least, most)	min((__typeof__(x))max(x, least), most)
#define clamp_t(type, x, least, most) min_t(type, max_t(type, x, least), most)
#define clamp_val(x, least, most) clamp_t(__typeof__(x), x, least, most)
#define swap(a, b)		do { __typeof__(a) __t = (a); (a) = (b); (b) = __t; } while (0)
#endif
