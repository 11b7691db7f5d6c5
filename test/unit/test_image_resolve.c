// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The resolver on images that are written down here as a symbol table: FILE() begins a
 * block, as STT_FILE does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/array.h"
#include "image/private.h"
#include "test_image_files.h"

enum what {
	FILE_ROW,
	LOCAL,
	GLOBAL
};

struct row {
	enum what what;
	const char *name;
	uint64_t address;
	uint64_t size;
	char kind; /* f, o, or 0 */
	bool loading_only;
};

#define FILE(name)                                                                       \
	{                                                                                \
		FILE_ROW, name, 0, 0, 0, false                                           \
	}
#define LFUNC(name, at, size)                                                            \
	{                                                                                \
		LOCAL, name, at, size, 'f', false                                        \
	}
#define LDATA(name, at, size)                                                            \
	{                                                                                \
		LOCAL, name, at, size, 'o', false                                        \
	}
#define LLABEL(name, at)                                                                 \
	{                                                                                \
		LOCAL, name, at, 0, 0, false                                             \
	}
#define GFUNC(name, at, size)                                                            \
	{                                                                                \
		GLOBAL, name, at, size, 'f', false                                       \
	}
#define INIT(name, at, size)                                                             \
	{                                                                                \
		LOCAL, name, at, size, 'f', true                                         \
	}

static void add_row(struct mkp_image *image, const struct row *row, uint32_t number)
{
	static uint32_t block;

	if (!number)
		block = 0;
	if (row->what == FILE_ROW) {
		block = image->nr_blocks++;
		image->blocks[block].file = row->name;
		return;
	}
	assert_no_error(mkp_image_add(
		image,
		&(struct mkp_image_symbol){
			.name = row->name,
			.file = row->what == LOCAL ? image->blocks[block].file : NULL,
			.address = row->address,
			.size = row->size,
			.block = row->what == LOCAL ? block : 0,
			.row = number + 1,
			.local = row->what == LOCAL,
			.global = row->what == GLOBAL,
			.function = row->kind == 'f',
			.object = row->kind == 'o',
			.loading_only = row->loading_only,
		}));
}

static struct mkp_image *make_image(const struct row *rows, size_t count,
				    const char *module)
{
	struct mkp_image *image = NULL;
	uint32_t i;

	assert_no_error(mkp_image_create("vmlinux", module, &image));
	assert_no_error(
		mkp_array_create(count + 1, sizeof(*image->blocks), &image->blocks));
	image->nr_blocks = 1;
	for (i = 0; i < count; i++)
		add_row(image, &rows[i], i);
	assert_no_error(mkp_image_seal(image));
	return image;
}

#define MAKE(rows)	  make_image(rows, MKP_ARRAY_SIZE(rows), NULL)
#define MAKE_MODULE(rows) make_image(rows, MKP_ARRAY_SIZE(rows), "mod")

/* Asks for a local function of @file whose other locals are @siblings (NULL ends them).
 */
static struct mkp_image_match ask(const struct mkp_image *image, const char *name,
				  const char *file, uint64_t size,
				  const char *const *siblings)
{
	struct mkp_image_query query = {
		.name = name,
		.file = file,
		.local = true,
		.function = true,
		.size = size,
		.siblings = siblings,
	};
	struct mkp_image_match match;

	while (siblings && siblings[query.nr_siblings])
		query.nr_siblings++;
	mkp_image_resolve(image, &query, &match);
	return match;
}

static struct mkp_image_match ask_global(const struct mkp_image *image, const char *name)
{
	struct mkp_image_match match;

	mkp_image_resolve(image, &(struct mkp_image_query){ .name = name }, &match);
	return match;
}

static void check_found(struct mkp_image_match match, enum mkp_image_reason reason,
			uint64_t position, uint64_t address)
{
	assert_int_equal(match.verdict, MKP_RESOLVED);
	assert_int_equal(match.reason, reason);
	assert_int_equal(match.position, position);
	assert_int_equal(match.symbol->address, address);
}

static void check_refused(struct mkp_image_match match, enum mkp_image_verdict verdict,
			  enum mkp_image_reason reason, uint32_t nr_candidates)
{
	assert_int_equal(match.verdict, verdict);
	assert_int_equal(match.reason, reason);
	assert_int_equal(match.nr_candidates, nr_candidates);
	assert_null(match.symbol);
	assert_non_null(mkp_image_reason_text(match.reason));
}

