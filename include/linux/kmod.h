/* Modules that a module asks for: nobody loads one by its name, so it is not there unless it is loaded. */
#ifndef _LINUX_KMOD_H
#define _LINUX_KMOD_H
#include <linux/errno.h>
#include <linux/workqueue.h>
#define request_module(...)	({ (void)sizeof(printk(__VA_ARGS__)); -ENOENT; })
#define request_module_nowait(...) request_module(__VA_ARGS__)
#define try_then_request_module(found, ...) (found)
#endif
