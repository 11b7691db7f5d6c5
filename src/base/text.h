/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strings of the input as text that is safe to show.
 *
 * Names come from ELF string tables: any bytes but NUL. Shown as they are they could move
 * a terminal's cursor, reorder a line, end a comment or make a JSON file invalid. So the
 * renderers write them through here: what is valid UTF-8 and visible stays, anything else
 * becomes \n, \t, \xNN (a byte) or \u{NNNN} (a code point).
 */
#ifndef MKP_BASE_TEXT_H
#define MKP_BASE_TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

/** Writes @string escaped, as a part of one line; NULL writes nothing. */
void mkp_text_escape(FILE *stream, const char *string);

/** The same as a malloc'ed string; NULL gives "". */
struct mkp_error *mkp_text_escape_string(const char *string,
					 char **ret_text) MKP_MUST_CHECK;

/** Columns that valid UTF-8 takes, one for a code point. */
size_t mkp_text_width(const char *text);

#endif
