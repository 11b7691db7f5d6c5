// SPDX-License-Identifier: GPL-2.0-or-later
/* vmlinux and .ko: small ELF files whose symbol tables are written down here. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "elf/object.h"
#include "image/image.h"
#include "support_elfgen.h"
#include "test_image_files.h"

enum {
	NONE,
	TEXT,
	INIT_TEXT,
	DATA,
	COMMENT,
	MODINFO,
	SYMTAB,
	STRTAB,
	SHSTRTAB,
	NR_SECTIONS
};

static const char section_names[] =
	"\0.text\0.init.text\0.data\0.comment\0.modinfo\0.symtab\0"
	".strtab\0.shstrtab";
static const char empty_text[0x100];

struct sym {
	const char *name;
	uint8_t bind;
	uint8_t type;
	uint16_t section;
	uint64_t value;
	uint64_t size;
};

struct file {
	uint16_t type; /* ET_... */
	bool stripped;
	const char *modinfo; /* NUL-separated */
	size_t modinfo_size;
	const struct sym *syms; /* locals first */
	size_t nr_syms;
};

/* Appends and returns the offset. */
static uint64_t append(FILE *stream, const void *bytes, size_t size)
{
	long at;

	while (ftell(stream) % 8)
		fputc(0, stream);
	at = ftell(stream);
	if (size)
		fwrite(bytes, 1, size, stream);
	return (uint64_t)at;
}

static void add_section(FILE *stream, Elf64_Shdr *header, uint32_t type, uint64_t flags,
			const void *bytes, size_t size)
{
	header->sh_type = type;
	header->sh_flags = flags;
	header->sh_addralign = 1;
	header->sh_size = size;
	header->sh_offset = append(stream, bytes, size);
}

static void add_symbols(FILE *stream, const struct file *file, Elf64_Shdr *headers)
{
	Elf64_Sym table[64] = { 0 };
	char *names = NULL;
	size_t size, i;
	FILE *strings = open_memstream(&names, &size);

	assert_true(file->nr_syms < MKP_ARRAY_SIZE(table));
	fputc(0, strings);
	headers[SYMTAB].sh_info = 1;
	for (i = 0; i < file->nr_syms; i++) {
		const struct sym *sym = &file->syms[i];

		table[i + 1] = (Elf64_Sym){
			.st_name = *sym->name ? (Elf64_Word)ftell(strings) : 0,
			.st_info = ELF64_ST_INFO(sym->bind, sym->type),
			.st_shndx = sym->section,
			.st_value = sym->value,
			.st_size = sym->size,
		};
		fwrite(sym->name, 1, strlen(sym->name) + 1, strings);
		headers[SYMTAB].sh_info += sym->bind == STB_LOCAL;
	}
	fclose(strings);
	add_section(stream, &headers[SYMTAB], SHT_SYMTAB, 0, table,
		    (file->nr_syms + 1) * sizeof(*table));
	headers[SYMTAB].sh_addralign = 8;
	headers[SYMTAB].sh_entsize = sizeof(*table);
	headers[SYMTAB].sh_link = STRTAB;
	add_section(stream, &headers[STRTAB], SHT_STRTAB, 0, names, size);
	free(names);
}

static void name_sections(Elf64_Shdr *headers)
{
	uint32_t at = 0, i;

	for (i = 0; i < NR_SECTIONS; i++) {
		headers[i].sh_name = at;
		at += (uint32_t)strlen(section_names + at) + 1;
	}
}

static void write_sections(FILE *stream, const struct file *file, Elf64_Shdr *headers)
{
	add_section(stream, &headers[TEXT], SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
		    empty_text, sizeof(empty_text));
	add_section(stream, &headers[INIT_TEXT], SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
		    empty_text, sizeof(empty_text));
	add_section(stream, &headers[DATA], SHT_PROGBITS, SHF_ALLOC | SHF_WRITE,
		    empty_text, sizeof(empty_text));
	add_section(stream, &headers[COMMENT], SHT_PROGBITS, 0, empty_text,
		    sizeof(empty_text));
	add_section(stream, &headers[MODINFO], SHT_PROGBITS, SHF_ALLOC, file->modinfo,
		    file->modinfo_size);
	if (!file->stripped)
		add_symbols(stream, file, headers);
	add_section(stream, &headers[SHSTRTAB], SHT_STRTAB, 0, section_names,
		    sizeof(section_names));
}

