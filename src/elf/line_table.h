/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source places from the line table alone. An object's debug data has tens of thousands
 * of relocations; those of .debug_line are some hundreds, and they are all that it takes
 * to tell the line of a function. Inlined calls and declarations need the rest (lines.h).
 */
#ifndef MKP_ELF_LINE_TABLE_H
#define MKP_ELF_LINE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct mkp_line_table;

/** The table of the object file at @path. NULL: it has none that can be read. */
struct mkp_line_table *mkp_line_table_create(const char *path);
void mkp_line_table_destroy(struct mkp_line_table *table);

/**
 * File and line of a place in a section (ELF index). @ret_directory is the compilation
 * directory. Strings are the table's. 0: not known.
 */
int mkp_line_table_find(const struct mkp_line_table *table, uint32_t section,
			uint64_t offset, const char **ret_file,
			const char **ret_directory);

#endif
