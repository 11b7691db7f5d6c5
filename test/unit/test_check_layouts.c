// SPDX-License-Identifier: GPL-2.0-or-later
#include <dwarf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "check/layouts.h"
#include "support_compile.h"
#include "support_dwarf.h"

#define CC "gcc -x c -O1 -gdwarf-5"

struct sides {
	struct compiled compiled[2];
	struct mkp_layouts layouts[2];
	struct mkp_layout_pair *pairs;
	size_t nr_pairs;
};

static void sides_init(struct sides *sides, const char *command, const char *orig,
		       const char *patched)
{
	compiled_init(&sides->compiled[0], command, orig);
	compiled_init(&sides->compiled[1], command, patched);
	for (int i = 0; i < 2; i++)
		assert_null(mkp_layouts_collect(sides->compiled[i].types,
						&sides->layouts[i]));
	assert_null(mkp_layouts_compare(&sides->layouts[0], &sides->layouts[1],
					&sides->pairs, &sides->nr_pairs));
}

static void sides_deinit(struct sides *sides)
{
	free(sides->pairs);
	for (int i = 0; i < 2; i++) {
		mkp_layouts_deinit(&sides->layouts[i]);
		compiled_deinit(&sides->compiled[i]);
	}
}

static void print_side(FILE *stream, const struct mkp_change_side *side)
{
	if (!side->present)
		fputs("none", stream);
	else if (side->value)
		fprintf(stream, "%llu: %s", (unsigned long long)side->offset,
			side->value);
	else
		fprintf(stream, "%llu+%llu", (unsigned long long)side->offset,
			(unsigned long long)side->size);
}

/* "s 8->16: a 0+4 -> 4+4; b none -> 8+8", a line for each pair; malloc'ed. */
static char *describe(struct sides *sides)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	for (size_t i = 0; i < sides->nr_pairs; i++) {
		struct mkp_layout_changes changes;
		struct mkp_die die;

		assert_true(mkp_types_strip(sides->compiled[1].types,
					    sides->pairs[i].patched, &die));
		assert_null(mkp_layout_changes_find(sides->compiled[0].types,
						    sides->compiled[1].types,
						    &sides->pairs[i], &changes));
		fprintf(stream, "%s%s %llu->%llu%s:", i ? "\n" : "", die.name,
			(unsigned long long)changes.old_size,
			(unsigned long long)changes.new_size,
			changes.only_added ? " added" : "");
		for (size_t k = 0; k < changes.nr_changes; k++) {
			fprintf(stream, "%s %s ", k ? ";" : "", changes.changes[k].path);
			print_side(stream, &changes.changes[k].before);
			fputs(" -> ", stream);
			print_side(stream, &changes.changes[k].after);
		}
		mkp_layout_changes_deinit(&changes);
	}
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void expect_by(const char *command, const char *orig, const char *patched,
		      const char *expected)
{
	struct sides sides;
	char *text;

	sides_init(&sides, command, orig, patched);
	text = describe(&sides);
	assert_string_equal(text, expected);
	free(text);
	sides_deinit(&sides);
}

/* @orig and @patched declare things; what is not used has no debug data. */
static void expect(const char *orig, const char *patched, const char *expected)
{
	expect_by(CC, orig, patched, expected);
}

#define S(members) "struct s { " members " } v;\n"

static void the_same(void **state MKP_UNUSED)
{
	expect(S("int a; long b;"), S("int a; long b;"), "");
	/* Lines, other types, and what a member is, do not count. */
	expect(S("int a; long b;"), "\n\n" S("unsigned a; void *b;"), "");
	expect(S("int a;"), "struct t { char c; } w;\n" S("int a;"), "");
	/* Nor what has no name, or another one: that is another type. */
	expect("struct { int a; } v;\n", "struct { long a; } v;\n", "");
	expect(S("int a;"), "struct t { long a; } v;\n", "");
	expect("struct s { int a; } v;\n", "union s { long a; } v;\n", "");
	/* A declaration alone is no layout. */
	expect("struct s; struct s *v;\n", S("int a;"), "");
}