static char *make_elf(const struct file *file)
{
	Elf64_Shdr headers[NR_SECTIONS] = { 0 };
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = file->type,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = NR_SECTIONS,
		.e_shstrndx = SHSTRTAB,
	};
	char *bytes = NULL, *path;
	size_t size;
	FILE *stream = open_memstream(&bytes, &size);

	fwrite(&header, 1, sizeof(header), stream);
	name_sections(headers);
	write_sections(stream, file, headers);
	header.e_shoff = append(stream, headers, sizeof(headers));
	fclose(stream);
	memcpy(bytes, &header, sizeof(header));
	path = make_file(bytes, size);
	free(bytes);
	return path;
}

static struct mkp_image *open_elf(const struct file *file, const char *module)
{
	struct mkp_image *image = NULL;
	char *path = make_elf(file);

	assert_no_error(mkp_image_open(path, module, &image));
	drop_file(path);
	return image;
}

static void refuse_elf(const struct file *file, const char *module,
		       enum mkp_error_code code, const char *part)
{
	struct mkp_image *image;
	char *path = make_elf(file);

	assert_error(mkp_image_open(path, module, &image), code, part);
	drop_file(path);
}

static struct mkp_image_match ask(const struct mkp_image *image, const char *name,
				  const char *file, uint64_t size)
{
	struct mkp_image_match match;

	mkp_image_resolve(image,
			  &(struct mkp_image_query){
				  .name = name,
				  .file = file,
				  .local = file != NULL,
				  .size = size,
			  },
			  &match);
	return match;
}

#define LOCAL(name, type, section, value, size)                                          \
	{                                                                                \
		name, STB_LOCAL, type, section, value, size                              \
	}
#define GLOBAL(name, type, section, value, size)                                         \
	{                                                                                \
		name, STB_GLOBAL, type, section, value, size                             \
	}

static const struct sym vmlinux_syms[] = {
	LOCAL("", STT_SECTION, TEXT, 0, 0),
	LOCAL("stray", STT_NOTYPE, TEXT, 0x08, 0),
	LOCAL("dir/a.c", STT_FILE, SHN_ABS, 0, 0),
	LOCAL("twice", STT_FUNC, TEXT, 0x40, 16),
	LOCAL("state", STT_OBJECT, DATA, 0x80, 8),
	LOCAL("noise", STT_NOTYPE, COMMENT, 0, 0),
	LOCAL(".Lx", STT_NOTYPE, TEXT, 0x48, 0),
	LOCAL("b.c", STT_FILE, SHN_ABS, 0, 0),
	LOCAL("twice", STT_FUNC, TEXT, 0x20, 16),
	LOCAL("twice", STT_NOTYPE, COMMENT, 0x01, 0),
	LOCAL("twice", STT_NOTYPE, SHN_ABS, 0x02, 0),
	LOCAL("", STT_FILE, SHN_ABS, 0, 0),
	LOCAL("hidden", STT_FUNC, TEXT, 0x50, 16),
	GLOBAL("twice", STT_NOTYPE, SHN_UNDEF, 0, 0),
	GLOBAL("entry", STT_FUNC, TEXT, 0x60, 16),
	GLOBAL("absolute", STT_NOTYPE, SHN_ABS, 0x70, 0),
	{ "weak_absolute", STB_WEAK, STT_NOTYPE, SHN_ABS, 0x74, 0 },
	{ "weak", STB_WEAK, STT_FUNC, TEXT, 0x78, 16 },
	GLOBAL("__crc_entry", STT_NOTYPE, DATA, 0x90, 0),
};

static const struct file vmlinux = {
	.type = ET_EXEC,
	.syms = vmlinux_syms,
	.nr_syms = MKP_ARRAY_SIZE(vmlinux_syms),
};

static void kept_in_vmlinux(void **state)
{
	static const char *const wanted[] = {
		"stray", "twice",	  "twice", "hidden",
		"entry", "weak_absolute", "weak",  "state",
	};
	struct mkp_image *image = open_elf(&vmlinux, NULL);
	size_t count, i;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(image, &count);

	(void)state;
	assert_int_equal(mkp_image_kind(image), MKP_IMAGE_ELF);
	assert_non_null(mkp_image_object(image));
	assert_null(mkp_image_module_name(image));
	assert_int_equal(count, MKP_ARRAY_SIZE(wanted));
	for (i = 0; i < count; i++) {
		assert_string_equal(symbols[i].name, wanted[i]);
		assert_int_equal(symbols[i].section, 0);
		assert_int_equal(symbols[i].block != 0, symbols[i].file != NULL);
		assert_true(!symbols[i].file || *symbols[i].file);
		assert_false(symbols[i].loading_only);
		assert_true(i == 0 || symbols[i - 1].address <= symbols[i].address);
		assert_string_equal(mkp_image_object(image)->symbols[symbols[i].row].name,
				    wanted[i]);
	}
	mkp_image_destroy(image);
}

