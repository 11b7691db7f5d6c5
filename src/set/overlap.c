// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Can modules be loaded beside each other? Each two of them are compared, by what
 * livepatch does: of a function that several replace, the one loaded last runs
 * (klp_ftrace_handler(), kernel/livepatch/patch.c); a call by address of a function that
 * another module replaces reaches the replacement, a copy of it does not.
 */
#include <inttypes.h>
#include <string.h>

#include "set/set.h"

struct pair {
	struct mkp_set_report *report;
	const struct mkp_facts *a, *b;
};

/* Both have it. */
static struct mkp_error *judge_same(const struct pair *pair, const struct mkp_fact *a,
				    const struct mkp_fact *b)
{
	struct mkp_set_report *report = pair->report;
	const char *x = pair->a->path, *y = pair->b->path;
	const bool same = mkp_fact_same(a, b);

	switch (a->kind) {
	case MKP_FACT_FUNCTION:
		return mkp_set_add(report,
				   same ? MKP_SET_FUNCTION_ALIKE : MKP_SET_FUNCTION, a,
				   "%s and %s replace it, %s", x, y,
				   same ? "by the same code" : "by different code");
	case MKP_FACT_CALLBACK:
		return mkp_set_add(report, MKP_SET_CALLBACK, a, "%s and %s have one", x,
				   y);
	case MKP_FACT_STATE:
		if (same)
			return NULL;
		return mkp_set_add(report, MKP_SET_STATE_ORDER, a,
				   "version %" PRIu64 " in %s, %" PRIu64 " in %s",
				   a->value, x, b->value, y);
	case MKP_FACT_SHADOW:
		if (same)
			return mkp_set_add(report, MKP_SET_SHADOW, a, "%s and %s use it",
					   x, y);
		return mkp_set_add(report, MKP_SET_SHADOW_SIZE, a,
				   "%" PRIu64 " bytes in %s, %" PRIu64 " in %s", a->value,
				   x, b->value, y);
	case MKP_FACT_DATA:
		return mkp_set_add(report, MKP_SET_DATA, a,
				   "%s and %s have one each, which do not know of each "
				   "other",
				   x, y);
	default:
		return NULL;
	}
}

/*
 * klp_is_state_compatible() of kernel/livepatch/state.c (v5.5, 92c9abf5e57500): a
 * replacing patch is refused beside one that has a state which it does not know.
 */
static struct mkp_error *judge_state(const struct pair *pair, const struct mkp_fact *fact,
				     const struct mkp_facts *has,
				     const struct mkp_facts *other)
{
	if (fact->kind != MKP_FACT_STATE || !other->replace)
		return NULL;
	return mkp_set_add(pair->report, MKP_SET_STATE_UNKNOWN, fact,
			   "%s has it, %s replaces all and does not", has->path,
			   other->path);
}

/* What one of them has, and the other one replaces. */
static struct mkp_error *judge_other(const struct pair *pair, const struct mkp_fact *fact,
				     const struct mkp_facts *has,
				     const struct mkp_facts *replaces)
{
	struct mkp_fact key = *fact;
	const struct mkp_fact *function;

	if (fact->kind != MKP_FACT_CODE && fact->kind != MKP_FACT_REFERENCE)
		return NULL;
	key.kind = MKP_FACT_FUNCTION;
	/* Of a copy and of an export there is only the name. */
	if (!*key.object) {
		key.object = "vmlinux";
		key.position = 1;
	}
	function = mkp_set_find(replaces, &key);
	if (!function)
		return NULL;
	if (fact->kind == MKP_FACT_CODE)
		return mkp_set_add(pair->report, MKP_SET_COPY, function,
				   "%s replaces it, %s has a copy of its own",
				   replaces->path, has->path);
	/* Who replaces it as well runs its own code there. */
	if (mkp_set_find(has, &key))
		return NULL;
	return mkp_set_add(pair->report, MKP_SET_CALLS, function,
			   "%s replaces it, %s refers to it", replaces->path, has->path);
}

static struct mkp_error *judge(void *data, const struct mkp_fact *a,
			       const struct mkp_fact *b)
{
	const struct pair *pair = data;
	struct mkp_error *error = NULL;

	if (a && b)
		error = judge_same(pair, a, b);
	else
		error = a ? judge_state(pair, a, pair->a, pair->b)
			  : judge_state(pair, b, pair->b, pair->a);
	if (!error && a)
		error = judge_other(pair, a, pair->a, pair->b);
	if (!error && b)
		error = judge_other(pair, b, pair->b, pair->a);
	return error;
}

static struct mkp_error *judge_pair(struct pair *pair)
{
	struct mkp_error *error = mkp_set_check_kernel(pair->report, pair->a, pair->b);

	if (!error && !strcmp(pair->a->name, pair->b->name))
		error = mkp_set_add(pair->report, MKP_SET_NAME, NULL,
				    "%s and %s are both called %s", pair->a->path,
				    pair->b->path, pair->a->name);
	return error ? error : mkp_set_pair(pair->a, pair->b, judge, pair);
}

struct mkp_error *mkp_set_overlap(struct mkp_set_report *report,
				  struct mkp_facts *const *modules, size_t nr_modules)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < nr_modules && !error; i++) {
		struct pair pair = { .report = report, .a = modules[i] };

		error = mkp_set_check_read(report, modules[i]);
		if (!error && modules[i]->replace)
			error = mkp_set_add(
				report, MKP_SET_RETIRES, NULL,
				"%s has atomic replace: whatever is loaded "
				"before it goes, without running its callbacks",
				modules[i]->path);
		for (size_t k = i + 1; k < nr_modules && !error; k++) {
			pair.b = modules[k];
			error = judge_pair(&pair);
		}
	}
	return error;
}
