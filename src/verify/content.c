// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A walk through the module from one place: the pieces that it meets are numbered as they
 * come, and references are hashed as the number of their piece and the distance into it.
 * Two modules with the same content are walked through in the same order, so they give
 * the same hash, wherever the linker has put the pieces.
 *
 * A piece is what a symbol covers. What has no symbol, as the table of a switch or the
 * code of an alternative, goes up to the next place that anything refers to.
 */
#include "verify/content.h"

#include <string.h>
#include <xxhash.h>

#include "base/array.h"

struct piece {
	struct mkp_verify_place start;
	uint64_t size;
	uint32_t symbol; /* 0: none */
};

/* An entry of a table about code, by the code. */
struct entry {
	struct mkp_verify_place code;
	uint32_t section;
	uint64_t at;
	const struct mkp_special_row *row;
	int size; /* index in row->sizes */
};

struct mkp_contents {
	const struct mkp_verify *verify;
	struct mkp_verify_place *cuts; /* owned; sorted */
	size_t nr_cuts, cap_cuts;
	struct entry *entries; /* owned; by code */
	size_t nr_entries, cap_entries;
	uint32_t *replaced; /* owned; [symbols]: number of the function + 1 */
};

/* One walk. */
struct walk {
	struct mkp_contents *contents;
	struct piece *pieces; /* owned; in the order in which they are met */
	size_t nr_pieces, cap_pieces;
	XXH3_state_t *state;
};

static int compare_places(const void *a, const void *b)
{
	const struct mkp_verify_place *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = compare_places(&x->code, &y->code);

	if (order)
		return order;
	order = strcmp(x->row->section, y->row->section);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* ---- what is prepared for all walks ---- */

static struct mkp_error *add_cut(struct mkp_contents *contents,
				 const struct mkp_verify_place *place)
{
	struct mkp_error *error = mkp_array_reserve(&contents->cuts, &contents->cap_cuts,
						    contents->nr_cuts + 1,
						    sizeof(*contents->cuts));

	if (!error)
		contents->cuts[contents->nr_cuts++] = *place;
	return error;
}

/* Relative fields of instructions lead to somewhere in front of their target, mostly
 * by 4. */
static bool is_exact(const struct mkp_verify *verify, const struct mkp_reloc *reloc)
{
	const struct mkp_reloc_info *info = verify->arch->reloc(reloc->type);

	return info && (!(info->flags & MKP_RELOC_PCREL) || reloc->addend >= 0);
}

static struct mkp_error *cut(struct mkp_contents *contents)
{
	const struct mkp_verify *verify = contents->verify;
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = NULL;
	struct mkp_verify_place place;

	for (uint32_t i = 1; i < object->nr_symbols && !error; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];

		place = (struct mkp_verify_place){ symbol->section, symbol->value };
		if (symbol->type != STT_SECTION && mkp_symbol_section(object, symbol))
			error = add_cut(contents, &place);
	}
	for (uint32_t i = 0; i < verify->first_reloc[object->nr_sections] && !error; i++)
		if (is_exact(verify, &verify->relocs[i].raw) &&
		    mkp_verify_target(verify, &verify->relocs[i], &place))
			error = add_cut(contents, &place);
	if (!error && contents->nr_cuts)
		qsort(contents->cuts, contents->nr_cuts, sizeof(*contents->cuts),
		      compare_places);
	return error;
}

static struct mkp_error *add_entries(struct mkp_contents *contents, uint32_t section,
				     const struct mkp_special_row *row)
{
	const struct mkp_verify *verify = contents->verify;
	struct entry entry = { .section = section, .row = row };
	unsigned int size = mkp_verify_entry_size(verify, section, row, &entry.size);
	struct mkp_error *error = NULL;

	for (; size && entry.at < verify->object->sections[section].size && !error;
	     entry.at += size) {
		const struct mkp_verify_reloc *reloc = mkp_verify_reloc_at(
			verify, section, entry.at + row->code_field);

		if (!reloc || !mkp_verify_target(verify, reloc, &entry.code))
			continue;
		error = mkp_array_reserve(&contents->entries, &contents->cap_entries,
					  contents->nr_entries + 1, sizeof(entry));
		if (!error)
			contents->entries[contents->nr_entries++] = entry;
	}
	return error;
}

