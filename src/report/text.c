// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report as text. One summary line, then a line per function, then the findings;
 * colour only repeats what a word says already.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "report/explain_text.h"
#include "report/report.h"
#include "report/table.h"

#define BOLD   "1"
#define RED    "1;31"
#define GREEN  "32"
#define YELLOW "33"
#define CYAN   "36"

struct writer {
	FILE *stream;
	const struct mkp_report *report;
	const struct mkp_text_style *style;
};

static void put_colored(const struct writer *to, const char *color, const char *word)
{
	if (to->style->color)
		fprintf(to->stream, "\033[%sm%s\033[0m", color, word);
	else
		fputs(word, to->stream);
}

/* "1 function", "2 functions": every noun of this file takes an s. */
static void put_count(FILE *stream, uint64_t count, const char *noun)
{
	fprintf(stream, "%" PRIu64 " %s%s", count, noun, count == 1 ? "" : "s");
}

static size_t count_state(const struct mkp_report *report, const char *state)
{
	size_t count = 0, i;

	for (i = 0; i < report->nr_functions; i++)
		count += !strcmp(report->functions[i].state, state);
	return count;
}

static size_t count_replaced(const struct mkp_report *report)
{
	size_t count = 0, i;

	for (i = 0; i < report->nr_functions; i++)
		count += report->functions[i].replaced;
	return count;
}

static const char *level_name(enum mkp_level level)
{
	static const char *const names[] = {
		[MKP_LEVEL_NOTE] = "note",
		[MKP_LEVEL_WARNING] = "warning",
		[MKP_LEVEL_ERROR] = "error",
	};

	return names[level];
}

/* ", 1 new, 2 removed", as far as there are any. */
static void put_new_and_removed(const struct writer *to)
{
	static const char *const states[] = { "new", "removed" };
	size_t i, count;

	for (i = 0; i < MKP_ARRAY_SIZE(states); i++) {
		count = count_state(to->report, states[i]);
		if (count)
			fprintf(to->stream, ", %zu %s", count, states[i]);
	}
}

static void put_warnings(const struct writer *to)
{
	size_t count = mkp_report_count(to->report, MKP_LEVEL_WARNING);

	if (count) {
		fputs("; ", to->stream);
		put_count(to->stream, count, "warning");
	}
}

/* " (x86_64, vmlinux)": what the patch is for. */
static void put_target(const struct writer *to)
{
	const struct mkp_report *report = to->report;
	const char *separator = " (";

	if (report->arch) {
		fputs(separator, to->stream);
		mkp_text_escape(to->stream, report->arch);
		separator = ", ";
	}
	if (report->object) {
		fputs(separator, to->stream);
		mkp_text_escape(to->stream, report->object);
		separator = ", ";
	}
	if (*separator == ',')
		fputc(')', to->stream);
}

static void put_line_only(const struct writer *to)
{
	if (!to->report->nr_line_only)
		return;
	fputs("; ", to->stream);
	put_count(to->stream, to->report->nr_line_only, "function");
	fprintf(to->stream, " differ%s only by line numbers",
		to->report->nr_line_only == 1 ? "s" : "");
}

static void put_patch_summary(const struct writer *to)
{
	put_colored(to, GREEN, "patch");
	fputs(": ", to->stream);
	put_count(to->stream, count_replaced(to->report), "function");
	fputs(" replaced", to->stream);
	put_new_and_removed(to);
	fputs("; ", to->stream);
	put_count(to->stream, to->report->nr_included, "element");
	fputs(" carried; ", to->stream);
	put_count(to->stream, to->report->klp_relocations, "livepatch relocation");
	put_line_only(to);
	put_warnings(to);
	put_target(to);
}

static void put_unchanged_summary(const struct writer *to)
{
	put_colored(to, BOLD, "unchanged");
	fputs(": ", to->stream);
	put_count(to->stream, to->report->nr_compared, "function");
	fputs(" compared, none differs", to->stream);
	put_new_and_removed(to);
	put_line_only(to);
	put_warnings(to);
}

static void put_refused_summary(const struct writer *to)
{
	size_t warnings = mkp_report_count(to->report, MKP_LEVEL_WARNING);

	put_colored(to, RED, "refused");
	fputs(": ", to->stream);
	put_count(to->stream, mkp_report_count(to->report, MKP_LEVEL_ERROR), "error");
	if (warnings) {
		fputs(", ", to->stream);
		put_count(to->stream, warnings, "warning");
	}
	fputs("; ", to->stream);
	put_count(to->stream, count_state(to->report, "changed"), "function");
	fputs(" changed", to->stream);
	put_new_and_removed(to);
	put_target(to);
}

