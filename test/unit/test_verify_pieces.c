// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the auditor takes for a piece of a payload where no symbol says it, and where
 * objtool may have made a NOP of a jump.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support_compile.h"
#include "verify/payload.h"

static const char assembler[] = "gcc -x assembler -c";

/* Two functions that jump to code of alternatives; two static branches, of which one may
 * become a NOP. */
static const char source[] = "	.text\n"
			     "	.globl f\n"
			     "	.type f, @function\n"
			     "f:	.byte 0xe9\n"
			     "	.long .altinstr_aux - . - 4\n"
			     "	.byte 0xe9\n"
			     "	.long .altinstr_aux + 6 - . - 4\n"
			     "1:	jmp 3f\n"
			     "2:	jmp 3f\n"
			     "	nop\n"
			     "3:	ret\n"
			     "	.size f, . - f\n"
			     "	.section .altinstr_aux, \"ax\"\n"
			     "	nop; nop; nop; nop; nop; ret\n"
			     "	nop; nop; ret\n"
			     "	.section .rodata, \"a\"\n"
			     "	.quad f, .rodata + 8\n"
			     "	.section __jump_table, \"aw\"\n"
			     "	.long 1b - ., 3b - .\n"
			     "	.quad key - . + 2\n"
			     "	.long 2b - ., 3b - .\n"
			     "	.quad key - .\n";

struct scene {
	struct compiled compiled;
	struct mkp_verify_payload payload;
	const struct mkp_arch *arch;
};

static void make_scene(struct scene *scene)
{
	*scene = (struct scene){ 0 };
	compiled_init(&scene->compiled, assembler, source);
	scene->payload.object = scene->compiled.object;
	scene->arch = scene->compiled.graph->arch;
	assert_null(mkp_verify_chunks_create(scene->arch, &scene->payload));
	assert_null(mkp_verify_sites_create(scene->arch, &scene->payload));
}

static void drop_scene(struct scene *scene)
{
	free(scene->payload.chunks);
	free(scene->payload.sites);
	compiled_deinit(&scene->compiled);
}

static void expect_chunk(const struct scene *scene, const char *section, uint64_t at,
			 uint64_t start, uint64_t end)
{
	const struct mkp_verify_place place = {
		mkp_object_find_section(scene->compiled.object, section), at
	};
	uint64_t got = 0;
	struct mkp_verify_chunk *chunk = mkp_verify_chunk_at(&scene->payload, &place,
							     &got);

	assert_non_null(chunk);
	assert_int_equal(chunk->from.section, place.section);
	assert_int_equal(chunk->from.offset, start);
	assert_int_equal(got, end);
}

/* A module has those that its code needs, one behind the other. */
static void code_out_of_line_is_cut(void **state MKP_UNUSED)
{
	struct scene scene;

	make_scene(&scene);
	expect_chunk(&scene, ".altinstr_aux", 0, 0, 6);
	expect_chunk(&scene, ".altinstr_aux", 5, 0, 6);
	expect_chunk(&scene, ".altinstr_aux", 6, 6, 9);
	expect_chunk(&scene, ".altinstr_aux", 8, 6, 9);
	drop_scene(&scene);
}

/* Tables have parts of which nothing says where they end. */
static void data_is_whole(void **state MKP_UNUSED)
{
	struct scene scene;

	make_scene(&scene);
	expect_chunk(&scene, ".rodata", 0, 0, 16);
	expect_chunk(&scene, ".rodata", 8, 0, 16);
	drop_scene(&scene);
}

static void what_is_not_loaded_is_none(void **state MKP_UNUSED)
{
	struct scene scene;
	struct mkp_verify_place place = { 0, 0 };
	uint64_t end;

	make_scene(&scene);
	assert_null(mkp_verify_chunk_at(&scene.payload, &place, &end));
	place.section = mkp_object_find_section(scene.compiled.object, ".symtab");
	assert_null(mkp_verify_chunk_at(&scene.payload, &place, &end));
	drop_scene(&scene);
}

/* The flag in the key decides. */
static void jumps_that_may_be_nops(void **state MKP_UNUSED)
{
	struct scene scene;
	struct mkp_verify_place place;

	make_scene(&scene);
	assert_int_equal(scene.payload.nr_sites, 1);
	place = (struct mkp_verify_place){
		mkp_object_find_section(scene.compiled.object, ".text"), 10
	};
	assert_true(mkp_verify_is_site(&scene.payload, &place));
	place.offset = 12;
	assert_false(mkp_verify_is_site(&scene.payload, &place));
	place.offset = 0;
	assert_false(mkp_verify_is_site(&scene.payload, &place));
	drop_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_out_of_line_is_cut),
		cmocka_unit_test(data_is_whole),
		cmocka_unit_test(what_is_not_loaded_is_none),
		cmocka_unit_test(jumps_that_may_be_nops),
	};

	return cmocka_run_group_tests_name("verify/pieces", tests, NULL, NULL);
}
