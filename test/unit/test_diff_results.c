// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What functions may give back, as the debug data of each compiler say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "diff/results.h"
#include "support_compile.h"

static const char source[] =
	"struct s { int a[9]; };\nstruct t { int a[9]; };\nunion u { int a; long b; };\n"
	"struct pair { long a, b; };\nstruct large { long a[5]; };\n"
	"typedef const struct s *pointer;\n"
	"struct s *same(const struct s *);\npointer by_name(int, struct s *);\n"
	"struct t *other(struct s *);\nunion u *either(long, long, union u *);\n"
	"struct s value(struct s *);\nchar *text(const char *);\nvoid *any(void *);\n"
	"struct s **twice(struct s **);\nint number(struct s *);\n"
	"struct s *behind(struct pair, struct s *);\n"
	"struct s *far(struct large, struct s *);\nstruct s *dots(int, ...);\n"
	"__attribute__((noinline)) struct s *here(int x, struct s *s)\n"
	"{ return same(x ? s : 0); }\n"
	"long user(struct s *s, union u *u, struct pair p, struct large *l)\n"
	"{\n"
	"	long sum = 0;\n"
	"	sum += (long)same(s) + (long)by_name(1, s) + (long)other(s);\n"
	"	sum += (long)either(1, 2, u) + value(s).a[0] + (long)text(\"\");\n"
	"	sum += (long)any(s) + (long)twice(&s) + number(s);\n"
	"	sum += (long)behind(p, s) + (long)far(*l, s) + (long)dots(1, s);\n"
	"	return sum + (long)here(3, s);\n"
	"}\n";

static void check(const char *command)
{
	static const struct {
		const char *function;
		uint8_t argument;
		bool may;
	} rows[] = {
		{ "same", 0, true },	{ "same", 1, false },	{ "by_name", 0, false },
		{ "by_name", 1, true }, { "other", 0, false },	{ "either", 2, true },
		{ "either", 1, false }, { "value", 0, false },	{ "text", 0, false },
		{ "any", 0, false },	{ "twice", 0, false },	{ "number", 0, false },
		{ "behind", 2, true },	{ "behind", 1, false }, { "far", 0, true },
		{ "far", 1, false },	{ "dots", 1, false },	{ "here", 1, true },
		{ "here", 0, false },
	};
	struct compiled compiled;

	compiled_init(&compiled, command, source);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (mkp_result_may_be_argument(compiled.graph, compiled.types,
					       compiled_atom(&compiled, rows[i].function),
					       rows[i].argument) != rows[i].may)
			fail_msg("%s: %s %d", command, rows[i].function,
				 rows[i].argument);
	assert_false(mkp_result_may_be_argument(compiled.graph, NULL,
						compiled_atom(&compiled, "same"), 0));
	compiled_deinit(&compiled);
}

static void pointers_to_the_same(void **state MKP_UNUSED)
{
	check("gcc -O2 -gdwarf-5 -w -x c");
	check("gcc -O2 -gdwarf-4 -w -x c");
	check("clang-14 -O2 -gdwarf-5 -w -x c");
}

static void no_debug_data(void **state MKP_UNUSED)
{
	struct compiled compiled;

	compiled_init(&compiled, "gcc -O2 -w -x c", source);
	assert_false(mkp_result_may_be_argument(compiled.graph, compiled.types,
						compiled_atom(&compiled, "same"), 0));
	compiled_deinit(&compiled);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointers_to_the_same),
		cmocka_unit_test(no_debug_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
