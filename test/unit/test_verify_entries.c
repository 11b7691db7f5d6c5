// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the auditor wants of code, on modules that an assembler makes: a list of the calls
 * of ftrace and of the jumps to thunks, ENDBR where a pointer leads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_compile.h"
#include "verify/private.h"

#define AS "gcc -x assembler"

#define FUNC(section, name, code)                                                        \
	".section " section ", \"ax\"\n.p2align 4\n.type " name ", @function\n" name     \
	":\n" code "\n.size " name ", . - " name "\n"
#define POINTER(to) ".section .data, \"aw\"\n.quad " to "\n"

/* Kernels with IBT have the one, those that patch their returns the other. */
#define PLAIN	".text\n.globl start\nstart:\nnop\n"
#define IBT	".text\n.globl __ibt_endbr_seal\n__ibt_endbr_seal:\nnop\n"
#define RETHUNK ".text\n.globl __return_sites\n__return_sites:\nnop\n"

/* "NAME WHERE", separated by "; ": what there is to say of a module for a kernel.
 * @replacement: a function of it that is one, or NULL. */
static char *findings(const char *kernel, const char *module, const char *replacement)
{
	struct compiled vmlinux, compiled;
	struct mkp_verify_image image = { .name = "vmlinux" }, *images[] = { &image };
	struct mkp_verify_report report;
	struct mkp_verify_function function = { 0 };
	struct mkp_verify verify = { .report = &report,
				     .images = images,
				     .nr_images = 1 };
	size_t size;
	char *text;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	compiled_init(&vmlinux, AS, kernel);
	compiled_init(&compiled, AS, module);
	mkp_verify_report_init(&report);
	image.object = vmlinux.object;
	verify.object = compiled.object;
	verify.arch = compiled.graph->arch;
	if (replacement) {
		const struct mkp_atom *atom =
			&compiled.graph->atoms[compiled_atom(&compiled, replacement)];

		function.code = (struct mkp_verify_place){ atom->section, atom->start };
		verify.functions = &function;
		verify.nr_functions = 1;
	}
	assert_null(mkp_verify_read_module(&verify));
	assert_null(mkp_verify_pass_entries(&verify));
	for (size_t i = 0; i < report.nr_findings; i++)
		fprintf(stream, "%s%s %s", i ? "; " : "", report.findings[i].row->name,
			report.findings[i].where);
	assert_int_equal(fclose(stream), 0);
	mkp_verify_map_deinit(&verify.code);
	mkp_verify_map_deinit(&verify.data);
	free(verify.relocs);
	free(verify.first_reloc);
	mkp_verify_report_deinit(&report);
	compiled_deinit(&compiled);
	compiled_deinit(&vmlinux);
	return text;
}

static void expect(const char *kernel, const char *module, const char *replacement,
		   const char *expected)
{
	char *text = findings(kernel, module, replacement);

	assert_string_equal(text, expected);
	free(text);
}

#define F(code) FUNC(".text", "f", code)

static void pointers_need_a_landing_pad(void **state MKP_UNUSED)
{
	expect(IBT, F("ret") POINTER("f"), NULL, "endbr f");
	expect(IBT, F("endbr64\nret") POINTER("f"), NULL, "");
	/* The last in its section, and too short to have one. */
	expect(IBT, F("endbr64\nret") FUNC(".text", "g", "ret") POINTER("g"), NULL,
	       "endbr g");
	/* One that would end behind the end of its section. */
	expect(IBT,
	       FUNC(".text.g", "g", ".byte 0xf3, 0x0f") ".section .text.h, \"ax\"\n"
							".byte 0x1e, 0xfa\n" POINTER("g"),
	       NULL, "endbr g");
	/* It is that function's entry that counts. */
	expect(IBT, F("nop\nendbr64\nret") POINTER("f"), NULL, "endbr f");
	expect(IBT, F("ret") FUNC(".text", "g", "endbr64\nret") POINTER("f, g"), NULL,
	       "endbr f");
	/* No function starts there. */
	expect(IBT, F("nop\nret") POINTER("f + 1"), NULL, "");
	/* In whatever section of data. */
	expect(IBT, F("ret") ".section .rodata, \"a\"\n.quad f\n", NULL, "endbr f");
}

static void others_need_none(void **state MKP_UNUSED)
{
	expect(PLAIN, F("ret") POINTER("f"), NULL, "");
	expect(IBT, F("ret") FUNC(".text", "g", "mov $f, %rax\nret"), NULL, "");
	/* ftrace returns to it, and does not jump through a pointer. */
	expect(IBT, F("ret") POINTER("f"), "f", "");
	expect(IBT, F("ret") FUNC(".text", "g", "ret") POINTER("f, g"), "f", "endbr g");
	/* The kernel calls none that a table lists. */
	expect(IBT, F("ret") ".section __bug_table, \"aw\"\n.long f - ., 0, 0\n", NULL,
	       "");
	/* What is no code, and what another file has. */
	expect(IBT, ".data\n.type v, @object\nv: .quad v, other\n.size v, 16\n", NULL,
	       "");
}

#define SITE(at) ".section __mcount_loc, \"a\"\n.quad " at "\n"

static void calls_of_ftrace_are_listed(void **state MKP_UNUSED)
{
	expect(PLAIN, F("call __fentry__\nret") SITE("f"), NULL, "");
	expect(PLAIN, F("endbr64\ncall __fentry__\nret") SITE("f + 4"), NULL, "");
	expect(PLAIN, F("call __fentry__\nret"), NULL, "ftrace-site f");
	expect(PLAIN, F("ret") SITE("f"), NULL, "ftrace-site __mcount_loc");
	expect(PLAIN,
	       F("call __fentry__\nret") FUNC(".text", "g", "call __fentry__\nret")
		       SITE("f"),
	       NULL, "ftrace-site g");
	/* Another call is none of its. */
	expect(PLAIN, F("call other\nret"), NULL, "");
	expect(PLAIN, F("call __fentry__\nret") SITE("f, f + 9"), NULL,
	       "ftrace-site __mcount_loc");
}

static void jumps_to_thunks_are_listed(void **state MKP_UNUSED)
{
#define RETURN(at) ".section .return_sites, \"a\"\n.long " at " - .\n"
	expect(RETHUNK, F("nop\n1: jmp __x86_return_thunk") RETURN("1b"), NULL, "");
	expect(RETHUNK, F("nop\n1: jmp __x86_return_thunk"), NULL, "return-site .text");
	expect(PLAIN, F("nop\n1: jmp __x86_return_thunk"), NULL, "");
	expect(RETHUNK,
	       F("nop\n1: jmp __x86_return_thunk\n2: jmp __x86_return_thunk")
		       RETURN("1b"),
	       NULL, "return-site .text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointers_need_a_landing_pad),
		cmocka_unit_test(others_need_none),
		cmocka_unit_test(calls_of_ftrace_are_listed),
		cmocka_unit_test(jumps_to_thunks_are_listed),
	};

	return cmocka_run_group_tests_name("verify/entries", tests, NULL, NULL);
}
