// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/dwarf.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "elf/dwarf_private.h"
#include "elf/order.h"

/* ---- Fields --------------------------------------------------------------------------
 */

uint64_t mkp_dwarf_get_odd(const struct mkp_object *object, const uint8_t *bytes,
			   unsigned int width)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint64_t)bytes[object->big_endian ? width - 1 - i : i]
			 << (8 * i);
	return value;
}

uint64_t mkp_dwarf_long_uleb(struct mkp_dwarf_cursor *cursor)
{
	uint64_t value = 0, byte;
	unsigned int shift = 0;

	do {
		byte = mkp_dwarf_get(cursor, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) && !cursor->failed);
	return value;
}

int64_t mkp_dwarf_sleb(struct mkp_dwarf_cursor *cursor)
{
	uint64_t value = 0, byte;
	unsigned int shift = 0;

	do {
		byte = mkp_dwarf_get(cursor, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) && !cursor->failed);
	if (shift < 64 && (byte & 0x40))
		value |= UINT64_MAX << shift;
	return (int64_t)value;
}

/* ---- Relocations ---------------------------------------------------------------------
 */

static void get_reloc(const struct mkp_object *object,
		      const struct mkp_dwarf_section *section, size_t i,
		      Elf64_Rela *ret_rela)
{
	memcpy(ret_rela, section->relocs + i * sizeof(*ret_rela), sizeof(*ret_rela));
	ret_rela->r_offset = mkp_object_get64(object, ret_rela->r_offset);
	ret_rela->r_info = mkp_object_get64(object, ret_rela->r_info);
	ret_rela->r_addend = (int64_t)mkp_object_get64(object,
						       (uint64_t)ret_rela->r_addend);
}

static uint64_t reloc_offset(const struct mkp_object *object,
			     const struct mkp_dwarf_section *section, size_t i)
{
	uint64_t offset;

	memcpy(&offset, section->relocs + i * sizeof(Elf64_Rela), sizeof(offset));
	return mkp_object_get64(object, offset);
}

/* The first relocation at or behind @offset; most often the one behind the last found. */
static size_t seek_reloc(const struct mkp_object *object,
			 struct mkp_dwarf_section *section, uint64_t offset)
{
	size_t low = 0, high = section->nr_relocs, step = 1;

	if (section->at < high && reloc_offset(object, section, section->at) < offset) {
		for (low = section->at + 1;
		     low + step < high &&
		     reloc_offset(object, section, low + step - 1) < offset;
		     step *= 2)
			low += step;
		if (low + step < high)
			high = low + step;
	} else if (section->at < high) {
		if (!section->at ||
		    reloc_offset(object, section, section->at - 1) < offset)
			return section->at;
		high = section->at;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reloc_offset(object, section, middle) < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return section->at = low;
}

uint64_t mkp_dwarf_address(struct mkp_dwarf_cursor *cursor, unsigned int width,
			   uint32_t *ret_section)
{
	const struct mkp_object *object = cursor->object;
	struct mkp_dwarf_section *section = cursor->section;
	uint64_t place = cursor->at, value = mkp_dwarf_get(cursor, width);
	size_t i = seek_reloc(object, section, place);
	const struct mkp_symbol *symbol;
	Elf64_Rela rela;

	if (ret_section)
		*ret_section = 0;
	if (i == section->nr_relocs)
		return value;
	get_reloc(object, section, i, &rela);
	if (rela.r_offset != place || ELF64_R_SYM(rela.r_info) >= object->nr_symbols)
		return value;
	symbol = &object->symbols[ELF64_R_SYM(rela.r_info)];
	if (ret_section && symbol->section < object->nr_sections)
		*ret_section = symbol->section;
	return symbol->value + (uint64_t)rela.r_addend;
}

/* Whether relocations are in the order that makes them searchable. */
static bool is_sorted(const struct mkp_object *object,
		      const struct mkp_dwarf_section *section)
{
	for (size_t i = 1; i < section->nr_relocs; i++)
		if (reloc_offset(object, section, i) <
		    reloc_offset(object, section, i - 1))
			return false;
	return true;
}

/* ---- Sections and units --------------------------------------------------------------
 */

static bool open_section(const struct mkp_object *object, uint32_t index,
			 struct mkp_dwarf_section *section)
{
	const struct mkp_section *header = &object->sections[index];
	const struct mkp_section *rela = &object->sections[header->rela];

