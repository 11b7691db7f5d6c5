/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry of checks. Every reason to refuse a patch, to warn about it or to remark
 * on it is one row: a stable id and name, a level, one line on what to do, and a longer
 * explanation. A row may have a function that looks for its case in the verdicts;
 * rows without one are reported by the stage that meets the case.
 *
 * To add a check: one line in check/checks.def, its function in the file of its subject,
 * a fixture that it refuses and one that it lets through.
 */
#ifndef MKP_CHECK_CHECK_H
#define MKP_CHECK_CHECK_H

#include "diff/author.h"
#include "diff/select.h"
#include "elf/lines.h"
#include "elf/types.h"
#include "report/report.h"

enum mkp_check_id {
#define CHECK(id, number, name, level, run, fix, explanation) MKP_CHECK_##id,
#include "check/checks.def"
#undef CHECK
	MKP_NR_CHECKS
};

/** Where an undefined symbol of one object of a patch leads in another one. */
struct mkp_link {
	const struct mkp_check_context *to; /* NULL: nowhere in the patch */
	uint32_t atom;			    /* of its patched object */
	bool carried; /* to the copy; otherwise to what the kernel has of it */
};

/** What checks look at; all borrowed. */
struct mkp_check_context {
	const struct mkp_diff *diff;
	const struct mkp_selection *selection;
	struct mkp_lines *orig_lines, *patched_lines;
	struct mkp_types *orig_types, *patched_types; /* NULL: none */
	const struct mkp_overrides *overrides;	      /* NULL: none */
	const struct mkp_author *author;	      /* NULL: none */
	bool module;	    /* the patched object is a loadable module, not vmlinux */
	const char *object; /* its name; NULL: vmlinux */
	/* The objects of the patch that come before this one, from the last to the first.
	 */
	const struct mkp_check_context *before;
	const struct mkp_link
		*links; /* [patched atoms]; NULL: the only object of the patch */
	struct mkp_report *report;
};

struct mkp_check {
	const char *id;	  /* "MKP-0001" */
	const char *name; /* "changed-data" */
	enum mkp_level level;
	bool fixed; /* an error that can not be lowered: no module would be right */
	struct mkp_error *(*run)(const struct mkp_check_context *context,
				 enum mkp_check_id self); /* NULL: reported elsewhere */
	const char *fix;				  /* one line */
	const char *explanation;			  /* for `--explain NAME` */
};

/** The row of a check; the table is ordered by id. */
const struct mkp_check *mkp_check_get(enum mkp_check_id id);

/** The row called @name, by name or id; NULL: there is none. */
const struct mkp_check *mkp_check_find(const char *name);

/** Runs every check that has a function. */
struct mkp_error *mkp_check_run(const struct mkp_check_context *context) MKP_MUST_CHECK;

/**
 * Makes findings of a check warnings or errors. @levels has MKP_NR_CHECKS elements, for
 * mkp_report.levels. Errors: MKP_ERROR_USAGE, there is no such check, or it is an error
 * that can not be lowered.
 */
struct mkp_error *mkp_check_set_level(uint8_t *levels, const char *name,
				      enum mkp_level level) MKP_MUST_CHECK;

/** Adds a finding. @symbol and @source may be NULL. */
struct mkp_error *mkp_check_report(struct mkp_report *report, enum mkp_check_id id,
				   const char *symbol, const char *source,
				   const char *format, ...)
	MKP_PRINTF(5, 6) MKP_MUST_CHECK;

/**
 * The same with more: @details has symbol, source, changes, and the advice for this case,
 * each of which may be NULL. The rest of it is filled in.
 */
struct mkp_error *mkp_check_report_details(struct mkp_report *report,
					   enum mkp_check_id id,
					   const struct mkp_finding *details,
					   const char *format, ...)
	MKP_PRINTF(4, 5) MKP_MUST_CHECK;

/** Whether two objects of a patch are parts of the same module, or of vmlinux. */
bool mkp_check_same_object(const struct mkp_check_context *a,
			   const struct mkp_check_context *b);

/** Source place of an atom of the patched (or original) object, or NULL. */
const char *mkp_check_source(const struct mkp_check_context *context, uint32_t atom);
const char *mkp_check_orig_source(const struct mkp_check_context *context, uint32_t atom);

