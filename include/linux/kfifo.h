/*
 * Queues of elements in a ring, or of records of any length. One who puts and one who gets need no lock between them; where
 * there may be several of either, these take one, as with the _spinlocked forms. Their size is a power of two.
 *
 * `in` and `out` count all elements ever put and got, and wrap around with the numbers:
 *
 *     who puts                               who gets
 *     out? room                              in? something is there
 *     the element is written                 the element is read
 *     in = in + 1  [kfifo:A]                 out = out + 1  [kfifo:B]
 *
 * [kfifo:A] pairs with the look at `in`: who sees the new count sees the element. [kfifo:B] pairs with the look at `out`:
 * an element is overwritten only after it was read.
 */
#ifndef _LINUX_KFIFO_H
#define _LINUX_KFIFO_H
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

struct __kfifo {
	unsigned int in;
	unsigned int out;
	unsigned int mask;
	unsigned int esize;
	void *data;
};

/* What has no size tells the macros the types: of an element, of what is copied in and out, and the bytes of a record's length. */
#define __KFIFO_FIELDS(type, header, buffer) \
	struct __kfifo kfifo; type element[0]; buffer *buffer_type[0]; const buffer *const_buffer_type[0]; char header_type[0][header]
#define __STRUCT_KFIFO(type, size, header, buffer) { __KFIFO_FIELDS(type, header, buffer); type buf[(size) < 2 || ((size) & ((size) - 1)) ? -1 : (size)]; }
#define __STRUCT_KFIFO_PTR(type, header, buffer) { __KFIFO_FIELDS(type, header, buffer); type buf[0]; }
#define STRUCT_KFIFO(type, size)	struct __STRUCT_KFIFO(type, size, 0, type)
#define STRUCT_KFIFO_PTR(type)		struct __STRUCT_KFIFO_PTR(type, 0, type)
#define STRUCT_KFIFO_REC_1(size)	struct __STRUCT_KFIFO(unsigned char, size, 1, void)
#define STRUCT_KFIFO_REC_2(size)	struct __STRUCT_KFIFO(unsigned char, size, 2, void)
struct kfifo __STRUCT_KFIFO_PTR(unsigned char, 0, void);
struct kfifo_rec_ptr_1 __STRUCT_KFIFO_PTR(unsigned char, 1, void);
struct kfifo_rec_ptr_2 __STRUCT_KFIFO_PTR(unsigned char, 2, void);

#define DECLARE_KFIFO(name, type, size)	STRUCT_KFIFO(type, size) name
#define DECLARE_KFIFO_PTR(name, type)	STRUCT_KFIFO_PTR(type) name
#define __KFIFO_INITIALIZER(name) { .kfifo = { \
	.mask = sizeof((name).buf) ? sizeof((name).buf) / sizeof((name).element[0]) - 1 : 0, \
	.esize = sizeof((name).element[0]), .data = sizeof((name).buf) ? (name).buf : NULL } }
#define DEFINE_KFIFO(name, type, size)	DECLARE_KFIFO(name, type, size) = __KFIFO_INITIALIZER(name)
#define INIT_KFIFO(name) ((void)((name).kfifo = (struct __kfifo){ \
	.mask = sizeof((name).buf) ? sizeof((name).buf) / sizeof((name).element[0]) - 1 : 0, \
	.esize = sizeof((name).element[0]), .data = sizeof((name).buf) ? (name).buf : NULL }))

#define __kfifo_header(fifo)		((unsigned int)sizeof((fifo)->header_type[0]))
#define __kfifo_inside(fifo)		(sizeof((fifo)->buf) != 0)
#define __kfifo_esize(fifo)		((unsigned int)sizeof((fifo)->element[0]))
/* In the record itself, so that one that was moved still works. */
#define __kfifo_data(fifo)		((char *)(__kfifo_inside(fifo) ? (void *)(fifo)->buf : (fifo)->kfifo.data))

static __maybe_unused int __kfifo_alloc(struct __kfifo *fifo, unsigned int n, unsigned int esize, gfp_t flags)
{
	n = roundup_pow_of_two(n);
	*fifo = (struct __kfifo){ .esize = esize };
	if (n < 2)
		return -EINVAL;
	fifo->data = kmalloc_array(n, esize, flags);
	if (!fifo->data)
		return -ENOMEM;
	fifo->mask = n - 1;
	return 0;
}
static __maybe_unused int __kfifo_init(struct __kfifo *fifo, void *buffer, unsigned int bytes, unsigned int esize)
{
	unsigned int n = bytes / esize;

	*fifo = (struct __kfifo){ .esize = esize, .data = buffer };
	if (n < 2)
		return -EINVAL;
	fifo->mask = rounddown_pow_of_two(n) - 1;
	return 0;
}
static __maybe_unused void __kfifo_free(struct __kfifo *fifo)
{
	kfree(fifo->data);
	*fifo = (struct __kfifo){ .esize = fifo->esize };
}
/* The elements that are there, for who gets, and the places left, for who puts. */
static __always_inline unsigned int __kfifo_there(struct __kfifo *fifo) { return smp_load_acquire(&fifo->in) - fifo->out; }
static __always_inline unsigned int __kfifo_room(struct __kfifo *fifo) { return fifo->mask + 1 - (fifo->in - smp_load_acquire(&fifo->out)); }

