/* Sequence locks: readers take nothing, and read again where a writer came in between. */
#ifndef _LINUX_SEQLOCK_H
#define _LINUX_SEQLOCK_H
#include <linux/spinlock.h>
#include <generated/records.h>
typedef struct seqlock seqlock_t;
/* The same record: its spinlock is left alone, the writers have one of their own. */
typedef struct seqlock seqcount_t;
typedef seqcount_t seqcount_spinlock_t;
typedef seqcount_t seqcount_mutex_t;
extern unsigned int read_seqbegin(const seqlock_t *lock);
extern unsigned int read_seqretry(const seqlock_t *lock, unsigned int start);
extern void write_seqlock(seqlock_t *lock);
extern void write_sequnlock(seqlock_t *lock);
extern void write_seqcount_begin(seqcount_t *count);
extern void write_seqcount_end(seqcount_t *count);
extern void read_seqlock_excl(seqlock_t *lock);
extern void read_sequnlock_excl(seqlock_t *lock);
#define __SEQLOCK_UNLOCKED(name)	{ 0 }
#define SEQCNT_ZERO(name)		{ 0 }
#define SEQCNT_SPINLOCK_ZERO(name, lock) { 0 }
#define SEQCNT_MUTEX_ZERO(name, lock)	{ 0 }
#define DEFINE_SEQLOCK(name)		seqlock_t name = __SEQLOCK_UNLOCKED(name)
#define seqlock_init(lock)		(*(lock) = (seqlock_t){ 0 })
#define seqcount_init(count)		seqlock_init(count)
#define seqcount_spinlock_init(count, lock) seqlock_init(count)
#define seqcount_mutex_init(count, lock) seqlock_init(count)
#define read_seqcount_begin(count)	read_seqbegin(count)
#define read_seqcount_retry(count, start) read_seqretry(count, start)
#define raw_read_seqcount(count)	READ_ONCE((count)->sequence)
#define raw_write_seqcount_begin(count)	write_seqcount_begin(count)
#define raw_write_seqcount_end(count)	write_seqcount_end(count)
static __always_inline void write_seqlock_irq(seqlock_t *lock) { local_irq_disable(); write_seqlock(lock); }
static __always_inline void write_sequnlock_irq(seqlock_t *lock) { write_sequnlock(lock); local_irq_enable(); }
static __always_inline void write_seqlock_bh(seqlock_t *lock) { local_bh_disable(); write_seqlock(lock); }
static __always_inline void write_sequnlock_bh(seqlock_t *lock) { write_sequnlock(lock); local_bh_enable(); }
#define write_seqlock_irqsave(lock, flags) do { local_irq_save(flags); write_seqlock(lock); } while (0)
static __always_inline void write_sequnlock_irqrestore(seqlock_t *lock, unsigned long flags) { write_sequnlock(lock); local_irq_restore(flags); }
static __always_inline void read_seqlock_excl_irq(seqlock_t *lock) { local_irq_disable(); read_seqlock_excl(lock); }
static __always_inline void read_sequnlock_excl_irq(seqlock_t *lock) { read_sequnlock_excl(lock); local_irq_enable(); }
static __always_inline void read_seqlock_excl_bh(seqlock_t *lock) { local_bh_disable(); read_seqlock_excl(lock); }
static __always_inline void read_sequnlock_excl_bh(seqlock_t *lock) { read_sequnlock_excl(lock); local_bh_enable(); }
#define read_seqlock_excl_irqsave(lock, flags) do { local_irq_save(flags); read_seqlock_excl(lock); } while (0)
static __always_inline void read_sequnlock_excl_irqrestore(seqlock_t *lock, unsigned long flags) { read_sequnlock_excl(lock); local_irq_restore(flags); }
/* Reads without a lock first, and with it where that failed: `seq` begins even. */
static __always_inline void read_seqbegin_or_lock(seqlock_t *lock, int *seq) { if (*seq & 1) read_seqlock_excl(lock); else *seq = read_seqbegin(lock); }
static __always_inline int need_seqretry(seqlock_t *lock, int seq) { return !(seq & 1) && read_seqretry(lock, seq); }
static __always_inline void done_seqretry(seqlock_t *lock, int seq) { if (seq & 1) read_sequnlock_excl(lock); }
#endif
