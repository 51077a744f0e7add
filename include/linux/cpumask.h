/* Sets of CPUs. */
#ifndef _LINUX_CPUMASK_H
#define _LINUX_CPUMASK_H
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/smp.h>

#define cpumask_bits(mask)	((mask)->bits)
#define nr_cpumask_bits		nr_cpu_ids
#define cpu_online_mask		(&(const struct cpumask){ { kthread_cpus(0, 1), kthread_cpus(1, 1) } })
#define cpu_active_mask		cpu_online_mask
#define cpu_possible_mask	(&(const struct cpumask){ { kthread_cpus(0, 0), kthread_cpus(1, 0) } })
#define cpu_present_mask	cpu_possible_mask
#define cpu_all_mask		(&(const struct cpumask){ { ~0UL, ~0UL } })
#define cpu_none_mask		(&(const struct cpumask){ { 0, 0 } })
#define cpumask_of(cpu)		(&(const struct cpumask){ { (cpu) < 32 ? BIT(cpu) : 0, (cpu) < 32 ? 0 : BIT((cpu) & 31) } })
#define CPU_MASK_ALL		((cpumask_t){ { ~0UL, ~0UL } })
#define CPU_MASK_NONE		((cpumask_t){ { 0, 0 } })

static __always_inline void cpumask_clear(struct cpumask *mask) { mask->bits[0] = mask->bits[1] = 0; }
static __always_inline void cpumask_setall(struct cpumask *mask) { *mask = *cpu_possible_mask; }
static __always_inline void cpumask_copy(struct cpumask *to, const struct cpumask *from) { *to = *from; }
#define cpumask_set_cpu(cpu, mask)		set_bit(cpu, (mask)->bits)
#define cpumask_clear_cpu(cpu, mask)		clear_bit(cpu, (mask)->bits)
#define cpumask_test_cpu(cpu, mask)		test_bit(cpu, (mask)->bits)
#define cpumask_test_and_set_cpu(cpu, mask)	test_and_set_bit(cpu, (mask)->bits)
#define cpumask_test_and_clear_cpu(cpu, mask)	test_and_clear_bit(cpu, (mask)->bits)
static __always_inline bool cpumask_and(struct cpumask *to, const struct cpumask *a, const struct cpumask *b) { to->bits[0] = a->bits[0] & b->bits[0]; to->bits[1] = a->bits[1] & b->bits[1]; return (to->bits[0] | to->bits[1]) != 0; }
static __always_inline bool cpumask_andnot(struct cpumask *to, const struct cpumask *a, const struct cpumask *b) { to->bits[0] = a->bits[0] & ~b->bits[0]; to->bits[1] = a->bits[1] & ~b->bits[1]; return (to->bits[0] | to->bits[1]) != 0; }
static __always_inline void cpumask_or(struct cpumask *to, const struct cpumask *a, const struct cpumask *b) { to->bits[0] = a->bits[0] | b->bits[0]; to->bits[1] = a->bits[1] | b->bits[1]; }
static __always_inline void cpumask_xor(struct cpumask *to, const struct cpumask *a, const struct cpumask *b) { to->bits[0] = a->bits[0] ^ b->bits[0]; to->bits[1] = a->bits[1] ^ b->bits[1]; }
static __always_inline bool cpumask_equal(const struct cpumask *a, const struct cpumask *b) { return a->bits[0] == b->bits[0] && a->bits[1] == b->bits[1]; }
static __always_inline bool cpumask_subset(const struct cpumask *a, const struct cpumask *b) { return ((a->bits[0] & ~b->bits[0]) | (a->bits[1] & ~b->bits[1])) == 0; }
static __always_inline bool cpumask_intersects(const struct cpumask *a, const struct cpumask *b) { return ((a->bits[0] & b->bits[0]) | (a->bits[1] & b->bits[1])) != 0; }
static __always_inline bool cpumask_empty(const struct cpumask *mask) { return (mask->bits[0] | mask->bits[1]) == 0; }
static __always_inline unsigned int cpumask_weight(const struct cpumask *mask) { return hweight32(mask->bits[0]) + hweight32(mask->bits[1]); }
/* nr_cpu_ids, or more, where there is none. */
static __always_inline unsigned int __cpumask_from(const struct cpumask *mask, unsigned int from) { unsigned int found = __bit_find(mask->bits, NR_CPUS, from, 0); return found < NR_CPUS ? found : nr_cpu_ids; }
#define cpumask_first(mask)		__cpumask_from(mask, 0)
#define cpumask_next(cpu, mask)		__cpumask_from(mask, (cpu) + 1)
#define cpumask_any(mask)		cpumask_first(mask)
static __always_inline unsigned int cpumask_last(const struct cpumask *mask) { unsigned long found = find_last_bit(mask->bits, NR_CPUS); return found < NR_CPUS ? found : nr_cpu_ids; }
static __always_inline unsigned int cpumask_next_and(int cpu, const struct cpumask *a, const struct cpumask *b) { struct cpumask both; cpumask_and(&both, a, b); return cpumask_next(cpu, &both); }
static __always_inline unsigned int cpumask_next_wrap_cpu(int cpu, const struct cpumask *mask) { unsigned int next = cpumask_next(cpu, mask); return next < nr_cpu_ids ? next : cpumask_first(mask); }
#define cpumask_any_and(a, b)		cpumask_next_and(-1, a, b)
#define for_each_cpu(cpu, mask) \
	for ((cpu) = cpumask_first(mask); (unsigned int)(cpu) < nr_cpu_ids; (cpu) = cpumask_next(cpu, mask))

typedef struct cpumask cpumask_var_t[1];
static __always_inline bool alloc_cpumask_var(cpumask_var_t *mask, gfp_t flags) { return true; }
static __always_inline bool zalloc_cpumask_var(cpumask_var_t *mask, gfp_t flags) { cpumask_clear(*mask); return true; }
static __always_inline void free_cpumask_var(cpumask_var_t mask) { }
#endif
