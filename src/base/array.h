/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing arrays and overflow-checked allocation.
 */
#ifndef MKP_BASE_ARRAY_H
#define MKP_BASE_ARRAY_H

#include <stddef.h>

#include "base/error.h"

/**
 * Makes room for @need elements of @size bytes in *@array (malloc'ed or NULL), whose
 * capacity in elements is *@capacity. Grows by half or more, so that appending is
 * amortised constant. On failure nothing has changed.
 */
struct mkp_error *mkp_array_reserve(void *array, size_t *capacity, size_t need,
				    size_t size) MKP_MUST_CHECK;

/** @count zeroed elements of @size bytes; a count of 0 gives a valid pointer as well. */
struct mkp_error *mkp_array_create(size_t count, size_t size,
				   void *ret_array) MKP_MUST_CHECK;

#endif
