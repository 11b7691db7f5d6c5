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

#include "emit/finalize.h"
#include "support_elfgen.h"
#include "support_random.h"

/* A small module: .text keeps some of its relocations, init all, .data none. */
enum {
	TEXT = 1,
	RELA_TEXT,
	INIT,
	RELA_INIT,
	DATA,
	RELA_DATA,
	MODINFO,
	BSS,
	DEBUG,
	RELA_DEBUG,
	SYMTAB,
	STRTAB,
	SHSTRTAB,
	NR_SECTIONS,
};

enum {
	LOCAL = 1,
	ZEBRA,
	PRINTK,
	ANT,
	OTHER,
	NR_SYMBOLS
};

static const char *const zebra = ".mkp.klp.zebra/vmlinux.stripe,3";
static const char *const ant = ".mkp.klp.ant/vmlinux.leg.cold,0";
static const char *const other = ".mkp.klp.zebra/ant.leg,1";

static void add_sections(struct elfgen *gen)
{
	const uint64_t code = SHF_ALLOC | SHF_EXECINSTR;

	elfgen_add(gen, ".text", SHT_PROGBITS, code, NULL, 64);
	elfgen_add(gen, ".rela.text", SHT_RELA, SHF_INFO_LINK, NULL, 0);
	elfgen_add(gen, "init", SHT_PROGBITS, code, NULL, 64);
	elfgen_add(gen, ".relainit", SHT_RELA, SHF_INFO_LINK, NULL, 0);
	elfgen_add(gen, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE,
		   "0123456789abcdef0123456789abcdef", 32);
	elfgen_add(gen, ".rela.data", SHT_RELA, SHF_INFO_LINK, NULL, 0);
	elfgen_add(gen, ".modinfo", SHT_PROGBITS, SHF_ALLOC, "livepatch=Y", 12);
	elfgen_add(gen, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 32);
	elfgen_add(gen, ".debug_info", SHT_PROGBITS, 0, "debug information", 18);
	elfgen_add(gen, ".rela.debug_info", SHT_RELA, SHF_INFO_LINK, NULL, 0);
	for (uint32_t i = TEXT; i <= DEBUG; i++)
		if (gen->sections[i + 1].header.sh_type == SHT_RELA)
			gen->sections[i + 1].header.sh_info = i;
}

static struct elfgen *start_module(bool big_endian)
{
	struct elfgen *gen = elfgen_create(big_endian);

	add_sections(gen);
	elfgen_symbol(gen, "local", STB_LOCAL, STT_FUNC, TEXT, 0, 16);
	elfgen_symbol(gen, zebra, STB_WEAK, STT_NOTYPE, SHN_UNDEF, 0, 0);
	elfgen_symbol(gen, "printk", STB_GLOBAL, STT_NOTYPE, SHN_UNDEF, 0, 0);
	elfgen_symbol(gen, ant, STB_WEAK, STT_NOTYPE, SHN_UNDEF, 0, 0);
	elfgen_symbol(gen, other, STB_WEAK, STT_NOTYPE, SHN_UNDEF, 0, 0);
	elfgen_reloc(gen, RELA_TEXT, 0, ZEBRA, 2, 10);
	elfgen_reloc(gen, RELA_TEXT, 8, PRINTK, 4, 11);
	elfgen_reloc(gen, RELA_TEXT, 16, ANT, 2, 12);
	elfgen_reloc(gen, RELA_TEXT, 24, OTHER, 2, 13);
	elfgen_reloc(gen, RELA_TEXT, 32, LOCAL, 2, 14);
	elfgen_reloc(gen, RELA_INIT, 0, PRINTK, 4, 15);
	elfgen_reloc(gen, RELA_DATA, 8, ZEBRA, 1, 16);
	elfgen_reloc(gen, RELA_DATA, 0, ANT, 1, 17);
	elfgen_reloc(gen, RELA_DATA, 16, ANT, 1, 18);
	elfgen_reloc(gen, RELA_DEBUG, 0, LOCAL, 1, 19);
	return gen;
}

static char *save(struct elfgen *gen)
{
	char *path;

	if (!gen->shstrtab)
		elfgen_tables(gen);
	elfgen_build(gen);
	path = elfgen_save(gen);
	elfgen_destroy(gen);
	return path;
}

static void discard(char *path)
{
	unlink(path);
	free(path);
}

static struct mkp_finalize_result finalize(const char *path)
{
	struct mkp_finalize_result result = { 0 };
	struct mkp_error *error = mkp_finalize(path, &result);