static struct mkp_error *read_tables(struct mkp_contents *contents)
{
	const struct mkp_object *object = contents->verify->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		const struct mkp_section *section = &object->sections[i];
		const struct mkp_special_row *row = mkp_arch_special(
			contents->verify->arch, section->name);

		if (row && section->data && row->flags & MKP_SPECIAL_COMPARE &&
		    section->flags & SHF_ALLOC)
			error = add_entries(contents, i, row);
	}
	if (!error && contents->nr_entries)
		qsort(contents->entries, contents->nr_entries, sizeof(*contents->entries),
		      compare_entries);
	return error;
}

static struct mkp_error *note_replaced(struct mkp_contents *contents)
{
	const struct mkp_verify *verify = contents->verify;
	struct mkp_error *error = mkp_array_create(verify->object->nr_symbols,
						   sizeof(*contents->replaced),
						   &contents->replaced);

	for (size_t i = 0; i < verify->nr_functions && !error; i++)
		contents->replaced[mkp_verify_map_at(
			&verify->code, &verify->functions[i].code)] = (uint32_t)i + 1;
	if (!error)
		contents->replaced[0] = 0;
	return error;
}

struct mkp_error *mkp_contents_create(const struct mkp_verify *verify,
				      struct mkp_contents **ret_contents)
{
	struct mkp_contents *contents = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*contents), &contents);

	if (error)
		return error;
	contents->verify = verify;
	error = cut(contents);
	if (!error)
		error = read_tables(contents);
	if (!error)
		error = note_replaced(contents);
	if (error)
		mkp_contents_destroy(contents);
	else
		*ret_contents = contents;
	return error;
}

void mkp_contents_destroy(struct mkp_contents *contents)
{
	if (!contents)
		return;
	free(contents->cuts);
	free(contents->entries);
	free(contents->replaced);
	free(contents);
}

/* ---- the walk ---- */

static void hash_number(struct walk *walk, uint64_t number)
{
	XXH3_128bits_update(walk->state, &number, sizeof(number));
}

static void hash_text(struct walk *walk, const char *text)
{
	XXH3_128bits_update(walk->state, text, strlen(text) + 1);
}

/* Up to the next cut of the section, or to its end. */
static uint64_t extent(const struct mkp_contents *contents,
		       const struct mkp_verify_place *place)
{
	const struct mkp_section *section =
		&contents->verify->object->sections[place->section];
	size_t low = 0, high = contents->nr_cuts;

	if (section->flags & SHF_MERGE && section->entsize)
		return section->entsize;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_places(&contents->cuts[middle], place) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < contents->nr_cuts && contents->cuts[low].section == place->section)
		return contents->cuts[low].offset - place->offset;
	return section->size - place->offset;
}

static struct piece piece_at(const struct mkp_contents *contents,
			     const struct mkp_verify_place *place)
{
	const struct mkp_verify *verify = contents->verify;
	uint32_t index = mkp_verify_map_around(&verify->code, place);
	const struct mkp_symbol *symbol;

	if (!index)
		index = mkp_verify_map_around(&verify->data, place);
	symbol = &verify->object->symbols[index];
	if (index)
		return (struct piece){ { symbol->section, symbol->value },
				       symbol->size,
				       index };
	return (struct piece){ *place, extent(contents, place), 0 };
}

/* Its number; it is added if it is met for the first time. */
static struct mkp_error *number_piece(struct walk *walk, const struct piece *piece,
				      size_t *ret_number)
{
	struct mkp_error *error;

	for (size_t i = 0; i < walk->nr_pieces; i++) {
		if (compare_places(&walk->pieces[i].start, &piece->start))
			continue;
		*ret_number = i;
		return NULL;
	}
	error = mkp_array_reserve(&walk->pieces, &walk->cap_pieces, walk->nr_pieces + 1,
				  sizeof(*piece));
	if (error)
		return error;
	*ret_number = walk->nr_pieces;
	walk->pieces[walk->nr_pieces++] = *piece;
	return NULL;
}

