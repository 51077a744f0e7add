/* Numbers in text. */
#ifndef _LINUX_KSTRTOX_H
#define _LINUX_KSTRTOX_H
#include <linux/types.h>
extern int kstrtoint(const char *text, unsigned int base, int *result);
extern int kstrtouint(const char *text, unsigned int base, unsigned int *result);
extern int kstrtol(const char *text, unsigned int base, long *result);
extern int kstrtoul(const char *text, unsigned int base, unsigned long *result);
extern int kstrtoll(const char *text, unsigned int base, long long *result);
extern int kstrtoull(const char *text, unsigned int base, unsigned long long *result);
extern int kstrtou8(const char *text, unsigned int base, u8 *result);
extern int kstrtou16(const char *text, unsigned int base, u16 *result);
#define kstrtos32	kstrtoint
#define kstrtou32	kstrtouint
#define kstrtos64	kstrtoll
#define kstrtou64	kstrtoull
extern int kstrtos8(const char *text, unsigned int base, s8 *result);
extern int kstrtos16(const char *text, unsigned int base, s16 *result);
extern int kstrtobool(const char *text, bool *result);
#define strtobool	kstrtobool
static __always_inline unsigned int __digit_of(char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'z' ? (c | 32) - 'a' + 10 : 99; }
/* As many digits as there are; `end`, if given, is where they end. */
static __maybe_unused unsigned long long simple_strtoull(const char *text, char **end, unsigned int base)
{
	unsigned long long value = 0;
	bool hex = text[0] == '0' && (text[1] | 32) == 'x';

	if (base == 0)
		base = text[0] != '0' ? 10 : hex && __digit_of(text[2]) < 16 ? 16 : 8;
	if (base == 16 && hex)
		text += 2;
	for (; __digit_of(*text) < base; text++)
		value = value * base + __digit_of(*text);
	if (end)
		*end = (char *)text;
	return value;
}
static __maybe_unused long long simple_strtoll(const char *text, char **end, unsigned int base) { return *text == '-' ? -simple_strtoull(text + 1, end, base) : simple_strtoull(text, end, base); }
static __maybe_unused unsigned long simple_strtoul(const char *text, char **end, unsigned int base) { return simple_strtoull(text, end, base); }
static __maybe_unused long simple_strtol(const char *text, char **end, unsigned int base) { return simple_strtoll(text, end, base); }
/* The same for text of a process, `count` bytes of it. */
extern unsigned long _copy_from_user(void *to, const void __user *from, unsigned long size);
#define __KSTRTO_FROM_USER(name, type)	\
static __maybe_unused int name##_from_user(const char __user *from, size_t count, unsigned int base, type *result) \
{									\
	char text[72];							\
									\
	count = count < sizeof(text) - 1 ? count : sizeof(text) - 1;	\
	if (_copy_from_user(text, from, count))			\
		return -14; /* EFAULT */				\
	text[count] = 0;						\
	return name(text, base, result);				\
}
__KSTRTO_FROM_USER(kstrtoint, int)
__KSTRTO_FROM_USER(kstrtouint, unsigned int)
__KSTRTO_FROM_USER(kstrtol, long)
__KSTRTO_FROM_USER(kstrtoul, unsigned long)
__KSTRTO_FROM_USER(kstrtoll, long long)
__KSTRTO_FROM_USER(kstrtoull, unsigned long long)
__KSTRTO_FROM_USER(kstrtou8, u8)
__KSTRTO_FROM_USER(kstrtou16, u16)
__KSTRTO_FROM_USER(kstrtos8, s8)
__KSTRTO_FROM_USER(kstrtos16, s16)
#define kstrtos32_from_user	kstrtoint_from_user
#define kstrtou32_from_user	kstrtouint_from_user
#define kstrtos64_from_user	kstrtoll_from_user
#define kstrtou64_from_user	kstrtoull_from_user
static __maybe_unused int kstrtobool_from_user(const char __user *from, size_t count, bool *result)
{
	char text[4];

	count = count < sizeof(text) - 1 ? count : sizeof(text) - 1;
	if (_copy_from_user(text, from, count))
		return -14; /* EFAULT */
	text[count] = 0;
	return kstrtobool(text, result);
}
#define strict_strtol	kstrtol
#define strict_strtoul	kstrtoul
#endif
