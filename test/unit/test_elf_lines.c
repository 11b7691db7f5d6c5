// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Source places of a small object, compiled on the spot in each format that kernels are
 * built with.
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

#include "elf/line_table.h"
#include "elf/lines.h"
#include "elf/object.h"
#include "elf/types.h"

/* first() is on line 2; of second(), the body is on 5, and what it inlines on 4; of
 * third(), the body is on 7, and it inlines 6, which inlines 4. */
static const char source[] = "int shared;\n"
			     "void first(void) { shared++; }\n"
			     "extern void take(int);\n"
			     "static inline void pass(int line) { take(line); }\n"
			     "void second(void) { pass(__LINE__); }\n"
			     "static inline void between(void) { pass(__LINE__); }\n"
			     "void third(void) { between(); }\n"
			     "extern void rare(void) __attribute__((cold));\n"
			     "int split(int x) { for (int i = 0; i < x; i++) {"
			     " take(i); if (x == 7) rare(); } return x; }\n";

static char directory[] = "/tmp/mkp-lines-XXXXXX";

static int make_source(void **state)
{
	FILE *stream;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	stream = fopen("t.c", "w");
	assert_non_null(stream);
	assert_true(fputs(source, stream) >= 0);
	return fclose(stream);
}

static int remove_source(void **state)
{
	(void)state;
	unlink("t.c");
	unlink("t.o");
	return rmdir(directory);
}

static void compile(const char *compiler)
{
	char *command;

	assert_true(asprintf(&command,
			     "%s -O2 -c -ffunction-sections -fdata-sections "
			     "-fno-asynchronous-unwind-tables "
			     "t.c -o t.o",
			     compiler) > 0);
	if (system(command))
		fail_msg("%s", command);
	free(command);
}

static uint32_t section_of(const char *name)
{
	struct mkp_object *object = NULL;
	uint32_t index;

	assert_null(mkp_object_open("t.o", &object));
	index = mkp_object_find_section(object, name);
	assert_int_not_equal(index, 0);
	mkp_object_destroy(object);
	return index;
}

/* The variable `shared` is declared on line 1. */
static void check_declaration(struct mkp_lines *lines)
{
	struct mkp_object *object = NULL;
	struct mkp_types *types = NULL;
	struct mkp_die die;
	struct mkp_dwarf *dwarf;

	assert_null(mkp_object_open("t.o", &object));
	assert_null(mkp_types_create(object, &types));
	dwarf = mkp_types_dwarf(types);
	assert_true(mkp_types_variable(types, section_of(".bss.shared"), 0, &die));
	assert_string_equal(mkp_lines_declaration(lines, dwarf, &die), "t.c:1");
	die.line = 0;
	assert_null(mkp_lines_declaration(lines, dwarf, &die));
	die.line = 1;
	die.file = 4096;
	assert_null(mkp_lines_declaration(lines, dwarf, &die));
	mkp_types_destroy(types);
	mkp_object_destroy(object);
}

/* Both pieces of split() are of the function that is declared on line 9; clang makes one.
 */
static void check_pieces(struct mkp_lines *lines, bool two)
{
	struct mkp_object *object = NULL;
	struct mkp_types *types = NULL;
	uint32_t sections[2];
	struct mkp_die die;

	assert_null(mkp_object_open("t.o", &object));
	assert_null(mkp_types_create(object, &types));
	sections[0] = mkp_object_find_section(object, ".text.split");
	sections[1] = mkp_object_find_section(object, ".text.unlikely.split");
	assert_int_not_equal(sections[0], 0);
	assert_int_equal(!!sections[1], two);
	for (size_t i = 0; i < 2; i++) {
		if (!sections[i])
			continue;
		assert_true(mkp_types_function(types, sections[i], 0, &die));
		assert_string_equal(die.name, "split");
		assert_string_equal(
			mkp_lines_declaration(lines, mkp_types_dwarf(types), &die),
			"t.c:9");
		assert_false(mkp_types_function(types, sections[i], 1, &die));
	}
	mkp_types_destroy(types);
	mkp_object_destroy(object);
}

