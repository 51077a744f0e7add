/* Kernel threads. */
#ifndef _LINUX_KTHREAD_H
#define _LINUX_KTHREAD_H
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
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
extern bool __kthread_should_park(struct task_struct *task);
extern void *kthread_data(struct task_struct *task);
extern void *kthread_func(struct task_struct *task);
#define kthread_probe_data(task)	kthread_data(task)
extern void kthread_bind_mask(struct task_struct *task, const struct cpumask *mask);
extern void kthread_set_per_cpu(struct task_struct *task, int cpu);
extern bool kthread_is_per_cpu(struct task_struct *task);
#define tsk_is_kthread(task)	(((task)->flags & PF_KTHREAD) != 0)
#define module_put_and_kthread_exit(code) ({ module_put(THIS_MODULE); kthread_exit(code); })
#define kthreadd_task		(current->real_parent)

/* Workers: threads that run what is queued to them, one after the other. Records of C, and C serves them. */
struct kthread_work;
typedef void (*kthread_work_func_t)(struct kthread_work *work);
#define KTW_FREEZABLE		1
struct kthread_worker {
	unsigned int flags;
	raw_spinlock_t lock;
	struct list_head work_list;
	struct list_head delayed_work_list;
	struct task_struct *task;
	struct kthread_work *current_work;
};
struct kthread_work {
	struct list_head node; /* on a list of the worker, or by itself */
	kthread_work_func_t func;
	struct kthread_worker *worker;
	int canceling; /* who cancels it: it is not queued meanwhile */
};
struct kthread_delayed_work {
	struct kthread_work work;
	struct timer_list timer;
};
#define KTHREAD_WORK_INIT(work, fn)	{ .node = LIST_HEAD_INIT((work).node), .func = (fn) }
#define KTHREAD_DELAYED_WORK_INIT(late, fn) { .work = KTHREAD_WORK_INIT((late).work, fn), .timer = __TIMER_INITIALIZER(kthread_delayed_work_timer_fn, 0) }
#define KTHREAD_WORKER_INIT(worker)	{ .work_list = LIST_HEAD_INIT((worker).work_list), .delayed_work_list = LIST_HEAD_INIT((worker).delayed_work_list) }
#define DEFINE_KTHREAD_WORKER(name)	struct kthread_worker name = KTHREAD_WORKER_INIT(name)
#define DEFINE_KTHREAD_WORKER_ONSTACK(name) DEFINE_KTHREAD_WORKER(name)
#define DEFINE_KTHREAD_WORK(name, fn)	struct kthread_work name = KTHREAD_WORK_INIT(name, fn)
#define DEFINE_KTHREAD_DELAYED_WORK(name, fn) struct kthread_delayed_work name = KTHREAD_DELAYED_WORK_INIT(name, fn)
#define kthread_init_worker(at)		do { struct kthread_worker *__worker = (at); *__worker = (struct kthread_worker)KTHREAD_WORKER_INIT(*__worker); } while (0)
#define kthread_init_work(at, fn)	do { struct kthread_work *__work = (at); *__work = (struct kthread_work)KTHREAD_WORK_INIT(*__work, fn); } while (0)
#define kthread_init_delayed_work(at, fn) do { struct kthread_delayed_work *__late = (at); *__late = (struct kthread_delayed_work)KTHREAD_DELAYED_WORK_INIT(*__late, fn); } while (0)
extern bool set_freezable(void);
extern bool try_to_freeze(void);

/* Serves a worker until the thread is asked to stop; what is left on the list then is not run. */
static __maybe_unused int kthread_worker_fn(void *at)
{
	struct kthread_worker *worker = at;
	struct kthread_work *work;

	WARN_ON(worker->task && worker->task != current);
	worker->task = current;
	if (worker->flags & KTW_FREEZABLE)
		set_freezable();
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop()) {
			__set_current_state(TASK_RUNNING);
			spin_lock(&worker->lock);
			worker->task = NULL;
			spin_unlock(&worker->lock);
			return 0;
		}
		work = NULL;
		spin_lock(&worker->lock);
		if (!list_empty(&worker->work_list)) {
			work = list_first_entry(&worker->work_list, struct kthread_work, node);
			list_del_init(&work->node);
		}
		worker->current_work = work;
		spin_unlock(&worker->lock);
		if (work) {
			__set_current_state(TASK_RUNNING);
			work->func(work);
		} else
			schedule();
		try_to_freeze();
		cond_resched();
	}
}

