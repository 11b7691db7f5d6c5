/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the tools that do the work: make, patch, diff, the compiler.
 */
#ifndef MKP_BUILD_SPAWN_H
#define MKP_BUILD_SPAWN_H

#include <stdbool.h>

#include "base/error.h"

/** SIGINT, SIGTERM and SIGHUP are held back and looked at between steps. */
struct mkp_signals; /* opaque */

struct mkp_error *mkp_signals_create(struct mkp_signals **ret_signals) MKP_MUST_CHECK;
void mkp_signals_destroy(struct mkp_signals *signals);

/** An error if one has come. */
struct mkp_error *mkp_signals_check(struct mkp_signals *signals) MKP_MUST_CHECK;

struct mkp_command {
	const char *const *argv; /* ends with NULL; found through PATH */
	const char *directory;	 /* to run in; NULL: here */
	const char *input;	 /* file for standard input; NULL: none */
	const char *log;	 /* output is added to this file; NULL: to none */
	const char *output;	 /* output is this file's new content; NULL: see `line` */
	/* Called with each line of output, without its end; may be NULL. */
	struct mkp_error *(*line)(void *data, const char *line);
	void *data;
};

/**
 * Runs a command and waits for it. *ret_status is its exit code. Errors: it could not be
 * started, was killed, or we were told to stop, and then it is gone as well.
 */
struct mkp_error *mkp_spawn(struct mkp_signals *signals,
			    const struct mkp_command *command,
			    int *ret_status) MKP_MUST_CHECK;

#endif
