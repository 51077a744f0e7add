/* Code that must not leave its CPU. */
#ifndef _LINUX_PREEMPT_H
#define _LINUX_PREEMPT_H
#include <linux/types.h>
extern void kthread_preempt_disable(void);
extern void kthread_preempt_enable(void);
#define preempt_disable()	kthread_preempt_disable()
#define preempt_enable()	kthread_preempt_enable()
#define preempt_enable_no_resched() kthread_preempt_enable()
extern int kthread_in_interrupt(void);
extern int preempt_count(void);
#define in_interrupt()		kthread_in_interrupt()
#define in_irq()		((preempt_count() & 0xf0000) != 0)
#define in_hardirq()		in_irq()
#define in_softirq()		((preempt_count() & 0xff00) != 0)
#define in_serving_softirq()	in_softirq()
#define in_nmi()		0
#define in_task()		(!kthread_in_interrupt())
#define preemptible()		(preempt_count() == 0)
#define in_atomic()		(preempt_count() != 0)
#define irqs_disabled()		0
#define local_irq_disable()	kthread_preempt_disable()
#define local_irq_enable()	kthread_preempt_enable()
#define local_irq_save(flags)	do { (flags) = 0; kthread_preempt_disable(); } while (0)
#define local_irq_restore(flags) do { (void)(flags); kthread_preempt_enable(); } while (0)
#define local_bh_disable()	kthread_preempt_disable()
#define local_bh_enable()	kthread_preempt_enable()
#endif
