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
 * A local variable to which nothing else refers is what the reference means: compilers
 * leave one out that nobody needs.
 *
 * Sections that the source names, such as __dyndbg, are shared by their variables also
 * with -fdata-sections. There the variable's type decides: loops go to the end of arrays.
 *
 * Likewise with places in front of an array. Of `table[i - 1]` compilers make an operand
 * of four bytes before the table, to which they add the index: inside of the variable in
 * front of it. (In what has no symbol, such as strings with a sanitizer's zones around
 * them, nearly every place is inside of something; there it is taken for what it says.)
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

/* Whether the reference at hand is the only one to a local variable. */
static bool is_only_one(const struct mkp_graph *graph, uint32_t atom)
{
	return mkp_atom_symbol(graph, &graph->atoms[atom])->bind == STB_LOCAL &&
	       graph->incoming_first[atom + 1] - graph->incoming_first[atom] == 1;
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

static struct mkp_error *look_at_end(const struct mkp_check_context *context,
				     enum mkp_check_id self, uint32_t from, uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_ref *it = &graph->refs[ref];
	uint32_t before;

	if (!is_bare_address(graph, it))
		return NULL;
	before = variable_before(graph, it->target);
	if (before == MKP_NO_ATOM || are_neighbours(context, before, it->target) ||
	    is_only_one(graph, it->target) || !refers_to(graph, from, before) ||
	    !may_mean_end(context, before))
		return NULL;
	return mkp_check_report(context->report, self, mkp_atom_name(graph, from),
				mkp_check_ref_source(context, ref),
				"+0x%llx: the end of %s or the start of %s",
				(unsigned long long)it->place,
				mkp_atom_name(graph, before),
				mkp_atom_name(graph, it->target));
}

/* ---- Places in front of arrays -------------------------------------------------------
 */

/* How far before an array an operand may lie: as far as the array is long, or a few
 * elements. */
#define MIN_REACH 64
#define MAX_REACH 4096

static uint64_t place_of(const struct mkp_graph *graph, const struct mkp_ref *ref)
{
	return graph->atoms[ref->target].start + (uint64_t)ref->offset;
}

/* Whether a reference of code is told as a place inside of a variable. What is relative
 * to the instruction has no index. */
static bool is_inside(const struct mkp_graph *graph, const struct mkp_ref *ref)
{
	const struct mkp_object *object = graph->object;

	return ref->target != MKP_NO_ATOM && ref->offset > 0 &&
	       graph->atoms[ref->target].kind == MKP_ATOM_OBJECT &&
	       ref->reloc != MKP_NO_RELOC &&
	       !(ref->flags & (MKP_REF_PCREL | MKP_REF_BRANCH | MKP_REF_NOTHING)) &&
	       object->symbols[object->relocs[ref->reloc].symbol].type == STT_SECTION;
}

/* Whether code that refers to @place of the section may mean an element of @atom. */
static bool may_reach(const struct mkp_check_context *context, uint64_t place,
		      uint32_t atom)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_atom *it = &graph->atoms[atom];
	struct mkp_types *types = context->patched_types;
	uint64_t reach = it->size < MIN_REACH ? MIN_REACH : it->size;
	struct mkp_die die;

	if (it->kind != MKP_ATOM_OBJECT ||
	    mkp_atom_symbol(graph, it)->bind != STB_LOCAL || it->start <= place ||
	    it->start - place > reach)
		return false;
	return !types || !mkp_types_variable(types, it->section, it->start, &die) ||
	       mkp_types_has_array(types, die.type);
}

/* Whether both are the running kernel's, and as far from each other there. What is the
 * same is not carried. */
static bool stay_together(const struct mkp_check_context *context, uint32_t before,
			  uint32_t atom)
{
	const struct mkp_diff *diff = context->diff;
	const struct mkp_atom *orig = diff->orig->atoms, *patched = diff->patched->atoms;
	uint32_t old_before = diff->to_orig[before], old = diff->to_orig[atom];

	return !mkp_is_included(context->selection, before) &&
	       diff->state[atom] == MKP_STATE_SAME && old_before != MKP_NO_ATOM &&
	       old != MKP_NO_ATOM && orig[old_before].section == orig[old].section &&
	       orig[old].start - orig[old_before].start ==
		       patched[atom].start - patched[before].start;
}

