// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of two symbols of one name an object means, in a module whose symbols do not say
 * of which files they are. All functions have the same code here, and mostly one size.
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

#include "support_elfgen.h"
#include "verify/payload.h"

#define SIZE 16

struct file {
	struct elfgen *gen;
	char *names; /* owned; of the symbols */
};

/* An object with local functions of these names, in this order; "name:8" has 8 bytes. */
static void file_init(struct file *file, const char *names)
{
	struct elfgen *gen = elfgen_create(false);
	uint32_t text = elfgen_add(gen, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
				   NULL, SIZE * 64);
	char *name, *rest = strdup(names);
	uint64_t at = 0;

	assert_non_null(rest);
	*file = (struct file){ gen, rest };
	elfgen_add(gen, ".modinfo", SHT_PROGBITS, SHF_ALLOC, "name=module", 12);
	while ((name = strsep(&rest, " "))) {
		char *colon = strchr(name, ':');

		if (colon)
			*colon = '\0';
		elfgen_symbol(gen, name, STB_LOCAL, STT_FUNC, (uint16_t)text, at,
			      colon ? strtoul(colon + 1, NULL, 10) : SIZE);
		at += SIZE;
	}
	elfgen_symbol(gen, "end", STB_GLOBAL, STT_FUNC, (uint16_t)text, at, 0);
	elfgen_tables(gen);
	elfgen_build(gen);
}

static void file_deinit(struct file *file)
{
	elfgen_destroy(file->gen);
	free(file->names);
}

/* The @nth symbol of the name `target`. */
static uint32_t find_target(const struct mkp_object *object, unsigned int nth)
{
	for (uint32_t i = 1; i < object->nr_symbols; i++)
		if (!strcmp(object->symbols[i].name, "target") && !nth--)
			return i;
	fail();
	return 0;
}

/* Whether something speaks against the @nth `target` of the module. */
static bool is_doubted(const char *object, const char *module, unsigned int nth)
{
	struct mkp_verify_payload payload = { 0 };
	struct mkp_verify_image *image;
	struct file files[2];
	const char *why = NULL;
	char *path;

	file_init(&files[0], object);
	file_init(&files[1], module);
	payload.object = elfgen_assert_open(files[0].gen);
	path = elfgen_save(files[1].gen);
	assert_null(mkp_verify_image_open(path, /* module= */ true, &image));
	assert_null(mkp_verify_is_meant(
		&payload, &payload.object->symbols[find_target(payload.object, 0)], image,
		find_target(image->object, nth), &why));
	mkp_verify_image_destroy(image);
	unlink(path);
	free(path);
	mkp_object_destroy(payload.object);
	file_deinit(&files[0]);
	file_deinit(&files[1]);
	return why;
}

static void only(const char *object, const char *module, unsigned int right)
{
	for (unsigned int i = 0; i < 2; i++)
		if (is_doubted(object, module, i) != (i != right))
			fail_msg("%s: target %u is %sdoubted", module, i,
				 i == right ? "" : "not ");
}

static void neighbours_tell(void **state MKP_UNUSED)
{
	only("target p1 p2", "target p1 p2 a b c d target v1 v2", 0);
	only("target v1 v2", "target p1 p2 a b c d target v1 v2", 1);
	/* Sizes, where all the names are in both. */
	only("p1 target p2:8", "p1:8 target p2 a p1 target p2:8", 1);
}

/* What lies beyond a name that was there already is another file's. */
static void a_name_is_there_once(void **state MKP_UNUSED)
{
	only("p0 target p1", "p0 target p1 x target p1 y", 0);
}

/* From the end of one file to the target of the next is not far. */
static void sides_tell(void **state MKP_UNUSED)
{
	only("target p1 p2 p3", "a target p1 p2 p3 v1 target v2", 0);
	only("p1 p2 p3 target", "v1 target v2 p1 p2 p3 target b", 1);
	only("p1 p2 target p3 p4", "p1 p2 target p3 p4 v1 target v2", 0);
	only("p1 p2 target p3 p4", "v1 target v2 p1 p2 target p3 p4", 1);
}

/* What compilers name alike in every file tells nothing, and ends nothing. */
static void common_names_tell_nothing(void **state MKP_UNUSED)
{
	only("target p1 __func__.0 __func__.1 p2 p3 p4",
	     "a __func__.0 __func__.1 target p1 __func__.0 __func__.1 p2 p3 p4 v1 target "
	     "v2",
	     0);
	only("target p1 __UNIQUE_ID_ddebug10 p2 p3 p4",
	     "a __UNIQUE_ID_ddebug10 target p1 __UNIQUE_ID_ddebug10 p2 p3 p4 v1 "
	     "target v2",
	     0);
}

static void without_evidence_none_is_doubted(void **state MKP_UNUSED)
{
	assert_false(is_doubted("target", "a target b target c", 0));
	assert_false(is_doubted("target", "a target b target c", 1));
	assert_false(is_doubted("target x.1", "a target x.1 target c", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_tell),
		cmocka_unit_test(a_name_is_there_once),
		cmocka_unit_test(sides_tell),
		cmocka_unit_test(common_names_tell_nothing),
		cmocka_unit_test(without_evidence_none_is_doubted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
