/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug entries (DIEs) of an object, DWARF 4 and 5, straight from the mapped file.
 *
 * A check that runs for every patch looks at every type of both objects. libdw needs a
 * thousand instructions for an entry, and the relocations of all debug sections applied
 * before; this reader needs about a hundred, takes the relocation of a field when it
 * comes to that field, and so knows of an address which section it is in. It decodes the
 * attributes in struct mkp_die, and steps over all others. Of line tables it reads the
 * names of files; the rows are libdw's.
 *
 * Debug data is hostile, too: what does not fit makes mkp_dwarf_read() return false, as
 * the end does. Compressed debug sections and DWARF before 4 are taken as none.
 */
#ifndef MKP_ELF_DWARF_H
#define MKP_ELF_DWARF_H

#include "elf/object.h"

struct mkp_dwarf;
struct mkp_dwarf_unit;

/** What an entry has, of what it may have or not. */
enum {
	MKP_DIE_BYTE_SIZE = 1 << 0,
	MKP_DIE_BIT_SIZE = 1 << 1,
	MKP_DIE_BIT_OFFSET = 1 << 2, /* from the top of its storage unit: DWARF 2 to 4 */
	MKP_DIE_DATA_BIT_OFFSET = 1 << 3, /* from the start of the structure */
	MKP_DIE_VALUE = 1 << 4,
	MKP_DIE_COUNT = 1 << 5,
	MKP_DIE_CHILDREN = 1 << 6,
	MKP_DIE_DECLARATION = 1 << 7,
	MKP_DIE_INLINE = 1 << 8, /* a subprogram that was inlined somewhere */
	MKP_DIE_SIGNED = 1 << 9, /* `value` comes from a form with a sign */
	MKP_DIE_RANGES = 1 << 10,
};

/** Offsets are in .debug_info; 0 where there is none. */
struct mkp_die {
	const struct mkp_dwarf_unit *unit;
	uint64_t offset;
	uint64_t next; /* the entry behind it in the file: its first child, if it has any
			*/
	uint64_t sibling;
	uint64_t type;
	uint64_t origin;  /* abstract origin or specification: has what is missing here */
	const char *name; /* NULL: none */
	uint64_t byte_size, bit_size, bit_offset, data_bit_offset;
	uint64_t member;     /* byte offset of a member */
	uint64_t value;	     /* of an enumerator; number of elements of a subrange */
	uint64_t ranges;     /* of code in several pieces: mkp_dwarf_pieces() */
	uint64_t address;    /* of code or of a static variable, in: */
	uint32_t section;    /* 0: no address */
	uint32_t have;	     /* MKP_DIE_... */
	uint32_t file, line; /* of the declaration; 0: not known */
	uint16_t tag;	     /* DW_TAG_...; 0: ends a list of siblings */
	uint8_t encoding;    /* DW_ATE_... */
};

/**
 * For an object, which must outlive it. Reads nothing yet. In a linked file no entry has
 * an address.
 */
struct mkp_error *mkp_dwarf_create(const struct mkp_object *object,
				   struct mkp_dwarf **ret_dwarf) MKP_MUST_CHECK;
void mkp_dwarf_destroy(struct mkp_dwarf *dwarf);

/** Number of units; 0: there is no debug data that can be read. */
size_t mkp_dwarf_nr_units(struct mkp_dwarf *dwarf);

/** The top entry of a unit, and where its last one ends. */
bool mkp_dwarf_unit(struct mkp_dwarf *dwarf, size_t unit, struct mkp_die *ret_die,
		    uint64_t *ret_end);

/** Reads an entry. False: there is none at @offset. */
bool mkp_dwarf_read(struct mkp_dwarf *dwarf, uint64_t offset, struct mkp_die *ret_die);

/** The same without its name, which takes half of the time. */
bool mkp_dwarf_read_nameless(struct mkp_dwarf *dwarf, uint64_t offset,
			     struct mkp_die *ret_die);

/** The first child, and the next sibling. False: there is none. May be the same object.
 */
bool mkp_dwarf_child(struct mkp_dwarf *dwarf, const struct mkp_die *die,
		     struct mkp_die *ret_child);
bool mkp_dwarf_sibling(struct mkp_dwarf *dwarf, const struct mkp_die *die,
		       struct mkp_die *ret_sibling);

bool mkp_dwarf_sibling_nameless(struct mkp_dwarf *dwarf, const struct mkp_die *die,
				struct mkp_die *ret_sibling);

/** Where code starts. */
struct mkp_dwarf_place {
	uint64_t address; /* in: */
	uint32_t section;
};

/**
 * Where the pieces start that a function's code is in: one, or several if parts of it
 * were split off. Returns how many of @places were filled.
 */
size_t mkp_dwarf_pieces(struct mkp_dwarf *dwarf, const struct mkp_die *die,
			struct mkp_dwarf_place *places, size_t max);

/** Fills in name, type and declaration from what the entry is a copy of. */
void mkp_dwarf_complete(struct mkp_dwarf *dwarf, struct mkp_die *die);

/** A source file; both may be relative to the compilation's directory, and are borrowed.
 */
struct mkp_dwarf_file {
	const char *directory; /* NULL: none */
	const char *name;
};

/**
 * The file that an entry is declared in; *ret_compilation is the directory of the
 * compilation, or NULL. False: not known.
 */
bool mkp_dwarf_file(struct mkp_dwarf *dwarf, const struct mkp_die *die,
		    struct mkp_dwarf_file *ret_file, const char **ret_compilation);

#endif
