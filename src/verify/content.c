// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One walk through the module, from all functions that it replaces and all callbacks:
 * each piece that it meets is hashed by itself, and its references to other pieces are
 * edges of a graph. Of them content_graph.c makes the content, so that two modules with
 * the same content give the same hash, wherever the linker has put the pieces.
 *
 * A piece is what a symbol covers. What has no symbol, as the table of a switch or the
 * code of an alternative, goes up to the next place that anything refers to.
 */
#include "verify/content.h"

#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "base/index.h"
#include "verify/content_graph.h"

struct piece {
	struct mkp_verify_place start;
	uint64_t size;
	uint32_t symbol; /* 0: none */
	bool carried;	 /* another piece refers to it */
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
	uint32_t *replaced;   /* owned; [symbols]: number of the function + 1 */
	struct piece *pieces; /* owned; in the order in which they are met */
	size_t nr_pieces, cap_pieces;
	uint32_t *slots; /* owned; numbers of pieces + 1 by the hash of their start */
	size_t nr_slots; /* a power of two, twice as many as pieces or more */
	struct mkp_content_graph graph; /* a node for each piece */
	struct mkp_content *solved;	/* owned; [pieces] */
};

/* The walk, at one piece. */
struct walk {
	struct mkp_contents *contents;
	size_t at; /* number of the piece */
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
		return (struct piece){ .start = { symbol->section, symbol->value },
				       .size = symbol->size,
				       .symbol = index };
	return (struct piece){ .start = *place, .size = extent(contents, place) };
}

/* The slot of the piece that begins at @place, or the empty one where it would be. */
static uint32_t *slot_of(const struct mkp_contents *contents,
			 const struct mkp_verify_place *place)
{
	size_t i = mkp_hash_mix(place->section, place->offset);

	for (;; i++) {
		uint32_t *slot = &contents->slots[i & (contents->nr_slots - 1)];

		if (!*slot || !compare_places(&contents->pieces[*slot - 1].start, place))
			return slot;
	}
}

static struct mkp_error *grow_slots(struct mkp_contents *contents)
{
	const size_t wanted = contents->nr_slots ? 2 * contents->nr_slots : 64;
	uint32_t *slots = NULL;
	struct mkp_error *error = mkp_array_create(wanted, sizeof(*slots), &slots);

	if (error)
		return error;
	free(contents->slots);
	contents->slots = slots;
	contents->nr_slots = wanted;
	for (size_t i = 0; i < contents->nr_pieces; i++)
		*slot_of(contents, &contents->pieces[i].start) = (uint32_t)i + 1;
	return NULL;
}

static struct mkp_error *add_node(struct mkp_contents *contents, uint32_t symbol)
{
	struct mkp_content_graph *graph = &contents->graph;
	struct mkp_error *error = mkp_array_reserve(&graph->nodes, &graph->cap_nodes,
						    graph->nr_nodes + 1,
						    sizeof(*graph->nodes));

	if (!error)
		graph->nodes[graph->nr_nodes++] = (struct mkp_content_node){
			.name = contents->verify->object->symbols[symbol].name
		};
	return error;
}

/* Its number; it is added if it is met for the first time. */
static struct mkp_error *number_piece(struct mkp_contents *contents,
				      const struct piece *piece, size_t *ret_number)
{
	struct mkp_error *error = NULL;
	uint32_t *slot;

	if (2 * (contents->nr_pieces + 1) > contents->nr_slots)
		error = grow_slots(contents);
	if (error)
		return error;
	slot = slot_of(contents, &piece->start);
	if (!*slot) {
		error = mkp_array_reserve(&contents->pieces, &contents->cap_pieces,
					  contents->nr_pieces + 1, sizeof(*piece));
		if (!error)
			error = add_node(contents, piece->symbol);
		if (error)
			return error;
		contents->pieces[contents->nr_pieces++] = *piece;
		*slot = (uint32_t)contents->nr_pieces;
	}
	*ret_number = *slot - 1;
	return NULL;
}

