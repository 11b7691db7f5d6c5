// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the author settled, said again where a reviewer sees it.
 */
#include "check/check.h"

static struct mkp_error *report_rules(const struct mkp_check_context *context,
				      enum mkp_check_id self, bool applied,
				      const char *what)
{
	const struct mkp_overrides *overrides = context->overrides;
	struct mkp_error *error = NULL;

	for (size_t i = 0; overrides && i < overrides->nr_rules && !error; i++) {
		const struct mkp_override *rule = &overrides->rules[i];
		MKP_CLEANUP_FREE char *text = NULL;

		if (rule->applied != applied || rule->trouble)
			continue;
		error = mkp_override_describe(rule, &text);
		if (!error)
			error = mkp_check_report(context->report, self, rule->name,
						 rule->origin, "%s: %s", what, text);
	}
	return error;
}

struct mkp_error *mkp_run_override(const struct mkp_check_context *context,
				   enum mkp_check_id self)
{
	return report_rules(context, self, true, "applied");
}

struct mkp_error *mkp_run_override_unused(const struct mkp_check_context *context,
					  enum mkp_check_id self)
{
	return report_rules(context, self, false, "made no difference");
}
