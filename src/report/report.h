/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of one run: what happened to each function, what is carried and why, and
 * all findings. It is plain data, filled by the command from the stages' results, and
 * rendered as text or as JSON (schema mkpatch.diff/1, src/report/diff.schema.json).
 *
 * All strings handed in are copied into the report's arena.
 */
#ifndef MKP_REPORT_REPORT_H
#define MKP_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "report/explanation.h"

enum mkp_report_status {
	MKP_STATUS_PATCH,     /* something to replace, and nothing against it */
	MKP_STATUS_UNCHANGED, /* no functional change */
	MKP_STATUS_REFUSED,   /* at least one finding of level error */
};

enum mkp_level {
	MKP_LEVEL_NOTE,
	MKP_LEVEL_WARNING,
	MKP_LEVEL_ERROR, /* refuses the patch */
};

/** What a change has on one side. */
struct mkp_change_side {
	bool present;
	uint64_t offset, size; /* bytes, from the start of the variable or structure */
	const char *value;     /* as C would write it, or NULL: only the layout counts */
};

/** One field that is not the same on both sides: of a variable, or of a type. */
struct mkp_change {
	const char *path; /* "limit.max", "table[3].flags" */
	struct mkp_change_side before, after;
};

/** Whether the patch can be unloaded after it was disabled. */
enum mkp_unload {
	MKP_UNLOAD_NOT_JUDGED,
	MKP_UNLOAD_SAFE,
	MKP_UNLOAD_UNKNOWN, /* something may have kept an address of it */
	MKP_UNLOAD_UNSAFE,
};

/** One finding. `id` and `name` come from the check registry (check/check.h). */
struct mkp_finding {
	const char *id;	  /* stable, "MKP-0012" */
	const char *name; /* stable, "changed-data" */
	enum mkp_level level;
	const char *symbol;		  /* what it is about, or NULL */
	const char *source;		  /* "file:line", or NULL */
	const char *message;		  /* what and where, one line */
	const char *fix;		  /* what to do, one line, or NULL */
	bool unload;			  /* a reason why unloading is not safe */
	const struct mkp_change *changes; /* field by field */
	size_t nr_changes;
};

/** One function of either object that is not the same in both. */
struct mkp_report_function {
	const char *name;
	const char *state;    /* "changed", "new", "removed" */
	const char *binding;  /* "local", "global", "weak" */
	uint64_t size_before; /* bytes; 0 when new */
	uint64_t size_after;  /* bytes; 0 when removed */
	const char *source;   /* "fs/proc/cmdline.c:8", or NULL */
	const char *reason;   /* one line: the first difference */
	const char *tier; /* evidence of the pairing: "name", "canonical", ...; or NULL */
	bool replaced;	  /* the patch redirects the running function to this one */
	uint64_t position; /* livepatch position (sympos), 0 = unique; if replaced */
	struct mkp_explanation explanation; /* in the report's arena */
};

/** A variable or constant that is not the same. Only if explanations are wanted. */
struct mkp_report_datum {
	const char *name;
	const char *kind;   /* "data", "constant data", ... */
	const char *source; /* or NULL */
	const char *reason; /* one line: the first difference */
	const char *tier;
	struct mkp_explanation explanation; /* in the report's arena */
};

/** Two symbols that are taken to be the same thing. */
struct mkp_report_pair {
	const char *original, *patched;
	const char *kind; /* "function", "data", ... */
	const char *tier;
	const char *state; /* "same" or "changed" */
	bool reached;	   /* carried by the patch, or referred to by what is */
};

/** How many pairs were found by one kind of evidence. */
struct mkp_report_tier {
	const char *name; /* constant string */
	uint64_t count;
};

#define MKP_REPORT_MAX_TIERS 8

/** One element that the payload carries. */
struct mkp_report_included {
	const char *name;
	const char
		*kind; /* "function", "data", "string", "constant", "table-entry", ... */
	const char *section;
	uint64_t size;
	const char *because; /* the edge that brought it in, one line */
	/* On to the replaced function, which is the last; in the report's arena. NULL:
	 * nobody asked. */
	const struct mkp_report_link *links;
	size_t nr_links;
};

/** Something that the author decided, against or beyond what the tool would do. */
struct mkp_report_override {
	const char *origin; /* "fix.rules:3", "command line" */
	const char *rule;   /* as it was given */
	bool applied;	    /* it made a difference */
};

