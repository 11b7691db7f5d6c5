/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the formats of packages share.
 */
#ifndef MKP_BUILD_PACKAGE_PRIVATE_H
#define MKP_BUILD_PACKAGE_PRIVATE_H

#include <stdio.h>

#include "build/package.h"
#include "build/spawn.h"
#include "verify/facts.h"

struct mkp_package {
	const struct mkp_package_options *options;
	struct mkp_package_result *result;
	const struct mkp_facts *facts;
	struct mkp_signals *signals;
	const char *name;	    /* "livepatch-6.1.0-56-amd64-fix" */
	const char *version, *arch; /* as uname -m has it */
	const char *release;	    /* of the kernel */
	const char *directory;	    /* "usr/lib/livepatch/RELEASE" */
	const char *file;	    /* "NAME.ko" */
	const char *work;	    /* scratch directory */
	const char *root;	    /* work/root: what is installed */
	int64_t date;
};

/** One format: where it is built, and by which tool. */
struct mkp_package_format {
	const char *name; /* "deb" */
	const char *tool, *tool_package;
	/** Makes *@ret_path below package->work of what is in package->root. */
	struct mkp_error *(*build)(struct mkp_package *package, const char **ret_path);
};

extern const struct mkp_package_format mkp_package_deb, mkp_package_rpm;

/** Writes a file below package->work. */
struct mkp_error *mkp_package_write(struct mkp_package *package, const char *path,
				    unsigned int mode,
				    void (*write)(const struct mkp_package *package,
						  FILE *stream)) MKP_MUST_CHECK;

/** The lines of the script that loads the module after it was installed, if asked to. */
void mkp_package_write_load(const struct mkp_package *package, FILE *stream);

/** What was fixed, a line each, behind @prefix; @percent: each '%' twice. */
void mkp_package_write_fixes(const struct mkp_package *package, const char *prefix,
			     bool percent, FILE *stream);

/** Text of a module on one line; @percent: each '%' twice. */
void mkp_package_write_text(const char *text, bool percent, FILE *stream);

/** "Fri, 27 Nov 2026", in UTC and English; the names are 3 letters long. */
struct mkp_package_date {
	const char *weekday, *month;
	int day, year, hour, minute, second;
};
struct mkp_package_date mkp_package_date(int64_t seconds);

/** Gives all in @directory the date of the package, and modes that all can read. */
struct mkp_error *mkp_package_settle(const struct mkp_package *package,
				     const char *directory) MKP_MUST_CHECK;

/** Runs a tool with a date and without the user's settings; @argv begins with "env". */
struct mkp_error *mkp_package_run(struct mkp_package *package,
				  const char *const *argv) MKP_MUST_CHECK;

#endif
