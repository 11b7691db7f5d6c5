// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "support_random.h"

static void check(const char *string, const char *expected)
{
	char *text = NULL;

	assert_null(mkp_text_escape_string(string, &text));
	assert_string_equal(text, expected);
	free(text);
}

static void shows_what_is_visible(void **state MKP_UNUSED)
{
	check("", "");
	check(NULL, "");
	check("foo.constprop.0 \"\\", "foo.constprop.0 \"\\");
	check("\u00e4\u20ac\U0001f427", "\u00e4\u20ac\U0001f427");
}

static void escapes_the_rest(void **state MKP_UNUSED)
{
	check("a\nb\tc\033[0m", "a\\nb\\tc\\x1b[0m");
	check("\x7f\r", "\\x7f\\x0d");
	check("\xc2\x85", "\\u{85}");
	check("\u202eabc", "\\u{202e}abc");
	check("\ufeff", "\\u{feff}");
}

static void escapes_invalid_sequences(void **state MKP_UNUSED)
{
	check("\xff", "\\xff");
	check("\xc3", "\\xc3");
	check("\xe2\x82", "\\xe2\\x82");
	check("\xc0\x80", "\\xc0\\x80");
	check("\xe0\x80\x80", "\\xe0\\x80\\x80");
	check("\xed\xa0\x80", "\\xed\\xa0\\x80");
	check("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	check("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
}

/* Any bytes: one line, no control character, and no longer than it has to be. */
static void makes_one_line_of_anything(void **state MKP_UNUSED)
{
	struct random_source random = { 1 };

	for (int i = 0; i < 2000; i++) {
		char string[17] = "", *text = NULL;

		for (size_t at = 0; at < 16; at++)
			string[at] = (char)(random_below(&random, 255) + 1);
		assert_null(mkp_text_escape_string(string, &text));
		for (const char *c = text; *c; c++)
			assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
		assert_true(strlen(text) <= 4 * strlen(string));
		assert_true(mkp_text_width(text) <= strlen(text));
		free(text);
	}
}

static void counts_columns(void **state MKP_UNUSED)
{
	assert_int_equal(mkp_text_width(""), 0);
	assert_int_equal(mkp_text_width("abc"), 3);
	assert_int_equal(mkp_text_width("\u00e4\u20ac\U0001f427"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_what_is_visible),
		cmocka_unit_test(escapes_the_rest),
		cmocka_unit_test(escapes_invalid_sequences),
		cmocka_unit_test(makes_one_line_of_anything),
		cmocka_unit_test(counts_columns),
	};

	return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
