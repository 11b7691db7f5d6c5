// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/reach.h"

#include <stdlib.h>

#include "base/array.h"

void mkp_reaches_deinit(struct mkp_reaches *reaches)
{
	free(reaches->list);
	*reaches = (struct mkp_reaches){ 0 };
}

/* Where control may come from elsewhere: whatever refers to a place in the function, but
 * for its own branches without relocation, which the decoder sees. */
static struct mkp_error *find_entries(const struct mkp_graph *graph, uint32_t atom,
				      bool **ret_entered)
{
	uint64_t size = graph->atoms[atom].size;
	struct mkp_error *error = mkp_array_create(size, sizeof(bool), ret_entered);

	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1] && !error; i++) {
		int64_t offset = graph->refs[graph->incoming[i]].offset;

		if (offset >= 0 && (uint64_t)offset < size)
			(*ret_entered)[offset] = true;
	}
	return error;
}

static struct mkp_error *list_places(const struct mkp_graph *graph, uint32_t atom,
				     struct mkp_reaches *reaches)
{
	const struct mkp_atom *it = &graph->atoms[atom];
	struct mkp_error *error = mkp_array_reserve(&reaches->list, &reaches->capacity,
						    (size_t)it->nr_refs + 1,
						    sizeof(*reaches->list));

	reaches->count = 0;
	for (uint32_t i = 0; i < it->nr_refs && !error; i++) {
		const struct mkp_ref *ref = &graph->refs[it->first_ref + i];

		if (ref->reloc != MKP_NO_RELOC)
			reaches->list[reaches->count++] = (struct mkp_code_reach){
				.place = (uint32_t)ref->place,
			};
	}
	return error;
}

static struct mkp_error *walk(const struct mkp_graph *graph, uint32_t atom,
			      struct mkp_reaches *reaches)
{
	const struct mkp_atom *it = &graph->atoms[atom];
	bool *entered = NULL;
	struct mkp_error *error = list_places(graph, atom, reaches);

	if (error || it->undecoded)
		return error;
	error = find_entries(graph, atom, &entered);
	if (!error)
		error = graph->arch->find_reaches(mkp_atom_data(graph, it), it->size,
						  entered, reaches->list, reaches->count);
	free(entered);
	return error;
}

struct mkp_error *mkp_reach_find(const struct mkp_graph *graph, uint32_t ref,
				 struct mkp_reaches *reaches, int64_t *ret_low,
				 int64_t *ret_high)
{
	uint32_t atom = graph->ref_atom[ref];
	uint64_t place = graph->refs[ref].place;
	size_t low = 0, high;
	struct mkp_error *error = NULL;

	*ret_low = *ret_high = 0;
	if (!graph->arch->find_reaches || graph->atoms[atom].kind != MKP_ATOM_FUNC ||
	    !mkp_atom_data(graph, &graph->atoms[atom]) ||
	    (graph->refs[ref].flags & (MKP_REF_PCREL | MKP_REF_BRANCH)))
		return NULL;
	if (reaches->atom != atom + 1) {
		reaches->atom = 0;
		error = walk(graph, atom, reaches);
		if (error)
			return error;
		reaches->atom = atom + 1;
	}
	high = reaches->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reaches->list[middle].place < place)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < reaches->count && reaches->list[low].place == place) {
		*ret_low = reaches->list[low].low;
		*ret_high = reaches->list[low].high;
	}
	return NULL;
}

bool mkp_atom_is_stretch(const struct mkp_atom *atom)
{
	return atom->kind == MKP_ATOM_ANON && atom->class == MKP_CLASS_RODATA;
}

struct mkp_error *mkp_reach_window(const struct mkp_graph *graph, uint32_t ref,
				   struct mkp_reaches *reaches, uint64_t *ret_start,
				   uint64_t *ret_end)
{
	const struct mkp_ref *it = &graph->refs[ref];
	int64_t low, high;
	struct mkp_error *error = mkp_reach_find(graph, ref, reaches, &low, &high);

	*ret_start = *ret_end = 0;
	if (error || low == high || it->offset + low < 0 ||
	    (uint64_t)(it->offset + high) > graph->atoms[it->target].size)
		return error;
	*ret_start = (uint64_t)(it->offset + low);
	*ret_end = (uint64_t)(it->offset + high);
	return NULL;
}

uint32_t mkp_reach_first_ref(const struct mkp_graph *graph, const struct mkp_atom *atom,
			     uint64_t place)
{
	uint32_t low = atom->first_ref, high = low + atom->nr_refs;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (graph->refs[middle].place + graph->refs[middle].width <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
