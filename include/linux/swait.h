/* Simple wait queues: first come, first served, one at a time. They are wait queues with exclusive waiters only. */
#ifndef _LINUX_SWAIT_H
#define _LINUX_SWAIT_H
#include <linux/wait.h>
#define swait_queue_head	wait_queue_head
#define swait_queue		wait_queue_entry
#define DECLARE_SWAIT_QUEUE_HEAD(name)	DECLARE_WAIT_QUEUE_HEAD(name)
#define DECLARE_SWAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
#define init_swait_queue_head(q)	init_waitqueue_head(q)
#define swait_active(q)			waitqueue_active(q)
#define swq_has_sleeper(q)		waitqueue_active(q)
#define swake_up_one(q)			wake_up(q)
#define swake_up_all(q)			wake_up_all(q)
#define swake_up_locked(q, flags)	wake_up(q)
#define DECLARE_SWAITQUEUE(name)	DEFINE_WAIT(name)
#define prepare_to_swait_exclusive(q, wait, state) prepare_to_wait_exclusive(q, wait, state)
static __maybe_unused long prepare_to_swait_event(struct swait_queue_head *q, struct swait_queue *wait, int state) { wait->flags |= WQ_FLAG_EXCLUSIVE; return prepare_to_wait_event(q, wait, state); }
#define finish_swait(q, wait)		finish_wait(q, wait)
#define swait_event_idle_timeout_exclusive(q, condition, timeout) __wait_until(q, condition, TASK_IDLE, WQ_FLAG_EXCLUSIVE, timeout, , )
#define swait_event_exclusive(q, condition) ((void)__wait_plain(q, condition, TASK_UNINTERRUPTIBLE, WQ_FLAG_EXCLUSIVE))
#define swait_event_idle_exclusive(q, condition) ((void)__wait_plain(q, condition, TASK_IDLE, WQ_FLAG_EXCLUSIVE))
#define swait_event_timeout_exclusive(q, condition, timeout) __wait_until(q, condition, TASK_UNINTERRUPTIBLE, WQ_FLAG_EXCLUSIVE, timeout, , )
#define swait_event_interruptible_exclusive(q, condition) wait_event_interruptible_exclusive(q, condition)
#define swait_event_interruptible_timeout_exclusive(q, condition, timeout) __wait_until(q, condition, TASK_INTERRUPTIBLE, WQ_FLAG_EXCLUSIVE, timeout, , )
#endif
