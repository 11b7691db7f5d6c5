/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the address of a function is stored that ftrace can not redirect, and what an
 * author can do about each place.
 */
#ifndef MKP_CHECK_STORED_H
#define MKP_CHECK_STORED_H

#include "check/check.h"

/**
 * One line, malloc'ed; NULL if the address of the function of the original object is
 * nowhere but in calls that can be seen.
 */
struct mkp_error *mkp_stored_advice(const struct mkp_check_context *context,
				    uint32_t orig_atom, char **ret_text) MKP_MUST_CHECK;

#endif
