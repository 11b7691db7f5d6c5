// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of several symbols of one name is meant. The linker puts the local symbols of an
 * object one after the other into the symbol table, behind a symbol for the source file;
 * modules are shipped without those, but in the same order. So the right one has the
 * other local symbols of the object around it, and on the same sides as there. A function
 * that the patch leaves alone also has the same code.
 */
#include "verify/payload.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Where digits at the end of a dotted part begin: "foo.isra.0" -> "foo.isra." */
static const char *skip_number(const char *text)
{
	while (*text >= '0' && *text <= '9')
		text++;
	return text;
}

bool mkp_verify_same_name(const char *a, const char *b)
{
	while (*a && *a == *b) {
		bool dot = *a == '.';

		a++;
		b++;
		if (dot) {
			a = skip_number(a);
			b = skip_number(b);
		}
	}
	return !*a && !*b;
}

/* The payload's local symbol of this name; 0: none. */
static uint32_t find_local(const struct mkp_verify_payload *payload, const char *name)
{
	const struct mkp_object *object = payload->object;
	size_t count;
	const struct mkp_index_entry *entry = mkp_index_find(
		&object->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++) {
		const struct mkp_symbol *symbol = &object->symbols[entry[i].id];

		if (symbol->bind == STB_LOCAL && !strcmp(symbol->name, name) &&
		    (symbol->type == STT_FUNC || symbol->type == STT_OBJECT))
			return entry[i].id;
	}
	return 0;
}

/* Whether a compiler made or numbered the name, so that many files have it: "__func__.1",
 * "__UNIQUE_ID_ddebug393.8". */
static bool is_common_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return !strncmp(name, "__UNIQUE_ID_", 12) ||
	       (dot && dot[1] && !*skip_number(dot + 1));
}

/* The symbols around one of the image. */
struct neighbourhood {
	const struct mkp_verify_payload *payload;
	const struct mkp_object *object; /* of the image */
	uint32_t self;			 /* the payload's symbol of that name; 0: none */
	uint8_t *seen;			 /* owned; [local symbols of the payload] */
	size_t score;
};

/*
 * Counts a neighbour: once for its name, once more for its size, and once more if it is
 * on the same side as in the payload. Returns false where another object begins: at a
 * file symbol, a global one, or a name for the second time, since files that are alike
 * have symbols that are.
 */
static bool count_one(struct neighbourhood *around, uint32_t index, bool before)
{
	const struct mkp_verify_payload *payload = around->payload;
	const struct mkp_object *object = around->object;
	const struct mkp_symbol *symbol;
	uint32_t local;

	if (!index || index >= object->nr_symbols)
		return false;
	symbol = &object->symbols[index];
	if (symbol->bind != STB_LOCAL || symbol->type == STT_FILE)
		return false;
	local = is_common_name(symbol->name) ? 0 : find_local(payload, symbol->name);
	if (!local)
		return true;
	if (around->seen[local])
		return false;
	around->seen[local] = 1;
	around->score += 1 + (payload->object->symbols[local].size == symbol->size) +
			 (local != around->self && before == (local < around->self));
	return true;
}

/* How well the local symbols around @index agree with the payload's, from near to far. */
static struct mkp_error *count_neighbours(const struct mkp_verify_payload *payload,
					  const struct mkp_object *object, uint32_t index,
					  size_t *ret_score)
{
	/* Without file symbols no further than the payload's own symbols could reach. */
	uint32_t reach = payload->object->first_global;
	struct neighbourhood around = {
		.payload = payload,
		.object = object,
		.self = find_local(payload, object->symbols[index].name),
	};
	bool before = true, after = true;
	struct mkp_error *error = mkp_array_create(reach, sizeof(*around.seen),
						   &around.seen);

	for (uint32_t i = 0; i <= reach && !error && (before || after); i++) {
		if (before)
			before = count_one(&around, index - i, /* before= */ true);
		if (after && i)
			after = count_one(&around, index + i, /* before= */ false);
	}
	free(around.seen);
	*ret_score = around.score;
	return error;
}

