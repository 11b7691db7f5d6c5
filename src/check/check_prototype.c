// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that other files call, which were not compiled again: what they pass and what
 * they make of the result must still be right.
 */
#include "check/check.h"
#include "check/signature.h"

/* Whether something outside of the object may call it. */
static bool is_called_from_outside(const struct mkp_graph *graph, uint32_t atom)
{
	return mkp_atom_symbol(graph, &graph->atoms[atom])->bind != STB_LOCAL ||
	       mkp_function_escapes(graph, atom);
}

static bool find_function(const struct mkp_graph *graph, struct mkp_types *types,
			  uint32_t atom, struct mkp_die *ret_die)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	return mkp_types_function(types, it->section, it->start, ret_die);
}

static struct mkp_error *check_function(const struct mkp_check_context *context,
					enum mkp_check_id self, uint32_t patched)
{
	const struct mkp_diff *diff = context->diff;
	uint32_t orig = diff->to_orig[patched];
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_die old, new;
	struct mkp_error *error;

	if (diff->state[patched] != MKP_STATE_CHANGED ||
	    !is_called_from_outside(diff->orig, orig) ||
	    !find_function(diff->orig, context->orig_types, orig, &old) ||
	    !find_function(diff->patched, context->patched_types, patched, &new))
		return NULL;
	error = mkp_signature_difference(context->orig_types, &old,
					 context->patched_types, &new, &text);
	if (error || !text)
		return error;
	return mkp_check_report(context->report, self,
				mkp_atom_name(diff->patched, patched),
				mkp_check_source(context, patched), "%s", text);
}

struct mkp_error *mkp_run_prototype_changed(const struct mkp_check_context *context,
					    enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	struct mkp_error *error = NULL;

	if (!context->orig_types || !context->patched_types)
		return NULL;
	for (uint32_t i = 0; i < selection->nr_replaced && !error; i++)
		error = check_function(context, self, selection->queue[i]);
	return error;
}
