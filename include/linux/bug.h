/* What must not happen: BUG ends the thread, WARN says so and goes on. */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H
#include <linux/compiler.h>
#include <linux/printk.h>
extern void kthread_bug(const char *file, int line) __noreturn;
extern void kthread_warn(const char *file, int line, const char *fmt, ...);

#define BUG()			kthread_bug(__FILE__, __LINE__)
#define BUG_ON(condition)	do { if (unlikely(condition)) BUG(); } while (0)
#define WARN(condition, fmt...)	({ int __bad = !!(condition); if (unlikely(__bad)) kthread_warn(__FILE__, __LINE__, fmt); unlikely(__bad); })
#define WARN_ON(condition)	({ int __bad = !!(condition); if (unlikely(__bad)) kthread_warn(__FILE__, __LINE__, NULL); unlikely(__bad); })
#define WARN_ONCE(condition, fmt...) ({ static bool __warned; int __was = !!(condition); if (unlikely(__was && !__warned)) { __warned = true; WARN(1, fmt); } unlikely(__was); })
#define WARN_ON_ONCE(condition)	({ static bool __warned; int __was = !!(condition); if (unlikely(__was && !__warned)) { __warned = true; WARN_ON(1); } unlikely(__was); })
#define BUILD_BUG_ON(condition)	_Static_assert(!(condition), "BUILD_BUG_ON: " #condition)
#define BUILD_BUG_ON_MSG(condition, text) _Static_assert(!(condition), text)
#define static_assert(condition, ...) _Static_assert(condition, "" __VA_ARGS__)
#endif
