// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The symbols of an object.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "elf/read.h"

/* What reading one symbol after the other carries along. */
struct cursor {
	struct mkp_object *object;
	const uint8_t *data;	 /* the symbol table */
	const uint8_t *extended; /* SHT_SYMTAB_SHNDX, one word a symbol; or NULL */
	uint32_t strings;	 /* section index of the names */
	const char *file;	 /* of the STT_FILE symbol before; or NULL */
};

static struct mkp_error *find_extended(struct cursor *cursor)
{
	const struct mkp_object *object = cursor->object;
	const struct mkp_section *section;

	for (uint32_t i = 1; i < object->nr_sections; i++) {
		section = &object->sections[i];
		if (section->type != SHT_SYMTAB_SHNDX || section->link != object->symtab)
			continue;
		if (cursor->extended)
			return mkp_object_section_error(
				object, i, "second table of section indices");
		if (section->size / sizeof(Elf32_Word) < object->nr_symbols)
			return mkp_object_section_error(
				object, i, "has fewer entries than there are symbols");
		cursor->extended = section->data;
	}
	return NULL;
}

static struct mkp_error *decode_extended(const struct cursor *cursor, uint32_t index,
					 uint32_t *ret_section)
{
	uint32_t section;

	if (!cursor->extended)
		return mkp_object_symbol_error(cursor->object, index,
					       "its table of section indices is missing");
	memcpy(&section, cursor->extended + index * sizeof(section), sizeof(section));
	*ret_section = mkp_object_get32(cursor->object, section);
	return NULL;
}

static struct mkp_error *decode_section(const struct cursor *cursor, uint32_t index,
					uint16_t raw, uint32_t *ret_section)
{
	struct mkp_error *error = NULL;
	uint32_t section = raw;

	switch (raw) {
	case SHN_ABS:
		*ret_section = MKP_SHN_ABS;
		return NULL;
	case SHN_COMMON:
		*ret_section = MKP_SHN_COMMON;
		return NULL;
	case SHN_LIVEPATCH:
		*ret_section = MKP_SHN_LIVEPATCH;
		return NULL;
	case SHN_XINDEX:
		error = decode_extended(cursor, index, &section);
		break;
	default:
		if (raw < SHN_LORESERVE)
			break;
		*ret_section = MKP_SHN_OTHER;
		return NULL;
	}
	if (!error && section >= cursor->object->nr_sections)
		error = mkp_object_symbol_error(cursor->object, index,
						"section %" PRIu32 " does not exist",
						section);
	if (!error)
		*ret_section = section;
	return error;
}

/* In a relocatable file the value of a symbol is an offset in its section. */
static struct mkp_error *check_place(const struct mkp_object *object, uint32_t index)
{
	const struct mkp_symbol *symbol = &object->symbols[index];
	const struct mkp_section *section = mkp_symbol_section(object, symbol);

	if (symbol->type == STT_SECTION && (!section || symbol->value))
		return mkp_object_symbol_error(object, index,
					       "section symbol does not start a section");
	if (!section)
		return NULL;
	if (symbol->value > section->size)
		return mkp_object_symbol_error(
			object, index,
			"value 0x%" PRIx64 " lies outside of section %" PRIu32 " (%s)",
			symbol->value, symbol->section, section->name);
	if (symbol->size > section->size - symbol->value)
		return mkp_object_symbol_error(
			object, index,
			"size 0x%" PRIx64 " exceeds section %" PRIu32 " (%s)",
			symbol->size, symbol->section, section->name);
	return NULL;
}

/* The name that the symbol has for us, and the source file that it belongs to. */
static void settle_names(struct cursor *cursor, struct mkp_symbol *symbol, uint32_t index)
{
	struct mkp_section *sections = cursor->object->sections;

	if (symbol->type == STT_SECTION &&
	    symbol->section < cursor->object->nr_sections) {
		symbol->name = sections[symbol->section].name;
		if (symbol->section && !sections[symbol->section].symbol)
			sections[symbol->section].symbol = index;
	}
	/* GNU ld ends the symbols of the last file with an empty name. */
	if (symbol->type == STT_FILE)
		cursor->file = *symbol->name ? symbol->name : NULL;
	if (symbol->bind == STB_LOCAL)
		symbol->file = cursor->file;
}

