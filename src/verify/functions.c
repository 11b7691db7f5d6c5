// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The functions that are replaced: each is looked up as livepatch would, and each
 * replacement must be a function of the module.
 */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "verify/private.h"

/* Fills in where a symbol of an image is. */
static void describe(struct mkp_verify_item *item, const struct mkp_verify_image *image,
		     uint32_t index)
{
	const struct mkp_symbol *symbol = &image->object->symbols[index];

	item->found = true;
	item->address = symbol->value;
	item->size = symbol->size;
	item->source = symbol->file;
	if (image->module)
		item->section = image->object->sections[symbol->section].name;
}

struct mkp_error *mkp_verify_resolve(struct mkp_verify *verify,
				     struct mkp_verify_item *item, uint64_t position,
				     const struct mkp_verify_image **ret_image,
				     int64_t *ret_symbol)
{
	struct mkp_verify_report *report = verify->report;
	const struct mkp_verify_image *image = mkp_verify_image_of(verify, item->object);
	enum mkp_verify_lookup lookup;
	uint32_t symbol;
	size_t count;

	*ret_symbol = -1;
	*ret_image = image;
	item->verdict = image ? MKP_WRONG : MKP_UNPROVED;
	if (!image)
		return mkp_verify_add(report, MKP_VERIFY_NO_IMAGE, item->name,
				      "the image of %s was not given", item->object);
	lookup = mkp_verify_image_find(image, item->name, position, &symbol, &count);
	switch (lookup) {
	case MKP_LOOKUP_NONE:
		return mkp_verify_add(report, MKP_VERIFY_NO_SYMBOL, item->name,
				      "%s has no symbol of this name", item->object);
	case MKP_LOOKUP_AMBIGUOUS:
		return mkp_verify_add(report, MKP_VERIFY_AMBIGUOUS, item->name,
				      "%s has %zu symbols of this name", item->object,
				      count);
	case MKP_LOOKUP_POSITION:
		return mkp_verify_add(report, MKP_VERIFY_POSITION, item->name,
				      "position %" PRIu64 " of %zu in %s", position,
				      count, item->object);
	case MKP_LOOKUP_MOVES:
		return mkp_verify_add(report, MKP_VERIFY_POSITION_MOVES, item->name,
				      "the init part of %s has this name, too",
				      item->object);
	case MKP_LOOKUP_FOUND:
		break;
	}
	item->verdict = MKP_PROVED;
	describe(item, image, symbol);
	*ret_symbol = symbol;
	return NULL;
}

/* A name that a module can have: what /proc/modules shows. */
struct mkp_error *mkp_verify_object_name(struct mkp_verify *verify, const char *name)
{
	const char *why = NULL;

	if (!*name || strpbrk(name, "./-,"))
		why = "no module can have this name";
	else if (strlen(name) > 55)
		why = "the name is too long";
	else if (verify->report->name && !strcmp(name, verify->report->name))
		why = "the patch would patch itself";
	if (!why)
		return NULL;
	return mkp_verify_add(verify->report, MKP_VERIFY_OBJECT_NAME, name, "%s", why);
}

static struct mkp_error *check_old(struct mkp_verify *verify,
				   const struct mkp_verify_function *function,
				   struct mkp_verify_item *item)
{
	const struct mkp_symbol *symbol =
		&function->image->object->symbols[function->image_symbol];
	struct mkp_error *error = NULL;

	if (symbol->type != STT_FUNC && symbol->type != STT_NOTYPE) {
		item->verdict = MKP_WRONG;
		return mkp_verify_add(verify->report, MKP_VERIFY_WRONG_SYMBOL, item->name,
				      "it is no function");
	}
	if (function->old_size && function->old_size != symbol->size) {
		item->verdict = MKP_WRONG;
		error = mkp_verify_add(verify->report, MKP_VERIFY_OLD_SIZE, item->name,
				       "%" PRIu64 " bytes in the record, %" PRIu64
				       " in the image",
				       function->old_size, symbol->size);
	}
	if (!error && !mkp_verify_image_traceable(function->image, symbol)) {
		item->verdict = MKP_WRONG;
		error = mkp_verify_add(verify->report, MKP_VERIFY_NOT_TRACEABLE,
				       item->name, "ftrace has no site at its entry");
	}
	return error;
}

