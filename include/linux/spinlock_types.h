/* The spinlock's word. */
#ifndef _LINUX_SPINLOCK_TYPES_H
#define _LINUX_SPINLOCK_TYPES_H
#include <generated/records.h>
typedef struct spinlock spinlock_t;
typedef struct spinlock raw_spinlock_t;
#define __SPIN_LOCK_UNLOCKED(name) { 0 }
#define DEFINE_SPINLOCK(name)	spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name) DEFINE_SPINLOCK(name)
#define SPIN_LOCK_UNLOCKED	((spinlock_t)__SPIN_LOCK_UNLOCKED())
#endif
