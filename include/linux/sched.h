/* Tasks and the scheduler. */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H
#include <asm/processor.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/current.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/pid.h>
#include <linux/spinlock.h>
#include <linux/string.h>
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
#define TASK_STOPPED		(TASK_WAKEKILL | __TASK_STOPPED)
#define __TASK_STOPPED		0x0004
#define __TASK_TRACED		0x0008
#define TASK_FROZEN		0x8000
#define EXIT_DEAD		0x0010
#define EXIT_ZOMBIE		0x0020
#define TASK_ALL		(TASK_NORMAL | __TASK_STOPPED | __TASK_TRACED)
#define TASK_COMM_LEN		16
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX

#define PF_EXITING		0x00000004
#define PF_WQ_WORKER		0x00000020
#define PF_FORKNOEXEC		0x00000040
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

extern int sched_setscheduler(struct task_struct *task, int policy, const struct sched_param *param);
#define sched_setscheduler_nocheck(task, policy, param) sched_setscheduler(task, policy, param)
extern int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask);
extern long sched_setaffinity(pid_t pid, const struct cpumask *mask);
extern void kthread_set_task_comm(struct task_struct *task, const char *comm);
#define set_task_comm(task, comm)	kthread_set_task_comm(task, comm)

#define __set_current_state(state)	WRITE_ONCE(current->__state, (state))
#define set_current_state(state)	smp_store_mb(current->__state, (state))
#define get_current_state()		READ_ONCE(current->__state)
#define set_task_state(task, state)	smp_store_mb((task)->__state, (state))
#define __set_task_state(task, state)	WRITE_ONCE((task)->__state, (state))
/* The letter of ps. */
static __always_inline char task_state_to_char(struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);

	if (state & TASK_FROZEN)
		return 'D';
	if ((state & TASK_IDLE) == TASK_IDLE)
		return 'I';
	if ((state & TASK_DEAD) || task->exit_state)
		return 'X';
	return "RSDTtXZP"[fls(state & 0x7f)];
}
/* The name, in the caller's array. */
#define get_task_comm(to, task)	({ strscpy((to), (task)->comm, sizeof(to)); (to); })
#define for_each_process(task)	for ((task) = kthread_next_task(NULL); (task); (task) = kthread_next_task(task))
extern struct task_struct *kthread_next_task(struct task_struct *task);
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
#define task_ppid_nr(task)	((task)->real_parent->pid)
#define thread_group_leader(task) ((task)->pid == (task)->tgid)
#define rt_task(task)		((task)->prio < MAX_RT_PRIO)
#define rt_prio(prio)		((prio) < MAX_RT_PRIO)
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
/* With the task, as before Linux 5.3, or the caller itself. */
#define __force_sig2(sig, task)	send_sig(sig, task, 1)
#define __force_sig1(sig)	send_sig(sig, current, 1)
#define __force_sig_of(a, b, which, ...) which
#define force_sig(sig, task...)	((void)__force_sig_of(sig, ##task, __force_sig2, __force_sig1)(sig, ##task))
#define SEND_SIG_NOINFO		((void *)0)
#define SEND_SIG_PRIV		((void *)1)
#define send_sig_info(sig, info, task) send_sig(sig, task, (long)(info) != 0)
static __always_inline int sigismember(sigset_t *set, int sig) { return (set->sig[(sig - 1) / 32] >> ((sig - 1) % 32)) & 1; }
static __always_inline int sigisemptyset(sigset_t *set) { return (set->sig[0] | set->sig[1]) == 0; }
static __always_inline void sigemptyset(sigset_t *set) { set->sig[0] = set->sig[1] = 0; }
static __always_inline void sigfillset(sigset_t *set) { set->sig[0] = set->sig[1] = ~0UL; }
static __always_inline void sigaddset(sigset_t *set, int sig) { set->sig[(sig - 1) / 32] |= 1UL << ((sig - 1) % 32); }
static __always_inline void sigdelset(sigset_t *set, int sig) { set->sig[(sig - 1) / 32] &= ~(1UL << ((sig - 1) % 32)); }
#define sigmask(sig)		(1UL << ((sig) - 1))
#define siginitset(set, mask)	do { (set)->sig[0] = (mask); (set)->sig[1] = 0; } while (0)
#define siginitsetinv(set, mask) do { (set)->sig[0] = ~(mask); (set)->sig[1] = ~0UL; } while (0)
#define recalc_sigpending()	do { } while (0)
/* Before Linux 3.7: a kernel thread is one already, and gets a name. */
#define daemonize(fmt, args...) do { char __name[TASK_COMM_LEN]; snprintf(__name, sizeof(__name), fmt, ##args); kthread_set_task_comm(current, __name); } while (0)
#define CLONE_FS		0x00000200
#define CLONE_FILES		0x00000400
#define CLONE_SIGHAND		0x00000800
#define CLONE_VM		0x00000100
#define CLONE_KERNEL		(CLONE_FS | CLONE_FILES | CLONE_SIGHAND)
extern pid_t kernel_thread(int (*fn)(void *data), void *data, unsigned long flags);

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
#define SIGSTKFLT	16
#define SIGSTOP		19
#define SIGTSTP		20
#define SIGTTIN		21
#define SIGTTOU		22
#define SIGURG		23
#define SIGXCPU		24
#define SIGXFSZ		25
#define SIGVTALRM	26
#define SIGPROF		27
#define SIGWINCH	28
#define SIGIO		29
#define SIGPOLL		SIGIO
#define SIGPWR		30
#define SIGSYS		31
#define SIGIOT		SIGABRT
#define SIGRTMAX	64
#define _NSIG		64
#define _NSIG_BPW	32
#define _NSIG_WORDS	(_NSIG / _NSIG_BPW)
#define SIGRTMIN	32
#endif
