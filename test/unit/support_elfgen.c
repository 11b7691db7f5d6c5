// SPDX-License-Identifier: GPL-2.0-or-later
#include "support_elfgen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct elfgen *elfgen_create(bool big_endian)
{
	struct elfgen *gen = calloc(1, sizeof(*gen));

	assert_non_null(gen);
	gen->big_endian = big_endian;
	memcpy(gen->header.e_ident, ELFMAG, SELFMAG);
	gen->header.e_ident[EI_CLASS] = ELFCLASS64;
	gen->header.e_ident[EI_DATA] = big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	gen->header.e_ident[EI_VERSION] = EV_CURRENT;
	gen->header.e_type = ET_REL;
	gen->header.e_machine = big_endian ? EM_S390 : EM_X86_64;
	gen->header.e_version = EV_CURRENT;
	gen->header.e_ehsize = sizeof(Elf64_Ehdr);
	gen->header.e_shentsize = sizeof(Elf64_Shdr);
	gen->sections[0].name = "";
	gen->nr_sections = 1;
	gen->symbol_names[0] = "";
	gen->nr_symbols = 1;
	return gen;
}

void elfgen_destroy(struct elfgen *gen)
{
	for (uint32_t i = 0; i < gen->nr_sections; i++)
		free(gen->sections[i].data);
	free(gen->image);
	free(gen);
}

static void append(struct elfgen *gen, uint32_t index, const void *data, uint64_t size)
{
	struct elfgen_section *section = &gen->sections[index];
	uint64_t old = section->header.sh_size;

	section->header.sh_size += size;
	if (section->header.sh_type == SHT_NOBITS)
		return;
	section->data = realloc(section->data, old + size + 1);
	assert_non_null(section->data);
	if (data)
		memcpy(section->data + old, data, size);
	else
		memset(section->data + old, 0, size);
}

uint32_t elfgen_add(struct elfgen *gen, const char *name, uint32_t type, uint64_t flags,
		    const void *data, uint64_t size)
{
	struct elfgen_section *section = &gen->sections[gen->nr_sections];

	assert_true(gen->nr_sections < ELFGEN_MAX);
	section->name = name;
	section->header.sh_type = type;
	section->header.sh_flags = flags;
	section->header.sh_addralign = 8;
	if (type == SHT_RELA)
		section->header.sh_entsize = sizeof(Elf64_Rela);
	append(gen, gen->nr_sections, data, size);
	return gen->nr_sections++;
}

uint32_t elfgen_symbol(struct elfgen *gen, const char *name, uint8_t bind, uint8_t type,
		       uint16_t section, uint64_t value, uint64_t size)
{
	assert_true(gen->nr_symbols < ELFGEN_MAX);
	gen->symbol_names[gen->nr_symbols] = name;
	gen->symbols[gen->nr_symbols] = (Elf64_Sym){
		.st_info = ELF64_ST_INFO(bind, type),
		.st_shndx = section,
		.st_value = value,
		.st_size = size,
	};
	return gen->nr_symbols++;
}

