// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses followed through code that is written down as an assembler has it. In each
 * piece of code `target` is what the address is of, `kept` is memory of the kernel, `a`
 * and `b` are functions elsewhere, and `gives` gives its first argument back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "diff/flow.h"
#include "support_compile.h"

#define AS	  "gcc -x assembler"
#define MAX_EXITS 8

struct code {
	struct compiled compiled;
	struct mkp_flow *flow;
	struct mkp_flow_exit exits[MAX_EXITS];
	size_t nr_exits;
};

/* The function f with @body, and @more behind it. */
static void code_init(struct code *code, const char *body, const char *more)
{
	char *source;

	memset(code, 0, sizeof(*code));
	assert_true(asprintf(&source,
			     ".text\n.globl f\n.type f, @function\nf:\n%s\n"
			     ".size f, . - f\n%s\n",
			     body, more) > 0);
	compiled_init(&code->compiled, AS, source);
	free(source);
	assert_null(mkp_flow_create(code->compiled.graph,
				    compiled_atom(&code->compiled, "f"), &code->flow));
}

static void code_deinit(struct code *code)
{
	mkp_flow_destroy(code->flow);
	compiled_deinit(&code->compiled);
}

static bool is_named(const struct code *code, uint32_t ref, const char *name)
{
	const struct mkp_graph *graph = code->compiled.graph;

	return ref != MKP_NO_REF &&
	       !strcmp(mkp_atom_name(graph, graph->refs[ref].target), name);
}

static struct mkp_error *take(void *data, const struct mkp_flow_exit *exit,
			      bool *ret_back)
{
	struct code *code = data;

	assert_true(code->nr_exits < MAX_EXITS);
	code->exits[code->nr_exits++] = *exit;
	*ret_back |= is_named(code, exit->callee, "gives") && !exit->argument;
	return NULL;
}

/* The first reference to @name in f or a part of it. */
static uint32_t ref_to(const struct code *code, const char *name)
{
	const struct mkp_graph *graph = code->compiled.graph;
	uint32_t target = compiled_atom(&code->compiled, name);

	assert_true(graph->incoming_first[target] < graph->incoming_first[target + 1]);
	return graph->incoming[graph->incoming_first[target]];
}

static const char *name_of_ref(const struct code *code, uint32_t ref)
{
	const struct mkp_graph *graph = code->compiled.graph;

	return ref == MKP_NO_REF ? "-" : mkp_atom_name(graph, graph->refs[ref].target);
}

/* "passed a 0, stored kept": what became of the address; malloc'ed. */
static char *describe(const struct code *code)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	for (size_t i = 0; i < code->nr_exits; i++) {
		const struct mkp_flow_exit *it = &code->exits[i];

		fputs(i ? ", " : "", stream);
		if (it->event == MKP_FLOW_RETURNED)
			fputs("returned", stream);
		else if (it->event == MKP_FLOW_LOST)
			fputs("lost", stream);
		else if (it->event == MKP_FLOW_STORED)
			fprintf(stream, "stored %s", name_of_ref(code, it->to));
		else if (it->argument == MKP_FLOW_IN_FRAME)
			fprintf(stream, "passed %s frame", name_of_ref(code, it->callee));
		else
			fprintf(stream, "passed %s %d", name_of_ref(code, it->callee),
				it->argument);
	}
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void expect(struct code *code, const char *expected)
{
	char *text = describe(code);

	assert_string_equal(text, expected);
	free(text);
}

/* What becomes of the address of `target` in f with @body, and @more behind it. */
static void expect_with(const char *body, const char *more, bool through,
			const char *expected)
{
	struct code code;

	code_init(&code, body, more);
	assert_null(
		mkp_flow_trace(code.flow, ref_to(&code, "target"), through, take, &code));
	expect(&code, expected);
	code_deinit(&code);
}

static void expect_body(const char *body, const char *expected)
{
	expect_with(body, "", false, expected);
}

/* ---- Where it goes ---- */

