// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "support_compile.h"

#define CC		 "gcc -x c -O2 -g -ffunction-sections"
#define ALWAYS		 "static inline __attribute__((always_inline)) "
#define HEADER		 "#line 1 \"inc.h\"\n"
#define FILE_C		 "#line 1 \"case.c\"\n"
#define TAKE(n)		 "int add(int a) { return a * 3 + " n "; }\n"
#define USER(name, more) "int " name "(int *p) { return *p ? step(*p) " more " : 7; }\n"

static void judge(const struct compiled_pair *pair, struct mkp_report *report)
{
	const struct mkp_check_context context = {
		.diff = pair->diff,
		.selection = pair->selection,
		.orig_lines = pair->orig.lines,
		.patched_lines = pair->patched.lines,
		.orig_types = pair->orig.types,
		.patched_types = pair->patched.types,
		.report = report,
	};

	assert_null(mkp_check_get(MKP_CHECK_INLINED_LEFT_BEHIND)
			    ->run(&context, MKP_CHECK_INLINED_LEFT_BEHIND));
}

/* "NAME SYMBOL: MESSAGE", a line for each finding; malloc'ed. */
static char *findings(const char *orig, const char *patched, const char *ignored)
{
	struct compiled_pair pair;
	struct mkp_report report;
	size_t size;
	char *text;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	compiled_pair_init(&pair, CC, orig, patched, ignored);
	mkp_report_init(&report);
	judge(&pair, &report);
	for (size_t i = 0; i < report.nr_findings; i++)
		fprintf(stream, "%s %s: %s\n", report.findings[i].name,
			report.findings[i].symbol, report.findings[i].message);
	assert_int_equal(fclose(stream), 0);
	mkp_report_deinit(&report);
	compiled_pair_deinit(&pair);
	return text;
}

/* One finding that starts with @expected, or none. */
static void expect(const char *orig, const char *patched, const char *ignored,
		   const char *expected)
{
	char *text = findings(orig, patched, ignored);

	if (strncmp(text, expected, *expected ? strlen(expected) : 1) ||
	    (*expected && strchr(text, '\n') != text + strlen(text) - 1))
		fail_msg("found \"%s\", expected \"%s\"", text, expected);
	free(text);
}

/* The call keeps the compiler from blending it with what is around it. */
#define STEP(n)                                                                          \
	"void take(int); " ALWAYS "int step(int a) { take(a); return a * 3 + " n "; }\n"

/* A rule leaves one of the functions as it is that have the changed code. */
static void code_that_a_rule_leaves(void **state MKP_UNUSED)
{
	expect(STEP("1") USER("f", "+ 1") USER("g", "+ 2"),
	       STEP("5") USER("f", "+ 1") USER("g", "+ 2"), "g",
	       "inlined-copy-left-behind step: may have changed");
	/* There is a copy out of line that tells for certain. */
	expect(STEP("1") USER("f", "+ 1") USER("g", "+ 2") "int (*s)(int) = step;\n",
	       STEP("5") USER("f", "+ 1") USER("g", "+ 2") "int (*s)(int) = step;\n", "g",
	       "inlined-copy-left-behind step: changed, and its old code is inlined in "
	       "g");
	/* One that has it is the same: it is not what changed. */
	expect(STEP("1") USER("f", "+ 1") USER("g", "+ 2") USER("h", ""),
	       STEP("1") USER("f", "+ 5") USER("g", "+ 6") USER("h", ""), "g", "");
	/* It is not in what the rule leaves. */
	expect(STEP("1") USER("f", "+ 1") TAKE("1"), STEP("5") USER("f", "+ 1") TAKE("2"),
	       "add", "");
}

static void without_a_rule(void **state MKP_UNUSED)
{
	expect(STEP("1") USER("f", "+ 1") USER("g", "+ 2"),
	       STEP("5") USER("f", "+ 1") USER("g", "+ 2"), NULL, "");
	expect(STEP("1") USER("f", "+ 1"), STEP("1") USER("f", "+ 1"), NULL, "");
}

/* Its own copy changed, and a function that has it came out the same: the change has no
 * effect there. */
static void copies_that_are_the_same(void **state MKP_UNUSED)
{
#define WHICH(n)                                                                         \
	ALWAYS "int step(int a) { return a < 0 ? " n " : a * 3; }\n"                     \
	       "int f(unsigned char *p) { return *p ? step(*p) : 7; }\n"                 \
	       "int (*s)(int) = step;\n"
	expect(WHICH("1"), WHICH("5"), NULL, "inlined-copy-same step: ");
}

/* A header that was edited shows in the lines of what it declares. */
static void functions_of_headers(void **state MKP_UNUSED)
{
#define LATER "struct later { int a; };\n" ALWAYS "int later(int a) { return a + 9; }\n"
#define END   FILE_C USER("f", "+ 1") "int l(int a) { return later(a); }\n"
	expect(HEADER STEP("1") LATER END, HEADER STEP("5\n") LATER END, NULL,
	       "header-function-changed step: ");
	/* Nothing of it moved. */
	expect(HEADER STEP("1") LATER FILE_C USER("f", "+ 1") "int l(int a) { return "
							      "later(a); }\n",
	       HEADER STEP("1") LATER FILE_C USER("f", "+ 5") "int l(int a) { return "
							      "later(a); }\n",
	       NULL, "");
	/* What moved is no header. */
	expect(FILE_C STEP("1") LATER USER("f", "+ 1") "int l(int a) { return later(a); "
						       "}\n",
	       FILE_C STEP("5\n") LATER USER("f", "+ 1") "int l(int a) { return "
							 "later(a); }\n",
	       NULL, "");
	/* The header moved, but a function that has it is the same. */
	expect(HEADER STEP("1") LATER END USER("g", ""),
	       HEADER "\n" STEP("1")
		       LATER FILE_C USER("f", "+ 5") "int l(int a) { "
						     "return later(a); }\n" USER("g", ""),
	       NULL, "");
	/* Its own copy tells without lines. */
	expect(HEADER STEP("1") LATER END "int (*s)(int) = step;\n",
	       HEADER STEP("5") LATER END "int (*s)(int) = step;\n", NULL,
	       "header-function-changed step: changed in a header");
}

static void without_debug_data(void **state MKP_UNUSED)
{
	struct mkp_report report;
	struct compiled_pair pair;

	compiled_pair_init(&pair, "gcc -x c -O2", STEP("1") USER("f", ""),
			   STEP("5") USER("f", ""), NULL);
	mkp_report_init(&report);
	judge(&pair, &report);
	assert_int_equal(report.nr_findings, 0);
	mkp_report_deinit(&report);
	compiled_pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_that_a_rule_leaves),
		cmocka_unit_test(without_a_rule),
		cmocka_unit_test(copies_that_are_the_same),
		cmocka_unit_test(functions_of_headers),
		cmocka_unit_test(without_debug_data),
	};

	return cmocka_run_group_tests_name("check/inlined", tests, NULL, NULL);
}
