/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files for the tests of the image room, and what they ask of an error. Include
 * after cmocka.
 */
#ifndef MKP_TEST_IMAGE_FILES_H
#define MKP_TEST_IMAGE_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* A new file in the temporary directory; the caller frees and unlinks, see drop_file().
 */
static inline char *make_file(const void *bytes, size_t size)
{
	char *path = strdup("/tmp/mkp-image-XXXXXX");
	int fd;

	assert_non_null(path);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	return path;
}

static inline char *make_text(const char *text)
{
	return make_file(text, strlen(text));
}

static inline void drop_file(char *path)
{
	unlink(path);
	free(path);
}

static inline void assert_no_error(struct mkp_error *error)
{
	char *text;

	if (!error)
		return;
	text = mkp_error_string(error);
	fail_msg("unexpected error: %s", text ? text : "?");
}

/* @error is of @code, says @part, and is one line. Destroys it. */
static inline void assert_error(struct mkp_error *error, enum mkp_error_code code,
				const char *part)
{
	char *text;

	assert_non_null(error);
	text = mkp_error_string(error);
	assert_non_null(text);
	if (error->code != code || !strstr(text, part) || strchr(text, '\n'))
		fail_msg("error %d \"%s\", wanted %d \"...%s...\"", error->code, text,
			 code, part);
	free(text);
	mkp_error_destroy(error);
}

#endif
