// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applying the patches: by patch(1), to copies of the files that they touch and to
 * nothing else. Without fuzz: a hunk whose surroundings differ was made for another
 * source.
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "build/patchfile.h"
#include "build/private.h"
#include "emit/module.h"

struct paths {
	struct mkp_build *build;
	const char **paths; /* of the build's arena */
	size_t count, capacity;
};

static struct mkp_error *take_path(void *data, const char *path)
{
	struct paths *paths = data;
	struct mkp_error *error = mkp_array_reserve(
		&paths->paths, &paths->capacity, paths->count + 1, sizeof(*paths->paths));

	if (error)
		return error;
	return mkp_format(&paths->build->arena, &paths->paths[paths->count++], "%s",
			  path);
}

static struct mkp_error *read_patches(struct mkp_build *build, struct paths *paths,
				      struct mkp_key *key)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < build->nr_patches && !error; i++) {
		const struct mkp_series_patch *patch = &build->patches[i];
		MKP_CLEANUP_FREE char *text = NULL;
		size_t size;

		error = mkp_file_read(patch->path, &text, &size);
		if (error)
			return error;
		mkp_key_add_bytes(key, text, size);
		mkp_key_add_bytes(key, &patch->strip, sizeof(patch->strip));
		error = mkp_patchfile_paths(text, patch->path, patch->strip, take_path,
					    paths);
	}
	return error;
}

/* What <mkpatch/livepatch.h> is for the patched files; another version of it is another
 * run. */
static struct mkp_error *write_header(struct mkp_build *build, struct mkp_key *key)
{
	MKP_CLEANUP_FREE char *text = NULL;
	const char *path = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct mkp_error *error;

	if (!stream)
		return mkp_error_nomem();
	error = mkp_author_header_write(stream);
	if (fclose(stream) && !error)
		error = mkp_error_nomem();
	if (!error)
		error = mkp_format(&build->arena, &build->include, "%s/include",
				   build->base);
	if (!error)
		error = mkp_format(&build->arena, &path, "%s/mkpatch/livepatch.h",
				   build->include);
	if (error)
		return error;
	mkp_key_add_text(key, text);
	return mkp_file_write(path, text, size);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_paths(struct paths *paths)
{
	size_t kept = 0;

	if (paths->count)
		qsort(paths->paths, paths->count, sizeof(*paths->paths), compare_paths);
	for (size_t i = 0; i < paths->count; i++)
		if (!kept || strcmp(paths->paths[kept - 1], paths->paths[i]) != 0)
			paths->paths[kept++] = paths->paths[i];
	paths->count = kept;
}

static struct mkp_error *name_run(struct mkp_build *build, const struct mkp_key *key)
{
	char text[MKP_KEY_TEXT];
	struct mkp_error *error;

	mkp_key_finish(key, text);
	error = mkp_format(&build->arena, &build->run, "%s/run-%.16s", build->base, text);
	if (!error)
		error = mkp_format(&build->arena, &build->fresh, "%s/new", build->run);
	if (!error)
		error = mkp_format(&build->arena, &build->patched, "%s/patched",
				   build->run);
	if (!error)
		error = mkp_format(&build->arena, &build->log, "%s/log", build->run);
	if (!error)
		error = mkp_tree_remove(build->fresh);
	if (!error)
		error = mkp_directory_make(build->fresh);
	return error ? error : mkp_file_remove(build->log);
}

static struct mkp_error *join(struct mkp_build *build, const char *directory,
			      const char *path, const char **ret_path)
{
	return mkp_format(&build->arena, ret_path, "%s/%s", directory, path);
}

static struct mkp_error *copy_touched(struct mkp_build *build, const struct paths *paths)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < paths->count && !error; i++) {
		const char *from, *to;

		error = join(build, build->tree, paths->paths[i], &from);
		if (!error)
			error = join(build, build->fresh, paths->paths[i], &to);
		if (!error && mkp_file_exists(from))
			error = mkp_file_install(from, to);
	}
	return error;
}

/* What patch(1) said: the file that it was at, and the first thing that went wrong. */
struct complaint {
	char *file, *what;
};

static struct mkp_error *set(char **text, const char *value)
{
	free(*text);
	*text = strdup(value);
	return *text ? NULL : mkp_error_nomem();
}

/* GNU patch 2.7, in the C locale or not: the words are those of its source, not
 * translated.
 */
