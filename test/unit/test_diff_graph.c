// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support_compile.h"
#include "support_scene.h"

#define CALL		     "\xe8\x00\x00\x00\x00"
#define SCENE(scene, things) scene_init(scene, things, MKP_ARRAY_SIZE(things))

static const struct mkp_ref *ref_at(const struct scene *scene, const char *atom,
				    uint64_t place)
{
	const struct mkp_ref *ref = mkp_atom_ref_at(
		scene->graph, &scene->graph->atoms[scene_atom(scene, atom)], place);

	assert_non_null(ref);
	return ref;
}

static void assert_ref(const struct scene *scene, const char *atom, uint64_t place,
		       const char *target, int64_t offset)
{
	const struct mkp_ref *ref = ref_at(scene, atom, place);

	assert_int_equal(ref->target, scene_atom(scene, target));
	assert_true(ref->offset == offset);
}

static const struct scene_thing simple[] = {
	{ ".text.f",
	  "f",
	  STB_GLOBAL,
	  STT_FUNC,
	  CALL "\xc3\x90\x90",
	  8,
	  { { 1, R_X86_64_PLT32, "printk", -4 } } },
	{ ".data.x",
	  "x",
	  STB_LOCAL,
	  STT_OBJECT,
	  "\1\0\0\0\2\0\0\0",
	  8,
	  { { 0, R_X86_64_64, ".data.y", 4 } } },
	{ ".data.y", "y", STB_LOCAL, STT_OBJECT, NULL, 8, {} },
	{ ".bss.z", "z", STB_GLOBAL, STT_OBJECT, NULL, 16, {} },
	{ NULL, "printk", STB_GLOBAL, STT_NOTYPE, NULL, 0, {} },
};

static void cuts_by_symbols(void **state MKP_UNUSED)
{
	struct scene scene;
	const struct mkp_atom *atom;

	SCENE(&scene, simple);
	assert_int_equal(scene.graph->nr_atoms, 5);
	atom = &scene.graph->atoms[scene_atom(&scene, "f")];
	assert_int_equal(atom->kind, MKP_ATOM_FUNC);
	assert_int_equal(atom->class, MKP_CLASS_TEXT);
	assert_int_equal(atom->size, 8);
	assert_memory_equal(mkp_atom_data(scene.graph, atom), CALL, 5);
	atom = &scene.graph->atoms[scene_atom(&scene, "z")];
	assert_int_equal(atom->kind, MKP_ATOM_OBJECT);
	assert_int_equal(atom->class, MKP_CLASS_DATA);
	assert_null(mkp_atom_data(scene.graph, atom));
	atom = &scene.graph->atoms[scene_atom(&scene, "printk")];
	assert_int_equal(atom->kind, MKP_ATOM_EXTERN);
	assert_ref(&scene, "f", 1, "printk", 0);
	assert_ref(&scene, "x", 0, "y", 4);
	scene_deinit(&scene);
}

/* cmpl $5, x(%rip) counts from behind the immediate. */
static void measures_from_the_end_of_instructions(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".text.f",
		  "f",
		  STB_GLOBAL,
		  STT_FUNC,
		  "\x83\x3d\x00\x00\x00\x00\x05\xc3",
		  8,
		  { { 2, R_X86_64_PC32, ".data", 3 } } },
		{ ".text.g",
		  "g",
		  STB_GLOBAL,
		  STT_FUNC,
		  "\x8b\x05\x00\x00\x00\x00\xc3",
		  7,
		  { { 2, R_X86_64_PC32, ".data", 4 } } },
		{ ".data", "a", STB_LOCAL, STT_OBJECT, NULL, 8, {} },
		{ ".data", "b", STB_LOCAL, STT_OBJECT, NULL, 8, {} },
	};
	struct scene scene;

	SCENE(&scene, things);
	/* 3 + 5 and 4 + 4 are both the start of b, which the end of a is as well. */
	assert_ref(&scene, "f", 2, "b", 0);
	assert_int_equal(ref_at(&scene, "f", 2)->to_end, 5);
	assert_ref(&scene, "g", 2, "b", 0);
	assert_int_equal(ref_at(&scene, "g", 2)->to_end, 4);
	assert_true(ref_at(&scene, "g", 2)->flags & MKP_REF_PCREL);
	assert_false(ref_at(&scene, "g", 2)->flags & MKP_REF_BRANCH);
	scene_deinit(&scene);
}

