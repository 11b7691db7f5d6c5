// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks about functions: which can be replaced, which can be moved, what they refer to.
 */
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "check/stored.h"
#include "diff/names.h"

/* Exit code is part of a module, and never runs in vmlinux. */
static bool is_gone(const struct mkp_check_context *context, const struct mkp_atom *atom)
{
	return atom->class == MKP_CLASS_INIT ||
	       (atom->class == MKP_CLASS_EXIT && !context->module);
}

static bool is_changed_whole(const struct mkp_diff *diff, uint32_t patched)
{
	return diff->state[patched] == MKP_STATE_CHANGED &&
	       diff->patched->atoms[patched].owner == MKP_NO_ATOM;
}

struct mkp_error *mkp_run_init_code(const struct mkp_check_context *context,
				    enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++) {
		const struct mkp_atom *atom = &graph->atoms[i];
		bool exit = atom->class == MKP_CLASS_EXIT;
		bool function = atom->kind == MKP_ATOM_FUNC;

		if (!is_changed_whole(context->diff, i) ||
		    (atom->class != MKP_CLASS_INIT && !(exit && context->module)))
			continue;
		error = mkp_check_report(
			context->report, self, mkp_atom_name(graph, i),
			mkp_check_source(context, i), "%s changed, but %s",
			function ? "function" : "data",
			!exit	   ? "init code already ran and is gone"
			: function ? "exit code can not be redirected: __exit is notrace"
				   : "the module that is loaded has the old one");
	}
	return error;
}

struct mkp_error *mkp_run_exit_code(const struct mkp_check_context *context,
				    enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++)
		if (graph->atoms[i].class == MKP_CLASS_EXIT && !context->module &&
		    is_changed_whole(context->diff, i))
			error = mkp_check_report(context->report, self,
						 mkp_atom_name(graph, i),
						 mkp_check_source(context, i),
						 "changed, but what is built into the "
						 "kernel is never unloaded");
	return error;
}

struct mkp_error *mkp_run_init_reference(const struct mkp_check_context *context,
					 enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_refs && !error; i++) {
		const struct mkp_atom *from = &graph->atoms[graph->ref_atom[i]];
		uint32_t target = graph->refs[i].target;

		if (context->selection->fates[i] <= MKP_FATE_NOTHING ||
		    from->kind == MKP_ATOM_ENTRY || is_gone(context, from) ||
		    !is_gone(context, &graph->atoms[target]))
			continue;
		error = mkp_check_report(
			context->report, self, mkp_atom_name(graph, graph->ref_atom[i]),
			mkp_check_ref_source(context, i), "refers to %s, which is in %s",
			mkp_atom_name(graph, target),
			graph->object->sections[graph->atoms[target].section].name);
	}
	return error;
}

static struct mkp_error *report_unhookable(const struct mkp_check_context *context,
					   enum mkp_check_id self, uint32_t atom)
{
	const struct mkp_selection *selection = context->selection;
	const struct mkp_diff *diff = context->diff;
	uint32_t twin = diff->to_orig[atom];
	MKP_CLEANUP_FREE char *why = NULL;
	MKP_CLEANUP_FREE char *advice = NULL;
	struct mkp_finding finding = { .symbol = mkp_atom_name(diff->orig, twin) };
	struct mkp_error *error = mkp_unhookable_describe(diff, twin, &why);
	const char *more = "";

	if (!error)
		error = mkp_stored_advice(context, twin, &advice);
	if (error)
		return error;
	finding.source = mkp_check_orig_source(context, twin);
	finding.fix = advice;
	if (selection->roles[atom] == MKP_ROLE_UNHOOKED)
		more = "; no function that can be redirected calls it";
	else if (diff->state[atom] == MKP_STATE_SAME)
		more = "; it calls a changed function that can not be redirected either";
	return mkp_check_report_details(context->report, self, &finding, "%s%s", why,
					more);
}

