/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a relocatable ELF64 file from sections that are complete: what the writer and
 * finalize have in common. libelf lays the sections out and takes care of byte order and
 * of more than 65,279 sections.
 */
#ifndef MKP_ELF_OUTPUT_H
#define MKP_ELF_OUTPUT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* What the data of a section is made of. */
enum mkp_output_data {
	MKP_OUTPUT_RAW, /* bytes of the file; anything else is in our byte order */
	MKP_OUTPUT_WORDS,
	MKP_OUTPUT_SYMBOLS,
	MKP_OUTPUT_RELAS,
};

struct mkp_output_section {
	const char *name;  /* borrowed */
	Elf64_Shdr header; /* in our byte order; sh_name and sh_offset are set by the
			      output */
	const void *data;  /* borrowed; sh_size bytes; NULL for SHT_NOBITS and size 0 */
	enum mkp_output_data data_type;
};

struct mkp_output {
	uint16_t machine;
	uint32_t eflags;
	bool big_endian;
	uint8_t osabi;
	mode_t mode;	/* of the file; 0: as for any new one */
	uint32_t names; /* the section that gets the names of all: filled in */
	uint32_t nr_sections;
	struct mkp_output_section *sections; /* [nr_sections], 0 is the null section */
};

/**
 * Writes the file at @path: first beside it, then renamed over it, so that nothing
 * half-written is ever seen under that name.
 */
struct mkp_error *mkp_output_write(struct mkp_output *output,
				   const char *path) MKP_MUST_CHECK;

#endif
