/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the reader of debug entries share.
 */
#ifndef MKP_ELF_DWARF_PRIVATE_H
#define MKP_ELF_DWARF_PRIVATE_H

#include <string.h>

#include "elf/dwarf.h"
#include "elf/order.h"

/** A debug section and its relocations, which come by ascending offset. */
struct mkp_dwarf_section {
	const uint8_t *data;
	uint64_t size;
	const uint8_t *relocs; /* Elf64_Rela as in the file, perhaps not aligned */
	size_t nr_relocs;
	size_t at; /* where the last search ended: fields are read in order */
};

struct mkp_dwarf_attribute {
	uint16_t name, form;
	uint8_t width;	  /* bytes of its field; 0: none, or the field itself says */
	bool skip;	  /* nobody asks for it, and its width is known */
	int64_t implicit; /* of DW_FORM_implicit_const */
};

struct mkp_dwarf_abbreviation {
	uint64_t code;
	uint32_t first, count; /* in attributes */
	uint16_t tag;
	bool children;
};

struct mkp_dwarf_unit {
	uint64_t start, first, end;  /* offsets of header, top entry and end */
	uint64_t strings, addresses; /* bases in .debug_str_offsets, .debug_addr */
	uint64_t ranges;	     /* base in .debug_rnglists */
	uint64_t table;		     /* offset of its abbreviations */
	uint64_t lines;		     /* offset of its line table */
	const char *directory;	     /* of the compilation; NULL: not known */
	uint32_t first_abbreviation, nr_abbreviations;
	uint8_t version, offset_size, address_size;
};

struct mkp_dwarf {
	const struct mkp_object *object;
	bool opened;
	struct mkp_dwarf_section info, abbrev, str, line_str, str_offsets, addr;
	struct mkp_dwarf_section ranges, rnglists, line;
	struct mkp_dwarf_abbreviation *abbreviations;
	size_t nr_abbreviations, cap_abbreviations;
	struct mkp_dwarf_attribute *attributes;
	size_t nr_attributes, cap_attributes;
	struct mkp_dwarf_unit *units; /* by offset */
	size_t nr_units, cap_units;
	struct mkp_dwarf_unit *last;	       /* the one that an entry was found in */
	const struct mkp_dwarf_unit *files_of; /* whose files are these: */
	struct mkp_dwarf_file *files;	       /* owned; directories first */
	size_t nr_files, nr_directories;
};

/** A place in a section that can not be left; reading beyond the end sets `failed`. */
struct mkp_dwarf_cursor {
	const struct mkp_object *object;
	struct mkp_dwarf_section *section;
	uint64_t at, end;
	bool failed;
};

static inline void mkp_dwarf_skip(struct mkp_dwarf_cursor *cursor, uint64_t size)
{
	if (cursor->failed || size > cursor->end - cursor->at)
		cursor->failed = true;
	else
		cursor->at += size;
}

/* A number of 3 bytes, or of another odd width. */
uint64_t mkp_dwarf_get_odd(const struct mkp_object *object, const uint8_t *bytes,
			   unsigned int width);

static inline uint64_t mkp_dwarf_get(struct mkp_dwarf_cursor *cursor, unsigned int width)
{
	const struct mkp_object *object = cursor->object;
	const uint8_t *bytes = cursor->section->data + cursor->at;
	uint64_t number;
	uint32_t half;
	uint16_t quarter;

	mkp_dwarf_skip(cursor, width);
	if (cursor->failed)
		return 0;
	switch (width) {
	case 1:
		return bytes[0];
	case 2:
		memcpy(&quarter, bytes, sizeof(quarter));
		return mkp_object_get16(object, quarter);
	case 4:
		memcpy(&half, bytes, sizeof(half));
		return mkp_object_get32(object, half);
	case 8:
		memcpy(&number, bytes, sizeof(number));
		return mkp_object_get64(object, number);
	default:
		return mkp_dwarf_get_odd(object, bytes, width);
	}
}

uint64_t mkp_dwarf_long_uleb(struct mkp_dwarf_cursor *cursor);
int64_t mkp_dwarf_sleb(struct mkp_dwarf_cursor *cursor);

/* Most are of one byte. */
static inline uint64_t mkp_dwarf_uleb(struct mkp_dwarf_cursor *cursor)
{
	if (!cursor->failed && cursor->at < cursor->end &&
	    cursor->section->data[cursor->at] < 0x80)
		return cursor->section->data[cursor->at++];
	return mkp_dwarf_long_uleb(cursor);
}

/**
 * The value of a field of @width bytes, its relocation applied. *@ret_section, if not
 * NULL, is the section that it counts from, 0 for none.
 */
uint64_t mkp_dwarf_address(struct mkp_dwarf_cursor *cursor, unsigned int width,
			   uint32_t *ret_section);

/** A string of .debug_str or .debug_line_str, or NULL. */
const char *mkp_dwarf_string(const struct mkp_dwarf_section *section, uint64_t offset);

/** An element of .debug_addr; UINT64_MAX: there is none. */
uint64_t mkp_dwarf_indexed_address(struct mkp_dwarf *dwarf,
				   const struct mkp_dwarf_unit *unit, uint64_t index,
				   uint32_t *ret_section);

/** Reads all abbreviations of a unit, at @offset of .debug_abbrev. */
struct mkp_error *mkp_dwarf_read_abbreviations(struct mkp_dwarf *dwarf, uint64_t offset,
					       struct mkp_dwarf_unit *unit)
	MKP_MUST_CHECK;

/** Decodes one entry of a unit; without @names, its name stays NULL. */
bool mkp_dwarf_decode(struct mkp_dwarf *dwarf, struct mkp_dwarf_unit *unit,
		      uint64_t offset, bool names, struct mkp_die *ret_die);

#endif
