// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System.map and /proc/kallsyms: lines of "ADDRESS LETTER NAME", in kallsyms followed by
 * "<tab>[MODULE]" for what is in a module. The letter is that of nm.
 *
 * The two are told apart because kallsyms lists only what it keeps, while System.map
 * still has the absolute symbols that it drops. A kernel without modules gives kallsyms
 * no module column; then the type of __per_cpu_start tells: scripts/kallsyms makes it
 * absolute
 * ("A"), nm says "D". Where neither is seen, no symbol is treated differently by the two.
 */
#include <ctype.h>
#include <string.h>

#include "image/private.h"

struct row {
	uint64_t address;
	char letter;
	const char *name;
	const char *module; /* NULL: vmlinux */
};

static struct mkp_error *malformed(const char *path, uint32_t line)
{
	return mkp_error_create(MKP_ERROR_FORMAT,
				"%s:%u: not a line \"ADDRESS LETTER NAME\" of System.map "
				"or kallsyms",
				path, line);
}

static bool parse_address(char **cursor, uint64_t *ret_address)
{
	uint64_t address = 0;
	unsigned digits = 0;
	char *at = *cursor;

	for (; isxdigit((unsigned char)*at); at++, digits++) {
		int digit = tolower((unsigned char)*at);

		digit -= isdigit(digit) ? '0' : 'a' - 10;
		address = address << 4 | (unsigned)digit;
	}
	if (!digits || digits > 16 || *at != ' ')
		return false;
	*cursor = at + 1;
	*ret_address = address;
	return true;
}

/* "[name]" to the end of the line; cuts it in place. */
static bool parse_module(char *column, const char **ret_module)
{
	size_t length = strlen(column);

	if (length < 3 || column[0] != '[' || column[length - 1] != ']')
		return false;
	column[length - 1] = '\0';
	*ret_module = column + 1;
	return true;
}

static bool parse_row(char *line, struct row *ret_row)
{
	struct row row = { 0 };
	char *tab;

	if (!parse_address(&line, &row.address))
		return false;
	if (!isgraph((unsigned char)line[0]) || line[1] != ' ' || !line[2])
		return false;
	row.letter = line[0];
	row.name = line + 2;
	tab = strchr(line + 2, '\t');
	if (tab) {
		*tab = '\0';
		if (!parse_module(tab + 1, &row.module))
			return false;
	}
	if (!*row.name || strpbrk(row.name, " \r"))
		return false;
	*ret_row = row;
	return true;
}

/* Weak and unique symbols are global whatever the case of their letter says. */
static void set_binding(struct mkp_image_symbol *symbol, const struct row *row)
{
	bool upper = isupper((unsigned char)row->letter);

	if (strchr("wWvVu", row->letter))
		symbol->global = true;
	else if (row->module)
		/* For modules upper case means exported (kernel/kallsyms.c, s_show()). */
		symbol->global = upper;
	else if (upper)
		symbol->global = true;
	else
		symbol->local = true;
}

/* `W`/`w` may be either: a weak alias of a variable without a type, say. */
static void set_kind(struct mkp_image_symbol *symbol, char letter)
{
	symbol->function = strchr("tTi", letter) != NULL;
	symbol->object = strchr("aAbBdDgGrRsSvV", letter) != NULL;
}

struct scan {
	struct mkp_image *image;
	const char *path;
	uint32_t line;
	bool any_address;
	size_t nr_rows; /* that belong to the object that is asked for */
};

static bool is_wanted(const struct mkp_image *image, const struct row *row)
{
	if (!image->module || !row->module)
		return !image->module && !row->module;
	return !strcmp(image->module, row->module);
}

/* System.map has more than kallsyms keeps. */
static bool is_kept(const struct mkp_image *image, const struct row *row)
{
	return image->kind == MKP_IMAGE_KALLSYMS ||
	       (mkp_kallsyms_keeps_letter(row->letter) &&
		mkp_kallsyms_keeps_name(row->name, image->version));
}

static struct mkp_error *add_row(struct scan *scan, const struct row *row)
{
	struct mkp_image_symbol symbol = {
		.name = row->name,
		.address = row->address,
		.row = scan->line,
	};

	scan->nr_rows++;
	set_binding(&symbol, row);
	set_kind(&symbol, row->letter);
	return mkp_image_add(scan->image, &symbol);
}

static struct mkp_error *scan_line(struct scan *scan, char *line)
{
	const struct mkp_image *image = scan->image;
	struct row row;

	scan->line++;
	if (!parse_row(line, &row))
		return malformed(scan->path, scan->line);
	scan->any_address |= row.address != 0;
	if (!is_wanted(image, &row) || !is_kept(image, &row))
		return NULL;
	return add_row(scan, &row);
}

static struct mkp_error *check(const struct scan *scan)
{
	const struct mkp_image *image = scan->image;

	if (!scan->line)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s is empty", scan->path);
	if (!scan->any_address)
		return mkp_error_create(
			MKP_ERROR_UNSUPPORTED,
			"%s shows all addresses as 0 to this user: run as root",
			scan->path);
	if (image->module && !scan->nr_rows)
		return mkp_error_create(
			MKP_ERROR_USAGE,
			"%s has no symbols of module %s: it is not loaded", scan->path,
			image->module);
	return NULL;
}

static enum mkp_image_kind find_kind(const char *text)
{
	if (strstr(text, "\t[") || strstr(text, " A __per_cpu_start\n"))
		return MKP_IMAGE_KALLSYMS;
	return MKP_IMAGE_SYSMAP;
}

struct mkp_error *mkp_image_load_text(struct mkp_image *image, const char *path)
{
	struct scan scan = { .image = image, .path = path };
	struct mkp_error *error;
	char *cursor, *line;

	if (mkp_sysmap_is_placeholder(path))
		return mkp_error_create(
			MKP_ERROR_FORMAT,
			"%s is Debian's placeholder for a System.map: the symbols are in "
			"the package linux-image-RELEASE-dbg "
			"(/usr/lib/debug/boot/vmlinux-RELEASE)",
			path);
	error = mkp_textfile_read(path, &image->text);
	if (error)
		return error;
	image->kind = find_kind(image->text);
	cursor = image->text;
	while (!error && (line = mkp_textfile_line(&cursor)))
		error = scan_line(&scan, line);
	return error ? error : check(&scan);
}