static void a_name_means_its_own_atom(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".data.p",
		  "p",
		  STB_LOCAL,
		  STT_OBJECT,
		  NULL,
		  32,
		  { { 0, R_X86_64_64, "a", 8 },
		    { 8, R_X86_64_64, "a", -8 },
		    { 16, R_X86_64_64, ".data", 16 },
		    { 24, R_X86_64_64, ".data", 8 } } },
		{ ".data", "a", STB_GLOBAL, STT_OBJECT, NULL, 8, {} },
		{ ".data", "b", STB_GLOBAL, STT_OBJECT, NULL, 8, {} },
	};
	struct scene scene;

	SCENE(&scene, things);
	assert_ref(&scene, "p", 0, "a", 8);
	assert_ref(&scene, "p", 8, "a", -8);
	assert_ref(&scene, "p", 16, "b", 8); /* the end of the section */
	assert_ref(&scene, "p", 24, "b", 0);
	scene_deinit(&scene);
}

static void finds_branches_without_relocation(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".text",
		  "f",
		  STB_GLOBAL,
		  STT_FUNC,
		  "\xe8\x03\x00\x00\x00\xeb\xfe\xc3",
		  8,
		  {} },
		{ ".text", "g", STB_LOCAL, STT_FUNC, "\xc3\xeb\xf5", 3, {} },
	};
	struct scene scene;

	SCENE(&scene, things);
	/* call g; the jump to itself stays inside. */
	assert_int_equal(scene.graph->atoms[scene_atom(&scene, "f")].nr_refs, 1);
	assert_ref(&scene, "f", 1, "g", 0);
	assert_int_equal(ref_at(&scene, "f", 1)->reloc, MKP_NO_RELOC);
	assert_int_equal(ref_at(&scene, "f", 1)->type, R_X86_64_PLT32);
	assert_true(ref_at(&scene, "f", 1)->flags & MKP_REF_BRANCH);
	/* A short jump back: nothing can be put into its one byte. */
	assert_ref(&scene, "g", 2, "f", 0);
	assert_int_equal(ref_at(&scene, "g", 2)->type, 0);
	scene_deinit(&scene);
}

static void cuts_strings_and_constants(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".text.f",
		  "f",
		  STB_GLOBAL,
		  STT_FUNC,
		  "\x48\xc7\xc7\x00\x00\x00\x00",
		  7,
		  { { 3, R_X86_64_32S, ".rodata.str1.1", 6 } } },
		{ ".rodata.str1.1", NULL, 0, 0, "one\0second\0", 11, {} },
		{ ".rodata.cst8", NULL, 0, 0, NULL, 24, {} },
	};
	struct scene scene;
	const struct mkp_ref *ref;

	SCENE(&scene, things);
	assert_int_equal(scene.graph->nr_atoms, 6);
	ref = ref_at(&scene, "f", 3);
	assert_int_equal(scene.graph->atoms[ref->target].kind, MKP_ATOM_STRING);
	assert_int_equal(scene.graph->atoms[ref->target].start, 4);
	assert_int_equal(scene.graph->atoms[ref->target].size, 7);
	assert_int_equal(ref->offset, 2);
	assert_int_equal(scene.graph->atoms[5].kind, MKP_ATOM_CONST);
	assert_int_equal(scene.graph->atoms[5].start, 16);
	scene_deinit(&scene);
}