/* Copies between `with` and the ring, from element `at` on, to the ring if `put`; in two parts where it wraps. */
static __maybe_unused void __kfifo_copy(struct __kfifo *fifo, char *data, unsigned int at, char *with, unsigned int n, bool put)
{
	unsigned int esize = fifo->esize, from = at & fifo->mask;
	unsigned int first = min(n, fifo->mask + 1 - from) * esize;

	if (put) {
		memcpy(data + from * esize, with, first);
		memcpy(data, with + first, n * esize - first);
	} else {
		memcpy(with, data + from * esize, first);
		memcpy(with + first, data, n * esize - first);
	}
}
static __maybe_unused unsigned int __kfifo_in(struct __kfifo *fifo, char *data, const void *from, unsigned int n)
{
	n = min(n, __kfifo_room(fifo));
	__kfifo_copy(fifo, data, fifo->in, (char *)from, n, true);
	smp_store_release(&fifo->in, fifo->in + n); /* [kfifo:A] */
	return n;
}
static __maybe_unused unsigned int __kfifo_peek(struct __kfifo *fifo, char *data, void *to, unsigned int n)
{
	n = min(n, __kfifo_there(fifo));
	__kfifo_copy(fifo, data, fifo->out, to, n, false);
	return n;
}
static __always_inline void __kfifo_gone(struct __kfifo *fifo, unsigned int n) { smp_store_release(&fifo->out, fifo->out + n); /* [kfifo:B] */ }

/* Records: bytes, with their number before them, in one byte or two. */
static __maybe_unused unsigned int __kfifo_length(struct __kfifo *fifo, char *data, unsigned int header)
{
	unsigned char length[2] = { 0 };

	if (!__kfifo_there(fifo))
		return 0;
	__kfifo_copy(fifo, data, fifo->out, (char *)length, header, false);
	return length[0] | length[1] << 8;
}
static __maybe_unused unsigned int __kfifo_in_record(struct __kfifo *fifo, char *data, const void *from, unsigned int n, unsigned int header)
{
	unsigned char length[2] = { n, n >> 8 };

	if (n + header > __kfifo_room(fifo) || n >> (8 * header))
		return 0;
	__kfifo_copy(fifo, data, fifo->in, (char *)length, header, true);
	__kfifo_copy(fifo, data, fifo->in + header, (char *)from, n, true);
	smp_store_release(&fifo->in, fifo->in + header + n); /* [kfifo:A] */
	return n;
}
static __maybe_unused unsigned int __kfifo_peek_record(struct __kfifo *fifo, char *data, void *to, unsigned int n, unsigned int header)
{
	if (!__kfifo_there(fifo))
		return 0;
	n = min(n, __kfifo_length(fifo, data, header));
	__kfifo_copy(fifo, data, fifo->out + header, to, n, false);
	return n;
}
static __maybe_unused void __kfifo_skip_record(struct __kfifo *fifo, char *data, unsigned int header)
{
	if (__kfifo_there(fifo))
		__kfifo_gone(fifo, header + __kfifo_length(fifo, data, header));
}

#define kfifo_initialized(fifo)		((fifo)->kfifo.mask != 0)
#define kfifo_esize(fifo)		((fifo)->kfifo.esize)
#define kfifo_recsize(fifo)		__kfifo_header(fifo)
#define kfifo_size(fifo)		((fifo)->kfifo.mask + 1)
#define kfifo_reset(fifo)		((void)((fifo)->kfifo.in = (fifo)->kfifo.out = 0))
#define kfifo_reset_out(fifo)		((void)((fifo)->kfifo.out = (fifo)->kfifo.in))
#define kfifo_len(fifo)			(READ_ONCE((fifo)->kfifo.in) - READ_ONCE((fifo)->kfifo.out))
#define kfifo_is_empty(fifo)		(READ_ONCE((fifo)->kfifo.in) == READ_ONCE((fifo)->kfifo.out))
#define kfifo_is_full(fifo)		(kfifo_len(fifo) > (fifo)->kfifo.mask)
/* Elements that can be put; for records the bytes of one. */
#define kfifo_avail(fifo) ({ \
	unsigned int __left = kfifo_size(fifo) - kfifo_len(fifo), __before = __kfifo_header(fifo); \
	!__before ? __left : __left <= __before ? 0 : min(__left - __before, (1u << (8 * __before)) - 1); \
})
#define kfifo_is_empty_spinlocked(fifo, lock) ({ unsigned long __flags; int __is; spin_lock_irqsave(lock, __flags); __is = kfifo_is_empty(fifo); spin_unlock_irqrestore(lock, __flags); __is; })
#define kfifo_is_empty_spinlocked_noirqsave(fifo, lock) kfifo_is_empty_spinlocked(fifo, lock)

