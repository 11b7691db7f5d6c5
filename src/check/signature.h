/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a function takes and returns, as its callers were compiled for: by the debug data
 * of two objects, and without regard to names.
 */
#ifndef MKP_CHECK_SIGNATURE_H
#define MKP_CHECK_SIGNATURE_H

#include "elf/types.h"

/**
 * How calls that were compiled for one function do not fit the other one: "parameter 2:
 * int -> long"; malloc'ed. NULL if they fit.
 */
struct mkp_error *mkp_signature_difference(struct mkp_types *old_types,
					   const struct mkp_die *old,
					   struct mkp_types *new_types,
					   const struct mkp_die *new,
					   char **ret_text) MKP_MUST_CHECK;

#endif
