/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finished patch modules beside each other: do two conflict, what does a new one change,
 * what must one have that stands for several. All three go by the facts that the modules
 * give of themselves (verify/facts.h); findings are rows of a table, as in other rooms.
 */
#ifndef MKP_SET_SET_H
#define MKP_SET_SET_H

#include "base/arena.h"
#include "verify/facts.h"

enum mkp_set_level {
	MKP_SET_NOTE,
	MKP_SET_WARNING,
	MKP_SET_DANGER, /* exit code 2 */
};

enum mkp_set_id {
#define SET_FINDING(identifier, number, text, severity, advice) MKP_SET_##identifier,
#include "set/findings.def"
#undef SET_FINDING
	MKP_NR_SET
};

struct mkp_set_row {
	const char *id;	  /* stable, "SET-0003" */
	const char *name; /* stable, "same-function" */
	enum mkp_set_level level;
	const char *fix; /* what to do, one line */
};

struct mkp_set_finding {
	const struct mkp_set_row *row;
	const struct mkp_fact *fact; /* what it is about, or NULL */
	const char *message;
};

enum mkp_set_state {
	MKP_SET_ADDED,
	MKP_SET_DROPPED,
	MKP_SET_CHANGED,
	MKP_SET_SAME,
};

/** A fact of two modules. */
struct mkp_set_change {
	enum mkp_set_state state;
	const struct mkp_fact *before, *after; /* NULL: not there */
};

struct mkp_set_report {
	struct mkp_arena arena;
	struct mkp_set_finding *findings;
	size_t nr_findings, cap_findings;
	struct mkp_set_change *changes; /* of a delta */
	size_t nr_changes, cap_changes;
	const char **patches; /* of a cumulative module, in order: "NAME xxh128:HASH" */
	size_t nr_patches, cap_patches;
	const struct mkp_fact **needed; /* what that module must have */
	size_t nr_needed, cap_needed;
};

void mkp_set_report_init(struct mkp_set_report *report);
void mkp_set_report_deinit(struct mkp_set_report *report);

/** @fact may be NULL. */
struct mkp_error *mkp_set_add(struct mkp_set_report *report, enum mkp_set_id id,
			      const struct mkp_fact *fact, const char *format, ...)
	MKP_PRINTF(4, 5) MKP_MUST_CHECK;

const char *mkp_set_level_name(enum mkp_set_level level);
const char *mkp_set_state_name(enum mkp_set_state state);
size_t mkp_set_count(const struct mkp_set_report *report, enum mkp_set_level level);

/** The row of @facts that is the same thing as @key; NULL: none. */
const struct mkp_fact *mkp_set_find(const struct mkp_facts *facts,
				    const struct mkp_fact *key);

/**
 * Calls @take with each thing that one of both modules has, in their order; NULL for the
 * side that has it not.
 */
struct mkp_error *mkp_set_pair(const struct mkp_facts *a, const struct mkp_facts *b,
			       struct mkp_error *(*take)(void *data,
							 const struct mkp_fact *a,
							 const struct mkp_fact *b),
			       void *data) MKP_MUST_CHECK;

/** Reports if two modules are not for the same kernel, or can not both be loaded. */
struct mkp_error *mkp_set_check_kernel(struct mkp_set_report *report,
				       const struct mkp_facts *a,
				       const struct mkp_facts *b) MKP_MUST_CHECK;

/** False: the module says that it does not replace others. */
bool mkp_set_may_replace(const struct mkp_facts *facts);

/** Reports what can not be read of a module. */
struct mkp_error *mkp_set_check_read(struct mkp_set_report *report,
				     const struct mkp_facts *facts) MKP_MUST_CHECK;

/** Reports what of @before is still there, or not, when @after has replaced it. */
struct mkp_error *mkp_set_check_replaced(struct mkp_set_report *report,
					 const struct mkp_facts *before,
					 const struct mkp_facts *after) MKP_MUST_CHECK;

/** Whether modules can be loaded beside each other. */
struct mkp_error *mkp_set_overlap(struct mkp_set_report *report,
				  struct mkp_facts *const *modules,
				  size_t nr_modules) MKP_MUST_CHECK;

/** What changes when @after takes the place of @before. */
struct mkp_error *mkp_set_delta(struct mkp_set_report *report,
				const struct mkp_facts *before,
				const struct mkp_facts *after) MKP_MUST_CHECK;

/**
 * What one module must have that stands for all of them, which are in the order in which
 * their patches were written; and whether @result (NULL: none yet) has it.
 */
struct mkp_error *mkp_set_compose(struct mkp_set_report *report,
				  struct mkp_facts *const *modules, size_t nr_modules,
				  const struct mkp_facts *result) MKP_MUST_CHECK;

#endif