/** Source place of a reference: the line of its instruction, or NULL. */
const char *mkp_check_ref_source(const struct mkp_check_context *context, uint32_t ref);

/** What needs something of the kernel: its place is looked for only when it is told. */
struct mkp_need {
	const struct mkp_check_context *context;
	uint32_t atom; /* patched; counts if there is no: */
	uint32_t ref;  /* or MKP_NO_REF */
};

const char *mkp_need_source(const struct mkp_need *need);

/**
 * Reports the table entries of the patch that refer to a symbol of module @owner, one
 * finding a key: the kernel reads tables when the patch is loaded, which may be before it
 * resolves symbols of the module.
 */
struct mkp_error *mkp_check_module_symbol(const struct mkp_check_context *context,
					  uint32_t atom,
					  const char *owner) MKP_MUST_CHECK;

/** Whether a reference is one of those, to a key of a tracepoint: then its entry is left
 * out of the patch. */
bool mkp_check_is_tracing(const struct mkp_graph *graph, uint32_t ref);

/* The functions of the rows, by subject: check_data.c, check_code.c, ... */
#define MKP_CHECK_FUNCTION(name)                                                         \
	struct mkp_error *mkp_run_##name(const struct mkp_check_context *context,        \
					 enum mkp_check_id self) MKP_MUST_CHECK
MKP_CHECK_FUNCTION(override);
MKP_CHECK_FUNCTION(override_unused);
MKP_CHECK_FUNCTION(author_record);
MKP_CHECK_FUNCTION(author_rule);
MKP_CHECK_FUNCTION(callback);
MKP_CHECK_FUNCTION(callback_several);
MKP_CHECK_FUNCTION(callback_target);
MKP_CHECK_FUNCTION(shadow_id);
MKP_CHECK_FUNCTION(klp_state);
MKP_CHECK_FUNCTION(module_info);
MKP_CHECK_FUNCTION(changed_data);
MKP_CHECK_FUNCTION(percpu_new);
MKP_CHECK_FUNCTION(common_symbol);
MKP_CHECK_FUNCTION(anonymous_data);
MKP_CHECK_FUNCTION(ambiguous_place);
MKP_CHECK_FUNCTION(constant_carried);
MKP_CHECK_FUNCTION(state_restarts);
MKP_CHECK_FUNCTION(removed_data);
MKP_CHECK_FUNCTION(unreached_addition);
MKP_CHECK_FUNCTION(init_code);
MKP_CHECK_FUNCTION(exit_code);
MKP_CHECK_FUNCTION(init_reference);
MKP_CHECK_FUNCTION(no_fentry);
MKP_CHECK_FUNCTION(callers_replaced);
MKP_CHECK_FUNCTION(ambiguous_symbol);
MKP_CHECK_FUNCTION(unsupported_relocation);
MKP_CHECK_FUNCTION(undecoded_code);
MKP_CHECK_FUNCTION(group_section);
MKP_CHECK_FUNCTION(short_branch);
MKP_CHECK_FUNCTION(sibling_call);
MKP_CHECK_FUNCTION(escaping_pointer);
MKP_CHECK_FUNCTION(stack_residency);
MKP_CHECK_FUNCTION(weak_or_alias);
MKP_CHECK_FUNCTION(removed_function);
MKP_CHECK_FUNCTION(removed_referenced);
MKP_CHECK_FUNCTION(no_line_info);
MKP_CHECK_FUNCTION(special_section);
MKP_CHECK_FUNCTION(new_section_kind);
MKP_CHECK_FUNCTION(ex_table_alone);
MKP_CHECK_FUNCTION(altinstr_alone);
MKP_CHECK_FUNCTION(registration_changed);
MKP_CHECK_FUNCTION(export_changed);
MKP_CHECK_FUNCTION(table_reference);
MKP_CHECK_FUNCTION(runtime_constant);
MKP_CHECK_FUNCTION(indirect_entry);
MKP_CHECK_FUNCTION(struct_layout_changed);
MKP_CHECK_FUNCTION(inlined_left_behind);
MKP_CHECK_FUNCTION(prototype_changed);

#endif
