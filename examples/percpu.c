// percpu.ts in C: a thread on every CPU. Each CPU has a variable of its own, here for its thread.
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/smp.h>

static DEFINE_PER_CPU(struct task_struct *, patroller);

static int patrol(void *data)
{
	const long rounds = (long)data;
	int round = 0;

	while (round < rounds && !kthread_should_stop()) {
		round++;
		pr_info("%s: round %d on CPU %d\n", current->comm, round, smp_processor_id());
		schedule_timeout_interruptible(HZ / 2);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return round;
}

static void percpu_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct task_struct *task = per_cpu(patroller, cpu);
		char name[TASK_COMM_LEN];

		if (!task)
			continue;
		strscpy(name, task->comm, sizeof(name)); // The task may be gone when it has been stopped.
		pr_info("%s did %d rounds\n", name, kthread_stop(task));
	}
}

static int __init percpu_init(void)
{
	int cpu;

	for_each_online_cpu(cpu) {
		struct task_struct *task = kthread_run_on_cpu(patrol, (void *)2L, cpu, "patrol/%u");

		if (IS_ERR(task)) {
			percpu_exit();
			return PTR_ERR(task);
		}
		per_cpu(patroller, cpu) = task;
	}
	return 0;
}

module_init(percpu_init);
module_exit(percpu_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("patrols all CPUs");
