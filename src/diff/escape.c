// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/escape.h"

#include <stdlib.h>

#include "base/array.h"
#include "diff/keepers.h"
#include "diff/results.h"

#define NONE UINT32_MAX

/* A function that has the address: it makes it, is passed it, or calls what returns it.
 */
struct visit {
	uint32_t function; /* atom */
	uint32_t ref;	   /* that makes it, or of the call; MKP_NO_REF: it is passed */
	uint8_t argument;  /* the one that it is passed in */
	bool returns;	   /* it, or a place behind it */
	bool waits;	   /* to be followed there, perhaps once more */
	uint32_t next;	   /* that waits, or NONE */
	uint32_t calls;	   /* the first one that leads here, or NONE */
};

struct call {
	uint32_t from; /* visit */
	uint32_t next; /* to the same visit, or NONE */
};

struct mkp_escape_judge {
	const struct mkp_graph *graph;
	struct mkp_types *types;
	struct mkp_escape_realm realm;
	struct mkp_flow **flows; /* owned; [atoms], NULL: not yet */
	/* Of the address at hand. */
	const struct mkp_escape_question *question;
	struct mkp_escape *escape;
	bool text;	      /* it is that of a string */
	bool by_type;	      /* what may be given back, as types say, is given back */
	uint32_t giver;	      /* reference of the first call that may, or MKP_NO_REF */
	uint32_t source;      /* reference that makes it */
	struct visit *visits; /* owned; the first one makes it */
	size_t nr_visits, cap_visits;
	struct call *calls; /* owned */
	size_t nr_calls, cap_calls;
	uint32_t waiting; /* first visit that waits, or NONE */
	uint32_t current; /* visit */
};

struct mkp_error *mkp_escape_judge_create(const struct mkp_graph *graph,
					  struct mkp_types *types,
					  const struct mkp_escape_realm *realm,
					  struct mkp_escape_judge **ret_judge)
{
	struct mkp_escape_judge *judge = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*judge), &judge);

	if (error)
		return error;
	judge->graph = graph;
	judge->types = types;
	judge->realm = *realm;
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
	free(judge->calls);
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
	if (judge->by_type && verdict > MKP_ESCAPE_MAYBE)
		verdict = MKP_ESCAPE_MAYBE;
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

static void wait_for(struct mkp_escape_judge *judge, uint32_t index)
{
	struct visit *visit = &judge->visits[index];

	if (visit->waits)
		return;
	visit->waits = true;
	visit->next = judge->waiting;
	judge->waiting = index;
}

static struct mkp_error *find_visit(struct mkp_escape_judge *judge,
				    const struct visit *wanted, uint32_t *ret_index)
{
	struct mkp_error *error;

	for (size_t i = 0; i < judge->nr_visits; i++) {
		const struct visit *it = &judge->visits[i];

		if (it->function != wanted->function || it->ref != wanted->ref ||
		    it->argument != wanted->argument)
			continue;
		*ret_index = (uint32_t)i;
		return NULL;
	}
	error = mkp_array_reserve(&judge->visits, &judge->cap_visits,
				  judge->nr_visits + 1, sizeof(*judge->visits));
	if (error)
		return error;
	*ret_index = (uint32_t)judge->nr_visits;
	judge->visits[judge->nr_visits] = *wanted;
	judge->visits[judge->nr_visits++].calls = NONE;
	wait_for(judge, *ret_index);
	return NULL;
}

/* A function that has it at a reference of its own. */
static struct mkp_error *start_at(struct mkp_escape_judge *judge, uint32_t ref)
{
	const struct mkp_graph *graph = judge->graph;
	const struct visit wanted = {
		.function = mkp_whole_function(graph, graph->ref_atom[ref]),
		.ref = ref,
	};
	uint32_t index;

	return find_visit(judge, &wanted, &index);
}

/* The function at hand waits for what visit @index comes to. */
static struct mkp_error *add_call(struct mkp_escape_judge *judge, uint32_t index)
{
	uint32_t first = judge->visits[index].calls;
	struct mkp_error *error;

	if (first != NONE && judge->calls[first].from == judge->current)
		return NULL;
	error = mkp_array_reserve(&judge->calls, &judge->cap_calls, judge->nr_calls + 1,
				  sizeof(*judge->calls));
	if (error)
		return error;
	judge->calls[judge->nr_calls] = (struct call){ judge->current, first };
	judge->visits[index].calls = (uint32_t)judge->nr_calls++;
	return NULL;
}

