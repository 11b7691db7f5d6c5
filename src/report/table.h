/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of "label  text" whose texts begin in the same column. Only the text renderer uses
 * it. Cells are escaped when they are added, so whatever is in here is safe to show.
 */
#ifndef MKP_REPORT_TABLE_H
#define MKP_REPORT_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct mkp_table_row {
	char *label, *text; /* owned; text may be "" */
	size_t width;	    /* columns of the label */
};

struct mkp_table {
	struct mkp_table_row *rows; /* owned */
	size_t count, capacity;
};

void mkp_table_init(struct mkp_table *table);
void mkp_table_deinit(struct mkp_table *table);

/** Adds a row: "NAME (DETAIL)" as the label, NAME alone if @detail is NULL. */
struct mkp_error *mkp_table_add(struct mkp_table *table, const char *name,
				const char *detail, const char *text) MKP_MUST_CHECK;

/** Columns of the widest label, without the few very long ones that are let stick out. */
size_t mkp_table_width(const struct mkp_table *table);

/** Writes one row, without a newline and without trailing spaces. */
void mkp_table_write(const struct mkp_table *table, size_t row, size_t width,
		     FILE *stream);

#endif
