// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks about places in code that the kernel or the processor treats in a way of its
 * own: instructions that are filled in at boot, entries that may be called indirectly.
 */
#include <string.h>

#include "check/check.h"

/* ---- Constants that are filled in at boot --------------------------------------------
 */

/* "runtime_ptr_dentry_hashtable" is about dentry_hashtable. */
static const char *constant_name(const char *section)
{
	const char *name = strchr(section, '_');

	name = name ? strchr(name + 1, '_') : NULL;
	return name ? name + 1 : section;
}

static struct mkp_error *report_constant(const struct mkp_check_context *context,
					 enum mkp_check_id self, uint32_t entry)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_atom *it = &graph->atoms[entry];
	const struct mkp_atom *owner = &graph->atoms[it->owner];
	const struct mkp_ref *code = mkp_atom_ref_at(
		graph, it, mkp_graph_special(graph, it)->row->code_field);

	return mkp_check_report(
		context->report, self,
		constant_name(graph->object->sections[it->section].name),
		mkp_lines_find(context->patched_lines, owner->section,
			       owner->start + (code ? (uint64_t)code->offset : 0)),
		"used by %s", mkp_atom_name(graph, it->owner));
}

struct mkp_error *mkp_run_runtime_constant(const struct mkp_check_context *context,
					   enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t s = 0; s < graph->nr_specials; s++) {
		const struct mkp_special_section *special = &graph->specials[s];
		bool boot = special->row->flags & MKP_SPECIAL_BOOT;

		for (uint32_t i = 0; boot && i < special->nr_entries && !error; i++)
			if (mkp_is_included(context->selection, special->first_atom + i))
				error = report_constant(context, self,
							special->first_atom + i);
	}
	return error;
}

/* ---- Entries that may be called indirectly
 * --------------------------------------------- */

/* A pointer to the entry of a function of the running kernel which has no guard. */
static bool points_to_unguarded(const struct mkp_check_context *context, uint32_t ref)
{
	const struct mkp_diff *diff = context->diff;
	const struct mkp_ref *it = &diff->patched->refs[ref];
	uint32_t from = diff->patched->ref_atom[ref];

	return context->selection->fates[ref] == MKP_FATE_ORIGINAL &&
	       !(it->flags & MKP_REF_BRANCH) && !it->offset &&
	       diff->patched->atoms[from].kind != MKP_ATOM_ENTRY &&
	       diff->patched->atoms[it->target].kind == MKP_ATOM_FUNC &&
	       diff->to_orig[it->target] != MKP_NO_ATOM &&
	       !mkp_function_is_guarded(diff->orig, diff->to_orig[it->target]);
}

struct mkp_error *mkp_run_indirect_entry(const struct mkp_check_context *context,
					 enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	if (!mkp_graph_has_guards(context->diff->orig))
		return NULL;
	for (uint32_t i = 0; i < graph->nr_refs && !error; i++)
		if (points_to_unguarded(context, i))
			error = mkp_check_report(
				context->report, self,
				mkp_atom_name(graph, graph->refs[i].target),
				mkp_check_ref_source(context, i), "%s takes its address",
				mkp_atom_name(graph, graph->ref_atom[i]));
	return error;
}
