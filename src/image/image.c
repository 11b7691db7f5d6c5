// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/unpack.h"
#include "elf/object.h"
#include "image/private.h"

/* ---- What a file is ---- */

struct magic {
	const char *bytes;
	size_t size;
	size_t offset;
	const char *what;
};

/* Files that are likely to be given by mistake, by what is at a place of theirs. */
static const struct magic unsupported[] = {
	{ "HdrS", 4, 0x202, "a boot image, not vmlinux: it has no symbols" },
	{ "MZ", 2, 0, "a boot image, not vmlinux: it has no symbols" },
};

static bool has_magic(const char *head, size_t size, const struct magic *magic)
{
	return size >= magic->offset + magic->size &&
	       !memcmp(head + magic->offset, magic->bytes, magic->size);
}

/* A text, or what is likely to be given by mistake. */
static struct mkp_error *load_other(struct mkp_image *image, const char *head,
				    size_t size)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(unsupported); i++)
		if (has_magic(head, size, &unsupported[i]))
			return mkp_error_create(MKP_ERROR_UNSUPPORTED, "%s is %s",
						image->path, unsupported[i].what);
	return mkp_image_load_text(image, image->path);
}

static struct mkp_error *load(struct mkp_image *image,
			      const struct mkp_image_source *source)
{
	char head[0x206];
	int fd = -1;
	bool packed;
	struct mkp_error *error = mkp_file_open(image->path, &fd, &packed);
	ssize_t got;

	if (error)
		return error;
	got = pread(fd, head, sizeof(head), 0);
	if (got >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG)) {
		error = mkp_object_open_fd(image->path, fd, packed, &image->object);
		return error ? error : mkp_image_load_elf(image, source);
	}
	if (got < 0)
		error = mkp_error_create_errno(errno, "cannot read %s", image->path);
	close(fd);
	return error ? error : load_other(image, head, (size_t)got);
}

/* ---- Order and indexes ---- */

struct mkp_error *mkp_image_add(struct mkp_image *image,
				const struct mkp_image_symbol *symbol)
{
	struct mkp_error *error = mkp_array_reserve(&image->symbols, &image->capacity,
						    image->nr_symbols + 1,
						    sizeof(*image->symbols));

	if (!error)
		image->symbols[image->nr_symbols++] = *symbol;
	return error;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct mkp_image_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

uint64_t mkp_image_place(const char *name, const char *file)
{
	return mkp_hash_mix(mkp_hash_string(name), mkp_hash_string(file));
}

/*
 * Siblings are local functions and objects. objtool adds prefix symbols to the linked
 * vmlinux.o behind its last local one, so they would count for a file that has none.
 */
static bool counts_in_block(const struct mkp_image_symbol *symbol)
{
	return symbol->block && (symbol->function || symbol->object) &&
	       strncmp(symbol->name, "__pfx_", strlen("__pfx_")) != 0;
}

static struct mkp_error *index_symbol(struct mkp_image *image, uint32_t id)
{
	const struct mkp_image_symbol *symbol = &image->symbols[id];
	struct mkp_error *error;

	error = mkp_index_add(&image->names, mkp_hash_string(symbol->name), id);
	if (error || !counts_in_block(symbol))
		return error;
	image->blocks[symbol->block].nr_locals++;
	return mkp_index_add(&image->places, mkp_image_place(symbol->name, symbol->file),
			     id);
}

struct mkp_error *mkp_image_seal(struct mkp_image *image)
{
	struct mkp_error *error = NULL;
	uint32_t i;

	/* A module's order is that of its rows already: see kallsyms.c. */
	if (!image->module && image->nr_symbols)
		qsort(image->symbols, image->nr_symbols, sizeof(*image->symbols),
		      compare_symbols);
	for (i = 0; !error && i < image->nr_symbols; i++)
		error = index_symbol(image, i);
	for (i = 1; !error && i < image->nr_blocks; i++)
		error = mkp_index_add(&image->files,
				      mkp_hash_string(image->blocks[i].file), i);
	if (error)
		return error;
	mkp_index_seal(&image->names);
	mkp_index_seal(&image->places);
	mkp_index_seal(&image->files);
	if (!image->nr_symbols)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s has no symbols",
					image->path);
	return NULL;
}

/* ---- Life ---- */

struct mkp_error *mkp_image_create(const char *path, const char *module,
				   struct mkp_image **ret_image)
{
	struct mkp_image *image = calloc(1, sizeof(*image));

	if (!image)
		return mkp_error_nomem();
	mkp_index_init(&image->names);
	mkp_index_init(&image->places);
	mkp_index_init(&image->files);
	image->path = strdup(path);
	image->module = module ? strdup(module) : NULL;
	if (!image->path || (module && !image->module)) {
		mkp_image_destroy(image);
		return mkp_error_nomem();
	}
	*ret_image = image;
	return NULL;
}

struct mkp_error *mkp_image_open_source(const struct mkp_image_source *source,
					struct mkp_image **ret_image)
{
	struct mkp_image *image = NULL;
	struct mkp_error *error = mkp_image_create(source->path, source->module, &image);

	if (error)
		return error;
	error = load(image, source);
	if (!error)
		error = mkp_image_seal(image);
	if (error)
		mkp_image_destroy(image);
	else
		*ret_image = image;
	return error;
}

struct mkp_error *mkp_image_open(const char *path, const char *module,
				 struct mkp_image **ret_image)
{
	const struct mkp_image_source source = { .path = path, .module = module };

	return mkp_image_open_source(&source, ret_image);
}

void mkp_image_destroy(struct mkp_image *image)
{
	if (!image)
		return;
	mkp_index_deinit(&image->names);
	mkp_index_deinit(&image->places);
	mkp_index_deinit(&image->files);
	free(image->symbols);
	free(image->blocks);
	free(image->text);
	mkp_object_destroy(image->object);
	mkp_object_destroy(image->debug);
	free(image->modinfo_name);
	free(image->module);
	free(image->path);
	free(image);
}

/* ---- Questions ---- */

enum mkp_image_kind mkp_image_kind(const struct mkp_image *image)
{
	return image->kind;
}

const char *mkp_image_path(const struct mkp_image *image)
{
	return image->path;
}

const char *mkp_image_module_name(const struct mkp_image *image)
{
	return image->modinfo_name;
}

const char *mkp_image_debug_path(const struct mkp_image *image)
{
	return image->debug ? image->debug->path : NULL;
}

const struct mkp_object *mkp_image_object(const struct mkp_image *image)
{
	return image->object;
}

const struct mkp_image_symbol *mkp_image_symbols(const struct mkp_image *image,
						 size_t *ret_count)
{
	*ret_count = image->nr_symbols;
	return image->symbols;
}

const struct mkp_index_entry *mkp_image_find_name(const struct mkp_image *image,
						  uint64_t hash, size_t *ret_count)
{
	return mkp_index_find(&image->names, hash, ret_count);
}
