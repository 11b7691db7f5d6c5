// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "diff/overrides.h"
#include "support_scene.h"

#define FUNCTION(name, byte)                                                             \
	{                                                                                \
		".text." name, name, STB_GLOBAL, STT_FUNC, byte "\xc3", 2,               \
		{                                                                        \
		}                                                                        \
	}
#define VARIABLE(name)                                                                   \
	{                                                                                \
		".data." name, name, STB_LOCAL, STT_OBJECT, "\1\2\3\4", 4,               \
		{                                                                        \
		}                                                                        \
	}

static const struct scene_thing orig[] = {
	FUNCTION("f", "\x90"), FUNCTION("g", "\x90"), FUNCTION("gone", "\x90"),
	VARIABLE("v"),	       VARIABLE("w"),
};
static const struct scene_thing patched[] = {
	FUNCTION("f", "\xcc"), FUNCTION("g", "\x90"), FUNCTION("fresh", "\x90"),
	VARIABLE("v"),	       VARIABLE("w"),
};

static struct mkp_error *read_text(const char *text, size_t size,
				   struct mkp_overrides *overrides)
{
	char path[] = "/tmp/mkp-rules-XXXXXX";
	int fd = mkstemp(path);
	struct mkp_error *error;

	assert_true(fd >= 0);
	assert_true(write(fd, text, size) == (ssize_t)size);
	assert_int_equal(close(fd), 0);
	mkp_overrides_init(overrides);
	error = mkp_overrides_read(overrides, path);
	assert_int_equal(unlink(path), 0);
	return error;
}

/* The message for a file, "" if it is fine. */
static char *message_of(const char *text, size_t size)
{
	struct mkp_overrides overrides;
	struct mkp_error *error = read_text(text, size, &overrides);
	char *message = error ? mkp_error_string(error) : strdup("");

	mkp_error_destroy(error);
	mkp_overrides_deinit(&overrides);
	assert_non_null(message);
	return message;
}

#define REFUSED(text, part)                                                              \
	do {                                                                             \
		char *message = message_of(text, sizeof(text) - 1);                      \
                                                                                         \
		assert_non_null(strstr(message, part));                                  \
		free(message);                                                           \
	} while (0)

static void every_form(void **state MKP_UNUSED)
{
	static const char text[] =
		"# first\n\n  a = b  \nnew\tx\n"
		"ignore-function f.c:g: it: is # fine\r\n"
		"ignore-section .data*: none\ninclude-function h: why\n"
		"new = new.1";
	static const char *const rules[] = { "a = b",
					     "new x",
					     "ignore-function f.c:g: it: is # fine",
					     "ignore-section .data*: none",
					     "include-function h: why",
					     "new = new.1" };
	struct mkp_overrides overrides;

	assert_null(read_text(text, sizeof(text) - 1, &overrides));
	assert_int_equal(overrides.nr_rules, MKP_ARRAY_SIZE(rules));
	for (size_t i = 0; i < overrides.nr_rules; i++) {
		char *described;

		assert_null(mkp_override_describe(&overrides.rules[i], &described));
		assert_string_equal(described, rules[i]);
		free(described);
	}
	assert_string_equal(overrides.rules[2].name, "f.c:g");
	assert_string_equal(overrides.rules[2].reason, "it: is # fine");
	assert_non_null(strstr(overrides.rules[0].origin, ":3"));
	mkp_overrides_deinit(&overrides);
}

static void what_is_no_rule(void **state MKP_UNUSED)
{
	REFUSED("# fine\nfrobnicate f\n", ":2: not a rule");
	REFUSED("ignore-function f\n", ":1: say why");
	REFUSED("ignore-function f:\n", "say why");
	REFUSED("ignore-section .data: \n", "say why");
	REFUSED("new \n", "name is missing");
	REFUSED("a = \n", "name is missing");
	REFUSED(" = b\n", "name is missing");
	REFUSED("new x\0y\n", "not text");
	REFUSED("#\0\n", "not text");
}

