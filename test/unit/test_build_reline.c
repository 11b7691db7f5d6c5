// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "build/reline.h"
#include "support_random.h"

#define MAX_CHANGES 8

/* One change of diff(1) a word: "5a6,8 12d14". */
static void reline(const char *text, const char *changes, char **ret_text,
		   struct mkp_reline_counts *ret_counts)
{
	struct mkp_resume resumes[MAX_CHANGES];
	char *copy = strdup(changes), *state;
	size_t count = 0;

	assert_non_null(copy);
	for (char *word = strtok_r(copy, " ", &state); word;
	     word = strtok_r(NULL, " ", &state)) {
		assert_in_range(count, 0, MAX_CHANGES - 1);
		assert_true(mkp_resume_parse(word, &resumes[count++]));
	}
	assert_null(mkp_reline(text, resumes, count, ret_text, ret_counts));
	free(copy);
}

static void check(const char *text, const char *changes, const char *expected)
{
	struct mkp_reline_counts counts;
	char *result = NULL;

	reline(text, changes, &result, &counts);
	assert_string_equal(result, expected);
	free(result);
}

static void check_off(const char *text, const char *changes, size_t off)
{
	struct mkp_reline_counts counts;
	char *result = NULL;

	reline(text, changes, &result, &counts);
	assert_int_equal(counts.nr_off, off);
	free(result);
}

static void reads_changes(void **state MKP_UNUSED)
{
	struct mkp_resume resume;

	assert_true(mkp_resume_parse("5a6,8", &resume));
	assert_int_equal(resume.change, 6);
	assert_int_equal(resume.new_line, 9);
	assert_int_equal(resume.old_line, 6);
	assert_true(mkp_resume_parse("5,7d4", &resume));
	assert_int_equal(resume.change, 5);
	assert_int_equal(resume.new_line, 5);
	assert_int_equal(resume.old_line, 8);
	assert_true(mkp_resume_parse("2,3c2", &resume));
	assert_int_equal(resume.change, 2);
	assert_int_equal(resume.new_line, 3);
	assert_int_equal(resume.old_line, 4);
	assert_false(mkp_resume_parse("< 5a6", &resume));
	assert_false(mkp_resume_parse("5", &resume));
	assert_false(mkp_resume_parse("5a", &resume));
	assert_false(mkp_resume_parse("5,a6", &resume));
	assert_false(mkp_resume_parse("5x6", &resume));
	assert_false(mkp_resume_parse("---", &resume));
	assert_false(mkp_resume_parse("", &resume));
}

static void same_count_needs_nothing(void **state MKP_UNUSED)
{
	check("a\nB\nc\n", "2c2", "a\nB\nc\n");
	check("a\n", "", "a\n");
	check("", "", "");
}

static void added_and_removed(void **state MKP_UNUSED)
{
	check("a\nNEW\nb\nc\n", "1a2", "a\nNEW\n#line 2\nb\nc\n");
	check("a\nc\nd\n", "2d1", "a\n#line 3\nc\nd\n");
	/* Start and end of the file, one without a newline. */
	check("NEW\na\n", "0a1", "NEW\n#line 1\na\n");
	check("b\n", "1d0", "#line 2\nb\n");
	check("a\nNEW\n", "1a2", "a\nNEW\n");
	check("a\nNEW\nb", "1a2", "a\nNEW\n#line 2\nb");
	check("a\n", "2d1", "a\n");
}

/* The second takes back what the first has shifted, or adds to it. */
static void several_changes(void **state MKP_UNUSED)
{
	check("a\nN\nb\nd\n", "1a2 3d3", "a\nN\n#line 2\nb\n#line 4\nd\n");
	check("a\nN\nb\nM\nc\n", "1a2 2a4", "a\nN\n#line 2\nb\nM\n#line 3\nc\n");
	/* Adjacent: no line of the old file between them. */
	check("a\nN\nM\nc\nd\n", "1a2 2c3", "a\nN\nM\n#line 3\nc\nd\n");
}

static void not_in_a_macro(void **state MKP_UNUSED)
{
	check("#define M \\\n N \\\n b \\\n c\nd\n", "1a2",
	      "#define M \\\n N \\\n b \\\n c\n#line 4\nd\n");
	check_off("#define M \\\n N \\\n b \\\n c\nd\n", "1a2", 2);
}

static void not_in_arguments(void **state MKP_UNUSED)
{
	check("M(a,\n N,\n b);\nd\n", "1a2", "M(a,\n N,\n b);\n#line 3\nd\n");
	check("x[0\nN\n+ 1];\nd\n", "1a2", "x[0\nN\n+ 1];\n#line 3\nd\n");
	/* Parentheses in literals and comments are none. */
	check("a = '(';\nN\nb\n", "1a2", "a = '(';\nN\n#line 2\nb\n");
	check("a = \"(\\\"(\";\nN\nb\n", "1a2", "a = \"(\\\"(\";\nN\n#line 2\nb\n");
	check("a; // (\nN\nb\n", "1a2", "a; // (\nN\n#line 2\nb\n");
	check("a; /* ( */\nN\nb\n", "1a2", "a; /* ( */\nN\n#line 2\nb\n");
	check("#define M(a\nN\nb\n", "1a2", "#define M(a\nN\n#line 2\nb\n");
}

