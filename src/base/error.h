/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error object. Every fallible function returns `struct mkp_error *`: NULL is
 * success; results go through trailing `ret_...` parameters, untouched on failure.
 *
 * An error is about *us* or the input as a file: I/O, memory, malformed ELF. What is
 * wrong with the *patch* is a finding and goes to a report (see report/report.h).
 */
#ifndef MKP_BASE_ERROR_H
#define MKP_BASE_ERROR_H

#include "base/compiler.h"

enum mkp_error_code {
	MKP_ERROR_NOMEM,       /* out of memory */
	MKP_ERROR_IO,	       /* the operating system refused; message has strerror */
	MKP_ERROR_FORMAT,      /* an input file is malformed */
	MKP_ERROR_UNSUPPORTED, /* well-formed, but not something that we handle */
	MKP_ERROR_USAGE,       /* wrong options or arguments */
	MKP_ERROR_INTERNAL,    /* a broken invariant of ours */
};

struct mkp_error {
	enum mkp_error_code code;
	char *message;		 /* owned; one line, no trailing newline or full stop */
	struct mkp_error *cause; /* owned; what made this happen, or NULL */
};

/** Creates an error. Never returns NULL: without memory it is mkp_error_nomem(). */
struct mkp_error *mkp_error_create(enum mkp_error_code code, const char *format, ...)
	MKP_PRINTF(2, 3) MKP_MUST_CHECK;

/** Like mkp_error_create(MKP_ERROR_IO) with ": strerror(errnum)" appended. */
struct mkp_error *mkp_error_create_errno(int errnum, const char *format, ...)
	MKP_PRINTF(2, 3) MKP_MUST_CHECK;

/** Puts context in front of @cause, which the new error owns; same code. NULL gives NULL.
 */
struct mkp_error *mkp_error_wrap(struct mkp_error *cause, const char *format, ...)
	MKP_PRINTF(2, 3) MKP_MUST_CHECK;

/** The one error that needs no memory; static, destroying it does nothing. */
struct mkp_error *mkp_error_nomem(void) MKP_MUST_CHECK;

/** Frees the error and its causes; NULL is fine. */
void mkp_error_destroy(struct mkp_error *error);

/** The whole chain as one line "context: ...: cause"; malloc'ed, NULL without memory. */
char *mkp_error_string(const struct mkp_error *error);

#endif