#define SIBLINGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void by_file(void **state)
{
	static const struct row rows[] = {
		FILE("a.c"),
		LFUNC("show", 0x300, 16),
		LFUNC("only", 0x310, 8),
		FILE("b.c"),
		LFUNC("show", 0x100, 16),
		FILE("c.c"),
		LFUNC("show", 0x200, 16),
		GFUNC("entry", 0x400, 4),
	};
	struct mkp_image *image = MAKE(rows);
	struct mkp_image_match match;

	(void)state;
	check_found(ask(image, "show", "b.c", 16, NULL), MKP_BY_FILE, 1, 0x100);
	check_found(ask(image, "show", "c.c", 16, NULL), MKP_BY_FILE, 2, 0x200);
	check_found(ask(image, "show", "a.c", 16, NULL), MKP_BY_FILE, 3, 0x300);
	check_found(ask(image, "show", "fs/proc/a.c", 16, NULL), MKP_BY_FILE, 3, 0x300);
	check_found(ask(image, "only", "a.c", 0, NULL), MKP_BY_NAME, 0, 0x310);
	/* Without a file nothing tells them apart; with another one none is meant. */
	check_refused(ask(image, "show", NULL, 16, NULL), MKP_AMBIGUOUS, MKP_SEVERAL, 3);
	check_refused(ask(image, "show", "d.c", 16, NULL), MKP_NOT_FOUND, MKP_OTHER_FILE,
		      0);
	check_refused(ask(image, "only", "b.c", 8, NULL), MKP_NOT_FOUND, MKP_OTHER_FILE,
		      0);
	match = ask(image, "show", "b.c", 24, NULL);
	check_found(match, MKP_BY_FILE, 1, 0x100);
	assert_true(match.size_differs);
	assert_false(ask(image, "show", "b.c", 16, NULL).size_differs);
	assert_false(ask(image, "show", "b.c", 0, NULL).size_differs);
	mkp_image_destroy(image);
}

static void globals(void **state)
{
	static const struct row rows[] = {
		FILE("a.c"),
		LFUNC("init", 0x300, 16),
		LFUNC("hidden", 0x310, 8),
		FILE("b.c"),
		LFUNC("init", 0x100, 16),
		GFUNC("init", 0x200, 16),
		GFUNC("free", 0x400, 4),
	};
	struct mkp_image *image = MAKE(rows);

	(void)state;
	/* kallsyms counts locals too. */
	check_found(ask_global(image, "init"), MKP_BY_NAME, 2, 0x200);
	check_found(ask_global(image, "free"), MKP_BY_NAME, 0, 0x400);
	check_refused(ask_global(image, "hidden"), MKP_NOT_FOUND, MKP_OTHER_KIND, 0);
	check_refused(ask(image, "free", "a.c", 4, NULL), MKP_NOT_FOUND, MKP_OTHER_KIND,
		      0);
	assert_int_equal(ask_global(image, "init").nr_same_name, 3);
	mkp_image_destroy(image);
}

static void kinds(void **state)
{
	static const struct row rows[] = {
		FILE("a.c"),
		LDATA("state", 0x300, 8),
		LLABEL("entry", 0x310),
		LDATA("entry", 0x320, 8),
		FILE("b.c"),
		LFUNC("state", 0x100, 16),
	};
	struct mkp_image *image = MAKE(rows);

	(void)state;
	check_refused(ask(image, "state", "a.c", 0, NULL), MKP_NOT_FOUND, MKP_OTHER_FILE,
		      0);
	check_found(ask(image, "state", "b.c", 0, NULL), MKP_BY_NAME, 1, 0x100);
	/* A label of assembly has no type, so it may be a function. */
	check_found(ask(image, "entry", "a.c", 0, NULL), MKP_BY_NAME, 1, 0x310);
	mkp_image_destroy(image);
}

/* Three files core.c; the fourth has another name. */
static const struct row cores[] = {
	FILE("core.c"),		  LFUNC("get", 0x500, 16),  LFUNC("put", 0x510, 16),
	LFUNC("walk", 0x520, 16), FILE("core.c"),	    LFUNC("get", 0x400, 16),
	LFUNC("put", 0x410, 24),  LDATA("table", 0x900, 8), FILE("core.c"),
	LFUNC("walk", 0x300, 16), LFUNC("last", 0x310, 16), FILE("main.c"),
	LFUNC("get", 0x200, 16),  LDATA("alone", 0x908, 8),
};