static void resolve_in_vmlinux(void **state)
{
	struct mkp_image *image = open_elf(&vmlinux, NULL);
	struct mkp_image_match match = ask(image, "twice", "a.c", 16);

	(void)state;
	assert_int_equal(match.verdict, MKP_RESOLVED);
	assert_int_equal(match.position, 2);
	assert_int_equal(match.symbol->address, 0x40);
	assert_string_equal(match.symbol->file, "a.c");
	assert_true(match.symbol->function && match.symbol->local);
	assert_int_equal(match.nr_same_name, 2);
	assert_int_equal(ask(image, "twice", "b.c", 16).position, 1);
	assert_true(ask(image, "twice", "b.c", 17).size_differs);
	assert_int_equal(ask(image, "twice", "c.c", 16).reason, MKP_OTHER_FILE);
	assert_int_equal(ask(image, "twice", NULL, 16).reason, MKP_OTHER_KIND);
	match = ask(image, "weak", NULL, 16);
	assert_int_equal(match.verdict, MKP_RESOLVED);
	assert_int_equal(match.position, 0);
	assert_null(match.symbol->file);
	/* What comes from no file matches no file. */
	assert_int_equal(ask(image, "hidden", "b.c", 16).reason, MKP_OTHER_FILE);
	assert_int_equal(ask(image, "stray", "a.c", 0).reason, MKP_OTHER_FILE);
	assert_int_equal(ask(image, "absolute", NULL, 0).reason, MKP_NO_NAME);
	assert_int_equal(ask(image, "a.c", "a.c", 0).reason, MKP_NO_NAME);
	assert_int_equal(ask(image, ".text", "a.c", 0).reason, MKP_NO_NAME);
	mkp_image_destroy(image);
}

static const char modinfo[] = "license=GPL\0rename=x\0name=snd_card\0vermagic=6.1";

static const struct sym module_syms[] = {
	LOCAL("", STT_SECTION, TEXT, 0, 0),
	LOCAL("setup", STT_FUNC, INIT_TEXT, 0x00, 16),
	LOCAL("show", STT_FUNC, TEXT, 0x40, 16),
	LOCAL("show", STT_FUNC, TEXT, 0x20, 24),
	LOCAL("probe", STT_FUNC, TEXT, 0x80, 16),
	LOCAL("probe", STT_FUNC, INIT_TEXT, 0x40, 32),
	LOCAL("__UNIQUE_ID_license", STT_OBJECT, MODINFO, 0, 12),
	LOCAL("build_number", STT_NOTYPE, SHN_ABS, 7, 0),
	GLOBAL("printk", STT_NOTYPE, SHN_UNDEF, 0, 0),
	GLOBAL("card_open", STT_FUNC, TEXT, 0x60, 16),
};

static const struct file module = {
	.type = ET_REL,
	.modinfo = modinfo,
	.modinfo_size = sizeof(modinfo),
	.syms = module_syms,
	.nr_syms = MKP_ARRAY_SIZE(module_syms),
};

static void resolve_in_module(void **state)
{
	struct mkp_image *image = open_elf(&module, "snd_card");
	struct mkp_image_match match;
	size_t count;

	(void)state;
	assert_string_equal(mkp_image_module_name(image), "snd_card");
	assert_non_null(mkp_image_symbols(image, &count));
	assert_int_equal(count, 8);
	/* Stripped of files: told apart by size only. Positions are those of the table.
	 */
	match = ask(image, "show", "card.c", 16);
	assert_int_equal(match.verdict, MKP_RESOLVED);
	assert_int_equal(match.reason, MKP_BY_SIZE);
	assert_int_equal(match.position, 1);
	assert_int_equal(match.symbol->address, 0x40);
	assert_int_equal(match.symbol->section, TEXT);
	assert_int_equal(ask(image, "show", "card.c", 24).position, 2);
	assert_int_equal(ask(image, "show", "card.c", 32).verdict, MKP_AMBIGUOUS);
	/* Two while it loads, one after: 1 is right for both. */
	match = ask(image, "probe", "card.c", 16);
	assert_int_equal(match.verdict, MKP_RESOLVED);
	assert_int_equal(match.position, 1);
	assert_int_equal(ask(image, "probe", "card.c", 32).reason, MKP_LOADING_ONLY);
	assert_int_equal(ask(image, "setup", "card.c", 16).reason, MKP_LOADING_ONLY);
	assert_int_equal(ask(image, "build_number", "card.c", 0).reason,
			 MKP_LOADING_ONLY);
	assert_int_equal(ask(image, "__UNIQUE_ID_license", "card.c", 0).reason,
			 MKP_LOADING_ONLY);
	assert_int_equal(ask(image, "card_open", NULL, 16).verdict, MKP_RESOLVED);
	assert_int_equal(ask(image, "printk", NULL, 0).reason, MKP_NO_NAME);
	mkp_image_destroy(image);
}

