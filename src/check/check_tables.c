// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks about special sections, registration records and sections without a rule.
 */
#include <string.h>

#include "check/check.h"

/* Whether a relocation of an uncut section points into something included. */
static bool touches_patch(const struct mkp_check_context *context,
			  const struct mkp_reloc *reloc)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_symbol *symbol = &graph->object->symbols[reloc->symbol];
	uint32_t atom = graph->symbol_atom[reloc->symbol];

	if (atom == MKP_NO_ATOM && mkp_symbol_section(graph->object, symbol))
		atom = mkp_graph_atom_at(graph, symbol->section,
					 symbol->value + (uint64_t)reloc->addend);
	return atom != MKP_NO_ATOM && mkp_is_included(context->selection, atom);
}

struct mkp_error *mkp_run_special_section(const struct mkp_check_context *context,
					  enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t s = 0; s < graph->nr_specials && !error; s++) {
		const struct mkp_special_section *special = &graph->specials[s];
		const struct mkp_section *section =
			&graph->object->sections[special->section];
		uint32_t i = 0;

		if (!special->trouble ||
		    (special->row->flags & (MKP_SPECIAL_DROP | MKP_SPECIAL_OPTIONAL)))
			continue;
		while (i < section->nr_relocs &&
		       !touches_patch(context,
				      &graph->object->relocs[section->first_reloc + i]))
			i++;
		if (i < section->nr_relocs)
			error = mkp_check_report(context->report, self, section->name,
						 NULL, "%s", special->trouble);
	}
	return error;
}

/* A reference between a section without a rule and something included, either way. */
static bool is_unknown_edge(const struct mkp_check_context *context, uint32_t ref,
			    uint32_t *ret_unknown)
{
	const struct mkp_graph *graph = context->diff->patched;
	uint32_t from = graph->ref_atom[ref], to = graph->refs[ref].target;

	if (to == MKP_NO_ATOM)
		return false;
	*ret_unknown = graph->atoms[from].class == MKP_CLASS_UNKNOWN ? from : to;
	if (graph->atoms[*ret_unknown].class != MKP_CLASS_UNKNOWN ||
	    graph->atoms[*ret_unknown].kind == MKP_ATOM_EXTERN)
		return false;
	return *ret_unknown == from ? mkp_is_included(context->selection, to)
				    : context->selection->fates[ref] > MKP_FATE_NOTHING;
}

struct mkp_error *mkp_run_new_section_kind(const struct mkp_check_context *context,
					   enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_refs && !error; i++) {
		uint32_t unknown;

		if (!is_unknown_edge(context, i, &unknown))
			continue;
		error = mkp_check_report(
			context->report, self,
			graph->object->sections[graph->atoms[unknown].section].name,
			mkp_check_ref_source(context, i), "%s refers to %s",
			mkp_atom_name(graph, graph->ref_atom[i]),
			mkp_atom_name(graph, graph->refs[i].target));
	}
	return error;
}

static struct mkp_error *report_registration(const struct mkp_check_context *context,
					     enum mkp_check_id self,
					     const struct mkp_graph *graph, uint32_t atom,
					     const char *what)
{
	return mkp_check_report(context->report, self, mkp_atom_name(graph, atom), NULL,
				"%s record in section %s", what,
				graph->object->sections[graph->atoms[atom].section].name);
}

/* The exit functions of what is built in: the kernel has the records nowhere. */
static bool is_record(const struct mkp_check_context *context,
		      const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	return it->class == MKP_CLASS_REGISTER &&
	       (context->module ||
		!mkp_name_matches(".exitcall*",
				  graph->object->sections[it->section].name));
}

struct mkp_error *mkp_run_registration_changed(const struct mkp_check_context *context,
					       enum mkp_check_id self)
{
	const struct mkp_diff *diff = context->diff;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < diff->patched->nr_atoms && !error; i++)
		if (is_record(context, diff->patched, i) &&
		    diff->state[i] != MKP_STATE_SAME)
			error = report_registration(
				context, self, diff->patched, i,
				diff->state[i] == MKP_STATE_NEW ? "new" : "changed");
	for (uint32_t i = 0; i < diff->orig->nr_atoms && !error; i++)
		if (is_record(context, diff->orig, i) && mkp_diff_is_removed(diff, i))
			error = report_registration(context, self, diff->orig, i,
						    "removed");
	return error;
}

/* "__ksymtab_foo", and since v6.5 "__export_symbol_foo", is the record of foo. Others are
 * named as they are. */
