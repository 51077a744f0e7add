/* CPUs. */
#ifndef _LINUX_SMP_H
#define _LINUX_SMP_H
#include <linux/preempt.h>
#include <linux/types.h>
extern unsigned int kthread_cpu(void);
extern unsigned int kthread_nr_cpus(void);
extern unsigned long kthread_cpus(int word, int online);
extern int kthread_cpu_online(unsigned int cpu);
#define smp_processor_id()	kthread_cpu()
#define raw_smp_processor_id()	kthread_cpu()
/* Keeps others of the CPU waiting that ask for it so: two threads of one CPU may run at a time here. */
extern unsigned int kthread_get_cpu(void);
extern void kthread_put_cpu(void);
#define get_cpu()		kthread_get_cpu()
#define put_cpu()		kthread_put_cpu()
#define num_online_cpus()	((unsigned int)(__builtin_popcountl(kthread_cpus(0, 1)) + __builtin_popcountl(kthread_cpus(1, 1))))
#define num_possible_cpus()	kthread_nr_cpus()
#define num_present_cpus()	kthread_nr_cpus()
#define nr_cpu_ids		kthread_nr_cpus()
#define NR_CPUS			64
#define cpu_online(cpu)		kthread_cpu_online(cpu)
#define cpu_possible(cpu)	((unsigned int)(cpu) < kthread_nr_cpus())
#define cpu_present(cpu)	cpu_possible(cpu)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (unsigned int)(cpu) < kthread_nr_cpus(); (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu) if (cpu_online(cpu))
#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)
#endif
