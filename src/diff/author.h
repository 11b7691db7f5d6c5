/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the author of a patch says in the source, by the macros of mkpatch/livepatch.h:
 * the records that they leave in the patched object, in sections .discard.mkpatch.KIND.
 * A record is a variable. Those that the original has as well belong to an earlier patch,
 * from whose source the kernel was built: they count for nothing.
 *
 * Nothing here judges them: check/check_author.c does.
 */
#ifndef MKP_DIFF_AUTHOR_H
#define MKP_DIFF_AUTHOR_H

#include "diff/overrides.h"

enum mkp_author_kind {
	/* Functions for the kernel to call; in the order of struct klp_callbacks. */
	MKP_AUTHOR_PRE_PATCH,
	MKP_AUTHOR_POST_PATCH,
	MKP_AUTHOR_PRE_UNPATCH,
	MKP_AUTHOR_POST_UNPATCH,
	MKP_AUTHOR_NR_CALLBACKS,
	MKP_AUTHOR_STATE = MKP_AUTHOR_NR_CALLBACKS,
	MKP_AUTHOR_SHADOW,
	MKP_AUTHOR_INFO,
	MKP_AUTHOR_RULE,     /* one of overrides.h */
	MKP_AUTHOR_NR_KINDS, /* none that we know */
};

struct mkp_author_record {
	enum mkp_author_kind kind;
	uint32_t atom;	     /* the record itself */
	uint32_t function;   /* atom, of a callback; otherwise MKP_NO_ATOM */
	uint64_t id;	     /* of a state or shadow variable */
	uint64_t value;	     /* version of a state, size of a shadow variable */
	const char *name;    /* "pre_patch", the shadow variable, the key of an info */
	const char *text;    /* of an info: its value; of a rule: the rule */
	const char *trouble; /* what is wrong with it; NULL: it is well-formed */
};

struct mkp_author {
	struct mkp_arena arena;		   /* holds the strings */
	struct mkp_author_record *records; /* in the order of the object */
	size_t nr_records, cap_records;
};

/** Reads the records that are new or changed, once the objects are compared. A record
 * that is malformed gets its trouble. */
struct mkp_error *mkp_author_read(const struct mkp_diff *diff,
				  struct mkp_author *ret_author) MKP_MUST_CHECK;
void mkp_author_deinit(struct mkp_author *author);

/** Adds the rule of a record; what is wrong with it becomes the record's trouble. */
struct mkp_error *mkp_author_give_rule(struct mkp_author *author, size_t index,
				       const char *origin,
				       struct mkp_overrides *overrides) MKP_MUST_CHECK;

/** "pre_patch", ..., the end of the section's name. */
const char *mkp_author_kind_name(enum mkp_author_kind kind);

#endif
