/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large structures are, by name: from DWARF, or from the BTF that a linked kernel
 * keeps when it is stripped.
 */
#ifndef MKP_ELF_STRUCTURES_H
#define MKP_ELF_STRUCTURES_H

#include "elf/object.h"

struct mkp_structure {
	const char *name;
	uint64_t size; /* 0: not known */
};

/** Fills in sizes. *@ret_source: "DWARF", "BTF", or NULL where there is neither. */
struct mkp_error *mkp_structures_find(const struct mkp_object *object,
				      struct mkp_structure *list, size_t count,
				      const char **ret_source) MKP_MUST_CHECK;

#endif
