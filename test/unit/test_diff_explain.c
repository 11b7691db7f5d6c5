// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diff/explain.h"
#include "support_scene.h"

/* call __fentry__; then what is given. */
#define ENTRY "\xe8\x00\x00\x00\x00"
#define TRACED                                                                           \
	{                                                                                \
		1, R_X86_64_PLT32, "__fentry__", -4                                      \
	}
#define FUNCTION(section, name, bind, code, ...)                                         \
	{                                                                                \
		section, name, bind, STT_FUNC, code, sizeof(code) - 1,                   \
		{                                                                        \
			__VA_ARGS__                                                      \
		}                                                                        \
	}
#define EXTERN(name)                                                                     \
	{                                                                                \
		NULL, name, STB_GLOBAL, STT_NOTYPE, NULL, 0,                             \
		{                                                                        \
		}                                                                        \
	}
#define STRINGS(bytes)                                                                   \
	{                                                                                \
		".rodata.str1.1", NULL, 0, 0, bytes, sizeof(bytes),                      \
		{                                                                        \
		}                                                                        \
	}

struct explained {
	struct scene_pair pair;
	struct mkp_arena arena;
	struct mkp_explainer explainer;
	struct mkp_explanation why;
};

static void explain(struct explained *explained, const struct scene_thing *orig,
		    size_t nr_orig, const struct scene_thing *patched, size_t nr_patched,
		    const char *name)
{
	scene_pair_init(&explained->pair, orig, nr_orig, patched, nr_patched);
	mkp_arena_init(&explained->arena);
	assert_null(mkp_explainer_init(&explained->explainer, explained->pair.diff,
				       explained->pair.selection, &explained->arena));
	assert_null(mkp_explain(&explained->explainer,
				scene_atom(&explained->pair.patched, name),
				&explained->why));
	assert_non_null(explained->why.steps);
}

#define EXPLAIN(explained, orig, patched, name)                                          \
	explain(explained, orig, MKP_ARRAY_SIZE(orig), patched, MKP_ARRAY_SIZE(patched), \
		name)

static void done(struct explained *explained)
{
	mkp_explainer_deinit(&explained->explainer);
	mkp_arena_deinit(&explained->arena);
	scene_pair_deinit(&explained->pair);
}

/* Asserts kind and texts of a step; NULL: the side has none. */
static void assert_step(const struct explained *explained, size_t index, const char *kind,
			const char *orig, const char *patched)
{
	const char *const wanted[2] = { orig, patched };
	const struct mkp_report_step *step;

	assert_true(index < explained->why.nr_steps);
	step = &explained->why.steps[index];
	assert_string_equal(step->kind, kind);
	assert_non_null(step->text);
	assert_null(strchr(step->text, '\n'));
	for (int side = 0; side < 2; side++) {
		if (wanted[side])
			assert_string_equal(step->sides[side].text ?: "(none)",
					    wanted[side]);
		else
			assert_null(step->sides[side].text);
	}
}

static void an_instruction(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL,
			 ENTRY "\x90\x90\xb8\x01\x00\x00\x00\xc3", TRACED),
		EXTERN("__fentry__"),
	};
	static const struct scene_thing b[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL,
			 ENTRY "\x90\x90\xb8\x02\x00\x00\x00\xc3", TRACED),
		EXTERN("__fentry__"),
	};
	const struct mkp_report_side *side;
	struct explained explained;

	EXPLAIN(&explained, a, b, "f");
	assert_int_equal(explained.why.nr_steps, 1);
	assert_step(&explained, 0, "code", "mov $0x1, %eax", "mov $0x2, %eax");
	side = &explained.why.steps[0].sides[1];
	/* The byte that differs is at 8, in the instruction at 7. */
	assert_int_equal(side->offset, 7);
	assert_string_equal(side->bytes, "b802000000");
	assert_int_equal(side->nr_insns, 4);
	assert_string_equal(side->insns[1].text, "nop");
	assert_false(side->insns[1].differs);
	assert_true(side->insns[2].differs);
	assert_int_equal(side->insns[3].offset, 12);
	assert_int_equal(side->nr_frames, 0);
	done(&explained);
}

/* je over a nop, and over two; then what was added. */
static void a_branch_that_leads_further(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\x74\x02\x90\x90\xc3",
			 TRACED),
		EXTERN("__fentry__"),
	};
	static const struct scene_thing b[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\x74\x04\x90\xb0\x01\x90\xc3",
			 TRACED),
		EXTERN("__fentry__"),
	};
	/* Nothing but the branch differs: it is what is shown. */
	static const struct scene_thing c[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\x74\x01\x90\x90\xc3",
			 TRACED),
		EXTERN("__fentry__"),
	};
	/* Another condition is another instruction. */
	static const struct scene_thing d[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\x75\x02\x90\xcc\xc3",
			 TRACED),
		EXTERN("__fentry__"),
	};
	struct explained explained;

	EXPLAIN(&explained, a, b, "f");
	assert_step(&explained, 0, "code", "nop", "mov $0x1, %al");
	assert_int_equal(explained.why.steps[0].sides[1].offset, 8);
	assert_non_null(strstr(explained.why.steps[0].text, "f+0x6 is the first"));
	done(&explained);
	EXPLAIN(&explained, a, c, "f");
	assert_step(&explained, 0, "code", "je +0x9", "je +0x8");
	done(&explained);
	EXPLAIN(&explained, a, d, "f");
	assert_step(&explained, 0, "code", "je +0x9", "jne +0x9");
	done(&explained);
}