static struct mkp_error *check_new(struct mkp_verify *verify,
				   const struct mkp_verify_function *function,
				   struct mkp_verify_item *item)
{
	const struct mkp_object *object = verify->object;
	uint32_t index = mkp_verify_map_at(&verify->code, &function->code);
	const struct mkp_symbol *symbol = &object->symbols[index];

	if (!index || !mkp_verify_is_code(&object->sections[symbol->section])) {
		item->verdict = MKP_WRONG;
		return mkp_verify_add(verify->report, MKP_VERIFY_NEW_FUNCTION, item->name,
				      "its replacement, %s+0x%" PRIx64
				      ", does not begin a function",
				      object->sections[function->code.section].name,
				      function->code.offset);
	}
	if (!function->new_size || function->new_size == symbol->size)
		return NULL;
	item->verdict = MKP_WRONG;
	return mkp_verify_add(verify->report, MKP_VERIFY_NEW_SIZE, item->name,
			      "%" PRIu64 " bytes in the record, %" PRIu64
			      " in the module",
			      function->new_size, symbol->size);
}

static struct mkp_error *check_function(struct mkp_verify *verify,
					struct mkp_verify_function *function)
{
	struct mkp_verify_item item = {
		.kind = "function",
		.name = function->name,
		.object = function->object ? function->object : "vmlinux",
		.position = (int64_t)function->position,
	};
	struct mkp_error *error = NULL;

	if (function->object)
		error = mkp_verify_object_name(verify, function->object);
	/* A record that names vmlinux has NULL instead of its name. */
	if (!error && function->object && !strcmp(function->object, "vmlinux"))
		error = mkp_verify_add(verify->report, MKP_VERIFY_OBJECT_NAME,
				       function->object,
				       "vmlinux has NULL instead of a name");
	if (!error)
		error = mkp_verify_resolve(verify, &item, function->position,
					   &function->image, &function->image_symbol);
	if (!error && function->image_symbol >= 0)
		error = check_old(verify, function, &item);
	if (!error)
		error = check_new(verify, function, &item);
	function->item = verify->report->nr_items;
	return error ? error : mkp_verify_add_item(verify->report, &item);
}

static int compare_functions(const void *a, const void *b)
{
	const struct mkp_verify_function *x = *(struct mkp_verify_function *const *)a;
	const struct mkp_verify_function *y = *(struct mkp_verify_function *const *)b;

	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	return (x->image_symbol > y->image_symbol) - (x->image_symbol < y->image_symbol);
}

/* By what they lead to: 0 and 1 are the same position. */
static struct mkp_error *check_twice(struct mkp_verify *verify)
{
	MKP_CLEANUP_FREE const struct mkp_verify_function **sorted = NULL;
	struct mkp_error *error = mkp_array_create(verify->nr_functions, sizeof(*sorted),
						   &sorted);

	for (size_t i = 0; i < verify->nr_functions && !error; i++)
		sorted[i] = &verify->functions[i];
	if (!error && verify->nr_functions)
		qsort(sorted, verify->nr_functions, sizeof(*sorted), compare_functions);
	for (size_t i = 1; i < verify->nr_functions && !error; i++)
		if (sorted[i]->image && sorted[i]->image_symbol >= 0 &&
		    !compare_functions(&sorted[i - 1], &sorted[i]))
			error = mkp_verify_add(verify->report, MKP_VERIFY_TWICE,
					       sorted[i]->name, "two records replace it");
	return error;
}

struct mkp_error *mkp_verify_pass_functions(struct mkp_verify *verify)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < verify->nr_functions && !error; i++)
		error = check_function(verify, &verify->functions[i]);
	return error ? error : check_twice(verify);
}
