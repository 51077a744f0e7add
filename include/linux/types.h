/* The types of kernel code, on a machine whose long and pointers have 32 bits. */
#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H
#include <linux/compiler.h>
#include <linux/list_types.h>

typedef signed char		s8;
typedef unsigned char		u8;
typedef short			s16;
typedef unsigned short		u16;
typedef int			s32;
typedef unsigned int		u32;
typedef long long		s64;
typedef unsigned long long	u64;
typedef s8 __s8;
typedef u8 __u8;
typedef s16 __s16;
typedef u16 __u16;
typedef s32 __s32;
typedef u32 __u32;
typedef s64 __s64;
typedef u64 __u64;
typedef u16 __le16, __be16;
typedef u32 __le32, __be32;
typedef u64 __le64, __be64;
typedef u8 uint8_t;
typedef u16 uint16_t;
typedef u32 uint32_t;
typedef u64 uint64_t;
typedef s8 int8_t;
typedef s16 int16_t;
typedef s32 int32_t;
typedef s64 int64_t;
typedef unsigned char		unchar;
typedef unsigned short		ushort;
typedef unsigned int		uint;
typedef unsigned long		ulong;

typedef __SIZE_TYPE__		size_t;
typedef __PTRDIFF_TYPE__	ptrdiff_t;
typedef long			ssize_t;
typedef long long		loff_t;
typedef long			off_t;
typedef int			pid_t;
typedef unsigned int		uid_t;
typedef unsigned int		gid_t;
typedef unsigned short		umode_t;
typedef struct { uid_t val; } kuid_t;
typedef struct { gid_t val; } kgid_t;
typedef unsigned int		__poll_t;
typedef unsigned int		dev_t;
typedef unsigned int		gfp_t;
typedef unsigned int		fmode_t;
typedef unsigned int		slab_flags_t;
typedef unsigned long		uintptr_t;
typedef long			intptr_t;
typedef u32			phys_addr_t;
typedef u32			dma_addr_t;
typedef u64			sector_t;
typedef long long		time64_t;
typedef long			clock_t;
typedef int			clockid_t;
typedef _Bool			bool;
#define true			1
#define false			0
#ifndef NULL
#define NULL			((void *)0)
#endif
#define offsetof(type, member)	__builtin_offsetof(type, member)

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	s64 counter;
} atomic64_t;
typedef atomic_t atomic_long_t;

/* A set of CPUs: as many words as a task has for it. */
typedef struct cpumask {
	unsigned long bits[2];
} cpumask_t;
/* Signal n is bit n-1. */
typedef struct {
	unsigned long sig[2];
} sigset_t;

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};
#define rcu_head callback_head
#endif
