// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/type_uses.h"

#include <dwarf.h>
#include <string.h>

#include "base/array.h"
#include "check/die_walk.h"

#define MAX_DEPTH 32

/* The structure that a type is, or is an array of, or points to. */
static uint64_t base_structure(struct mkp_types *types, uint64_t type, bool *ret_pointer)
{
	struct mkp_die die;

	*ret_pointer = false;
	for (int i = 0; i < MAX_DEPTH && mkp_types_strip(types, type, &die); i++) {
		if (die.tag == DW_TAG_structure_type || die.tag == DW_TAG_union_type)
			return die.offset;
		if (die.tag != DW_TAG_pointer_type && die.tag != DW_TAG_array_type)
			return 0;
		*ret_pointer |= die.tag == DW_TAG_pointer_type;
		type = die.type;
	}
	return 0;
}

/* ---- Variables -----------------------------------------------------------------------
 */

static struct mkp_error *add_use(struct mkp_die_walk *walk, struct mkp_die *die)
{
	struct mkp_type_uses *uses = walk->data;
	struct mkp_type_use use = { .function = MKP_NO_ATOM };
	struct mkp_error *error;
	bool is_static = die->section ||
			 (!walk->depth && (die->have & MKP_DIE_DECLARATION));
	bool pointer;

	if (die->tag != DW_TAG_variable && die->tag != DW_TAG_formal_parameter)
		return NULL;
	mkp_dwarf_complete(mkp_types_dwarf(uses->types), die);
	use.type = base_structure(uses->types, die->type, &pointer);
	if (!use.type || (is_static ? pointer : walk->function == MKP_NO_ATOM))
		return NULL;
	use.kind = is_static ? MKP_USE_STATIC : pointer ? MKP_USE_POINTER : MKP_USE_STACK;
	if (is_static)
		use.variable = die->offset;
	else
		use.function = walk->function;
	error = mkp_array_reserve(&uses->uses, &uses->cap_uses, uses->nr_uses + 1,
				  sizeof(use));
	if (!error)
		uses->uses[uses->nr_uses++] = use;
	return error;
}

/* ---- Nesting -------------------------------------------------------------------------
 */

static struct mkp_error *add_nestings(struct mkp_type_uses *uses, uint64_t outer)
{
	struct mkp_dwarf *dwarf = mkp_types_dwarf(uses->types);
	struct mkp_error *error = NULL;
	struct mkp_die die;
	bool more = mkp_dwarf_read(dwarf, outer, &die) &&
		    mkp_dwarf_child(dwarf, &die, &die);

	for (; more && !error; more = mkp_dwarf_sibling(dwarf, &die, &die)) {
		struct mkp_type_nesting nesting = { .outer = outer };
		bool pointer;

		if (die.tag != DW_TAG_member)
			continue;
		nesting.inner = base_structure(uses->types, die.type, &pointer);
		if (!nesting.inner || pointer)
			continue;
		error = mkp_array_reserve(&uses->nestings, &uses->cap_nestings,
					  uses->nr_nestings + 1, sizeof(nesting));
		if (!error)
			uses->nestings[uses->nr_nestings++] = nesting;
	}
	return error;
}

/* ---- Allocations ---------------------------------------------------------------------
 */

static bool is_allocator(const char *name)
{
	return strstr(name, "alloc") || mkp_name_matches("kmem_cache_create*", name);
}

static bool calls_allocator(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	for (uint32_t i = atom->first_ref; i < atom->first_ref + atom->nr_refs; i++)
		if (graph->refs[i].target != MKP_NO_ATOM &&
		    (graph->refs[i].flags & MKP_REF_BRANCH) &&
		    is_allocator(mkp_atom_name(graph, graph->refs[i].target)))
			return true;
	return false;
}

static struct mkp_error *add_allocations(struct mkp_type_uses *uses, uint32_t function,
					 const struct mkp_code_scan *scan)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < scan->count && !error; i++) {
		struct mkp_allocation allocation = {
			.size = (uint64_t)scan->fields[i].target,
			.function = function,
		};

		if (scan->fields[i].width < 4)
			continue;
		error = mkp_array_reserve(&uses->allocations, &uses->cap_allocations,
					  uses->nr_allocations + 1, sizeof(allocation));
		if (!error)
			uses->allocations[uses->nr_allocations++] = allocation;
	}
	return error;
}

/* Sizes are operands of the functions that call an allocator; an argument takes a whole
 * word, in which it differs from what is subtracted from the stack pointer. */
static struct mkp_error *collect_allocations(struct mkp_type_uses *uses)
{
	const struct mkp_graph *graph = uses->graph;
	struct mkp_code_scan scan = { 0 };
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++) {
		const struct mkp_atom *atom = &graph->atoms[i];
		const uint8_t *code = mkp_atom_data(graph, atom);

		if (atom->kind != MKP_ATOM_FUNC || !code ||
		    !graph->arch->scan_immediates || !calls_allocator(graph, atom))
			continue;
		error = graph->arch->scan_immediates(code, atom->size, &scan);
		if (!error)
			error = add_allocations(uses, i, &scan);
	}
	mkp_code_scan_deinit(&scan);
	return error;
}

