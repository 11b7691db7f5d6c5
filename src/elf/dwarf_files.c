// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of source files, from the header of a line table: DWARF 5, section 6.2.4, and
 * DWARF 4, the same section. The rows behind the header are not looked at.
 */
#include <dwarf.h>

#include "base/array.h"
#include "elf/dwarf_private.h"

#define MAX_FORMATS 8

struct reader {
	struct mkp_dwarf *dwarf;
	struct mkp_dwarf_cursor cursor;
	uint8_t offset_size;
	struct {
		uint64_t type, form;
	} formats[MAX_FORMATS];
	size_t nr_formats;
	struct mkp_dwarf_file *list; /* owned until it is the reader's */
	size_t count, capacity;
	size_t nr_directories; /* the first of the list */
};

static const char *get_string(struct mkp_dwarf_cursor *cursor)
{
	const char *string = (const char *)cursor->section->data + cursor->at;
	const char *end = cursor->failed ? NULL
					 : memchr(string, '\0', cursor->end - cursor->at);

	if (!end) {
		cursor->failed = true;
		return NULL;
	}
	mkp_dwarf_skip(cursor, (uint64_t)(end - string) + 1);
	return string;
}

static const char *get_offset_string(struct reader *reader,
				     const struct mkp_dwarf_section *section)
{
	uint64_t offset = mkp_dwarf_address(&reader->cursor, reader->offset_size, NULL);

	return mkp_dwarf_string(section, offset);
}

/* A field of an entry: a string, or a number. */
static void get_field(struct reader *reader, uint64_t form, const char **ret_string,
		      uint64_t *ret_number)
{
	struct mkp_dwarf_cursor *cursor = &reader->cursor;

	*ret_string = NULL;
	*ret_number = 0;
	switch (form) {
	case DW_FORM_string:
		*ret_string = get_string(cursor);
		break;
	case DW_FORM_line_strp:
		*ret_string = get_offset_string(reader, &reader->dwarf->line_str);
		break;
	case DW_FORM_strp:
		*ret_string = get_offset_string(reader, &reader->dwarf->str);
		break;
	case DW_FORM_udata:
		*ret_number = mkp_dwarf_uleb(cursor);
		break;
	case DW_FORM_data1:
		*ret_number = mkp_dwarf_get(cursor, 1);
		break;
	case DW_FORM_data2:
		*ret_number = mkp_dwarf_get(cursor, 2);
		break;
	case DW_FORM_data16:
		mkp_dwarf_skip(cursor, 16);
		break;
	default:
		cursor->failed = true;
	}
}

static struct mkp_error *add(struct reader *reader, const char *name, uint64_t directory)
{
	struct mkp_dwarf_file file = { .name = name };
	struct mkp_error *error = mkp_array_reserve(&reader->list, &reader->capacity,
						    reader->count + 1, sizeof(file));

	if (error)
		return error;
	if (directory < reader->nr_directories)
		file.directory = reader->list[directory].name;
	reader->list[reader->count++] = file;
	return NULL;
}

/* ---- DWARF 5 -------------------------------------------------------------------------
 */

static void read_formats(struct reader *reader)
{
	reader->nr_formats = mkp_dwarf_get(&reader->cursor, 1);
	if (reader->nr_formats > MAX_FORMATS)
		reader->cursor.failed = true;
	for (size_t i = 0; i < reader->nr_formats && !reader->cursor.failed; i++) {
		reader->formats[i].type = mkp_dwarf_uleb(&reader->cursor);
		reader->formats[i].form = mkp_dwarf_uleb(&reader->cursor);
	}
}

static struct mkp_error *read_list(struct reader *reader)
{
	struct mkp_error *error = NULL;
	uint64_t count;

	read_formats(reader);
	count = mkp_dwarf_uleb(&reader->cursor);
	for (uint64_t i = 0; i < count && !reader->cursor.failed && !error; i++) {
		const char *name = NULL;
		uint64_t directory = 0;

		for (size_t k = 0; k < reader->nr_formats; k++) {
			const char *string;
			uint64_t number;

			get_field(reader, reader->formats[k].form, &string, &number);
			if (reader->formats[k].type == DW_LNCT_path)
				name = string;
			if (reader->formats[k].type == DW_LNCT_directory_index)
				directory = number;
		}
		/* What has no fields has no end either. */
		if (!reader->nr_formats)
			reader->cursor.failed = true;
		else if (!reader->cursor.failed)
			error = add(reader, name, directory);
	}
	return error;
}