static struct mkp_error *read_complaint(void *data, const char *line)
{
	static const char *const failures[] = {
		" FAILED at ",	   "can't find file", "Reversed (or previously applied)",
		"malformed patch", "saving rejects",  "Only garbage",
		"No file to patch"
	};
	struct complaint *complaint = data;

	if (complaint->what)
		return NULL;
	if (!strncmp(line, "patching file ", 14))
		return set(&complaint->file, line + 14);
	for (size_t i = 0; i < MKP_ARRAY_SIZE(failures); i++)
		if (strstr(line, failures[i]))
			return set(&complaint->what, line);
	return NULL;
}

static struct mkp_error *refuse(struct mkp_build *build, const char *patch,
				const struct complaint *complaint)
{
	const char *what = complaint->what ? complaint->what : "patch(1) failed";

	if (strstr(what, "Reversed (or previously applied)"))
		what = "it is in this source already";
	return mkp_error_create(
		MKP_ERROR_USAGE, "%s does not apply to the source of %s: %s%s%s", patch,
		build->inputs.release, complaint->file ? complaint->file : "",
		complaint->file ? ": " : "", what);
}

static struct mkp_error *apply_one(struct mkp_build *build,
				   const struct mkp_series_patch *patch)
{
	struct complaint complaint = { 0 };
	const char *strip = NULL, *input = NULL;
	MKP_CLEANUP_FREE char *real = realpath(patch->path, NULL);
	struct mkp_error *error = mkp_format(&build->arena, &strip, "-p%u", patch->strip);
	const char *argv[] = { "patch",
			       "--fuzz=0",
			       "--batch",
			       "--forward",
			       "--no-backup-if-mismatch",
			       "--reject-file=-",
			       strip,
			       NULL };
	struct mkp_command command = {
		.argv = argv,
		.directory = build->fresh,
		.log = build->log,
		.line = read_complaint,
		.data = &complaint,
	};
	int status = 0;

	if (!error)
		error = mkp_format(&build->arena, &input, "%s",
				   real ? real : patch->path);
	argv[6] = strip;
	command.input = input;
	if (!error)
		error = mkp_spawn(build->signals, &command, &status);
	if (!error && status)
		error = refuse(build, patch->path, &complaint);
	free(complaint.file);
	free(complaint.what);
	return error;
}

static struct mkp_error *add_file(struct mkp_build *build, const char *path,
				  enum mkp_file_state state)
{
	struct mkp_error *error = mkp_array_reserve(&build->files, &build->cap_files,
						    build->nr_files + 1,
						    sizeof(*build->files));

	if (!error)
		build->files[build->nr_files++] =
			(struct mkp_patched_file){ .path = path, .state = state };
	return error;
}

static struct mkp_error *judge_file(struct mkp_build *build, const char *path)
{
	const char *before, *after;
	bool same = false;
	struct mkp_error *error = join(build, build->tree, path, &before);

	if (!error)
		error = join(build, build->fresh, path, &after);
	if (error)
		return error;
	if (!mkp_file_exists(after))
		return mkp_file_exists(before) ? add_file(build, path, MKP_FILE_DELETED)
					       : NULL;
	if (!mkp_file_exists(before))
		return add_file(build, path, MKP_FILE_NEW);
	error = mkp_file_same(before, after, &same);
	return error || same ? error : add_file(build, path, MKP_FILE_MODIFIED);
}

struct mkp_error *mkp_build_apply(struct mkp_build *build)
{
	struct paths paths = { .build = build };
	struct mkp_key *key;
	struct mkp_error *error = mkp_key_create(&key);

	if (error)
		return error;
	mkp_key_add_text(key, build->looks_only		   ? "look"
			      : build->options->keep_lines ? "keep"
							   : "reline");
	error = write_header(build, key);
	if (!error)
		error = read_patches(build, &paths, key);
	if (!error)
		error = name_run(build, key);
	mkp_key_destroy(key);
	sort_paths(&paths);
	if (!error)
		error = copy_touched(build, &paths);
	for (size_t i = 0; i < build->nr_patches && !error; i++)
		error = apply_one(build, &build->patches[i]);
	for (size_t i = 0; i < paths.count && !error; i++)
		error = judge_file(build, paths.paths[i]);
	free(paths.paths);
	if (!error && !build->nr_files)
		error = mkp_error_create(MKP_ERROR_USAGE,
					 "the patches change no file of the source");
	return error;
}
