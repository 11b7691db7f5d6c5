/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and directories of the work directory. What is written appears whole or not at
 * all, so that a run that was killed leaves nothing that a later one would trust.
 */
#ifndef MKP_BUILD_FILES_H
#define MKP_BUILD_FILES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/** Formatted text of the arena. */
struct mkp_error *mkp_format(struct mkp_arena *arena, const char **ret_text,
			     const char *format, ...) MKP_PRINTF(3, 4) MKP_MUST_CHECK;

struct mkp_lines {
	const char **lines; /* owned; the strings are of an arena */
	size_t count, capacity;
};

/** One more, of @arena. */
struct mkp_error *mkp_lines_add(struct mkp_lines *lines, struct mkp_arena *arena,
				const char *format, va_list args)
	MKP_PRINTF(3, 0) MKP_MUST_CHECK;

bool mkp_file_exists(const char *path);
bool mkp_directory_exists(const char *path);

/** Reads a whole file; a NUL byte is added that @ret_size (may be NULL) leaves out. */
struct mkp_error *mkp_file_read(const char *path, char **ret_data,
				size_t *ret_size) MKP_MUST_CHECK;

/** Writes beside @path and renames; makes the directories above it. */
struct mkp_error *mkp_file_write(const char *path, const void *data,
				 size_t size) MKP_MUST_CHECK;

/** Copies content, mode and time, shared blocks where the file system can. */
struct mkp_error *mkp_file_copy(const char *from, const char *to) MKP_MUST_CHECK;

/** The same by way of a new file that is renamed; makes the directories above it. */
struct mkp_error *mkp_file_install(const char *from, const char *to) MKP_MUST_CHECK;

/** Whether both are there with the same content. */
struct mkp_error *mkp_file_same(const char *a, const char *b,
				bool *ret_same) MKP_MUST_CHECK;

/** Makes a directory and those above it. */
struct mkp_error *mkp_directory_make(const char *path) MKP_MUST_CHECK;

/** Makes the directories above @path. */
struct mkp_error *mkp_parent_make(const char *path) MKP_MUST_CHECK;

/** Removes a file or a directory with all in it; that it is not there is fine. */
struct mkp_error *mkp_tree_remove(const char *path) MKP_MUST_CHECK;

/** Removes a file; that it is not there is fine. */
struct mkp_error *mkp_file_remove(const char *path) MKP_MUST_CHECK;

#endif
