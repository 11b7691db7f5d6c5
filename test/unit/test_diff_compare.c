// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support_scene.h"

/* movl 0(%rip), %eax; nop; ret: a relocation at 2, a byte to change at 6. */
#define READ "\x8b\x05\x00\x00\x00\x00\x90\xc3"
#define FUNCTION(code, ...)                                                              \
	{                                                                                \
		".text.f", "f", STB_GLOBAL, STT_FUNC, code, sizeof(code) - 1,            \
		{                                                                        \
			__VA_ARGS__                                                      \
		}                                                                        \
	}
#define READS(what, addend)                                                              \
	{                                                                                \
		2, R_X86_64_PC32, what, addend                                           \
	}
#define NO_RELOC                                                                         \
	{                                                                                \
		0, 0, NULL, 0                                                            \
	}
#define EXTERN(name)                                                                     \
	{                                                                                \
		NULL, name, STB_GLOBAL, STT_NOTYPE, NULL, 0,                             \
		{                                                                        \
		}                                                                        \
	}

/* Compares, and asserts the state of f and the cause. */
static struct mkp_cause compare_f(const struct scene_thing *orig, size_t nr_orig,
				  const struct scene_thing *patched, size_t nr_patched,
				  enum mkp_cause_kind kind)
{
	struct scene_pair pair;
	struct mkp_cause cause;
	char *text = NULL;

	scene_pair_init(&pair, orig, nr_orig, patched, nr_patched);
	assert_int_equal(scene_state(&pair, "f"),
			 kind ? MKP_STATE_CHANGED : MKP_STATE_SAME);
	assert_int_equal(mkp_diff_is_unchanged(pair.diff), !kind);
	cause = pair.diff->cause[scene_atom(&pair.patched, "f")];
	assert_int_equal(cause.kind, kind);
	if (kind) {
		assert_null(mkp_cause_describe(pair.diff, scene_atom(&pair.patched, "f"),
					       &text));
		assert_true(strlen(text) > 5);
		assert_null(strchr(text, '\n'));
		free(text);
	}
	scene_pair_deinit(&pair);
	return cause;
}

#define COMPARE(orig, patched, kind)                                                     \
	compare_f(orig, MKP_ARRAY_SIZE(orig), patched, MKP_ARRAY_SIZE(patched), kind)

static void bytes(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = { FUNCTION(READ, READS("x", -4)),
						EXTERN("x") };
	static const struct scene_thing other[] = {
		FUNCTION("\x8b\x05\x00\x00\x00\x00\xcc\xc3", READS("x", -4)),
		EXTERN("x"),
	};
	static const struct scene_thing longer[] = {
		FUNCTION(READ "\xc3", READS("x", -4)),
		EXTERN("x"),
	};
	/* The field of a relocation is no content. */
	static const struct scene_thing field[] = {
		FUNCTION("\x8b\x05\x01\x02\x03\x04\x90\xc3", READS("x", -4)),
		EXTERN("x"),
	};

	COMPARE(a, a, MKP_CAUSE_NONE);
	COMPARE(a, field, MKP_CAUSE_NONE);
	assert_int_equal(COMPARE(a, other, MKP_CAUSE_BYTES).place, 6);
	COMPARE(a, longer, MKP_CAUSE_SIZE);
	COMPARE(longer, a, MKP_CAUSE_SIZE);
}

