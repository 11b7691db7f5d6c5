/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct mkp_writer: builds a relocatable ELF64 file and writes it in one go. Owns copies
 * of all names and of all bytes that are handed in. The layout is libelf's.
 *
 * Handles are small integers in the order of creation; the writer maps them to the final
 * section and symbol indices (symbols are sorted: file, section, local, global).
 */
#ifndef MKP_ELF_WRITER_H
#define MKP_ELF_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mkp_writer;

/** What a new file has in common with @machine's other files. */
struct mkp_error *mkp_writer_create(uint16_t machine, uint32_t eflags, int big_endian,
				    struct mkp_writer **ret_writer) MKP_MUST_CHECK;
void mkp_writer_destroy(struct mkp_writer *writer);

struct mkp_writer_section {
	const char *name;
	uint32_t type; /* SHT_...; not SYMTAB, STRTAB of the symbols, or RELA */
	uint64_t flags;
	uint64_t align;
	uint64_t entsize;
	uint32_t link; /* handle, 0 if none (SHF_LINK_ORDER) */
	uint32_t info; /* raw value */
};

/** Adds an empty section; handles start at 1. */
struct mkp_error *mkp_writer_add_section(struct mkp_writer *writer,
					 const struct mkp_writer_section *section,
					 uint32_t *ret_handle) MKP_MUST_CHECK;

/**
 * Appends @size bytes to a section (NULL: zeros; in SHT_NOBITS only the size grows),
 * first padding it so that the place is congruent to @phase modulo @align (a power of
 * two).
 * *@ret_offset is where they went. Raises the section's alignment to @align.
 */
struct mkp_error *mkp_writer_append(struct mkp_writer *writer, uint32_t section,
				    const void *bytes, uint64_t size, uint64_t align,
				    uint64_t phase, uint64_t *ret_offset) MKP_MUST_CHECK;

/** Overwrites @size bytes at @offset, which must lie within what was appended. */
void mkp_writer_patch(struct mkp_writer *writer, uint32_t section, uint64_t offset,
		      const void *bytes, size_t size);

struct mkp_writer_symbol {
	const char *name;
	uint8_t bind, type, other;
	uint32_t section; /* handle; or MKP_SHN_UNDEF, MKP_SHN_ABS, MKP_SHN_LIVEPATCH */
	uint64_t value, size;
};

/** Adds a symbol; handles start at 1. STT_SECTION symbols have an empty name. */
struct mkp_error *mkp_writer_add_symbol(struct mkp_writer *writer,
					const struct mkp_writer_symbol *symbol,
					uint32_t *ret_handle) MKP_MUST_CHECK;

/** The STT_SECTION symbol of a section, made on first use. */
struct mkp_error *mkp_writer_section_symbol(struct mkp_writer *writer, uint32_t section,
					    uint32_t *ret_handle) MKP_MUST_CHECK;

struct mkp_writer_reloc {
	uint64_t offset;
	int64_t addend;
	uint32_t type;
	uint32_t symbol; /* handle */
};

/**
 * Adds a relocation to @section's RELA section. @livepatch NULL: `.rela<section>`;
 * otherwise the livepatch section `.klp.rela.<livepatch>.<section>` (SHF_RELA_LIVEPATCH,
 * Documentation/livepatch/module-elf-format.rst), where <livepatch> is an object's name.
 */
struct mkp_error *mkp_writer_add_reloc(struct mkp_writer *writer, uint32_t section,
				       const struct mkp_writer_reloc *reloc,
				       const char *livepatch) MKP_MUST_CHECK;

/**
 * The name of that livepatch section: a section name without a dot in front gets one,
 * since the kernel takes the object's name to end there. malloc'ed.
 */
struct mkp_error *mkp_livepatch_section_name(const char *object, const char *section,
					     char **ret_name) MKP_MUST_CHECK;

/**
 * Writes the file at @path: first beside it, then renamed over it, so that nothing
 * half-written is ever seen under that name. The writer can not be used any more.
 */
struct mkp_error *mkp_writer_finish(struct mkp_writer *writer,
				    const char *path) MKP_MUST_CHECK;

#endif
