// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Module.symvers, one export a line, columns separated by one tab each:
 *
 *   CRC NAME MODULE TYPE            2.6.18 to 5.3
 *   CRC NAME NAMESPACE MODULE TYPE  since cb9b55d21fe0 (5.4)
 *   CRC NAME MODULE TYPE NAMESPACE  since 5190044c2965 (5.6, and 5.4 as maintained)
 *
 * The namespace may be empty, its tab is always there. What tells the layouts apart is
 * where the type, a word of a known list, is.
 */
#include <string.h>

#include "base/array.h"
#include "image/private.h"

#define MAX_COLUMNS 5

struct mkp_symvers {
	char *path;
	char *text; /* owned; strings of the exports point into it */
	struct mkp_export *exports;
	size_t nr_exports;
	size_t capacity;
	struct mkp_index names;
};

static const struct export_type {
	const char *name;
	bool gpl;
} export_types[] = {
	{ "EXPORT_SYMBOL", false },
	{ "EXPORT_SYMBOL_GPL", true },
	/* Of kernels before 5.12. */
	{ "EXPORT_SYMBOL_GPL_FUTURE", false },
	{ "EXPORT_UNUSED_SYMBOL", false },
	{ "EXPORT_UNUSED_SYMBOL_GPL", true },
};

static const struct export_type *find_type(const char *name)
{
	size_t i;

	for (i = 0; i < MKP_ARRAY_SIZE(export_types); i++)
		if (!strcmp(export_types[i].name, name))
			return &export_types[i];
	return NULL;
}

static struct mkp_error *malformed(const struct mkp_symvers *symvers, size_t line,
				   const char *what)
{
	return mkp_error_create(MKP_ERROR_FORMAT, "%s:%zu: %s", symvers->path, line,
				what);
}

/* Number of columns; MAX_COLUMNS + 1 stands for more. Cuts in place. */
static size_t split(char *line, char **columns)
{
	size_t count = 0;
	char *column;

	while ((column = strsep(&line, "\t"))) {
		if (count == MAX_COLUMNS)
			return MAX_COLUMNS + 1;
		columns[count++] = column;
	}
	return count;
}

/* Up to eight digits behind 0x, since the kernel's CRCs have 32 bits. */
static bool parse_crc(const char *text, uint32_t *ret_crc)
{
	size_t digits;

	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
		return false;
	digits = strspn(text + 2, "0123456789abcdefABCDEF");
	if (!digits || digits > 8 || text[2 + digits])
		return false;
	*ret_crc = (uint32_t)strtoul(text + 2, NULL, 16);
	return true;
}

/* "drivers/net/some-card.ko" is the module some_card. In place. */
static const char *module_name(char *path)
{
	char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *at;
	size_t length = strlen(name);

	if (length > 3 && !strcmp(name + length - 3, ".ko"))
		name[length - 3] = '\0';
	for (at = name; *at; at++)
		if (*at == '-')
			*at = '_';
	return name;
}

/* Which columns are what: NULL if this is none of the three layouts. */
static const struct export_type *find_layout(char **columns, size_t count,
					     char **ret_module, char **ret_space)
{
	const struct export_type *type = count >= 4 ? find_type(columns[3]) : NULL;

	if (type) {
		*ret_module = columns[2];
		*ret_space = count == 5 ? columns[4] : NULL;
		return type;
	}
	type = count == 5 ? find_type(columns[4]) : NULL;
	if (type) {
		*ret_module = columns[3];
		*ret_space = columns[2];
	}
	return type;
}

static struct mkp_error *parse_line(const struct mkp_symvers *symvers, char *text,
				    size_t line, struct mkp_export *ret_export)
{
	char *columns[MAX_COLUMNS], *module, *space;
	size_t count = split(text, columns);
	const struct export_type *type;
	struct mkp_export export = { 0 };

	if (count < 4 || count > MAX_COLUMNS)
		return malformed(symvers, line, "not 4 or 5 columns separated by tabs");
	if (!parse_crc(columns[0], &export.crc))
		return malformed(symvers, line, "the first column is no CRC");
	type = find_layout(columns, count, &module, &space);
	if (!type)
		return malformed(symvers, line, "no column says how it is exported");
	export.name = columns[1];
	export.module = module_name(module);
	export.space = space ? space : "";
	export.gpl = type->gpl;
	if (!*export.name || !*export.module)
		return malformed(symvers, line, "the name or the module is empty");
	*ret_export = export;
	return NULL;
}

