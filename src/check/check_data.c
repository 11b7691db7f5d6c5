// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks about data: what changed, what is new, what is gone.
 */
#include <inttypes.h>

#include "check/check.h"
#include "check/data_changes.h"
#include "diff/names.h"
#include "diff/readers.h"

/* A named variable or a stretch of data, not a value. */
static bool is_data(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	if (mkp_atom_is_value(graph, atom))
		return false;
	return atom->kind == MKP_ATOM_OBJECT || atom->kind == MKP_ATOM_ANON;
}

static bool is_kernel_data(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	return is_data(graph, atom) &&
	       (atom->class == MKP_CLASS_DATA || atom->class == MKP_CLASS_RODATA ||
		atom->class == MKP_CLASS_PERCPU || atom->class == MKP_CLASS_UNKNOWN ||
		atom->class == MKP_CLASS_TEXT);
}

/* What to do about this one. */
static const char *advice_for(const struct mkp_data_changes *changes,
			      enum mkp_class class)
{
	if (changes->old_size != changes->new_size)
		return "leave the size as it is, and keep what is new in a shadow "
		       "variable or "
		       "in a variable that patched functions alone use";
	if (changes->functions)
		return "leave the pointer as it is, and change the function that it "
		       "points to";
	if (class == MKP_CLASS_RODATA)
		return "leave the constant as it is, and give patched functions one of "
		       "their "
		       "own under another name";
	return NULL;
}

static struct mkp_error *describe_changes(const struct mkp_diff *diff, uint32_t atom,
					  const struct mkp_data_changes *changes,
					  char **ret_text)
{
	size_t count = changes->nr_changes + changes->nr_more;
	int length;

	if (changes->old_size != changes->new_size)
		length = asprintf(ret_text, "size %" PRIu64 " -> %" PRIu64 " bytes%s",
				  changes->old_size, changes->new_size,
				  count ? ", and values" : "");
	else if (count)
		length = asprintf(ret_text, "%zu field%s", count, count == 1 ? "" : "s");
	else
		return mkp_cause_describe(diff, atom, ret_text);
	if (length >= 0)
		return NULL;
	*ret_text = NULL;
	return mkp_error_nomem();
}

/* What of its readers is told of a constant: what keeps the patch from replacing them, or
 * where its address goes; NULL: nothing. */
static struct mkp_error *describe_readers(const struct mkp_check_context *context,
					  struct mkp_escape_judge **judge, uint32_t atom,
					  char **ret_text)
{
	struct mkp_readers readers;
	struct mkp_error *error = NULL;

	if (!*judge)
		error = mkp_readers_judge_create(context->diff, judge);
	if (!error)
		error = mkp_readers_find(context->selection, *judge, atom, &readers);
	if (!error)
		error = mkp_readers_describe(context->diff, &readers, ret_text);
	return error;
}

/* A constant of whose readers more is to be said than that they may be anywhere: by the
 * name that it goes by, others know nothing of it. */
static bool looks_local(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	return it->class == MKP_CLASS_RODATA && it->kind == MKP_ATOM_OBJECT &&
	       mkp_atom_symbol(graph, it)->bind == STB_LOCAL;
}

static struct mkp_error *report_changed_data(const struct mkp_check_context *context,
					     enum mkp_check_id self,
					     struct mkp_escape_judge **judge,
					     uint32_t atom)
{
	const struct mkp_graph *graph = context->diff->patched;
	enum mkp_class class = graph->atoms[atom].class;
	MKP_CLEANUP_FREE char *what = NULL, *readers = NULL;
	struct mkp_data_changes changes;
	struct mkp_error *error = mkp_data_changes_find(context, atom, &changes);
	struct mkp_finding details = {
		.symbol = mkp_atom_name(graph, atom),
		.source = mkp_check_source(context, atom),
		.fix = advice_for(&changes, class),
		.changes = changes.changes,
		.nr_changes = changes.nr_changes,
	};

	if (!error)
		error = describe_changes(context->diff, atom, &changes, &what);
	if (!error && looks_local(graph, atom))
		error = describe_readers(context, judge, atom, &readers);
	if (!error)
		error = mkp_check_report_details(
			context->report, self, &details,
			"%s of the running kernel would change%s%s: %s%s",
			mkp_class_name(class), readers ? ", and " : "",
			readers ? readers : "", what,
			changes.nr_more ? "; the first ones are" : "");
	mkp_data_changes_deinit(&changes);
	return error;
}

struct mkp_error *mkp_run_changed_data(const struct mkp_check_context *context,
				       enum mkp_check_id self)
{
	const struct mkp_diff *diff = context->diff;
	const struct mkp_graph *graph = diff->patched;
	struct mkp_escape_judge *judge = NULL;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++)
		if (diff->state[i] == MKP_STATE_CHANGED &&
		    is_kernel_data(graph, &graph->atoms[i]) &&
		    !(mkp_is_included(context->selection, i) &&
		      mkp_constant_is_private(context->selection, i)))
			error = report_changed_data(context, self, &judge, i);
	mkp_escape_judge_destroy(judge);
	return error;
}

/* Reports each included atom that @matches. */
static struct mkp_error *for_each_included(
	const struct mkp_check_context *context, enum mkp_check_id self,
	bool (*matches)(const struct mkp_diff *, uint32_t), const char *what)
{
	const struct mkp_selection *selection = context->selection;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		uint32_t atom = selection->queue[i];

		if (matches(context->diff, atom))
			error = mkp_check_report(
				context->report, self,
				mkp_atom_name(context->diff->patched, atom),
				mkp_check_source(context, atom), "%s", what);
	}
	return error;
}

