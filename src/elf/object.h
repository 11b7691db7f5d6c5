/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct mkp_object: one validated, immutable view of a 64-bit ELF file.
 *
 * mkp_object_open() maps the file and checks every offset, index, size, link and string
 * once. Code that holds a `const struct mkp_object *` may trust all of it: section and
 * symbol indices are in range (also `link`), names end and have at most 4095 bytes, data
 * pointers cover `size` bytes, sections do not add up to more than the file. In ET_REL,
 * symbols lie in their section with value and size, and relocations start inside of
 * theirs: how many bytes they cover is for arch/ to know and to check. Names can hold any
 * other byte: base/text.h shows them. Nothing ever writes to an object.
 *
 * Relocations are read in ET_REL files only, and not for debug sections, which have by
 * far the most of them: what needs DWARF goes through libdw, which reads them itself.
 * SHF_RELA_LIVEPATCH sections are sections like any other here, not relocations.
 */
#ifndef MKP_ELF_OBJECT_H
#define MKP_ELF_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/index.h"

/*
 * Livepatch extensions: include/uapi/linux/elf.h of the kernel, since v4.7. The C library
 * does not have them.
 */
#ifndef SHN_LIVEPATCH
#define SHN_LIVEPATCH 0xff20
#endif
#ifndef SHF_RELA_LIVEPATCH
#define SHF_RELA_LIVEPATCH 0x00100000
#endif

struct mkp_section {
	const char *name;
	const uint8_t *data; /* `size` bytes; NULL for SHT_NOBITS and for size 0 */
	uint64_t flags;	     /* SHF_... */
	uint64_t address;    /* sh_addr: 0 in relocatable files */
	uint64_t size;
	uint64_t align; /* at least 1, a power of two */
	uint64_t entsize;
	uint32_t type; /* SHT_... */
	uint32_t link;
	uint32_t info;
	uint32_t rela;	      /* section index of its SHT_RELA, 0 if none */
	uint32_t first_reloc; /* its relocations in object->relocs, by offset */
	uint32_t nr_relocs;   /* 0 for debug sections */
	uint32_t symbol;      /* its STT_SECTION symbol, 0 if none */
	uint32_t group;	      /* section index of the SHT_GROUP it is in, 0 if none */
};

/* `section` of a symbol that is in no section of the file. */
enum {
	MKP_SHN_UNDEF = 0,
	MKP_SHN_ABS = 0xffffffff,
	MKP_SHN_COMMON = 0xfffffffe,
	MKP_SHN_LIVEPATCH = 0xfffffffd,
	MKP_SHN_OTHER = 0xfffffffc, /* another reserved index */
};

struct mkp_symbol {
	const char *name; /* of a section symbol: the section's name */
	const char
		*file; /* name of the STT_FILE symbol in front of a local one, or NULL */
	uint64_t value;
	uint64_t size;
	uint32_t section; /* real index (SHT_SYMTAB_SHNDX is resolved) or MKP_SHN_... */
	uint8_t bind;	  /* STB_... */
	uint8_t type;	  /* STT_... */
	uint8_t other;
};

struct mkp_reloc {
	uint64_t offset; /* in the section that it applies to */
	int64_t addend;
	uint32_t type; /* meaning: object->machine, see arch/arch.h */
	uint32_t symbol;
};

struct mkp_object {
	char *path; /* as given */
	int fd;
	bool packed;	      /* the file is compressed: `fd` is that of the content */
	const uint8_t *image; /* the whole file, mapped read-only */
	size_t image_size;
	uint16_t machine; /* EM_... */
	uint16_t type;	  /* ET_REL, ET_EXEC or ET_DYN */
	uint32_t eflags;
	bool big_endian;
	struct mkp_section *sections; /* [nr_sections], index 0 is the null section */
	uint32_t nr_sections;
	struct mkp_symbol *symbols; /* [nr_symbols], index 0 is the null symbol */
	uint32_t nr_symbols;
	uint32_t first_global; /* sh_info of the symbol table */
	uint32_t symtab;       /* section index of SHT_SYMTAB, 0 if none */
	uint32_t shstrtab;     /* section index of the section names */
	struct mkp_reloc *relocs;
	uint32_t nr_relocs;
	struct mkp_index names; /* mkp_hash_string(name) -> index; no section symbols */
};

/**
 * Opens @path, an ELF64 file of any machine and byte order, perhaps compressed. The
 * caller owns *@ret_object. Errors: MKP_ERROR_IO, MKP_ERROR_FORMAT (what and where),
 * MKP_ERROR_UNSUPPORTED (32-bit).
 */
struct mkp_error *mkp_object_open(const char *path,
				  struct mkp_object **ret_object) MKP_MUST_CHECK;

/**
 * The same for a file that mkp_file_open() has opened, and whose descriptor it takes
 * over, also on failure.
 */
struct mkp_error *mkp_object_open_fd(const char *path, int fd, bool packed,
				     struct mkp_object **ret_object) MKP_MUST_CHECK;

/**
 * mkp_object_open_fd() without what takes longest in a linked kernel: a file that is not
 * ET_REL has no symbols until mkp_object_read_symbols() is called, once, and never
 * `names`.
 */
struct mkp_error *mkp_object_open_bare_fd(const char *path, int fd, bool packed,
					  struct mkp_object **ret_object) MKP_MUST_CHECK;
struct mkp_error *mkp_object_read_symbols(struct mkp_object *object) MKP_MUST_CHECK;

/** Unmaps and frees; NULL and half-built objects are fine. */
void mkp_object_destroy(struct mkp_object *object);

/** The section of @symbol, or NULL when it is in none of this file. */
const struct mkp_section *mkp_symbol_section(const struct mkp_object *object,
					     const struct mkp_symbol *symbol);

/** Index of the first section called @name, 0 if there is none. Linear: not for loops. */
uint32_t mkp_object_find_section(const struct mkp_object *object, const char *name);

#endif
