// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support_elfgen.h"

static void check_symbols(const struct mkp_object *object)
{
	const struct mkp_symbol *symbols = object->symbols;

	assert_string_equal(symbols[0].name, "");
	assert_string_equal(symbols[SAMPLE_LOCAL].name, "local");
	assert_int_equal(symbols[SAMPLE_LOCAL].value, 16);
	assert_int_equal(symbols[SAMPLE_LOCAL].size, 16);
	assert_int_equal(symbols[SAMPLE_LOCAL].section, SAMPLE_TEXT);
	assert_int_equal(symbols[SAMPLE_LOCAL].bind, STB_LOCAL);
	assert_int_equal(symbols[SAMPLE_LOCAL].type, STT_FUNC);
	assert_int_equal(symbols[SAMPLE_EXTERN].section, MKP_SHN_UNDEF);
	assert_int_equal(symbols[SAMPLE_ABS].section, MKP_SHN_ABS);
	assert_int_equal(symbols[SAMPLE_ABS].bind, STB_WEAK);
	assert_int_equal(symbols[SAMPLE_COMMON].section, MKP_SHN_COMMON);
	assert_int_equal(symbols[SAMPLE_LIVEPATCH].section, MKP_SHN_LIVEPATCH);
}

static void reads_symbols(void **state MKP_UNUSED)
{
	for (int big_endian = 0; big_endian <= 1; big_endian++) {
		struct elfgen *gen = elfgen_sample(big_endian);
		struct mkp_object *object = elfgen_assert_open(gen);

		check_symbols(object);
		mkp_object_destroy(object);
		elfgen_destroy(gen);
	}
}

