// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stage's part that gives the patched files their old line numbers, and writes the
 * patch that this makes, which is kept with the result.
 */
#include <string.h>

#include "base/array.h"
#include "build/private.h"
#include "build/reline.h"

struct resumes {
	struct mkp_resume *resumes;
	size_t count, capacity;
};

static struct mkp_error *take_resume(void *data, const char *line)
{
	struct resumes *resumes = data;
	struct mkp_resume resume;
	struct mkp_error *error;

	if (!mkp_resume_parse(line, &resume))
		return NULL;
	error = mkp_array_reserve(&resumes->resumes, &resumes->capacity,
				  resumes->count + 1, sizeof(*resumes->resumes));
	if (!error)
		resumes->resumes[resumes->count++] = resume;
	return error;
}

/* diff(1) ends with 1 when it has found something. */
static struct mkp_error *run_diff(struct mkp_build *build, const char *const *argv,
				  struct mkp_error *(*line)(void *, const char *),
				  void *data)
{
	const struct mkp_command command = {
		.argv = argv,
		.line = line,
		.data = data,
	};
	int status = 0;
	struct mkp_error *error = mkp_spawn(build->signals, &command, &status);

	if (!error && status > 1)
		error = mkp_error_create(MKP_ERROR_IO, "diff(1) failed on %s", argv[2]);
	return error;
}

static struct mkp_error *reline_text(struct mkp_build *build, struct mkp_patched_file *of,
				     const char *file, const struct resumes *resumes)
{
	MKP_CLEANUP_FREE char *before = NULL;
	MKP_CLEANUP_FREE char *after = NULL;
	struct mkp_reline_counts counts = { 0 };
	struct mkp_error *error = mkp_file_read(file, &before, NULL);

	if (!error)
		error = mkp_reline(before, resumes->resumes, resumes->count, &after,
				   &counts);
	of->relined = !error && counts.nr_inserted;
	if (of->relined)
		error = mkp_file_write(file, after, strlen(after));
	if (!error && counts.nr_off)
		error = mkp_build_note(build,
				       "%s: %zu lines keep a new number, where no #line "
				       "can stand",
				       of->path, counts.nr_off);
	return error;
}

static struct mkp_error *reline_file(struct mkp_build *build,
				     struct mkp_patched_file *file)
{
	const char *argv[] = { "diff", "--normal", NULL, NULL, NULL };
	struct resumes resumes = { 0 };
	struct mkp_error *error;

	error = mkp_format(&build->arena, &argv[2], "%s/%s", build->tree, file->path);
	if (!error)
		error = mkp_format(&build->arena, &argv[3], "%s/%s", build->fresh,
				   file->path);
	if (!error)
		error = run_diff(build, argv, take_resume, &resumes);
	if (!error)
		error = reline_text(build, file, argv[3], &resumes);
	free(resumes.resumes);
	return error;
}

static bool is_c(const char *path)
{
	const size_t length = strlen(path);

	return length > 2 && path[length - 2] == '.' &&
	       (path[length - 1] == 'c' || path[length - 1] == 'h');
}

/* In place. */
static void drop_lines(char *text)
{
	char *to = text;

	for (char *line = text; *line;) {
		const size_t length = strcspn(line, "\n");
		const size_t whole = length + (line[length] == '\n');

		if (strncmp(line, "#line ", 6) != 0) {
			memmove(to, line, whole);
			to += whole;
		}
		line += whole;
	}
	*to = '\0';
}

struct mkp_error *mkp_build_put_plain(struct mkp_build *build)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < build->nr_files && !error; i++) {
		const struct mkp_patched_file *file = &build->files[i];
		MKP_CLEANUP_FREE char *text = NULL;
		const char *from = NULL, *to = NULL;

		if (!file->relined)
			continue;
		error = mkp_format(&build->arena, &from, "%s/%s", build->fresh,
				   file->path);
		if (!error)
			error = mkp_format(&build->arena, &to, "%s/%s", build->tree,
					   file->path);
		if (!error)
			error = mkp_file_read(from, &text, NULL);
		if (error)
			break;
		drop_lines(text);
		error = mkp_file_write(to, text, strlen(text));
	}
	return error;
}

/* ---- the patch as it was compiled ---- */

static struct mkp_error *write_line(void *data, const char *line)
{
	fprintf(data, "%s\n", line);
	return NULL;
}

static struct mkp_error *name_side(struct mkp_build *build, const char *directory,
				   char side, const char *path, const char **ret_file,
				   const char **ret_label)
{
	struct mkp_error *error = mkp_format(&build->arena, ret_file, "%s/%s", directory,
					     path);

	return error ? error : mkp_format(&build->arena, ret_label, "%c/%s", side, path);
}

static struct mkp_error *diff_file(struct mkp_build *build,
				   const struct mkp_patched_file *file, FILE *stream)
{
	const char *argv[] = { "diff", "-u",	  NULL, NULL, "--label",
			       NULL,   "--label", NULL, NULL };
	struct mkp_error *error;

	argv[2] = argv[3] = "/dev/null";
	argv[5] = argv[7] = "/dev/null";
	error = file->state == MKP_FILE_NEW ? NULL
					    : name_side(build, build->tree, 'a',
							file->path, &argv[2], &argv[5]);
	if (!error && file->state != MKP_FILE_DELETED)
		error = name_side(build, build->fresh, 'b', file->path, &argv[3],
				  &argv[7]);
	return error ? error : run_diff(build, argv, write_line, stream);
}

static struct mkp_error *write_patch(struct mkp_build *build)
{
	MKP_CLEANUP_FREE char *text = NULL;
	const char *path = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct mkp_error *error = NULL;

	if (!stream)
		return mkp_error_nomem();
	for (size_t i = 0; i < build->nr_files && !error; i++)
		error = diff_file(build, &build->files[i], stream);
	if (fclose(stream) && !error)
		error = mkp_error_nomem();
	if (!error)
		error = mkp_format(&build->arena, &path, "%s/compiled.patch", build->run);
	return error ? error : mkp_file_write(path, text, size);
}

struct mkp_error *mkp_build_reline(struct mkp_build *build)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < build->nr_files && !error; i++) {
		struct mkp_patched_file *file = &build->files[i];

		if (build->options->keep_lines || file->state != MKP_FILE_MODIFIED ||
		    !is_c(file->path))
			continue;
		error = reline_file(build, file);
	}
	return error ? error : write_patch(build);
}
