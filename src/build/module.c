// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From pairs of objects to a module that is finished: what a person would do with
 * `mkpatch diff`, make and `mkpatch finalize`.
 */
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "build/private.h"
#include "emit/finalize.h"
#include "emit/module.h"
#include "verify/verify.h"

/* One object on its way, and the kernel's side of it. */
struct pair {
	const struct mkp_affected *affected;
	struct mkp_patch_options options;
	struct mkp_patch patch;
	struct mkp_report *report; /* the result's, as is `owner` */
	const char *owner;
	const char *file;	 /* module as it was shipped; NULL: vmlinux */
	struct mkp_image *image; /* the same, opened */
};

struct work {
	struct mkp_build *build;
	struct pair *pairs;
	size_t nr_changed, nr_proved;
	struct mkp_image *vmlinux;
	struct mkp_symvers *symvers;
	const char *name;   /* of the patch module */
	const char *module; /* run/module: the emitted directory */
};

/* ---- diff ---- */

static struct mkp_error *add_result(struct mkp_build *build,
				    const struct mkp_affected *affected,
				    struct pair *pair)
{
	struct mkp_build_result *result = build->result;
	struct mkp_build_object *object;
	struct mkp_error *error = mkp_array_reserve(
		&result->objects, &result->cap_objects, result->nr_objects + 1,
		sizeof(*result->objects));

	if (error)
		return error;
	object = &result->objects[result->nr_objects];
	*object = (struct mkp_build_object){
		.path = mkp_arena_strdup(&result->arena, affected->object),
		.because = mkp_arena_strdup(&result->arena, affected->because),
		.owner = mkp_arena_strdup(&result->arena, affected->owner),
	};
	error = mkp_array_create(1, sizeof(*object->report), &object->report);
	if (error || !object->path || !object->because ||
	    (affected->owner && !object->owner)) {
		free(object->report);
		return error ? error : mkp_error_nomem();
	}
	mkp_report_init(object->report);
	result->nr_objects++;
	pair->report = object->report;
	pair->owner = object->owner;
	return NULL;
}

static struct mkp_error *start_pair(struct work *work, struct pair *pair)
{
	struct mkp_build *build = work->build;
	const struct mkp_build_options *options = build->options;
	const char *orig = NULL, *patched = NULL;
	struct mkp_error *error = mkp_format(&build->result->arena, &orig, "%s/%s",
					     build->objects, pair->affected->object);

	if (!error)
		error = mkp_format(&build->result->arena, &patched, "%s/%s",
				   build->patched, pair->affected->object);
	if (!error)
		error = add_result(build, pair->affected, pair);
	pair->options = (struct mkp_patch_options){
		.orig = orig,
		.patched = patched,
		.object = pair->owner,
		.release = build->result->release,
		.levels = options->levels,
		.decisions = options->decisions,
		.nr_decisions = options->nr_decisions,
		.name = work->name,
		.directory = work->module,
		.standalone = options->standalone,
		.fixes = options->fixes,
		.nr_fixes = options->nr_fixes,
		.sources = build->sources,
		.nr_sources = build->nr_patches,
	};
	if (!error)
		mkp_patch_init(&pair->patch, &pair->options, pair->report);
	return error;
}

static struct mkp_error *diff_pairs(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < build->nr_affected && !error; i++) {
		struct pair *pair = &work->pairs[i];

		pair->affected = &build->affected[i];
		error = start_pair(work, pair);
		if (!error)
			error = mkp_patch_compare(&pair->patch);
		if (!error && pair->report->status != MKP_STATUS_UNCHANGED)
			work->nr_changed++;
		else
			mkp_patch_deinit(&pair->patch);
		mkp_build_event(build, MKP_EVENT_PROGRESS, i + 1, build->nr_affected,
				"objects");
		if (!error)
			error = mkp_signals_check(build->signals);
	}
	return error;
}

static bool is_changed(const struct pair *pair)
{
	return pair->report && pair->report->status != MKP_STATUS_UNCHANGED;
}

