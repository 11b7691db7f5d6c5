/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a writer collects: internal to writer.c, which fills it in, and writer_finish.c,
 * which turns it into a file.
 */
#ifndef MKP_ELF_WRITER_PRIVATE_H
#define MKP_ELF_WRITER_PRIVATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "elf/object.h"
#include "elf/writer.h"

struct writer_reloc {
	struct mkp_writer_reloc reloc;
	size_t order; /* of being added: keeps those of one offset in order */
};

/* The relocations of one section, or its livepatch relocations for one object. */
struct writer_rela {
	struct writer_rela *next; /* of the same section, in order of creation */
	const char *livepatch;	  /* NULL: ordinary ones */
	const char *name;
	struct writer_reloc *relocs; /* owned */
	size_t nr_relocs;
	size_t capacity;
};

struct writer_section {
	struct mkp_writer_section header; /* name in the arena */
	uint8_t *data;			  /* owned; NULL for SHT_NOBITS */
	uint64_t size;
	size_t capacity;
	uint32_t symbol;	   /* handle of its STT_SECTION symbol, 0 if none */
	struct writer_rela *relas; /* in the arena, their arrays are owned */
};

struct mkp_writer {
	struct mkp_arena arena;
	uint16_t machine;
	uint32_t eflags;
	bool big_endian;
	struct writer_section *sections; /* by handle; 0 is unused, as in the file */
	size_t nr_sections;
	size_t sections_capacity;
	struct mkp_writer_symbol *symbols; /* by handle; 0 is the null symbol */
	size_t nr_symbols;
	size_t symbols_capacity;
};

#endif
