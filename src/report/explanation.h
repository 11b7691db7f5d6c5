/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something is not the same: a chain of causes, from what is reported down to the
 * first difference, with what each object has there. Plain data in the report's arena,
 * made by diff/explain.c.
 */
#ifndef MKP_REPORT_EXPLANATION_H
#define MKP_REPORT_EXPLANATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A function that an instruction belongs to: see elf/lines.h. */
struct mkp_report_frame {
	const char *function; /* or NULL */
	const char *source;   /* "file:line", or NULL */
};

struct mkp_report_insn {
	uint64_t offset;    /* in its function */
	const char *bytes;  /* hex digits, fields that relocations fill as they are */
	const char *text;   /* "call printk"; NULL: no instruction */
	const char *source; /* "file:line", or NULL */
	bool differs;	    /* the one that the step is about */
};

/** What one object has at the place of a difference. */
struct mkp_report_side {
	bool there;	   /* false: nothing, as past the end of the shorter one */
	uint64_t offset;   /* in what the step is about: of the instruction, of the
			    * field, of the first byte shown */
	const char *bytes; /* hex digits, or NULL */
	/* The instruction, the text of a string in quotes, what a reference leads to; or
	 * NULL if the bytes say it. */
	const char *text;
	const struct mkp_report_frame *frames; /* inside out; of an instruction */
	size_t nr_frames;
	const struct mkp_report_insn *insns; /* around and including it */
	size_t nr_insns;
};

struct mkp_report_step {
	const char *kind;  /* "code", "string", "data", "table-entry", "part", ... */
	const char *name;  /* what it is about, or NULL */
	const char *field; /* of a table's entry, or NULL */
	const char *text;  /* one line */
	struct mkp_report_side sides[2]; /* original, patched */
};

struct mkp_explanation {
	const struct mkp_report_step *steps; /* NULL: nobody asked */
	size_t nr_steps;
};

/** Why an element is carried: the next one on the way to the replaced function. */
struct mkp_report_link {
	const char *name;
	const char *because; /* one line: what brought that one in */
};

#endif
