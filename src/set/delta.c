// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What changes when a module takes the place of an older one. The kernel's part in it is
 * told in Documentation/livepatch/cumulative-patches.rst: what the new module does not
 * replace goes back to the original, callbacks of the old one do not run; and in
 * klp_is_patch_compatible() of kernel/livepatch/state.c (v5.5 and later), which refuses a
 * replacing module that lacks a state, or any with an older version of one.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "set/set.h"

struct delta {
	struct mkp_set_report *report;
	const struct mkp_facts *before, *after;
};

static struct mkp_error *judge_dropped(const struct delta *delta,
				       const struct mkp_fact *fact)
{
	struct mkp_set_report *report = delta->report;
	const struct mkp_facts *after = delta->after;

	/* What is disabled by hand runs its callbacks, which undo what it did. */
	if (fact->kind != MKP_FACT_FUNCTION && fact->kind != MKP_FACT_FIX &&
	    !mkp_set_may_replace(after))
		return NULL;
	switch (fact->kind) {
	case MKP_FACT_FUNCTION:
		return mkp_set_add(report, MKP_SET_LOST_FUNCTION, fact, "%s",
				   after->replace ? "goes back to the original"
				   : after->complete
					   ? "goes back to the original when the old "
					     "module is disabled"
					   : "goes back to the original if the new "
					     "module replaces the old one");
	case MKP_FACT_FIX:
		return mkp_set_add(report, MKP_SET_LOST_FIX, fact,
				   "the new module does not list it");
	case MKP_FACT_CALLBACK:
		return mkp_set_add(report, MKP_SET_LOST_CALLBACK, fact,
				   "only the old module has it");
	case MKP_FACT_STATE:
		return mkp_set_add(report, MKP_SET_LOST_STATE, fact,
				   "the new module does not know it");
	case MKP_FACT_SHADOW:
		return mkp_set_add(report, MKP_SET_LOST_SHADOW, fact,
				   "nobody frees what the old module attached");
	default:
		return NULL;
	}
}

static struct mkp_error *judge_both(const struct delta *delta, const struct mkp_fact *old,
				    const struct mkp_fact *new)
{
	struct mkp_set_report *report = delta->report;

	if (old->kind == MKP_FACT_STATE && new->value < old->value)
		return mkp_set_add(report, MKP_SET_OLDER_STATE, old,
				   "version %" PRIu64 " after %" PRIu64, new->value,
				   old->value);
	if (old->kind == MKP_FACT_SHADOW && new->value != old->value)
		return mkp_set_add(report, MKP_SET_SHADOW_SIZE, old,
				   "%" PRIu64 " bytes after %" PRIu64, new->value,
				   old->value);
	return NULL;
}

static struct mkp_error *take(void *data, const struct mkp_fact *old,
			      const struct mkp_fact *new)
{
	struct delta *delta = data;
	struct mkp_set_report *report = delta->report;
	const struct mkp_set_change change = {
		.state = !old			   ? MKP_SET_ADDED
			 : !new			   ? MKP_SET_DROPPED
			 : mkp_fact_same(old, new) ? MKP_SET_SAME
						   : MKP_SET_CHANGED,
		.before = old,
		.after = new,
	};
	struct mkp_error *error = mkp_array_reserve(
		&report->changes, &report->cap_changes, report->nr_changes + 1,
		sizeof(change));

	if (error)
		return error;
	report->changes[report->nr_changes++] = change;
	if (!old)
		return NULL;
	return new ? judge_both(delta, old, new) : judge_dropped(delta, old);
}

struct mkp_error *mkp_set_delta(struct mkp_set_report *report,
				const struct mkp_facts *before,
				const struct mkp_facts *after)
{
	struct delta delta = { report, before, after };
	struct mkp_error *error = mkp_set_check_kernel(report, before, after);

	if (!error)
		error = mkp_set_check_read(report, before);
	if (!error)
		error = mkp_set_check_read(report, after);
	if (!error && after->complete && !after->replace)
		error = mkp_set_add(report, MKP_SET_STACKS, NULL,
				    "%s has no atomic replace: %s stays in effect below "
				    "it",
				    after->path, before->path);
	if (!error)
		error = mkp_set_check_replaced(report, before, after);
	return error ? error : mkp_set_pair(before, after, take, &delta);
}
