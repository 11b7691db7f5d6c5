// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/escape.h"

#include <stdlib.h>

#include "base/array.h"
#include "diff/keepers.h"

struct visit {
	uint32_t function; /* atom */
	uint8_t argument;
};

struct mkp_escape_judge {
	const struct mkp_graph *graph;
	mkp_escape_is_ours is_ours;
	const void *context;
	struct mkp_flow **flows; /* owned; [atoms], NULL: not yet */
	/* Of the address at hand. */
	const struct mkp_escape_question *question;
	struct mkp_escape *escape;
	struct visit *visits; /* owned; functions that it was passed to */
	size_t nr_visits, cap_visits;
};

struct mkp_error *mkp_escape_judge_create(const struct mkp_graph *graph,
					  mkp_escape_is_ours is_ours, const void *context,
					  struct mkp_escape_judge **ret_judge)
{
	struct mkp_escape_judge *judge = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*judge), &judge);

	if (error)
		return error;
	judge->graph = graph;
	judge->is_ours = is_ours;
	judge->context = context;
	error = mkp_array_create(graph->nr_atoms, sizeof(*judge->flows), &judge->flows);
	if (error) {
		mkp_escape_judge_destroy(judge);
		return error;
	}
	*ret_judge = judge;
	return NULL;
}

void mkp_escape_judge_destroy(struct mkp_escape_judge *judge)
{
	if (!judge)
		return;
	for (uint32_t i = 0; judge->flows && i < judge->graph->nr_atoms; i++)
		mkp_flow_destroy(judge->flows[i]);
	free(judge->flows);
	free(judge->visits);
	free(judge);
}

static struct mkp_error *get_flow(struct mkp_escape_judge *judge, uint32_t function,
				  struct mkp_flow **ret_flow)
{
	struct mkp_error *error = NULL;

	if (!judge->flows[function])
		error = mkp_flow_create(judge->graph, function, &judge->flows[function]);
	if (!error)
		*ret_flow = judge->flows[function];
	return error;
}

static void found(struct mkp_escape_judge *judge, const struct mkp_flow_exit *exit,
		  enum mkp_escape_verdict verdict)
{
	if (judge->escape->verdict >= verdict)
		return;
	judge->escape->exit = *exit;
	judge->escape->verdict = verdict;
}

static void left_alone(struct mkp_escape_judge *judge, const struct mkp_flow_exit *exit)
{
	if (judge->escape->verdict != MKP_ESCAPE_NONE || judge->escape->passed)
		return;
	judge->escape->exit = *exit;
	judge->escape->passed = true;
}

static struct mkp_error *visit_later(struct mkp_escape_judge *judge, uint32_t function,
				     uint8_t argument)
{
	struct mkp_error *error;

	for (size_t i = 0; i < judge->nr_visits; i++)
		if (judge->visits[i].function == function &&
		    judge->visits[i].argument == argument)
			return NULL;
	error = mkp_array_reserve(&judge->visits, &judge->cap_visits,
				  judge->nr_visits + 1, sizeof(*judge->visits));
	if (!error)
		judge->visits[judge->nr_visits++] = (struct visit){ function, argument };
	return error;
}

static bool leads_to_our_code(const struct mkp_escape_judge *judge, uint32_t ref)
{
	const struct mkp_graph *graph = judge->graph;

	return judge->is_ours(judge->context, ref) &&
	       graph->atoms[graph->refs[ref].target].kind == MKP_ATOM_FUNC;
}

static struct mkp_error *passed(struct mkp_escape_judge *judge,
				const struct mkp_flow_exit *exit)
{
	const struct mkp_escape_question *question = judge->question;
	uint32_t callee = exit->callee == MKP_NO_REF
				  ? MKP_NO_ATOM
				  : judge->graph->refs[exit->callee].target;
	const char *name;

	if (callee == MKP_NO_ATOM) {
		if (question->callback)
			found(judge, exit, MKP_ESCAPE_MAYBE);
		else
			left_alone(judge, exit);
		return NULL;
	}
	if (exit->argument != MKP_FLOW_IN_FRAME && leads_to_our_code(judge, exit->callee))
		return visit_later(judge, callee, exit->argument);
	name = mkp_atom_name(judge->graph, callee);
	if (mkp_keeper_keeps(name, exit->argument) ||
	    (mkp_keeper_registers(name) && !question->constant))
		found(judge, exit, MKP_ESCAPE_KEPT);
	else if (question->callback || mkp_keeper_registers(name))
		found(judge, exit, MKP_ESCAPE_MAYBE);
	else
		left_alone(judge, exit);
	return NULL;
}

