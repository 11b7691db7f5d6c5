// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * measure RUNS COMMAND...: runs the command that often, its output thrown away, and
 * prints
 *
 *     MEDIAN MIN MAX PEAK STATUS
 *
 * the time of the whole process from fork to exit in milliseconds, the largest resident
 * set of all runs in KiB, and the exit code of the last. A command that can not be run or
 * dies of a signal is an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static void become(char **command)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(127);
	execvp(command[0], command);
	_exit(127);
}

/* One run; its exit code, or -1 if it did not come to one. */
static int run(char **command, double *ret_time, long *ret_peak)
{
	double begin = now();
	struct rusage usage;
	pid_t child = fork();
	int status;

	if (!child)
		become(command);
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		return -1;
	*ret_time = now() - begin;
	*ret_peak = usage.ru_maxrss;
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : -1;
}

static int compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	size_t runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	double *times = runs ? calloc(runs, sizeof(*times)) : NULL;
	long peak = 0, one;
	int status = 0;

	if (!times) {
		fprintf(stderr, "usage: measure RUNS COMMAND...\n");
		return 64;
	}
	for (size_t i = 0; i < runs && status >= 0; i++) {
		status = run(argv + 2, &times[i], &one);
		if (status >= 0 && one > peak)
			peak = one;
	}
	if (status < 0) {
		fprintf(stderr, "measure: %s did not come to its end\n", argv[2]);
		free(times);
		return 1;
	}
	qsort(times, runs, sizeof(*times), compare_times);
	printf("%.1f %.1f %.1f %ld %d\n", times[runs / 2], times[0], times[runs - 1],
	       peak, status);
	free(times);
	return 0;
}