/* ---- DWARF 4 -------------------------------------------------------------------------
 */

/* Strings up to an empty one. Directory 0 is the compilation's, which the unit names, and
 * files are counted from 1. */
static struct mkp_error *read_old_lists(struct reader *reader, const char *directory)
{
	struct mkp_dwarf_cursor *cursor = &reader->cursor;
	struct mkp_error *error = add(reader, directory, UINT64_MAX);
	const char *name;

	while (!error && (name = get_string(cursor)) && *name)
		error = add(reader, name, UINT64_MAX);
	reader->nr_directories = reader->count;
	if (!error)
		error = add(reader, NULL, UINT64_MAX);
	while (!error && (name = get_string(cursor)) && *name) {
		uint64_t number = mkp_dwarf_uleb(cursor);

		mkp_dwarf_uleb(cursor); /* time */
		mkp_dwarf_uleb(cursor); /* size */
		error = add(reader, name, number);
	}
	return error;
}

/* ---- Both ----------------------------------------------------------------------------
 */

/* Goes to what comes behind the numbers of the header. Returns the version, 0: it is none
 * that is known. */
static uint64_t enter_header(struct reader *reader)
{
	struct mkp_dwarf_cursor *cursor = &reader->cursor;
	uint64_t length = mkp_dwarf_get(cursor, 4), version, nr_opcodes;

	reader->offset_size = length == 0xffffffff ? 8 : 4;
	if (reader->offset_size == 8)
		length = mkp_dwarf_get(cursor, 8);
	if (cursor->failed || length > cursor->end - cursor->at)
		return 0;
	cursor->end = cursor->at + length;
	version = mkp_dwarf_get(cursor, 2);
	if (version < 2 || version > 5)
		return 0;
	if (version == 5)
		mkp_dwarf_skip(cursor, 2); /* sizes of address and segment */
	mkp_dwarf_skip(cursor, reader->offset_size);
	/* Instruction length, operations (since 4), is_stmt, line base and range. */
	mkp_dwarf_skip(cursor, version >= 4 ? 5 : 4);
	nr_opcodes = mkp_dwarf_get(cursor, 1);
	mkp_dwarf_skip(cursor, nr_opcodes ? nr_opcodes - 1 : 0);
	return cursor->failed ? 0 : version;
}

static struct mkp_error *read_table(struct reader *reader, const char *directory)
{
	uint64_t version = enter_header(reader);
	struct mkp_error *error = NULL;

	if (version == 5) {
		error = read_list(reader);
		reader->nr_directories = reader->count;
		if (!error)
			error = read_list(reader);
	} else if (version) {
		error = read_old_lists(reader, directory);
	}
	/* Of a table that is damaged, nothing is taken. */
	if (!version || reader->cursor.failed)
		reader->count = reader->nr_directories = 0;
	return error;
}

static void open_table(struct mkp_dwarf *dwarf, const struct mkp_dwarf_unit *unit)
{
	struct reader reader = {
		.dwarf = dwarf,
		.cursor = { dwarf->object, &dwarf->line, unit->lines, dwarf->line.size,
			    unit->lines > dwarf->line.size },
	};
	struct mkp_error *error = NULL;

	if (dwarf->files_of == unit)
		return;
	free(dwarf->files);
	if (!reader.cursor.failed)
		error = read_table(&reader, unit->directory);
	mkp_error_destroy(error);
	dwarf->files_of = unit;
	dwarf->files = reader.list;
	dwarf->nr_files = reader.count;
	dwarf->nr_directories = reader.nr_directories;
}

bool mkp_dwarf_file(struct mkp_dwarf *dwarf, const struct mkp_die *die,
		    struct mkp_dwarf_file *ret_file, const char **ret_compilation)
{
	open_table(dwarf, die->unit);
	if (die->file >= dwarf->nr_files - dwarf->nr_directories)
		return false;
	*ret_file = dwarf->files[dwarf->nr_directories + die->file];
	*ret_compilation = dwarf->nr_directories ? dwarf->files[0].name : NULL;
	return ret_file->name;
}
