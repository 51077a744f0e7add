/* Being frozen with the machine: machine.freeze(), kthread freeze. */
#ifndef _LINUX_FREEZER_H
#define _LINUX_FREEZER_H
#include <linux/kthread.h>
#include <linux/wait.h>
extern bool set_freezable(void);
extern bool try_to_freeze(void);
extern bool freezing(struct task_struct *task);
extern bool frozen(struct task_struct *task);
extern int freeze_processes(void);
extern int freeze_kernel_threads(void);
extern void thaw_processes(void);
extern void thaw_kernel_threads(void);
/* Before Linux 6.1. */
extern void freezable_schedule(void);
extern long freezable_schedule_timeout(long timeout);
#endif
