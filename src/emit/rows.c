// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/rows.h"

#include <stdio.h>
#include <string.h>

static const char *binding_name(const struct mkp_symbol *symbol)
{
	switch (symbol->bind) {
	case STB_LOCAL:
		return "local";
	case STB_WEAK:
		return "weak";
	default:
		return "global";
	}
}

/* One function of the patched object that is not the same. */
static struct mkp_error *add_patched(const struct mkp_check_context *context,
				     const struct mkp_explainer *explainer, uint32_t atom,
				     bool replaced)
{
	const struct mkp_diff *diff = context->diff;
	const struct mkp_graph *graph = diff->patched;
	uint32_t twin = diff->to_orig[atom];
	MKP_CLEANUP_FREE char *reason = NULL;
	struct mkp_report_function row = {
		.name = mkp_atom_name(graph, atom),
		.state = twin == MKP_NO_ATOM ? "new" : "changed",
		.binding = binding_name(mkp_atom_symbol(graph, &graph->atoms[atom])),
		.size_before = twin == MKP_NO_ATOM ? 0 : diff->orig->atoms[twin].size,
		.size_after = graph->atoms[atom].size,
		.source = mkp_check_source(context, atom),
		.tier = twin == MKP_NO_ATOM ? NULL : mkp_tier_name(diff->tier[atom]),
		.replaced = replaced,
	};
	struct mkp_error *error;

	if (diff->state[atom] != MKP_STATE_CHANGED &&
	    mkp_is_included(context->selection, atom))
		error = mkp_edge_describe(context->selection, atom, &reason);
	else
		error = mkp_cause_describe(diff, atom, &reason);
	row.reason = reason;
	if (!error && explainer)
		error = mkp_explain(explainer, atom, &row.explanation);
	return error ? error : mkp_report_add_function(context->report, &row);
}

static struct mkp_error *add_removed(const struct mkp_check_context *context,
				     uint32_t atom)
{
	const struct mkp_graph *graph = context->diff->orig;
	const struct mkp_report_function row = {
		.name = mkp_atom_name(graph, atom),
		.state = "removed",
		.binding = binding_name(mkp_atom_symbol(graph, &graph->atoms[atom])),
		.size_before = graph->atoms[atom].size,
		.source = mkp_check_orig_source(context, atom),
		.reason = "not in the patched object",
	};

	return mkp_report_add_function(context->report, &row);
}

static bool is_whole_function(const struct mkp_atom *atom)
{
	return atom->kind == MKP_ATOM_FUNC && atom->owner == MKP_NO_ATOM;
}

struct mkp_error *mkp_diff_report_functions(const struct mkp_check_context *context,
					    const struct mkp_explainer *explainer)
{
	const struct mkp_diff *diff = context->diff;
	const struct mkp_selection *selection = context->selection;
	struct mkp_error *error = NULL;

	context->report->nr_compared = diff->nr_functions;
	for (uint32_t i = 0; i < selection->nr_replaced && !error; i++)
		error = add_patched(context, explainer, selection->queue[i],
				    /* replaced= */ true);
	for (uint32_t i = 0; i < diff->patched->nr_atoms && !error; i++)
		if (is_whole_function(&diff->patched->atoms[i]) &&
		    (diff->state[i] == MKP_STATE_NEW ||
		     selection->roles[i] == MKP_ROLE_UNHOOKED))
			error = add_patched(context, explainer, i, /* replaced= */ false);
	for (uint32_t i = 0; i < diff->orig->nr_atoms && !error; i++)
		if (is_whole_function(&diff->orig->atoms[i]) &&
		    diff->to_patched[i] == MKP_NO_ATOM)
			error = add_removed(context, i);
	return error;
}

void mkp_diff_report_positions(struct mkp_report *report,
			       const struct mkp_selection *selection,
			       const struct mkp_bindings *bindings)
{
	for (uint32_t i = 0; i < selection->nr_replaced; i++)
		report->functions[i].position = bindings->replaced[i].position;
}

