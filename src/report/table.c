// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/table.h"

#include "base/array.h"
#include "base/text.h"

/* A longer label does not push everyone else's text off the screen. */
#define WIDEST_LABEL 56

void mkp_table_init(struct mkp_table *table)
{
	*table = (struct mkp_table){ 0 };
}

void mkp_table_deinit(struct mkp_table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		free(table->rows[i].label);
		free(table->rows[i].text);
	}
	free(table->rows);
	mkp_table_init(table);
}

static struct mkp_error *make_label(const char *name, const char *detail,
				    char **ret_label)
{
	char *label = NULL;
	size_t size;
	FILE *stream = open_memstream(&label, &size);

	if (!stream)
		return mkp_error_nomem();
	mkp_text_escape(stream, name);
	if (detail) {
		fputs(" (", stream);
		mkp_text_escape(stream, detail);
		fputc(')', stream);
	}
	if (fclose(stream)) {
		free(label);
		return mkp_error_nomem();
	}
	*ret_label = label;
	return NULL;
}

struct mkp_error *mkp_table_add(struct mkp_table *table, const char *name,
				const char *detail, const char *text)
{
	struct mkp_table_row row = { 0 };
	struct mkp_error *error;

	error = make_label(name, detail, &row.label);
	if (!error)
		error = mkp_text_escape_string(text, &row.text);
	if (!error)
		error = mkp_array_reserve(&table->rows, &table->capacity,
					  table->count + 1, sizeof(row));
	if (error) {
		free(row.label);
		free(row.text);
		return error;
	}
	row.width = mkp_text_width(row.label);
	table->rows[table->count++] = row;
	return NULL;
}

size_t mkp_table_width(const struct mkp_table *table)
{
	size_t width = 0, i;

	for (i = 0; i < table->count; i++) {
		if (table->rows[i].width > width && table->rows[i].width <= WIDEST_LABEL)
			width = table->rows[i].width;
	}
	return width;
}

void mkp_table_write(const struct mkp_table *table, size_t row, size_t width,
		     FILE *stream)
{
	const struct mkp_table_row *cells = &table->rows[row];

	fputs(cells->label, stream);
	if (!*cells->text)
		return;
	for (; width > cells->width; width--)
		fputc(' ', stream);
	fprintf(stream, "  %s", cells->text);
}
