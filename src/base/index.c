// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/index.h"

#include <string.h>
#include <xxhash.h>

#include "base/array.h"

void mkp_index_init(struct mkp_index *index)
{
	*index = (struct mkp_index){ 0 };
}

void mkp_index_deinit(struct mkp_index *index)
{
	free(index->entries);
	mkp_index_init(index);
}

struct mkp_error *mkp_index_add(struct mkp_index *index, uint64_t key, uint32_t id)
{
	struct mkp_error *error = mkp_array_reserve(&index->entries, &index->capacity,
						    index->count + 1,
						    sizeof(*index->entries));

	if (error)
		return error;
	index->entries[index->count++] = (struct mkp_index_entry){ key, id };
	return NULL;
}

static int compare_entries(const void *a, const void *b)
{
	const struct mkp_index_entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

void mkp_index_seal(struct mkp_index *index)
{
	if (index->count)
		qsort(index->entries, index->count, sizeof(*index->entries),
		      compare_entries);
}

/* The first entry whose key is not below @key. */
static size_t lower_bound(const struct mkp_index *index, uint64_t key)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->entries[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct mkp_index_entry *mkp_index_find(const struct mkp_index *index, uint64_t key,
					     size_t *ret_count)
{
	size_t first = lower_bound(index, key), end = first;

	while (end < index->count && index->entries[end].key == key)
		end++;
	*ret_count = end - first;
	return end > first ? &index->entries[first] : NULL;
}

uint64_t mkp_hash_string(const char *string)
{
	return XXH3_64bits(string, strlen(string));
}

uint64_t mkp_hash_bytes(const void *bytes, size_t size)
{
	return size ? XXH3_64bits(bytes, size) : 0;
}

uint64_t mkp_hash_mix(uint64_t a, uint64_t b)
{
	uint64_t pair[2] = { a, b };

	return XXH3_64bits(pair, sizeof(pair));
}
