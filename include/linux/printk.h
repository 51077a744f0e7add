/* Messages for the log, with the formats of src/lib/printf.ts. */
#ifndef _LINUX_PRINTK_H
#define _LINUX_PRINTK_H
#include <linux/stdarg.h>
#include <linux/types.h>
#include <linux/kern_levels.h>

struct va_format {
	const char *fmt;
	va_list *va;
};

extern int _printk(const char *fmt, ...) __printf(1, 2);
extern int vprintk(const char *fmt, va_list args);
extern int kthread_printk_ratelimit(void);

#ifndef pr_fmt
#define pr_fmt(fmt)		fmt
#endif

#define printk(fmt, ...)	_printk(fmt, ##__VA_ARGS__)
#define printk_deferred		printk
#define pr_emerg(fmt, ...)	printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...)	printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...)	printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)	printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)	printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warning		pr_warn
#define pr_notice(fmt, ...)	printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)	printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_cont(fmt, ...)	printk(KERN_CONT fmt, ##__VA_ARGS__)
/* Its arguments are checked, and not evaluated. */
#define no_printk(fmt, ...)	({ if (0) printk(fmt, ##__VA_ARGS__); 0; })
#ifdef DEBUG
#define pr_debug(fmt, ...)	printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_devel(fmt, ...)	printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_debug(fmt, ...)	no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_devel(fmt, ...)	no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif

#define __do_once(what)		({ static bool __done; if (!__done) { __done = true; what; } })
#define printk_once(fmt, ...)	__do_once(printk(fmt, ##__VA_ARGS__))
#define pr_emerg_once(fmt, ...)	__do_once(pr_emerg(fmt, ##__VA_ARGS__))
#define pr_alert_once(fmt, ...)	__do_once(pr_alert(fmt, ##__VA_ARGS__))
#define pr_crit_once(fmt, ...)	__do_once(pr_crit(fmt, ##__VA_ARGS__))
#define pr_err_once(fmt, ...)	__do_once(pr_err(fmt, ##__VA_ARGS__))
#define pr_warn_once(fmt, ...)	__do_once(pr_warn(fmt, ##__VA_ARGS__))
#define pr_notice_once(fmt, ...) __do_once(pr_notice(fmt, ##__VA_ARGS__))
#define pr_info_once(fmt, ...)	__do_once(pr_info(fmt, ##__VA_ARGS__))
#define pr_debug_once(fmt, ...)	__do_once(pr_debug(fmt, ##__VA_ARGS__))

enum { DUMP_PREFIX_NONE, DUMP_PREFIX_ADDRESS, DUMP_PREFIX_OFFSET };
extern int hex_dump_to_buffer(const void *from, size_t size, int row, int group, char *to, size_t room, bool ascii);
extern void print_hex_dump(const char *level, const char *prefix, int type, int row, int group, const void *from, size_t size, bool ascii);
#ifdef DEBUG
#define print_hex_dump_debug(prefix, type, row, group, from, size, ascii) print_hex_dump(KERN_DEBUG, prefix, type, row, group, from, size, ascii)
#else
#define print_hex_dump_debug(prefix, type, row, group, from, size, ascii) do { if (0) print_hex_dump(KERN_DEBUG, prefix, type, row, group, from, size, ascii); } while (0)
#endif
#define print_hex_dump_bytes(prefix, type, from, size) print_hex_dump_debug(prefix, type, 16, 1, from, size, true)

#define printk_ratelimit()	kthread_printk_ratelimit()
#define __do_ratelimited(what)	({ if (kthread_printk_ratelimit()) what; })
#define printk_ratelimited(fmt, ...)	__do_ratelimited(printk(fmt, ##__VA_ARGS__))
#define pr_emerg_ratelimited(fmt, ...)	__do_ratelimited(pr_emerg(fmt, ##__VA_ARGS__))
#define pr_alert_ratelimited(fmt, ...)	__do_ratelimited(pr_alert(fmt, ##__VA_ARGS__))
#define pr_crit_ratelimited(fmt, ...)	__do_ratelimited(pr_crit(fmt, ##__VA_ARGS__))
#define pr_err_ratelimited(fmt, ...)	__do_ratelimited(pr_err(fmt, ##__VA_ARGS__))
#define pr_warn_ratelimited(fmt, ...)	__do_ratelimited(pr_warn(fmt, ##__VA_ARGS__))
#define pr_notice_ratelimited(fmt, ...)	__do_ratelimited(pr_notice(fmt, ##__VA_ARGS__))
#define pr_info_ratelimited(fmt, ...)	__do_ratelimited(pr_info(fmt, ##__VA_ARGS__))
#define pr_debug_ratelimited(fmt, ...)	__do_ratelimited(pr_debug(fmt, ##__VA_ARGS__))
#endif
