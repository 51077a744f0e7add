/* Text and bytes. */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H
#include <linux/types.h>
#include <linux/errno.h>
extern void *memcpy(void *to, const void *from, size_t size);
extern void *memmove(void *to, const void *from, size_t size);
extern void *memset(void *at, int byte, size_t size);
extern int memcmp(const void *a, const void *b, size_t size);
extern void *memchr(const void *at, int byte, size_t size);
extern size_t strlen(const char *text);
extern size_t strnlen(const char *text, size_t most);
extern int strcmp(const char *a, const char *b);
extern int strncmp(const char *a, const char *b, size_t most);
extern int strcasecmp(const char *a, const char *b);
extern int strncasecmp(const char *a, const char *b, size_t most);
extern char *strcpy(char *to, const char *from);
extern char *stpcpy(char *to, const char *from);
extern char *strncpy(char *to, const char *from, size_t size);
extern size_t strlcpy(char *to, const char *from, size_t size);
extern ssize_t __strscpy(char *to, const char *from, size_t size) __asm__("strscpy");
extern char *strcat(char *to, const char *from);
extern char *strncat(char *to, const char *from, size_t most);
extern size_t strlcat(char *to, const char *from, size_t size);
extern char *strchr(const char *text, int byte);
extern char *strrchr(const char *text, int byte);
extern char *strstr(const char *text, const char *wanted);
extern char *kstrdup(const char *text, gfp_t flags);
extern char *kstrndup(const char *text, size_t most, gfp_t flags);
extern void *kmemdup(const void *from, size_t size, gfp_t flags);
/* The size may be left out where the target is an array. */
#define __strscpy2(to, from)	__strscpy(to, from, sizeof(to))
#define __strscpy3(to, from, size) __strscpy(to, from, size)
#define __strscpy_of(a, b, c, which, ...) which
#define strscpy(to, from...)	__strscpy_of(to, ##from, __strscpy3, __strscpy2)(to, from)
#define strscpy_pad(to, from...) strscpy(to, from)
#define sysfs_streq(a, b)	(strcmp(a, b) == 0)
#endif
