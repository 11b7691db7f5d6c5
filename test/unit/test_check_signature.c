// SPDX-License-Identifier: GPL-2.0-or-later
#include <dwarf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "check/signature.h"
#include "support_compile.h"
#include "support_dwarf.h"

struct row {
	const char *old, *new; /* F stands for the name */
	const char *text;      /* NULL: they fit */
};

static const char types[] =
	"struct s { int a; };\nstruct t { int a; };\nstruct u { int a; long b; };\n"
	"struct w { long a; };\nunion n { int a; };\nstruct x { int a; struct x *b; };\n"
	"typedef int number;\ntypedef struct s *pointer;\nenum e { A, B };\n"
	"typedef struct { int a; struct { char b; } c; } nameless;\n"
	"typedef struct { int a; struct { char b; } c; } like;\n"
	"typedef struct { int a; struct { short b; } c; } unlike;\n"
	"typedef struct { int a; int b; } longer;\n"
	"typedef struct { unsigned int a : 3, b : 29; } bits;\n"
	"typedef struct { unsigned int a : 4, b : 28; } others;\n"
	"typedef struct { char a, b; } __attribute__((aligned(4))) near;\n"
	"typedef struct { char a, b __attribute__((aligned(2))); } far;\n"
	"typedef struct { unsigned int a : 3; } three;\n"
	"typedef struct { unsigned int a : 4; } four;\n"
	"typedef struct { int a; char b; } two;\n"
	"typedef struct { int a; char b; char c; } more;\n"
	"typedef struct { char a, b; } small;\n"
	"typedef void (*fn)(int);\ntypedef void (*fn2)(long);\n"
	"typedef void (*fnfn)(void (*)(int));\ntypedef void (*fnfn2)(void (*)(long));\n";

/* One object has all of a side: the functions f0, f1, ... */
static char *source_of(const struct row *rows, size_t count, bool new)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	fputs(types, stream);
	for (size_t i = 0; i < count; i++)
		fprintf(stream, "#define F f%zu\n%s { __builtin_trap(); }\n#undef F\n", i,
			new ? rows[i].new : rows[i].old);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void expect_difference(const struct compiled *old, const struct compiled *new,
			      const char *name, const char *expected, bool words)
{
	struct mkp_die before, after;
	char *text;

	compiled_entry(old, DW_TAG_subprogram, name, &before);
	compiled_entry(new, DW_TAG_subprogram, name, &after);
	assert_null(
		mkp_signature_difference(old->types, &before, new->types, &after, &text));
	if (expected && !text)
		fail_msg("%s: no difference, expected \"%s\"", name, expected);
	if (!expected && text)
		fail_msg("%s: %s", name, text);
	if (expected && words)
		assert_string_equal(text, expected);
	free(text);
}

static void expect_rows(const struct row *rows, size_t count)
{
	static const char *const commands[] = { "gcc -x c -O1 -gdwarf-5",
						"clang-14 -x c -O1 -gdwarf-5" };
	char *sources[] = { source_of(rows, count, false), source_of(rows, count, true) };

	for (size_t c = 0; c < MKP_ARRAY_SIZE(commands); c++) {
		struct compiled old, new;

		compiled_init(&old, commands[c], sources[0]);
		compiled_init(&new, commands[c], sources[1]);
		for (size_t i = 0; i < count; i++) {
			char name[32];

			snprintf(name, sizeof(name), "f%zu", i);
			/* clang has other names for integers. */
			expect_difference(&old, &new, name, rows[i].text, !c);
		}
		compiled_deinit(&old);
		compiled_deinit(&new);
	}
	free(sources[0]);
	free(sources[1]);
}

#define EXPECT(rows) expect_rows(rows, MKP_ARRAY_SIZE(rows))

static void numbers(void **state MKP_UNUSED)
{
	static const struct row rows[] = {
		{ "int F(void)", "int F(void)", NULL },
		{ "int F(void)", "int F(int a)", "takes 1 parameter instead of 0" },
		{ "int F(int a)", "int F(void)", "takes 0 parameters instead of 1" },
		{ "int F(int a)", "int F(int a, int b)",
		  "takes 2 parameters instead of 1" },
		{ "int F(int a, ...)", "int F(int a)",
		  "takes 1 parameter instead of 1 and more" },
		{ "int F(int a)", "int F(int a, ...)",
		  "takes 1 parameter and more instead of 1" },
		{ "int F(int a, ...)", "int F(int b, ...)", NULL },
	};

	EXPECT(rows);
}