static void encode(const struct elfgen *gen, uint8_t *to, size_t width, uint64_t value)
{
	for (size_t i = 0; i < width; i++)
		to[gen->big_endian ? width - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

void elfgen_reloc(struct elfgen *gen, uint32_t rela, uint64_t offset, uint32_t symbol,
		  uint32_t type, int64_t addend)
{
	uint8_t bytes[sizeof(Elf64_Rela)];

	encode(gen, bytes, 8, offset);
	encode(gen, bytes + 8, 8, ELF64_R_INFO((uint64_t)symbol, type));
	encode(gen, bytes + 16, 8, (uint64_t)addend);
	append(gen, rela, bytes, sizeof(bytes));
}

void elfgen_word(struct elfgen *gen, uint32_t section, uint32_t word)
{
	uint8_t bytes[4];

	encode(gen, bytes, 4, word);
	append(gen, section, bytes, 4);
}

static uint32_t add_string(struct elfgen *gen, uint32_t table, const char *string)
{
	uint64_t offset = gen->sections[table].header.sh_size;

	if (!*string)
		return 0;
	append(gen, table, string, strlen(string) + 1);
	return (uint32_t)offset;
}

static void encode_symbol(struct elfgen *gen, uint32_t index)
{
	const Elf64_Sym *symbol = &gen->symbols[index];
	uint8_t bytes[sizeof(*symbol)];

	encode(gen, bytes, 4, add_string(gen, gen->strtab, gen->symbol_names[index]));
	bytes[4] = symbol->st_info;
	bytes[5] = symbol->st_other;
	encode(gen, bytes + 6, 2, symbol->st_shndx);
	encode(gen, bytes + 8, 8, symbol->st_value);
	encode(gen, bytes + 16, 8, symbol->st_size);
	append(gen, gen->symtab, bytes, sizeof(bytes));
}

void elfgen_tables(struct elfgen *gen)
{
	uint32_t first_global = 0;

	gen->symtab = elfgen_add(gen, ".symtab", SHT_SYMTAB, 0, NULL, 0);
	gen->strtab = elfgen_add(gen, ".strtab", SHT_STRTAB, 0, "", 1);
	gen->shstrtab = elfgen_add(gen, ".shstrtab", SHT_STRTAB, 0, "", 1);
	while (first_global < gen->nr_symbols &&
	       ELF64_ST_BIND(gen->symbols[first_global].st_info) == STB_LOCAL)
		first_global++;
	for (uint32_t i = 0; i < gen->nr_symbols; i++)
		encode_symbol(gen, i);
	gen->sections[gen->symtab].header.sh_entsize = sizeof(Elf64_Sym);
	gen->sections[gen->symtab].header.sh_link = gen->strtab;
	gen->sections[gen->symtab].header.sh_info = first_global;
	for (uint32_t i = 1; i < gen->nr_sections; i++)
		if (gen->sections[i].header.sh_type == SHT_RELA ||
		    gen->sections[i].header.sh_type == SHT_GROUP ||
		    gen->sections[i].header.sh_type == SHT_SYMTAB_SHNDX)
			gen->sections[i].header.sh_link = gen->symtab;
	gen->header.e_shstrndx = (uint16_t)gen->shstrtab;
}

static void encode_header(const struct elfgen *gen)
{
	const Elf64_Ehdr *header = &gen->header;
	uint8_t *to = gen->image;

#define PUT(field)                                                                       \
	encode(gen, to + offsetof(Elf64_Ehdr, field), sizeof(header->field),             \
	       header->field)
	memcpy(to, header->e_ident, EI_NIDENT);
	PUT(e_type);
	PUT(e_machine);
	PUT(e_version);
	PUT(e_entry);
	PUT(e_phoff);
	PUT(e_shoff);
	PUT(e_flags);
	PUT(e_ehsize);
	PUT(e_phentsize);
	PUT(e_phnum);
	PUT(e_shentsize);
	PUT(e_shnum);
	PUT(e_shstrndx);
#undef PUT
}

static void encode_section(const struct elfgen *gen, uint32_t index)
{
	const Elf64_Shdr *header = &gen->sections[index].header;
	uint8_t *to = gen->image + elfgen_header_at(gen, index);

#define PUT(field)                                                                       \
	encode(gen, to + offsetof(Elf64_Shdr, field), sizeof(header->field),             \
	       header->field)
	PUT(sh_name);
	PUT(sh_type);
	PUT(sh_flags);
	PUT(sh_addr);
	PUT(sh_offset);
	PUT(sh_size);
	PUT(sh_link);
	PUT(sh_info);
	PUT(sh_addralign);
	PUT(sh_entsize);
#undef PUT
	if (gen->sections[index].data)
		memcpy(gen->image + header->sh_offset, gen->sections[index].data,
		       header->sh_size);
}

void elfgen_build(struct elfgen *gen)
{
	size_t offset = sizeof(Elf64_Ehdr);

	for (uint32_t i = 1; gen->shstrtab && i < gen->nr_sections; i++)
		gen->sections[i].header.sh_name = add_string(gen, gen->shstrtab,
							     gen->sections[i].name);
	for (uint32_t i = 1; i < gen->nr_sections; i++) {
		gen->sections[i].header.sh_offset = offset;
		if (gen->sections[i].data)
			offset += (gen->sections[i].header.sh_size + 7) & ~UINT64_C(7);
	}
	gen->header.e_shoff = offset;
	if (!gen->header.e_shnum && !gen->sections[0].header.sh_size)
		gen->header.e_shnum = (uint16_t)gen->nr_sections;
	gen->size = offset + gen->nr_sections * sizeof(Elf64_Shdr);
	gen->image = calloc(1, gen->size);
	assert_non_null(gen->image);
	encode_header(gen);
	for (uint32_t i = 0; i < gen->nr_sections; i++)
		encode_section(gen, i);
}

size_t elfgen_header_at(const struct elfgen *gen, uint32_t section)
{
	return gen->header.e_shoff + section * sizeof(Elf64_Shdr);
}

size_t elfgen_data_at(const struct elfgen *gen, uint32_t section)
{
	return gen->sections[section].header.sh_offset;
}

void elfgen_poke(struct elfgen *gen, size_t at, size_t width, uint64_t value)
{
	assert_true(at + width <= gen->size);
	encode(gen, gen->image + at, width, value);
}

char *elfgen_save(const struct elfgen *gen)
{
	const char *directory = getenv("TMPDIR");
	char *path;
	int fd;

	assert_true(asprintf(&path, "%s/mkpatch-test-XXXXXX",
			     directory ? directory : "/tmp") > 0);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, gen->image, gen->size), gen->size);
	close(fd);
	return path;
}

struct mkp_error *elfgen_open(const struct elfgen *gen, struct mkp_object **ret_object)
{
	char *path = elfgen_save(gen);
	struct mkp_error *error = mkp_object_open(path, ret_object);

	unlink(path);
	free(path);
	return error;
}

