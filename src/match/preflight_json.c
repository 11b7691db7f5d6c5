// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The preflight report as JSON: schema mkpatch.preflight/1, described by
 * preflight.schema.json beside this file. Every member is always there; what is not known
 * is null. Addresses are strings of hex digits, since readers that use doubles would
 * round them.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>

#include "base/text.h"
#include "match/preflight.h"

/* Adds @value, which it owns from here on, even when it fails. NULL: no memory for it. */
static struct mkp_error *put(struct json_object *object, const char *key,
			     struct json_object *value)
{
	if (!value)
		return mkp_error_nomem();
	if (json_object_object_add(object, key, value)) {
		json_object_put(value);
		return mkp_error_nomem();
	}
	return NULL;
}

static struct mkp_error *put_string(struct json_object *object, const char *key,
				    const char *string)
{
	MKP_CLEANUP_FREE char *text = NULL;
	struct mkp_error *error;

	if (!string)
		return json_object_object_add(object, key, NULL) ? mkp_error_nomem()
								 : NULL;
	error = mkp_text_escape_string(string, &text);
	return error ? error : put(object, key, json_object_new_string(text));
}

static struct mkp_error *put_number(struct json_object *object, const char *key,
				    uint64_t number)
{
	return put(object, key, json_object_new_uint64(number));
}

static struct mkp_error *put_address(struct json_object *object, const char *key,
				     uint64_t address)
{
	char text[sizeof("0x") + 16];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return put_string(object, key, text);
}

/* An empty object at the end of @array, which owns it; NULL: no memory. */
static struct json_object *append(struct json_object *array)
{
	struct json_object *object = json_object_new_object();

