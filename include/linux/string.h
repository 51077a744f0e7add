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
extern char *kstrdup_const(const char *text, gfp_t flags);
#define kfree_const(text)	kfree(text)
static __maybe_unused void *memchr_inv(const void *at, int byte, size_t size)
{
	const unsigned char *p = at;

	for (; size; size--, p++)
		if (*p != (unsigned char)byte)
			return (void *)p;
	return NULL;
}
static __maybe_unused size_t strspn(const char *text, const char *accept) { const char *p = text; while (*p && strchr(accept, *p)) p++; return p - text; }
static __maybe_unused size_t strcspn(const char *text, const char *reject) { const char *p = text; while (*p && !strchr(reject, *p)) p++; return p - text; }
static __maybe_unused char *strpbrk(const char *text, const char *accept) { text += strcspn(text, accept); return *text ? (char *)text : NULL; }
static __maybe_unused char *strchrnul(const char *text, int byte) { while (*text && *text != (char)byte) text++; return (char *)text; }
static __maybe_unused char *strnchr(const char *text, size_t most, int byte) { for (; most-- && *text; text++) if (*text == (char)byte) return (char *)text; return NULL; }
static __maybe_unused char *strsep(char **rest, const char *delimiters)
{
	char *begin = *rest, *end;

	if (!begin)
		return NULL;
	end = strpbrk(begin, delimiters);
	if (end)
		*end++ = 0;
	*rest = end;
	return begin;
}
static __always_inline bool __is_blank(char c) { return c == ' ' || (c >= 9 && c <= 13); }
static __maybe_unused char *skip_spaces(const char *text) { while (__is_blank(*text)) text++; return (char *)text; }
static __maybe_unused char *strim(char *text)
{
	size_t size = strlen(text);

	while (size && __is_blank(text[size - 1]))
		text[--size] = 0;
	return skip_spaces(text);
}
#define strstrip(text)	strim(text)
static __maybe_unused char *strreplace(char *text, char old, char fresh) { char *p; for (p = text; *p; p++) if (*p == old) *p = fresh; return text; }
static __maybe_unused int match_string(const char *const *array, size_t n, const char *wanted)
{
	size_t i;

	for (i = 0; i < n && array[i]; i++)
		if (strcmp(array[i], wanted) == 0)
			return i;
	return -EINVAL;
}
static __always_inline bool strstarts(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }
static __always_inline size_t str_has_prefix(const char *text, const char *prefix) { size_t size = strlen(prefix); return strncmp(text, prefix, size) == 0 ? size : 0; }
#define memzero_explicit(at, size) memset(at, 0, size)
static __maybe_unused void *memset16(u16 *at, u16 value, size_t n) { while (n--) at[n] = value; return at; }
static __maybe_unused void *memset32(u32 *at, u32 value, size_t n) { while (n--) at[n] = value; return at; }
static __maybe_unused void *memset64(u64 *at, u64 value, size_t n) { while (n--) at[n] = value; return at; }
#define memset_l(at, value, n)	memset32((u32 *)(at), (u32)(value), n)
#define memset_p(at, value, n)	memset32((u32 *)(at), (u32)(value), n)
static __maybe_unused char *strnstr(const char *text, const char *wanted, size_t most)
{
	size_t size = strlen(wanted);

	for (; most >= size; most--, text++) {
		if (memcmp(text, wanted, size) == 0)
			return (char *)text;
		if (*text == 0)
			break;
	}
	return NULL;
}
extern char *kstrdup(const char *text, gfp_t flags);
extern char *kstrndup(const char *text, size_t most, gfp_t flags);
extern void *kmemdup(const void *from, size_t size, gfp_t flags);
/* Two arrays of pointers that end with NULL, as one; freed by the caller. NULL when memory is out. */
extern void *__kmalloc(size_t size, gfp_t flags);
static __maybe_unused void **__memcat_p(void **a, void **b)
{
	size_t n = 0, m = 0;
	void **both;

	while (a[n])
		n++;
	while (b[m])
		m++;
	both = __kmalloc((n + m + 1) * sizeof(*both), 0xcc0u);
	if (!both)
		return NULL;
	memcpy(both, a, n * sizeof(*both));
	memcpy(both + n, b, (m + 1) * sizeof(*both));
	return both;
}
#define memcat_p(a, b)	((__typeof__(*(a)) *)__memcat_p((void **)(a), (void **)(b)))
/* The size may be left out where the target is an array. */
#define __strscpy2(to, from)	__strscpy(to, from, sizeof(to))
#define __strscpy3(to, from, size) __strscpy(to, from, size)
#define __strscpy_of(a, b, c, which, ...) which
#define strscpy(to, from...)	__strscpy_of(to, ##from, __strscpy3, __strscpy2)(to, from)
/* What is left of the target is zero. */
static __maybe_unused ssize_t __strscpy_pad(char *to, const char *from, size_t size)
{
	ssize_t copied = __strscpy(to, from, size);

	if (copied >= 0)
		memset(to + copied, 0, size - copied);
	return copied;
}
#define __strscpy_pad2(to, from) __strscpy_pad(to, from, sizeof(to))
#define strscpy_pad(to, from...) __strscpy_of(to, ##from, __strscpy_pad, __strscpy_pad2)(to, from)
/* As shells write: the newline at the end of either does not count. */
static __maybe_unused bool sysfs_streq(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b || (*a == 0 && b[0] == '\n' && b[1] == 0) || (*b == 0 && a[0] == '\n' && a[1] == 0);
}
#endif
