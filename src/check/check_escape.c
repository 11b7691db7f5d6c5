// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses of the patch's own code and data that something else keeps.
 *
 * A patch can be unloaded once no task is in its functions. Nobody waits for pointers: a
 * string of the patch that was stored in a structure of the kernel, or a callback that
 * was registered, leads into freed memory afterwards. So for each address that carried
 * code takes it is followed where it goes (flow.h):
 *
 *   stored outside of the frame and of the patch's own data    unloading is unsafe
 *   passed to a function that is known to keep it (keepers.h)  unloading is unsafe
 *   passed to a function of the patch                          followed there
 *   a function, or a table of functions, passed elsewhere      it may be kept
 *   returned                                                   it may be kept
 *   a string, constant or variable passed elsewhere            taken to be used and left
 *
 * The address of a function that the running kernel has is never the patch's own: it
 * stays that of the original (diff/select.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "check/check.h"
#include "check/flow.h"
#include "check/keepers.h"

struct visit {
	uint32_t function; /* atom */
	uint8_t argument;
};

struct judge {
	const struct mkp_check_context *context;
	struct mkp_flow **flows; /* owned; [patched atoms], NULL: not yet */
	uint32_t *reported;	 /* owned; [patched atoms] function + 1 */
	/* Of the address at hand. */
	uint32_t target;
	bool code, through;
	struct visit *visits; /* owned; functions that it was passed to */
	size_t nr_visits, cap_visits;
	bool kept, maybe;
	struct mkp_flow_exit exit; /* the worst */
};

static struct mkp_error *get_flow(struct judge *judge, uint32_t function,
				  struct mkp_flow **ret_flow)
{
	struct mkp_error *error = NULL;

	if (!judge->flows[function])
		error = mkp_flow_create(judge->context->diff->patched, function,
					&judge->flows[function]);
	if (!error)
		*ret_flow = judge->flows[function];
	return error;
}

static void found(struct judge *judge, const struct mkp_flow_exit *exit, bool kept)
{
	if (judge->kept || (judge->maybe && !kept))
		return;
	judge->exit = *exit;
	judge->kept = kept;
	judge->maybe = !kept;
}

static struct mkp_error *visit_later(struct judge *judge, uint32_t function,
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

static bool is_carried_function(const struct judge *judge, uint32_t ref)
{
	const struct mkp_graph *graph = judge->context->diff->patched;

	return judge->context->selection->fates[ref] == MKP_FATE_CARRIED &&
	       graph->atoms[graph->refs[ref].target].kind == MKP_ATOM_FUNC;
}

static bool is_constant(const struct judge *judge)
{
	const struct mkp_atom *atom =
		&judge->context->diff->patched->atoms[judge->target];

	return !judge->code && !judge->through && atom->class != MKP_CLASS_DATA;
}

static struct mkp_error *passed(struct judge *judge, const struct mkp_flow_exit *exit)
{
	const struct mkp_graph *graph = judge->context->diff->patched;
	bool callback = judge->code || judge->through;
	const char *name;

	if (exit->callee == MKP_NO_REF ||
	    graph->refs[exit->callee].target == MKP_NO_ATOM) {
		if (callback)
			found(judge, exit, false);
		return NULL;
	}
	name = mkp_atom_name(graph, graph->refs[exit->callee].target);
	if (exit->argument != MKP_FLOW_IN_FRAME &&
	    is_carried_function(judge, exit->callee))
		return visit_later(judge, graph->refs[exit->callee].target,
				   exit->argument);
	if (mkp_keeper_keeps(name, exit->argument) ||
	    (mkp_keeper_registers(name) && !is_constant(judge)))
		found(judge, exit, true);
	else if (callback || mkp_keeper_registers(name))
		found(judge, exit, false);
	return NULL;
}

static struct mkp_error *visit(void *data, const struct mkp_flow_exit *exit)
{
	struct judge *judge = data;

	switch (exit->event) {
	case MKP_FLOW_STORED:
		if (exit->to == MKP_NO_REF ||
		    judge->context->selection->fates[exit->to] != MKP_FATE_CARRIED)
			found(judge, exit, true);
		break;
	case MKP_FLOW_PASSED:
		return passed(judge, exit);
	case MKP_FLOW_RETURNED:
		found(judge, exit, false);
		break;
	}
	return NULL;
}

/* Follows an address from the reference that makes it, and into what it is passed to. */
static struct mkp_error *follow(struct judge *judge, uint32_t ref)
{
	const struct mkp_graph *graph = judge->context->diff->patched;
	struct mkp_flow *flow;
	struct mkp_error *error = get_flow(
		judge, mkp_whole_function(graph, graph->ref_atom[ref]), &flow);

	if (!error)
		error = mkp_flow_trace(flow, ref, judge->through, visit, judge);
	for (size_t i = 0; i < judge->nr_visits && !error && !judge->kept; i++) {
		error = get_flow(judge, judge->visits[i].function, &flow);
		if (!error)
			error = mkp_flow_trace_argument(flow, judge->visits[i].argument,
							judge->through, visit, judge);
	}
	return error;
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

static struct mkp_error *describe_exit(const struct judge *judge, char **ret_text)
{
	const struct mkp_graph *graph = judge->context->diff->patched;
	const struct mkp_flow_exit *exit = &judge->exit;
	char *text = NULL;
	int length;

	if (exit->event == MKP_FLOW_STORED && exit->to != MKP_NO_REF)
		length = asprintf(&text, "is stored in %s",
				  mkp_atom_name(graph, graph->refs[exit->to].target));
	else if (exit->event == MKP_FLOW_STORED)
		length = asprintf(&text, "is stored in memory of the kernel");
	else if (exit->event == MKP_FLOW_RETURNED)
		length = asprintf(&text, "may be kept: %s returns it",
				  mkp_atom_name(graph, exit->atom));
	else if (exit->callee == MKP_NO_REF)
		length = asprintf(&text, "may be kept by what it is passed to, through "
					 "a pointer");
	else
		length = asprintf(&text,
				  judge->kept ? "is kept by %s" : "may be kept by %s",
				  mkp_atom_name(graph, graph->refs[exit->callee].target));
	if (length < 0)
		return mkp_error_nomem();
	*ret_text = text;
	return NULL;
}

static struct mkp_error *report(struct judge *judge, uint32_t function)
{
	const struct mkp_check_context *context = judge->context;
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_atom *atom = &graph->atoms[judge->exit.atom];
	MKP_CLEANUP_FREE char *name = name_of(judge);
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_error *error = name ? describe_exit(judge, &text) : mkp_error_nomem();

	if (error || judge->reported[judge->target] == function + 1)
		return error;
	judge->reported[judge->target] = function + 1;
	if (judge->kept)
		context->report->unload = MKP_UNLOAD_UNSAFE;
	else if (context->report->unload != MKP_UNLOAD_UNSAFE)
		context->report->unload = MKP_UNLOAD_UNKNOWN;
	return mkp_check_report(
		context->report,
		judge->kept ? MKP_CHECK_ESCAPING_POINTER : MKP_CHECK_MAY_ESCAPE,
		mkp_atom_name(graph, function),
		mkp_lines_find(context->patched_lines, atom->section,
			       atom->start + judge->exit.place),
		"the address of the patch's %s %s %s", kind_of(judge), name, text);
}

static struct mkp_error *judge_ref(struct judge *judge, uint32_t ref)
{
	const struct mkp_graph *graph = judge->context->diff->patched;
	uint32_t function = mkp_whole_function(graph, graph->ref_atom[ref]);
	struct mkp_error *error = NULL;

	judge->target = graph->refs[ref].target;
	judge->code = graph->atoms[judge->target].kind == MKP_ATOM_FUNC;
	judge->through = !judge->code && holds_addresses(judge->context, judge->target);
	judge->nr_visits = 0;
	judge->kept = false;
	/* Nothing is known of where it goes. */
	judge->maybe = !graph->arch->decode_flow;
	judge->exit = (struct mkp_flow_exit){
		.event = MKP_FLOW_PASSED,
		.atom = graph->ref_atom[ref],
		.place = (uint32_t)graph->refs[ref].place,
		.callee = MKP_NO_REF,
	};
	if (!judge->maybe)
		error = follow(judge, ref);
	if (!error && (judge->kept || judge->maybe))
		error = report(judge, function);
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
	uint32_t nr_atoms = context->diff->patched->nr_atoms;
	struct mkp_error *error;

	if (!context->selection->nr_included)
		return NULL;
	context->report->unload = MKP_UNLOAD_SAFE;
	error = mkp_array_create(nr_atoms, sizeof(*judge.flows), &judge.flows);
	if (!error)
		error = mkp_array_create(nr_atoms, sizeof(*judge.reported),
					 &judge.reported);
	if (!error)
		error = judge_all(&judge);
	for (uint32_t i = 0; judge.flows && i < nr_atoms; i++)
		mkp_flow_destroy(judge.flows[i]);
	free(judge.flows);
	free(judge.reported);
	free(judge.visits);
	return error;
}
