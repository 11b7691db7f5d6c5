// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/graph.h"

#include <string.h>

#include "base/array.h"

struct mkp_error *mkp_graph_add_atom(struct mkp_graph *graph, const struct mkp_atom *atom)
{
	struct mkp_error *error = mkp_array_reserve(&graph->atoms, &graph->cap_atoms,
						    (size_t)graph->nr_atoms + 1,
						    sizeof(*graph->atoms));

	if (error)
		return error;
	graph->atoms[graph->nr_atoms++] = *atom;
	return NULL;
}

static struct mkp_error *classify_sections(struct mkp_graph *graph)
{
	const struct mkp_object *object = graph->object;
	struct mkp_error *error = mkp_array_create(object->nr_sections, 1,
						   &graph->classes);

	for (uint32_t i = 1; i < object->nr_sections && !error; i++)
		graph->classes[i] = mkp_section_class(graph->arch, &object->sections[i]);
	return error;
}

/* The last atom of a section that starts at or before @offset. */
static uint32_t atom_before(const struct mkp_graph *graph, uint32_t section,
			    uint64_t offset)
{
	uint32_t low = graph->section_atoms[section];
	uint32_t high = graph->section_atoms[section + 1], first = low;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (graph->atoms[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low > first ? low - 1 : MKP_NO_ATOM;
}

/* The atom after @at, or the first one if that is none, if @offset is in front of its
 * entry. The end of the atom before counts only if a symbol says that more starts there.
 */
static uint32_t atom_of_prefix(const struct mkp_graph *graph, uint32_t section,
			       uint64_t offset, uint32_t at)
{
	uint32_t next = at == MKP_NO_ATOM ? graph->section_atoms[section] : at + 1;
	const struct mkp_atom *it = &graph->atoms[next];

	if (next >= graph->section_atoms[section + 1] || offset + it->prefix < it->start)
		return MKP_NO_ATOM;
	if (at == MKP_NO_ATOM ||
	    offset > graph->atoms[at].start + graph->atoms[at].size || it->prefix_symbol)
		return next;
	return MKP_NO_ATOM;
}

uint32_t mkp_graph_atom_at(const struct mkp_graph *graph, uint32_t section,
			   uint64_t offset)
{
	uint32_t at = atom_before(graph, section, offset);
	uint32_t next = atom_of_prefix(graph, section, offset, at);

	if (next != MKP_NO_ATOM || at == MKP_NO_ATOM)
		return next;
	return offset <= graph->atoms[at].start + graph->atoms[at].size ? at
									: MKP_NO_ATOM;
}

bool mkp_prefix_is_padding(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	const struct mkp_section *section = &graph->object->sections[atom->section];

	if (!atom->prefix || !section->data)
		return true;
	if (!graph->arch->is_padding)
		return !atom->prefix_symbol;
	return graph->arch->is_padding(section->data + atom->start - atom->prefix,
				       atom->prefix);
}

static struct mkp_error *map_symbols(struct mkp_graph *graph)
{
	const struct mkp_object *object = graph->object;
	struct mkp_error *error = mkp_array_create(object->nr_symbols, sizeof(uint32_t),
						   &graph->symbol_atom);

	for (uint32_t i = 0; i < object->nr_symbols && !error; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];

		graph->symbol_atom[i] = MKP_NO_ATOM;
		if (mkp_symbol_section(object, symbol) && symbol->type != STT_SECTION)
			graph->symbol_atom[i] = mkp_graph_atom_at(graph, symbol->section,
								  symbol->value);
	}
	/* A symbol that is the first of its atom is nobody's neighbour. */
	for (uint32_t i = 0; i < graph->nr_atoms && !error; i++) {
		if (graph->atoms[i].symbol)
			graph->symbol_atom[graph->atoms[i].symbol] = i;
		if (graph->atoms[i].prefix_symbol)
			graph->symbol_atom[graph->atoms[i].prefix_symbol] = i;
	}
	return error;
}

/* Counting sort of @count items by the bucket that @key gives, ascending within one. */
static struct mkp_error *bucket(const struct mkp_graph *graph, uint32_t count,
				uint32_t (*key)(const struct mkp_graph *, uint32_t),
				uint32_t **ret_first, uint32_t **ret_items)
{
	uint32_t *first = NULL, *items = NULL;
	struct mkp_error *error = mkp_array_create((size_t)graph->nr_atoms + 2,
						   sizeof(*first), &first);

	if (!error)
		error = mkp_array_create(count, sizeof(*items), &items);
	if (error) {
		free(first);
		return error;
	}
	for (uint32_t i = 0; i < count; i++)
		if (key(graph, i) != MKP_NO_ATOM)
			first[key(graph, i) + 2]++;
	for (uint32_t i = 2; i < graph->nr_atoms + 2; i++)
		first[i] += first[i - 1];
	for (uint32_t i = 0; i < count; i++)
		if (key(graph, i) != MKP_NO_ATOM)
			items[first[key(graph, i) + 1]++] = i;
	*ret_first = first;
	*ret_items = items;
	return NULL;
}

static uint32_t ref_target(const struct mkp_graph *graph, uint32_t ref)
{
	return graph->refs[ref].target;
}

static uint32_t entry_owner(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *entry = &graph->atoms[atom];

	return entry->kind == MKP_ATOM_ENTRY ? entry->owner : MKP_NO_ATOM;
}

/* Code that is compared as a whole, or is part of what refers to it. */
static bool is_code(const struct mkp_atom *atom)
{
	return atom->kind == MKP_ATOM_FUNC || atom->class == MKP_CLASS_TEXT ||
	       atom->class == MKP_CLASS_AUX;
}

/* An entry belongs to the code that its code field points into: a function, or code of an
 * assembler file that no symbol names. */
static void own_entries(struct mkp_graph *graph)
{
	for (uint32_t s = 0; s < graph->nr_specials; s++) {
		const struct mkp_special_section *special = &graph->specials[s];

		for (uint32_t i = 0; i < special->nr_entries; i++) {
			struct mkp_atom *entry = &graph->atoms[special->first_atom + i];
			const struct mkp_ref *code = mkp_atom_ref_at(
				graph, entry, special->row->code_field);

			if (code && code->target != MKP_NO_ATOM &&
			    is_code(&graph->atoms[code->target]))
				entry->owner = code->target;
		}
	}
}

/* Length of the name of the function that @name was split off from; 0: it was not. */
static size_t parent_length(const char *name)
{
	const char *cold = strstr(name, ".cold");

	if (cold && (cold[5] == '\0' || cold[5] == '.'))
		return cold - name;
	return 0;
}

static struct mkp_error *own_parts(struct mkp_graph *graph)
{
	const struct mkp_object *object = graph->object;

	for (uint32_t i = 0; i < graph->nr_atoms; i++) {
		struct mkp_atom *atom = &graph->atoms[i];
		const char *name = mkp_atom_name(graph, i);
		const struct mkp_index_entry *found;
		size_t length, count;
		char *parent;

		length = atom->kind == MKP_ATOM_FUNC ? parent_length(name) : 0;
		if (!length)
			continue;
		parent = strndup(name, length);
		if (!parent)
			return mkp_error_nomem();
		found = mkp_index_find(&object->names, mkp_hash_string(parent), &count);
		for (size_t k = 0; k < count; k++) {
			uint32_t owner = graph->symbol_atom[found[k].id];

			if (owner != MKP_NO_ATOM && owner != i &&
			    !strcmp(object->symbols[found[k].id].name, parent))
				atom->owner = owner;
		}
		free(parent);
	}
	return NULL;
}

struct mkp_error *mkp_graph_create(const struct mkp_object *object,
				   const struct mkp_graph *like,
				   struct mkp_graph **ret_graph)
{
	const struct mkp_arch *arch = mkp_arch_find(object->machine);
	struct mkp_graph *graph = NULL;
	struct mkp_error *error;

	if (object->type != ET_REL)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: not a relocatable object file",
					object->path);
	if (!arch)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: machine %u is not supported; x86_64 is",
					object->path, object->machine);
	error = mkp_array_create(1, sizeof(*graph), &graph);
	if (error)
		return error;
	graph->object = object;
	graph->arch = arch;
	error = mkp_array_create((size_t)object->nr_sections + 1, sizeof(uint32_t),
				 &graph->section_atoms);
	if (!error)
		error = classify_sections(graph);
	if (!error)
		error = mkp_graph_cut(graph);
	/* From here on the atoms stay as they are. */
	if (!error)
		error = map_symbols(graph);
	if (!error)
		error = mkp_graph_build_refs(graph, like);
	if (!error)
		error = bucket(graph, graph->nr_refs, ref_target, &graph->incoming_first,
			       &graph->incoming);
	if (!error)
		error = own_parts(graph);
	if (!error) {
		own_entries(graph);
		error = bucket(graph, graph->nr_atoms, entry_owner, &graph->entries_first,
			       &graph->entries);
	}
	if (error) {
		mkp_graph_destroy(graph);
		return mkp_error_wrap(error, "%s", object->path);
	}
	*ret_graph = graph;
	return NULL;
}

