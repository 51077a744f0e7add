/* The task that runs: a word that the engine keeps for each stack. */
#ifndef _LINUX_CURRENT_H
#define _LINUX_CURRENT_H
#include <linux/compiler.h>
struct task_struct;
__asm__(".globaltype __current_task, i32\n");
static __always_inline struct task_struct *get_current(void)
{
	struct task_struct *task;

	__asm__ __volatile__("global.get __current_task\nlocal.set %0" : "=r"(task));
	return task;
}
#define current get_current()
#endif
