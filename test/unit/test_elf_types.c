// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types of a small object, compiled on the spot in each format that kernels are built
 * with.
 */
#include <dwarf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf/types.h"
#include "support_compile.h"
#include "support_dwarf.h"

static const char source[] =
	"typedef unsigned short u16;\n"
	"enum mode { OFF, SLOW = 5, FAST = 9, BAD = -3 };\n"
	"struct inner { long first; u16 flags; };\n"
	"struct outer {\n"
	"	char name[12];\n"
	"	const volatile u16 count;\n"
	"	unsigned low : 3, middle : 7, high : 22;\n"
	"	struct { int x; union { int y; char z; }; };\n"
	"	struct inner table[2][3];\n"
	"	struct inner *next;\n"
	"	void (*open)(void);\n"
	"	enum mode mode;\n"
	"	_Bool on;\n"
	"	struct inner tail[];\n"
	"};\n"
	"struct outer outer = { .count = 1 };\n"
	"static int hidden = 3;\n"
	"int *user(void) { static struct inner local = { 1, 2 }; local.first++;\n"
	"	hidden++; return (int *)&local; }\n"
	"int user2(void) { static char hidden[8] = \"abc\"; hidden[0]++; return "
	"hidden[1]; }\n";

/* The same structure for offsets; the compilers of this test agree on the layout. */
struct inner {
	long first;
	unsigned short flags;
};
struct outer {
	char name[12];
	unsigned short count;
	unsigned int low : 3, middle : 7, high : 22;
	struct {
		int x;
		int y;
	} both;
	struct inner table[2][3];
	struct inner *next;
	void (*open)(void);
	int mode;
	_Bool on;
};

static char directory[] = "/tmp/mkp-types-XXXXXX";

static int write_source(const char *text)
{
	FILE *stream = fopen("t.c", "w");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	return fclose(stream);
}

static int make_source(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	return write_source(source);
}

static int remove_source(void **state)
{
	(void)state;
	unlink("t.c");
	unlink("t.o");
	return rmdir(directory);
}

static const char *const formats[] = {
	"gcc -gdwarf-5",	   "gcc -gdwarf-4",	 "gcc -gdwarf-4 -gstrict-dwarf",
	"gcc -gdwarf-5 -gdwarf64", "clang-14 -gdwarf-5", "clang-14 -gdwarf-4",
};

struct opened {
	struct mkp_object *object;
	struct mkp_types *types;
};

static void open_object(struct opened *opened, const char *compiler)
{
	char *command;

	assert_true(asprintf(&command, "%s -O1 -c -fdata-sections t.c -o t.o", compiler) >
		    0);
	if (system(command))
		fail_msg("%s", command);
	free(command);
	assert_null(mkp_object_open("t.o", &opened->object));
	assert_null(mkp_types_create(opened->object, &opened->types));
}

static void close_object(struct opened *opened)
{
	mkp_types_destroy(opened->types);
	mkp_object_destroy(opened->object);
}

/* The variable of a symbol whose name is or starts with @name. */
static bool find_variable(const struct opened *opened, const char *name,
			  struct mkp_die *ret_die)
{
	const struct mkp_object *object = opened->object;

	for (uint32_t i = 1; i < object->nr_symbols; i++)
		if (!strcmp(object->symbols[i].name, name))
			return mkp_types_variable(opened->types,
						  object->symbols[i].section,
						  object->symbols[i].value, ret_die);
	return false;
}

static void expect_leaf(const struct opened *opened, uint64_t bit, const char *path,
			enum mkp_leaf_kind kind, uint64_t start, uint64_t nr_bits)
{
	struct mkp_die die;
	struct mkp_leaf leaf;
	char *found = NULL;

	assert_true(find_variable(opened, "outer", &die));
	assert_null(mkp_types_leaf(opened->types, die.type, bit, &leaf, &found));
	assert_string_equal(found, path);
	assert_int_equal(leaf.kind, kind);
	assert_int_equal(leaf.bit, start);
	assert_int_equal(leaf.nr_bits, nr_bits);
	free(found);
}

#define AT(member) (8 * offsetof(struct outer, member))

