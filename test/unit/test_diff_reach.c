// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How far operands reach, in code that is written down as an assembler has it: `table` is
 * what the operand is of. As many cases in which nothing must be known as others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diff/reach.h"
#include "support_compile.h"

struct reach {
	int64_t low, high;
};

/* What the last reference to `table` in the function f with this body can access. */
static struct reach reach_in(const char *body)
{
	struct mkp_reaches reaches = { 0 };
	struct compiled compiled;
	struct reach reach;
	uint32_t table;
	char *source;

	assert_true(asprintf(&source,
			     ".text\n.globl f\n.type f, @function\nf:\n%s\n"
			     ".size f, . - f\n",
			     body) > 0);
	compiled_init(&compiled, "gcc -x assembler", source);
	free(source);
	table = compiled_atom(&compiled, "table");
	assert_true(compiled.graph->incoming_first[table] <
		    compiled.graph->incoming_first[table + 1]);
	assert_null(mkp_reach_find(
		compiled.graph,
		compiled.graph->incoming[compiled.graph->incoming_first[table + 1] - 1],
		&reaches, &reach.low, &reach.high));
	mkp_reaches_deinit(&reaches);
	compiled_deinit(&compiled);
	return reach;
}

static void reaches(const char *body, int64_t low, int64_t high)
{
	struct reach reach = reach_in(body);

	if (reach.low != low || reach.high != high)
		fail_msg("[%lld, %lld) and not [%lld, %lld):\n%s", (long long)reach.low,
			 (long long)reach.high, (long long)low, (long long)high, body);
}

static void is_unknown(const char *body)
{
	reaches(body, 0, 0);
}

#define LOOK_UP "\nmov table(,%rdi,4), %eax\nret\n1: ret"

static void knows_what_was_compared(void **state MKP_UNUSED)
{
	reaches("cmp $5, %edi\nja 1f\nmov %edi, %edi" LOOK_UP, 0, 24);
	reaches("cmp $5, %rdi\nja 1f" LOOK_UP, 0, 24);
	reaches("cmp $6, %rdi\njae 1f" LOOK_UP, 0, 24);
	reaches("sub $1, %rdi\ncmp $5, %rdi\nja 1f" LOOK_UP, 0, 24);
	reaches("sub $1, %edi\ncmp $5, %edi\nja 1f" LOOK_UP, 0, 24);
	reaches("mov (%rsi), %edi\ncmp $5, %edi\nja 1f" LOOK_UP, 0, 24);
	reaches("movzbl (%rsi), %edi\ncmp $5, %dil\nja 1f" LOOK_UP, 0, 24);
	reaches("cmp $5, %dil\nja 1f\nmovzbl %dil, %edi" LOOK_UP, 0, 24);
	reaches("cmp $5, %di\nja 1f\nmovzwl %di, %edi" LOOK_UP, 0, 24);
	reaches("cmp $5, %edi\nja 1f\nmovslq %edi, %rdi" LOOK_UP, 0, 24);
	/* The copy is older than the comparison. */
	reaches("mov %esi, %edi\ncmp $5, %esi\nja 1f" LOOK_UP, 0, 24);
	/* A comparison with more bits says something of fewer. */
	reaches("cmp $5, %rdi\nja 1f\nmovzbl %dil, %edi" LOOK_UP, 0, 24);
	/* The smaller one of two. */
	reaches("cmp $50, %rdi\nja 1f\ncmp $5, %rdi\nja 1f" LOOK_UP, 0, 24);
	reaches("cmp $5, %rdi\nja 1f\ncmp $50, %rdi\nja 1f" LOOK_UP, 0, 24);
	/* What does not touch flags may stand between. */
	reaches("cmp $5, %rdi\nmov $7, %eax\nlea 4(%rsi), %rdx\nja 1f" LOOK_UP, 0, 24);
	reaches("cmp $5, %rdi\nja g" LOOK_UP, 0, 24);
	/* In a place of its own, which the branch leads to. */
	reaches("cmp $5, %rdi\njbe 2f\nret\n2:" LOOK_UP, 0, 24);
	reaches("cmp $6, %rdi\njb 2f\nret\n2:" LOOK_UP, 0, 24);
	reaches("cmp $5, %rdi\nja 1f\njmp 2f\nnop\n2:" LOOK_UP, 0, 24);
	reaches("cmp $5, %rdi\njbe 2f\nret\n.p2align 4\n2:" LOOK_UP, 0, 24);
}

