/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures and unions of an object, and how the layouts of two versions differ.
 */
#ifndef MKP_CHECK_LAYOUTS_H
#define MKP_CHECK_LAYOUTS_H

#include "base/arena.h"
#include "elf/types.h"
#include "report/report.h"

/** A structure or union at the top of its unit. */
struct mkp_layout {
	uint64_t type;
	uint64_t name; /* hash of kind and name; 0: it has none */
	uint64_t hash; /* of names, offsets and sizes of its members */
};

struct mkp_layouts {
	struct mkp_types *types;
	struct mkp_layout *entries; /* by type */
	size_t nr_entries, cap_entries;
};

/** All of an object, whose types are borrowed. */
struct mkp_error *mkp_layouts_collect(struct mkp_types *types,
				      struct mkp_layouts *ret_layouts) MKP_MUST_CHECK;
void mkp_layouts_deinit(struct mkp_layouts *layouts);

/** A type that is not laid out as it was. */
struct mkp_layout_pair {
	uint64_t orig, patched;
};

/** The types of one name whose layouts differ, in the order of the patched object. */
struct mkp_error *mkp_layouts_compare(const struct mkp_layouts *orig,
				      const struct mkp_layouts *patched,
				      struct mkp_layout_pair **ret_pairs,
				      size_t *ret_count) MKP_MUST_CHECK;

/** Member by member, how a type differs. */
struct mkp_layout_changes {
	struct mkp_arena arena;
	struct mkp_change *changes; /* by offset; a member that was renamed is none */
	size_t nr_changes, cap_changes;
	uint64_t old_size, new_size;
	bool only_added; /* new members where there was padding, all else as it was */
};

struct mkp_error *mkp_layout_changes_find(
	struct mkp_types *orig, struct mkp_types *patched,
	const struct mkp_layout_pair *pair,
	struct mkp_layout_changes *ret_changes) MKP_MUST_CHECK;
void mkp_layout_changes_deinit(struct mkp_layout_changes *changes);

#endif