static void an_alias_is_no_second_atom(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".text.f", "f", STB_GLOBAL, STT_FUNC, "\x90\x90\x90\xc3", 4, {} },
		/* Starts where f ends, and has no size: a label at the end. */
		{ ".text.f", "end", STB_LOCAL, STT_NOTYPE, NULL, 0, {} },
		{ ".text.g", "g", STB_GLOBAL, STT_NOTYPE, NULL, 0, {} },
		{ ".text.g", NULL, 0, 0, "\x90\xc3", 2, {} },
		{ ".data.e", "before", STB_LOCAL, STT_OBJECT, "\1", 1, {} },
		{ ".data.e", "empty", STB_LOCAL, STT_OBJECT, NULL, 0, {} },
		{ ".data.e", "also_empty", STB_LOCAL, STT_OBJECT, NULL, 0, {} },
	};
	struct scene scene;
	const struct mkp_atom *atom;

	SCENE(&scene, things);
	/* A function of the assembler reaches to the end. */
	atom = &scene.graph->atoms[scene_atom(&scene, "g")];
	assert_int_equal(atom->kind, MKP_ATOM_FUNC);
	assert_int_equal(atom->size, 2);
	/* Lock keys have no size in some configurations. */
	assert_int_equal(scene.graph->nr_atoms, 5);
	scene_deinit(&scene);
}

static void fills_are_no_atoms(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".text", "f", STB_GLOBAL, STT_FUNC, "\xc3", 1, {} },
		{ ".text", NULL, 0, 0, "\x0f\x1f\x44\x00\x00\x66\x90", 7, {} },
		{ ".text", "g", STB_GLOBAL, STT_FUNC, "\xc3", 1, {} },
		{ ".data", "a", STB_GLOBAL, STT_OBJECT, "\1", 1, {} },
		{ ".data", NULL, 0, 0, NULL, 7, {} },
		{ ".data", "b", STB_GLOBAL, STT_OBJECT, "\1", 1, {} },
		{ ".data", NULL, 0, 0, "\7", 1, {} },
	};
	struct scene scene;
	const struct mkp_atom *last;

	SCENE(&scene, things);
	assert_int_equal(scene.graph->nr_atoms, 5);
	last = &scene.graph->atoms[4];
	assert_int_equal(last->kind, MKP_ATOM_ANON);
	assert_int_equal(last->start, 9);
	assert_int_equal(last->symbol, 0);
	assert_string_equal(mkp_atom_name(scene.graph, 4), ".data");
	scene_deinit(&scene);
}

static void entries_belong_to_functions(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".text.f", "f", STB_GLOBAL, STT_FUNC, "\x90\x90\x90\xc3", 4, {} },
		{ ".text.f", "f.cold", STB_LOCAL, STT_FUNC, "\x90\xc3", 2, {} },
		{ "__ex_table",
		  NULL,
		  0,
		  0,
		  NULL,
		  24,
		  { { 0, R_X86_64_PC32, ".text.f", 1 },
		    { 4, R_X86_64_PC32, ".text.f", 6 },
		    { 12, R_X86_64_PC32, "f.cold", 0 },
		    { 16, R_X86_64_PC32, "f.cold", 5 } } },
	};
	const struct mkp_graph *graph;
	struct scene scene;
	uint32_t f, cold;

	SCENE(&scene, things);
	graph = scene.graph;
	f = scene_atom(&scene, "f");
	cold = scene_atom(&scene, "f.cold");
	assert_int_equal(graph->atoms[cold].owner, f);
	assert_int_equal(graph->atoms[f].owner, MKP_NO_ATOM);
	assert_int_equal(graph->nr_specials, 1);
	assert_int_equal(graph->specials[0].entry_size, 12);
	assert_int_equal(graph->specials[0].nr_entries, 2);
	assert_null(graph->specials[0].trouble);
	assert_int_equal(graph->entries_first[f + 1] - graph->entries_first[f], 1);
	assert_int_equal(graph->entries_first[cold + 1] - graph->entries_first[cold], 1);
	assert_int_equal(graph->atoms[graph->entries[graph->entries_first[cold]]].start,
			 12);
	scene_deinit(&scene);
}

