/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel has at which address, from the file that it was loaded from.
 *
 * A vmlinux is linked: its sections have addresses, and its fields have values. A module
 * is not: each section gets an address that is made up, each symbol that it does not
 * define another one, far from all else, and what a field holds is told by its
 * relocation. So both answer the same question: which address does this field mean?
 */
#ifndef MKP_MATCH_SPACE_H
#define MKP_MATCH_SPACE_H

#include "arch/arch.h"
#include "elf/object.h"
#include "image/image.h"

struct mkp_segment {
	uint64_t address, size;
	uint32_t section;
};

struct mkp_space {
	const struct mkp_image *image;
	const struct mkp_object *object;
	const struct mkp_arch *arch;
	struct mkp_segment *segments; /* owned; by address */
	size_t nr_segments;
	uint64_t *bases; /* owned; [nr_sections]: address of each section */
	uint32_t *
		order; /* owned; a module's symbols by address; NULL: they are in order */
};

/** Whether an image has code: no text has, nor a file of debug data only. */
bool mkp_space_has_code(const struct mkp_image *image);

/** Errors: MKP_ERROR_USAGE (the image has no code), MKP_ERROR_UNSUPPORTED. */
struct mkp_error *mkp_space_init(struct mkp_space *space,
				 const struct mkp_image *image) MKP_MUST_CHECK;
void mkp_space_deinit(struct mkp_space *space);

/** The address of a symbol of the image. */
uint64_t mkp_space_symbol_address(const struct mkp_space *space,
				  const struct mkp_image_symbol *symbol);

/**
 * How many bytes there are from @address on, 0: nothing is there. *@ret_data is NULL if
 * they are zeros that the file does not have.
 */
uint64_t mkp_space_at(const struct mkp_space *space, uint64_t address,
		      const uint8_t **ret_data);

/** The section at @address, or NULL. */
const struct mkp_section *mkp_space_section(const struct mkp_space *space,
					    uint64_t address);

struct mkp_space_field {
	uint64_t address; /* of the field */
	uint8_t width;
	uint8_t to_end; /* from it to where a relative value counts from */
	bool relative;
};

/** Which address a field means. False: it is not inside of anything. */
bool mkp_space_read(const struct mkp_space *space, const struct mkp_space_field *field,
		    uint64_t *ret_target);

/** How many relocations a module has in a range; 0 in a linked file. */
uint32_t mkp_space_count_relocs(const struct mkp_space *space, uint64_t address,
				uint64_t size);

/**
 * The addresses that @name has for the objects that the image was linked from: those of
 * its globals, else of what became local when it was linked, else of what another file is
 * to define. Calls @found for each.
 */
void mkp_space_find_global(const struct mkp_space *space, const char *name,
			   void (*found)(void *context, uint64_t address), void *context);

/** "name+0x12", or the section's name and offset; malloc'ed. */
struct mkp_error *mkp_space_describe(const struct mkp_space *space, uint64_t address,
				     char **ret_text) MKP_MUST_CHECK;

#endif
