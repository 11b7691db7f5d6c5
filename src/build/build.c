// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/build.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "build/includes.h"
#include "build/private.h"

const char *mkp_stage_name(enum mkp_build_stage stage)
{
	static const char *const names[] = {
		"tree",	     "affected", "compile", "diff",
		"preflight", "emit",	 "module",  "verify"
	};

	return names[stage];
}

/* ---- telling ---- */

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began->tv_sec) +
	       (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

void mkp_build_event(struct mkp_build *build, enum mkp_build_event_kind kind, size_t done,
		     size_t total, const char *text)
{
	const struct mkp_build_event event = {
		.kind = kind,
		.stage = build->stage,
		.done = done,
		.total = total,
		.seconds = seconds_since(&build->stage_began),
		.text = text,
	};

	build->sink->event(build->sink->data, &event);
}

void mkp_build_begin(struct mkp_build *build, enum mkp_build_stage stage)
{
	build->stage = stage;
	clock_gettime(CLOCK_MONOTONIC, &build->stage_began);
	mkp_build_event(build, MKP_EVENT_BEGIN, 0, 0, NULL);
}

struct mkp_error *mkp_build_end(struct mkp_build *build, const char *format, ...)
{
	MKP_CLEANUP_FREE char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		return mkp_error_nomem();
	}
	mkp_build_event(build, MKP_EVENT_END, 0, 0, text);
	return mkp_signals_check(build->signals);
}

struct mkp_error *mkp_build_note(struct mkp_build *build, const char *format, ...)
{
	MKP_CLEANUP_FREE char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		return mkp_error_nomem();
	}
	mkp_build_event(build, MKP_EVENT_NOTE, 0, 0, text);
	return NULL;
}

struct mkp_error *mkp_build_refuse(struct mkp_build *build, const char *format, ...)
{
	struct mkp_build_result *result = build->result;
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	error = mkp_lines_add(&result->refusals, &result->arena, format, args);
	va_end(args);
	result->status = MKP_BUILD_REFUSED;
	return error;
}

/* ---- the result ---- */

void mkp_build_result_init(struct mkp_build_result *result)
{
	*result = (struct mkp_build_result){ 0 };
	mkp_arena_init(&result->arena);
}

void mkp_build_result_deinit(struct mkp_build_result *result)
{
	for (size_t i = 0; i < result->nr_objects; i++) {
		mkp_report_deinit(result->objects[i].report);
		free(result->objects[i].report);
	}
	free(result->objects);
	free(result->refusals.lines);
	mkp_arena_deinit(&result->arena);
}

/* ---- the stages ---- */

static struct mkp_error *find_work(struct mkp_build *build)
{
	const char *work = build->options->work ? build->options->work : "mkpatch-work";
	MKP_CLEANUP_FREE char *here = NULL;

	if (*work == '/')
		return mkp_format(&build->arena, &build->work, "%s", work);
	here = getcwd(NULL, 0);
	if (!here)
		return mkp_error_create_errno(errno, "the current directory");
	return mkp_format(&build->arena, &build->work, "%s/%s", here, work);
}

struct mkp_error *mkp_build_look_at_inputs(struct mkp_build *build)
{
	struct mkp_error *error = mkp_series_expand(build, &build->patches,
						    &build->nr_patches);

	for (size_t i = 0; i < build->nr_patches && !error; i++)
		if (access(build->patches[i].path, R_OK))
			error = mkp_error_create_errno(errno, "%s",
						       build->patches[i].path);
	if (!error)
		error = mkp_series_identify(build);
	if (!error)
		error = mkp_build_find_inputs(build);
	if (!error && build->inputs.vmlinux)
		error = mkp_build_take_release(build);
	if (!error)
		error = mkp_build_read_config(build);
	if (!error && !build->looks_only)
		error = mkp_build_check_compiler(build);
	if (!error)
		error = mkp_build_find_core(build);
	return error ? error : find_work(build);
}

static struct mkp_error *stage_tree(struct mkp_build *build)
{
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_TREE);
	error = mkp_build_tree(build);
	if (error)
		return error;
	build->result->release = mkp_arena_strdup(&build->result->arena,
						  build->inputs.release);
	return mkp_build_end(build, "Linux %s%s", build->inputs.release,
			     build->tree_reused ? ", prepared before" : "");
}

static struct mkp_error *stage_affected(struct mkp_build *build)
{
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_AFFECTED);
	error = mkp_build_apply(build);
	if (!error)
		error = mkp_build_reline(build);
	if (!error)
		error = mkp_build_affected(build);
	if (error)
		return error;
	return mkp_build_end(build, "%zu file%s, %zu object%s", build->nr_files,
			     build->nr_files == 1 ? "" : "s", build->nr_affected,
			     build->nr_affected == 1 ? "" : "s");
}

static struct mkp_error *stage_compile(struct mkp_build *build)
{
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_COMPILE);
	error = mkp_build_compile(build);
	if (error)
		return error;
	return mkp_build_end(build, "%zu compiled, %zu from before", build->nr_compiled,
			     build->nr_reused);
}

static struct mkp_error *run(struct mkp_build *build, void *data MKP_UNUSED)
{
	struct mkp_build_result *result = build->result;
	struct mkp_error *error = mkp_build_look_at_inputs(build);

	if (!error)
		error = stage_tree(build);
	if (!error)
		error = stage_affected(build);
	if (error || result->refusals.count)
		return error;
	if (!build->nr_affected) {
		result->status = MKP_BUILD_UNCHANGED;
		return NULL;
	}
	error = stage_compile(build);
	return error ? error : mkp_build_module(build);
}

static void build_deinit(struct mkp_build *build)
{
	free(build->patches);
	free(build->sources);
	free(build->files);
	free(build->affected);
	mkp_includes_destroy(build->includes);
	if (build->lock >= 0)
		close(build->lock);
	mkp_signals_destroy(build->signals);
	mkp_arena_deinit(&build->arena);
}

struct mkp_error *mkp_build_guard(struct mkp_build *build,
				  struct mkp_error *(*body)(struct mkp_build *build,
							    void *data),
				  void *data)
{
	struct mkp_error *error = mkp_signals_create(&build->signals);

	mkp_arena_init(&build->arena);
	clock_gettime(CLOCK_MONOTONIC, &build->stage_began);
	if (!error)
		error = body(build, data);
	build_deinit(build);
	return error;
}

struct mkp_error *mkp_build_run(const struct mkp_build_options *options,
				const struct mkp_build_sink *sink,
				struct mkp_build_result *result)
{
	struct mkp_build build = {
		.options = options,
		.sink = sink,
		.result = result,
		.lock = -1,
	};

	/* An error refers to nothing of the build. */
	// cppcheck-suppress returnDanglingLifetime
	return mkp_build_guard(&build, run, NULL);
}
