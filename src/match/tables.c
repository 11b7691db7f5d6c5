// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables that describe code: alternatives, exceptions, bugs, static branches. Each
 * entry of the object that is about a function must be in the image's table, for the same
 * instruction and with the same content. It may have more: objtool and the linker add
 * entries.
 *
 * A linked kernel has some of the tables in sections of their own, others between two
 * symbols of the linker script (include/asm-generic/vmlinux.lds.h). The entry's size is
 * the one that was established for the object; if the image's table is no multiple of it,
 * nothing is said about it.
 */
#include <string.h>

#include "base/array.h"
#include "match/private.h"

/* Entries about one instruction: kernels have five at most, of nested alternatives. */
#define MAX_SHARED 64

/* Where the linker script says that a table begins and ends. */
struct bounds {
	const char *section, *start, *stop;
};

static const struct bounds bounds[] = {
	{ "__jump_table", "__start___jump_table", "__stop___jump_table" },
	{ ".static_call_sites", "__start_static_call_sites", "__stop_static_call_sites" },
	{ ".altinstructions", "__alt_instructions", "__alt_instructions_end" },
	{ ".parainstructions", "__parainstructions", "__parainstructions_end" },
	{ ".smp_locks", "__smp_locks", "__smp_locks_end" },
	{ "__bug_table", "__start___bug_table", "__stop___bug_table" },
	{ "__ex_table", "__start___ex_table", "__stop___ex_table" },
};

static void take_address(void *context, uint64_t address)
{
	*(uint64_t *)context = address;
}

