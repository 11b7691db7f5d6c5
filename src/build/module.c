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
#include "emit/patchset.h"
#include "verify/verify.h"

/* A module that the patch changes, or refers to, as it was shipped. */
struct shipped {
	const char *name;
	const char *file;
	struct mkp_image *image; /* owned; NULL: it is only referred to */
};

/* The arrays have an element for each affected object, in that order. */
struct work {
	struct mkp_build *build;
	struct mkp_patch_options *options;
	struct mkp_patch *store;
	struct mkp_patch **patches;
	struct mkp_target *targets;
	size_t nr_patches;	 /* that are initialised */
	struct shipped *shipped; /* [nr_shipped]: a patch is about a handful of modules */
	size_t nr_shipped, cap_shipped;
	struct mkp_image *vmlinux;
	struct mkp_symvers *symvers;
	const char *name;   /* of the patch module */
	const char *module; /* run/module: the emitted directory */
};

static bool takes_part(const struct work *work, size_t i)
{
	return mkp_patchset_takes_part(work->patches[i]);
}

static size_t count_parts(const struct work *work)
{
	size_t count = 0;

	for (size_t i = 0; i < work->nr_patches; i++)
		count += takes_part(work, i);
	return count;
}

static const char *owner_name(const struct mkp_build_object *object)
{
	return object->owner ? object->owner : "vmlinux";
}

/* For the stages that go through the objects one by one. */
static struct mkp_error *tell_step(void *data, size_t done, size_t total)
{
	struct mkp_build *build = data;

	mkp_build_event(build, MKP_EVENT_PROGRESS, done, total, "objects");
	return mkp_signals_check(build->signals);
}

/* ---- diff ---- */

static struct mkp_error *add_result(struct mkp_build *build,
				    const struct mkp_affected *affected,
				    struct mkp_build_object *object)
{
	struct mkp_arena *arena = &build->result->arena;
	struct mkp_error *error;

	*object = (struct mkp_build_object){
		.path = mkp_arena_strdup(arena, affected->object),
		.because = mkp_arena_strdup(arena, affected->because),
		.owner = mkp_arena_strdup(arena, affected->owner),
	};
	if (!object->path || !object->because || (affected->owner && !object->owner))
		return mkp_error_nomem();
	error = mkp_array_create(1, sizeof(*object->report), &object->report);
	if (error)
		return error;
	mkp_report_init(object->report);
	build->result->nr_objects++;
	return NULL;
}

static struct mkp_error *describe_patch(struct work *work, size_t i)
{
	struct mkp_build *build = work->build;
	const struct mkp_build_options *options = build->options;
	struct mkp_build_object *object = &build->result->objects[i];
	const char *orig = NULL, *patched = NULL;
	struct mkp_error *error = add_result(build, &build->affected[i], object);

	if (!error)
		error = mkp_format(&build->result->arena, &orig, "%s/%s", build->objects,
				   object->path);
	if (!error)
		error = mkp_format(&build->result->arena, &patched, "%s/%s",
				   build->patched, object->path);
	if (error)
		return error;
	work->options[i] = (struct mkp_patch_options){
		.orig = orig,
		.patched = patched,
		.object = object->owner,
		.release = build->result->release,
		.levels = options->levels,
		.decisions = options->decisions,
		.nr_decisions = options->nr_decisions,
		.name = work->name,
		.directory = work->module,
		.standalone = options->standalone,
		.stacked = options->stacked,
		.fixes = options->fixes,
		.nr_fixes = options->nr_fixes,
		.sources = build->sources,
		.nr_sources = build->nr_patches,
	};
	work->patches[i] = &work->store[i];
	mkp_patch_init(&work->store[i], &work->options[i], object->report);
	work->nr_patches++;
	return NULL;
}

static struct mkp_error *create_arrays(struct work *work)
{
	struct mkp_build_result *result = work->build->result;
	const size_t count = work->build->nr_affected;
	struct mkp_error *error = mkp_array_create(count, sizeof(*result->objects),
						   &result->objects);

	if (!error)
		error = mkp_array_create(count, sizeof(*work->options), &work->options);
	if (!error)
		error = mkp_array_create(count, sizeof(*work->store), &work->store);
	if (!error)
		error = mkp_array_create(count, sizeof(struct mkp_patch *),
					 &work->patches);
	if (!error)
		error = mkp_array_create(count, sizeof(*work->targets), &work->targets);
	return error;
}

static struct mkp_error *diff(struct work *work)
{
	const struct mkp_patchset_steps steps = { tell_step, work->build };
	struct mkp_error *error = create_arrays(work);

	for (size_t i = 0; i < work->build->nr_affected && !error; i++)
		error = describe_patch(work, i);
	return error ? error
		     : mkp_patchset_compare(work->patches, work->nr_patches, &steps);
}

/* ---- preflight ---- */

static struct shipped *find_shipped(const struct work *work, const char *name)
{
	for (size_t i = 0; i < work->nr_shipped; i++)
		if (!strcmp(work->shipped[i].name, name))
			return &work->shipped[i];
	return NULL;
}

