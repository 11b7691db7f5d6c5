// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/index.h"
#include "support_random.h"

/* Whatever was added: each key has its ids, in ascending order, and no others. */
static void finds_what_was_added(void **state MKP_UNUSED)
{
	struct random_source random = { 1 };

	for (uint32_t count = 0; count < 100; count++) {
		uint64_t keys[100];
		struct mkp_index index;

		mkp_index_init(&index);
		for (uint32_t i = 0; i < count; i++) {
			keys[i] = random_below(&random, 20);
			assert_null(mkp_index_add(&index, keys[i], count - i));
		}
		mkp_index_seal(&index);
		for (uint64_t key = 0; key < 21; key++) {
			size_t found, expected = 0;
			const struct mkp_index_entry *entry = mkp_index_find(&index, key,
									     &found);

			/* Added in descending order of id. */
			for (uint32_t i = count; i-- > 0;)
				if (keys[i] == key)
					assert_int_equal(entry[expected++].id, count - i);
			assert_int_equal(found, expected);
			assert_true(!entry == !found);
		}
		mkp_index_deinit(&index);
	}
}

/* Many: hashes, addresses that share most bytes, a few keys; ids ascend or they do not.
 */
static void finds_one_of_many(void **state MKP_UNUSED)
{
	static const uint64_t limits[] = { UINT64_MAX, 1 << 20, 300, 1 };
	struct random_source random = { 7 };

	for (size_t l = 0; l < MKP_ARRAY_SIZE(limits) * 2; l++) {
		const uint32_t count = 5000;
		uint64_t *keys = calloc(count, sizeof(*keys));
		struct mkp_index index;

		mkp_index_init(&index);
		for (uint32_t i = 0; i < count; i++) {
			uint32_t id = l % 2 ? i : count - 1 - i;

			keys[id] = (l / 2 ? UINT64_C(0xffffffff81000000) : 0) +
				   random_below(&random, limits[l / 2]);
			assert_null(mkp_index_add(&index, keys[id], id));
		}
		mkp_index_seal(&index);
		assert_int_equal(index.count, count);
		for (uint32_t i = 1; i < count; i++) {
			const struct mkp_index_entry *pair = &index.entries[i - 1];

			assert_true(
				pair[0].key < pair[1].key ||
				(pair[0].key == pair[1].key && pair[0].id < pair[1].id));
		}
		for (uint32_t i = 0; i < count; i++)
			assert_true(index.entries[i].key == keys[index.entries[i].id]);
		mkp_index_deinit(&index);
		free(keys);
	}
}

/* More entries, of keys that are far apart, close together, or the same. */
static void sorts_many(void **state MKP_UNUSED)
{
	struct random_source random = { 1 };

	for (unsigned int shift = 0; shift < 64; shift += 9) {
		struct mkp_index index;

		mkp_index_init(&index);
		for (uint32_t i = 0; i < 3000; i++)
			assert_null(mkp_index_add(
				&index, (uint64_t)random_below(&random, 1000) << shift,
				random_below(&random, 1 << 20)));
		mkp_index_seal(&index);
		assert_int_equal(index.count, 3000);
		for (size_t i = 1; i < index.count; i++) {
			const struct mkp_index_entry *it = &index.entries[i];

			assert_true(it[-1].key < it->key ||
				    (it[-1].key == it->key && it[-1].id <= it->id));
		}
		mkp_index_deinit(&index);
	}
}

static void handles_extreme_keys(void **state MKP_UNUSED)
{
	struct mkp_index index;
	size_t count;

	mkp_index_init(&index);
	assert_null(mkp_index_add(&index, UINT64_MAX, 1));
	assert_null(mkp_index_add(&index, 0, UINT32_MAX));
	mkp_index_seal(&index);
	assert_int_equal(mkp_index_find(&index, UINT64_MAX, &count)->id, 1);
	assert_int_equal(mkp_index_find(&index, 0, &count)->id, UINT32_MAX);
	assert_null(mkp_index_find(&index, UINT64_MAX - 1, &count));
	assert_int_equal(count, 0);
	mkp_index_deinit(&index);
	/* Can be used again. */
	assert_null(mkp_index_add(&index, 1, 1));
	mkp_index_deinit(&index);
}

static void hashes(void **state MKP_UNUSED)
{
	assert_true(mkp_hash_string("abc") == mkp_hash_bytes("abc", 3));
	assert_true(mkp_hash_string("abc") != mkp_hash_string("abd"));
	assert_true(mkp_hash_bytes("a\0b", 3) != mkp_hash_bytes("a\0c", 3));
	assert_true(mkp_hash_bytes(NULL, 0) == mkp_hash_bytes("x", 0));
	assert_true(mkp_hash_mix(1, 2) == mkp_hash_mix(1, 2));
	assert_true(mkp_hash_mix(1, 2) != mkp_hash_mix(2, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_added),
		cmocka_unit_test(finds_one_of_many),
		cmocka_unit_test(sorts_many),
		cmocka_unit_test(handles_extreme_keys),
		cmocka_unit_test(hashes),
	};

	return cmocka_run_group_tests_name("base/index", tests, NULL, NULL);
}
