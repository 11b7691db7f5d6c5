/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a function reads of a stretch of constants that has no symbols.
 *
 * In an object without -fdata-sections the tables of all its switches lie side by side in
 * one section, and compilers give them no symbols: a reference says where one starts and
 * not where it ends. How far it goes the code says, which has bounded the index before it
 * looks anything up.
 */
#ifndef MKP_DIFF_REACH_H
#define MKP_DIFF_REACH_H

#include "diff/graph.h"

/** What the references of one function can access; of the last one that was asked for.
 * All zero before the first. */
struct mkp_reaches {
	uint32_t atom;		     /* + 1; 0: none yet */
	struct mkp_code_reach *list; /* owned; of its references with a relocation */
	size_t count, capacity;
};

void mkp_reaches_deinit(struct mkp_reaches *reaches);

/**
 * What reference @ref can access, as offsets from what it refers to: *@ret_low to before
 * *@ret_high. Both 0: it is not known.
 */
struct mkp_error *mkp_reach_find(const struct mkp_graph *graph, uint32_t ref,
				 struct mkp_reaches *reaches, int64_t *ret_low,
				 int64_t *ret_high) MKP_MUST_CHECK;

/** Constants without symbols, which may be many tables. */
bool mkp_atom_is_stretch(const struct mkp_atom *atom);

/** What reference @ref reads of its target, as offsets in that: from *@ret_start to
 * before *@ret_end. The same: it is not known. */
struct mkp_error *mkp_reach_window(const struct mkp_graph *graph, uint32_t ref,
				   struct mkp_reaches *reaches, uint64_t *ret_start,
				   uint64_t *ret_end) MKP_MUST_CHECK;

/** The first reference of an atom that ends behind @place; a number in refs. */
uint32_t mkp_reach_first_ref(const struct mkp_graph *graph, const struct mkp_atom *atom,
			     uint64_t place);

#endif
