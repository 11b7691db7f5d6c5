// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support_scene.h"

/* movq $0, %rdi at 0 (relocation at 3); call at 7 (relocation at 8); a byte to change. */
#define CODE(byte) "\x48\xc7\xc7\x00\x00\x00\x00\xe8\x00\x00\x00\x00" byte "\xc3"
#define FUNCTION(name, byte, ...)                                                        \
	{                                                                                \
		".text." name, name, STB_GLOBAL, STT_FUNC, CODE(byte), 14,               \
		{                                                                        \
			__VA_ARGS__                                                      \
		}                                                                        \
	}
#define ADDRESS(what)                                                                    \
	{                                                                                \
		3, R_X86_64_32S, what, 0                                                 \
	}
#define CALL(what)                                                                       \
	{                                                                                \
		8, R_X86_64_PLT32, what, -4                                              \
	}
#define EXTERN(name)                                                                     \
	{                                                                                \
		NULL, name, STB_GLOBAL, STT_NOTYPE, NULL, 0,                             \
		{                                                                        \
		}                                                                        \
	}
#define CONSTANT(name, bytes)                                                            \
	{                                                                                \
		".rodata." name, name, STB_LOCAL, STT_OBJECT, bytes, 4,                  \
		{                                                                        \
		}                                                                        \
	}

static enum mkp_ref_fate fate(const struct scene_pair *pair, const char *function,
			      uint64_t place)
{
	const struct mkp_graph *graph = pair->patched.graph;
	const struct mkp_ref *ref = mkp_atom_ref_at(
		graph, &graph->atoms[scene_atom(&pair->patched, function)], place);

	assert_non_null(ref);
	return pair->selection->fates[ref - graph->refs];
}

static void changed_functions_and_what_is_new(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", "\x90", ADDRESS("x"), CALL("printk")),
		FUNCTION("same", "\x90", CALL("printk")),
		{ ".data.x", "x", STB_LOCAL, STT_OBJECT, NULL, 4, {} },
		EXTERN("printk"),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", "\xcc", ADDRESS("x"), CALL("g")),
		FUNCTION("same", "\x90", CALL("printk")),
		FUNCTION("g", "\x90", ADDRESS("y"), CALL("h")),
		FUNCTION("h", "\x90", CALL("same")),
		FUNCTION("unused", "\x90", CALL("printk")),
		{ ".data.x", "x", STB_LOCAL, STT_OBJECT, NULL, 4, {} },
		{ ".data.y", "y", STB_LOCAL, STT_OBJECT, NULL, 4, {} },
		EXTERN("printk"),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_int_equal(pair.selection->nr_replaced, 1);
	assert_int_equal(pair.selection->queue[0], scene_atom(&pair.patched, "f"));
	assert_true(scene_included(&pair, "g"));
	assert_true(scene_included(&pair, "h"));
	assert_true(scene_included(&pair, "y"));
	assert_false(scene_included(&pair, "same"));
	assert_false(scene_included(&pair, "x"));
	assert_false(scene_included(&pair, "unused"));
	assert_false(scene_included(&pair, "printk"));
	assert_int_equal(pair.selection->nr_included, 4);
	assert_int_equal(fate(&pair, "f", 3), MKP_FATE_ORIGINAL);
	assert_int_equal(fate(&pair, "f", 8), MKP_FATE_CARRIED);
	assert_int_equal(fate(&pair, "h", 8), MKP_FATE_ORIGINAL);
	assert_int_equal(fate(&pair, "same", 8), MKP_FATE_UNDECIDED);
	scene_pair_deinit(&pair);
}

static void calls_and_addresses_of_changed_functions(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", "\x90", ADDRESS("g"), CALL("g")),
		FUNCTION("g", "\x90", ADDRESS("same"), CALL("g")),
		FUNCTION("same", "\x90", CALL("g")),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", "\xcc", ADDRESS("g"), CALL("g")),
		FUNCTION("g", "\xcc", ADDRESS("same"), CALL("g")),
		FUNCTION("same", "\x90", CALL("g")),
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_int_equal(pair.selection->nr_replaced, 2);
	assert_int_equal(fate(&pair, "f", 3), MKP_FATE_ORIGINAL);
	assert_int_equal(fate(&pair, "f", 8), MKP_FATE_CARRIED);
	assert_int_equal(fate(&pair, "g", 8), MKP_FATE_CARRIED);
	assert_int_equal(fate(&pair, "g", 3), MKP_FATE_ORIGINAL);
	scene_pair_deinit(&pair);
}