static void results(void **state MKP_UNUSED)
{
	static const struct row rows[] = {
		{ "int F(void)", "long F(void)", "result: int -> long int" },
		{ "void F(void)", "int F(void)", NULL },
		{ "int F(void)", "void F(void)", "result: int -> void" },
		{ "struct s F(void)", "struct u F(void)",
		  "result: struct s -> struct u" },
		{ "int *F(void)", "void *F(void)", NULL },
	};

	EXPECT(rows);
}

static void numbers_of_all_sizes(void **state MKP_UNUSED)
{
	static const struct row rows[] = {
		{ "int F(int a, int b)", "int F(int x, number y)", NULL },
		{ "int F(const int a)", "int F(volatile int a)", NULL },
		{ "int F(enum e a)", "int F(unsigned int a)", NULL },
		{ "int F(int a, long b)", "int F(int a, int b)",
		  "parameter 2: long int -> int" },
		{ "int F(int a)", "int F(unsigned int a)", NULL },
		{ "int F(short a)", "int F(unsigned short a)",
		  "parameter 1: short int -> short unsigned int" },
		{ "int F(signed char a)", "int F(_Bool a)",
		  "parameter 1: signed char -> _Bool" },
		{ "int F(unsigned char a)", "int F(_Bool a)",
		  "parameter 1: unsigned char -> _Bool" },
		{ "int F(float a)", "int F(int a)", "parameter 1: float -> int" },
		{ "int F(float a)", "int F(double a)", "parameter 1: float -> double" },
		{ "int F(long a)", "int F(void *a)", "parameter 1: long int -> void *" },
	};

	EXPECT(rows);
}

static void pointers(void **state MKP_UNUSED)
{
	static const struct row rows[] = {
		{ "int F(struct s *a)", "int F(pointer a)", NULL },
		{ "int F(struct s *a)", "int F(void *a)", NULL },
		{ "int F(void *a)", "int F(struct s *a)", NULL },
		{ "int F(const char *a)", "int F(unsigned char *a)", NULL },
		{ "int F(int *a)", "int F(long *a)", "parameter 1: int * -> long int *" },
		{ "int F(int *a)", "int F(int **a)", "parameter 1: int * -> int * *" },
		{ "int F(struct s *a)", "int F(struct u *a)",
		  "parameter 1: struct s * -> struct u *" },
		{ "int F(struct s *a)", "int F(struct t *a)", NULL },
		{ "int F(struct s *a)", "int F(union n *a)", NULL },
		{ "int F(struct u *a)", "int F(struct x *a)",
		  "parameter 1: struct u * -> struct x *" },
		{ "int F(fn a)", "int F(fn2 a)",
		  "parameter 1: function * -> function *" },
		{ "int F(fn a)", "int F(void (*a)(number))", NULL },
		{ "int F(fn a)", "int F(int (*a)(int))", NULL },
		{ "int F(int (*a)(int))", "int F(fn a)",
		  "parameter 1: function * -> function *" },
		{ "int F(fnfn a)", "int F(fnfn2 a)",
		  "parameter 1: function * -> function *" },
	};

	EXPECT(rows);
}

#define DIFFERS "parameter 1: struct (no name) * -> struct (no name) *"

static void structures(void **state MKP_UNUSED)
{
	static const struct row rows[] = {
		{ "int F(struct s a)", "int F(struct t a)", NULL },
		{ "int F(struct s a)", "int F(struct w a)",
		  "parameter 1: struct s -> struct w" },
		{ "int F(nameless *a)", "int F(like *a)", NULL },
		{ "int F(nameless *a)", "int F(unlike *a)", DIFFERS },
		{ "int F(nameless *a)", "int F(longer *a)", DIFFERS },
		{ "int F(bits *a)", "int F(others *a)", DIFFERS },
		{ "int F(near *a)", "int F(far *a)", DIFFERS },
		{ "int F(three *a)", "int F(four *a)", DIFFERS },
		{ "int F(two *a)", "int F(more *a)", DIFFERS },
		{ "int F(near *a)", "int F(small *a)", DIFFERS },
		/* One that keeps its name may have another layout, but no other size
		 * where it is passed itself. */
		{ "struct z { int a; }; int F(struct z *a)",
		  "struct z { long b; }; int F(struct z *a)", NULL },
		{ "struct y { int a; }; int F(struct y a)",
		  "struct y { long a; }; int F(struct y a)",
		  "parameter 1: struct y -> struct y" },
	};

	EXPECT(rows);
}

