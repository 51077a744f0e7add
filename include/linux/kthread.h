/* Kernel threads. */
#ifndef _LINUX_KTHREAD_H
#define _LINUX_KTHREAD_H
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/sched.h>
#define NUMA_NO_NODE	(-1)
extern struct task_struct *kthread_create_on_node(int (*threadfn)(void *data), void *data, int node, const char *namefmt, ...) __printf(4, 5);
extern struct task_struct *kthread_create_on_cpu(int (*threadfn)(void *data), void *data, unsigned int cpu, const char *namefmt);
#define kthread_create(threadfn, data, namefmt, arg...) kthread_create_on_node(threadfn, data, NUMA_NO_NODE, namefmt, ##arg)
#define kthread_run(threadfn, data, namefmt, ...) ({						\
	struct task_struct *__task = kthread_create(threadfn, data, namefmt, ##__VA_ARGS__);	\
	if (!IS_ERR(__task))									\
		wake_up_process(__task);							\
	__task;											\
})
#define kthread_run_on_cpu(threadfn, data, cpu, namefmt) ({					\
	struct task_struct *__task = kthread_create_on_cpu(threadfn, data, cpu, namefmt);	\
	if (!IS_ERR(__task))									\
		wake_up_process(__task);							\
	__task;											\
})
extern void kthread_bind(struct task_struct *task, unsigned int cpu);
extern int kthread_stop(struct task_struct *task);
extern int kthread_stop_put(struct task_struct *task);
extern bool kthread_should_stop(void);
extern bool kthread_should_park(void);
extern bool kthread_should_stop_or_park(void);
extern int kthread_park(struct task_struct *task);
extern void kthread_unpark(struct task_struct *task);
extern void kthread_parkme(void);
extern void kthread_exit(long code) __noreturn;
extern void kthread_complete_and_exit(struct completion *done, long code) __noreturn;
#define complete_and_exit(done, code)	kthread_complete_and_exit(done, code)
extern bool kthread_freezable_should_stop(bool *was_frozen);
#endif
