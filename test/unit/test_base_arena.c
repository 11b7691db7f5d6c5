// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdalign.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "support_random.h"

/* Any sizes: each piece is aligned, zeroed, and shares no byte with another. */
static void gives_separate_pieces(void **state MKP_UNUSED)
{
	struct random_source random = { 1 };
	struct mkp_arena arena;
	unsigned char *pieces[500];
	size_t sizes[500];

	mkp_arena_init(&arena);
	for (size_t i = 0; i < 500; i++) {
		sizes[i] = random_below(&random, i % 50 ? 200 : 20000);
		pieces[i] = mkp_arena_alloc(&arena, sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(pieces[i][at], 0);
		memset(pieces[i], (int)(i % 255) + 1, sizes[i]);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(pieces[i][at], i % 255 + 1);
	mkp_arena_deinit(&arena);
}

static void copies_strings(void **state MKP_UNUSED)
{
	char original[] = "text";
	struct mkp_arena arena;
	char *copy;

	mkp_arena_init(&arena);
	copy = mkp_arena_strdup(&arena, original);
	original[0] = 'n';
	assert_string_equal(copy, "text");
	assert_null(mkp_arena_strdup(&arena, NULL));
	assert_string_equal(mkp_arena_strdup(&arena, ""), "");
	mkp_arena_deinit(&arena);
}

static void formats(void **state MKP_UNUSED)
{
	char expected[10001];
	struct mkp_arena arena;

	mkp_arena_init(&arena);
	assert_string_equal(mkp_arena_printf(&arena, "%s %d", "a", 7), "a 7");
	memset(expected, ' ', 9999);
	strcpy(expected + 9999, "1");
	assert_string_equal(mkp_arena_printf(&arena, "%10000d", 1), expected);
	mkp_arena_deinit(&arena);
}

static void refuses_what_can_not_be(void **state MKP_UNUSED)
{
	struct mkp_arena arena;

	mkp_arena_init(&arena);
	assert_null(mkp_arena_alloc(&arena, SIZE_MAX));
	assert_null(mkp_arena_alloc(&arena, SIZE_MAX - 15));
	assert_non_null(mkp_arena_alloc(&arena, 1));
	mkp_arena_deinit(&arena);
	/* Can be used again, and be empty. */
	mkp_arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_separate_pieces),
		cmocka_unit_test(copies_strings),
		cmocka_unit_test(formats),
		cmocka_unit_test(refuses_what_can_not_be),
	};

	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