static struct mkp_error *open_module(struct work *work, const char *name,
				     struct mkp_image **ret_image)
{
	const struct shipped *known = find_shipped(work, name);
	struct shipped shipped = { .name = name };
	struct mkp_error *error;

	if (known) {
		*ret_image = known->image;
		return NULL;
	}
	error = mkp_build_find_module(work->build, name, &shipped.file);
	if (!error)
		error = mkp_array_reserve(&work->shipped, &work->cap_shipped,
					  work->nr_shipped + 1, sizeof(*work->shipped));
	if (!error)
		error = mkp_image_open(shipped.file, name, &shipped.image);
	if (error)
		return error;
	work->shipped[work->nr_shipped++] = shipped;
	*ret_image = shipped.image;
	return NULL;
}

static struct mkp_error *find_target(struct work *work, size_t i)
{
	const char *object = work->options[i].object;
	struct mkp_image *module = NULL;
	struct mkp_error *error = NULL;

	if (object && takes_part(work, i))
		error = open_module(work, object, &module);
	work->targets[i] = (struct mkp_target){
		.object = object,
		.vmlinux = work->vmlinux,
		.module = module,
		.symvers = work->symvers,
		.release = work->build->inputs.release,
	};
	return error;
}

static struct mkp_error *open_kernel(struct work *work)
{
	const struct mkp_build_inputs *inputs = &work->build->inputs;
	struct mkp_image_source vmlinux = { .path = inputs->vmlinux };
	struct mkp_error *error;

	/* Sorted and indexed by the run before, if that had the same kernel. */
	error = mkp_format(&work->build->arena, &vmlinux.cache, "%s/symbols",
			   work->build->work);
	if (!error)
		error = mkp_image_open_source(&vmlinux, &work->vmlinux);
	if (!error)
		error = mkp_symvers_open(inputs->symvers, &work->symvers);
	for (size_t i = 0; i < work->nr_patches && !error; i++)
		error = find_target(work, i);
	return error;
}

/* Binding looks for the original's code in the image first: what differs is a finding. */
static struct mkp_error *bind(struct work *work)
{
	const struct mkp_patchset_steps steps = { tell_step, work->build };
	struct mkp_error *error = open_kernel(work);

	return error ? error
		     : mkp_patchset_bind(work->patches, work->targets, work->nr_patches,
					 &steps);
}

/* Takes down what was proved of each object, and says it where there are several. */
static struct mkp_error *tell_proofs(struct work *work, size_t *ret_proved)
{
	const bool several = count_parts(work) > 1;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < work->nr_patches && !error; i++) {
		struct mkp_build_object *object = &work->build->result->objects[i];

		if (!takes_part(work, i) || !work->patches[i]->match)
			continue;
		object->nr_proved = work->patches[i]->match->functions.same;
		*ret_proved += object->nr_proved;
		if (several)
			error = mkp_build_note(work->build,
					       "%s (%s): %zu functions are the code that "
					       "runs",
					       object->path, owner_name(object),
					       object->nr_proved);
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
static struct mkp_error *run_kbuild(struct work *work)
{
	struct mkp_build *build = work->build;
	const char *core = build->inputs.core_symvers;
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
				   "KBUILD_EXTRA_SYMBOLS=%s", core);
	make.cflags = cflags;
	if (!error)
		error = mkp_build_make(build, &make, &status);
	if (!error && status)
		error = mkp_error_create(MKP_ERROR_IO,
					 "kbuild does not make the module: %s (log: %s)",
					 build->reason, build->log);
	return error;
}

static struct mkp_error *make_module(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_finalize_result finalized;
	const char *path = NULL;
	struct mkp_error *error = run_kbuild(work);

	if (!error)
		error = mkp_format(&build->arena, &path, "%s/%s.ko", work->module,
				   work->name);
	return error ? error : mkp_finalize(path, &finalized);
}

/* ---- verify ---- */

/* One line for each finding; a module that is wrong is no result. */
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

static struct mkp_error *add_provider(struct work *work,
				      const struct mkp_binding *binding)
{
	struct shipped shipped = { .name = binding->provider };
	struct mkp_error *error;

	if (binding->kind != MKP_BIND_LIVEPATCH || !strcmp(shipped.name, "vmlinux") ||
	    find_shipped(work, shipped.name))
		return NULL;
	error = mkp_build_find_module(work->build, shipped.name, &shipped.file);
	if (!error)
		error = mkp_array_reserve(&work->shipped, &work->cap_shipped,
					  work->nr_shipped + 1, sizeof(*work->shipped));
	if (!error)
		work->shipped[work->nr_shipped++] = shipped;
	return error;
}

/* Modules that export what the patched ones use. */
static struct mkp_error *add_providers(struct work *work)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < work->nr_patches; i++) {
		const struct mkp_patch *patch = work->patches[i];

		if (!takes_part(work, i))
			continue;
		for (uint32_t k = 0; k < patch->patched_graph->nr_atoms && !error; k++)
			error = add_provider(work, &patch->bindings->atoms[k]);
	}
	return error;
}