/* A call of a function whose code is followed. */
static struct mkp_error *enter(struct mkp_escape_judge *judge, uint32_t function,
			       uint8_t argument, bool *ret_back)
{
	const struct visit wanted = {
		.function = function,
		.ref = MKP_NO_REF,
		.argument = argument,
	};
	uint32_t index = NONE;
	struct mkp_error *error = find_visit(judge, &wanted, &index);

	if (!error && judge->visits[index].returns)
		*ret_back = true;
	else if (!error)
		error = add_call(judge, index);
	return error;
}

/* Goes on in all that call the function. */
static struct mkp_error *return_to_all(struct mkp_escape_judge *judge, uint32_t function)
{
	const struct mkp_graph *graph = judge->graph;
	struct mkp_error *error = NULL;

	for (uint32_t i = graph->incoming_first[function];
	     i < graph->incoming_first[function + 1] && !error; i++) {
		uint32_t ref = graph->incoming[i];

		if (graph->refs[ref].flags & MKP_REF_BRANCH)
			error = start_at(judge, ref);
	}
	return error;
}

/* Those who passed the address get it back. Of one that came about in the function, or in
 * what it calls, all callers do. */
static struct mkp_error *returned(struct mkp_escape_judge *judge,
				  const struct mkp_flow_exit *exit)
{
	struct visit *visit = &judge->visits[judge->current];

	if (visit->returns)
		return NULL;
	visit->returns = true;
	for (uint32_t i = visit->calls; i != NONE; i = judge->calls[i].next)
		wait_for(judge, judge->calls[i].from);
	if (visit->ref == MKP_NO_REF)
		return NULL;
	if (judge->realm.is_private &&
	    judge->realm.is_private(judge->realm.context, visit->function))
		return return_to_all(judge, visit->function);
	found(judge, exit, MKP_ESCAPE_MAYBE);
	return NULL;
}

static bool leads_to_our_code(const struct mkp_escape_judge *judge, uint32_t ref)
{
	const struct mkp_graph *graph = judge->graph;

	return judge->realm.is_ours(judge->realm.context, ref) &&
	       graph->atoms[graph->refs[ref].target].kind == MKP_ATOM_FUNC;
}

/* Whether the declaration of a function lets it give back what it got. */
static bool may_give_back(struct mkp_escape_judge *judge,
			  const struct mkp_flow_exit *exit, uint32_t callee)
{
	if (judge->text || exit->argument == MKP_FLOW_IN_FRAME ||
	    mkp_keeper_copies(mkp_atom_name(judge->graph, callee)) ||
	    !mkp_result_may_be_argument(judge->graph, judge->types, callee,
					exit->argument))
		return false;
	if (judge->giver == MKP_NO_REF)
		judge->giver = exit->callee;
	return judge->by_type;
}

static struct mkp_error *passed(struct mkp_escape_judge *judge,
				const struct mkp_flow_exit *exit, bool *ret_back)
{
	const struct mkp_escape_question *question = judge->question;
	uint32_t callee = exit->callee == MKP_NO_REF
				  ? MKP_NO_ATOM
				  : judge->graph->refs[exit->callee].target;
	bool keeps, registers, uses;
	const char *name;

	if (callee == MKP_NO_ATOM) {
		if (question->callback)
			found(judge, exit, MKP_ESCAPE_MAYBE);
		else
			left_alone(judge, exit);
		return NULL;
	}
	if (exit->argument != MKP_FLOW_IN_FRAME && leads_to_our_code(judge, exit->callee))
		return enter(judge, callee, exit->argument, ret_back);
	name = mkp_atom_name(judge->graph, callee);
	registers = mkp_keeper_registers(name);
	keeps = mkp_keeper_keeps(name, exit->argument) ||
		(registers && !question->constant);
	uses = mkp_keeper_gives_back(name, exit->argument) ||
	       mkp_keeper_only_uses(name, exit->argument);
	*ret_back |= mkp_keeper_gives_back(name, exit->argument) ||
		     may_give_back(judge, exit, callee);
	if (keeps)
		found(judge, exit, MKP_ESCAPE_KEPT);
	else if (!uses && (question->callback || registers))
		found(judge, exit, MKP_ESCAPE_MAYBE);
	else
		left_alone(judge, exit);
	return NULL;
}

