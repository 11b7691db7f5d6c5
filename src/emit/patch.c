// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/patch.h"

#include <stdlib.h>

void mkp_patch_init(struct mkp_patch *patch, const struct mkp_patch_options *options,
		    struct mkp_report *report)
{
	*patch = (struct mkp_patch){ .options = options, .report = report };
	mkp_overrides_init(&patch->overrides);
}

/* Maps and validates both objects; nothing writes to them afterwards. */
static struct mkp_error *read_objects(struct mkp_patch *patch)
{
	struct mkp_error *error = mkp_object_open(patch->options->orig, &patch->orig);

	return error ? error : mkp_object_open(patch->options->patched, &patch->patched);
}

/* Cuts both into atoms and references, which stay as they are. */
static struct mkp_error *build_graphs(struct mkp_patch *patch)
{
	struct mkp_error *error = mkp_graph_create(patch->orig, NULL, &patch->orig_graph);

	return error ? error
		     : mkp_graph_create(patch->patched, patch->orig_graph,
					&patch->patched_graph);
}

/* What the author decided in the source, with the line where that stands. */
static struct mkp_error *take_rules(struct mkp_patch *patch)
{
	struct mkp_author *author = &patch->author;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < author->nr_records && !error; i++) {
		uint32_t atom = author->records[i].atom;
		const char *place;

		if (author->records[i].kind != MKP_AUTHOR_RULE ||
		    author->records[i].trouble)
			continue;
		place = mkp_check_source(&patch->context, atom);
		error = mkp_author_give_rule(
			author, i,
			place ? place : mkp_atom_name(patch->patched_graph, atom),
			&patch->overrides);
	}
	return error;
}

/* Pairs and compares; from here on the verdicts are final. */
static struct mkp_error *compare(struct mkp_patch *patch)
{
	struct mkp_check_context *context = &patch->context;
	struct mkp_error *error = mkp_diff_create(patch->orig_graph, patch->patched_graph,
						  &patch->diff);

	if (!error && patch->options->correlate)
		error = mkp_overrides_read(&patch->overrides, patch->options->correlate);
	if (!error)
		error = mkp_overrides_settle(&patch->overrides, patch->diff);
	if (!error)
		error = mkp_correlate(patch->diff);
	if (!error)
		error = mkp_lines_create(patch->orig->path, &context->orig_lines);
	if (!error)
		error = mkp_lines_create(patch->patched->path, &context->patched_lines);
	if (!error)
		error = mkp_types_create(patch->orig, &context->orig_types);
	if (!error)
		error = mkp_types_create(patch->patched, &context->patched_types);
	if (!error)
		mkp_diff_set_types(patch->diff, context->orig_types,
				   context->patched_types);
	if (!error)
		error = mkp_compare(patch->diff, context->orig_lines,
				    context->patched_lines);
	context->diff = patch->diff;
	if (!error)
		error = mkp_author_read(patch->diff, &patch->author);
	if (!error)
		error = take_rules(patch);
	return error ? error : mkp_overrides_apply(&patch->overrides, patch->diff);
}

/* NULL: no reasons are wanted. */
static const struct mkp_explainer *explainer_of(const struct mkp_patch *patch)
{
	return patch->options->explain ? &patch->explainer : NULL;
}

static struct mkp_error *note_no_lines(const struct mkp_patch *patch,
				       const struct mkp_object *object)
{
	return mkp_report_add_note(patch->report, "debug data: none in %s", object->path);
}

/* The rows of the report, with reasons for all if they are wanted. */
static struct mkp_error *fill_report(struct mkp_patch *patch)
{
	const struct mkp_check_context *context = &patch->context;
	const struct mkp_explainer *wanted = explainer_of(patch);
	struct mkp_error *error = NULL;

	if (wanted)
		error = mkp_explainer_init(&patch->explainer, patch->diff,
					   patch->selection, &patch->report->arena);
	if (!error && wanted && !mkp_lines_available(context->orig_lines))
		error = note_no_lines(patch, patch->orig);
	if (!error && wanted && !mkp_lines_available(context->patched_lines))
		error = note_no_lines(patch, patch->patched);
	if (!error)
		error = mkp_diff_report_functions(context, wanted);
	if (!error && wanted)
		error = mkp_diff_report_data(context, wanted);
	mkp_diff_report_tiers(patch->diff, patch->report);
	return error;
}

static void describe(const struct mkp_patch *patch)
{
	const struct mkp_patch_options *options = patch->options;
	struct mkp_report *report = patch->report;

	report->original = options->orig;
	report->patched = options->patched;
	report->levels = options->levels;
	report->release = options->release;
	report->module_given = options->object;
	report->object = options->object ? options->object : "vmlinux";
	report->status = MKP_STATUS_UNCHANGED;
}

