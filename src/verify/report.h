/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an audit says: one item for each function that is replaced, each livepatch symbol
 * and each import, with where it leads and a verdict; and the findings. Text and JSON
 * (schema mkpatch.verify/1, verify.schema.json) are renderers of it.
 */
#ifndef MKP_VERIFY_REPORT_H
#define MKP_VERIFY_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "verify/findings.h"

enum mkp_verdict {
	MKP_PROVED,
	MKP_UNPROVED, /* what would be needed was not given */
	MKP_WRONG,
};

/** Names are borrowed from inputs that live as long as the report, or from its arena. */
struct mkp_verify_item {
	const char *kind;    /* "function", "symbol", "import" */
	const char *name;    /* in the kernel */
	const char *object;  /* "vmlinux" or a module; NULL: not known */
	int64_t position;    /* -1: none */
	const char *section; /* of a module's file; NULL in vmlinux */
	uint64_t address;    /* in vmlinux, or in `section` */
	uint64_t size;	     /* bytes; 0: not known */
	const char *source;  /* name of the source file, or NULL */
	bool found;	     /* the three above are valid */
	enum mkp_verdict verdict;
};

struct mkp_verify_finding {
	const struct mkp_verify_row *row;
	const char *where; /* symbol or section, or NULL */
	const char *message;
};

/** What was looked at, so that a report without findings can be told from an empty one.
 */
struct mkp_verify_counts {
	uint64_t relocations, klp_relocations, table_entries, orc_entries;
	uint64_t payload_functions, payload_relocations;
};

struct mkp_verify_report {
	struct mkp_arena arena;
	const char *path;    /* of the module, as given */
	const char *name;    /* from .modinfo, or NULL */
	const char *flavour; /* "klp_patch", "mkpatch_core", "kpatch", "klp-build" */
	const char *vmlinux; /* path */
	const char *release; /* of vmlinux, or NULL */
	struct mkp_verify_item *items;
	size_t nr_items, cap_items;
	struct mkp_verify_finding *findings;
	size_t nr_findings, cap_findings;
	struct mkp_verify_counts counts;
};

void mkp_verify_report_init(struct mkp_verify_report *report);
void mkp_verify_report_deinit(struct mkp_verify_report *report);

/** Adds an item; its number is the report's `nr_items` before. */
struct mkp_error *mkp_verify_add_item(struct mkp_verify_report *report,
				      const struct mkp_verify_item *item) MKP_MUST_CHECK;

/** Adds a finding, with its message. */
struct mkp_error *mkp_verify_add(struct mkp_verify_report *report, enum mkp_verify_id id,
				 const char *where, const char *format, ...)
	MKP_PRINTF(4, 5) MKP_MUST_CHECK;

/** MKP_PROVED unless there is a finding of level error. */
enum mkp_verdict mkp_verify_verdict(const struct mkp_verify_report *report);
const char *mkp_verdict_name(enum mkp_verdict verdict);

struct mkp_error *mkp_verify_write_text(const struct mkp_verify_report *report,
					bool quiet, FILE *stream) MKP_MUST_CHECK;
struct mkp_error *mkp_verify_write_json(const struct mkp_verify_report *report,
					FILE *stream) MKP_MUST_CHECK;

#endif
