/* Timers: functions that are called in atomic context when jiffies reach a number. */
#ifndef _LINUX_TIMER_H
#define _LINUX_TIMER_H
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <generated/records.h>
#define TIMER_DEFERRABLE	0x00080000
#define TIMER_PINNED		0x00100000
#define TIMER_IRQSAFE		0x00200000
#define __TIMER_OLD		0x40000000
#define __TIMER_INITIALIZER(fn, flag) { .function = (fn), .flags = (flag) }
#define DEFINE_TIMER(name, fn)	struct timer_list name = __TIMER_INITIALIZER(fn, 0)
/* What a module has put into `expires` before is kept. */
#define timer_setup(timer, fn, flag) ({ struct timer_list *__timer = (timer); *__timer = (struct timer_list){ .function = (fn), .flags = (flag), .expires = __timer->expires }; })
#define timer_setup_on_stack(timer, fn, flag) timer_setup(timer, fn, flag)
#define destroy_timer_on_stack(timer) do { (void)(timer); } while (0)
extern int mod_timer(struct timer_list *timer, unsigned long expires);
extern int mod_timer_pending(struct timer_list *timer, unsigned long expires);
extern int timer_reduce(struct timer_list *timer, unsigned long expires);
extern void add_timer(struct timer_list *timer);
extern int timer_pending(const struct timer_list *timer);
extern int timer_delete(struct timer_list *timer);
extern int timer_delete_sync(struct timer_list *timer);
extern int timer_shutdown(struct timer_list *timer);
extern int timer_shutdown_sync(struct timer_list *timer);
extern int try_to_del_timer_sync(struct timer_list *timer);
#define del_timer(timer)	timer_delete(timer)
#define del_timer_sync(timer)	timer_delete_sync(timer)
#define add_timer_on(timer, cpu) do { (void)(cpu); add_timer(timer); } while (0)
#define from_timer(var, timer, field) container_of(timer, __typeof__(*(var)), field)
#define timer_container_of(var, timer, field) from_timer(var, timer, field)
#define round_jiffies(j)	(j)
#define round_jiffies_relative(j) (j)
/* Before Linux 4.15: the function gets the timer's data. */
#define __timer_old(timer, fn, value) ({ struct timer_list *__timer = (timer); *__timer = (struct timer_list){ .function = (timer_func_t)(fn), .flags = __TIMER_OLD, .expires = __timer->expires, .data = (value) }; })
#define init_timer(timer)	__timer_old(timer, __timer->function, __timer->data)
#define setup_timer(timer, fn, value) __timer_old(timer, fn, value)
#define TIMER_INITIALIZER(fn, when, value) { .function = (timer_func_t)(fn), .flags = __TIMER_OLD, .expires = (when), .data = (value) }
#endif
