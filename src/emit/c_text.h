/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strings of the input inside C source that we write. Names and reasons come from files
 * that we do not trust; none of them may end a comment or a literal.
 */
#ifndef MKP_EMIT_C_TEXT_H
#define MKP_EMIT_C_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/** Writes @string as a C string literal with its quotes; NULL as the word NULL. */
void mkp_c_write_literal(FILE *stream, const char *string);

/** Writes @string as a part of one line of a block comment. */
struct mkp_error *mkp_c_write_comment(FILE *stream, const char *string) MKP_MUST_CHECK;

/** Whether @c is an ASCII letter or digit, whatever the locale says. */
bool mkp_c_is_alnum(char c);

/** Whether @string has the form of a C identifier. */
bool mkp_c_is_identifier(const char *string);

#endif