/* Modules as they were shipped, and the objects that the patch is made of. */
static struct mkp_error *collect_images(const struct work *work, const char ***ret_images,
					const char **payloads,
					struct mkp_verify_input *input)
{
	struct mkp_error *error = mkp_array_create(work->nr_shipped, sizeof(**ret_images),
						   ret_images);

	if (error)
		return error;
	input->images = *ret_images;
	for (size_t i = 0; i < work->nr_shipped; i++)
		(*ret_images)[input->nr_images++] = work->shipped[i].file;
	for (size_t i = 0; i < work->nr_patches; i++)
		if (takes_part(work, i))
			payloads[input->nr_payloads++] = work->options[i].patched;
	return NULL;
}

static size_t count_items(const struct mkp_verify_report *report, const char *object)
{
	size_t count = 0;

	for (size_t i = 0; i < report->nr_items; i++)
		count += report->items[i].object &&
			 !strcmp(report->items[i].object, object);
	return count;
}

/* "27 references looked up again: 20 in vmlinux, 7 in loop" */
static struct mkp_error *describe_verified(const struct work *work,
					   const struct mkp_verify_report *report)
{
	MKP_CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	fprintf(stream, "%zu references looked up again", report->nr_items);
	if (work->nr_shipped)
		fprintf(stream, ": %zu in vmlinux", count_items(report, "vmlinux"));
	for (size_t i = 0; i < work->nr_shipped; i++)
		fprintf(stream, ", %zu in %s", count_items(report, work->shipped[i].name),
			work->shipped[i].name);
	if (fclose(stream))
		return mkp_error_nomem();
	return mkp_format(&work->build->arena, &work->build->verified, "%s", text);
}

static struct mkp_error *verify(struct work *work, const char **payloads)
{
	struct mkp_build *build = work->build;
	const char *const symvers[] = { build->inputs.symvers,
					build->inputs.core_symvers };
	struct mkp_verify_input input = {
		.vmlinux = build->inputs.vmlinux,
		.symvers = symvers,
		.nr_symvers = symvers[1] ? 2 : 1,
		.payloads = payloads,
	};
	MKP_CLEANUP_FREE const char **images = NULL;
	struct mkp_verify_report report;
	struct mkp_verify *state = NULL;
	struct mkp_error *error = add_providers(work);

	mkp_verify_report_init(&report);
	if (!error)
		error = collect_images(work, &images, payloads, &input);
	if (!error)
		error = mkp_format(&build->arena, &input.module, "%s/%s.ko", work->module,
				   work->name);
	if (!error)
		error = mkp_verify_run(&input, &report, &state);
	if (!error)
		error = judge_module(build, &report);
	if (!error)
		error = describe_verified(work, &report);
	mkp_verify_destroy(state);
	mkp_verify_report_deinit(&report);
	return error;
}

static struct mkp_error *verify_module(struct work *work)
{
	const char **payloads = NULL;
	struct mkp_error *error = mkp_array_create(work->build->nr_affected,
						   sizeof(*payloads), &payloads);

	if (!error)
		error = verify(work, payloads);
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

/* Whether there is anything to go on with. */
static void set_status(struct work *work)
{
	static const enum mkp_build_status statuses[] = {
		[MKP_STATUS_PATCH] = MKP_BUILD_DONE,
		[MKP_STATUS_UNCHANGED] = MKP_BUILD_UNCHANGED,
		[MKP_STATUS_REFUSED] = MKP_BUILD_REFUSED,
	};

	work->build->result->status =
		statuses[mkp_patchset_status(work->patches, work->nr_patches)];
}

static struct mkp_error *stage_diff(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_DIFF);
	error = name_module(work);
	if (!error)
		error = diff(work);
	if (error)
		return error;
	set_status(work);
	return mkp_build_end(build, "%zu of %zu objects differ", count_parts(work),
			     work->nr_patches);
}

static struct mkp_error *stage_preflight(struct work *work)
{
	struct mkp_build *build = work->build;
	size_t nr_proved = 0;
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_PREFLIGHT);
	error = bind(work);
	if (!error)
		error = tell_proofs(work, &nr_proved);
	if (error)
		return error;
	set_status(work);
	return mkp_build_end(build, "%zu functions are the code that runs", nr_proved);
}

static struct mkp_error *stage_emit(struct work *work)
{
	struct mkp_build *build = work->build;
	struct mkp_error *error;

	mkp_build_begin(build, MKP_STAGE_EMIT);
	error = mkp_tree_remove(work->module);
	if (!error)
		error = mkp_patchset_emit(work->patches, work->targets, work->nr_patches);
	if (error)
		return error;
	/* Not the place that the user named, and not where it stays. */
	for (size_t i = 0; i < work->nr_patches; i++)
		work->patches[i]->report->output = NULL;
	return mkp_build_end(build, "%s", work->name);
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
	return mkp_build_end(build, "%s", build->verified);
}

static void work_deinit(struct work *work)
{
	for (size_t i = 0; i < work->nr_patches; i++)
		mkp_patch_deinit(work->patches[i]);
	for (size_t i = 0; i < work->nr_shipped; i++)
		mkp_image_destroy(work->shipped[i].image);
	free(work->options);
	free(work->store);
	free(work->patches);
	free(work->targets);
	free(work->shipped);
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
