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
		error = mkp_object_open_bare_fd(image->path, fd, packed, &image->object);
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

/* Puts the symbol that @order[i].id numbers at i, along the cycles of the permutation. */
static void permute(struct mkp_image_symbol *symbols, struct mkp_index_entry *order,
		    uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct mkp_image_symbol first = symbols[i];
		uint32_t at = i;

		while (order[at].id != i) {
			uint32_t from = order[at].id;

			symbols[at] = symbols[from];
			order[at].id = at;
			at = from;
		}
		symbols[at] = first;
		order[at].id = at;
	}
}

/* By ascending address, and those of one address as they were added. */
static struct mkp_error *sort_symbols(struct mkp_image *image)
{
	struct mkp_index addresses;
	struct mkp_error *error = NULL;

	mkp_index_init(&addresses);
	for (uint32_t i = 0; !error && i < image->nr_symbols; i++)
		error = mkp_index_add(&addresses, image->symbols[i].address, i);
	if (!error) {
		mkp_index_seal(&addresses);
		permute(image->symbols, addresses.entries, (uint32_t)image->nr_symbols);
	}
	mkp_index_deinit(&addresses);
	return error;
}

uint64_t mkp_image_place(uint64_t name, uint64_t file)
{
	return mkp_hash_mix(name, file);
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

/* The hash of what the kernel takes the name for. */
static struct mkp_error *index_shortened(struct mkp_image *image, uint32_t id)
{
	const char *name = image->symbols[id].name, *end = strstr(name, MKP_LTO_SUFFIX);

	return end ? mkp_index_add(&image->shortened,
				   mkp_hash_bytes(name, (size_t)(end - name)), id)
		   : NULL;
}

static struct mkp_error *index_symbol(struct mkp_image *image, uint32_t id,
				      const uint64_t *files)
{
	const struct mkp_image_symbol *symbol = &image->symbols[id];
	uint64_t name = mkp_hash_string(symbol->name);
	struct mkp_error *error = mkp_index_add(&image->names, name, id);

	if (error || !counts_in_block(symbol))
		return error;
	image->blocks[symbol->block].nr_locals++;
	return mkp_index_add(&image->places, mkp_image_place(name, files[symbol->block]),
			     id);
}

/* Each name is hashed once, since there are a hundred thousand. */
static struct mkp_error *index_symbols(struct mkp_image *image)
{
	MKP_CLEANUP_FREE uint64_t *files = NULL;
	struct mkp_error *error = mkp_array_create(image->nr_blocks, sizeof(*files),
						   &files);

	for (uint32_t i = 1; !error && i < image->nr_blocks; i++) {
		files[i] = mkp_hash_string(image->blocks[i].file);
		error = mkp_index_add(&image->files, files[i], i);
	}
	for (uint32_t i = 0; !error && i < image->nr_symbols; i++)
		error = index_symbol(image, i, files);
	if (image->module || !mkp_kallsyms_ignores_suffix(image->version))
		return error;
	for (uint32_t i = 0; !error && i < image->nr_symbols; i++)
		error = index_shortened(image, i);
	return error;
}

struct mkp_error *mkp_image_seal(struct mkp_image *image)
{
	struct mkp_error *error = NULL;

	if (!image->nr_symbols)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s has no symbols",
					image->path);
	/* A module's order is that of its rows already: see kallsyms.c. */
	if (!image->module)
		error = sort_symbols(image);
	if (!error)
		error = index_symbols(image);
	if (error)
		return error;
	mkp_index_seal(&image->names);
	mkp_index_seal(&image->places);
	mkp_index_seal(&image->files);
	mkp_index_seal(&image->shortened);
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
	mkp_index_init(&image->shortened);
	image->path = strdup(path);
	image->module = module ? strdup(module) : NULL;
	if (!image->path || (module && !image->module)) {
		mkp_image_destroy(image);
		return mkp_error_nomem();
	}
	*ret_image = image;
	return NULL;
}

/* Modules are small, and what comes from several files has several keys. */
static bool takes_cache(const struct mkp_image *image,
			const struct mkp_image_source *source)
{
	return image->object && image->object->symtab && !image->module &&
	       !source->sysmap;
}

struct mkp_error *mkp_image_open_source(const struct mkp_image_source *source,
					struct mkp_image **ret_image)
{
	struct mkp_image *image = NULL;
	struct mkp_error *error = mkp_image_create(source->path, source->module, &image);

	if (error)
		return error;
	error = load(image, source);
	if (!error && !image->cache)
		error = mkp_image_seal(image);
	if (!error && !image->cache && source->cache && takes_cache(image, source))
		error = mkp_image_cache_store(image, source->cache);
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
	mkp_image_cache_deinit(image);
	mkp_index_deinit(&image->names);
	mkp_index_deinit(&image->places);
	mkp_index_deinit(&image->files);
	mkp_index_deinit(&image->shortened);
	free(image->symbols);
	free(image->blocks);
	free(image->text);
	mkp_object_destroy(image->object);
	mkp_object_destroy(image->debug);
	free(image->release);
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
	const char *name = mkp_image_modinfo(image, "name");

	return name && *name ? name : NULL;
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
