// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a payload has no symbols for: tables of switches, and code out of line.
 */
#include "base/array.h"
#include "verify/payload.h"

static struct mkp_error *add(struct mkp_verify_payload *payload, uint32_t section,
			     uint64_t offset)
{
	struct mkp_error *error = mkp_array_reserve(
		&payload->chunks, &payload->cap_chunks, payload->nr_chunks + 1,
		sizeof(*payload->chunks));

	if (!error)
		payload->chunks[payload->nr_chunks++] = (struct mkp_verify_chunk){
			.from = { section, offset },
		};
	return error;
}

/* A relative field of code is the last one of its instruction, if that is a branch. */
static struct mkp_error *add_target(const struct mkp_arch *arch,
				    struct mkp_verify_payload *payload,
				    const struct mkp_section *from,
				    const struct mkp_reloc *reloc)
{
	const struct mkp_symbol *symbol = &payload->object->symbols[reloc->symbol];
	const struct mkp_section *to = mkp_symbol_section(payload->object, symbol);
	const struct mkp_reloc_info *info = arch->reloc(reloc->type);
	uint64_t offset = symbol->value + (uint64_t)reloc->addend;

	if (!to || !(to->flags & SHF_EXECINSTR))
		return NULL;
	if (info && info->flags & MKP_RELOC_PCREL && from->flags & SHF_EXECINSTR)
		offset += info->width;
	return offset < to->size ? add(payload, symbol->section, offset) : NULL;
}

static int compare(const void *a, const void *b)
{
	const struct mkp_verify_place *x = &((const struct mkp_verify_chunk *)a)->from;
	const struct mkp_verify_place *y = &((const struct mkp_verify_chunk *)b)->from;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static void drop_repeated(struct mkp_verify_payload *payload)
{
	size_t count = 0;

	for (size_t i = 0; i < payload->nr_chunks; i++)
		if (!count || compare(&payload->chunks[i], &payload->chunks[count - 1]))
			payload->chunks[count++] = payload->chunks[i];
	payload->nr_chunks = count;
}

struct mkp_error *mkp_verify_chunks_create(const struct mkp_arch *arch,
					   struct mkp_verify_payload *payload)
{
	const struct mkp_object *object = payload->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		const struct mkp_section *section = &object->sections[i];

		if (!(section->flags & SHF_ALLOC))
			continue;
		error = add(payload, i, 0);
		for (uint32_t k = 0; k < section->nr_relocs && !error; k++)
			error = add_target(arch, payload, section,
					   &object->relocs[section->first_reloc + k]);
	}
	if (error || !payload->nr_chunks)
		return error;
	qsort(payload->chunks, payload->nr_chunks, sizeof(*payload->chunks), compare);
	drop_repeated(payload);
	return NULL;
}

struct mkp_verify_chunk *mkp_verify_chunk_at(const struct mkp_verify_payload *payload,
					     const struct mkp_verify_place *place,
					     uint64_t *ret_end)
{
	const struct mkp_verify_chunk wanted = { .from = *place };
	struct mkp_verify_chunk *chunks = payload->chunks;
	size_t low = 0, high = payload->nr_chunks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&chunks[middle], &wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || chunks[low - 1].from.section != place->section)
		return NULL;
	*ret_end = low < payload->nr_chunks && chunks[low].from.section == place->section
			   ? chunks[low].from.offset
			   : payload->object->sections[place->section].size;
	return &chunks[low - 1];
}
