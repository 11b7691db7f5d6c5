// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/die_walk.h"

#include <dwarf.h>
#include <string.h>

static uint32_t function_by_name(const struct mkp_graph *graph, const char *name)
{
	const struct mkp_object *object = graph->object;
	const struct mkp_index_entry *it;
	size_t count;

	if (!name)
		return MKP_NO_ATOM;
	it = mkp_index_find(&object->names, mkp_hash_string(name), &count);
	for (; count; it++, count--)
		if (!strcmp(object->symbols[it->id].name, name) &&
		    object->symbols[it->id].type == STT_FUNC)
			return graph->symbol_atom[it->id];
	return MKP_NO_ATOM;
}

/* One that was split into hot and cold has no single address, but a name. */
uint32_t mkp_die_function(const struct mkp_graph *graph, struct mkp_types *types,
			  const struct mkp_die *die)
{
	struct mkp_die named;

	if (die->section)
		return mkp_graph_atom_at(graph, die->section, die->address);
	if ((die->have & (MKP_DIE_INLINE | MKP_DIE_DECLARATION)) ||
	    !mkp_dwarf_read(mkp_types_dwarf(types), die->offset, &named))
		return MKP_NO_ATOM;
	mkp_dwarf_complete(mkp_types_dwarf(types), &named);
	return function_by_name(graph, named.name);
}

static struct mkp_error *walk_unit(struct mkp_die_walk *walk, size_t unit)
{
	struct mkp_dwarf *dwarf = mkp_types_dwarf(walk->types);
	struct mkp_error *error = NULL;
	struct mkp_die die;
	uint64_t end, next;

	walk->depth = walk->function_depth = 0;
	walk->function = MKP_NO_ATOM;
	if (!mkp_dwarf_unit(dwarf, unit, &die, &end))
		return NULL;
	for (next = die.next;
	     next < end && mkp_dwarf_read_nameless(dwarf, next, &die) && !error;) {
		next = die.next;
		if (!die.tag) {
			walk->depth -= walk->depth > 0;
			continue;
		}
		if (walk->depth <= walk->function_depth)
			walk->function = MKP_NO_ATOM;
		if (die.tag == DW_TAG_subprogram) {
			walk->function = mkp_die_function(walk->graph, walk->types, &die);
			walk->function_depth = walk->depth;
		}
		error = walk->visit(walk, &die);
		/* Bits that an entry takes from another say nothing of its children. */
		walk->depth += (die.have & MKP_DIE_CHILDREN) != 0;
	}
	return error;
}

struct mkp_error *mkp_die_walk(struct mkp_die_walk *walk)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < mkp_dwarf_nr_units(mkp_types_dwarf(walk->types)) && !error;
	     i++)
		error = walk_unit(walk, i);
	return error;
}
