// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What both sides say about how they were made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/image.h"
#include "match/preflight.h"
#include "support_match.h"

/* "compiler: A | B, x: C | C same"; malloc'ed. */
static char *facts_of(const struct mkp_match *match,
		      const struct mkp_preflight_context *context)
{
	struct mkp_preflight preflight;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	assert_null(mkp_preflight_init(&preflight, match, context));
	for (size_t i = 0; i < preflight.nr_facts; i++)
		fprintf(stream, "%s%s: %s | %s%s", i ? ", " : "", preflight.facts[i].what,
			preflight.facts[i].object, preflight.facts[i].image,
			preflight.facts[i].same ? " same" : "");
	assert_int_equal(fclose(stream), 0);
	mkp_preflight_deinit(&preflight);
	return text;
}

static void expect_by(const char *const commands[3], const char *object,
		      const char *image, const char *second, const char *facts)
{
	const struct mkp_preflight_context context = { 0 };
	struct matched matched;
	char *text;

	matched_init_by(&matched, commands, object, image, second);
	text = facts_of(matched.match, &context);
	assert_string_equal(text, facts);
	free(text);
	matched_deinit(&matched);
}

/* ---- .comment ---- */

#define MADE_BY(words) ".section .comment, \"\", @progbits\n" words "\n" FUNC("f", "ret")

static void compilers(void **state MKP_UNUSED)
{
	static const char *const as[3] = { AS, AS, AS };
	const char *ours = MADE_BY(".string \"one\"");

	expect_by(as, ours, ours, NULL, "compiler: one | one same");
	expect_by(as, ours, MADE_BY(".string \"two\""), NULL, "compiler: one | two");
	/* A kernel has several; empty strings are between them. */
	expect_by(as, ours, MADE_BY(".string \"two\", \"\", \"\", \"one\""), NULL,
		  "compiler: one | one same");
	expect_by(as, ours, MADE_BY(".string \"two\", \"one more\""), NULL,
		  "compiler: one | two");
	/* What says nothing, or is cut off, explains nothing. */
	expect_by(as, ours, FUNC("f", "ret"), NULL, "");
	expect_by(as, FUNC("f", "ret"), ours, NULL, "");
	expect_by(as, ours, MADE_BY(".ascii \"one\""), NULL, "");
	expect_by(as, ours, MADE_BY(".byte 0, 0"), NULL, "");
}

/* ---- options ---- */

#define CC "gcc-12 -x c -g -fno-pic -mcmodel=kernel -fno-ident -O2 -fcf-protection=none"

static void options(void **state MKP_UNUSED)
{
	static const char f[] = "int f(int x) { return x * 5; }";
	static const char other_f[] = "int f(int x) { return x * 7; }";
	static const char g[] = "int g(int x) { return x - 9; }";

	/* Nobody asks while nothing differs. */
	expect_by((const char *const[3]){ CC, CC " -fwrapv", CC }, f, f, NULL, "");
	expect_by((const char *const[3]){ CC, CC " -fwrapv", CC }, f, other_f, NULL,
		  "compiler options:  | -fwrapv");
	expect_by((const char *const[3]){ CC " -fwrapv", CC " -fno-common", CC }, f,
		  other_f, NULL, "compiler options: -fwrapv | -fno-common");
	expect_by((const char *const[3]){ CC, CC, CC }, f, other_f, NULL,
		  "compiler options:  |  same");
	/* The language is in the compiler's name, and no option. */
	expect_by((const char *const[3]){ CC " -std=gnu11", CC, CC }, f, other_f, NULL,
		  "compiler options: -std=gnu11 | ");
	/* One that begins like another is another. */
	expect_by((const char *const[3]){ CC " -fno-inline",
					  CC " -fno-inline-small-functions", CC },
		  f, other_f, NULL,
		  "compiler options: -fno-inline | -fno-inline-small-functions");
	/* What is asked of all objects. */
	expect_by((const char *const[3]){ CC " -ffunction-sections -fdata-sections", CC,
					  CC },
		  f, other_f, NULL, "compiler options:  |  same");
	/* Of that part of the image whose function differs. */
	expect_by((const char *const[3]){ CC, CC " -fwrapv", CC " -fno-common" }, f, g,
		  other_f, "compiler options:  | -fno-common");
}

/* ---- a module and its kernel ---- */

#define MODULE(vermagic)                                                                 \
	FUNC("f", "ret")                                                                 \
	".section .modinfo, \"a\"\n.string \"name=sample\", \"vermagic=" vermagic "\"\n" \
	".section __versions, \"a\"\n.quad 0x1234\n.string \"module_layout\"\n.skip "    \
	"42\n"
#define VMLINUX                                                                          \
	FUNC("f", "ret")                                                                 \
	".section .rodata\n.globl linux_banner\n.type linux_banner, @object\n"           \
	"linux_banner: .string \"Linux version 6.1.7-x (who) #1\"\n"                     \
	".size linux_banner, . - linux_banner\n"