/* Cuts a section with these relocations; the entry size found, 0 if there is trouble. */
static uint32_t entry_size(const char *section, uint64_t size,
			   const struct scene_reloc *relocs)
{
	struct scene_thing things[] = {
		{ ".text.f", "f", STB_GLOBAL, STT_FUNC, "\x90\x90\x90\xc3", 4, {} },
		{ section, NULL, 0, 0, NULL, size, {} },
	};
	struct scene scene;
	uint32_t found;

	for (size_t i = 0; i < SCENE_RELOCS && relocs[i].to; i++)
		things[1].relocs[i] = relocs[i];
	SCENE(&scene, things);
	assert_int_equal(scene.graph->nr_specials, 1);
	found = scene.graph->specials[0].entry_size;
	assert_int_equal(!found, !!scene.graph->specials[0].trouble);
	scene_deinit(&scene);
	return found;
}

#define F(place)                                                                         \
	{                                                                                \
		place, R_X86_64_PC32, "f", 0                                             \
	}
#define RELOCS(...)                                                                      \
	(const struct scene_reloc[SCENE_RELOCS])                                         \
	{                                                                                \
		__VA_ARGS__                                                              \
	}

static void entry_sizes_come_from_relocations(void **state MKP_UNUSED)
{
	/* Of 12, 13 and 14 bytes. */
	assert_int_equal(
		entry_size(".altinstructions", 24, RELOCS(F(0), F(4), F(12), F(16))), 12);
	assert_int_equal(
		entry_size(".altinstructions", 26, RELOCS(F(0), F(4), F(13), F(17))), 13);
	assert_int_equal(
		entry_size(".altinstructions", 28, RELOCS(F(0), F(4), F(14), F(18))), 14);
	assert_int_equal(entry_size(".altinstructions", 12, RELOCS(F(0), F(4))), 12);
	/* An entry without a place in code, one with a relocation where none belongs, and
	 * a rest. */
	assert_int_equal(entry_size(".altinstructions", 24, RELOCS(F(0), F(4))), 0);
	assert_int_equal(entry_size("__ex_table", 12, RELOCS(F(0), F(6))), 0);
	assert_int_equal(entry_size("__ex_table", 16, RELOCS(F(0), F(4), F(12))), 0);
	assert_int_equal(entry_size("__ex_table", 12, RELOCS({ 0, 0, NULL, 0 })), 0);
	/* The last one may lack its padding, in one kind of table only. */
	assert_int_equal(entry_size(".parainstructions", 26, RELOCS(F(0), F(16))), 16);
	assert_int_equal(entry_size("__jump_table", 26, RELOCS(F(0), F(16))), 0);
}

static void a_companion_has_a_record_for_each(void **state MKP_UNUSED)
{
	struct scene_thing things[] = {
		{ ".text.f", "f", STB_GLOBAL, STT_FUNC, "\x90\x90\x90\xc3", 4, {} },
		{ ".orc_unwind_ip", NULL, 0, 0, NULL, 8, { F(0), F(4) } },
		{ ".orc_unwind", NULL, 0, 0, NULL, 12, {} },
	};
	struct scene scene;

	SCENE(&scene, things);
	assert_int_equal(scene.graph->specials[0].companion_size, 6);
	scene_deinit(&scene);
	things[2].size = 13;
	SCENE(&scene, things);
	assert_non_null(scene.graph->specials[0].trouble);
	assert_int_equal(scene.graph->specials[0].entry_size, 0);
	scene_deinit(&scene);
}

static void knows_who_refers(void **state MKP_UNUSED)
{
	struct scene scene;
	const struct mkp_graph *graph;
	uint32_t y;

	SCENE(&scene, simple);
	graph = scene.graph;
	y = scene_atom(&scene, "y");
	assert_int_equal(graph->incoming_first[y + 1] - graph->incoming_first[y], 1);
	assert_int_equal(graph->ref_atom[graph->incoming[graph->incoming_first[y]]],
			 scene_atom(&scene, "x"));
	assert_null(mkp_atom_ref_at(graph, &graph->atoms[y], 0));
	scene_deinit(&scene);
}

