// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a module leaves behind that another one replaces, as far as both have it. When a
 * replacing patch is complete, klp_unpatch_replaced_patches() of
 * kernel/livepatch/core.c (v5.1 and later, e1452b607c48) takes the functions of the old
 * ones away and runs no callback of theirs; those of the new one run as always.
 */
#include <string.h>

#include "set/set.h"

bool mkp_set_may_replace(const struct mkp_facts *facts)
{
	return facts->replace || !facts->complete;
}

static bool has_reference(const struct mkp_facts *facts, const char *name)
{
	const struct mkp_fact key = { MKP_FACT_REFERENCE, "", name, 0, 0, { 0, 0 } };

	return mkp_set_find(facts, &key) != NULL;
}

/* By the kernel's functions for them (v4.15 and later, 439e7271dc2b). */
static bool attaches_shadows(const struct mkp_facts *facts)
{
	return has_reference(facts, "klp_shadow_alloc") ||
	       has_reference(facts, "klp_shadow_get_or_alloc");
}

static bool uses_shadows(const struct mkp_facts *facts)
{
	return attaches_shadows(facts) || has_reference(facts, "klp_shadow_get") ||
	       has_reference(facts, "klp_shadow_free") ||
	       has_reference(facts, "klp_shadow_free_all");
}

static bool has_kind(const struct mkp_facts *facts, enum mkp_fact_kind kind)
{
	for (size_t i = 0; i < facts->nr_rows; i++)
		if (facts->rows[i].kind == kind)
			return true;
	return false;
}

struct mkp_error *mkp_set_check_read(struct mkp_set_report *report,
				     const struct mkp_facts *facts)
{
	struct mkp_error *error = NULL;

	if (!facts->complete)
		error = mkp_set_add(report, MKP_SET_UNREAD, NULL,
				    "%s is a module of %s: whether it replaces others is "
				    "in its code",
				    facts->path, facts->report.flavour);
	if (error || !uses_shadows(facts) || has_kind(facts, MKP_FACT_SHADOW))
		return error;
	return mkp_set_add(report, MKP_SET_SHADOW_UNKNOWN, NULL,
			   "%s calls the kernel's functions for them, and has no record "
			   "of an id",
			   facts->path);
}

struct replacing {
	struct mkp_set_report *report;
	const struct mkp_facts *before, *after;
	bool common_state;
};

static struct mkp_error *take_state(void *data, const struct mkp_fact *old,
				    const struct mkp_fact *new)
{
	struct replacing *replacing = data;

	replacing->common_state |= old && new && old->kind == MKP_FACT_STATE;
	return NULL;
}

/* What is undone has been set up; who has a state in common can know that it is. */
static bool runs_again(const struct replacing *replacing, const struct mkp_fact *callback)
{
	struct mkp_fact key = *callback;
	bool undone;

	if (replacing->common_state || !mkp_set_may_replace(replacing->after) ||
	    (strcmp(key.name, "pre_patch") && strcmp(key.name, "post_patch")))
		return false;
	key.name = "pre_unpatch";
	undone = mkp_set_find(replacing->before, &key);
	key.name = "post_unpatch";
	return undone || mkp_set_find(replacing->before, &key);
}

static struct mkp_error *judge_both(void *data, const struct mkp_fact *old,
				    const struct mkp_fact *new)
{
	struct replacing *replacing = data;
	struct mkp_set_report *report = replacing->report;

	if (!old || !new)
		return NULL;
	if (old->kind == MKP_FACT_DATA)
		return mkp_set_add(report, MKP_SET_LOST_DATA, old,
				   "that of %s has its initial value",
				   replacing->after->path);
	if (old->kind == MKP_FACT_CALLBACK && runs_again(replacing, old))
		return mkp_set_add(report, MKP_SET_CALLBACK_AGAIN, old,
				   "that of %s runs when the one of %s has run and "
				   "nothing was undone",
				   replacing->after->path, replacing->before->path);
	return NULL;
}

struct mkp_error *mkp_set_check_replaced(struct mkp_set_report *report,
					 const struct mkp_facts *before,
					 const struct mkp_facts *after)
{
	struct replacing replacing = { report, before, after, false };
	const char *was = before->unload, *is = after->unload;
	struct mkp_error *error = mkp_set_pair(before, after, take_state, &replacing);

	if (!error && was && is && strcmp(was, is) != 0)
		error = mkp_set_add(report, MKP_SET_UNLOAD, NULL,
				    "unloading %s: %s; %s: %s", before->path, was,
				    after->path, is);
	if (!error && mkp_set_may_replace(after) && attaches_shadows(before) &&
	    !has_kind(before, MKP_FACT_SHADOW) && !uses_shadows(after))
		error = mkp_set_add(report, MKP_SET_LOST_SHADOW, NULL,
				    "%s attaches shadow variables, which %s does not "
				    "look for",
				    before->path, after->path);
	return error ? error : mkp_set_pair(before, after, judge_both, &replacing);
}
