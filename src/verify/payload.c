// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module against the objects that it was made of. It begins at the functions that
 * are replaced, compares their bytes, and pairs what their relocations lead to: strings
 * and constants by content; functions and variables that the module carries by going on
 * with them; anything else by what it is called and which symbol of the image it is. Each
 * symbol of the object has one place in the module, and each place one symbol.
 */
#include "verify/payload.h"

#include <inttypes.h>
#include <string.h>

#include "base/array.h"

static struct mkp_error *fault(struct mkp_verify_match *match, enum mkp_verify_id id,
			       const struct mkp_verify_piece *piece, uint64_t offset,
			       const char *why)
{
	return mkp_verify_add(match->verify->report, id, piece->name,
			      "+0x%" PRIx64 ": %s", offset, why);
}

struct mkp_error *mkp_verify_enqueue(struct mkp_verify_match *match,
				     const struct mkp_verify_piece *piece)
{
	struct mkp_error *error = mkp_array_reserve(&match->queue, &match->cap_queue,
						    match->nr_queue + 1, sizeof(*piece));

	if (!error)
		match->queue[match->nr_queue++] = *piece;
	return error;
}

static bool same_place(const struct mkp_verify_place *a, const struct mkp_verify_place *b)
{
	return a->section == b->section && a->offset == b->offset;
}

/* ---- what a relocation leads to ---- */

/* A reference on both sides: `from` in the payload, `to` in the module. */
struct reference {
	const struct mkp_verify_piece *piece;
	uint64_t at;			 /* in the piece */
	const struct mkp_symbol *symbol; /* of the payload; NULL: none */
	uint32_t index;			 /* its number */
	struct mkp_verify_place from;	 /* if it is defined there */
	uint64_t beyond;		 /* from the symbol to the place that is meant */
	const struct mkp_verify_reloc *reloc; /* of the module; NULL: none */
	uint64_t to_end;	    /* what a relative field is short of its target */
	struct mkp_verify_place to; /* if the module defines it */
};

static uint32_t symbol_around(const struct mkp_verify_payload *payload,
			      const struct mkp_verify_place *place)
{
	uint32_t index = mkp_verify_map_around(&payload->code, place);

	return index ? index : mkp_verify_map_around(&payload->data, place);
}

/* The symbol around a place that the payload refers to by its section alone, or the one
 * that ends there: loops count up to the end of an array. */
static void name_target(const struct mkp_verify_payload *payload,
			struct reference *reference)
{
	uint32_t index = symbol_around(payload, &reference->from);
	struct mkp_verify_place last = reference->from;

	if (!index && last.offset--) {
		index = symbol_around(payload, &last);
		if (index && payload->object->symbols[index].value +
					     payload->object->symbols[index].size !=
				     reference->from.offset)
			index = 0;
	}
	reference->index = index;
	reference->symbol = index ? &payload->object->symbols[index] : NULL;
	if (index)
		reference->beyond = reference->from.offset - reference->symbol->value;
}

static void resolve_from(const struct mkp_verify_payload *payload,
			 const struct mkp_reloc *reloc, struct reference *reference)
{
	const struct mkp_symbol *symbol = &payload->object->symbols[reloc->symbol];
	uint64_t beyond = (uint64_t)reloc->addend + reference->to_end;

	reference->symbol = symbol;
	reference->index = reloc->symbol;
	reference->beyond = beyond;
	if (!mkp_symbol_section(payload->object, symbol))
		return;
	reference->from = (struct mkp_verify_place){ symbol->section,
						     symbol->value + beyond };
	if (symbol->type == STT_SECTION || !*symbol->name)
		name_target(payload, reference);
}

/* Strings and constants that the linker merges have no place, but content. */
static bool same_content(const struct mkp_verify_match *match,
			 const struct reference *reference,
			 const struct mkp_section *from)
{
	const struct mkp_section *to =
		&match->verify->object->sections[reference->to.section];
	uint64_t left = from->size - reference->from.offset;
	uint64_t size = from->entsize ? from->entsize : 1;
	const uint8_t *a = from->data + reference->from.offset;

	if (from->flags & SHF_STRINGS)
		size = strnlen((const char *)a, left) + 1;
	if (!to->data || size > left || size > to->size - reference->to.offset)
		return false;
	return !memcmp(a, to->data + reference->to.offset, size);
}

/* A carried symbol of @payload: the first reference says where it is, all others must
 * agree. */
