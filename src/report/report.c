// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/report.h"

#include <string.h>

#include "base/array.h"

void mkp_report_init(struct mkp_report *report)
{
	memset(report, 0, sizeof(*report));
	mkp_arena_init(&report->arena);
}

void mkp_report_deinit(struct mkp_report *report)
{
	free(report->functions);
	free(report->included);
	free(report->data);
	free(report->pairs);
	free(report->findings);
	free(report->overrides);
	free(report->notes);
	mkp_arena_deinit(&report->arena);
	mkp_report_init(report);
}

/* Replaces the borrowed string *@string by a copy that the report owns. */
static struct mkp_error *keep(struct mkp_report *report, const char **string)
{
	const char *copy;

	if (!*string)
		return NULL;
	copy = mkp_arena_strdup(&report->arena, *string);
	if (!copy)
		return mkp_error_nomem();
	*string = copy;
	return NULL;
}

static struct mkp_error *keep_all(struct mkp_report *report, const char **const strings[],
				  size_t count)
{
	struct mkp_error *error = NULL;
	size_t i;

	for (i = 0; !error && i < count; i++)
		error = keep(report, strings[i]);
	return error;
}

struct mkp_error *mkp_report_add_function(struct mkp_report *report,
					  const struct mkp_report_function *row)
{
	struct mkp_report_function copy = *row;
	const char **const strings[] = { &copy.name,   &copy.state,  &copy.binding,
					 &copy.source, &copy.reason, &copy.tier };
	struct mkp_error *error;

	error = keep_all(report, strings, MKP_ARRAY_SIZE(strings));
	if (!error)
		error = mkp_array_reserve(&report->functions, &report->cap_functions,
					  report->nr_functions + 1, sizeof(copy));
	if (!error)
		report->functions[report->nr_functions++] = copy;
	return error;
}

struct mkp_error *mkp_report_add_included(struct mkp_report *report,
					  const struct mkp_report_included *row)
{
	struct mkp_report_included copy = *row;
	const char **const strings[] = { &copy.name, &copy.kind, &copy.section,
					 &copy.because };
	struct mkp_error *error;

	error = keep_all(report, strings, MKP_ARRAY_SIZE(strings));
	if (!error)
		error = mkp_array_reserve(&report->included, &report->cap_included,
					  report->nr_included + 1, sizeof(copy));
	if (!error)
		report->included[report->nr_included++] = copy;
	return error;
}

static struct mkp_error *keep_changes(struct mkp_report *report,
				      struct mkp_finding *finding)
{
	struct mkp_error *error = NULL;
	struct mkp_change *copy;

	if (!finding->nr_changes)
		return NULL;
	copy = mkp_arena_alloc(&report->arena, finding->nr_changes * sizeof(*copy));
	if (!copy)
		return mkp_error_nomem();
	for (size_t i = 0; i < finding->nr_changes && !error; i++) {
		const char **const strings[] = { &copy[i].path, &copy[i].before.value,
						 &copy[i].after.value };

		copy[i] = finding->changes[i];
		error = keep_all(report, strings, MKP_ARRAY_SIZE(strings));
	}
	finding->changes = copy;
	return error;
}

struct mkp_error *mkp_report_add_datum(struct mkp_report *report,
				       const struct mkp_report_datum *row)
{
	struct mkp_report_datum copy = *row;
	const char **const strings[] = { &copy.name, &copy.kind, &copy.source,
					 &copy.reason, &copy.tier };
	struct mkp_error *error;

	error = keep_all(report, strings, MKP_ARRAY_SIZE(strings));
	if (!error)
		error = mkp_array_reserve(&report->data, &report->cap_data,
					  report->nr_data + 1, sizeof(copy));
	if (!error)
		report->data[report->nr_data++] = copy;
	return error;
}

struct mkp_error *mkp_report_add_pair(struct mkp_report *report,
				      const struct mkp_report_pair *row)
{
	struct mkp_report_pair copy = *row;
	const char **const strings[] = { &copy.original, &copy.patched, &copy.kind,
					 &copy.tier, &copy.state };
	struct mkp_error *error;

	error = keep_all(report, strings, MKP_ARRAY_SIZE(strings));
	if (!error)
		error = mkp_array_reserve(&report->pairs, &report->cap_pairs,
					  report->nr_pairs + 1, sizeof(copy));
	if (!error)
		report->pairs[report->nr_pairs++] = copy;
	return error;
}

struct mkp_error *mkp_report_add_finding(struct mkp_report *report,
					 const struct mkp_finding *row)
{
	struct mkp_finding copy = *row;
	const char **const strings[] = { &copy.id,     &copy.name,    &copy.symbol,
					 &copy.source, &copy.message, &copy.fix };
	struct mkp_error *error;

	error = keep_all(report, strings, MKP_ARRAY_SIZE(strings));
	if (!error)
		error = keep_changes(report, &copy);
	if (!error)
		error = mkp_array_reserve(&report->findings, &report->cap_findings,
					  report->nr_findings + 1, sizeof(copy));
	if (!error)
		report->findings[report->nr_findings++] = copy;
	return error;
}

struct mkp_error *mkp_report_add_override(struct mkp_report *report,
					  const struct mkp_report_override *row)
{
	struct mkp_report_override copy = *row;
	const char **const strings[] = { &copy.origin, &copy.rule };
	struct mkp_error *error;

	error = keep_all(report, strings, MKP_ARRAY_SIZE(strings));
	if (!error)
		error = mkp_array_reserve(&report->overrides, &report->cap_overrides,
					  report->nr_overrides + 1, sizeof(copy));
	if (!error)
		report->overrides[report->nr_overrides++] = copy;
	return error;
}

struct mkp_error *mkp_report_add_note(struct mkp_report *report, const char *format, ...)
{
	struct mkp_error *error;
	va_list args;
	char *text;

	va_start(args, format);
	text = mkp_arena_vprintf(&report->arena, format, args);
	va_end(args);
	if (!text)
		return mkp_error_nomem();
	error = mkp_array_reserve(&report->notes, &report->cap_notes,
				  report->nr_notes + 1, sizeof(*report->notes));
	if (!error)
		report->notes[report->nr_notes++] = text;
	return error;
}

const char *mkp_unload_name(enum mkp_unload unload)
{
	static const char *const names[] = {
		[MKP_UNLOAD_NOT_JUDGED] = NULL,
		[MKP_UNLOAD_SAFE] = "safe",
		[MKP_UNLOAD_UNKNOWN] = "unknown",
		[MKP_UNLOAD_UNSAFE] = "unsafe",
	};

	return names[unload];
}

size_t mkp_report_count(const struct mkp_report *report, enum mkp_level level)
{
	size_t count = 0, i;

	for (i = 0; i < report->nr_findings; i++)
		count += report->findings[i].level == level;
	return count;
}

enum mkp_report_status mkp_reports_status(const struct mkp_report *reports,
					  size_t nr_reports)
{
	enum mkp_report_status status = MKP_STATUS_UNCHANGED;

	for (size_t i = 0; i < nr_reports; i++) {
		if (reports[i].status == MKP_STATUS_REFUSED)
			return MKP_STATUS_REFUSED;
		if (reports[i].status == MKP_STATUS_PATCH)
			status = MKP_STATUS_PATCH;
	}
	return status;
}
