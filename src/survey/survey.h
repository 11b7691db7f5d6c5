/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which tables about code a file has, what covers them here, and whether their entries
 * have the size that a row knows: what the relocations say against what the debug data
 * says.
 */
#ifndef MKP_SURVEY_SURVEY_H
#define MKP_SURVEY_SURVEY_H

#include "arch/arch.h"
#include "base/arena.h"
#include "elf/object.h"

/** Strings are the object's, of tables of the program, or the survey's. */
struct mkp_survey_table {
	const char *name;
	const char *within; /* the section that symbols bound it in; NULL: it is one */
	const char *what;
	const char *covered;   /* "row", "class"; NULL: by nothing */
	const char *trouble;   /* what mkpatch needs to learn; NULL: nothing */
	const char *structure; /* of an entry; NULL: none is known */
	uint64_t size;
	uint64_t entry;		 /* bytes, by its content; 0: it does not tell */
	uint64_t structure_size; /* by the debug data; 0: it does not tell */
};

struct mkp_survey {
	const struct mkp_object *object; /* borrowed */
	const struct mkp_arch *arch;
	const char *debug; /* where structures are from: "DWARF", "BTF", NULL */
	struct mkp_survey_table *tables;
	size_t nr_tables, capacity;
	struct mkp_arena arena;
};

/** Errors: the object is of a machine that is not supported. */
struct mkp_error *mkp_survey_init(struct mkp_survey *survey,
				  const struct mkp_object *object) MKP_MUST_CHECK;
void mkp_survey_deinit(struct mkp_survey *survey);

/** How many tables have trouble. */
size_t mkp_survey_nr_gaps(const struct mkp_survey *survey);

#endif