static struct mkp_error *pair_symbol(struct mkp_verify_match *match,
				     struct mkp_verify_payload *payload, uint32_t index,
				     const struct reference *reference)
{
	const struct mkp_symbol *symbol = &payload->object->symbols[index];
	struct mkp_verify_place *known = &payload->places[index];
	const struct mkp_verify_piece piece = {
		.payload = payload,
		.from = { symbol->section, symbol->value },
		.to = { reference->to.section, reference->to.offset - reference->beyond },
		.size = symbol->size,
		.name = symbol->name,
	};

	if (known->section && same_place(known, &piece.to))
		return NULL;
	if (known->section || reference->to.offset < reference->beyond)
		return fault(match, MKP_VERIFY_PAYLOAD_TARGET, reference->piece,
			     reference->at, "leads to another symbol");
	*known = piece.to;
	return mkp_verify_enqueue(match, &piece);
}

static uint64_t replacement_key(const char *name, const struct mkp_verify_place *place)
{
	return mkp_hash_mix(mkp_hash_string(name),
			    mkp_hash_mix(place->section, place->offset));
}

/* Whether the place is the replacement of the function called @name. */
static bool is_replacement(const struct mkp_verify_match *match, const char *name,
			   const struct mkp_verify_place *place)
{
	const struct mkp_verify_function *functions = match->verify->functions;
	size_t count;
	const struct mkp_index_entry *it = mkp_index_find(
		&match->functions, replacement_key(name, place), &count);

	for (; count; it++, count--)
		if (!strcmp(functions[it->id].name, name) &&
		    same_place(&functions[it->id].code, place))
			return true;
	return false;
}

/* What this object does not define and the module does: another object of the patch has
 * it. Its content is compared like that of any other. */
static struct mkp_error *pair_addition(struct mkp_verify_match *match,
				       const struct reference *reference)
{
	const char *name = reference->symbol->name;
	const struct mkp_verify_definition *definition;

	if (is_replacement(match, name, &reference->to))
		return NULL;
	definition = mkp_verify_find_global(match, name);
	if (definition)
		return pair_symbol(match, definition->payload, definition->symbol,
				   reference);
	return fault(match, MKP_VERIFY_PAYLOAD_TARGET, reference->piece, reference->at,
		     "leads into the module, not to the kernel");
}

/* What has no symbol, such as the table of a switch, or the code of an alternative. */
static struct mkp_error *pair_chunk(struct mkp_verify_match *match,
				    const struct reference *reference)
{
	struct mkp_verify_payload *payload = reference->piece->payload;
	uint64_t end = 0, inside;
	struct mkp_verify_chunk *chunk = mkp_verify_chunk_at(payload, &reference->from,
							     &end);
	struct mkp_verify_piece piece = {
		.payload = payload,
		.name = payload->object->sections[reference->from.section].name,
	};

	if (!chunk)
		return fault(match, MKP_VERIFY_PAYLOAD_TARGET, reference->piece,
			     reference->at, "leads to what is not loaded");
	inside = reference->from.offset - chunk->from.offset;
	piece.from = chunk->from;
	piece.to = (struct mkp_verify_place){ reference->to.section,
					      reference->to.offset - inside };
	piece.size = end - chunk->from.offset;
	if (chunk->to.section && same_place(&chunk->to, &piece.to))
		return NULL;
	if (chunk->to.section || reference->to.offset < inside)
		return fault(match, MKP_VERIFY_PAYLOAD_TARGET, reference->piece,
			     reference->at, "leads to another place");
	chunk->to = piece.to;
	return mkp_verify_enqueue(match, &piece);
}

/* The module defines what is meant. */
static struct mkp_error *pair_defined(struct mkp_verify_match *match,
				      const struct reference *reference)
{
	const struct mkp_section *from;

	if (!reference->from.section)
		return pair_addition(match, reference);
	from = &reference->piece->payload->object->sections[reference->from.section];
	if (from->flags & SHF_MERGE && from->data &&
	    reference->from.offset < from->size) {
		if (same_content(match, reference, from))
			return NULL;
		return fault(match, MKP_VERIFY_PAYLOAD_TARGET, reference->piece,
			     reference->at, "another string or constant");
	}
	if (!reference->symbol)
		return pair_chunk(match, reference);
	return pair_symbol(match, reference->piece->payload, reference->index, reference);
}

