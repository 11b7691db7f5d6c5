// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support_elfgen.h"

#ifndef SHT_CREL
#define SHT_CREL 0x40000014
#endif

static void reads_headers(void **state MKP_UNUSED)
{
	for (int big_endian = 0; big_endian <= 1; big_endian++) {
		struct elfgen *gen = elfgen_sample(big_endian);
		struct mkp_object *object = elfgen_assert_open(gen);
		const struct mkp_section *text = &object->sections[SAMPLE_TEXT];
		const struct mkp_section *data = &object->sections[SAMPLE_DATA];

		assert_string_equal(text->name, ".text");
		assert_int_equal(text->type, SHT_PROGBITS);
		assert_int_equal(text->flags, SHF_ALLOC | SHF_EXECINSTR);
		assert_int_equal(text->size, 64);
		assert_int_equal(text->align, 8);
		assert_int_equal(text->rela, SAMPLE_RELA_TEXT);
		assert_int_equal(text->group, 0);
		assert_memory_equal(data->data, "0123456789abcdef", 16);
		assert_string_equal(object->sections[0].name, "");
		mkp_object_destroy(object);
		elfgen_destroy(gen);
	}
}

static void has_no_data_where_there_is_none(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);
	uint32_t empty = elfgen_add(gen, "empty", SHT_PROGBITS, SHF_ALLOC, NULL, 0);
	struct mkp_object *object;

	elfgen_tables(gen);
	elfgen_build(gen);
	object = elfgen_assert_open(gen);
	assert_null(object->sections[SAMPLE_BSS].data);
	assert_int_equal(object->sections[SAMPLE_BSS].size, 128);
	assert_null(object->sections[empty].data);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void fills_in_groups(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(true);
	struct mkp_object *object = elfgen_assert_open(gen);

	assert_int_equal(object->sections[SAMPLE_MEMBER].group, SAMPLE_GROUP);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

/* Alignment 0 and 1 mean the same; we only know the one. */
static void accepts_alignment_zero(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object;

	elfgen_poke(gen,
		    elfgen_header_at(gen, SAMPLE_TEXT) +
			    offsetof(Elf64_Shdr, sh_addralign),
		    8, 0);
	object = elfgen_assert_open(gen);
	assert_int_equal(object->sections[SAMPLE_TEXT].align, 1);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void reads_counts_from_section_zero(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);
	struct mkp_object *object;

	elfgen_tables(gen);
	gen->sections[0].header.sh_size = gen->nr_sections;
	gen->sections[0].header.sh_link = gen->shstrtab;
	gen->header.e_shstrndx = SHN_XINDEX;
	elfgen_build(gen);
	object = elfgen_assert_open(gen);
	assert_int_equal(object->nr_sections, SAMPLE_NR_SECTIONS);
	assert_string_equal(object->sections[SAMPLE_TEXT].name, ".text");
	/* Only a place for the counts. */
	assert_int_equal(object->sections[0].size, 0);
	assert_int_equal(object->sections[0].link, 0);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

/* A livepatch has two relocation sections for one section. */
static void leaves_livepatch_relocs_alone(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);
	uint32_t klp = elfgen_add(gen, ".klp.rela.vmlinux.text", SHT_RELA,
				  SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH, NULL,
				  0);
	struct mkp_object *object;

	gen->sections[klp].header.sh_info = SAMPLE_TEXT;
	elfgen_reloc(gen, klp, 50, SAMPLE_LIVEPATCH, 2, -4);
	elfgen_tables(gen);
	elfgen_build(gen);
	object = elfgen_assert_open(gen);
	assert_int_equal(object->sections[SAMPLE_TEXT].rela, SAMPLE_RELA_TEXT);
	assert_int_equal(object->sections[SAMPLE_TEXT].nr_relocs, 2);
	assert_int_equal(object->nr_relocs, 3);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

#define FIELD(field) offsetof(Elf64_Shdr, field), sizeof(((Elf64_Shdr *)NULL)->field)

/* A field of a section header, a bad value, and what is said about it. */
static const struct {
	uint32_t section;
	size_t at, width;
	uint64_t value;
	enum mkp_error_code code;
	const char *text;
} bad_sections[] = {
	{ 0, FIELD(sh_type), SHT_PROGBITS, MKP_ERROR_FORMAT, "section 0 has type 1" },
	{ SAMPLE_TEXT, FIELD(sh_name), 0xffff, MKP_ERROR_FORMAT,
	  "section 1: name at 0xffff is not a string of the section name table" },
	{ SAMPLE_TEXT, FIELD(sh_offset), UINT64_MAX, MKP_ERROR_FORMAT,
	  "section 1: offset 0xffffffffffffffff size 0x40 lies beyond the end" },
	{ SAMPLE_TEXT, FIELD(sh_offset), UINT64_MAX - 63, MKP_ERROR_FORMAT,
	  "lies beyond the end of the file" },
	{ SAMPLE_TEXT, FIELD(sh_size), UINT64_MAX, MKP_ERROR_FORMAT, "lies beyond" },
	{ SAMPLE_TEXT, FIELD(sh_addralign), 3, MKP_ERROR_FORMAT,
	  "section 1 (.text): alignment 0x3 is not a sensible power of two" },
	{ SAMPLE_TEXT, FIELD(sh_addralign), UINT64_C(1) << 63, MKP_ERROR_FORMAT,
	  "alignment 0x8000000000000000" },
	{ SAMPLE_TEXT, FIELD(sh_link), SAMPLE_NR_SECTIONS, MKP_ERROR_FORMAT,
	  "section 1 (.text): links to section 13, which does not exist" },
	{ SAMPLE_TEXT, FIELD(sh_flags), SHF_ALLOC | SHF_COMPRESSED, MKP_ERROR_UNSUPPORTED,
	  "section 1 (.text): allocated, and yet compressed" },
	{ SAMPLE_DEBUG, FIELD(sh_type), SHT_CREL, MKP_ERROR_UNSUPPORTED,
	  "compact relocations" },
	{ SAMPLE_RELA_TEXT, FIELD(sh_type), SHT_REL, MKP_ERROR_UNSUPPORTED,
	  "section 2 (.rela.text): relocations without addends" },
	{ SAMPLE_RELA_TEXT, FIELD(sh_entsize), 16, MKP_ERROR_FORMAT,
	  "section 2 (.rela.text): entry size 16 instead of 24" },
	{ SAMPLE_RELA_TEXT, FIELD(sh_entsize), 0, MKP_ERROR_FORMAT, "entry size 0" },
	{ SAMPLE_RELA_TEXT, FIELD(sh_size), 25, MKP_ERROR_FORMAT,
	  "size 0x19 is not a multiple of its entry size" },
	{ SAMPLE_RELA_TEXT, FIELD(sh_link), SAMPLE_STRTAB, MKP_ERROR_FORMAT,
	  "links to section 11, which is of the wrong type" },
	{ SAMPLE_RELA_TEXT, FIELD(sh_info), 0, MKP_ERROR_FORMAT,
	  "applies to section 0, which does not exist" },
	{ SAMPLE_RELA_DATA, FIELD(sh_info), SAMPLE_TEXT, MKP_ERROR_FORMAT,
	  "section 4 (.rela.data): second relocation section for section 1" },
	{ SAMPLE_RELA_DATA, FIELD(sh_info), 1000, MKP_ERROR_FORMAT,
	  "section 4 (.rela.data): refers to section 1000, which does not exist" },
	{ SAMPLE_SYMTAB, FIELD(sh_entsize), 16, MKP_ERROR_FORMAT,
	  "section 10 (.symtab): entry size 16 instead of 24" },
	{ SAMPLE_SYMTAB, FIELD(sh_link), SAMPLE_TEXT, MKP_ERROR_FORMAT,
	  "section 10 (.symtab): links to section 1, which is of the wrong type" },
	{ SAMPLE_GROUP, FIELD(sh_size), 0, MKP_ERROR_FORMAT,
	  "section 6 (.group): size 0x0 does not fit a section group" },
	{ SAMPLE_GROUP, FIELD(sh_size), 7, MKP_ERROR_FORMAT, "size 0x7 does not fit" },
	{ SAMPLE_GROUP, FIELD(sh_link), SAMPLE_TEXT, MKP_ERROR_FORMAT,
	  "section 6 (.group): not linked to symbols" },
};

static void refuses_bad_sections(void **state MKP_UNUSED)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(bad_sections); i++) {
		struct elfgen *gen = elfgen_sample(i % 2);

		elfgen_poke(gen,
			    elfgen_header_at(gen, bad_sections[i].section) +
				    bad_sections[i].at,
			    bad_sections[i].width, bad_sections[i].value);
		elfgen_assert_refused(gen, bad_sections[i].code, bad_sections[i].text);
		elfgen_destroy(gen);
	}
}