/* ---- the kernel ---- */

static struct mkp_error *open_kernel(struct work *work)
{
	const struct mkp_build_inputs *inputs = &work->build->inputs;
	struct mkp_error *error;

	error = mkp_image_open(inputs->vmlinux, /* module= */ NULL, &work->vmlinux);
	return error ? error : mkp_symvers_open(inputs->symvers, &work->symvers);
}

static struct mkp_error *open_image(struct work *work, struct pair *pair)
{
	struct mkp_error *error;

	if (!pair->owner)
		return NULL;
	error = mkp_build_find_module(work->build, pair->owner, &pair->file);
	return error ? error : mkp_image_open(pair->file, pair->owner, &pair->image);
}

/* ---- preflight ---- */

/* Binding looks for the original's code in the image first: what differs is a finding. */
static struct mkp_error *bind_pair(struct work *work, struct pair *pair)
{
	const struct mkp_target target = {
		.object = pair->owner,
		.vmlinux = work->vmlinux,
		.module = pair->image,
		.symvers = work->symvers,
		.release = work->build->inputs.release,
	};
	struct mkp_error *error = open_image(work, pair);

	if (!error)
		error = mkp_patch_bind(&pair->patch, &target);
	if (error)
		return error;
	if (mkp_patch_is_refused(&pair->patch))
		work->build->result->status = MKP_BUILD_REFUSED;
	if (pair->patch.match)
		work->nr_proved += pair->patch.match->functions.same;
	return NULL;
}

static struct mkp_error *bind_pairs(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error = open_kernel(work);

	for (size_t i = 0; i < build->nr_affected && !error; i++) {
		struct pair *pair = &work->pairs[i];

		if (!is_changed(pair))
			continue;
		error = bind_pair(work, pair);
		mkp_build_event(build, MKP_EVENT_PROGRESS, i + 1, build->nr_affected,
				"objects");
		if (!error)
			error = mkp_signals_check(build->signals);
	}
	return error;
}

/* ---- emit ---- */

static struct mkp_error *emit_pairs(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error = NULL;

	if (work->nr_changed > 1)
		return mkp_build_refuse(build,
					"%zu objects differ: a module of several objects "
					"is not made yet",
					work->nr_changed);
	for (size_t i = 0; i < build->nr_affected && !error; i++) {
		const struct pair *pair = &work->pairs[i];
		const struct mkp_target target = { .object = pair->owner };

		if (!is_changed(pair))
			continue;
		error = mkp_patch_emit(&work->pairs[i].patch, &target);
		/* Not the place that the user named, and not where it stays. */
		pair->report->output = NULL;
	}
	return error;
}

/* ---- module ---- */

/* Without headers the tree serves; what it lacks is what the kernel exports. */
static struct mkp_error *give_symvers(struct mkp_build *build)
{
	const char *path = NULL;
	struct mkp_error *error;

	if (build->inputs.headers)
		return NULL;
	error = mkp_format(&build->arena, &path, "%s/Module.symvers", build->tree);
	return error ? error : mkp_file_install(build->inputs.symvers, path);
}

/* Nothing of the place where it is built gets into the module: the compiler is told to
 * leave paths out, and debug information, which speaks of a glue of a few lines. */
static struct mkp_error *run_kbuild(struct work *work, const char *core)
{
	struct mkp_build *build = work->build;
	const char *targets[3] = { "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules" };
	const char *cflags = NULL;
	struct mkp_make make = {
		.directory = build->inputs.headers,
		.targets = targets,
		.nr_targets = 2,
		.module = work->module,
	};
	int status = 0;
	struct mkp_error *error = give_symvers(build);