/* The kernel has it: the same name, the same distance, and the right one of that name. */
static struct mkp_error *pair_outside(struct mkp_verify_match *match,
				      const struct reference *reference)
{
	struct mkp_verify *verify = match->verify;
	const struct mkp_verify_reloc *reloc = reference->reloc;
	const struct mkp_symbol *symbol = &verify->object->symbols[reloc->raw.symbol];
	struct mkp_verify_klp_symbol *klp = &verify->klp_symbols[reloc->raw.symbol];
	const char *name = klp->name ? klp->name : symbol->name, *why = NULL;
	struct mkp_error *error;

	if (!reference->symbol || !mkp_verify_same_name(name, reference->symbol->name))
		return mkp_verify_add(
			verify->report, MKP_VERIFY_PAYLOAD_TARGET, reference->piece->name,
			"+0x%" PRIx64 ": leads to %s, not to %s", reference->at, name,
			reference->symbol ? reference->symbol->name
					  : "data without a name");
	if ((uint64_t)reloc->raw.addend + reference->to_end != reference->beyond)
		return fault(match, MKP_VERIFY_PAYLOAD_TARGET, reference->piece,
			     reference->at, "leads to another place in the right symbol");
	if (!klp->name)
		return NULL;
	if (klp->image_symbol < 0 || klp->meant_by == reference->symbol)
		return NULL;
	klp->meant_by = reference->symbol;
	error = mkp_verify_is_meant(reference->piece->payload, reference->symbol,
				    klp->image, (uint32_t)klp->image_symbol, &why);
	if (error || !why)
		return error;
	verify->report->items[klp->item].verdict = MKP_WRONG;
	return mkp_verify_add(verify->report, MKP_VERIFY_WRONG_SYMBOL, klp->name,
			      "position %" PRIu64 " in %s: %s", klp->position,
			      klp->object, why);
}

static struct mkp_error *pair(struct mkp_verify_match *match, struct reference *reference)
{
	const struct mkp_object *object = match->verify->object;
	const struct mkp_symbol *symbol = &object->symbols[reference->reloc->raw.symbol];
	const struct mkp_section *section = mkp_symbol_section(object, symbol);

	match->verify->report->counts.payload_relocations++;
	if (!section)
		return pair_outside(match, reference);
	reference->to = (struct mkp_verify_place){
		symbol->section,
		symbol->value + (uint64_t)reference->reloc->raw.addend + reference->to_end
	};
	if (reference->to.offset > section->size)
		return fault(match, MKP_VERIFY_PAYLOAD_TARGET, reference->piece,
			     reference->at, "leads out of the section");
	return pair_defined(match, reference);
}

/* ---- the bytes of a piece ---- */

/* Both sides while one piece is walked through. */
struct walk {
	struct mkp_verify_match *match;
	const struct mkp_verify_piece *piece;
	const struct mkp_section *from, *to;
	const struct mkp_reloc *reloc, *reloc_end;	  /* of the payload */
	const struct mkp_verify_reloc *other, *other_end; /* of the module */
	struct mkp_code_scan scan;			  /* of the payload's code */
	size_t field;
};

/* How far the end of the instruction is from a relative field at @at. */
static const struct mkp_code_field *field_at(struct walk *walk, uint64_t at)
{
	while (walk->field < walk->scan.count &&
	       walk->scan.fields[walk->field].offset < at)
		walk->field++;
	if (walk->field == walk->scan.count ||
	    walk->scan.fields[walk->field].offset != at)
		return NULL;
	return &walk->scan.fields[walk->field];
}

static struct mkp_error *pair_relocs(struct walk *walk, uint64_t at)
{
	struct mkp_verify_match *match = walk->match;
	const struct mkp_arch *arch = match->verify->arch;
	const struct mkp_reloc_info *a = arch->reloc(walk->reloc->type);
	const struct mkp_reloc_info *b = arch->reloc(walk->other->raw.type);
	const struct mkp_code_field *field = field_at(walk, at);
	struct reference reference = {
		.piece = walk->piece,
		.at = at,
		.reloc = walk->other,
		.to_end = field ? field->to_end : 0,
	};

	/* PC32 and PLT32 mean the same to the loader. */
	if (!a || !b || a->width != b->width ||
	    (a->type != b->type && !(a->flags & b->flags & MKP_RELOC_PCREL)))
		return fault(match, MKP_VERIFY_PAYLOAD_RELOC, walk->piece, at,
			     "another type of relocation");
	if (at < 32 && walk->piece->skip & (1u << at))
		return NULL;
	resolve_from(walk->piece->payload, walk->reloc, &reference);
	return pair(match, &reference);
}