static void references(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		FUNCTION(READ, READS("x", -4)),
		EXTERN("x"),
		EXTERN("y"),
	};
	static const struct scene_thing target[] = {
		FUNCTION(READ, READS("y", -4)),
		EXTERN("x"),
		EXTERN("y"),
	};
	static const struct scene_thing offset[] = {
		FUNCTION(READ, READS("x", 0)),
		EXTERN("x"),
		EXTERN("y"),
	};
	static const struct scene_thing none[] = {
		FUNCTION(READ, NO_RELOC),
		EXTERN("x"),
		EXTERN("y"),
	};
	static const struct scene_thing plt[] = {
		FUNCTION(READ, { 2, R_X86_64_PLT32, "x", -4 }),
		EXTERN("x"),
		EXTERN("y"),
	};
	static const struct scene_thing absolute[] = {
		FUNCTION(READ, { 2, R_X86_64_32S, "x", 0 }),
		EXTERN("x"),
		EXTERN("y"),
	};
	struct mkp_cause cause;

	assert_int_equal(COMPARE(a, target, MKP_CAUSE_TARGET).place, 2);
	COMPARE(a, offset, MKP_CAUSE_TARGET);
	COMPARE(a, absolute, MKP_CAUSE_TARGET);
	COMPARE(a, plt, MKP_CAUSE_NONE);
	/* The bytes are the same. Without relocation the operand is a place of its own.
	 */
	cause = COMPARE(a, none, MKP_CAUSE_MISSING);
	assert_int_equal(cause.patched_ref, MKP_NO_REF);
	assert_int_not_equal(cause.orig_ref, MKP_NO_REF);
	cause = COMPARE(none, a, MKP_CAUSE_MISSING);
	assert_int_equal(cause.orig_ref, MKP_NO_REF);
}

#define STRINGS(bytes)                                                                   \
	{                                                                                \
		".rodata.str1.1", NULL, 0, 0, bytes, sizeof(bytes),                      \
		{                                                                        \
		}                                                                        \
	}
#define POINTS(addend)                                                                   \
	{                                                                                \
		3, R_X86_64_32S, ".rodata.str1.1", addend                                \
	}
#define LOAD "\x48\xc7\xc7\x00\x00\x00\x00\xc3"

static void strings_by_their_text(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = { FUNCTION(LOAD, POINTS(0)),
						STRINGS("hello") };
	static const struct scene_thing moved[] = {
		FUNCTION(LOAD, POINTS(6)),
		STRINGS("first\0hello"),
	};
	static const struct scene_thing tail[] = {
		FUNCTION(LOAD, POINTS(3)),
		STRINGS("a, hello"),
	};
	static const struct scene_thing other[] = {
		FUNCTION(LOAD, POINTS(0)),
		STRINGS("hellO"),
	};
	static const struct scene_thing longer[] = {
		FUNCTION(LOAD, POINTS(0)),
		STRINGS("hello!"),
	};

	COMPARE(a, moved, MKP_CAUSE_NONE);
	COMPARE(a, tail, MKP_CAUSE_NONE);
	COMPARE(a, other, MKP_CAUSE_TARGET);
	COMPARE(a, longer, MKP_CAUSE_TARGET);
	COMPARE(longer, a, MKP_CAUSE_TARGET);
}

#define TABLE(name, bytes, ...)                                                          \
	{                                                                                \
		".rodata." name, name, STB_LOCAL, STT_OBJECT, bytes, 8,                  \
		{                                                                        \
			__VA_ARGS__                                                      \
		}                                                                        \
	}

static void values_by_their_content(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		FUNCTION(LOAD, { 3, R_X86_64_32S, "CSWTCH.1", 0 }),
		TABLE("CSWTCH.1", "\1\2\3\4\5\6\7"),
	};
	static const struct scene_thing renumbered[] = {
		FUNCTION(LOAD, { 3, R_X86_64_32S, "CSWTCH.7", 0 }),
		TABLE("CSWTCH.1", "\7\2\3\4\5\6\7"),
		TABLE("CSWTCH.7", "\1\2\3\4\5\6\7"),
	};
	static const struct scene_thing other[] = {
		FUNCTION(LOAD, { 3, R_X86_64_32S, "CSWTCH.1", 0 }),
		TABLE("CSWTCH.1", "\1\2\3\4\5\6\1"),
	};
	/* A table that points to another one. */
	static const struct scene_thing deep[] = {
		FUNCTION(LOAD, { 3, R_X86_64_32S, "CSWTCH.1", 0 }),
		TABLE("CSWTCH.1", NULL, { 0, R_X86_64_64, "CSWTCH.2", 0 }),
		TABLE("CSWTCH.2", "\1\2\3\4\5\6\1"),
	};
	static const struct scene_thing deeper[] = {
		FUNCTION(LOAD, { 3, R_X86_64_32S, "CSWTCH.1", 0 }),
		TABLE("CSWTCH.1", NULL, { 0, R_X86_64_64, "CSWTCH.2", 0 }),
		TABLE("CSWTCH.2", "\1\2\3\4\5\6\2"),
	};

	COMPARE(a, renumbered, MKP_CAUSE_NONE);
	COMPARE(a, other, MKP_CAUSE_TARGET);
	COMPARE(deep, deep, MKP_CAUSE_NONE);
	COMPARE(deep, deeper, MKP_CAUSE_TARGET);
}

