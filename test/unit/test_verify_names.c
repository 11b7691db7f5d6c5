// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "verify/findings.h"
#include "verify/payload.h"

static void numbers_of_clones_do_not_matter(void **state)
{
	(void)state;
	assert_true(mkp_verify_same_name("foo", "foo"));
	assert_true(mkp_verify_same_name("foo.constprop.0", "foo.constprop.12"));
	assert_true(mkp_verify_same_name("seen.1", "seen.20"));
	assert_true(mkp_verify_same_name("foo.isra.3.cold", "foo.isra.10.cold"));
}

static void other_parts_of_names_do(void **state)
{
	(void)state;
	assert_false(mkp_verify_same_name("foo", "foo1"));
	assert_false(mkp_verify_same_name("foo1", "foo2"));
	assert_false(mkp_verify_same_name("foo", "foo.constprop.0"));
	assert_false(mkp_verify_same_name("foo.isra.0", "foo.constprop.0"));
	assert_false(mkp_verify_same_name("foo.isra.0", "foo.isra.0.cold"));
	assert_false(mkp_verify_same_name("ba", "bar"));
	assert_false(mkp_verify_same_name("", "foo"));
}

/* Scripts depend on them. */
static void registry_is_sound(void **state)
{
	(void)state;
	for (int i = 0; i < MKP_NR_VERIFY; i++) {
		const struct mkp_verify_row *row = mkp_verify_row((enum mkp_verify_id)i);

		assert_ptr_equal(mkp_verify_find(row->name), row);
		assert_ptr_equal(mkp_verify_find(row->id), row);
		assert_int_equal(strlen(row->id), 8);
		assert_int_equal(strncmp(row->id, "VRF-", 4), 0);
		assert_non_null(*row->fix ? row->fix : NULL);
		assert_true(strlen(row->explanation) > 20);
	}
	assert_null(mkp_verify_find("no-such-finding"));
	assert_string_equal(mkp_verify_row(MKP_VERIFY_POSITION)->id, "VRF-0012");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_clones_do_not_matter),
		cmocka_unit_test(other_parts_of_names_do),
		cmocka_unit_test(registry_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