/* The assembler knew the distance, but the module has both ends apart. */
static struct mkp_error *pair_assembled(struct walk *walk, uint64_t at)
{
	const struct mkp_code_field *field = field_at(walk, at);
	struct reference reference = { .piece = walk->piece,
				       .at = at,
				       .reloc = walk->other };

	if (!field || !field->branch)
		return fault(walk->match, MKP_VERIFY_PAYLOAD_RELOC, walk->piece, at,
			     "a relocation that the object does not have");
	reference.to_end = field->to_end;
	reference.from = (struct mkp_verify_place){ walk->piece->from.section,
						    walk->piece->from.offset +
							    (uint64_t)field->target };
	name_target(walk->piece->payload, &reference);
	return pair(walk->match, &reference);
}

static uint64_t next_reloc(const struct walk *walk)
{
	uint64_t at = walk->piece->size;

	if (walk->reloc < walk->reloc_end &&
	    walk->reloc->offset - walk->piece->from.offset < at)
		at = walk->reloc->offset - walk->piece->from.offset;
	if (walk->other < walk->other_end &&
	    walk->other->raw.offset - walk->piece->to.offset < at)
		at = walk->other->raw.offset - walk->piece->to.offset;
	return at;
}

/* How long a jump of a static branch is, of which objtool has made a NOP; 0: none. */
static uint64_t site_length(const struct walk *walk, uint64_t at, uint64_t end)
{
	const struct mkp_verify_piece *piece = walk->piece;
	const struct mkp_arch *arch = walk->match->verify->arch;
	const struct mkp_verify_place from = { piece->from.section,
					       piece->from.offset + at };
	struct mkp_insn jump, nop;

	if (!walk->from->data || !walk->to->data || !arch->decode ||
	    !mkp_verify_is_site(piece->payload, &from) ||
	    !arch->decode(walk->from->data + from.offset, end - at, &jump) ||
	    !arch->decode(walk->to->data + piece->to.offset + at, end - at, &nop))
		return 0;
	return jump.branch && nop.nop && jump.length == nop.length ? nop.length : 0;
}

/* Bytes of both sides between two relocations; a section without content has zeros. */
static bool same_bytes(const struct walk *walk, uint64_t at, uint64_t end)
{
	const uint8_t *a = walk->from->data, *b = walk->to->data;

	while (at < end) {
		uint8_t x = a ? a[walk->piece->from.offset + at] : 0;
		uint8_t y = b ? b[walk->piece->to.offset + at] : 0;
		uint64_t length = x == y ? 1 : site_length(walk, at, end);

		if (!length)
			return false;
		at += length;
	}
	return true;
}

/* The relocations at @at, on one side or both; the width of the field. */
static struct mkp_error *step(struct walk *walk, uint64_t at, uint64_t *ret_width)
{
	const struct mkp_arch *arch = walk->match->verify->arch;
	bool here = walk->reloc < walk->reloc_end &&
		    walk->reloc->offset - walk->piece->from.offset == at;
	bool there = walk->other < walk->other_end &&
		     walk->other->raw.offset - walk->piece->to.offset == at;
	const struct mkp_reloc_info *info;
	struct mkp_error *error;

	info = arch->reloc(here ? walk->reloc->type : walk->other->raw.type);
	*ret_width = info ? info->width : 0;
	if (here && info && info->flags & MKP_RELOC_NONE)
		there = false;
	if (here && there)
		error = pair_relocs(walk, at);
	else if (there)
		error = pair_assembled(walk, at);
	else if (info && info->flags & MKP_RELOC_NONE)
		error = NULL;
	else if (at < 32 && walk->piece->nothing & (1u << at))
		error = NULL;
	else
		error = fault(walk->match, MKP_VERIFY_PAYLOAD_RELOC, walk->piece, at,
			      "a relocation is missing");
	walk->reloc += here;
	walk->other += there;
	return error;
}

static struct mkp_error *walk_piece(struct walk *walk)
{
	struct mkp_error *error = NULL;
	uint64_t at = 0, width;

	while (!error) {
		uint64_t next = next_reloc(walk);

		if (next > at && !same_bytes(walk, at, next))
			return fault(walk->match, MKP_VERIFY_PAYLOAD_CODE, walk->piece,
				     at, "other bytes than in the object");
		if (next >= walk->piece->size)
			return NULL;
		error = step(walk, next, &width);
		at = next + width > at ? next + width : at;
	}
	return error;
}

