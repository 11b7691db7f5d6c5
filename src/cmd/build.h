/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the build verb share.
 */
#ifndef MKP_CMD_BUILD_H
#define MKP_CMD_BUILD_H

#include "build/build.h"
#include "cmd/package.h"

/** The command line of `mkpatch build`. */
struct mkp_build_command {
	struct mkp_build_options options;
	const char **patches; /* owned */
	size_t nr_patches, cap_patches;
	const char **fixes; /* owned */
	size_t nr_fixes, cap_fixes;
	struct mkp_decision *decisions; /* owned */
	size_t nr_decisions, cap_decisions;
	uint8_t levels[MKP_NR_CHECKS];
	struct mkp_package_options package; /* format NULL: none is made */
	int status_fd;			    /* -1: none */
	bool quiet, explain;
	int verbose;
};

/** Parses; returns -1 to go on, or the exit code. */
int mkp_build_parse(int argc, char **argv, struct mkp_build_command *ret_command);
void mkp_build_command_deinit(struct mkp_build_command *command);

/** How it goes, for people and for programs. */
struct mkp_progress {
	FILE *status;	  /* JSON lines; NULL: none */
	bool terminal;	  /* one line that moves */
	bool quiet, line; /* line: something stands in the line that moves */
	bool ended;
};

void mkp_progress_event(void *progress, const struct mkp_build_event *event);

/** Leaves the line that moves. */
void mkp_progress_finish(struct mkp_progress *progress);

#endif
