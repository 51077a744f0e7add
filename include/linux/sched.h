/* Tasks and the scheduler. */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H
#include <linux/atomic.h>
#include <linux/current.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <generated/records.h>

#define TASK_RUNNING		0x0000
#define TASK_INTERRUPTIBLE	0x0001
#define TASK_UNINTERRUPTIBLE	0x0002
#define TASK_PARKED		0x0040
#define TASK_DEAD		0x0080
#define TASK_WAKEKILL		0x0100
#define TASK_NOLOAD		0x0400
#define TASK_NEW		0x0800
#define TASK_FREEZABLE		0x2000
#define TASK_KILLABLE		(TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_IDLE		(TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define TASK_NORMAL		(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_COMM_LEN		16
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX

#define PF_KTHREAD		0x00200000
#define PF_NOFREEZE		0x00008000
#define PF_NO_SETAFFINITY	0x04000000

#define SCHED_NORMAL		0
#define SCHED_FIFO		1
#define SCHED_RR		2
#define MAX_RT_PRIO		100
#define DEFAULT_PRIO		120
struct sched_param {
	int sched_priority;
};

#define __set_current_state(state)	WRITE_ONCE(current->__state, (state))
#define set_current_state(state)	smp_store_mb(current->__state, (state))
#define get_current_state()		READ_ONCE(current->__state)
#define set_task_state(task, state)	smp_store_mb((task)->__state, (state))
#define __set_task_state(task, state)	WRITE_ONCE((task)->__state, (state))
#define task_is_running(task)		(READ_ONCE((task)->__state) == TASK_RUNNING)

extern void schedule(void);
extern void yield(void);
extern int kthread_cond_resched(void) __asm__("cond_resched");
extern bool need_resched(void);
extern long schedule_timeout(long timeout);
extern long schedule_timeout_interruptible(long timeout);
extern long schedule_timeout_uninterruptible(long timeout);
extern long schedule_timeout_killable(long timeout);
extern long schedule_timeout_idle(long timeout);
extern int wake_up_process(struct task_struct *task);
extern int wake_up_state(struct task_struct *task, unsigned int state);
extern void set_user_nice(struct task_struct *task, long nice);
extern int task_nice(const struct task_struct *task);
extern void sched_set_fifo(struct task_struct *task);
extern void sched_set_fifo_low(struct task_struct *task);
extern void sched_set_normal(struct task_struct *task, int nice);
extern unsigned int kthread_task_cpu(const struct task_struct *task);
extern struct task_struct *kthread_find_task(int pid);
extern void do_exit(long code) __noreturn;
#define cond_resched()		kthread_cond_resched()
#define io_schedule()		schedule()
#define io_schedule_timeout(t)	schedule_timeout(t)
#define task_cpu(task)		kthread_task_cpu(task)
#define task_pid_nr(task)	((task)->pid)
#define task_tgid_nr(task)	((task)->tgid)

extern struct task_struct *get_task_struct(struct task_struct *task);
extern void put_task_struct(struct task_struct *task);

extern int allow_signal(int sig);
extern int allow_kernel_signal(int sig);
extern int disallow_signal(int sig);
extern int signal_pending(struct task_struct *task);
extern int fatal_signal_pending(struct task_struct *task);
extern void flush_signals(struct task_struct *task);
extern int kernel_dequeue_signal(void);
extern int send_sig(int sig, struct task_struct *task, int priv);
#define signal_pending_state(state, task) (((state) & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) && (((state) & TASK_INTERRUPTIBLE) ? signal_pending(task) : fatal_signal_pending(task)))
#define force_sig(sig, task)	send_sig(sig, task, 1)

#define SIGHUP		1
#define SIGINT		2
#define SIGQUIT		3
#define SIGILL		4
#define SIGTRAP		5
#define SIGABRT		6
#define SIGBUS		7
#define SIGFPE		8
#define SIGKILL		9
#define SIGUSR1		10
#define SIGSEGV		11
#define SIGUSR2		12
#define SIGPIPE		13
#define SIGALRM		14
#define SIGTERM		15
#define SIGCHLD		17
#define SIGCONT		18
#define SIGSTOP		19
#define SIGTSTP		20
#define SIGRTMIN	32
#endif
