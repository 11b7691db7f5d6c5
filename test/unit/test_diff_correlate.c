// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support_scene.h"

/* movl 0(%rip), %eax; ret, with a relocation at 2; and the same for another function. */
#define READ "\x8b\x05\x00\x00\x00\x00\xc3"
#define FUNCTION(name, ...)                                                              \
	{                                                                                \
		".text." name, name, STB_GLOBAL, STT_FUNC, READ, 7,                      \
		{                                                                        \
			__VA_ARGS__                                                      \
		}                                                                        \
	}
#define READS(what)                                                                      \
	{                                                                                \
		2, R_X86_64_PC32, what, -4                                               \
	}
#define VARIABLE(name, bytes)                                                            \
	{                                                                                \
		".data." name, name, STB_LOCAL, STT_OBJECT, bytes, 4,                    \
		{                                                                        \
		}                                                                        \
	}

static enum mkp_tier tier(const struct scene_pair *pair, const char *name)
{
	return pair->diff->tier[scene_atom(&pair->patched, name)];
}

static void same_names_are_pairs(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", READS("x")),
		VARIABLE("x", NULL),
	};
	static const struct scene_thing patched[] = {
		VARIABLE("x", "\1\0\0"),
		FUNCTION("f", READS("x")),
		FUNCTION("g", READS("x")),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "f"), "f");
	assert_string_equal(scene_twin(&pair, "x"), "x");
	assert_string_equal(scene_twin(&pair, "g"), "");
	assert_int_equal(tier(&pair, "x"), MKP_TIER_NAME);
	assert_int_equal(tier(&pair, "g"), MKP_TIER_NONE);
	scene_pair_deinit(&pair);
}

static void another_kind_is_no_pair(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = { FUNCTION("f", { 0, 0, NULL, 0 }) };
	static const struct scene_thing patched[] = { VARIABLE("f", NULL) };
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "f"), "");
	scene_pair_deinit(&pair);
}

static void a_binding_may_change(void **state MKP_UNUSED)
{
	struct scene_thing orig[] = { FUNCTION("f", { 0, 0, NULL, 0 }) };
	static const struct scene_thing patched[] = { FUNCTION("f", { 0, 0, NULL, 0 }) };
	struct scene_pair pair;

	orig[0].bind = STB_LOCAL;
	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "f"), "f");
	scene_pair_deinit(&pair);
}

static void the_only_ones_of_a_canonical_name(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", READS("x.0")),
		VARIABLE("x.0", NULL),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", READS("x.4")),
		VARIABLE("x.4", "\1\0\0"),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "x.4"), "x.0");
	assert_int_equal(tier(&pair, "x.4"), MKP_TIER_CANONICAL);
	scene_pair_deinit(&pair);
}

/* Numbers swapped: the name x.0 occurs on both sides and means nothing. */
static void content_decides(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", READS("x.0")),
		FUNCTION("f.cold", READS("x.1")),
		VARIABLE("x.0", "\1\0\0"),
		VARIABLE("x.1", "\2\0\0"),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", READS("x.1")),
		FUNCTION("f.cold", READS("x.0")),
		VARIABLE("x.0", "\2\0\0"),
		VARIABLE("x.1", "\1\0\0"),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "x.0"), "x.1");
	assert_string_equal(scene_twin(&pair, "x.1"), "x.0");
	assert_int_equal(tier(&pair, "x.0"), MKP_TIER_CONTENT);
	assert_true(mkp_diff_is_unchanged(pair.diff));
	scene_pair_deinit(&pair);
}

static void referrers_decide(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", READS("x.0")),
		FUNCTION("g", READS("x.1")),
		VARIABLE("x.0", NULL),
		VARIABLE("x.1", NULL),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", READS("x.1")),
		FUNCTION("g", READS("x.0")),
		VARIABLE("x.0", NULL),
		VARIABLE("x.1", "\1\0\0"),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "x.1"), "x.0");
	assert_string_equal(scene_twin(&pair, "x.0"), "x.1");
	scene_pair_deinit(&pair);
}