static bool has_finding(const struct mkp_report *report, const struct mkp_check *check)
{
	for (size_t i = 0; i < report->nr_findings; i++)
		if (!strcmp(report->findings[i].id, check->id))
			return true;
	return false;
}

static struct mkp_error *add_decision(const struct mkp_decision *decision,
				      struct mkp_report *report)
{
	const struct mkp_check *check = mkp_check_find(decision->check);
	bool implied = decision->option[1] == '-';
	MKP_CLEANUP_FREE char *rule = NULL;
	struct mkp_report_override row = {
		.origin = "command line",
		.applied = has_finding(report, check),
	};

	if (asprintf(&rule, "%s%s%s", decision->option, implied ? "" : " ",
		     implied ? "" : check->name) < 0) {
		rule = NULL;
		return mkp_error_nomem();
	}
	row.rule = rule;
	return mkp_report_add_override(report, &row);
}

static struct mkp_error *add_rule(const struct mkp_override *rule,
				  struct mkp_report *report)
{
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_report_override row = {
		.origin = rule->origin,
		.applied = rule->applied,
	};
	struct mkp_error *error = mkp_override_describe(rule, &text);

	row.rule = text;
	return error ? error : mkp_report_add_override(report, &row);
}

struct mkp_error *mkp_diff_report_overrides(const struct mkp_decision *decisions,
					    size_t nr_decisions,
					    const struct mkp_overrides *overrides,
					    struct mkp_report *report)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < nr_decisions && !error; i++)
		error = add_decision(&decisions[i], report);
	for (size_t i = 0; i < overrides->nr_rules && !error; i++)
		error = add_rule(&overrides->rules[i], report);
	return error;
}

static const char *kind_name(const struct mkp_atom *atom)
{
	switch ((enum mkp_atom_kind)atom->kind) {
	case MKP_ATOM_FUNC:
		return "function";
	case MKP_ATOM_OBJECT:
		return "data";
	case MKP_ATOM_STRING:
		return "string";
	case MKP_ATOM_CONST:
		return "constant";
	case MKP_ATOM_ENTRY:
		return "table-entry";
	default:
		return atom->class == MKP_CLASS_AUX ? "code" : "data";
	}
}

/* A string is named by its text, an entry by its place in the table. */
static char *included_name(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];
	const char *data = (const char *)mkp_atom_data(graph, it);
	char *name = NULL;
	int length;

	if (it->kind == MKP_ATOM_STRING && data)
		length = asprintf(&name, "\"%.*s\"",
				  (int)strnlen(data, it->size < 60 ? it->size : 60),
				  data);
	else if (it->symbol)
		length = asprintf(&name, "%s", mkp_atom_name(graph, atom));
	else
		length = asprintf(&name, "%s+%#llx", mkp_atom_name(graph, atom),
				  (unsigned long long)it->start);
	return length < 0 ? NULL : name;
}

static struct mkp_error *add_included(const struct mkp_check_context *context,
				      const struct mkp_explainer *explainer,
				      uint32_t atom)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_atom *it = &graph->atoms[atom];
	MKP_CLEANUP_FREE char *because = NULL;
	MKP_CLEANUP_FREE char *name = included_name(graph, atom);
	struct mkp_report_included row = {
		.name = name,
		.kind = kind_name(it),
		.section = graph->object->sections[it->section].name,
		.size = it->size,
	};
	struct mkp_error *error;

	if (!name)
		return mkp_error_nomem();
	error = mkp_edge_describe(context->selection, atom, &because);
	row.because = because;
	if (!error && explainer)
		error = mkp_explain_inclusion(explainer, atom, &row.links, &row.nr_links);
	return error ? error : mkp_report_add_included(context->report, &row);
}

struct mkp_error *mkp_diff_report_included(const struct mkp_check_context *context,
					   const struct mkp_explainer *explainer)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < context->selection->nr_included && !error; i++)
		error = add_included(context, explainer, context->selection->queue[i]);
	return error;
}