/* ---- All of it -----------------------------------------------------------------------
 */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_uses(const void *a, const void *b)
{
	const struct mkp_type_use *left = a, *right = b;
	int order = COMPARE(left->type, right->type);

	if (!order)
		order = COMPARE(left->kind, right->kind);
	if (!order)
		order = COMPARE(left->function, right->function);
	return order ? order : COMPARE(left->variable, right->variable);
}

static int compare_nestings(const void *a, const void *b)
{
	const struct mkp_type_nesting *left = a, *right = b;
	int order = COMPARE(left->inner, right->inner);

	return order ? order : COMPARE(left->outer, right->outer);
}

static int compare_allocations(const void *a, const void *b)
{
	const struct mkp_allocation *left = a, *right = b;
	int order = COMPARE(left->size, right->size);

	return order ? order : COMPARE(left->function, right->function);
}

static void sort(void *array, size_t count, size_t size,
		 int (*compare)(const void *, const void *))
{
	if (count)
		qsort(array, count, size, compare);
}

static void sort_all(struct mkp_type_uses *uses)
{
	size_t kept = 0;

	sort(uses->uses, uses->nr_uses, sizeof(*uses->uses), compare_uses);
	for (size_t i = 0; i < uses->nr_uses; i++)
		if (!i || compare_uses(&uses->uses[i], &uses->uses[kept - 1]))
			uses->uses[kept++] = uses->uses[i];
	uses->nr_uses = kept;
	sort(uses->nestings, uses->nr_nestings, sizeof(*uses->nestings),
	     compare_nestings);
	sort(uses->allocations, uses->nr_allocations, sizeof(*uses->allocations),
	     compare_allocations);
}

struct mkp_error *mkp_type_uses_collect(const struct mkp_graph *graph,
					const struct mkp_layouts *layouts,
					struct mkp_type_uses *ret_uses)
{
	struct mkp_die_walk walk = {
		.graph = graph,
		.types = layouts->types,
		.visit = add_use,
		.data = ret_uses,
	};
	struct mkp_error *error;

	*ret_uses = (struct mkp_type_uses){ .graph = graph, .types = layouts->types };
	error = mkp_die_walk(&walk);
	for (size_t i = 0; i < layouts->nr_entries && !error; i++)
		error = add_nestings(ret_uses, layouts->entries[i].type);
	if (!error)
		error = collect_allocations(ret_uses);
	if (error)
		mkp_type_uses_deinit(ret_uses);
	else
		sort_all(ret_uses);
	return error;
}

void mkp_type_uses_deinit(struct mkp_type_uses *uses)
{
	free(uses->uses);
	free(uses->nestings);
	free(uses->allocations);
	memset(uses, 0, sizeof(*uses));
}

const struct mkp_type_use *mkp_type_uses_find(const struct mkp_type_uses *uses,
					      uint64_t type, size_t *ret_count)
{
	size_t low = 0, high = uses->nr_uses;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (uses->uses[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	while (high < uses->nr_uses && uses->uses[high].type == type)
		high++;
	*ret_count = high - low;
	return high > low ? &uses->uses[low] : NULL;
}

bool mkp_type_use_is_first(const struct mkp_type_uses *uses,
			   const struct mkp_type_use *use)
{
	struct mkp_type_use other = *use;

	if (use->kind != MKP_USE_POINTER)
		return true;
	other.kind = MKP_USE_STACK;
	return !bsearch(&other, uses->uses, uses->nr_uses, sizeof(other), compare_uses);
}

static size_t first_nesting(const struct mkp_type_uses *uses, uint64_t inner)
{
	size_t low = 0, high = uses->nr_nestings;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (uses->nestings[middle].inner < inner)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t add_container(uint64_t type, uint64_t types[MKP_MAX_CONTAINERS], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (types[i] == type)
			return n;
	types[n] = type;
	return n + 1;
}

size_t mkp_type_containers(const struct mkp_type_uses *uses, uint64_t type,
			   uint64_t ret_types[MKP_MAX_CONTAINERS])
{
	size_t n = 1;

	ret_types[0] = type;
	for (size_t i = 0; i < n; i++)
		for (size_t k = first_nesting(uses, ret_types[i]);
		     k < uses->nr_nestings && uses->nestings[k].inner == ret_types[i] &&
		     n < MKP_MAX_CONTAINERS;
		     k++)
			n = add_container(uses->nestings[k].outer, ret_types, n);
	return n;
}

uint32_t mkp_type_allocator(const struct mkp_type_uses *uses, uint64_t size)
{
	size_t low = 0, high = uses->nr_allocations;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (uses->allocations[middle].size < size)
			low = middle + 1;
		else
			high = middle;
	}
	return low < uses->nr_allocations && uses->allocations[low].size == size
		       ? uses->allocations[low].function
		       : MKP_NO_ATOM;
}
