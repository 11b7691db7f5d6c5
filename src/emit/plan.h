/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a module source is to say, put together from all objects of the patch before
 * anything is written.
 */
#ifndef MKP_EMIT_PLAN_H
#define MKP_EMIT_PLAN_H

#include "emit/emit.h"
#include "emit/module.h"

struct mkp_plan {
	struct mkp_arena arena;
	const struct mkp_emit_part *parts;
	size_t nr_parts;
	/* Names of the arena: for each part, one for each function that the source refers
	 * to (mkp_nr_named()); first_symbol[i] is the first one of part i. */
	char **new_symbols;
	size_t *first_symbol;		       /* [nr_parts + 1] */
	struct mkp_module_function *functions; /* by object */
	struct mkp_module_object *objects;
	const char **inputs; /* [2 * nr_parts] base names */
	struct mkp_module_number *states, *shadows;
	struct mkp_module_info *infos;
	const char **namespaces;
	size_t nr_namespaces, cap_namespaces;
	struct mkp_module module;
};

/** Borrows both. */
struct mkp_error *mkp_plan_init(struct mkp_plan *plan,
				const struct mkp_emit_options *options,
				const struct mkp_emit_part *parts,
				size_t nr_parts) MKP_MUST_CHECK;
/** Fine for one whose initialisation failed. */
void mkp_plan_deinit(struct mkp_plan *plan);

#endif