static void check_places(bool two)
{
	struct mkp_lines *lines = NULL;
	int chain[MKP_LINES_MAX_CHAIN];
	size_t count;

	assert_null(mkp_lines_create("t.o", &lines));
	assert_string_equal(mkp_lines_find(lines, section_of(".text.first"), 0), "t.c:2");
	assert_string_equal(mkp_lines_find(lines, section_of(".text.second"), 0),
			    "t.c:5");
	assert_null(mkp_lines_find(lines, section_of(".text.first"), 4096));
	check_declaration(lines);
	check_pieces(lines, two);
	/* The last instruction is the jump to take(): inlined from line 4 into line 5. */
	count = mkp_lines_chain(lines, section_of(".text.second"), 5, chain);
	assert_int_equal(count, 2);
	assert_int_equal(chain[0], 4);
	assert_int_equal(chain[1], 5);
	count = mkp_lines_chain(lines, section_of(".text.third"), 5, chain);
	assert_int_equal(count, 3);
	assert_int_equal(chain[0], 4);
	assert_int_equal(chain[1], 6);
	assert_int_equal(chain[2], 7);
	mkp_lines_destroy(lines);
}

/* Where each call of inlined functions was written, and in what. */
static void check_frames(bool names)
{
	struct mkp_lines *lines = NULL;
	struct mkp_line_frame frames[MKP_LINES_MAX_CHAIN];
	size_t count;

	assert_null(mkp_lines_create("t.o", &lines));
	count = mkp_lines_frames(lines, section_of(".text.first"), 0, frames);
	assert_int_equal(count, 1);
	assert_string_equal(frames[0].source, "t.c:2");
	count = mkp_lines_frames(lines, section_of(".text.third"), 5, frames);
	assert_int_equal(count, 3);
	assert_string_equal(frames[0].source, "t.c:4");
	assert_string_equal(frames[1].source, "t.c:6");
	assert_string_equal(frames[2].source, "t.c:7");
	if (names) {
		assert_string_equal(frames[0].function, "pass");
		assert_string_equal(frames[1].function, "between");
		assert_string_equal(frames[2].function, "third");
	}
	assert_int_equal(mkp_lines_frames(lines, section_of(".text.third"), 4096, frames),
			 0);
	mkp_lines_destroy(lines);
}

/* Also without libdwfl: the table alone gives the same answer. */
static void check_table(void)
{
	struct mkp_line_table *table = mkp_line_table_create("t.o");
	const char *file = NULL, *where = NULL;

	assert_non_null(table);
	assert_int_equal(
		mkp_line_table_find(table, section_of(".text.second"), 0, &file, &where),
		5);
	assert_non_null(strstr(file, "t.c"));
	assert_int_equal(mkp_line_table_find(table, 9999, 0, &file, &where), 0);
	mkp_line_table_destroy(table);
}

static void every_format_has_places(void **state)
{
	/* libdw 0.188 does not find the strings of clang's DWARF 5 in objects. */
	static const struct {
		const char *command;
		bool names, splits;
	} compilers[] = {
		{ "gcc -gdwarf-5", true, true },
		{ "gcc -gdwarf-4", true, true },
		{ "clang-14 -gdwarf-5", false, false },
		{ "clang-14 -gdwarf-4", true, false },
	};

	(void)state;
	for (size_t i = 0; i < MKP_ARRAY_SIZE(compilers); i++) {
		compile(compilers[i].command);
		check_places(compilers[i].splits);
		check_frames(compilers[i].names);
		check_table();
	}
}

static void without_dwarf_there_are_none(void **state)
{
	struct mkp_lines *lines = NULL;
	struct mkp_line_frame frames[MKP_LINES_MAX_CHAIN];
	int chain[MKP_LINES_MAX_CHAIN];

	(void)state;
	compile("gcc -g0");
	assert_null(mkp_line_table_create("t.o"));
	assert_null(mkp_lines_create("t.o", &lines));
	assert_false(mkp_lines_available(lines));
	assert_null(mkp_lines_find(lines, section_of(".text.first"), 0));
	assert_int_equal(mkp_lines_chain(lines, section_of(".text.first"), 0, chain), 0);
	assert_int_equal(mkp_lines_frames(lines, section_of(".text.first"), 0, frames),
			 0);
	mkp_lines_destroy(lines);
}

static void no_file_no_places(void **state)
{
	struct mkp_lines *lines = NULL;

	(void)state;
	assert_null(mkp_line_table_create("nowhere.o"));
	assert_null(mkp_lines_create("nowhere.o", &lines));
	assert_null(mkp_lines_find(lines, 1, 0));
	mkp_lines_destroy(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_has_places),
		cmocka_unit_test(without_dwarf_there_are_none),
		cmocka_unit_test(no_file_no_places),
	};

	return cmocka_run_group_tests_name("elf/lines", tests, make_source,
					   remove_source);
}
