/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A package of a finished module, for distributions that use dpkg or rpm. It is made of
 * the module and of what that says of itself: the same module and options give the same
 * package, bit by bit.
 *
 *   /usr/lib/livepatch/RELEASE/NAME.ko     the module
 *   /usr/share/doc/PACKAGE/                licence, and the list of fixes as changelog
 *
 * Installing it loads nothing, unless /etc/livepatch/load-on-install is there and RELEASE
 * is what runs. Removing it unloads nothing.
 */
#ifndef MKP_BUILD_PACKAGE_H
#define MKP_BUILD_PACKAGE_H

#include "base/arena.h"
#include "base/error.h"
#include "build/files.h"

#include <stdbool.h>
#include <stdint.h>

/** All borrowed; NULL: not given. */
struct mkp_package_options {
	const char *module;	/* path */
	const char *format;	/* "deb" or "rpm" */
	const char *output;	/* directory */
	const char *version;	/* default: the module's, or "1" */
	const char *maintainer; /* "Name <name@example.org>" */
	int64_t date;		/* seconds since 1970; -1: the module's line date= */
	bool allow_unsigned;
};

struct mkp_package_result {
	struct mkp_arena arena;
	struct mkp_lines refusals; /* owned; one line each */
	const char *path;	   /* of the package */
};

void mkp_package_result_init(struct mkp_package_result *result);
void mkp_package_result_deinit(struct mkp_package_result *result);

/** What is wrong with the options alone; before a build that takes minutes. */
struct mkp_error *mkp_package_check_options(const struct mkp_package_options *options)
	MKP_MUST_CHECK;

/**
 * Makes the package, by dpkg-deb or rpmbuild. A module that can not be packaged is a
 * refusal. Errors: of options, files and tools.
 */
struct mkp_error *mkp_package_make(const struct mkp_package_options *options,
				   struct mkp_package_result *result) MKP_MUST_CHECK;

#endif