static struct mkp_error *visit(void *data, const struct mkp_flow_exit *exit)
{
	struct mkp_escape_judge *judge = data;

	switch (exit->event) {
	case MKP_FLOW_STORED:
		if (exit->to == MKP_NO_REF || !judge->is_ours(judge->context, exit->to))
			found(judge, exit, MKP_ESCAPE_KEPT);
		break;
	case MKP_FLOW_PASSED:
		return passed(judge, exit);
	case MKP_FLOW_RETURNED:
	case MKP_FLOW_LOST:
		found(judge, exit, MKP_ESCAPE_MAYBE);
		break;
	}
	return NULL;
}

/* Follows an address from the reference that makes it, and into what it is passed to. */
static struct mkp_error *follow(struct mkp_escape_judge *judge, uint32_t ref)
{
	const struct mkp_graph *graph = judge->graph;
	bool through = judge->question->through;
	struct mkp_flow *flow;
	struct mkp_error *error = get_flow(
		judge, mkp_whole_function(graph, graph->ref_atom[ref]), &flow);

	if (!error)
		error = mkp_flow_trace(flow, ref, through, visit, judge);
	for (size_t i = 0;
	     i < judge->nr_visits && !error && judge->escape->verdict != MKP_ESCAPE_KEPT;
	     i++) {
		error = get_flow(judge, judge->visits[i].function, &flow);
		if (!error)
			error = mkp_flow_trace_argument(flow, judge->visits[i].argument,
							through, visit, judge);
	}
	return error;
}

struct mkp_error *mkp_escape_follow(struct mkp_escape_judge *judge, uint32_t ref,
				    const struct mkp_escape_question *question,
				    struct mkp_escape *ret_escape)
{
	const struct mkp_graph *graph = judge->graph;

	*ret_escape = (struct mkp_escape){
		.exit = {
			.event = MKP_FLOW_LOST,
			.atom = graph->ref_atom[ref],
			.place = (uint32_t)graph->refs[ref].place,
			.callee = MKP_NO_REF,
			.to = MKP_NO_REF,
		},
	};
	judge->question = question;
	judge->escape = ret_escape;
	judge->nr_visits = 0;
	if (graph->arch->decode_flow)
		return follow(judge, ref);
	ret_escape->verdict = MKP_ESCAPE_MAYBE;
	return NULL;
}

struct mkp_error *mkp_escape_describe(const struct mkp_graph *graph,
				      const struct mkp_escape *escape, char **ret_text)
{
	const struct mkp_flow_exit *exit = &escape->exit;
	const char *verb = escape->verdict == MKP_ESCAPE_KEPT	 ? "is kept"
			   : escape->verdict == MKP_ESCAPE_MAYBE ? "may be kept"
								 : "is passed on";
	const char *by = escape->verdict == MKP_ESCAPE_NONE ? "to" : "by";
	char *text = NULL;
	int length;

	if (exit->event == MKP_FLOW_STORED && exit->to != MKP_NO_REF)
		length = asprintf(&text, "is stored in %s",
				  mkp_atom_name(graph, graph->refs[exit->to].target));
	else if (exit->event == MKP_FLOW_STORED)
		length = asprintf(&text, "is stored in memory of the kernel");
	else if (exit->event == MKP_FLOW_RETURNED)
		length = asprintf(&text, "%s: %s returns it", verb,
				  mkp_atom_name(graph, exit->atom));
	else if (exit->event == MKP_FLOW_LOST)
		length = asprintf(&text, "%s: it can not be followed in %s", verb,
				  mkp_atom_name(graph, exit->atom));
	else if (exit->callee == MKP_NO_REF)
		length = asprintf(&text, "%s %s what is called through a pointer", verb,
				  by);
	else
		length = asprintf(&text, "%s %s %s", verb, by,
				  mkp_atom_name(graph, graph->refs[exit->callee].target));
	if (length < 0)
		return mkp_error_nomem();
	*ret_text = text;
	return NULL;
}