static struct mkp_error *add_edge(struct walk *walk, const struct piece *piece)
{
	struct mkp_content_graph *graph = &walk->contents->graph;
	size_t number;
	struct mkp_error *error = number_piece(walk->contents, piece, &number);

	if (!error)
		error = mkp_array_reserve(&graph->edges, &graph->cap_edges,
					  graph->nr_edges + 1, sizeof(*graph->edges));
	if (error)
		return error;
	graph->edges[graph->nr_edges++] = (uint32_t)number;
	if (number != walk->at)
		walk->contents->pieces[number].carried = true;
	return NULL;
}

/* Strings by what they say; replaced functions by their name. */
static struct mkp_error *hash_inside(struct walk *walk,
				     const struct mkp_verify_place *place)
{
	const struct mkp_verify *verify = walk->contents->verify;
	const struct mkp_section *section = &verify->object->sections[place->section];
	const char *text = NULL;
	struct piece piece;
	uint32_t replaced;
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
	if (replaced) {
		hash_text(walk, "replaced");
		hash_text(walk, verify->functions[replaced - 1].name);
	} else {
		error = add_edge(walk, &piece);
		if (error)
			return error;
		hash_text(walk, "piece");
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

static struct mkp_error *hash_piece(struct walk *walk)
{
	const struct mkp_object *object = walk->contents->verify->object;
	struct mkp_content_graph *graph = &walk->contents->graph;
	/* A copy, since the array moves when it grows. */
	const struct piece piece = walk->contents->pieces[walk->at];
	const size_t first_edge = graph->nr_edges;
	struct mkp_error *error;
	XXH128_hash_t hash;

	XXH3_128bits_reset(walk->state);
	hash_number(walk, object->sections[piece.start.section].flags &
				  (SHF_WRITE | SHF_EXECINSTR));
	error = hash_range(walk, &piece.start, piece.size, NULL);
	if (!error)
		error = hash_entries(walk, &piece);
	hash = XXH3_128bits_digest(walk->state);
	graph->nodes[walk->at].own = (struct mkp_content){ hash.high64, hash.low64 };
	graph->nodes[walk->at].first_edge = first_edge;
	graph->nodes[walk->at].nr_edges = graph->nr_edges - first_edge;
	return error;
}

static struct mkp_error *start_at(struct mkp_contents *contents,
				  const struct mkp_verify_place *place)
{
	const struct piece piece = piece_at(contents, place);
	size_t number;

	return number_piece(contents, &piece, &number);
}

static struct mkp_error *walk_all(struct mkp_contents *contents)
{
	const struct mkp_verify *verify = contents->verify;
	struct walk walk = { .contents = contents, .state = XXH3_createState() };
	struct mkp_error *error = walk.state ? NULL : mkp_error_nomem();

	for (size_t i = 0; i < verify->nr_functions && !error; i++)
		error = start_at(contents, &verify->functions[i].code);
	for (size_t i = 0; i < verify->nr_callbacks && !error; i++)
		error = start_at(contents, &verify->callbacks[i].code);
	for (; walk.at < contents->nr_pieces && !error; walk.at++)
		error = hash_piece(&walk);
	XXH3_freeState(walk.state);
	return error;
}

/* ---- for others ---- */

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
	if (!error)
		error = walk_all(contents);
	if (!error)
		error = mkp_content_graph_solve(&contents->graph, &contents->solved);
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
	free(contents->pieces);
	free(contents->slots);
	mkp_content_graph_deinit(&contents->graph);
	free(contents->solved);
	free(contents);
}

struct mkp_content mkp_contents_of(const struct mkp_contents *contents,
				   const struct mkp_verify_place *place)
{
	const struct piece piece = piece_at(contents, place);

	return contents->solved[*slot_of(contents, &piece.start) - 1];
}

struct mkp_error *mkp_contents_visit(const struct mkp_contents *contents,
				     mkp_contents_visit_fn *visit, void *data)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < contents->nr_pieces && !error; i++)
		if (contents->pieces[i].carried && contents->pieces[i].symbol)
			error = visit(data, contents->pieces[i].symbol,
				      contents->solved[i]);
	return error;
}
