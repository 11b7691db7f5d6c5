// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each affected object twice: by the same command, at the same path, in the same
 * directory, since paths and time of the source must make no difference. Originals are
 * kept for all patches to come, patched ones for the next run of the same patch.
 */
#include <string.h>

#include "build/private.h"

/* What is learnt from the output of make. */
struct watch {
	struct mkp_build *build;
	size_t done, total;
	char *text; /* what was said since the last command */
	size_t size;
	FILE *stream;
	char *failed; /* what it was when the first object failed */
	char *object; /* which that is */
};

static void restart(struct watch *watch)
{
	if (watch->stream)
		fclose(watch->stream);
	free(watch->text);
	watch->text = NULL;
	watch->stream = open_memstream(&watch->text, &watch->size);
}

/* "make[3]: *** [scripts/Makefile.build:250: fs/proc/cmdline.o] Error 1" */
static void take_failure(struct watch *watch, const char *line)
{
	const char *object = strstr(line, ": *** [");
	const char *end = object ? strstr(object, "] ") : NULL;

	if (!end || watch->object || strstr(object, "__build") ||
	    strncmp(end - 2, ".o", 2) != 0)
		return;
	while (end > object && end[-1] != ' ' && end[-1] != '[')
		end--;
	watch->object = strndup(end, strcspn(end, "]"));
	if (watch->stream)
		fflush(watch->stream);
	watch->failed = watch->text ? strdup(watch->text) : NULL;
}

static struct mkp_error *take_line(void *data, const char *line)
{
	struct watch *watch = data;
	const char *output = strstr(line, " -o ");

	if (output && strstr(line, " -c ")) {
		restart(watch);
		watch->done++;
		mkp_build_event(watch->build, MKP_EVENT_PROGRESS,
				watch->done < watch->total ? watch->done : watch->total,
				watch->total, "objects");
	}
	if (watch->stream)
		fprintf(watch->stream, "%s\n", line);
	take_failure(watch, line);
	return NULL;
}

static struct mkp_error *fail(struct watch *watch, const char *which)
{
	struct mkp_build *build = watch->build;
	struct mkp_error *error = mkp_format(&build->arena, &build->failed, "%s",
					     watch->object ? watch->object : "an object");

	build->said = NULL;
	if (!error && watch->failed)
		error = mkp_format(&build->arena, &build->said, "%s", watch->failed);
	return error ? error
		     : mkp_error_create(MKP_ERROR_IO,
					"%s does not compile %s: %s (log: %s)",
					build->failed, which, build->reason, build->log);
}

static void watch_deinit(struct watch *watch)
{
	if (watch->stream)
		fclose(watch->stream);
	free(watch->text);
	free(watch->failed);
	free(watch->object);
}

/* There while headers that kbuild generates may be those of a patched source. */
static struct mkp_error *name_stale(struct mkp_build *build, const char **ret_path)
{
	return mkp_format(&build->arena, ret_path, "%s/stale", build->base);
}

/* bounds.h and asm-offsets.h are made from the sizes of structures. */
static bool has_headers(const struct mkp_build *build)
{
	for (size_t i = 0; i < build->nr_files; i++) {
		const char *suffix = strrchr(build->files[i].path, '.');

		if (!suffix || strcmp(suffix, ".c") != 0)
			return true;
	}
	return false;
}

static struct mkp_error *make_objects(struct mkp_build *build, const char *const *objects,
				      size_t count, size_t done, const char *which)
{
	struct watch watch = {
		.build = build,
		.done = done,
		.total = 2 * build->nr_affected,
	};
	struct mkp_make make = {
		.targets = objects,
		.nr_targets = count,
		.cflags = mkp_build_cflags(),
		.line = take_line,
		.data = &watch,
	};
	const char *stale = NULL;
	int status = 0;
	struct mkp_error *error = name_stale(build, &stale);

	make.prepared = !error && !mkp_file_exists(stale);
	if (!error)
		error = mkp_build_make(build, &make, &status);
	if (!error && status)
		error = fail(&watch, which);
	watch_deinit(&watch);
	return error;
}

