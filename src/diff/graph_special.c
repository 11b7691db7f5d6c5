// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cutting special sections into entries.
 *
 * The size of an entry differs between kernel versions and is nowhere written down in an
 * object of most of them. It is not assumed. Candidates are sh_entsize, where the
 * assembler filled it in, and the sizes that kernels have had (data of the architecture).
 * A candidate holds if the section divides into such entries, each of which has a
 * relocation at the field that points to the code, and no relocation stands anywhere but
 * at a field that may have one. Exactly one candidate must hold; otherwise the section is
 * left uncut, with the trouble noted, and whatever needs it is refused.
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "diff/graph.h"

static bool reloc_may_stand(const struct mkp_special_row *row, uint64_t field)
{
	return field < 32 && (row->reloc_fields & (UINT32_C(1) << field));
}

/* Whether the table is a sequence of entries of @size bytes. */
static bool size_holds(const struct mkp_special_row *row,
		       const struct mkp_special_relocs *relocs, uint64_t size)
{
	const struct mkp_reloc *reloc = relocs->relocs;
	const struct mkp_reloc *end = reloc + relocs->count;
	uint64_t rest = relocs->size % size;

	if (rest && !(row->flags & MKP_SPECIAL_SHORT_LAST))
		return false;
	for (uint64_t at = 0; at < relocs->size; at += size) {
		bool has_code = false;

		for (; reloc < end && reloc->offset < at + size; reloc++) {
			uint64_t field = reloc->offset - at;

			if (!reloc_may_stand(row, field))
				return false;
			has_code |= field == row->code_field;
		}
		if (!has_code)
			return false;
	}
	return true;
}

static struct mkp_error *note_trouble(struct mkp_special_section *special,
				      const char *name, const char *what)
{
	if (asprintf(&special->trouble, "section %s (%s): %s", name, special->row->what,
		     what) < 0) {
		special->trouble = NULL;
		return mkp_error_nomem();
	}
	return NULL;
}

uint64_t mkp_special_find_size(const struct mkp_special_row *row,
			       const struct mkp_special_relocs *relocs,
			       const char **ret_trouble)
{
	unsigned int holding = 0;
	uint64_t size = 0;

	if (relocs->entsize > 1 && relocs->entsize < 256 &&
	    size_holds(row, relocs, relocs->entsize))
		return relocs->entsize;
	for (size_t i = 0; i < MKP_SPECIAL_MAX_SIZES && row->sizes[i]; i++) {
		if (size_holds(row, relocs, row->sizes[i])) {
			size = row->sizes[i];
			holding++;
		}
	}
	if (holding == 1)
		return size;
	*ret_trouble = holding ? "its relocations fit several known entry sizes"
			       : "its relocations fit none of the known entry sizes";
	return 0;
}

/* Finds the one entry size that holds. */
static struct mkp_error *find_size(const struct mkp_object *object,
				   struct mkp_special_section *special)
{
	const struct mkp_section *section = &object->sections[special->section];
	const struct mkp_special_relocs relocs = {
		.relocs = object->relocs + section->first_reloc,
		.count = section->nr_relocs,
		.size = section->size,
		.entsize = section->entsize,
	};
	const char *trouble = NULL;

	special->entry_size = mkp_special_find_size(special->row, &relocs, &trouble);
	return trouble ? note_trouble(special, section->name, trouble) : NULL;
}

/* The companion is the one of the same group, in practice of the object. */
static struct mkp_error *find_companion(const struct mkp_graph *graph,
					struct mkp_special_section *special)
{
	const struct mkp_object *object = graph->object;
	const struct mkp_section *companion;

	if (!special->row->companion || !special->entry_size)
		return NULL;
	special->companion = mkp_object_find_section(object, special->row->companion);
	companion = &object->sections[special->companion];
	if (special->companion && special->nr_entries && companion->data &&
	    companion->size % special->nr_entries == 0 && !companion->nr_relocs) {
		special->companion_size = companion->size / special->nr_entries;
		return NULL;
	}
	special->entry_size = 0;
	special->nr_entries = 0;
	return note_trouble(special, object->sections[special->section].name,
			    "its companion does not have one record for each entry");
}

static struct mkp_error *add_entries(struct mkp_graph *graph,
				     const struct mkp_special_section *special)
{
	const struct mkp_section *section = &graph->object->sections[special->section];
	struct mkp_error *error = NULL;

	for (uint64_t at = 0; at < section->size && !error; at += special->entry_size) {
		uint64_t left = section->size - at;
		struct mkp_atom atom = {
			.start = at,
			.size = left < special->entry_size ? left : special->entry_size,
			.section = special->section,
			.owner = MKP_NO_ATOM,
			.kind = MKP_ATOM_ENTRY,
			.class = MKP_CLASS_SPECIAL,
		};

		error = mkp_graph_add_atom(graph, &atom);
	}
	return error;
}

struct mkp_error *mkp_graph_cut_special(struct mkp_graph *graph, uint32_t section)
{
	const struct mkp_section *header = &graph->object->sections[section];
	struct mkp_special_section *special;
	struct mkp_error *error;

	if (!header->size)
		return NULL;
	error = mkp_array_reserve(&graph->specials, &graph->cap_specials,
				  graph->nr_specials + 1, sizeof(*graph->specials));
	if (error)
		return error;
	special = &graph->specials[graph->nr_specials++];
	*special = (struct mkp_special_section){
		.row = mkp_arch_special(graph->arch, header->name),
		.section = section,
		.first_atom = graph->nr_atoms,
	};
	error = find_size(graph->object, special);
	if (!error && special->entry_size) {
		special->nr_entries = (header->size + special->entry_size - 1) /
				      special->entry_size;
		error = find_companion(graph, special);
	}
	if (!error && special->entry_size)
		error = add_entries(graph, special);
	return error;
}
