// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unwind data. Livepatch waits until no task runs old code, which it sees by unwinding
 * their stacks; through code without data it can not (arch/x86/kernel/unwind_orc.c,
 * v6.1). The loader sorts the tables, so their order does not matter here.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "verify/private.h"

/* A place that has an entry, and whether the entry says how to go on from there. */
struct place {
	struct mkp_verify_place place;
	bool ends;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->place.section != y->place.section)
		return x->place.section < y->place.section ? -1 : 1;
	if (x->place.offset != y->place.offset)
		return x->place.offset < y->place.offset ? -1 : 1;
	/* The end of one function is the beginning of the next. */
	return y->ends - x->ends;
}

static bool all_zero(const uint8_t *data, uint64_t size)
{
	while (size && !data[size - 1])
		size--;
	return !size;
}

/* An entry of nothing but zeros, or with `end` alone, says that nothing is known. */
static struct mkp_error *read_places(struct mkp_verify *verify, uint32_t ip,
				     uint32_t unwind, uint64_t size, struct place *places,
				     size_t *ret_count)
{
	const struct mkp_section *data = &verify->object->sections[unwind];
	struct mkp_error *error = NULL;
	size_t count;
	const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(verify, ip, &count);

	*ret_count = 0;
	for (size_t i = 0; i < count && !error; i++) {
		uint64_t entry = relocs[i].raw.offset / 4;
		struct place *place = &places[*ret_count];

		verify->report->counts.orc_entries++;
		if (relocs[i].raw.offset % 4 || entry >= data->size / size)
			continue; /* tables.c and check_sizes() tell */
		const struct mkp_symbol *symbol =
			&verify->object->symbols[relocs[i].raw.symbol];
		place->place.section = symbol->section;
		place->place.offset = symbol->value + (uint64_t)relocs[i].raw.addend;
		/* Two offsets of 16 bits, then registers: sp_reg 0 is ORC_REG_UNDEFINED.
		 */
		place->ends = all_zero(data->data + entry * size, 4) &&
			      !(data->data[entry * size + 4] & 0x0f);
		(*ret_count)++;
	}
	qsort(places, *ret_count, sizeof(*places), compare_places);
	return error;
}

/* The last entry at or before @place in its section; NULL: none. */
static const struct place *find_place(const struct place *places, size_t count,
				      const struct mkp_verify_place *wanted)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mkp_verify_place *place = &places[middle].place;

		if (place->section < wanted->section ||
		    (place->section == wanted->section &&
		     place->offset <= wanted->offset))
			low = middle + 1;
		else
			high = middle;
	}
	return low && places[low - 1].place.section == wanted->section ? &places[low - 1]
								       : NULL;
}

static struct mkp_error *check_coverage(struct mkp_verify *verify,
					const struct place *places, size_t count)
{
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < verify->code.count && !error; i++) {
		const struct mkp_symbol *symbol =
			&object->symbols[verify->code.symbols[i]];
		const struct mkp_verify_place place = { symbol->section, symbol->value };
		const struct place *found = find_place(places, count, &place);

		if (!mkp_verify_is_code(&object->sections[symbol->section]) ||
		    !symbol->size)
			continue;
		if (!found || found->ends)
			error = mkp_verify_add(verify->report, MKP_VERIFY_ORC_COVERAGE,
					       symbol->name, "no ORC data at its entry");
	}
	return error;
}

/* Whether the kernel unwinds by ORC: its tables are between these two. */
static bool wants_orc(const struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->images[0]->object;
	size_t count;

	return mkp_index_find(&object->names, mkp_hash_string("__start_orc_unwind_ip"),
			      &count) != NULL;
}

/* One entry size for all that the two sections may be. */
static bool sizes_agree(const struct mkp_section *ip, const struct mkp_section *unwind,
			uint64_t *ret_size)
{
	uint64_t entries = ip->size / 4;

	if (!entries || ip->size % 4 || unwind->size % entries || !unwind->data)
		return false;
	*ret_size = unwind->size / entries;
	/* struct orc_entry: 6 bytes, packed, since it exists (v4.14). */
	return *ret_size == 6;
}

struct mkp_error *mkp_verify_pass_orc(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	uint32_t ip = mkp_object_find_section(object, ".orc_unwind_ip");
	uint32_t unwind = mkp_object_find_section(object, ".orc_unwind");
	MKP_CLEANUP_FREE struct place *places = NULL;
	struct mkp_error *error;
	uint64_t size = 0;
	size_t count;

	if (!ip && !unwind && !wants_orc(verify))
		return NULL;
	if (!sizes_agree(&object->sections[ip], &object->sections[unwind], &size))
		return mkp_verify_add(
			verify->report, MKP_VERIFY_ORC, ".orc_unwind",
			"%" PRIu64 " bytes, with %" PRIu64 " bytes of .orc_unwind_ip",
			object->sections[unwind].size, object->sections[ip].size);
	mkp_verify_relocs_of(verify, ip, &count);
	error = mkp_array_create(count, sizeof(*places), &places);
	if (!error)
		error = read_places(verify, ip, unwind, size, places, &count);
	return error ? error : check_coverage(verify, places, count);
}