static void stores(void **state MKP_UNUSED)
{
	expect_body("lea target(%rip), %rax; mov %rax, (%rdi); xor %eax, %eax; ret",
		    "stored -");
	expect_body("lea target(%rip), %rcx; mov %rcx, kept(%rip); ret", "stored kept");
	expect_body("movq $target, kept(%rip); ret", "stored kept");
	expect_body("mov $target, %rcx; xchg %rcx, (%rdi); ret", "stored -");
	expect_body("lea target(%rip), %rcx; mov %rcx, %gs:8; ret", "stored -");
	expect_body("lea target(%rip), %rcx; movq %rcx, %xmm0; movups %xmm0, (%rdi); ret",
		    "stored -");
	expect_body("lea target(%rip), %rcx; mov %ecx, %edx; ret", "");
}

static void arguments(void **state MKP_UNUSED)
{
	expect_body("lea target(%rip), %rdi; call a; ret", "passed a 0");
	expect_body("mov $target, %rsi; call a; ret", "passed a 1");
	expect_body("mov $target, %edx; call a; ret", "passed a 2");
	expect_body("mov $target, %rcx; call a; ret", "passed a 3");
	expect_body("mov $target, %r8; call a; ret", "passed a 4");
	expect_body("mov $target, %r9; call a; ret", "passed a 5");
	expect_body("mov $target, %r10; call a; ret", "");
	expect_body("mov $target, %rdi; mov %rdi, %rdx; call a; ret",
		    "passed a 0, passed a 2");
}

/* A call leaves the address in registers that it preserves, and in no others. */
static void what_a_call_preserves(void **state MKP_UNUSED)
{
	expect_body("mov $target, %rdi; call a; call b; ret", "passed a 0");
	expect_body("mov $target, %rbx; call a; mov %rbx, %rdi; call b; ret",
		    "passed b 0");
	expect_body("mov $target, %r11; call a; mov %r11, %rdi; call b; ret", "");
	expect_body("mov $target, %rax; call a; ret", "");
}

static void results(void **state MKP_UNUSED)
{
	expect_body("mov $target, %rax; ret", "returned");
	expect_body("mov $target, %rax; jmp __x86_return_thunk", "returned");
	expect_body("mov $target, %rdi; jmp __x86_return_thunk", "");
	expect_body("mov $target, %rdi; jmp b", "passed b 0");
}

/* It is not known what is called. */
static void pointers_to_functions(void **state MKP_UNUSED)
{
	expect_body("mov $target, %rdi; call *%rax; ret", "passed - 0");
	expect_body("mov $target, %rdi; call *8(%rsi); ret", "passed - 0");
	expect_body("mov $target, %rdi; call __x86_indirect_thunk_rax; ret",
		    "passed - 0");
	expect_body("mov $target, %rdi; jmp *%rax", "passed - 0");
}

static void changes_of_registers(void **state MKP_UNUSED)
{
	expect_body("mov $target, %rdi; xor %edi, %edi; call a; ret", "");
	expect_body("mov $target, %rdi; mov %rsi, %rdi; call a; ret", "");
	expect_body("mov $target, %rdi; mov (%rdi), %rdi; call a; ret", "");
	expect_body("mov $target, %rdi; movb $0, %dil; call a; ret", "passed a 0");
	expect_body("mov $target, %rdi; cmovz %rsi, %rdi; call a; ret", "passed a 0");
	expect_body("mov $target, %rsi; cmovz %rsi, %rdi; xor %esi, %esi; call a; ret",
		    "passed a 0");
	expect_body("mov $target, %rdi; add $8, %rdi; call a; ret", "passed a 0");
	expect_body("mov $target, %rcx; lea 8(%rcx,%rsi), %rdi; call a; ret",
		    "passed a 0, passed a 3");
	expect_body("mov $target, %rdi; imul $3, %rdi, %rdi; call a; ret", "");
}