	if (!error)
		error = mkp_format(&build->arena, &cflags,
				   "-g0 -ffile-prefix-map=%s/=", work->module);
	if (!error && core)
		error = mkp_format(&build->arena, &targets[make.nr_targets++],
				   "KBUILD_EXTRA_SYMBOLS=%s/Module.symvers", core);
	make.cflags = cflags;
	if (!error)
		error = mkp_build_make(build, &make, &status);
	if (!error && status)
		error = mkp_error_create(MKP_ERROR_IO,
					 "kbuild does not make the module: %s (log: %s)",
					 build->reason, build->log);
	return error;
}

/* The core module's directory; NULL for a module that needs none. */
static struct mkp_error *find_core(struct work *work, const char **ret_core)
{
	struct mkp_build *build = work->build;
	const char *core = build->options->core ? build->options->core
						: "/usr/src/mkpatch-core";
	MKP_CLEANUP_FREE char *real = NULL;
	const char *symvers = NULL;
	struct mkp_error *error;

	*ret_core = NULL;
	if (build->options->standalone)
		return NULL;
	real = realpath(core, NULL);
	error = mkp_format(&build->arena, &symvers, "%s/Module.symvers",
			   real ? real : core);
	if (!error && !mkp_file_exists(symvers))
		error = mkp_error_create(MKP_ERROR_USAGE,
					 "no %s: the core module is not built there; say "
					 "where it is with --core, or make a patch that "
					 "needs none with --standalone",
					 symvers);
	return error ? error : mkp_format(&build->arena, ret_core, "%s", real);
}

static struct mkp_error *make_module(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_finalize_result finalized;
	const char *core, *path = NULL;
	struct mkp_error *error = find_core(work, &core);

	if (!error)
		error = run_kbuild(work, core);
	if (!error)
		error = mkp_format(&build->arena, &path, "%s/%s.ko", work->module,
				   work->name);
	return error ? error : mkp_finalize(path, &finalized);
}

/* ---- verify ---- */

/* One line for each finding; a module that is wrong is no result. */
static bool is_listed(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], text))
			return true;
	return false;
}

static struct mkp_error *judge_module(struct mkp_build *build,
				      const struct mkp_verify_report *report)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < report->nr_findings && !error; i++) {
		const struct mkp_verify_finding *finding = &report->findings[i];
		const char *where = finding->where ? finding->where : "";
		const char *colon = finding->where ? ": " : "";

		if (finding->row->level == MKP_VERIFY_ERROR)
			error = mkp_build_refuse(build, "verify[%s]: %s%s%s",
						 finding->row->name, where, colon,
						 finding->message);
		else if (finding->row->level == MKP_VERIFY_WARNING)
			error = mkp_build_note(build, "verify[%s]: %s%s%s",
					       finding->row->name, where, colon,
					       finding->message);
	}
	return error;
}

/* Modules that the patch changes, as they were shipped, and the objects it is made of. */
static struct mkp_error *collect_images(struct work *work, const char **images,
					const char **payloads,
					struct mkp_verify_input *input)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < work->build->nr_affected && !error; i++) {
		struct pair *pair = &work->pairs[i];

		if (!is_changed(pair))
			continue;
		payloads[input->nr_payloads++] = pair->options.patched;
		if (pair->owner && !is_listed(images, input->nr_images, pair->file))
			images[input->nr_images++] = pair->file;
	}
	return error;
}

static struct mkp_error *verify(struct work *work, const char **images,
				const char **payloads)
{
	struct mkp_build *build = work->build;
	struct mkp_verify_input input = {
		.vmlinux = build->inputs.vmlinux,
		.images = images,
		.symvers = &build->inputs.symvers,
		.nr_symvers = 1,
		.payloads = payloads,
	};
	struct mkp_verify_report report;
	struct mkp_verify *state = NULL;
	struct mkp_error *error;

	mkp_verify_report_init(&report);
	error = collect_images(work, images, payloads, &input);
	if (!error)
		error = mkp_format(&build->arena, &input.module, "%s/%s.ko", work->module,
				   work->name);
	if (!error)
		error = mkp_verify_run(&input, &report, &state);
	if (!error)
		error = judge_module(build, &report);
	build->nr_verified = report.nr_items;
	mkp_verify_destroy(state);
	mkp_verify_report_deinit(&report);
	return error;
}