static void refuses_bad_group_members(void **state MKP_UNUSED)
{
	static const uint32_t members[] = { 0, SAMPLE_GROUP, SAMPLE_NR_SECTIONS,
					    UINT32_MAX };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(members); i++) {
		struct elfgen *gen = elfgen_sample(false);

		elfgen_poke(gen, elfgen_data_at(gen, SAMPLE_GROUP) + 4, 4, members[i]);
		elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "can not be a member");
		elfgen_destroy(gen);
	}
}

static void refuses_member_of_two_groups(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);
	uint32_t group = elfgen_add(gen, ".group", SHT_GROUP, 0, NULL, 0);

	elfgen_word(gen, group, GRP_COMDAT);
	elfgen_word(gen, group, SAMPLE_MEMBER);
	elfgen_tables(gen);
	elfgen_build(gen);
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT,
			      "section 7 (.text.member): member of two groups");
	elfgen_destroy(gen);
}

static void refuses_second_symbol_table(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);
	uint32_t second = elfgen_add(gen, "second", SHT_SYMTAB, 0, NULL, 24);

	gen->sections[second].header.sh_entsize = sizeof(Elf64_Sym);
	elfgen_tables(gen);
	gen->sections[second].header.sh_link = gen->strtab;
	elfgen_build(gen);
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT,
			      "section 11 (.symtab): second symbol table");
	elfgen_destroy(gen);
}

