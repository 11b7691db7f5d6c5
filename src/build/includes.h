/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who includes a file, by a look at the #include lines of the whole source.
 */
#ifndef MKP_BUILD_INCLUDES_H
#define MKP_BUILD_INCLUDES_H

#include "build/private.h"

/**
 * Calls @take with each .c file that includes @path, itself or through others; with some
 * too many rather than one too few, for conditions are not looked at and some names are
 * those of several files. In the order of the paths.
 */
struct mkp_error *mkp_includes_users(struct mkp_build *build, const char *path,
				     struct mkp_error *(*take)(void *data,
							       const char *user),
				     void *data) MKP_MUST_CHECK;

void mkp_includes_destroy(struct mkp_includes *includes);

#endif