static const char *exported_name(const struct mkp_graph *graph, uint32_t atom)
{
	static const char *const prefixes[] = { "__ksymtab_", "__export_symbol_" };
	const char *name = mkp_atom_name(graph, atom);

	for (size_t i = 0; i < MKP_ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return name + strlen(prefixes[i]);
	return name;
}

/* EXPORT_SYMBOL_GPL has other sections than EXPORT_SYMBOL, and else the same records. */
static bool section_differs(const struct mkp_diff *diff, uint32_t patched)
{
	const struct mkp_graph *o = diff->orig, *p = diff->patched;
	uint32_t twin = diff->to_orig[patched];

	return strcmp(o->object->sections[o->atoms[twin].section].name,
		      p->object->sections[p->atoms[patched].section].name) != 0;
}

static struct mkp_error *report_export(const struct mkp_check_context *context,
				       enum mkp_check_id self,
				       const struct mkp_graph *graph, uint32_t atom,
				       const char *message)
{
	if (!graph->atoms[atom].symbol)
		return NULL; /* checksums go with the record */
	return mkp_check_report(context->report, self, exported_name(graph, atom), NULL,
				"%s", message);
}

struct mkp_error *mkp_run_export_changed(const struct mkp_check_context *context,
					 enum mkp_check_id self)
{
	const struct mkp_diff *diff = context->diff;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < diff->patched->nr_atoms && !error; i++) {
		if (diff->patched->atoms[i].class != MKP_CLASS_EXPORT)
			continue;
		if (diff->state[i] == MKP_STATE_NEW)
			error = report_export(context, self, diff->patched, i,
					      "new export: the running kernel does not "
					      "get it");
		else if (diff->state[i] == MKP_STATE_CHANGED || section_differs(diff, i))
			error = report_export(context, self, diff->patched, i,
					      "changed export: stays as the running "
					      "kernel has it");
	}
	for (uint32_t i = 0; i < diff->orig->nr_atoms && !error; i++)
		if (diff->orig->atoms[i].class == MKP_CLASS_EXPORT &&
		    mkp_diff_is_removed(diff, i))
			error = report_export(context, self, diff->orig, i,
					      "removed export: stays in the running "
					      "kernel");
	return error;
}

struct mkp_error *mkp_run_table_reference(const struct mkp_check_context *context,
					  enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_refs && !error; i++) {
		const struct mkp_ref *ref = &graph->refs[i];
		uint8_t fate = context->selection->fates[i];
		bool nowhere = fate == MKP_FATE_NOTHING &&
			       !(ref->flags & MKP_REF_NOTHING);
		bool entry = fate == MKP_FATE_ORIGINAL &&
			     graph->atoms[ref->target].kind == MKP_ATOM_ENTRY;

		if (!nowhere && !entry)
			continue;
		error = mkp_check_report(
			context->report, self, mkp_atom_name(graph, graph->ref_atom[i]),
			mkp_check_ref_source(context, i), "+%#llx: refers to %s",
			(unsigned long long)ref->place,
			entry ? mkp_atom_name(graph, ref->target)
			      : "nothing that is part of the kernel");
	}
	return error;
}

/* Functions whose own bytes are the same, and whose entries of @section are not. */
static struct mkp_error *report_table_alone(const struct mkp_check_context *context,
					    enum mkp_check_id self, const char *section)
{
	const struct mkp_diff *diff = context->diff;
	const struct mkp_graph *graph = diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++) {
		const struct mkp_cause *cause = &diff->cause[i];
		MKP_CLEANUP_FREE char *text = NULL;

		if (diff->state[i] != MKP_STATE_CHANGED ||
		    cause->kind != MKP_CAUSE_TABLE ||
		    strcmp(cause->row->section, section) != 0)
			continue;
		error = mkp_cause_describe(diff, i, &text);
		if (!error)
			error = mkp_check_report(context->report, self,
						 mkp_atom_name(graph, i),
						 mkp_check_source(context, i),
						 "its code is the same: %s", text);
	}
	return error;
}

struct mkp_error *mkp_run_ex_table_alone(const struct mkp_check_context *context,
					 enum mkp_check_id self)
{
	return report_table_alone(context, self, "__ex_table");
}

struct mkp_error *mkp_run_altinstr_alone(const struct mkp_check_context *context,
					 enum mkp_check_id self)
{
	return report_table_alone(context, self, ".altinstructions");
}
