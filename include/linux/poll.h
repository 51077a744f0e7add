/* Saying when a file is ready. A driver's poll names the queues that it wakes, and returns what the file is ready for now. */
#ifndef _LINUX_POLL_H
#define _LINUX_POLL_H
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#define POLLIN		0x0001
#define POLLPRI		0x0002
#define POLLOUT		0x0004
#define POLLERR		0x0008
#define POLLHUP		0x0010
#define POLLNVAL	0x0020
#define POLLRDNORM	0x0040
#define POLLRDBAND	0x0080
#define POLLWRNORM	0x0100
#define POLLWRBAND	0x0200
#define POLLMSG		0x0400
#define POLLRDHUP	0x2000
#define EPOLLIN		((__poll_t)POLLIN)
#define EPOLLPRI	((__poll_t)POLLPRI)
#define EPOLLOUT	((__poll_t)POLLOUT)
#define EPOLLERR	((__poll_t)POLLERR)
#define EPOLLHUP	((__poll_t)POLLHUP)
#define EPOLLNVAL	((__poll_t)POLLNVAL)
#define EPOLLRDNORM	((__poll_t)POLLRDNORM)
#define EPOLLRDBAND	((__poll_t)POLLRDBAND)
#define EPOLLWRNORM	((__poll_t)POLLWRNORM)
#define EPOLLWRBAND	((__poll_t)POLLWRBAND)
#define EPOLLMSG	((__poll_t)POLLMSG)
#define EPOLLRDHUP	((__poll_t)POLLRDHUP)
#define DEFAULT_POLLMASK (EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM)
/* Of the process that polls: `waits` until it is on all queues, and what it wants. */
typedef struct poll_table_struct {
	int waits;
	__poll_t _key;
} poll_table;
extern void kthread_poll_wait(struct wait_queue_head *wq);
static __always_inline void poll_wait(struct file *file, struct wait_queue_head *wq, poll_table *table)
{
	if (table && table->waits && wq)
		kthread_poll_wait(wq);
}
static __always_inline bool poll_does_not_wait(const poll_table *table) { return !table || !table->waits; }
static __always_inline __poll_t poll_requested_events(const poll_table *table) { return table ? table->_key : ~0U; }
#endif
