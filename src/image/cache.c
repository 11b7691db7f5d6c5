// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The symbols of a linked vmlinux as the image room has them: in kallsyms' order, with
 * the indexes. To read, sort and index a hundred thousand takes most of the time of a
 * small command; from a file of numbers it takes a tenth.
 *
 * The file is DIR/BUILD-ID.symbols. What it was made from is in its header, and it is
 * taken only if all of that is the same now: the format, this program's hash function,
 * the build-id, the file's size, and the content of the symbol and string tables. A
 * checksum covers everything, and no number is used as an index before it was checked.
 * Whatever is wrong with it, it is made again and replaces the old one by rename, so that
 * no run sees half of a file. Names are not in it: they stay in the string table of the
 * vmlinux.
 *
 * The numbers are in the byte order of this machine, as the first of them shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/write.h"
#include "elf/object.h"
#include "image/private.h"

/* Another number for whatever changes what is written, or what kallsyms.c keeps. */
#define FORMAT	  1
#define MAGIC	  UINT64_C(0x6d6b7073796d7300)
#define MAX_ID	  64
#define NO_STRING UINT32_MAX

/* Which vmlinux, and which program. */
struct key {
	uint64_t magic;
	uint64_t format;
	uint64_t hash; /* of a known string */
	uint64_t file_size;
	uint64_t tables; /* hash of symbols and strings */
	uint8_t id[MAX_ID];
};

struct header {
	uint64_t checksum; /* of all that follows */
	struct key key;
	uint64_t banner; /* address of linux_banner, 0: none */
	uint64_t nr_symbols, nr_blocks;
	uint64_t nr_names, nr_places, nr_files, nr_shortened;
};

struct cached_symbol {
	uint64_t address, size;
	uint32_t name; /* in the string table */
	uint32_t block, row;
	uint32_t flags;
};

struct cached_block {
	uint32_t file; /* in the string table, NO_STRING: none */
	uint32_t nr_locals;
};

enum {
	IS_LOCAL = 1,
	IS_GLOBAL = 2,
	IS_FUNCTION = 4,
	IS_OBJECT = 8,
};

/* The parts behind the header, in this order. */
struct parts {
	struct cached_symbol *symbols;
	struct mkp_index_entry *names, *places, *files, *shortened;
	struct cached_block *blocks;
};

static const struct mkp_section *strings_of(const struct mkp_object *object)
{
	return &object->sections[object->sections[object->symtab].link];
}

static bool make_key(const struct mkp_object *object, struct key *ret_key)
{
	const struct mkp_section *symbols = &object->sections[object->symtab];
	const struct mkp_section *strings = strings_of(object);
	size_t size;
	const uint8_t *id = mkp_build_id_find(object, &size);
	struct key key = {
		.magic = MAGIC,
		.format = FORMAT,
		.hash = mkp_hash_string("mkpatch"),
		.file_size = object->image_size,
	};

	if (!id || size > MAX_ID || strings->size >= NO_STRING)
		return false;
	key.tables = mkp_hash_mix(mkp_hash_bytes(symbols->data, symbols->size),
				  mkp_hash_bytes(strings->data, strings->size));
	memcpy(key.id, id, size);
	*ret_key = key;
	return true;
}

/* DIR/BUILD-ID.symbols; malloc'ed. */
static struct mkp_error *make_path(const struct mkp_object *object, const char *directory,
				   char **ret_path)
{
	size_t size, length, i;
	const uint8_t *id = mkp_build_id_find(object, &size);
	char *path = NULL;
	FILE *stream = open_memstream(&path, &length);

	if (!stream)
		return mkp_error_nomem();
	fprintf(stream, "%s/", directory);
	for (i = 0; i < size; i++)
		fprintf(stream, "%02x", id[i]);
	fputs(".symbols", stream);
	if (fclose(stream)) {
		free(path);
		return mkp_error_nomem();
	}
	*ret_path = path;
	return NULL;
}

/* ---- Reading ---- */

/* The size that the counts of @header make, 0 if they can not be right. */
static uint64_t total_size(const struct header *header)
{
	uint64_t entries = header->nr_names + header->nr_places + header->nr_files +
			   header->nr_shortened;

	if (header->nr_symbols > UINT32_MAX || header->nr_blocks > UINT32_MAX ||
	    header->nr_names > UINT32_MAX || header->nr_places > UINT32_MAX ||
	    header->nr_files > UINT32_MAX || header->nr_shortened > UINT32_MAX)
		return 0;
	return sizeof(*header) + header->nr_symbols * sizeof(struct cached_symbol) +
	       entries * sizeof(struct mkp_index_entry) +
	       header->nr_blocks * sizeof(struct cached_block);
}

static void find_parts(const struct header *header, void *mapping, struct parts *parts)
{
	uint8_t *at = (uint8_t *)mapping + sizeof(*header);

	parts->symbols = (void *)at;
	at += header->nr_symbols * sizeof(*parts->symbols);
	parts->names = (void *)at;
	parts->places = parts->names + header->nr_names;
	parts->files = parts->places + header->nr_places;
	parts->shortened = parts->files + header->nr_files;
	parts->blocks = (void *)(parts->shortened + header->nr_shortened);
}