/* ---- Pairs and data ------------------------------------------------------------------
 */

static struct mkp_error *add_datum(const struct mkp_check_context *context,
				   const struct mkp_explainer *explainer, uint32_t atom)
{
	const struct mkp_diff *diff = context->diff;
	MKP_CLEANUP_FREE char *reason = NULL;
	struct mkp_report_datum row = {
		.name = mkp_atom_name(diff->patched, atom),
		.kind = mkp_class_name(diff->patched->atoms[atom].class),
		.source = mkp_check_source(context, atom),
		.tier = mkp_tier_name(diff->tier[atom]),
	};
	struct mkp_error *error = mkp_cause_describe(diff, atom, &reason);

	row.reason = reason;
	if (!error)
		error = mkp_explain(explainer, atom, &row.explanation);
	return error ? error : mkp_report_add_datum(context->report, &row);
}

struct mkp_error *mkp_diff_report_data(const struct mkp_check_context *context,
				       const struct mkp_explainer *explainer)
{
	const struct mkp_diff *diff = context->diff;
	struct mkp_error *error = NULL;

	context->report->explained = true;
	for (uint32_t i = 0; i < diff->patched->nr_atoms && !error; i++)
		if (diff->state[i] == MKP_STATE_CHANGED &&
		    diff->patched->atoms[i].kind != MKP_ATOM_FUNC)
			error = add_datum(context, explainer, i);
	return error;
}

/* Whether the patch has it, or something that the patch has refers to it. */
static bool is_reached(const struct mkp_selection *selection, uint32_t atom)
{
	const struct mkp_graph *graph = selection->diff->patched;

	if (mkp_is_included(selection, atom))
		return true;
	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1]; i++)
		if (mkp_is_included(selection, graph->ref_atom[graph->incoming[i]]))
			return true;
	return false;
}

static bool is_pair(const struct mkp_diff *diff, uint32_t atom)
{
	return diff->to_orig[atom] != MKP_NO_ATOM &&
	       diff->patched->atoms[atom].kind != MKP_ATOM_EXTERN;
}

struct mkp_error *mkp_diff_report_pairs(const struct mkp_check_context *context)
{
	const struct mkp_diff *diff = context->diff;
	struct mkp_error *error = NULL;

	context->report->paired = true;
	for (uint32_t i = 0; i < diff->patched->nr_atoms && !error; i++) {
		struct mkp_report_pair row = {
			.kind = kind_name(&diff->patched->atoms[i]),
			.tier = mkp_tier_name(diff->tier[i]),
			.state = diff->state[i] == MKP_STATE_CHANGED ? "changed" : "same",
		};

		if (!is_pair(diff, i))
			continue;
		row.reached = is_reached(context->selection, i);
		if (!row.reached && diff->tier[i] == MKP_TIER_NAME)
			continue;
		row.original = mkp_atom_name(diff->orig, diff->to_orig[i]);
		row.patched = mkp_atom_name(diff->patched, i);
		error = mkp_report_add_pair(context->report, &row);
	}
	return error;
}

void mkp_diff_report_tiers(const struct mkp_diff *diff, struct mkp_report *report)
{
	uint64_t counts[MKP_TIER_AMBIGUOUS + 1] = { 0 };

	_Static_assert(MKP_TIER_AMBIGUOUS < MKP_REPORT_MAX_TIERS, "all have room");
	for (uint32_t i = 0; i < diff->patched->nr_atoms; i++)
		if (is_pair(diff, i))
			counts[diff->tier[i]]++;
	report->nr_tiers = 0;
	for (int tier = MKP_TIER_USER; tier < MKP_TIER_AMBIGUOUS; tier++)
		report->tiers[report->nr_tiers++] = (struct mkp_report_tier){
			mkp_tier_name((enum mkp_tier)tier),
			counts[tier],
		};
}