	if (!header->data || (header->flags & SHF_COMPRESSED))
		return false;
	*section = (struct mkp_dwarf_section){
		.data = header->data,
		.size = header->size,
	};
	if (header->rela && rela->data) {
		section->relocs = rela->data;
		section->nr_relocs = rela->size / sizeof(Elf64_Rela);
	}
	return is_sorted(object, section);
}

/* All debug sections in one walk; one that is not there stays empty. */
static bool open_sections(struct mkp_dwarf *dwarf)
{
	const struct {
		const char *name;
		struct mkp_dwarf_section *section;
	} wanted[] = {
		{ ".debug_info", &dwarf->info },
		{ ".debug_abbrev", &dwarf->abbrev },
		{ ".debug_str", &dwarf->str },
		{ ".debug_line_str", &dwarf->line_str },
		{ ".debug_str_offsets", &dwarf->str_offsets },
		{ ".debug_addr", &dwarf->addr },
		{ ".debug_ranges", &dwarf->ranges },
		{ ".debug_rnglists", &dwarf->rnglists },
		{ ".debug_line", &dwarf->line },
	};
	const struct mkp_object *object = dwarf->object;

	for (uint32_t i = 1; i < object->nr_sections; i++) {
		const char *name = object->sections[i].name;

		if (strncmp(name, ".debug_", 7))
			continue;
		for (size_t k = 0; k < MKP_ARRAY_SIZE(wanted); k++)
			if (!strcmp(name, wanted[k].name) && !wanted[k].section->data &&
			    !open_section(object, i, wanted[k].section))
				return false;
	}
	return dwarf->info.data && dwarf->abbrev.data;
}

/* Reads the header of the unit at @offset; its `end` is set as soon as it is known. */
static bool read_header(struct mkp_dwarf *dwarf, struct mkp_dwarf_cursor *cursor,
			struct mkp_dwarf_unit *unit, uint64_t *ret_abbreviations)
{
	uint64_t length = mkp_dwarf_get(cursor, 4);
	uint8_t kind = DW_UT_compile;

	unit->offset_size = length == 0xffffffff ? 8 : 4;
	if (unit->offset_size == 8)
		length = mkp_dwarf_get(cursor, 8);
	if (cursor->failed || length > dwarf->info.size - cursor->at)
		return false;
	unit->end = cursor->at + length;
	unit->version = (uint8_t)mkp_dwarf_get(cursor, 2);
	if (unit->version == 5) {
		kind = (uint8_t)mkp_dwarf_get(cursor, 1);
		unit->address_size = (uint8_t)mkp_dwarf_get(cursor, 1);
		*ret_abbreviations = mkp_dwarf_address(cursor, unit->offset_size, NULL);
	} else {
		*ret_abbreviations = mkp_dwarf_address(cursor, unit->offset_size, NULL);
		unit->address_size = (uint8_t)mkp_dwarf_get(cursor, 1);
	}
	unit->first = cursor->at;
	return !cursor->failed && kind == DW_UT_compile && unit->version >= 4 &&
	       unit->version <= 5 && unit->address_size == 8;
}

/*
 * The top entry of clang's DWARF 5 has the base by which its own name is found, behind
 * the name: it is decoded once for the bases, then again by whoever wants the name.
 */
static struct mkp_error *add_unit(struct mkp_dwarf *dwarf, struct mkp_dwarf_unit *unit,
				  uint64_t abbreviations)
{
	struct mkp_die top;
	struct mkp_error *error = mkp_dwarf_read_abbreviations(dwarf, abbreviations,
							       unit);

	if (error || !unit->nr_abbreviations ||
	    !mkp_dwarf_decode(dwarf, unit, unit->first, false, &top) ||
	    top.tag != DW_TAG_compile_unit)
		return error;
	error = mkp_array_reserve(&dwarf->units, &dwarf->cap_units, dwarf->nr_units + 1,
				  sizeof(*unit));
	if (!error)
		dwarf->units[dwarf->nr_units++] = *unit;
	return error;
}

static struct mkp_error *open_units(struct mkp_dwarf *dwarf)
{
	struct mkp_dwarf_cursor cursor = {
		.object = dwarf->object,
		.section = &dwarf->info,
		.end = dwarf->info.size,
	};
	struct mkp_error *error = NULL;

	while (cursor.at < cursor.end && !error) {
		struct mkp_dwarf_unit unit = { .start = cursor.at };
		uint64_t abbreviations = 0;

		if (read_header(dwarf, &cursor, &unit, &abbreviations))
			error = add_unit(dwarf, &unit, abbreviations);
		else if (!unit.end)
			break;
		cursor.at = unit.end;
		cursor.failed = false;
	}
	return error;
}

/* What can not be read is as if it were not there: debug data only adds to a report. */
static void open_debug_data(struct mkp_dwarf *dwarf)
{
	if (dwarf->opened)
		return;
	dwarf->opened = true;
	if (open_sections(dwarf)) {
		struct mkp_error *error = open_units(dwarf);

		if (error)
			dwarf->nr_units = 0;
		mkp_error_destroy(error);
	}
}

struct mkp_error *mkp_dwarf_create(const struct mkp_object *object,
				   struct mkp_dwarf **ret_dwarf)
{
	struct mkp_dwarf *dwarf = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*dwarf), &dwarf);

	if (error)
		return error;
	dwarf->object = object;
	*ret_dwarf = dwarf;
	return NULL;
}

