// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "support_scene.h"

/* A call at 0, a jump at 5 with its field at 6; a byte to change. */
#define CODE(byte) "\xe8\x00\x00\x00\x00\xe9\x00\x00\x00\x00" byte
#define FUNCTION(byte, called, jumped)                                                   \
	{                                                                                \
		".text.f", "f", STB_GLOBAL, STT_FUNC, CODE(byte), 11,                    \
		{                                                                        \
			{ 1, R_X86_64_PLT32, called, -4 },                               \
				{ 6, R_X86_64_PLT32, jumped, -4 },                       \
		}                                                                        \
	}
#define EXTERN(name)                                                                     \
	{                                                                                \
		NULL, name, STB_GLOBAL, STT_NOTYPE, NULL, 0,                             \
		{                                                                        \
		}                                                                        \
	}

/* As if the machine were one where it matters. */
static bool is_jump(const uint8_t *code, size_t size, uint64_t place)
{
	return place >= 1 && place < size && code[place - 1] == 0xe9;
}

/* Runs the check with @arch; returns how many findings there are. */
static size_t findings(struct scene_pair *pair, const struct mkp_arch *arch)
{
	struct mkp_check_context context = { .diff = pair->diff,
					     .selection = pair->selection };
	const struct mkp_arch *real = pair->patched.graph->arch;
	struct mkp_report report;
	size_t count;

	mkp_report_init(&report);
	context.report = &report;
	assert_null(mkp_lines_create("none", &context.patched_lines));
	pair->patched.graph->arch = arch;
	assert_null(mkp_check_get(MKP_CHECK_SIBLING_CALL)
			    ->run(&context, MKP_CHECK_SIBLING_CALL));
	pair->patched.graph->arch = real;
	count = report.nr_findings;
	mkp_lines_destroy(context.patched_lines);
	mkp_report_deinit(&report);
	return count;
}

static void a_jump_out_of_the_patch_is_found(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = { FUNCTION("\x90", "a", "b"),
						   EXTERN("a"), EXTERN("b") };
	static const struct scene_thing patched[] = { FUNCTION("\xcc", "a", "b"),
						      EXTERN("a"), EXTERN("b") };
	struct scene_pair pair;
	struct mkp_arch arch;

	SCENE_PAIR(&pair, orig, patched);
	arch = *pair.patched.graph->arch;
	assert_null(arch.sibling_call_breaks); /* x86_64 */
	assert_int_equal(findings(&pair, &arch), 0);
	arch.sibling_call_breaks = is_jump;
	assert_int_equal(findings(&pair, &arch), 1);
	scene_pair_deinit(&pair);
}

/* To itself, or to a function that is carried: that stays in the module. */
static void a_jump_within_the_patch_is_none(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = { FUNCTION("\x90", "a", "f"),
						   EXTERN("a") };
	static const struct scene_thing patched[] = { FUNCTION("\xcc", "a", "f"),
						      EXTERN("a") };
	struct scene_pair pair;
	struct mkp_arch arch;

	SCENE_PAIR(&pair, orig, patched);
	arch = *pair.patched.graph->arch;
	arch.sibling_call_breaks = is_jump;
	assert_int_equal(findings(&pair, &arch), 0);
	scene_pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jump_out_of_the_patch_is_found),
		cmocka_unit_test(a_jump_within_the_patch_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
