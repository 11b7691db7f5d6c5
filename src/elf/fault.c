// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors that name the place in the file. They are escaped as a whole, since names come
 * from the file: a message stays one line and harmless to a terminal.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "elf/read.h"

/* What a message is about, next to the file. */
struct place {
	const char *kind; /* NULL: the file as such */
	uint32_t number;
	const char *name; /* may be NULL or empty */
};

static char *format_text(const struct mkp_object *object, const struct place *place,
			 const char *format, va_list args)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	fprintf(stream, "%s: ", object->path);
	if (place->kind)
		fprintf(stream, "%s %u", place->kind, place->number);
	if (place->name && *place->name)
		fprintf(stream, " (%s)", place->name);
	if (place->kind)
		fputs(": ", stream);
	vfprintf(stream, format, args);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

static struct mkp_error *create(enum mkp_error_code code, const struct mkp_object *object,
				const struct place *place, const char *format,
				va_list args)
{
	MKP_CLEANUP_FREE char *text = format_text(object, place, format, args);
	MKP_CLEANUP_FREE char *line = NULL;
	struct mkp_error *error;

	if (!text)
		return mkp_error_nomem();
	error = mkp_text_escape_string(text, &line);
	return error ? error : mkp_error_create(code, "%s", line);
}

static struct place section_place(const struct mkp_object *object, uint32_t section)
{
	return (struct place){ "section", section, object->sections[section].name };
}

struct mkp_error *mkp_object_error(const struct mkp_object *object, const char *format,
				   ...)
{
	const struct place place = { NULL, 0, NULL };
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	error = create(MKP_ERROR_FORMAT, object, &place, format, args);
	va_end(args);
	return error;
}

struct mkp_error *mkp_object_section_error(const struct mkp_object *object,
					   uint32_t section, const char *format, ...)
{
	const struct place place = section_place(object, section);
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	error = create(MKP_ERROR_FORMAT, object, &place, format, args);
	va_end(args);
	return error;
}

struct mkp_error *mkp_object_symbol_error(const struct mkp_object *object,
					  uint32_t symbol, const char *format, ...)
{
	const struct place place = { "symbol", symbol, object->symbols[symbol].name };
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	error = create(MKP_ERROR_FORMAT, object, &place, format, args);
	va_end(args);
	return error;
}

struct mkp_error *mkp_object_unsupported(const struct mkp_object *object,
					 uint32_t section, const char *format, ...)
{
	const struct place place = section_place(object, section);
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	error = create(MKP_ERROR_UNSUPPORTED, object, &place, format, args);
	va_end(args);
	return error;
}