	if (error)
		fail_msg("%s", mkp_error_string(error));
	return result;
}

static struct mkp_object *open_object(const char *path)
{
	struct mkp_object *object = NULL;
	struct mkp_error *error = mkp_object_open(path, &object);

	if (error)
		fail_msg("%s", mkp_error_string(error));
	return object;
}

/* Any RELA section, also a livepatch one, as "offset symbol addend" triples. */
static void check_rela(const struct mkp_object *object, uint32_t index, const char *name,
		       uint32_t target, uint64_t flags, const char *expected)
{
	const struct mkp_section *section = &object->sections[index];
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_string_equal(section->name, name);
	assert_int_equal(section->type, SHT_RELA);
	assert_int_equal(section->info, target);
	assert_int_equal(section->link, SYMTAB);
	assert_int_equal(section->flags, flags);
	for (size_t at = 0; at < section->size; at += sizeof(Elf64_Rela)) {
		Elf64_Rela raw;

		memcpy(&raw, section->data + at, sizeof(raw));
		if (object->big_endian) {
			raw.r_offset = __builtin_bswap64(raw.r_offset);
			raw.r_info = __builtin_bswap64(raw.r_info);
			raw.r_addend = (int64_t)__builtin_bswap64((uint64_t)raw.r_addend);
		}
		fprintf(stream, "%u %u %d;", (unsigned)raw.r_offset,
			(unsigned)ELF64_R_SYM(raw.r_info), (int)raw.r_addend);
	}
	fclose(stream);
	assert_string_equal(text, expected);
	free(text);
}

static void check_moved(const struct mkp_object *object)
{
	const uint64_t klp = SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH;

	assert_int_equal(object->nr_sections, NR_SECTIONS + 3);
	check_rela(object, RELA_TEXT, ".rela.text", TEXT, SHF_INFO_LINK,
		   "8 3 11;32 1 14;");
	check_rela(object, RELA_INIT, ".relainit", INIT, SHF_INFO_LINK, "0 3 15;");
	/* In the place of the section that would be empty. */
	check_rela(object, RELA_DATA, ".klp.rela.ant.data", DATA, klp, "0 4 17;16 4 18;");
	check_rela(object, NR_SECTIONS, ".klp.rela.ant.text", TEXT, klp, "16 4 12;");
	check_rela(object, NR_SECTIONS + 1, ".klp.rela.zebra.text", TEXT, klp,
		   "0 2 10;24 5 13;");
	check_rela(object, NR_SECTIONS + 2, ".klp.rela.zebra.data", DATA, klp, "8 2 16;");
}

static void check_symbols(const struct mkp_object *object)
{
	static const char *const names[] = {
		"",
		"local",
		".klp.sym.vmlinux.stripe,3",
		"printk",
		".klp.sym.vmlinux.leg.cold,0",
		".klp.sym.ant.leg,1",
	};

	assert_int_equal(object->nr_symbols, NR_SYMBOLS);
	for (uint32_t i = 0; i < NR_SYMBOLS; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];
		bool klp = i == ZEBRA || i == ANT || i == OTHER;

		assert_string_equal(symbol->name, names[i]);
		if (klp)
			assert_int_equal(symbol->section, MKP_SHN_LIVEPATCH);
		if (klp)
			assert_int_equal(symbol->bind, STB_GLOBAL);
	}
	assert_int_equal(object->symbols[PRINTK].section, MKP_SHN_UNDEF);
	assert_int_equal(object->symbols[LOCAL].size, 16);
}

/* All else, byte for byte and at the same index. */
static void check_rest(const struct mkp_object *before, const struct mkp_object *after)
{
	static const uint32_t same[] = {
		TEXT, INIT, DATA, MODINFO, BSS, DEBUG, RELA_DEBUG
	};

	for (size_t i = 0; i < MKP_ARRAY_SIZE(same); i++) {
		const struct mkp_section *x = &before->sections[same[i]];
		const struct mkp_section *y = &after->sections[same[i]];

		assert_string_equal(x->name, y->name);
		assert_int_equal(x->type, y->type);
		assert_int_equal(x->flags, y->flags);
		assert_int_equal(x->size, y->size);
		assert_int_equal(x->align, y->align);
		assert_int_equal(x->entsize, y->entsize);
		if (x->data)
			assert_memory_equal(x->data, y->data, x->size);
	}
	assert_int_equal(before->machine, after->machine);
	assert_int_equal(before->eflags, after->eflags);
}