static void what_differs(void **state MKP_UNUSED)
{
	expect(S("int a;"), S("long a;"), "s 4->8: a 0+4 -> 0+8");
	expect(S("int a; int b;"), S("int b; int a;"),
	       "s 8->8: b 4+4 -> 0+4; a 0+4 -> 4+4");
	expect(S("int a;"), S("int a; int b;"), "s 4->8: b none -> 4+4");
	expect(S("int a; int b;"), S("int a;"), "s 8->4: b 4+4 -> none");
	expect(S("char a[3];"), S("char a[5];"), "s 3->5: a 0+3 -> 0+5");
	expect("union s { int a; } v;\n", "union s { int a; long b; } v;\n",
	       "s 4->8: b none -> 0+8");
	expect(S("int a;"), S("int a; char tail[];"), "s 4->4 added: tail none -> 4+0");
	/* The same members in more room. */
	expect(S("int a;"), "struct s { int a; } __attribute__((aligned(16))) v;\n",
	       "s 4->16:");
}

/* Room that there was. */
static void members_in_padding(void **state MKP_UNUSED)
{
	expect(S("int a; long b;"), S("int a; int c; long b;"),
	       "s 16->16 added: c none -> 4+4");
	expect(S("char a; long b;"), S("char a; short c; int d; long b;"),
	       "s 16->16 added: c none -> 2+2; d none -> 4+4");
	expect(S("int a; char c; long b;"), S("int a; int c; long b;"),
	       "s 16->16: c 4+1 -> 4+4");
}

static void another_name(void **state MKP_UNUSED)
{
	expect(S("int a; int b;"), S("int a; int c;"), "s 8->8:");
	/* Not where the size is another, too, nor the place. */
	expect(S("int a; int b;"), S("int a; long c;"),
	       "s 8->16: b 4+4 -> none; c none -> 8+8");
	expect(S("int a; int b; long e;"), S("int a; short c; long e;"),
	       "s 16->16: b 4+4 -> none; c none -> 4+2");
}

static void bits(void **state MKP_UNUSED)
{
	expect(S("unsigned a : 3, b : 5;"), S("unsigned a : 4, b : 4;"),
	       "s 4->4: a 0: 3 bits from bit 0 -> 0: 4 bits from bit 0; "
	       "b 0: 5 bits from bit 3 -> 0: 4 bits from bit 4");
	expect(S("unsigned a : 3, b : 5;"), S("unsigned a : 3, c : 5;"), "s 4->4:");
	expect(S("unsigned a : 3;"), S("unsigned a : 3, b : 1;"),
	       "s 4->4 added: b none -> 0: 1 bits from bit 3");
	/* Of one byte, but not the same bits: no other name for it. */
	expect(S("unsigned a : 3, b : 5;"), S("unsigned a : 3, : 1, c : 4;"),
	       "s 4->4: b 0: 5 bits from bit 3 -> none; "
	       "c none -> 0: 4 bits from bit 4");
	expect(S("char a;"), S("char c : 4;"),
	       "s 1->1: a 0+1 -> none; c none -> 0: 4 bits from bit 0");
}

/* Members of a nameless structure are those of the outer one; a structure with a name
 * has its own layout. */
static void structures_inside(void **state MKP_UNUSED)
{
	expect(S("int a; struct { int b; union { int c; char d; }; };"),
	       S("int a; struct { int x; int b; union { int c; char d; }; };"),
	       "s 12->16: x none -> 4+4; b 4+4 -> 8+4; c 8+4 -> 12+4; d 8+1 -> 12+1");
	expect("struct i { int a; };\n" S("struct i i; int b;"),
	       "struct i { int x; };\n" S("struct i i; int b;"), "i 4->4:");
	expect(S("struct { int a; } i;"), S("struct { short a, b; } i;"), "");
}

/* Types of one name in several scopes. */
static void several_of_one_name(void **state MKP_UNUSED)
{
	expect("struct s { int a; } v;\nint f(void) { struct s { char b; } x = { 1 }; "
	       "return x.b + v.a; }\n",
	       "struct s { long a; } v;\nint f(void) { struct s { char b; } x = { 1 }; "
	       "return x.b + v.a; }\n",
	       "s 4->8: a 0+4 -> 0+8");
}