static void check_leaves(const struct opened *opened)
{
	uint64_t bits = 8 * 14; /* behind `count`; `high` does not fit there */

	expect_leaf(opened, AT(name) + 17, "name", MKP_LEAF_TEXT, 0, 96);
	expect_leaf(opened, AT(count), "count", MKP_LEAF_UNSIGNED, AT(count), 16);
	expect_leaf(opened, bits + 2, "low", MKP_LEAF_UNSIGNED, bits, 3);
	expect_leaf(opened, bits + 3, "middle", MKP_LEAF_UNSIGNED, bits + 3, 7);
	expect_leaf(opened, bits + 31, "high", MKP_LEAF_UNSIGNED, bits + 16, 22);
	expect_leaf(opened, AT(both.x), "x", MKP_LEAF_SIGNED, AT(both.x), 32);
	expect_leaf(opened, AT(both.y) + 8, "y", MKP_LEAF_SIGNED, AT(both.y), 32);
	expect_leaf(opened, AT(table[1][2].flags) + 3, "table[1][2].flags",
		    MKP_LEAF_UNSIGNED, AT(table[1][2].flags), 16);
	expect_leaf(opened, AT(table[0][1].first), "table[0][1].first", MKP_LEAF_SIGNED,
		    AT(table[0][1].first), 64);
	expect_leaf(opened, AT(table[0][1].flags) + 16, "table[0][1].(padding)",
		    MKP_LEAF_BYTES, AT(table[0][1].flags) + 16, 8);
	expect_leaf(opened, AT(next), "next", MKP_LEAF_POINTER, AT(next), 64);
	expect_leaf(opened, AT(open), "open", MKP_LEAF_POINTER, AT(open), 64);
	expect_leaf(opened, AT(mode), "mode", MKP_LEAF_ENUM, AT(mode), 32);
	expect_leaf(opened, AT(on), "on", MKP_LEAF_BOOL, AT(on), 8);
	expect_leaf(opened, 8 * 4096, "(padding)", MKP_LEAF_BYTES, 8 * 4096, 8);
}

static void check_variables(const struct opened *opened)
{
	struct mkp_types *types = opened->types;
	struct mkp_die die;

	assert_true(find_variable(opened, "outer", &die));
	assert_string_equal(die.name, "outer");
	assert_int_equal(die.line, 16);
	assert_int_equal(mkp_types_size(types, die.type), sizeof(struct outer));
	assert_true(find_variable(opened, "hidden", &die));
	assert_int_equal(die.line, 17);
	assert_int_equal(mkp_types_size(types, die.type), sizeof(int));
	/* gcc calls a static local `local.N`, clang `user.local`. */
	assert_true(find_variable(opened, "user.local", &die) ||
		    find_variable(opened, "local.0", &die) ||
		    find_variable(opened, "local.1", &die));
	assert_string_equal(die.name, "local");
	assert_int_equal(die.line, 18);
	assert_int_equal(mkp_types_size(types, die.type), sizeof(struct inner));
	assert_false(mkp_types_variable(types, 1, 4096, &die));
}

static void check_enumerators(const struct opened *opened)
{
	struct mkp_types *types = opened->types;
	struct mkp_leaf leaf;
	struct mkp_die die;
	char *path = NULL;

	assert_true(find_variable(opened, "outer", &die));
	assert_null(mkp_types_leaf(types, die.type, AT(mode), &leaf, &path));
	assert_string_equal(mkp_types_enumerator(types, leaf.type, 5), "SLOW");
	assert_string_equal(mkp_types_enumerator(types, leaf.type, 0), "OFF");
	assert_string_equal(mkp_types_enumerator(types, leaf.type, 0xfffffffd), "BAD");
	assert_null(mkp_types_enumerator(types, leaf.type, 6));
	assert_null(mkp_types_enumerator(types, die.type, 0));
	free(path);
}

static void every_format_has_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < MKP_ARRAY_SIZE(formats); i++) {
		struct opened opened;

		print_message("%s\n", formats[i]);
		open_object(&opened, formats[i]);
		assert_true(mkp_types_available(opened.types));
		check_variables(&opened);
		check_leaves(&opened);
		check_enumerators(&opened);
		close_object(&opened);
	}
}

/* Walking by siblings finds all of a unit that walking by offsets does. */
static void children_and_siblings_are_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < MKP_ARRAY_SIZE(formats); i++) {
		size_t by_sibling = 0, by_offset = 0;
		struct mkp_dwarf *dwarf;
		struct opened opened;
		struct mkp_die top, die;
		uint64_t end, depth = 0;
		bool more;

		open_object(&opened, formats[i]);
		dwarf = mkp_types_dwarf(opened.types);
		assert_int_equal(mkp_dwarf_nr_units(dwarf), 1);
		assert_true(mkp_dwarf_unit(dwarf, 0, &top, &end));
		assert_int_equal(top.tag, DW_TAG_compile_unit);
		assert_string_equal(top.name, "t.c");
		for (more = mkp_dwarf_child(dwarf, &top, &die); more;
		     more = mkp_dwarf_sibling(dwarf, &die, &die))
			by_sibling++;
		for (die = top;
		     die.next < end && mkp_dwarf_read(dwarf, die.next, &die);) {
			by_offset += !depth && die.tag;
			depth += die.tag && (die.have & MKP_DIE_CHILDREN);
			depth -= !die.tag && depth;
		}
		assert_int_equal(by_sibling, by_offset);
		assert_true(by_sibling > 8);
		close_object(&opened);
	}
}

static void without_dwarf_there_are_none(void **state)
{
	struct opened opened;
	struct mkp_die die;

	(void)state;
	open_object(&opened, "gcc -g0");
	assert_false(mkp_types_available(opened.types));
	assert_false(find_variable(&opened, "outer", &die));
	assert_false(mkp_types_strip(opened.types, 5, &die));
	assert_int_equal(mkp_types_size(opened.types, 5), 0);
	close_object(&opened);
	open_object(&opened, "gcc -g -gz");
	assert_false(mkp_types_available(opened.types));
	close_object(&opened);
}

