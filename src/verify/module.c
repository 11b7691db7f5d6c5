// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module under audit: its relocations, ordinary and livepatch ones in one order, its
 * functions, and how to follow a pointer in its data.
 */
#include <string.h>

#include "base/array.h"
#include "elf/order.h"
#include "verify/private.h"

uint64_t mkp_verify_word(const struct mkp_object *object, const uint8_t *data,
			 unsigned int width)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint64_t)data[object->big_endian ? width - 1 - i : i]
			 << (8 * i);
	return value;
}

const char *mkp_verify_modinfo(const struct mkp_object *object, const char *key,
			       uint64_t *cursor)
{
	const struct mkp_section *section =
		&object->sections[mkp_object_find_section(object, ".modinfo")];
	uint64_t at = cursor ? *cursor : 0;
	size_t length = strlen(key);

	while (section->data && at < section->size) {
		const char *entry = (const char *)section->data + at;
		size_t size = strnlen(entry, section->size - at);

		if (size == section->size - at)
			return NULL;
		at += size + 1;
		if (cursor)
			*cursor = at;
		if (!strncmp(entry, key, length))
			return entry + length;
	}
	return NULL;
}

bool mkp_verify_is_code(const struct mkp_section *section)
{
	return (section->flags & SHF_ALLOC) && (section->flags & SHF_EXECINSTR) &&
	       section->type == SHT_PROGBITS && strncmp(section->name, ".init", 5) != 0;
}

const struct mkp_verify_image *mkp_verify_image_of(const struct mkp_verify *verify,
						   const char *name)
{
	for (size_t i = 0; i < verify->nr_images; i++)
		if (!strcmp(verify->images[i]->name, name))
			return verify->images[i];
	return NULL;
}

/* ---- relocations ---- */

static bool is_livepatch(const struct mkp_section *section)
{
	return section->type == SHT_RELA && (section->flags & SHF_RELA_LIVEPATCH);
}

/* The ones of a livepatch section, which the reader leaves to us. */
static struct mkp_error *read_livepatch(struct mkp_verify *verify, uint32_t index,
					struct mkp_verify_reloc *relocs)
{
	const struct mkp_object *object = verify->object;
	const struct mkp_section *section = &object->sections[index];
	struct mkp_error *error = NULL;
	Elf64_Rela raw;

	for (uint64_t at = 0; at + sizeof(raw) <= section->size && !error;
	     at += sizeof(raw), relocs++) {
		memcpy(&raw, section->data + at, sizeof(raw));
		raw.r_info = mkp_object_get64(object, raw.r_info);
		relocs->livepatch = true;
		relocs->raw.offset = mkp_object_get64(object, raw.r_offset);
		relocs->raw.addend = (int64_t)mkp_object_get64(object,
							       (uint64_t)raw.r_addend);
		relocs->raw.type = ELF64_R_TYPE(raw.r_info);
		relocs->raw.symbol = ELF64_R_SYM(raw.r_info);
		if (relocs->raw.symbol < object->nr_symbols)
			continue;
		error = mkp_verify_add(verify->report, MKP_VERIFY_KLP_TARGET,
				       section->name, "symbol %u does not exist",
				       relocs->raw.symbol);
		relocs->raw.symbol = 0;
	}
	return error;
}

static int compare_relocs(const void *a, const void *b)
{
	const struct mkp_verify_reloc *x = a, *y = b;

	if (x->raw.offset != y->raw.offset)
		return x->raw.offset < y->raw.offset ? -1 : 1;
	return (x->raw.type > y->raw.type) - (x->raw.type < y->raw.type);
}

/* How many relocations each section has; first_reloc[i + 1] is the sum up to i. */
static void count_relocs(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;

	for (uint32_t i = 1; i < object->nr_sections; i++) {
		const struct mkp_section *section = &object->sections[i];

		verify->first_reloc[i + 1] += section->nr_relocs;
		if (is_livepatch(section))
			verify->first_reloc[section->info + 1] +=
				(uint32_t)(section->size / sizeof(Elf64_Rela));
	}
	for (uint32_t i = 0; i < object->nr_sections; i++)
		verify->first_reloc[i + 1] += verify->first_reloc[i];
}