/* The worker's lock is held. */
static __maybe_unused void __kthread_insert_work(struct kthread_worker *worker, struct kthread_work *work, struct list_head *before)
{
	list_add_tail(&work->node, before);
	work->worker = worker;
	if (worker->task && !worker->current_work)
		wake_up_process(worker->task);
}
static __maybe_unused bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work)
{
	bool queued = false;

	spin_lock(&worker->lock);
	if (list_empty(&work->node) && !work->canceling) {
		WARN_ON_ONCE(work->worker && work->worker != worker);
		__kthread_insert_work(worker, work, &worker->work_list);
		queued = true;
	}
	spin_unlock(&worker->lock);
	return queued;
}
static __maybe_unused void kthread_delayed_work_timer_fn(struct timer_list *timer)
{
	struct kthread_delayed_work *late = from_timer(late, timer, timer);
	struct kthread_worker *worker = late->work.worker;

	if (!worker)
		return;
	spin_lock(&worker->lock);
	if (!list_empty(&late->work.node) && !late->work.canceling) {
		list_del_init(&late->work.node);
		__kthread_insert_work(worker, &late->work, &worker->work_list);
	}
	spin_unlock(&worker->lock);
}
/* The worker's lock is held. */
static __maybe_unused void __kthread_queue_delayed(struct kthread_worker *worker, struct kthread_delayed_work *late, unsigned long delay)
{
	if (!delay) {
		__kthread_insert_work(worker, &late->work, &worker->work_list);
		return;
	}
	late->work.worker = worker;
	list_add(&late->work.node, &worker->delayed_work_list);
	mod_timer(&late->timer, jiffies + delay);
}
static __maybe_unused bool kthread_queue_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *late, unsigned long delay)
{
	bool queued = false;

	spin_lock(&worker->lock);
	if (list_empty(&late->work.node) && !late->work.canceling) {
		__kthread_queue_delayed(worker, late, delay);
		queued = true;
	}
	spin_unlock(&worker->lock);
	return queued;
}
/* Takes a work off its list, or its timer away. The worker's lock is held, and let go while the timer's function may wait for it. */
static __maybe_unused bool __kthread_take_back(struct kthread_worker *worker, struct kthread_work *work, struct timer_list *timer)
{
	bool was;

	if (timer) {
		work->canceling++;
		spin_unlock(&worker->lock);
		del_timer_sync(timer);
		spin_lock(&worker->lock);
		work->canceling--;
	}
	was = !list_empty(&work->node);
	list_del_init(&work->node);
	return was;
}
static __maybe_unused bool kthread_mod_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *late, unsigned long delay)
{
	bool was = false;

	spin_lock(&worker->lock);
	if (late->work.worker)
		was = __kthread_take_back(worker, &late->work, &late->timer);
	if (late->work.canceling)
		was = true;
	else
		__kthread_queue_delayed(worker, late, delay);
	spin_unlock(&worker->lock);
	return was;
}
struct __kthread_barrier {
	struct kthread_work work;
	struct completion done;
};
static __maybe_unused void __kthread_barrier_fn(struct kthread_work *work) { complete(&container_of(work, struct __kthread_barrier, work)->done); }
#define __DEFINE_BARRIER(name) struct __kthread_barrier name = { KTHREAD_WORK_INIT(name.work, __kthread_barrier_fn), COMPLETION_INITIALIZER(name.done) }
static __maybe_unused void kthread_flush_work(struct kthread_work *work)
{
	__DEFINE_BARRIER(barrier);
	struct kthread_worker *worker = work->worker;
	bool waits = true;

	if (!worker)
		return;
	spin_lock(&worker->lock);
	if (!list_empty(&work->node))
		__kthread_insert_work(worker, &barrier.work, work->node.next);
	else if (worker->current_work == work)
		__kthread_insert_work(worker, &barrier.work, worker->work_list.next);
	else
		waits = false;
	spin_unlock(&worker->lock);
	if (waits)
		wait_for_completion(&barrier.done);
}
static __maybe_unused void kthread_flush_worker(struct kthread_worker *worker)
{
	__DEFINE_BARRIER(barrier);

	kthread_queue_work(worker, &barrier.work);
	wait_for_completion(&barrier.done);
}
static __maybe_unused bool __kthread_cancel_sync(struct kthread_work *work, struct timer_list *timer)
{
	struct kthread_worker *worker = work->worker;
	bool was;

	if (!worker)
		return false;
	spin_lock(&worker->lock);
	was = __kthread_take_back(worker, work, timer);
	if (worker->current_work == work) {
		work->canceling++;
		spin_unlock(&worker->lock);
		kthread_flush_work(work);
		spin_lock(&worker->lock);
		work->canceling--;
	}
	spin_unlock(&worker->lock);
	return was;
}
static __maybe_unused bool kthread_cancel_work_sync(struct kthread_work *work) { return __kthread_cancel_sync(work, NULL); }
static __maybe_unused bool kthread_cancel_delayed_work_sync(struct kthread_delayed_work *late) { return __kthread_cancel_sync(&late->work, &late->timer); }

