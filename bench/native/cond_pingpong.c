/*
 * Two threads that wait for each other with a mutex and condition variables, as programs in C do. Prints nanoseconds a
 * round trip.
 *
 *     cond_pingpong ROUNDS
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pings = PTHREAD_COND_INITIALIZER, pongs = PTHREAD_COND_INITIALIZER;
static int ball;
static long rounds;

static void *pong(void *unused)
{
	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		while (ball == 0)
			pthread_cond_wait(&pongs, &lock);
		ball = 0;
		pthread_cond_signal(&pings);
		pthread_mutex_unlock(&lock);
	}
	return unused;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	double begun = 0;
	long warm;

	rounds = argc > 1 ? atol(argv[1]) : 20000;
	warm = rounds / 10;
	rounds += warm;
	pthread_create(&thread, NULL, pong, NULL);
	for (long i = 0; i < rounds; i++) {
		if (i == warm)
			begun = now_ns();
		pthread_mutex_lock(&lock);
		ball = 1;
		pthread_cond_signal(&pongs);
		while (ball == 1)
			pthread_cond_wait(&pings, &lock);
		pthread_mutex_unlock(&lock);
	}
	begun = now_ns() - begun;
	pthread_join(thread, NULL);
	printf("%.1f\n", begun / (rounds - warm));
	return 0;
}
