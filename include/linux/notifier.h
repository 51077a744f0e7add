/* Chains of functions that hear of events, the one with the highest priority first. */
#ifndef _LINUX_NOTIFIER_H
#define _LINUX_NOTIFIER_H
#include <linux/errno.h>
#include <linux/rwlock.h>
#include <linux/rwsem.h>
#include <linux/srcu.h>
struct notifier_block;
typedef int (*notifier_fn_t)(struct notifier_block *nb, unsigned long action, void *data);
struct notifier_block {
	notifier_fn_t notifier_call;
	struct notifier_block *next;
	int priority;
};
struct raw_notifier_head {
	struct notifier_block *head;
};
struct atomic_notifier_head {
	rwlock_t lock;
	struct notifier_block *head;
};
struct blocking_notifier_head {
	struct rw_semaphore rwsem;
	struct notifier_block *head;
};
struct srcu_notifier_head {
	struct mutex mutex;
	struct srcu_struct srcu;
	struct notifier_block *head;
};
#define NOTIFY_DONE		0x0000
#define NOTIFY_OK		0x0001
#define NOTIFY_STOP_MASK	0x8000
#define NOTIFY_BAD		(NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP		(NOTIFY_OK | NOTIFY_STOP_MASK)
#define notifier_from_errno(error)	((error) ? NOTIFY_STOP_MASK | (NOTIFY_OK - (error)) : NOTIFY_OK)
#define notifier_to_errno(ret)		({ int __ret = (ret) & ~NOTIFY_STOP_MASK; __ret > NOTIFY_OK ? NOTIFY_OK - __ret : 0; })
#define RAW_NOTIFIER_HEAD(name)		struct raw_notifier_head name = { NULL }
#define ATOMIC_NOTIFIER_HEAD(name)	struct atomic_notifier_head name = { .lock = __RW_LOCK_UNLOCKED(name.lock) }
#define BLOCKING_NOTIFIER_HEAD(name)	struct blocking_notifier_head name = { .rwsem = __RWSEM_INITIALIZER((name).rwsem) }
#define SRCU_NOTIFIER_INIT(name)	{ .mutex = __MUTEX_INITIALIZER((name).mutex), .srcu = __SRCU_STRUCT_INIT((name).srcu) }
#define SRCU_NOTIFIER_HEAD(name)	struct srcu_notifier_head name = SRCU_NOTIFIER_INIT(name)
#define SRCU_NOTIFIER_HEAD_STATIC(name)	static SRCU_NOTIFIER_HEAD(name)
#define RAW_INIT_NOTIFIER_HEAD(nh)	((nh)->head = NULL)
#define ATOMIC_INIT_NOTIFIER_HEAD(nh)	do { rwlock_init(&(nh)->lock); (nh)->head = NULL; } while (0)
#define BLOCKING_INIT_NOTIFIER_HEAD(nh)	do { init_rwsem(&(nh)->rwsem); (nh)->head = NULL; } while (0)
static __maybe_unused int __notifier_add(struct notifier_block **at, struct notifier_block *nb)
{
	for (; *at && (*at)->priority >= nb->priority; at = &(*at)->next)
		if (*at == nb)
			return -EEXIST;
	nb->next = *at;
	rcu_assign_pointer(*at, nb); /* calls of an SRCU chain may be under way */
	return 0;
}
static __maybe_unused int __notifier_remove(struct notifier_block **at, struct notifier_block *nb)
{
	for (; *at; at = &(*at)->next) {
		if (*at != nb)
			continue;
		rcu_assign_pointer(*at, nb->next);
		return 0;
	}
	return -ENOENT;
}
static __maybe_unused int __notifier_call(struct notifier_block *nb, unsigned long action, void *data)
{
	int ret = NOTIFY_DONE;

	while (nb && !(ret & NOTIFY_STOP_MASK)) {
		struct notifier_block *next = rcu_dereference(nb->next);

		ret = nb->notifier_call(nb, action, data);
		nb = next;
	}
	return ret;
}
#define raw_notifier_chain_register(nh, nb)	__notifier_add(&(nh)->head, nb)
#define raw_notifier_chain_unregister(nh, nb)	__notifier_remove(&(nh)->head, nb)
#define raw_notifier_call_chain(nh, action, data) __notifier_call((nh)->head, action, data)
#define __notifier_family(name, take_write, give_write, take_read, give_read, field) \
static __maybe_unused int name##_notifier_chain_register(struct name##_notifier_head *nh, struct notifier_block *nb) { int ret; take_write(&nh->field); ret = __notifier_add(&nh->head, nb); give_write(&nh->field); return ret; } \
static __maybe_unused int name##_notifier_chain_unregister(struct name##_notifier_head *nh, struct notifier_block *nb) { int ret; take_write(&nh->field); ret = __notifier_remove(&nh->head, nb); give_write(&nh->field); return ret; } \
static __maybe_unused int name##_notifier_call_chain(struct name##_notifier_head *nh, unsigned long action, void *data) { int ret; take_read(&nh->field); ret = __notifier_call(nh->head, action, data); give_read(&nh->field); return ret; }
__notifier_family(atomic, write_lock, write_unlock, read_lock, read_unlock, lock)
__notifier_family(blocking, down_write, up_write, down_read, up_read, rwsem)

/* Calls may sleep, and keep nobody from adding; who removes a block waits until no call may be in it any more. */
static __maybe_unused void srcu_init_notifier_head(struct srcu_notifier_head *nh)
{
	mutex_init(&nh->mutex);
	init_srcu_struct(&nh->srcu);
	nh->head = NULL;
}
#define srcu_cleanup_notifier_head(nh)	cleanup_srcu_struct(&(nh)->srcu)
static __maybe_unused int srcu_notifier_chain_register(struct srcu_notifier_head *nh, struct notifier_block *nb)
{
	guard(mutex)(&nh->mutex);
	return __notifier_add(&nh->head, nb);
}
static __maybe_unused int srcu_notifier_chain_unregister(struct srcu_notifier_head *nh, struct notifier_block *nb)
{
	int ret;

	scoped_guard(mutex, &nh->mutex)
		ret = __notifier_remove(&nh->head, nb);
	if (ret == 0)
		synchronize_srcu(&nh->srcu);
	return ret;
}
static __maybe_unused int srcu_notifier_call_chain(struct srcu_notifier_head *nh, unsigned long action, void *data)
{
	guard(srcu)(&nh->srcu);
	return __notifier_call(rcu_dereference(nh->head), action, data);
}
#endif
