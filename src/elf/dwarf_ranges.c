// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pieces of a function's code: DWARF 5, section 2.17.3 and, before, DWARF 4, 2.17.3
 * with .debug_ranges.
 */
#include <dwarf.h>

#include "elf/dwarf_private.h"

struct pieces {
	struct mkp_dwarf_place *places;
	size_t count, max;
	struct mkp_dwarf_place base;
};

static void add(struct pieces *pieces, const struct mkp_dwarf_place *place)
{
	if (pieces->count < pieces->max && place->section)
		pieces->places[pieces->count++] = *place;
}

static void add_from_base(struct pieces *pieces, uint64_t offset)
{
	struct mkp_dwarf_place place = pieces->base;

	place.address += offset;
	add(pieces, &place);
}

static struct mkp_dwarf_place get_place(struct mkp_dwarf_cursor *cursor)
{
	struct mkp_dwarf_place place;

	place.address = mkp_dwarf_address(cursor, 8, &place.section);
	return place;
}

/* Pairs of addresses, up to a pair of zeros; both relocated, or from the base. */
static void read_pairs(struct mkp_dwarf_cursor *cursor, struct pieces *pieces)
{
	while (!cursor->failed) {
		struct mkp_dwarf_place first = get_place(cursor), end = get_place(cursor);

		if (cursor->failed ||
		    (!first.section && !first.address && !end.section && !end.address))
			return;
		if (first.address == UINT64_MAX)
			pieces->base = end;
		else if (first.section)
			add(pieces, &first);
		else
			add_from_base(pieces, first.address);
	}
}

/* One entry of .debug_rnglists. False: it is the last, or not known. */
static bool read_entry(struct mkp_dwarf *dwarf, const struct mkp_dwarf_unit *unit,
		       struct mkp_dwarf_cursor *cursor, struct pieces *pieces)
{
	uint64_t kind = mkp_dwarf_get(cursor, 1);
	struct mkp_dwarf_place place = { 0 };

	switch (kind) {
	case DW_RLE_base_addressx:
	case DW_RLE_startx_endx:
	case DW_RLE_startx_length:
		place.address = mkp_dwarf_indexed_address(
			dwarf, unit, mkp_dwarf_uleb(cursor), &place.section);
		break;
	case DW_RLE_base_address:
	case DW_RLE_start_end:
	case DW_RLE_start_length:
		place = get_place(cursor);
		break;
	case DW_RLE_offset_pair:
		add_from_base(pieces, mkp_dwarf_uleb(cursor));
		break;
	default:
		return false;
	}
	if (kind == DW_RLE_base_addressx || kind == DW_RLE_base_address) {
		pieces->base = place;
		return !cursor->failed;
	}
	if (kind != DW_RLE_offset_pair)
		add(pieces, &place);
	if (kind == DW_RLE_start_end)
		mkp_dwarf_skip(cursor, 8);
	else
		mkp_dwarf_uleb(cursor);
	return !cursor->failed;
}

size_t mkp_dwarf_pieces(struct mkp_dwarf *dwarf, const struct mkp_die *die,
			struct mkp_dwarf_place *places, size_t max)
{
	bool old = die->unit->version < 5;
	struct mkp_dwarf_section *section = old ? &dwarf->ranges : &dwarf->rnglists;
	struct mkp_dwarf_cursor cursor = {
		.object = dwarf->object,
		.section = section,
		.at = die->ranges,
		.end = section->size,
	};
	struct pieces pieces = { .places = places, .max = max };

	if (!(die->have & MKP_DIE_RANGES)) {
		pieces.base = (struct mkp_dwarf_place){ die->address, die->section };
		add(&pieces, &pieces.base);
	} else if (cursor.at >= cursor.end) {
		return 0;
	} else if (old) {
		read_pairs(&cursor, &pieces);
	} else {
		while (read_entry(dwarf, die->unit, &cursor, &pieces))
			continue;
	}
	return pieces.count;
}
