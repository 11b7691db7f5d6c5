/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known to make trouble: see concerns.c.
 */
#ifndef MKP_BUILD_CONCERNS_H
#define MKP_BUILD_CONCERNS_H

#include "build/outlook.h"
#include "build/private.h"

/** By the changed lines of a file of C; @path lives as long as the outlook. */
struct mkp_error *mkp_concerns_of_file(struct mkp_build *build,
				       struct mkp_outlook *outlook,
				       const char *path) MKP_MUST_CHECK;

/** By how an object is built. */
struct mkp_error *mkp_concerns_of_object(
	struct mkp_build *build, struct mkp_outlook *outlook,
	const struct mkp_affected *affected) MKP_MUST_CHECK;

#endif