	if (object && json_object_array_add(array, object)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

static struct mkp_error *put_counts(struct json_object *root, const char *key,
				    const struct mkp_match_count *counts)
{
	const struct {
		const char *key;
		uint32_t value;
	} members[] = {
		{ "total", counts->total },	{ "same", counts->same },
		{ "differs", counts->differs }, { "absent", counts->absent },
		{ "weak", counts->elsewhere },
	};
	struct json_object *object = json_object_new_object();
	struct mkp_error *error = put(root, key, object);

	for (size_t i = 0; i < MKP_ARRAY_SIZE(members) && !error; i++)
		error = put_number(object, members[i].key, members[i].value);
	return error;
}

static uint64_t address_of(const struct mkp_match *match, uint32_t atom)
{
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(match->space.image,
								   &count);

	return symbols[match->atoms[atom].symbol].address;
}

/* Name, kind and section of an atom. */
static struct mkp_error *put_atom(struct json_object *object,
				  const struct mkp_match *match, uint32_t atom)
{
	const struct mkp_atom *it = &match->graph->atoms[atom];
	struct mkp_error *error = put_string(object, "name",
					     mkp_atom_name(match->graph, atom));

	if (!error)
		error = put_string(object, "kind",
				   it->kind == MKP_ATOM_FUNC ? "function" : "variable");
	if (!error)
		error = put_string(object, "section",
				   match->graph->object->sections[it->section].name);
	return error;
}

static struct mkp_error *put_texts(struct json_object *object,
				   const struct mkp_match *match, uint32_t atom,
				   const char *because)
{
	MKP_CLEANUP_FREE char *text = NULL;
	MKP_CLEANUP_FREE char *here = NULL;
	MKP_CLEANUP_FREE char *there = NULL;
	struct mkp_error *error = mkp_difference_describe(match, atom, &text);

	if (!error)
		error = mkp_difference_show(match, atom, &here, &there);
	if (!error)
		error = put_string(object, "message", text);
	if (!error)
		error = put_string(object, "object", here);
	if (!error)
		error = put_string(object, "image", there);
	if (!error)
		error = put_string(object, "because",
				   mkp_preflight_is_wrong(match, atom) ? because : NULL);
	return error;
}

static struct mkp_error *put_difference(struct json_object *object,
					const struct mkp_match *match, uint32_t atom,
					const char *because)
{
	static const char *const states[] = {
		[MKP_MATCH_NONE] = "none",	 [MKP_MATCH_SAME] = "same",
		[MKP_MATCH_DIFFERS] = "differs", [MKP_MATCH_ABSENT] = "absent",
		[MKP_MATCH_ELSEWHERE] = "weak",
	};
	const struct mkp_match_atom *it = &match->atoms[atom];
	bool found = it->state != MKP_MATCH_ABSENT;
	struct mkp_error *error = put_atom(object, match, atom);

	if (!error)
		error = put_string(object, "state", states[it->state]);
	if (!error)
		error = put_string(object, "level",
				   mkp_preflight_is_wrong(match, atom) ? "error"
								       : "note");
	if (!error && found)
		error = put_address(object, "address", address_of(match, atom));
	else if (!error)
		error = put_string(object, "address", NULL);
	if (!error)
		error = put_number(object, "place", it->difference.place);
	return error ? error : put_texts(object, match, atom, because);
}

static struct mkp_error *put_differences(struct json_object *root,
					 const struct mkp_preflight *preflight)
{
	const struct mkp_match *match = preflight->match;
	struct json_object *array = json_object_new_array(), *object;
	MKP_CLEANUP_FREE char *because = NULL;
	struct mkp_error *error = put(root, "differences", array);

	if (!error)
		error = mkp_preflight_explain(preflight, &because);
	for (uint32_t i = 0; i < match->graph->nr_atoms && !error; i++) {
		if (match->atoms[i].state == MKP_MATCH_NONE ||
		    match->atoms[i].state == MKP_MATCH_SAME)
			continue;
		object = append(array);
		error = object ? put_difference(object, match, i, because)
			       : mkp_error_nomem();
	}
	return error;
}

/* Which of several symbols of one name each atom is. */
static struct mkp_error *put_learned(struct json_object *root,
				     const struct mkp_match *match)
{
	struct json_object *array = json_object_new_array(), *object;
	struct mkp_error *error = put(root, "learned", array);

	for (uint32_t i = 0; i < match->graph->nr_atoms && !error; i++) {
		const struct mkp_match_atom *it = &match->atoms[i];

		if (it->nr_names < 2 || it->state != MKP_MATCH_SAME)
			continue;
		object = append(array);
		error = object ? put_atom(object, match, i) : mkp_error_nomem();
		if (!error)
			error = put_number(object, "candidates", it->nr_names);
		if (!error && it->certain)
			error = put_address(object, "address", address_of(match, i));
		else if (!error)
			error = put_string(object, "address", NULL);
	}
	return error;
}

static struct mkp_error *put_facts(struct json_object *root,
				   const struct mkp_preflight *preflight)
{
	struct json_object *array = json_object_new_array(), *object;
	struct mkp_error *error = put(root, "facts", array);

	for (size_t i = 0; i < preflight->nr_facts && !error; i++) {
		const struct mkp_fact *fact = &preflight->facts[i];

		object = append(array);
		error = object ? put_string(object, "what", fact->what)
			       : mkp_error_nomem();
		if (!error)
			error = put_string(object, "object", fact->object);
		if (!error)
			error = put_string(object, "image", fact->image);
		if (!error)
			error = put(object, "same", json_object_new_boolean(fact->same));
	}
	return error;
}

static struct mkp_error *put_build_id(struct json_object *root,
				      const struct mkp_object *object)
{
	size_t size;
	const uint8_t *id = mkp_build_id_find(object, &size);
	char text[2 * 64 + 1] = "";

	for (size_t i = 0; id && i < size && i < 64; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	return put_string(root, "build_id", id ? text : NULL);
}

static struct mkp_error *fill_root(struct json_object *root,
				   const struct mkp_preflight *preflight)
{
	const struct mkp_match *match = preflight->match;
	const struct mkp_image *image = match->space.image;
	const struct {
		const char *key, *value;
	} head[] = {
		{ "schema", "mkpatch.preflight/1" },
		{ "mkpatch", MKP_VERSION },
		{ "status", mkp_preflight_count_wrong(match) ? "differs" : "same" },
		{ "arch", match->graph->arch->name },
		{ "object", match->graph->object->path },
		{ "image", mkp_image_path(image) },
		{ "module", mkp_image_module_name(image) },
		{ "debug", mkp_image_debug_path(image) },
	};
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(head) && !error; i++)
		error = put_string(root, head[i].key, head[i].value);
	if (!error)
		error = put_build_id(root, match->space.object);
	if (!error)
		error = put_counts(root, "functions", &match->functions);
	if (!error)
		error = put_counts(root, "variables", &match->objects);
	if (!error)
		error = put_differences(root, preflight);
	if (!error)
		error = put_learned(root, match);
	return error ? error : put_facts(root, preflight);
}

static struct mkp_error *write_root(struct json_object *root, FILE *stream)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = json_object_to_json_string_ext(root, flags);

	if (!text)
		return mkp_error_nomem();
	fputs(text, stream);
	fputc('\n', stream);
	if (fflush(stream) || ferror(stream))
		return mkp_error_create_errno(errno, "cannot write the report");
	return NULL;
}

struct mkp_error *mkp_preflight_write_json(const struct mkp_preflight *preflight,
					   FILE *stream)
{
	struct json_object *root = json_object_new_object();
	struct mkp_error *error;

	if (!root)
		return mkp_error_nomem();
	error = fill_root(root, preflight);
	if (!error)
		error = write_root(root, stream);
	json_object_put(root);
	return error;
}
