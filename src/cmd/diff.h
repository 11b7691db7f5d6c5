/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the diff verb share.
 */
#ifndef MKP_CMD_DIFF_H
#define MKP_CMD_DIFF_H

#include "emit/patch.h"
#include "image/image.h"

/** One pair of objects, and what it is part of. */
struct mkp_diff_pair {
	const char *orig, *patched;
	const char *object, *image, *debug; /* of a module */
	const char *correlate;
};

/** The command line; all borrowed from argv. NULL: not given. */
struct mkp_diff_options {
	struct mkp_diff_pair *pairs; /* owned; at least one */
	size_t nr_pairs, cap_pairs;
	const char *name, *directory;
	const char *vmlinux, *symvers, *release, *sysroot;
	const char *system_map, *debug_dir, *cache;
	const char *json_file;		/* with json: NULL is standard output */
	uint8_t levels[MKP_NR_CHECKS];	/* for mkp_report.levels */
	struct mkp_decision *decisions; /* owned */
	size_t nr_decisions, cap_decisions;
	const char **fixes; /* owned */
	size_t nr_fixes, cap_fixes;
	bool json, standalone, stacked, explain, quiet;
	int verbose;
	enum {
		MKP_COLOR_AUTO,
		MKP_COLOR_ALWAYS,
		MKP_COLOR_NEVER
	} color;
};

/** Parses; returns -1 to go on, or the exit code. */
int mkp_diff_parse(int argc, char **argv, struct mkp_diff_options *ret_options);
/** What is wrong with the options that name the module; -1: nothing. */
int mkp_diff_check_pair(struct mkp_diff_pair *pair);
void mkp_diff_options_deinit(struct mkp_diff_options *result);

/** The module that a pair is part of. */
struct mkp_diff_module {
	char *object; /* owned: its name; NULL: vmlinux */
	struct mkp_image *image;
	bool borrowed; /* the image is that of a pair before */
};

/** What is known of the kernel, opened from what the options name. */
struct mkp_diff_kernel {
	struct mkp_locations locations;
	struct mkp_image *vmlinux;
	struct mkp_symvers *symvers;
	struct mkp_diff_module *modules; /* owned; one for each pair */
	size_t nr_modules;
};

/** Finds and opens; notes in the reports, one for each pair, what was taken. */
struct mkp_error *mkp_diff_open_kernel(const struct mkp_diff_options *options,
				       struct mkp_report *reports,
				       struct mkp_diff_kernel *ret_kernel) MKP_MUST_CHECK;
void mkp_diff_close_kernel(struct mkp_diff_kernel *kernel);

#endif