/* What is loaded from it holds addresses of its own kind, or is of no interest. */
static void loads(void **state MKP_UNUSED)
{
	static const char direct[] = "mov target(%rip), %rdi; call a; ret";
	static const char twice[] = "mov $target, %rax; mov 8(%rax), %rsi; call a; ret";

	expect_with(direct, "", false, "");
	expect_with(direct, "", true, "passed a 0");
	expect_with(twice, "", false, "");
	expect_with(twice, "", true, "passed a 1");
	expect_with("mov %rsi, target(%rip); mov %rsi, %rdi; call a; ret", "", true, "");
}

/* ---- The frame ---- */

static void slots_of_the_frame(void **state MKP_UNUSED)
{
	expect_body("mov $target, %rcx; mov %rcx, -8(%rsp); ret", "");
	expect_body("mov $target, %rcx; mov %rcx, -8(%rsp); mov -8(%rsp), %rdi; call a; "
		    "ret",
		    "passed a 0, passed a 3");
	expect_body("movq $target, -8(%rsp); mov -16(%rsp), %rdi; call a; ret", "");
	expect_body("movq $target, -8(%rsp); movq $0, -8(%rsp); mov -8(%rsp), %rdi; call "
		    "a; ret",
		    "");
	expect_body("movq $target, -8(%rsp); movq $0, -16(%rsp); mov -8(%rsp), %rdi; "
		    "call a; ret",
		    "passed a 0");
	expect_body("mov $target, %rax; push %rax; xor %eax, %eax; pop %rdi; call a; ret",
		    "passed a 0");
	expect_body("push $target; push %rsi; pop %rdi; call a; ret", "");
	expect_body("push %rbx; movq $target, -8(%rsp); pop %rbx; mov -16(%rsp), %rdi; "
		    "call a; ret",
		    "passed a 0");
}

/* The same slot, by way of pointers that moved. */
static void pointers_into_the_frame(void **state MKP_UNUSED)
{
	expect_body("push %rbp; mov %rsp, %rbp; sub $32, %rsp; movq $target, -8(%rbp); "
		    "mov 24(%rsp), %rdi; call a; ret",
		    "passed a 0");
	expect_body("push %rbp; mov %rsp, %rbp; sub $32, %rsp; movq $target, -8(%rbp); "
		    "mov 16(%rsp), %rdi; call a; ret",
		    "");
	expect_body("lea -24(%rsp), %rax; movq $target, 8(%rax); mov -16(%rsp), %rdi; "
		    "call a; ret",
		    "passed a 0");
	/* Where the frame is aligned, every slot may be the one. */
	expect_body("and $-64, %rsp; movq $target, (%rsp); mov 40(%rsp), %rdi; call a; "
		    "ret",
		    "passed a 0");
	expect_body("and $-64, %rsp; movq $target, (%rsp); movq $0, 8(%rsp); mov "
		    "40(%rsp), %rdi; call a; ret",
		    "passed a 0");
	/* A call makes something else of a register that it does not preserve. */
	expect_body("lea -8(%rsp), %rcx; call a; movq $target, (%rcx); ret", "stored -");
	/* A pointer that is into the frame on one way only is no certain place. */
	expect_body("lea -8(%rsp), %rax; test %edi, %edi; jz 1f; mov %rsi, %rax; 1: "
		    "movq $target, (%rax); ret",
		    "stored -");
}

/* A structure on the stack whose address is passed. */
static void structures_of_the_frame(void **state MKP_UNUSED)
{
	expect_body("sub $24, %rsp; movq $target, 8(%rsp); mov %rsp, %rdi; call a; ret",
		    "passed a frame");
	expect_body("sub $24, %rsp; movq $target, 8(%rsp); movq $0, 8(%rsp); mov %rsp, "
		    "%rdi; call a; ret",
		    "");
	expect_body("sub $24, %rsp; movq $target, 8(%rsp); mov %rsp, %rbx; call a; ret",
		    "");
}

/* ---- Ways ---- */

