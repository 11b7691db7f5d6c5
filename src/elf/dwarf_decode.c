// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Abbreviations and attribute values: DWARF 5, sections 7.5.3 to 7.5.6.
 */
#include <dwarf.h>
#include <string.h>

#include "base/array.h"
#include "elf/dwarf_private.h"

/* ---- Abbreviations -------------------------------------------------------------------
 */

/* Attributes that take() has no case for; of the common ones those suffice. Where a
 * member is declared, nobody asks. */
static bool is_skipped(uint16_t tag, uint16_t name)
{
	if (tag == DW_TAG_member && (name == DW_AT_decl_file || name == DW_AT_decl_line))
		return true;
	return name == DW_AT_decl_column || name == DW_AT_external ||
	       name == DW_AT_prototyped || name == DW_AT_call_all_calls ||
	       name == DW_AT_call_all_tail_calls || name == DW_AT_entry_pc ||
	       name == DW_AT_call_file || name == DW_AT_call_line ||
	       name == DW_AT_call_column || name == DW_AT_GNU_all_call_sites ||
	       name == DW_AT_GNU_entry_view || name == DW_AT_high_pc ||
	       name == DW_AT_call_origin || name == DW_AT_call_return_pc;
}

/* Bytes of the field of a form, 0 if it is not always the same or there is none. */
static uint8_t form_width(uint16_t form, const struct mkp_dwarf_unit *unit)
{
	switch (form) {
	case DW_FORM_data1:
	case DW_FORM_flag:
	case DW_FORM_ref1:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_addr:
		return 8;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_ref_addr:
		return unit->offset_size;
	default:
		return 0;
	}
}

/* What comes one behind the other and is stepped over, is one step. */
static bool joins(const struct mkp_dwarf *dwarf, uint32_t first,
		  const struct mkp_dwarf_attribute *attribute)
{
	struct mkp_dwarf_attribute *last;

	if (!attribute->skip || dwarf->nr_attributes == first)
		return false;
	last = &dwarf->attributes[dwarf->nr_attributes - 1];
	if (!last->skip || last->width + attribute->width > UINT8_MAX)
		return false;
	last->width += attribute->width;
	return true;
}

static struct mkp_error *read_attributes(struct mkp_dwarf *dwarf,
					 const struct mkp_dwarf_unit *unit,
					 struct mkp_dwarf_cursor *cursor, uint16_t tag)
{
	uint32_t first = (uint32_t)dwarf->nr_attributes;
	struct mkp_error *error = NULL;

	while (!error && !cursor->failed) {
		struct mkp_dwarf_attribute attribute = {
			.name = (uint16_t)mkp_dwarf_uleb(cursor),
			.form = (uint16_t)mkp_dwarf_uleb(cursor),
		};

		if (!attribute.name && !attribute.form)
			break;
		if (attribute.form == DW_FORM_implicit_const)
			attribute.implicit = mkp_dwarf_sleb(cursor);
		attribute.width = form_width(attribute.form, unit);
		attribute.skip = is_skipped(tag, attribute.name) &&
				 (attribute.width ||
				  attribute.form == DW_FORM_flag_present ||
				  attribute.form == DW_FORM_implicit_const);
		if (joins(dwarf, first, &attribute))
			continue;
		error = mkp_array_reserve(&dwarf->attributes, &dwarf->cap_attributes,
					  dwarf->nr_attributes + 1, sizeof(attribute));
		if (!error)
			dwarf->attributes[dwarf->nr_attributes++] = attribute;
	}
	return error;
}

static struct mkp_error *read_abbreviation(struct mkp_dwarf *dwarf,
					   const struct mkp_dwarf_unit *unit,
					   struct mkp_dwarf_cursor *cursor, uint64_t code)
{
	struct mkp_dwarf_abbreviation abbreviation = {
		.code = code,
		.tag = (uint16_t)mkp_dwarf_uleb(cursor),
		.children = mkp_dwarf_get(cursor, 1) != 0,
		.first = (uint32_t)dwarf->nr_attributes,
	};
	struct mkp_error *error = read_attributes(dwarf, unit, cursor, abbreviation.tag);

	if (error)
		return error;
	abbreviation.count = (uint32_t)(dwarf->nr_attributes - abbreviation.first);
	error = mkp_array_reserve(&dwarf->abbreviations, &dwarf->cap_abbreviations,
				  dwarf->nr_abbreviations + 1, sizeof(abbreviation));
	if (!error)
		dwarf->abbreviations[dwarf->nr_abbreviations++] = abbreviation;
	return error;
}

