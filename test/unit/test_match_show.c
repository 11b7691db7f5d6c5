// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Differences in words, and the instructions of both sides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "support_match.h"

/* What is said of f, and its instruction here and there; NULL: none is shown. */
static void expect(const char *object, const char *image, const char *said,
		   const char *here, const char *there)
{
	struct matched matched;
	char *text, *ours, *theirs;
	uint32_t f;

	matched_init(&matched, object, image, NULL);
	f = compiled_atom(&matched.object, "f");
	assert_null(mkp_difference_describe(matched.match, f, &text));
	assert_string_equal(text, said);
	assert_null(mkp_difference_show(matched.match, f, &ours, &theirs));
	assert_int_equal(!ours, !here);
	assert_int_equal(!theirs, !there);
	if (here && there) {
		assert_string_equal(ours, here);
		assert_string_equal(theirs, there);
	}
	free(text);
	free(ours);
	free(theirs);
	matched_deinit(&matched);
}

#define TWO FUNC("g", "inc %eax\nret") FUNC("h", "dec %eax\nret")
#define V   DATA("v", ".quad 1, 2")

static void targets(void **state MKP_UNUSED)
{
	expect(FUNC("f", "nop\ncall g\nret") TWO, TWO FUNC("f", "nop\ncall h\nret"),
	       "at +0x2 refers to g, in the image to h", "call g", "call h");
	expect(FUNC("f", "mov v + 4(%rip), %eax\nret") V,
	       FUNC("f", "mov v(%rip), %eax\nret") V,
	       "at +0x2 refers to v+0x4, in the image to v", "mov v+0x4(%rip), %eax",
	       "mov v(%rip), %eax");
	/* A field that is not the last of its instruction. */
	expect(FUNC("f", "movl $0x7, v + 8(%rip)\nret") V,
	       FUNC("f", "movl $0x7, v(%rip)\nret") V,
	       "at +0x2 refers to v+0x8, in the image to v", "movl $0x7, v+0x8(%rip)",
	       "movl $0x7, v(%rip)");
	/* Before a variable: what a loop that counts from 1 may have. */
	expect(FUNC("f", "mov v - 8(%rip), %eax\nret") V,
	       FUNC("f", "mov v(%rip), %eax\nret") V,
	       "at +0x2 refers to v-0x8, in the image to v", "mov v-0x8(%rip), %eax",
	       "mov v(%rip), %eax");
}

#define TELL(text)                                                                       \
	".section .rodata.str1.1, \"aMS\", @progbits, 1\n1: .string \"" text             \
	"\"\n" FUNC("f", "mov $1b, %rdi\nret")
#define TEN "0123456789"

static void strings(void **state MKP_UNUSED)
{
	struct matched matched;
	char *text;

	matched_init(&matched, TELL("a" TEN TEN TEN TEN TEN TEN), TELL("b"), NULL);
	assert_null(mkp_difference_describe(matched.match,
					    compiled_atom(&matched.object, "f"), &text));
	/* Sixty characters of it are enough. */
	assert_non_null(strstr(text, "refers to \"a" TEN TEN TEN TEN TEN "012345678\","));
	free(text);
	matched_deinit(&matched);
}

static void code(void **state MKP_UNUSED)
{
	expect(FUNC("f", "nop\nmov $1, %eax\nret"), FUNC("f", "nop\nmov $2, %eax\nret"),
	       "at +0x1: another instruction", "mov $0x1, %eax", "mov $0x2, %eax");
	/* The image is three bytes shorter before that place. */
	expect(FUNC("f", "je g\n1: dec %eax\njne 1b\ninc %ecx\nret") FUNC("g", "ret"),
	       ".text\n" BODY("f", "je g\n1: dec %eax\njne 1b\ninc %edx\nret")
		       BODY("g", "ret"),
	       "at +0xa: another instruction", "inc %ecx", "inc %edx");
	/* Where it leads, on both sides. */
	expect(FUNC("f", "je 1f\nnop\n1: inc %eax\n2: ret"),
	       FUNC("f", "je 2f\nnop\n1: inc %eax\n2: ret"),
	       "at +0x3: a jump leads to another place", "inc %eax", "ret");
}

/* Its symbols are not in the order of their addresses; at one place are several. */
static void modules(void **state MKP_UNUSED)
{
	static const char *const as[2] = { AS, AS };
	static const char *const found[] = { "h", "k", "x" };
	struct matched matched;
	char *module, *said, *text;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(found); i++) {
		assert_true(asprintf(&module,
				     ".section .modinfo, \"a\"\n.string \"name=sample\"\n"
				     ".text\n.globl f, g, k, x, y, h\n" BODY(
					     "h", "ret") "x:\n" BODY("y", "ret")
					     BODY("k", "ret") BODY("g", "ret")
						     BODY("f", "call %s\nret"),
				     found[i]) > 0);
		matched_init_module(&matched, as, FUNC("f", "call g\nret") TWO, module);
		/* Of two at one place the one that has a type. */
		assert_true(asprintf(&text, "at +0x1 refers to g, in the image to %s",
				     *found[i] == 'x' ? "y" : found[i]) > 0);
		assert_null(mkp_difference_describe(
			matched.match, compiled_atom(&matched.object, "f"), &said));
		assert_string_equal(said, text);
		free(said);
		free(text);
		free(module);
		matched_deinit(&matched);
	}
}

static void others(void **state MKP_UNUSED)
{
	expect(FUNC("f", "ret"), FUNC("g", "ret"),
	       "the image has no symbol of that name that could be it", NULL, NULL);
	expect(DATA("f", ".quad 1, 2"), DATA("f", ".quad 1, 3") FUNC("g", "ret"),
	       "at +0x8: another content", NULL, NULL);
	expect(FUNC("f", "ret"), FUNC("f", "ret"), "at +0: the same", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets), cmocka_unit_test(strings),
		cmocka_unit_test(code),	   cmocka_unit_test(modules),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests_name("match/show", tests, NULL, NULL);
}
