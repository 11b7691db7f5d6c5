// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/index.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/array.h"

/* Fewer entries are sorted by comparing: the tables of bytes would take longer. */
#define FEW 512

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

/* How often each value of each byte of the keys occurs. False: ids do not ascend. */
static bool count_bytes(const struct mkp_index *index, uint32_t counts[8][256])
{
	bool ascending = true;

	for (size_t i = 0; i < index->count; i++) {
		uint64_t key = index->entries[i].key;

		ascending &= !i || index->entries[i - 1].id <= index->entries[i].id;
		for (unsigned int byte = 0; byte < 8; byte++)
			counts[byte][key >> (8 * byte) & 0xff]++;
	}
	return ascending;
}

/* Moves @count entries to where the values of one byte of their keys put them. */
static void scatter(const struct mkp_index_entry *from, struct mkp_index_entry *to,
		    size_t count, unsigned int shift, const uint32_t counts[256])
{
	uint32_t next[256], sum = 0;

	for (unsigned int value = 0; value < 256; value++) {
		next[value] = sum;
		sum += counts[value];
	}
	for (size_t i = 0; i < count; i++)
		to[next[from[i].key >> shift & 0xff]++] = from[i];
}

/*
 * Sorts by one byte of the key after the other, the least significant first; each pass
 * keeps the order of the one before, and the first that of ascending ids. For the names
 * of a kernel that is a tenth of what comparing takes. False: not done.
 */
static bool sort_by_bytes(struct mkp_index *index)
{
	uint32_t counts[8][256] = { 0 };
	struct mkp_index_entry *other;

	if (index->count < FEW || index->count > UINT32_MAX ||
	    !count_bytes(index, counts))
		return false;
	other = malloc(index->capacity * sizeof(*other));
	if (!other)
		return false;
	for (unsigned int byte = 0; byte < 8; byte++) {
		struct mkp_index_entry *from = index->entries;

		/* They all have it. */
		if (counts[byte][from->key >> (8 * byte) & 0xff] == index->count)
			continue;
		scatter(from, other, index->count, 8 * byte, counts[byte]);
		index->entries = other;
		other = from;
	}
	free(other);
	return true;
}

void mkp_index_seal(struct mkp_index *index)
{
	if (index->count && !sort_by_bytes(index))
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