static void by_siblings(void **state)
{
	struct mkp_image *image = MAKE(cores);

	(void)state;
	check_found(ask(image, "get", "core.c", 0, SIBLINGS("get", "put", "walk")),
		    MKP_BY_SIBLINGS, 3, 0x500);
	check_found(ask(image, "get", "core.c", 0, SIBLINGS("get", "put", "table")),
		    MKP_BY_SIBLINGS, 2, 0x400);
	/* What no core.c has says nothing; what only main.c has neither. */
	check_found(ask(image, "get", "core.c", 0,
			SIBLINGS("get", "put", "table", "dropped", "alone")),
		    MKP_BY_SIBLINGS, 2, 0x400);
	check_found(ask(image, "last", "core.c", 0, SIBLINGS("last", "walk")),
		    MKP_BY_NAME, 0, 0x310);
	mkp_image_destroy(image);
}

static void siblings_refuse(void **state)
{
	struct mkp_image *image = MAKE(cores);

	(void)state;
	/* No siblings: two core.c have it. */
	check_refused(ask(image, "get", "core.c", 16, NULL), MKP_AMBIGUOUS, MKP_SEVERAL,
		      2);
	/* These are in both, and in both there are others. */
	check_refused(ask(image, "get", "core.c", 16, SIBLINGS("get", "put")),
		      MKP_AMBIGUOUS, MKP_SEVERAL, 2);
	/* In no core.c all of these are. */
	check_refused(ask(image, "get", "core.c", 16, SIBLINGS("get", "walk", "table")),
		      MKP_AMBIGUOUS, MKP_OTHER_LOCALS, 2);
	/* The only `last`, but the object is the first core.c, which has none (any more).
	 */
	check_refused(ask(image, "last", "core.c", 16, SIBLINGS("get", "walk", "last")),
		      MKP_AMBIGUOUS, MKP_OTHER_LOCALS, 1);
	mkp_image_destroy(image);
}

/* One file has all locals of the object, another has them and more. */
static void exact_file(void **state)
{
	static const struct row rows[] = {
		FILE("io.c"),
		LFUNC("get", 0x500, 16),
		LFUNC("put", 0x510, 16),
		LFUNC("more", 0x520, 16),
		FILE("io.c"),
		LFUNC("get", 0x400, 16),
		LFUNC("put", 0x410, 16),
		LFUNC("__pfx_get", 0x3f0, 16),
	};
	struct mkp_image *image = MAKE(rows);

	(void)state;
	check_found(ask(image, "get", "io.c", 16, SIBLINGS("get", "put")),
		    MKP_BY_SIBLINGS, 1, 0x400);
	check_found(ask(image, "get", "io.c", 16, SIBLINGS("get", "put", "more")),
		    MKP_BY_SIBLINGS, 2, 0x500);
	mkp_image_destroy(image);
}

static void by_size(void **state)
{
	static const struct row rows[] = {
		LFUNC("probe", 0x500, 16),
		LFUNC("probe", 0x400, 24),
		LFUNC("probe", 0x300, 24),
	};
	struct mkp_image *image = MAKE(rows);

	(void)state;
	check_found(ask(image, "probe", "x.c", 16, NULL), MKP_BY_SIZE, 3, 0x500);
	check_refused(ask(image, "probe", "x.c", 24, NULL), MKP_AMBIGUOUS, MKP_SEVERAL,
		      3);
	check_refused(ask(image, "probe", "x.c", 32, NULL), MKP_AMBIGUOUS, MKP_SEVERAL,
		      3);
	check_refused(ask(image, "probe", "x.c", 0, NULL), MKP_AMBIGUOUS, MKP_SEVERAL, 3);
	mkp_image_destroy(image);
}

static void aliases(void **state)
{
	static const struct row rows[] = {
		FILE("a.c"), LFUNC("twin", 0x500, 16), LFUNC("twin", 0x500, 16),
		FILE("b.c"), LFUNC("twin", 0x400, 24),
	};
	struct mkp_image *image = MAKE(rows);
	struct mkp_image_match match = ask(image, "twin", "a.c", 16, NULL);

	(void)state;
	check_found(match, MKP_BY_FILE, 2, 0x500);
	assert_int_equal(match.nr_same_name, 3);
	assert_int_equal(match.nr_candidates, 2);
	check_found(ask(image, "twin", "b.c", 24, NULL), MKP_BY_FILE, 1, 0x400);
	mkp_image_destroy(image);
}

/* A module: the order of the symbol table, not that of the addresses. */
static void module_order(void **state)
{
	static const struct row rows[] = {
		FILE("a.c"), LFUNC("show", 0x300, 16),
		FILE("b.c"), LFUNC("show", 0x100, 16),
		FILE("c.c"), LFUNC("show", 0x200, 16),
	};
	struct mkp_image *image = MAKE_MODULE(rows);

	(void)state;
	check_found(ask(image, "show", "a.c", 16, NULL), MKP_BY_FILE, 1, 0x300);
	check_found(ask(image, "show", "b.c", 16, NULL), MKP_BY_FILE, 2, 0x100);
	check_found(ask(image, "show", "c.c", 16, NULL), MKP_BY_FILE, 3, 0x200);
	mkp_image_destroy(image);
}