/* Types of one name in several units: the partner is not one that stays, whichever comes
 * first. */
static void several_at_the_top(void **state MKP_UNUSED)
{
#define TYPES(first, second)                                                             \
	DWARF_UNIT "structure a, s, " first "\nend\nstructure b, s, " second             \
		   "\nend\n" DWARF_END
	expect_by(DWARF_AS, TYPES("4", "1"), TYPES("8", "1"), "s 4->8:");
	expect_by(DWARF_AS, TYPES("4", "1"), TYPES("4", "2"), "s 1->2:");
	expect_by(DWARF_AS, TYPES("4", "1"), TYPES("1", "4"), "");
}

static void without_debug_data(void **state MKP_UNUSED)
{
	struct sides sides;

	sides_init(&sides, "gcc -x c -g0", S("int a;"), S("long a;"));
	assert_int_equal(sides.layouts[0].nr_entries, 0);
	assert_int_equal(sides.nr_pairs, 0);
	sides_deinit(&sides);
	sides_init(&sides, "gcc -x c -g", "", S("long a;"));
	assert_int_equal(sides.nr_pairs, 0);
	sides_deinit(&sides);
}

/* ---- What no compiler writes ---- */

static void damaged(const char *before, const char *after, size_t nr_pairs)
{
	struct mkp_layout_changes changes;
	struct sides sides;
	char *sources[2];

	assert_true(asprintf(&sources[0], DWARF_UNIT "%s" DWARF_END, before) > 0);
	assert_true(asprintf(&sources[1], DWARF_UNIT "%s" DWARF_END, after) > 0);
	sides_init(&sides, DWARF_AS, sources[0], sources[1]);
	assert_int_equal(sides.nr_pairs, nr_pairs);
	for (size_t i = 0; i < nr_pairs; i++) {
		assert_null(mkp_layout_changes_find(sides.compiled[0].types,
						    sides.compiled[1].types,
						    &sides.pairs[i], &changes));
		mkp_layout_changes_deinit(&changes);
	}
	sides_deinit(&sides);
	free(sources[0]);
	free(sources[1]);
}

/* What is inside of a structure and no member, as other languages have it. */
static void not_members(void **state MKP_UNUSED)
{
	damaged("structure s, s, 8\nmember s, 0\nend\n",
		"structure s, s, 8\nmember s, 0\nstructure inner, inner, 4\nend\nend\n",
		0);
}

/* A nameless member that is the structure that it is in, many times. */
static void structures_in_themselves(void **state MKP_UNUSED)
{
	alarm(10);
	damaged("structure s, s, 8\nmember s, 0\nend\n",
		"structure s, s, 8\nmember s, 0\nend\n", 0);
	damaged("structure s, s, 8\n.rept 40\nmember s, 0\n.endr\nend\n",
		"structure s, s, 16\n.rept 40\nmember s, 0\n.endr\nend\n", 1);
	damaged("structure s, s, 8\n.rept 40\nmember t, 0\n.endr\nend\n"
		"nameless t, 8\n.rept 40\nmember t, 0\nmember a, 1\n.endr\nend\n"
		"alias a, a\n",
		"structure s, s, 8\nmember t, 0\nend\n"
		"nameless t, 8\nmember s, 4\nend\n",
		1);
	/* What is not there. */
	damaged("structure s, s, 8\nmember unit, 0\nmember unit_end, 0\nend\n",
		"structure s, s, 8\nmember unit_end, 0\nend\n", 1);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same),
		cmocka_unit_test(what_differs),
		cmocka_unit_test(members_in_padding),
		cmocka_unit_test(another_name),
		cmocka_unit_test(bits),
		cmocka_unit_test(structures_inside),
		cmocka_unit_test(several_of_one_name),
		cmocka_unit_test(several_at_the_top),
		cmocka_unit_test(without_debug_data),
		cmocka_unit_test(not_members),
		cmocka_unit_test(structures_in_themselves),
	};

	return cmocka_run_group_tests_name("check/layouts", tests, NULL, NULL);
}