static void what_is_left_may_be_unique(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", READS("x.0")),
		FUNCTION("g", READS("x.1")),
		VARIABLE("x.0", "\1\0\0"),
		VARIABLE("x.1", "\2\0\0"),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", READS("x.0")), FUNCTION("g", READS("x.1")),
		FUNCTION("h", READS("x.2")), VARIABLE("x.0", "\1\0\0"),
		VARIABLE("x.1", "\7\0\0"),	     VARIABLE("x.2", "\7\0\0"),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "x.0"), "x.0");
	assert_string_equal(scene_twin(&pair, "x.1"), "x.1");
	assert_string_equal(scene_twin(&pair, "x.2"), "");
	assert_int_equal(tier(&pair, "x.2"), MKP_TIER_NONE);
	scene_pair_deinit(&pair);
}

static void a_tie_is_no_pair(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", READS("x.0")),
		VARIABLE("x.0", NULL),
	};
	static const struct scene_thing patched[] = {
		{ ".text.f",
		  "f",
		  STB_GLOBAL,
		  STT_FUNC,
		  READ READ,
		  14,
		  { READS("x.0"), { 9, R_X86_64_PC32, "x.1", -4 } } },
		VARIABLE("x.0", NULL),
		VARIABLE("x.1", NULL),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "x.0"), "");
	assert_string_equal(scene_twin(&pair, "x.1"), "");
	assert_int_equal(tier(&pair, "x.0"), MKP_TIER_AMBIGUOUS);
	assert_int_equal(tier(&pair, "x.1"), MKP_TIER_AMBIGUOUS);
	assert_int_equal(pair.diff->orig_tier[scene_atom(&pair.orig, "x.0")],
			 MKP_TIER_AMBIGUOUS);
	scene_pair_deinit(&pair);
}

/* Gone from f, new in g: two variables, and nothing says so but the functions. */
static void a_static_local_belongs_to_its_function(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", READS("x.0")),
		FUNCTION("g", READS("y")),
		VARIABLE("x.0", NULL),
		VARIABLE("y", NULL),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", READS("y")),
		FUNCTION("g", READS("x.0")),
		VARIABLE("x.0", NULL),
		VARIABLE("y", NULL),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "x.0"), "");
	assert_int_equal(tier(&pair, "x.0"), MKP_TIER_AMBIGUOUS);
	assert_string_equal(scene_twin(&pair, "y"), "y");
	scene_pair_deinit(&pair);
}

/* A clone keeps the variable of its function, whatever the clone is called. */
static void clones_are_one_family(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", READS("x.0")),
		VARIABLE("x.0", NULL),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f.constprop.0", READS("x.3")),
		VARIABLE("x.3", NULL),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_string_equal(scene_twin(&pair, "x.3"), "x.0");
	assert_string_equal(scene_twin(&pair, "f.constprop.0"), "");
	scene_pair_deinit(&pair);
}

static void tiers_have_names(void **state MKP_UNUSED)
{
	assert_string_equal(mkp_tier_name(MKP_TIER_NAME), "name");
	assert_string_equal(mkp_tier_name(MKP_TIER_AMBIGUOUS), "ambiguous");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_names_are_pairs),
		cmocka_unit_test(another_kind_is_no_pair),
		cmocka_unit_test(a_binding_may_change),
		cmocka_unit_test(the_only_ones_of_a_canonical_name),
		cmocka_unit_test(content_decides),
		cmocka_unit_test(referrers_decide),
		cmocka_unit_test(what_is_left_may_be_unique),
		cmocka_unit_test(a_tie_is_no_pair),
		cmocka_unit_test(a_static_local_belongs_to_its_function),
		cmocka_unit_test(clones_are_one_family),
		cmocka_unit_test(tiers_have_names),
	};

	return cmocka_run_group_tests_name("diff/correlate", tests, NULL, NULL);
}
