/* Events that one may wait for before or after they happen. */
#ifndef _LINUX_COMPLETION_H
#define _LINUX_COMPLETION_H
#include <linux/list.h>
#include <generated/records.h>
extern void init_completion(struct completion *x);
extern void reinit_completion(struct completion *x);
extern void complete(struct completion *x);
extern void complete_all(struct completion *x);
extern bool completion_done(struct completion *x);
extern bool try_wait_for_completion(struct completion *x);
extern void wait_for_completion(struct completion *x);
extern unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout);
extern int wait_for_completion_interruptible(struct completion *x);
extern long wait_for_completion_interruptible_timeout(struct completion *x, unsigned long timeout);
extern int wait_for_completion_killable(struct completion *x);
extern long wait_for_completion_killable_timeout(struct completion *x, unsigned long timeout);
extern void wait_for_completion_io(struct completion *x);
extern unsigned long wait_for_completion_io_timeout(struct completion *x, unsigned long timeout);
extern int wait_for_completion_state(struct completion *x, unsigned int state);
#define complete_on_current_cpu(x)	complete(x)
#define COMPLETION_INITIALIZER(name)	{ .list = LIST_HEAD_INIT((name).list) }
#define COMPLETION_INITIALIZER_ONSTACK(name) ({ init_completion(&(name)); (name); })
#define DECLARE_COMPLETION(name)	struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)
#define INIT_COMPLETION(x)		reinit_completion(&(x))
#endif
