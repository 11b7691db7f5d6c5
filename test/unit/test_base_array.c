// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"

static void grows_and_keeps(void **state MKP_UNUSED)
{
	size_t capacity = 0, moves = 0;
	uint32_t *array = NULL;

	for (uint32_t i = 0; i < 10000; i++) {
		size_t before = capacity;

		assert_null(mkp_array_reserve(&array, &capacity, i + 1, sizeof(*array)));
		assert_true(capacity > i);
		moves += capacity != before;
		array[i] = i;
	}
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(array[i], i);
	/* By half each time: log of 10,000 to the base of 1.5, and some. */
	assert_true(moves < 25);
	free(array);
}

static void leaves_enough_alone(void **state MKP_UNUSED)
{
	size_t capacity = 0;
	char *array = NULL, *before;

	assert_null(mkp_array_reserve(&array, &capacity, 100, 1));
	before = array;
	assert_null(mkp_array_reserve(&array, &capacity, 100, 1));
	assert_ptr_equal(array, before);
	assert_null(mkp_array_reserve(&array, &capacity, 0, 1));
	assert_ptr_equal(array, before);
	free(array);
}

static void refuses_overflow(void **state MKP_UNUSED)
{
	size_t capacity = 0;
	uint64_t *array = NULL;

	assert_ptr_equal(mkp_array_reserve(&array, &capacity, SIZE_MAX / 8 + 1, 8),
			 mkp_error_nomem());
	assert_null(array);
	assert_int_equal(capacity, 0);
}

static void creates_zeros(void **state MKP_UNUSED)
{
	uint64_t *array = NULL;
	char *empty = NULL;

	assert_null(mkp_array_create(1000, sizeof(*array), &array));
	for (size_t i = 0; i < 1000; i++)
		assert_true(array[i] == 0);
	free(array);
	assert_null(mkp_array_create(0, 8, &empty));
	assert_non_null(empty);
	free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_keeps),
		cmocka_unit_test(leaves_enough_alone),
		cmocka_unit_test(refuses_overflow),
		cmocka_unit_test(creates_zeros),
	};

	return cmocka_run_group_tests_name("base/array", tests, NULL, NULL);
}
