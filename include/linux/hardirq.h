/* In which context code runs; see <linux/preempt.h>. */
#ifndef _LINUX_HARDIRQ_H
#define _LINUX_HARDIRQ_H
#include <linux/lockdep.h>
#include <linux/preempt.h>
#define synchronize_irq(irq)	do { (void)(irq); } while (0)
#endif
