/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk through all debug entries of an object, with the function whose code each of
 * them belongs to.
 */
#ifndef MKP_CHECK_DIE_WALK_H
#define MKP_CHECK_DIE_WALK_H

#include "diff/graph.h"
#include "elf/types.h"

struct mkp_die_walk {
	const struct mkp_graph *graph;
	struct mkp_types *types;
	struct mkp_error *(*visit)(struct mkp_die_walk *walk, struct mkp_die *die);
	void *data;
	/* Where it is: */
	uint64_t depth; /* 0: at the top of the unit */
	uint64_t function_depth;
	uint32_t function; /* atom; MKP_NO_ATOM: in none, or in one without code */
};

/** Calls @visit for every entry; they have no names yet (mkp_dwarf_complete()). */
struct mkp_error *mkp_die_walk(struct mkp_die_walk *walk) MKP_MUST_CHECK;

/** The function that a subprogram's entry describes, or MKP_NO_ATOM. */
uint32_t mkp_die_function(const struct mkp_graph *graph, struct mkp_types *types,
			  const struct mkp_die *die);

#endif