static void names_section_symbols(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object = elfgen_assert_open(gen);

	assert_string_equal(object->symbols[SAMPLE_TEXT_SECTION].name, ".text");
	assert_int_equal(object->sections[SAMPLE_TEXT].symbol, SAMPLE_TEXT_SECTION);
	assert_int_equal(object->sections[SAMPLE_DATA].symbol, 0);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void knows_the_file_of_locals(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object = elfgen_assert_open(gen);

	assert_string_equal(object->symbols[SAMPLE_LOCAL].file, "a.c");
	assert_string_equal(object->symbols[SAMPLE_STATIC].file, "b.c");
	assert_null(object->symbols[SAMPLE_FUNC].file);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void ends_the_last_file_at_an_empty_name(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_create(false);
	struct mkp_object *object;

	elfgen_symbol(gen, "a.c", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0);
	elfgen_symbol(gen, "x", STB_LOCAL, STT_NOTYPE, SHN_ABS, 0, 0);
	elfgen_symbol(gen, "", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0);
	elfgen_symbol(gen, "y", STB_LOCAL, STT_NOTYPE, SHN_ABS, 0, 0);
	elfgen_tables(gen);
	elfgen_build(gen);
	object = elfgen_assert_open(gen);
	assert_string_equal(object->symbols[2].file, "a.c");
	assert_null(object->symbols[4].file);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void indexes_names(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object = elfgen_assert_open(gen);
	const struct mkp_index_entry *entry;
	size_t count;

	for (uint32_t i = 1; i < object->nr_symbols; i++) {
		entry = mkp_index_find(&object->names,
				       mkp_hash_string(object->symbols[i].name), &count);
		if (i == SAMPLE_TEXT_SECTION) {
			assert_int_equal(count, 0);
			continue;
		}
		assert_int_equal(count, 1);
		assert_int_equal(entry->id, i);
	}
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void add_extended(struct elfgen *gen, uint32_t nr_words, uint32_t section)
{
	uint32_t extended = elfgen_add(gen, ".symtab_shndx", SHT_SYMTAB_SHNDX, 0, NULL,
				       0);

	gen->symbols[SAMPLE_FUNC].st_shndx = SHN_XINDEX;
	for (uint32_t i = 0; i < nr_words; i++)
		elfgen_word(gen, extended, i == SAMPLE_FUNC ? section : 0);
	elfgen_tables(gen);
	elfgen_build(gen);
}

static void resolves_extended_indices(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(true);
	struct mkp_object *object;

	add_extended(gen, SAMPLE_NR_SYMBOLS, SAMPLE_TEXT);
	object = elfgen_assert_open(gen);
	assert_int_equal(object->symbols[SAMPLE_FUNC].section, SAMPLE_TEXT);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void refuses_bad_extended_indices(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);

	add_extended(gen, SAMPLE_NR_SYMBOLS, SHN_ABS);
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT,
			      "symbol 6 (func): section 65521 does not exist");
	elfgen_destroy(gen);
	gen = elfgen_sample_start(false);
	add_extended(gen, SAMPLE_NR_SYMBOLS - 1, SAMPLE_TEXT);
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT,
			      "has fewer entries than there are symbols");
	elfgen_destroy(gen);
	gen = elfgen_sample_start(false);
	elfgen_add(gen, ".symtab_shndx", SHT_SYMTAB_SHNDX, 0, NULL,
		   4 * SAMPLE_NR_SYMBOLS);
	add_extended(gen, SAMPLE_NR_SYMBOLS, SAMPLE_TEXT);
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "second table of section indices");
	elfgen_destroy(gen);
}

#define FIELD(field) offsetof(Elf64_Sym, field), sizeof(((Elf64_Sym *)NULL)->field)

/* A field of a symbol, a bad value, and what is said about it. */
static const struct {
	uint32_t symbol;
	size_t at, width;
	uint64_t value;
	const char *text;
} bad_symbols[] = {
	{ 0, FIELD(st_value), 1, "symbol 0 is not the null symbol" },
	{ SAMPLE_FUNC, FIELD(st_name), 0xffffff,
	  "symbol 6: name at 0xffffff is not a string of section 11" },
	{ SAMPLE_FUNC, FIELD(st_shndx), SAMPLE_NR_SECTIONS,
	  "symbol 6 (func): section 13 does not exist" },
	{ SAMPLE_FUNC, FIELD(st_shndx), SHN_LORESERVE - 1, "section 65279 does not" },
	{ SAMPLE_FUNC, FIELD(st_shndx), SHN_XINDEX, "indices is missing" },
	{ SAMPLE_FUNC, FIELD(st_value), 65,
	  "symbol 6 (func): value 0x41 lies outside of section 1 (.text)" },
	{ SAMPLE_FUNC, FIELD(st_value), UINT64_MAX, "lies outside of section 1" },
	{ SAMPLE_FUNC, FIELD(st_value), 49,
	  "symbol 6 (func): size 0x10 exceeds section 1 (.text)" },
	{ SAMPLE_FUNC, FIELD(st_size), 33, "size 0x21 exceeds section 1" },
	{ SAMPLE_FUNC, FIELD(st_size), UINT64_MAX - 31, "exceeds section 1" },
	{ SAMPLE_VAR, FIELD(st_size), 129, "size 0x81 exceeds section 5 (.bss)" },
	{ SAMPLE_FUNC, FIELD(st_info), ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
	  "symbol 6 (func): local symbols do not come first" },
	{ SAMPLE_LOCAL, FIELD(st_info), ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
	  "symbol 3 (local): local symbols do not come first" },
	{ SAMPLE_TEXT_SECTION, FIELD(st_value), 4,
	  "symbol 2 (.text): section symbol does not start a section" },
	{ SAMPLE_TEXT_SECTION, FIELD(st_shndx), SHN_ABS,
	  "symbol 2: section symbol does not start a section" },
};

static void refuses_bad_symbols(void **state MKP_UNUSED)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(bad_symbols); i++) {
		struct elfgen *gen = elfgen_sample(i % 2);

		elfgen_poke(gen,
			    elfgen_data_at(gen, SAMPLE_SYMTAB) +
				    bad_symbols[i].symbol * sizeof(Elf64_Sym) +
				    bad_symbols[i].at,
			    bad_symbols[i].width, bad_symbols[i].value);
		elfgen_assert_refused(gen, MKP_ERROR_FORMAT, bad_symbols[i].text);
		elfgen_destroy(gen);
	}
}

