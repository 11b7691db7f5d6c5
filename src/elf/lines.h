/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source places of code and data, from an object's DWARF through libdwfl (which applies
 * the relocations of debug sections). The debug data is not touched before the first
 * question, so an unchanged pair costs nothing here.
 */
#ifndef MKP_ELF_LINES_H
#define MKP_ELF_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "elf/dwarf.h"

struct mkp_lines;

/** For the object file at @path. Does not open it yet. */
struct mkp_error *mkp_lines_create(const char *path,
				   struct mkp_lines **ret_lines) MKP_MUST_CHECK;
void mkp_lines_destroy(struct mkp_lines *lines);

/**
 * "fs/proc/cmdline.c:8" for a place in section @section (ELF index), relative to the
 * compilation directory where it lies below it. Owned by @lines. NULL: not known, because
 * there is no DWARF, or none for this place, or it is malformed.
 */
const char *mkp_lines_find(struct mkp_lines *lines, uint32_t section, uint64_t offset);

/** Longest chain of inlined calls that mkp_lines_chain() follows. */
#define MKP_LINES_MAX_CHAIN 16

/**
 * The line of an instruction, then, while it is in an inlined function, the line of the
 * call that was inlined, from the inside out. Returns how many of @numbers were filled;
 * 0: not known.
 */
size_t mkp_lines_chain(struct mkp_lines *lines, uint32_t section, uint64_t offset,
		       int numbers[MKP_LINES_MAX_CHAIN]);

/** A function that an instruction belongs to, as the source has it. */
struct mkp_line_frame {
	const char *function; /* NULL: it has no name that could be read */
	const char *source;   /* "file:line", as of mkp_lines_find(); or NULL */
};

/**
 * The functions that an instruction belongs to, from the inside out: the one that it was
 * written in, with its own line; then, while that was inlined, the one that the call was
 * written in, with the line of the call. The last is the function that was compiled.
 * Returns how many of @frames were filled, 0: not known. Strings are owned by @lines.
 */
size_t mkp_lines_frames(struct mkp_lines *lines, uint32_t section, uint64_t offset,
			struct mkp_line_frame frames[MKP_LINES_MAX_CHAIN]);

/** What kind of source a function's code was made from. */
enum mkp_code_origin {
	MKP_ORIGIN_UNKNOWN,
	MKP_ORIGIN_INLINE,    /* an inline function, here emitted out of line */
	MKP_ORIGIN_ASSEMBLER, /* debug data describe the file, and no function here */
};

enum mkp_code_origin mkp_lines_origin(struct mkp_lines *lines, uint32_t section,
				      uint64_t offset);

/** Whether there is any DWARF at all. */
bool mkp_lines_available(struct mkp_lines *lines);

/** The same as mkp_lines_find() for what an entry of debug data declares. */
const char *mkp_lines_declaration(struct mkp_lines *lines, struct mkp_dwarf *dwarf,
				  const struct mkp_die *die);

#endif
