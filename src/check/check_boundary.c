// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of one local variable is the start of the next one of its section, and
 * assemblers write both as an offset into the section. A loop over an array compares with
 * the first; in an object without -fdata-sections it reads like the second.
 *
 * That is no matter where the two lie side by side in the running kernel as well. Where
 * one is carried, or something lay between them, it is; then code or a table that refers
 * to the variable in front, too, may mean its end.
 *
 * Sections that the source names, such as __dyndbg, are shared by their variables also
 * with -fdata-sections. There the variable's type decides: loops go to the end of arrays.
 */
#include <string.h>

#include "check/check.h"

/* The local variable that ends where @atom starts, or MKP_NO_ATOM. */
static uint32_t variable_before(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom], *before = it - 1;

	if (atom == graph->section_atoms[it->section] || it->class == MKP_CLASS_TEXT ||
	    mkp_atom_symbol(graph, before)->bind != STB_LOCAL ||
	    before->start + before->size != it->start)
		return MKP_NO_ATOM;
	return before->kind == MKP_ATOM_OBJECT ? atom - 1 : MKP_NO_ATOM;
}

/* Whether both are the running kernel's, and neighbours there as well. */
static bool are_neighbours(const struct mkp_check_context *context, uint32_t before,
			   uint32_t atom)
{
	const struct mkp_diff *diff = context->diff;
	uint32_t old_before = diff->to_orig[before], old = diff->to_orig[atom];

	return !mkp_is_included(context->selection, before) &&
	       !mkp_is_included(context->selection, atom) && old_before != MKP_NO_ATOM &&
	       old != MKP_NO_ATOM && variable_before(diff->orig, old) == old_before;
}

/* Both lists ascend: the references of an atom, and those to one. */
static bool refers_to(const struct mkp_graph *graph, uint32_t from, uint32_t to)
{
	const struct mkp_atom *atom = &graph->atoms[from];
	uint32_t low = graph->incoming_first[to], high = graph->incoming_first[to + 1];
	const uint32_t end = high;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (graph->incoming[middle] < atom->first_ref)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && graph->incoming[low] - atom->first_ref < atom->nr_refs;
}

/* Whether a reference is an address, told as a place in a section. What is relative to
 * the instruction accesses the variable, and that is never behind one. */
static bool is_bare_address(const struct mkp_graph *graph, const struct mkp_ref *ref)
{
	const struct mkp_object *object = graph->object;

	return ref->target != MKP_NO_ATOM && !ref->offset && ref->reloc != MKP_NO_RELOC &&
	       !(ref->flags & (MKP_REF_PCREL | MKP_REF_BRANCH | MKP_REF_NOTHING)) &&
	       object->symbols[object->relocs[ref->reloc].symbol].type == STT_SECTION;
}

/* Whether the compiler has dealt out the variables of a section, and no attribute. */
static bool is_common_section(const char *name)
{
	static const char *const names[] = { ".data",
					     ".bss",
					     ".rodata",
					     ".sdata",
					     ".data.rel.ro.local",
					     ".data.rel.ro",
					     ".sbss",
					     ".data.rel",
					     ".data.rel.local" };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool may_mean_end(const struct mkp_check_context *context, uint32_t before)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_atom *atom = &graph->atoms[before];
	struct mkp_types *types = context->patched_types;
	struct mkp_die die;

	if (is_common_section(graph->object->sections[atom->section].name) || !types ||
	    !mkp_types_variable(types, atom->section, atom->start, &die))
		return true;
	return mkp_types_ends_with_array(types, die.type);
}

static struct mkp_error *look_at(const struct mkp_check_context *context,
				 enum mkp_check_id self, uint32_t from, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_ref *it = &graph->refs[ref];
	uint32_t before;

	if (!is_bare_address(graph, it))
		return NULL;
	before = variable_before(graph, it->target);
	if (before == MKP_NO_ATOM || are_neighbours(context, before, it->target) ||
	    !refers_to(graph, from, before) || !may_mean_end(context, before))
		return NULL;
	return mkp_check_report(context->report, self, mkp_atom_name(graph, from),
				mkp_check_ref_source(context, ref),
				"+0x%llx: the end of %s or the start of %s",
				(unsigned long long)it->place,
				mkp_atom_name(graph, before),
				mkp_atom_name(graph, it->target));
}

struct mkp_error *mkp_run_ambiguous_place(const struct mkp_check_context *context,
					  enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_selection *selection = context->selection;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_included; i++) {
		const struct mkp_atom *atom = &graph->atoms[selection->queue[i]];

		for (uint32_t k = 0; k < atom->nr_refs && !error; k++)
			error = look_at(context, self, selection->queue[i],
					atom->first_ref + k);
	}
	return error;
}