/* Whether @offset of a section with relocations is in the field of one. */
static bool is_relocated(const struct mkp_object *object,
			 const struct mkp_section *section, uint64_t offset)
{
	uint32_t low = section->first_reloc, high = low + section->nr_relocs;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (object->relocs[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	/* No field that the kernel relocates in code is wider than a pointer. */
	return low > section->first_reloc && offset - object->relocs[low - 1].offset < 4;
}

/* Whether the payload's function is the image's, but for relocated fields. */
static bool same_code(const struct mkp_verify_payload *payload,
		      const struct mkp_symbol *symbol,
		      const struct mkp_verify_image *image, uint32_t image_symbol)
{
	const struct mkp_section *section = mkp_symbol_section(payload->object, symbol);
	const struct mkp_symbol *found = &image->object->symbols[image_symbol];
	const uint8_t *code = mkp_verify_image_bytes(image, found, found->size);

	if (!section || !section->data || !code || found->size != symbol->size)
		return false;
	for (uint64_t i = 0; i < symbol->size; i++)
		if (section->data[symbol->value + i] != code[i] &&
		    !is_relocated(payload->object, section, symbol->value + i))
			return false;
	return true;
}

static bool other_file(const struct mkp_symbol *a, const struct mkp_symbol *b)
{
	return a->file && b->file && strcmp(a->file, b->file) != 0;
}

/* Two symbols of one name that the payload's could be, and what speaks for each. */
static struct mkp_error *is_better(const struct mkp_verify_payload *payload,
				   const struct mkp_symbol *symbol,
				   const struct mkp_verify_image *image, uint32_t chosen,
				   uint32_t other, bool *ret_better)
{
	size_t score, other_score = 0;
	struct mkp_error *error;

	error = count_neighbours(payload, image->object, chosen, &score);
	if (!error)
		error = count_neighbours(payload, image->object, other, &other_score);
	*ret_better = other_score > score;
	if (!error && !*ret_better && symbol->type == STT_FUNC)
		*ret_better = same_code(payload, symbol, image, other) &&
			      !same_code(payload, symbol, image, chosen);
	return error;
}

static struct mkp_error *has_better(const struct mkp_verify_payload *payload,
				    const struct mkp_symbol *symbol,
				    const struct mkp_verify_image *image, uint32_t chosen,
				    bool *ret_better)
{
	const char *name = image->object->symbols[chosen].name;
	struct mkp_error *error = NULL;
	size_t entries;
	const struct mkp_index_entry *entry = mkp_verify_image_named(image, name,
								     &entries);

	*ret_better = false;
	for (size_t i = 0; i < entries && !error && !*ret_better; i++) {
		uint32_t index = image->order[entry[i].id];
		const struct mkp_symbol *other = &image->object->symbols[index];

		if (index == chosen || other->bind != STB_LOCAL ||
		    other->type != symbol->type || strcmp(other->name, name) != 0 ||
		    other_file(symbol, other))
			continue;
		error = is_better(payload, symbol, image, chosen, index, ret_better);
	}
	return error;
}

/* What the symbols themselves tell. NULL: nothing speaks against it. */
static const char *find_contradiction(const struct mkp_symbol *symbol,
				      const struct mkp_symbol *found)
{
	bool defined = symbol->section != MKP_SHN_UNDEF;
	bool local = symbol->bind == STB_LOCAL;

	if (!mkp_verify_same_name(symbol->name, found->name))
		return "another name";
	if (local != (found->bind == STB_LOCAL))
		return local ? "a global symbol, not a local one"
			     : "a local symbol, not a global one";
	if (defined && found->type != STT_NOTYPE && symbol->type != STT_NOTYPE &&
	    symbol->type != found->type)
		return "a function for a variable, or the other way round";
	if (!local)
		return NULL;
	if (other_file(symbol, found))
		return "from another source file";
	if (defined && symbol->type == STT_OBJECT && found->size &&
	    symbol->size != found->size)
		return "a variable of another size";
	return NULL;
}

struct mkp_error *mkp_verify_is_meant(const struct mkp_verify_payload *payload,
				      const struct mkp_symbol *symbol,
				      const struct mkp_verify_image *image,
				      uint32_t image_symbol, const char **ret_why)
{
	const char *why = find_contradiction(symbol,
					     &image->object->symbols[image_symbol]);
	struct mkp_error *error = NULL;
	bool better = false;

	if (!why && symbol->bind == STB_LOCAL)
		error = has_better(payload, symbol, image, image_symbol, &better);
	if (better)
		why = "another symbol of this name has the code, or the neighbours, of "
		      "the "
		      "object's";
	*ret_why = why;
	return error;
}