/* The piece's own relocations on both sides. */
static void find_relocs(struct walk *walk)
{
	const struct mkp_verify_piece *piece = walk->piece;
	const struct mkp_object *object = piece->payload->object;
	const struct mkp_verify *verify = walk->match->verify;
	uint32_t low = walk->from->first_reloc, high = low + walk->from->nr_relocs;

	walk->reloc_end = object->relocs + high;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (object->relocs[middle].offset < piece->from.offset)
			low = middle + 1;
		else
			high = middle;
	}
	walk->reloc = object->relocs + low;
	walk->other = verify->relocs +
		      mkp_verify_reloc_from(verify, piece->to.section, piece->to.offset);
	walk->other_end = verify->relocs + verify->first_reloc[piece->to.section + 1];
}

static struct mkp_error *compare(struct mkp_verify_match *match,
				 const struct mkp_verify_piece *piece)
{
	const struct mkp_object *object = piece->payload->object;
	struct walk walk = {
		.match = match,
		.piece = piece,
		.from = &object->sections[piece->from.section],
		.to = &match->verify->object->sections[piece->to.section],
	};
	const struct mkp_arch *arch = match->verify->arch;
	struct mkp_error *error = NULL;

	match->verify->report->counts.payload_functions++;
	if (piece->to.offset > walk.to->size ||
	    piece->size > walk.to->size - piece->to.offset)
		return fault(match, MKP_VERIFY_PAYLOAD_CODE, piece, 0,
			     "larger than what the module has");
	find_relocs(&walk);
	if (walk.from->flags & SHF_EXECINSTR && walk.from->data && arch->scan_code)
		error = arch->scan_code(walk.from->data + piece->from.offset, piece->size,
					&walk.scan);
	if (!error)
		error = walk_piece(&walk);
	mkp_code_scan_deinit(&walk.scan);
	return error;
}

/* ---- where it begins ---- */

static struct mkp_error *check_meant(struct mkp_verify_match *match,
				     const struct mkp_verify_function *function,
				     const struct mkp_verify_payload *payload,
				     const struct mkp_symbol *symbol)
{
	struct mkp_error *error;
	const char *why;

	if (function->image_symbol < 0)
		return NULL;
	error = mkp_verify_is_meant(payload, symbol, function->image,
				    (uint32_t)function->image_symbol, &why);
	if (error || !why)
		return error;
	match->verify->report->items[function->item].verdict = MKP_WRONG;
	return mkp_verify_add(match->verify->report, MKP_VERIFY_WRONG_SYMBOL,
			      function->name, "position %" PRIu64 " in %s: %s",
			      function->position, function->image->name, why);
}

static struct mkp_error *start(struct mkp_verify_match *match,
			       const struct mkp_verify_function *function)
{
	const struct mkp_verify_definition *definition;
	size_t count = mkp_verify_find_functions(match, function->name, &definition);
	struct mkp_verify_payload *payload;
	const struct mkp_symbol *symbol;
	struct mkp_error *error;

	if (count != 1)
		return mkp_verify_add(match->verify->report, MKP_VERIFY_NO_PAYLOAD,
				      function->name, "%zu of the objects have it",
				      count);
	payload = definition->payload;
	symbol = &payload->object->symbols[definition->symbol];
	error = check_meant(match, function, payload, symbol);
	if (error || payload->places[definition->symbol].section)
		return error;
	payload->places[definition->symbol] = function->code;
	return mkp_verify_enqueue(match,
				  &(struct mkp_verify_piece){
					  .payload = payload,
					  .from = { symbol->section, symbol->value },
					  .to = function->code,
					  .size = symbol->size,
					  .name = symbol->name,
				  });
}

static struct mkp_error *open_payload(const struct mkp_verify *verify, const char *path,
				      struct mkp_verify_payload *payload)
{
	struct mkp_error *error = mkp_object_open(path, &payload->object);

	if (error)
		return error;
	if (payload->object->type != ET_REL ||
	    payload->object->machine != verify->object->machine)
		return mkp_error_create(MKP_ERROR_USAGE, "%s: not an object of %s", path,
					verify->arch->name);
	error = mkp_verify_map_init(&payload->code, payload->object, STT_FUNC);
	if (!error)
		error = mkp_verify_map_init(&payload->data, payload->object, STT_OBJECT);
	if (!error)
		error = mkp_array_create(payload->object->nr_symbols,
					 sizeof(*payload->places), &payload->places);
	if (!error)
		error = mkp_verify_chunks_create(verify->arch, payload);
	return error ? error : mkp_verify_sites_create(verify->arch, payload);
}