/* Units that share a table come one behind the other; a file in which they do not has
 * more abbreviations than bytes for them, and is not read. */
static bool shares_table(struct mkp_dwarf *dwarf, struct mkp_dwarf_unit *unit,
			 uint64_t offset)
{
	const struct mkp_dwarf_unit *last;

	if (!dwarf->nr_units)
		return false;
	last = &dwarf->units[dwarf->nr_units - 1];
	if (last->table != offset)
		return false;
	unit->first_abbreviation = last->first_abbreviation;
	unit->nr_abbreviations = last->nr_abbreviations;
	return true;
}

struct mkp_error *mkp_dwarf_read_abbreviations(struct mkp_dwarf *dwarf, uint64_t offset,
					       struct mkp_dwarf_unit *unit)
{
	struct mkp_dwarf_cursor cursor = {
		.object = dwarf->object,
		.section = &dwarf->abbrev,
		.at = offset,
		.end = dwarf->abbrev.size,
	};
	struct mkp_error *error = NULL;
	uint64_t last = 0, code;

	unit->table = offset;
	if (shares_table(dwarf, unit, offset) || offset > cursor.end ||
	    dwarf->nr_attributes > dwarf->abbrev.size)
		return NULL;
	unit->first_abbreviation = (uint32_t)dwarf->nr_abbreviations;
	while (!error && (code = mkp_dwarf_uleb(&cursor))) {
		/* In order, as both compilers write them; without gaps too. */
		if (cursor.failed || code <= last)
			return NULL;
		last = code;
		error = read_abbreviation(dwarf, unit, &cursor, code);
	}
	if (!cursor.failed)
		unit->nr_abbreviations = (uint32_t)(dwarf->nr_abbreviations -
						    unit->first_abbreviation);
	return error;
}