static void every_way_is_followed(void **state MKP_UNUSED)
{
	expect_body("mov $target, %rcx; test %edi, %edi; jz 1f; mov %rcx, kept(%rip); "
		    "ret; 1: mov %rcx, %rdi; xor %ecx, %ecx; jmp b",
		    "passed b 0, stored kept");
	expect_body("jmp 2f; 1: mov $target, %rbx; test %eax, %eax; jz 2f; ret; 2: mov "
		    "%rbx, %rdi; call a; jmp 1b",
		    "passed a 0");
	/* What comes before the address is made has nothing to do with it. */
	expect_body("mov %rcx, kept(%rip); mov $target, %rcx; ret", "");
	expect_body("mov $target, %rdi; jmp 1f; call a; 1: xor %edi, %edi; ret", "");
	expect_body("mov $target, %rdi; ret; call a; ret", "");
	/* A warning goes on. */
	expect_body("mov $target, %rdi; ud2; call a; ret", "passed a 0");
}

static void split_off_parts(void **state MKP_UNUSED)
{
	static const char cold[] = ".section .text.unlikely, \"ax\"\n"
				   ".type f.cold, @function\n"
				   "f.cold: mov %rcx, kept(%rip); jmp f + 20\n"
				   ".size f.cold, . - f.cold\n";
	struct code code;

	code_init(&code,
		  "mov $target, %rcx; test %edi, %edi; jz f.cold; ret; .skip f + 20 - "
		  ". , 0x90; call a; ret",
		  cold);
	assert_null(
		mkp_flow_trace(code.flow, ref_to(&code, "target"), false, take, &code));
	/* The call is reached from the part alone. */
	expect(&code, "stored kept, passed a 3");
	assert_int_equal(code.exits[0].atom, compiled_atom(&code.compiled, "f.cold"));
	assert_int_equal(code.exits[0].place, 0);
	assert_int_equal(code.exits[1].atom, compiled_atom(&code.compiled, "f"));
	assert_int_equal(code.exits[1].place, 20);
	code_deinit(&code);
}

/* The part of another function is not this one's. */
static void parts_of_others(void **state MKP_UNUSED)
{
	expect_with("mov $target, %rdi; jmp g.cold",
		    ".section .text.unlikely, \"ax\"\n.type g.cold, @function\n"
		    "g.cold: mov %rdi, kept(%rip); ret\n.size g.cold, . - g.cold\n",
		    false, "passed g.cold 0");
}

/* Those that are too many are places elsewhere. */
static void more_parts_than_are_followed(void **state MKP_UNUSED)
{
	struct code code;

	code_init(&code,
		  "mov $target, %rdi\n"
		  ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9\njz f.cold.\\n\n.endr\nret",
		  ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9\n"
		  ".section .text.unlikely.\\n, \"ax\"\n.type f.cold.\\n, @function\n"
		  "f.cold.\\n: ret\n.size f.cold.\\n, . - f.cold.\\n\n.endr\n");
	assert_null(
		mkp_flow_trace(code.flow, ref_to(&code, "target"), false, take, &code));
	assert_int_equal(code.nr_exits, 3);
	code_deinit(&code);
}

static const char table[] = ".section .rodata, \"a\"\n.quad f + 32, f + 40\n";
static const char fault[] = ".section __ex_table, \"a\"\n"
			    ".long (f + 16) - ., (f + 32) - ., 3\n";

static void tables_of_places(void **state MKP_UNUSED)
{
	static const char body[] =
		"mov $target, %rcx; jmp *.rodata(,%rax,8); .skip f + 32 - . , 0xcc; "
		"mov %rcx, %rdx; ret; .skip f + 40 - . , 0xcc; mov %rcx, %rdi; "
		"xor %ecx, %ecx; xor %edx, %edx; call a; ret";

	expect_with(body, table, false, "passed a 0");
	/* Without a table, the jump may lead out: a branch of another function is none,
	 * nor is an entry. */
	expect_with("mov $target, %rdi; jmp *%rax; call a; ret", "", false, "passed - 0");
	expect_with("mov $target, %rdi; jmp *%rax; .skip f + 20 - . , 0x90; call a; ret",
		    ".type g, @function\ng: jmp f + 20\n.size g, . - g\n", false,
		    "passed - 0");
	expect_with("mov $target, %rdi; jmp *%rax; .skip f + 16 - . , 0x90; call a; "
		    ".skip f + 32 - . , 0x90; ret",
		    fault, false, "passed - 0");
}