/* The parameters of a copy out of line are those of what it is a copy of. */
static void copies(void **state MKP_UNUSED)
{
	static const char old[] =
		"static inline __attribute__((always_inline)) int f(int a, int b) { "
		"return a * b; }\nint g(int x) { return f(x, 3); }\n"
		"int (*h)(int, int) = f;\n";
	static const char new[] =
		"static inline __attribute__((always_inline)) int f(int a, long b) { "
		"return a * b; }\nint g(int x) { return f(x, 3); }\n"
		"int (*h)(int, long) = f;\n";
	struct mkp_die before, after;
	struct compiled_pair pair;
	char *text;

	compiled_pair_init(&pair, "gcc -x c -O2 -g", old, new, NULL);
	assert_true(mkp_types_function(
		pair.orig.types,
		pair.orig.graph->atoms[compiled_atom(&pair.orig, "f")].section,
		pair.orig.graph->atoms[compiled_atom(&pair.orig, "f")].start, &before));
	assert_true(mkp_types_function(
		pair.patched.types,
		pair.patched.graph->atoms[compiled_atom(&pair.patched, "f")].section,
		pair.patched.graph->atoms[compiled_atom(&pair.patched, "f")].start,
		&after));
	assert_true(before.origin && after.origin);
	assert_null(mkp_signature_difference(pair.orig.types, &before, pair.patched.types,
					     &after, &text));
	assert_string_equal(text, "parameter 2: int -> long int");
	free(text);
	compiled_pair_deinit(&pair);
}

static void assemble(struct compiled *compiled, const char *entries)
{
	char *source;

	assert_true(asprintf(&source, DWARF_UNIT "%s" DWARF_END, entries) > 0);
	compiled_init(compiled, DWARF_AS, source);
	free(source);
}

/* Where the copy has none, they are those of the original. */
static void copies_without_parameters(void **state MKP_UNUSED)
{
	struct compiled old, new;

	assemble(&old, "function f, f, g\nend\nfunction g, g, h\nend\n"
		       "function h, h, unit\nparameter p\nend\npointer p, unit\n");
	assemble(&new, "function f, f, g\nend\nfunction g, g, h\nend\n"
		       "function h, h, unit\nend\n");
	expect_difference(&old, &new, "f", "takes 0 parameters instead of 1", true);
	compiled_deinit(&old);
	compiled_deinit(&new);
}

/* ---- What no compiler writes ---- */

/* Compared with itself: it must come to an end. */
static void expect_end(const char *entries)
{
	struct compiled compiled;

	assemble(&compiled, entries);
	expect_difference(&compiled, &compiled, "f", NULL, true);
	compiled_deinit(&compiled);
}

static void origins_in_a_circle(void **state MKP_UNUSED)
{
	alarm(10);
	expect_end("function f, f, f\nend\n");
	expect_end("function f, f, g\nend\nfunction g, g, f\nend\n");
	expect_end("function f, f, g\nend\nfunction g, g, h\nend\n"
		   "function h, h, f\nend\n");
	/* One that leads nowhere. */
	expect_end("function f, f, unit_end\nend\n");
	alarm(0);
}

static void types_in_a_circle(void **state MKP_UNUSED)
{
	alarm(10);
	expect_end("alias t, t\nfunction f, f, unit\nparameter t\nend\n");
	expect_end("pointer t, t\nfunction f, f, unit\nparameter t\nend\n");
	expect_end("nameless t, 8\n.rept 200\nmember t, 0\n.endr\nend\n"
		   "function f, f, unit\nparameter t\nend\n");
	expect_end("functions t\n.rept 200\nparameter t\n.endr\nend\n"
		   "function f, f, unit\nparameter t\nend\n");
	expect_end("functions t\n.rept 2000\nparameter p\n.endr\nend\npointer p, t\n"
		   "function f, f, unit\nparameter p\nend\n");
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(results),
		cmocka_unit_test(numbers_of_all_sizes),
		cmocka_unit_test(pointers),
		cmocka_unit_test(structures),
		cmocka_unit_test(copies),
		cmocka_unit_test(copies_without_parameters),
		cmocka_unit_test(origins_in_a_circle),
		cmocka_unit_test(types_in_a_circle),
	};

	return cmocka_run_group_tests_name("check/signature", tests, NULL, NULL);
}
