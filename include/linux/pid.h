/* Numbers of tasks. A struct pid is the task itself. */
#ifndef _LINUX_PID_H
#define _LINUX_PID_H
#include <linux/types.h>
struct pid;
struct task_struct;
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };
extern struct task_struct *kthread_find_task(int pid);
extern int kthread_kill_pid(int pid, int sig, int priv);
#define find_vpid(nr)		((struct pid *)kthread_find_task(nr))
#define find_get_pid(nr)	find_vpid(nr)
#define find_task_by_vpid(nr)	kthread_find_task(nr)
#define pid_task(at, type)	((struct task_struct *)(at))
#define get_pid_task(at, type)	({ struct task_struct *__task = pid_task(at, type); if (__task) get_task_struct(__task); __task; })
#define task_pid(task)		((struct pid *)(task))
#define pid_nr(at)		((at) ? ((struct task_struct *)(at))->pid : 0)
#define pid_vnr(at)		pid_nr(at)
#define get_pid(at)		(at)
#define put_pid(at)		do { (void)(at); } while (0)
#define kill_pid(at, sig, priv)	((at) ? kthread_kill_pid(pid_nr(at), sig, priv) : -3)
#define kill_proc(nr, sig, priv) kthread_kill_pid(nr, sig, priv)
#endif
