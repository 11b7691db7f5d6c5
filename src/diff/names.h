/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the names of a compiler's symbols tell, and what they do not.
 *
 * Compilers number what they make: static locals (`count.3`), clones (`foo.isra.0`),
 * tables made of switches (`CSWTCH.12`), macros with __COUNTER__ (`__UNIQUE_ID_x123`).
 * The numbers shift when something is added before; they are no evidence of identity.
 */
#ifndef MKP_DIFF_NAMES_H
#define MKP_DIFF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "diff/graph.h"

/** Whether the name has a part that the compiler numbers. */
bool mkp_name_is_numbered(const char *name);

/**
 * Hash of the name with every number of the compiler's made the same: `x.1` and `x.2` are
 * equal, so are `f.x` and `f.x.1`; `x` and `x.1` are not, `f.isra.0` and `f.constprop.0`
 * are not.
 */
uint64_t mkp_name_canonical_hash(const char *name);

/** Hash of the name up to the first '.', numbers made the same: a function together with
 * its clones and parts. */
uint64_t mkp_name_family_hash(const char *name);

/**
 * Whether an atom has no identity of its own but is part of what refers to it: strings,
 * constants, switch tables, bookkeeping of one call site (`__already_done.0`). Such atoms
 * are compared by content and carried as copies; a named variable is never one of them.
 */
bool mkp_atom_is_value(const struct mkp_graph *graph, const struct mkp_atom *atom);

#endif