static void knows_what_was_made(void **state MKP_UNUSED)
{
	reaches("and $3, %edi" LOOK_UP, 0, 16);
	reaches("shr $30, %edi" LOOK_UP, 0, 16);
	reaches("shr $62, %rdi" LOOK_UP, 0, 16);
	reaches("movzbl %dil, %edi" LOOK_UP, 0, 1024);
	reaches("movzbl (%rsi), %edi" LOOK_UP, 0, 1024);
	reaches("movzbl other(%rsi), %edi" LOOK_UP, 0, 1024);
	reaches("xor %edi, %edi" LOOK_UP, 0, 4);
	reaches("mov $2, %edi" LOOK_UP, 0, 12);
	reaches("mov table+8, %eax\nret", 0, 4);
	reaches("movups table, %xmm0\nret", 0, 16);
	reaches("movzbl %dil, %edi\nmovzbl table(%rdi), %eax\nret", 0, 256);
	reaches("cmp $5, %edi\nja 1f\nmov %edi, %eax\njmp *table(,%rax,8)\n1: ret", 0,
		48);
	/* Entries of twenty bytes, a field of two at eight. */
	reaches("cmp $3, %edi\nja 1f\nmov %edi, %edi\nlea (%rdi,%rdi,4), %rax\n"
		"movswl table+8(,%rax,4), %eax\n1: ret",
		0, 62);
	reaches("and $3, %edi\nlea 2(,%rdi,8), %rax\nmov table(%rax), %eax\nret", 2, 30);
}