static void not_in_comments_and_literals(void **state MKP_UNUSED)
{
	check("/* a\n * N\n * b */\nd\n", "1a2", "/* a\n * N\n * b */\n#line 3\nd\n");
	check("s = \"a\\\nN\\\nb\";\nd\n", "1a2", "s = \"a\\\nN\\\nb\";\n#line 3\nd\n");
	/* A comment that only looks like one. */
	check("s = \"/*\";\nN\nb\n", "1a2", "s = \"/*\";\nN\n#line 2\nb\n");
	check("#error don't\nN\nb\n", "1a2", "#error don't\nN\n#line 2\nb\n");
}

/* What stands in a branch may be skipped, so it comes again behind it. */
static void in_conditions(void **state MKP_UNUSED)
{
	check("#if A\nN\nb\n#endif\nd\n", "1a2",
	      "#if A\nN\n#line 2\nb\n#endif\n#line 4\nd\n");
	check("#if A\nN\nb\n#else\nc\n#endif\nd\n", "1a2",
	      "#if A\nN\n#line 2\nb\n#else\n#line 4\nc\n#endif\n#line 6\nd\n");
	check("#if A\n#if B\nN\nb\n#endif\n#endif\nd\n", "2a3",
	      "#if A\n#if B\nN\n#line 3\nb\n#endif\n#line 5\n#endif\n#line 6\nd\n");
	/* A branch without any is not followed by one. */
	check("N\na\n#if A\nb\n#endif\nd\n", "0a1",
	      "N\n#line 1\na\n#if A\nb\n#endif\nd\n");
}

/* Both branches open what stands behind them closes. */
static void parentheses_of_branches(void **state MKP_UNUSED)
{
	check("#if A\nf(a,\n#else\nf(b,\n#endif\nc);\nN\nd\n", "6a7",
	      "#if A\nf(a,\n#else\nf(b,\n#endif\nc);\nN\n#line 7\nd\n");
	check("#if 0\nf((\n#endif\nN\nd\n", "3a4", "#if 0\nf((\n#endif\nN\n#line 4\nd\n");
	/* Whatever was miscounted, a brace in the first column ends it. */
	check("{\n(\n}\nN\nd\n", "3a4", "{\n(\n}\nN\n#line 4\nd\n");
}

static void own_lines_stay(void **state MKP_UNUSED)
{
	check("a\nN\n#line 7\nb\n", "1a2", "a\nN\n#line 7\nb\n");
	check("a\nN\n# 7 \"x\"\nb\n", "1a2", "a\nN\n# 7 \"x\"\nb\n");
	check("a\nN\nb\n#linear\n", "1a2", "a\nN\n#line 2\nb\n#linear\n");
}

/* ---- a model of what a compiler numbers ---- */

/* Writes the number of each line that is none of ours into @numbers; all #if are taken.
 */
static size_t number_lines(const char *text, size_t *numbers)
{
	size_t count = 0, number = 0;

	while (*text) {
		number++;
		if (!strncmp(text, "#line ", 6))
			number = strtoul(text + 6, NULL, 10) - 1;
		else
			numbers[count++] = number;
		text += strcspn(text, "\n") + 1;
	}
	return count;
}

enum {
	MODEL_LINES = 40
};

/* Lines of plain code, some removed and some added: each that stays has its number. */
static void every_line_has_its_number(void **state MKP_UNUSED)
{
	struct random_source source = { 7 };

	for (int round = 0; round < 2000; round++) {
		struct mkp_resume resumes[MODEL_LINES * 2];
		size_t old_of[MODEL_LINES * 3], numbers[MODEL_LINES * 3];
		size_t nr_new = 0, count = 0, off = 0;
		struct mkp_reline_counts counts;
		char text[MODEL_LINES * 3 * 3] = "", *result = NULL;

		for (size_t old = 1; old <= MODEL_LINES;) {
			size_t added = random_below(&source, 8)
					       ? 0
					       : random_below(&source, 3);
			size_t removed = random_below(&source, 8)
						 ? 0
						 : random_below(&source, 3);
			size_t change = nr_new + 1;

			for (size_t i = 0; i < added; i++) {
				old_of[nr_new++] = 0;
				strcat(text, "N\n");
			}
			old += removed;
			if (added || removed)
				resumes[count++] = (struct mkp_resume){ change,
									nr_new + 1, old };
			if (old > MODEL_LINES)
				break;
			old_of[nr_new++] = old++;
			strcat(text, "a\n");
		}
		assert_null(mkp_reline(text, resumes, count, &result, &counts));
		assert_int_equal(number_lines(result, numbers), nr_new);
		for (size_t i = 0; i < nr_new; i++)
			off += old_of[i] && old_of[i] != numbers[i];
		assert_int_equal(off, 0);
		assert_int_equal(counts.nr_off, 0);
		free(result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_changes),
		cmocka_unit_test(same_count_needs_nothing),
		cmocka_unit_test(added_and_removed),
		cmocka_unit_test(several_changes),
		cmocka_unit_test(not_in_a_macro),
		cmocka_unit_test(not_in_arguments),
		cmocka_unit_test(not_in_comments_and_literals),
		cmocka_unit_test(in_conditions),
		cmocka_unit_test(parentheses_of_branches),
		cmocka_unit_test(own_lines_stay),
		cmocka_unit_test(every_line_has_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
