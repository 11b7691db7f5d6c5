// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks about names: what they lead to, who else may know them, what is gone.
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "check/check.h"

/* ---- Weak definitions and aliases ----------------------------------------------------
 */

static struct mkp_error *check_weak(const struct mkp_check_context *context,
				    enum mkp_check_id self)
{
	const struct mkp_selection *selection = context->selection;
	const struct mkp_graph *orig = context->diff->orig;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_replaced && !error; i++) {
		uint32_t twin = context->diff->to_orig[selection->queue[i]];

		if (mkp_atom_symbol(orig, &orig->atoms[twin])->bind == STB_WEAK)
			error = mkp_check_report(context->report, self,
						 mkp_atom_name(orig, twin),
						 mkp_check_orig_source(context, twin),
						 "weak definition: another file may have "
						 "the one that runs");
	}
	return error;
}

/* Whether a name is the second one of its atom. */
static bool is_second_name(const struct mkp_graph *graph, uint32_t symbol)
{
	return graph->atoms[graph->symbol_atom[symbol]].symbol != symbol;
}

/* Whether a name that other files may know leads to something else than it did. */
static bool is_retargeted(const struct mkp_diff *diff, uint32_t orig, uint32_t patched)
{
	const struct mkp_graph *o = diff->orig, *p = diff->patched;
	const struct mkp_atom *from = &o->atoms[o->symbol_atom[orig]];
	const struct mkp_atom *to = &p->atoms[p->symbol_atom[patched]];

	if (!is_second_name(o, orig) && !is_second_name(p, patched))
		return false; /* paired by what they are */
	if (to->kind != MKP_ATOM_FUNC && to->kind != MKP_ATOM_OBJECT)
		return false;
	if (diff->to_orig[p->symbol_atom[patched]] != o->symbol_atom[orig])
		return true;
	/* A label inside of changed code moves with it. */
	return (o->object->symbols[orig].value == from->start) !=
	       (p->object->symbols[patched].value == to->start);
}

static struct mkp_error *check_aliases(const struct mkp_check_context *context,
				       enum mkp_check_id self)
{
	const struct mkp_graph *o = context->diff->orig, *p = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = p->object->first_global; i < p->object->nr_symbols && !error;
	     i++) {
		const char *name = p->object->symbols[i].name;
		uint32_t twin;

		if (p->symbol_atom[i] == MKP_NO_ATOM)
			continue;
		twin = mkp_graph_find_global(o, name);
		if (twin && is_retargeted(context->diff, twin, i))
			error = mkp_check_report(
				context->report, self, name,
				mkp_check_source(context, p->symbol_atom[i]),
				"leads to %s in the running kernel, and would lead to %s",
				mkp_atom_name(o, o->symbol_atom[twin]),
				mkp_atom_name(p, p->symbol_atom[i]));
	}
	return error;
}

struct mkp_error *mkp_run_weak_or_alias(const struct mkp_check_context *context,
					enum mkp_check_id self)
{
	struct mkp_error *error = check_weak(context, self);

	return error ? error : check_aliases(context, self);
}

/* ---- Removed functions ---------------------------------------------------------------
 */

static bool is_removed_function(const struct mkp_diff *diff, uint32_t orig)
{
	const struct mkp_atom *atom = &diff->orig->atoms[orig];

	return atom->kind == MKP_ATOM_FUNC && atom->class == MKP_CLASS_TEXT &&
	       atom->owner == MKP_NO_ATOM && mkp_diff_is_removed(diff, orig);
}

struct mkp_error *mkp_run_removed_function(const struct mkp_check_context *context,
					   enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->orig;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++)
		if (is_removed_function(context->diff, i))
			error = mkp_check_report(context->report, self,
						 mkp_atom_name(graph, i),
						 mkp_check_orig_source(context, i),
						 "no longer in the patched object");
	return error;
}

/* How a reference of the original object lets a function that is gone be called later;
 * NULL: it does not. A call within the object is made by code that is gone or replaced.
 */
static const char *remaining_use(const struct mkp_graph *graph, uint32_t ref)
{
	const struct mkp_atom *user = &graph->atoms[graph->ref_atom[ref]];

	if (user->class == MKP_CLASS_EXPORT)
		return "modules may import it: ";
	if (graph->refs[ref].offset || user->class == MKP_CLASS_REGISTER)
		return NULL;
	if (user->kind == MKP_ATOM_FUNC)
		return graph->refs[ref].flags & MKP_REF_BRANCH
			       ? NULL
			       : "its address is taken by ";
	if (user->kind == MKP_ATOM_ENTRY || user->class == MKP_CLASS_NONE)
		return NULL;
	return "its address is stored in ";
}

static struct mkp_error *describe_uses(const struct mkp_graph *graph, uint32_t atom,
				       char **ret_text)
{
	const char *separator = "";
	size_t size;
	FILE *stream = open_memstream(ret_text, &size);

	if (!stream)
		return mkp_error_nomem();
	if (mkp_atom_symbol(graph, &graph->atoms[atom])->bind != STB_LOCAL) {
		fputs("other files may call it by name", stream);
		separator = "; ";
	}
	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1]; i++) {
		uint32_t ref = graph->incoming[i];
		const char *use = remaining_use(graph, ref);

		if (!use || graph->ref_atom[ref] == atom)
			continue;
		fprintf(stream, "%s%s%s", separator, use,
			mkp_atom_name(graph, graph->ref_atom[ref]));
		separator = "; ";
	}
	return fclose(stream) ? mkp_error_nomem() : NULL;
}

struct mkp_error *mkp_run_removed_referenced(const struct mkp_check_context *context,
					     enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->orig;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++) {
		MKP_CLEANUP_FREE char *uses = NULL;

		if (!is_removed_function(context->diff, i))
			continue;
		error = describe_uses(graph, i, &uses);
		if (!error && *uses)
			error = mkp_check_report(context->report, self,
						 mkp_atom_name(graph, i),
						 mkp_check_orig_source(context, i),
						 "gone from the patched object, not from "
						 "the kernel: %s",
						 uses);
	}
	return error;
}