static void module_init_part(void **state)
{
	static const struct row rows[] = {
		FILE("a.c"),
		LFUNC("early", 0x10, 16),
		LFUNC("late", 0x20, 16),
		FILE("b.c"),
		INIT("early", 0x15, 16),
		INIT("once", 0x25, 16),
		INIT("moving", 0x35, 16),
		FILE("c.c"),
		LFUNC("moving", 0x30, 16),
	};
	struct mkp_image *image = MAKE_MODULE(rows);

	(void)state;
	/* Twice while the module loads, once after: only 1 is right at both times. */
	check_found(ask(image, "early", "a.c", 16, NULL), MKP_BY_FILE, 1, 0x10);
	check_found(ask(image, "late", "a.c", 16, NULL), MKP_BY_NAME, 0, 0x20);
	check_refused(ask(image, "early", "b.c", 16, NULL), MKP_NOT_FOUND,
		      MKP_LOADING_ONLY, 1);
	check_refused(ask(image, "once", "b.c", 16, NULL), MKP_NOT_FOUND,
		      MKP_LOADING_ONLY, 1);
	/* The second while it loads, the first after. */
	check_refused(ask(image, "moving", "c.c", 16, NULL), MKP_AMBIGUOUS, MKP_MOVING,
		      1);
	mkp_image_destroy(image);
}

static void dropped_names(void **state)
{
	static const char *const dropped[] = {
		"$x",	       "$d.12",		  ".Lfoo",
		"__crc_x",     "__kstrtab_x",	  "__kstrtabns_x",
		"__efistub_x", "__kcfi_typeid_x", "f_veneer",
		"_veneer",     "x_from_arm",	  "a.long_branch.b",
		"L0",	       "kallsyms_names",  "",
	};
	static const char *const kept[] = {
		"x",	     "_text",  "L00",	    "__crc",	       "veneer",
		"f_veneer_", "my$x",   "a.Lb",	    "kallsyms_names_", "from_arm",
		"__pfx_f",   "f.cold", "__kstrtab",
	};
	char name[514];
	size_t i;

	(void)state;
	for (i = 0; i < MKP_ARRAY_SIZE(dropped); i++)
		assert_false(mkp_kallsyms_keeps_name(dropped[i], 0));
	for (i = 0; i < MKP_ARRAY_SIZE(kept); i++)
		assert_true(mkp_kallsyms_keeps_name(kept[i], 0));
	memset(name, 'n', sizeof(name));
	name[511] = '\0';
	assert_true(mkp_kallsyms_keeps_name(name, 0));
	name[511] = 'n';
	name[512] = '\0';
	assert_false(mkp_kallsyms_keeps_name(name, 0));
	/* What changed with a version. */
	name[128] = '\0';
	assert_true(mkp_kallsyms_keeps_name(name, MKP_IMAGE_VERSION(6, 1)));
	assert_false(mkp_kallsyms_keeps_name(name, MKP_IMAGE_VERSION(6, 0)));
	name[127] = '\0';
	assert_true(mkp_kallsyms_keeps_name(name, MKP_IMAGE_VERSION(5, 4)));
	assert_false(mkp_kallsyms_keeps_name("kallsyms_names", MKP_IMAGE_VERSION(6, 11)));
	assert_true(mkp_kallsyms_keeps_name("kallsyms_names", MKP_IMAGE_VERSION(6, 12)));
	assert_false(mkp_kallsyms_keeps_name(".L1", MKP_IMAGE_VERSION(6, 12)));
	assert_true(mkp_kallsyms_keeps_letter('t'));
	assert_true(mkp_kallsyms_keeps_letter('W'));
	assert_false(mkp_kallsyms_keeps_letter('A'));
	assert_false(mkp_kallsyms_keeps_letter('w'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_file),	   cmocka_unit_test(globals),
		cmocka_unit_test(kinds),	   cmocka_unit_test(by_siblings),
		cmocka_unit_test(siblings_refuse), cmocka_unit_test(exact_file),
		cmocka_unit_test(by_size),	   cmocka_unit_test(aliases),
		cmocka_unit_test(module_order),	   cmocka_unit_test(module_init_part),
		cmocka_unit_test(dropped_names),
	};

	return cmocka_run_group_tests_name("image/resolve", tests, NULL, NULL);
}
