/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A multimap from 64-bit keys to 32-bit ids, built once and then only read: a sorted
 * array. The one index of the program: names are looked up by the hash of the name,
 * content by the hash of the content. Ids of one key come in ascending order, so
 * whatever walks an index walks it in the same order on every run.
 *
 * A hash is a hint: callers compare what the id stands for with what they look for.
 */
#ifndef MKP_BASE_INDEX_H
#define MKP_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mkp_index_entry {
	uint64_t key;
	uint32_t id;
};

struct mkp_index {
	struct mkp_index_entry *entries; /* owned; sorted by (key, id) once sealed */
	size_t count;
	size_t capacity;
};

/** An empty index; needs no memory. */
void mkp_index_init(struct mkp_index *index);
void mkp_index_deinit(struct mkp_index *index);

/** Adds a pair. Not allowed after mkp_index_seal(). */
struct mkp_error *mkp_index_add(struct mkp_index *index, uint64_t key,
				uint32_t id) MKP_MUST_CHECK;

/** Sorts; from here on the index can be read. */
void mkp_index_seal(struct mkp_index *index);

/** The ids of @key: *@ret_count entries from the returned one (NULL when there is none).
 */
const struct mkp_index_entry *mkp_index_find(const struct mkp_index *index, uint64_t key,
					     size_t *ret_count);

/** Hash of a string or of bytes, for use as key; stable within one run only. */
uint64_t mkp_hash_string(const char *string);
uint64_t mkp_hash_bytes(const void *bytes, size_t size);

/** Order-dependent combination of two hashes. */
uint64_t mkp_hash_mix(uint64_t a, uint64_t b);

#endif