/* Values that refer to each other: it must come to an end. */
static void circles(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		FUNCTION(LOAD, { 3, R_X86_64_32S, "CSWTCH.1", 0 }),
		TABLE("CSWTCH.1", NULL, { 0, R_X86_64_64, "CSWTCH.2", 0 }),
		TABLE("CSWTCH.2", NULL, { 0, R_X86_64_64, "CSWTCH.1", 0 }),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, a, a);
	scene_pair_deinit(&pair);
}

#define ENTRY(bytes, fixup)                                                              \
	{                                                                                \
		"__ex_table", NULL, 0, 0, bytes, 12,                                     \
		{                                                                        \
			{ 0, R_X86_64_PC32, "f", 0 },                                    \
			{                                                                \
				4, R_X86_64_PC32, "f", fixup                             \
			}                                                                \
		}                                                                        \
	}
#define PLAIN FUNCTION(READ, NO_RELOC)
#define TYPE3 "\0\0\0\0\0\0\0\0\3\0\0\0"

static void entries_are_content(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = { PLAIN, ENTRY(TYPE3, 10) };
	static const struct scene_thing fixup[] = { PLAIN, ENTRY(TYPE3, 11) };
	static const struct scene_thing type[] = {
		PLAIN,
		ENTRY("\0\0\0\0\0\0\0\0\4\0\0\0", 10),
	};
	static const struct scene_thing none[] = { PLAIN };

	COMPARE(a, a, MKP_CAUSE_NONE);
	COMPARE(a, fixup, MKP_CAUSE_TABLE);
	COMPARE(a, type, MKP_CAUSE_TABLE);
	COMPARE(none, a, MKP_CAUSE_TABLE);
	assert_int_equal(COMPARE(a, none, MKP_CAUSE_TABLE).part, MKP_NO_ATOM);
}

/* struct bug_entry: the line is the low half of the word at 8. */
static void lines_of_records_are_not(void **state MKP_UNUSED)
{
#define BUG(bytes)                                                                       \
	{                                                                                \
		"__bug_table", NULL, 0, 0, bytes, 12,                                    \
		{                                                                        \
			{                                                                \
				0, R_X86_64_PC32, "f", 0                                 \
			}                                                                \
		}                                                                        \
	}
	static const struct scene_thing a[] = { PLAIN, BUG("\0\0\0\0\0\0\0\0\5\1\1\2") };
	static const struct scene_thing line[] = { PLAIN,
						   BUG("\0\0\0\0\0\0\0\0\6\2\1\2") };
	static const struct scene_thing flags[] = { PLAIN,
						    BUG("\0\0\0\0\0\0\0\0\5\1\2\2") };

	COMPARE(a, line, MKP_CAUSE_NONE);
	COMPARE(a, flags, MKP_CAUSE_TABLE);
}

static void tables_that_say_nothing_new_are_not(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = { PLAIN };
	static const struct scene_thing listed[] = {
		PLAIN,
		{ "__mcount_loc", NULL, 0, 0, NULL, 8, { { 0, R_X86_64_64, "f", 0 } } },
		{ ".return_sites",
		  NULL,
		  0,
		  0,
		  NULL,
		  4,
		  { { 0, R_X86_64_PC32, "f", 6 } } },
	};

	COMPARE(a, listed, MKP_CAUSE_NONE);
}