bool mkp_patch_is_refused(const struct mkp_patch *patch)
{
	return mkp_report_count(patch->report, MKP_LEVEL_ERROR) > 0;
}

/* Nothing changed that the author wants in the patch, and nothing is to be called. */
static bool nothing_to_do(const struct mkp_patch *patch)
{
	if (mkp_patch_is_refused(patch))
		return false;
	return !patch->selection->nr_callbacks && !patch->selection->nr_shared &&
	       (mkp_diff_is_unchanged(patch->diff) || !patch->selection->nr_replaced);
}

/* What is final now. */
static struct mkp_error *record(struct mkp_patch *patch)
{
	struct mkp_error *error = mkp_diff_report_included(&patch->context,
							   explainer_of(patch));

	if (!error && patch->options->pairs)
		error = mkp_diff_report_pairs(&patch->context);
	if (error)
		return error;
	return mkp_diff_report_overrides(patch->options->decisions,
					 patch->options->nr_decisions, &patch->overrides,
					 patch->report);
}

struct mkp_error *mkp_patch_select(struct mkp_patch *patch)
{
	struct mkp_check_context *context = &patch->context;
	struct mkp_error *error;

	describe(patch);
	error = read_objects(patch);
	if (!error)
		error = build_graphs(patch);
	if (!error)
		error = compare(patch);
	if (!error)
		error = mkp_select(patch->diff, &patch->selection);
	if (error)
		return error;
	patch->report->arch = patch->patched_graph->arch->name;
	patch->report->nr_compared = patch->diff->nr_functions;
	patch->report->nr_line_only = patch->diff->nr_line_only;
	context->selection = patch->selection;
	context->overrides = &patch->overrides;
	context->author = &patch->author;
	context->module = patch->options->object;
	context->object = patch->options->object;
	context->report = patch->report;
	return NULL;
}

struct mkp_error *mkp_patch_check(struct mkp_patch *patch)
{
	struct mkp_error *error = fill_report(patch);

	/* What is the same needs no check: only additions that nothing uses are told. */
	if (!error)
		error = mkp_check_run(&patch->context);
	if (!error && nothing_to_do(patch))
		return record(patch);
	patch->report->status = MKP_STATUS_REFUSED;
	return error;
}

/* Leaves out the entries of tracepoints that could not be set up in time. */
static void drop_tracing(struct mkp_patch *patch)
{
	const struct mkp_graph *graph = patch->patched_graph;

	for (uint32_t i = 0; i < graph->nr_refs; i++)
		if (patch->selection->fates[i] == MKP_FATE_ORIGINAL &&
		    mkp_binding_is_late(&patch->bindings->atoms[graph->refs[i].target]) &&
		    mkp_check_is_tracing(graph, i))
			mkp_selection_drop(patch->selection, graph->ref_atom[i]);
	mkp_selection_compact(patch->selection);
}

/* Whether the original is what the kernel was made from: only code can tell. */
static struct mkp_error *match_original(struct mkp_patch *patch,
					const struct mkp_target *target)
{
	const struct mkp_image *image = target->object ? target->module : target->vmlinux;

	if (!image || !mkp_space_has_code(image))
		return NULL;
	return mkp_match_create(patch->orig_graph, image, &patch->match);
}

struct mkp_error *mkp_patch_bind(struct mkp_patch *patch, const struct mkp_target *target)
{
	struct mkp_target matched = *target;
	struct mkp_error *error;

	if (target->object)
		patch->report->object = target->object;
	error = match_original(patch, target);
	matched.match = patch->match;
	if (!error)
		error = mkp_bind(&patch->context, &matched, &patch->bindings);
	if (error)
		return error;
	mkp_diff_report_positions(patch->report, patch->selection, patch->bindings);
	drop_tracing(patch);
	return record(patch);
}

void mkp_patch_deinit(struct mkp_patch *patch)
{
	mkp_bindings_destroy(patch->bindings);
	mkp_explainer_deinit(&patch->explainer);
	mkp_match_destroy(patch->match);
	free(patch->links);
	mkp_lines_destroy(patch->context.orig_lines);
	mkp_lines_destroy(patch->context.patched_lines);
	mkp_types_destroy(patch->context.orig_types);
	mkp_types_destroy(patch->context.patched_types);
	mkp_selection_destroy(patch->selection);
	mkp_overrides_deinit(&patch->overrides);
	mkp_author_deinit(&patch->author);
	mkp_diff_destroy(patch->diff);
	mkp_graph_destroy(patch->orig_graph);
	mkp_graph_destroy(patch->patched_graph);
	mkp_object_destroy(patch->orig);
	mkp_object_destroy(patch->patched);
}

void mkp_patch_close(struct mkp_patch *patch)
{
	mkp_patch_deinit(patch);
	mkp_patch_init(patch, patch->options, patch->report);
}
