// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_elfgen.h"

static void check_sample(bool big_endian)
{
	struct elfgen *gen = elfgen_sample(big_endian);
	struct mkp_object *object = elfgen_assert_open(gen);

	assert_int_equal(object->type, ET_REL);
	assert_int_equal(object->machine, big_endian ? EM_S390 : EM_X86_64);
	assert_int_equal(object->big_endian, big_endian);
	assert_int_equal(object->nr_sections, SAMPLE_NR_SECTIONS);
	assert_int_equal(object->nr_symbols, SAMPLE_NR_SYMBOLS);
	assert_int_equal(object->first_global, SAMPLE_FUNC);
	assert_int_equal(object->symtab, SAMPLE_SYMTAB);
	assert_int_equal(object->shstrtab, SAMPLE_SHSTRTAB);
	assert_int_equal(object->nr_relocs, 3);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void opens_little_endian(void **state MKP_UNUSED)
{
	check_sample(false);
}

static void opens_big_endian(void **state MKP_UNUSED)
{
	check_sample(true);
}

static void finds_sections_by_name(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object = elfgen_assert_open(gen);

	assert_int_equal(mkp_object_find_section(object, ".bss"), SAMPLE_BSS);
	assert_int_equal(mkp_object_find_section(object, ".bs"), 0);
	assert_int_equal(mkp_object_find_section(object, ""), 0);
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

static void knows_the_section_of_a_symbol(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);
	struct mkp_object *object = elfgen_assert_open(gen);
	const struct mkp_symbol *symbols = object->symbols;

	assert_ptr_equal(mkp_symbol_section(object, &symbols[SAMPLE_VAR]),
			 &object->sections[SAMPLE_BSS]);
	assert_null(mkp_symbol_section(object, &symbols[SAMPLE_EXTERN]));
	assert_null(mkp_symbol_section(object, &symbols[SAMPLE_ABS]));
	assert_null(mkp_symbol_section(object, &symbols[SAMPLE_LIVEPATCH]));
	mkp_object_destroy(object);
	elfgen_destroy(gen);
}

/* A field of the header, a bad value, and what is said about it. */
static const struct {
	size_t at, width;
	uint64_t value;
	enum mkp_error_code code;
	const char *text;
} bad_headers[] = {
	{ EI_MAG0, 1, 0, MKP_ERROR_FORMAT, "not an ELF file" },
	{ EI_CLASS, 1, ELFCLASS32, MKP_ERROR_UNSUPPORTED, "32-bit" },
	{ EI_CLASS, 1, 9, MKP_ERROR_FORMAT, "unknown ELF class 9" },
	{ EI_DATA, 1, 0, MKP_ERROR_FORMAT, "unknown byte order 0" },
	{ EI_VERSION, 1, 2, MKP_ERROR_FORMAT, "unknown ELF version 2" },
	{ offsetof(Elf64_Ehdr, e_type), 2, ET_CORE, MKP_ERROR_FORMAT,
	  "unexpected ELF file type 4" },
	{ offsetof(Elf64_Ehdr, e_version), 4, 0, MKP_ERROR_FORMAT,
	  "unknown ELF version 0" },
	{ offsetof(Elf64_Ehdr, e_ehsize), 2, 52, MKP_ERROR_FORMAT,
	  "ELF header size 52 instead of 64" },
	{ offsetof(Elf64_Ehdr, e_shentsize), 2, 40, MKP_ERROR_FORMAT,
	  "section header size 40 instead of 64" },
	{ offsetof(Elf64_Ehdr, e_shoff), 8, 0, MKP_ERROR_FORMAT,
	  "no section header table" },
	{ offsetof(Elf64_Ehdr, e_shoff), 8, 8, MKP_ERROR_FORMAT, "lies outside" },
	{ offsetof(Elf64_Ehdr, e_shoff), 8, UINT64_MAX, MKP_ERROR_FORMAT,
	  "section header table at 0xffffffffffffffff lies outside the file" },
	{ offsetof(Elf64_Ehdr, e_shoff), 8, UINT64_MAX - 63, MKP_ERROR_FORMAT,
	  "lies outside the file" },
	{ offsetof(Elf64_Ehdr, e_shnum), 2, SAMPLE_NR_SECTIONS + 1, MKP_ERROR_FORMAT,
	  "14 section headers do not fit in the file" },
	{ offsetof(Elf64_Ehdr, e_shnum), 2, 0, MKP_ERROR_FORMAT,
	  "0 section headers do not fit" },
	{ offsetof(Elf64_Ehdr, e_shstrndx), 2, 0, MKP_ERROR_FORMAT,
	  "section name table 0 does not exist" },
	{ offsetof(Elf64_Ehdr, e_shstrndx), 2, SAMPLE_NR_SECTIONS, MKP_ERROR_FORMAT,
	  "section name table 13 does not exist" },
	{ offsetof(Elf64_Ehdr, e_shstrndx), 2, SHN_XINDEX, MKP_ERROR_FORMAT,
	  "section name table 0 does not exist" },
	{ offsetof(Elf64_Ehdr, e_shstrndx), 2, SAMPLE_TEXT, MKP_ERROR_FORMAT,
	  "section 1: not a string table" },
};

static void refuses_bad_headers(void **state MKP_UNUSED)
{
	for (int big_endian = 0; big_endian <= 1; big_endian++) {
		for (size_t i = 0; i < MKP_ARRAY_SIZE(bad_headers); i++) {
			struct elfgen *gen = elfgen_sample(big_endian);

			elfgen_poke(gen, bad_headers[i].at, bad_headers[i].width,
				    bad_headers[i].value);
			elfgen_assert_refused(gen, bad_headers[i].code,
					      bad_headers[i].text);
			elfgen_destroy(gen);
		}
	}
}

static void refuses_each_truncation(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_sample(false);

	/* The section headers come last, so that each byte is needed. */
	while (gen->size) {
		gen->size--;
		elfgen_assert_refused(gen, MKP_ERROR_FORMAT, "");
	}
	elfgen_destroy(gen);
}

static void refuse_path(const char *path, enum mkp_error_code code, const char *text)
{
	struct mkp_object *object = NULL;
	struct mkp_error *error = mkp_object_open(path, &object);
	char *line;

	assert_non_null(error);
	assert_null(object);
	line = mkp_error_string(error);
	assert_int_equal(error->code, code);
	assert_string_equal(line, text);
	free(line);
	mkp_error_destroy(error);
}

static void refuses_what_is_no_file(void **state MKP_UNUSED)
{
	char directory[] = "/tmp/mkpatch-test-XXXXXX";
	char fifo[sizeof(directory) + 2], text[sizeof(fifo) + 32];

	assert_non_null(mkdtemp(directory));
	snprintf(fifo, sizeof(fifo), "%s/f", directory);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	snprintf(text, sizeof(text), "%s: not a regular file", fifo);
	refuse_path(fifo, MKP_ERROR_FORMAT, text);
	unlink(fifo);
	snprintf(text, sizeof(text), "%s: No such file or directory", fifo);
	refuse_path(fifo, MKP_ERROR_IO, text);
	snprintf(text, sizeof(text), "%s: not a regular file", directory);
	refuse_path(directory, MKP_ERROR_FORMAT, text);
	rmdir(directory);
}

static void destroys_nothing(void **state MKP_UNUSED)
{
	mkp_object_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_little_endian),
		cmocka_unit_test(opens_big_endian),
		cmocka_unit_test(finds_sections_by_name),
		cmocka_unit_test(knows_the_section_of_a_symbol),
		cmocka_unit_test(refuses_bad_headers),
		cmocka_unit_test(refuses_each_truncation),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(destroys_nothing),
	};

	return cmocka_run_group_tests_name("elf/object", tests, NULL, NULL);
}
