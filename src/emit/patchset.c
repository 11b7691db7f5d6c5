// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/patchset.h"

#include <string.h>

#include "base/array.h"
#include "emit/emit.h"
#include "emit/link.h"

bool mkp_patchset_takes_part(const struct mkp_patch *patch)
{
	return patch->report->status != MKP_STATUS_UNCHANGED;
}

static struct mkp_error *make_step(const struct mkp_patchset_steps *steps, size_t done,
				   size_t total)
{
	return steps ? steps->step(steps->data, done, total) : NULL;
}

/* A header may have hundreds of users, of which a few change: what others may need to
 * know of the rest is their names. */
static struct mkp_error *close_same(struct mkp_patch *patch)
{
	struct mkp_error *error;

	if (!mkp_diff_is_same(patch->diff) || patch->author.nr_records)
		return NULL;
	error = mkp_patch_check(patch);
	mkp_patch_close(patch);
	return error;
}

static struct mkp_error *select_all(struct mkp_patch *const *patches, size_t nr_patches,
				    struct mkp_linker *linker,
				    const struct mkp_patchset_steps *steps)
{
	const struct mkp_patch *before = NULL;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < nr_patches && !error; i++) {
		struct mkp_patch *patch = patches[i];

		error = mkp_patch_select(patch);
		if (!error)
			error = mkp_linker_add(linker, i);
		if (!error && nr_patches > 1)
			error = close_same(patch);
		if (!error && patch->diff) {
			patch->context.before = before ? &before->context : NULL;
			before = patch;
		}
		if (!error)
			error = make_step(steps, i + 1, nr_patches);
	}
	return error;
}

struct mkp_error *mkp_patchset_compare(struct mkp_patch *const *patches,
				       size_t nr_patches,
				       const struct mkp_patchset_steps *steps)
{
	struct mkp_linker *linker = NULL;
	struct mkp_error *error = mkp_linker_create(patches, nr_patches, &linker);

	if (!error)
		error = select_all(patches, nr_patches, linker, steps);
	/* From here on it is known what each of them carries. */
	if (!error && nr_patches > 1)
		error = mkp_linker_run(linker);
	mkp_linker_destroy(linker);
	for (size_t i = 0; i < nr_patches && !error; i++)
		if (patches[i]->diff)
			error = mkp_patch_check(patches[i]);
	return error;
}

/* ---- The same function twice ---------------------------------------------------------
 */

struct replaced {
	const struct mkp_binding *binding;
	const struct mkp_patch *patch;
	uint32_t atom;
	size_t order;
};

static uint64_t known_position(const struct replaced *it)
{
	return it->binding->position ? it->binding->position : 1;
}

static int compare_replaced(const void *a, const void *b)
{
	const struct replaced *x = a, *y = b;
	int order = strcmp(x->binding->object, y->binding->object);

	if (!order)
		order = strcmp(x->binding->name, y->binding->name);
	if (!order && known_position(x) != known_position(y))
		order = known_position(x) > known_position(y) ? 1 : -1;
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static bool same_function(const struct replaced *x, const struct replaced *y)
{
	return !strcmp(x->binding->object, y->binding->object) &&
	       !strcmp(x->binding->name, y->binding->name) &&
	       known_position(x) == known_position(y);
}

static struct mkp_error *report_twice(const struct replaced *list, size_t count)
{
	struct mkp_error *error = NULL;

	for (size_t i = 1; i < count && !error; i++)
		if (same_function(&list[i - 1], &list[i]))
			error = mkp_check_report(
				list[i].patch->report, MKP_CHECK_PATCH_CLASH,
				list[i].binding->name,
				mkp_check_source(&list[i].patch->context, list[i].atom),
				"replaced by %s already",
				list[i - 1].patch->options->patched);
	return error;
}

/* A function can be replaced once: livepatch takes the second for the same one. */
static struct mkp_error *check_twice(struct mkp_patch *const *patches, size_t nr_patches)
{
	struct replaced *list = NULL;
	size_t count = 0, total = 0;
	struct mkp_error *error;

	for (size_t i = 0; i < nr_patches; i++)
		if (mkp_patchset_takes_part(patches[i]))
			total += patches[i]->selection->nr_replaced;
	error = mkp_array_create(total, sizeof(*list), &list);
	for (size_t i = 0; i < nr_patches && !error; i++) {
		const struct mkp_patch *patch = patches[i];

		for (uint32_t k = 0;
		     mkp_patchset_takes_part(patch) && k < patch->selection->nr_replaced;
		     k++, count++)
			list[count] = (struct replaced){ &patch->bindings->replaced[k],
							 patch,
							 patch->selection->queue[k],
							 count };
	}
	if (!error && count)
		qsort(list, count, sizeof(*list), compare_replaced);
	if (!error)
		error = report_twice(list, count);
	free(list);
	return error;
}

struct mkp_error *mkp_patchset_bind(struct mkp_patch *const *patches,
				    const struct mkp_target *targets, size_t nr_patches,
				    const struct mkp_patchset_steps *steps)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < nr_patches && !error; i++) {
		if (!mkp_patchset_takes_part(patches[i]))
			continue;
		error = mkp_patch_bind(patches[i], &targets[i]);
		if (!error)
			error = make_step(steps, i + 1, nr_patches);
	}
	return error ? error : check_twice(patches, nr_patches);
}

struct mkp_error *mkp_patchset_emit(struct mkp_patch *const *patches,
				    const struct mkp_target *targets, size_t nr_patches)
{
	const struct mkp_patch_options *first = patches[0]->options;
	const struct mkp_emit_options options = {
		.name = first->name,
		.directory = first->directory,
		.release = first->release,
		.standalone = first->standalone,
		.stacked = first->stacked,
		.vmlinux = targets[0].vmlinux ? mkp_image_object(targets[0].vmlinux)
					      : NULL,
		.fixes = first->fixes,
		.nr_fixes = first->nr_fixes,
		.sources = first->sources,
		.nr_sources = first->nr_sources,
	};
	struct mkp_emit_part *parts = NULL;
	size_t nr_parts = 0;
	struct mkp_error *error = mkp_array_create(nr_patches, sizeof(*parts), &parts);

	for (size_t i = 0; i < nr_patches && !error; i++) {
		if (!mkp_patchset_takes_part(patches[i]))
			continue;
		patches[i]->report->status = MKP_STATUS_PATCH;
		parts[nr_parts++] = (struct mkp_emit_part){
			.object = targets[i].object,
			.selection = patches[i]->selection,
			.bindings = patches[i]->bindings,
			.author = &patches[i]->author,
			.report = patches[i]->report,
		};
	}
	if (!error)
		error = mkp_emit(&options, parts, nr_parts);
	free(parts);
	return error;
}

enum mkp_report_status mkp_patchset_status(struct mkp_patch *const *patches,
					   size_t nr_patches)
{
	enum mkp_report_status status = MKP_STATUS_UNCHANGED;

	for (size_t i = 0; i < nr_patches; i++) {
		if (mkp_patch_is_refused(patches[i]))
			return MKP_STATUS_REFUSED;
		if (mkp_patchset_takes_part(patches[i]))
			status = MKP_STATUS_PATCH;
	}
	return status;
}
