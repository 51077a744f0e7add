/* rw_semaphores whose readers are many and whose writers are rare. Readers of all CPUs count in one place here: they are <linux/rwsem.h>'s with other names. */
#ifndef _LINUX_PERCPU_RWSEM_H
#define _LINUX_PERCPU_RWSEM_H
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/rwsem.h>
struct percpu_rw_semaphore {
	struct rw_semaphore rw_sem;
};
#define __PERCPU_RWSEM_INITIALIZER(name) { .rw_sem = __RWSEM_INITIALIZER((name).rw_sem) }
#define DEFINE_PERCPU_RWSEM(name)	struct percpu_rw_semaphore name = __PERCPU_RWSEM_INITIALIZER(name)
#define DEFINE_STATIC_PERCPU_RWSEM(name) static DEFINE_PERCPU_RWSEM(name)
#define percpu_init_rwsem(sem)		({ init_rwsem(&(sem)->rw_sem); 0; })
#define percpu_free_rwsem(sem)		do { (void)(sem); } while (0)
#define percpu_down_read(sem)		down_read(&(sem)->rw_sem)
#define percpu_down_read_trylock(sem)	down_read_trylock(&(sem)->rw_sem)
#define percpu_up_read(sem)		up_read(&(sem)->rw_sem)
#define percpu_down_write(sem)		down_write(&(sem)->rw_sem)
#define percpu_up_write(sem)		up_write(&(sem)->rw_sem)
#define percpu_is_write_locked(sem)	(READ_ONCE((sem)->rw_sem.writer) != 0)
#define percpu_is_read_locked(sem)	(READ_ONCE((sem)->rw_sem.readers) > 0)
#define percpu_rwsem_assert_held(sem)	lockdep_assert_held(&(sem)->rw_sem)
#endif