static void put_summary(const struct writer *to)
{
	switch (to->report->status) {
	case MKP_STATUS_PATCH:
		put_patch_summary(to);
		break;
	case MKP_STATUS_UNCHANGED:
		put_unchanged_summary(to);
		break;
	case MKP_STATUS_REFUSED:
		put_refused_summary(to);
		break;
	}
	fputc('\n', to->stream);
}

/* What --explain adds to a function: "local, 32 -> 48 bytes, paired by name". */
static void put_function_facts(const struct writer *to,
			       const struct mkp_report_function *function)
{
	FILE *stream = to->stream;

	fputs("         ", stream);
	mkp_text_escape(stream, function->binding ? function->binding : "unbound");
	if (function->size_before && function->size_after)
		fprintf(stream, ", %" PRIu64 " -> ", function->size_before);
	else
		fputs(", ", stream);
	put_count(stream,
		  function->size_after ? function->size_after : function->size_before,
		  "byte");
	if (function->tier) {
		fputs(", paired by ", stream);
		mkp_text_escape(stream, function->tier);
	}
	if (function->replaced && function->position)
		fprintf(stream, ", position %" PRIu64 " of its name", function->position);
	else if (!function->replaced && !strcmp(function->state, "changed"))
		fputs(", not replaced", stream);
	fputc('\n', stream);
}

static const char *state_color(const char *state)
{
	if (!strcmp(state, "new"))
		return GREEN;
	return !strcmp(state, "removed") ? RED : YELLOW;
}

static void put_function_rows(const struct writer *to, const struct mkp_table *table)
{
	const struct mkp_report *report = to->report;
	size_t width = mkp_table_width(table), i;

	for (i = 0; i < table->count; i++) {
		const char *state = report->functions[i].state;

		put_colored(to, state_color(state), state);
		fprintf(to->stream, "%*s", 9 - (int)strlen(state), "");
		mkp_table_write(table, i, width, to->stream);
		fputc('\n', to->stream);
		if (!to->style->explain)
			continue;
		put_function_facts(to, &report->functions[i]);
		mkp_text_explanation(to->stream, &report->functions[i].explanation,
				     to->style->color);
	}
}

static struct mkp_error *put_functions(const struct writer *to)
{
	const struct mkp_report *report = to->report;
	struct mkp_error *error = NULL;
	struct mkp_table table;
	size_t i;

	mkp_table_init(&table);
	for (i = 0; !error && i < report->nr_functions; i++)
		error = mkp_table_add(&table, report->functions[i].name,
				      report->functions[i].source,
				      report->functions[i].reason);
	if (!error)
		put_function_rows(to, &table);
	mkp_table_deinit(&table);
	return error;
}

/* Variables and constants that are not the same. */
static void put_data(const struct writer *to)
{
	for (size_t i = 0; i < to->report->nr_data; i++) {
		const struct mkp_report_datum *row = &to->report->data[i];

		put_colored(to, YELLOW, "changed");
		fputs("  ", to->stream);
		mkp_text_escape(to->stream, row->name);
		if (row->source) {
			fputs(" (", to->stream);
			mkp_text_escape(to->stream, row->source);
			fputc(')', to->stream);
		}
		fprintf(to->stream, "  %s, ", row->kind);
		mkp_text_escape(to->stream, row->reason);
		fputc('\n', to->stream);
		mkp_text_explanation(to->stream, &row->explanation, to->style->color);
	}
}

/* "NAME (file:line): ", as much of it as is known. */
static void put_place(FILE *stream, const char *symbol, const char *source)
{
	if (!symbol && !source)
		return;
	mkp_text_escape(stream, symbol ? symbol : source);
	if (symbol && source) {
		fputs(" (", stream);
		mkp_text_escape(stream, source);
		fputc(')', stream);
	}
	fputs(": ", stream);
}

static void put_range(FILE *stream, const char *word, const struct mkp_change_side *side)
{
	fprintf(stream, "%s offset %" PRIu64 ", ", word, side->offset);
	put_count(stream, side->size, "byte");
}

/* "limit.max (offset 8): 5 -> 9" */
static void put_values(FILE *stream, const struct mkp_change *change)
{
	fprintf(stream, " (offset %" PRIu64 "): ", change->after.offset);
	mkp_text_escape(stream, change->before.value);
	fputs(" -> ", stream);
	mkp_text_escape(stream, change->after.value);
}

/* "next: offset 8 -> 16, 4 -> 8 bytes" */
static void put_layout(FILE *stream, const struct mkp_change *change)
{
	const struct mkp_change_side *before = &change->before, *after = &change->after;

	fprintf(stream, ": offset %" PRIu64, before->offset);
	if (before->offset != after->offset)
		fprintf(stream, " -> %" PRIu64, after->offset);
	if (before->size != after->size) {
		fprintf(stream, ", %" PRIu64 " -> ", before->size);
		put_count(stream, after->size, "byte");
	}
	if (before->value && after->value && strcmp(before->value, after->value)) {
		fputs(", ", stream);
		mkp_text_escape(stream, before->value);
		fputs(" -> ", stream);
		mkp_text_escape(stream, after->value);
	}
}