static void a_part_is_its_function(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		PLAIN,
		{ ".text.unlikely.f", "f.cold", STB_LOCAL, STT_FUNC, "\x90\xc3", 2, {} },
	};
	static const struct scene_thing other[] = {
		PLAIN,
		{ ".text.unlikely.f", "f.cold", STB_LOCAL, STT_FUNC, "\xcc\xc3", 2, {} },
	};
	static const struct scene_thing whole[] = { PLAIN };

	COMPARE(a, a, MKP_CAUSE_NONE);
	COMPARE(a, other, MKP_CAUSE_PART);
	COMPARE(whole, a, MKP_CAUSE_PART);
}

static void a_section_of_another_kind_is_a_change(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = { PLAIN };
	struct scene_thing moved[] = { PLAIN };

	moved[0].section = ".text.unlikely.f";
	COMPARE(a, moved, MKP_CAUSE_NONE);
	moved[0].section = ".init.text";
	COMPARE(a, moved, MKP_CAUSE_SECTION);
}

static void memory_that_no_file_holds_is_zero(void **state MKP_UNUSED)
{
	static const struct scene_thing bss[] = {
		{ ".bss.f", "f", STB_GLOBAL, STT_OBJECT, NULL, 8, {} },
	};
	static const struct scene_thing zero[] = {
		{ ".data.f", "f", STB_GLOBAL, STT_OBJECT, NULL, 8, {} },
	};
	static const struct scene_thing one[] = {
		{ ".data.f", "f", STB_GLOBAL, STT_OBJECT, "\0\0\1\0\0\0\0", 8, {} },
	};

	COMPARE(bss, zero, MKP_CAUSE_NONE);
	assert_int_equal(COMPARE(bss, one, MKP_CAUSE_BYTES).place, 2);
}

/* An initcall: nothing refers to it, but it does something. An export never counts. */
static void records_that_the_kernel_reads(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = { PLAIN };
	static const struct scene_thing called[] = {
		PLAIN,
		{ ".initcall6.init", "i", STB_LOCAL, STT_OBJECT, NULL, 4, {} },
	};
	static const struct scene_thing exported[] = {
		PLAIN,
		{ "___ksymtab+f", "__ksymtab_f", STB_LOCAL, STT_OBJECT, NULL, 8, {} },
	};
	static const struct scene_thing more[] = {
		PLAIN,
		{ ".text.g", "g", STB_GLOBAL, STT_FUNC, "\xc3", 1, {} },
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, a, called);
	assert_false(mkp_diff_is_unchanged(pair.diff));
	scene_pair_deinit(&pair);
	SCENE_PAIR(&pair, called, a);
	assert_false(mkp_diff_is_unchanged(pair.diff));
	scene_pair_deinit(&pair);
	SCENE_PAIR(&pair, a, exported);
	assert_true(mkp_diff_is_unchanged(pair.diff));
	scene_pair_deinit(&pair);
	SCENE_PAIR(&pair, a, more);
	assert_int_equal(scene_state(&pair, "g"), MKP_STATE_NEW);
	assert_true(mkp_diff_is_unchanged(pair.diff));
	assert_int_equal(pair.diff->nr_functions, 1);
	scene_pair_deinit(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(references),
		cmocka_unit_test(strings_by_their_text),
		cmocka_unit_test(values_by_their_content),
		cmocka_unit_test(circles),
		cmocka_unit_test(entries_are_content),
		cmocka_unit_test(lines_of_records_are_not),
		cmocka_unit_test(tables_that_say_nothing_new_are_not),
		cmocka_unit_test(a_part_is_its_function),
		cmocka_unit_test(a_section_of_another_kind_is_a_change),
		cmocka_unit_test(memory_that_no_file_holds_is_zero),
		cmocka_unit_test(records_that_the_kernel_reads),
	};

	return cmocka_run_group_tests_name("diff/compare", tests, NULL, NULL);
}
