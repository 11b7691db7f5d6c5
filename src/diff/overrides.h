/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the author of a patch settles by hand, because no tool can know it. A file, one
 * rule a line; lines that start with '#' are comments:
 *
 *	a = b                       the original's symbol a is the patched object's b
 *	new x                       the patched object's x is none of the original's
 *	ignore-function f: reason   the change of f does not matter: it stays as it is
 *	ignore-section s: reason    nor does any change in section s; a trailing '*'
 *matches include-function f: reason  replace f though it is the same
 *
 * A name may be given as FILE:NAME, with the file of the symbol table, where an object
 *has several of one name. Every rule ends up in the report and the manifest.
 */
#ifndef MKP_DIFF_OVERRIDES_H
#define MKP_DIFF_OVERRIDES_H

#include "base/arena.h"
#include "diff/diff.h"

enum mkp_override_kind {
	MKP_OVERRIDE_PAIR,
	MKP_OVERRIDE_NEW,
	MKP_OVERRIDE_IGNORE_FUNCTION,
	MKP_OVERRIDE_IGNORE_SECTION,
	MKP_OVERRIDE_INCLUDE_FUNCTION,
};

struct mkp_override {
	enum mkp_override_kind kind;
	const char *name;   /* in the patched object; of a pair: in the original */
	const char *other;  /* of a pair: in the patched object; otherwise NULL */
	const char *reason; /* NULL for pairs and NEW */
	const char *origin; /* where it was given: "fix.rules:3" */
	bool in_source;	    /* it comes from a macro: what is wrong is a finding */
	bool applied;	    /* it made a difference; set by the functions below */
	const char
		*trouble; /* why it can not be followed, if in_source; otherwise NULL */
};

struct mkp_overrides {
	struct mkp_arena arena; /* holds the strings */
	struct mkp_override *rules;
	size_t nr_rules, cap_rules;
};

void mkp_overrides_init(struct mkp_overrides *overrides);
void mkp_overrides_deinit(struct mkp_overrides *overrides);

/** Adds a rule; its strings are copied. Errors: one of them is empty. */
struct mkp_error *mkp_overrides_add(struct mkp_overrides *overrides,
				    const struct mkp_override *rule) MKP_MUST_CHECK;

/** Adds a rule as a line of a file has it, from a record of the source. */
struct mkp_error *mkp_overrides_parse(struct mkp_overrides *overrides, const char *text,
				      const char *origin) MKP_MUST_CHECK;

/** Adds the rules of a file. Errors: as "FILE:LINE: ...". */
struct mkp_error *mkp_overrides_read(struct mkp_overrides *overrides,
				     const char *path) MKP_MUST_CHECK;

/** Settles pairs and what is new; before mkp_correlate(). Errors: a symbol that is not
 * there, or not the only one, or two that can not be each other. */
struct mkp_error *mkp_overrides_settle(struct mkp_overrides *overrides,
				       struct mkp_diff *diff) MKP_MUST_CHECK;

/** Changes verdicts: what is ignored is the same; after mkp_compare(). */
struct mkp_error *mkp_overrides_apply(struct mkp_overrides *overrides,
				      struct mkp_diff *diff) MKP_MUST_CHECK;

/** The rule as it would be written in a file; malloc'ed. */
struct mkp_error *mkp_override_describe(const struct mkp_override *rule,
					char **ret_text) MKP_MUST_CHECK;

#endif