static void finds_the_atom_of_a_place(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".data", "a", STB_GLOBAL, STT_OBJECT, "\1\1\1\1", 4, {} },
		{ ".data", "b", STB_GLOBAL, STT_OBJECT, "\1\1\1\1", 4, {} },
	};
	struct scene scene;
	uint32_t a, b;

	SCENE(&scene, things);
	a = scene_atom(&scene, "a");
	b = scene_atom(&scene, "b");
	assert_int_equal(mkp_graph_atom_at(scene.graph, 1, 0), a);
	assert_int_equal(mkp_graph_atom_at(scene.graph, 1, 3), a);
	assert_int_equal(mkp_graph_atom_at(scene.graph, 1, 4), b);
	assert_int_equal(mkp_graph_atom_at(scene.graph, 1, 8), b);
	assert_int_equal(mkp_graph_atom_at(scene.graph, 1, 9), MKP_NO_ATOM);
	scene_deinit(&scene);
}

static void tells_traceable_functions(void **state MKP_UNUSED)
{
	static const struct scene_thing things[] = {
		{ ".text.f",
		  "f",
		  STB_GLOBAL,
		  STT_FUNC,
		  CALL "\xc3",
		  6,
		  { { 1, R_X86_64_PLT32, "__fentry__", -4 } } },
		{ ".text.g",
		  "g",
		  STB_GLOBAL,
		  STT_FUNC,
		  CALL "\xc3",
		  6,
		  { { 1, R_X86_64_PLT32, "printk", -4 } } },
		{ ".text.h", "h", STB_GLOBAL, STT_FUNC, "\xc3", 1, {} },
		{ NULL, "__fentry__", STB_GLOBAL, STT_NOTYPE, NULL, 0, {} },
		{ NULL, "printk", STB_GLOBAL, STT_NOTYPE, NULL, 0, {} },
	};
	struct scene scene;

	SCENE(&scene, things);
	assert_true(mkp_function_traceable(scene.graph, scene_atom(&scene, "f")));
	assert_false(mkp_function_traceable(scene.graph, scene_atom(&scene, "g")));
	assert_false(mkp_function_traceable(scene.graph, scene_atom(&scene, "h")));
	assert_false(mkp_function_traceable(scene.graph, scene_atom(&scene, "printk")));
	scene_deinit(&scene);
}

/* An assembler leaves the table out if nothing would be in it. */
static void objects_without_symbols(void **state MKP_UNUSED)
{
	struct compiled_pair pair;
	const char source[] = ".text\nnop\nje . + 3\n.data\n.long 1\n";

	compiled_pair_init(&pair, "gcc -x assembler", source, source, NULL);
	assert_int_equal(pair.patched.object->symtab, 0);
	assert_int_equal(pair.patched.graph->nr_atoms, 2);
	assert_string_equal(mkp_atom_name(pair.patched.graph, 0), ".text");
	assert_string_equal(mkp_atom_name(pair.patched.graph, 1), ".data");
	assert_true(mkp_diff_is_unchanged(pair.diff));
	compiled_pair_deinit(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_by_symbols),
		cmocka_unit_test(measures_from_the_end_of_instructions),
		cmocka_unit_test(a_name_means_its_own_atom),
		cmocka_unit_test(finds_branches_without_relocation),
		cmocka_unit_test(cuts_strings_and_constants),
		cmocka_unit_test(an_alias_is_no_second_atom),
		cmocka_unit_test(fills_are_no_atoms),
		cmocka_unit_test(entries_belong_to_functions),
		cmocka_unit_test(entry_sizes_come_from_relocations),
		cmocka_unit_test(a_companion_has_a_record_for_each),
		cmocka_unit_test(knows_who_refers),
		cmocka_unit_test(finds_the_atom_of_a_place),
		cmocka_unit_test(tells_traceable_functions),
		cmocka_unit_test(objects_without_symbols),
	};

	return cmocka_run_group_tests_name("diff/graph", tests, NULL, NULL);
}