static void finalizes(void **state MKP_UNUSED)
{
	for (int big_endian = 0; big_endian <= 1; big_endian++) {
		struct elfgen *gen = start_module(big_endian);
		struct mkp_object *before, *after;
		struct mkp_finalize_result result;
		char *path;

		gen->header.e_flags = 0x55;
		path = save(gen);
		before = open_object(path);
		result = finalize(path);
		after = open_object(path);
		assert_int_equal(result.nr_relocations, 6);
		assert_int_equal(result.nr_symbols, 3);
		assert_false(result.already);
		check_moved(after);
		check_symbols(after);
		check_rest(before, after);
		mkp_object_destroy(before);
		mkp_object_destroy(after);
		discard(path);
	}
}

static void keeps_the_mode(void **state MKP_UNUSED)
{
	char *path = save(start_module(false));
	struct stat status;

	assert_int_equal(chmod(path, 0640), 0);
	finalize(path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	discard(path);
}

static void check_untouched(const char *path, bool already)
{
	struct mkp_finalize_result result;
	struct stat before, after;

	assert_int_equal(stat(path, &before), 0);
	result = finalize(path);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(result.already, already);
	assert_int_equal(result.nr_relocations, 0);
	assert_int_equal(result.nr_symbols, 0);
}

static void does_it_once(void **state MKP_UNUSED)
{
	char *path = save(start_module(false));

	finalize(path);
	check_untouched(path, true);
	discard(path);
}

static void leaves_other_modules_alone(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);
	char *path;

	gen->symbol_names[ZEBRA] = "a";
	gen->symbol_names[ANT] = "b";
	gen->symbol_names[OTHER] = "c";
	path = save(gen);
	check_untouched(path, false);
	discard(path);
}

/* The text of .modinfo with '|' for NUL. */
static void check_modinfo(const char *path, const char *text)
{
	struct mkp_object *object = open_object(path);
	const struct mkp_section *section =
		&object->sections[mkp_object_find_section(object, ".modinfo")];
	char *found = malloc(section->size + 1);

	assert_non_null(found);
	memcpy(found, section->data, section->size);
	found[section->size] = '\0';
	for (uint64_t i = 0; i < section->size; i++)
		if (!found[i])
			found[i] = '|';
	assert_string_equal(found, text);
	free(found);
	mkp_object_destroy(object);
}

/* A module of ours becomes a live patch by being finalized, and only so. */
static void marks_its_own_modules(void **state MKP_UNUSED)
{
	struct elfgen *gen = elfgen_create(false);
	char *path;

	elfgen_add(gen, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16);
	elfgen_add(gen, ".modinfo", SHT_PROGBITS, SHF_ALLOC, "license=GPL\0mkpatch=1",
		   22);
	elfgen_symbol(gen, "local", STB_LOCAL, STT_FUNC, 1, 0, 16);
	path = save(gen);
	assert_false(finalize(path).already);
	check_modinfo(path, "license=GPL|mkpatch=1|livepatch=Y|");
	assert_true(finalize(path).already);
	check_modinfo(path, "license=GPL|mkpatch=1|livepatch=Y|");
	discard(path);
}

static void marks_modules_with_references(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);
	char *path;

	memcpy(gen->sections[MODINFO].data, "license=GPL", 12);
	path = save(gen);
	finalize(path);
	check_modinfo(path, "license=GPL|livepatch=Y|");
	discard(path);
}

/* A reference that is not used any more: the symbol must be renamed all the same. */
static void renames_symbols_without_relocs(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);
	struct mkp_finalize_result result;
	char *path;

	elfgen_symbol(gen, ".mkp.klp.bee/vmlinux.wing,0", STB_WEAK, STT_NOTYPE, SHN_UNDEF,
		      0, 0);
	path = save(gen);
	result = finalize(path);
	assert_int_equal(result.nr_symbols, 4);
	assert_int_equal(result.nr_relocations, 6);
	discard(path);
}

static void check_refused(struct elfgen *gen, enum mkp_error_code code, const char *text)
{
	char *path = save(gen), *line;
	struct mkp_finalize_result result = { .nr_symbols = 77 };
	struct mkp_error *error;
	struct stat before, after;

	assert_int_equal(stat(path, &before), 0);
	error = mkp_finalize(path, &result);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_non_null(error);
	line = mkp_error_string(error);
	if (!strstr(line, text))
		fail_msg("error is \"%s\", not \"%s\"", line, text);
	assert_int_equal(error->code, code);
	assert_int_equal(result.nr_symbols, 77);
	free(line);
	mkp_error_destroy(error);
	discard(path);
}

