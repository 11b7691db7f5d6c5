/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the verdicts to the rows of the report.
 */
#ifndef MKP_EMIT_ROWS_H
#define MKP_EMIT_ROWS_H

#include "diff/explain.h"
#include "emit/bind.h"

/** A -W, -E or --ignore-init, for the record. */
struct mkp_decision {
	const char *option; /* as it is written */
	const char *check;  /* name, as given */
};

/** Adds the rows of functions; first the replaced ones, in the order of the selection.
 * @explainer: with their cause chains; NULL: without. */
struct mkp_error *mkp_diff_report_functions(const struct mkp_check_context *context,
					    const struct mkp_explainer *explainer)
	MKP_MUST_CHECK;

/** Fills in the positions of the replaced functions, once they are bound. */
void mkp_diff_report_positions(struct mkp_report *report,
			       const struct mkp_selection *selection,
			       const struct mkp_bindings *bindings);

/** Adds the rows of what the author decided; after all findings. */
struct mkp_error *mkp_diff_report_overrides(const struct mkp_decision *decisions,
					    size_t nr_decisions,
					    const struct mkp_overrides *overrides,
					    struct mkp_report *report) MKP_MUST_CHECK;

/** Adds the rows of what is included; with an @explainer, how each got in. */
struct mkp_error *mkp_diff_report_included(const struct mkp_check_context *context,
					   const struct mkp_explainer *explainer)
	MKP_MUST_CHECK;

/** Adds the rows of changed data, and says that there are explanations. */
struct mkp_error *mkp_diff_report_data(const struct mkp_check_context *context,
				       const struct mkp_explainer *explainer)
	MKP_MUST_CHECK;

/** Adds the pairs that the patch reaches, and those that are not by name. */
struct mkp_error *mkp_diff_report_pairs(const struct mkp_check_context *context)
	MKP_MUST_CHECK;

/** Counts the pairs by their evidence. */
void mkp_diff_report_tiers(const struct mkp_diff *diff, struct mkp_report *report);

#endif