static uint64_t sum(const void *data, uint64_t size)
{
	return mkp_hash_bytes((const uint8_t *)data + sizeof(uint64_t),
			      size - sizeof(uint64_t));
}

static bool is_whole(const struct header *header, const struct key *key, uint64_t size)
{
	return size > sizeof(*header) && !memcmp(&header->key, key, sizeof(*key)) &&
	       total_size(header) == size && header->nr_symbols && header->nr_blocks &&
	       sum(header, size) == header->checksum;
}

static bool check_entries(const struct mkp_index_entry *entries, uint64_t count,
			  uint64_t limit)
{
	for (uint64_t i = 0; i < count; i++)
		if (entries[i].id >= limit)
			return false;
	return true;
}

static bool check_parts(const struct header *header, const struct parts *parts,
			uint64_t nr_strings)
{
	for (uint64_t i = 0; i < header->nr_symbols; i++)
		if (parts->symbols[i].name >= nr_strings ||
		    parts->symbols[i].block >= header->nr_blocks)
			return false;
	for (uint64_t i = 0; i < header->nr_blocks; i++)
		if (parts->blocks[i].file >= nr_strings &&
		    parts->blocks[i].file != NO_STRING)
			return false;
	return check_entries(parts->names, header->nr_names, header->nr_symbols) &&
	       check_entries(parts->places, header->nr_places, header->nr_symbols) &&
	       check_entries(parts->files, header->nr_files, header->nr_blocks) &&
	       check_entries(parts->shortened, header->nr_shortened, header->nr_symbols);
}

/* The index borrows its entries from the mapping: see mkp_image_cache_deinit(). */
static void borrow(struct mkp_index *index, struct mkp_index_entry *entries,
		   uint64_t count)
{
	*index = (struct mkp_index){ .entries = entries, .count = count };
}

static void take_symbol(const struct mkp_image *image, const char *strings,
			const struct cached_symbol *from, struct mkp_image_symbol *to)
{
	*to = (struct mkp_image_symbol){
		.name = strings + from->name,
		.file = image->blocks[from->block].file,
		.address = from->address,
		.size = from->size,
		.block = from->block,
		.row = from->row,
		.local = from->flags & IS_LOCAL,
		.global = from->flags & IS_GLOBAL,
		.function = from->flags & IS_FUNCTION,
		.object = from->flags & IS_OBJECT,
	};
}

static struct mkp_error *take_parts(struct mkp_image *image, const struct header *header,
				    const struct parts *parts)
{
	const char *strings = (const char *)strings_of(image->object)->data;
	struct mkp_error *error = mkp_array_create(
		header->nr_blocks, sizeof(*image->blocks), &image->blocks);

	if (!error)
		error = mkp_array_create(header->nr_symbols, sizeof(*image->symbols),
					 &image->symbols);
	if (error)
		return error;
	image->nr_blocks = (uint32_t)header->nr_blocks;
	image->nr_symbols = image->capacity = header->nr_symbols;
	for (uint32_t i = 0; i < image->nr_blocks; i++) {
		const struct cached_block *block = &parts->blocks[i];

		image->blocks[i] = (struct mkp_image_block){
			.file = block->file == NO_STRING ? NULL : strings + block->file,
			.nr_locals = block->nr_locals,
		};
	}
	for (size_t i = 0; i < image->nr_symbols; i++)
		take_symbol(image, strings, &parts->symbols[i], &image->symbols[i]);
	borrow(&image->names, parts->names, header->nr_names);
	borrow(&image->places, parts->places, header->nr_places);
	borrow(&image->files, parts->files, header->nr_files);
	borrow(&image->shortened, parts->shortened, header->nr_shortened);
	return mkp_image_read_release(image, header->banner);
}

/* Maps the file privately; NULL if there is none that can be read. */
static void *map_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *mapping = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size > 0)
		mapping = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd,
			       0);
	close(fd);
	if (mapping == MAP_FAILED)
		return NULL;
	*ret_size = (size_t)status.st_size;
	return mapping;
}

struct mkp_error *mkp_image_cache_load(struct mkp_image *image, const char *directory)
{
	uint64_t nr_strings = strings_of(image->object)->size;
	struct mkp_error *error;
	const struct header *header;
	MKP_CLEANUP_FREE char *path = NULL;
	struct parts parts;
	struct key key;
	size_t size;
	void *mapping;

	if (!make_key(image->object, &key))
		return NULL;
	error = make_path(image->object, directory, &path);
	if (error)
		return error;
	mapping = map_file(path, &size);
	if (!mapping)
		return NULL;
	header = mapping;
	if (size > sizeof(*header) && is_whole(header, &key, size)) {
		find_parts(header, mapping, &parts);
		if (check_parts(header, &parts, nr_strings)) {
			image->cache = mapping;
			image->cache_size = size;
			return take_parts(image, header, &parts);
		}
	}
	munmap(mapping, size);
	return NULL;
}