struct mkp_report {
	struct mkp_arena arena;
	enum mkp_report_status status;
	enum mkp_unload unload;
	const char *arch;		/* "x86_64" */
	const char *original, *patched; /* input paths */
	const char *output;		/* directory, or NULL when none was written */
	bool module_given;		/* --object */
	const char *object;		/* objname: "vmlinux" or a module's name */
	const char *release;		/* kernel release, or NULL if not known */
	uint64_t klp_relocations, normal_relocations;
	uint64_t nr_compared;  /* functions compared */
	uint64_t nr_line_only; /* of them the same but for line numbers */
	struct mkp_report_function *functions;
	size_t nr_functions, cap_functions;
	struct mkp_report_included *included;
	size_t nr_included, cap_included;
	bool explained; /* explanations, links and data are filled in */
	struct mkp_report_datum *data;
	size_t nr_data, cap_data;
	bool paired; /* pairs are: those that are reached, or not of one name */
	struct mkp_report_pair *pairs;
	size_t nr_pairs, cap_pairs;
	struct mkp_report_tier tiers[MKP_REPORT_MAX_TIERS]; /* of all pairs */
	size_t nr_tiers;
	struct mkp_finding *findings;
	size_t nr_findings, cap_findings;
	struct mkp_report_override *overrides;
	size_t nr_overrides, cap_overrides;
	/* Borrowed: levels of findings that differ from the registry's, indexed like it,
	 * as MKP_LEVEL_... + 1; 0: as the registry says. NULL: all are. */
	const uint8_t *levels;
	const char **notes; /* facts of the run, such as which vmlinux was taken */
	size_t nr_notes, cap_notes;
};

void mkp_report_init(struct mkp_report *report);
void mkp_report_deinit(struct mkp_report *report);

/** Each copies the strings of *@row. */
struct mkp_error *mkp_report_add_function(
	struct mkp_report *report, const struct mkp_report_function *row) MKP_MUST_CHECK;
struct mkp_error *mkp_report_add_included(
	struct mkp_report *report, const struct mkp_report_included *row) MKP_MUST_CHECK;
struct mkp_error *mkp_report_add_datum(struct mkp_report *report,
				       const struct mkp_report_datum *row) MKP_MUST_CHECK;
struct mkp_error *mkp_report_add_pair(struct mkp_report *report,
				      const struct mkp_report_pair *row) MKP_MUST_CHECK;
struct mkp_error *mkp_report_add_finding(struct mkp_report *report,
					 const struct mkp_finding *row) MKP_MUST_CHECK;
struct mkp_error *mkp_report_add_override(
	struct mkp_report *report, const struct mkp_report_override *row) MKP_MUST_CHECK;
struct mkp_error *mkp_report_add_note(struct mkp_report *report, const char *format, ...)
	MKP_PRINTF(2, 3) MKP_MUST_CHECK;

/** "safe", "unknown", "unsafe"; NULL: it was not judged. */
const char *mkp_unload_name(enum mkp_unload unload);

/** Number of findings at @level. */
size_t mkp_report_count(const struct mkp_report *report, enum mkp_level level);

/** How the text renderer writes. */
struct mkp_text_style {
	bool color;
	bool explain; /* also the cause of each change, what is carried and why, and by
		       * what evidence things were paired */
	bool quiet;   /* only the summary and findings of level error */
	int verbose;  /* from 1 on: notes, and how many pairs there are of each tier */
};

/** Renders as text: the summary line first. Errors: writing failed. */
struct mkp_error *mkp_report_write_text(const struct mkp_report *report,
					const struct mkp_text_style *style,
					FILE *stream) MKP_MUST_CHECK;

/**
 * The same for a patch of several objects: a summary of all, then each report behind the
 * names of its inputs. One report alone is as if by mkp_report_write_text().
 */
struct mkp_error *mkp_reports_write_text(const struct mkp_report *reports,
					 size_t nr_reports,
					 const struct mkp_text_style *style,
					 FILE *stream) MKP_MUST_CHECK;

/**
 * One report as by mkp_report_write_json(); several as an object of schema
 * mkpatch.diffs/1, whose `objects` are of mkpatch.diff/1.
 */
struct mkp_error *mkp_reports_write_json(const struct mkp_report *reports,
					 size_t nr_reports, FILE *stream) MKP_MUST_CHECK;

/** What all of them come to: refused if one is, patch if one is, else unchanged. */
enum mkp_report_status mkp_reports_status(const struct mkp_report *reports,
					  size_t nr_reports);

/** Renders as JSON, one object, schema mkpatch.diff/1, trailing newline. */
struct mkp_error *mkp_report_write_json(const struct mkp_report *report,
					FILE *stream) MKP_MUST_CHECK;

#endif
