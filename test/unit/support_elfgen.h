/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF files made in memory, right or wrong, for the tests of what reads them. Fields are
 * set in our byte order before elfgen_build(), which encodes them, or overwritten in the
 * image afterwards.
 */
#ifndef MKP_TEST_ELFGEN_H
#define MKP_TEST_ELFGEN_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/object.h"

#define ELFGEN_MAX 512

struct elfgen_section {
	const char *name; /* borrowed */
	Elf64_Shdr header;
	uint8_t *data; /* owned; sh_size bytes, NULL for SHT_NOBITS */
};

struct elfgen {
	bool big_endian;
	Elf64_Ehdr header;
	struct elfgen_section sections[ELFGEN_MAX];
	uint32_t nr_sections; /* 0 is there from the start */
	Elf64_Sym symbols[ELFGEN_MAX];
	const char *symbol_names[ELFGEN_MAX];
	uint32_t nr_symbols; /* 0 is there from the start */
	uint32_t symtab, strtab, shstrtab;
	uint8_t *image; /* owned; once built */
	size_t size;
};

struct elfgen *elfgen_create(bool big_endian);
void elfgen_destroy(struct elfgen *gen);

/** Adds a section with @size bytes (@data NULL: zeros); returns its index. */
uint32_t elfgen_add(struct elfgen *gen, const char *name, uint32_t type, uint64_t flags,
		    const void *data, uint64_t size);

/** Adds a symbol; returns its index. Locals have to come first. */
uint32_t elfgen_symbol(struct elfgen *gen, const char *name, uint8_t bind, uint8_t type,
		       uint16_t section, uint64_t value, uint64_t size);

/** Appends a relocation to a section of type SHT_RELA. */
void elfgen_reloc(struct elfgen *gen, uint32_t rela, uint64_t offset, uint32_t symbol,
		  uint32_t type, int64_t addend);

/** Appends a word to a section, as section groups have them. */
void elfgen_word(struct elfgen *gen, uint32_t section, uint32_t word);

/** Adds .symtab, .strtab and .shstrtab, and links relocations and groups to them. */
void elfgen_tables(struct elfgen *gen);

/** Lays out and encodes. What is changed in @gen later has no effect. */
void elfgen_build(struct elfgen *gen);

/** Places in the image: a section's header and its data. */
size_t elfgen_header_at(const struct elfgen *gen, uint32_t section);
size_t elfgen_data_at(const struct elfgen *gen, uint32_t section);

/** Overwrites a field of @width bytes in the image. */
void elfgen_poke(struct elfgen *gen, size_t at, size_t width, uint64_t value);

/** The image as a file: *@ret_path is malloc'ed, and the caller unlinks it. */
char *elfgen_save(const struct elfgen *gen);

/** Opens the image as an object; the file is gone already. */
struct mkp_error *elfgen_open(const struct elfgen *gen, struct mkp_object **ret_object);

/** Asserts that the image is refused with @code and one line that holds @text. */
void elfgen_assert_refused(const struct elfgen *gen, enum mkp_error_code code,
			   const char *text);

/** Asserts that it is accepted; the caller owns the object. */
struct mkp_object *elfgen_assert_open(const struct elfgen *gen);

/*
 * A small object with something of everything. elfgen_sample() gives it built.
 */
enum {
	SAMPLE_TEXT = 1, /* 64 bytes */
	SAMPLE_RELA_TEXT,
	SAMPLE_DATA, /* 32 bytes */
	SAMPLE_RELA_DATA,
	SAMPLE_BSS, /* 128 bytes */
	SAMPLE_GROUP,
	SAMPLE_MEMBER, /* 16 bytes, in SAMPLE_GROUP */
	SAMPLE_DEBUG,  /* 16 bytes, not allocated */
	SAMPLE_RELA_DEBUG,
	SAMPLE_SYMTAB,
	SAMPLE_STRTAB,
	SAMPLE_SHSTRTAB,
	SAMPLE_NR_SECTIONS,
};

enum {
	SAMPLE_FILE_A = 1,
	SAMPLE_TEXT_SECTION,
	SAMPLE_LOCAL, /* function in .text, 16 bytes at 16 */
	SAMPLE_FILE_B,
	SAMPLE_STATIC, /* in .data */
	SAMPLE_FUNC,   /* the first global: in .text, 16 bytes at 32 */
	SAMPLE_VAR,    /* in .bss */
	SAMPLE_EXTERN,
	SAMPLE_ABS,
	SAMPLE_COMMON,
	SAMPLE_LIVEPATCH,
	SAMPLE_NR_SYMBOLS,
};

/** The sample before elfgen_tables(), for additions. */
struct elfgen *elfgen_sample_start(bool big_endian);
struct elfgen *elfgen_sample(bool big_endian);

#endif