#define kfifo_alloc(fifo, n, flags)	(__kfifo_inside(fifo) ? -EINVAL : __kfifo_alloc(&(fifo)->kfifo, n, __kfifo_esize(fifo), flags))
#define kfifo_alloc_node(fifo, n, flags, node) kfifo_alloc(fifo, n, flags)
#define kfifo_init(fifo, buffer, bytes)	(__kfifo_inside(fifo) ? -EINVAL : __kfifo_init(&(fifo)->kfifo, buffer, bytes, __kfifo_esize(fifo)))
#define kfifo_free(fifo)		do { if (!__kfifo_inside(fifo)) __kfifo_free(&(fifo)->kfifo); } while (0)

/* Each gives what it copied: elements, or bytes of a record. */
#define __kfifo_do_in(fifo, from, n) (__kfifo_header(fifo) \
	? __kfifo_in_record(&(fifo)->kfifo, __kfifo_data(fifo), from, n, __kfifo_header(fifo)) \
	: __kfifo_in(&(fifo)->kfifo, __kfifo_data(fifo), from, n))
#define __kfifo_do_peek(fifo, to, n) (__kfifo_header(fifo) \
	? __kfifo_peek_record(&(fifo)->kfifo, __kfifo_data(fifo), to, n, __kfifo_header(fifo)) \
	: __kfifo_peek(&(fifo)->kfifo, __kfifo_data(fifo), to, n))
#define __kfifo_do_skip(fifo, n) (__kfifo_header(fifo) \
	? __kfifo_skip_record(&(fifo)->kfifo, __kfifo_data(fifo), __kfifo_header(fifo)) \
	: __kfifo_gone(&(fifo)->kfifo, n))
#define kfifo_put(fifo, value) ({ \
	__typeof__(fifo) __at = (fifo); \
	__typeof__((fifo)->element[0]) __value = (value); \
	__kfifo_do_in(__at, &__value, 1) != 0; \
})
#define kfifo_get(fifo, to) ({ \
	__typeof__(fifo) __at = (fifo); \
	__typeof__(&(fifo)->element[0]) __to = (to); \
	unsigned int __got = __kfifo_do_peek(__at, __to, 1); \
	if (__got) \
		__kfifo_do_skip(__at, 1); \
	__got != 0; \
})
#define kfifo_peek(fifo, to) ({ \
	__typeof__(fifo) __at = (fifo); \
	__typeof__(&(fifo)->element[0]) __to = (to); \
	__kfifo_do_peek(__at, __to, 1) != 0; \
})
#define kfifo_in(fifo, from, n) ({ \
	__typeof__(fifo) __at = (fifo); \
	__typeof__((fifo)->const_buffer_type[0]) __from = (from); \
	unsigned int __n = (n); \
	__kfifo_do_in(__at, __from, __n); \
})
#define kfifo_out(fifo, to, n) ({ \
	__typeof__(fifo) __at = (fifo); \
	__typeof__((fifo)->buffer_type[0]) __to = (to); \
	unsigned int __n = (n), __got = __kfifo_do_peek(__at, __to, __n); \
	__kfifo_do_skip(__at, __got); \
	__got; \
})
#define kfifo_out_peek(fifo, to, n) ({ \
	__typeof__(fifo) __at = (fifo); \
	__typeof__((fifo)->buffer_type[0]) __to = (to); \
	unsigned int __n = (n); \
	__kfifo_do_peek(__at, __to, __n); \
})
#define kfifo_skip(fifo)		do { __typeof__(fifo) __at = (fifo); __kfifo_do_skip(__at, 1); } while (0)
#define kfifo_skip_count(fifo, n)	do { __typeof__(fifo) __at = (fifo); __kfifo_gone(&__at->kfifo, n); } while (0)
/* The bytes of what comes next. */
#define kfifo_peek_len(fifo)		(__kfifo_header(fifo) ? __kfifo_length(&(fifo)->kfifo, __kfifo_data(fifo), __kfifo_header(fifo)) : kfifo_len(fifo) * __kfifo_esize(fifo))
#define kfifo_in_spinlocked(fifo, from, n, lock) ({ unsigned long __flags; unsigned int __put; spin_lock_irqsave(lock, __flags); __put = kfifo_in(fifo, from, n); spin_unlock_irqrestore(lock, __flags); __put; })
#define kfifo_out_spinlocked(fifo, to, n, lock) ({ unsigned long __flags; unsigned int __out; spin_lock_irqsave(lock, __flags); __out = kfifo_out(fifo, to, n); spin_unlock_irqrestore(lock, __flags); __out; })
#define kfifo_in_spinlocked_noirqsave(fifo, from, n, lock) kfifo_in_spinlocked(fifo, from, n, lock)
#define kfifo_out_spinlocked_noirqsave(fifo, to, n, lock) kfifo_out_spinlocked(fifo, to, n, lock)
#define kfifo_in_locked(fifo, from, n, lock) kfifo_in_spinlocked(fifo, from, n, lock)
#define kfifo_out_locked(fifo, to, n, lock) kfifo_out_spinlocked(fifo, to, n, lock)
/* A part of what is there, as it lies in memory: the number of elements, and where the first of them is. */
#define kfifo_out_linear_ptr(fifo, to, n) ({ \
	__typeof__(fifo) __at = (fifo); \
	unsigned int __from = __at->kfifo.out & __at->kfifo.mask; \
	unsigned int __run = min(min((unsigned int)(n), __kfifo_there(&__at->kfifo)), __at->kfifo.mask + 1 - __from); \
	*(to) = (void *)(__kfifo_data(__at) + __from * __at->kfifo.esize); \
	__run; \
})

