/*
 * The machine's own limit for threads: from pthread_create() to the first line of the thread, and a whole life with
 * pthread_join(). Prints the medians of both in nanoseconds.
 *
 *     pthread_start THREADS
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double began;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void *thread_fn(void *unused)
{
	began = now_ns();
	return unused;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 1000;
	double *start = calloc(threads, sizeof(*start));
	double *life = calloc(threads, sizeof(*life));

	for (int i = 0; i < threads; i++) {
		double asked = now_ns();
		pthread_t thread;

		if (pthread_create(&thread, NULL, thread_fn, NULL))
			return 1;
		pthread_join(thread, NULL);
		life[i] = now_ns() - asked;
		start[i] = began - asked;
	}
	qsort(start, threads, sizeof(*start), compare);
	qsort(life, threads, sizeof(*life), compare);
	printf("%.1f %.1f\n", start[threads / 2], life[threads / 2]);
	return 0;
}
