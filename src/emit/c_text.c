// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/c_text.h"

#include "base/text.h"

/* Octal with three digits: unlike \x it can not swallow what follows. */
static void write_literal_byte(FILE *stream, unsigned char byte)
{
	if (byte == '"' || byte == '\\')
		fprintf(stream, "\\%c", byte);
	else if (byte < ' ' || byte > '~')
		fprintf(stream, "\\%03o", byte);
	else
		fputc(byte, stream);
}

void mkp_c_write_literal(FILE *stream, const char *string)
{
	if (!string) {
		fputs("NULL", stream);
		return;
	}
	fputc('"', stream);
	for (; *string; string++)
		write_literal_byte(stream, (unsigned char)*string);
	fputc('"', stream);
}

/* A blank between '*' and '/', either way round: the compiler warns of a nested comment.
 */
struct mkp_error *mkp_c_write_comment(FILE *stream, const char *string)
{
	struct mkp_error *error;
	char *text, *at;

	error = mkp_text_escape_string(string, &text);
	if (error)
		return error;
	for (at = text; *at; at++) {
		fputc(*at, stream);
		if ((at[0] == '*' && at[1] == '/') || (at[0] == '/' && at[1] == '*'))
			fputc(' ', stream);
	}
	free(text);
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool mkp_c_is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

bool mkp_c_is_identifier(const char *string)
{
	if (is_digit(*string) || !*string)
		return false;
	for (; *string; string++) {
		if (!mkp_c_is_alnum(*string) && *string != '_')
			return false;
	}
	return true;
}