static void the_end_of_the_shorter_one(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\x90", TRACED),
		EXTERN("__fentry__"),
	};
	static const struct scene_thing b[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\x90\xc3", TRACED),
		EXTERN("__fentry__"),
	};
	struct explained explained;

	EXPLAIN(&explained, a, b, "f");
	assert_step(&explained, 0, "code", NULL, "ret");
	assert_false(explained.why.steps[0].sides[0].there);
	assert_int_equal(explained.why.steps[0].sides[0].offset, 6);
	done(&explained);
}

/* mov $text, %rdi */
#define LOAD ENTRY "\x48\xc7\xc7\x00\x00\x00\x00\xc3"
#define LOADS(to, addend)                                                                \
	TRACED,                                                                          \
	{                                                                                \
		8, R_X86_64_32S, to, addend                                              \
	}

static void a_string(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL, LOAD, LOADS(".rodata.str1.1", 0)),
		STRINGS("old"),
		EXTERN("__fentry__"),
	};
	static const struct scene_thing b[] = {
		FUNCTION(".text.f", "f", STB_GLOBAL, LOAD, LOADS(".rodata.str1.1", 0)),
		STRINGS("new\n"),
		EXTERN("__fentry__"),
	};
	const struct mkp_report_link *links;
	struct explained explained;
	size_t count;

	EXPLAIN(&explained, a, b, "f");
	assert_int_equal(explained.why.nr_steps, 2);
	assert_step(&explained, 0, "code", "mov $\"old\", %rdi", "mov $\"new\n\", %rdi");
	assert_step(&explained, 1, "string", "\"old\"", "\"new\n\"");
	/* The string came in for f; f for nothing but itself. */
	assert_int_equal(explained.pair.selection->nr_included, 2);
	assert_null(mkp_explain_inclusion(&explained.explainer,
					  explained.pair.selection->queue[1], &links,
					  &count));
	assert_int_equal(count, 1);
	assert_string_equal(links[0].name, "f");
	assert_null(mkp_explain_inclusion(&explained.explainer,
					  explained.pair.selection->queue[0], &links,
					  &count));
	assert_int_equal(count, 0);
	done(&explained);
}

/* A long string is shown around what differs. */
static void a_long_string(void **state MKP_UNUSED)
{
	static char texts[2][400];
	const struct scene_thing things[2][3] = {
		{ FUNCTION(".text.f", "f", STB_GLOBAL, LOAD, LOADS(".rodata.str1.1", 0)),
		  STRINGS(texts[0]), EXTERN("__fentry__") },
		{ FUNCTION(".text.f", "f", STB_GLOBAL, LOAD, LOADS(".rodata.str1.1", 0)),
		  STRINGS(texts[1]), EXTERN("__fentry__") },
	};
	struct explained explained;
	const char *text;

	memset(texts[0], 'x', sizeof(texts[0]) - 1);
	memset(texts[1], 'x', sizeof(texts[1]) - 1);
	texts[1][350] = 'Y';
	EXPLAIN(&explained, things[0], things[1], "f");
	text = explained.why.steps[1].sides[1].text;
	assert_non_null(strchr(text, 'Y'));
	assert_true(strlen(text) < 200);
	done(&explained);
}

/* f keeps its bytes; what its constant holds differs, at the second word. */
static void a_constant(void **state MKP_UNUSED)
{
	static const uint32_t old[4] = { 1, 2, 3, 4 }, new[4] = { 1, 7, 3, 4 };
#define TABLE(bytes)                                                                     \
	{                                                                                \
		".rodata.CSWTCH.1", "CSWTCH.1", STB_LOCAL, STT_OBJECT, bytes,            \
			sizeof(bytes),                                                   \
		{                                                                        \
		}                                                                        \
	}
	const struct scene_thing a[] = {
		TABLE(old),
		FUNCTION(".text.f", "f", STB_GLOBAL, LOAD, LOADS("CSWTCH.1", 0)),
		EXTERN("__fentry__"),
	};
	const struct scene_thing b[] = {
		TABLE(new),
		FUNCTION(".text.f", "f", STB_GLOBAL, LOAD, LOADS("CSWTCH.1", 0)),
		EXTERN("__fentry__"),
	};
	struct explained explained;

	EXPLAIN(&explained, a, b, "f");
	assert_int_equal(explained.why.nr_steps, 2);
	assert_step(&explained, 0, "code", "mov $CSWTCH.1, %rdi", "mov $CSWTCH.1, %rdi");
	assert_step(&explained, 1, "constant", NULL, NULL);
	assert_int_equal(explained.why.steps[1].sides[0].offset, 4);
	assert_string_equal(explained.why.steps[1].sides[0].bytes,
			    "020000000300000004000000");
	assert_string_equal(explained.why.steps[1].sides[1].bytes,
			    "070000000300000004000000");
	done(&explained);
}

