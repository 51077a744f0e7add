/*
 * The machine's own limit for waking and being woken: two threads that sleep in a futex in turn, without any runtime between
 * them. Prints nanoseconds and CPU nanoseconds a round trip.
 *
 *     futex_pingpong ROUNDS [CPU CPU]
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { RUNNING, SLEEPING };

struct side {
	_Alignas(64) _Atomic int state;
	int cpu;
};

static struct side ping, pong;
static long rounds;

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("futex_pingpong: sched_setaffinity");
		exit(1);
	}
}

static void wake(struct side *other)
{
	atomic_store(&other->state, RUNNING);
	syscall(SYS_futex, &other->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void sleep_until_woken(struct side *me)
{
	while (atomic_load(&me->state) == SLEEPING)
		syscall(SYS_futex, &me->state, FUTEX_WAIT_PRIVATE, SLEEPING, NULL, NULL, 0);
}

static void *answer(void *unused)
{
	pin(pong.cpu);
	for (long i = 0; i < rounds; i++) {
		sleep_until_woken(&pong);
		atomic_store(&pong.state, SLEEPING);
		wake(&ping);
	}
	return unused;
}

static double now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	double wall, cpu;
	pthread_t thread;
	long warm;

	rounds = argc > 1 ? atol(argv[1]) : 100000;
	ping.cpu = argc > 3 ? atoi(argv[2]) : -1;
	pong.cpu = argc > 3 ? atoi(argv[3]) : -1;
	warm = rounds / 10;
	rounds += warm;
	pong.state = SLEEPING;
	pthread_create(&thread, NULL, answer, NULL);
	pin(ping.cpu);
	for (long i = 0; i < rounds; i++) {
		if (i == warm) {
			wall = now_ns(CLOCK_MONOTONIC);
			cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		}
		atomic_store(&ping.state, SLEEPING);
		wake(&pong);
		sleep_until_woken(&ping);
	}
	wall = now_ns(CLOCK_MONOTONIC) - wall;
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	pthread_join(thread, NULL);
	printf("%.1f %.1f\n", wall / (rounds - warm), cpu / (rounds - warm));
	return 0;
}
