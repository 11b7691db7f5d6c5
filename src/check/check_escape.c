// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses of the patch's own code and data that something else keeps.
 *
 * A patch can be unloaded once no task is in its functions. Nobody waits for pointers: a
 * string of the patch that was stored in a structure of the kernel, or a callback that
 * was registered, leads into freed memory afterwards. So each address that carried code
 * takes is followed where it goes, and judged (diff/escape.h): one that is kept makes
 * unloading unsafe. What the patch carries is its own: code of it is followed.
 *
 * The address of a function that the running kernel has is never the patch's own: it
 * stays that of the original (diff/select.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "check/check.h"
#include "diff/escape.h"

struct judge {
	const struct mkp_check_context *context;
	struct mkp_escape_judge *escapes; /* owned */
	uint32_t *reported;		  /* owned; [patched atoms] function + 1 */
	/* Of the address at hand. */
	uint32_t target;
	bool code;
	struct mkp_escape escape;
};

static bool is_carried(const void *context, uint32_t ref)
{
	const struct mkp_selection *selection = context;

	return selection->fates[ref] == MKP_FATE_CARRIED;
}

/* Whether a function is new, and known to no other object. */
static bool is_private(const void *context, uint32_t function)
{
	const struct mkp_selection *selection = context;
	const struct mkp_diff *diff = selection->diff;

	return diff->state[function] == MKP_STATE_NEW &&
	       !diff->patched_visible[function] &&
	       !mkp_function_escapes(diff->patched, function);
}

/* Whether data hold addresses of the patch themselves. */
static bool holds_addresses(const struct mkp_check_context *context, uint32_t atom)
{
	const struct mkp_atom *it = &context->diff->patched->atoms[atom];

	for (uint32_t i = it->first_ref; i < it->first_ref + it->nr_refs; i++)
		if (context->selection->fates[i] == MKP_FATE_CARRIED)
			return true;
	return false;
}

/* Whether a reference makes an address of the patch. */
static bool makes_address(const struct mkp_check_context *context, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_ref *it = &graph->refs[ref];
	const struct mkp_atom *target;

	if (context->selection->fates[ref] != MKP_FATE_CARRIED ||
	    (it->flags & MKP_REF_BRANCH))
		return false;
	target = &graph->atoms[it->target];
	return target->kind != MKP_ATOM_ENTRY && target->class != MKP_CLASS_AUX &&
	       mkp_whole_function(graph, it->target) !=
		       mkp_whole_function(graph, graph->ref_atom[ref]);
}

static const char *kind_of(const struct judge *judge)
{
	const struct mkp_atom *atom =
		&judge->context->diff->patched->atoms[judge->target];

	if (judge->code)
		return "function";
	if (atom->kind == MKP_ATOM_STRING)
		return "string";
	return atom->class == MKP_CLASS_DATA ? "variable" : "constant";
}

/* "NAME", or the text of a string, which has none. */
static char *name_of(const struct judge *judge)
{
	const struct mkp_graph *graph = judge->context->diff->patched;
	const struct mkp_atom *atom = &graph->atoms[judge->target];
	const char *data = (const char *)mkp_atom_data(graph, atom);
	char *name = NULL;
	int length;

	if (atom->kind == MKP_ATOM_STRING && data)
		length = asprintf(&name, "\"%.*s\"",
				  (int)strnlen(data, atom->size < 40 ? atom->size : 40),
				  data);
	else
		length = asprintf(&name, "%s", mkp_atom_name(graph, judge->target));
	return length < 0 ? NULL : name;
}

static struct mkp_error *report(struct judge *judge, uint32_t function)
{
	const struct mkp_check_context *context = judge->context;
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_flow_exit *exit = &judge->escape.exit;
	const struct mkp_atom *atom = &graph->atoms[exit->atom];
	bool kept = judge->escape.verdict == MKP_ESCAPE_KEPT;
	MKP_CLEANUP_FREE char *name = name_of(judge);
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_error *error = name ? mkp_escape_describe(graph, &judge->escape, &text)
				       : mkp_error_nomem();

	if (error || judge->reported[judge->target] == function + 1)
		return error;
	judge->reported[judge->target] = function + 1;
	if (kept)
		context->report->unload = MKP_UNLOAD_UNSAFE;
	else if (context->report->unload != MKP_UNLOAD_UNSAFE)
		context->report->unload = MKP_UNLOAD_UNKNOWN;
	return mkp_check_report(
		context->report, kept ? MKP_CHECK_ESCAPING_POINTER : MKP_CHECK_MAY_ESCAPE,
		mkp_atom_name(graph, function),
		mkp_lines_find(context->patched_lines, atom->section,
			       atom->start + exit->place),
		"the address of the patch's %s %s %s", kind_of(judge), name, text);
}

static struct mkp_error *judge_ref(struct judge *judge, uint32_t ref)
{
	const struct mkp_graph *graph = judge->context->diff->patched;
	uint32_t target = graph->refs[ref].target;
	const struct mkp_atom *atom = &graph->atoms[target];
	bool code = atom->kind == MKP_ATOM_FUNC;
	bool through = !code && holds_addresses(judge->context, target);
	const struct mkp_escape_question question = {
		.callback = code || through,
		.through = through,
		.constant = !code && !through && atom->class != MKP_CLASS_DATA,
	};
	struct mkp_error *error;

	judge->target = target;
	judge->code = code;
	error = mkp_escape_follow(judge->escapes, ref, &question, &judge->escape);
	if (!error && judge->escape.verdict != MKP_ESCAPE_NONE)
		error = report(judge, mkp_whole_function(graph, graph->ref_atom[ref]));
	return error;
}

static struct mkp_error *judge_all(struct judge *judge)
{
	const struct mkp_check_context *context = judge->context;
	const struct mkp_selection *selection = context->selection;
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		const struct mkp_atom *atom = &graph->atoms[selection->queue[i]];

		if (atom->kind != MKP_ATOM_FUNC || atom->class != MKP_CLASS_TEXT)
			continue;
		for (uint32_t k = atom->first_ref;
		     k < atom->first_ref + atom->nr_refs && !error; k++)
			if (makes_address(context, k))
				error = judge_ref(judge, k);
	}
	return error;
}

struct mkp_error *mkp_run_escaping_pointer(const struct mkp_check_context *context,
					   enum mkp_check_id self MKP_UNUSED)
{
	struct judge judge = { .context = context };
	const struct mkp_escape_realm realm = {
		.is_ours = is_carried,
		.is_private = is_private,
		.context = context->selection,
	};
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error;

	if (!context->selection->nr_included)
		return NULL;
	context->report->unload = MKP_UNLOAD_SAFE;
	error = mkp_escape_judge_create(graph, context->patched_types, &realm,
					&judge.escapes);
	if (!error)
		error = mkp_array_create(graph->nr_atoms, sizeof(*judge.reported),
					 &judge.reported);
	if (!error)
		error = judge_all(&judge);
	mkp_escape_judge_destroy(judge.escapes);
	free(judge.reported);
	return error;
}