static void ways_that_entries_make(void **state MKP_UNUSED)
{
	static const char body[] = "mov $target, %rcx; .skip f + 16 - . , 0x90; "
				   "mov (%rsi), %rdx; xor %ecx, %ecx; ret; "
				   ".skip f + 32 - . , 0xcc; mov %rcx, kept(%rip); ret";

	expect_with(body, fault, false, "stored kept");
	/* Tables are not in the order of the code. */
	expect_with(body,
		    ".section __ex_table, \"a\"\n"
		    ".long (f + 23) - ., (f + 23) - ., 3\n"
		    ".long (f + 16) - ., (f + 32) - ., 3\n"
		    ".long (f + 7) - ., (f + 7) - ., 3\n",
		    false, "stored kept");
	expect_with(body, "", false, "");
}

static void arguments_of_the_function(void **state MKP_UNUSED)
{
	struct code code;

	code_init(&code, "call __fentry__; mov %rsi, kept(%rip); mov %rdi, %rax; ret",
		  "");
	assert_null(mkp_flow_trace_argument(code.flow, 1, false, take, &code));
	expect(&code, "stored kept");
	code.nr_exits = 0;
	assert_null(mkp_flow_trace_argument(code.flow, 0, false, take, &code));
	expect(&code, "returned");
	/* Nothing is left from the one before. */
	code.nr_exits = 0;
	assert_null(mkp_flow_trace_argument(code.flow, 2, false, take, &code));
	expect(&code, "");
	code_deinit(&code);
}

static void results_that_are_the_address(void **state MKP_UNUSED)
{
	expect_body("mov $target, %rdi; call gives; mov %rax, kept(%rip); ret",
		    "passed gives 0, stored kept, returned");
	expect_body("mov $target, %rdi; call gives; mov %rax, %rsi; call a; ret",
		    "passed gives 0, passed a 1");
	/* What is read there is something else. */
	expect_body("mov $target, %rdi; call gives; mov (%rax), %rax; ret",
		    "passed gives 0");
	/* The second argument, and what other functions return, are not. */
	expect_body("mov $target, %rsi; call gives; mov %rax, kept(%rip); ret",
		    "passed gives 1");
	expect_body("mov $target, %rdi; call a; mov %rax, kept(%rip); ret", "passed a 0");
	/* A jump in place of a call returns it. */
	expect_body("mov $target, %rdi; jmp gives", "passed gives 0, returned");
	expect_body("mov $target, %rdi; jmp a", "passed a 0");
}

/* What the visitor returns ends the search. */
static struct mkp_error *refuse(void *data, const struct mkp_flow_exit *exit MKP_UNUSED,
				bool *ret_back MKP_UNUSED)
{
	size_t *count = data;

	++*count;
	return mkp_error_create(MKP_ERROR_INTERNAL, "enough");
}

static void the_visitor_ends_it(void **state MKP_UNUSED)
{
	struct mkp_error *error;
	struct code code;
	size_t count = 0;

	code_init(&code, "mov $target, %rbx; mov %rbx, (%rdi); mov %rbx, (%rsi); ret",
		  "");
	error = mkp_flow_trace(code.flow, ref_to(&code, "target"), false, refuse, &count);
	assert_non_null(error);
	mkp_error_destroy(error);
	assert_int_equal(count, 1);
	/* And the next one starts anew. */
	assert_null(
		mkp_flow_trace(code.flow, ref_to(&code, "target"), false, take, &code));
	expect(&code, "stored -, stored -");
	code_deinit(&code);
}

/* ---- Loops and returns ---- */

