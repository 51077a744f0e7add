/*
 * Memory of the process that calls. Only in the task of that process, and only what it lent for the call. What cannot be
 * copied is counted, or is -EFAULT; going over the end of what it lent is a report.
 */
#ifndef _LINUX_UACCESS_H
#define _LINUX_UACCESS_H
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#define VERIFY_READ	0
#define VERIFY_WRITE	1
extern int kthread_access_ok(const void __user *from, unsigned long size);
/* With a first argument for the direction before Linux 5.0. */
#define __access_ok3(type, at, size)	kthread_access_ok((at), (size))
#define __access_ok2(at, size)		kthread_access_ok((at), (size))
#define __access_ok_of(a, b, c, which, ...) which
#define access_ok(args...)	(__access_ok_of(args, __access_ok3, __access_ok2, 0)(args))
extern unsigned long _copy_to_user(void __user *to, const void *from, unsigned long size);
extern unsigned long _copy_from_user(void *to, const void __user *from, unsigned long size);
extern unsigned long kthread_clear_user(void __user *to, unsigned long size);
extern long kthread_strnlen_user(const char __user *text, long most);
#define copy_to_user(to, from, size)	({ might_sleep(); _copy_to_user((void *)(to), (const void *)(from), (size)); })
#define copy_from_user(to, from, size)	({ might_sleep(); _copy_from_user((void *)(to), (const void *)(from), (size)); })
#define __copy_to_user		copy_to_user
#define __copy_from_user	copy_from_user
#define raw_copy_to_user	copy_to_user
#define raw_copy_from_user	copy_from_user
#define __copy_to_user_inatomic(to, from, size)		_copy_to_user((void *)(to), (from), (size))
#define __copy_from_user_inatomic(to, from, size)	_copy_from_user((to), (const void *)(from), (size))
#define clear_user(to, size)	({ might_sleep(); kthread_clear_user((void *)(to), (size)); })
#define __clear_user		clear_user
#define strnlen_user(text, most)	kthread_strnlen_user((text), (most))
#define strlen_user(text)	kthread_strnlen_user((text), 0x7ffffffe)
#define put_user(value, at)	({ __typeof__(*(at)) __put = (__typeof__(*(at)))(value); copy_to_user((void *)(at), &__put, sizeof(__put)) ? -EFAULT : 0; })
#define get_user(value, at)	({ \
	char __got[sizeof(*(at))] __attribute__((__aligned__(8))) = { 0 }; \
	int __failed = copy_from_user(__got, (at), sizeof(__got)) ? -EFAULT : 0; \
	(value) = (__typeof__(value))*(__typeof__(*(at)) *)__got; \
	__failed; \
})
#define __put_user	put_user
#define __get_user	get_user
#define unsafe_put_user(value, at, label)	do { if (put_user(value, at)) goto label; } while (0)
#define unsafe_get_user(value, at, label)	do { if (get_user(value, at)) goto label; } while (0)
#define user_access_begin(at, size)	access_ok(at, size)
#define user_access_end()		do { } while (0)
#define pagefault_disable()	preempt_disable()
#define pagefault_enable()	preempt_enable()
/* Bytes of the text without its NUL, `count` if there is none so far, or -EFAULT. */
static __maybe_unused long strncpy_from_user(char *to, const char __user *from, long count)
{
	long length = kthread_strnlen_user(from, count);

	if (count <= 0)
		return 0;
	if (length == 0)
		return -EFAULT;
	if (length > count)
		return copy_from_user(to, from, count) ? -EFAULT : count;
	if (copy_from_user(to, from, length - 1))
		return -EFAULT;
	to[length - 1] = 0;
	return length - 1;
}
static __maybe_unused int copy_struct_from_user(void *to, size_t size, const void __user *from, size_t given)
{
	size_t count = size < given ? size : given;

	memset((char *)to + count, 0, size - count);
	return copy_from_user(to, from, count) ? -EFAULT : 0;
}
/* Copies in memory of their own, or an error pointer: of bytes, with a NUL behind them, of a text. */
static __maybe_unused void *memdup_user(const void __user *from, size_t size)
{
	void *copy = kmalloc(size, GFP_USER);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, from, size)) {
		kfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}
#define vmemdup_user(from, size) memdup_user(from, size)
static __maybe_unused void *memdup_user_nul(const void __user *from, size_t size)
{
	char *copy = kmalloc(size + 1, GFP_USER);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, from, size)) {
		kfree(copy);
		return ERR_PTR(-EFAULT);
	}
	copy[size] = 0;
	return copy;
}
static __maybe_unused char *strndup_user(const char __user *from, long most)
{
	long length = strnlen_user(from, most);
	char *copy;

	if (length == 0)
		return ERR_PTR(-EFAULT);
	if (length > most)
		return ERR_PTR(-EINVAL);
	copy = memdup_user(from, length);
	if (!IS_ERR(copy))
		copy[length - 1] = 0;
	return copy;
}
#endif
