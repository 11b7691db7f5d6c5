// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support_elfgen.h"
#include "support_random.h"

static void reads_relocs(void **state MKP_UNUSED)
{
	for (int big_endian = 0; big_endian <= 1; big_endian++) {
		struct elfgen *gen = elfgen_sample(big_endian);
		struct mkp_object *object = elfgen_assert_open(gen);
		const struct mkp_section *text = &object->sections[SAMPLE_TEXT];
		const struct mkp_reloc *reloc = &object->relocs[text->first_reloc];

		assert_int_equal(text->nr_relocs, 2);
		assert_int_equal(reloc->offset, 4);
		assert_int_equal(reloc->addend, -4);
		assert_int_equal(reloc->type, 4);
		assert_int_equal(reloc->symbol, SAMPLE_EXTERN);
		assert_int_equal(reloc[1].offset, 40);
		assert_int_equal(reloc[1].addend, 12);
		mkp_object_destroy(object);
		elfgen_destroy(gen);
	}
}

static void leaves_out_what_is_not_loaded(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object = elfgen_assert_open(gen);

	assert_int_equal(object->sections[SAMPLE_DEBUG].rela, SAMPLE_RELA_DEBUG);
	assert_int_equal(object->sections[SAMPLE_DEBUG].nr_relocs, 0);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

/* Whatever the order in the file: by offset, and in that order where offsets are equal.
 */
static void sorts_relocs(void **state MKP_UNUSED)
{
	struct random_source random = { 1 };

	for (uint32_t count = 0; count < 200; count++) {
		struct elfgen *gen = elfgen_sample_start(count % 2);
		uint32_t rela = elfgen_add(gen, ".rela.m", SHT_RELA, 0, NULL, 0);
		const struct mkp_reloc *reloc;
		struct mkp_object *object;

		gen->sections[rela].header.sh_info = SAMPLE_MEMBER;
		for (uint32_t i = 0; i < count; i++)
			elfgen_reloc(gen, rela, random_below(&random, 16), 0, 1, i);
		elfgen_tables(gen);
		elfgen_build(gen);
		object = elfgen_assert_open(gen);
		assert_int_equal(object->sections[SAMPLE_MEMBER].nr_relocs, count);
		reloc = &object->relocs[object->sections[SAMPLE_MEMBER].first_reloc];
		for (uint32_t i = 1; i < count; i++, reloc++) {
			assert_true(reloc[0].offset <= reloc[1].offset);
			if (reloc[0].offset == reloc[1].offset)
				assert_true(reloc[0].addend < reloc[1].addend);
		}
		mkp_object_destroy(object);
		elfgen_destroy(gen);
	}
}

#define FIELD(field) offsetof(Elf64_Rela, field), sizeof(((Elf64_Rela *)NULL)->field)

static const struct {
	size_t at, width;
	uint64_t value;
	const char *text;
} bad_relocs[] = {
	{ FIELD(r_offset), 64,
	  "section 2 (.rela.text): relocation 1: offset 0x40 lies outside of section 1" },
	{ FIELD(r_offset), UINT64_MAX, "lies outside of section 1" },
	{ FIELD(r_info), ELF64_R_INFO((uint64_t)SAMPLE_NR_SYMBOLS, 2),
	  "section 2 (.rela.text): relocation 1: symbol 12 does not exist" },
	{ FIELD(r_info), UINT64_MAX, "symbol 4294967295 does not exist" },
};

static void refuses_bad_relocs(void **state MKP_UNUSED)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(bad_relocs); i++) {
		struct elfgen *gen = elfgen_sample(i % 2);

		elfgen_poke(gen,
			    elfgen_data_at(gen, SAMPLE_RELA_TEXT) + sizeof(Elf64_Rela) +
				    bad_relocs[i].at,
			    bad_relocs[i].width, bad_relocs[i].value);
		elfgen_assert_refused(gen, MKP_ERROR_FORMAT, bad_relocs[i].text);
		elfgen_destroy(gen);
	}
}

/* As objcopy --only-keep-debug leaves them. */
static void ignores_relocs_of_absent_code(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object;

	elfgen_poke(gen,
		    elfgen_header_at(gen, SAMPLE_TEXT) + offsetof(Elf64_Shdr, sh_type), 4,
		    SHT_NOBITS);
	object = elfgen_assert_open(gen);
	assert_int_equal(object->sections[SAMPLE_TEXT].nr_relocs, 0);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

/* In linked files relocations are no offsets in sections; vmlinux has them, too. */
static void ignores_relocs_of_linked_files(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object;

	elfgen_poke(gen, offsetof(Elf64_Ehdr, e_type), 2, ET_EXEC);
	elfgen_poke(gen, elfgen_data_at(gen, SAMPLE_RELA_TEXT), 8, UINT64_MAX);
	object = elfgen_assert_open(gen);
	assert_int_equal(object->nr_relocs, 0);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_relocs),
		cmocka_unit_test(leaves_out_what_is_not_loaded),
		cmocka_unit_test(sorts_relocs),
		cmocka_unit_test(refuses_bad_relocs),
		cmocka_unit_test(ignores_relocs_of_absent_code),
		cmocka_unit_test(ignores_relocs_of_linked_files),
	};

	return cmocka_run_group_tests_name("elf/relocs", tests, NULL, NULL);
}
