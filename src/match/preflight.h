/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict of a match, what else is known of where both sides come from, and how that
 * is shown.
 */
#ifndef MKP_MATCH_PREFLIGHT_H
#define MKP_MATCH_PREFLIGHT_H

#include <stdio.h>

#include "base/arena.h"
#include "match/match.h"

/** Something that both sides say about how they were made. NULL: one does not. */
struct mkp_fact {
	const char *what; /* "compiler" */
	const char *object, *image;
	bool same;
};

struct mkp_preflight {
	const struct mkp_match *match; /* borrowed */
	struct mkp_arena arena;
	struct mkp_fact *facts; /* owned */
	size_t nr_facts, cap_facts;
};

/** What the files beside the image say; all borrowed, NULL: not given. */
struct mkp_preflight_context {
	const struct mkp_image *vmlinux; /* if the image is a module */
	const struct mkp_symvers *symvers;
};

/**
 * Collects the facts. Debug data is looked at only if there is a difference to explain.
 */
struct mkp_error *mkp_preflight_init(
	struct mkp_preflight *preflight, const struct mkp_match *match,
	const struct mkp_preflight_context *context) MKP_MUST_CHECK;
void mkp_preflight_deinit(struct mkp_preflight *preflight);

/** Whether an atom differs in a way that says that the object is not the image's. */
bool mkp_preflight_is_wrong(const struct mkp_match *match, uint32_t atom);

/** How many do. */
uint32_t mkp_preflight_count_wrong(const struct mkp_match *match);

/** What explains the differences: the facts that differ, one line; malloc'ed. */
struct mkp_error *mkp_preflight_explain(const struct mkp_preflight *preflight,
					char **ret_text) MKP_MUST_CHECK;

/**
 * Renders as text; @verbose also what agrees and what was learned, @quiet only what is
 * wrong. Names of the object and the image are not to be trusted: all is escaped.
 */
struct mkp_error *mkp_preflight_write_text(const struct mkp_preflight *preflight,
					   bool verbose, bool quiet,
					   FILE *stream) MKP_MUST_CHECK;

/** Renders as JSON, schema mkpatch.preflight/1, see preflight.schema.json. */
struct mkp_error *mkp_preflight_write_json(const struct mkp_preflight *preflight,
					   FILE *stream) MKP_MUST_CHECK;

#endif