void elfgen_assert_refused(const struct elfgen *gen, enum mkp_error_code code,
			   const char *text)
{
	struct mkp_object *object = NULL;
	struct mkp_error *error = elfgen_open(gen, &object);
	char *line;

	if (!error)
		mkp_object_destroy(object);
	assert_non_null(error);
	assert_null(object);
	line = mkp_error_string(error);
	assert_non_null(line);
	if (!strstr(line, text))
		fail_msg("error is \"%s\", not \"%s\"", line, text);
	for (const char *c = line; *c; c++)
		assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
	assert_non_null(strstr(line, "/mkpatch-test-"));
	assert_int_equal(error->code, code);
	free(line);
	mkp_error_destroy(error);
}

struct mkp_object *elfgen_assert_open(const struct elfgen *gen)
{
	struct mkp_object *object = NULL;
	struct mkp_error *error = elfgen_open(gen, &object);

	if (error)
		fail_msg("refused: %s", mkp_error_string(error));
	assert_non_null(object);
	return object;
}

static void add_sample_symbols(struct elfgen *gen)
{
	const uint8_t local = STB_LOCAL, global = STB_GLOBAL;

	elfgen_symbol(gen, "a.c", local, STT_FILE, SHN_ABS, 0, 0);
	elfgen_symbol(gen, "", local, STT_SECTION, SAMPLE_TEXT, 0, 0);
	elfgen_symbol(gen, "local", local, STT_FUNC, SAMPLE_TEXT, 16, 16);
	elfgen_symbol(gen, "b.c", local, STT_FILE, SHN_ABS, 0, 0);
	elfgen_symbol(gen, "static", local, STT_OBJECT, SAMPLE_DATA, 8, 8);
	elfgen_symbol(gen, "func", global, STT_FUNC, SAMPLE_TEXT, 32, 16);
	elfgen_symbol(gen, "var", global, STT_OBJECT, SAMPLE_BSS, 0, 128);
	elfgen_symbol(gen, "extern", global, STT_NOTYPE, SHN_UNDEF, 0, 0);
	elfgen_symbol(gen, "abs", STB_WEAK, STT_NOTYPE, SHN_ABS, 4096, 0);
	elfgen_symbol(gen, "common", global, STT_OBJECT, SHN_COMMON, 8, 64);
	elfgen_symbol(gen, ".klp.sym.vmlinux.x,0", global, STT_NOTYPE, SHN_LIVEPATCH, 0,
		      0);
}

struct elfgen *elfgen_sample_start(bool big_endian)
{
	const uint64_t code = SHF_ALLOC | SHF_EXECINSTR, data = SHF_ALLOC | SHF_WRITE;
	struct elfgen *gen = elfgen_create(big_endian);

	elfgen_add(gen, ".text", SHT_PROGBITS, code, NULL, 64);
	elfgen_add(gen, ".rela.text", SHT_RELA, SHF_INFO_LINK, NULL, 0);
	elfgen_add(gen, ".data", SHT_PROGBITS, data, "0123456789abcdef0123456789abcdef",
		   32);
	elfgen_add(gen, ".rela.data", SHT_RELA, SHF_INFO_LINK, NULL, 0);
	elfgen_add(gen, ".bss", SHT_NOBITS, data, NULL, 128);
	elfgen_add(gen, ".group", SHT_GROUP, 0, NULL, 0);
	elfgen_add(gen, ".text.member", SHT_PROGBITS, code | SHF_GROUP, NULL, 16);
	elfgen_add(gen, ".debug_info", SHT_PROGBITS, 0, NULL, 16);
	elfgen_add(gen, ".rela.debug_info", SHT_RELA, SHF_INFO_LINK, NULL, 0);
	gen->sections[SAMPLE_RELA_TEXT].header.sh_info = SAMPLE_TEXT;
	gen->sections[SAMPLE_RELA_DATA].header.sh_info = SAMPLE_DATA;
	gen->sections[SAMPLE_RELA_DEBUG].header.sh_info = SAMPLE_DEBUG;
	gen->sections[SAMPLE_GROUP].header.sh_info = SAMPLE_FUNC;
	gen->sections[SAMPLE_GROUP].header.sh_entsize = 4;
	add_sample_symbols(gen);
	elfgen_reloc(gen, SAMPLE_RELA_TEXT, 4, SAMPLE_EXTERN, 4, -4);
	elfgen_reloc(gen, SAMPLE_RELA_TEXT, 40, SAMPLE_TEXT_SECTION, 2, 12);
	elfgen_reloc(gen, SAMPLE_RELA_DATA, 0, SAMPLE_LOCAL, 1, 0);
	elfgen_reloc(gen, SAMPLE_RELA_DEBUG, 8, SAMPLE_TEXT_SECTION, 1, 0);
	elfgen_word(gen, SAMPLE_GROUP, GRP_COMDAT);
	elfgen_word(gen, SAMPLE_GROUP, SAMPLE_MEMBER);
	return gen;
}

struct elfgen *elfgen_sample(bool big_endian)
{
	struct elfgen *gen = elfgen_sample_start(big_endian);

	elfgen_tables(gen);
	elfgen_build(gen);
	return gen;
}