static void put_change(FILE *stream, const struct mkp_change *change)
{
	fputs("  ", stream);
	mkp_text_escape(stream, change->path);
	if (!change->before.present)
		put_range(stream, ": added at", &change->after);
	else if (!change->after.present)
		put_range(stream, ": removed, was at", &change->before);
	else if (change->before.value && change->before.offset == change->after.offset)
		put_values(stream, change);
	else
		put_layout(stream, change);
	fputc('\n', stream);
}

static void put_finding(const struct writer *to, const struct mkp_finding *finding)
{
	static const char *const colors[] = {
		[MKP_LEVEL_NOTE] = CYAN,
		[MKP_LEVEL_WARNING] = YELLOW,
		[MKP_LEVEL_ERROR] = RED,
	};

	put_colored(to, colors[finding->level], level_name(finding->level));
	fprintf(to->stream, "[%s] %s: ", finding->name, finding->id);
	put_place(to->stream, finding->symbol, finding->source);
	mkp_text_escape(to->stream, finding->message);
	fputc('\n', to->stream);
	for (size_t i = 0; i < finding->nr_changes; i++)
		put_change(to->stream, &finding->changes[i]);
	if (finding->fix) {
		fputs("  fix: ", to->stream);
		mkp_text_escape(to->stream, finding->fix);
		fputc('\n', to->stream);
	}
}

/* Errors first; within a level in the order in which they were found. */
static void put_findings(const struct writer *to)
{
	enum mkp_level lowest = to->style->quiet ? MKP_LEVEL_ERROR : MKP_LEVEL_NOTE;
	int level;
	size_t i;

	for (level = MKP_LEVEL_ERROR; level >= (int)lowest; level--) {
		for (i = 0; i < to->report->nr_findings; i++) {
			if ((int)to->report->findings[i].level == level)
				put_finding(to, &to->report->findings[i]);
		}
	}
}

static void print_included(FILE *stream, const struct mkp_report_included *included)
{
	size_t count = included->nr_links;

	if (included->section)
		fprintf(stream, "%s, ", included->section);
	put_count(stream, included->size, "byte");
	if (included->because)
		fprintf(stream, ": %s", included->because);
	/* That the replaced function changed is told above. */
	if (count && !strcmp(included->links[count - 1].because, "changed"))
		count--;
	for (size_t i = 0; i < count; i++)
		fprintf(stream, "; %s: %s", included->links[i].name,
			included->links[i].because);
}

/* The text of a carried element: "section, size bytes: because; NAME: because". */
static struct mkp_error *add_included(struct mkp_table *table,
				      const struct mkp_report_included *included)
{
	struct mkp_error *error;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	print_included(stream, included);
	if (fclose(stream))
		error = mkp_error_nomem();
	else
		error = mkp_table_add(table, included->name, /* detail= */ NULL, text);
	free(text);
	return error;
}

/* All elements of the kind of element @first, the first of this kind. */
static struct mkp_error *put_kind(const struct writer *to, size_t first, bool *done)
{
	const struct mkp_report *report = to->report;
	const char *kind = report->included[first].kind;
	struct mkp_error *error = NULL;
	struct mkp_table table;
	size_t i, width;

	mkp_table_init(&table);
	for (i = first; !error && i < report->nr_included; i++) {
		if (strcmp(report->included[i].kind, kind))
			continue;
		done[i] = true;
		error = add_included(&table, &report->included[i]);
	}
	width = mkp_table_width(&table);
	if (!error) {
		fputs("carried as ", to->stream);
		mkp_text_escape(to->stream, kind);
		fprintf(to->stream, " (%zu):\n", table.count);
	}
	for (i = 0; !error && i < table.count; i++) {
		fputs("  ", to->stream);
		mkp_table_write(&table, i, width, to->stream);
		fputc('\n', to->stream);
	}
	mkp_table_deinit(&table);
	return error;
}

/* Grouped by kind, the kinds in the order in which they first occur. */
static struct mkp_error *put_included(const struct writer *to)
{
	struct mkp_error *error;
	bool *done;
	size_t i;

	error = mkp_array_create(to->report->nr_included, sizeof(*done), &done);
	if (error)
		return error;
	for (i = 0; !error && i < to->report->nr_included; i++) {
		if (!done[i])
			error = put_kind(to, i, done);
	}
	free(done);
	return error;
}

