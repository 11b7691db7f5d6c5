/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The offline run-pre match: is the code of an object the code that the kernel runs?
 *
 * Each function and variable of the object is looked for in the image by its name. Its
 * code is decoded on both sides and compared instruction by instruction; what an
 * instruction refers to is no number but a thing, so a field of the image must mean the
 * address of the thing that the object's field means. That proves the object, and it
 * teaches: of several candidates of one name only the one stays that all references agree
 * on, also those from other functions, until nothing changes any more.
 */
#ifndef MKP_MATCH_MATCH_H
#define MKP_MATCH_MATCH_H

#include "diff/graph.h"
#include "match/space.h"

enum mkp_match_state {
	MKP_MATCH_NONE,	     /* nothing to look for: a string, an entry, an extern */
	MKP_MATCH_SAME,	     /* found, and the same */
	MKP_MATCH_DIFFERS,   /* none of its name is the same */
	MKP_MATCH_ABSENT,    /* the image has none of its name */
	MKP_MATCH_ELSEWHERE, /* weak, and another definition was linked in its place */
};

enum mkp_difference_kind {
	MKP_DIFFERENCE_NONE,
	MKP_DIFFERENCE_CODE,   /* another instruction, or another constant in it */
	MKP_DIFFERENCE_TARGET, /* refers to something else */
	MKP_DIFFERENCE_JUMP,   /* jumps to another place in itself */
	MKP_DIFFERENCE_LENGTH, /* goes on after its end, or the image ends before */
	MKP_DIFFERENCE_DATA,   /* another byte */
	MKP_DIFFERENCE_TABLE,  /* an entry of a table that describes it */
};

/** The first difference between an atom and what the image has at one address. */
struct mkp_difference {
	enum mkp_difference_kind kind;
	uint64_t place;	  /* in the atom `atom` */
	uint64_t address; /* in the image */
	uint64_t target;  /* of _TARGET: what the image's field means */
	uint32_t atom;	  /* the atom itself, or a nameless part or entry of it */
	uint32_t ref;	  /* of _TARGET: in graph->refs; otherwise MKP_NO_REF */
};

/** What was found about one atom. */
struct mkp_match_atom {
	uint8_t state;	   /* enum mkp_match_state */
	bool certain;	   /* exactly one address is left */
	uint32_t symbol;   /* of the image: the first that is left, MKP_NO_SYMBOL: none */
	uint32_t nr_names; /* how many of the image's symbols could be it by name */
	struct mkp_difference difference; /* unless _SAME */
};

#define MKP_NO_SYMBOL UINT32_MAX

struct mkp_match_count {
	uint32_t total, same, differs, absent, elsewhere;
};

struct mkp_match {
	const struct mkp_graph *graph;
	struct mkp_space space;
	struct mkp_match_atom *atoms; /* [graph->nr_atoms] */
	struct mkp_match_count functions, objects;
};

/**
 * Matches everything. @graph and @image must outlive the match. Errors: MKP_ERROR_USAGE
 * (the image has no code, or is of another architecture).
 */
struct mkp_error *mkp_match_create(const struct mkp_graph *graph,
				   const struct mkp_image *image,
				   struct mkp_match **ret_match) MKP_MUST_CHECK;
void mkp_match_destroy(struct mkp_match *match);

/** The symbol of the image that an atom certainly is; NULL: it is not known. */
const struct mkp_image_symbol *mkp_match_symbol(const struct mkp_match *match,
						uint32_t atom);

/** What a difference is, one line for people; malloc'ed. */
struct mkp_error *mkp_difference_describe(const struct mkp_match *match, uint32_t atom,
					  char **ret_text) MKP_MUST_CHECK;

/** The instructions at a difference, as text; NULL where there is none. malloc'ed. */
struct mkp_error *mkp_difference_show(const struct mkp_match *match, uint32_t atom,
				      char **ret_object, char **ret_image) MKP_MUST_CHECK;

#endif
