/* Text into memory. */
#ifndef _LINUX_SPRINTF_H
#define _LINUX_SPRINTF_H
#include <linux/stdarg.h>
#include <linux/types.h>
extern int sprintf(char *to, const char *fmt, ...) __printf(2, 3);
extern int vsprintf(char *to, const char *fmt, va_list args);
extern int snprintf(char *to, size_t size, const char *fmt, ...) __printf(3, 4);
extern int vsnprintf(char *to, size_t size, const char *fmt, va_list args);
extern int scnprintf(char *to, size_t size, const char *fmt, ...) __printf(3, 4);
extern int vscnprintf(char *to, size_t size, const char *fmt, va_list args);
extern int sscanf(const char *from, const char *fmt, ...) __attribute__((__format__(scanf, 2, 3)));
extern int vsscanf(const char *from, const char *fmt, va_list args);
extern char *kasprintf(gfp_t flags, const char *fmt, ...) __printf(2, 3);
extern char *kvasprintf(gfp_t flags, const char *fmt, va_list args);
#endif
