/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where objects of a type are, and which functions handle them, as far as an object's
 * debug data and code tell.
 */
#ifndef MKP_CHECK_TYPE_USES_H
#define MKP_CHECK_TYPE_USES_H

#include "check/layouts.h"
#include "diff/graph.h"

enum mkp_type_use_kind {
	MKP_USE_STATIC,	 /* a variable of static storage is or contains one */
	MKP_USE_STACK,	 /* so is or does a local variable of a function */
	MKP_USE_POINTER, /* a function has a pointer to one */
};

struct mkp_type_use {
	uint64_t type; /* the structure or union */
	enum mkp_type_use_kind kind;
	uint32_t function; /* atom; MKP_NO_ATOM for static variables */
	uint64_t variable; /* its entry, for static variables */
};

/** A structure inside of another. */
struct mkp_type_nesting {
	uint64_t inner, outer;
};

/** A number in a function that asks for memory. */
struct mkp_allocation {
	uint64_t size;
	uint32_t function; /* atom */
};

struct mkp_type_uses {
	const struct mkp_graph *graph;
	struct mkp_types *types;
	struct mkp_type_use *uses; /* by type, kind, function, variable */
	size_t nr_uses, cap_uses;
	struct mkp_type_nesting *nestings; /* by inner type */
	size_t nr_nestings, cap_nestings;
	struct mkp_allocation *allocations; /* by size */
	size_t nr_allocations, cap_allocations;
};

struct mkp_error *mkp_type_uses_collect(const struct mkp_graph *graph,
					const struct mkp_layouts *layouts,
					struct mkp_type_uses *ret_uses) MKP_MUST_CHECK;
void mkp_type_uses_deinit(struct mkp_type_uses *uses);

/** The uses of exactly this type: *@ret_count from the returned one. */
const struct mkp_type_use *mkp_type_uses_find(const struct mkp_type_uses *uses,
					      uint64_t type, size_t *ret_count);

/** Whether the same function has no use of another kind that comes before this one. */
bool mkp_type_use_is_first(const struct mkp_type_uses *uses,
			   const struct mkp_type_use *use);

#define MKP_MAX_CONTAINERS 64

/** @type and all that contain it, up to that many; returns how many. */
size_t mkp_type_containers(const struct mkp_type_uses *uses, uint64_t type,
			   uint64_t ret_types[MKP_MAX_CONTAINERS]);

/** A function that may allocate objects of @size bytes; MKP_NO_ATOM: none is seen. */
uint32_t mkp_type_allocator(const struct mkp_type_uses *uses, uint64_t size);

#endif
