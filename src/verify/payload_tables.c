// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables about code: each entry of the payload that speaks of code which the module
 * carries must be in the module's table, at the same place of the code, with the same
 * content. Entries of the same place are compared in their order.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "verify/payload.h"

/* An entry, by the place of the code that it speaks of. */
struct mkp_verify_entry {
	struct mkp_verify_place code;
	uint64_t at; /* in the table */
};

struct tables {
	struct mkp_verify_match *match;
	struct mkp_verify_payload *payload;
	const struct mkp_special_row *row;
	uint32_t from, to; /* sections of the payload and of the module; 0: none */
	uint32_t second, second_to; /* those of the second table; 0: none */
	unsigned int size;	    /* of an entry */
	int layout;		    /* number of the size in the row */
	const struct mkp_verify_table *module;
};

static int compare_entries(const void *a, const void *b)
{
	const struct mkp_verify_entry *x = a, *y = b;

	if (x->code.section != y->code.section)
		return x->code.section < y->code.section ? -1 : 1;
	if (x->code.offset != y->code.offset)
		return x->code.offset < y->code.offset ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static struct mkp_error *read_table(const struct tables *tables,
				    struct mkp_verify_table *table)
{
	const struct mkp_verify *verify = tables->match->verify;
	size_t count = 0;
	const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(verify, tables->to,
								     &count);
	struct mkp_error *error = mkp_array_create(count, sizeof(*table->entries),
						   &table->entries);

	for (size_t i = 0; i < count && !error; i++) {
		const struct mkp_symbol *symbol =
			&verify->object->symbols[relocs[i].raw.symbol];
		uint64_t addend = (uint64_t)relocs[i].raw.addend;

		if (relocs[i].raw.offset % tables->size != tables->row->code_field)
			continue;
		table->entries[table->nr_entries++] = (struct mkp_verify_entry){
			.code = { symbol->section, symbol->value + addend },
			.at = relocs[i].raw.offset - tables->row->code_field,
		};
	}
	if (table->nr_entries)
		qsort(table->entries, table->nr_entries, sizeof(*table->entries),
		      compare_entries);
	table->known = !error;
	return error;
}

/* The module's table is one for all payloads; what it does not have is an empty one. */
static struct mkp_error *find_module_table(struct tables *tables)
{
	struct mkp_verify_table *table =
		&tables->match->tables[tables->to * MKP_SPECIAL_MAX_SIZES +
				       (size_t)tables->layout];

	tables->module = table;
	return tables->to && !table->known ? read_table(tables, table) : NULL;
}

/* The module's section of this name, or 0. */
static uint32_t find_section(const struct mkp_verify_match *match, const char *name)
{
	const struct mkp_object *object = match->verify->object;
	size_t count;
	const struct mkp_index_entry *it = mkp_index_find(&match->sections,
							  mkp_hash_string(name), &count);

	for (; count; it++, count--)
		if (!strcmp(object->sections[it->id].name, name))
			return it->id;
	return 0;
}

struct mkp_error *mkp_verify_tables_create(struct mkp_verify_match *match)
{
	const struct mkp_object *object = match->verify->object;
	struct mkp_error *error = mkp_array_create(
		(size_t)object->nr_sections * MKP_SPECIAL_MAX_SIZES,
		sizeof(*match->tables), &match->tables);

	for (uint32_t i = 1; i < object->nr_sections && !error; i++)
		error = mkp_index_add(&match->sections,
				      mkp_hash_string(object->sections[i].name), i);
	mkp_index_seal(&match->sections);
	return error;
}

void mkp_verify_tables_destroy(struct mkp_verify_match *match)
{
	size_t count = match->verify->object->nr_sections * (size_t)MKP_SPECIAL_MAX_SIZES;

	for (size_t i = 0; match->tables && i < count; i++)
		free(match->tables[i].entries);
	free(match->tables);
	mkp_index_deinit(&match->sections);
}

/* The @nth entry for this place; NULL: there are not so many. */
static const struct mkp_verify_entry *find_entry(const struct tables *tables,
						 const struct mkp_verify_place *code,
						 size_t nth)
{
	const struct mkp_verify_entry wanted = { .code = *code };
	size_t low = 0, high = tables->module->nr_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_entries(&tables->module->entries[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (nth >= tables->module->nr_entries - low)
		return NULL;
	low += nth;
	return tables->module->entries[low].code.section == code->section &&
			       tables->module->entries[low].code.offset == code->offset
		       ? &tables->module->entries[low]
		       : NULL;
}

/* Where the module has code of the payload; section 0: it does not. */
static struct mkp_verify_place carried(const struct mkp_verify_payload *payload,
				       const struct mkp_verify_place *code)
{
	uint32_t index = mkp_verify_map_around(&payload->code, code);
	struct mkp_verify_place place = payload->places[index];

	if (index)
		place.offset += code->offset - payload->object->symbols[index].value;
	return place;
}

static const struct mkp_reloc *find_reloc(const struct mkp_object *object,
					  const struct mkp_section *section,
					  uint64_t offset)
{
	uint32_t low = section->first_reloc, high = low + section->nr_relocs;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (object->relocs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == section->first_reloc + section->nr_relocs ||
	    object->relocs[low].offset != offset)
		return NULL;
	return &object->relocs[low];
}

/* What is put in the place of the code has no symbol, but a length in the entry. */
static struct mkp_error *pair_replacement(struct tables *tables, uint64_t from,
					  uint64_t to, struct mkp_verify_piece *entry)
{
	const struct mkp_object *object = tables->payload->object;
	const struct mkp_section *table = &object->sections[tables->from];
	const struct mkp_verify *verify = tables->match->verify;
	unsigned int length_at = tables->row->length_at[tables->layout];
	const struct mkp_verify_reloc *other;
	const struct mkp_section *section;
	const struct mkp_symbol *symbol;
	const struct mkp_reloc *reloc;
	struct mkp_verify_piece piece = { .payload = tables->payload,
					  .name = table->name };

	if (!length_at || !table->data)
		return NULL;
	entry->skip |= 1u << tables->row->length_of;
	other = mkp_verify_reloc_at(verify, tables->to, to + tables->row->length_of);
	piece.size = table->data[from + length_at];
	if (!piece.size)
		entry->nothing |= 1u << tables->row->length_of;
	if (!piece.size || !other || !mkp_verify_target(verify, other, &piece.to))
		return NULL;
	reloc = find_reloc(object, table, from + tables->row->length_of);
	symbol = &object->symbols[reloc ? reloc->symbol : 0];
	section = mkp_symbol_section(object, symbol);
	if (!section)
		return NULL;
	piece.from.section = symbol->section;
	piece.from.offset = symbol->value + (uint64_t)reloc->addend;
	if (piece.from.offset > section->size ||
	    piece.size > section->size - piece.from.offset)
		return NULL;
	return mkp_verify_enqueue(tables->match, &piece);
}

/* The record of the second table: ORC's. */
static struct mkp_error *pair_companion(struct tables *tables, uint64_t from, uint64_t to)
{
	const struct mkp_object *object = tables->payload->object;
	uint64_t size;

	if (!tables->second || !tables->second_to || !object->sections[tables->from].size)
		return NULL;
	size = object->sections[tables->second].size /
	       (object->sections[tables->from].size / tables->size);
	return mkp_verify_enqueue(
		tables->match,
		&(struct mkp_verify_piece){
			.payload = tables->payload,
			.from = { tables->second, from / tables->size * size },
			.to = { tables->second_to, to / tables->size * size },
			.size = size,
			.name = tables->row->companion,
		});
}

/* Whether the key of an entry is nothing that vmlinux has, but a module may. */
static bool is_late(const struct tables *tables, uint64_t at)
{
	const struct mkp_object *object = tables->payload->object;
	const struct mkp_verify *verify = tables->match->verify;
	const struct mkp_reloc *reloc;
	size_t count;

	if (tables->row->key_field < 0 || verify->nr_images < 2)
		return false;
	reloc = find_reloc(object, &object->sections[tables->from],
			   at + (uint64_t)tables->row->key_field);
	return reloc &&
	       !mkp_verify_image_named(verify->images[0],
				       object->symbols[reloc->symbol].name, &count);
}

static struct mkp_error *pair_entry(struct tables *tables,
				    const struct mkp_verify_place *code, uint64_t at,
				    size_t nth)
{
	const struct mkp_object *object = tables->payload->object;
	const struct mkp_verify_entry *entry = find_entry(tables, code, nth);
	struct mkp_verify_piece piece = {
		.payload = tables->payload,
		.from = { tables->from, at },
		.size = tables->size,
		.skip = 1u << tables->row->code_field,
		.name = object->sections[tables->from].name,
	};
	struct mkp_error *error;

	if (!entry && is_late(tables, at))
		return mkp_verify_add(tables->match->verify->report,
				      MKP_VERIFY_LATE_ENTRY, piece.name,
				      "the entry at 0x%" PRIx64 " of the object", at);
	if (!entry)
		return mkp_verify_add(
			tables->match->verify->report, MKP_VERIFY_PAYLOAD_TABLE,
			piece.name, "the entry at 0x%" PRIx64 " of the object is missing",
			at);
	piece.to = (struct mkp_verify_place){ tables->to, entry->at };
	if (piece.size > object->sections[tables->from].size - at)
		piece.size = object->sections[tables->from].size - at;
	error = pair_replacement(tables, at, entry->at, &piece);
	if (!error)
		error = pair_companion(tables, at, entry->at);
	return error ? error : mkp_verify_enqueue(tables->match, &piece);
}

/* In the order of the payload's table; entries of one place follow each other. */
static struct mkp_error *pair_entries(struct tables *tables)
{
	const struct mkp_object *object = tables->payload->object;
	const struct mkp_section *table = &object->sections[tables->from];
	struct mkp_verify_place before = { 0 };
	struct mkp_error *error = NULL;
	size_t nth = 0;

	for (uint32_t i = 0; i < table->nr_relocs && !error; i++) {
		const struct mkp_reloc *reloc = &object->relocs[table->first_reloc + i];
		const struct mkp_symbol *symbol = &object->symbols[reloc->symbol];
		struct mkp_verify_place code;

		if (reloc->offset % tables->size != tables->row->code_field ||
		    !mkp_symbol_section(object, symbol))
			continue;
		code.section = symbol->section;
		code.offset = symbol->value + (uint64_t)reloc->addend;
		code = carried(tables->payload, &code);
		if (!code.section)
			continue;
		nth = code.section == before.section && code.offset == before.offset
			      ? nth + 1
			      : 0;
		before = code;
		error = pair_entry(tables, &code, reloc->offset - tables->row->code_field,
				   nth);
	}
	return error;
}

/* The size that the payload's own relocations agree with. */
static bool find_size(struct tables *tables)
{
	const struct mkp_object *object = tables->payload->object;
	const struct mkp_section *table = &object->sections[tables->from];
	const struct mkp_special_row *row = tables->row;

	for (int i = 0; i < MKP_SPECIAL_MAX_SIZES && row->sizes[i]; i++) {
		uint64_t size = row->sizes[i], code = 0;
		bool fits = true;

		for (uint32_t k = 0; k < table->nr_relocs && fits; k++) {
			uint64_t at = object->relocs[table->first_reloc + k].offset %
				      size;

			fits = at < 32 && row->reloc_fields & (1u << at);
			code += at == row->code_field;
		}
		if (!fits || code != (table->size + size - 1) / size)
			continue;
		tables->size = (unsigned int)size;
		tables->layout = i;
		return true;
	}
	return false;
}

static struct mkp_error *pair_table(struct tables *tables)
{
	const struct mkp_object *object = tables->payload->object;
	const char *second = tables->row->companion;
	struct mkp_error *error;

	/* One of odd size is the checks' to refuse; the module's own is tables.c's. */
	if (!find_size(tables))
		return NULL;
	tables->to = find_section(tables->match, object->sections[tables->from].name);
	if (second) {
		tables->second = mkp_object_find_section(object, second);
		tables->second_to = find_section(tables->match, second);
	}
	error = find_module_table(tables);
	return error ? error : pair_entries(tables);
}

struct mkp_error *mkp_verify_pair_tables(struct mkp_verify_match *match,
					 struct mkp_verify_payload *payload)
{
	const struct mkp_object *object = payload->object;
	const struct mkp_arch *arch = match->verify->arch;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		struct tables tables = { .match = match, .payload = payload, .from = i };

		if (!(object->sections[i].flags & SHF_ALLOC) ||
		    object->sections[i].type == SHT_RELA)
			continue;
		tables.row = mkp_arch_special(arch, object->sections[i].name);
		if (tables.row &&
		    !(tables.row->flags & (MKP_SPECIAL_OPTIONAL | MKP_SPECIAL_DROP)))
			error = pair_table(&tables);
	}
	return error;
}

/* ---- jumps of static branches ---- */

static int compare_sites(const void *a, const void *b)
{
	const struct mkp_verify_place *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static struct mkp_error *add_site(const struct tables *tables, uint64_t entry)
{
	struct mkp_verify_payload *payload = tables->payload;
	const struct mkp_object *object = payload->object;
	const struct mkp_section *table = &object->sections[tables->from];
	const struct mkp_special_row *row = tables->row;
	const struct mkp_reloc *code = find_reloc(object, table, entry + row->code_field);
	const struct mkp_reloc *key = find_reloc(object, table,
						 entry + (uint64_t)row->key_field);
	struct mkp_error *error;

	if (!code || !key ||
	    !((object->symbols[key->symbol].value + (uint64_t)key->addend) & 2))
		return NULL;
	error = mkp_array_reserve(&payload->sites, &payload->cap_sites,
				  payload->nr_sites + 1, sizeof(*payload->sites));
	if (!error)
		payload->sites[payload->nr_sites++] = (struct mkp_verify_place){
			object->symbols[code->symbol].section,
			object->symbols[code->symbol].value + (uint64_t)code->addend,
		};
	return error;
}

struct mkp_error *mkp_verify_sites_create(const struct mkp_arch *arch,
					  struct mkp_verify_payload *payload)
{
	const struct mkp_object *object = payload->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		struct tables tables = { .payload = payload, .from = i };
		const struct mkp_section *section = &object->sections[i];

		if (!(section->flags & SHF_ALLOC))
			continue;
		tables.row = mkp_arch_special(arch, section->name);
		if (!tables.row || tables.row->key_field < 0 ||
		    tables.row->flags & MKP_SPECIAL_STATIC_CALL || !find_size(&tables))
			continue;
		for (uint64_t at = 0; at < section->size && !error; at += tables.size)
			error = add_site(&tables, at);
	}
	if (!error && payload->nr_sites)
		qsort(payload->sites, payload->nr_sites, sizeof(*payload->sites),
		      compare_sites);
	return error;
}

bool mkp_verify_is_site(const struct mkp_verify_payload *payload,
			const struct mkp_verify_place *place)
{
	return payload->nr_sites && bsearch(place, payload->sites, payload->nr_sites,
					    sizeof(*payload->sites), compare_sites);
}