static void refuses_what_is_no_module(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);

	gen->sections[MODINFO].name = ".modinf";
	check_refused(gen, MKP_ERROR_FORMAT, "not a kernel module");
	gen = start_module(false);
	gen->header.e_type = ET_DYN;
	check_refused(gen, MKP_ERROR_FORMAT, "not a kernel module");
}

static void refuses_signed_modules(void **state MKP_UNUSED)
{
	static const char mark[] = "~Module signature appended~\n";
	struct elfgen *gen = start_module(false);
	struct mkp_finalize_result result;
	struct mkp_error *error;
	char *path = save(gen);
	FILE *stream = fopen(path, "a");

	assert_non_null(stream);
	fwrite(mark, 1, sizeof(mark) - 1, stream);
	fclose(stream);
	error = mkp_finalize(path, &result);
	assert_non_null(error);
	assert_int_equal(error->code, MKP_ERROR_UNSUPPORTED);
	mkp_error_destroy(error);
	discard(path);
}

static void refuses_defined_references(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);

	gen->symbols[ANT].st_shndx = TEXT;
	check_refused(gen, MKP_ERROR_FORMAT, "symbol 4 is a livepatch reference");
}

static void refuses_bad_names(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);

	gen->symbol_names[ANT] = ".mkp.klp.ant/vmlinux.leg";
	check_refused(gen, MKP_ERROR_FORMAT, "without a position");
}

static void refuses_half_finalized_modules(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);

	gen->sections[RELA_INIT].header.sh_flags |= SHF_RELA_LIVEPATCH;
	check_refused(gen, MKP_ERROR_UNSUPPORTED, "livepatch relocations already");
}

static void refuses_shared_string_tables(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);

	elfgen_tables(gen);
	gen->sections[SYMTAB].header.sh_link = gen->shstrtab;
	/* No names: those of the one table are not in the other. */
	for (uint32_t i = 1; i < NR_SYMBOLS; i++)
		memset(gen->sections[SYMTAB].data + i * sizeof(Elf64_Sym), 0, 4);
	check_refused(gen, MKP_ERROR_UNSUPPORTED, "share a string table");
}

static void refuses_empty_modinfo(void **state MKP_UNUSED)
{
	struct elfgen *gen = start_module(false);

	gen->sections[MODINFO].header.sh_type = SHT_NOBITS;
	check_refused(gen, MKP_ERROR_FORMAT, "not a kernel module");
}

/* Any byte set to anything gives a module or an error, nothing else. */
static void survives_any_byte(void **state MKP_UNUSED)
{
	struct random_source random = { 1 };
	struct elfgen *gen = start_module(false);
	unsigned int refused = 0;

	elfgen_tables(gen);
	elfgen_build(gen);
	for (size_t at = 0; at < gen->size; at += 1 + random_below(&random, 5)) {
		struct mkp_finalize_result result;
		uint8_t old = gen->image[at];
		struct mkp_error *error;
		char *path;

		gen->image[at] = (uint8_t)(old + 1 + random_below(&random, 255));
		path = elfgen_save(gen);
		gen->image[at] = old;
		error = mkp_finalize(path, &result);
		if (error)
			assert_null(strchr(error->message, '\n'));
		refused += !!error;
		mkp_error_destroy(error);
		discard(path);
	}
	assert_true(refused > gen->size / 30);
	elfgen_destroy(gen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finalizes),
		cmocka_unit_test(keeps_the_mode),
		cmocka_unit_test(does_it_once),
		cmocka_unit_test(leaves_other_modules_alone),
		cmocka_unit_test(marks_its_own_modules),
		cmocka_unit_test(marks_modules_with_references),
		cmocka_unit_test(renames_symbols_without_relocs),
		cmocka_unit_test(refuses_what_is_no_module),
		cmocka_unit_test(refuses_signed_modules),
		cmocka_unit_test(refuses_defined_references),
		cmocka_unit_test(refuses_bad_names),
		cmocka_unit_test(refuses_half_finalized_modules),
		cmocka_unit_test(refuses_shared_string_tables),
		cmocka_unit_test(refuses_empty_modinfo),
		cmocka_unit_test(survives_any_byte),
	};

	return cmocka_run_group_tests_name("emit/finalize", tests, NULL, NULL);
}
