/* The end. */
#ifndef _LINUX_PANIC_H
#define _LINUX_PANIC_H
#include <linux/compiler.h>
extern void panic(const char *fmt, ...) __noreturn __printf(1, 2);
extern void dump_stack(void);
#endif