static __maybe_unused struct kthread_worker *__kthread_new_worker(unsigned int flags)
{
	struct kthread_worker *worker = kzalloc(sizeof(*worker), GFP_KERNEL);

	if (!worker)
		return ERR_PTR(-ENOMEM);
	kthread_init_worker(worker);
	worker->flags = flags;
	return worker;
}
static __maybe_unused struct kthread_worker *__kthread_begin_worker(struct kthread_worker *worker, struct task_struct *task)
{
	if (IS_ERR(task)) {
		kfree(worker);
		return ERR_CAST(task);
	}
	worker->task = task;
	wake_up_process(task);
	return worker;
}
/* They run from the beginning, as before Linux 6.14. */
#define kthread_create_worker(flags, namefmt, args...) ({ \
	struct kthread_worker *__new = __kthread_new_worker(flags); \
	IS_ERR(__new) ? __new : __kthread_begin_worker(__new, kthread_create(kthread_worker_fn, __new, namefmt, ##args)); \
})
#define kthread_create_worker_on_cpu(cpu, flags, namefmt, args...) ({ \
	struct kthread_worker *__new = __kthread_new_worker(flags); \
	IS_ERR(__new) ? __new : __kthread_begin_worker(__new, kthread_create_on_cpu(kthread_worker_fn, __new, cpu, namefmt)); \
})
#define kthread_create_worker_on_node(flags, node, namefmt, args...) kthread_create_worker(flags, namefmt, ##args)
#define kthread_run_worker(flags, namefmt, args...) kthread_create_worker(flags, namefmt, ##args)
#define kthread_run_worker_on_cpu(cpu, flags, namefmt) kthread_create_worker_on_cpu(cpu, flags, namefmt)
static __maybe_unused void kthread_destroy_worker(struct kthread_worker *worker)
{
	if (WARN_ON(!worker->task))
		return;
	kthread_flush_worker(worker);
	kthread_stop(worker->task);
	WARN_ON(!list_empty(&worker->delayed_work_list));
	WARN_ON(!list_empty(&worker->work_list));
	kfree(worker);
}
/* Before Linux 4.9. */
#define init_kthread_worker(worker)	kthread_init_worker(worker)
#define init_kthread_work(work, fn)	kthread_init_work(work, fn)
#define queue_kthread_work(worker, work) kthread_queue_work(worker, work)
#define flush_kthread_work(work)	kthread_flush_work(work)
#define flush_kthread_worker(worker)	kthread_flush_worker(worker)
#endif