static struct mkp_error *visit(void *data, const struct mkp_flow_exit *exit,
			       bool *ret_back)
{
	struct mkp_escape_judge *judge = data;

	switch (exit->event) {
	case MKP_FLOW_STORED:
		if (exit->to == MKP_NO_REF ||
		    !judge->realm.is_ours(judge->realm.context, exit->to))
			found(judge, exit, MKP_ESCAPE_KEPT);
		break;
	case MKP_FLOW_PASSED:
		return passed(judge, exit, ret_back);
	case MKP_FLOW_RETURNED:
		return returned(judge, exit);
	case MKP_FLOW_LOST:
		found(judge, exit, MKP_ESCAPE_MAYBE);
		break;
	}
	return NULL;
}

static struct mkp_error *follow_one(struct mkp_escape_judge *judge)
{
	const struct visit it = judge->visits[judge->current];
	bool through = judge->question->through;
	struct mkp_flow *flow;
	struct mkp_error *error = get_flow(judge, it.function, &flow);

	if (error)
		return error;
	if (it.ref == MKP_NO_REF)
		return mkp_flow_trace_argument(flow, it.argument, through, visit, judge);
	if (it.ref == judge->source)
		return mkp_flow_trace(flow, it.ref, through, visit, judge);
	return mkp_flow_trace_result(flow, it.ref, through, visit, judge);
}

/* Follows the address from the reference that makes it, and into what it is passed to. A
 * function that turns out to give it back sends those round again who passed it. */
static struct mkp_error *follow(struct mkp_escape_judge *judge)
{
	struct mkp_error *error;

	judge->nr_visits = judge->nr_calls = 0;
	judge->waiting = NONE;
	error = start_at(judge, judge->source);
	while (judge->waiting != NONE && !error &&
	       judge->escape->verdict != MKP_ESCAPE_KEPT) {
		judge->current = judge->waiting;
		judge->waiting = judge->visits[judge->current].next;
		judge->visits[judge->current].waits = false;
		error = follow_one(judge);
	}
	return error;
}

struct mkp_error *mkp_escape_follow(struct mkp_escape_judge *judge, uint32_t ref,
				    const struct mkp_escape_question *question,
				    struct mkp_escape *ret_escape)
{
	const struct mkp_graph *graph = judge->graph;
	struct mkp_error *error;

	*ret_escape = (struct mkp_escape){
		.exit = {
			.event = MKP_FLOW_LOST,
			.atom = graph->ref_atom[ref],
			.place = (uint32_t)graph->refs[ref].place,
			.callee = MKP_NO_REF,
			.to = MKP_NO_REF,
		},
		.giver = MKP_NO_REF,
	};
	if (!graph->arch->decode_flow) {
		ret_escape->verdict = MKP_ESCAPE_MAYBE;
		return NULL;
	}
	judge->question = question;
	judge->escape = ret_escape;
	judge->text = graph->atoms[graph->refs[ref].target].kind == MKP_ATOM_STRING;
	judge->source = ref;
	judge->giver = MKP_NO_REF;
	judge->by_type = false;
	error = follow(judge);
	if (error || ret_escape->verdict != MKP_ESCAPE_NONE || judge->giver == MKP_NO_REF)
		return error;
	judge->by_type = true;
	error = follow(judge);
	if (ret_escape->verdict != MKP_ESCAPE_NONE)
		ret_escape->giver = judge->giver;
	return error;
}

static struct mkp_error *describe_exit(const struct mkp_graph *graph,
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

struct mkp_error *mkp_escape_describe(const struct mkp_graph *graph,
				      const struct mkp_escape *escape, char **ret_text)
{
	MKP_CLEANUP_FREE char *exit = NULL;
	struct mkp_error *error = describe_exit(graph, escape, &exit);
	char *text = NULL;

	if (error)
		return error;
	if (asprintf(&text, "%s%s%s%s", exit, escape->giver == MKP_NO_REF ? "" : ", if ",
		     escape->giver == MKP_NO_REF
			     ? ""
			     : mkp_atom_name(graph, graph->refs[escape->giver].target),
		     escape->giver == MKP_NO_REF ? "" : " gives it back") < 0)
		return mkp_error_nomem();
	*ret_text = text;
	return NULL;
}
