/* Works: functions that a thread of the machine calls, which may sleep. */
#ifndef _LINUX_WORKQUEUE_H
#define _LINUX_WORKQUEUE_H
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>
#include <generated/records.h>
struct delayed_work {
	struct work_struct work;
	struct timer_list timer; /* right behind it, where the kernel looks for it */
};
_Static_assert(__builtin_offsetof(struct delayed_work, timer) == sizeof(struct work_struct), "delayed_work");
struct rcu_work {
	struct work_struct work;
};
#define WQ_UNBOUND		0x2
#define WQ_FREEZABLE		0x4
#define WQ_MEM_RECLAIM		0x8
#define WQ_HIGHPRI		0x10
#define WQ_CPU_INTENSIVE	0x20
#define WQ_SYSFS		0x40
#define WQ_MAX_ACTIVE		512
#define WQ_DFL_ACTIVE		256
#define WORK_BUSY_PENDING	1
#define WORK_BUSY_RUNNING	2
#define WORK_CPU_UNBOUND	NR_CPUS

#define __WORK_INITIALIZER(name, fn)	{ .entry = LIST_HEAD_INIT((name).entry), .func = (fn) }
#define __DELAYED_WORK_INITIALIZER(name, fn) { .work = __WORK_INITIALIZER((name).work, fn) }
#define DECLARE_WORK(name, fn)		struct work_struct name = __WORK_INITIALIZER(name, fn)
#define DECLARE_DELAYED_WORK(name, fn)	struct delayed_work name = __DELAYED_WORK_INITIALIZER(name, fn)
#define DECLARE_DEFERRABLE_WORK(name, fn) DECLARE_DELAYED_WORK(name, fn)
#define INIT_WORK(at, fn)		do { struct work_struct *__work = (at); *__work = (struct work_struct)__WORK_INITIALIZER(*__work, fn); } while (0)
#define INIT_DELAYED_WORK(at, fn)	do { struct delayed_work *__late = (at); *__late = (struct delayed_work)__DELAYED_WORK_INITIALIZER(*__late, fn); } while (0)
#define INIT_DEFERRABLE_WORK(at, fn)	INIT_DELAYED_WORK(at, fn)
#define INIT_WORK_ONSTACK(at, fn)	INIT_WORK(at, fn)
#define INIT_DELAYED_WORK_ONSTACK(at, fn) INIT_DELAYED_WORK(at, fn)
#define PREPARE_WORK(at, fn)		((void)((at)->func = (fn)))
#define destroy_work_on_stack(at)	do { (void)(at); } while (0)
#define destroy_delayed_work_on_stack(at) do { (void)(at); } while (0)
#define work_pending(at)		((READ_ONCE((at)->state) & 1) != 0)
#define delayed_work_pending(at)	work_pending(&(at)->work)
static __always_inline struct delayed_work *to_delayed_work(struct work_struct *work) { return container_of(work, struct delayed_work, work); }

extern struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags, int max_active, ...);
extern void destroy_workqueue(struct workqueue_struct *wq);
extern struct workqueue_struct *kthread_system_wq(int kind);
#define alloc_ordered_workqueue(fmt, flags, args...) alloc_workqueue(fmt, WQ_UNBOUND | (flags), 1, ##args)
#define create_workqueue(name)			alloc_workqueue("%s", WQ_MEM_RECLAIM, 1, (name))
#define create_freezable_workqueue(name)	alloc_workqueue("%s", WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 1, (name))
#define create_singlethread_workqueue(name)	alloc_ordered_workqueue("%s", WQ_MEM_RECLAIM, name)
#define system_wq		kthread_system_wq(0)
#define system_percpu_wq	kthread_system_wq(0)
#define system_long_wq		kthread_system_wq(0)
#define system_highpri_wq	kthread_system_wq(1)
#define system_unbound_wq	kthread_system_wq(2)
#define system_dfl_wq		kthread_system_wq(2)
#define system_power_efficient_wq kthread_system_wq(2)
#define system_freezable_wq	kthread_system_wq(3)
extern bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
extern bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay);
extern bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay);
extern bool flush_work(struct work_struct *work);
extern bool flush_delayed_work(struct delayed_work *work);
extern void __flush_workqueue(struct workqueue_struct *wq);
extern void drain_workqueue(struct workqueue_struct *wq);
extern bool cancel_work(struct work_struct *work);
extern bool cancel_work_sync(struct work_struct *work);
extern bool cancel_delayed_work(struct delayed_work *work);
extern bool cancel_delayed_work_sync(struct delayed_work *work);
extern unsigned int work_busy(struct work_struct *work);
extern struct work_struct *current_work(void);
#define flush_workqueue(wq)		__flush_workqueue(wq)
#define flush_scheduled_work()		__flush_workqueue(system_wq)
#define schedule_work(work)		queue_work(system_wq, work)
#define schedule_delayed_work(work, delay) queue_delayed_work(system_wq, work, delay)
/* The threads belong to no CPU, so the CPU asked for says where the work would go. */
#define queue_work_on(cpu, wq, work)	((void)(cpu), queue_work(wq, work))
#define schedule_work_on(cpu, work)	queue_work_on(cpu, system_wq, work)
#define queue_delayed_work_on(cpu, wq, work, delay) ((void)(cpu), queue_delayed_work(wq, work, delay))
#define schedule_delayed_work_on(cpu, work, delay) queue_delayed_work_on(cpu, system_wq, work, delay)
#define mod_delayed_work_on(cpu, wq, work, delay) ((void)(cpu), mod_delayed_work(wq, work, delay))
#endif
