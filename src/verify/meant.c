// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of several symbols of one name is meant. The linker puts the local symbols of an
 * object one after the other into the symbol table, behind a symbol for the source file;
 * modules are shipped without those, but in the same order. So the right one has the
 * other local symbols of the object around it.
 */
#include <string.h>

#include "verify/payload.h"

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

static bool is_local_of(const struct mkp_verify_payload *payload, const char *name)
{
	const struct mkp_object *object = payload->object;
	size_t count;
	const struct mkp_index_entry *entry = mkp_index_find(
		&object->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++) {
		const struct mkp_symbol *symbol = &object->symbols[entry[i].id];

		if (symbol->bind == STB_LOCAL && !strcmp(symbol->name, name) &&
		    (symbol->type == STT_FUNC || symbol->type == STT_OBJECT))
			return true;
	}
	return false;
}

/* A local symbol that may be of the same object; false: another one begins here. */
static bool is_neighbour(const struct mkp_object *object, uint32_t index)
{
	const struct mkp_symbol *symbol = &object->symbols[index];

	return index && index < object->nr_symbols && symbol->bind == STB_LOCAL &&
	       symbol->type != STT_FILE;
}

/* How many of the local symbols around @index the payload has, too. */
static size_t count_neighbours(const struct mkp_verify_payload *payload,
			       const struct mkp_object *object, uint32_t index)
{
	/* Without file symbols no further than the payload's own symbols could reach. */
	uint32_t reach = payload->object->first_global;
	size_t count = 0;

	for (uint32_t i = 1; i <= reach && is_neighbour(object, index - i); i++)
		count += is_local_of(payload, object->symbols[index - i].name);
	for (uint32_t i = 1; i <= reach && is_neighbour(object, index + i); i++)
		count += is_local_of(payload, object->symbols[index + i].name);
	return count;
}

static bool other_file(const struct mkp_symbol *a, const struct mkp_symbol *b)
{
	return a->file && b->file && strcmp(a->file, b->file) != 0;
}

/* Whether another symbol of the name has more of the payload's symbols around it. */
static bool has_better(const struct mkp_verify_payload *payload,
		       const struct mkp_symbol *symbol,
		       const struct mkp_verify_image *image, uint32_t chosen)
{
	const struct mkp_object *object = image->object;
	const char *name = object->symbols[chosen].name;
	size_t entries, score = 0;
	const struct mkp_index_entry *entry = mkp_verify_image_named(image, name,
								     &entries);

	if (entries > 1)
		score = count_neighbours(payload, object, chosen);
	for (size_t i = 0; i < entries && entries > 1; i++) {
		uint32_t index = image->order[entry[i].id];
		const struct mkp_symbol *other = &object->symbols[index];

		if (index == chosen || other->bind != STB_LOCAL ||
		    strcmp(other->name, name) != 0 || other_file(symbol, other))
			continue;
		if (count_neighbours(payload, object, index) > score)
			return true;
	}
	return false;
}

const char *mkp_verify_is_meant(const struct mkp_verify_payload *payload,
				const struct mkp_symbol *symbol,
				const struct mkp_verify_image *image,
				uint32_t image_symbol)
{
	const struct mkp_symbol *found = &image->object->symbols[image_symbol];
	bool defined = symbol->section != MKP_SHN_UNDEF;

	if (!mkp_verify_same_name(symbol->name, found->name))
		return "another name";
	if ((symbol->bind == STB_LOCAL) != (found->bind == STB_LOCAL))
		return symbol->bind == STB_LOCAL ? "a global symbol, not a local one"
						 : "a local symbol, not a global one";
	if (defined && found->type != STT_NOTYPE && symbol->type != STT_NOTYPE &&
	    symbol->type != found->type)
		return "a function for a variable, or the other way round";
	if (symbol->bind != STB_LOCAL)
		return NULL;
	if (other_file(symbol, found))
		return "from another source file";
	if (defined && symbol->type == STT_OBJECT && found->size &&
	    symbol->size != found->size)
		return "a variable of another size";
	if (has_better(payload, symbol, image, image_symbol))
		return "another symbol of this name has the other symbols of the object "
		       "around it";
	return NULL;
}
