// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One module for several. It is not made of the finished ones: what a compiler has
 * inlined from code that another of the patches changes is in no module's records, and of
 * a function that several change none has all changes. It is built again, from the source
 * patches that each module names; here is found which, and whether what was built has
 * all.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "set/set.h"

/* What a module that stands for another one must have; the rest is up to the compiler. */
static bool is_needed(const struct mkp_fact *fact)
{
	switch (fact->kind) {
	case MKP_FACT_FUNCTION:
	case MKP_FACT_CALLBACK:
	case MKP_FACT_STATE:
	case MKP_FACT_SHADOW:
	case MKP_FACT_FIX:
		return true;
	default:
		return false;
	}
}

/* "NAME xxh128:HASH": length of NAME, which may have blanks. */
static size_t name_length(const char *patch)
{
	const char *blank = strrchr(patch, ' ');

	return blank ? (size_t)(blank - patch) : strlen(patch);
}

/* Once, where it comes first. */
static struct mkp_error *add_patch(struct mkp_set_report *report, const char *patch)
{
	struct mkp_error *error;
	const size_t length = name_length(patch);

	for (size_t i = 0; i < report->nr_patches; i++) {
		const char *known = report->patches[i];

		if (!strcmp(known, patch))
			return NULL;
		if (name_length(known) == length && !strncmp(known, patch, length))
			return mkp_set_add(report, MKP_SET_PATCH_DIFFERS, NULL,
					   "%.*s is %s in one module and %s in another",
					   (int)length, patch, known + length + 1,
					   patch + length + 1);
	}
	error = mkp_array_reserve(&report->patches, &report->cap_patches,
				  report->nr_patches + 1, sizeof(*report->patches));
	if (!error)
		report->patches[report->nr_patches++] = patch;
	return error;
}

static struct mkp_error *take_patches(struct mkp_set_report *report,
				      const struct mkp_facts *module)
{
	struct mkp_error *error = NULL;
	uint64_t cursor = 0;
	bool any = false;
	const char *line;

	while (!error &&
	       (line = mkp_verify_line(module->verify, "mkpatch_patch=", &cursor))) {
		any = true;
		error = add_patch(report, line);
	}
	if (error || any)
		return error;
	return mkp_set_add(report, MKP_SET_NO_SOURCE, NULL,
			   "%s does not say which source patches it was built from",
			   module->path);
}

/* Keeps the highest version of a state, and tells what is built anew. */
static struct mkp_error *merge(struct mkp_set_report *report,
			       const struct mkp_fact **known, const struct mkp_fact *fact,
			       const struct mkp_facts *module)
{
	if (fact->kind == MKP_FACT_STATE && fact->value > (*known)->value)
		*known = fact;
	if (fact->kind == MKP_FACT_SHADOW && fact->value != (*known)->value)
		return mkp_set_add(report, MKP_SET_SHADOW_SIZE, fact,
				   "%" PRIu64 " bytes in %s, %" PRIu64 " before",
				   fact->value, module->path, (*known)->value);
	if (fact->kind == MKP_FACT_FUNCTION && !mkp_fact_same(*known, fact))
		return mkp_set_add(report, MKP_SET_NEEDS_BUILD, fact,
				   "%s replaces it by other code than a module before it",
				   module->path);
	return NULL;
}

static struct mkp_error *need(struct mkp_set_report *report,
			      const struct mkp_facts *module)
{
	struct mkp_error *error = NULL;
	size_t at = 0;

	for (size_t i = 0; i < module->nr_rows && !error; i++) {
		const struct mkp_fact *fact = &module->rows[i];

		if (!is_needed(fact))
			continue;
		/* Both are in order. */
		while (at < report->nr_needed &&
		       mkp_fact_compare(report->needed[at], fact) < 0)
			at++;
		if (at < report->nr_needed &&
		    !mkp_fact_compare(report->needed[at], fact)) {
			error = merge(report, &report->needed[at], fact, module);
			continue;
		}
		error = mkp_array_reserve(&report->needed, &report->cap_needed,
					  report->nr_needed + 1, sizeof(*report->needed));
		if (error)
			break;
		memmove(report->needed + at + 1, report->needed + at,
			(report->nr_needed - at) * sizeof(*report->needed));
		report->needed[at] = fact;
		report->nr_needed++;
	}
	return error;
}

static struct mkp_error *check_patch(struct mkp_set_report *report,
				     const struct mkp_facts *result, const char *patch)
{
	const struct mkp_fact key = { MKP_FACT_PATCH, "", patch, 0, 0, { 0, 0 } };

	if (mkp_set_find(result, &key))
		return NULL;
	return mkp_set_add(report, MKP_SET_NOT_COVERED, NULL,
			   "%s was not built from the source patch %s", result->path,
			   patch);
}

static struct mkp_error *check_result(struct mkp_set_report *report,
				      const struct mkp_facts *result)
{
	struct mkp_error *error = NULL;

	if (!mkp_set_may_replace(result))
		error = mkp_set_add(report, MKP_SET_NO_REPLACE, NULL,
				    "%s has no atomic replace", result->path);
	for (size_t i = 0; i < report->nr_patches && !error; i++)
		error = check_patch(report, result, report->patches[i]);
	for (size_t i = 0; i < report->nr_needed && !error; i++) {
		const struct mkp_fact *fact = report->needed[i];
		const struct mkp_fact *has = mkp_set_find(result, fact);

		if (!has)
			error = mkp_set_add(report, MKP_SET_NOT_COVERED, fact,
					    "%s does not have it", result->path);
		else if (fact->kind == MKP_FACT_STATE && has->value < fact->value)
			error = mkp_set_add(report, MKP_SET_OLDER_STATE, fact,
					    "version %" PRIu64 " in %s, %" PRIu64
					    " is needed",
					    has->value, result->path, fact->value);
		else if (fact->kind == MKP_FACT_SHADOW && has->value != fact->value)
			error = mkp_set_add(report, MKP_SET_SHADOW_SIZE, fact,
					    "%" PRIu64 " bytes in %s, %" PRIu64
					    " in a module that it stands for",
					    has->value, result->path, fact->value);
	}
	return error;
}

struct mkp_error *mkp_set_compose(struct mkp_set_report *report,
				  struct mkp_facts *const *modules, size_t nr_modules,
				  const struct mkp_facts *result)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < nr_modules && !error; i++) {
		error = mkp_set_check_read(report, modules[i]);
		if (!error && i)
			error = mkp_set_check_kernel(report, modules[0], modules[i]);
		if (!error)
			error = take_patches(report, modules[i]);
		if (!error)
			error = need(report, modules[i]);
	}
	if (error || !result)
		return error;
	error = mkp_set_check_read(report, result);
	if (!error)
		error = mkp_set_check_kernel(report, modules[0], result);
	for (size_t i = 0; i < nr_modules && !error; i++)
		error = mkp_set_check_replaced(report, modules[i], result);
	return error ? error : check_result(report, result);
}
