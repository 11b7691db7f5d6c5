// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the objects define, sorted by name. A module has as many look-ups as it has
 * replaced functions and references, so none may go through all of the objects, nor
 * through all that is called the same: of one name, functions come first and globals
 * first among both, so each answer is where a group begins or ends.
 */
#include <string.h>

#include "base/array.h"
#include "verify/payload.h"

enum group {
	GLOBAL_FUNCTION,
	OTHER_FUNCTION,
	GLOBAL_DATA,
	NO_GROUP, /* neither function nor global: never looked for */
};

static enum group group_of(const struct mkp_symbol *symbol)
{
	bool global = symbol->bind == STB_GLOBAL;

	if (symbol->type == STT_FUNC)
		return global ? GLOBAL_FUNCTION : OTHER_FUNCTION;
	return global ? GLOBAL_DATA : NO_GROUP;
}

static const struct mkp_symbol *symbol_of(const struct mkp_verify_definition *definition)
{
	return &definition->payload->object->symbols[definition->symbol];
}

static int compare(const void *a, const void *b)
{
	const struct mkp_verify_definition *x = a, *y = b;
	const struct mkp_symbol *one = symbol_of(x), *other = symbol_of(y);
	int order = strcmp(one->name, other->name);

	if (order)
		return order;
	if (group_of(one) != group_of(other))
		return group_of(one) < group_of(other) ? -1 : 1;
	if (x->payload != y->payload) /* elements of one array */
		return x->payload < y->payload ? -1 : 1;
	return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

static struct mkp_error *add_all(struct mkp_verify_match *match,
				 struct mkp_verify_payload *payload)
{
	const struct mkp_object *object = payload->object;
	struct mkp_error *error = mkp_array_reserve(
		&match->definitions, &match->cap_definitions,
		match->nr_definitions + object->nr_symbols, sizeof(*match->definitions));

	for (uint32_t i = 1; i < object->nr_symbols && !error; i++)
		if (group_of(&object->symbols[i]) != NO_GROUP &&
		    mkp_symbol_section(object, &object->symbols[i]))
			match->definitions[match->nr_definitions++] =
				(struct mkp_verify_definition){ payload, i };
	return error;
}

struct mkp_error *mkp_verify_definitions_create(struct mkp_verify_match *match)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < match->nr_payloads && !error; i++)
		error = add_all(match, &match->payloads[i]);
	if (!error && match->nr_definitions)
		qsort(match->definitions, match->nr_definitions,
		      sizeof(*match->definitions), compare);
	return error;
}

/* The first that is called so and is of @group or behind it, or is called more. */
static size_t lower_bound(const struct mkp_verify_match *match, const char *name,
			  enum group group)
{
	size_t low = 0, high = match->nr_definitions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mkp_symbol *symbol = symbol_of(&match->definitions[middle]);
		int order = strcmp(symbol->name, name);

		if (order < 0 || (!order && group_of(symbol) < group))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t mkp_verify_find_functions(const struct mkp_verify_match *match, const char *name,
				 const struct mkp_verify_definition **ret_first)
{
	size_t first = lower_bound(match, name, GLOBAL_FUNCTION);

	*ret_first = &match->definitions[first];
	return lower_bound(match, name, GLOBAL_DATA) - first;
}

const struct mkp_verify_definition *mkp_verify_find_global(
	const struct mkp_verify_match *match, const char *name)
{
	static const enum group groups[] = { GLOBAL_FUNCTION, GLOBAL_DATA };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(groups); i++) {
		size_t at = lower_bound(match, name, groups[i]);
		const struct mkp_verify_definition *found = &match->definitions[at];

		if (at < match->nr_definitions && !strcmp(symbol_of(found)->name, name) &&
		    group_of(symbol_of(found)) == groups[i])
			return found;
	}
	return NULL;
}