/* Otherwise looking at each section once could take quadratic time. */
static void refuses_overlapping_sections(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);

	for (uint32_t i = SAMPLE_TEXT; i <= SAMPLE_DATA; i++) {
		size_t header = elfgen_header_at(gen, i);

		elfgen_poke(gen, header + offsetof(Elf64_Shdr, sh_offset), 8, 0);
		elfgen_poke(gen, header + offsetof(Elf64_Shdr, sh_size), 8,
			    gen->size / 24 * 24);
	}
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT,
			      "section 2: overlaps with other sections");
	elfgen_destroy(gen);
}

static void refuses_unterminated_names(void **state MKP_UNUSED)
{
	static const uint32_t tables[] = { SAMPLE_STRTAB, SAMPLE_SHSTRTAB };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(tables); i++) {
		struct elfgen *gen = elfgen_sample(false);
		size_t size = gen->sections[tables[i]].header.sh_size;

		elfgen_poke(gen, elfgen_data_at(gen, tables[i]) + size - 1, 1, 'x');
		elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "does not end with NUL");
		elfgen_destroy(gen);
	}
}

static void check_long_name(size_t length, bool good)
{
	struct elfgen *gen = elfgen_sample_start(false);
	char *name = calloc(1, length + 1);

	assert_non_null(name);
	memset(name, 'n', length);
	elfgen_add(gen, name, SHT_PROGBITS, 0, NULL, 1);
	elfgen_tables(gen);
	elfgen_build(gen);
	if (good)
		mkp_object_destroy(elfgen_assert_open(gen));
	else
		elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "is not a string");
	elfgen_destroy(gen);
	free(name);
}

static void bounds_names(void **state MKP_UNUSED)
{
	check_long_name(4095, true);
	check_long_name(4096, false);
}

static void escapes_names_in_errors(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);
	uint32_t bad = elfgen_add(gen, "a\nb\033[31m", SHT_PROGBITS, 0, NULL, 1);

	gen->sections[bad].header.sh_addralign = 5;
	elfgen_tables(gen);
	elfgen_build(gen);
	/* That it is one line is checked in any case. */
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "section 10 (a\\nb");
	elfgen_destroy(gen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_headers),
		cmocka_unit_test(has_no_data_where_there_is_none),
		cmocka_unit_test(fills_in_groups),
		cmocka_unit_test(accepts_alignment_zero),
		cmocka_unit_test(reads_counts_from_section_zero),
		cmocka_unit_test(leaves_livepatch_relocs_alone),
		cmocka_unit_test(refuses_bad_sections),
		cmocka_unit_test(refuses_bad_group_members),
		cmocka_unit_test(refuses_member_of_two_groups),
		cmocka_unit_test(refuses_second_symbol_table),
		cmocka_unit_test(refuses_overlapping_sections),
		cmocka_unit_test(refuses_unterminated_names),
		cmocka_unit_test(bounds_names),
		cmocka_unit_test(escapes_names_in_errors),
	};

	return cmocka_run_group_tests_name("elf/sections", tests, NULL, NULL);
}
