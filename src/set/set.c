// SPDX-License-Identifier: GPL-2.0-or-later
#include "set/set.h"

#include <string.h>

#include "base/array.h"

static const struct mkp_set_row rows[] = {
#define SET_FINDING(identifier, number, text, severity, advice)                          \
	{ number, text, MKP_SET_##severity, advice },
#include "set/findings.def"
#undef SET_FINDING
};

void mkp_set_report_init(struct mkp_set_report *report)
{
	*report = (struct mkp_set_report){ 0 };
	mkp_arena_init(&report->arena);
}

void mkp_set_report_deinit(struct mkp_set_report *report)
{
	free(report->findings);
	free(report->changes);
	free(report->patches);
	free(report->needed);
	mkp_arena_deinit(&report->arena);
}

struct mkp_error *mkp_set_add(struct mkp_set_report *report, enum mkp_set_id id,
			      const struct mkp_fact *fact, const char *format, ...)
{
	struct mkp_set_finding finding = { .row = &rows[id], .fact = fact };
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	finding.message = mkp_arena_vprintf(&report->arena, format, args);
	va_end(args);
	if (!finding.message)
		return mkp_error_nomem();
	error = mkp_array_reserve(&report->findings, &report->cap_findings,
				  report->nr_findings + 1, sizeof(finding));
	if (!error)
		report->findings[report->nr_findings++] = finding;
	return error;
}

const char *mkp_set_level_name(enum mkp_set_level level)
{
	static const char *const names[] = { "note", "warning", "danger" };

	return names[level];
}

const char *mkp_set_state_name(enum mkp_set_state state)
{
	static const char *const names[] = { "added", "dropped", "changed", "same" };

	return names[state];
}

size_t mkp_set_count(const struct mkp_set_report *report, enum mkp_set_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < report->nr_findings; i++)
		count += report->findings[i].row->level == level;
	return count;
}

const struct mkp_fact *mkp_set_find(const struct mkp_facts *facts,
				    const struct mkp_fact *key)
{
	size_t low = 0, high = facts->nr_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mkp_fact_compare(&facts->rows[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < facts->nr_rows && !mkp_fact_compare(&facts->rows[low], key)
		       ? &facts->rows[low]
		       : NULL;
}

struct mkp_error *mkp_set_pair(const struct mkp_facts *a, const struct mkp_facts *b,
			       struct mkp_error *(*take)(void *data,
							 const struct mkp_fact *a,
							 const struct mkp_fact *b),
			       void *data)
{
	struct mkp_error *error = NULL;
	size_t i = 0, k = 0;

	while (!error && (i < a->nr_rows || k < b->nr_rows)) {
		const struct mkp_fact *x = i < a->nr_rows ? &a->rows[i] : NULL;
		const struct mkp_fact *y = k < b->nr_rows ? &b->rows[k] : NULL;
		int order = !x ? 1 : !y ? -1 : mkp_fact_compare(x, y);

		error = take(data, order <= 0 ? x : NULL, order >= 0 ? y : NULL);
		i += order <= 0;
		k += order >= 0;
	}
	return error;
}

static bool differ(const char *a, const char *b)
{
	return a && b && strcmp(a, b) != 0;
}

struct mkp_error *mkp_set_check_kernel(struct mkp_set_report *report,
				       const struct mkp_facts *a,
				       const struct mkp_facts *b)
{
	if (differ(a->vermagic, b->vermagic))
		return mkp_set_add(report, MKP_SET_KERNEL, NULL,
				   "%s is for '%s', %s for '%s'", a->path, a->vermagic,
				   b->path, b->vermagic);
	if (differ(a->release, b->release))
		return mkp_set_add(report, MKP_SET_KERNEL, NULL,
				   "%s is for %s, %s for %s", a->path, a->release,
				   b->path, b->release);
	if (differ(a->build_id, b->build_id))
		return mkp_set_add(report, MKP_SET_KERNEL, NULL,
				   "%s is for the build %s, %s for %s", a->path,
				   a->build_id, b->path, b->build_id);
	return NULL;
}