/* Strings by what they say; replaced functions, but the one at hand, by their name. */
static struct mkp_error *hash_inside(struct walk *walk,
				     const struct mkp_verify_place *place)
{
	const struct mkp_verify *verify = walk->contents->verify;
	const struct mkp_section *section = &verify->object->sections[place->section];
	const char *text = NULL;
	struct piece piece;
	uint32_t replaced;
	size_t number = 0;
	struct mkp_error *error;

	if (section->flags & SHF_STRINGS)
		text = mkp_verify_string(verify->object, place);
	if (text) {
		hash_text(walk, "string");
		hash_text(walk, text);
		return NULL;
	}
	piece = piece_at(walk->contents, place);
	replaced = walk->contents->replaced[piece.symbol];
	if (replaced && compare_places(&piece.start, &walk->pieces[0].start) != 0) {
		hash_text(walk, "replaced");
		hash_text(walk, verify->functions[replaced - 1].name);
	} else {
		error = number_piece(walk, &piece, &number);
		if (error)
			return error;
		hash_text(walk, "piece");
		hash_number(walk, number);
	}
	hash_number(walk, place->offset - piece.start.offset);
	return NULL;
}

static struct mkp_error *hash_target(struct walk *walk,
				     const struct mkp_verify_reloc *reloc,
				     uint64_t to_end)
{
	const struct mkp_object *object = walk->contents->verify->object;
	const struct mkp_symbol *symbol = &object->symbols[reloc->raw.symbol];
	const struct mkp_section *section = mkp_symbol_section(object, symbol);
	const uint64_t beyond = (uint64_t)reloc->raw.addend + to_end;

	/* Its own `struct module` is every module's own. */
	if (section && strcmp(symbol->name, "__this_module") != 0 &&
	    symbol->value + beyond < section->size)
		return hash_inside(walk,
				   &(struct mkp_verify_place){ symbol->section,
							       symbol->value + beyond });
	hash_text(walk, symbol->name);
	hash_number(walk, beyond);
	return NULL;
}

/* How far the end of its instruction is from the relative field at @at. */
static uint64_t to_end(const struct mkp_code_scan *scan, size_t *field, uint64_t at)
{
	while (*field < scan->count && scan->fields[*field].offset < at)
		++*field;
	if (*field == scan->count || scan->fields[*field].offset != at)
		return 0;
	return scan->fields[*field].to_end;
}

/* Bytes with the fields of relocations as zeros, then what those lead to. */
static struct mkp_error *hash_bytes(struct walk *walk,
				    const struct mkp_verify_place *start, uint8_t *bytes,
				    uint64_t size, const struct mkp_code_scan *scan)
{
	const struct mkp_verify *verify = walk->contents->verify;
	size_t first = mkp_verify_reloc_from(verify, start->section, start->offset);
	size_t end = verify->first_reloc[start->section + 1], field = 0;
	struct mkp_error *error = NULL;

	for (size_t i = first; i < end; i++) {
		const struct mkp_reloc *reloc = &verify->relocs[i].raw;
		const struct mkp_reloc_info *info = verify->arch->reloc(reloc->type);
		uint64_t at = reloc->offset - start->offset;

		if (at >= size)
			end = i;
		else if (info && info->width <= size - at)
			memset(bytes + at, 0, info->width);
	}
	hash_number(walk, size);
	XXH3_128bits_update(walk->state, bytes, size);
	for (size_t i = first; i < end && !error; i++) {
		const struct mkp_reloc_info *info = verify->arch->reloc(
			verify->relocs[i].raw.type);
		uint64_t at = verify->relocs[i].raw.offset - start->offset;

		if (info && info->flags & MKP_RELOC_NONE)
			continue;
		hash_number(walk, at);
		hash_number(walk, info ? info->width : 0);
		hash_number(walk, info ? info->flags & MKP_RELOC_PCREL : 0);
		error = hash_target(walk, &verify->relocs[i], to_end(scan, &field, at));
	}
	return error;
}

