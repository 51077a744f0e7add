/*
 * The machine's own limit for locks: a mutex taken and given back by one thread, and a round of the slower one of two that
 * add to a number under it. Prints both in nanoseconds.
 *
 *     pthread_mutex TIMES
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static volatile long counter;
static long times;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void *fight(void *ns)
{
	double start;

	pthread_barrier_wait(&barrier);
	start = now_ns();
	for (long i = 0; i < times; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	*(double *)ns = (now_ns() - start) / times;
	return NULL;
}

int main(int argc, char **argv)
{
	double alone, ns[2];
	pthread_t threads[2];

	times = argc > 1 ? atol(argv[1]) : 1000000;
	pthread_barrier_init(&barrier, NULL, 1);
	fight(&alone);
	pthread_barrier_destroy(&barrier);
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, fight, &ns[i]))
			return 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%.1f %.1f\n", alone, ns[0] > ns[1] ? ns[0] : ns[1]);
	return 0;
}
