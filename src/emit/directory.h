/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An output directory that appears whole or not at all: files are written into a new
 * directory beside it, which takes its name in the end.
 */
#ifndef MKP_EMIT_DIRECTORY_H
#define MKP_EMIT_DIRECTORY_H

#include <stdio.h>

#include "base/error.h"

struct mkp_directory;

/**
 * Starts to make @path. It may exist only if mkpatch wrote it (it holds a file called
 * @marker): it will be replaced then. MKP_ERROR_USAGE if it is something else.
 */
struct mkp_error *mkp_directory_create(const char *path, const char *marker,
				       struct mkp_directory **ret_directory)
	MKP_MUST_CHECK;

/** Path of a file in the directory as it is now; malloc'ed. */
struct mkp_error *mkp_directory_path(const struct mkp_directory *directory,
				     const char *name, char **ret_path) MKP_MUST_CHECK;

/** Writes a file by @write(@data, stream). */
struct mkp_error *mkp_directory_write(const struct mkp_directory *directory,
				      const char *name,
				      struct mkp_error *(*write)(const void *, FILE *),
				      const void *data) MKP_MUST_CHECK;

/** Gives the directory its name. */
struct mkp_error *mkp_directory_commit(struct mkp_directory *directory) MKP_MUST_CHECK;

/** Frees; what was not committed is removed. NULL is fine. */
void mkp_directory_destroy(struct mkp_directory *directory);

#endif