static void put_line(const struct writer *to, const char *label, const char *text)
{
	put_colored(to, CYAN, label);
	fputs(": ", to->stream);
	mkp_text_escape(to->stream, text);
	fputc('\n', to->stream);
}

/* "pairs: 12 by name, 3 by content" */
static void put_tiers(const struct writer *to)
{
	const char *separator = ": ";

	put_colored(to, CYAN, "info");
	fputs(": pairs", to->stream);
	for (size_t i = 0; i < to->report->nr_tiers; i++) {
		if (!to->report->tiers[i].count)
			continue;
		fprintf(to->stream, "%s%" PRIu64 " by %s", separator,
			to->report->tiers[i].count, to->report->tiers[i].name);
		separator = ", ";
	}
	fputc('\n', to->stream);
}

/* By name is how things are paired; others want a look, if anything hangs on them. */
static bool is_telling(const struct mkp_report_pair *pair)
{
	return strcmp(pair->tier, "name") != 0 &&
	       (pair->reached || !strcmp(pair->state, "changed") ||
		strcmp(pair->original, pair->patched) != 0);
}

static void put_pairs(const struct writer *to)
{
	for (size_t i = 0; i < to->report->nr_pairs; i++) {
		const struct mkp_report_pair *pair = &to->report->pairs[i];

		if (!is_telling(pair))
			continue;
		fprintf(to->stream, "paired by %s: ", pair->tier);
		mkp_text_escape(to->stream, pair->original);
		fputs(" = ", to->stream);
		mkp_text_escape(to->stream, pair->patched);
		fprintf(to->stream, "  %s, %s%s\n", pair->kind, pair->state,
			pair->reached ? ", part of the patch" : "");
	}
}

static struct mkp_error *put_details(const struct writer *to)
{
	bool noted = to->style->verbose > 0 || to->style->explain;
	struct mkp_error *error = NULL;
	size_t i;

	if (to->style->explain) {
		error = put_included(to);
		put_pairs(to);
	}
	if (to->report->nr_tiers && noted)
		put_tiers(to);
	for (i = 0; !error && noted && i < to->report->nr_notes; i++)
		put_line(to, "info", to->report->notes[i]);
	if (!error && to->report->output)
		put_line(to, "output", to->report->output);
	return error;
}

struct mkp_error *mkp_report_write_text(const struct mkp_report *report,
					const struct mkp_text_style *style, FILE *stream)
{
	const struct writer to = { stream, report, style };
	struct mkp_error *error = NULL;

	put_summary(&to);
	if (!style->quiet)
		error = put_functions(&to);
	if (!error && style->explain && !style->quiet)
		put_data(&to);
	if (!error)
		put_findings(&to);
	if (!error && !style->quiet)
		error = put_details(&to);
	if (!error && (fflush(stream) || ferror(stream)))
		error = mkp_error_create_errno(errno, "cannot write the report");
	return error;
}

static const char *status_word(enum mkp_report_status status)
{
	switch (status) {
	case MKP_STATUS_PATCH:
		return "patch";
	case MKP_STATUS_UNCHANGED:
		return "unchanged";
	case MKP_STATUS_REFUSED:
		break;
	}
	return "refused";
}

static void put_set_summary(const struct mkp_report *reports, size_t nr_reports,
			    FILE *stream)
{
	uint64_t replaced = 0, errors = 0;
	size_t unchanged = 0;

	for (size_t i = 0; i < nr_reports; i++) {
		replaced += count_replaced(&reports[i]);
		errors += mkp_report_count(&reports[i], MKP_LEVEL_ERROR);
		unchanged += reports[i].status == MKP_STATUS_UNCHANGED;
	}
	fprintf(stream, "%s: ", status_word(mkp_reports_status(reports, nr_reports)));
	put_count(stream, nr_reports, "object");
	fprintf(stream, ", %zu unchanged; ", unchanged);
	put_count(stream, replaced, "function");
	fputs(" replaced; ", stream);
	put_count(stream, errors, "error");
	fputc('\n', stream);
}

struct mkp_error *mkp_reports_write_text(const struct mkp_report *reports,
					 size_t nr_reports,
					 const struct mkp_text_style *style, FILE *stream)
{
	struct mkp_error *error = NULL;

	if (nr_reports > 1)
		put_set_summary(reports, nr_reports, stream);
	for (size_t i = 0; i < nr_reports && !error; i++) {
		if (nr_reports > 1) {
			fputs("\n", stream);
			mkp_text_escape(stream, reports[i].original);
			fputs(" and ", stream);
			mkp_text_escape(stream, reports[i].patched);
			fputs(":\n", stream);
		}
		error = mkp_report_write_text(&reports[i], style, stream);
	}
	return error;
}