static struct mkp_symvers *make_symvers(const char *line)
{
	char path[] = "/tmp/mkp-symvers-XXXXXX";
	struct mkp_symvers *symvers;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	assert_int_equal(close(fd), 0);
	assert_null(mkp_symvers_open(path, &symvers));
	unlink(path);
	return symvers;
}

static void expect_module(const char *source, const char *line, const char *facts)
{
	struct mkp_preflight_context context = { 0 };
	struct mkp_symvers *symvers = make_symvers(line);
	struct matched vmlinux;
	struct compiled module;
	struct mkp_image *image;
	struct mkp_match *match;
	char *text;

	matched_init(&vmlinux, FUNC("f", "ret"), VMLINUX, NULL);
	compiled_init(&module, AS, source);
	assert_null(mkp_image_open(module.path, "sample", &image));
	assert_null(mkp_match_create(vmlinux.object.graph, image, &match));
	context.vmlinux = vmlinux.image;
	context.symvers = symvers;
	text = facts_of(match, &context);
	assert_string_equal(text, facts);
	free(text);
	mkp_match_destroy(match);
	mkp_image_destroy(image);
	compiled_deinit(&module);
	matched_deinit(&vmlinux);
	mkp_symvers_destroy(symvers);
}

/* Its functions have no addresses to ask the debug data for. */
static void options_of_modules(void **state MKP_UNUSED)
{
	static const char *const commands[2] = { CC, CC " -fwrapv" };
	const struct mkp_preflight_context context = { 0 };
	struct matched matched;
	char *text;

	matched_init_module(&matched, commands, "int f(int x) { return x * 5; }",
			    "int f(int x) { return x * 7; }\n"
			    "__asm__(\".section .modinfo, \\\"a\\\"\\n"
			    ".string \\\"name=sample\\\"\\n.previous\");\n");
	text = facts_of(matched.match, &context);
	assert_string_equal(text, "compiler options:  | -fwrapv");
	free(text);
	matched_deinit(&matched);
}

#define RELEASE "vermagic of the module, release of vmlinux: "
#define LAYOUT	"CRC of module_layout in the module, in Module.symvers: "

static void modules(void **state MKP_UNUSED)
{
	static const char same[] =
		"0x00001234\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n";
	static const char other[] =
		"0x00001235\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n";
	static const char none[] = "0x00001235\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n";

	expect_module(MODULE("6.1.7-x SMP"), same,
		      RELEASE "6.1.7-x SMP | 6.1.7-x same, " LAYOUT
			      "0x00001234 | 0x00001234 same");
	expect_module(MODULE("6.1.7-x SMP"), other,
		      RELEASE "6.1.7-x SMP | 6.1.7-x same, " LAYOUT
			      "0x00001234 | 0x00001235");
	expect_module(MODULE("6.1.7-x"), none, RELEASE "6.1.7-x | 6.1.7-x same");
	/* One release begins like the other, either way. */
	expect_module(MODULE("6.1.7-xy SMP"), none, RELEASE "6.1.7-xy SMP | 6.1.7-x");
	expect_module(MODULE("6.1.7 SMP"), none, RELEASE "6.1.7 SMP | 6.1.7-x");
}

/* ---- what is wrong ---- */

static void expect_wrong(const char *object, const char *image, uint32_t count,
			 const char *why)
{
	static const char *const as[3] = { AS, AS, AS };
	const struct mkp_preflight_context context = { 0 };
	struct mkp_preflight preflight;
	struct matched matched;
	char *text;

	matched_init_by(&matched, as, object, image, NULL);
	assert_int_equal(mkp_preflight_count_wrong(matched.match), count);
	assert_null(mkp_preflight_init(&preflight, matched.match, &context));
	assert_null(mkp_preflight_explain(&preflight, &text));
	assert_string_equal(text, why);
	free(text);
	mkp_preflight_deinit(&preflight);
	matched_deinit(&matched);
}

static void wrong(void **state MKP_UNUSED)
{
	static const char unknown[] =
		"the compiler is the same: another source or configuration";

	expect_wrong(FUNC("f", "ret"), FUNC("f", "nop\nret"), 1, unknown);
	/* A function that is not there is wrong, a variable without a symbol is not. */
	expect_wrong(FUNC("f", "ret") FUNC("g", "nop\nret"), FUNC("f", "ret"), 1,
		     unknown);
	expect_wrong(FUNC("f", "ret") DATA("v", ".quad 1"), FUNC("f", "ret"), 0, unknown);
	expect_wrong(FUNC("f", "ret") DATA("v", ".quad 1"),
		     FUNC("f", "ret") DATA("v", ".quad 2"), 1, unknown);
	expect_wrong(MADE_BY(".string \"one\""), MADE_BY(".string \"two\""), 0,
		     "another compiler");
	expect_wrong(MADE_BY(".string \"one\""), MADE_BY(".string \"one\""), 0, unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compilers), cmocka_unit_test(options),
		cmocka_unit_test(modules),   cmocka_unit_test(options_of_modules),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests_name("match/facts", tests, NULL, NULL);
}