static void modinfo_shapes(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *name;
	} shapes[] = {
		{ "name=", 6, NULL },	 { "", 0, NULL },	{ "name", 5, NULL },
		{ "rename=x", 9, NULL }, { "name=m", 6, NULL }, { "name=m", 7, "m" },
	};
	struct file file = module;
	size_t i;

	(void)state;
	/* Its symbols in .modinfo, whose size varies here, are behind these. */
	file.nr_syms = 4;
	/* What has no NUL is no string. */
	for (i = 0; i < MKP_ARRAY_SIZE(shapes); i++) {
		struct mkp_image *image;
		const char *name;

		file.modinfo = shapes[i].text;
		file.modinfo_size = shapes[i].size;
		image = open_elf(&file, "m");
		name = mkp_image_module_name(image);
		if (shapes[i].name)
			assert_string_equal(name, shapes[i].name);
		else
			assert_null(name);
		mkp_image_destroy(image);
	}
}

static void refused(void **state)
{
	static const struct sym undefined[] = {
		GLOBAL("printk", STT_NOTYPE, SHN_UNDEF, 0, 0),
	};
	struct file file = vmlinux;

	(void)state;
	refuse_elf(&vmlinux, "snd_card", MKP_ERROR_USAGE, "not the module snd_card");
	refuse_elf(&module, NULL, MKP_ERROR_USAGE, "not a linked vmlinux");
	refuse_elf(&module, "snd_car", MKP_ERROR_USAGE, "is the module snd_card, not");
	refuse_elf(&module, "snd-card", MKP_ERROR_USAGE, "is the module snd_card, not");
	file.stripped = true;
	refuse_elf(&file, NULL, MKP_ERROR_FORMAT, "stripped");
	file = vmlinux;
	file.syms = undefined;
	file.nr_syms = 1;
	refuse_elf(&file, NULL, MKP_ERROR_FORMAT, "no symbols");
}

static void broken_elf(void **state)
{
	char *path = make_elf(&vmlinux);
	struct mkp_image *image;

	(void)state;
	assert_int_equal(truncate(path, 100), 0);
	assert_error(mkp_image_open(path, NULL, &image), MKP_ERROR_FORMAT, path);
	drop_file(path);
}

/* __versions holds 56 bytes of a name; the tables of 6.14 any, and they are asked first.
 */
static void import_versions(void **state MKP_UNUSED)
{
	static const char info[] = "name=zfs";
	static const char names[] =
		"short\0"
		"a_name_that_is_longer_than_what_the_older_table_has_room_for";
	static const uint8_t numbers[] = { 1, 0, 0, 0, 2, 0, 0, 0x80 };
	uint8_t basic[128] = { 7 };
	const char *long_name = names + sizeof("short");
	struct elfgen *gen = elfgen_sample_start(false);
	struct mkp_image *image = NULL;
	uint32_t crc = 0;
	char *path;

	strcpy((char *)basic + 8, "short");
	basic[64] = 9;
	strcpy((char *)basic + 72, "other");
	elfgen_add(gen, ".modinfo", SHT_PROGBITS, SHF_ALLOC, info, sizeof(info));
	elfgen_add(gen, "__versions", SHT_PROGBITS, SHF_ALLOC, basic, sizeof(basic));
	elfgen_add(gen, "__version_ext_names", SHT_PROGBITS, SHF_ALLOC, names,
		   sizeof(names));
	elfgen_add(gen, "__version_ext_crcs", SHT_PROGBITS, SHF_ALLOC, numbers,
		   sizeof(numbers));
	elfgen_tables(gen);
	elfgen_build(gen);
	path = elfgen_save(gen);
	assert_no_error(mkp_image_open(path, "zfs", &image));
	assert_true(mkp_image_import_crc(image, "short", &crc));
	assert_int_equal(crc, 1);
	assert_true(mkp_image_import_crc(image, long_name, &crc));
	assert_int_equal(crc, 0x80000002);
	assert_true(mkp_image_import_crc(image, "other", &crc));
	assert_int_equal(crc, 9);
	assert_false(mkp_image_import_crc(image, "none", &crc));
	mkp_image_destroy(image);
	drop_file(path);
	elfgen_destroy(gen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_in_vmlinux),   cmocka_unit_test(resolve_in_vmlinux),
		cmocka_unit_test(resolve_in_module), cmocka_unit_test(modinfo_shapes),
		cmocka_unit_test(refused),	     cmocka_unit_test(broken_elf),
		cmocka_unit_test(import_versions),
	};

	return cmocka_run_group_tests_name("image/elf", tests, NULL, NULL);
}
