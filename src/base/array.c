// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/array.h"

#include <stdint.h>
#include <string.h>

struct mkp_error *mkp_array_reserve(void *array, size_t *capacity, size_t need,
				    size_t size)
{
	size_t wanted = *capacity + *capacity / 2 + 8, bytes;
	void *old, *grown;

	if (need <= *capacity)
		return NULL;
	if (wanted < need)
		wanted = need;
	if (__builtin_mul_overflow(wanted, size, &bytes))
		return mkp_error_nomem();
	/* Through memcpy, since the caller's pointer has a type of its own. */
	memcpy(&old, array, sizeof(old));
	grown = realloc(old, bytes);
	if (!grown)
		return mkp_error_nomem();
	memcpy(array, &grown, sizeof(grown));
	*capacity = wanted;
	return NULL;
}

struct mkp_error *mkp_array_create(size_t count, size_t size, void *ret_array)
{
	void *array = calloc(count ? count : 1, size);

	if (!array)
		return mkp_error_nomem();
	memcpy(ret_array, &array, sizeof(array));
	return NULL;
}
