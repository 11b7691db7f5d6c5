// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What the first byte of a UTF-8 sequence says: Unicode 15, table 3-6. */
static size_t sequence_length(unsigned char first, uint32_t *bits)
{
	if (first < 0x80) {
		*bits = first;
		return 1;
	}
	if ((first & 0xe0) == 0xc0) {
		*bits = first & 0x1f;
		return 2;
	}
	if ((first & 0xf0) == 0xe0) {
		*bits = first & 0x0f;
		return 3;
	}
	if ((first & 0xf8) == 0xf0) {
		*bits = first & 0x07;
		return 4;
	}
	return 0;
}

/*
 * Bytes of the code point at @text, 0 if there is no valid one: no overlong form, no
 * surrogate, nothing above U+10FFFF. A NUL in the middle is no continuation byte, so this
 * never reads past the end of the string.
 */
static size_t decode(const unsigned char *text, uint32_t *ret_point)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t length = sequence_length(text[0], &point), i;

	if (!length)
		return 0;
	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < smallest[length] || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return length;
}

/*
 * Valid code points that are not shown as themselves: control characters, what reorders a
 * line (bidirectional controls), what is a line end to some readers, and what takes no
 * room.
 */
static bool is_hidden(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },	    { 0x7f, 0x9f },	  { 0xad, 0xad },
		{ 0x61c, 0x61c },   { 0x180e, 0x180e },	  { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f },	  { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};
	size_t i;

	for (i = 0; i < MKP_ARRAY_SIZE(ranges); i++) {
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	}
	return false;
}

static void write_hidden(FILE *stream, uint32_t point)
{
	if (point == '\n')
		fputs("\\n", stream);
	else if (point == '\t')
		fputs("\\t", stream);
	else if (point < 0x80)
		fprintf(stream, "\\x%02x", (unsigned int)point);
	else
		fprintf(stream, "\\u{%x}", (unsigned int)point);
}

/* How many bytes at the start are printable ASCII, which nearly all are. */
static size_t count_plain(const char *string)
{
	size_t count = 0;

	while (string[count] >= 0x20 && string[count] < 0x7f)
		count++;
	return count;
}

void mkp_text_escape(FILE *stream, const char *string)
{
	const unsigned char *byte = (const unsigned char *)string;
	uint32_t point;
	size_t length;

	for (; byte && *byte; byte += length ? length : 1) {
		length = count_plain((const char *)byte);
		if (length) {
			fwrite(byte, 1, length, stream);
			continue;
		}
		length = decode(byte, &point);
		if (!length)
			fprintf(stream, "\\x%02x", *byte);
		else if (is_hidden(point))
			write_hidden(stream, point);
		else
			fwrite(byte, 1, length, stream);
	}
}

struct mkp_error *mkp_text_escape_string(const char *string, char **ret_text)
{
	char *text = NULL;
	size_t size;
	FILE *stream;

	if (string && !string[count_plain(string)]) {
		*ret_text = strdup(string);
		return *ret_text ? NULL : mkp_error_nomem();
	}
	stream = open_memstream(&text, &size);
	if (!stream)
		return mkp_error_nomem();
	mkp_text_escape(stream, string);
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}

size_t mkp_text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++) {
		if (((unsigned char)*text & 0xc0) != 0x80)
			width++;
	}
	return width;
}
