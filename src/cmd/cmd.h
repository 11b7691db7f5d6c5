/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs of the command line. This is the only room that prints, reads options and
 * decides on exit codes.
 */
#ifndef MKP_CMD_CMD_H
#define MKP_CMD_CMD_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

enum mkp_exit {
	MKP_EXIT_OK = 0,	/* written, or done */
	MKP_EXIT_ERROR = 1,	/* I/O, memory, malformed input */
	MKP_EXIT_REFUSED = 2,	/* findings are listed */
	MKP_EXIT_UNCHANGED = 3, /* no functional change */
	MKP_EXIT_USAGE = 64,	/* wrong options or arguments */
};

struct mkp_verb {
	const char *name;
	int (*run)(int argc,
		   char **argv); /* argv[0] is the verb; returns the exit code */
	const char *help;	 /* one line */
};

extern const struct mkp_verb mkp_verb_build;
extern const struct mkp_verb mkp_verb_diff;
extern const struct mkp_verb mkp_verb_finalize;
extern const struct mkp_verb mkp_verb_checks;
extern const struct mkp_verb mkp_verb_verify;
extern const struct mkp_verb mkp_verb_info;
extern const struct mkp_verb mkp_verb_sections;
extern const struct mkp_verb mkp_verb_preflight;
extern const struct mkp_verb mkp_verb_overlap;
extern const struct mkp_verb mkp_verb_delta;
extern const struct mkp_verb mkp_verb_compose;
extern const struct mkp_verb mkp_verb_package;
extern const struct mkp_verb mkp_verb_check;

/** One option: parsed from this row, and listed by --help from it. */
struct mkp_option {
	const char *name;     /* long, without dashes */
	char letter;	      /* short, 0 if none */
	const char *argument; /* "FILE"; NULL: takes none; "[FILE]": may take one */
	const char *help;     /* one line */
};

/** What mkp_options_next() found. */
struct mkp_option_value {
	int index;	   /* in the table; -1: an operand */
	const char *value; /* argument or operand; NULL if there is none */
};

struct mkp_option_parser {
	int argc;
	char **argv;
	const struct mkp_option *options;
	int nr_options;
	struct option *table; /* owned */
	char *letters;	      /* owned */
	bool ended;	      /* only operands are left */
};

/**
 * Parses with getopt_long(): options may come anywhere, `--` ends them. --help and
 * --version need no row. Returns false at the end. On a mistake prints one line and sets
 * *ret_exit to MKP_EXIT_USAGE; on --help or --version prints it and sets it to
 * MKP_EXIT_OK; else *ret_exit stays -1.
 */
bool mkp_options_next(struct mkp_option_parser *parser, const char *usage,
		      struct mkp_option_value *ret_value, int *ret_exit);
void mkp_options_deinit(struct mkp_option_parser *parser);

/**
 * All of it: calls @take with each option and operand, until one is an error. Returns -1,
 * or the exit code for what has been printed.
 */
typedef struct mkp_error *mkp_options_take(void *data,
					   const struct mkp_option_value *value);
int mkp_options_parse(int argc, char **argv, const struct mkp_option *options,
		      int nr_options, const char *usage, mkp_options_take *take,
		      void *data);

/**
 * The whole command line of a verb that takes one module and at most one option, which
 * has no argument. Returns -1, or the exit code for what has been printed.
 */
int mkp_options_take_module(int argc, char **argv, const struct mkp_option *option,
			    const char *usage, bool *ret_given, const char **ret_path);

/** Prints "mkpatch: error: ..." on standard error, destroys it, returns its exit code. */
int mkp_fail(struct mkp_error *error);

/** The same for a mistake on the command line. */
int mkp_fail_usage(const char *format, ...) MKP_PRINTF(1, 2);

/** Flushes standard output; an error there is an error of the run. */
int mkp_finish(int exit_code);

#endif
