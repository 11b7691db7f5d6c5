// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/results.h"

#include <dwarf.h>
#include <string.h>

static bool find_function(const struct mkp_graph *graph, struct mkp_types *types,
			  uint32_t function, struct mkp_die *ret_die)
{
	const struct mkp_atom *atom = &graph->atoms[function];

	if (atom->kind == MKP_ATOM_EXTERN)
		return mkp_types_declared(types, mkp_atom_name(graph, function), ret_die);
	return mkp_types_function(types, atom->section, atom->start, ret_die);
}

/* The structure or union that a type is a pointer to. */
static bool find_pointee(struct mkp_types *types, uint64_t type, struct mkp_die *ret_die)
{
	struct mkp_die pointer;

	return mkp_types_strip(types, type, &pointer) &&
	       pointer.tag == DW_TAG_pointer_type &&
	       mkp_types_strip(types, pointer.type, ret_die) &&
	       (ret_die->tag == DW_TAG_structure_type ||
		ret_die->tag == DW_TAG_union_type);
}

/* Declarations of several units each have their own entry. */
static bool is_same(const struct mkp_die *a, const struct mkp_die *b)
{
	return a->offset == b->offset ||
	       (a->tag == b->tag && a->name && b->name && !strcmp(a->name, b->name));
}

/* How many registers for arguments a parameter takes. The kernel has no other ones than
 * integers, pointers and structures. */
static unsigned int count_registers(struct mkp_types *types, uint64_t type)
{
	uint64_t size = mkp_types_size(types, type);

	return size <= 8 ? 1 : size <= 16 ? 2 : 0;
}

/* The parameter that is in a register. */
static bool find_parameter(struct mkp_types *types, const struct mkp_die *function,
			   uint8_t argument, struct mkp_die *ret_die)
{
	struct mkp_dwarf *dwarf = mkp_types_dwarf(types);
	struct mkp_die die = *function;
	unsigned int at = 0, registers;
	bool more;

	/* What a copy of a function leaves out is in the entry that it is a copy of. */
	if (die.origin && !mkp_dwarf_read(dwarf, die.origin, &die))
		return false;
	for (more = mkp_dwarf_child(dwarf, &die, &die); more;
	     more = mkp_dwarf_sibling(dwarf, &die, &die)) {
		if (die.tag != DW_TAG_formal_parameter)
			continue;
		*ret_die = die;
		mkp_dwarf_complete(dwarf, ret_die);
		registers = count_registers(types, ret_die->type);
		if (registers && at == argument)
			return true;
		at += registers;
		if (at > argument)
			return false;
	}
	return false;
}

bool mkp_result_may_be_argument(const struct mkp_graph *graph, struct mkp_types *types,
				uint32_t function, uint8_t argument)
{
	struct mkp_die die, parameter, given, result;

	return types && find_function(graph, types, function, &die) &&
	       find_pointee(types, die.type, &result) &&
	       find_parameter(types, &die, argument, &parameter) &&
	       find_pointee(types, parameter.type, &given) && is_same(&given, &result);
}