/* The file in which kbuild notes how it made an object, or the object itself. */
static struct mkp_error *keep_one(struct mkp_build *build, const char *object,
				  const char *into)
{
	const char *slash = strrchr(object, '/');
	const int directory = slash ? (int)(slash - object) + 1 : 0;
	const char *from, *to;
	struct mkp_error *error = mkp_format(&build->arena, &from, "%s/%.*s.%s.cmd",
					     build->tree, directory, object,
					     object + directory);

	if (!error)
		error = mkp_format(&build->arena, &to, "%s/%s.cmd", into, object);
	if (!error)
		error = mkp_file_install(from, to);
	if (!error)
		error = mkp_format(&build->arena, &from, "%s/%s", build->tree, object);
	if (!error)
		error = mkp_format(&build->arena, &to, "%s/%s", into, object);
	/* Last, since it says that both are there. */
	return error ? error : mkp_file_install(from, to);
}

/* Compiles what is not in @into yet. */
static struct mkp_error *fill(struct mkp_build *build, const char *into, size_t done,
			      const char *which)
{
	const char **missing = calloc(build->nr_affected, sizeof(*missing));
	struct mkp_error *error = missing ? NULL : mkp_error_nomem();
	size_t count = 0;

	for (size_t i = 0; i < build->nr_affected && !error; i++) {
		const char *path;

		error = mkp_format(&build->arena, &path, "%s/%s", into,
				   build->affected[i].object);
		if (!error && !mkp_file_exists(path))
			missing[count++] = build->affected[i].object;
	}
	build->nr_compiled += count;
	build->nr_reused += build->nr_affected - count;
	if (!error && count)
		error = make_objects(build, missing, count,
				     done + build->nr_affected - count, which);
	for (size_t i = 0; i < count && !error; i++)
		error = keep_one(build, missing[i], into);
	free(missing);
	return error;
}

static bool all_there(const struct mkp_build *build)
{
	for (size_t i = 0; i < build->nr_affected; i++) {
		MKP_CLEANUP_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", build->patched, build->affected[i].object) <
		    0) {
			path = NULL;
			return false;
		}
		if (!mkp_file_exists(path))
			return false;
	}
	return true;
}

static bool is_relined(const struct mkp_build *build)
{
	for (size_t i = 0; i < build->nr_files; i++)
		if (build->files[i].relined)
			return true;
	return false;
}

/*
 * What did not compile once more without #line, so that the compiler speaks of the lines
 * that the author sees. Owns @first, and returns that or what came of this.
 */
static struct mkp_error *fail_again(struct mkp_build *build, struct mkp_error *first)
{
	const char *object = build->failed, *said = build->said;
	struct mkp_error *error;

	if (!said || !is_relined(build))
		return first;
	build->said = NULL;
	error = mkp_build_put_plain(build);
	if (!error)
		error = make_objects(build, &object, 1, 2 * build->nr_affected,
				     "with the patch");
	if (error && build->said) {
		mkp_error_destroy(first);
		return error;
	}
	/* It was the #line, or something else has come between. */
	build->said = said;
	mkp_error_destroy(error);
	return first;
}

static struct mkp_error *compile_patched(struct mkp_build *build, const char *stale)
{
	struct mkp_error *error = NULL, *undo;

	if (all_there(build)) {
		build->nr_reused += build->nr_affected;
		return NULL;
	}
	if (has_headers(build))
		error = mkp_file_write(stale, "", 0);
	if (!error)
		error = mkp_journal_begin(build);
	if (!error)
		error = fill(build, build->patched, build->nr_affected, "with the patch");
	if (error)
		error = fail_again(build, error);
	if (!error && !has_headers(build))
		error = mkp_file_remove(stale);
	undo = mkp_journal_undo(build);
	if (!error)
		return undo;
	mkp_error_destroy(undo);
	return error;
}

struct mkp_error *mkp_build_compile(struct mkp_build *build)
{
	const size_t before = build->nr_compiled;
	const char *stale = NULL;
	struct mkp_error *error = name_stale(build, &stale);

	if (!error)
		error = fill(build, build->objects, 0, "even without the patch");
	/* What was made now was made from the tree as it should be. */
	if (!error && build->nr_compiled > before)
		error = mkp_file_remove(stale);
	if (!error)
		error = compile_patched(build, stale);
	if (error && build->said)
		mkp_build_event(build, MKP_EVENT_DETAIL, 0, 0, build->said);
	return error;
}
