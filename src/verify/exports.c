// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is exported, and with which checksum.
 *
 * An image says it itself: each export has a symbol __ksymtab_NAME, and with
 * CONFIG_MODVERSIONS a word at __crc_NAME (include/linux/export-internal.h and
 * include/linux/export.h, v6.1; older kernels of some architectures have the checksum as
 * the symbol's value). Module.symvers files say it of what has no image here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "verify/private.h"

/* The symbol PREFIX + NAME, if it is in a section of the image; NULL: none. */
static const struct mkp_symbol *find_record(const struct mkp_verify_image *image,
					    const char *prefix, const char *name)
{
	const struct mkp_object *object = image->object;
	MKP_CLEANUP_FREE char *text = NULL;
	const struct mkp_index_entry *entry;
	size_t count;

	if (asprintf(&text, "%s%s", prefix, name) < 0) {
		text = NULL;
		return NULL;
	}
	entry = mkp_index_find(&object->names, mkp_hash_string(text), &count);
	for (size_t i = 0; i < count; i++) {
		const struct mkp_symbol *symbol = &object->symbols[entry[i].id];

		if (symbol->section && !strcmp(symbol->name, text))
			return symbol;
	}
	return NULL;
}

/* The string at a symbol, which ends in its section; NULL: none. */
static const char *string_at(const struct mkp_verify_image *image,
			     const struct mkp_symbol *symbol)
{
	const uint8_t *data = mkp_verify_image_bytes(image, symbol, 1);

	for (uint64_t size = 1; data; size++) {
		if (!data[size - 1])
			break;
		data = mkp_verify_image_bytes(image, symbol, size + 1);
	}
	return (const char *)data;
}

bool mkp_verify_image_export(const struct mkp_verify_image *image, const char *name,
			     struct mkp_verify_export *ret_export)
{
	const struct mkp_symbol *crc, *space;
	const uint8_t *data;

	if (!find_record(image, "__ksymtab_", name))
		return false;
	*ret_export = (struct mkp_verify_export){ .object = image->name };
	crc = find_record(image, "__crc_", name);
	data = crc ? mkp_verify_image_bytes(image, crc, 4) : NULL;
	if (crc && crc->section == MKP_SHN_ABS)
		ret_export->crc = (uint32_t)crc->value;
	else if (data)
		ret_export->crc = (uint32_t)mkp_verify_word(image->object, data, 4);
	ret_export->has_crc = data || (crc && crc->section == MKP_SHN_ABS);
	space = find_record(image, "__kstrtabns_", name);
	ret_export->space = space ? string_at(image, space) : NULL;
	return true;
}

/* ---- Module.symvers ---- */

struct line {
	char *name, *object, *space; /* into the text */
	uint32_t crc;
};

struct mkp_verify_symvers {
	char **texts; /* one a file */
	size_t nr_texts;
	struct line *lines;
	size_t nr_lines, cap_lines;
	struct mkp_index names;
};

static struct mkp_error *read_text(const char *path, char **ret_text)
{
	FILE *stream = fopen(path, "re");
	char *text = NULL;
	size_t capacity = 0;
	struct mkp_error *error = NULL;

	if (!stream)
		return mkp_error_create_errno(errno, "%s", path);
	errno = 0;
	/* No line has a NUL: so one read takes the whole file. */
	if (getdelim(&text, &capacity, '\0', stream) < 0 && ferror(stream))
		error = mkp_error_create_errno(errno, "%s", path);
	fclose(stream);
	if (!error && !text)
		error = mkp_error_nomem();
	if (error) {
		free(text);
		return error;
	}
	*ret_text = text;
	return NULL;
}

/* CRC, name, object and kind of export; a fifth column is the namespace (since v5.4). */
static struct mkp_error *parse_line(struct mkp_verify_symvers *symvers, char *text,
				    const char *path, size_t number)
{
	char *column[5] = { text };
	struct line line = { 0 };
	struct mkp_error *error;
	char *slash, *end, *tab;
	int count = 1;

	for (; count < 5 && (tab = strchr(column[count - 1], '\t')); count++) {
		*tab = '\0';
		column[count] = tab + 1;
	}
	errno = 0;
	line.crc = (uint32_t)strtoul(column[0], &end, 16);
	if (count < 4 || *end || errno || !*column[1])
		return mkp_error_create(MKP_ERROR_FORMAT, "%s:%zu: not an export", path,
					number);
	slash = strrchr(column[2], '/');
	line.name = column[1];
	line.object = slash ? slash + 1 : column[2];
	line.space = count > 4 ? column[4] : column[3] + strlen(column[3]);
	for (char *at = line.object; *at; at++)
		if (*at == '-')
			*at = '_';
	error = mkp_index_add(&symvers->names, mkp_hash_string(line.name),
			      (uint32_t)symvers->nr_lines);
	if (!error)
		error = mkp_array_reserve(&symvers->lines, &symvers->cap_lines,
					  symvers->nr_lines + 1, sizeof(line));
	if (!error)
		symvers->lines[symvers->nr_lines++] = line;
	return error;
}

static struct mkp_error *read_file(struct mkp_verify_symvers *symvers, const char *path)
{
	struct mkp_error *error = read_text(path, &symvers->texts[symvers->nr_texts]);
	char *line, *rest;
	size_t number = 0;

	if (error)
		return error;
	rest = symvers->texts[symvers->nr_texts++];
	while (!error && (line = strsep(&rest, "\n"))) {
		number++;
		if (*line)
			error = parse_line(symvers, line, path, number);
	}
	return error;
}

struct mkp_error *mkp_verify_symvers_open(const char *const *paths, size_t count,
					  struct mkp_verify_symvers **ret_symvers)
{
	struct mkp_verify_symvers *symvers;
	struct mkp_error *error = mkp_array_create(1, sizeof(*symvers), &symvers);

	if (error)
		return error;
	mkp_index_init(&symvers->names);
	error = mkp_array_create(count, sizeof(*symvers->texts), &symvers->texts);
	for (size_t i = 0; i < count && !error; i++)
		error = read_file(symvers, paths[i]);
	mkp_index_seal(&symvers->names);
	if (error) {
		mkp_verify_symvers_destroy(symvers);
		return error;
	}
	*ret_symvers = symvers;
	return NULL;
}

void mkp_verify_symvers_destroy(struct mkp_verify_symvers *symvers)
{
	if (!symvers)
		return;
	for (size_t i = 0; i < symvers->nr_texts; i++)
		free(symvers->texts[i]);
	free(symvers->texts);
	free(symvers->lines);
	mkp_index_deinit(&symvers->names);
	free(symvers);
}

bool mkp_verify_symvers_find(const struct mkp_verify_symvers *symvers, const char *name,
			     struct mkp_verify_export *ret_export)
{
	size_t count;
	const struct mkp_index_entry *entry = mkp_index_find(
		&symvers->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++) {
		const struct line *line = &symvers->lines[entry[i].id];

		if (strcmp(line->name, name))
			continue;
		*ret_export = (struct mkp_verify_export){
			.object = line->object,
			.space = line->space,
			.has_crc = true,
			.crc = line->crc,
		};
		return true;
	}
	return false;
}
