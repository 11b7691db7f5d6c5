// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/patchfile.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct reader {
	const char *at;	  /* next line */
	const char *name; /* of the file, for messages */
	size_t line;	  /* number of the line before `at` */
	unsigned int strip;
	size_t nr_paths;
	struct mkp_error *(*take)(void *data, const char *path);
	void *data;
};

/* The next line, without its end; NULL at the end of the text. */
static const char *next_line(struct reader *reader, size_t *ret_length)
{
	const char *line = reader->at;

	if (!*line)
		return NULL;
	*ret_length = strcspn(line, "\n");
	reader->at = line + *ret_length;
	reader->at += *reader->at == '\n';
	reader->line++;
	return line;
}

static bool starts(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

static struct mkp_error *leaves_tree(const struct reader *reader, const char *path)
{
	MKP_CLEANUP_FREE char *shown = NULL;
	struct mkp_error *error = mkp_text_escape_string(path, &shown);

	return error ? error
		     : mkp_error_create(MKP_ERROR_FORMAT,
					"%s:%zu: the path '%s' leaves the source",
					reader->name, reader->line, shown);
}

static bool is_inside(const char *path)
{
	if (*path == '/' || !*path)
		return false;
	for (const char *at = path; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (starts(at, "..") && (!at[2] || at[2] == '/'))
			return false;
		if (*at == '/' || !*at)
			return false;
	}
	return true;
}

/* @path ends at a tab (a time follows), at the end of the line, or its quotes. */
static struct mkp_error *take_path(struct reader *reader, const char *line,
				   unsigned int strip)
{
	MKP_CLEANUP_FREE char *copy = strndup(line, strcspn(line, "\t\r\n"));
	const char *path = copy;

	if (!copy)
		return mkp_error_nomem();
	if (!strcmp(copy, "/dev/null"))
		return NULL;
	if (*copy == '"')
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s:%zu: a path in quotes: no file of a kernel "
					"is called so",
					reader->name, reader->line);
	for (unsigned int i = 0; i < strip; i++) {
		const char *slash = strchr(path, '/');

		if (!slash)
			return leaves_tree(reader, copy);
		path = slash + 1;
	}
	if (!is_inside(path))
		return leaves_tree(reader, copy);
	reader->nr_paths++;
	return reader->take(reader->data, path);
}

/* "12,3" of "@@ -12,3 +12,4 @@"; a count that is not there is 1. */
static bool parse_range(const char **at, size_t *ret_count)
{
	char *end;

	strtoul(*at, &end, 10);
	if (end == *at)
		return false;
	*ret_count = 1;
	if (*end == ',') {
		*at = end + 1;
		*ret_count = strtoul(*at, &end, 10);
		if (end == *at)
			return false;
	}
	*at = end;
	return true;
}

/* Passes over a hunk by its counts, since a removed line may look like a header. */
static struct mkp_error *skip_hunk(struct reader *reader, const char *header)
{
	size_t old, new, length, begin = reader->line;
	const char *at = header + 4, *line;

	if (!parse_range(&at, &old) || !starts(at, " +") || (at += 2, 0) ||
	    !parse_range(&at, &new))
		return mkp_error_create(MKP_ERROR_FORMAT, "%s:%zu: a malformed @@ line",
					reader->name, reader->line);
	while (old || new) {
		line = next_line(reader, &length);
		if (line && *line == '\\')
			continue;
		/* Mailers cut the blank of an empty line off. */
		if (line && *line == '-' && old)
			old--;
		else if (line && *line == '+' && new)
			new --;
		else if (line && (*line == ' ' || !length) && old && new)
			old--, new --;
		else
			return mkp_error_create(MKP_ERROR_FORMAT,
						"%s:%zu: this hunk ends too early",
						reader->name, begin);
	}
	return NULL;
}

static struct mkp_error *take_line(struct reader *reader, const char *line,
				   size_t length MKP_UNUSED)
{
	if (starts(line, "--- ") && starts(reader->at, "+++ "))
		return take_path(reader, line + 4, reader->strip);
	if (starts(line, "+++ "))
		return take_path(reader, line + 4, reader->strip);
	if (starts(line, "@@ -"))
		return skip_hunk(reader, line);
	/* These two have no a/ in front. */
	if (starts(line, "rename from ") || starts(line, "copy from "))
		return take_path(reader, strstr(line, "from ") + 5,
				 reader->strip ? reader->strip - 1 : 0);
	if (starts(line, "rename to ") || starts(line, "copy to "))
		return take_path(reader, strstr(line, " to ") + 4,
				 reader->strip ? reader->strip - 1 : 0);
	if (starts(line, "GIT binary patch") || starts(line, "Binary files "))
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s:%zu: a binary change, which no text patch is",
					reader->name, reader->line);
	return NULL;
}

struct mkp_error *mkp_patchfile_paths(
	const char *text, const char *name, unsigned int strip,
	struct mkp_error *(*take)(void *data, const char *path), void *data)
{
	struct reader reader = {
		.at = text,
		.name = name,
		.strip = strip,
		.take = take,
		.data = data,
	};
	struct mkp_error *error = NULL;
	const char *line;
	size_t length;

	while (!error && (line = next_line(&reader, &length)))
		error = take_line(&reader, line, length);
	if (!error && !reader.nr_paths)
		error = mkp_error_create(MKP_ERROR_FORMAT,
					 "%s has no unified diff in it: nothing to apply",
					 name);
	return error;
}