void mkp_image_cache_deinit(struct mkp_image *image)
{
	if (!image->cache)
		return;
	munmap(image->cache, image->cache_size);
	mkp_index_init(&image->names);
	mkp_index_init(&image->places);
	mkp_index_init(&image->files);
	mkp_index_init(&image->shortened);
}

/* ---- Writing ---- */

static uint32_t string_number(const char *strings, const char *string)
{
	return string ? (uint32_t)(string - strings) : NO_STRING;
}

static void give_symbol(const char *strings, const struct mkp_image_symbol *from,
			struct cached_symbol *to)
{
	*to = (struct cached_symbol){
		.address = from->address,
		.size = from->size,
		.name = string_number(strings, from->name),
		.block = from->block,
		.row = from->row,
		.flags = (from->local ? IS_LOCAL : 0u) | (from->global ? IS_GLOBAL : 0u) |
			 (from->function ? IS_FUNCTION : 0u) |
			 (from->object ? IS_OBJECT : 0u),
	};
}

/* Member by member: there are unused bytes between an entry and the next. */
static void give_entries(const struct mkp_index *index, struct mkp_index_entry *to)
{
	for (size_t i = 0; i < index->count; i++) {
		to[i].key = index->entries[i].key;
		to[i].id = index->entries[i].id;
	}
}

static void give_parts(const struct mkp_image *image, const struct parts *parts)
{
	const char *strings = (const char *)strings_of(image->object)->data;

	for (size_t i = 0; i < image->nr_symbols; i++)
		give_symbol(strings, &image->symbols[i], &parts->symbols[i]);
	for (uint32_t i = 0; i < image->nr_blocks; i++)
		parts->blocks[i] = (struct cached_block){
			.file = string_number(strings, image->blocks[i].file),
			.nr_locals = image->blocks[i].nr_locals,
		};
	give_entries(&image->names, parts->names);
	give_entries(&image->places, parts->places);
	give_entries(&image->files, parts->files);
	give_entries(&image->shortened, parts->shortened);
}

/* A new file beside @path, which others may read as far as the umask lets them. mkstemp()
 * would not let them, and each of several users would make the cache again. */
static struct mkp_error *open_beside(const char *path, char **ret_path, int *ret_fd)
{
	char *beside = NULL;
	uint64_t number;

	do {
		free(beside);
		if (getrandom(&number, sizeof(number), 0) != sizeof(number) ||
		    asprintf(&beside, "%s.%016" PRIx64, path, number) < 0)
			return mkp_error_nomem();
		*ret_fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	} while (*ret_fd < 0 && errno == EEXIST);
	*ret_path = beside;
	if (*ret_fd < 0)
		return mkp_error_create_errno(errno, "cannot write the cache %s", path);
	return NULL;
}

/* Another run may do the same: the last one wins, and both files are whole. */
static struct mkp_error *replace(const char *path, const void *data, size_t size)
{
	MKP_CLEANUP_FREE char *temporary = NULL;
	int fd = -1;
	struct mkp_error *error = open_beside(path, &temporary, &fd);

	if (error)
		return error;
	if (!mkp_write_all(fd, data, size))
		error = mkp_error_create_errno(errno, "cannot write the cache %s", path);
	if (close(fd) && !error)
		error = mkp_error_create_errno(errno, "cannot write the cache %s", path);
	if (!error && rename(temporary, path))
		error = mkp_error_create_errno(errno, "cannot write the cache %s", path);
	if (error)
		unlink(temporary);
	return error;
}

static uint64_t find_banner(const struct mkp_image *image)
{
	size_t count;
	const struct mkp_index_entry *entries = mkp_index_find(
		&image->names, mkp_hash_string("linux_banner"), &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(image->symbols[entries[i].id].name, "linux_banner"))
			return image->symbols[entries[i].id].address;
	return 0;
}

struct mkp_error *mkp_image_cache_store(const struct mkp_image *image,
					const char *directory)
{
	struct header header = {
		.banner = find_banner(image),
		.nr_symbols = image->nr_symbols,
		.nr_blocks = image->nr_blocks,
		.nr_names = image->names.count,
		.nr_places = image->places.count,
		.nr_files = image->files.count,
		.nr_shortened = image->shortened.count,
	};
	MKP_CLEANUP_FREE uint8_t *data = NULL;
	MKP_CLEANUP_FREE char *path = NULL;
	uint64_t size = total_size(&header);
	struct parts parts;
	struct mkp_error *error;

	if (!make_key(image->object, &header.key))
		return NULL;
	if (mkdir(directory, 0777) && errno != EEXIST)
		return mkp_error_create_errno(errno, "cannot make the cache %s",
					      directory);
	error = make_path(image->object, directory, &path);
	if (!error)
		error = mkp_array_create(size, 1, &data);
	if (error)
		return error;
	find_parts(&header, data, &parts);
	give_parts(image, &parts);
	memcpy(data, &header, sizeof(header));
	header.checksum = sum(data, size);
	memcpy(data, &header, sizeof(header));
	return replace(path, data, size);
}