static struct mkp_error *verify_module(struct work *work)
{
	const size_t count = work->build->nr_affected;
	const char **images = NULL, **payloads = NULL;
	struct mkp_error *error = mkp_array_create(count, sizeof(*images), &images);

	if (!error)
		error = mkp_array_create(count, sizeof(*payloads), &payloads);
	if (!error)
		error = verify(work, images, payloads);
	free(images);
	free(payloads);
	return error;
}

/* ---- all of it ---- */

/* "livepatch-" and the name of the last patch, unless the user named it. */
static struct mkp_error *name_module(struct work *work)
{
	struct mkp_build *build = work->build;
	const char *last = build->patches[build->nr_patches - 1].path;
	const char *slash = strrchr(last, '/'), *base = slash ? slash + 1 : last;
	MKP_CLEANUP_FREE char *name = NULL;
	const char *text = build->options->name;
	struct mkp_error *error = NULL;

	if (!text)
		error = mkp_format(&build->arena, &text, "livepatch_%.*s",
				   (int)strcspn(base, "."), base);
	if (!error)
		error = mkp_module_name(text, &name);
	if (!error)
		error = mkp_format(&build->arena, &work->name, "%s", name);
	return error ? error
		     : mkp_format(&build->arena, &work->module, "%s/module", build->run);
}

static struct mkp_error *stage_diff(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_DIFF);
	error = name_module(work);
	if (!error)
		error = mkp_array_create(build->nr_affected, sizeof(*work->pairs),
					 &work->pairs);
	if (!error)
		error = diff_pairs(work);
	if (error)
		return error;
	build->result->status = work->nr_changed ? MKP_BUILD_DONE : MKP_BUILD_UNCHANGED;
	return mkp_build_end(build, "%zu of %zu objects differ", work->nr_changed,
			     build->nr_affected);
}

static struct mkp_error *stage_preflight(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_PREFLIGHT);
	error = bind_pairs(work);
	if (error)
		return error;
	return mkp_build_end(build, "%zu functions are the code that runs",
			     work->nr_proved);
}

static struct mkp_error *stage_emit(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_EMIT);
	error = mkp_tree_remove(work->module);
	if (!error)
		error = emit_pairs(work);
	if (error)
		return error;
	return mkp_build_end(build, "%s",
			     build->result->status == MKP_BUILD_DONE ? work->name
								     : "refused");
}

static struct mkp_error *stage_module(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_MODULE);
	error = make_module(work);
	return error ? error : mkp_build_end(build, "%s.ko", work->name);
}

static struct mkp_error *stage_verify(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_VERIFY);
	error = verify_module(work);
	if (!error && build->result->status == MKP_BUILD_DONE)
		error = mkp_build_output(build, work->module, work->name);
	if (error)
		return error;
	return mkp_build_end(build, "%zu references looked up again", build->nr_verified);
}

static void work_deinit(struct work *work)
{
	for (size_t i = 0; work->pairs && i < work->build->nr_affected; i++) {
		if (is_changed(&work->pairs[i]))
			mkp_patch_deinit(&work->pairs[i].patch);
		mkp_image_destroy(work->pairs[i].image);
	}
	free(work->pairs);
	mkp_image_destroy(work->vmlinux);
	mkp_symvers_destroy(work->symvers);
}

struct mkp_error *mkp_build_module(struct mkp_build *build)
{
	struct work work = { .build = build };
	struct mkp_error *error = stage_diff(&work);

	if (!error && build->result->status == MKP_BUILD_DONE)
		error = stage_preflight(&work);
	if (!error && build->result->status == MKP_BUILD_DONE)
		error = stage_emit(&work);
	if (!error && build->result->status == MKP_BUILD_DONE)
		error = stage_module(&work);
	if (!error && build->result->status == MKP_BUILD_DONE)
		error = stage_verify(&work);
	work_deinit(&work);
	return error;
}