static struct mkp_error *add_export(struct mkp_symvers *symvers,
				    const struct mkp_export *export)
{
	struct mkp_error *error = mkp_array_reserve(&symvers->exports, &symvers->capacity,
						    symvers->nr_exports + 1,
						    sizeof(*symvers->exports));

	if (error)
		return error;
	error = mkp_index_add(&symvers->names, mkp_hash_string(export->name),
			      (uint32_t)symvers->nr_exports);
	if (!error)
		symvers->exports[symvers->nr_exports++] = *export;
	return error;
}

static struct mkp_error *parse(struct mkp_symvers *symvers)
{
	char *cursor = symvers->text, *text;
	size_t line = 0, blank = 0;
	struct mkp_error *error = NULL;

	while (!error && (text = mkp_textfile_line(&cursor))) {
		struct mkp_export export;

		line++;
		if (!*text) {
			blank = blank ? blank : line;
			continue;
		}
		if (blank)
			return malformed(symvers, blank, "blank line");
		error = parse_line(symvers, text, line, &export);
		if (!error)
			error = add_export(symvers, &export);
	}
	return error;
}

static bool same_export(const struct mkp_export *a, const struct mkp_export *b)
{
	return !strcmp(a->module, b->module) && !strcmp(a->space, b->space) &&
	       a->crc == b->crc && a->gpl == b->gpl;
}

/* One name is one export: with two, which of them a reference gets is not known. */
static struct mkp_error *check_unique(const struct mkp_symvers *symvers)
{
	size_t i;

	for (i = 0; i < symvers->nr_exports; i++) {
		const struct mkp_export *export = &symvers->exports[i], *first;

		first = mkp_symvers_find(symvers, export->name);
		/* There is no blank line, so its number is that of the export. */
		if (!same_export(first, export))
			return mkp_error_create(
				MKP_ERROR_FORMAT,
				"%s:%zu: %s was exported differently in line %zu",
				symvers->path, i + 1, export->name,
				(size_t)(first - symvers->exports) + 1);
	}
	return NULL;
}

struct mkp_error *mkp_symvers_open(const char *path, struct mkp_symvers **ret_symvers)
{
	struct mkp_symvers *symvers = calloc(1, sizeof(*symvers));
	struct mkp_error *error = NULL;

	if (!symvers)
		return mkp_error_nomem();
	mkp_index_init(&symvers->names);
	symvers->path = strdup(path);
	if (!symvers->path)
		error = mkp_error_nomem();
	if (!error)
		error = mkp_textfile_read(path, &symvers->text);
	if (!error)
		error = parse(symvers);
	mkp_index_seal(&symvers->names);
	if (!error)
		error = check_unique(symvers);
	if (error)
		mkp_symvers_destroy(symvers);
	else
		*ret_symvers = symvers;
	return error;
}

void mkp_symvers_destroy(struct mkp_symvers *symvers)
{
	if (!symvers)
		return;
	mkp_index_deinit(&symvers->names);
	free(symvers->exports);
	free(symvers->text);
	free(symvers->path);
	free(symvers);
}

bool mkp_export_is_closed(const struct mkp_export *export)
{
	return !strncmp(export->space, "module:", strlen("module:"));
}

const struct mkp_export *mkp_symvers_find(const struct mkp_symvers *symvers,
					  const char *name)
{
	size_t count, i;
	const struct mkp_index_entry *entries = mkp_index_find(
		&symvers->names, mkp_hash_string(name), &count);

	for (i = 0; i < count; i++)
		if (!strcmp(symvers->exports[entries[i].id].name, name))
			return &symvers->exports[entries[i].id];
	return NULL;
}
