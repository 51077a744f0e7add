/* What runs when a module comes and goes. */
#ifndef _LINUX_INIT_H
#define _LINUX_INIT_H
#include <linux/compiler.h>
#include <linux/types.h>
typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);
/* Many a module has no semicolon behind them. */
#define module_init(fn)		static void *__initcall_record __module_record("__initcall") = (void *)(fn);
#define module_exit(fn)		static void *__exitcall_record __module_record("__exitcall") = (void *)(fn);
#define early_initcall(fn)	module_init(fn)
#define core_initcall(fn)	module_init(fn)
#define subsys_initcall(fn)	module_init(fn)
#define fs_initcall(fn)		module_init(fn)
#define device_initcall(fn)	module_init(fn)
#define late_initcall(fn)	module_init(fn)
#endif
