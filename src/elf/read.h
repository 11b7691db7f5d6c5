/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an object is read: internal to the elf room. The stages run in the order of this
 * file, each relies on what the ones before have checked, and each one only fills in.
 *
 * Structures of the file are copied out with memcpy before they are looked at, since
 * nothing promises that a hostile file aligns them.
 */
#ifndef MKP_ELF_READ_H
#define MKP_ELF_READ_H

#include "elf/object.h"
#include "elf/order.h"

/* Longer names are refused, so that files made of overlapping names cost no time. */
#define MKP_ELF_NAME_MAX 4095

/* MKP_ERROR_FORMAT as "PATH: ...", "PATH: section 12 (.text): ...", "PATH: symbol ...".
 */
struct mkp_error *mkp_object_error(const struct mkp_object *object, const char *format,
				   ...) MKP_PRINTF(2, 3) MKP_MUST_CHECK;
struct mkp_error *mkp_object_section_error(const struct mkp_object *object,
					   uint32_t section, const char *format, ...)
	MKP_PRINTF(3, 4) MKP_MUST_CHECK;
struct mkp_error *mkp_object_symbol_error(const struct mkp_object *object,
					  uint32_t symbol, const char *format, ...)
	MKP_PRINTF(3, 4) MKP_MUST_CHECK;

/* The same text, with MKP_ERROR_UNSUPPORTED. */
struct mkp_error *mkp_object_unsupported(const struct mkp_object *object,
					 uint32_t section, const char *format, ...)
	MKP_PRINTF(3, 4) MKP_MUST_CHECK;

/**
 * The string at @offset of the string table @section: one that the sections stage has
 * accepted as such. NULL if it is not inside, or longer than MKP_ELF_NAME_MAX.
 */
const char *mkp_object_string(const struct mkp_object *object, uint32_t section,
			      uint64_t offset);

/** Whether relocations are looked at: only in files that a linker has yet to see. */
static inline bool mkp_object_is_relocatable(const struct mkp_object *object)
{
	return object->type == ET_REL;
}

struct mkp_error *mkp_object_read_header(struct mkp_object *object,
					 Elf64_Ehdr *ret_header) MKP_MUST_CHECK;
struct mkp_error *mkp_object_read_sections(struct mkp_object *object,
					   const Elf64_Ehdr *header) MKP_MUST_CHECK;
struct mkp_error *mkp_object_index_names(struct mkp_object *object) MKP_MUST_CHECK;
struct mkp_error *mkp_object_read_relocs(struct mkp_object *object) MKP_MUST_CHECK;

#endif