static bool is_percpu(const struct mkp_diff *diff, uint32_t atom)
{
	return diff->patched->atoms[atom].class == MKP_CLASS_PERCPU;
}

struct mkp_error *mkp_run_percpu_new(const struct mkp_check_context *context,
				     enum mkp_check_id self)
{
	return for_each_included(context, self, is_percpu, "new static per-CPU variable");
}

static struct mkp_error *report_constant(const struct mkp_check_context *context,
					 enum mkp_check_id self,
					 struct mkp_escape_judge **judge, uint32_t atom)
{
	MKP_CLEANUP_FREE char *list = NULL, *readers = NULL;
	struct mkp_error *error = mkp_selection_list_for(context->selection, atom, &list);

	if (!error && *list)
		error = describe_readers(context, judge, atom, &readers);
	if (error)
		return error;
	return mkp_check_report(context->report, self,
				mkp_atom_name(context->diff->patched, atom),
				mkp_check_source(context, atom),
				"the patch carries its new content%s%s%s%s",
				*list ? "; replaced since they read it: " : "", list,
				readers ? "; " : "", readers ? readers : "");
}

struct mkp_error *mkp_run_constant_carried(const struct mkp_check_context *context,
					   enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	const struct mkp_diff *diff = context->diff;
	struct mkp_escape_judge *judge = NULL;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		uint32_t atom = selection->queue[i];

		if (diff->patched->atoms[atom].kind == MKP_ATOM_OBJECT &&
		    diff->state[atom] == MKP_STATE_CHANGED)
			error = report_constant(context, self, &judge, atom);
	}
	mkp_escape_judge_destroy(judge);
	return error;
}

static bool is_new_variable(const struct mkp_diff *diff, uint32_t atom)
{
	const struct mkp_atom *it = &diff->patched->atoms[atom];

	return is_data(diff->patched, it) && it->class == MKP_CLASS_DATA;
}

struct mkp_error *mkp_run_state_restarts(const struct mkp_check_context *context,
					 enum mkp_check_id self)
{
	return for_each_included(context, self, is_new_variable,
				 "new variable, starts with its initial value");
}

/* Calls @report once for each target that an included atom refers to with @fate. */
static struct mkp_error *for_each_target(const struct mkp_check_context *context,
					 enum mkp_check_id self, enum mkp_ref_fate fate,
					 bool (*matches)(const struct mkp_graph *,
							 uint32_t),
					 const char *what)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++) {
		if (!matches(graph, i))
			continue;
		for (uint32_t k = graph->incoming_first[i];
		     k < graph->incoming_first[i + 1]; k++) {
			uint32_t ref = graph->incoming[k];

			if (context->selection->fates[ref] != fate)
				continue;
			error = mkp_check_report(
				context->report, self, mkp_atom_name(graph, i),
				mkp_check_ref_source(context, ref), "%s refers to %s",
				mkp_atom_name(graph, graph->ref_atom[ref]), what);
			break;
		}
	}
	return error;
}

static bool is_unplaced(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];
	uint32_t section = mkp_atom_symbol(graph, it)->section;

	return it->kind == MKP_ATOM_EXTERN && section != MKP_SHN_UNDEF;
}

struct mkp_error *mkp_run_common_symbol(const struct mkp_check_context *context,
					enum mkp_check_id self)
{
	return for_each_target(context, self, MKP_FATE_ORIGINAL, is_unplaced,
			       "a common or absolute symbol");
}
static bool is_anonymous(const struct mkp_graph *graph, uint32_t atom)
{
	return graph->atoms[atom].kind == MKP_ATOM_ANON;
}

struct mkp_error *mkp_run_anonymous_data(const struct mkp_check_context *context,
					 enum mkp_check_id self)
{
	return for_each_target(context, self, MKP_FATE_ORIGINAL, is_anonymous,
			       "data without a symbol");
}

struct mkp_error *mkp_run_removed_data(const struct mkp_check_context *context,
				       enum mkp_check_id self)
{
	const struct mkp_diff *diff = context->diff;
	const struct mkp_graph *graph = diff->orig;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++)
		if (mkp_diff_is_removed(diff, i) &&
		    is_kernel_data(graph, &graph->atoms[i]))
			error = mkp_check_report(context->report, self,
						 mkp_atom_name(graph, i),
						 mkp_check_orig_source(context, i),
						 "no longer in the patched object");
	return error;
}

/* What an author may have meant to be part of the patch. */
static bool is_addition(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	if (atom->kind != MKP_ATOM_FUNC && !is_data(graph, atom))
		return false;
	return atom->symbol && atom->owner == MKP_NO_ATOM &&
	       atom->class != MKP_CLASS_REGISTER && atom->class != MKP_CLASS_AUTHOR &&
	       atom->class != MKP_CLASS_EXPORT && atom->class != MKP_CLASS_NONE;
}

struct mkp_error *mkp_run_unreached_addition(const struct mkp_check_context *context,
					     enum mkp_check_id self)
{
	const struct mkp_diff *diff = context->diff;
	const struct mkp_graph *graph = diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++)
		if (diff->state[i] == MKP_STATE_NEW &&
		    !mkp_is_included(context->selection, i) &&
		    is_addition(graph, &graph->atoms[i]))
			error = mkp_check_report(context->report, self,
						 mkp_atom_name(graph, i),
						 mkp_check_source(context, i),
						 "new, but no changed function of this "
						 "object refers to it: not carried");
	return error;
}