static struct mkp_error *report_front(const struct mkp_check_context *context,
				      enum mkp_check_id self, struct mkp_reaches *reaches,
				      const struct mkp_ref *ref, uint32_t atom)
{
	const struct mkp_graph *graph = context->diff->patched;
	uint32_t from = graph->ref_atom[ref - graph->refs];
	uint64_t start, end;
	struct mkp_error *error = mkp_reach_window(graph, (uint32_t)(ref - graph->refs),
						   reaches, &start, &end);

	if (error || start < end)
		return error;
	return mkp_check_report(
		context->report, self, mkp_atom_name(graph, from),
		mkp_check_ref_source(context, (uint32_t)(ref - graph->refs)),
		"+0x%llx: %s%+lld, or an element of %s, %llu bytes before it and with an "
		"index",
		(unsigned long long)ref->place, mkp_atom_name(graph, ref->target),
		(long long)ref->offset, mkp_atom_name(graph, atom),
		(unsigned long long)(graph->atoms[atom].start - place_of(graph, ref)));
}

/* A reference of the patch, which may mean one of the arrays behind its place. */
static struct mkp_error *look_behind(const struct mkp_check_context *context,
				     enum mkp_check_id self, struct mkp_reaches *reaches,
				     uint32_t ref)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_ref *it = &graph->refs[ref];
	uint64_t place;

	if (graph->atoms[graph->ref_atom[ref]].kind != MKP_ATOM_FUNC ||
	    !is_inside(graph, it))
		return NULL;
	place = place_of(graph, it);
	for (uint32_t i = it->target + 1;
	     i < graph->section_atoms[graph->atoms[it->target].section + 1] &&
	     graph->atoms[i].start <= place + MAX_REACH;
	     i++)
		if (may_reach(context, place, i) &&
		    !stay_together(context, it->target, i))
			return report_front(context, self, reaches, it, i);
	return NULL;
}

/* A constant that the patch carries anew: what stays behind may read it, too. */
static struct mkp_error *look_before(const struct mkp_check_context *context,
				     enum mkp_check_id self, struct mkp_reaches *reaches,
				     uint32_t atom)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_atom *it = &graph->atoms[atom];
	struct mkp_error *error = NULL;

	for (uint32_t i = atom; i > graph->section_atoms[it->section] && !error; i--) {
		const struct mkp_atom *before = &graph->atoms[i - 1];

		if (before->start + before->size + MAX_REACH < it->start)
			break;
		for (uint32_t k = graph->incoming_first[i - 1];
		     k < graph->incoming_first[i] && !error; k++) {
			uint32_t ref = graph->incoming[k], from = graph->ref_atom[ref];

			if (graph->atoms[from].kind == MKP_ATOM_FUNC &&
			    !mkp_is_included(context->selection, from) &&
			    is_inside(graph, &graph->refs[ref]) &&
			    may_reach(context, place_of(graph, &graph->refs[ref]), atom))
				error = report_front(context, self, reaches,
						     &graph->refs[ref], atom);
		}
	}
	return error;
}

struct mkp_error *mkp_run_ambiguous_place(const struct mkp_check_context *context,
					  enum mkp_check_id self)
{
	const struct mkp_graph *graph = context->diff->patched;
	const struct mkp_selection *selection = context->selection;
	struct mkp_reaches reaches = { 0 };
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < selection->nr_included && !error; i++) {
		uint32_t from = selection->queue[i];
		const struct mkp_atom *atom = &graph->atoms[from];

		for (uint32_t k = atom->first_ref;
		     k < atom->first_ref + atom->nr_refs && !error; k++) {
			error = look_at_end(context, self, from, k);
			if (!error)
				error = look_behind(context, self, &reaches, k);
		}
		if (!error && atom->kind == MKP_ATOM_OBJECT &&
		    context->diff->state[from] == MKP_STATE_CHANGED)
			error = look_before(context, self, &reaches, from);
	}
	mkp_reaches_deinit(&reaches);
	return error;
}
