/* The end. */
#ifndef _LINUX_PANIC_H
#define _LINUX_PANIC_H
#include <linux/compiler.h>
extern void panic(const char *fmt, ...) __noreturn __printf(1, 2);
extern void dump_stack(void);
/* Why the machine is not to be trusted any more, as the line of a report with the CPU tells. */
#define TAINT_WARN	9
#define TAINT_OOT_MODULE 12
#define TAINT_USER	6
#define TAINT_DIE	7
#define TAINT_SOFTLOCKUP 14
#define TAINT_TEST	18
enum lockdep_ok { LOCKDEP_STILL_OK, LOCKDEP_NOW_UNRELIABLE };
extern void add_taint(unsigned int flag, enum lockdep_ok still);
extern int test_taint(unsigned int flag);
extern unsigned long get_taint(void);
#endif