void mkp_dwarf_destroy(struct mkp_dwarf *dwarf)
{
	if (!dwarf)
		return;
	free(dwarf->abbreviations);
	free(dwarf->attributes);
	free(dwarf->units);
	free(dwarf->files);
	free(dwarf);
}

size_t mkp_dwarf_nr_units(struct mkp_dwarf *dwarf)
{
	open_debug_data(dwarf);
	return dwarf->nr_units;
}

bool mkp_dwarf_unit(struct mkp_dwarf *dwarf, size_t unit, struct mkp_die *ret_die,
		    uint64_t *ret_end)
{
	struct mkp_dwarf_unit *it = &dwarf->units[unit];

	*ret_end = it->end;
	return mkp_dwarf_decode(dwarf, it, it->first, true, ret_die);
}

/* ---- Walking -------------------------------------------------------------------------
 */

static struct mkp_dwarf_unit *find_unit(struct mkp_dwarf *dwarf, uint64_t offset)
{
	size_t low = 0, high = mkp_dwarf_nr_units(dwarf);
	struct mkp_dwarf_unit *last = dwarf->last;

	if (last && offset >= last->first && offset < last->end)
		return last;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dwarf->units[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == dwarf->nr_units || offset < dwarf->units[low].first)
		return NULL;
	return dwarf->last = &dwarf->units[low];
}

bool mkp_dwarf_read(struct mkp_dwarf *dwarf, uint64_t offset, struct mkp_die *ret_die)
{
	struct mkp_dwarf_unit *unit = offset ? find_unit(dwarf, offset) : NULL;

	return unit && mkp_dwarf_decode(dwarf, unit, offset, true, ret_die);
}

bool mkp_dwarf_read_nameless(struct mkp_dwarf *dwarf, uint64_t offset,
			     struct mkp_die *ret_die)
{
	struct mkp_dwarf_unit *unit = offset ? find_unit(dwarf, offset) : NULL;

	return unit && mkp_dwarf_decode(dwarf, unit, offset, false, ret_die);
}

bool mkp_dwarf_child(struct mkp_dwarf *dwarf, const struct mkp_die *die,
		     struct mkp_die *ret_child)
{
	return (die->have & MKP_DIE_CHILDREN) &&
	       mkp_dwarf_read(dwarf, die->next, ret_child) && ret_child->tag;
}

/* Where the next sibling is, or 0. */
static uint64_t skip_children(struct mkp_dwarf *dwarf, const struct mkp_die *die)
{
	struct mkp_die it = *die;
	uint64_t depth = 0, next = die->next;

	/* clang does not say where it is. */
	if (die->sibling)
		return die->sibling;
	if (!(die->have & MKP_DIE_CHILDREN))
		return die->next;
	do {
		if (!it.tag)
			depth--;
		else if (it.have & MKP_DIE_CHILDREN)
			depth++;
		next = it.next;
	} while (depth && mkp_dwarf_read_nameless(dwarf, next, &it));
	return depth ? 0 : next;
}

bool mkp_dwarf_sibling(struct mkp_dwarf *dwarf, const struct mkp_die *die,
		       struct mkp_die *ret_sibling)
{
	return mkp_dwarf_read(dwarf, skip_children(dwarf, die), ret_sibling) &&
	       ret_sibling->tag;
}

bool mkp_dwarf_sibling_nameless(struct mkp_dwarf *dwarf, const struct mkp_die *die,
				struct mkp_die *ret_sibling)
{
	return mkp_dwarf_read_nameless(dwarf, skip_children(dwarf, die), ret_sibling) &&
	       ret_sibling->tag;
}

void mkp_dwarf_complete(struct mkp_dwarf *dwarf, struct mkp_die *die)
{
	struct mkp_die from = *die;

	/* A concrete copy, its abstract instance, the declaration of that. */
	if (!die->name && mkp_dwarf_read(dwarf, die->offset, &from))
		die->name = from.name;
	for (int i = 0; i < 3 && from.origin; i++) {
		if (!mkp_dwarf_read(dwarf, from.origin, &from))
			return;
		if (!die->name)
			die->name = from.name;
		if (!die->type)
			die->type = from.type;
		if (!die->line) {
			die->file = from.file;
			die->line = from.line;
		}
		die->have |= from.have & MKP_DIE_INLINE;
	}
}
