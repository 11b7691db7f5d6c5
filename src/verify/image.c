// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The images: which symbols kallsyms keeps, in which order, and where ftrace can patch.
 *
 * In vmlinux kallsyms is sorted by address (scripts/kallsyms.c, sort_symbols()), after
 * nm and scripts/mksysmap have left out undefined and absolute symbols, debugging
 * symbols, local labels, and the records of exports (v6.1). A module's symbols stay in
 * the order of its symbol table; those of its init part go when that is done
 * (kernel/module/kallsyms.c, add_kallsyms() and is_core_symbol(), v6.1).
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "verify/private.h"

/* Left out by scripts/mksysmap and scripts/kallsyms.c: what livepatch could never mean
 * but what shares its names with nothing else is not in here. */
static bool is_dropped_name(const char *name)
{
	static const char *const prefixes[] = { "$", ".L", "__crc_", "__kstrtab_",
						"__kstrtabns_" };

	if (!*name || !strcmp(name, "L0"))
		return true;
	for (size_t i = 0; i < MKP_ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static bool is_kept(const struct mkp_verify_image *image, const struct mkp_symbol *symbol)
{
	const struct mkp_section *section = mkp_symbol_section(image->object, symbol);

	if (!section || !(section->flags & SHF_ALLOC) || symbol->type == STT_FILE ||
	    symbol->type == STT_SECTION)
		return false;
	return image->module ? *symbol->name : !is_dropped_name(symbol->name);
}

static int compare_addresses(const void *a, const void *b, void *object)
{
	const struct mkp_symbol *symbols = ((const struct mkp_object *)object)->symbols;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (symbols[x].value != symbols[y].value)
		return symbols[x].value < symbols[y].value ? -1 : 1;
	return (x > y) - (x < y);
}

static struct mkp_error *number_symbols(struct mkp_verify_image *image)
{
	struct mkp_object *object = image->object;
	struct mkp_error *error = mkp_array_create(object->nr_symbols,
						   sizeof(*image->order), &image->order);

	if (error)
		return error;
	for (uint32_t i = 1; i < object->nr_symbols; i++)
		if (is_kept(image, &object->symbols[i]))
			image->order[image->nr_order++] = i;
	if (!image->module)
		qsort_r(image->order, image->nr_order, sizeof(*image->order),
			compare_addresses, object);
	for (size_t i = 0; i < image->nr_order && !error; i++) {
		const char *name = object->symbols[image->order[i]].name;

		error = mkp_index_add(&image->names, mkp_hash_string(name), (uint32_t)i);
	}
	mkp_index_seal(&image->names);
	return error;
}

static int compare_sections(const void *a, const void *b, void *object)
{
	const struct mkp_section *sections =
		((const struct mkp_object *)object)->sections;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (sections[x].address != sections[y].address)
		return sections[x].address < sections[y].address ? -1 : 1;
	return (x > y) - (x < y);
}

static struct mkp_error *list_loaded(struct mkp_verify_image *image)
{
	struct mkp_object *object = image->object;
	struct mkp_error *error = mkp_array_create(
		object->nr_sections, sizeof(*image->loaded), &image->loaded);

	if (error)
		return error;
	for (uint32_t i = 1; i < object->nr_sections; i++)
		if (object->sections[i].flags & SHF_ALLOC && object->sections[i].data)
			image->loaded[image->nr_loaded++] = i;
	qsort_r(image->loaded, image->nr_loaded, sizeof(*image->loaded), compare_sections,
		object);
	return NULL;
}

/* Bytes at an address of vmlinux. */
static const uint8_t *bytes_at(const struct mkp_verify_image *image, uint64_t address,
			       uint64_t size)
{
	size_t low = 0, high = image->nr_loaded;
	const struct mkp_section *section;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		section = &image->object->sections[image->loaded[middle]];
		if (section->address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	section = &image->object->sections[image->loaded[low - 1]];
	if (address - section->address > section->size ||
	    size > section->size - (address - section->address))
		return NULL;
	return section->data + (address - section->address);
}

const uint8_t *mkp_verify_image_bytes(const struct mkp_verify_image *image,
				      const struct mkp_symbol *symbol, uint64_t size)
{
	const struct mkp_section *section = mkp_symbol_section(image->object, symbol);

	if (!image->module)
		return bytes_at(image, symbol->value, size);
	if (!section || !section->data || size > section->size - symbol->value)
		return NULL;
	return section->data + symbol->value;
}

/* Index of a symbol of this name, local or not; 0: none. */
static uint32_t find_symbol(const struct mkp_object *object, const char *name)
{
	size_t count;
	const struct mkp_index_entry *entry = mkp_index_find(
		&object->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++) {
		const struct mkp_symbol *symbol = &object->symbols[entry[i].id];

		if (symbol->section && !strcmp(symbol->name, name))
			return entry[i].id;
	}
	return 0;
}

const char *mkp_verify_image_text(const struct mkp_verify_image *image, const char *name)
{
	uint32_t index = find_symbol(image->object, name);
	const struct mkp_symbol *symbol = &image->object->symbols[index];
	const uint8_t *data = NULL;

	if (index && symbol->size)
		data = mkp_verify_image_bytes(image, symbol, symbol->size);
	if (!data || !memchr(data, 0, symbol->size))
		return NULL;
	return (const char *)data;
}

static int compare_places(const void *a, const void *b)
{
	const struct mkp_verify_place *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* vmlinux lists the addresses of all sites between two symbols. */
static struct mkp_error *list_sites(struct mkp_verify_image *image)
{
	const struct mkp_object *object = image->object;
	uint32_t start = find_symbol(object, "__start_mcount_loc");
	uint32_t stop = find_symbol(object, "__stop_mcount_loc");
	uint64_t begin = object->symbols[start].value, end = object->symbols[stop].value;
	const uint8_t *data;
	struct mkp_error *error;

	if (!start || !stop || end < begin)
		return NULL;
	data = bytes_at(image, begin, end - begin);
	if (!data)
		return NULL;
	error = mkp_array_create((end - begin) / 8, sizeof(*image->sites), &image->sites);
	if (error)
		return error;
	for (uint64_t at = 0; at + 8 <= end - begin; at += 8)
		image->sites[image->nr_sites++].offset = mkp_verify_word(object,
									 data + at, 8);
	return NULL;
}

/* A module has a relocation for each. */
static struct mkp_error *list_module_sites(struct mkp_verify_image *image)
{
	const struct mkp_object *object = image->object;
	const struct mkp_section *table =
		&object->sections[mkp_object_find_section(object, "__mcount_loc")];
	struct mkp_error *error = mkp_array_create(table->nr_relocs,
						   sizeof(*image->sites), &image->sites);

	for (uint32_t i = 0; i < table->nr_relocs && !error; i++) {
		const struct mkp_reloc *reloc = &object->relocs[table->first_reloc + i];
		const struct mkp_symbol *symbol = &object->symbols[reloc->symbol];

		image->sites[image->nr_sites++] = (struct mkp_verify_place){
			.section = symbol->section,
			.offset = symbol->value + (uint64_t)reloc->addend,
		};
	}
	return error;
}

static struct mkp_error *find_sites(struct mkp_verify_image *image)
{
	struct mkp_error *error = image->module ? list_module_sites(image)
						: list_sites(image);

	if (!error && image->nr_sites)
		qsort(image->sites, image->nr_sites, sizeof(*image->sites),
		      compare_places);
	return error;
}

/*
 * livepatch takes the site at the function's address (klp_get_ftrace_location()); on x86
 * that is its first instruction, or the one behind ENDBR.
 */
bool mkp_verify_image_traceable(const struct mkp_verify_image *image,
				const struct mkp_symbol *symbol)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	struct mkp_verify_place place = { image->module ? symbol->section : 0,
					  symbol->value };
	const uint8_t *code;

	if (!image->nr_sites)
		return false;
	if (bsearch(&place, image->sites, image->nr_sites, sizeof(place), compare_places))
		return true;
	code = mkp_verify_image_bytes(image, symbol, sizeof(endbr64));
	if (!code || memcmp(code, endbr64, sizeof(endbr64)))
		return false;
	place.offset += sizeof(endbr64);
	return bsearch(&place, image->sites, image->nr_sites, sizeof(place),
		       compare_places);
}

const struct mkp_index_entry *mkp_verify_image_named(const struct mkp_verify_image *image,
						     const char *name, size_t *ret_count)
{
	return mkp_index_find(&image->names, mkp_hash_string(name), ret_count);
}

/* The symbol at @position among those of the name, with or without the init part. */
static enum mkp_verify_lookup count_to(const struct mkp_verify_image *image,
				       const char *name, uint64_t position, bool init,
				       uint32_t *ret_symbol, size_t *ret_count)
{
	const struct mkp_object *object = image->object;
	uint32_t found = 0;
	size_t entries, count = 0;
	const struct mkp_index_entry *entry = mkp_verify_image_named(image, name,
								     &entries);

	for (size_t i = 0; i < entries; i++) {
		uint32_t index = image->order[entry[i].id];
		const struct mkp_symbol *symbol = &object->symbols[index];

		if (strcmp(symbol->name, name))
			continue;
		if (!init && !strncmp(object->sections[symbol->section].name, ".init", 5))
			continue;
		count++;
		if (count == (position ? position : 1))
			found = index;
	}
	*ret_count = count;
	*ret_symbol = found;
	if (!count)
		return MKP_LOOKUP_NONE;
	if (!position && count > 1)
		return MKP_LOOKUP_AMBIGUOUS;
	return found ? MKP_LOOKUP_FOUND : MKP_LOOKUP_POSITION;
}

enum mkp_verify_lookup mkp_verify_image_find(const struct mkp_verify_image *image,
					     const char *name, uint64_t position,
					     uint32_t *ret_symbol, size_t *ret_count)
{
	enum mkp_verify_lookup whole, core;
	uint32_t symbol;
	size_t count;

	whole = count_to(image, name, position, true, ret_symbol, ret_count);
	if (!image->module || whole == MKP_LOOKUP_NONE)
		return whole;
	core = count_to(image, name, position, false, &symbol, &count);
	return core != whole || symbol != *ret_symbol ? MKP_LOOKUP_MOVES : whole;
}

/* "Linux version 6.1.0-56-amd64 (...": the third word of the banner. */
static struct mkp_error *read_release(struct mkp_verify_image *image)
{
	static const char before[] = "Linux version ";
	const char *banner = mkp_verify_image_text(image, "linux_banner");

	if (!banner || strncmp(banner, before, strlen(before)))
		return NULL;
	banner += strlen(before);
	image->release = strndup(banner, strcspn(banner, " "));
	return image->release ? NULL : mkp_error_nomem();
}

/* The note of the linker: owner "GNU", type NT_GNU_BUILD_ID. */
static bool copy_build_id(struct mkp_verify_image *image,
			  const struct mkp_section *section)
{
	const struct mkp_object *object = image->object;
	uint64_t at = 0, owner, size;

	while (at + 12 <= section->size) {
		const uint8_t *note = section->data + at;

		owner = mkp_verify_word(object, note, 4);
		size = mkp_verify_word(object, note + 4, 4);
		if (owner > section->size || size > section->size)
			return false;
		at += 12 + (owner + 3) / 4 * 4 + (size + 3) / 4 * 4;
		if (at > section->size)
			return false;
		if (mkp_verify_word(object, note + 8, 4) != NT_GNU_BUILD_ID ||
		    owner != 4 || memcmp(note + 12, "GNU", 4) != 0 ||
		    size > (sizeof(image->build_id) - 1) / 2)
			continue;
		for (uint64_t i = 0; i < size; i++)
			sprintf(image->build_id + 2 * i, "%02x", note[16 + i]);
		return true;
	}
	return false;
}

static void read_build_id(struct mkp_verify_image *image)
{
	const struct mkp_object *object = image->object;

	for (uint32_t i = 1; i < object->nr_sections; i++)
		if (object->sections[i].type == SHT_NOTE && object->sections[i].data &&
		    copy_build_id(image, &object->sections[i]))
			return;
}

static struct mkp_error *check_kind(struct mkp_verify_image *image)
{
	const struct mkp_object *object = image->object;

	if (!object->symtab)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: no symbol table; the file with symbols is "
					"needed",
					object->path);
	if (image->module != (object->type == ET_REL))
		return mkp_error_create(MKP_ERROR_USAGE, "%s: not a %s", object->path,
					image->module ? "module" : "vmlinux");
	if (image->module)
		image->name = mkp_verify_modinfo(object, "name=", NULL);
	if (!image->name)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: .modinfo has no name=", object->path);
	return NULL;
}

struct mkp_error *mkp_verify_image_open(const char *path, bool module,
					struct mkp_verify_image **ret_image)
{
	struct mkp_verify_image *image;
	struct mkp_error *error = mkp_array_create(1, sizeof(*image), &image);

	if (error)
		return error;
	mkp_index_init(&image->names);
	image->module = module;
	image->name = "vmlinux";
	error = mkp_object_open(path, &image->object);
	if (!error && module)
		image->name = NULL;
	if (!error)
		error = check_kind(image);
	if (!error)
		error = list_loaded(image);
	if (!error)
		error = number_symbols(image);
	if (!error)
		error = find_sites(image);
	if (!error)
		read_build_id(image);
	if (!error && !module)
		error = read_release(image);
	if (error) {
		mkp_verify_image_destroy(image);
		return error;
	}
	*ret_image = image;
	return NULL;
}

void mkp_verify_image_destroy(struct mkp_verify_image *image)
{
	if (!image)
		return;
	mkp_index_deinit(&image->names);
	free(image->order);
	free(image->sites);
	free(image->loaded);
	free(image->release);
	mkp_object_destroy(image->object);
	free(image);
}
