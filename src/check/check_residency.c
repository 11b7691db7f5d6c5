// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replaced functions that tasks may stay in: the transition may not end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "diff/flow.h"
#include "diff/keepers.h"

/* Whether the original object starts a kernel thread with a function: its address is
 * taken where a thread is created, in the same function. */
static bool is_thread_main(const struct mkp_graph *graph, uint32_t atom)
{
	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1]; i++) {
		const struct mkp_ref *taken = &graph->refs[graph->incoming[i]];
		uint32_t from = graph->ref_atom[graph->incoming[i]], next;
		const struct mkp_atom *user = &graph->atoms[from];

		if (user->kind != MKP_ATOM_FUNC || (taken->flags & MKP_REF_BRANCH))
			continue;
		/* The next call behind it is the one that gets it. */
		next = graph->incoming[i] + 1;
		while (next < user->first_ref + user->nr_refs &&
		       !(graph->refs[next].flags & MKP_REF_BRANCH))
			next++;
		if (next < user->first_ref + user->nr_refs &&
		    graph->refs[next].target != MKP_NO_ATOM &&
		    mkp_keeper_starts_thread(
			    mkp_atom_name(graph, graph->refs[next].target)))
			return true;
	}
	return false;
}

/* The first call in a loop that waits, or MKP_NO_REF. */
static uint32_t waiting_call(const struct mkp_graph *graph, struct mkp_flow *flow,
			     uint32_t function, const char **ret_why)
{
	const struct mkp_atom *atom = &graph->atoms[function];

	for (uint32_t i = atom->first_ref; i < atom->first_ref + atom->nr_refs; i++) {
		const struct mkp_ref *ref = &graph->refs[i];

		if (!(ref->flags & MKP_REF_BRANCH) || ref->target == MKP_NO_ATOM)
			continue;
		*ret_why = mkp_keeper_waits(mkp_atom_name(graph, ref->target));
		if (*ret_why && mkp_flow_loops(flow, i))
			return i;
	}
	return MKP_NO_REF;
}

/* One line of why a task may stay in a function of the original; "" if there is nothing.
 */
static struct mkp_error *describe_stay(const struct mkp_graph *graph, uint32_t function,
				       uint32_t *ret_call, char **ret_text)
{
	struct mkp_flow *flow;
	struct mkp_error *error = mkp_flow_create(graph, function, &flow);
	const char *separator = "", *why = NULL;
	size_t size;
	FILE *stream;

	if (error)
		return error;
	stream = open_memstream(ret_text, &size);
	if (!stream) {
		mkp_flow_destroy(flow);
		return mkp_error_nomem();
	}
	if (is_thread_main(graph, function)) {
		fputs("main function of a kernel thread", stream);
		separator = "; ";
	}
	*ret_call = waiting_call(graph, flow, function, &why);
	if (*ret_call != MKP_NO_REF) {
		fprintf(stream, "%scalls %s in a loop (%s)", separator,
			mkp_atom_name(graph, graph->refs[*ret_call].target), why);
		separator = "; ";
	}
	if (!mkp_flow_returns(flow))
		fprintf(stream, "%snever returns", separator);
	mkp_flow_destroy(flow);
	return fclose(stream) ? mkp_error_nomem() : NULL;
}

/* One of the two objects. */
struct side {
	const struct mkp_graph *graph;
	struct mkp_lines *lines;
	const char *when;
};

static struct mkp_error *judge(const struct mkp_check_context *context,
			       enum mkp_check_id self, const struct side *side,
			       uint32_t function, bool *ret_found)
{
	const struct mkp_graph *graph = side->graph;
	const struct mkp_atom *atom = &graph->atoms[function];
	MKP_CLEANUP_FREE char *text = NULL;
	uint32_t call = MKP_NO_REF;
	struct mkp_error *error = describe_stay(graph, function, &call, &text);

	*ret_found = !error && *text;
	if (!*ret_found)
		return error;
	return mkp_check_report(
		context->report, self, mkp_atom_name(graph, function),
		mkp_lines_find(
			side->lines, atom->section,
			atom->start + (call != MKP_NO_REF ? graph->refs[call].place : 0)),
		"a task may be in it for long%s: %s", side->when, text);
}

/* What runs when the patch is loaded is the original; what it brings keeps it loaded. */
struct mkp_error *mkp_run_stack_residency(const struct mkp_check_context *context,
					  enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	const struct mkp_graph *patched = context->diff->patched;
	const struct side sides[] = {
		{ context->diff->orig, context->orig_lines, "" },
		{ patched, context->patched_lines, " once it is patched" },
	};
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		uint32_t atom = selection->queue[i];
		bool found = false;

		if (!patched->arch->decode_flow ||
		    patched->atoms[atom].kind != MKP_ATOM_FUNC ||
		    patched->atoms[atom].class != MKP_CLASS_TEXT ||
		    mkp_whole_function(patched, atom) != atom)
			continue;
		if (i < selection->nr_replaced)
			error = judge(context, self, &sides[0],
				      context->diff->to_orig[atom], &found);
		if (!error && !found)
			error = judge(context, self, &sides[1], atom, &found);
	}
	return error;
}
