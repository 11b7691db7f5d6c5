// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void check_string(struct mkp_error *error, const char *expected)
{
	char *text = mkp_error_string(error);

	assert_string_equal(text, expected);
	free(text);
	mkp_error_destroy(error);
}

static void formats(void **state MKP_UNUSED)
{
	struct mkp_error *error = mkp_error_create(MKP_ERROR_FORMAT, "bad %s %d", "x", 7);

	assert_int_equal(error->code, MKP_ERROR_FORMAT);
	assert_null(error->cause);
	check_string(error, "bad x 7");
}

static void adds_errno(void **state MKP_UNUSED)
{
	struct mkp_error *error = mkp_error_create_errno(ENOENT, "%s", "file");

	assert_int_equal(error->code, MKP_ERROR_IO);
	check_string(error, "file: No such file or directory");
}

static void wraps(void **state MKP_UNUSED)
{
	struct mkp_error *error = mkp_error_create(MKP_ERROR_USAGE, "inner");

	error = mkp_error_wrap(error, "middle %d", 1);
	error = mkp_error_wrap(error, "outer");
	assert_int_equal(error->code, MKP_ERROR_USAGE);
	assert_string_equal(error->message, "outer");
	check_string(error, "outer: middle 1: inner");
}

static void wraps_nothing(void **state MKP_UNUSED)
{
	struct mkp_error *error = mkp_error_wrap(NULL, "x");

	assert_null(error);
	mkp_error_destroy(error);
}

static void wraps_nomem(void **state MKP_UNUSED)
{
	struct mkp_error *error = mkp_error_wrap(mkp_error_nomem(), "reading");

	assert_int_equal(error->code, MKP_ERROR_NOMEM);
	check_string(error, "reading: out of memory");
	/* Still there. */
	mkp_error_destroy(mkp_error_nomem());
	check_string(mkp_error_nomem(), "out of memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),     cmocka_unit_test(adds_errno),
		cmocka_unit_test(wraps),       cmocka_unit_test(wraps_nothing),
		cmocka_unit_test(wraps_nomem),
	};

	return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
