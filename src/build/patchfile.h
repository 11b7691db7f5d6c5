/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files a unified diff speaks of. Applying it is the work of patch(1).
 */
#ifndef MKP_BUILD_PATCHFILE_H
#define MKP_BUILD_PATCHFILE_H

#include "base/error.h"

/**
 * Calls @take with each path that the diff in @text would read or write, without its
 * first
 * @strip directories; a path may come more than once. @name is for messages.
 *
 * Errors: those of @take; MKP_ERROR_FORMAT: a hunk that ends too early, no file at all, a
 * path that leaves the tree; MKP_ERROR_UNSUPPORTED: binary changes.
 */
struct mkp_error *mkp_patchfile_paths(const char *text, const char *name,
				      unsigned int strip,
				      struct mkp_error *(*take)(void *data,
								const char *path),
				      void *data) MKP_MUST_CHECK;

#endif
