// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct mkp_error *mkp_error_nomem(void)
{
	static char message[] = "out of memory";
	static struct mkp_error nomem = {
		.code = MKP_ERROR_NOMEM,
		.message = message,
	};

	return &nomem;
}

static struct mkp_error *create(enum mkp_error_code code, char *message,
				struct mkp_error *cause)
{
	struct mkp_error *error = message ? malloc(sizeof(*error)) : NULL;

	if (!error) {
		free(message);
		mkp_error_destroy(cause);
		return mkp_error_nomem();
	}
	error->code = code;
	error->message = message;
	error->cause = cause;
	return error;
}

static char *format_message(const char *format, va_list args)
{
	char *message;

	return vasprintf(&message, format, args) < 0 ? NULL : message;
}

struct mkp_error *mkp_error_create(enum mkp_error_code code, const char *format, ...)
{
	va_list args;
	char *message;

	va_start(args, format);
	message = format_message(format, args);
	va_end(args);
	return create(code, message, /* cause= */ NULL);
}

struct mkp_error *mkp_error_create_errno(int errnum, const char *format, ...)
{
	va_list args;
	char *context, *message = NULL;

	va_start(args, format);
	context = format_message(format, args);
	va_end(args);
	if (context && asprintf(&message, "%s: %s", context, strerror(errnum)) < 0)
		message = NULL;
	free(context);
	return create(MKP_ERROR_IO, message, /* cause= */ NULL);
}

struct mkp_error *mkp_error_wrap(struct mkp_error *cause, const char *format, ...)
{
	va_list args;
	char *message;

	if (!cause)
		return NULL;
	va_start(args, format);
	message = format_message(format, args);
	va_end(args);
	return create(cause->code, message, cause);
}

void mkp_error_destroy(struct mkp_error *error)
{
	while (error && error != mkp_error_nomem()) {
		struct mkp_error *cause = error->cause;

		free(error->message);
		free(error);
		error = cause;
	}
}

char *mkp_error_string(const struct mkp_error *error)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (; error; error = error->cause)
		fprintf(stream, "%s%s", error->message, error->cause ? ": " : "");
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}
