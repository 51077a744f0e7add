/* CPUs. */
#ifndef _LINUX_SMP_H
#define _LINUX_SMP_H
#include <linux/preempt.h>
#include <linux/types.h>
extern unsigned int kthread_cpu(void);
extern unsigned int kthread_nr_cpus(void);
#define smp_processor_id()	kthread_cpu()
#define raw_smp_processor_id()	kthread_cpu()
#define get_cpu()		({ preempt_disable(); kthread_cpu(); })
#define put_cpu()		preempt_enable()
#define num_online_cpus()	kthread_nr_cpus()
#define num_possible_cpus()	kthread_nr_cpus()
#define num_present_cpus()	kthread_nr_cpus()
#define nr_cpu_ids		kthread_nr_cpus()
#define NR_CPUS			64
#define cpu_online(cpu)		((unsigned int)(cpu) < kthread_nr_cpus())
#define cpu_possible(cpu)	cpu_online(cpu)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (unsigned int)(cpu) < kthread_nr_cpus(); (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)
#endif
