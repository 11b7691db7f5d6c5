// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The patched files stand in the tree for as long as they are compiled. What was there
 * before is in the journal first; whoever finds one puts the tree back: this run when it
 * is through or fails, or the next one, if this one was killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "build/private.h"

struct journal {
	const char *path;  /* base/journal; there while the tree is not as it was */
	const char *fresh; /* the same while it is written */
};

static struct mkp_error *name_journal(struct mkp_build *build, struct journal *journal)
{
	struct mkp_error *error = mkp_format(&build->arena, &journal->path, "%s/journal",
					     build->base);

	return error ? error
		     : mkp_format(&build->arena, &journal->fresh, "%s/journal.new",
				  build->base);
}

static struct mkp_error *save_file(struct mkp_build *build, const struct journal *journal,
				   const struct mkp_patched_file *file)
{
	const char *from, *to;
	struct mkp_error *error;

	if (file->state == MKP_FILE_NEW)
		return NULL;
	error = mkp_format(&build->arena, &from, "%s/%s", build->tree, file->path);
	if (!error)
		error = mkp_format(&build->arena, &to, "%s/files/%s", journal->fresh,
				   file->path);
	return error ? error : mkp_file_install(from, to);
}

/* The names of what is patched and compiled, a line each: "file PATH", "object PATH". */
static struct mkp_error *write_list(struct mkp_build *build, const char *path)
{
	MKP_CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	for (size_t i = 0; i < build->nr_files; i++)
		fprintf(stream, "file %s\n", build->files[i].path);
	for (size_t i = 0; i < build->nr_affected; i++)
		fprintf(stream, "object %s\n", build->affected[i].object);
	if (fclose(stream))
		return mkp_error_nomem();
	return mkp_file_write(path, text, size);
}

static struct mkp_error *put_file(struct mkp_build *build,
				  const struct mkp_patched_file *file)
{
	const char *from, *to;
	struct mkp_error *error = mkp_format(&build->arena, &to, "%s/%s", build->tree,
					     file->path);

	if (!error && file->state == MKP_FILE_DELETED)
		return mkp_file_remove(to);
	if (!error)
		error = mkp_format(&build->arena, &from, "%s/%s", build->fresh,
				   file->path);
	if (!error)
		error = mkp_file_install(from, to);
	if (!error && utimensat(AT_FDCWD, to, NULL, 0))
		error = mkp_error_create_errno(errno, "%s", to);
	return error;
}

/* make must neither trust a product of the other text nor the times of the files. */
static struct mkp_error *drop_object(struct mkp_build *build, const char *object)
{
	const char *slash = strrchr(object, '/');
	const int directory = slash ? (int)(slash - object) + 1 : 0;
	const char *path;
	struct mkp_error *error = mkp_format(&build->arena, &path, "%s/%s", build->tree,
					     object);

	if (!error)
		error = mkp_file_remove(path);
	if (!error)
		error = mkp_format(&build->arena, &path, "%s/%.*s.%s.cmd", build->tree,
				   directory, object, object + directory);
	return error ? error : mkp_file_remove(path);
}

struct mkp_error *mkp_journal_begin(struct mkp_build *build)
{
	struct journal journal;
	const char *list = NULL;
	struct mkp_error *error = name_journal(build, &journal);

	if (!error)
		error = mkp_tree_remove(journal.fresh);
	for (size_t i = 0; i < build->nr_files && !error; i++)
		error = save_file(build, &journal, &build->files[i]);
	if (!error)
		error = mkp_format(&build->arena, &list, "%s/list", journal.fresh);
	if (!error)
		error = write_list(build, list);
	if (!error && rename(journal.fresh, journal.path))
		error = mkp_error_create(MKP_ERROR_IO, "cannot put %s in place",
					 journal.path);
	for (size_t i = 0; i < build->nr_files && !error; i++)
		error = put_file(build, &build->files[i]);
	for (size_t i = 0; i < build->nr_affected && !error; i++)
		error = drop_object(build, build->affected[i].object);
	return error;
}

/*
 * A .c file gets its old time back; other files count as new, since kbuild may have made
 * something of the patched one, which would pass for newer than the old one.
 */
static struct mkp_error *restore_file(struct mkp_build *build, const char *journal,
				      const char *path)
{
	const size_t length = strlen(path);
	const char *from, *to;
	struct mkp_error *error = mkp_format(&build->arena, &from, "%s/files/%s", journal,
					     path);

	if (!error)
		error = mkp_format(&build->arena, &to, "%s/%s", build->tree, path);
	if (error)
		return error;
	if (!mkp_file_exists(from))
		return mkp_file_remove(to);
	error = mkp_file_install(from, to);
	if (!error && (length < 2 || strcmp(path + length - 2, ".c") != 0))
		(void)utimensat(AT_FDCWD, to, NULL, 0);
	return error;
}

static struct mkp_error *restore_line(struct mkp_build *build, const char *journal,
				      const char *line)
{
	if (!strncmp(line, "file ", 5))
		return restore_file(build, journal, line + 5);
	if (!strncmp(line, "object ", 7))
		return drop_object(build, line + 7);
	return NULL;
}

struct mkp_error *mkp_journal_undo(struct mkp_build *build)
{
	struct journal journal;
	const char *path = NULL;
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_error *error = name_journal(build, &journal);
	char *next, *line;

	if (!error)
		error = mkp_format(&build->arena, &path, "%s/list", journal.path);
	if (error || !mkp_file_exists(path))
		return error;
	error = mkp_file_read(path, &text, NULL);
	next = text;
	while (!error && (line = strsep(&next, "\n")))
		error = restore_line(build, journal.path, line);
	/* The list last: without it there is nothing to undo. */
	if (!error)
		error = mkp_file_remove(path);
	return error ? error : mkp_tree_remove(journal.path);
}
