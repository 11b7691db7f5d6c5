/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * C types of an object, from its debug data: what is at a place of a variable, by the
 * names that its author gave. A type is the offset of its debug entry; 0 is void, or not
 * known. The debug data is not touched before the first question.
 */
#ifndef MKP_ELF_TYPES_H
#define MKP_ELF_TYPES_H

#include <stdio.h>

#include "elf/dwarf.h"

struct mkp_types;

/** For an object, which must outlive it. */
struct mkp_error *mkp_types_create(const struct mkp_object *object,
				   struct mkp_types **ret_types) MKP_MUST_CHECK;
void mkp_types_destroy(struct mkp_types *types);

/** The entries themselves; borrowed. */
struct mkp_dwarf *mkp_types_dwarf(struct mkp_types *types);

/** Whether there is any debug data. */
bool mkp_types_available(struct mkp_types *types);

/** An entry at the top of a unit: a structure, a union or a function. */
struct mkp_top {
	uint64_t offset;
	uint64_t address; /* of code, in: */
	uint32_t section; /* 0: none */
	uint32_t file, line;
	uint32_t have; /* MKP_DIE_... */
	uint16_t tag;
	bool is_copy; /* of an abstract instance, or of a declaration */
};

/** All of them, in the order of the file; found once and kept. */
struct mkp_error *mkp_types_tops(struct mkp_types *types, const struct mkp_top **ret_tops,
				 size_t *ret_count) MKP_MUST_CHECK;

/**
 * The variable of static storage at a place of a section (ELF index): of file scope or
 * local to a function. False: not known.
 */
bool mkp_types_variable(struct mkp_types *types, uint32_t section, uint64_t offset,
			struct mkp_die *ret_die);

/** The function of whose code a piece starts at a place of a section. False: not known.
 */
bool mkp_types_function(struct mkp_types *types, uint32_t section, uint64_t offset,
			struct mkp_die *ret_die);

/** A function that is declared and has no code in the object. False: not known. */
bool mkp_types_declared(struct mkp_types *types, const char *name,
			struct mkp_die *ret_die);

/** What a type is without typedef, const and volatile. False: void, or not known. */
bool mkp_types_strip(struct mkp_types *types, uint64_t type, struct mkp_die *ret_die);

/** Size in bytes; 0 for what has none, such as a flexible array. */
uint64_t mkp_types_size(struct mkp_types *types, uint64_t type);

/**
 * Whether an array reaches to the end of what has a type: it is one, or its last member
 * is one or ends with one. True where the debug data does not say it.
 */
bool mkp_types_ends_with_array(struct mkp_types *types, uint64_t type);

/** Whether there is an array anywhere in it. True where the debug data does not say it.
 */
bool mkp_types_has_array(struct mkp_types *types, uint64_t type);

/** Where a member is in its structure. */
void mkp_types_member(struct mkp_types *types, const struct mkp_die *member,
		      uint64_t *ret_bit, uint64_t *ret_nr_bits);

enum mkp_leaf_kind {
	MKP_LEAF_BYTES, /* padding, or a type that is not known */
	MKP_LEAF_SIGNED,
	MKP_LEAF_UNSIGNED,
	MKP_LEAF_BOOL,
	MKP_LEAF_ENUM,
	MKP_LEAF_POINTER,
	MKP_LEAF_TEXT, /* an array of char */
};

/** A part of a variable that has no parts with names. */
struct mkp_leaf {
	enum mkp_leaf_kind kind;
	uint64_t type;	       /* stripped */
	uint64_t bit, nr_bits; /* from the start of the variable */
};

/**
 * The leaf at a bit of a variable of @type, and the way to it: "", "max", "ops.open",
 * "table[3].flags". Bits are numbered from the lowest of the first byte. *@ret_path is
 * malloc'ed.
 */
struct mkp_error *mkp_types_leaf(struct mkp_types *types, uint64_t type, uint64_t bit,
				 struct mkp_leaf *ret_leaf,
				 char **ret_path) MKP_MUST_CHECK;

/** Name of an enumerator with this value, or NULL. */
const char *mkp_types_enumerator(struct mkp_types *types, uint64_t type, uint64_t value);

#endif
