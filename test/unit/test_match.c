// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What differs, and what does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_match.h"

static void print_atom(FILE *stream, const struct matched *matched, uint32_t atom)
{
	static const char *const kinds[] = { "none",   "code", "target", "jump",
					     "length", "data", "table" };
	static const char *const states[] = { "none", "same", "differs", "absent",
					      "elsewhere" };
	const struct mkp_match_atom *it = &matched->match->atoms[atom];

	fprintf(stream, "%s%s %s", ftell(stream) ? ", " : "",
		mkp_atom_name(matched->object.graph, atom), states[it->state]);
	if (it->state == MKP_MATCH_DIFFERS)
		fprintf(stream, " %s+%llu", kinds[it->difference.kind],
			(unsigned long long)it->difference.place);
	else if (it->state == MKP_MATCH_SAME && !it->certain)
		fputs("?", stream);
}

/* "f same, g differs code+5": what has become of all that was looked for, in the order of
 * their names. */
static char *describe(const struct matched *matched)
{
	const struct mkp_graph *graph = matched->object.graph;
	size_t size;
	char *text;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	for (char first = 'a'; first <= 'z'; first++)
		for (uint32_t i = 0; i < graph->nr_atoms; i++)
			if (matched->match->atoms[i].state != MKP_MATCH_NONE &&
			    mkp_atom_name(graph, i)[0] == first)
				print_atom(stream, matched, i);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void expect(const char *object, const char *image, const char *expected)
{
	struct matched matched;
	char *text;

	matched_init(&matched, object, image, NULL);
	text = describe(&matched);
	assert_string_equal(text, expected);
	free(text);
	matched_deinit(&matched);
}

static void code(void **state MKP_UNUSED)
{
	expect(FUNC("f", "mov $1, %eax\nret"), FUNC("f", "mov $1, %eax\nret"), "f same");
	expect(FUNC("f", "nop\nmov $1, %eax\nret"), FUNC("f", "nop\nmov $2, %eax\nret"),
	       "f differs code+1");
	expect(FUNC("f", "ret") FUNC("g", "ret"), FUNC("f", "ret"), "f same, g absent");
	/* Of the same bytes, as far as it goes. */
	expect(FUNC("f", "inc %eax"), FUNC("f", "inc %eax\ndec %eax"),
	       "f differs length+2");
	/* A variable of that name is not it. */
	expect(FUNC("f", "ret"), DATA("f", ".byte 0xc3") FUNC("g", "ret"), "f absent");
}

/* Nothing but what a field means. */
static void references(void **state MKP_UNUSED)
{
#define TWO FUNC("g", "inc %eax\nret") FUNC("h", "dec %eax\nret")
	expect(FUNC("f", "call g\nret") TWO, TWO FUNC("f", "call g\nret"),
	       "f same, g same, h same");
	expect(FUNC("f", "call g\nret") TWO, TWO FUNC("f", "call h\nret"),
	       "f differs target+1, g same, h same");
	/* Of another file. */
	expect(FUNC("f", "call g\nret"), TWO FUNC("f", "call g\nret"), "f same");
	expect(FUNC("f", "call g\nret"), TWO FUNC("f", "call h\nret"),
	       "f differs target+1");
	expect(FUNC("f", "mov v + 4(%rip), %eax\nret") DATA("v", ".quad 1"),
	       FUNC("f", "mov v + 4(%rip), %eax\nret") DATA("v", ".quad 1"),
	       "f same, v same");
	expect(FUNC("f", "mov v + 4(%rip), %eax\nret") DATA("v", ".quad 1"),
	       FUNC("f", "mov v(%rip), %eax\nret") DATA("v", ".quad 1"),
	       "f differs target+2, v same");
}

static void strings(void **state MKP_UNUSED)
{
#define TELL(text)                                                                       \
	".section .rodata.str1.1, \"aMS\", @progbits, 1\n.string \"front\"\n1: .string " \
	"\"" text "\"\n" FUNC("f", "mov $1b, %rdi\nret")
	expect(TELL("text"),
	       ".section .rodata.str1.1, \"aMS\", @progbits, 1\n"
	       ".string \"more\"\n" TELL("text"),
	       "f same");
	expect(TELL("text"), TELL("next"), "f differs target+3");
}

static void jumps_inside(void **state MKP_UNUSED)
{
	expect(FUNC("f", "je 1f\nnop\n1: inc %eax\n2: ret"),
	       FUNC("f", "je 1f\nnop\n1: inc %eax\n2: ret"), "f same");
	expect(FUNC("f", "je 1f\nnop\n1: inc %eax\n2: ret"),
	       FUNC("f", "je 2f\nnop\n1: inc %eax\n2: ret"), "f differs jump+3");
	expect(FUNC("f", "je 1f\nnop\n1: inc %eax\n2: ret"),
	       FUNC("f", "jne 1f\nnop\n1: inc %eax\n2: ret"), "f differs code+0");
}

/* In one section, the assembler takes short jumps, and all behind them is elsewhere. */
static void code_that_moved(void **state MKP_UNUSED)
{
#define LOOP	   "je g\n1: dec %eax\njne 1b\nret"
#define ALIGNED	   "je g\n.p2align 4\n1: dec %eax\njne 1b\nret"
#define NEAR(code) ".text\n" BODY("f", code) BODY("g", "ret")
	expect(FUNC("f", LOOP) FUNC("g", "ret"), NEAR(LOOP), "f same, g same");
	expect(FUNC("f", ALIGNED) FUNC("g", "ret"), NEAR(ALIGNED), "f same, g same");
	/* To something else. */
	expect(FUNC("f", LOOP) FUNC("g", "ret"),
	       ".text\n" BODY("f", "je h\n1: dec %eax\njne 1b\nret") BODY("h", "ret")
		       BODY("g", "ret"),
	       "f differs target+2, g same");
	/* What is not there for alignment is no filling. */
	expect(FUNC("f", "nop\ndec %eax\nret"), FUNC("f", "nop\nnop\ndec %eax\nret"),
	       "f differs code+1");
}

#define ZEROS ".bss\n.globl z\n.type z, @object\nz: .quad 0\n.size z, 8\n"

static void data(void **state MKP_UNUSED)
{
	expect(DATA("v", ".long 1, 2") FUNC("f", "ret"),
	       DATA("v", ".long 1, 2") FUNC("f", "ret"), "f same, v same");
	expect(DATA("v", ".long 1, 2") FUNC("f", "ret"),
	       DATA("v", ".long 1, 3") FUNC("f", "ret"), "f same, v differs data+4");
	expect(DATA("v", ".quad 0, f") FUNC("f", "ret") FUNC("g", "dec %eax"),
	       DATA("v", ".quad 0, g") FUNC("f", "ret") FUNC("g", "dec %eax"),
	       "f same, g same, v differs target+8");
	/* What no file holds is zero. */
	expect(ZEROS FUNC("f", "ret"), DATA("z", ".quad 0") FUNC("f", "ret"),
	       "f same, z same");
	expect(ZEROS FUNC("f", "ret"), DATA("z", ".quad 1") FUNC("f", "ret"),
	       "f same, z differs data+0");
	expect(DATA("z", ".long 0, 1") FUNC("f", "ret"), ZEROS FUNC("f", "ret"),
	       "f same, z differs data+4");
}

/* ---- What the kernel's build or the kernel itself made of code ---- */

static void calls_of_ftrace(void **state MKP_UNUSED)
{
#define NOP5 ".byte 0x0f, 0x1f, 0x44, 0, 0\n"
	expect(FUNC("f", "call __fentry__\nret"), FUNC("f", NOP5 "ret"), "f same");
	expect(FUNC("f", "endbr64\ncall __fentry__\nret"),
	       FUNC("f", "endbr64\n" NOP5 "ret"), "f same");
	/* Not there, and not that call. */
	expect(FUNC("f", "inc %eax\ncall __fentry__\nret"),
	       FUNC("f", "inc %eax\n" NOP5 "ret"), "f differs code+2");
	expect(FUNC("f", "call g\nret") FUNC("g", "ret"),
	       FUNC("f", NOP5 "ret") FUNC("g", "ret"), "f differs code+0, g same");
}

static void entries_that_were_sealed(void **state MKP_UNUSED)
{
#define NOP4 ".byte 0x0f, 0x1f, 0x40, 0\n"
	expect(FUNC("f", "endbr64\ninc %eax\nret"), FUNC("f", NOP4 "inc %eax\nret"),
	       "f same");
	expect(FUNC("f", "endbr64\ninc %eax\nret"), FUNC("f", NOP5 "inc %eax\nret"),
	       "f differs code+0");
	expect(FUNC("f", NOP4 "inc %eax\nret"), FUNC("f", "endbr64\ninc %eax\nret"),
	       "f differs code+0");
	expect(FUNC("f", "endbr64\ninc %eax\nret"), FUNC("f", "inc %eax\nret"),
	       "f differs code+0");
}

/* struct jump_entry; bit 1 of the key says that objtool made a NOP of the jump. */
static void static_branches(void **state MKP_UNUSED)
{
#define BRANCH(insn, key)                                                                \
	FUNC("f", "1: " insn "\ninc %eax\n2: ret\n"                                      \
		  ".section __jump_table, \"aw\"\n.long 1b - ., 2b - .\n"                \
		  ".quad " key " - .\n.section .text.f")                                 \
	DATA("k", ".quad 0") DATA("l", ".quad 0")
#define NOP2 ".byte 0x66, 0x90"
	expect(BRANCH("jmp 2f", "k + 2"), BRANCH("jmp 2f", "k + 2"),
	       "f same, k same, l same");
	expect(BRANCH("jmp 2f", "k + 2"), BRANCH(NOP2, "k + 2"),
	       "f same, k same, l same");
	expect(BRANCH("jmp 2f", "k"), BRANCH(NOP2, "k"),
	       "f differs code+0, k same, l same");
	expect(BRANCH("jmp 2f", "k + 2"), BRANCH(NOP2, "l + 2"),
	       "f differs target+8, k same, l same");
}

/* struct static_call_site */
static void static_calls(void **state MKP_UNUSED)
{
#define CALL(key)                                                                        \
	FUNC("f", "1: call g\nret\n.section .static_call_sites, \"aw\"\n"                \
		  ".long 1b - ., " key " - .\n.section .text.f")                         \
	FUNC("g", "ret") DATA("k", ".quad 0") DATA("l", ".quad 0")
	expect(CALL("k"), CALL("k"), "f same, g same, k same, l same");
	expect(CALL("k"), CALL("l"), "f differs target+4, g same, k same, l same");
	/* A tail call is flagged. */
	expect(CALL("k"), CALL("k + 1"), "f differs target+4, g same, k same, l same");
}

/* struct alt_instr of v6.1, and the code that it puts in. */
static void alternatives(void **state MKP_UNUSED)
{
#define ALTERNATIVE(code, feature)                                                       \
	FUNC("f", "1: nop\nnop\nnop\n.section .altinstr_replacement, \"ax\"\n3: " code   \
		  "\n4:\n.section .altinstructions, \"a\"\n.long 1b - ., 3b - "          \
		  ".\n.word " feature "\n.byte 3, 4b - 3b\n.section .text.f\nret")
	expect(ALTERNATIVE("lfence", "7"), ALTERNATIVE("lfence", "7"), "f same");
	expect(ALTERNATIVE("lfence", "7"), ALTERNATIVE("lfence", "8"),
	       "f differs table+0");
	expect(ALTERNATIVE("lfence", "7"), ALTERNATIVE("mfence", "7"),
	       "f differs code+0");
	/* None of the image's table is about this place. */
	expect(ALTERNATIVE("lfence", "7"),
	       ".section .altinstructions, \"a\"\n.skip 12\n" FUNC("f",
								   "nop\nnop\nnop\nret"),
	       "f differs table+0");
}

/* struct exception_table_entry */
static void faults(void **state MKP_UNUSED)
{
#define FAULT(fixup, type)                                                               \
	FUNC("f", "1: mov (%rax), %eax\n2: inc %eax\n3: ret\n"                           \
		  ".section __ex_table, \"a\"\n.long 1b - ., " fixup " - ., " type       \
		  "\n.section .text.f")
	expect(FAULT("2b", "1"), FAULT("2b", "1"), "f same");
	expect(FAULT("2b", "1"), FAULT("3b", "1"), "f differs target+4");
	expect(FAULT("2b", "1"), FAULT("2b", "2"), "f differs table+0");
	/* The image may have more. */
	expect(FAULT("2b", "1"),
	       FAULT("2b", "1") ".section __ex_table, \"a\"\n.long f + 2 - ., f - ., 1\n",
	       "f same");
}

/* struct bug_entry: the line is none of the content. */
static void warnings(void **state MKP_UNUSED)
{
#define WARNING(line, flags)                                                             \
	".section .rodata.str1.1, \"aMS\", @progbits, 1\n9: .string \"file.c\"\n" FUNC(  \
		"f", "1: ud2\nret\n.section __bug_table, \"aw\"\n.long 1b - ., 9b - .\n" \
		     ".word " line ", " flags "\n.section .text.f")
	expect(WARNING("12", "3"), WARNING("14", "3"), "f same");
	expect(WARNING("12", "3"), WARNING("12", "1"), "f differs table+0");
}

/* ---- Names that several have ---- */

static void expect_place(const char *object, const char *image, const char *second,
			 const char *expected, const char *name, uint64_t from_start)
{
	const struct mkp_image_symbol *symbol;
	struct matched matched;
	char *text;

	matched_init(&matched, object, image, second);
	text = describe(&matched);
	assert_string_equal(text, expected);
	free(text);
	symbol = mkp_match_symbol(matched.match, compiled_atom(&matched.object, name));
	if (from_start == UINT64_MAX) {
		assert_null(symbol);
	} else {
		assert_non_null(symbol);
		assert_int_equal(symbol->address,
				 UINT64_C(0xffffffff81000000) + from_start);
	}
	matched_deinit(&matched);
}

static void locals_of_one_name(void **state MKP_UNUSED)
{
#define ONE   ".text\n" BODY("l", "ret") ".p2align 4\n.globl f\n" BODY("f", "call l\nret")
#define OTHER ".text\n.p2align 4\n" BODY("l", "ret")
	/* Nothing tells them apart. */
	expect_place(LOCAL("l", "ret"), OTHER, OTHER, "l same?", "l", UINT64_MAX);
	/* Their code does. */
	expect_place(LOCAL("l", "ret"), ".text\n" BODY("l", "inc %eax\nret"), OTHER,
		     "l same", "l", 16);
	/* Who calls one of them does. */
	expect_place(LOCAL("l", "ret") FUNC("f", "call l\nret"), OTHER, ONE,
		     "f same, l same", "l", 16);
	/* They all differ: the one that is the same for longest. */
	expect_place(LOCAL("l", "inc %eax\nret"), ".text\n" BODY("l", "dec %eax\nret"),
		     ".text\n" BODY("l", "inc %eax\ndec %eax"), "l differs code+2", "l",
		     UINT64_MAX);
	/* A local one is no global one. */
	expect_place(LOCAL("l", "ret"), FUNC("l", "ret"), NULL, "l absent", "l",
		     UINT64_MAX);
}

static void weak_ones(void **state MKP_UNUSED)
{
#define WEAK(code) ".text\n.weak w\n" BODY("w", code)
	expect(WEAK("ret"), FUNC("w", "ret"), "w same");
	/* Another file has the one that counts. */
	expect(WEAK("ret"), FUNC("w", "inc %eax\nret"), "w elsewhere");
	/* It is among the object's own: changed. */
	expect(".text\n" BODY("a", "inc %eax\nret") ".weak w\n" BODY("w", "ret")
		       BODY("z", "dec %eax\nret"),
	       ".text\n" BODY("a", "inc %eax\nret") ".globl w\n" BODY("w", "nop\nret")
		       BODY("z", "dec %eax\nret"),
	       "a same, w differs code+0, z same");
}

static void images_without_code(void **state MKP_UNUSED)
{
	struct mkp_image *image;
	struct mkp_match *match = NULL;
	struct mkp_error *error;
	struct compiled object;
	char path[] = "/tmp/mkp-matched-XXXXXX";
	static const char map[] = "ffffffff81000000 T f\nffffffff81000010 T g\n";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, map, sizeof(map) - 1), sizeof(map) - 1);
	assert_int_equal(close(fd), 0);
	compiled_init(&object, AS, FUNC("f", "ret"));
	assert_null(mkp_image_open(path, NULL, &image));
	assert_false(mkp_space_has_code(image));
	error = mkp_match_create(object.graph, image, &match);
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_USAGE);
	assert_null(match);
	mkp_error_destroy(error);
	mkp_image_destroy(image);
	compiled_deinit(&object);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code),
		cmocka_unit_test(references),
		cmocka_unit_test(strings),
		cmocka_unit_test(jumps_inside),
		cmocka_unit_test(code_that_moved),
		cmocka_unit_test(data),
		cmocka_unit_test(calls_of_ftrace),
		cmocka_unit_test(entries_that_were_sealed),
		cmocka_unit_test(static_branches),
		cmocka_unit_test(static_calls),
		cmocka_unit_test(alternatives),
		cmocka_unit_test(faults),
		cmocka_unit_test(warnings),
		cmocka_unit_test(locals_of_one_name),
		cmocka_unit_test(weak_ones),
		cmocka_unit_test(images_without_code),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
