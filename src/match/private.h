/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this room share. Not for other rooms.
 */
#ifndef MKP_MATCH_PRIVATE_H
#define MKP_MATCH_PRIVATE_H

#include "match/match.h"

/** What a candidate's fields say about another atom: that it is at one address. */
struct mkp_want {
	uint32_t atom;	  /* a function or variable of the object */
	uint32_t ref;	  /* that says so, or MKP_NO_REF for an entry's place */
	int64_t offset;	  /* in that atom */
	uint64_t address; /* of the image */
	uint64_t place;	  /* of the field, in the image */
};

/** From @from on, what the object has at n the image has at n + @delta. */
struct mkp_shift {
	uint64_t from;
	int64_t delta;
};

/** One address at which an atom could be. */
struct mkp_candidate {
	uint64_t address;
	uint32_t symbol; /* of the image */
	uint32_t first_want, nr_wants;
	uint32_t first_shift, nr_shifts;
	bool dropped;
	struct mkp_difference difference; /* of kind _NONE: the same */
};

/** An entry of one of the image's tables, by the code that it describes. */
struct mkp_image_entry {
	uint64_t code;
	uint64_t address; /* of the entry */
};

struct mkp_image_table {
	struct mkp_image_entry *entries; /* owned; by code, address */
	size_t nr_entries;
	bool known; /* the image has the table, and its form was understood */
};

struct mkp_matcher {
	struct mkp_match *match;
	const struct mkp_graph *graph;
	const struct mkp_space *space;
	struct mkp_candidate *candidates; /* owned; by atom */
	size_t nr_candidates, cap_candidates;
	uint32_t *first; /* owned; [nr_atoms + 1]: candidates of an atom */
	struct mkp_want *wants;
	size_t nr_wants, cap_wants;
	struct mkp_shift *shifts;
	size_t nr_shifts, cap_shifts;
	struct mkp_image_table *tables; /* owned; [graph->nr_specials] */
	/* Internal jumps of the function at hand: place in the object and in the image.
	 */
	struct mkp_shift *jumps;
	size_t nr_jumps, cap_jumps;
	unsigned int depth;   /* of nameless parts */
	uint32_t nr_nameless; /* visited for the candidate at hand */
};

/** Compares the atom with what the image has at the candidate's address. */
struct mkp_error *mkp_compare_code(struct mkp_matcher *matcher, uint32_t atom,
				   struct mkp_candidate *candidate) MKP_MUST_CHECK;
struct mkp_error *mkp_compare_data(struct mkp_matcher *matcher, uint32_t atom,
				   struct mkp_candidate *candidate) MKP_MUST_CHECK;

/** The same for a nameless part of it, which is at @address. */
struct mkp_error *mkp_compare_nameless_code(
	struct mkp_matcher *matcher, uint32_t atom, uint64_t address,
	struct mkp_candidate *candidate) MKP_MUST_CHECK;

/** The tables that describe a function. */
struct mkp_error *mkp_compare_tables(struct mkp_matcher *matcher, uint32_t atom,
				     struct mkp_candidate *candidate) MKP_MUST_CHECK;
struct mkp_error *mkp_read_tables(struct mkp_matcher *matcher) MKP_MUST_CHECK;

/**
 * Checks that a reference means @target in the image, where the field is at @place. What
 * can be told later only, is added to the wants.
 */
struct mkp_error *mkp_check_ref(struct mkp_matcher *matcher, uint32_t ref,
				uint64_t target, uint64_t place,
				struct mkp_candidate *candidate) MKP_MUST_CHECK;

/** Where the image has what the object has at @offset of the candidate's atom. */
uint64_t mkp_candidate_place(const struct mkp_matcher *matcher,
			     const struct mkp_candidate *candidate, uint64_t offset);

/** Keeps the first difference. */
static inline void mkp_differs(struct mkp_candidate *candidate,
			       const struct mkp_difference *difference)
{
	if (candidate->difference.kind == MKP_DIFFERENCE_NONE)
		candidate->difference = *difference;
}

static inline bool mkp_is_same(const struct mkp_candidate *candidate)
{
	return candidate->difference.kind == MKP_DIFFERENCE_NONE;
}

/** Whether the atom is looked for by its name. */
bool mkp_is_node(const struct mkp_graph *graph, uint32_t atom);

#endif