/* call g; ret */
#define CALL   ENTRY "\xe8\x00\x00\x00\x00\xc3"
#define CALLER FUNCTION(".text.f", "f", STB_GLOBAL, CALL, TRACED, CALLS_G)
#define CALLS_G                                                                          \
	{                                                                                \
		6, R_X86_64_PLT32, "g", -4                                               \
	}

/* g has no call site, so f is replaced for it. */
static void a_callee(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = {
		FUNCTION(".text.g", "g", STB_LOCAL, "\xb8\x01\x00\x00\x00\xc3"),
		CALLER,
		EXTERN("__fentry__"),
	};
	static const struct scene_thing b[] = {
		FUNCTION(".text.g", "g", STB_LOCAL, "\xb8\x02\x00\x00\x00\xc3"),
		CALLER,
		EXTERN("__fentry__"),
	};
	struct explained explained;

	EXPLAIN(&explained, a, b, "f");
	assert_int_equal(explained.why.nr_steps, 2);
	assert_step(&explained, 0, "callee", NULL, NULL);
	assert_string_equal(explained.why.steps[0].name, "g");
	assert_step(&explained, 1, "code", "mov $0x1, %eax", "mov $0x2, %eax");
	assert_string_equal(explained.why.steps[1].name, "g");
	done(&explained);
}

static void a_part(void **state MKP_UNUSED)
{
#define PART(code) FUNCTION(".text.unlikely.f", "f.cold", STB_LOCAL, code)
	static const struct scene_thing a[] = {
		PART("\x90\xb0\x01"),
		FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\xc3", TRACED),
		EXTERN("__fentry__"),
	};
	static const struct scene_thing b[] = {
		PART("\x90\xb0\x02"),
		FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\xc3", TRACED),
		EXTERN("__fentry__"),
	};
	struct explained explained;

	EXPLAIN(&explained, a, b, "f");
	assert_int_equal(explained.why.nr_steps, 2);
	assert_step(&explained, 0, "part", NULL, NULL);
	assert_step(&explained, 1, "code", "mov $0x1, %al", "mov $0x2, %al");
	done(&explained);
}

/* Two entries of the exception table, each with a fixup at an offset of f. */
#define EX_ENTRY(insn, fixup)                                                            \
	{                                                                                \
		"__ex_table", NULL, 0, 0, NULL, 12,                                      \
		{                                                                        \
			{ 0, R_X86_64_PC32, "f", insn },                                 \
				{ 4, R_X86_64_PC32, "f", fixup },                        \
		}                                                                        \
	}
#define PLAIN FUNCTION(".text.f", "f", STB_GLOBAL, ENTRY "\x90\x90\x90\xc3", TRACED)

static void an_entry(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = { PLAIN, EX_ENTRY(5, 6), EX_ENTRY(6, 7),
						EXTERN("__fentry__") };
	static const struct scene_thing field[] = { PLAIN, EX_ENTRY(5, 6), EX_ENTRY(6, 8),
						    EXTERN("__fentry__") };
	static const struct scene_thing gone[] = { PLAIN, EX_ENTRY(6, 7),
						   EXTERN("__fentry__") };
	struct explained explained;

	EXPLAIN(&explained, a, field, "f");
	assert_int_equal(explained.why.nr_steps, 1);
	assert_step(&explained, 0, "table-entry", "f+0x7", "f+0x8");
	assert_string_equal(explained.why.steps[0].field, "fixup");
	assert_non_null(strstr(explained.why.steps[0].text, "entry 1 of __ex_table"));
	done(&explained);

	/* The first one is gone, though the second is what stands in its place. */
	EXPLAIN(&explained, a, gone, "f");
	assert_step(&explained, 0, "table-entry", "nop", NULL);
	assert_non_null(strstr(explained.why.steps[0].text,
			       "only the original has entry 0 of __ex_table, for f+0x5"));
	done(&explained);

	EXPLAIN(&explained, gone, a, "f");
	assert_step(&explained, 0, "table-entry", NULL, "nop");
	assert_non_null(strstr(explained.why.steps[0].text, "only the patched object"));
	done(&explained);
}

static void what_is_the_same_has_no_steps(void **state MKP_UNUSED)
{
	static const struct scene_thing a[] = { PLAIN, EXTERN("__fentry__") };
	struct explained explained;

	EXPLAIN(&explained, a, a, "f");
	assert_int_equal(explained.why.nr_steps, 0);
	done(&explained);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instruction),
		cmocka_unit_test(a_branch_that_leads_further),
		cmocka_unit_test(the_end_of_the_shorter_one),
		cmocka_unit_test(a_string),
		cmocka_unit_test(a_long_string),
		cmocka_unit_test(a_constant),
		cmocka_unit_test(a_callee),
		cmocka_unit_test(a_part),
		cmocka_unit_test(an_entry),
		cmocka_unit_test(what_is_the_same_has_no_steps),
	};

	return cmocka_run_group_tests_name("diff/explain", tests, NULL, NULL);
}