static void a_part_comes_along(void **state MKP_UNUSED)
{
	struct scene_thing orig[] = {
		FUNCTION("f", "\x90", CALL("f.cold")),
		FUNCTION("f.cold", "\x90", CALL("f")),
	};
	struct scene_thing patched[] = {
		FUNCTION("f", "\xcc", CALL("f.cold")),
		FUNCTION("f.cold", "\x90", { 8, R_X86_64_PLT32, "f", 8 }),
	};
	struct scene_pair pair;

	orig[1].bind = patched[1].bind = STB_LOCAL;
	orig[1].relocs[0].addend = 8;
	SCENE_PAIR(&pair, orig, patched);
	assert_int_equal(pair.selection->nr_replaced, 1);
	assert_true(scene_included(&pair, "f.cold"));
	assert_int_equal(scene_state(&pair, "f.cold"), MKP_STATE_SAME);
	assert_int_equal(fate(&pair, "f.cold", 8), MKP_FATE_CARRIED);
	scene_pair_deinit(&pair);
}

static void values_are_carried(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("f", "\x90", ADDRESS(".rodata.str1.1")),
		{ ".rodata.str1.1", NULL, 0, 0, "text\0more", 10, {} },
	};
	static const struct scene_thing patched[] = {
		FUNCTION("f", "\xcc", ADDRESS(".rodata.str1.1")),
		{ ".rodata.str1.1", NULL, 0, 0, "text\0more", 10, {} },
	};
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, patched);
	assert_int_equal(pair.selection->nr_included, 2);
	assert_int_equal(fate(&pair, "f", 3), MKP_FATE_CARRIED);
	scene_pair_deinit(&pair);
}

/* Whether the changed constant t, read by f and g, is carried; @g is g's byte. */
static bool constant_is_carried(const char *section, uint8_t bind, bool g_changes)
{
	struct scene_thing orig[] = {
		FUNCTION("f", "\x90", ADDRESS("t")),
		FUNCTION("g", "\x90", ADDRESS("t")),
		CONSTANT("t", "\1\2\3\4"),
	};
	struct scene_thing patched[] = {
		FUNCTION("f", "\xcc", ADDRESS("t")),
		FUNCTION("g", "\x90", ADDRESS("t")),
		CONSTANT("t", "\1\2\3\5"),
	};
	struct scene_pair pair;
	bool carried;

	orig[2].section = patched[2].section = section;
	orig[2].bind = patched[2].bind = bind;
	if (g_changes)
		patched[1].bytes = CODE("\xcc");
	SCENE_PAIR(&pair, orig, patched);
	carried = scene_included(&pair, "t");
	assert_int_equal(scene_state(&pair, "t"), MKP_STATE_CHANGED);
	assert_int_equal(
		mkp_constant_is_private(pair.selection, scene_atom(&pair.patched, "t")),
		carried);
	assert_int_equal(fate(&pair, "f", 3),
			 carried ? MKP_FATE_CARRIED : MKP_FATE_ORIGINAL);
	scene_pair_deinit(&pair);
	return carried;
}

static void constants_if_nobody_else_reads_them(void **state MKP_UNUSED)
{
	assert_true(constant_is_carried(".rodata.t", STB_LOCAL, true));
	assert_false(constant_is_carried(".rodata.t", STB_LOCAL, false));
	assert_false(constant_is_carried(".rodata.t", STB_GLOBAL, true));
	assert_false(constant_is_carried(".data.t", STB_LOCAL, true));
}

