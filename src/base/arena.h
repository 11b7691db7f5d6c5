/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An arena: many small allocations that live exactly as long as one owner, such as the
 * strings of a report. Nothing is freed by itself.
 */
#ifndef MKP_BASE_ARENA_H
#define MKP_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

struct mkp_arena_block;

struct mkp_arena {
	struct mkp_arena_block *blocks; /* owned, newest first */
};

void mkp_arena_init(struct mkp_arena *arena);
void mkp_arena_deinit(struct mkp_arena *arena);

/** Zeroed memory, aligned for any type; NULL without memory. */
void *mkp_arena_alloc(struct mkp_arena *arena, size_t size) MKP_MUST_CHECK;

/** Copy of a string (NULL stays NULL), or formatted text; NULL without memory. */
char *mkp_arena_strdup(struct mkp_arena *arena, const char *string) MKP_MUST_CHECK;
char *mkp_arena_printf(struct mkp_arena *arena, const char *format, ...)
	MKP_PRINTF(2, 3) MKP_MUST_CHECK;
char *mkp_arena_vprintf(struct mkp_arena *arena, const char *format, va_list args)
	MKP_PRINTF(2, 0) MKP_MUST_CHECK;

#endif