static void find_bounds(const struct mkp_space *space, const char *name, uint64_t *start,
			uint64_t *stop)
{
	uint32_t section = mkp_object_find_section(space->object, name);

	*start = *stop = 0;
	if (section) {
		*start = space->bases[section];
		*stop = *start + space->object->sections[section].size;
		return;
	}
	for (size_t i = 0; i < MKP_ARRAY_SIZE(bounds); i++) {
		if (strcmp(bounds[i].section, name) != 0)
			continue;
		mkp_space_find_global(space, bounds[i].start, take_address, start);
		mkp_space_find_global(space, bounds[i].stop, take_address, stop);
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct mkp_image_entry *x = a, *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return (x->address > y->address) - (x->address < y->address);
}

/* How an entry's field points to the code: as those of the object do. */
static const struct mkp_ref *code_ref(const struct mkp_graph *graph,
				      const struct mkp_special_section *special)
{
	return mkp_atom_ref_at(graph, &graph->atoms[special->first_atom],
			       special->row->code_field);
}

static struct mkp_error *read_table(const struct mkp_matcher *matcher,
				    const struct mkp_special_section *special,
				    struct mkp_image_table *table)
{
	const struct mkp_graph *graph = matcher->graph;
	const struct mkp_ref *ref = code_ref(graph, special);
	uint64_t start, stop, size = special->entry_size;
	struct mkp_error *error;

	find_bounds(matcher->space, graph->object->sections[special->section].name,
		    &start, &stop);
	if (!ref || stop <= start || (stop - start) / size > UINT32_MAX ||
	    ((stop - start) % size && !(special->row->flags & MKP_SPECIAL_SHORT_LAST)))
		return NULL;
	error = mkp_array_create((stop - start) / size + 1, sizeof(*table->entries),
				 &table->entries);
	for (uint64_t at = start; !error && at < stop; at += size) {
		struct mkp_image_entry *entry = &table->entries[table->nr_entries];
		const struct mkp_space_field field = {
			.address = at + special->row->code_field,
			.width = ref->width,
			.relative = ref->flags & MKP_REF_PCREL,
		};

		entry->address = at;
		if (!mkp_space_read(matcher->space, &field, &entry->code))
			return NULL;
		table->nr_entries++;
	}
	if (!error)
		qsort(table->entries, table->nr_entries, sizeof(*table->entries),
		      compare_entries);
	table->known = !error;
	return error;
}

struct mkp_error *mkp_read_tables(struct mkp_matcher *matcher)
{
	const struct mkp_graph *graph = matcher->graph;
	struct mkp_error *error = mkp_array_create(graph->nr_specials + (size_t)1,
						   sizeof(*matcher->tables),
						   &matcher->tables);

	for (uint32_t i = 0; i < graph->nr_specials && !error; i++) {
		const struct mkp_special_section *special = &graph->specials[i];

		if ((special->row->flags & MKP_SPECIAL_COMPARE) && special->nr_entries)
			error = read_table(matcher, special, &matcher->tables[i]);
	}
	return error;
}

static uint32_t table_number(const struct mkp_graph *graph, const struct mkp_atom *entry)
{
	return (uint32_t)(mkp_graph_special(graph, entry) - graph->specials);
}

/* The first entry about the code at @code. */
static size_t find_entry(const struct mkp_image_table *table, uint64_t code)
{
	size_t low = 0, high = table->nr_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->entries[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where in an entry of @size bytes the word is of which some bits are no content. */
static uint64_t mask_place(const struct mkp_special_row *row, uint64_t size)
{
	for (size_t i = 0; row->mask && i < MKP_SPECIAL_MAX_SIZES; i++)
		if (row->sizes[i] == size)
			return row->mask_at[i];
	return UINT64_MAX;
}

/* Which bits of the byte at @at are content: a line number is none. */
static uint8_t content_bits(const struct mkp_special_row *row, uint64_t size, uint64_t at)
{
	uint64_t place = mask_place(row, size);

	if (at < place || at - place >= 4)
		return 0xff;
	return (uint8_t) ~(row->mask >> (8 * (at - place)));
}

/* Whether bytes outside of the references are the same; the last entry may be short. */
static bool same_bytes(const struct mkp_graph *graph, const struct mkp_atom *atom,
		       const uint8_t *there)
{
	const struct mkp_special_row *row = mkp_graph_special(graph, atom)->row;
	const uint8_t *here = mkp_atom_data(graph, atom);
	uint32_t n = 0;

	for (uint64_t at = 0; at < atom->size; at++) {
		const struct mkp_ref *ref = &graph->refs[atom->first_ref + n];

		if (n < atom->nr_refs && at == ref->place) {
			at += ref->width - 1u;
			n++;
		} else if ((here[at] ^ there[at]) & content_bits(row, atom->size, at)) {
			return false;
		}
	}
	return true;
}

/* Compares one entry of the object with one of the image, whose code is the same. */
static struct mkp_error *compare_entry(struct mkp_matcher *matcher, uint32_t entry,
				       uint64_t address, struct mkp_candidate *candidate)
{
	const struct mkp_graph *graph = matcher->graph;
	const struct mkp_atom *atom = &graph->atoms[entry];
	uint8_t code_field = mkp_graph_special(graph, atom)->row->code_field;
	const uint8_t *there;
	struct mkp_error *error = NULL;

	if (mkp_space_at(matcher->space, address, &there) < atom->size || !there ||
	    !same_bytes(graph, atom, there)) {
		mkp_differs(candidate, &(struct mkp_difference){
					       .kind = MKP_DIFFERENCE_TABLE,
					       .address = address,
					       .atom = entry,
					       .ref = MKP_NO_REF,
				       });
		return NULL;
	}
	for (uint32_t n = atom->first_ref; n < atom->first_ref + atom->nr_refs && !error;
	     n++) {
		const struct mkp_ref *ref = &graph->refs[n];
		const struct mkp_space_field field = {
			.address = address + ref->place,
			.width = ref->width,
			.relative = ref->flags & MKP_REF_PCREL,
		};
		uint64_t target;

		if (ref->place == code_field || (ref->flags & MKP_REF_NOTHING) ||
		    !mkp_space_read(matcher->space, &field, &target))
			continue;
		error = mkp_check_ref(matcher, n, target, field.address, candidate);
	}
	return error;
}

/* Tries the image's entries about the same code until one is the same. */
static struct mkp_error *try_entries(struct mkp_matcher *matcher, uint32_t entry,
				     uint64_t code, struct mkp_candidate *candidate)
{
	const struct mkp_image_table *table = &matcher->tables[table_number(
		matcher->graph, &matcher->graph->atoms[entry])];
	const struct mkp_candidate before = *candidate;
	size_t nr_wants = matcher->nr_wants;
	struct mkp_error *error = NULL;

	if (!table->known)
		return NULL;
	for (size_t i = find_entry(table, code), tries = 0;
	     !error && tries < MAX_SHARED && i < table->nr_entries &&
	     table->entries[i].code == code;
	     i++, tries++) {
		*candidate = before;
		matcher->nr_wants = nr_wants;
		error = compare_entry(matcher, entry, table->entries[i].address,
				      candidate);
		if (!error && mkp_is_same(candidate))
			return NULL;
	}
	mkp_differs(candidate, &(struct mkp_difference){
				       .kind = MKP_DIFFERENCE_TABLE,
				       .address = code,
				       .atom = entry,
				       .ref = MKP_NO_REF,
			       });
	return error;
}

struct mkp_error *mkp_compare_tables(struct mkp_matcher *matcher, uint32_t atom,
				     struct mkp_candidate *candidate)
{
	const struct mkp_graph *graph = matcher->graph;
	struct mkp_error *error = NULL;

	for (uint32_t e = graph->entries_first[atom];
	     e < graph->entries_first[atom + 1] && !error && mkp_is_same(candidate);
	     e++) {
		const struct mkp_atom *entry = &graph->atoms[graph->entries[e]];
		const struct mkp_special_row *row = mkp_graph_special(graph, entry)->row;
		const struct mkp_ref *code = mkp_atom_ref_at(graph, entry,
							     row->code_field);

		/* Of code of another part of the function: that part's own. */
		if (!(row->flags & MKP_SPECIAL_COMPARE) || !code ||
		    code->target != atom || code->offset < 0)
			continue;
		error = try_entries(
			matcher, graph->entries[e],
			mkp_candidate_place(matcher, candidate, (uint64_t)code->offset),
			candidate);
	}
	return error;
}
