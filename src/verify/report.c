// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "base/array.h"
#include "base/text.h"

void mkp_verify_report_init(struct mkp_verify_report *report)
{
	*report = (struct mkp_verify_report){ 0 };
	mkp_arena_init(&report->arena);
}

void mkp_verify_report_deinit(struct mkp_verify_report *report)
{
	free(report->items);
	free(report->findings);
	mkp_arena_deinit(&report->arena);
}

struct mkp_error *mkp_verify_add_item(struct mkp_verify_report *report,
				      const struct mkp_verify_item *item)
{
	struct mkp_error *error = mkp_array_reserve(&report->items, &report->cap_items,
						    report->nr_items + 1, sizeof(*item));

	if (!error)
		report->items[report->nr_items++] = *item;
	return error;
}

struct mkp_error *mkp_verify_add(struct mkp_verify_report *report, enum mkp_verify_id id,
				 const char *where, const char *format, ...)
{
	struct mkp_verify_finding finding = { .row = mkp_verify_row(id) };
	struct mkp_error *error = mkp_array_reserve(
		&report->findings, &report->cap_findings, report->nr_findings + 1,
		sizeof(finding));
	va_list args;

	if (error)
		return error;
	va_start(args, format);
	finding.message = mkp_arena_vprintf(&report->arena, format, args);
	va_end(args);
	finding.where = mkp_arena_strdup(&report->arena, where);
	if (!finding.message || (where && !finding.where))
		return mkp_error_nomem();
	report->findings[report->nr_findings++] = finding;
	return NULL;
}

enum mkp_verdict mkp_verify_verdict(const struct mkp_verify_report *report)
{
	for (size_t i = 0; i < report->nr_findings; i++)
		if (report->findings[i].row->level == MKP_VERIFY_ERROR)
			return MKP_WRONG;
	return MKP_PROVED;
}

const char *mkp_verdict_name(enum mkp_verdict verdict)
{
	static const char *const names[] = { "proved", "not proved", "wrong" };

	return names[verdict];
}

/* ---- text ---- */

#define NR_COLUMNS 8

/* One row of the table, each cell escaped. */
struct cells {
	char *cell[NR_COLUMNS];
};

static struct mkp_error *print_place(const struct mkp_verify_item *item, char **ret_text)
{
	MKP_CLEANUP_FREE char *text = NULL;
	int length;

	if (!item->found)
		return mkp_text_escape_string("-", ret_text);
	length = item->section
			 ? asprintf(&text, "%s+0x%" PRIx64, item->section, item->address)
			 : asprintf(&text, "%016" PRIx64, item->address);
	if (length < 0) {
		text = NULL;
		return mkp_error_nomem();
	}
	return mkp_text_escape_string(text, ret_text);
}

static struct mkp_error *print_number(int64_t number, char **ret_text)
{
	if (number < 0)
		return mkp_text_escape_string("-", ret_text);
	if (asprintf(ret_text, "%" PRId64, number) < 0) {
		*ret_text = NULL;
		return mkp_error_nomem();
	}
	return NULL;
}

static struct mkp_error *fill_cells(const struct mkp_verify_item *item,
				    struct cells *cells)
{
	const char *const words[] = {
		mkp_verdict_name(item->verdict),
		item->kind,
		item->object,
		item->name,
		NULL,
		NULL,
		NULL,
		item->source,
	};
	struct mkp_error *error = NULL;

	for (int i = 0; i < NR_COLUMNS && !error; i++)
		if (i < 4 || i == 7)
			error = mkp_text_escape_string(words[i] ? words[i] : "-",
						       &cells->cell[i]);
	if (!error)
		error = print_number(item->position, &cells->cell[4]);
	if (!error)
		error = print_place(item, &cells->cell[5]);
	if (!error)
		error = print_number(item->found && item->size ? (int64_t)item->size : -1,
				     &cells->cell[6]);
	return error;
}

static void write_cells(const struct cells *rows, size_t count, FILE *stream)
{
	size_t width[NR_COLUMNS] = { 0 };

	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < NR_COLUMNS; k++) {
			size_t columns = mkp_text_width(rows[i].cell[k]);

			if (columns > width[k])
				width[k] = columns;
		}
	for (size_t i = 0; i < count; i++) {
		for (int k = 0; k + 1 < NR_COLUMNS; k++)
			fprintf(stream, "%s%*s", rows[i].cell[k],
				(int)(width[k] - mkp_text_width(rows[i].cell[k]) + 2),
				"");
		fprintf(stream, "%s\n", rows[i].cell[NR_COLUMNS - 1]);
	}
}

static struct mkp_error *write_items(const struct mkp_verify_report *report, FILE *stream)
{
	static const char *const titles[NR_COLUMNS] = {
		"VERDICT", "KIND", "OBJECT", "NAME", "POS", "ADDRESS", "SIZE", "SOURCE",
	};
	size_t count = report->nr_items + 1;
	struct cells *rows;
	struct mkp_error *error = mkp_array_create(count, sizeof(*rows), &rows);

	if (error)
		return error;
	for (int i = 0; i < NR_COLUMNS && !error; i++)
		error = mkp_text_escape_string(titles[i], &rows[0].cell[i]);
	for (size_t i = 0; i < report->nr_items && !error; i++)
		error = fill_cells(&report->items[i], &rows[i + 1]);
	if (!error)
		write_cells(rows, count, stream);
	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < NR_COLUMNS; k++)
			free(rows[i].cell[k]);
	free(rows);
	return error;
}

static void write_findings(const struct mkp_verify_report *report, FILE *stream)
{
	for (size_t i = 0; i < report->nr_findings; i++) {
		const struct mkp_verify_finding *finding = &report->findings[i];

		fprintf(stream, "%s[%s] %s: ", mkp_verify_level_name(finding->row->level),
			finding->row->name, finding->row->id);
		mkp_text_escape(stream, finding->where);
		if (finding->where)
			fputs(": ", stream);
		mkp_text_escape(stream, finding->message);
		fprintf(stream, "\n  fix: %s\n", finding->row->fix);
	}
}

static void write_counts(const struct mkp_verify_report *report, FILE *stream)
{
	const struct mkp_verify_counts *counts = &report->counts;

	fprintf(stream,
		"checked: %" PRIu64 " relocations, %" PRIu64
		" livepatch relocations, %" PRIu64 " table entries, %" PRIu64
		" ORC entries\n",
		counts->relocations, counts->klp_relocations, counts->table_entries,
		counts->orc_entries);
	if (counts->payload_functions)
		fprintf(stream,
			"payload: %" PRIu64 " functions and variables, %" PRIu64
			" relocations\n",
			counts->payload_functions, counts->payload_relocations);
}

struct mkp_error *mkp_verify_write_text(const struct mkp_verify_report *report,
					bool quiet, FILE *stream)
{
	struct mkp_error *error = NULL;

	mkp_text_escape(stream, report->name ? report->name : report->path);
	fprintf(stream, ": %s", mkp_verdict_name(mkp_verify_verdict(report)));
	fprintf(stream, " (%s, ", report->flavour ? report->flavour : "no patch record");
	mkp_text_escape(stream, report->release ? report->release : "release not known");
	fputs(")\n", stream);
	if (!quiet) {
		error = write_items(report, stream);
		write_counts(report, stream);
	}
	write_findings(report, stream);
	if (!error && (fflush(stream) || ferror(stream)))
		error = mkp_error_create_errno(errno, "cannot write the report");
	return error;
}