static struct mkp_error *drain(struct mkp_verify_match *match)
{
	struct mkp_error *error = NULL;

	while (match->done < match->nr_queue && !error) {
		/* A copy, since the queue moves when it grows. */
		const struct mkp_verify_piece piece = match->queue[match->done++];

		error = compare(match, &piece);
	}
	return error;
}

static int compare_places(const void *a, const void *b, void *places)
{
	const struct mkp_verify_place *x = (const struct mkp_verify_place *)places +
					   *(const uint32_t *)a;
	const struct mkp_verify_place *y = (const struct mkp_verify_place *)places +
					   *(const uint32_t *)b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Each place in the module has one symbol, as each symbol has one place. */
static struct mkp_error *check_places(struct mkp_verify_match *match,
				      const struct mkp_verify_payload *payload)
{
	const struct mkp_object *object = payload->object;
	MKP_CLEANUP_FREE uint32_t *sorted = NULL;
	struct mkp_error *error = mkp_array_create(object->nr_symbols, sizeof(*sorted),
						   &sorted);
	size_t count = 0;

	for (uint32_t i = 1; i < object->nr_symbols && !error; i++)
		if (payload->places[i].section)
			sorted[count++] = i;
	if (!error)
		qsort_r(sorted, count, sizeof(*sorted), compare_places, payload->places);
	for (size_t i = 1; i < count && !error; i++) {
		const struct mkp_symbol *a = &object->symbols[sorted[i - 1]];
		const struct mkp_symbol *b = &object->symbols[sorted[i]];

		/* Aliases share a place in the object, too. */
		if (same_place(&payload->places[sorted[i - 1]],
			       &payload->places[sorted[i]]) &&
		    (a->section != b->section || a->value != b->value))
			error = mkp_verify_add(match->verify->report,
					       MKP_VERIFY_PAYLOAD_TARGET, b->name,
					       "references to it lead to %s", a->name);
	}
	return error;
}

static struct mkp_error *index_functions(struct mkp_verify_match *match)
{
	const struct mkp_verify *verify = match->verify;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < verify->nr_functions && !error; i++)
		error = mkp_index_add(&match->functions,
				      replacement_key(verify->functions[i].name,
						      &verify->functions[i].code),
				      (uint32_t)i);
	mkp_index_seal(&match->functions);
	return error;
}

static struct mkp_error *run(struct mkp_verify_match *match)
{
	const struct mkp_verify_input *input = match->verify->input;
	struct mkp_error *error = mkp_array_create(
		input->nr_payloads, sizeof(*match->payloads), &match->payloads);

	if (!error)
		error = index_functions(match);
	for (size_t i = 0; i < input->nr_payloads && !error; i++) {
		match->nr_payloads++;
		error = open_payload(match->verify, input->payloads[i],
				     &match->payloads[i]);
	}
	if (!error)
		error = mkp_verify_definitions_create(match);
	for (size_t i = 0; i < match->verify->nr_functions && !error; i++)
		error = start(match, &match->verify->functions[i]);
	if (!error)
		error = drain(match);
	if (!error)
		error = mkp_verify_tables_create(match);
	/* Only now is it known which code the module carries. */
	for (size_t i = 0; i < match->nr_payloads && !error; i++)
		error = mkp_verify_pair_tables(match, &match->payloads[i]);
	if (!error)
		error = drain(match);
	for (size_t i = 0; i < match->nr_payloads && !error; i++)
		error = check_places(match, &match->payloads[i]);
	return error;
}

struct mkp_error *mkp_verify_pass_payload(struct mkp_verify *verify)
{
	struct mkp_verify_match match = { .verify = verify };
	struct mkp_error *error;

	if (!verify->input->nr_payloads)
		return NULL;
	error = run(&match);
	for (size_t i = 0; i < match.nr_payloads; i++) {
		mkp_verify_map_deinit(&match.payloads[i].code);
		mkp_verify_map_deinit(&match.payloads[i].data);
		free(match.payloads[i].places);
		free(match.payloads[i].chunks);
		free(match.payloads[i].sites);
		mkp_object_destroy(match.payloads[i].object);
	}
	mkp_verify_tables_destroy(&match);
	free(match.payloads);
	free(match.definitions);
	free(match.queue);
	mkp_index_deinit(&match.functions);
	return error;
}
