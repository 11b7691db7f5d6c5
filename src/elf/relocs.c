// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relocations of an object's sections, but for debug data.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "elf/read.h"

/*
 * The section whose relocations the RELA section @index holds, NULL if not for us. A
 * debug file of a module, as objcopy makes it, has relocations for code that it left out.
 */
static struct mkp_section *find_target(const struct mkp_object *object, uint32_t index)
{
	const struct mkp_section *section = &object->sections[index];
	struct mkp_section *target;

	if (section->type != SHT_RELA)
		return NULL;
	target = &object->sections[section->info];
	if (target->rela != index || target->type == SHT_NOBITS)
		return NULL;
	return target->flags & SHF_ALLOC || strncmp(target->name, ".debug", 6) != 0
		       ? target
		       : NULL;
}

/* Section sizes add up to the file's at most, so this is in proportion to it. */
static struct mkp_error *allocate(struct mkp_object *object)
{
	uint64_t total = 0;

	for (uint32_t i = 1; i < object->nr_sections; i++)
		if (find_target(object, i))
			total += object->sections[i].size / sizeof(Elf64_Rela);
	if (total > UINT32_MAX)
		return mkp_object_error(object, "%" PRIu64 " relocations", total);
	return mkp_array_create(total, sizeof(*object->relocs), &object->relocs);
}

static struct mkp_error *read_reloc(struct mkp_object *object, uint32_t index,
				    uint32_t number, struct mkp_reloc *ret_reloc)
{
	const struct mkp_section *section = &object->sections[index];
	const struct mkp_section *target = &object->sections[section->info];
	uint64_t info;
	Elf64_Rela raw;

	memcpy(&raw, section->data + number * sizeof(raw), sizeof(raw));
	info = mkp_object_get64(object, raw.r_info);
	ret_reloc->offset = mkp_object_get64(object, raw.r_offset);
	ret_reloc->addend = (int64_t)mkp_object_get64(object, (uint64_t)raw.r_addend);
	ret_reloc->type = ELF64_R_TYPE(info);
	ret_reloc->symbol = ELF64_R_SYM(info);
	if (ret_reloc->offset >= target->size)
		return mkp_object_section_error(object, index,
						"relocation %" PRIu32
						": offset 0x%" PRIx64
						" lies outside of section %" PRIu32,
						number, ret_reloc->offset, section->info);
	if (ret_reloc->symbol >= object->nr_symbols)
		return mkp_object_section_error(object, index,
						"relocation %" PRIu32 ": symbol %" PRIu32
						" does not exist",
						number, ret_reloc->symbol);
	return NULL;
}

/* Merges two sorted neighbours; of equal offsets the left ones come first. */
static void merge(const struct mkp_reloc *from, size_t middle, size_t end,
		  struct mkp_reloc *to)
{
	size_t left = 0, right = middle;

	for (size_t i = 0; i < end; i++)
		if (left < middle &&
		    (right == end || from[left].offset <= from[right].offset))
			to[i] = from[left++];
		else
			to[i] = from[right++];
}

/*
 * By hand, since qsort() does not promise to keep the order of equals: pairs such as
 * RISC-V's or LoongArch's, which mean something together, share one offset.
 */
static struct mkp_error *sort_relocs(struct mkp_reloc *relocs, size_t count)
{
	struct mkp_reloc *from = relocs, *to, *spare, *swap;
	struct mkp_error *error = mkp_array_create(count, sizeof(*spare), &spare);

	if (error)
		return error;
	to = spare;
	for (size_t width = 1; width < count; width *= 2) {
		for (size_t at = 0; at < count; at += 2 * width) {
			size_t left = count - at, both = left;

			if (left > width)
				left = width;
			if (both > 2 * width)
				both = 2 * width;
			merge(from + at, left, both, to + at);
		}
		swap = from;
		from = to;
		to = swap;
	}
	if (from != relocs)
		memcpy(relocs, from, count * sizeof(*relocs));
	free(spare);
	return NULL;
}

static struct mkp_error *read_section(struct mkp_object *object, uint32_t index,
				      struct mkp_section *target)
{
	uint32_t count = (uint32_t)(object->sections[index].size / sizeof(Elf64_Rela));
	struct mkp_reloc *relocs = object->relocs + object->nr_relocs;
	struct mkp_error *error;
	bool sorted = true;

	for (uint32_t i = 0; i < count; i++) {
		error = read_reloc(object, index, i, &relocs[i]);
		if (error)
			return error;
		if (i && relocs[i].offset < relocs[i - 1].offset)
			sorted = false;
	}
	target->first_reloc = object->nr_relocs;
	target->nr_relocs = count;
	object->nr_relocs += count;
	return sorted ? NULL : sort_relocs(relocs, count);
}

struct mkp_error *mkp_object_read_relocs(struct mkp_object *object)
{
	struct mkp_error *error;
	struct mkp_section *target;

	if (!mkp_object_is_relocatable(object))
		return NULL;
	error = allocate(object);
	for (uint32_t i = 1; !error && i < object->nr_sections; i++) {
		target = find_target(object, i);
		if (target)
			error = read_section(object, i, target);
	}
	return error;
}
