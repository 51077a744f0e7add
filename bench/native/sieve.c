/*
 * The primes below a million, crossed out, as bench/modules/c_bench.c does it. Prints nanoseconds a sieve.
 *
 *     sieve TIMES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT 1000000

static __attribute__((noinline)) unsigned int sieve(char *composite)
{
	unsigned int i, j, primes = 0;

	memset(composite, 0, LIMIT);
	for (i = 2; i < LIMIT; i++) {
		if (composite[i])
			continue;
		primes++;
		for (j = 2 * i; j < LIMIT; j += i)
			composite[j] = 1;
	}
	return primes;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long times = argc > 1 ? atol(argv[1]) : 100;
	char *composite = malloc(LIMIT);
	double begun;

	sieve(composite);
	begun = now_ns();
	for (long i = 0; i < times; i++)
		if (sieve(composite) != 78498)
			return 1;
	printf("%.1f\n", (now_ns() - begun) / times);
	return 0;
}
