/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between two versions of a variable, field by field, in the words of its
 * source. Without debug data, fields are words of eight bytes.
 */
#ifndef MKP_CHECK_DATA_CHANGES_H
#define MKP_CHECK_DATA_CHANGES_H

#include "check/check.h"

struct mkp_data_changes {
	struct mkp_arena arena; /* holds the strings */
	struct mkp_change *changes;
	size_t nr_changes, cap_changes;
	size_t nr_more;		     /* changes beyond those that are listed */
	bool functions;		     /* a pointer to a function is among them */
	uint64_t old_size, new_size; /* of the variable */
};

/** Compares a patched atom of data with its twin. */
struct mkp_error *mkp_data_changes_find(
	const struct mkp_check_context *context, uint32_t patched_atom,
	struct mkp_data_changes *ret_changes) MKP_MUST_CHECK;
void mkp_data_changes_deinit(struct mkp_data_changes *changes);

#endif
