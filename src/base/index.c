// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/index.h"

#include <string.h>

/* Most of what is hashed is short: calls would cost more than hashes. */
#define XXH_INLINE_ALL
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

/* Sorts what is nearly sorted, or small. */
static void insertion_sort(struct mkp_index_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct mkp_index_entry entry = entries[i];
		size_t k = i;

		for (; k && compare_entries(&entries[k - 1], &entry) > 0; k--)
			entries[k] = entries[k - 1];
		entries[k] = entry;
	}
}

#define SMALL 16

static void sort(struct mkp_index_entry *entries, size_t count)
{
	if (count <= SMALL)
		insertion_sort(entries, count);
	else
		qsort(entries, count, sizeof(*entries), compare_entries);
}

/*
 * Deals the entries out by the upper bits of their keys, which are hashes: to each value
 * of these bits come one or two, and little is left to sort. Returns false if there is no
 * memory for it.
 */
static bool deal_and_sort(struct mkp_index *index)
{
	unsigned int bits = 64u - (unsigned int)__builtin_clzll(index->count);
	struct mkp_index_entry *dealt = malloc(index->count * sizeof(*dealt));
	const size_t nr_values = (size_t)1 << bits;
	uint32_t *ends = calloc(nr_values, sizeof(*ends));

	if (!dealt || !ends) {
		free(dealt);
		free(ends);
		return false;
	}
	for (size_t i = 0; i < index->count; i++)
		ends[index->entries[i].key >> (64 - bits)]++;
	for (size_t i = 1; i < nr_values; i++)
		ends[i] += ends[i - 1];
	for (size_t i = index->count; i-- > 0;)
		dealt[--ends[index->entries[i].key >> (64 - bits)]] = index->entries[i];
	/* Now they are where each value begins. */
	for (size_t i = 0; i < nr_values; i++) {
		size_t end = i + 1 < nr_values ? ends[i + 1] : index->count;

		sort(dealt + ends[i], end - ends[i]);
	}
	free(ends);
	free(index->entries);
	index->entries = dealt;
	index->capacity = index->count;
	return true;
}

void mkp_index_seal(struct mkp_index *index)
{
	if (index->count <= SMALL || !deal_and_sort(index))
		sort(index->entries, index->count);
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