void mkp_graph_destroy(struct mkp_graph *graph)
{
	if (!graph)
		return;
	for (uint32_t i = 0; i < graph->nr_specials; i++)
		free(graph->specials[i].trouble);
	free(graph->specials);
	free(graph->classes);
	free(graph->atoms);
	free(graph->refs);
	free(graph->section_atoms);
	free(graph->symbol_atom);
	free(graph->ref_atom);
	free(graph->incoming_first);
	free(graph->incoming);
	free(graph->entries_first);
	free(graph->entries);
	free(graph);
}

uint32_t mkp_graph_find_global(const struct mkp_graph *graph, const char *name)
{
	const struct mkp_object *object = graph->object;
	size_t count;
	const struct mkp_index_entry *found = mkp_index_find(
		&object->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++)
		if (found[i].id >= object->first_global &&
		    graph->symbol_atom[found[i].id] != MKP_NO_ATOM &&
		    !strcmp(object->symbols[found[i].id].name, name))
			return found[i].id;
	return 0;
}

const char *mkp_atom_name(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];

	if (it->symbol)
		return graph->object->symbols[it->symbol].name;
	return graph->object->sections[it->section].name;
}

const uint8_t *mkp_atom_data(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	const struct mkp_section *section = &graph->object->sections[atom->section];

	return section->data && atom->size ? section->data + atom->start : NULL;
}