static const struct mkp_dwarf_abbreviation *find_abbreviation(
	const struct mkp_dwarf *dwarf, const struct mkp_dwarf_unit *unit, uint64_t code)
{
	const struct mkp_dwarf_abbreviation *first = dwarf->abbreviations +
						     unit->first_abbreviation;
	size_t low = 0, high = unit->nr_abbreviations;

	if (code <= high && first[code - 1].code == code)
		return &first[code - 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (first[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < unit->nr_abbreviations && first[low].code == code ? &first[low]
								       : NULL;
}

/* ---- Values --------------------------------------------------------------------------
 */

struct value {
	uint64_t number;
	uint32_t section; /* of an address */
	const uint8_t *block;
	uint64_t size;	    /* of the block */
	const char *string; /* NULL: none */
	bool is_signed, is_reference, present;
};

struct decoder {
	struct mkp_dwarf *dwarf;
	struct mkp_dwarf_unit *unit;
	struct mkp_dwarf_cursor cursor;
};

const char *mkp_dwarf_string(const struct mkp_dwarf_section *section, uint64_t offset)
{
	if (offset >= section->size ||
	    !memchr(section->data + offset, '\0', section->size - offset))
		return NULL;
	return (const char *)section->data + offset;
}

/* An element of .debug_str_offsets or .debug_addr, relocated. */
static uint64_t indexed(const struct mkp_dwarf *dwarf, struct mkp_dwarf_section *table,
			uint64_t base, uint64_t index, unsigned int width,
			uint32_t *ret_section)
{
	struct mkp_dwarf_cursor cursor = {
		.object = dwarf->object,
		.section = table,
		.at = base,
		.end = table->size,
	};

	if (ret_section)
		*ret_section = 0;
	if (base > table->size || index > (table->size - base) / width)
		return UINT64_MAX;
	mkp_dwarf_skip(&cursor, index * width);
	return cursor.end - cursor.at < width
		       ? UINT64_MAX
		       : mkp_dwarf_address(&cursor, width, ret_section);
}

uint64_t mkp_dwarf_indexed_address(struct mkp_dwarf *dwarf,
				   const struct mkp_dwarf_unit *unit, uint64_t index,
				   uint32_t *ret_section)
{
	return indexed(dwarf, &dwarf->addr, unit->addresses, index, 8, ret_section);
}

static void get_indexed_string(const struct decoder *decoder, uint64_t index,
			       struct value *value)
{
	struct mkp_dwarf *dwarf = decoder->dwarf;

	value->string = mkp_dwarf_string(
		&dwarf->str, indexed(dwarf, &dwarf->str_offsets, decoder->unit->strings,
				     index, decoder->unit->offset_size, NULL));
}

static void get_indexed_address(const struct decoder *decoder, uint64_t index,
				struct value *value)
{
	value->number = mkp_dwarf_indexed_address(decoder->dwarf, decoder->unit, index,
						  &value->section);
}

static void get_block(struct mkp_dwarf_cursor *cursor, uint64_t size, struct value *value)
{
	value->block = cursor->section->data + cursor->at;
	value->size = size;
	mkp_dwarf_skip(cursor, size);
	if (cursor->failed)
		value->size = 0;
}

static void get_inline_string(struct mkp_dwarf_cursor *cursor, struct value *value)
{
	const uint8_t *start = cursor->section->data + cursor->at;
	const uint8_t *end = memchr(start, '\0', cursor->end - cursor->at);

	value->string = (const char *)start;
	if (end)
		mkp_dwarf_skip(cursor, (uint64_t)(end - start) + 1);
	else
		cursor->failed = true;
}

/* Plain numbers: constants, flags and references. */
static bool get_number(struct decoder *decoder, uint16_t form, struct value *value)
{
	struct mkp_dwarf_cursor *cursor = &decoder->cursor;

	switch (form) {
	case DW_FORM_flag:
		value->number = mkp_dwarf_get(cursor, 1);
		return true;
	case DW_FORM_data4:
		value->number = mkp_dwarf_get(cursor, 4);
		return true;
	case DW_FORM_data8:
		value->number = mkp_dwarf_get(cursor, 8);
		return true;
	case DW_FORM_sdata:
		value->number = (uint64_t)mkp_dwarf_sleb(cursor);
		value->is_signed = true;
		return true;
	case DW_FORM_udata:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
		value->number = mkp_dwarf_uleb(cursor);
		return true;
	case DW_FORM_flag_present:
		value->number = 1;
		return true;
	default:
		return false;
	}
}

static bool get_reference(struct decoder *decoder, uint16_t form, struct value *value)
{
	struct mkp_dwarf_cursor *cursor = &decoder->cursor;
	uint64_t start = decoder->unit->start;

	value->is_reference = true;
	switch (form) {
	case DW_FORM_ref1:
		value->number = start + mkp_dwarf_get(cursor, 1);
		return true;
	case DW_FORM_ref2:
		value->number = start + mkp_dwarf_get(cursor, 2);
		return true;
	case DW_FORM_ref8:
		value->number = start + mkp_dwarf_get(cursor, 8);
		return true;
	case DW_FORM_ref_udata:
		value->number = start + mkp_dwarf_uleb(cursor);
		return true;
	case DW_FORM_ref_addr:
	case DW_FORM_sec_offset:
		value->number = mkp_dwarf_address(cursor, decoder->unit->offset_size,
						  NULL);
		return true;
	case DW_FORM_ref_sig8:
		mkp_dwarf_skip(cursor, 8);
		value->present = false;
		return true;
	default:
		value->is_reference = false;
		return false;
	}
}

static bool get_string(struct decoder *decoder, uint16_t form, struct value *value)
{
	struct mkp_dwarf_cursor *cursor = &decoder->cursor;
	struct mkp_dwarf *dwarf = decoder->dwarf;
	unsigned int width = decoder->unit->offset_size;

	switch (form) {
	case DW_FORM_string:
		get_inline_string(cursor, value);
		return true;
	case DW_FORM_line_strp:
		value->string = mkp_dwarf_string(&dwarf->line_str,
						 mkp_dwarf_address(cursor, width, NULL));
		return true;
	case DW_FORM_strx:
		get_indexed_string(decoder, mkp_dwarf_uleb(cursor), value);
		return true;
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		width = form - DW_FORM_strx1 + 1u;
		get_indexed_string(decoder, mkp_dwarf_get(cursor, width), value);
		return true;
	default:
		return false;
	}
}

static bool get_other(struct decoder *decoder, uint16_t form, struct value *value)
{
	struct mkp_dwarf_cursor *cursor = &decoder->cursor;

	switch (form) {
	case DW_FORM_addr:
		value->number = mkp_dwarf_address(cursor, 8, &value->section);
		return true;
	case DW_FORM_addrx:
		get_indexed_address(decoder, mkp_dwarf_uleb(cursor), value);
		return true;
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
		get_indexed_address(decoder,
				    mkp_dwarf_get(cursor, form - DW_FORM_addrx1 + 1u),
				    value);
		return true;
	case DW_FORM_exprloc:
	case DW_FORM_block:
		get_block(cursor, mkp_dwarf_uleb(cursor), value);
		return true;
	case DW_FORM_block1:
		get_block(cursor, mkp_dwarf_get(cursor, 1), value);
		return true;
	case DW_FORM_block2:
		get_block(cursor, mkp_dwarf_get(cursor, 2), value);
		return true;
	case DW_FORM_block4:
		get_block(cursor, mkp_dwarf_get(cursor, 4), value);
		return true;
	case DW_FORM_data16:
		get_block(cursor, 16, value);
		return true;
	default:
		return false;
	}
}

static void get_value(struct decoder *decoder,
		      const struct mkp_dwarf_attribute *attribute, struct value *value)
{
	uint16_t form = attribute->form;

	*value = (struct value){ .present = true };
	/* The forms that nearly all fields have come first. */
	if (form == DW_FORM_ref4) {
		value->is_reference = true;
		value->number = decoder->unit->start + mkp_dwarf_get(&decoder->cursor, 4);
	} else if (form == DW_FORM_data1) {
		value->number = mkp_dwarf_get(&decoder->cursor, 1);
	} else if (form == DW_FORM_data2) {
		value->number = mkp_dwarf_get(&decoder->cursor, 2);
	} else if (form == DW_FORM_strp) {
		value->string = mkp_dwarf_string(
			&decoder->dwarf->str,
			mkp_dwarf_address(&decoder->cursor, decoder->unit->offset_size,
					  NULL));
	} else if (form == DW_FORM_implicit_const) {
		value->number = (uint64_t)attribute->implicit;
		value->is_signed = true;
	} else if (!get_number(decoder, form, value) &&
		   !get_reference(decoder, form, value) &&
		   !get_string(decoder, form, value) &&
		   !get_other(decoder, form, value)) {
		/* A form that is not known: what comes behind it can not be found. */
		decoder->cursor.failed = true;
	}
}

/* ---- Entries -------------------------------------------------------------------------
 */

/* Where a static variable is: an expression of nothing but its address. */
static void take_location(const struct decoder *decoder, const struct value *value,
			  struct mkp_die *die)
{
	struct mkp_dwarf_cursor cursor = decoder->cursor;
	struct value address = { 0 };

	if (!value->size)
		return;
	cursor.at = (uint64_t)(value->block - cursor.section->data) + 1;
	cursor.end = cursor.at + value->size - 1;
	if (value->block[0] == DW_OP_addr && value->size == 9)
		address.number = mkp_dwarf_address(&cursor, 8, &address.section);
	else if (value->block[0] == DW_OP_addrx)
		get_indexed_address(decoder, mkp_dwarf_uleb(&cursor), &address);
	if (cursor.failed || cursor.at != cursor.end)
		return;
	die->section = address.section;
	die->address = address.number;
}

/* An offset, or the number of an offset that counts from the table's base. */
static uint64_t range_list(const struct decoder *decoder, const struct value *value)
{
	struct mkp_dwarf *dwarf = decoder->dwarf;
	uint64_t base = decoder->unit->ranges, offset;

	if (value->is_reference)
		return value->number;
	offset = indexed(dwarf, &dwarf->rnglists, base, value->number,
			 decoder->unit->offset_size, NULL);
	return offset == UINT64_MAX ? offset : base + offset;
}

static void take_number(struct mkp_die *die, uint64_t *member, uint32_t flag,
			const struct value *value)
{
	if (value->block || value->is_reference)
		return;
	*member = value->number;
	die->have |= flag;
}

/* The number of elements from the number of the last one, which is -1 for none. */
static void take_upper_bound(struct mkp_die *die, const struct value *value)
{
	uint64_t count = value->number + 1;

	if (value->block || value->is_reference || count > INT64_MAX)
		return;
	die->value = count;
	die->have |= MKP_DIE_COUNT;
}

/* What has to do with sizes and values. */
static void take_layout(uint16_t name, const struct value *value, struct mkp_die *die)
{
	switch (name) {
	case DW_AT_byte_size:
		take_number(die, &die->byte_size, MKP_DIE_BYTE_SIZE, value);
		break;
	case DW_AT_bit_size:
		take_number(die, &die->bit_size, MKP_DIE_BIT_SIZE, value);
		break;
	case DW_AT_bit_offset:
		take_number(die, &die->bit_offset, MKP_DIE_BIT_OFFSET, value);
		break;
	case DW_AT_data_bit_offset:
		take_number(die, &die->data_bit_offset, MKP_DIE_DATA_BIT_OFFSET, value);
		break;
	case DW_AT_data_member_location:
		die->member = value->number;
		break;
	case DW_AT_const_value:
		take_number(die, &die->value, MKP_DIE_VALUE, value);
		if (value->is_signed)
			die->have |= MKP_DIE_SIGNED;
		break;
	case DW_AT_upper_bound:
		take_upper_bound(die, value);
		break;
	case DW_AT_count:
		take_number(die, &die->value, MKP_DIE_COUNT, value);
		break;
	case DW_AT_encoding:
		die->encoding = (uint8_t)value->number;
		break;
	default:
		break;
	}
}

static void take(const struct decoder *decoder, uint16_t name, const struct value *value,
		 struct mkp_die *die)
{
	switch (name) {
	case DW_AT_name:
		die->name = value->string;
		break;
	case DW_AT_sibling:
		/* Forward only: whoever follows it comes to an end. */
		die->sibling = value->number > die->offset ? value->number : 0;
		break;
	case DW_AT_type:
		die->type = value->number;
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		die->origin = value->number;
		break;
	case DW_AT_decl_file:
		die->file = (uint32_t)value->number;
		break;
	case DW_AT_decl_line:
		die->line = (uint32_t)value->number;
		break;
	case DW_AT_declaration:
		die->have |= value->number ? MKP_DIE_DECLARATION : 0;
		break;
	case DW_AT_inline:
		die->have |= value->number == DW_INL_inlined ||
					     value->number == DW_INL_declared_inlined
				     ? MKP_DIE_INLINE
				     : 0;
		break;
	case DW_AT_ranges:
		die->ranges = range_list(decoder, value);
		die->have |= MKP_DIE_RANGES;
		break;
	case DW_AT_low_pc:
		die->section = value->section;
		die->address = value->number;
		break;
	case DW_AT_location:
		take_location(decoder, value, die);
		break;
	case DW_AT_comp_dir:
		decoder->unit->directory = value->string;
		break;
	case DW_AT_stmt_list:
		decoder->unit->lines = value->number;
		break;
	case DW_AT_str_offsets_base:
		decoder->unit->strings = value->number;
		break;
	case DW_AT_addr_base:
		decoder->unit->addresses = value->number;
		break;
	case DW_AT_rnglists_base:
		decoder->unit->ranges = value->number;
		break;
	default:
		take_layout(name, value, die);
		break;
	}
}

bool mkp_dwarf_decode(struct mkp_dwarf *dwarf, struct mkp_dwarf_unit *unit,
		      uint64_t offset, bool names, struct mkp_die *ret_die)
{
	struct decoder decoder = {
		.dwarf = dwarf,
		.unit = unit,
		.cursor = { dwarf->object, &dwarf->info, offset, unit->end, false },
	};
	const struct mkp_dwarf_abbreviation *abbreviation;
	uint64_t code;
	struct value value;

	if (offset >= unit->end)
		return false;
	code = mkp_dwarf_uleb(&decoder.cursor);
	abbreviation = code ? find_abbreviation(dwarf, unit, code) : NULL;
	if (decoder.cursor.failed || (code && !abbreviation))
		return false;
	*ret_die = (struct mkp_die){ .unit = unit, .offset = offset };
	for (uint32_t i = 0; code && i < abbreviation->count; i++) {
		const struct mkp_dwarf_attribute *attribute =
			&dwarf->attributes[abbreviation->first + i];

		if (attribute->skip || (!names && attribute->name == DW_AT_name &&
					attribute->form == DW_FORM_strp)) {
			mkp_dwarf_skip(&decoder.cursor, attribute->width);
			continue;
		}
		get_value(&decoder, attribute, &value);
		if (decoder.cursor.failed)
			return false;
		if (value.present)
			take(&decoder, attribute->name, &value, ret_die);
	}
	if (code) {
		ret_die->tag = abbreviation->tag;
		ret_die->have |= abbreviation->children ? MKP_DIE_CHILDREN : 0;
	}
	ret_die->next = decoder.cursor.at;
	return true;
}