static struct mkp_error *read_symbol(struct cursor *cursor, uint32_t index)
{
	struct mkp_object *object = cursor->object;
	struct mkp_symbol *symbol = &object->symbols[index];
	struct mkp_error *error;
	Elf64_Sym raw;

	memcpy(&raw, cursor->data + index * sizeof(raw), sizeof(raw));
	raw.st_name = mkp_object_get32(object, raw.st_name);
	symbol->name = mkp_object_string(object, cursor->strings, raw.st_name);
	if (!symbol->name)
		return mkp_object_symbol_error(object, index,
					       "name at 0x%" PRIx32 " is not a string of "
					       "section %" PRIu32,
					       raw.st_name, cursor->strings);
	symbol->value = mkp_object_get64(object, raw.st_value);
	symbol->size = mkp_object_get64(object, raw.st_size);
	symbol->bind = ELF64_ST_BIND(raw.st_info);
	symbol->type = ELF64_ST_TYPE(raw.st_info);
	symbol->other = raw.st_other;
	if ((symbol->bind == STB_LOCAL) != (index < object->first_global))
		return mkp_object_symbol_error(object, index,
					       "local symbols do not come first");
	error = decode_section(cursor, index, mkp_object_get16(object, raw.st_shndx),
			       &symbol->section);
	if (error)
		return error;
	settle_names(cursor, symbol, index);
	return mkp_object_is_relocatable(object) ? check_place(object, index) : NULL;
}

static struct mkp_error *check_null_symbol(const struct mkp_object *object,
					   const uint8_t *data)
{
	static const Elf64_Sym null;

	if (memcmp(data, &null, sizeof(null)))
		return mkp_object_error(object, "symbol 0 is not the null symbol");
	object->symbols[0].name = "";
	return NULL;
}

struct mkp_error *mkp_object_index_names(struct mkp_object *object)
{
	struct mkp_error *error = NULL;
	const struct mkp_symbol *symbol;

	for (uint32_t i = 1; !error && i < object->nr_symbols; i++) {
		symbol = &object->symbols[i];
		if (symbol->type != STT_SECTION && *symbol->name)
			error = mkp_index_add(&object->names,
					      mkp_hash_string(symbol->name), i);
	}
	mkp_index_seal(&object->names);
	return error;
}

static struct mkp_error *allocate(struct mkp_object *object)
{
	const struct mkp_section *table = &object->sections[object->symtab];
	uint64_t count = table->size / sizeof(Elf64_Sym);

	if (!count || count > UINT32_MAX)
		return mkp_object_section_error(object, object->symtab,
						"%" PRIu64 " symbols", count);
	if (!table->info || table->info > count)
		return mkp_object_section_error(object, object->symtab,
						"first global symbol %" PRIu32
						" of %" PRIu64,
						table->info, count);
	object->nr_symbols = (uint32_t)count;
	object->first_global = table->info;
	return mkp_array_create(count, sizeof(*object->symbols), &object->symbols);
}

/* Without a table there is the null symbol all the same: what has no name has that one.
 */
static struct mkp_error *make_null_symbol(struct mkp_object *object)
{
	struct mkp_error *error = mkp_array_create(1, sizeof(*object->symbols),
						   &object->symbols);

	if (error)
		return error;
	object->symbols[0].name = "";
	object->nr_symbols = object->first_global = 1;
	return NULL;
}

struct mkp_error *mkp_object_read_symbols(struct mkp_object *object)
{
	const struct mkp_section *table = &object->sections[object->symtab];
	struct cursor cursor = { .object = object,
				 .data = table->data,
				 .strings = table->link };
	struct mkp_error *error;

	if (!object->symtab)
		return make_null_symbol(object);
	error = allocate(object);
	if (!error)
		error = find_extended(&cursor);
	if (!error)
		error = check_null_symbol(object, cursor.data);
	for (uint32_t i = 1; !error && i < object->nr_symbols; i++)
		error = read_symbol(&cursor, i);
	return error;
}