/* The first byte behind the names is not a name. */
static void refuses_name_at_the_end(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);

	elfgen_poke(gen,
		    elfgen_data_at(gen, SAMPLE_SYMTAB) + SAMPLE_FUNC * sizeof(Elf64_Sym),
		    4, gen->sections[SAMPLE_STRTAB].header.sh_size);
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "is not a string of section 11");
	elfgen_destroy(gen);
}

static void refuses_bad_first_global(void **state MKP_UNUSED)
{
	static const uint32_t bad[] = { 0, SAMPLE_NR_SYMBOLS + 1, UINT32_MAX };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(bad); i++) {
		struct elfgen *gen = elfgen_sample(false);

		elfgen_poke(gen,
			    elfgen_header_at(gen, SAMPLE_SYMTAB) +
				    offsetof(Elf64_Shdr, sh_info),
			    4, bad[i]);
		elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "first global symbol");
		elfgen_destroy(gen);
	}
}

static void refuses_empty_symbol_table(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);

	elfgen_poke(gen,
		    elfgen_header_at(gen, SAMPLE_SYMTAB) + offsetof(Elf64_Shdr, sh_size),
		    8, 0);
	elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "section 10 (.symtab): 0 symbols");
	elfgen_destroy(gen);
}

/* Labels such as the end of a table. */
static void accepts_empty_symbols_at_the_end(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);
	struct mkp_object *object;

	elfgen_symbol(gen, "end", STB_GLOBAL, STT_NOTYPE, SAMPLE_TEXT, 64, 0);
	elfgen_tables(gen);
	elfgen_build(gen);
	object = elfgen_assert_open(gen);
	assert_int_equal(object->symbols[SAMPLE_NR_SYMBOLS].value, 64);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

/* In linked files the value is an address. */
static void takes_addresses_in_linked_files(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample_start(false);
	struct mkp_object *object;

	gen->header.e_type = ET_EXEC;
	gen->sections[SAMPLE_TEXT].header.sh_addr = UINT64_C(0xffffffff81000000);
	gen->symbols[SAMPLE_FUNC].st_value = UINT64_C(0xffffffff81000020);
	gen->symbols[SAMPLE_TEXT_SECTION].st_value = UINT64_C(0xffffffff81000000);
	elfgen_tables(gen);
	elfgen_build(gen);
	object = elfgen_assert_open(gen);
	assert_true(object->symbols[SAMPLE_FUNC].value == UINT64_C(0xffffffff81000020));
	assert_true(object->sections[SAMPLE_TEXT].address ==
		    UINT64_C(0xffffffff81000000));
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void opens_stripped_files(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_create(false);
	struct mkp_object *object;

	elfgen_add(gen, ".text", SHT_PROGBITS, SHF_ALLOC, NULL, 4);
	gen->shstrtab = elfgen_add(gen, ".shstrtab", SHT_STRTAB, 0, "", 1);
	gen->header.e_shstrndx = (uint16_t)gen->shstrtab;
	elfgen_build(gen);
	object = elfgen_assert_open(gen);
	assert_int_equal(object->symtab, 0);
	/* What is called nothing has the null symbol there, too. */
	assert_int_equal(object->nr_symbols, 1);
	assert_int_equal(object->first_global, 1);
	assert_string_equal(object->symbols[0].name, "");
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_symbols),
		cmocka_unit_test(names_section_symbols),
		cmocka_unit_test(knows_the_file_of_locals),
		cmocka_unit_test(ends_the_last_file_at_an_empty_name),
		cmocka_unit_test(indexes_names),
		cmocka_unit_test(resolves_extended_indices),
		cmocka_unit_test(refuses_bad_extended_indices),
		cmocka_unit_test(refuses_bad_symbols),
		cmocka_unit_test(refuses_name_at_the_end),
		cmocka_unit_test(refuses_bad_first_global),
		cmocka_unit_test(refuses_empty_symbol_table),
		cmocka_unit_test(accepts_empty_symbols_at_the_end),
		cmocka_unit_test(takes_addresses_in_linked_files),
		cmocka_unit_test(opens_stripped_files),
	};

	return cmocka_run_group_tests_name("elf/symbols", tests, NULL, NULL);
}
