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
#define strict_strtol	kstrtol
#define strict_strtoul	kstrtoul
#endif