static struct mkp_error *fill_relocs(struct mkp_verify *verify, uint32_t *fill)
{
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		const struct mkp_section *section = &object->sections[i];

		for (uint32_t k = 0; k < section->nr_relocs; k++)
			verify->relocs[fill[i]++].raw =
				object->relocs[section->first_reloc + k];
		if (!is_livepatch(section))
			continue;
		error = read_livepatch(verify, i, &verify->relocs[fill[section->info]]);
		fill[section->info] += (uint32_t)(section->size / sizeof(Elf64_Rela));
	}
	return error;
}

static struct mkp_error *read_relocs(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	MKP_CLEANUP_FREE uint32_t *fill = NULL;
	struct mkp_error *error = mkp_array_create(object->nr_sections + 1,
						   sizeof(*verify->first_reloc),
						   &verify->first_reloc);

	if (error)
		return error;
	count_relocs(verify);
	error = mkp_array_create(verify->first_reloc[object->nr_sections],
				 sizeof(*verify->relocs), &verify->relocs);
	if (!error)
		error = mkp_array_create(object->nr_sections, sizeof(*fill), &fill);
	if (error)
		return error;
	memcpy(fill, verify->first_reloc, object->nr_sections * sizeof(*fill));
	error = fill_relocs(verify, fill);
	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		uint32_t first = verify->first_reloc[i];

		qsort(verify->relocs + first, verify->first_reloc[i + 1] - first,
		      sizeof(*verify->relocs), compare_relocs);
	}
	return error;
}

const struct mkp_verify_reloc *mkp_verify_relocs_of(const struct mkp_verify *verify,
						    uint32_t section, size_t *ret_count)
{
	*ret_count = verify->first_reloc[section + 1] - verify->first_reloc[section];
	return verify->relocs + verify->first_reloc[section];
}

size_t mkp_verify_reloc_from(const struct mkp_verify *verify, uint32_t section,
			     uint64_t offset)
{
	size_t low = verify->first_reloc[section],
	       high = verify->first_reloc[section + 1];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (verify->relocs[middle].raw.offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct mkp_verify_reloc *mkp_verify_reloc_at(const struct mkp_verify *verify,
						   uint32_t section, uint64_t offset)
{
	size_t at = mkp_verify_reloc_from(verify, section, offset);

	if (at == verify->first_reloc[section + 1] ||
	    verify->relocs[at].raw.offset != offset)
		return NULL;
	return &verify->relocs[at];
}

/* ---- pointers ---- */

bool mkp_verify_target(const struct mkp_verify *verify,
		       const struct mkp_verify_reloc *reloc,
		       struct mkp_verify_place *ret_place)
{
	const struct mkp_symbol *symbol = &verify->object->symbols[reloc->raw.symbol];
	const struct mkp_section *section = mkp_symbol_section(verify->object, symbol);
	uint64_t offset = symbol->value + (uint64_t)reloc->raw.addend;

	if (!section || offset >= section->size)
		return false;
	*ret_place = (struct mkp_verify_place){ symbol->section, offset };
	return true;
}

const char *mkp_verify_string(const struct mkp_object *object,
			      const struct mkp_verify_place *place)
{
	const struct mkp_section *section = &object->sections[place->section];

	if (!section->data || place->offset >= section->size ||
	    !memchr(section->data + place->offset, 0, section->size - place->offset))
		return NULL;
	return (const char *)section->data + place->offset;
}

struct mkp_error *mkp_verify_read_module(struct mkp_verify *verify)
{
	struct mkp_error *error = read_relocs(verify);

	if (!error)
		error = mkp_verify_map_init(&verify->code, verify->object, STT_FUNC);
	if (!error)
		error = mkp_verify_map_init(&verify->data, verify->object, STT_OBJECT);
	return error;
}
