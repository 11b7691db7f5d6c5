// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Comparing data, and what references lead to. A string and a constant are what they
 * hold, since the linker merges equal ones. What else has no name, such as the
 * replacement of an alternative, is a part of what refers to it. A function or variable
 * of the object is somewhere, and that is settled later, see match.c.
 */
#include <string.h>

#include "base/array.h"
#include "match/private.h"

/* From part to nameless part: compilers need three at most. */
#define MAX_DEPTH 8

/* The first byte of [from, to) that differs; @to if none does. NULL data are zeros. */
static uint64_t first_difference(const uint8_t *here, const uint8_t *there, uint64_t from,
				 uint64_t to)
{
	while (from < to && (here ? here[from] : 0) == (there ? there[from] : 0))
		from++;
	return from;
}

static struct mkp_error *check_data_ref(struct mkp_matcher *matcher, uint32_t number,
					uint64_t address, struct mkp_candidate *candidate)
{
	const struct mkp_ref *ref = &matcher->graph->refs[number];
	const struct mkp_space_field field = {
		.address = address + ref->place,
		.width = ref->width,
		.to_end = ref->to_end,
		.relative = ref->flags & MKP_REF_PCREL,
	};
	uint64_t target;

	if ((ref->flags & MKP_REF_NOTHING) ||
	    !mkp_space_read(matcher->space, &field, &target))
		return NULL;
	return mkp_check_ref(matcher, number, target, field.address, candidate);
}

/* Bytes outside of the references, and the references, of one atom of data. */
static struct mkp_error *compare_data(struct mkp_matcher *matcher, uint32_t atom,
				      uint64_t address, struct mkp_candidate *candidate)
{
	const struct mkp_graph *graph = matcher->graph;
	const struct mkp_atom *it = &graph->atoms[atom];
	const uint8_t *here = mkp_atom_data(graph, it), *there;
	uint64_t room = mkp_space_at(matcher->space, address, &there), at = 0;
	struct mkp_difference difference = { .kind = MKP_DIFFERENCE_DATA,
					     .atom = atom,
					     .address = address,
					     .ref = MKP_NO_REF };
	struct mkp_error *error = NULL;

	if (room < it->size) {
		difference.kind = MKP_DIFFERENCE_LENGTH;
		mkp_differs(candidate, &difference);
		return NULL;
	}
	for (uint32_t n = 0; n <= it->nr_refs && !error; n++) {
		const struct mkp_ref *ref = &graph->refs[it->first_ref + n];
		bool last = n == it->nr_refs;
		uint64_t end = last ? it->size : ref->place;

		at = first_difference(here, there, at, end);
		if (at < end) {
			difference.place = at;
			difference.address = address + at;
			mkp_differs(candidate, &difference);
			return NULL;
		}
		if (last)
			break;
		error = check_data_ref(matcher, it->first_ref + n, address, candidate);
		at = ref->place + ref->width;
	}
	return error;
}

struct mkp_error *mkp_compare_data(struct mkp_matcher *matcher, uint32_t atom,
				   struct mkp_candidate *candidate)
{
	candidate->first_shift = (uint32_t)matcher->nr_shifts;
	return compare_data(matcher, atom, candidate->address, candidate);
}

/* ---- References ---- */

struct place_test {
	uint64_t address;
	bool any, found;
};

static void test_place(void *context, uint64_t address)
{
	struct place_test *test = context;

	test->any = true;
	test->found |= address == test->address;
}

/* An undefined symbol: it must be the one of that name. A weak one may be nowhere. */
static bool is_extern(const struct mkp_matcher *matcher, const struct mkp_ref *ref,
		      uint64_t target)
{
	const struct mkp_symbol *symbol = mkp_atom_symbol(
		matcher->graph, &matcher->graph->atoms[ref->target]);
	struct place_test test = { .address = target - (uint64_t)ref->offset };

	mkp_space_find_global(matcher->space, symbol->name, test_place, &test);
	if (!test.any && symbol->bind == STB_WEAK)
		return !test.address;
	return test.found;
}

/* The string from the reference on. One that points behind its end, as the end of a loop
 * may do, is that far from its start. */
static bool same_string(const struct mkp_matcher *matcher, const struct mkp_ref *ref,
			uint64_t target)
{
	const struct mkp_atom *atom = &matcher->graph->atoms[ref->target];
	const uint8_t *here = mkp_atom_data(matcher->graph, atom), *there;
	bool inside = ref->offset >= 0 && (uint64_t)ref->offset < atom->size;
	uint64_t start = inside ? (uint64_t)ref->offset : 0, room;

	room = mkp_space_at(matcher->space, target - (inside ? 0 : (uint64_t)ref->offset),
			    &there);
	return here && there && room >= atom->size - start &&
	       !memcmp(here + start, there, atom->size - start);
}

static bool is_code(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	return graph->object->sections[atom->section].flags & SHF_EXECINSTR;
}

/* What has no name is a part of what refers to it. */
static struct mkp_error *check_nameless(struct mkp_matcher *matcher,
					const struct mkp_ref *ref, uint64_t target,
					struct mkp_candidate *candidate)
{
	const struct mkp_atom *atom = &matcher->graph->atoms[ref->target];
	uint64_t address = target - (uint64_t)ref->offset;
	struct mkp_error *error;

	/* A file that was made to take forever gets no further. */
	if (matcher->depth == MAX_DEPTH ||
	    matcher->nr_nameless > matcher->graph->nr_atoms)
		return NULL;
	matcher->nr_nameless++;
	matcher->depth++;
	error = is_code(matcher->graph, atom)
			? mkp_compare_nameless_code(matcher, ref->target, address,
						    candidate)
			: compare_data(matcher, ref->target, address, candidate);
	matcher->depth--;
	return error;
}

static struct mkp_error *add_want(struct mkp_matcher *matcher, uint32_t ref,
				  uint64_t target, uint64_t place,
				  struct mkp_candidate *candidate)
{
	const struct mkp_ref *it = &matcher->graph->refs[ref];
	struct mkp_error *error = mkp_array_reserve(&matcher->wants, &matcher->cap_wants,
						    matcher->nr_wants + 1,
						    sizeof(*matcher->wants));

	if (error)
		return error;
	matcher->wants[matcher->nr_wants++] = (struct mkp_want){
		.atom = it->target,
		.ref = ref,
		.offset = it->offset,
		.address = target,
		.place = place,
	};
	candidate->nr_wants++;
	return NULL;
}

struct mkp_error *mkp_check_ref(struct mkp_matcher *matcher, uint32_t ref,
				uint64_t target, uint64_t place,
				struct mkp_candidate *candidate)
{
	const struct mkp_graph *graph = matcher->graph;
	const struct mkp_ref *it = &graph->refs[ref];
	bool same = true;

	if (it->target == MKP_NO_ATOM)
		return NULL;
	if (mkp_is_node(graph, it->target))
		return add_want(matcher, ref, target, place, candidate);
	switch (graph->atoms[it->target].kind) {
	case MKP_ATOM_EXTERN:
		same = is_extern(matcher, it, target);
		break;
	case MKP_ATOM_STRING:
	case MKP_ATOM_CONST:
		same = same_string(matcher, it, target);
		break;
	case MKP_ATOM_ENTRY:
		break;
	default:
		return check_nameless(matcher, it, target, candidate);
	}
	if (!same)
		mkp_differs(candidate, &(struct mkp_difference){
					       .kind = MKP_DIFFERENCE_TARGET,
					       .place = it->place,
					       .address = place,
					       .target = target,
					       .atom = graph->ref_atom[ref],
					       .ref = ref,
				       });
	return NULL;
}
