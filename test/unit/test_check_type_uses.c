// SPDX-License-Identifier: GPL-2.0-or-later
#include <dwarf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "check/type_uses.h"
#include "support_compile.h"
#include "support_dwarf.h"

#define CC "gcc -x c -O1 -g -fno-inline"

struct uses {
	struct compiled compiled;
	struct mkp_layouts layouts;
	struct mkp_type_uses uses;
};

static void uses_init(struct uses *uses, const char *command, const char *source)
{
	compiled_init(&uses->compiled, command, source);
	assert_null(mkp_layouts_collect(uses->compiled.types, &uses->layouts));
	assert_null(
		mkp_type_uses_collect(uses->compiled.graph, &uses->layouts, &uses->uses));
}

static void uses_deinit(struct uses *uses)
{
	mkp_type_uses_deinit(&uses->uses);
	mkp_layouts_deinit(&uses->layouts);
	compiled_deinit(&uses->compiled);
}

static uint64_t type_of(const struct uses *uses, const char *name)
{
	struct mkp_die die;

	compiled_entry(&uses->compiled, DW_TAG_structure_type, name, &die);
	return die.offset;
}

/* "static v, stack f, pointer g": the uses of structure s; malloc'ed. */
static char *describe(const struct uses *uses)
{
	static const char *const kinds[] = { "static", "stack", "pointer" };
	size_t count, size;
	const struct mkp_type_use *it = mkp_type_uses_find(&uses->uses,
							   type_of(uses, "s"), &count);
	struct mkp_dwarf *dwarf = mkp_types_dwarf(uses->compiled.types);
	struct mkp_die die;
	char *text;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	for (size_t i = 0; i < count; i++) {
		if (it[i].function == MKP_NO_ATOM)
			assert_true(mkp_dwarf_read(dwarf, it[i].variable, &die));
		fprintf(stream, "%s%s %s%s", i ? ", " : "", kinds[it[i].kind],
			it[i].function == MKP_NO_ATOM
				? die.name
				: mkp_atom_name(uses->compiled.graph, it[i].function),
			mkp_type_use_is_first(&uses->uses, &it[i]) ? "" : " again");
	}
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void expect(const char *source, const char *expected)
{
	struct uses uses;
	char *text, *all;

	assert_true(asprintf(&all, "struct s { long a, b, c; };\nvoid take(void *);\n%s",
			     source) > 0);
	uses_init(&uses, CC, all);
	text = describe(&uses);
	assert_string_equal(text, expected);
	free(text);
	free(all);
	uses_deinit(&uses);
}

static void variables(void **state MKP_UNUSED)
{
	expect("struct s v;\n", "static v");
	expect("struct s v[3][2];\n", "static v");
	expect("const struct s v = { 1 };\ntypedef struct s t;\nt w;\n",
	       "static v, static w");
	expect("extern struct s v;\nlong f(void) { return v.a; }\n", "static v");
	/* A pointer is none, nor is what may never be. */
	expect("struct s x;\nstruct s *v[3];\n", "static x");
	expect("void *f(void) { static struct s v; return &v; }\n", "static v");
}

static void functions(void **state MKP_UNUSED)
{
	expect("void f(void) { struct s v; take(&v); }\n", "stack f");
	expect("void f(void) { struct s v[2]; take(v); }\n", "stack f");
	expect("long f(struct s *v) { return v->a; }\n", "pointer f");
	expect("long f(struct s **v) { return v[0]->a; }\n", "pointer f");
	expect("void f(void) { struct s v, *p = &v; take(p); take(p); }\n",
	       "stack f, pointer f again");
	expect("long f(struct s *v) { struct s *w = v + 1; take(w); return w->a; }\n",
	       "pointer f");
	expect("long f(struct s *v) { return v->a; }\nlong g(struct s *v) { return "
	       "v->b; }\n",
	       "pointer f, pointer g");
	expect("struct t { struct s s; };\nvoid f(struct t *v) { v->s.a = 1; }\n", "");
}

static bool contains(const uint64_t *types, size_t n, uint64_t type)
{
	for (size_t i = 0; i < n; i++)
		if (types[i] == type)
			return true;
	return false;
}

static void what_contains_it(void **state MKP_UNUSED)
{
	static const char source[] =
		"struct s { long a; };\nstruct in { struct s s; } v1;\n"
		"struct array { int n; struct s s[2]; } v2;\n"
		"struct deep { struct { struct in in; } x; } v3;\n"
		"struct outer { struct in in; struct array array; } v4;\n"
		"struct points { struct s *s; } v5;\n";
	uint64_t types[MKP_MAX_CONTAINERS];
	struct uses uses;
	size_t n;

	uses_init(&uses, CC, source);
	n = mkp_type_containers(&uses.uses, type_of(&uses, "s"), types);
	assert_true(types[0] == type_of(&uses, "s"));
	assert_true(contains(types, n, type_of(&uses, "in")));
	assert_true(contains(types, n, type_of(&uses, "array")));
	assert_true(contains(types, n, type_of(&uses, "outer")));
	assert_true(contains(types, n, type_of(&uses, "deep")));
	assert_false(contains(types, n, type_of(&uses, "points")));
	/* Each of them once, and the nameless one. */
	assert_int_equal(n, 6);
	assert_int_equal(mkp_type_containers(&uses.uses, type_of(&uses, "outer"), types),
			 1);
	uses_deinit(&uses);
}

static void sizes_that_are_asked_for(void **state MKP_UNUSED)
{
	static const char source[] =
		"void *my_alloc(unsigned long, int);\nvoid *get(unsigned long);\n"
		"struct s { char a[344]; };\n"
		"void *f(void) { return my_alloc(344, 1); }\n"
		"void *g(void) { return get(352); }\n"
		"void *kmem_cache_create_usercopy(const char *, unsigned);\n"
		"void *h(void) { return kmem_cache_create_usercopy(\"x\", 360); }\n";
	struct uses uses;

	uses_init(&uses, CC, source);
	assert_int_equal(mkp_type_allocator(&uses.uses, 344),
			 compiled_atom(&uses.compiled, "f"));
	assert_int_equal(mkp_type_allocator(&uses.uses, 360),
			 compiled_atom(&uses.compiled, "h"));
	assert_int_equal(mkp_type_allocator(&uses.uses, 352), MKP_NO_ATOM);
	assert_int_equal(mkp_type_allocator(&uses.uses, 343), MKP_NO_ATOM);
	assert_int_equal(mkp_type_allocator(&uses.uses, 345), MKP_NO_ATOM);
	assert_int_equal(mkp_type_allocator(&uses.uses, UINT64_MAX), MKP_NO_ATOM);
	uses_deinit(&uses);
}

/* Structures in themselves and in each other; more containers than are listed. */
static void what_no_compiler_writes(void **state MKP_UNUSED)
{
	uint64_t types[MKP_MAX_CONTAINERS];
	struct uses uses;
	size_t count;

	alarm(10);
	uses_init(&uses, DWARF_AS,
		  DWARF_UNIT "structure s, s, 8\nmember s, 0\nmember t, 0\nmember u, 0\n"
			     "member unit_end, 0\nend\n"
			     "structure t, t, 8\nmember s, 0\nmember t, 0\nend\n"
			     "alias u, u\n" DWARF_END);
	assert_int_equal(mkp_type_containers(&uses.uses, type_of(&uses, "s"), types), 2);
	assert_int_equal(mkp_type_containers(&uses.uses, 12345, types), 1);
	assert_null(mkp_type_uses_find(&uses.uses, 12345, &count));
	assert_int_equal(count, 0);
	uses_deinit(&uses);
	uses_init(&uses, DWARF_AS,
		  DWARF_UNIT "structure s, s, 8\nend\n.rept 100\n"
			     ".uleb128 5\n.string \"t\"\n.byte 8\nmember s, 0\nend\n"
			     ".endr\n" DWARF_END);
	assert_int_equal(mkp_type_containers(&uses.uses, type_of(&uses, "s"), types),
			 MKP_MAX_CONTAINERS);
	uses_deinit(&uses);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables),
		cmocka_unit_test(functions),
		cmocka_unit_test(what_contains_it),
		cmocka_unit_test(sizes_that_are_asked_for),
		cmocka_unit_test(what_no_compiler_writes),
	};

	return cmocka_run_group_tests_name("check/type_uses", tests, NULL, NULL);
}
