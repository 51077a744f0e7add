/* Tasklets: functions that are called soon, in atomic context. There are no interrupts to request. */
#ifndef _LINUX_INTERRUPT_H
#define _LINUX_INTERRUPT_H
#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/hrtimer.h>
#include <linux/preempt.h>
#include <generated/records.h>
typedef int irqreturn_t;
#define IRQ_NONE	0
#define IRQ_HANDLED	1
#define IRQ_WAKE_THREAD	2
#define tasklet_setup(tasklet, fn)	(*(tasklet) = (struct tasklet_struct){ .callback = (fn) })
#define tasklet_init(tasklet, fn, value) (*(tasklet) = (struct tasklet_struct){ .old = (void *)(fn), .data = (value) })
#define from_tasklet(var, tasklet, field) container_of(tasklet, __typeof__(*(var)), field)
/* With a value behind the function, as before Linux 5.9, the function gets that. */
#define __TASKLET_FN(fn)		.callback = (fn)
#define __TASKLET_OLD(fn, value)	.old = (void *)(fn), .data = (unsigned long)(value)
#define __tasklet_of(a, b, which, ...)	which
#define __TASKLET(fn...)		__tasklet_of(fn, __TASKLET_OLD, __TASKLET_FN)(fn)
#define DECLARE_TASKLET(name, fn...)	struct tasklet_struct name = { __TASKLET(fn) }
#define DECLARE_TASKLET_DISABLED(name, fn...) struct tasklet_struct name = { .count = ATOMIC_INIT(1), __TASKLET(fn) }
#define DECLARE_TASKLET_OLD(name, fn)	struct tasklet_struct name = { .old = (void *)(fn) }
extern void tasklet_schedule(struct tasklet_struct *tasklet);
extern void tasklet_hi_schedule(struct tasklet_struct *tasklet);
extern void tasklet_disable(struct tasklet_struct *tasklet);
extern void tasklet_disable_nosync(struct tasklet_struct *tasklet);
extern void tasklet_enable(struct tasklet_struct *tasklet);
extern void tasklet_kill(struct tasklet_struct *tasklet);
#endif