/* With memory of the process that calls: *copied bytes, whole elements or one record; 0 or -EFAULT. What was copied before a fault counts. */
static __maybe_unused unsigned int __kfifo_copy_user(struct __kfifo *fifo, char *data, unsigned int at, char __user *user, unsigned int n, bool put)
{
	unsigned int esize = fifo->esize, from = at & fifo->mask;
	unsigned int first = min(n, fifo->mask + 1 - from) * esize, rest = n * esize - first, left;

	left = put ? copy_from_user(data + from * esize, user, first) : copy_to_user(user, data + from * esize, first);
	if (left)
		return left + rest;
	return rest == 0 ? 0 : put ? copy_from_user(data, user + first, rest) : copy_to_user(user + first, data, rest);
}
static __maybe_unused int __kfifo_user(struct __kfifo *fifo, char *data, char __user *user, unsigned int bytes, unsigned int *copied, bool put)
{
	unsigned int n = min(bytes / fifo->esize, put ? __kfifo_room(fifo) : __kfifo_there(fifo));
	unsigned int left = n ? __kfifo_copy_user(fifo, data, put ? fifo->in : fifo->out, user, n, put) : 0;

	n -= (left + fifo->esize - 1) / fifo->esize;
	*copied = n * fifo->esize;
	if (put)
		smp_store_release(&fifo->in, fifo->in + n); /* [kfifo:A] */
	else
		__kfifo_gone(fifo, n);
	return left ? -EFAULT : 0;
}
static __maybe_unused int __kfifo_user_record(struct __kfifo *fifo, char *data, char __user *user, unsigned int n, unsigned int *copied, bool put, unsigned int header)
{
	unsigned char length[2] = { 0 };

	*copied = 0;
	if (put) {
		n = min(n, (1u << (8 * header)) - 1);
		if (n + header > __kfifo_room(fifo))
			return 0;
		if (__kfifo_copy_user(fifo, data, fifo->in + header, user, n, true))
			return -EFAULT;
		length[0] = n;
		length[1] = n >> 8;
		__kfifo_copy(fifo, data, fifo->in, (char *)length, header, true);
		smp_store_release(&fifo->in, fifo->in + header + n); /* [kfifo:A] */
	} else {
		if (!__kfifo_there(fifo))
			return 0;
		n = min(n, __kfifo_length(fifo, data, header));
		if (__kfifo_copy_user(fifo, data, fifo->out + header, user, n, false))
			return -EFAULT;
		__kfifo_skip_record(fifo, data, header);
	}
	*copied = n;
	return 0;
}
#define __kfifo_with_user(fifo, user, n, copied, put) ({ \
	__typeof__(fifo) __at = (fifo); \
	__kfifo_header(fifo) ? __kfifo_user_record(&__at->kfifo, __kfifo_data(__at), (char __user *)(user), n, copied, put, __kfifo_header(fifo)) \
			     : __kfifo_user(&__at->kfifo, __kfifo_data(__at), (char __user *)(user), n, copied, put); \
})
#define kfifo_from_user(fifo, from, n, copied)	__kfifo_with_user(fifo, from, n, copied, true)
#define kfifo_to_user(fifo, to, n, copied)	__kfifo_with_user(fifo, to, n, copied, false)
#endif
