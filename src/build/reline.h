/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line numbers get into code: __LINE__ of WARN(), of might_sleep(), of lock classes. A
 * patch that adds a line at the top of a file would change functions all the way down.
 * So behind each change the lines get their old numbers back, by #line.
 */
#ifndef MKP_BUILD_RELINE_H
#define MKP_BUILD_RELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/** Where two files go on alike: from these lines on, up to the next change. */
struct mkp_resume {
	size_t change;	 /* first line in the new file that the change brings */
	size_t new_line; /* first line behind the change in the new file, from 1 */
	size_t old_line; /* the same in the old file */
};

struct mkp_reline_counts {
	size_t nr_inserted; /* #line directives */
	size_t nr_off;	    /* unchanged lines that could not get their old number */
};

/**
 * Reads a line of the output of diff(1) in its normal format, "5,7c5,8"; false if it is
 * none that begins a change.
 */
bool mkp_resume_parse(const char *line, struct mkp_resume *ret_resume);

/**
 * @text with #line where it is needed, malloc'ed. A #line goes only where it can not
 * break anything: not into a macro's definition, a comment, a literal or parentheses,
 * where it might be in the arguments of a macro. There it comes as soon as it can.
 * Behind an #else or #endif it comes again, if it may have been skipped. A file that has
 * #line of its own stays as it is.
 */
struct mkp_error *mkp_reline(const char *text, const struct mkp_resume *resumes,
			     size_t nr_resumes, char **ret_text,
			     struct mkp_reline_counts *ret_counts) MKP_MUST_CHECK;

#endif