struct mkp_error *mkp_run_no_fentry(const struct mkp_check_context *context,
				    enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	const struct mkp_diff *diff = context->diff;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < diff->patched->nr_atoms && !error; i++) {
		if (selection->roles[i] == MKP_ROLE_NONE ||
		    diff->patched->atoms[i].class != MKP_CLASS_TEXT ||
		    mkp_function_traceable(diff->orig, diff->to_orig[i]) ||
		    (selection->roles[i] == MKP_ROLE_UNHOOKED &&
		     mkp_is_included(selection, i)))
			continue;
		error = report_unhookable(context, self, i);
	}
	return error;
}

struct mkp_error *mkp_run_callers_replaced(const struct mkp_check_context *context,
					   enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		uint32_t atom = selection->queue[i];
		MKP_CLEANUP_FREE char *list = NULL;

		if (selection->roles[atom] != MKP_ROLE_UNHOOKED)
			continue;
		error = mkp_selection_list_for(selection, atom, &list);
		if (!error)
			error = mkp_check_report(
				context->report, self,
				mkp_atom_name(context->diff->patched, atom),
				mkp_check_source(context, atom),
				"carried like a new function, for it can not be "
				"redirected; replaced in its place: %s",
				*list ? list : "its callers, which changed too");
	}
	return error;
}

static struct mkp_error *report_ambiguous(const struct mkp_check_context *context,
					  enum mkp_check_id self, uint32_t atom,
					  const struct mkp_index *candidates)
{
	const struct mkp_graph *graph = context->diff->patched;
	const char *name = mkp_atom_name(graph, atom);
	MKP_CLEANUP_FREE char *list = NULL;
	size_t count, size;
	const struct mkp_index_entry *found = mkp_index_find(
		candidates, mkp_name_canonical_hash(name), &count);
	FILE *stream = open_memstream(&list, &size);

	if (!stream)
		return mkp_error_nomem();
	for (size_t i = 0; i < count; i++)
		fprintf(stream, "%s%s", i ? ", " : "",
			mkp_atom_name(context->diff->orig, found[i].id));
	if (fclose(stream))
		return mkp_error_nomem();
	return mkp_check_report(context->report, self, name,
				mkp_check_source(context, atom),
				"may be new or one of the original's: %s", list);
}

struct mkp_error *mkp_run_ambiguous_symbol(const struct mkp_check_context *context,
					   enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	const struct mkp_diff *diff = context->diff;
	struct mkp_index candidates;
	struct mkp_error *error = NULL;

	mkp_index_init(&candidates);
	for (uint32_t i = 0; i < diff->orig->nr_atoms && !error; i++)
		if (diff->orig_tier[i] == MKP_TIER_AMBIGUOUS)
			error = mkp_index_add(
				&candidates,
				mkp_name_canonical_hash(mkp_atom_name(diff->orig, i)), i);
	mkp_index_seal(&candidates);
	for (uint32_t i = 0; i < selection->nr_included && !error; i++)
		if (diff->tier[selection->queue[i]] == MKP_TIER_AMBIGUOUS)
			error = report_ambiguous(context, self, selection->queue[i],
						 &candidates);
	mkp_index_deinit(&candidates);
	return error;
}

/* Calls @check for each reference of the included atoms that leads somewhere. */
static struct mkp_error *for_each_ref(
	const struct mkp_check_context *context, enum mkp_check_id self,
	struct mkp_error *(*check)(const struct mkp_check_context *, enum mkp_check_id,
				   uint32_t))
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_refs && !error; i++)
		if (context->selection->fates[i] > MKP_FATE_NOTHING)
			error = check(context, self, i);
	return error;
}

static struct mkp_error *check_relocation(const struct mkp_check_context *context,
					  enum mkp_check_id self, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_ref *it = &graph->refs[ref];
	const struct mkp_reloc_info *info = graph->arch->reloc(it->type);

	if (it->reloc == MKP_NO_RELOC || (info && (info->flags & MKP_RELOC_KLP)))
		return NULL;
	return mkp_check_report(
		context->report, self, mkp_atom_name(graph, graph->ref_atom[ref]),
		mkp_check_ref_source(context, ref), "+%#llx: %s against %s",
		(unsigned long long)it->place, mkp_arch_reloc_name(graph->arch, it->type),
		mkp_atom_name(graph, it->target));
}