/* Whatever the bytes say, every question has an end and an answer. */
static void damaged_data_is_survived(void **state)
{
	struct opened opened;
	struct mkp_section whole;
	uint32_t index;

	(void)state;
	open_object(&opened, "gcc -gdwarf-5");
	index = mkp_object_find_section(opened.object, ".debug_info");
	assert_int_not_equal(index, 0);
	whole = opened.object->sections[index];
	for (uint64_t at = 0; at < whole.size; at++) {
		uint8_t *copy = malloc(whole.size);
		struct mkp_section damaged = whole;
		struct mkp_types *types = NULL;
		struct mkp_die die;
		struct mkp_leaf leaf;
		char *path;

		assert_non_null(copy);
		memcpy(copy, whole.data, whole.size);
		copy[at] ^= (uint8_t)(1 + at * 37 % 255);
		damaged.data = copy;
		opened.object->sections[index] = damaged;
		assert_null(mkp_types_create(opened.object, &types));
		mkp_types_variable(types, 1, 0, &die);
		for (uint64_t type = 1; type < whole.size; type += 7) {
			assert_null(mkp_types_leaf(types, type, 40, &leaf, &path));
			free(path);
		}
		mkp_types_destroy(types);
		opened.object->sections[index] = whole;
		free(copy);
	}
	close_object(&opened);
}

/* A function whose code is in pieces, by the number of their list. */
static void expect_pieces(const char *lists, const char *index, bool found)
{
	struct compiled compiled;
	struct mkp_die die;
	char *text;

	assert_true(asprintf(&text,
			     ".text\nf: nop\n.section .debug_rnglists, "
			     "\"\"\n%s\n" DWARF_UNIT_WITH_LISTS(
				     "lists") "pieces f, %s\n" DWARF_END,
			     lists, index) > 0);
	compiled_init(&compiled, DWARF_AS, text);
	assert_int_equal(
		mkp_types_function(compiled.types,
				   mkp_object_find_section(compiled.object, ".text"), 0,
				   &die),
		found);
	free(text);
	compiled_deinit(&compiled);
}

static void lists_of_pieces(void **state)
{
	static const char two[] = ".skip 12\nlists: .long first - lists, end - lists\n"
				  "first: .byte 7\n.quad f\n.byte 1\nend: .byte 0\n";
	/* What is in front of the table looks like a list. */
	static const char in_front[] = ".skip 11\n.byte 7\nlists: .quad f\n.byte 1, 0\n";

	(void)state;
	expect_pieces(two, "0", true);
	expect_pieces(two, "1", false);
	expect_pieces(in_front, "3", false);
	expect_pieces(in_front, "0xfffffff", false);
	expect_pieces(in_front, "0xffffffffffffffff", false);
}

/* struct: name, what is declared, whether an array reaches to its end. */
static const char ends[] =
	"struct tail { int n; short list[4]; };\n"
	"struct padded { short list[3]; long n; };\n"
	"struct hole { long n; char list[3]; };\n"
	"union both { int n; char text[4]; };\n"
	"struct deep { int n; struct tail tail; };\n"
	"struct chained { struct chained *next; int n; };\n"
	"struct tail tail; struct padded padded; struct hole hole; union both both;\n"
	"struct deep deep; struct chained chained; int array[2]; long number;\n";

static bool ends_with_array(const struct opened *opened, const char *name)
{
	struct mkp_die die = { 0 };

	assert_true(find_variable(opened, name, &die));
	return mkp_types_ends_with_array(opened->types, die.type);
}

static void arrays_at_the_end(void **state MKP_UNUSED)
{
	struct opened opened;

	assert_int_equal(write_source(ends), 0);
	open_object(&opened, "gcc -gdwarf-5");
	assert_int_equal(write_source(source), 0);
	assert_true(ends_with_array(&opened, "tail"));
	assert_false(ends_with_array(&opened, "padded"));
	/* The array ends before the structure does. */
	assert_false(ends_with_array(&opened, "hole"));
	assert_true(ends_with_array(&opened, "both"));
	assert_true(ends_with_array(&opened, "deep"));
	assert_false(ends_with_array(&opened, "chained"));
	assert_true(ends_with_array(&opened, "array"));
	assert_false(ends_with_array(&opened, "number"));
	/* What is not known may be one. */
	assert_true(mkp_types_ends_with_array(opened.types, 0));
	close_object(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_has_types),
		cmocka_unit_test(children_and_siblings_are_all),
		cmocka_unit_test(without_dwarf_there_are_none),
		cmocka_unit_test(damaged_data_is_survived),
		cmocka_unit_test(lists_of_pieces),
		cmocka_unit_test(arrays_at_the_end),
	};

	return cmocka_run_group_tests_name("elf/types", tests, make_source,
					   remove_source);
}