static struct mkp_error *hash_range(struct walk *walk,
				    const struct mkp_verify_place *start, uint64_t size,
				    const struct entry *entry)
{
	const struct mkp_verify *verify = walk->contents->verify;
	const struct mkp_section *section = &verify->object->sections[start->section];
	MKP_CLEANUP_FREE uint8_t *bytes = NULL;
	struct mkp_code_scan scan = { 0 };
	struct mkp_error *error;

	if (size > section->size - start->offset)
		size = section->size - start->offset;
	error = mkp_array_create(size + 1, 1, &bytes);
	if (error)
		return error;
	if (section->data)
		memcpy(bytes, section->data + start->offset, size);
	/* Words of an entry that are no content, such as the number of a line. */
	if (entry && entry->row->mask && entry->row->mask_at[entry->size] + 4u <= size)
		for (unsigned int i = 0; i < 4; i++)
			bytes[entry->row->mask_at[entry->size] + i] &= (uint8_t) ~(
				entry->row->mask >> (8 * i));
	if (section->flags & SHF_EXECINSTR && verify->arch->scan_code)
		error = verify->arch->scan_code(bytes, size, &scan);
	if (!error)
		error = hash_bytes(walk, start, bytes, size, &scan);
	mkp_code_scan_deinit(&scan);
	return error;
}

/* The entries of tables whose code is in the piece. */
static struct mkp_error *hash_entries(struct walk *walk, const struct piece *piece)
{
	const struct mkp_contents *contents = walk->contents;
	size_t low = 0, high = contents->nr_entries;
	struct mkp_error *error = NULL;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_places(&contents->entries[middle].code, &piece->start) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < contents->nr_entries && !error; low++) {
		const struct entry *entry = &contents->entries[low];

		if (entry->code.section != piece->start.section ||
		    entry->code.offset - piece->start.offset >= piece->size)
			break;
		hash_text(walk, entry->row->section);
		error = hash_range(
			walk, &(struct mkp_verify_place){ entry->section, entry->at },
			entry->row->sizes[entry->size], entry);
	}
	return error;
}

static struct mkp_error *walk_on(struct walk *walk,
				 struct mkp_error *(*visit)(void *data, uint32_t symbol),
				 void *data)
{
	const struct mkp_object *object = walk->contents->verify->object;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < walk->nr_pieces && !error; i++) {
		const struct piece piece = walk->pieces[i];

		hash_number(walk, object->sections[piece.start.section].flags &
					  (SHF_WRITE | SHF_EXECINSTR));
		error = hash_range(walk, &piece.start, piece.size, NULL);
		if (!error)
			error = hash_entries(walk, &piece);
		if (!error && i && piece.symbol && visit)
			error = visit(data, piece.symbol);
	}
	return error;
}

struct mkp_error *mkp_contents_of(struct mkp_contents *contents,
				  const struct mkp_verify_place *place,
				  struct mkp_error *(*visit)(void *data, uint32_t symbol),
				  void *data, struct mkp_content *ret_content)
{
	struct walk walk = { .contents = contents, .state = XXH3_createState() };
	const struct piece first = piece_at(contents, place);
	struct mkp_error *error;
	XXH128_hash_t hash;
	size_t number;

	if (!walk.state)
		return mkp_error_nomem();
	XXH3_128bits_reset(walk.state);
	error = number_piece(&walk, &first, &number);
	if (!error)
		error = walk_on(&walk, visit, data);
	hash = XXH3_128bits_digest(walk.state);
	if (!error)
		*ret_content = (struct mkp_content){ hash.high64, hash.low64 };
	XXH3_freeState(walk.state);
	free(walk.pieces);
	return error;
}