struct mkp_error *mkp_run_unsupported_relocation(const struct mkp_check_context *context,
						 enum mkp_check_id self)
{
	return for_each_ref(context, self, check_relocation);
}

static struct mkp_error *check_decoded(const struct mkp_check_context *context,
				       enum mkp_check_id self, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;

	if (!(graph->refs[ref].flags & MKP_REF_INEXACT))
		return NULL;
	return mkp_check_report(context->report, self,
				mkp_atom_name(graph, graph->ref_atom[ref]),
				mkp_check_ref_source(context, ref),
				"+%#llx: a relocation in no known instruction",
				(unsigned long long)graph->refs[ref].place);
}

/* What is not decoded may jump out of its function without a relocation. */
struct mkp_error *mkp_run_undecoded_code(const struct mkp_check_context *context,
					 enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = for_each_ref(context, self, check_decoded);

	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		uint32_t atom = selection->queue[i];

		if (graph->atoms[atom].undecoded)
			error = mkp_check_report(
				context->report, self, mkp_atom_name(graph, atom),
				mkp_check_source(context, atom),
				"has bytes that are no known instruction");
	}
	return error;
}

static struct mkp_error *check_branch(const struct mkp_check_context *context,
				      enum mkp_check_id self, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_ref *it = &graph->refs[ref];

	if (it->reloc != MKP_NO_RELOC || it->type)
		return NULL;
	return mkp_check_report(
		context->report, self, mkp_atom_name(graph, graph->ref_atom[ref]),
		mkp_check_ref_source(context, ref), "+%#llx: jumps to %s by %u byte",
		(unsigned long long)it->place, mkp_atom_name(graph, it->target),
		it->width);
}

struct mkp_error *mkp_run_short_branch(const struct mkp_check_context *context,
				       enum mkp_check_id self)
{
	return for_each_ref(context, self, check_branch);
}

struct mkp_error *mkp_run_group_section(const struct mkp_check_context *context,
					enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		uint32_t atom = selection->queue[i];
		const struct mkp_section *section =
			&graph->object->sections[graph->atoms[atom].section];

		if (section->group)
			error = mkp_check_report(
				context->report, self, mkp_atom_name(graph, atom),
				mkp_check_source(context, atom),
				"section %s is in a group", section->name);
	}
	return error;
}

static struct mkp_error *check_sibling_call(const struct mkp_check_context *context,
					    enum mkp_check_id self, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_ref *it = &graph->refs[ref];
	const struct mkp_atom *from = &graph->atoms[graph->ref_atom[ref]];

	if (!(it->flags & MKP_REF_BRANCH) || from->kind != MKP_ATOM_FUNC ||
	    context->selection->fates[ref] != MKP_FATE_ORIGINAL ||
	    !graph->arch->sibling_call_breaks(mkp_atom_data(graph, from), from->size,
					      it->place))
		return NULL;
	return mkp_check_report(
		context->report, self, mkp_atom_name(graph, graph->ref_atom[ref]),
		mkp_check_ref_source(context, ref),
		"+%#llx: jumps to %s, which the patch does not carry",
		(unsigned long long)it->place, mkp_atom_name(graph, it->target));
}

struct mkp_error *mkp_run_sibling_call(const struct mkp_check_context *context,
				       enum mkp_check_id self)
{
	if (!context->diff->patched->arch->sibling_call_breaks)
		return NULL;
	return for_each_ref(context, self, check_sibling_call);
}

struct mkp_error *mkp_run_no_line_info(const struct mkp_check_context *context,
				       enum mkp_check_id self)
{
	if (!context->diff->nr_immediates)
		return NULL;
	return mkp_check_report(context->report, self, NULL, NULL,
				"%u numbers in code and strings may be line numbers",
				context->diff->nr_immediates);
}
