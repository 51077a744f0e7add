/* Code that must not leave its CPU. */
#ifndef _LINUX_PREEMPT_H
#define _LINUX_PREEMPT_H
#include <linux/cleanup.h>
#include <linux/types.h>
extern void kthread_preempt_disable(void);
extern void kthread_preempt_enable(void);
#define preempt_disable()	kthread_preempt_disable()
#define preempt_enable()	kthread_preempt_enable()
#define preempt_enable_no_resched() kthread_preempt_enable()
/* A byte of preempt_disable() and spinlocks; local_bh_disable() counts by two above it, a softirq is one, and an interrupt (an hrtimer) is above that. */
extern void kthread_preempt_add(int n);
extern int preempt_count(void);
#define in_interrupt()		(preempt_count() & 0xffff00)
#define in_irq()		(preempt_count() & 0xff0000)
#define in_hardirq()		in_irq()
#define in_softirq()		(preempt_count() & 0xff00)
#define in_serving_softirq()	(preempt_count() & 0x100)
#define in_nmi()		0
#define in_task()		(!(preempt_count() & 0xff0100))
#define preemptible()		(preempt_count() == 0 && !irqs_disabled())
#define in_atomic()		(preempt_count() != 0)
/* There are no interrupts. Who keeps them away must not sleep, and is told that they are away; nobody else is kept from running. */
extern unsigned long kthread_irq_save(void);
extern void kthread_irq_restore(unsigned long flags);
extern int kthread_irqs_disabled(void);
#define irqs_disabled()		kthread_irqs_disabled()
#define irqs_disabled_flags(flags) ((flags) != 0)
#define local_irq_disable()	((void)kthread_irq_save())
#define local_irq_enable()	kthread_irq_restore(0)
#define local_irq_save(flags)	((void)((flags) = kthread_irq_save()))
#define local_irq_restore(flags) kthread_irq_restore(flags)
#define local_save_flags(flags)	((void)((flags) = kthread_irqs_disabled()))
#define local_bh_disable()	kthread_preempt_add(0x200)
#define local_bh_enable()	kthread_preempt_add(-0x200)
DEFINE_LOCK_GUARD_0(preempt, preempt_disable(), preempt_enable())
DEFINE_LOCK_GUARD_0(irq, local_irq_disable(), local_irq_enable())
DEFINE_LOCK_GUARD_0(irqsave, local_irq_save(_T->flags), local_irq_restore(_T->flags), unsigned long flags)
#endif