static void entries_come_with_their_function(void **state MKP_UNUSED)
{
#define ENTRY(function)                                                                  \
	{                                                                                \
		"__ex_table", NULL, 0, 0, NULL, 12,                                      \
		{                                                                        \
			{ 0, R_X86_64_PC32, function, 0 },                               \
			{                                                                \
				4, R_X86_64_PC32, function, 9                            \
			}                                                                \
		}                                                                        \
	}
	static const struct scene_thing orig[] = {
		FUNCTION("f", "\x90", CALL("printk")),
		FUNCTION("g", "\x90", CALL("printk")),
		ENTRY("g"),
		ENTRY("f"),
		{ ".printk_index", NULL, 0, 0, NULL, 8, { { 0, R_X86_64_64, "f", 0 } } },
		EXTERN("printk"),
	};
	struct scene_thing patched[MKP_ARRAY_SIZE(orig)];
	struct scene_pair pair;
	uint32_t nr_entries = 0;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(orig); i++)
		patched[i] = orig[i];
	patched[0].bytes = CODE("\xcc");
	SCENE_PAIR(&pair, orig, patched);
	for (uint32_t i = 0; i < pair.selection->nr_included; i++) {
		uint32_t atom = pair.selection->queue[i];
		char *text;

		if (pair.patched.graph->atoms[atom].kind != MKP_ATOM_ENTRY)
			continue;
		nr_entries++;
		assert_int_equal(pair.patched.graph->atoms[atom].start, 12);
		assert_int_equal(pair.selection->edges[atom].because, MKP_BECAUSE_TABLE);
		assert_null(mkp_edge_describe(pair.selection, atom, &text));
		assert_string_equal(text, "describes f (exception table)");
		free(text);
	}
	assert_int_equal(nr_entries, 1);
	scene_pair_deinit(&pair);
}

static void nothing_from_nothing(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = { FUNCTION("f", "\x90", CALL("printk")),
						   EXTERN("printk") };
	struct scene_pair pair;

	SCENE_PAIR(&pair, orig, orig);
	assert_int_equal(pair.selection->nr_included, 0);
	assert_int_equal(fate(&pair, "f", 8), MKP_FATE_UNDECIDED);
	scene_pair_deinit(&pair);
	mkp_selection_destroy(NULL);
}

/* Nothing of the object refers to `added`; another object does. */
static void what_others_need_is_carried_with_all_it_needs(void **state MKP_UNUSED)
{
	static const struct scene_thing orig[] = {
		FUNCTION("kept", "\x90", CALL("outside")),
		EXTERN("outside"),
	};
	static const struct scene_thing patched[] = {
		FUNCTION("kept", "\x90", CALL("outside")),
		FUNCTION("added", "\x90", CALL("helper")),
		FUNCTION("helper", "\x90", CALL("kept")),
		FUNCTION("idle", "\x90", CALL("kept")),
		EXTERN("outside"),
	};
	struct scene_pair pair;
	uint32_t added;

	SCENE_PAIR(&pair, orig, patched);
	assert_int_equal(pair.selection->nr_included, 0);
	added = scene_atom(&pair.patched, "added");
	mkp_select_shared(pair.selection, added);
	mkp_select_shared(pair.selection, added);
	assert_int_equal(pair.selection->nr_shared, 1);
	assert_int_equal(pair.selection->nr_included, 2);
	assert_true(scene_included(&pair, "added") && scene_included(&pair, "helper"));
	assert_false(scene_included(&pair, "kept") || scene_included(&pair, "idle"));
	assert_int_equal(fate(&pair, "helper", 8), MKP_FATE_ORIGINAL);
	assert_int_equal(pair.selection->nr_replaced, 0);
	scene_pair_deinit(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_need_is_carried_with_all_it_needs),
		cmocka_unit_test(changed_functions_and_what_is_new),
		cmocka_unit_test(calls_and_addresses_of_changed_functions),
		cmocka_unit_test(a_part_comes_along),
		cmocka_unit_test(values_are_carried),
		cmocka_unit_test(constants_if_nobody_else_reads_them),
		cmocka_unit_test(entries_come_with_their_function),
		cmocka_unit_test(nothing_from_nothing),
	};

	return cmocka_run_group_tests_name("diff/select", tests, NULL, NULL);
}
