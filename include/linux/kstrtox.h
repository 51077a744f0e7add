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
static __maybe_unused unsigned long simple_strtoul(const char *text, char **end, unsigned int base)
{
	unsigned long value = 0;
	int digit;

	if ((base == 0 || base == 16) && text[0] == '0' && (text[1] | 32) == 'x')
		text += 2, base = 16;
	else if (base == 0)
		base = text[0] == '0' ? 8 : 10;
	for (;; text++) {
		digit = *text >= '0' && *text <= '9' ? *text - '0' : (*text | 32) >= 'a' && (*text | 32) <= 'z' ? (*text | 32) - 'a' + 10 : 99;
		if (digit >= (int)base)
			break;
		value = value * base + digit;
	}
	if (end)
		*end = (char *)text;
	return value;
}
#define simple_strtol(text, end, base) ({ const char *__text = (text); *__text == '-' ? -(long)simple_strtoul(__text + 1, end, base) : (long)simple_strtoul(__text, end, base); })
#define strict_strtol	kstrtol
#define strict_strtoul	kstrtoul
#endif