static void knows_nothing_without_a_bound(void **state MKP_UNUSED)
{
	is_unknown("nop" LOOK_UP);
	is_unknown("movslq %edi, %rdi" LOOK_UP);
	/* It may be negative. */
	is_unknown("movsbl %dil, %edi" LOOK_UP);
	is_unknown("movsbq %dil, %rdi" LOOK_UP);
	is_unknown("movzbl %dil, %edi\nmovsbl %dil, %edi" LOOK_UP);
	is_unknown("movsbl %dil, %edi\ncmp $200, %edi\nja 1f" LOOK_UP);
	is_unknown("cmp $5, %edi\njg 1f\nmovslq %edi, %rdi" LOOK_UP);
	is_unknown("cmp $5, %edi\njl 1f\nmovslq %edi, %rdi" LOOK_UP);
	is_unknown("cmp $200, %dil\nja 1f\nmovsbq %dil, %rdi" LOOK_UP);
	is_unknown("and $-4, %rdi" LOOK_UP);
	/* More bits than were compared. */
	is_unknown("cmp $5, %edi\nja 1f" LOOK_UP);
	is_unknown("cmp $5, %dil\nja 1f" LOOK_UP);
	is_unknown("sub $1, %rdi\ncmp $5, %edi\nja 1f" LOOK_UP);
	is_unknown("sub $1, %edi\ncmp $5, %dil\nja 1f" LOOK_UP);
	is_unknown("mov (%rsi), %dil\ncmp $5, %dil\nja 1f" LOOK_UP);
	is_unknown("cmp $5, %dil\nja 1f\nmovslq %edi, %rdi" LOOK_UP);
	/* The other way, or another condition. */
	is_unknown("cmp $5, %rdi\njbe 1f" LOOK_UP);
	is_unknown("cmp $5, %rdi\njb 1f" LOOK_UP);
	is_unknown("cmp $5, %rdi\nje 1f" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 2f\nret\n2:" LOOK_UP);
	/* With what is not known, or not a number. */
	is_unknown("cmp %rsi, %rdi\nja 1f" LOOK_UP);
	is_unknown("cmp $other, %rdi\nja 1f" LOOK_UP);
	is_unknown("cmpq $5, (%rdi)\nja 1f" LOOK_UP);
	is_unknown("mov $other, %rdi" LOOK_UP);
	is_unknown("lea other(,%rsi,8), %rdi" LOOK_UP);
	is_unknown("and $3, %esi\nlea other(,%rsi,8), %rdi" LOOK_UP);
	is_unknown("and $other, %edi" LOOK_UP);
	/* Two registers, or another segment. */
	is_unknown("and $3, %edi\nmov table(%rsi,%rdi,4), %eax\nret");
	is_unknown("and $3, %edi\nmov %gs:table(,%rdi,4), %eax\nret");
	/* Not an access: the address, or a bit far behind it. */
	is_unknown("and $3, %edi\nlea table(,%rdi,4), %rax\nret");
	is_unknown("mov $table, %rax\nret");
	is_unknown("bt %rsi, table\nret");
	is_unknown("call table\nret");
}

static void forgets_what_changed(void **state MKP_UNUSED)
{
	is_unknown("cmp $5, %rdi\nja 1f\nadd %rsi, %rdi" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nmov %rsi, %rdi" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nmov (%rsi), %rdi" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nmov %sil, %dil" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\npop %rdi" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nxchg %rsi, %rdi" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nxchg %rdi, %rsi" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\ncmove %rsi, %rdi" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nrep movsb" LOOK_UP);
	is_unknown("cmp $5, %rdi\nmov %rsi, %rdi\nja 1f" LOOK_UP);
	is_unknown("and $3, %edi\nnot %rdi" LOOK_UP);
	/* Calls, and places that may be filled with other code. */
	is_unknown("cmp $5, %rbx\nja 1f\ncall g\nmov table(,%rbx,4), %eax\n1: ret");
	is_unknown("cmp $5, %rdi\nja 1f\nnop" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nnopl 0(%rax,%rax,1)" LOOK_UP);
	/* What a hypervisor, or a handler, leaves in registers. */
	is_unknown("cmp $5, %rdi\nja 1f\nvmcall" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nvmmcall" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nud2" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\nint3" LOOK_UP);
	/* The flags are another instruction's. */
	is_unknown("cmp $5, %rdi\nadd $1, %rsi\nja 1f" LOOK_UP);
	is_unknown("cmp $5, %rdi\ntest %rsi, %rsi\nja 1f" LOOK_UP);
	is_unknown("cmp $5, %rdi\ncmp $6, %rsi\nja 1f" LOOK_UP);
	is_unknown("cmp $5, %rdi\npopf\nja 1f" LOOK_UP);
}

static void forgets_where_ways_meet(void **state MKP_UNUSED)
{
	is_unknown("test %esi, %esi\nje 2f\ncmp $5, %rdi\nja 1f\n2:" LOOK_UP);
	is_unknown("cmp $5, %rdi\nja 1f\n2:" LOOK_UP "\njmp 2b");
	is_unknown("cmp $5, %rdi\njbe 2f\ncmp $9, %esi\nje 2f\nret\n2:" LOOK_UP);
	is_unknown("cmp $5, %rdi\njbe 2f\nmov %rsi, %rax\n2:" LOOK_UP);
	/* From a table, an exception, another function: whatever refers to the place. */
	is_unknown("cmp $5, %rdi\nja 1f\n2:" LOOK_UP
		   "\n.section .rodata\n.quad 2b\n.text");
	is_unknown("cmp $5, %rdi\njbe 2f\nret\n2:" LOOK_UP
		   "\n.section .rodata\n.quad 2b\n.text");
	is_unknown("cmp $5, %rdi\nja 1f\n2:" LOOK_UP
		   "\n.section __ex_table,\"a\"\n.long 1b - ., 2b - ., 0\n.text");
	/* A branch into the middle of an instruction: another instruction is there. */
	is_unknown("cmp $5, %rdi\nja 1f" LOOK_UP "\njmp 3f + 1\n3: mov $5, %eax\nret");
	/* What one way knows is not known on the other. */
	is_unknown("cmp $5, %rdi\nja 2f\nret\n2: mov table(,%rdi,4), %eax\n1: ret");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_was_compared),
		cmocka_unit_test(knows_what_was_made),
		cmocka_unit_test(knows_nothing_without_a_bound),
		cmocka_unit_test(forgets_what_changed),
		cmocka_unit_test(forgets_where_ways_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
