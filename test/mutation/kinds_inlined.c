// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fix of a function that the compiler has inlined: in one function as it is, and in
 * another where that is cold. A patch with the first alone loads, and works but for the
 * cold caller, whose other part, and name, are what they were.
 *
 * Which code comes from which inlined function is told by DWARF. The fix is another
 * callee or another string, the same in both copies.
 *
 * What is left out, by rule: copies that have no call or string in common.
 */
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

#include "mutant.h"

/* A piece of code that came from the function that @origin describes. */
struct copy {
	Dwarf_Off origin;
	uint32_t function, section;
	uint64_t from, to;
};

struct copies {
	const struct object *object;
	Dwfl_Module *module;
	struct copy *list;
	size_t count, capacity;
};

/* Where libdwfl has put a section is not where it is. */
static bool find_piece(const struct copies *copies, Dwarf_Addr start, Dwarf_Addr end,
		       struct copy *copy)
{
	Dwarf_Addr at = start, bias;
	Elf_Scn *section = dwfl_module_address_section(copies->module, &at, &bias);

	if (!section)
		return false;
	copy->section = (uint32_t)elf_ndxscn(section);
	copy->from = at;
	copy->to = at + (end - start);
	copy->function = function_around(copies->object, copy->section, at);
	return copy->function;
}

static void add_copy(struct copies *copies, const struct copy *copy)
{
	if (copies->count == copies->capacity) {
		copies->capacity = copies->capacity * 2 + 256;
		copies->list = realloc(copies->list,
				       copies->capacity * sizeof(*copies->list));
		if (!copies->list)
			die("memory");
	}
	copies->list[copies->count++] = *copy;
}

/* The pieces of an inlined copy, or of one out of line. */
static void add_copies(struct copies *copies, Dwarf_Die *entry)
{
	Dwarf_Addr base, start, end;
	Dwarf_Attribute attribute;
	Dwarf_Die origin;
	struct copy copy;
	ptrdiff_t next = 0;

	if ((dwarf_tag(entry) != DW_TAG_inlined_subroutine &&
	     dwarf_tag(entry) != DW_TAG_subprogram) ||
	    !dwarf_attr(entry, DW_AT_abstract_origin, &attribute) ||
	    !dwarf_formref_die(&attribute, &origin))
		return;
	copy.origin = dwarf_dieoffset(&origin);
	while ((next = dwarf_ranges(entry, next, &base, &start, &end)) > 0)
		if (find_piece(copies, start, end, &copy))
			add_copy(copies, &copy);
}

static void walk(struct copies *copies, Dwarf_Die *parent)
{
	Dwarf_Die entry;

	if (dwarf_child(parent, &entry))
		return;
	do {
		add_copies(copies, &entry);
		walk(copies, &entry);
	} while (!dwarf_siblingof(&entry, &entry));
}

static int compare_copies(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;

	if (x->origin != y->origin)
		return x->origin < y->origin ? -1 : 1;
	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

static void find_copies(struct copies *copies)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	if (!dwfl)
		die("libdwfl");
	copies->module = dwfl_report_offline(dwfl, "", copies->object->path, -1);
	dwfl_report_end(dwfl, NULL, NULL);
	while (copies->module && (unit = dwfl_module_nextcu(copies->module, unit, &bias)))
		walk(copies, unit);
	dwfl_end(dwfl);
	if (copies->count)
		qsort(copies->list, copies->count, sizeof(*copies->list), compare_copies);
}

/* ---- The fix -------------------------------------------------------------------------
 */

static bool is_cold(const struct object *object, uint32_t function)
{
	return strstr(symbol_name(object, function), ".cold");
}

/* Whether both are one function, or parts of one. */
static bool same_family(const struct object *object, uint32_t a, uint32_t b)
{
	const char *one = symbol_name(object, a), *two = symbol_name(object, b);
	size_t length = strcspn(one, ".");

	return strcspn(two, ".") == length && !memcmp(one, two, length);
}

/* A call, or the address of a string. */
static bool is_fixable(const struct object *object, const struct reloc *reloc)
{
	struct place to = reloc_target(object, reloc);

	return is_code(object, reloc->section) &&
	       (reloc->type == R_X86_64_PLT32 ||
		(reloc->type == R_X86_64_32S && to.section &&
		 is_string_section(object, to.section)));
}

/* The next relocation of a piece from *@offset on, or NULL. */
static const struct reloc *next_reloc(const struct object *object,
				      const struct copy *copy, uint64_t *offset)
{
	for (; *offset < copy->to; ++*offset) {
		const struct reloc *reloc = reloc_at(object, copy->section, *offset);

		if (reloc && is_fixable(object, reloc)) {
			++*offset;
			return reloc;
		}
	}
	return NULL;
}

/* What the fix puts for it: of the same kind, and something else. */
static const struct reloc *find_other(const struct object *object,
				      const struct reloc *reloc)
{
	size_t start = random_number(reloc->at);

	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *it = &object->relocs[(start + i) % object->nr_relocs];

		if (it->type == reloc->type && is_fixable(object, it) &&
		    it->symbol != reloc->symbol)
			return it;
	}
	return NULL;
}

static bool fix_both(const struct object *object, struct mutants *mutants,
		     const struct copy *hot, const struct copy *cold,
		     const struct reloc *reloc)
{
	const struct reloc *twin, *other = find_other(object, reloc);
	uint64_t offset = hot->from;

	while (other && (twin = next_reloc(object, hot, &offset))) {
		struct mutant *mutant;

		if (twin->type != reloc->type || twin->symbol != reloc->symbol ||
		    twin->addend != reloc->addend)
			continue;
		mutant = add_mutant(mutants, hot->function, cold->section, reloc->offset);
		mutant->who[1] = cold->function;
		edit_reloc(mutant, twin, other->symbol, other->type, other->addend);
		edit_reloc(mutant, reloc, other->symbol, other->type, other->addend);
		return true;
	}
	return false;
}

/* Each call and string of a cold copy that another copy of the function has as well. */
static void fix_cold(const struct copies *copies, struct mutants *mutants,
		     const struct copy *cold)
{
	const struct object *object = copies->object;
	const struct copy *end = copies->list + copies->count, *first = cold;
	const struct reloc *reloc;
	uint64_t offset = cold->from;

	while (first > copies->list && first[-1].origin == cold->origin)
		first--;
	while ((reloc = next_reloc(object, cold, &offset)))
		for (const struct copy *hot = first;
		     hot < end && hot->origin == cold->origin; hot++)
			if (!is_cold(object, hot->function) &&
			    !same_family(object, hot->function, cold->function) &&
			    fix_both(object, mutants, hot, cold, reloc))
				break;
}

void collect_inlined_cold(const struct object *object, struct mutants *mutants)
{
	struct copies copies = { .object = object };

	find_copies(&copies);
	for (size_t i = 0; i < copies.count; i++)
		if (is_cold(object, copies.list[i].function))
			fix_cold(&copies, mutants, &copies.list[i]);
	free(copies.list);
}