const struct mkp_symbol *mkp_atom_symbol(const struct mkp_graph *graph,
					 const struct mkp_atom *atom)
{
	return &graph->object->symbols[atom->symbol];
}

const struct mkp_ref *mkp_atom_ref_at(const struct mkp_graph *graph,
				      const struct mkp_atom *atom, uint64_t place)
{
	uint32_t low = 0, high = atom->nr_refs;
	const struct mkp_ref *refs = graph->refs + atom->first_ref;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (refs[middle].place < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low < atom->nr_refs && refs[low].place == place ? &refs[low] : NULL;
}

const struct mkp_special_section *mkp_graph_special(const struct mkp_graph *graph,
						    const struct mkp_atom *entry)
{
	uint32_t low = 0, high = graph->nr_specials;

	/* Special sections are cut in the order of their indices. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (graph->specials[middle].section < entry->section)
			low = middle + 1;
		else
			high = middle;
	}
	return &graph->specials[low];
}

bool mkp_function_traceable(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *function = &graph->atoms[atom];
	const uint8_t *code = mkp_atom_data(graph, function);
	const struct mkp_ref *first = graph->refs + function->first_ref;

	const char *site = NULL;

	if (function->kind != MKP_ATOM_FUNC || !code || !graph->arch->entry_traceable)
		return false;
	if (function->nr_refs && first->target != MKP_NO_ATOM)
		site = mkp_atom_name(graph, first->target);
	return graph->arch->entry_traceable(code, function->size, site,
					    site ? first->place : 0);
}

bool mkp_function_is_guarded(const struct mkp_graph *graph, uint32_t atom)
{
	const struct mkp_atom *it = &graph->atoms[atom];
	const uint8_t *code = mkp_atom_data(graph, it);

	return it->kind == MKP_ATOM_FUNC && code &&
	       (!graph->arch->entry_guarded ||
		graph->arch->entry_guarded(code, it->size));
}

bool mkp_graph_has_guards(const struct mkp_graph *graph)
{
	for (uint32_t i = 0; graph->arch->entry_guarded && i < graph->nr_atoms; i++)
		if (mkp_function_is_guarded(graph, i))
			return true;
	return false;
}