static void a_file_that_is_not_there(void **state MKP_UNUSED)
{
	struct mkp_overrides overrides;
	struct mkp_error *error;

	mkp_overrides_init(&overrides);
	error = mkp_overrides_read(&overrides, "/nonexistent/rules");
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_IO);
	mkp_error_destroy(error);
	mkp_overrides_deinit(&overrides);
}

/* Applies one rule to the pair above; the message, "" if it is fine. */
static char *apply(const char *rule, struct scene_pair *pair)
{
	struct mkp_overrides overrides;
	struct mkp_diff *diff;
	struct mkp_error *error = read_text(rule, strlen(rule), &overrides);
	char *message;

	assert_null(error);
	SCENE_PAIR(pair, orig, patched);
	assert_null(mkp_diff_create(pair->orig.graph, pair->patched.graph, &diff));
	error = mkp_overrides_settle(&overrides, diff);
	if (!error)
		error = mkp_correlate(diff);
	if (!error)
		error = mkp_compare(diff, NULL, NULL);
	if (!error)
		error = mkp_overrides_apply(&overrides, diff);
	message = error ? mkp_error_string(error)
			: strdup(overrides.rules[0].applied ? "applied" : "");
	mkp_selection_destroy(pair->selection);
	mkp_diff_destroy(pair->diff);
	pair->selection = NULL;
	pair->diff = diff;
	mkp_error_destroy(error);
	mkp_overrides_deinit(&overrides);
	return message;
}

static void assert_applies(const char *rule, const char *part)
{
	struct scene_pair pair;
	char *message = apply(rule, &pair);

	if (!strstr(message, part))
		print_error("%s: %s\n", rule, message);
	assert_non_null(strstr(message, part));
	free(message);
	scene_pair_deinit(&pair);
}

static void rules_that_fit_nothing(void **state MKP_UNUSED)
{
	assert_applies("new nothing", "has no symbol 'nothing'");
	assert_applies("a = f", "has no symbol 'a'");
	assert_applies("f = v", "of different kinds");
	assert_applies("ignore-function v: x", "is not a function");
	assert_applies("ignore-function fresh: x", "is new");
	assert_applies("include-function fresh: x", "is new");
	assert_applies("ignore-section .none: x", "neither object has");
	assert_applies("new other.c:f", "has no symbol 'other.c:f'");
	assert_applies("gone = fresh\ngone = f", "contradicts");
	assert_applies("gone = fresh\nnew fresh", "contradicts");
	assert_applies("new fresh\ngone = fresh", "contradicts");
}

static void rules_that_fit(void **state MKP_UNUSED)
{
	struct scene_pair pair;

	free(apply("gone = fresh", &pair));
	assert_string_equal(scene_twin(&pair, "fresh"), "gone");
	assert_int_equal(pair.diff->tier[scene_atom(&pair.patched, "fresh")],
			 MKP_TIER_USER);
	scene_pair_deinit(&pair);
	free(apply("new v", &pair));
	assert_int_equal(scene_state(&pair, "v"), MKP_STATE_NEW);
	assert_int_equal(scene_state(&pair, "w"), MKP_STATE_SAME);
	scene_pair_deinit(&pair);
	assert_applies("ignore-function f: x", "applied");
	assert_applies("ignore-section .text.*: x", "applied");
	assert_applies("include-function g: x", "applied");
	free(apply("ignore-function f: x", &pair));
	assert_int_equal(scene_state(&pair, "f"), MKP_STATE_SAME);
	assert_true(mkp_diff_is_unchanged(pair.diff));
	scene_pair_deinit(&pair);
	free(apply("include-function g: x", &pair));
	assert_int_equal(pair.diff->mark[scene_atom(&pair.patched, "g")],
			 MKP_MARK_INCLUDED);
	scene_pair_deinit(&pair);
	free(apply("ignore-function g: x", &pair));
	assert_int_equal(scene_state(&pair, "f"), MKP_STATE_CHANGED);
	scene_pair_deinit(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form),
		cmocka_unit_test(what_is_no_rule),
		cmocka_unit_test(a_file_that_is_not_there),
		cmocka_unit_test(rules_that_fit_nothing),
		cmocka_unit_test(rules_that_fit),
	};

	return cmocka_run_group_tests_name("diff/overrides", tests, NULL, NULL);
}