static void expect_ways(const char *body, const char *more, bool loops, bool returns)
{
	struct code code;

	code_init(&code, body, more);
	assert_int_equal(mkp_flow_loops(code.flow, ref_to(&code, "a")), loops);
	assert_int_equal(mkp_flow_returns(code.flow), returns);
	code_deinit(&code);
}

static void loops_and_returns(void **state MKP_UNUSED)
{
	expect_ways("call a; ret", "", false, true);
	expect_ways("1: call a; jmp 1b", "", true, false);
	expect_ways("1: call a; test %eax, %eax; jnz 1b; ret", "", true, true);
	expect_ways("1: test %eax, %eax; jnz 1b; call a; ret", "", false, true);
	expect_ways("call a; 1: jmp 1b", "", false, false);
	/* What no way leads to is no return. */
	expect_ways("1: call a; jmp 1b; ret", "", true, false);
	expect_ways("call a; jmp b", "", false, true);
	expect_ways("1: call a; test %eax, %eax; jz b; jmp 1b", "", true, true);
	expect_ways("call a; jmp *%rax", "", false, true);
	expect_ways("call a; jmp __x86_return_thunk", "", false, true);
	expect_ways("1: call a; jmp *.rodata(,%rax,8); .skip f + 32 - . , 0xcc; jmp 1b; "
		    ".skip f + 40 - . , 0xcc; jmp 1b",
		    table, true, false);
	expect_ways("call a; .skip f + 16 - . , 0x90; 1: mov (%rsi), %rdx; jmp 1b; "
		    ".skip f + 32 - . , 0xcc; jmp f",
		    fault, true, false);
}

/* ---- Code that is none ---- */

static void what_is_no_instruction(void **state MKP_UNUSED)
{
	struct code code;

	/* 0x06 is none in 64-bit mode; decoding goes on behind it. */
	expect_body("mov $target, %rdi; .byte 0x06; call a; ret", "passed a 0");
	/* The last one is cut off in the middle. */
	expect_body("mov $target, %rdi; .byte 0xe8", "");
	/* No code at all: nothing leaves it, and all may. */
	code_init(&code, "", "");
	assert_null(mkp_flow_trace_argument(code.flow, 0, false, take, &code));
	expect(&code, "");
	assert_true(mkp_flow_returns(code.flow));
	code_deinit(&code);
	/* The reference is in what is no instruction. */
	expect_body(".reloc f, R_X86_64_32, target; .byte 6, 6, 6, 6; call a; ret",
		    "lost");
	/* Branches to before and behind the function lead out of it. */
	expect_body("mov $target, %rdi; jmp f + 4096", "passed - 0");
	expect_body("mov $target, %rdi; .byte 0xeb, 0x7f", "passed - 0");
	expect_body("mov $target, %rdi; .byte 0xeb, 0x80", "passed - 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores),
		cmocka_unit_test(arguments),
		cmocka_unit_test(what_a_call_preserves),
		cmocka_unit_test(results),
		cmocka_unit_test(pointers_to_functions),
		cmocka_unit_test(changes_of_registers),
		cmocka_unit_test(loads),
		cmocka_unit_test(slots_of_the_frame),
		cmocka_unit_test(pointers_into_the_frame),
		cmocka_unit_test(structures_of_the_frame),
		cmocka_unit_test(every_way_is_followed),
		cmocka_unit_test(split_off_parts),
		cmocka_unit_test(parts_of_others),
		cmocka_unit_test(more_parts_than_are_followed),
		cmocka_unit_test(tables_of_places),
		cmocka_unit_test(ways_that_entries_make),
		cmocka_unit_test(arguments_of_the_function),
		cmocka_unit_test(results_that_are_the_address),
		cmocka_unit_test(the_visitor_ends_it),
		cmocka_unit_test(loops_and_returns),
		cmocka_unit_test(what_is_no_instruction),
	};

	return cmocka_run_group_tests_name("diff/flow", tests, NULL, NULL);
}
